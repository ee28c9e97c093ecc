"""The edits of a kind of claim between the days on which they change: which policies and rows concern which codes."""

from collections.abc import Callable
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from ..bounded_cache import BoundedCache
from ..cms.entries import AddOn, Maximum, Pair, Pairs, in_force
from ..cms.tables import Tables
from ..model.claim import Modifier
from ..model.common import Claim
from ..model.rules import EditFamily, Policy
from ..rulebook.precedence import is_in_force


class PairPlan(NamedTuple):
    """What is on file between two codes: the table's edits, and the policies that concern them both."""

    one: str
    other: str
    pairs: Pairs
    policies: tuple[Policy, ...]
    passes: bool  # without a row in force: whether the table says that there is no edit

    def row(self, day: date) -> tuple[Pair | None, bool]:
        """Return the row in force on a day, the strictest of several, and whether that is certain."""
        rows = self.pairs.rows
        if not rows:
            return None, False
        by_truth = [(row, in_force(row, day)) for row in rows]
        strictest = sorted(by_truth, key=lambda each: each[0].indicator)  # 0, that no modifier opens, before 1
        for truth in ("yes", "not_known"):
            for row, holds in strictest:
                if holds == truth:
                    return row, truth == "yes" and self.pairs.fits in ("day", "history")
        return None, False


class CodePlan(NamedTuple):
    """What is on file on one code beside others: its MUE, its primary codes, and the policies that name it."""

    maximum: Maximum | None
    knows_maximum: bool  # whether no maximum means that CMS publishes none
    add_on: AddOn | None
    not_modelled: tuple[Policy, ...]  # policies about it of which something cannot be expressed
    at_most: tuple[Policy, ...]  # policies that limit the units of several codes


class CodesPlan(NamedTuple):
    """What is on file on the codes of a day: on each, between every two of them, and the policies that concern them."""

    codes: dict[str, CodePlan]
    pairs: tuple[PairPlan, ...]  # sorted
    between: tuple[Policy, ...]  # policies about two of the codes
    not_modelled: tuple[Policy, ...]
    checked: tuple[Policy, ...]  # every policy to check but that of the table, in the order of the family


class EditPlan:
    """A family of edits on the days of one span, for one kind of claim."""

    def __init__(
        self, family: EditFamily, tables: Tables, claim: Claim, day: date, is_equipment: Callable[[str], bool]
    ) -> None:
        self.family = family
        self.tables = tables
        self.claim: Claim = claim
        self.day = day
        self.is_equipment = is_equipment
        in_force = (each for each in family.policies if is_in_force(each, day))
        self.policies = tuple(each for each in in_force if not each.claims or claim in each.claims)
        self.between = tuple(each for each in self.policies if each.outcome in ("never", "modifier"))
        self.table_policy = next((each for each in self.policies if each.outcome == "pairs"), None)
        self._pairs: BoundedCache[tuple[str, str], PairPlan] = BoundedCache()
        self._codes: BoundedCache[str, CodePlan] = BoundedCache()
        self._days: BoundedCache[tuple[str, ...], CodesPlan] = BoundedCache(2**11)

    def of(self, codes: tuple[str, ...]) -> CodesPlan:
        """Return what is on file on the codes of a day, in any order."""
        plan = self._days.get(codes)
        if plan is None:
            plan = self._of(codes)
            self._days.keep({codes: plan})
        return plan

    def _of(self, codes: tuple[str, ...]) -> CodesPlan:
        of_codes, pairs = {code: self.code(code) for code in codes}, self.pairs(sorted(codes))
        every = of_codes.values()
        between = {policy.id for pair in pairs for policy in pair.policies}
        at_most = {policy.id for plan in every for policy in plan.at_most}
        not_modelled = {policy.id for plan in every for policy in plan.not_modelled}
        add_ons = any(plan.add_on and plan.add_on.primaries for plan in every)
        checked = [
            each
            for each in self.policies
            if each.outcome == "units" or (each.outcome == "add_ons" and add_ons) or each.id in between | at_most
        ]
        return CodesPlan(
            of_codes,
            tuple(pairs),
            tuple(each for each in self.between if each.id in between),
            tuple(each for each in self.policies if each.id in not_modelled),
            tuple(checked),
        )

    def pairs(self, codes: list[str]) -> list[PairPlan]:
        """Return what is on file between every two of some sorted codes."""
        several = [(one, other) for place, one in enumerate(codes) for other in codes[place + 1 :]]
        kept = [self._pairs.get(each) for each in several]
        found = [each for each in kept if each]
        if len(found) < len(several):
            rows = self.tables.pairs_among(self.claim, codes, self.day)
            found = [each or self._pair(pair, rows[pair]) for each, pair in zip(kept, several, strict=True)]
            self._pairs.keep({(each.one, each.other): each for each in found})
        return found

    def _pair(self, pair: tuple[str, str], pairs: Pairs) -> PairPlan:
        passes = pairs.covered and pairs.fits in ("day", "history")
        return PairPlan(*pair, pairs, self._concerning(*pair), passes)

    def code(self, code: str) -> CodePlan:
        """Return what is on file on one code."""
        return self._codes.once(code, lambda: self._code(code))

    def _code(self, code: str) -> CodePlan:
        table = "equipment" if self.is_equipment(code) else self.claim
        return CodePlan(
            self.tables.maximum(table, code, self.day),
            self.tables.knows("mue", code, self.day, table),
            self.tables.add_ons(code, self.day),
            tuple(each for each in self.policies if each.not_modelled and in_ranges(code, each.codes)),
            tuple(each for each in self.policies if each.outcome == "at_most" and in_ranges(code, each.codes)),
        )

    def _concerning(self, one: str, other: str) -> tuple[Policy, ...]:
        return tuple(each for each in self.between if concerns(each, one, other))


def concerns(policy: Policy, one: str, other: str) -> bool:
    """Return whether a policy is about two codes, in either order."""
    return spans(policy, one, other) or spans(policy, other, one)


def spans(policy: Policy, own: str, beside: str) -> bool:
    """Return whether a policy is about its own code and the one beside it."""
    return in_ranges(own, policy.codes) and in_ranges(beside, policy.together_with)


def fits_on(known: Modifier, code: str) -> bool:
    """Return whether a modifier belongs on a code."""
    return not (known.only_on and not in_ranges(code, known.only_on)) and not in_ranges(code, known.never_on)


@lru_cache(maxsize=8192)
def in_ranges(code: str, ranges: tuple[str, ...]) -> bool:
    """Return whether a code is one of these, or in one of the ranges."""
    for each in ranges:
        first, _, last = each.partition("-")
        if first <= code <= (last or first) and len(code) == len(first) and code[:1].isalpha() == first[:1].isalpha():
            return True
    return False
