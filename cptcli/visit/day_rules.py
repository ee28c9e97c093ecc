"""The rules about a patient's day that apply to its lines, the one that counts first.

Lines of which these rules see the same have the same rules: they are ranked once for the payers, the code, the days
between which no rule starts or ends, and what of a question a rule about a day looks at.
"""

from bisect import bisect
from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from msgspec import Struct

from ..advice.matching import Case, Match, match
from ..advice.ranking import RankedRule, may_overrule, rank_of
from ..model.answer import Question
from ..model.rules import Rule
from ..rulebook.book import RuleBook
from ..rulebook.precedence import has_started, is_in_force

# The condition of a rule -> what it looks at of a question. Devices, codes and treatments are looked at by every rule.
LOOKS_AT = {
    "settings": "setting",
    "states": "state",
    "diagnoses": "diagnoses",
    "providers": "provider",
    "disciplines": "discipline",
    "claims": "claim",
    "care": "care",
    "abn": "abn",
    "assistant": "assistant",
}


class _Seen(Struct, frozen=True):
    """What the rules about a day see of the payers' chain: on which days they change, and what they look at."""

    changes: tuple[date, ...]  # the first days of spans, within which the same rules are in force
    looks_at: tuple[str, ...]


class _Ranked(Struct, frozen=True):
    """The rules that apply to one line, before those are taken out that another one replaces by name."""

    rules: tuple[RankedRule, ...]
    overruled: frozenset[str]


def day_rules(book: RuleBook, chain: tuple[str, ...], day: date, cases: Iterable[Case]) -> tuple[Rule, ...]:
    """Return the rules in force on a day that apply to any of these lines."""
    seen: _Seen = book.plans.once(("rules about a day", chain), lambda: _seen(book, chain))
    first = seen.changes[bisect(seen.changes, day) - 1]
    ranked = [_ranked(book, chain, _as_seen(seen, first, case)) for case in cases]
    overruled = frozenset().union(*(each.overruled for each in ranked))
    applying = {each.rule.id: each for of_line in ranked for each in of_line.rules}
    counting = [each for each in applying.values() if each.rule.id not in overruled]
    return tuple(each.rule for each in sorted(counting, key=lambda each: each.rank, reverse=True))


def _seen(book: RuleBook, chain: Sequence[str]) -> _Seen:
    rules = [rule for payer in chain for rule in book.visit_rules_of(payer)]
    starts = {rule.effective for rule in rules if rule.effective}
    ends = {rule.ends + timedelta(1) for rule in rules if rule.ends and rule.ends < date.max}
    looks_at = tuple(field for name, field in LOOKS_AT.items() if any(getattr(rule.applies, name) for rule in rules))
    return _Seen((date.min, *sorted(starts | ends)), looks_at)


def _as_seen(seen: _Seen, first: date, case: Case) -> Case:
    """Return a case with only what the rules look at, on the first day of a span."""
    asked = case.question
    question = Question(
        service_date=first,
        device=asked.device,
        other_device=asked.other_device,
        **{field: getattr(asked, field) for field in seen.looks_at},
    )
    return Case(question, case.modalities, case.manufacturer, case.codes, case.possible, case.wider)


def _ranked(book: RuleBook, chain: Sequence[str], case: Case) -> _Ranked:
    ranked: _Ranked = book.plans.once((chain, case), lambda: _rank(book, chain, case))
    return ranked


def _rank(book: RuleBook, chain: Sequence[str], case: Case) -> _Ranked:
    day = case.question.service_date
    rules: list[RankedRule] = []
    overruled: set[str] = set()
    for depth, payer in enumerate(chain):
        for rule in book.visit_rules_of(payer, case.about):
            if has_started(rule, day) and match(book, rule.applies, case).truth == "yes":
                overruled.update(key for key in rule.replaces if may_overrule(book, rule, key))
                if is_in_force(rule, day):
                    rules.append(RankedRule(rule, Match("yes"), rank_of(book, rule, depth)))
    return _Ranked(tuple(rules), frozenset(overruled))
