"""A visit -> what its claim lines should be, and what would be wrong with them, for that payer and that day."""

from datetime import date

from msgspec import structs

from ..advice.asking import read_diagnosis, resolve_discipline, resolve_payer, resolve_state
from ..cms.tables import Tables
from ..errors import BadValue, MissingOption
from ..model import PayerAnswer
from ..rulebook.book import RuleBook
from ..visit_model import Tie, UnitCount, Visit, VisitAnswer, VisitAsked
from . import amounts, claim_lines, counting, edits, lines, modifiers, thresholds, unit_limits, unlisted, who_treated
from .day import Day, gravity


def is_finding(answer: VisitAnswer) -> bool:
    """Whether something has to be done before the claim goes out."""
    return any(finding.severity != "info" for finding in answer.findings)


def check(book: RuleBook, tables: Tables, visit: Visit, today: date) -> VisitAnswer:
    """Check one patient's day. `today` is the day of service where none was told, and tells how old the facts are.

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
        day.find("info", f"{day.service_date} has not come yet: codes, rules and tables may change until then.")
    lines.resolve(day, diagnoses, today)
    modifiers.ask_for(day)
    counts = counting.count_units(day)
    modifiers.hold_against_the_rules(day)
    who_treated.split_by_assistant(day)
    unlisted.hold_against_needs(day)
    made = claim_lines.claim_lines(day)
    pairs = edits.hold_against_edits(day, made)
    unit_limits.hold_against_payers_limits(day)
    money = amounts.expected(day, made)
    buckets = thresholds.hold_against_thresholds(day)
    made = claim_lines.finished(day, made)
    if day.billed() and not made:
        day.find("warn", "Nothing of this day earns a unit.", day.billed(), fix="Mend the minutes, or bill nothing.")
    if money:  # with the modifiers that the threshold brought
        money = structs.replace(
            money,
            lines=tuple(
                structs.replace(amount, modifiers=line.modifiers)
                for amount, line in zip(money.lines, made, strict=True)
            ),
        )
    one = counts[0] if len(counts) == 1 else None
    found = tuple(sorted(day.findings, key=gravity))
    held = book.payer(day.chain[-1])
    assert held is not None
    resolved = next((line.draft.resolved for line in day.lines if line.draft), None)
    minutes = [line.minutes for line in day.billed() if line.minutes is not None]
    answer = VisitAnswer(
        visit=_asked(day, diagnoses, money.locality if money else None),
        payer=PayerAnswer(id=held.id, name=held.name, chain=day.chain, resolved=resolved),
        summary="",
        unit_rule=one.unit_rule if one else None,
        timed_minutes=counts[0].timed_minutes if counts else 0,
        timed_units=_agreed(counts),
        total_minutes=sum(minutes) if minutes else None,
        units=_units(day),
        unit_rules=counts,
        ties=one.ties if one else tuple(_hanging(tie, each) for each in counts for tie in each.ties),
        lines=tuple(day.answer_of(line, made) for line in day.lines),
        claim_lines=made,
        edits=pairs,
        thresholds=buckets,
        amount=money.allowed if money else None,
        amounts=money,
        findings=found,
        not_checked=tuple(day.not_checked),
        tables=tuple(day.used.values()),
        rulebook=book.receipt,
    )
    return structs.replace(answer, summary=_summary(answer))


def _agreed(counts: tuple[UnitCount, ...]) -> int | None:
    totals = {each.timed_units for each in counts}
    return totals.pop() if len(totals) == 1 else None


def _hanging(tie: Tie, count: UnitCount) -> Tie:
    """A tie under one of several rules, of which nobody knows whether it is the payer's."""
    return structs.replace(tie, says=f"If units are counted by {count.unit_rule}: {tie.says}")


def _units(day: Day) -> dict[str, int | None]:
    """The units of every code as it was typed; None where they are not known."""
    units: dict[str, int | None] = {}
    for line in day.lines:
        before = units.get(line.told.code, 0)
        units[line.told.code] = None if before is None or line.units is None else before + line.units
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
        units = "their units are not known"
        if answer.timed_units is not None:
            units = f"{answer.timed_units} timed unit{'' if answer.timed_units == 1 else 's'}"
        parts.append(f"{answer.timed_minutes} timed minutes, {units}")
    parts.append(f"{block} to mend, {warn} to look at")
    if answer.amount is not None:
        parts.append(f"expected to be allowed: {answer.amount}")
    if answer.not_checked:
        parts.append(f"{len(answer.not_checked)} not checked")
    return "; ".join(parts) + "."
