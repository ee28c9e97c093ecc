"""The contents of rule files with more than one noun. Used only when YAML is read."""

from typing import Annotated

from msgspec import Meta

from ..model.claim import ClaimForm, Discipline, Modifier, UnitRule
from ..model.codes import Attendance, Code, StatusIndicator
from ..model.common import Id, Noun, Source, Text
from ..model.devices import Modality
from ..model.rulebook import Topic
from ..model.rules import Payer, PayerFacts, Rule
from ..model.tables import Table


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


class TopicFile(Noun, frozen=True):
    """`rules/topics.yaml`."""

    topics: tuple[Topic, ...]


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


class SameWords(Noun, frozen=True):
    """Words or phrases that mean the same; one alone is a thing of its own, which no part of it names."""

    same: Annotated[tuple[Text, ...], Meta(min_length=1)]

    @property
    def id(self) -> str:
        """The first of them."""
        return self.same[0]


class WordList(Noun, frozen=True):
    """The words of some names: which are the same, and which do not count."""

    same: tuple[SameWords, ...] = ()
    ignored: tuple[Text, ...] = ()  # left out of every name: the, of, and
    fillers: tuple[Text, ...] = ()  # a name is known without them; they tell names apart that are equal otherwise
    activities: tuple[Text, ...] = ()  # fillers too, but never those of a machine: no "lift device" is lifting training
    places: tuple[SameWords, ...] = ()  # states and cities: no name by themselves, and never one for the other


class SynonymFile(Noun, frozen=True):
    """`rules/synonyms.yaml`: the words people use in names of treatments, codes and devices, and of payers."""

    treatments: WordList
    payers: WordList


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
