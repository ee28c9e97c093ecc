"""The editions in a store, how much each has, and which one to use for a day."""

import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import NamedTuple

import msgspec

from ..model.tables import Holds
from .entries import Edition, Fit
from .store import ROWS_OF, Part, StoreUnusable, as_day, user_error

_PARTS = 4  # CMS publishes the PTP edits of a quarter in so many files


class OpenStore:
    """One store open for reading, with a connection for each thread, and its editions."""

    def __init__(
        self, opened: sqlite3.Connection, anew: Callable[[], sqlite3.Connection | None], where: str, imported: bool
    ) -> None:
        self.where = where
        self.imported = imported
        self._anew = anew
        self._of_thread = threading.local()
        self._of_thread.connection = opened
        self._editions: list[StoredEdition] | None = None

    @property
    def connection(self) -> sqlite3.Connection:
        """Return the connection of this thread. Raises StoreUnusable if the store is gone."""
        opened: sqlite3.Connection | None = getattr(self._of_thread, "connection", None)
        if opened is None:
            opened = self._of_thread.connection = self._anew()
        if opened is None:
            raise StoreUnusable(self.where, "it is no longer there")
        return opened

    def close(self) -> None:
        """Close the connection of this thread; others close with their threads."""
        opened: sqlite3.Connection | None = getattr(self._of_thread, "connection", None)
        if opened:
            opened.close()

    @contextmanager
    def reads(self) -> Iterator[None]:
        """Turn every error of reading inside into StoreUnusable or StoreBusy."""
        try:
            yield
        except sqlite3.Error as error:
            raise user_error(error, self.where) from None
        except (ValueError, TypeError, ArithmeticError, AttributeError, LookupError, msgspec.MsgspecError) as error:
            raise StoreUnusable(self.where, f"it is damaged ({error})") from None

    def editions(self) -> "list[StoredEdition]":
        """Return its editions by table, claim type and first day. Raises StoreUnusable and StoreBusy."""
        if self._editions is None:
            with self.reads():
                self._editions = [*self._read_editions()]
        return self._editions

    def _read_editions(self) -> "Iterator[StoredEdition]":
        if not self.connection.execute("PRAGMA user_version").fetchone()[0]:
            return
        parts: dict[int, list[Part]] = {}
        for row in self.connection.execute("SELECT * FROM parts ORDER BY first_key"):
            parts.setdefault(row[1], []).append(Part(*row))
        rows = self.connection.execute("SELECT * FROM editions ORDER BY of, claim, first").fetchall()
        for number, key, of, claim, edition, first, last, caveat, source, holds in rows:
            own = tuple(parts.get(number, ()))
            files = ", ".join(dict.fromkeys(part.file for part in own))
            days = read_days(of, first, last)
            yield StoredEdition(
                self,
                Edition(key, of, claim, edition, *days, self.imported, caveat, source or files),
                own,
                read_holds(holds),
            )


def read_days(table: str, first: int, last: int | None) -> tuple[date, date | None]:
    """Return the first and last day of an edition. Raises ValueError or TypeError if they cannot be right."""
    from_day, to_day = as_day(first), as_day(last)
    if table not in ROWS_OF or from_day is None or (to_day and to_day < from_day):
        raise ValueError(f"{table} from {first} to {last}")
    return from_day, to_day


def read_holds(holds: str | None) -> Holds | None:
    """Return which codes a subset has. Raises MsgspecError."""
    return msgspec.json.decode(holds, type=Holds) if holds else None


class StoredEdition(NamedTuple):
    """An edition in a store, with its parts."""

    source: OpenStore
    edition: Edition
    parts: tuple[Part, ...]
    holds: Holds | None

    def lists(self, code: str) -> bool:
        """Return whether everything published about a code is here; an import may have been cut short."""
        if self.holds is None:
            return not self.source.imported or self.is_within_parts(code)
        return any(low <= code <= (high or low) for low, _, high in (each.partition("-") for each in self.holds.codes))

    def is_within_parts(self, code: str) -> bool:
        """Return whether a code is between the first and last code of a part (column 1 codes for edits).

        Even with all parts imported, nothing is known of codes past their ends: a file may have been cut short.
        """
        return any(part.first_key <= code <= part.last_key for part in self.parts)

    def in_words(self) -> str:
        """Return in words how much of the edition is here."""
        if self.holds:
            which = {"both": ", both codes of a pair", "either": ", either code of a pair"}
            first, more = ", ".join(self.holds.codes[:4]), len(self.holds.codes) - 4
            others = f" and {more} more" if more > 0 else ""
            kind = "articles on" if ROWS_OF[self.edition.table] == "coverage" else "a subset"
            return f"{kind}{which.get(self.holds.pairs or '', '')}: {first}{others}"
        if not self.source.imported or ROWS_OF[self.edition.table] in ("factors", "localities", "coverage"):
            return "whole"
        spans = ", ".join(f"{part.first_key} to {part.last_key}" for part in self.parts)
        if self.edition.table == "ncci-edits":
            return f"{len(self.parts)} of {_PARTS} files, column 1 from {spans}"
        return f"from {spans}"

    def covers_pair(self, one: str, other: str, day: date) -> bool:
        """Return whether a missing edit means that there is none, on that day."""
        if self.holds is None:
            return self.is_within_parts(one) and self.is_within_parts(other)
        wanted = self.holds.pairs if day >= self.edition.first else self.holds.history
        listed = (self.lists(one), self.lists(other))
        return any(listed) if wanted == "either" else all(listed)


def choose(stored: Iterable[StoredEdition], day: date, dated: bool = False) -> tuple[StoredEdition | None, Fit]:
    """Return the edition to use for a day, and how it fits. `dated`: later editions keep the rows that have ended.

    In this order: an edition for the day; if rows are dated, the next later one; the newest of the same calendar year;
    the newest of the nearest year, an earlier year first. Each time an imported edition wins over a shipped one.
    """
    editions = [*stored]
    if on_day := [each for each in editions if is_for_day(each.edition, day)]:
        return max(on_day, key=lambda each: (each.source.imported, each.edition.first)), "day"
    if dated and (later := [each for each in editions if each.edition.first > day]):
        return min(later, key=lambda each: (not each.source.imported, each.edition.first)), "history"
    if not editions:
        return None, "none"
    years_apart = min(abs(_year(each.edition, day) - day.year) for each in editions)
    nearest = [each for each in editions if abs(_year(each.edition, day) - day.year) == years_apart]
    if years_apart:
        nearest = [each for each in nearest if each.edition.first < day] or nearest
    chosen = max(nearest, key=lambda each: (each.edition.first, each.source.imported))
    return chosen, "newer" if chosen.edition.first > day else "older"


def is_for_day(edition: Edition, day: date) -> bool:
    """Return whether CMS published an edition for a day."""
    return edition.last is not None and edition.first <= day <= edition.last


def _year(edition: Edition, day: date) -> int:
    """Return the year of an edition that is nearest to a day."""
    return edition.first.year if day < edition.first or edition.last is None else edition.last.year
