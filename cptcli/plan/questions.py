"""Answers of `cpt suggest`, kept by what was asked for the days between which nothing changes."""

from bisect import bisect
from collections.abc import Iterator
from datetime import date
from functools import cached_property

import msgspec
from msgspec import structs

from ..advice.question import Typed
from ..advice.suggest import advise
from ..bounded_cache import BoundedCache
from ..model.answer import Answer
from ..rulebook.book import RuleBook
from .spans import first_days

_MOST_ANSWERS = 2**12  # some 10 kB each
_ANY_DAY = date.min


class Questions:
    """The questions put to one rule base; `today` gives the age of facts."""

    def __init__(self, book: RuleBook, today: date) -> None:
        self.book = book
        self.today = today
        self._answers: BoundedCache[tuple[object, ...], Answer] = BoundedCache(_MOST_ANSWERS)

    def answer(self, typed: Typed) -> Answer:
        """Return the answer to what was typed. Raises as `advise`.

        An answer serves every day of its span, unless a text names the day.
        """
        key = (structs.replace(typed, on=_ANY_DAY), bisect(self._changes, typed.on))
        kept = self._answers.get(key)
        if kept is None:
            kept = self._answers.get((*key, typed.on))
        if kept is None:
            kept = advise(self.book, typed, self.today)
            names_day = any(str(typed.on) in text for text in _texts(msgspec.to_builtins(kept, builtin_types=(date,))))
            self._answers.keep({(*key, typed.on) if names_day else key: kept})
        return structs.replace(kept, question=structs.replace(kept.question, service_date=typed.on))

    @cached_property
    def _changes(self) -> tuple[date, ...]:
        """The days on which a rule, payer, code, modifier or table starts, or the first one after its end."""
        return tuple(sorted({*self._first_days()}))

    def _first_days(self) -> Iterator[date]:
        book = self.book
        for rule in filter(None, map(book.rule, book.keys("rules"))):
            yield from first_days(rule.effective, rule.ends)
        for payer in filter(None, map(book.payer, book.keys("payers"))):
            yield from first_days(None, payer.ends)
        for modifier in filter(None, map(book.modifier, book.keys("modifiers"))):
            yield from first_days(modifier.effective, modifier.ends)
        for code in filter(None, map(book.code, book.keys("codes"))):
            yield from first_days(code.effective, code.ends)
            for span in code.medicare.history if code.medicare else ():
                yield from first_days(span.first, span.last)
        yield from (table.effective for table in map(book.table, book.keys("tables")) if table)


def _texts(value: object) -> Iterator[str]:
    """Return every text of an answer, however deep; dates are no texts."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list | tuple):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _texts(each)
