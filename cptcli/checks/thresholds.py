"""Checks the yearly threshold of each therapy bucket: the amount with this day, and whether its modifier is due."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from ..advice.wording import weakness
from ..findings.phrases import codes_of, weak_mark
from ..findings.report import Point, Report, Words, numbers
from ..model.claim import Modifier
from ..model.rules import Rule, Threshold
from ..model.visit import ThresholdAnswer
from ..rulebook.precedence import is_weak
from .day import Day, Line, Lines, claim_text
from .required_modifiers import Modifiers


class Bucket(NamedTuple):
    """A therapy bucket of the day: its lines, the year's amount before it and the day's, and whether it is over."""

    name: str
    rule: Rule
    threshold: Threshold
    lines: tuple[Line, ...]
    given: str | None  # the year's amount before this day
    today: Decimal | None
    over: bool | None  # None: not known
    estimated: bool = False  # today's amount is an estimate

    @property
    def before(self) -> Decimal | None:
        """Return the year's amount before this day."""
        return Decimal(self.given) if self.given is not None else None


class Thresholds(NamedTuple):
    """Every bucket that the day's lines count to, and the modifier that is due by the number of a line."""

    buckets: tuple[Bucket, ...]
    late: Mapping[int, str]


def check_thresholds(
    day: Day,
    lines: Lines,
    modifiers: Modifiers,
    allowed: Mapping[int, Decimal | None],
    report: Report,
    estimated: bool = False,
) -> Thresholds:
    """Return every bucket that the day's lines count to. Above the threshold, all its lines get the modifier.

    The allowed amount counts, before the patient's share; where that is not known, the charge is the maximum. What is
    not given is not guessed. `allowed` is by the number of a line; `estimated`: it comes from another release.
    """
    rule = lines.rules.threshold
    if rule is None or rule.threshold is None:
        if day.visit.year_to_date:
            report.note_unchecked(_none_known, day.service_date.year)
        return Thresholds((), {})
    counted: dict[str, list[Line]] = {}
    without_plan = False
    expected = frozenset(line.number for line in lines.billed if _expects_denial(day, line, modifiers))
    _check_denied(day, lines, modifiers, rule, rule.threshold, report)
    for line in lines.billed:
        if line.service.therapy and line.number not in expected:
            if line.discipline:
                counted.setdefault(line.discipline.bucket, []).append(line)
            else:
                without_plan = True
    if not counted and without_plan:
        report.note_unchecked(_no_discipline, rule.threshold)
    typed = [line for line in lines.billed if rule.threshold.modifier in line.given.modifiers]
    for line in typed:
        if line.number not in expected and not any(line in its for its in counted.values()):
            report.find("warn", (line.number,), rule, _counts_to_none, line, rule.threshold)
    late: dict[int, str] = {}
    buckets = []
    for name, its in counted.items():
        bucket = _bucket(day, rule, rule.threshold, name, tuple(its), allowed)._replace(estimated=estimated)
        late |= _check_bucket(day, bucket, report)
        buckets.append(bucket)
    return Thresholds(tuple(buckets), late)


def _expects_denial(day: Day, line: Line, modifiers: Modifiers) -> bool:
    """Return whether a line is not covered, or says so itself: it counts to no bucket and is not marked necessary."""
    if line.service.negative:
        return True
    known = map(day.book.modifier, modifiers[line.number - 1])
    return any(each is not None and each.denial for each in known)


def _check_denied(
    day: Day, lines: Lines, modifiers: Modifiers, rule: Rule, threshold: Threshold, report: Report
) -> None:
    """Find a denial expected as not necessary on a line whose year is over the threshold: necessary, it has its own
    modifier instead."""
    for line in lines.billed:
        known = map(day.book.modifier, modifiers[line.number - 1])
        denial = next((each for each in known if each and each.denial == "not_necessary"), None)
        given = line.discipline and getattr(day.visit.year_to_date, line.discipline.bucket, None)
        if denial and given and not line.service.negative and Decimal(given) >= Decimal(threshold.amount):
            as_necessary = (*modifiers[line.number - 1], threshold.modifier)
            fixed = claim_text(day.book, line.code, as_necessary, (denial.modifier,))
            report.find("warn", (line.number,), rule, _necessary_or_not, line, denial, given, threshold, fixed)


