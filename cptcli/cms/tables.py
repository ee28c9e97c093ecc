"""CMS's tables as a claim needs them: the shipped and the imported ones through one interface.

Every answer names its edition and how that edition fits the date of service. The date picks the quarter; an imported
edition wins over a shipped one. A missing row is None or empty; `covered` and `knows` say whether that means that CMS
publishes nothing.
"""

import sqlite3
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeVar

import msgspec

from ..kept import Kept
from ..model.common import Noun
from ..model.tables import Holds
from .edits import Kind, unpacked
from .store import ROWS_OF, NoHome, Part, StoreUnusable, as_day, as_number, reading, store_path, user_error

if TYPE_CHECKING:
    from decimal import Decimal

Claim = Literal["professional", "institutional", "equipment"]  # practitioner, outpatient hospital, supplier of DME
# How the edition fits the day. day: published for it; history: a later one whose dated rows reach back to it;
# newer, older: only one for later or for earlier days is on file; none: none is on file.
Fit = Literal["day", "history", "newer", "older", "none"]
_PARTS = 4  # CMS publishes the PTP edits of a quarter in so many files
_WITHDRAWN = "9"
T = TypeVar("T")


# ------------------------------------------------------------------------------------------------------- nouns


class Edition(Noun, frozen=True, omit_defaults=False):
    """A table as published for some days. `last` None: its last day is not known, so it fits no day for certain.

    `source` is the ids of sources, or the names of the imported files.
    """

    id: str
    table: str
    claim: Claim | None
    edition: str
    first: date
    last: date | None
    imported: bool
    caveat: str | None
    source: str | None


class Pair(Noun, frozen=True, omit_defaults=False):
    """A PTP edit: column 1 is paid and column 2 denied, unless the indicator and a modifier allow both.

    `effective` None: not in the source. `deletion` None: not ended. `known_by` is the first day of the edition.
    """

    column1: str
    column2: str
    effective: date | None
    deletion: date | None
    indicator: str
    rationale: str
    known_by: date


class Pairs(Noun, frozen=True, omit_defaults=False):
    """Every edit between two codes, in either direction and for all dates.

    Without a row there is no edit only if `covered` is true; a row counts in any case.
    """

    edition: Edition | None
    fits: Fit
    rows: tuple[Pair, ...]
    covered: bool


class Maximum(Noun, frozen=True, omit_defaults=False):
    """An MUE: the most `units`. MAI (`adjudication`) 1: per line; 2: per day, by policy; 3: per day, clinical."""

    code: str
    units: int
    adjudication: int
    rationale: str
    edition: Edition
    fits: Fit


class RelativeValues(Noun, frozen=True, omit_defaults=False):
    """A code on the physician fee schedule. `descriptor` is None unless imported by a user with a license."""

    code: str
    modifier: str
    status: str
    used_by_medicare: bool
    work: "Decimal"
    practice_expense: "Decimal"  # non-facility
    non_facility_na: bool
    facility_practice_expense: "Decimal"
    facility_na: bool
    malpractice: "Decimal"
    multiple_procedure: str
    pctc: str
    descriptor: str | None
    edition: Edition
    fits: Fit


class Locality(Noun, frozen=True, omit_defaults=False):
    """The practice cost indices (GPCI) of a payment locality."""

    contractor: str
    locality: str
    state: str
    name: str
    work: "Decimal"
    practice_expense: "Decimal"
    malpractice: "Decimal"
    edition: Edition
    fits: Fit


class ZipCode(Noun, frozen=True, omit_defaults=False):
    """The contractor and locality of a ZIP code. `plus_four`: the last four digits may lead to another one."""

    zip5: str
    state: str
    contractor: str
    locality: str
    plus_four: bool
    edition: Edition
    fits: Fit


class Factor(Noun, frozen=True, omit_defaults=False):
    """A conversion factor in dollars. `participation` is single through 2025, qpp or non_qpp from 2026."""

    factor: "Decimal"
    participation: Literal["single", "non_qpp", "qpp"]
    first: date
    last: date
    evidence: str
    confidence: str
    sources: tuple[str, ...]
    edition: Edition


