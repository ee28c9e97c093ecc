"""Which of several rules counts: one written order, for coverage and for what holds a whole day."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date

from msgspec import Struct

from ..model import Rule
from ..rulebook.book import RuleBook
from ..rulebook.precedence import has_started, is_in_force, is_weak, specificity
from .matching import Match


class Weighed(Struct, frozen=True):
    """A rule that may speak to the case."""

    rule: Rule
    match: Match
    rank: tuple[object, ...]


def weigh(
    book: RuleBook,
    chain: Sequence[str],
    day: date,
    rules_of: Callable[[str], Iterable[Rule]],
    matched: Callable[[Rule], Match],
) -> list[Weighed]:
    """Every rule of the payers of `chain` (the widest first) in force that may apply, the one that counts first."""
    found: list[Weighed] = []
    overruled: set[str] = set()
    for depth, payer in enumerate(chain):
        for rule in rules_of(payer):
            if not has_started(rule, day):
                continue
            held = matched(rule)
            if held.truth == "no":
                continue
            if held.truth == "yes":  # also when it has ended: that does not bring back what it replaced
                overruled.update(key for key in rule.replaces if _may_overrule(book, rule, key))
            if is_in_force(rule, day):
                own = book.is_clinic_rule(rule.id)
                rank = (rule.binding, not is_weak(rule), own, depth, specificity(rule.applies), rule.id)
                found.append(Weighed(rule, held, rank))
    return sorted((each for each in found if each.rule.id not in overruled), key=lambda each: each.rank, reverse=True)


def _may_overrule(book: RuleBook, rule: Rule, key: str) -> bool:
    """A weak rule overrules only weak ones, also by name."""
    other = book.rule(key)
    return other is not None and (is_weak(other) or not is_weak(rule))
