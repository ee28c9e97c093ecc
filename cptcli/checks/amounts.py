"""What Medicare is expected to allow and pay for the day's claim lines.

The steps and their order are those of the claims manual (cms-104-c5, sections 10.7 and 20.1); every share is a rule's.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from msgspec import Struct

from ..findings.phrases import if_covered
from ..findings.report import Point, Report, Words
from ..model.claim import Modifier
from ..model.visit import AmountLine, Amounts, ClaimLine
from ..plan.prices import Prices
from ..plan.unit_fee import TableValue, cents
from ..plan.unit_price import PriceNotes, UnitPrice, in_words, notes_of
from .day import Day, Line, Lines, denial_of
from .required_modifiers import Modifiers

ORDER = (
    "fee schedule amount, with the reduction of the practice expense",
    "the lesser of that and the charge is allowed",
    "the patient's share",
    "the assistant's share of the rest",
    "sequestration of the rest",
)
_NOTHING = Decimal("0.00")


class Unit(Struct, frozen=True):
    """What ranks the units of a day; the units of one line rank alike."""

    line: int
    practice_expense: Decimal
    full: Decimal
    assisted: bool = False  # with the assistant's modifier
    named: tuple[str, ...] = ()  # its code and modifiers


def paid_in_full(units: Sequence[Unit]) -> int | None:
    """Return the line whose first unit keeps its full practice expense: the highest; a tie goes to the higher fee.

    In a full tie CMS may pay any; this takes the line without the assistant's modifier, then the lower code.
    """
    return next((unit.line for unit in ranked(units)), None)


def ranked(units: Sequence[Unit]) -> list[Unit]:
    """Return the lines' units, the one paid in full first."""
    return sorted(units, key=lambda unit: (-unit.practice_expense, -unit.full, unit.assisted, unit.named, unit.line))


class Priced(NamedTuple):
    """A claim line with its price: what is allowed of it, and in how many units the practice expense is reduced."""

    claim_line: ClaimLine
    lines: tuple[Line, ...]
    price: UnitPrice | None  # None: nothing is expected, or the code is not in our list
    denied: bool  # by an edit
    denial: Modifier | None  # on its lines, that says that a denial is expected
    charge: Decimal | None = None
    unsure: bool = False  # which unit of the day is paid in full is not known
    by_schedule: Decimal | None = None
    reduced_units: int | None = None
    allowed: Decimal | None = None

    @property
    def nothing(self) -> bool:
        """Return whether the expected allowed amount is 0."""
        return self.lines[0].service.negative or self.denied or self.denial is not None

    @property
    def liable(self) -> str | None:
        """Return who pays after a denial, by its modifier; None where none says so, and for an edit's: the provider."""
        return self.denial.liable if self.denial and not self.denied else None

    @property
    def named(self) -> tuple[str, ...]:
        """Return its code and modifiers."""
        return (self.claim_line.code, *self.claim_line.modifiers)

    @property
    def assisted(self) -> bool:
        """Return whether it has the assistant's modifier of its discipline."""
        plan = self.lines[0].discipline
        return plan is not None and plan.assistant_modifier in self.claim_line.modifiers


class DayPrice(Struct, frozen=True):
    """The prices of a day's claim lines, and the place and conversion factor that they rest on."""

    priced: tuple[Priced, ...]
    place: TableValue
    factor: TableValue
    partly_charged: tuple[str, ...]  # codes of which only a part has a charge

    @property
    def allowed(self) -> Decimal | None:
        """Return the expected allowed amount of the day; None where that of a line is not known."""
        known = [each.allowed for each in self.priced if each.allowed is not None]
        return sum(known, _NOTHING) if len(known) == len(self.priced) else None

    @property
    def by_line(self) -> Mapping[int, Decimal | None]:
        """Return the allowed amount by the number of a line; a claim line's stands at its first one."""
        of_line: dict[int, Decimal | None] = {}
        for each in self.priced:
            for line in each.lines:
                of_line[line.number] = None if each.allowed is None else of_line.get(line.number) or Decimal(0)
            if each.allowed is not None:
                first = each.lines[0].number
                of_line[first] = (of_line[first] or Decimal(0)) + each.allowed
        return of_line


