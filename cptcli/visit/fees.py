"""What Medicare's fee schedule allows for one code, at one place, on one day."""

from collections.abc import Iterator
from datetime import date

from ..advice.near_codes import no_such_code
from ..advice.payer_path import PayerPath
from ..advice.question import resolve_state
from ..advice.typed import joined_code
from ..checks.day import Day, Line
from ..checks.lines import read_lines
from ..cms.entries import Factor, Locality
from ..cms.tables import Tables
from ..findings.report import Report, worded
from ..model.visit import FeeAnswer, Visit, VisitLine
from ..plan.plans import Plans
from ..plan.unit_fee import Values
from ..plan.unit_price import UnitPrice, in_words, notes_of
from ..rulebook.book import RuleBook
from ..rulebook.names import upright
from .aged import aged_tables


def fee_of(
    book: RuleBook, tables: Tables, asked: str, day: date, state: str | None, zip5: str | None, locality: str | None
) -> FeeAnswer:
    """Return the fee of one unit with its math. Raises UnknownName for an unknown code, BadValue for a place."""
    code = upright(joined_code(asked))
    plans, report = Plans(book, tables, day), Report()
    line = _line(plans, code, day, report)
    if not line.valid:
        raise no_such_code(book, asked, code)
    place = plans.place(day, resolve_state(book, state) if state else None, zip5, locality)
    factor = plans.factor(day)
    for found in (place.locality, factor.factor):
        report.use(found.edition if found else None)
    rates = line.service.day_rules.rates
    price = plans.prices(day, place.locality, factor.factor).unit(code, rates.get("practice_expense"))
    values = price.values
    report.use(values.edition if values else None)
    notes = notes_of(book, tables, price, day, place.note, factor.note)
    coinsurance = rates.get("coinsurance")
    said = worded(book, report)
    warnings = [notes.says, notes.note, place.note, factor.note, coinsurance and coinsurance[1].not_modelled]
    warnings += [finding.says for finding in said.findings if finding.severity != "info"]
    status = book.status(values.status) if values else None
    typed = book.code(code)  # the code that was typed, even where the payer requires another
    return FeeAnswer(
        code=code,
        name=typed.name if typed else None,
        descriptor=values.descriptor if values else None,
        service_date=day,
        locality=f"{place.locality.contractor}/{place.locality.locality}" if place.locality else None,
        locality_name=place.locality.name if place.locality else None,
        status=values.status if values else None,
        status_says=status.says if status else None,
        release=values.edition.edition if values else None,
        relative_values=_three(Values.of(values)) if values else None,
        indices=_three(Values.of(place.locality)) if place.locality else None,
        conversion_factor=str(factor.factor.factor) if factor.factor else None,
        amount=str(price.full) if price.full is not None else None,
        rate="non_facility",
        reduced_amount=str(price.reduced) if price.reduced is not None else None,
        coinsurance=coinsurance[0] if coinsurance else None,
        work=tuple(_work(price, place.locality, factor.factor)),
        warnings=tuple(dict.fromkeys(note for note in warnings if note)),
        tables=said.tables,
        rulebook=book.receipt,
        estimate_from=price.estimate_from,
        aged=aged_tables(book, said.tables, day, price.estimate_from),
    )


def _line(plans: Plans, code: str, day: date, report: Report) -> Line:
    """Return a claim line with one code, for the payer that pays by the fee schedule."""
    book = plans.book
    payer = next(key for key in book.keys("payers") if (known := book.payer(key)) and known.fee_schedule)
    visit = Visit(lines=(VisitLine(code=code),))
    one_line = Day(plans, visit, day, payer, None, "professional", PayerPath(book.payer_chain(payer)), True)
    (line,) = read_lines(one_line, {}, report).every
    return line


def _work(price: UnitPrice, locality: Locality | None, factor: Factor | None) -> Iterator[str]:
    """Yield the math of the fee, then that of the reduced fee."""
    if price.full is not None:
        yield in_words(price, locality, factor)
    if price.reduction:
        yield f"reduced: {in_words(price, locality, factor, price.share)} ({price.reduction.id})"


def _three(values: Values) -> dict[str, str]:
    return {
        "work": str(values.work),
        "practice_expense": str(values.practice_expense),
        "malpractice": str(values.malpractice),
    }
