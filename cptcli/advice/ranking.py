"""Ranks rules: one order for coverage and for rules on a whole day."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date

from msgspec import Struct

from ..model.rules import Rule
from ..rulebook.book import RuleBook
from ..rulebook.precedence import has_started, is_in_force, is_weak, specificity
from .matching import Match


class RankedRule(Struct, frozen=True):
    """A rule that applies or may apply to the case, with its rank."""

    rule: Rule
    match: Match
    rank: tuple[object, ...]


def rank_rules(
    book: RuleBook,
    chain: Sequence[str],
    day: date,
    rules_of: Callable[[str], Iterable[Rule]],
    matched: Callable[[Rule], Match],
) -> list[RankedRule]:
    """Return the rules in force of the payers of `chain` (the widest first) that may apply, the highest rank first."""
    found: list[RankedRule] = []
    overruled: set[str] = set()
    for depth, payer in enumerate(chain):
        for rule in rules_of(payer):
            if not has_started(rule, day):
                continue
            match = matched(rule)
            if match.truth == "no":
                continue
            if match.truth == "yes":  # even after it ended: what it replaced stays replaced
                overruled.update(key for key in rule.replaces if may_overrule(book, rule, key))
            if is_in_force(rule, day):
                found.append(RankedRule(rule, match, rank_of(book, rule, depth)))
    return sorted((each for each in found if each.rule.id not in overruled), key=lambda each: each.rank, reverse=True)


def rank_of(book: RuleBook, rule: Rule, depth: int) -> tuple[object, ...]:
    """Return how a rule ranks; `depth` is how narrow its payer is."""
    return (
        rule.binding, not is_weak(rule), book.is_clinic_rule(rule.id), depth, specificity(rule.applies), rule.id,
    )  # fmt: skip


def may_overrule(book: RuleBook, rule: Rule, key: str) -> bool:
    """Return whether the rule may overrule the other; a weak rule overrules only weak ones."""
    other = book.rule(key)
    return other is not None and (is_weak(other) or not is_weak(rule))
