"""Which rule is more specific, and when a rule is in force: one order, used for checking and deciding."""

from datetime import date

from ..model.answer import CoverageStep, Step
from ..model.claim import Modifier
from ..model.lookup import RuleLine
from ..model.rules import Applies, Policy, Rule

_ALWAYS = (date.min, date.max)


def specificity(applies: Applies) -> tuple[int, int]:
    """Return how specific a rule is. Naming the device beats the manufacturer, which beats modality or code, which
    beats neither. Then the rule with more of diagnosis, setting, state and circumstances of the service wins."""
    named = applies.modalities or applies.codes or applies.other_than
    level = 3 if applies.devices else 2 if applies.manufacturers else 1 if named else 0
    narrower = sum(
        1
        for each in (
            applies.diagnoses,
            applies.settings,
            applies.states,
            applies.therapy,
            applies.providers,
            applies.disciplines,
            applies.claims,
            applies.care,
            applies.abn,
            applies.assistant,
        )
        if each
    )
    return level, narrower


def is_weak(fact: Rule | Policy | Step | CoverageStep | RuleLine) -> bool:
    """Return whether a fact is weak: used only if there is nothing stronger, and always shown as weak."""
    return fact.confidence == "low" or fact.evidence in ("anecdotal", "inferred")


def has_started(rule: Rule, day: date) -> bool:
    """Return whether the first day of the rule has come, even if its last day has passed."""
    return (rule.effective or _ALWAYS[0]) <= day


def is_in_force(rule: Rule | Policy | Modifier, day: date) -> bool:
    """Return whether a day is from `effective` to `ends`, both inclusive; a missing date means no limit."""
    first, last = rule.effective or _ALWAYS[0], rule.ends or _ALWAYS[1]
    return first <= day <= last


def starts(rule: Rule) -> date:
    """Return the first day of a rule; the earliest date possible if it is not known."""
    return rule.effective or _ALWAYS[0]


def ends_before(one: Rule, other: Rule) -> bool:
    """Return whether one rule has ended by the first day of another, so that no day has both."""
    return (one.ends or _ALWAYS[1]) < starts(other)
