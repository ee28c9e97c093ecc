"""What the fee schedule pays for one unit of a code at a place, full and reduced, or why it sets no amount."""

from datetime import date
from decimal import Decimal
from typing import Literal

from msgspec import Struct

from ..cms.entries import Factor, Locality, RelativeValues
from ..cms.tables import Tables
from ..model.rules import Rule
from ..rulebook.book import RuleBook
from .unit_fee import Values, fee, find_values, values_on

# Why there is no fee: no values on file, a status that is not priced, no values in the schedule, no place, no factor.
Lack = Literal["values", "status", "empty", "place", "factor"]


class UnitPrice(Struct, frozen=True):
    """The fee of one unit of a code by the schedule, or what it lacks."""

    code: str
    values: RelativeValues | None = None
    full: Decimal | None = None
    reduced: Decimal | None = None  # with the practice expense reduced; None where no reduction reaches it
    reduction: Rule | None = None
    share: str | None = None  # paid of the practice expense
    lack: Lack | None = None

    @property
    def estimate_from(self) -> str | None:
        """Return the release of the values where it is not that of the day and they set a fee, else None."""
        if self.values is None or self.full is None or self.values.fits == "day":
            return None
        return self.values.edition.edition


def price_unit(
    book: RuleBook,
    tables: Tables,
    code: str,
    day: date,
    place: Locality | None,
    factor: Factor | None,
    reduction: tuple[str, Rule] | None,
) -> UnitPrice:
    """Return the fee of one unit of a code. `reduction` is the share paid of the practice expense, and its rule."""
    values = values_on(tables, code, day)
    if values is None:
        return UnitPrice(code, lack="values")
    indicator = book.status(values.status)
    if not (indicator and indicator.priced) or not values.used_by_medicare or values.non_facility_na:
        return UnitPrice(code, values, lack="status")
    if not (values.work or values.practice_expense or values.malpractice):
        return UnitPrice(code, values, lack="empty")
    if place is None or factor is None:
        return UnitPrice(code, values, lack="factor" if factor is None else "place")
    own, indices = Values.of(values), Values.of(place)
    share, rule = reduction or (None, None)
    reduced = fee(own, indices, factor.factor, Decimal(share)) if share else None
    return UnitPrice(code, values, fee(own, indices, factor.factor), reduced, rule, share)


class PriceNotes(Struct, frozen=True):
    """What has to be said of a unit's price: why there is none, and of which release its values are."""

    says: str | None
    note: str | None


def notes_of(
    book: RuleBook, tables: Tables, price: UnitPrice, day: date, place_note: str | None, factor_note: str | None
) -> PriceNotes:
    """Return what has to be said of a price."""
    values = price.values
    if values is None:
        return PriceNotes(find_values(tables, price.code, day).note, None)
    note = None if values.fits == "day" else find_values(tables, price.code, day).note
    if price.lack == "status":
        indicator = book.status(values.status)
        means = indicator.says if indicator else "not described here"
        says = f"The fee schedule sets no amount for {price.code}: status {values.status}, {means}."
        return PriceNotes(says, note)
    if price.lack == "empty":
        return PriceNotes(f"The fee schedule has no values for {price.code}, so no amount is known.", None)
    if price.lack:
        return PriceNotes(factor_note if price.lack == "factor" else place_note, note)
    return PriceNotes(None, note)


def in_words(price: UnitPrice, place: Locality | None, factor: Factor | None, share: str | None = None) -> str:
    """Return the math of a unit's fee in words; with a `share`, of the reduced fee."""
    values = price.values
    if values is None or place is None or factor is None:
        return ""
    part = f"{share} x " if share else ""
    return (
        f"({values.work} x {place.work} + {part}{values.practice_expense} x {place.practice_expense} + "
        f"{values.malpractice} x {place.malpractice}) x {factor.factor} = {price.reduced if share else price.full}"
    )
