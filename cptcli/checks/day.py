"""A patient's day as the checks see it: frozen. What a check works out is returned, not written here."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date

from msgspec import Struct

from ..advice.payer_path import PayerPath, name_of, short_name_of
from ..cms.tables import Tables
from ..model.claim import Discipline, Modifier
from ..model.codes import Code
from ..model.common import Claim, Provider
from ..model.visit import Visit, VisitLine
from ..plan.day_rules import DayRules
from ..plan.plans import Plans
from ..plan.service import Service
from ..rulebook.book import RuleBook

Group = tuple[str | None, str]  # discipline, code: what is counted together


class Day(Struct, frozen=True):
    """One visit with its rules and tables; names are those of the rule base."""

    plans: Plans
    visit: Visit
    service_date: date
    payer: str
    state: str | None
    claim: Claim
    path: PayerPath  # of the contractor that gets the day's claim
    by_fee_schedule: bool  # whether the payer, or one that it inherits from, pays by Medicare's fee schedule

    @property
    def book(self) -> RuleBook:
        """Return the rule base."""
        return self.plans.book

    @property
    def tables(self) -> Tables:
        """Return CMS's tables."""
        return self.plans.tables

    @property
    def chain(self) -> tuple[str, ...]:
        """Return the payers whose rules count, the widest first."""
        return self.path.chain

    def payer_name(self, payer: str | None = None) -> str:
        """Return a payer's name by id; by default that of the payer given."""
        return name_of(self.book, payer or self.payer)

    def short_name(self, payer: str | None = None) -> str:
        """Return a payer's short name by id; by default that of the payer given."""
        return short_name_of(self.book, payer or self.payer)


class Line(Struct, frozen=True):
    """One line of the visit: what was typed, and what its code comes to."""

    number: int  # from 1
    given: VisitLine
    service: Service
    code: str  # as it goes on the claim
    known: Code | None  # its entry in the rule base
    group: Group  # the code and the discipline of its plan of care
    minutes: int | None  # all minutes of the line; None when none were given
    discipline: Discipline | None = None
    valid: bool = True  # whether the code has the form of one
    path: PayerPath | None = None  # of the payer that decides this line; None for no code
    provider: Provider | None = None  # its own, else the visit's

    @property
    def typed_for_assistant(self) -> bool:
        """Return whether it was typed with the modifier of its discipline's assistant."""
        return self.discipline is not None and self.discipline.assistant_modifier in self.given.modifiers

    @property
    def shared_with_assistant(self) -> bool:
        """Return whether an assistant did part of it and a therapist the rest."""
        given = self.given
        return bool(given.assistant_minutes and (given.therapist_minutes or given.joint_minutes))

    def given_not_distinct(self) -> bool:
        """Return whether it was given as not a separate service."""
        distinct = self.given.distinct
        return distinct is not None and distinct.strip().casefold() in ("no", "false", "not distinct", "same time")


class Lines(Struct, frozen=True):
    """The lines of a day: all of them, those for the claim, and these by what is counted together."""

    every: tuple[Line, ...]
    billed: tuple[Line, ...]  # those with a code that may be billed
    groups: tuple[tuple[Line, ...], ...]  # in the order typed
    rules: DayRules  # the rules about a day that apply to any of them
    path: PayerPath  # of the contractor that gets the day's claim

    def claimed(self, units: Sequence[int | None]) -> tuple[Line, ...]:
        """Return the lines with units, or with units not known: edits apply between these. `units` by line."""
        earned = {line.group for line in self.billed if units[line.number - 1] != 0}
        if len(earned) == len(self.groups):
            return self.billed
        return tuple(line for line in self.billed if line.group in earned)


def grouped(billed: Iterable[Line]) -> tuple[tuple[Line, ...], ...]:
    """Return the lines that are counted together, in the order typed."""
    met: dict[Group, list[Line]] = {}
    for line in billed:
        met.setdefault(line.group, []).append(line)
    return tuple(map(tuple, met.values()))


def line_of(
    number: int,
    given: VisitLine,
    service: Service,
    discipline: Discipline | None,
    path: PayerPath | None,
    provider: Provider | None = None,
) -> Line:
    """Return a line with what follows from what was typed and from its service. Without a path it has no valid code."""
    minutes = given.minutes
    if minutes is None:
        parts = (given.therapist_minutes, given.assistant_minutes, given.joint_minutes)
        if parts != (None, None, None):
            minutes = sum([each or 0 for each in parts])
    group = (discipline.id if discipline else None, service.code)
    known, valid = service.known, path is not None
    return Line(number, given, service, service.code, known, group, minutes, discipline, valid, path, provider)


def carries(modifiers: Collection[str], some: Collection[str]) -> bool:
    """Return whether one of some modifiers is among those of a line."""
    return any(each in some for each in modifiers)


def denial_of(book: RuleBook, modifiers: Iterable[str]) -> Modifier | None:
    """Return the modifier of a line that says that a denial is expected; None where none does."""
    return next((known for known in map(book.modifier, modifiers) if known and known.denial), None)


def claim_text(book: RuleBook, code: str, modifiers: Iterable[str], without: Collection[str] = ()) -> str:
    """Return a line as it is typed and goes on the claim: code and modifiers with hyphens."""
    return "-".join((code, *in_order(book, dict.fromkeys(each for each in modifiers if each not in without))))


def in_order(book: RuleBook, modifiers: Iterable[str]) -> tuple[str, ...]:
    """Return modifiers in the usual order on a line; unknown ones last."""
    several = tuple(modifiers)
    if len(several) < 2:
        return several
    return tuple(sorted(several, key=lambda each: known.order if (known := book.modifier(each)) else 9))
