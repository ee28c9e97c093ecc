"""Which rule is the more specific, and whether two can meet: one written order, used in checking and deciding."""

from datetime import date

from ..model import Applies, CoverageStep, Modifier, Policy, Rule, RuleLine, Step

_ALWAYS = (date.min, date.max)


def specificity(applies: Applies) -> tuple[int, int]:
    """How narrow a rule is: naming the device beats the manufacturer, which beats modality or code, which beats
    neither; then the rule that names more of diagnosis, setting, state and the circumstances of the service."""
    level = 3 if applies.devices else 2 if applies.manufacturers else 1 if applies.modalities or applies.codes else 0
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
    """Whether a fact counts only where there is nothing stronger, and is always shown as weak."""
    return fact.confidence == "low" or fact.evidence in ("anecdotal", "inferred")


def has_started(rule: Rule, day: date) -> bool:
    """Whether the rule's first day has come, also when its last has gone."""
    return (rule.effective or _ALWAYS[0]) <= day


def is_in_force(rule: Rule | Policy | Modifier, day: date) -> bool:
    """Whether the day lies from `effective` to `ends`, both inclusive; an unknown end of the span is open."""
    first, last = rule.effective or _ALWAYS[0], rule.ends or _ALWAYS[1]
    return first <= day <= last


def starts(rule: Rule) -> date:
    """The first day of a rule; the first of all days where it is not known."""
    return rule.effective or _ALWAYS[0]


def ends_before(one: Rule, other: Rule) -> bool:
    """Whether one rule has ended on the first day of another, so that no day has both."""
    return (one.ends or _ALWAYS[1]) < starts(other)
