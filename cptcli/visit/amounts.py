"""What Medicare is expected to allow and pay for the day's claim lines.

The steps and their order are those of the claims manual (cms-104-c5, sections 10.7 and 20.1); every share is a rule's.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import pairwise

from msgspec import Struct, structs

from ..advice.coverage import NEGATIVE
from ..cms.entries import RelativeValues
from ..model.claim import Modifier
from ..model.rules import Rule
from ..model.visit import AmountLine, Amounts, ClaimLine
from .day import Day, Line
from .pricing import TableValue, Values, cents, fee, find_factor, find_locality, find_values

ORDER = (
    "fee schedule amount, with the reduction of the practice expense",
    "the lesser of that and the charge is allowed",
    "the patient's share",
    "the assistant's share of the rest",
    "sequestration of the rest",
)


class Unit(Struct, frozen=True):
    """Return what ranks the units of a day; the units of one line rank alike."""

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


def _unsure_of(units: Sequence[Unit], priced: "Sequence[_Priced]") -> set[int]:
    """Return the lines that may have the unit paid in full, as lines before them have unknown units."""
    unsure: set[int] = set()
    for before, unit in pairwise(ranked(units)):
        if priced[before.line].claim_line.units is not None:
            break
        unsure.add(unit.line)
    return unsure


class UnitPrice(Struct, frozen=True):
    """The fee of one unit of a code by the schedule, or why there is none."""

    values: RelativeValues | None = None
    full: Decimal | None = None
    reduced: Decimal | None = None  # with the practice expense reduced; None where no reduction reaches it
    reduction: Rule | None = None
    share: str | None = None
    says: str | None = None  # why there is no fee
    note: str | None = None


def price_unit(day: Day, line: Line, place: TableValue, factor: TableValue) -> UnitPrice:
    """Return the fee of one unit of a line's code, full and reduced."""
    found = find_values(day.tables, line.code, day.service_date)
    values = found.relative_values
    if values is None:
        return UnitPrice(says=found.note)
    day.use(values.edition)
    indicator = day.book.status(values.status)
    if not (indicator and indicator.priced) or not values.used_by_medicare or values.non_facility_na:
        means = indicator.says if indicator else "not described here"
        says = f"The fee schedule sets no amount for {line.code}: status {values.status}, {means}."
        return UnitPrice(values, says=says, note=found.note)
    if not (values.work or values.practice_expense or values.malpractice):
        return UnitPrice(values, says=f"The fee schedule has no values for {line.code}, so no amount is known.")
    if place.locality is None or factor.factor is None:
        return UnitPrice(values, says=factor.note if factor.factor is None else place.note, note=found.note)
    own, indices, times = Values.of(values), Values.of(place.locality), factor.factor.factor
    full = fee(own, indices, times)
    share, rule = day.rate("practice_expense", line) or (None, None)
    reduced = fee(own, indices, times, Decimal(share)) if share else None
    return UnitPrice(values, full, reduced, rule, share, note=found.note)


def in_words(price: UnitPrice, place: TableValue, factor: TableValue, share: str | None = None) -> str:
    """Return the math of a unit's fee in words."""
    values, where, times = price.values, place.locality, factor.factor
    if values is None or where is None or times is None:
        return ""
    part = f"{share} x " if share else ""
    return (
        f"({values.work} x {where.work} + {part}{values.practice_expense} x {where.practice_expense} + "
        f"{values.malpractice} x {where.malpractice}) x {times.factor} = {price.reduced if share else price.full}"
    )


class _Priced(Struct, frozen=True):
    """A claim line on its way to an amount."""

    claim_line: ClaimLine
    lines: tuple[Line, ...]
    price: UnitPrice
    nothing: bool = False  # nothing is allowed
    liable: bool = False  # and the patient may be charged for it

    @property
    def named(self) -> tuple[str, ...]:
        """Its code and modifiers."""
        return (self.claim_line.code, *self.claim_line.modifiers)

    @property
    def assisted(self) -> bool:
        """Return whether it has the assistant's modifier of its discipline."""
        plan = self.lines[0].discipline
        return plan is not None and plan.assistant_modifier in self.claim_line.modifiers


