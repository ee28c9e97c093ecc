"""The effects a rule can have: on a single service, and on a patient's whole day."""

from ..model.rules import Rule

SERVICE_EFFECTS = (
    "code",
    "accepts",
    "refuses",
    "verdict",
    "modifiers",
    "one_of_modifiers",
    "first_diagnosis",
    "unit_limit",
    "prior_authorization",
    "payment",
    "position_unknown",
)
VISIT_EFFECTS = ("unit_rule", "edits", "assistant", "threshold", "rates", "situation")


def affects_service(rule: Rule) -> bool:
    """Return whether the rule has an effect on a single service."""
    return any(getattr(rule, effect) for effect in SERVICE_EFFECTS)


def affects_visit(rule: Rule) -> bool:
    """Return whether the rule has an effect on a patient's whole day."""
    return any(getattr(rule, effect) for effect in VISIT_EFFECTS)
