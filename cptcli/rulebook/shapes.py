"""What one rule file holds, where that is more than one noun. Only reading YAML needs these."""

from ..model import (
    Attendance,
    ClaimForm,
    Code,
    Discipline,
    Id,
    Modality,
    Modifier,
    Noun,
    Payer,
    PayerFacts,
    Rule,
    Source,
    StatusIndicator,
    Table,
    Text,
    UnitRule,
)


class SourceFile(Noun, frozen=True):
    """One file of `rules/sources/`."""

    sources: tuple[Source, ...]


class ModifierFile(Noun, frozen=True):
    """`rules/modifiers.yaml`."""

    modifiers: tuple[Modifier, ...]


class UnitRuleFile(Noun, frozen=True):
    """`rules/unit-rules.yaml`."""

    unit_rules: tuple[UnitRule, ...]


class ClaimFormFile(Noun, frozen=True):
    """`rules/claim-forms.yaml`."""

    claim_forms: tuple[ClaimForm, ...]


class DisciplineFile(Noun, frozen=True):
    """`rules/disciplines.yaml`."""

    disciplines: tuple[Discipline, ...]


class TableFile(Noun, frozen=True):
    """`rules/tables/tables.yaml`."""

    tables: tuple[Table, ...]


class CodeFamily(Noun, frozen=True):
    """One file of `rules/codes/`; what the family says holds for each of its codes that does not say it itself."""

    family: Text
    codes: tuple[Code, ...]
    performers: tuple[str, ...] = ()
    attendance: Attendance | None = None
    other_modifiers: tuple[str, ...] = ()


class StatusFile(Noun, frozen=True):
    """`rules/medicare-status.yaml`."""

    status_indicators: tuple[StatusIndicator, ...]


class ModalityFamily(Noun, frozen=True):
    """One file of `rules/modalities/`."""

    family: Text
    modalities: tuple[Modality, ...]


class PayerFile(PayerFacts, frozen=True, kw_only=True):
    """One file of `rules/payers/`: a new payer (`id`) or further rules for a known one (`extends`)."""

    id: Id | None = None
    extends: Id | None = None
    name: Text | None = None
    kind: Text | None = None
    jurisdictions: tuple[Payer, ...] = ()
    rules: tuple[Rule, ...] = ()