def price_day(
    day: Day,
    lines: Lines,
    modifiers: Modifiers,
    claim: Sequence[ClaimLine],
    denied: frozenset[int],
    report: Report,
) -> DayPrice | None:
    """Return the prices of the day; None where the payer does not pay by Medicare's fee schedule.

    `denied` are the numbers of the lines that an edit denies.
    """
    if not day.by_fee_schedule:
        report.note_unchecked(_no_schedule, day)
        return None
    plans, visit = day.plans, day.visit
    place = plans.place(day.service_date, day.state, visit.zip, visit.locality)
    factor = plans.factor(day.service_date)
    prices = plans.prices(day.service_date, place.locality, factor.factor)
    priced = [_priced(day, lines, modifiers, each, denied, prices, report) for each in claim]
    units = [
        Unit(at, each.price.values.practice_expense, each.price.full, each.assisted, each.named)
        for at, each in enumerate(priced)
        if each.price and each.price.reduced is not None and each.price.values and each.price.full is not None
    ]
    unsure = _unsure_of(units, claim)
    first = paid_in_full(units)
    charges, partly = _charges(priced)
    for found in (place.locality, factor.factor):
        report.use(found.edition if found else None)
    allowed = [_allowed(each, charges[at], at in unsure, at == first) for at, each in enumerate(priced)]
    for each in allowed:
        if each.allowed == 0 and not each.nothing and each.charge != 0:
            report.find("warn", each.claim_line.lines, each.lines[0].known, _no_fee, each.claim_line.code)
    return DayPrice(tuple(allowed), place, factor, partly)


def _priced(
    day: Day,
    lines: Lines,
    modifiers: Modifiers,
    claim_line: ClaimLine,
    denied: frozenset[int],
    prices: Prices,
    report: Report,
) -> Priced:
    its = tuple([lines.every[number - 1] for number in sorted(claim_line.lines)])
    first = its[0].service
    off = bool(denied) and not denied.isdisjoint(claim_line.lines)
    denial = _denial(day, its, modifiers)
    if first.negative or off or denial or first.known is None:
        return Priced(claim_line, its, None, off, denial)
    price = prices.unit(first.code, first.day_rules.rates.get("practice_expense"))
    report.use(price.values.edition if price.values else None)
    return Priced(claim_line, its, price, off, denial)


def _denial(day: Day, lines: Sequence[Line], modifiers: Modifiers) -> Modifier | None:
    return next(filter(None, (denial_of(day.book, modifiers[line.number - 1]) for line in lines)), None)


def _unsure_of(units: Sequence[Unit], claim: Sequence[ClaimLine]) -> set[int]:
    """Return the claim lines that may have the unit paid in full, as lines before them have unknown units."""
    unsure: set[int] = set()
    if any(claim[unit.line].units is None for unit in units):
        for before, unit in pairwise(ranked(units)):
            if claim[before.line].units is not None:
                break
            unsure.add(unit.line)
    return unsure


def _charges(priced: Sequence[Priced]) -> tuple[list[Decimal | None], tuple[str, ...]]:
    """Return the charge of each claim line, None where not given; and the codes with a charge for a part only.

    A line split over several gets its share by units; the last share is what is left, so that no cent is charged twice.
    """
    if not any(line.given.charge is not None for each in priced for line in each.lines):
        return [None] * len(priced), ()
    left: dict[int, tuple[int, Decimal]] = {}  # by line: the units that its charge is still spread over, and the rest
    for each in priced:
        for line in each.lines:
            units, rest = left.get(line.number, (0, Decimal(line.given.charge or 0)))
            left[line.number] = units + (each.claim_line.units or 0), rest
    charges: list[Decimal | None] = []
    partly: list[str] = []
    for each in priced:
        given = [line.given.charge is not None for line in each.lines]
        if any(given) and not all(given):
            partly.append(each.claim_line.code)
        charge, units = Decimal(0), each.claim_line.units or 0
        for line in each.lines:
            over, rest = left[line.number]
            share = cents(rest * units / over) if units and units < over else rest
            left[line.number] = over - units, rest - share
            charge += share
        charges.append(cents(charge) if all(given) else None)
    return charges, tuple(partly)


