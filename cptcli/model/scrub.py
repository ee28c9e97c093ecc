"""The nouns of `cpt scrub`: what is the same for every line, and the summary of a run. No patient is in them."""

from datetime import date

from .common import Noun
from .rulebook import Receipt
from .visit import Severity


class Terms(Noun, frozen=True):
    """What is the same for every line. `payer` counts for every line, `usual_payer` only where a line names none."""

    today: date  # gives the age of facts
    payer: str | None = None
    usual_payer: str | None = None
    state: str | None = None
    zip: str | None = None
    discipline: str | None = None
    provider: str | None = None
    claim: str | None = None
    unit_rule: str | None = None  # where the payer's own is not known
    rules: str | None = None  # your own rule folder
    store: str | None = None  # the folder of imported tables, by default that of CPT_DATA


class FileRead(Noun, frozen=True, omit_defaults=False):
    """One input: its name as typed, its kind, and what was unusual in it, in sentences with row or segment numbers."""

    name: str
    kind: str
    rows: int  # of a table; 0 for claims
    lines: int  # service lines
    unread: int  # service lines that are not professional, or that could not be read
    columns: str  # how the columns of a table were found
    oddities: tuple[str, ...]


class RuleCount(Noun, frozen=True, omit_defaults=False):
    """How often a rule was found; `rule` is None for what was typed and has no rule. `charge` is that of its lines."""

    rule: str | None
    severity: Severity
    lines: int
    charge: str | None
    says: str  # of the first such line


class Count(Noun, frozen=True, omit_defaults=False):
    """Lines by payer, by code or by reason; `found` are those with something to fix or review."""

    name: str
    lines: int
    found: int = 0
    charge: str | None = None  # of the lines found


class WorstClaim(Noun, frozen=True, omit_defaults=False):
    """A claim by its own id (its row where a file has none), with how much is to fix and to review on it."""

    file: str
    claim: str
    block: int
    warn: int
    charge: str | None  # of the lines found
    rules: tuple[str, ...]


class ScrubSummary(Noun, frozen=True, omit_defaults=False):
    """What a run read, checked and found. Charges are US dollars, None where the files have none."""

    files: tuple[FileRead, ...]
    lines: int
    checked: int
    clean: int
    block: int  # lines with something to fix
    warn: int  # lines with something to review, and nothing to fix
    charge: str | None
    charge_affected: str | None
    findings: tuple[RuleCount, ...]
    not_checked: tuple[Count, ...]  # lines that were not checked, by reason
    unchecked: tuple[Count, ...]  # points that were not checked on lines that were, by point
    payers: tuple[Count, ...]
    codes: tuple[Count, ...]
    worst: tuple[WorstClaim, ...]
    days: int  # patient days; one day, payer and billing provider each
    decided: int  # days that were worked out; the others are the same questions again
    rulebook: Receipt
    from_settings: tuple[str, ...] = ()

    @property
    def nothing_to_check(self) -> bool:
        """Return whether no line was checked: such a file is not clean."""
        return self.checked == 0
