"""What Medicare's fee schedule allows for one code, at one place, on one day."""

from datetime import date

from ..advice.near_codes import no_such_code
from ..advice.question import resolve_state
from ..advice.typed import joined_code
from ..cms.tables import Tables
from ..model.visit import FeeAnswer, Visit, VisitLine
from ..rulebook.book import RuleBook
from ..rulebook.names import upright
from .amounts import in_words, price_unit
from .day import Day
from .lines import resolve
from .pricing import Values, find_factor, find_locality


def fee_of(
    book: RuleBook, tables: Tables, asked: str, day: date, state: str | None, zip5: str | None, locality: str | None
) -> FeeAnswer:
    """Return the fee of one unit with its math. Raises UnknownName for an unknown code, BadValue for a place."""
    code = upright(joined_code(asked))
    payer = next(key for key in book.keys("payers") if (known := book.payer(key)) and known.fee_schedule)
    one_line_day = Day(book, tables, Visit(lines=(VisitLine(code=code),)), day, payer)
    one_line_day.chain = book.payer_chain(payer)
    resolve(one_line_day, {}, day)
    (line,) = one_line_day.lines
    if not line.valid:
        raise no_such_code(book, asked, code)
    place = find_locality(tables, day, resolve_state(book, state) if state else None, zip5, locality)
    factor = find_factor(tables, day)
    for stored in (place.locality, factor.factor):
        one_line_day.use(stored.edition if stored else None)
    line.code, line.known = code, book.code(code)  # the code that was typed, even where the payer requires another
    price = price_unit(one_line_day, line, place, factor)
    values = price.values
    coinsurance = one_line_day.rate("coinsurance", line)
    notes = [price.says, price.note, place.note, factor.note, coinsurance and coinsurance[1].not_modelled]
    notes += [finding.says for finding in one_line_day.findings if finding.severity != "info"]
    status = book.status(values.status) if values else None
    work = [in_words(price, place, factor)] if price.full is not None else []
    if price.reduction:
        work.append(f"reduced: {in_words(price, place, factor, price.share)} ({price.reduction.id})")
    return FeeAnswer(
        code=code,
        name=line.known.name if line.known else None,
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
        work=tuple(work),
        warnings=tuple(dict.fromkeys(note for note in notes if note)),
        tables=tuple(one_line_day.used.values()),
        rulebook=book.receipt,
    )


def _three(values: Values) -> dict[str, str]:
    return {
        "work": str(values.work),
        "practice_expense": str(values.practice_expense),
        "malpractice": str(values.malpractice),
    }
