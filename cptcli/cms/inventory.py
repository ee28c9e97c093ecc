"""What is on file: list it, remove editions, verify the store."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import date
from difflib import get_close_matches
from pathlib import Path

import msgspec

from ..errors import CptError, UnknownName
from ..model.data import Inventory, StoredTable, Verified, VerifiedPart
from .editions import StoredEdition, read_days, read_holds
from .store import ROWS_OF, Part, reading, tables_of, user_error, writing
from .store_changes import parts_of, transaction
from .store_rows import fingerprint, remove_part, seal
from .tables import open_tables


class NotImported(CptError):
    """An edition that ships with cpt and cannot be removed."""

    def __init__(self, edition: str) -> None:
        super().__init__(
            f"{edition} came with cpt and cannot be removed. An import of the same edition replaces it in answers."
        )


def inventory(store: Path) -> Inventory:
    """Return the imported tables, then the shipped ones. Raises StoreUnusable and StoreNewer."""
    with open_tables(store) as tables:
        lines = tuple(map(_listed, tables.stored()))
    return Inventory(str(store), store.stat().st_size if store.exists() else None, lines)


def _listed(stored: StoredEdition) -> StoredTable:
    with stored.source.reads():
        return StoredTable(
            id=stored.edition.id,
            table=stored.edition.table,
            claim=stored.edition.claim,
            edition=stored.edition.edition,
            first=stored.edition.first,
            last=stored.edition.last,
            imported=stored.edition.imported,
            rows=sum(part.row_count for part in stored.parts),
            holds=stored.in_words(),
            files=tuple(dict.fromkeys(part.file for part in stored.parts)),
            imported_on=_newest(stored.parts),
            source=stored.edition.source,
            caveat=stored.edition.caveat,
        )


def _newest(parts: Sequence[Part]) -> date | None:
    days = [part.imported_on for part in parts if part.imported_on]
    return date.fromisoformat(max(days)) if days else None


def remove(editions: Sequence[str], store: Path) -> None:
    """Remove editions from the store, all or none. Raises UnknownName, NotImported and the errors of the store."""
    with open_tables(store) as tables:
        stored = {each.id: each.imported for each in reversed(tables.editions())}
    for each in editions:
        if each not in stored:
            near = get_close_matches(each, [key for key, imported in stored.items() if imported], 4)
            raise UnknownName("edition", each, near, "List the imported editions: cpt data list")
        if not stored[each]:
            raise NotImported(each)
    with closing(writing(store)) as connection:
        with transaction(connection, store):
            for each in editions:
                for part in parts_of(connection, each):
                    (of,) = connection.execute("SELECT of FROM editions WHERE id = ?", (each,)).fetchone()
                    remove_part(connection, of, part.part)
        try:
            connection.execute("VACUUM")  # frees disk space; it needs some itself, so a failure is fine
        except sqlite3.Error:
            return


def verify(store: Path) -> Verified:
    """Read the whole store again and return every difference from what the imports recorded.

    Covers everything an answer uses: the rows, the editions with their days, and which rows belong to which edition.
    """
    own = reading(store)
    if own is None:
        return Verified(str(store), (), ())
    with closing(own) as connection:
        try:
            return Verified(str(store), tuple(_verified(connection)), tuple(_unsound(connection)))
        except sqlite3.Error as error:
            raise user_error(error, str(store)) from None


def _verified(connection: sqlite3.Connection) -> Iterator[VerifiedPart]:
    if not connection.execute("PRAGMA user_version").fetchone()[0]:
        return
    for key, of, *cells in connection.execute(
        "SELECT editions.id, editions.of, parts.* FROM parts JOIN editions ON parts.edition = editions.number "
        "ORDER BY editions.id, parts.first_key"
    ).fetchall():
        part = Part(*cells)
        problem, again = None, f"run cpt data remove {key}, then import its files again"
        try:
            if of not in ROWS_OF:
                problem = "cpt does not know this table"
            elif fingerprint(connection, ROWS_OF[of], part.part, part.kinds) != (
                part.rows_sha256,
                part.row_count,
                part.first_key,
                part.last_key,
            ):
                problem = f"its rows are not those that were imported; {again}"
            elif part.rows_sha256 + seal(connection, part) != part.sha256:
                problem = f"its edition, days or file name are not those that were imported; {again}"
        except (sqlite3.Error, ValueError, TypeError, AttributeError) as error:
            problem = f"it cannot be read ({error})"
        yield VerifiedPart(key, part.file, part.row_count, problem)


def _unsound(connection: sqlite3.Connection) -> Iterator[str]:
    for (line,) in connection.execute("PRAGMA integrity_check(20)"):
        if line != "ok":
            yield str(line)
    if not connection.execute("PRAGMA user_version").fetchone()[0]:
        return
    for table in tables_of(connection):
        (count,) = connection.execute(
            f"SELECT count(*) FROM {table} WHERE part NOT IN (SELECT part FROM parts)"
        ).fetchone()
        if count:
            yield f"{count:,} rows of {table} belong to no import"
    for what, among, belongs in (
        ("parts", "edition NOT IN (SELECT number FROM editions)", "belong to no edition"),
        ("editions", "number NOT IN (SELECT edition FROM parts)", "have no rows"),
    ):
        (count,) = connection.execute(f"SELECT count(*) FROM {what} WHERE {among}").fetchone()
        if count:
            yield f"{count:,} {what} {belongs}"
    yield from _unreadable(connection)


def _unreadable(connection: sqlite3.Connection) -> Iterator[str]:
    """Yield what in the editions would make every answer fail."""
    for key, of, first, last, holds in connection.execute("SELECT id, of, first, last, holds FROM editions"):
        try:
            read_days(of, first, last)
            read_holds(holds)
        except (ValueError, TypeError, msgspec.MsgspecError) as error:
            yield f"the edition {key} cannot be read ({error}): no answer can use this store"
    for file, imported_on in connection.execute("SELECT file, imported_on FROM parts WHERE imported_on IS NOT NULL"):
        try:
            date.fromisoformat(imported_on)
        except (ValueError, TypeError) as error:
            yield f"the import date of {file} cannot be read ({error})"
