"""The yearly threshold of each therapy bucket: where the day brings it, and whether its modifier is due."""

from decimal import Decimal

from ..advice.coverage import NEGATIVE
from ..advice.wording import weakness
from ..model import Rule, Threshold
from ..rulebook.precedence import is_weak
from ..visit_model import ThresholdAnswer
from .day import Day, Line


def hold_against_thresholds(day: Day) -> tuple[ThresholdAnswer, ...]:
    """Every bucket that the day's lines count to. Over it, the modifier goes on all its lines of the day.

    What counts is what is allowed, before the patient's share; where that is not known, the charge is the most it can
    be. What is not told is not guessed.
    """
    rule = day.first("threshold")
    if rule is None or rule.threshold is None:
        if day.visit.year_to_date:
            day.leave_out(f"The yearly threshold of therapy: none is known for {day.service_date.year}.")
        return ()
    buckets: dict[str, list[Line]] = {}
    for line in day.billed():
        if line.discipline and line.known and line.known.therapy_modifiers and not _denial_expected(day, line):
            buckets.setdefault(line.discipline.bucket, []).append(line)
    therapy = [line for line in day.billed() if line.known and line.known.therapy_modifiers]
    if not buckets and any(not line.discipline and not _denial_expected(day, line) for line in therapy):
        day.leave_out("The yearly threshold of therapy: no line's discipline was told.")
    _elsewhere(day, rule, rule.threshold, [line for lines in buckets.values() for line in lines])
    return tuple(_bucket(day, rule, rule.threshold, bucket, lines) for bucket, lines in buckets.items())


def _elsewhere(day: Day, rule: Rule, threshold: Threshold, counted: list[Line]) -> None:
    """The modifier on a line that counts to no bucket; one that expects its denial is found by its modifiers."""
    for line in day.billed():
        if threshold.modifier in line.told.modifiers and line not in counted and not _denial_expected(day, line):
            day.find("warn", f"{threshold.modifier} on {line.code}: the line counts to no therapy threshold.", [line],
                     rule=rule, fix=f"Take {threshold.modifier} off, or name the plan of care.")  # fmt: skip


def _denial_expected(day: Day, line: Line) -> bool:
    """Whether a line is not covered, or says so itself: it counts to no bucket, and nothing on it says necessary."""
    if line.decided and line.decided.coverage.verdict in NEGATIVE:
        return True
    return line.says_denied(day.book) is not None


def _bucket(day: Day, rule: Rule, threshold: Threshold, bucket: str, lines: list[Line]) -> ThresholdAnswer:
    amount, modifier = Decimal(threshold.amount), threshold.modifier
    told = getattr(day.visit.year_to_date, bucket, None) if day.visit.year_to_date else None
    before = Decimal(told) if told is not None else None
    today = _sum([line.allowed for line in lines])
    least = sum((line.allowed for line in lines if line.allowed is not None), Decimal(0))
    most = (
        today
        if today is not None
        else _sum([Decimal(line.told.charge) if line.told.charge else None for line in lines])
    )
    over: bool | None = None
    if before is not None and (before + least > amount or (today is None and before >= amount)):
        over = True  # whatever today comes to
    elif before is not None and today is not None:
        over = before + today > amount
    elif before is not None and most is not None and before + most <= amount:
        over = False
    weak = f" Weak: {weakness(rule.evidence, rule.confidence)}." if is_weak(rule) else ""
    says = f"{bucket}: {_says(before, today, amount, over)}{weak}"
    typed = [line for line in lines if modifier in line.told.modifiers]
    if over:
        missing = [line for line in lines if modifier not in line.told.modifiers]
        if day.claim == "professional" and (aside := [each for each in missing if _is_accepted(each, threshold)]):
            missing = [line for line in missing if line not in aside]
            codes = ", ".join(line.code for line in aside)
            day.find("info", f"{codes}: accepted above the threshold without {modifier} where needed to decide on "
                     "further therapy.", aside, rule=rule)  # fmt: skip
        for line in missing:
            line.late = modifier
        if missing:
            day.find(
                "warn",
                f"{says} {modifier} stands on the claim lines of this bucket.",
                missing,
                rule=rule,
                fix=f"Keep {modifier} only if the record shows that the therapy is necessary; without it the lines are "
                "denied.",
            )
        if threshold.review and before is not None and before + (today or 0) > Decimal(threshold.review):
            day.find("info", f"{bucket}: above {threshold.review} a claim may be picked for medical review.", lines,
                     rule=rule)  # fmt: skip
    elif over is False and typed:
        day.find("warn", f"{says} {modifier} has no place on a line while nothing suggests that it will be passed.",
                 typed, rule=rule, fix=f"Take {modifier} off.")  # fmt: skip
    elif over is None:
        day.leave_out(f"Whether {modifier} is needed: {says}")
        if typed and len(typed) < len(lines):
            alike = day.claim == "institutional"
            fix = f"{modifier} on all of them, or on none." if alike else "Keep it on what passes the threshold."
            day.find("warn" if alike else "info", f"{modifier} stands on some lines of {bucket} and not on others.",
                     lines, rule=rule, fix=fix)  # fmt: skip
    return ThresholdAnswer(
        bucket=bucket,
        amount=threshold.amount,
        review=threshold.review,
        modifier=modifier,
        year_to_date=told,
        today=str(today) if today is not None else None,
        over=over,
        rule=rule.id,
        says=says,
    )


def _is_accepted(line: Line, threshold: Threshold) -> bool:
    return line.known is not None and line.known.kind == threshold.accepts_kind


def _sum(amounts: list[Decimal | None]) -> Decimal | None:
    known = [each for each in amounts if each is not None]
    return sum(known, Decimal(0)) if len(known) == len(amounts) else None


def _says(before: Decimal | None, today: Decimal | None, amount: Decimal, over: bool | None) -> str:
    if before is None:
        return f"what the year has come to was not told (--year-to-date); the threshold is {amount}."
    with_today = f" and {today} today" if today is not None else ", and what today comes to is not known"
    if over is None:
        return f"{before} so far{with_today}; the threshold is {amount}."
    return f"{before} so far{with_today}, {'over' if over else 'within'} the threshold of {amount}."