def expected(day: Day, claim_lines: Sequence[ClaimLine]) -> Amounts | None:
    """Return the amounts of the day; None where the payer does not pay by Medicare's fee schedule."""
    if not day.by_fee_schedule:
        day.note_unchecked(f"Amounts: {day.book_name(day.payer)} is not known to pay by Medicare's fee schedule.",
                           "expected amount (no fee schedule known)")  # fmt: skip
        return None
    place = find_locality(day.tables, day.service_date, day.state, day.visit.zip, day.visit.locality)
    factor = find_factor(day.tables, day.service_date)
    notes = [note for note in (place.note, factor.note) if note]
    priced = [_price(day, claim_line, place, factor, notes) for claim_line in claim_lines]
    notes += [each.price.says for each in priced if each.price.says and not each.price.values and not each.nothing]
    units = [
        Unit(number, each.price.values.practice_expense, each.price.full, each.assisted, each.named)
        for number, each in enumerate(priced)
        if each.price.reduced is not None and each.price.values and each.price.full is not None
    ]
    for number in _unsure_of(units, priced):
        says = "Which unit of the day is paid in full depends on units that are not known."
        priced[number] = structs.replace(
            priced[number], price=structs.replace(priced[number].price, full=None, says=says)
        )
    first, charges = paid_in_full(units), _charges(priced, notes)
    lines = tuple(
        _amount(day, each, number == first, place, factor, charges[number]) for number, each in enumerate(priced)
    )
    for found in (place.locality, factor.factor):
        day.use(found.edition if found else None)
    if any(line.allowed for line in lines):
        rates = [day.rate(name) for name in ("coinsurance", "assistant", "sequestration", "practice_expense")]
        notes += [rate[1].not_modelled for rate in rates if rate and rate[1].not_modelled]
    if day.uncovered and any(line.allowed for line in lines):
        notes.append(
            f"The amounts hold if the codes are covered; of {', '.join(dict.fromkeys(day.uncovered))} it is not known."
        )
    known = all(line.allowed is not None for line in lines)
    releases = dict.fromkeys(each.price.values.edition.edition for each in priced if each.price.values)
    return Amounts(
        locality=f"{place.locality.contractor}/{place.locality.locality}" if place.locality else None,
        locality_name=place.locality.name if place.locality else None,
        conversion_factor=str(factor.factor.factor) if factor.factor else None,
        release=", ".join(releases) or None,
        lines=lines,
        allowed=_total(line.allowed for line in lines) if known else None,
        patient=_total(line.patient for line in lines) if known and all(line.patient for line in lines) else None,
        paid=_total(line.paid for line in lines) if known else None,
        says=tuple(dict.fromkeys(notes)),
        order=ORDER,
    )


def _total(amounts: Iterable[str | None]) -> str:
    return str(sum((Decimal(each) for each in amounts if each), Decimal("0.00")))


def _price(day: Day, claim_line: ClaimLine, place: TableValue, factor: TableValue, notes: list[str]) -> _Priced:
    lines = tuple(line for line in day.lines if line.number in claim_line.lines)
    if why := _why_nothing(day, lines):
        liable = _who_is_liable(day, lines)
        says = f"Nothing is expected: {why}{f'; the {liable} is liable' if liable else ''}."
        return _Priced(claim_line, lines, UnitPrice(says=says), nothing=True, liable=liable == "patient")
    if lines[0].known is None:
        says = f"{claim_line.code} is not in our list: which reductions reach it is not known."
        return _Priced(claim_line, lines, UnitPrice(says=says))
    price = price_unit(day, lines[0], place, factor)
    if price.note:
        notes.append(price.note)
    return _Priced(claim_line, lines, price)


def _why_nothing(day: Day, lines: Sequence[Line]) -> str | None:
    """Return why the expected allowed amount of lines is 0; None where something may be allowed."""
    decided = lines[0].decided
    verdict = decided.coverage.verdict if decided else "unknown"
    if verdict in NEGATIVE:
        return f"it is {verdict.replace('_', ' ')}"
    if any(line.denied for line in lines):
        return "it is not paid beside another code, or not in so many units"
    denial = _denial(day, lines)
    return f"{denial.id} says that a denial is expected" if denial else None


def _denial(day: Day, lines: Sequence[Line]) -> Modifier | None:
    """Return the modifier on lines that says a denial is expected."""
    return next(filter(None, (line.says_denied(day.book) for line in lines)), None)


def _who_is_liable(day: Day, lines: Sequence[Line]) -> str | None:
    """Return who the denial modifier makes liable; None if no modifier says so or an edit denied the line."""
    denial = None if any(line.denied for line in lines) else _denial(day, lines)
    return denial.liable if denial else None


