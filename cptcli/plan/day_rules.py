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
EFFECTS = ("unit_rule", "edits", "assistant", "threshold")
RATES = ("coinsurance", "assistant", "sequestration", "practice_expense")


class DayRules(Struct, frozen=True):
    """The rules about a day that apply to some lines, the deciding one first, and which one decides what."""

    rules: tuple[Rule, ...]
    unit_rule: Rule | None
    edits: Rule | None
    assistant: Rule | None
    threshold: Rule | None
    rates: dict[str, tuple[str, Rule]]  # of RATES: the share, and the rule that gives it
    situations: dict[str, Rule] = {}  # by what is given of a line or the day
    not_given: tuple[Rule, ...] = ()  # of these, those that matter also where the day does not say it
    says_so: frozenset[str] = frozenset()  # the modifiers that give one of these facts


class Ranked(Struct, frozen=True):
    """The rules that apply to one line, before those are taken out that another one replaces by name."""

    rules: tuple[RankedRule, ...]
    overruled: frozenset[str]


class _Seen(Struct, frozen=True):
    """What the rules about a day see of the payers' chain: on which days they change, and what they look at."""

    changes: tuple[date, ...]  # the first days of spans, within which the same rules are in force
    looks_at: tuple[str, ...]


def ranked_for(book: RuleBook, chain: tuple[str, ...], day: date, case: Case) -> Ranked:
    """Return the rules about a day in force that apply to one line."""
    seen: _Seen = book.plans.once(("rules about a day", chain), lambda: _seen(book, chain))
    first = seen.changes[bisect(seen.changes, day) - 1]
    case = _as_seen(seen, first, case)
    ranked: Ranked = book.plans.once((chain, case), lambda: _rank(book, chain, case))
    return ranked


def day_rules(each_line: Iterable[Ranked]) -> DayRules:
    """Return the rules about a day that apply to any of some lines."""
    every = [*each_line]
    overruled = frozenset().union(*(each.overruled for each in every))
    applying = {each.rule.id: each for of_line in every for each in of_line.rules}
    counting = [each for each in applying.values() if each.rule.id not in overruled]
    rules = tuple(each.rule for each in sorted(counting, key=lambda each: each.rank, reverse=True))
    first = {effect: next((rule for rule in rules if getattr(rule, effect)), None) for effect in EFFECTS}
    rates: dict[str, tuple[str, Rule]] = {}
    for rule in rules:
        for name in RATES if rule.rates else ():
            if share := getattr(rule.rates, name):
                rates.setdefault(name, (share, rule))
    situations: dict[str, Rule] = {}
    for rule in rules:
        if rule.situation:
            situations.setdefault(rule.situation.given, rule)
    by_id = sorted(situations.values(), key=lambda rule: rule.id)
    not_given = tuple(each for each in by_id if each.situation and each.situation.not_given)
    says_so = {each for rule in situations.values() if rule.situation for each in rule.situation.modifiers}
    return DayRules(rules, **first, rates=rates, situations=situations, not_given=not_given, says_so=frozenset(says_so))


def _seen(book: RuleBook, chain: Sequence[str]) -> _Seen:
    rules = [rule for payer in chain for rule in book.visit_rules_of(payer)]
    starts = {rule.effective for rule in rules if rule.effective}
    ends = {rule.ends + timedelta(1) for rule in rules if rule.ends and rule.ends < date.max}
    looks_at = tuple(field for name, field in LOOKS_AT.items() if any(getattr(rule.applies, name) for rule in rules))
    return _Seen((date.min, *sorted(starts | ends)), looks_at)


def _as_seen(seen: _Seen, first: date, case: Case) -> Case:
    """A case with what the rules look at, on the first day of a span."""
    asked = case.question
    question = Question(
        service_date=first,
        device=asked.device,
        other_device=asked.other_device,
        **{field: getattr(asked, field) for field in seen.looks_at},
    )
    return Case(question, case.modalities, case.manufacturer, case.codes, case.possible, case.wider)


def _rank(book: RuleBook, chain: Sequence[str], case: Case) -> Ranked:
    day = case.question.service_date
    rules: list[RankedRule] = []
    overruled: set[str] = set()
    for depth, payer in enumerate(chain):
        for rule in book.visit_rules_of(payer, case.about):
            in_force = is_in_force(rule, day)
            if not in_force and not (rule.replaces and has_started(rule, day)):
                continue
            if match(book, rule.applies, case).truth == "yes":
                overruled.update(key for key in rule.replaces if may_overrule(book, rule, key))
                if in_force:
                    rules.append(RankedRule(rule, Match("yes"), rank_of(book, rule, depth)))
    return Ranked(tuple(rules), frozenset(overruled))
