"""Counts the patient's minutes once: times of the day that overlap, and minutes that two disciplines share."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from msgspec import structs

from ..advice.clock import minute_of
from ..findings.phrases import codes_of, in_short, weak_mark
from ..findings.report import Point, Report, Words, numbers
from ..model.rules import Rule
from ..model.visit import VisitLine
from ..rulebook.precedence import is_weak
from .day import Day, Line, Lines
from .situations import replaced

_MINUTES_OF_A_DAY = 24 * 60


class Span(NamedTuple):
    """The minutes of the day, from the first to before the last, in which a line was provided."""

    first: int
    last: int
    line: Line


def check_patient_time(day: Day, lines: Lines, report: Report) -> Lines:
    """Return the lines with minutes of the patient that two of them share counted for one."""
    timed = shared = several = False
    plan = lines.billed[0].discipline if lines.billed else None
    for line in lines.billed:
        given = line.given
        timed = timed or given.start is not None or given.end is not None
        shared = shared or given.shared_minutes is not None
        several = several or line.discipline is not plan
    if timed:
        lines = _by_times(day, lines, report)
    if shared and not (timed and all(line.given.start for line in lines.billed)):  # times say it already
        return _by_shares(day, lines, report)
    if several:
        _check_not_given(lines, report)
    return lines


def needs_clinician(line: Line) -> bool:
    """Return whether someone is with the patient all the time, so that no other such service fits in its minutes."""
    attendance = line.known.attendance if line.known else None
    present = line.service.units is None or line.service.units.pooled
    return present and attendance is not None and attendance.level == "constant"


# --------------------------------------------------------------------------------------------------- by the clock


def _by_times(day: Day, lines: Lines, report: Report) -> Lines:
    """Count minutes that overlap for the service that began first: untimed before timed, long before short."""
    spans = [span for line in lines.billed if (span := _span(line, report)) and needs_clinician(line)]
    spans.sort(key=_in_turn)
    changed: dict[int, Line] = {}
    taken: list[Span] = []
    for span in spans:
        beside = [each for each in taken if each.first < span.last and span.first < each.last]
        if beside and span.line.service.timed and span.line.minutes:
            lost = min(_covered(span, beside), span.line.minutes)
            changed[span.line.number] = _with_minutes(span.line, span.line.minutes - lost)
            _found(day, span.line, [each.line for each in beside], lost, report)
        taken.append(span)
    return replaced(lines, changed, set()) if changed else lines


def _in_turn(span: Span) -> tuple[object, ...]:
    """Return what spans are sorted by, the one whose minutes count first; the order typed decides last."""
    line = span.line
    return bool(line.service.timed), span.first, -span.last, line.group[0] or "", line.code, line.number


def _span(line: Line, report: Report) -> Span | None:
    """Return when a line was provided; None where no start is given, or its times contradict themselves."""
    given, at = line.given, (line.number,)
    if given.start is None:
        if given.end is not None:
            report.find("warn", at, None, _no_start, line)
        return None
    first = minute_of(given.start)
    if given.end is None:
        if line.minutes is None:
            return None
        last = first + line.minutes
        if last > _MINUTES_OF_A_DAY:
            report.find("block", at, None, _past_midnight, line)
            return None
        return Span(first, last, line)
    last = minute_of(given.end)
    if last <= first:
        report.find("block", at, None, _past_midnight, line)
        return None
    typed = _typed_minutes(given)
    if typed is not None and typed > last - first:
        report.find("block", at, None, _more_minutes, line, typed, last - first)
    return Span(first, last, line)


def _typed_minutes(given: VisitLine) -> int | None:
    parts = (given.therapist_minutes, given.assistant_minutes, given.joint_minutes)
    if given.minutes is not None or parts == (None, None, None):
        return given.minutes
    return sum(each or 0 for each in parts)


def _covered(span: Span, others: Iterable[Span]) -> int:
    """Return how many minutes of a span the others cover."""
    covered = {minute for each in others for minute in range(max(each.first, span.first), min(each.last, span.last))}
    return len(covered)


def _with_minutes(line: Line, minutes: int) -> Line:
    given = line.given if line.given.minutes is None else structs.replace(line.given, minutes=minutes)
    return structs.replace(line, minutes=minutes, given=given)


# ------------------------------------------------------------------------------------------------ by shared minutes


def _by_shares(day: Day, lines: Lines, report: Report) -> Lines:
    """Count the minutes that disciplines share for one: that of an untimed session, else the first by name.

    Where only one of two disciplines says that it shared, the lines of the other are taken to have shared.
    """
    plans: dict[str, list[Line]] = {}
    for line in lines.billed:
        if line.discipline and needs_clinician(line):
            plans.setdefault(line.discipline.id, []).append(line)
    given = {plan: sum(line.given.shared_minutes or 0 for line in its) for plan, its in plans.items()}
    sharing = [plan for plan, its in plans.items() if any(line.given.shared_minutes is not None for line in its)]
    for line in lines.billed if len(plans) < 2 else ():
        if line.given.shared_minutes:
            report.find("warn", (line.number,), None, _no_other, line)
    changed: dict[int, Line] = {}
    if len(plans) < 2 or not any(given.values()):
        return lines
    those = [plan for plan in plans if plan in sharing or len(sharing) == 1]
    first, *others = sorted(those, key=lambda plan: (all(line.service.timed for line in plans[plan]), plan))
    for plan in others:
        left = given[plan] or max(given.values())
        left = min(left, given[first]) if given[first] else left
        for line in sorted(plans[plan], key=lambda each: (-(each.minutes or 0), each.code, each.number)):
            apart = line.given.shared_minutes is None and plan in sharing
            if left and not apart and line.service.timed and line.minutes:
                lost = min(left, line.minutes, line.given.shared_minutes or left)
                left -= lost
                changed[line.number] = _with_minutes(line, line.minutes - lost)
                _found(day, line, plans[first], lost, report)
    return replaced(lines, changed, set()) if changed else lines


def _found(day: Day, line: Line, beside: Sequence[Line], lost: int, report: Report) -> None:
    """Find minutes that count for another line: an error where the payer's rule says so."""
    rule = line.service.day_rules.situations.get("same_time")
    sure = rule is not None and not is_weak(rule)
    at = tuple(sorted({line.number, *numbers(beside)}))
    report.find("block" if sure else "warn", at, rule, _counted_once, day, line, beside, lost, rule)