def _allowed(each: Priced, charge: Decimal | None, unsure: bool, first: bool) -> Priced:
    """Return a claim line with its allowed amount, at most its charge. `first`: it has the unit paid in full."""
    claim_line, lines, price, denied, denial = each[:5]
    units = claim_line.units
    if each.nothing:
        by_schedule, reduced = _NOTHING, None
    elif price is None or price.full is None or units is None or unsure:
        return Priced(claim_line, lines, price, denied, denial, charge, unsure)
    elif price.reduced is None:
        by_schedule, reduced = units * price.full, 0
    else:
        reduced = units - int(first and units > 0)
        by_schedule = (units - reduced) * price.full + reduced * price.reduced
    allowed = by_schedule if charge is None else min(by_schedule, charge)
    return Priced(claim_line, lines, price, denied, denial, charge, unsure, by_schedule, reduced, allowed)


# ------------------------------------------------------------------------------------------------------ in words


def amounts_of(day: Day, lines: Lines, found: DayPrice, claim: Sequence[ClaimLine]) -> Amounts:
    """Return the amounts of a day as an answer shows them. `claim` has the claim lines with their last modifiers."""
    place, factor = found.place, found.factor
    prices = [_notes(day, each, found) for each in found.priced]
    notes = [note for note in (place.note, factor.note) if note]
    notes += [each.note for each in prices if each.note]
    notes += [
        notice.says
        for each, notice in zip(found.priced, prices, strict=True)
        if notice.says and not (each.price and each.price.values) and not each.nothing
    ]
    notes += [f"A charge of {code} is given for a part of it only: it was not compared."
              for code in found.partly_charged]  # fmt: skip
    amounts = tuple(
        _amount(each, notice, found, line.modifiers)
        for each, notice, line in zip(found.priced, prices, claim, strict=True)
    )
    if any(line.allowed for line in amounts):
        rates = map(lines.rules.rates.get, ("coinsurance", "assistant", "sequestration", "practice_expense"))
        notes += [rate[1].not_modelled for rate in rates if rate and rate[1].not_modelled]
        if uncovered := dict.fromkeys(line.code for line in lines.every if line.service.uncovered):
            notes.append(f"The amounts hold if the codes are covered; of {', '.join(uncovered)} it is not known.")
    known = all(line.allowed is not None for line in amounts)
    releases = dict.fromkeys(
        each.price.values.edition.edition for each in found.priced if each.price and each.price.values
    )
    expected = {each.claim_line.code for each in found.priced if each.allowed}
    open_codes = dict.fromkeys(
        line.code for line in lines.every if line.code in expected and (line.service.uncovered or line.service.deniable)
    )
    estimates = dict.fromkeys(line.estimate_from for line in amounts if line.estimate_from)
    return Amounts(
        locality=f"{place.locality.contractor}/{place.locality.locality}" if place.locality else None,
        locality_name=place.locality.name if place.locality else None,
        conversion_factor=str(factor.factor.factor) if factor.factor else None,
        release=", ".join(releases) or None,
        lines=amounts,
        allowed=_total(line.allowed for line in amounts) if known else None,
        patient=_total(line.patient for line in amounts) if known and all(line.patient for line in amounts) else None,
        paid=_total(line.paid for line in amounts) if known else None,
        says=tuple(dict.fromkeys(notes)),
        order=ORDER,
        if_covered=tuple(open_codes),
        estimate_from=", ".join(estimates) or None,
    )


def _total(amounts: Iterable[str | None]) -> str:
    return str(sum((Decimal(each) for each in amounts if each), _NOTHING))


def _notes(day: Day, each: Priced, found: DayPrice) -> PriceNotes:
    """Return why there is no amount for a claim line, or of which release its values are."""
    if each.nothing:
        liable = f"; the {each.liable} is liable" if each.liable else ""
        return PriceNotes(f"Nothing is expected: {_why_nothing(each)}{liable}.", None)
    if each.price is None:
        return PriceNotes(f"{each.claim_line.code} is not in our list: which reductions reach it is not known.", None)
    notice = notes_of(day.book, day.tables, each.price, day.service_date, found.place.note, found.factor.note)
    if each.unsure:
        says = "Which unit of the day is paid in full depends on units that are not known."
        return PriceNotes(says, notice.note)
    return notice


