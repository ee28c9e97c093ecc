"""What the fee schedule pays at one place, kept between the days on which a table changes."""

from datetime import date

from ..bounded_cache import BoundedCache
from ..cms.entries import Factor, Locality
from ..cms.tables import Tables
from ..model.rules import Rule
from ..rulebook.book import RuleBook
from .unit_price import UnitPrice, price_unit


class Prices:
    """The prices of codes at a place, under a conversion factor."""

    def __init__(
        self, book: RuleBook, tables: Tables, day: date, place: Locality | None, factor: Factor | None
    ) -> None:
        self._book, self._tables, self._day, self._place, self._factor = book, tables, day, place, factor
        self._kept: BoundedCache[tuple[str, str | None], UnitPrice] = BoundedCache()

    def unit(self, code: str, reduction: tuple[str, Rule] | None) -> UnitPrice:
        """Return the price of one unit; `reduction` is the share paid of the practice expense, and its rule."""
        key = (code, reduction[1].id if reduction else None)
        price = self._kept.get(key)
        if price is None:
            price = price_unit(self._book, self._tables, code, self._day, self._place, self._factor, reduction)
            self._kept.keep({key: price})
        return price
