"""Checks the yearly threshold of each therapy bucket: the amount with this day, and whether its modifier is due."""

from decimal import Decimal

from ..advice.coverage import NEGATIVE
from ..advice.wording import weakness
from ..model.rules import Rule, Threshold
from ..model.visit import ThresholdAnswer
from ..rulebook.precedence import is_weak
from .day import Day, Line
from .phrases import codes_of, weak_mark


def check_thresholds(day: Day) -> tuple[ThresholdAnswer, ...]:
    """Return every bucket that the day's lines count to. Above the threshold, all its lines get the modifier.

    The allowed amount counts, before the patient's share; where that is not known, the charge is the maximum. What is
    not given is not guessed.
    """
    rule = day.first("threshold")
    if rule is None or rule.threshold is None:
        if day.visit.year_to_date:
            day.note_unchecked(f"The yearly threshold of therapy: none is known for {day.service_date.year}.",
                               f"yearly therapy threshold (none known for {day.service_date.year})")  # fmt: skip
        return ()
    buckets: dict[str, list[Line]] = {}
    for line in day.billed():
        if line.discipline and line.known and line.known.therapy_modifiers and not _denial_expected(day, line):
            buckets.setdefault(line.discipline.bucket, []).append(line)
    therapy = [line for line in day.billed() if line.known and line.known.therapy_modifiers]
    if not buckets and any(not line.discipline and not _denial_expected(day, line) for line in therapy):
        day.note_unchecked("The yearly threshold of therapy: no line's discipline is given.",
                           f"{rule.threshold.modifier} threshold (add --discipline)")  # fmt: skip
    _elsewhere(day, rule, rule.threshold, [line for lines in buckets.values() for line in lines])
    return tuple(_bucket(day, rule, rule.threshold, bucket, lines) for bucket, lines in buckets.items())


def _elsewhere(day: Day, rule: Rule, threshold: Threshold, counted: list[Line]) -> None:
    """Report the modifier on a line that counts to no bucket, unless a denial is expected (see modifiers.py)."""
    for line in day.billed():
        if threshold.modifier in line.given.modifiers and line not in counted and not _denial_expected(day, line):
            says = f"{threshold.modifier} on {line.code}: the line counts to no therapy threshold."
            day.find("warn", says, [line], rule=rule, fix=f"Take {threshold.modifier} off, or name the plan of care.",
                     short=says)  # fmt: skip


def _denial_expected(day: Day, line: Line) -> bool:
    """Return whether a line is not covered, or says so itself: it counts to no bucket and is not marked necessary."""
    if line.decided and line.decided.coverage.verdict in NEGATIVE:
        return True
    return line.says_denied(day.book) is not None


def _bucket(day: Day, rule: Rule, threshold: Threshold, bucket: str, lines: list[Line]) -> ThresholdAnswer:
    amount = Decimal(threshold.amount)
    given = getattr(day.visit.year_to_date, bucket, None) if day.visit.year_to_date else None
    before = Decimal(given) if given is not None else None
    today = _sum([line.allowed for line in lines])
    over = _is_over(before, amount, today, lines)
    weak = f" Weak: {weakness(rule.evidence, rule.confidence)}." if is_weak(rule) else ""
    says = f"{bucket}: {_says(before, today, amount, over)}{weak}"
    typed = [line for line in lines if threshold.modifier in line.given.modifiers]
    if over:
        _above(day, rule, threshold, bucket, lines, says)
        if threshold.review and before is not None and before + (today or 0) > Decimal(threshold.review):
            review = f"{bucket}: above ${threshold.review} a claim may be picked for medical review."
            day.find("info", review, lines, rule=rule, short=review)
    elif over is False and typed:
        day.find("warn", f"{says} {threshold.modifier} has no place on a line while nothing suggests that it will be "
                 "passed.", typed, rule=rule, fix=f"Take {threshold.modifier} off.", short=says)  # fmt: skip
    elif over is None:
        why = "add --year-to-date" if before is None else "today's amount not known"
        day.note_unchecked(f"Whether {threshold.modifier} is needed: {says}", f"{threshold.modifier} threshold ({why})")
        if typed and len(typed) < len(lines):
            _on_some(day, rule, threshold.modifier, bucket, lines)
    return ThresholdAnswer(
        bucket=bucket,
        amount=threshold.amount,
        review=threshold.review,
        modifier=threshold.modifier,
        year_to_date=given,
        today=str(today) if today is not None else None,
        over=over,
        rule=rule.id,
        says=says,
    )


def _is_over(before: Decimal | None, amount: Decimal, today: Decimal | None, lines: list[Line]) -> bool | None:
    """Return whether a bucket is over its threshold with the day's lines; None where that is not known."""
    if before is None:
        return None
    least = sum((line.allowed for line in lines if line.allowed is not None), Decimal(0))
    if before + least > amount or (today is None and before >= amount):
        return True  # whatever today's amount is
    if today is not None:
        return before + today > amount
    most = _sum([Decimal(line.given.charge) if line.given.charge else None for line in lines])
    return False if most is not None and before + most <= amount else None


def _above(day: Day, rule: Rule, threshold: Threshold, bucket: str, lines: list[Line], says: str) -> None:
    """Put the threshold's modifier on the lines of a bucket above it."""
    modifier = threshold.modifier
    missing = [line for line in lines if modifier not in line.given.modifiers]
    if day.claim == "professional" and (aside := [each for each in missing if _is_accepted(each, threshold)]):
        missing = [line for line in missing if line not in aside]
        without = f"accepted above the threshold without {modifier} where needed to decide on further therapy."
        day.find("info", f"{', '.join(line.code for line in aside)}: {without}", aside, rule=rule,
                 short=f"{codes_of(aside)}: {without}")  # fmt: skip
    for line in missing:
        line.kx_modifier = modifier
    if missing:
        day.find(
            "warn",
            f"{says} {modifier} is on the claim lines of this bucket. Keep it only if the record shows that the "
            "therapy is necessary; without it the lines are denied.",
            missing,
            rule=rule,
            fix=f"Keep {modifier} only if the record shows need.",
            short=(
                f"{says} {modifier} added.",
                f"{bucket}: over ${threshold.amount}{weak_mark(rule)}; {modifier} added.",
            ),
        )


def _on_some(day: Day, rule: Rule, modifier: str, bucket: str, lines: list[Line]) -> None:
    """Report the modifier on some lines of a bucket only, where it is not known whether it is due."""
    alike = day.claim == "institutional"
    says = f"{modifier} is on some lines of {bucket} and not on others."
    fix = f"{modifier} on all of them, or on none." if alike else "Keep it on what passes the threshold."
    day.find("warn" if alike else "info", says, lines, rule=rule, fix=fix, short=says)


def _is_accepted(line: Line, threshold: Threshold) -> bool:
    return line.known is not None and line.known.kind == threshold.accepts_kind


def _sum(amounts: list[Decimal | None]) -> Decimal | None:
    known = [each for each in amounts if each is not None]
    return sum(known, Decimal(0)) if len(known) == len(amounts) else None


def _says(before: Decimal | None, today: Decimal | None, amount: Decimal, over: bool | None) -> str:
    if before is None:
        return f"the year's therapy before this visit is not given (--year-to-date); the threshold is ${amount}."
    with_today = f" and ${today} today" if today is not None else ", and what today comes to is not known"
    if over is None:
        return f"${before} so far{with_today}; the threshold is ${amount}."
    return f"${before} so far{with_today}, {'over' if over else 'within'} the threshold of ${amount}."
