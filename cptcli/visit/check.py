"""Checks a visit: what its claim lines should be, and what is wrong with them, in the words of an answer."""

from msgspec import structs

from ..advice.suggest import payer_answer
from ..checks.amounts import amounts_of
from ..checks.day import Line, in_order
from ..checks.ptp import edit_answer
from ..checks.thresholds import threshold_answer
from ..checks.units import shown
from ..findings.phrases import if_covered
from ..findings.report import worded
from ..model.visit import Amounts, Finding, LineAnswer, Tie, UnitCount, Visit, VisitAnswer, VisitAsked
from ..plan.plans import Plans
from .aged import aged_tables
from .decide import Decided, decide


def is_finding(answer: VisitAnswer) -> bool:
    """Return whether a day is not clean: something to fix or review, or an edit or limit that no table on file has."""
    return bool(answer.without_table) or any(finding.severity != "info" for finding in answer.findings)


def check(plans: Plans, visit: Visit) -> VisitAnswer:
    """Return the check of one patient's day. The day of the plans is the default date of service.

    Raises MissingOption without a payer, UnknownName, AmbiguousName or BadValue for what names nothing.
    """
    return answer(decide(plans, visit))


def answer(found: Decided) -> VisitAnswer:
    """Return a decided day in words."""
    day, book = found.day, found.day.book
    report = worded(book, found.report)
    money = amounts_of(day, found.lines, found.price, found.claim_lines) if found.price else None
    counts = tuple(map(shown, found.counted.counted))
    one = counts[0] if len(counts) == 1 else None
    context = found.edits.context
    minutes = [each for line in found.lines.billed if (each := line.minutes) is not None]
    answered = VisitAnswer(
        visit=_asked(found, money),
        payer=payer_answer(book, day.path),
        summary="",
        unit_rule=one.unit_rule if one else None,
        unit_rule_name=rule.name if one and (rule := book.unit_rule(one.unit_rule)) else None,
        timed_minutes=counts[0].timed_minutes if counts else 0,
        timed_units=_agreed(counts),
        total_minutes=sum(minutes) if minutes else None,
        units=_units(found),
        unit_rules=counts,
        ties=one.ties if one else tuple(_under(each, tie) for each in counts for tie in each.ties),
        lines=tuple(_line(found, line, report.findings) for line in found.lines.every),
        claim_lines=found.claim_lines,
        edits=tuple(edit_answer(context, each) for each in found.edits.pairs) if context else (),
        thresholds=tuple(map(threshold_answer, found.thresholds.buckets)),
        amount=money.allowed if money else None,
        amounts=money,
        findings=report.findings,
        not_checked=report.not_checked,
        unchecked=report.unchecked,
        without_table=report.without_table,
        tables=report.tables,
        rulebook=book.receipt,
        aged=aged_tables(book, report.tables, day.service_date, money.estimate_from if money else None),
    )
    return structs.replace(answered, summary=_summary(answered))


def _agreed(counts: tuple[UnitCount, ...]) -> int | None:
    totals = {each.timed_units for each in counts}
    return totals.pop() if len(totals) == 1 else None


def _under(count: UnitCount, tie: Tie) -> Tie:
    """Return a tie, with its unit rule where the payer's own is not known."""
    return structs.replace(tie, says=f"If units are counted by {count.unit_rule}: {tie.says}")


def _units(found: Decided) -> dict[str, int | None]:
    """Return the units of every code as typed; None where they are not known."""
    units: dict[str, int | None] = {}
    for line, number in zip(found.lines.every, found.units, strict=True):
        before = units.get(line.given.code, 0)
        units[line.given.code] = None if before is None or number is None else before + number
    return units


def _line(found: Decided, line: Line, findings: tuple[Finding, ...]) -> LineAnswer:
    """Return what is said of a line, with the modifiers of the claim lines that it is part of."""
    decided, book = line.service.decided, found.day.book
    carried = [modifier for each in found.claim_lines if line.number in each.lines for modifier in each.modifiers]
    late = found.thresholds.late.get(line.number)
    own = (*found.modifiers[line.number - 1], *([late] if late else []))
    return LineAnswer(
        line=line.number,
        code=line.given.code,
        claim_code=line.code,
        name=line.known.name if line.known else None,
        discipline=line.discipline.id if line.discipline else None,
        timed=line.service.timed,
        minutes=line.minutes,
        given_units=line.given.units,
        units=found.units[line.number - 1],
        given_modifiers=line.given.modifiers,
        modifiers=in_order(book, dict.fromkeys(carried or own)),
        verdict=decided.coverage.verdict if decided else "unknown",
        verdict_says=decided.coverage.says if decided else "Not known: this code is not in the rule base.",
        findings=tuple([each for each in findings if line.number in each.lines]),
    )


def _asked(found: Decided, money: Amounts | None) -> VisitAsked:
    day, visit = found.day, found.day.visit
    return VisitAsked(
        payer=day.payer,
        state=day.state,
        service_date=day.service_date,
        discipline=visit.discipline,
        provider=visit.provider,
        claim=day.claim,
        unit_rule=visit.unit_rule,
        year_to_date=visit.year_to_date,
        abn=visit.abn,
        care=visit.care,
        diagnoses=dict(found.diagnoses),
        locality=(money.locality if money else None) or visit.locality,
        assistant_method=visit.assistant_method,
        other_care=visit.other_care,
        place_of_service=visit.place_of_service,
    )


def _summary(answer: VisitAnswer) -> str:
    block, warn = (sum(1 for each in answer.findings if each.severity == severity) for severity in ("block", "warn"))
    lines = len(answer.claim_lines)
    parts = [f"{lines} claim line{'' if lines == 1 else 's'}"]
    if answer.timed_minutes:
        units = ", units not known"
        if answer.timed_units is not None:
            units = f" = {answer.timed_units} timed unit{'' if answer.timed_units == 1 else 's'}"
        parts.append(f"{answer.timed_minutes} timed minutes{units}")
    parts.append(f"{block} to fix, {warn} to review")
    if answer.amount is not None:
        estimate = " (estimate)" if answer.amounts and answer.amounts.estimate_from else ""
        only = if_covered(answer.amounts.if_covered if answer.amounts else ())
        parts.append(f"expected allowed amount ${answer.amount}{estimate}{only}")
    if answer.unchecked:
        parts.append(f"{len(answer.unchecked)} not checked")
    if answer.without_table:
        parts.append("not clean: a table is missing")
    return "; ".join(parts) + "."