class AddOn(Noun, frozen=True, omit_defaults=False):
    """The primary codes of an add-on code, of which the claim needs one. `type` 1: only these; 2: the contractor
    decides (no code is listed); 3: these, and others that the contractor adds."""

    code: str
    primaries: tuple[str, ...]
    type: int
    edition: Edition
    fits: Fit


class LevelTwo(Noun, frozen=True, omit_defaults=False):
    """A HCPCS Level II code or modifier as CMS publishes it. `coverage` is CMS's letter, `ends` the last day."""

    code: str
    short_description: str
    long_description: str
    coverage: str
    added: date | None
    changed: date | None
    ends: date | None
    action: str
    edition: Edition
    fits: Fit


class TherapyCode(Noun, frozen=True, omit_defaults=False):
    """Whether Medicare counts a code as therapy always or sometimes, and the discipline modifiers it accepts."""

    code: str
    disposition: str
    modifiers: tuple[str, ...]
    certainty: str
    edition: Edition
    fits: Fit


def in_force(pair: Pair, day: date) -> Literal["yes", "no", "not_known"]:
    """Return whether an edit applies on a date of service. Both its days are inclusive; a withdrawn one never does."""
    if pair.indicator == _WITHDRAWN or (pair.deletion and day > pair.deletion):
        return "no"
    if pair.effective:
        return "yes" if pair.effective <= day else "no"
    return "yes" if day >= pair.known_by else "not_known"


# ---------------------------------------------------------------------------------------------------- editions