def _charges(priced: Sequence[_Priced], notes: list[str]) -> list[Decimal | None]:
    """Return the charge of each claim line; a line split over several gets its share by units. None where not given.

    The last share is what is left, so that no cent is charged twice.
    """
    left: dict[int, tuple[int, Decimal]] = {}  # by line: the units that its charge is still spread over, and the rest
    for each in priced:
        for line in each.lines:
            units, rest = left.get(line.number, (0, Decimal(line.given.charge or 0)))
            left[line.number] = units + (each.claim_line.units or 0), rest
    charges: list[Decimal | None] = []
    for each in priced:
        given = [line.given.charge is not None for line in each.lines]
        if any(given) and not all(given):
            notes.append(f"A charge of {each.claim_line.code} is given for a part of it only: it was not compared.")
        charge, units = Decimal(0), each.claim_line.units or 0
        for line in each.lines:
            over, rest = left[line.number]
            share = cents(rest * units / over) if units and units < over else rest
            left[line.number] = over - units, rest - share
            charge += share
        charges.append(cents(charge) if all(given) else None)
    return charges


def _amount(
    day: Day, priced: _Priced, first: bool, place: TableValue, factor: TableValue, charge: Decimal | None
) -> AmountLine:
    """Return the amount of a claim line, at most its charge."""
    claim_line, price, units = priced.claim_line, priced.price, priced.claim_line.units
    work: list[str] = []
    reduced_units: int | None = None
    by_schedule: Decimal | None = None
    if priced.nothing:
        by_schedule = Decimal("0.00")
    elif price.full is not None and units is not None:
        reduced_units = 0 if price.reduced is None else units - int(first and units > 0)
        by_schedule = (units - reduced_units) * price.full + reduced_units * (price.reduced or Decimal(0))
        if units > reduced_units:
            work.append(_times(units - reduced_units, price.full, in_words(price, place, factor)))
        if reduced_units and price.reduction:
            words = in_words(price, place, factor, price.share)
            work.append(f"{_times(reduced_units, price.reduced, words)} ({price.reduction.id})")
    allowed = patient = paid = None
    if by_schedule is not None:
        allowed = by_schedule if charge is None else min(by_schedule, charge)
        work += [f"lesser of {by_schedule} and the charge {charge}: {allowed}"] if charge is not None and work else []
        patient, paid = _shares(day, priced, allowed, work)
        if priced.liable:
            patient = charge
    for line in priced.lines:
        line.allowed = None if allowed is None else line.allowed or Decimal(0)
    if allowed is not None:
        priced.lines[0].allowed = (priced.lines[0].allowed or Decimal(0)) + allowed
    return AmountLine(
        code=claim_line.code,
        modifiers=claim_line.modifiers,
        units=units,
        reduced_units=reduced_units,
        fee=_text(by_schedule),
        charge=_text(charge),
        allowed=_text(allowed),
        patient=_text(patient),
        paid=_text(paid),
        work=tuple(work),
        says=price.says or ("The units are not known." if allowed is None else None),
    )


def _times(units: int, each: Decimal | None, words: str) -> str:
    return words if units == 1 or each is None else f"{words}; {units} x {each} = {units * each}"


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount)


def _shares(day: Day, priced: _Priced, allowed: Decimal, work: list[str]) -> tuple[Decimal, Decimal]:
    """Return the patient's share of the allowed amount, and what is paid of the rest after every step; to the cent."""
    line = priced.lines[0]
    patient, rest = Decimal("0.00"), allowed
    if coinsurance := day.rate("coinsurance", line):
        patient = cents(allowed * Decimal(coinsurance[0]))
        rest = allowed - patient
        work += [f"patient: {coinsurance[0]} x {allowed} = {patient} ({coinsurance[1].id})"] if allowed else []
    assistant = day.rate("assistant", line)
    if assistant and priced.assisted and allowed:
        work.append(f"assistant: {assistant[0]} x {rest} = {rest * Decimal(assistant[0])} ({assistant[1].id})")
        rest *= Decimal(assistant[0])
    if (held_back := day.rate("sequestration", line)) and allowed:
        after = rest * (1 - Decimal(held_back[0]))
        work.append(f"sequestration: {rest} - {held_back[0]} of it = {cents(after)} ({held_back[1].id})")
        rest = after
    return patient, cents(rest)