def _bucket(
    day: Day,
    rule: Rule,
    threshold: Threshold,
    name: str,
    lines: tuple[Line, ...],
    allowed: Mapping[int, Decimal | None],
) -> Bucket:
    given = getattr(day.visit.year_to_date, name, None) if day.visit.year_to_date else None
    today = total([allowed.get(line.number) for line in lines])
    bucket = Bucket(name, rule, threshold, lines, given, today, None)
    if given is None:
        return bucket
    least = sum([each for line in lines if (each := allowed.get(line.number)) is not None], Decimal(0))
    most = total([Decimal(line.given.charge) if line.given.charge else None for line in lines])
    return bucket._replace(over=is_over(Decimal(given), Decimal(threshold.amount), today, least, most))


def is_over(
    before: Decimal, amount: Decimal, today: Decimal | None, least: Decimal, most: Decimal | None
) -> bool | None:
    """Return whether a bucket is over its threshold with the day's lines; None where that is not known.

    `today` is what they come to; where that is not known, `least` what is known of it and `most` their charges.
    """
    if before + least > amount or (today is None and before >= amount):
        return True  # whatever today's amount is
    if today is not None:
        return before + today > amount
    return False if most is not None and before + most <= amount else None


def total(amounts: Sequence[Decimal | None]) -> Decimal | None:
    """Return the sum of amounts; None where one is not known."""
    known = [each for each in amounts if each is not None]
    return sum(known, Decimal(0)) if len(known) == len(amounts) else None


def _check_bucket(day: Day, bucket: Bucket, report: Report) -> Mapping[int, str]:
    """Find what a bucket's amount asks for; return the modifier that is due, by the number of a line."""
    threshold, lines, rule = bucket.threshold, bucket.lines, bucket.rule
    typed = [line for line in lines if threshold.modifier in line.given.modifiers]
    if bucket.over:
        missing = _above(day, bucket, report)
        before = bucket.before
        if threshold.review and before is not None and before + (bucket.today or 0) > Decimal(threshold.review):
            report.find("info", numbers(lines), rule, _review, bucket)
        return dict.fromkeys(missing, threshold.modifier)
    if bucket.over is False and typed:
        report.find("warn", numbers(typed), rule, _within, bucket)
    elif bucket.over is None:
        report.note_unchecked(_not_known, bucket)
        if typed and len(typed) < len(lines):
            alike = day.claim == "institutional"
            report.find("warn" if alike else "info", numbers(lines), rule, _on_some, bucket, alike)
    return {}


def _above(day: Day, bucket: Bucket, report: Report) -> tuple[int, ...]:
    """Find a bucket's lines above its threshold without the modifier; return the numbers of those it is due on."""
    threshold, rule = bucket.threshold, bucket.rule
    missing = [line for line in bucket.lines if threshold.modifier not in line.given.modifiers]
    accepted = [line for line in missing if line.known and line.known.kind == threshold.accepts_kind]
    if day.claim == "professional" and accepted:
        missing = [line for line in missing if line not in accepted]
        report.find("info", numbers(accepted), rule, _accepted, accepted, threshold)
    if missing:
        report.find("warn", numbers(missing), rule, _over, bucket)
    return numbers(missing)


# ------------------------------------------------------------------------------------------------------ in words


def threshold_answer(bucket: Bucket) -> ThresholdAnswer:
    """Return a bucket as an answer shows it."""
    return ThresholdAnswer(
        bucket=bucket.name,
        amount=bucket.threshold.amount,
        review=bucket.threshold.review,
        modifier=bucket.threshold.modifier,
        year_to_date=bucket.given,
        today=str(bucket.today) if bucket.today is not None else None,
        over=bucket.over,
        rule=bucket.rule.id,
        says=_says(bucket),
    )


