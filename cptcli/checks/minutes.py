"""Converts minutes to units under a unit rule. Only arithmetic: the numbers and sources are in unit-rules.yaml."""

from collections.abc import Collection, Iterable, Mapping
from itertools import combinations

from msgspec import Struct

from ..model.claim import UnitRule


class Choice(Struct, frozen=True):
    """A tie: `spare` units for codes with equal left-over minutes, and which of them took one.

    `preferred`: these were asked for, and the units typed leave the choice open.
    """

    codes: tuple[str, ...]
    spare: int
    chosen: tuple[str, ...]
    preferred: bool = False


class Counted(Struct, frozen=True):
    """The units of one pool of timed codes; `choice` where the clinician may choose."""

    units: dict[str, int]
    minutes: int
    choice: Choice | None = None

    @property
    def total(self) -> int:
        """Return all units of the pool."""
        return sum(self.units.values())


def earned(rule: UnitRule, minutes: int) -> int:
    """Return the units that so many minutes earn: none below the least, then one for each full unit and remainder."""
    if minutes < rule.least_minutes:
        return 0
    return (minutes + rule.minutes_per_unit - rule.least_minutes) // rule.minutes_per_unit


def count(
    rule: UnitRule,
    minutes: Mapping[str, int],
    given: Mapping[str, int | None] | None = None,
    preferred: Collection[str] = (),
) -> Counted:
    """Return the units of each timed code of one patient, day and discipline; `given` are the units typed.

    Pooled, the day's minutes set the total, full units of a code stay with it, and the rest go to the largest
    left-overs. Where left-overs tie, the units typed decide when they are one of the right answers, then the codes
    that are preferred, then the lower code.
    """
    total = sum(minutes.values())
    if not rule.pooled:
        return Counted({code: earned(rule, each) for code, each in minutes.items()}, total)
    units = {code: each // rule.minutes_per_unit for code, each in minutes.items()}
    left = {code: each % rule.minutes_per_unit for code, each in minutes.items()}
    spare = earned(rule, total) - sum(units.values())
    if spare <= 0:
        return Counted(units, total)
    cut = sorted(left.values(), reverse=True)[spare - 1]
    first = [code for code in left if left[code] > cut]
    level = sorted([code for code in left if left[code] == cut], key=lambda code: (code not in preferred, code))
    for code in first:
        units[code] += 1
    spare -= len(first)
    chosen = _picked(units, level, spare, given or {})
    for code in chosen:
        units[code] += 1
    asked_for = bool(preferred) and {*chosen} == {*preferred}
    choice = Choice(tuple(sorted(level)), spare, chosen, asked_for) if spare < len(level) else None
    return Counted(units, total, choice)


def _picked(units: Mapping[str, int], level: list[str], spare: int, given: Mapping[str, int | None]) -> tuple[str, ...]:
    """Return which of the tied codes get a unit: those typed with one more, if that is a right answer."""
    wanted = tuple(code for code in level if given.get(code) == units[code] + 1)
    refused = [code for code in level if given.get(code) == units[code]]
    possible: Iterable[tuple[str, ...]] = combinations([code for code in level if code not in refused], spare)
    for picks in possible if len(level) < 12 else ():
        if {*wanted} <= {*picks}:
            return picks
    return tuple(level[:spare])
