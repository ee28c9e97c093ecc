"""What `rules/` says of a claim: modifiers, disciplines, unit rules, claim forms."""

from datetime import date
from typing import Literal

from .common import (
    Care,
    Claim,
    CodeRange,
    Confidence,
    Evidence,
    Id,
    ModifierText,
    Notice,
    Noun,
    Provider,
    Short,
    Text,
    Word,
)


class Clash(Noun, frozen=True):
    """Modifiers that a modifier cannot share a line with, from a date if the source gives one."""

    modifiers: tuple[ModifierText, ...]
    says: Text
    sources: tuple[Id, ...]
    effective: date | None = None


class Modifier(Noun, frozen=True):
    """What a modifier tells the payer, in our own words, and the modifiers and codes it goes with."""

    modifier: ModifierText
    says: Text
    sources: tuple[Id, ...]
    confidence: Confidence
    order: int = 5  # its usual position on the line: lowest first
    effective: date | None = None
    ends: date | None = None
    bypasses_edits: bool = False  # with it, an edit with indicator 1 lets both codes pay
    remedy: bool = False  # true: the usual one of those with which an edit lets both codes pay
    only_with: tuple[ModifierText, ...] = ()  # the line must have one of these too
    never_with: tuple[Clash, ...] = ()
    only_on: tuple[CodeRange, ...] = ()
    never_on: tuple[CodeRange, ...] = ()
    abn: Notice | None = None  # the ABN, or its absence, that this modifier reports
    denial: Literal["not_necessary", "excluded"] | None = None  # why it expects a denial
    liable: Literal["patient", "provider"] | None = None  # who pays after that denial
    untimed_only: bool = False  # true: not for timed codes
    care: Care | None = None  # the kind of care it reports
    caveat: str | None = None
    short: Short | None = None  # the headline on the first screen, if the text is over 90 characters
    caveat_short: Short | None = None  # the caveat in one line

    @property
    def id(self) -> str:
        """Return its two characters."""
        return self.modifier


class Discipline(Noun, frozen=True):
    """A kind of therapy: its modifiers, its yearly threshold bucket, and who provides it."""

    id: Word
    name: Text
    modifier: ModifierText
    bucket: Word  # disciplines in one bucket share a yearly threshold
    providers: tuple[Provider, ...]
    revenue_codes: tuple[str, ...]  # the first digits of its revenue codes on institutional claims
    sources: tuple[Id, ...]
    assistant_modifier: ModifierText | None = None  # null: Medicare has no assistant for it


class UnitRule(Noun, frozen=True):
    """How the minutes of timed codes become units."""

    id: Word
    name: Text
    says: Text
    minutes_per_unit: int
    least_minutes: int  # the fewest for one unit, and beyond full units for one more
    pooled: bool  # true: the day's minutes of a discipline are added up first; false: each code by itself
    evidence: Evidence
    confidence: Confidence
    sources: tuple[Id, ...]
    checked: date
    caveat: str | None = None
    caveat_short: Short | None = None  # the caveat in one line


class ClaimForm(Noun, frozen=True):
    """The fields that a line has on one kind of claim, on paper and electronically."""

    id: Id
    claim: Claim
    name: Text
    modifiers: int
    narrative: int  # characters
    more_modifiers: Text  # what to do if a line needs more modifiers than fit
    evidence: Evidence
    confidence: Confidence
    sources: tuple[Id, ...]
    checked: date
    diagnoses: int | None = None  # null: a line points to no diagnosis
    caveat: str | None = None
    caveat_short: Short | None = None  # the caveat in one line