def _says(bucket: Bucket) -> str:
    rule = bucket.rule
    weak = f" Weak: {weakness(rule.evidence, rule.confidence)}." if is_weak(rule) else ""
    return f"{bucket.name}: {_amounts(bucket)}{weak}"


def _amounts(bucket: Bucket) -> str:
    before, today, amount = bucket.before, bucket.today, Decimal(bucket.threshold.amount)
    if before is None:
        return f"the year's therapy before this visit is not given (--year-to-date); the threshold is ${amount}."
    known = f" and ${today} today{' (estimate)' if bucket.estimated else ''}"
    with_today = known if today is not None else ", and what today comes to is not known"
    if bucket.over is None:
        return f"${before} so far{with_today}; the threshold is ${amount}."
    return f"${before} so far{with_today}, {'over' if bucket.over else 'within'} the threshold of ${amount}."


def _none_known(year: int) -> Point:
    return Point(f"The yearly threshold of therapy: none is known for {year}.",
                 f"yearly therapy threshold (none known for {year})")  # fmt: skip


def _no_discipline(threshold: Threshold) -> Point:
    return Point("The yearly threshold of therapy: no line's discipline is given.",
                 f"{threshold.modifier} threshold (add --discipline)")  # fmt: skip


def _counts_to_none(line: Line, threshold: Threshold) -> Words:
    says = f"{threshold.modifier} on {line.code}: the line counts to no therapy threshold."
    return Words(says, says, f"Take {threshold.modifier} off, or name the plan of care.")


def _necessary_or_not(line: Line, denial: Modifier, given: str, threshold: Threshold, fixed: str) -> Words:
    says = (
        f"{line.code}: ${given} so far, over the threshold of ${threshold.amount}: {threshold.modifier} if necessary, "
    )
    says += f"{denial.modifier} only if not; never both."
    short = f"{line.code}: over ${threshold.amount}: {threshold.modifier} if necessary, {denial.modifier} if not."
    return Words(says, (says, short), f"If necessary: {fixed}.")


def _review(bucket: Bucket) -> Words:
    review = f"{bucket.name}: above ${bucket.threshold.review} a claim may be picked for medical review."
    return Words(review, review)


def _within(bucket: Bucket) -> Words:
    says, modifier = _says(bucket), bucket.threshold.modifier
    return Words(f"{says} {modifier} has no place on a line while nothing suggests that it will be passed.", says,
                 f"Take {modifier} off.")  # fmt: skip


def _not_known(bucket: Bucket) -> Point:
    modifier = bucket.threshold.modifier
    why = "add --year-to-date" if bucket.given is None else "today's amount not known"
    return Point(f"Whether {modifier} is needed: {_says(bucket)}", f"{modifier} threshold ({why})")


def _on_some(bucket: Bucket, alike: bool) -> Words:
    modifier = bucket.threshold.modifier
    says = f"{modifier} is on some lines of {bucket.name} and not on others."
    return Words(
        says, says, f"{modifier} on all of them, or on none." if alike else "Keep it on what passes the threshold."
    )


def _accepted(lines: Sequence[Line], threshold: Threshold) -> Words:
    without = f"accepted above the threshold without {threshold.modifier} where needed to decide on further therapy."
    return Words(f"{', '.join(line.code for line in lines)}: {without}", f"{codes_of(lines)}: {without}")


def _over(bucket: Bucket) -> Words:
    says, modifier = _says(bucket), bucket.threshold.modifier
    return Words(
        f"{says} {modifier} is on the claim lines of this bucket. Keep it only if the record shows that the "
        "therapy is necessary; without it the lines are denied.",
        (
            f"{says} {modifier} added.",
            f"{bucket.name}: over ${bucket.threshold.amount}{weak_mark(bucket.rule)}; {modifier} added.",
        ),
        f"Keep {modifier} only if the record shows need.",
    )
