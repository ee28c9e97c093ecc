"""What leaves payment open on a day: a rule that waits for a fact, the professional, the first diagnosis."""

from collections.abc import Iterable, Sequence

from ..advice.coverage import NEGATIVE, CoverageDecision
from ..advice.matching import Match
from ..model.claim import Discipline
from ..model.rules import Rule


def may_be_denied(decided: CoverageDecision, plan: Discipline | None) -> bool:
    """Return whether a rule that waits for what is not given says that a code is not paid."""
    if decided.coverage.verdict in NEGATIVE:
        return False
    return any(each.verdict in NEGATIVE and not each.decided for each in decided.coverage.steps) or any(
        denied_by_own_provider(each.rule, plan) for each in decided.aside
    )


def denied_by_own_provider(rule: Rule, plan: Discipline | None) -> bool:
    """Return whether a rule denies a code when the professionals of its plan of care provide it, as they mostly do."""
    return rule.verdict in NEGATIVE and plan is not None and bool({*plan.providers} & {*rule.applies.providers})


def first_diagnosis_of(
    decided: CoverageDecision, rules: Iterable[tuple[Rule, Match]], chain: Sequence[str]
) -> Rule | None:
    """Return the narrowest payer's rule on which diagnosis comes first; None where the code is not paid."""
    if decided.coverage.verdict in NEGATIVE:
        return None
    asking = [rule for rule, found in rules if rule.first_diagnosis and found.truth == "yes"]
    return max(asking, key=lambda rule: chain.index(rule.payer or ""), default=None)