def _why_nothing(each: Priced) -> str:
    """Return why the expected allowed amount of a claim line is 0."""
    service = each.lines[0].service
    if service.negative and service.decided:
        return f"it is {service.decided.coverage.verdict.replace('_', ' ')}"
    if each.denied:
        return "it is not paid beside another code, or not in so many units"
    return f"{each.denial.id if each.denial else 'a modifier'} says that a denial is expected"


def _amount(each: Priced, notice: PriceNotes, found: DayPrice, modifiers: tuple[str, ...]) -> AmountLine:
    """Return the amount of a claim line with its arithmetic."""
    price, units, by_schedule, allowed = each.price, each.claim_line.units, each.by_schedule, each.allowed
    place, factor = found.place.locality, found.factor.factor
    work: list[str] = []
    reduced = each.reduced_units
    if by_schedule is not None and price and units is not None and reduced is not None:
        if units > reduced:
            work.append(_times(units - reduced, price.full, in_words(price, place, factor)))
        if reduced and price.reduction:
            words = in_words(price, place, factor, price.share)
            work.append(f"{_times(reduced, price.reduced, words)} ({price.reduction.id})")
    patient = paid = None
    if allowed is not None:
        if each.charge is not None and work:
            work.append(f"lesser of {by_schedule} and the charge {each.charge}: {allowed}")
        patient, paid = _shares(each, allowed, work)
        if each.nothing and each.liable == "patient":
            patient = each.charge
    return AmountLine(
        code=each.claim_line.code,
        modifiers=modifiers,
        units=units,
        reduced_units=reduced,
        fee=_text(by_schedule),
        charge=_text(each.charge),
        allowed=_text(allowed),
        patient=_text(patient),
        paid=_text(paid),
        work=tuple(work),
        says=notice.says or ("The units are not known." if allowed is None else _condition(each, allowed)),
        estimate_from=price.estimate_from if price and not each.nothing else None,
    )


def _condition(each: Priced, allowed: Decimal) -> str | None:
    """Return that an amount is expected only if the code is covered, where a rule on that is open or none is known."""
    services = [line.service for line in each.lines]
    if not allowed or not any(service.deniable or service.uncovered for service in services):
        return None
    return f"Expected only{if_covered([each.claim_line.code])}: see its coverage."


def _times(units: int, each: Decimal | None, words: str) -> str:
    return words if units == 1 or each is None else f"{words}; {units} x {each} = {units * each}"


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount)


def _shares(each: Priced, allowed: Decimal, work: list[str]) -> tuple[Decimal | None, Decimal]:
    """Return the patient's share of the allowed amount, and what is paid of the rest after every step; to the cent."""
    rates = each.lines[0].service.day_rules.rates
    patient, rest = _NOTHING, allowed
    if coinsurance := rates.get("coinsurance"):
        patient = cents(allowed * Decimal(coinsurance[0]))
        rest = allowed - patient
        work += [f"patient: {coinsurance[0]} x {allowed} = {patient} ({coinsurance[1].id})"] if allowed else []
    assistant = rates.get("assistant")
    if assistant and each.assisted and allowed:
        work.append(f"assistant: {assistant[0]} x {rest} = {rest * Decimal(assistant[0])} ({assistant[1].id})")
        rest *= Decimal(assistant[0])
    if (held_back := rates.get("sequestration")) and allowed:
        after = rest * (1 - Decimal(held_back[0]))
        work.append(f"sequestration: {rest} - {held_back[0]} of it = {cents(after)} ({held_back[1].id})")
        rest = after
    return patient, cents(rest)


def _no_fee(code: str) -> Words:
    says = f"{code}: the fee schedule has no amount for it; nothing is expected."
    return Words(says, says, "Expect no payment, or ask the payer.")


def _no_schedule(day: Day) -> Point:
    return Point(f"Amounts: {day.payer_name()} is not known to pay by Medicare's fee schedule.",
                 "expected amount (no fee schedule known)")  # fmt: skip
