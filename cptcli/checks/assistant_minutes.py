"""Which units of a line carry the assistant's modifier. Pure arithmetic on the share that a payer's rule gives."""

from decimal import ROUND_HALF_UP, Decimal

from msgspec import Struct

from ..model.claim import UnitRule
from ..model.rules import AssistantShare
from ..model.visit import AssistantMethod


class Split(Struct, frozen=True):
    """The units of one code without and with the assistant's modifier, and why; `sure`: a source says so."""

    plain: int
    assisted: int
    why: str
    sure: bool = True


def exceeds(share: AssistantShare, assistant: int, total: int, method: AssistantMethod) -> bool:
    """Return whether the assistant's minutes are more than the share, measured in one of the ways CMS allows.

    `exact` compares the share itself; `simple` rounds the share's minutes to whole ones and adds one; `percentage`
    rounds the percents to whole ones.
    """
    if not total:
        return False
    limit = Decimal(share.more_than)
    if method == "simple":
        return assistant >= _whole(total * limit) + 1
    if method == "percentage":
        return _whole(Decimal(100 * assistant) / total) > 100 * limit
    return assistant > limit * total


def _whole(number: Decimal) -> int:
    return int(number.to_integral_value(ROUND_HALF_UP))


def whole_service(share: AssistantShare, therapist: int, assistant: int, method: AssistantMethod) -> Split:
    """Return the units of an untimed service: one unit, with the share of all its minutes."""
    if exceeds(share, assistant, therapist + assistant, method):
        return Split(0, 1, f"the assistant did {assistant} of {therapist + assistant} minutes")
    return Split(1, 0, f"the assistant did no more than the share, {assistant} of {therapist + assistant} minutes")


def split(
    share: AssistantShare, rule: UnitRule, units: int, therapist: int, assistant: int, method: AssistantMethod
) -> Split:
    """Return a timed code's `units` by who provided them: full units of each first, then the last one or two.

    `therapist` counts the minutes of the therapist and those of both together, `assistant` those of the assistant
    alone. For two remaining units the sources decide only where each did more than the minimum for a unit;
    otherwise each gets one, and `sure` is False.
    """
    unit_minutes = rule.minutes_per_unit
    full_therapist = min(therapist // unit_minutes, units)
    full_assistant = min(assistant // unit_minutes, units - full_therapist)
    left = units - full_therapist - full_assistant
    rest_therapist = therapist - unit_minutes * full_therapist
    rest_assistant = assistant - unit_minutes * full_assistant
    if left <= 0:
        return Split(full_therapist, full_assistant, "full units, none split")
    rest = f"of the last unit the therapist did {rest_therapist} minutes, the assistant {rest_assistant}"
    if left == 1:
        alone = share.minutes_alone is not None and rest_therapist >= share.minutes_alone
        if not alone and exceeds(share, rest_assistant, rest_therapist + rest_assistant, method):
            return Split(full_therapist, full_assistant + 1, rest)
        return Split(full_therapist + 1, full_assistant, rest)
    sure = left == 2 and all(rule.least_minutes < each < unit_minutes for each in (rest_therapist, rest_assistant))
    return Split(
        full_therapist + left // 2,
        full_assistant + left - left // 2,
        f"of the last {left} units the therapist did {rest_therapist} minutes, the assistant {rest_assistant}",
        sure,
    )
