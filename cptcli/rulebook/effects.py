"""What a rule can do: for a single service, and for a patient's whole day."""

from ..model import Rule

SERVICE_EFFECTS = (
    "code",
    "accepts",
    "refuses",
    "verdict",
    "modifiers",
    "one_of_modifiers",
    "unit_limit",
    "prior_authorization",
    "payment",
    "position_unknown",
)
VISIT_EFFECTS = ("unit_rule", "edits", "assistant", "threshold", "rates")


def speaks_of_service(rule: Rule) -> bool:
    """Whether the rule says something about one service by itself."""
    return any(getattr(rule, effect) for effect in SERVICE_EFFECTS)


def speaks_of_visit(rule: Rule) -> bool:
    """Whether the rule says something about a patient's whole day."""
    return any(getattr(rule, effect) for effect in VISIT_EFFECTS)
