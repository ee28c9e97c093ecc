"""Decides a patient's day: reads its lines, counts and checks them, prices the claim. No words are made here."""

from collections.abc import Iterator, Mapping
from itertools import combinations, islice

from msgspec import Struct, structs

from ..advice.payer_path import payer_path, pays_by_fee_schedule
from ..advice.question import read_diagnosis, resolve_discipline, resolve_payer, resolve_state
from ..checks.amounts import DayPrice, price_day
from ..checks.assistant import split_by_assistant
from ..checks.claim_lines import claim_lines, finished, units_on_claim
from ..checks.day import Day, Lines
from ..checks.diagnoses import check_diagnoses
from ..checks.edits import EditsFound, check_edits
from ..checks.lines import read_lines
from ..checks.local_articles import check_local_articles
from ..checks.narrative import check_narratives
from ..checks.patient_time import check_patient_time
from ..checks.payer_limits import check_payer_limits
from ..checks.required_modifiers import Modifiers, required_modifiers
from ..checks.situations import check_situations
from ..checks.thresholds import Thresholds, check_thresholds
from ..checks.typed_modifiers import check_typed_modifiers
from ..checks.units import Preferred, UnitsOfDay, count_units
from ..errors import BadValue, MissingOption
from ..findings.report import Report, Words, numbers
from ..model.visit import ClaimLine, Visit
from ..plan.plans import Plans
from .tidying import refuse_contradictions

_MOST_CHOICES = 12  # other answers of a tie that are tried


class Decided(Struct, frozen=True):
    """A decided day, before it is worded. What is by line counts the lines of the visit in their order."""

    day: Day
    diagnoses: Mapping[str, str]  # by letter
    lines: Lines
    modifiers: Modifiers
    counted: UnitsOfDay
    units: tuple[int | None, ...]  # of each line
    claim_lines: tuple[ClaimLine, ...]
    edits: EditsFound
    price: DayPrice | None
    thresholds: Thresholds
    report: Report


def decide(plans: Plans, visit: Visit) -> Decided:
    """Return what is decided of one patient's day; a tie of left-over minutes goes where the least has to be fixed.

    Raises MissingOption without a payer, UnknownName, AmbiguousName or BadValue for what names nothing, and
    VisitUnreadable for lines that contradict themselves.
    """
    refuse_contradictions(visit)
    best = _decide(plans, visit, {})
    for discipline, codes in islice(_other_choices(best), _MOST_CHOICES) if _gravity(best) > (0, 0) else ():
        other = _decide(plans, visit, {discipline: codes})
        if _gravity(other) < _gravity(best):
            best = other
    return best


def _other_choices(found: Decided) -> Iterator[tuple[str | None, tuple[str, ...]]]:
    """Return the other right answers of a tie, by discipline."""
    under = found.counted.counted
    for discipline, pool in under[0].pools.items() if len(under) == 1 else ():
        if pool.choice:
            for codes in combinations(pool.choice.codes, pool.choice.spare):
                if codes != pool.choice.chosen:
                    yield discipline, codes


def _gravity(found: Decided) -> tuple[int, int]:
    """Return how many findings have to be fixed and how many reviewed."""
    severities = [each.severity for each in found.report.found]
    return severities.count("block"), severities.count("warn")


def _decide(plans: Plans, visit: Visit, preferred: Preferred) -> Decided:
    """Return what is decided of a day, each check in its turn."""
    report = Report()
    day, diagnoses = _asked(plans, visit, report)
    lines = read_lines(day, diagnoses, report)
    if lines.path is not day.path:
        by_schedule = pays_by_fee_schedule(plans.book, lines.path.chain)
        day = structs.replace(day, path=lines.path, by_fee_schedule=by_schedule)
    lines, denied = check_situations(day, lines, report)
    lines = check_patient_time(day, lines, report)
    modifiers = required_modifiers(day, lines, report)
    counted = count_units(day, lines, modifiers, preferred, report)
    without_units = check_typed_modifiers(day, lines, modifiers, report)
    units = counted.of_line
    if without_units:
        units = tuple([0 if at in without_units else each for at, each in enumerate(units, 1)])
    assisted = split_by_assistant(day, lines, modifiers, units, report)
    check_narratives(day, lines, report)
    check_diagnoses(day, lines, diagnoses, report)
    claim = claim_lines(day, lines, modifiers, units, assisted)
    units = units_on_claim(lines, claim, units)
    edits = check_edits(day, lines, modifiers, units, claim, report)
    check_local_articles(day, lines, diagnoses, report)
    check_payer_limits(day, lines.claimed(units), units, report)
    price = price_day(day, lines, modifiers, claim, edits.denied | denied if denied else edits.denied, report)
    estimated = price is not None and any(each.price and each.price.estimate_from for each in price.priced)
    thresholds = check_thresholds(day, lines, modifiers, price.by_line if price else {}, report, estimated)
    claim = finished(day, claim, thresholds.late, report)
    if lines.billed and not claim:
        report.find("warn", numbers(lines.billed), None, _nothing_earned)
    return Decided(day, diagnoses, lines, modifiers, counted, units, claim, edits, price, thresholds, report)


def _asked(plans: Plans, visit: Visit, report: Report) -> tuple[Day, Mapping[str, str]]:
    """Return the day with the names of the rule base, and its diagnoses."""
    book = plans.book
    if not visit.payer:
        raise MissingOption(["--payer"])
    payer = plans.named("payer", visit.payer, resolve_payer)
    if visit.discipline:
        discipline = plans.named("discipline", visit.discipline, resolve_discipline)
        visit = visit if discipline == visit.discipline else structs.replace(visit, discipline=discipline)
    if any([line.discipline for line in visit.lines]):  # noqa: C419 - a generator takes longer
        named = [
            structs.replace(line, discipline=resolve_discipline(book, line.discipline)) if line.discipline else line
            for line in visit.lines
        ]
        visit = structs.replace(visit, lines=tuple(named))
    if visit.unit_rule and book.unit_rule(visit.unit_rule) is None:
        raise BadValue("--unit-rule", visit.unit_rule, f"one of {', '.join(book.keys('unit_rules'))}")
    state = plans.named("state", visit.state, resolve_state) if visit.state else None
    service_date = visit.service_date or plans.today
    diagnoses = {letter: read_diagnosis(each) for letter, each in sorted(visit.diagnoses.items())}
    if service_date > plans.today:
        report.find("info", (), None, _ahead, service_date)
    path = payer_path(book, payer, state, "clinic", service_date)
    by_schedule = pays_by_fee_schedule(book, path.chain)
    day = Day(plans, visit, service_date, payer, state, visit.claim or "professional", path, by_schedule)
    return day, diagnoses


def _ahead(service_date: object) -> Words:
    ahead = f"{service_date} has not come yet: codes, rules and tables may change until then."
    return Words(ahead, ahead)


def _nothing_earned() -> Words:
    nothing = "Nothing of this day earns a unit."
    return Words(nothing, nothing, "Fix the minutes, or bill nothing.")
