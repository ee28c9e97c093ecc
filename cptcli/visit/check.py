"""Checks a visit: what its claim lines should be, and what is wrong with them, for a payer and date of service."""

from datetime import date

from msgspec import structs

from ..advice.question import read_diagnosis, resolve_discipline, resolve_payer, resolve_state
from ..cms.tables import Tables
from ..errors import BadValue, MissingOption
from ..model.answer import PayerAnswer
from ..model.visit import Tie, UnitCount, Visit, VisitAnswer, VisitAsked
from ..rulebook.book import RuleBook
from . import (
    amounts,
    assistant_split,
    claim_lines,
    counting,
    edits,
    lines,
    modifiers,
    thresholds,
    unit_limits,
    unlisted,
)
from .day import Day, gravity


def is_finding(answer: VisitAnswer) -> bool:
    """Return whether something has to be fixed or reviewed before the claim goes out."""
    return any(finding.severity != "info" for finding in answer.findings)


def check(book: RuleBook, tables: Tables, visit: Visit, today: date) -> VisitAnswer:
    """Return the check of one patient's day. `today` is the default date of service, and gives the age of the facts.

    Raises MissingOption without a payer, UnknownName, AmbiguousName or BadValue for what names nothing.
    """
    if not visit.payer:
        raise MissingOption(["--payer"])
    payer = resolve_payer(book, visit.payer)
    if visit.discipline:
        visit = structs.replace(visit, discipline=resolve_discipline(book, visit.discipline))
    if visit.unit_rule and book.unit_rule(visit.unit_rule) is None:
        raise BadValue("--unit-rule", visit.unit_rule, f"one of {', '.join(book.keys('unit_rules'))}")
    day = Day(book, tables, visit, visit.service_date or today, payer)
    day.state = resolve_state(book, visit.state) if visit.state else None
    day.chain = book.payer_chain(payer)
    diagnoses = {letter: read_diagnosis(each) for letter, each in sorted(visit.diagnoses.items())}
    if day.service_date > today:
        ahead = f"{day.service_date} has not come yet: codes, rules and tables may change until then."
        day.find("info", ahead, short=ahead)
    lines.resolve(day, diagnoses, today)
    modifiers.required_modifiers(day)
    counts = counting.count_units(day)
    modifiers.check_typed_modifiers(day)
    assistant_split.split_by_assistant(day)
    unlisted.check_narrative(day)
    claim = claim_lines.claim_lines(day)
    pairs = edits.check_ptp(day, claim)
    unit_limits.check_payer_limits(day)
    money = amounts.expected(day, claim)
    buckets = thresholds.check_thresholds(day)
    claim = claim_lines.finished(day, claim)
    if day.billed() and not claim:
        nothing = "Nothing of this day earns a unit."
        day.find("warn", nothing, day.billed(), fix="Fix the minutes, or bill nothing.", short=nothing)
    if money:  # with the modifiers that the threshold brought
        money = structs.replace(
            money,
            lines=tuple(
                structs.replace(amount, modifiers=line.modifiers)
                for amount, line in zip(money.lines, claim, strict=True)
            ),
        )
    one = counts[0] if len(counts) == 1 else None
    found = tuple(sorted(day.findings, key=gravity))
    decided_by = book.payer(day.chain[-1])
    assert decided_by is not None
    resolved = next((line.draft.resolved for line in day.lines if line.draft), None)
    minutes = [line.minutes for line in day.billed() if line.minutes is not None]
    answer = VisitAnswer(
        visit=_asked(day, diagnoses, money.locality if money else None),
        payer=PayerAnswer(
            id=decided_by.id,
            name=decided_by.name,
            short_name=decided_by.short_name or decided_by.name,
            chain=day.chain,
            resolved=resolved,
        ),
        summary="",
        unit_rule=one.unit_rule if one else None,
        unit_rule_name=rule.name if one and (rule := book.unit_rule(one.unit_rule)) else None,
        timed_minutes=counts[0].timed_minutes if counts else 0,
        timed_units=_agreed(counts),
        total_minutes=sum(minutes) if minutes else None,
        units=_units(day),
        unit_rules=counts,
        ties=one.ties if one else tuple(_under(each, tie) for each in counts for tie in each.ties),
        lines=tuple(day.answer_of(line, claim) for line in day.lines),
        claim_lines=claim,
        edits=pairs,
        thresholds=buckets,
        amount=money.allowed if money else None,
        amounts=money,
        findings=found,
        not_checked=tuple(day.not_checked),
        unchecked=day.unchecked,
        tables=tuple(day.used.values()),
        rulebook=book.receipt,
    )
    return structs.replace(answer, summary=_summary(answer))


def _agreed(counts: tuple[UnitCount, ...]) -> int | None:
    totals = {each.timed_units for each in counts}
    return totals.pop() if len(totals) == 1 else None


def _under(count: UnitCount, tie: Tie) -> Tie:
    """Return a tie, with its unit rule where the payer's own is not known."""
    return structs.replace(tie, says=f"If units are counted by {count.unit_rule}: {tie.says}")


def _units(day: Day) -> dict[str, int | None]:
    """Return the units of every code as typed; None where they are not known."""
    units: dict[str, int | None] = {}
    for line in day.lines:
        before = units.get(line.given.code, 0)
        units[line.given.code] = None if before is None or line.units is None else before + line.units
    return units


def _asked(day: Day, diagnoses: dict[str, str], locality: str | None) -> VisitAsked:
    visit = day.visit
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
        diagnoses=diagnoses,
        locality=locality or visit.locality,
        assistant_method=visit.assistant_method,
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
        parts.append(f"expected allowed amount ${answer.amount}")
    if answer.unchecked:
        parts.append(f"{len(answer.unchecked)} not checked")
    return "; ".join(parts) + "."
