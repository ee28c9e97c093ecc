"""What is worked out of the rules and tables alone, kept between answers and bounded."""

from bisect import bisect
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from functools import cached_property, partial
from typing import Any

from ..bounded_cache import BoundedCache
from ..cms.entries import Factor, Locality
from ..cms.tables import Tables
from ..model.common import Claim
from ..rulebook.book import RuleBook
from .articles import LocalArticles
from .day_rules import DayRules, Ranked, day_rules
from .edits import EditPlan
from .line_service import work_out
from .prices import Prices
from .service import Service, Services
from .unit_fee import TableValue, find_factor, find_locality

_MOST_SERVICES = 2**14  # of all payers together; some 6 kB each
Span = tuple[int, int]  # between which no table changes: its place among the changes, and the year


class Plans:
    """The plans of one rule base and its tables. `today` gives the age of facts.

    Safe in threads: what two of them work out at once is the same.
    """

    def __init__(self, book: RuleBook, tables: Tables, today: date) -> None:
        self.book = book
        self.tables = tables
        self.today = today
        self._work_out = partial(work_out, today=today)
        self._services: BoundedCache[tuple[str, ...], Services] = BoundedCache(256)
        self._kept: BoundedCache[tuple[object, ...], Any] = BoundedCache(_MOST_SERVICES)
        self._named: BoundedCache[tuple[str, str], str] = BoundedCache()
        self._day_rules: BoundedCache[frozenset[int], tuple[tuple[Ranked, ...], DayRules]] = BoundedCache()
        self._edits: BoundedCache[tuple[str, Claim, int, Span], EditPlan] = BoundedCache()
        self._places: BoundedCache[tuple[Span, str | None, str | None, str | None], TableValue] = BoundedCache()
        self._factors: BoundedCache[date, TableValue] = BoundedCache()
        self.articles = LocalArticles(book, tables)
        self._prices: BoundedCache[tuple[object, ...], Prices] = BoundedCache()

    # ------------------------------------------------------------------------------------------------- rules

    def services(self, chain: tuple[str, ...]) -> Services:
        """Return what codes come to under the rules of some payers."""
        services = self._services.get(chain)
        if services is None:
            services = Services(self.book, chain, self._kept, self._work_out)
            self._services.keep({chain: services})
        return services

    def named(self, what: str, typed: str, resolve: Callable[[RuleBook, str], str]) -> str:
        """Return the id that a name means. Raises what `resolve` raises."""
        known = self._named.get((what, typed))
        if known is None:
            known = resolve(self.book, typed)
            self._named.keep({(what, typed): known})
        return known

    def day_rules(self, services: Sequence[Service]) -> DayRules:
        """Return the rules about a day that apply to any of some lines."""
        every = {id(each.ranked): each.ranked for each in services}
        if len(every) == 1:
            return services[0].day_rules
        key = frozenset(every)
        kept = self._day_rules.get(key)
        if kept is None:  # it keeps what it was made of, so that nothing else can get the ids
            kept = (tuple(every.values()), day_rules(each.ranked for each in services))
            self._day_rules.keep({key: kept})
        return kept[1]

    # ------------------------------------------------------------------------------------------------ tables

    @cached_property
    def _table_changes(self) -> tuple[date, ...]:
        """The days on which another edition of some table is the one to use."""
        firsts = {each.first for each in self.tables.editions()}
        return tuple(sorted(firsts | {each.last + timedelta(1) for each in self.tables.editions() if each.last}))

    def span(self, day: date) -> Span:
        """Return the span of days around a day, in which no table changes."""
        return bisect(self._table_changes, day), day.year

    @cached_property
    def _policy_changes(self) -> tuple[date, ...]:
        policies = [policy for _, policy in self.book.policies()]
        firsts = {each.effective for each in policies if each.effective}
        return tuple(sorted(firsts | {each.ends + timedelta(1) for each in policies if each.ends}))

    def edits(self, family: str, claim: Claim, day: date) -> EditPlan | None:
        """Return a family of edits on a day; None if the rule base has none of this id."""
        key = (family, claim, bisect(self._policy_changes, day), self.span(day))
        plan = self._edits.get(key)
        if plan is None and (known := self.book.edit_family(family)):
            plan = EditPlan(known, self.tables, claim, day, self._is_equipment)
            self._edits.keep({key: plan})
        return plan

    def _is_equipment(self, code: str) -> bool:
        known = self.book.code(code)
        return known is not None and known.coding_verification

    # ------------------------------------------------------------------------------------------------ prices

    def place(self, day: date, state: str | None, zip5: str | None, locality: str | None) -> TableValue:
        """Return the payment locality of a place. Raises BadValue for one that is not in CMS's table."""
        key = (self.span(day), state, zip5, locality)
        return self._places.once(key, lambda: find_locality(self.tables, day, state, zip5, locality))

    def factor(self, day: date) -> TableValue:
        """Return the conversion factor of a day."""
        return self._factors.once(day, lambda: find_factor(self.tables, day))

    def prices(self, day: date, place: Locality | None, factor: Factor | None) -> Prices:
        """Return what the fee schedule pays at a place on a day."""
        where = (place.contractor, place.locality) if place else None
        key = (self.span(day), where, factor and factor.first)
        return self._prices.once(key, lambda: Prices(self.book, self.tables, day, place, factor))
