"""CMS's tables as a claim needs them: the shipped and the imported ones through one interface.

Every answer names its edition and how that edition fits the date of service. The date picks the quarter; an imported
edition wins over a shipped one. A missing row is None or empty; `covered` and `knows` say whether that means that CMS
publishes nothing.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import msgspec

from ..bounded_cache import BoundedCache
from .editions import OpenStore, StoredEdition, choose, is_for_day
from .entries import (
    AddOn,
    Claim,
    Edition,
    Factor,
    Fit,
    LevelTwo,
    Locality,
    Maximum,
    Pairs,
    RelativeValues,
    TherapyCode,
    ZipCode,
)
from .pair_rows import edits_among, placeholders, unordered
from .store import ROWS_OF, NoHome, as_day, as_number, reading, store_path

if TYPE_CHECKING:
    from decimal import Decimal

T = TypeVar("T")


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

    def __init__(self, sources: Sequence[OpenStore]) -> None:
        self._sources = sources
        self._by_table: dict[tuple[str, str | None], list[StoredEdition]] = {}
        self._kept: BoundedCache[tuple[object, ...], tuple[Any, ...]] = BoundedCache()
        self._editions_on: BoundedCache[tuple[str, str | None, date, bool], tuple[StoredEdition | None, Fit]] = (
            BoundedCache()
        )

    def __enter__(self) -> "Tables":
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the stores."""
        for source in self._sources:
            source.close()

    def stored(self) -> tuple[StoredEdition, ...]:
        """Return every edition on file by table and day, the imported ones first."""
        return tuple(stored for source in self._sources for stored in source.editions())

    def editions(self) -> tuple[Edition, ...]:
        """Return the same editions without their parts, in the same order."""
        return tuple(each.edition for each in self.stored())

    def releases(self) -> tuple[Edition, ...]:
        """Return the editions of the fee schedule on file, oldest first."""
        stored = (each.edition for each in self._of("fee-schedule"))
        return tuple(sorted(stored, key=lambda edition: (edition.first, edition.imported)))

    def edition_on(self, table: str, day: date, claim: Claim | None = None) -> tuple[Edition | None, Fit]:
        """Return the edition of a table to use for a day, and how it fits."""
        stored, fits = self._chosen(table, claim, day, dated=table == "ncci-edits")
        return stored and stored.edition, fits

    def knows(self, table: str, code: str, day: date, claim: Claim | None = None) -> bool:
        """Return whether the edition for a day has all that CMS published about a code: then no row means none.

        For pairs, see `Pairs.covered`.
        """
        stored, _ = self._chosen(table, claim, day)
        return stored is not None and stored.lists(code)

    def _chosen(
        self, table: str, claim: Claim | None, day: date, dated: bool = False
    ) -> tuple[StoredEdition | None, Fit]:
        key = (table, claim, day, dated)
        return self._editions_on.once(key, lambda: choose(self._of(table, claim), day, dated))

    def _of(self, table: str, claim: Claim | None = None) -> list[StoredEdition]:
        if (table, claim) not in self._by_table:
            self._by_table[table, claim] = [
                stored
                for source in self._sources
                for stored in source.editions()
                if (stored.edition.table, stored.edition.claim) == (table, claim)
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
        stored, fits = self._chosen(table, claim, day)
        rows = self._rows(table, stored, fits, wanted, read)
        key = next(iter(wanted.values()), None)
        if not rows and stored and key and not stored.lists(key):
            other, fits = choose([each for each in editions if each.lists(key)], day)
            return self._rows(table, other, fits, wanted, read)
        if not rows and stored and key and stored.source.imported:
            others = [
                each for each in editions if each is not stored and is_for_day(each.edition, day) and each.lists(key)
            ]
            other, fits = choose(others, day)
            return self._rows(table, other, fits, wanted, read)
        return rows

    def _rows(
        self, table: str, stored: StoredEdition | None, fits: Fit, wanted: dict[str, str], read: Callable[[_Row], T]
    ) -> tuple[T, ...]:
        """Return the rows of one edition for a key; each key of an edition is read only once."""
        if stored is None:
            return ()
        key = (stored.edition.id, stored.source.imported, fits, *wanted.items())
        return self._kept.once(key, lambda: tuple(dict.fromkeys(self._read_rows(table, stored, fits, wanted, read))))

    def _read_rows(
        self, table: str, stored: StoredEdition, fits: Fit, wanted: dict[str, str], read: Callable[[_Row], T]
    ) -> tuple[T, ...]:
        query = f"SELECT * FROM {ROWS_OF[table]} WHERE part IN ({placeholders(stored.parts)})" + "".join(
            f" AND {name} = ?" for name in wanted
        )
        with stored.source.reads():
            rows = stored.source.connection.execute(query, (*(part.part for part in stored.parts), *wanted.values()))
            return tuple(read(_Row(stored.edition, fits, row[1:])) for row in rows)

    def pairs(self, claim: Claim, one: str, other: str, day: date) -> Pairs:
        """Return the edits between two codes, in either order."""
        return self.pairs_among(claim, (one, other), day).get(unordered(one, other)) or Pairs(None, "none", (), False)

    def pairs_among(self, claim: Claim, codes: Sequence[str], day: date) -> dict[tuple[str, str], Pairs]:
        """Return the edits among the codes of a day, by sorted pair; every pair once.

        A pair that the edition for the day does not cover is looked up in the next best edition that does.
        """
        several = sorted({*codes})
        editions = self._of("ncci-edits", claim)
        stored, fits = self._chosen("ncci-edits", claim, day, dated=True)
        found = self._edits_in(stored, fits, several, day)
        for (one, other), pairs in found.items():
            covering = [each for each in editions if each.covers_pair(one, other, day)]
            if not pairs.rows and not pairs.covered and covering:
                found.update(self._edits_in(*choose(covering, day, dated=True), [one, other], day))
        return found

    def _edits_in(
        self, stored: StoredEdition | None, fits: Fit, several: list[str], day: date
    ) -> dict[tuple[str, str], Pairs]:
        both = [(one, other) for position, one in enumerate(several) for other in several[position + 1 :]]
        rows = edits_among(stored, several) if stored else {}
        return {
            pair: Pairs(
                edition=stored and stored.edition,
                fits=fits,
                rows=rows.get(pair, ()),
                covered=stored is not None and stored.covers_pair(*pair, day),
            )
            for pair in both
        }

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
        number = as_number(day)
        found: dict[str, Factor] = {}
        for stored in sorted(self._of("conversion-factors"), key=lambda each: not each.source.imported):
            query = "SELECT * FROM factors WHERE part = ? AND first <= ? AND last >= ?"
            with stored.source.reads():
                for part in stored.parts:
                    for row in stored.source.connection.execute(query, (part.part, number, number)):
                        factor = _factor(stored, row[1:])
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

    sources = [OpenStore(open_shipped(), open_shipped, "the tables that came with cpt", imported=False)]
    if not shipped_alone:
        with suppress(NoHome):
            store = store or store_path()
        if store and (own := reading(store)):
            sources.insert(0, OpenStore(own, partial(reading, store), str(store), imported=True))
    return Tables(sources)


def _only(found: tuple[T, ...]) -> T | None:
    """Return the one row found by a whole key, or None."""
    return found[0] if found else None


def _factor(stored: StoredEdition, row: tuple[object, ...]) -> Factor:
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
        edition=stored.edition,
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