def _check_not_given(lines: Lines, report: Report) -> None:
    """Note that two disciplines may have treated at the same time, where neither times nor shared minutes say."""
    some = [line for line in lines.billed if line.minutes and needs_clinician(line)]
    plans = dict.fromkeys(line.discipline.id for line in some if line.discipline)
    without_times = any(line.given.start is None for line in some)
    if len(plans) > 1 and without_times and any(line.service.timed for line in some):
        report.note_unchecked(_together_not_given, tuple(plans))


# ------------------------------------------------------------------------------------------------------ in words


def _counted_once(day: Day, line: Line, beside: Sequence[Line], lost: int, rule: Rule | None) -> Words:
    own = f"{line.code} ({line.discipline.id})" if line.discipline else line.code
    others = ", ".join(dict.fromkeys(f"{each.code} ({each.discipline.id})" if each.discipline else each.code
                                     for each in beside))  # fmt: skip
    once = f"{own}: {lost} minutes are also minutes of {others}, and count there"
    fix = "Bill them once: split them, or one bills all."
    if rule is None:
        says = f"{once}. Whether {day.payer_name()} pays both is not known: ask the payer."
        return Words(says, (f"{once}.", f"{line.code}: {lost} minutes shared with {codes_of(beside)}."), fix)
    short = (f"{own}: {in_short(rule)}{weak_mark(rule)}", f"{own}: {lost} minutes shared with {codes_of(beside)}.")
    return Words(f"{once}. {rule.says}", (f"{once}.", *short), fix)


def _no_start(line: Line) -> Words:
    says = f"{line.code}: an end is given and no start, so its time was not checked against other lines."
    return Words(says, says, "Add the start.")


def _past_midnight(line: Line) -> Words:
    says = f"{line.code}: it ends before it starts, or after midnight; a claim line is one date of service."
    return Words(says, (says, f"{line.code}: ends before it starts, or after midnight."), "Fix the times.")


def _more_minutes(line: Line, minutes: int, between: int) -> Words:
    says = f"{line.code}: {minutes} minutes, but {between} from {line.given.start} to {line.given.end}."
    return Words(says, says, "Fix the minutes or the times.")


def _no_other(line: Line) -> Words:
    says = f"{line.code}: shared minutes are given, and no other discipline is on this day."
    return Words(says, says, "Add the other line, or leave shared_minutes out.")


def _together_not_given(plans: Sequence[str]) -> Point:
    both = " and ".join(plans)
    return Point(f"Whether {both} treated at the same time: then the minutes count once. Add times or shared_minutes.",
                 "whether {} treated at the same time (add @START or +shared=MINUTES)", (both,))  # fmt: skip