class _Source:
    """One store open for reading, with a connection for each thread, and its editions."""

    def __init__(
        self, opened: sqlite3.Connection, anew: Callable[[], sqlite3.Connection | None], where: str, imported: bool
    ) -> None:
        self.where = where
        self.imported = imported
        self._anew = anew
        self._of_thread = threading.local()
        self._of_thread.connection = opened
        self._editions: list[Held] | None = None

    @property
    def connection(self) -> sqlite3.Connection:
        """Return the connection of this thread. Raises StoreUnusable if the store is gone."""
        held: sqlite3.Connection | None = getattr(self._of_thread, "connection", None)
        if held is None:
            held = self._of_thread.connection = self._anew()
        if held is None:
            raise StoreUnusable(self.where, "it is no longer there")
        return held

    def close(self) -> None:
        """Close the connection of this thread; others close with their threads."""
        held: sqlite3.Connection | None = getattr(self._of_thread, "connection", None)
        if held:
            held.close()

    @contextmanager
    def reads(self) -> Iterator[None]:
        """Turn every error of reading inside into StoreUnusable or StoreBusy."""
        try:
            yield
        except sqlite3.Error as error:
            raise user_error(error, self.where) from None
        except (ValueError, TypeError, ArithmeticError, AttributeError, LookupError, msgspec.MsgspecError) as error:
            raise StoreUnusable(self.where, f"it is damaged ({error})") from None

    def editions(self) -> "list[Held]":
        if self._editions is None:
            with self.reads():
                self._editions = [*self._read_editions()]
        return self._editions

    def _read_editions(self) -> "Iterator[Held]":
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
            yield Held(
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


class Held(NamedTuple):
    """An edition in a store, with its parts."""

    source: _Source
    edition: Edition
    parts: tuple[Part, ...]
    holds: Holds | None

    def lists(self, code: str) -> bool:
        """Return whether everything published about a code is here; an import may have been cut short."""
        if self.holds is None:
            return not self.source.imported or self.spans(code)
        return any(low <= code <= (high or low) for low, _, high in (each.partition("-") for each in self.holds.codes))

    def spans(self, code: str) -> bool:
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
            return f"a subset{which.get(self.holds.pairs or '', '')}: {first}{others}"
        if not self.source.imported or ROWS_OF[self.edition.table] in ("factors", "localities"):
            return "whole"
        spans = ", ".join(f"{part.first_key} to {part.last_key}" for part in self.parts)
        if self.edition.table == "ncci-edits":
            return f"{len(self.parts)} of {_PARTS} files, column 1 from {spans}"
        return f"from {spans}"

    def covers_pair(self, one: str, other: str, day: date) -> bool:
        """Return whether a missing edit means that there is none, on that day."""
        if self.holds is None:
            return self.spans(one) and self.spans(other)
        wanted = self.holds.pairs if day >= self.edition.first else self.holds.history
        listed = (self.lists(one), self.lists(other))
        return any(listed) if wanted == "either" else all(listed)


def choose(held: Iterable[Held], day: date, dated: bool = False) -> tuple[Held | None, Fit]:
    """Return the edition to use for a day, and how it fits. `dated`: later editions keep the rows that have ended.

    In this order: an edition for the day; if rows are dated, the next later one; the newest of the same calendar year;
    the newest of the nearest year, an earlier year first. Each time an imported edition wins over a shipped one.
    """
    editions = [*held]
    if on_day := [each for each in editions if _is_for(each.edition, day)]:
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


def _is_for(edition: Edition, day: date) -> bool:
    return edition.last is not None and edition.first <= day <= edition.last


def _year(edition: Edition, day: date) -> int:
    """Return the year of an edition that is nearest to a day."""
    return edition.first.year if day < edition.first or edition.last is None else edition.last.year


# ------------------------------------------------------------------------------------------------------- tables


class _Row(NamedTuple):
    """A row of the chosen edition, without its part."""

    edition: Edition
    fits: Fit
    cells: tuple[object, ...]


class Tables:
    """The shipped and the imported tables. Opening is cheap; rows are read when needed.

    A context manager that closes the stores; without `with` they close with the process. Every method may raise
    StoreUnusable or StoreBusy, which name the store and what to do.
    """

    def __init__(self, sources: Sequence[_Source]) -> None:
        self._sources = sources
        self._by_table: dict[tuple[str, str | None], list[Held]] = {}
        self._kept: Kept[tuple[object, ...], tuple[Any, ...]] = Kept()
        self._editions_on: Kept[tuple[str, str | None, date, bool], tuple[Held | None, Fit]] = Kept()
        self._factors: Kept[date, tuple[Factor, ...]] = Kept()
        self._pairs_kept: Kept[tuple[str, bool, tuple[str, str]], tuple[Pair, ...]] = Kept()

    def __enter__(self) -> "Tables":
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the stores."""
        for source in self._sources:
            source.close()

    def held(self) -> tuple[Held, ...]:
        """Return every edition on file by table and day, the imported ones first."""
        return tuple(held for source in self._sources for held in source.editions())

    def editions(self) -> tuple[Edition, ...]:
        """Return the same editions without their parts, in the same order."""
        return tuple(each.edition for each in self.held())

    def releases(self) -> tuple[Edition, ...]:
        """Return the editions of the fee schedule on file, oldest first."""
        held = (each.edition for each in self._of("fee-schedule"))
        return tuple(sorted(held, key=lambda edition: (edition.first, edition.imported)))

    def edition_on(self, table: str, day: date, claim: Claim | None = None) -> tuple[Edition | None, Fit]:
        """Return the edition of a table to use for a day, and how it fits."""
        held, fits = self._chosen(table, claim, day, dated=table == "ncci-edits")
        return held and held.edition, fits

    def knows(self, table: str, code: str, day: date, claim: Claim | None = None) -> bool:
        """Return whether the edition for a day has all that CMS published about a code: then no row means none.

        For pairs, see `Pairs.covered`.
        """
        held, _ = self._chosen(table, claim, day)
        return held is not None and held.lists(code)

    def _chosen(self, table: str, claim: Claim | None, day: date, dated: bool = False) -> tuple[Held | None, Fit]:
        key = (table, claim, day, dated)
        return self._editions_on.once(key, lambda: choose(self._of(table, claim), day, dated))

    def _of(self, table: str, claim: Claim | None = None) -> list[Held]:
        if (table, claim) not in self._by_table:
            self._by_table[table, claim] = [
                held
                for source in self._sources
                for held in source.editions()
                if (held.edition.table, held.edition.claim) == (table, claim)
            ]
        return self._by_table[table, claim]

    def _read(
        self, table: str, day: date, where: dict[str, str | None], read: Callable[[_Row], T], claim: Claim | None = None
    ) -> tuple[T, ...]:
        """Return what `read` makes of the matching rows in the edition for a day.

        If that edition is a subset without the key, the next best one with it is used. An import may not be complete: a
        key missing within its span is looked up in another edition for the day.
        """
        editions = self._of(table, claim)
        wanted = {name: value for name, value in where.items() if value is not None}
        held, fits = self._chosen(table, claim, day)
        rows = self._rows(table, held, fits, wanted, read)
        key = next(iter(wanted.values()), None)
        if not rows and held and key and not held.lists(key):
            other, fits = choose([each for each in editions if each.lists(key)], day)
            return self._rows(table, other, fits, wanted, read)
        if not rows and held and key and held.source.imported:
            others = [each for each in editions if each is not held and _is_for(each.edition, day) and each.lists(key)]
            other, fits = choose(others, day)
            return self._rows(table, other, fits, wanted, read)
        return rows

    def _rows(
        self, table: str, held: Held | None, fits: Fit, wanted: dict[str, str], read: Callable[[_Row], T]
    ) -> tuple[T, ...]:
        """Return the rows of one edition for a key; each key of an edition is read only once."""
        if held is None:
            return ()
        key = (held.edition.id, held.source.imported, fits, *wanted.items())
        return self._kept.once(key, lambda: tuple(dict.fromkeys(self._read_rows(table, held, fits, wanted, read))))

    def _read_rows(
        self, table: str, held: Held, fits: Fit, wanted: dict[str, str], read: Callable[[_Row], T]
    ) -> tuple[T, ...]:
        query = f"SELECT * FROM {ROWS_OF[table]} WHERE part IN ({_marks(held.parts)})" + "".join(
            f" AND {name} = ?" for name in wanted
        )
        with held.source.reads():
            rows = held.source.connection.execute(query, (*(part.part for part in held.parts), *wanted.values()))
            return tuple(read(_Row(held.edition, fits, row[1:])) for row in rows)

    def pairs(self, claim: Claim, one: str, other: str, day: date) -> Pairs:
        """Return the edits between two codes, in either order."""
        return self.pairs_among(claim, (one, other), day).get(_unordered(one, other)) or Pairs(None, "none", (), False)

    def pairs_among(self, claim: Claim, codes: Sequence[str], day: date) -> dict[tuple[str, str], Pairs]:
        """Return the edits among the codes of a day, by sorted pair; every pair once.

        A pair that the edition for the day does not cover is looked up in the next best edition that does.
        """
        several = sorted({*codes})
        editions = self._of("ncci-edits", claim)
        held, fits = self._chosen("ncci-edits", claim, day, dated=True)
        found = self._edits_in(held, fits, several, day)
        for (one, other), pairs in found.items():
            covering = [each for each in editions if each.covers_pair(one, other, day)]
            if not pairs.rows and not pairs.covered and covering:
                found.update(self._edits_in(*choose(covering, day, dated=True), [one, other], day))
        return found

    def _edits_in(self, held: Held | None, fits: Fit, several: list[str], day: date) -> dict[tuple[str, str], Pairs]:
        both = [(one, other) for position, one in enumerate(several) for other in several[position + 1 :]]
        rows = self._pairs_in(held, several, both) if held else {}
        return {
            pair: Pairs(
                edition=held and held.edition,
                fits=fits,
                rows=rows.get(pair, ()),
                covered=held is not None and held.covers_pair(*pair, day),
            )
            for pair in both
        }

    def _pairs_in(
        self, held: Held, several: list[str], both: list[tuple[str, str]]
    ) -> dict[tuple[str, str], tuple[Pair, ...]]:
        """Return the edits of an edition between every two codes; each pair is read only once."""
        edition = (held.edition.id, held.source.imported)
        kept = {pair: self._pairs_kept.get((*edition, pair)) for pair in both}
        rows = {pair: each for pair, each in kept.items() if each is not None}
        if len(rows) < len(both):
            rows = _by_codes(held, several)
            self._pairs_kept.keep({(*edition, pair): rows.get(pair, ()) for pair in both})
        return rows

    def maximum(self, claim: Claim, code: str, day: date) -> Maximum | None:
        """Return the MUE of a code; None if there is none or it is not on file (`knows` says which)."""

        def read(row: _Row) -> Maximum:
            _, units, adjudication, rationale = row.cells
            return Maximum(code, _whole(units), _whole(adjudication), str(rationale), row.edition, row.fits)

        return _only(self._read("mue", day, {"code": code}, read, claim))

    def relative_values(self, code: str, day: date, modifier: str = "") -> RelativeValues | None:
        """Return the fee schedule entry of a code, from the release for the day or the nearest one."""

        def read(row: _Row) -> RelativeValues:
            _, _, status, used, work, expense, na, facility_expense, facility_na, malpractice, multiple, pctc = (
                row.cells
            )
            return RelativeValues(
                code=code,
                modifier=modifier,
                status=str(status),
                used_by_medicare=bool(used),
                work=_decimal(work),
                practice_expense=_decimal(expense),
                non_facility_na=bool(na),
                facility_practice_expense=_decimal(facility_expense),
                facility_na=bool(facility_na),
                malpractice=_decimal(malpractice),
                multiple_procedure=str(multiple),
                pctc=str(pctc),
                descriptor=None,
                edition=row.edition,
                fits=row.fits,
            )

        wanted: dict[str, str | None] = {"code": code, "modifier": modifier}
        found = _only(self._read("fee-schedule", day, wanted, read))
        words = self._read("descriptors", day, wanted, lambda row: str(row.cells[2])) if found else ()
        return msgspec.structs.replace(found, descriptor=words[0]) if found and words else found

    def localities(
        self, *, state: str | None = None, contractor: str | None = None, locality: str | None = None, day: date
    ) -> tuple[Locality, ...]:
        """Return the payment localities that match all that is given: state, contractor, locality."""

        def read(row: _Row) -> Locality:
            number, place, of_state, name, work, expense, malpractice = row.cells
            return Locality(
                contractor=str(number),
                locality=str(place),
                state=str(of_state),
                name=str(name),
                work=_decimal(work),
                practice_expense=_decimal(expense),
                malpractice=_decimal(malpractice),
                edition=row.edition,
                fits=row.fits,
            )

        return self._read("localities", day, {"state": state, "contractor": contractor, "locality": locality}, read)

    def zip_code(self, zip5: str, day: date) -> ZipCode | None:
        """Return the contractor and locality of a five-digit ZIP code."""

        def read(row: _Row) -> ZipCode:
            _, state, contractor, locality, plus_four = row.cells
            return ZipCode(zip5, str(state), str(contractor), str(locality), bool(plus_four), row.edition, row.fits)

        return _only(self._read("zip-codes", day, {"zip5": zip5}, read))

    def places_of(self, state: str, day: date) -> set[tuple[str, str]]:
        """Return the contractors and localities of a state's ZIP codes; a suburb may have another state's locality."""
        return {*self._read("zip-codes", day, {"state": state}, lambda row: (str(row.cells[2]), str(row.cells[3])))}

    def factors(self, day: date) -> tuple[Factor, ...]:
        """Return the conversion factors for a day, one per participation; empty if none is on file."""
        return self._factors.once(day, lambda: self._read_factors(day))

    def _read_factors(self, day: date) -> tuple[Factor, ...]:
        number = as_number(day)
        found: dict[str, Factor] = {}
        for held in sorted(self._of("conversion-factors"), key=lambda each: not each.source.imported):
            query = "SELECT * FROM factors WHERE part = ? AND first <= ? AND last >= ?"
            with held.source.reads():
                for part in held.parts:
                    for row in held.source.connection.execute(query, (part.part, number, number)):
                        factor = _factor(held, row[1:])
                        found.setdefault(factor.participation, factor)
        return tuple(found[key] for key in ("single", "non_qpp", "qpp") if key in found)

    def add_ons(self, code: str, day: date) -> AddOn | None:
        """Return the primary codes of an add-on code; None if the table does not list it as one."""

        def read(row: _Row) -> AddOn:
            return AddOn(code, (str(row.cells[1]),), _whole(row.cells[2]), row.edition, row.fits)

        listed = self._read("add-on-codes", day, {"code": code}, read)
        if not listed:
            return None
        primaries = tuple(sorted(primary for each in listed for primary in each.primaries))
        return msgspec.structs.replace(listed[0], primaries=primaries)

    def level2(self, code: str, day: date) -> LevelTwo | None:
        """Return a HCPCS Level II code or modifier; only imported files have them."""

        def read(row: _Row) -> LevelTwo:
            _, short, long, coverage, added, changed, ends, action = row.cells
            first, since, last = (as_day(_whole(each)) for each in (added, changed, ends))
            return LevelTwo(
                code, str(short), str(long), str(coverage), first, since, last, str(action), row.edition, row.fits
            )

        return _only(self._read("hcpcs", day, {"code": code}, read))

    def therapy(self, code: str, day: date) -> TherapyCode | None:
        """Return whether and how Medicare counts a code as therapy."""

        def read(row: _Row) -> TherapyCode:
            _, disposition, modifiers, certainty = map(str, row.cells)
            return TherapyCode(code, disposition, tuple(modifiers.split()), certainty, row.edition, row.fits)

        return _only(self._read("therapy-codes", day, {"code": code}, read))


def open_tables(store: Path | None = None, shipped_alone: bool = False) -> Tables:
    """Return the shipped tables with the user's imports over them, from `store` or the folder in CPT_DATA.

    Raises StoreUnusable or StoreNewer if the user's store cannot be read.
    """
    from .shipped import open_shipped

    sources = [_Source(open_shipped(), open_shipped, "the tables that came with cpt", imported=False)]
    if not shipped_alone:
        with suppress(NoHome):
            store = store or store_path()
        if store and (own := reading(store)):
            sources.insert(0, _Source(own, partial(reading, store), str(store), imported=True))
    return Tables(sources)


def _only(found: tuple[T, ...]) -> T | None:
    """Return the one row found by a whole key, or None."""
    return found[0] if found else None


def _unordered(one: str, other: str) -> tuple[str, str]:
    return (one, other) if one < other else (other, one)


def _by_date(pair: Pair) -> tuple[str, date, date]:
    return pair.column1, pair.effective or date.min, pair.deletion or date.max


def _by_codes(held: Held, codes: Sequence[str]) -> dict[tuple[str, str], tuple[Pair, ...]]:
    """Every edit among some codes, by its two codes and in the order of its dates."""
    found: dict[tuple[str, str], list[Pair]] = {}
    with held.source.reads():
        for pair in _pairs(held, codes):
            found.setdefault(_unordered(pair.column1, pair.column2), []).append(pair)
    return {codes: tuple(sorted(pairs, key=_by_date)) for codes, pairs in found.items()}


def _pairs(held: Held, codes: Sequence[str]) -> Iterator[Pair]:
    """Yield every edit with both codes among these."""
    kinds = {part.part: msgspec.json.decode(part.kinds or "[]", type=list[Kind]) for part in held.parts}
    rows = held.source.connection.execute(
        f"SELECT part, column1, pairs FROM edits WHERE part IN ({_marks(kinds)}) AND column1 IN ({_marks(codes)})",
        (*kinds, *codes),
    )
    for part, column1, pairs in rows:
        for code in codes:
            for _, column2, effective, deletion, indicator, rationale in unpacked(column1, pairs, kinds[part], code):
                yield Pair(column1, column2, effective, deletion, str(indicator), rationale, held.edition.first)


def _marks(values: Collection[object]) -> str:
    """Return the placeholders for values in a query."""
    return ", ".join("?" * len(values))


def _factor(held: Held, row: tuple[object, ...]) -> Factor:
    participation, first, factor, last, evidence, confidence, sources = row
    known_first, known_last = as_day(_whole(first)), as_day(_whole(last))
    if participation not in ("single", "non_qpp", "qpp") or known_first is None or known_last is None:
        raise ValueError(f"factor {row}")
    return Factor(
        factor=_decimal(factor),
        participation=participation,
        first=known_first,
        last=known_last,
        evidence=str(evidence),
        confidence=str(confidence),
        sources=tuple(str(sources).split()),
        edition=held.edition,
    )


def _decimal(text: object) -> "Decimal":
    from decimal import Decimal  # only answers with amounts need it

    number = Decimal(str(text))
    if not str(text).isascii() or not number.is_finite() or number < 0 or number.adjusted() > 6:
        raise ValueError(f"{text!r} where an amount belongs")
    return number


def _whole(number: object) -> int:
    if isinstance(number, int) and number >= 0:
        return number
    raise TypeError(f"{number!r} where a number belongs")
