"""Editions, parts and rows of a store: added, removed, read and hashed."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from datetime import date

import msgspec

from .edits import SIZE, Kind, merged
from .store import COLUMNS, KEYS, ROWS_OF, EditionRow, Part, Row, as_number


def add_edition(connection: sqlite3.Connection, edition: EditionRow) -> int:
    """Return the number of an edition, which is added if missing."""
    stored = connection.execute("SELECT number FROM editions WHERE id = ?", (edition.id,)).fetchone()
    if stored:
        if ROWS_OF[edition.of] == "coverage":  # an import in its place may keep the documents of other codes
            connection.execute("UPDATE editions SET holds = ? WHERE number = ?", (edition.holds, stored[0]))
        return int(stored[0])
    cursor = connection.execute(
        "INSERT INTO editions (id, of, claim, edition, first, last, caveat, source, holds) VALUES (?,?,?,?,?,?,?,?,?)",
        (
            edition.id,
            edition.of,
            edition.claim,
            edition.edition,
            as_number(edition.first),
            as_number(edition.last) or None,
            edition.caveat,
            edition.source,
            edition.holds,
        ),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def add_part(
    connection: sqlite3.Connection,
    edition: EditionRow,
    rows: Iterable[Row],
    file: str,
    day: date | None,
    kinds: Sequence[Kind] = (),
) -> Part:
    """Store the rows that one file has of an edition, and return the part; `kinds` is filled while edits are read.

    Raises sqlite3.IntegrityError on a duplicate key.
    """
    number = add_edition(connection, edition)
    table = ROWS_OF[edition.of]
    (highest,) = connection.execute("SELECT coalesce(max(part), 0) FROM parts").fetchone()
    part = highest + 1
    places, again = ", ".join("?" * len(COLUMNS[table])), ""
    if table == "edits":  # in a file out of CMS's order a code comes in several places
        connection.create_function("merged", 2, merged, deterministic=True)
        again = " ON CONFLICT DO UPDATE SET pairs = merged(pairs, excluded.pairs)"
    connection.executemany(f"INSERT INTO {table} VALUES ({part}, {places}){again}", rows)
    listed = msgspec.json.encode(kinds).decode() if table == "edits" else None
    sha256, count, first, last = fingerprint(connection, table, part, listed)
    made = Part(part, number, first, last, count, sha256, file, day.isoformat() if day else None, listed)
    made = made._replace(sha256=sha256 + seal(connection, made))
    connection.execute(f"INSERT INTO parts VALUES ({', '.join('?' * len(made))})", made)
    return made


def remove_part(connection: sqlite3.Connection, table: str, part: int) -> None:
    """Remove a part, and its edition if that was the last part."""
    connection.execute(f"DELETE FROM {ROWS_OF[table]} WHERE part = ?", (part,))
    connection.execute("DELETE FROM parts WHERE part = ?", (part,))
    connection.execute("DELETE FROM editions WHERE number NOT IN (SELECT edition FROM parts)")


def rows_of_part(connection: sqlite3.Connection, table: str, part: int) -> Iterator[Row]:
    """Yield the rows of a part in key order."""
    return connection.execute(
        f"SELECT {', '.join(COLUMNS[table])} FROM {table} WHERE part = ? "
        f"ORDER BY {', '.join(COLUMNS[table][: KEYS[table]])}",
        (part,),
    )


def seal(connection: sqlite3.Connection, part: Part) -> str:
    """Return the hash of all that a part and its edition say besides the rows: table, days, caveat, source, file."""
    import hashlib

    edition = connection.execute("SELECT * FROM editions WHERE number = ?", (part.edition,)).fetchone() or ()
    said = part._replace(part=0, edition=0, sha256=part.rows_sha256)  # the numbers differ between stores
    return hashlib.sha256(repr((edition[1:], tuple(said))).encode()).hexdigest()


def fingerprint(connection: sqlite3.Connection, table: str, part: int, kinds: str | None) -> tuple[str, int, str, str]:
    """Return the hash of a part's rows, how many rows the source has, and the first and last key."""
    import hashlib

    digest = hashlib.sha256(repr(kinds).encode())
    count, first, last = 0, "", ""
    for row in rows_of_part(connection, table, part):
        if table == "edits":
            digest.update(f"{row[0]} ".encode() + row[1])
            count += len(row[1]) // SIZE
        else:
            digest.update(repr(row).encode())
            count += 1
        last = str(row[0])
        first = first or last
    return digest.hexdigest(), count, first, last
