"""What CMS's tables say: an edition, and one noun for the rows of each table."""

from datetime import date
from typing import TYPE_CHECKING, Literal

from ..model.common import Noun

if TYPE_CHECKING:
    from decimal import Decimal

Claim = Literal["professional", "institutional", "equipment"]  # practitioner, outpatient hospital, supplier of DME
# How the edition fits the day. day: published for it; history: a later one whose dated rows reach back to it;
# newer, older: only one for later or for earlier days is on file; none: none is on file.
Fit = Literal["day", "history", "newer", "older", "none"]
_WITHDRAWN = "9"


class Edition(Noun, frozen=True, omit_defaults=False):
    """A table as published for some days. `last` None: its last day is not known, so it fits no day for certain.

    `source` is the ids of sources, or the names of the imported files.
    """

    id: str
    table: str
    claim: Claim | None
    edition: str
    first: date
    last: date | None
    imported: bool
    caveat: str | None
    source: str | None


class Pair(Noun, frozen=True, omit_defaults=False):
    """A PTP edit: column 1 is paid and column 2 denied, unless the indicator and a modifier allow both.

    `effective` None: not in the source. `deletion` None: not ended. `known_by` is the first day of the edition.
    """

    column1: str
    column2: str
    effective: date | None
    deletion: date | None
    indicator: str
    rationale: str
    known_by: date


class Pairs(Noun, frozen=True, omit_defaults=False):
    """Every edit between two codes, in either direction and for all dates.

    Without a row there is no edit only if `covered` is true; a row counts in any case.
    """

    edition: Edition | None
    fits: Fit
    rows: tuple[Pair, ...]
    covered: bool


class Maximum(Noun, frozen=True, omit_defaults=False):
    """An MUE: the most `units`. MAI (`adjudication`) 1: per line; 2: per day, by policy; 3: per day, clinical."""

    code: str
    units: int
    adjudication: int
    rationale: str
    edition: Edition
    fits: Fit


class RelativeValues(Noun, frozen=True, omit_defaults=False):
    """A code on the physician fee schedule. `descriptor` is None unless imported by a user with a license."""

    code: str
    modifier: str
    status: str
    used_by_medicare: bool
    work: "Decimal"
    practice_expense: "Decimal"  # non-facility
    non_facility_na: bool
    facility_practice_expense: "Decimal"
    facility_na: bool
    malpractice: "Decimal"
    multiple_procedure: str
    pctc: str
    descriptor: str | None
    edition: Edition
    fits: Fit


class Locality(Noun, frozen=True, omit_defaults=False):
    """The practice cost indices (GPCI) of a payment locality."""

    contractor: str
    locality: str
    state: str
    name: str
    work: "Decimal"
    practice_expense: "Decimal"
    malpractice: "Decimal"
    edition: Edition
    fits: Fit


class ZipCode(Noun, frozen=True, omit_defaults=False):
    """The contractor and locality of a ZIP code. `plus_four`: the last four digits may lead to another one."""

    zip5: str
    state: str
    contractor: str
    locality: str
    plus_four: bool
    edition: Edition
    fits: Fit


class Factor(Noun, frozen=True, omit_defaults=False):
    """A conversion factor in dollars. `participation` is single through 2025, qpp or non_qpp from 2026."""

    factor: "Decimal"
    participation: Literal["single", "non_qpp", "qpp"]
    first: date
    last: date
    evidence: str
    confidence: str
    sources: tuple[str, ...]
    edition: Edition


class AddOn(Noun, frozen=True, omit_defaults=False):
    """The primary codes of an add-on code, of which the claim needs one. `type` 1: only these; 2: the contractor
    decides (no code is listed); 3: these, and others that the contractor adds."""

    code: str
    primaries: tuple[str, ...]
    type: int
    edition: Edition
    fits: Fit


class LevelTwo(Noun, frozen=True, omit_defaults=False):
    """A HCPCS Level II code or modifier as CMS publishes it. `coverage` is CMS's letter, `ends` the last day."""

    code: str
    short_description: str
    long_description: str
    coverage: str
    added: date | None
    changed: date | None
    ends: date | None
    action: str
    edition: Edition
    fits: Fit


class TherapyCode(Noun, frozen=True, omit_defaults=False):
    """Whether Medicare counts a code as therapy always or sometimes, and the discipline modifiers it accepts."""

    code: str
    disposition: str
    modifiers: tuple[str, ...]
    certainty: str
    edition: Edition
    fits: Fit


def in_force(pair: Pair, day: date) -> Literal["yes", "no", "not_known"]:
    """Return whether an edit applies on a date of service. Both its days are inclusive; a withdrawn one never does."""
    if pair.indicator == _WITHDRAWN or (pair.deletion and day > pair.deletion):
        return "no"
    if pair.effective:
        return "yes" if pair.effective <= day else "no"
    return "yes" if day >= pair.known_by else "not_known"
