"""What `rules/codes/` says of codes, and what Medicare's status letters mean."""

from datetime import date
from typing import Literal

from .common import CodeNote, CodeText, Confidence, Id, ModifierText, Note, Noun, Short, Text, Verdict


class Units(Noun, frozen=True):
    """How a code is counted: `usual` units per day, None if the minutes decide."""

    timed: bool
    unit: Text
    usual: int | None = None
    minutes_per_unit: int | None = None
    medicare_maximum: int | None = None  # MUE: most units Medicare normally accepts per patient per day
    maximum_reason: str | None = None
    maximum_edition: str | None = None  # of the table it comes from
    says: str | None = None
    confidence: Confidence | None = None
    sources: tuple[Id, ...] = ()
    pooled: bool = True  # false: the patient is absent, and its minutes earn no unit of another code


class Attendance(Noun, frozen=True):
    """Whether the code needs constant attendance or supervision."""

    level: Literal["supervised", "constant", "depends", "none"]
    says: Text


class Therapy(Noun, frozen=True):
    """How Medicare's therapy code list treats a code; `disposition` is used only if the table has none."""

    confidence: Confidence
    says: Text
    disposition: Literal["always", "sometimes", "none", "not_on_medicare_list", "uncertain", "unknown"] = "unknown"
    edition: str | None = None  # of the table it comes from
    sources: tuple[Id, ...] = ()


class StatusSpan(Noun, frozen=True):
    """The first and last day (inclusive) on which the fee schedule gave a code this status."""

    status: str
    first: date
    last: date
    release: str  # the last release with this status


class MedicareStatus(Noun, frozen=True):
    """A code on the Medicare physician fee schedule; `status` and `seen` only if it is not in the table."""

    status: str | None = None  # null: not on the fee schedule
    seen: tuple[str, ...] = ()  # "2025-10: R", one entry per release read
    history: tuple[StatusSpan, ...] = ()  # from rules/tables, the oldest first
    notes: tuple[Note, ...] = ()
    therapy: Therapy | None = None
    confidence: Confidence | None = None


class DatedEvent(Noun, frozen=True):
    """An event in the history of a code; `date` is as precise as the source."""

    date: str
    event: Text
    confidence: Confidence
    sources: tuple[Id, ...] = ()


class Successor(CodeNote, frozen=True):
    """A code that took the place of a deleted one, but for the payers named and those below them."""

    never_payers: tuple[Id, ...] = ()


class Code(Noun, frozen=True):
    """A CPT or HCPCS code in our own words; CPT descriptors belong to the AMA and are never here."""

    code: CodeText
    code_set: Literal["CPT", "CPT Category III", "HCPCS Level II"]
    kind: Text
    name: Text
    summary: Text
    sources: tuple[Id, ...]
    confidence: Confidence
    checked: date
    what_is_done: str | None = None
    purposes: tuple[str, ...] = ()
    performers: tuple[str, ...] = ()
    units: Units | None = None
    attendance: Attendance | None = None
    medicare: MedicareStatus | None = None
    therapy_modifiers: tuple[ModifierText, ...] = ()
    other_modifiers: tuple[str, ...] = ()
    modifier_note: str | None = None
    documentation: tuple[str, ...] = ()
    claim_needs: tuple[str, ...] = ()  # what the claim must have for an unlisted code
    home_equipment: tuple[CodeText, ...] = ()
    coding_verification: bool = False  # true: only with a coding verification of the product
    look_alikes: tuple[CodeNote, ...] = ()
    dates: tuple[DatedEvent, ...] = ()
    effective: date | None = None
    ends: date | None = None
    replaced_by: tuple[Successor, ...] = ()
    notes: tuple[str, ...] = ()
    short: Short | None = None  # the headline on the first screen, if the text is over 90 characters
    attach: Short | None = None  # claim_needs and documentation in one line

    @property
    def id(self) -> str:
        """Return its five characters."""
        return self.code


class StatusIndicator(Noun, frozen=True):
    """What a Medicare fee-schedule status means for payment; `verdict` if the status settles it."""

    status: str
    says: Text
    sources: tuple[Id, ...]
    verdict: Verdict | None = None
    valid: bool = True  # false: a payer that pays by this schedule rejects the code
    review: bool = False  # true: without a rule on the code, payment by this schedule is to be reviewed
    priced: bool = False  # true: paid by the schedule's relative values


class CodingBody(Noun, frozen=True):
    """A contractor that verifies, or used to verify, the HCPCS code of a product."""

    id: Id
    name: Text
    says: Text
    sources: tuple[Id, ...]
    confidence: Confidence
    caveat: str | None = None
    caveat_short: Short | None = None  # the caveat in one line


class CodingVerification(Noun, frozen=True):
    """Why a home-equipment code needs a coding verification, who issues it, and what to ask the manufacturer for."""

    says: Text
    ask_for: tuple[Text, ...]
    is_not: Text
    bodies: tuple[CodingBody, ...]
    sources: tuple[Id, ...]
    confidence: Confidence
    caveat: str | None = None
    caveat_short: Short | None = None  # the caveat in one line
