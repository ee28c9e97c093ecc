"""The SQLite form of CMS's tables: one schema for what ships and for what the user imports.

An edition is one table as published for some days; a part is what one file brought of it (CMS publishes the
procedure-to-procedure edits of a quarter in four). Every row belongs to a part, whose hash covers them all.

Days are stored as the number YYYYMMDD, decimals as the text that CMS printed, edits as edits.py packs them.
"""

import os
import re
import sqlite3
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from ..errors import BadValue, CptError, as_text
from .edits import SIZE, Kind, merged

_APPLICATION = 0x63707463  # PRAGMA application_id: the file is a store of cpt
_VERSION = 1  # PRAGMA user_version
_PATIENCE = 30.0  # seconds to wait for another process that is writing
_CACHE = 2 * 1024  # KiB that an import may keep in memory: rows come in the order of their keys
_HASH = 64  # hexadecimal digits of a SHA-256
UNKNOWN = 0  # a day that the source does not have
FILE = "cms.sqlite"
Row = tuple[Any, ...]

# What each table holds after its part. The first columns are its key, up to the number in KEYS.
COLUMNS: dict[str, tuple[str, ...]] = {
    "edits": ("column1", "pairs"),
    "units": ("code", "maximum", "adjudication", "rationale"),
    "relative_values": (
        "code", "modifier", "status", "used_by_medicare", "work", "practice_expense", "non_facility_na",
        "facility_practice_expense", "facility_na", "malpractice", "multiple_procedure", "pctc",
    ),
    "descriptors": ("code", "modifier", "descriptor"),
    "localities": ("contractor", "locality", "state", "name", "work", "practice_expense", "malpractice"),
    "factors": ("participation", "first", "factor", "last", "evidence", "confidence", "sources"),
    "zip_codes": ("zip5", "state", "contractor", "locality", "plus_four"),
    "add_ons": ("code", "primary_code", "type"),
    "level2": (
        "code", "short_description", "long_description", "coverage", "added", "changed", "ends", "action",
    ),
    "therapy": ("code", "disposition", "modifiers", "certainty"),
}  # fmt: skip
_KEYS = {
    "edits": 1, "units": 1, "relative_values": 2, "descriptors": 2, "localities": 2, "factors": 2, "zip_codes": 1,
    "add_ons": 2, "level2": 1, "therapy": 1,
}  # fmt: skip
ROWS_OF = {  # the table of an edition -> where its rows are
    "ncci-edits": "edits",
    "mue": "units",
    "fee-schedule": "relative_values",
    "descriptors": "descriptors",  # the AMA's words, only for a user who stated a license
    "localities": "localities",
    "conversion-factors": "factors",
    "zip-codes": "zip_codes",
    "add-on-codes": "add_ons",
    "hcpcs": "level2",
    "therapy-codes": "therapy",
}

_SCHEMA = (
    """CREATE TABLE editions (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, of TEXT NOT NULL, claim TEXT,
edition TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER, caveat TEXT, source TEXT, holds TEXT)""",
    """CREATE TABLE parts (part INTEGER PRIMARY KEY, edition INTEGER NOT NULL, first_key TEXT NOT NULL,
last_key TEXT NOT NULL, row_count INTEGER NOT NULL, sha256 TEXT NOT NULL, file TEXT NOT NULL, imported_on TEXT,
kinds TEXT)""",
    *(
        f"CREATE TABLE {table} (part INTEGER, {', '.join(columns)}, "
        f"PRIMARY KEY (part, {', '.join(columns[: _KEYS[table]])})){'' if table == 'edits' else ' WITHOUT ROWID'}"
        for table, columns in COLUMNS.items()
    ),
)


class EditionRow(NamedTuple):
    """An edition as it is stored."""

    of: str  # the table, a key of ROWS_OF
    claim: str | None
    edition: str
    first: date
    last: date | None
    caveat: str | None = None
    source: str | None = None
    holds: str | None = None  # JSON of model.Holds; None: whole, or as far as its parts go

    @property
    def id(self) -> str:
        """The name under which an edition is listed and removed."""
        words = re.findall("[a-z0-9]+", f"{self.of} {self.claim or ''} {self.edition}".lower())
        return "-".join(words)


class Part(NamedTuple):
    """What one file brought of an edition, as it is stored."""

    part: int
    edition: int
    first_key: str
    last_key: str
    row_count: int  # rows of the source
    sha256: str  # of its rows, and after it the seal over all else that an answer takes from the part
    file: str
    imported_on: str | None
    kinds: str | None  # of edits, as JSON: what their last byte counts

    @property
    def rows_sha256(self) -> str:
        """The hash of its rows alone: the same for the same rows, whenever and under whatever name they came."""
        return self.sha256[:_HASH]


class StoreUnusable(CptError):
    """A store of CMS's tables that cannot be read as what it should be."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(
            f"{where} cannot be used as a store of CMS's tables: {why}. Nothing was changed. Move it away (mv), then "
            "import CMS's files again: cpt data import FILE...",
            store=where,
            why=why,
        )


class StoreNewer(CptError):
    """A store that a newer version of this program wrote."""

    def __init__(self, where: str, version: int) -> None:
        super().__init__(
            f"{where} was written by a newer version of cpt (form {version}; this one reads form {_VERSION}). Nothing "
            "was changed. Update cpt, or name another folder with CPT_DATA.",
            store=where,
            version=version,
        )


class StoreBusy(CptError):
    """A store that another process keeps writing to."""

    def __init__(self, where: str) -> None:
        super().__init__(
            f"{where} is being written by another import, for longer than {_PATIENCE:.0f} seconds. Nothing was "
            "changed. Wait until it has ended, and run this again.",
            store=where,
        )


class StoreFull(CptError):
    """A store that could not be written."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(
            f"{where} could not be written: {why}. It is as it was before. Make room, or name another folder with "
            "CPT_DATA, and run this again.",
            store=where,
            why=why,
        )


class NoHome(StoreUnusable):
    """A user without a home folder, who named none: nothing can have been imported."""

    def __init__(self) -> None:
        super().__init__(FILE, "there is no home folder to keep it in; name a folder with CPT_DATA")


def store_path() -> Path:
    """Where the user's own tables are, or will be: in CPT_DATA, else in the folder for data of this user.

    Raises BadValue where CPT_DATA names something else than a folder, and NoHome.
    """
    if named := os.environ.get("CPT_DATA"):
        with suppress(OSError, ValueError):
            folder = Path(named)
            if folder.is_dir() or not (folder.exists() or folder.is_symlink()):
                return folder / FILE
        raise BadValue("CPT_DATA", as_text(named), "a folder, or one that can be made")
    base = os.environ.get("XDG_DATA_HOME") or os.environ.get("LOCALAPPDATA")
    try:
        return (Path(base) if base else Path.home() / ".local" / "share") / "cpt" / FILE
    except RuntimeError:
        raise NoHome from None


def as_number(day: date | None) -> int:
    """A day as it is stored."""
    return (day.year * 100 + day.month) * 100 + day.day if day else UNKNOWN


def as_day(number: int | None) -> date | None:
    """A stored day. Raises ValueError for what is none."""
    return date(number // 100 // 100, number // 100 % 100, number % 100) if number else None


def quarter_days(quarter: str) -> tuple[date, date]:
    """The first and the last day of a quarter like '2026 Q3'."""
    year, number = int(quarter[:4]), int(quarter[-1])
    following = date(year + number // 4, number % 4 * 3 + 1, 1)
    return date(year, number * 3 - 2, 1), date.fromordinal(following.toordinal() - 1)


# ------------------------------------------------------------------------------------------------------ opening


def _is_there(path: Path) -> bool:
    """Whether a store is at this path. Looks before anything is opened, since opening a pipe would never return.

    Raises StoreUnusable where something else is in its place, or in that of what SQLite keeps next to it.
    """
    for file in (path, *(path.with_name(f"{path.name}-{kept}") for kept in ("journal", "wal", "shm"))):
        try:
            found = file.stat()
        except FileNotFoundError:
            if dead := next((each for each in (file, *file.parents) if each.is_symlink() and not each.exists()), None):
                raise StoreUnusable(str(path), f"{dead} is a link that leads nowhere") from None
            continue
        except (OSError, ValueError) as error:
            raise StoreUnusable(str(path), getattr(error, "strerror", None) or str(error)) from None
        if not stat.S_ISREG(found.st_mode):
            what = "a folder" if stat.S_ISDIR(found.st_mode) else "a pipe or a device"
            raise StoreUnusable(str(path), f"{file.name} is {what}, not a file")
    return path.exists()


def reading(path: Path, immutable: bool = False) -> sqlite3.Connection | None:
    """An existing store, for reading alone; None where there is none.

    `immutable` promises that no process writes it, as in an installation. Raises StoreUnusable and StoreNewer.
    """
    if not _is_there(path):
        return None
    try:
        return _opened(path, "ro&immutable=1" if immutable else "ro")
    except StoreFull:  # an import was stopped in the middle, and only who may write can undo the half of it
        _opened(path, "rw").close()
        return _opened(path, "ro")


def _opened(path: Path, mode: str) -> sqlite3.Connection:
    try:
        uri = f"{path.absolute().as_uri()}?mode={mode}"
        connection = sqlite3.connect(uri, uri=True, timeout=_PATIENCE, isolation_level=None)
    except (OSError, ValueError, sqlite3.Error) as error:
        raise StoreUnusable(str(path), str(error)) from None
    try:
        return checked(connection, str(path))
    except BaseException:
        connection.close()
        raise


def checked(connection: sqlite3.Connection, where: str) -> sqlite3.Connection:
    """The connection, once it is known to lead to a store of this form; made safe against a hostile one."""
    try:
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA cell_size_check = ON")
        application, version = (
            connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")
        )
        held = [sql for (sql,) in connection.execute("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL")]
    except sqlite3.Error as error:
        raise told(error, where) from None
    except ValueError as error:  # a text that is none
        raise StoreUnusable(where, f"it is damaged ({error})") from None
    if not application and not version and not held:
        return connection  # an empty file: nothing was imported yet
    if application != _APPLICATION:
        raise StoreUnusable(where, "it is another program's file")
    if version > _VERSION:
        raise StoreNewer(where, version)
    if version != _VERSION or held != [*_SCHEMA]:
        raise StoreUnusable(where, "it holds other tables than a store does")
    return connection


def writing(path: Path) -> sqlite3.Connection:
    """The store for an import, made where there is none. Raises StoreUnusable, StoreNewer, StoreFull."""
    _is_there(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        connection = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None)
    except (OSError, ValueError, sqlite3.Error) as error:
        raise StoreFull(str(path), str(error)) from None
    try:
        checked(connection, str(path))
        connection.execute(f"PRAGMA cache_size = -{_CACHE}")
        return connection
    except sqlite3.Error as error:
        connection.close()
        raise told(error, str(path)) from None
    except BaseException:
        connection.close()
        raise


def create(connection: sqlite3.Connection) -> None:
    """Give a new store its tables; within the transaction of the caller."""
    if connection.execute("PRAGMA user_version").fetchone()[0]:
        return
    for statement in _SCHEMA:
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {_APPLICATION}")
    connection.execute(f"PRAGMA user_version = {_VERSION}")


def told(error: sqlite3.Error, where: str) -> CptError:
    """The error of a user that an error of SQLite is."""
    code = (getattr(error, "sqlite_errorcode", None) or sqlite3.SQLITE_ERROR) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StoreBusy(where)
    if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN):
        return StoreFull(where, str(error))
    return StoreUnusable(where, f"it is damaged ({error})")


# ------------------------------------------------------------------------------------------------------ rows


def add_edition(connection: sqlite3.Connection, edition: EditionRow) -> int:
    """The number of an edition, which is made where it is missing."""
    held = connection.execute("SELECT number FROM editions WHERE id = ?", (edition.id,)).fetchone()
    if held:
        return int(held[0])
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
    """Store the rows that one file brought of an edition; `kinds` is complete once the rows of edits have been read.

    Raises sqlite3.IntegrityError on a doubled key.
    """
    number = add_edition(connection, edition)
    table = ROWS_OF[edition.of]
    (highest,) = connection.execute("SELECT coalesce(max(part), 0) FROM parts").fetchone()
    part = highest + 1
    places, again = ", ".join("?" * len(COLUMNS[table])), ""
    if table == "edits":  # a file that is not in the order of CMS's has a code in several places
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
    """Take out a part, and its edition with the last one."""
    connection.execute(f"DELETE FROM {ROWS_OF[table]} WHERE part = ?", (part,))
    connection.execute("DELETE FROM parts WHERE part = ?", (part,))
    connection.execute("DELETE FROM editions WHERE number NOT IN (SELECT edition FROM parts)")


def rows_of_part(connection: sqlite3.Connection, table: str, part: int) -> Iterator[Row]:
    """The rows of a part in the order of their keys."""
    return connection.execute(
        f"SELECT {', '.join(COLUMNS[table])} FROM {table} WHERE part = ? "
        f"ORDER BY {', '.join(COLUMNS[table][: _KEYS[table]])}",
        (part,),
    )


def seal(connection: sqlite3.Connection, part: Part) -> str:
    """The hash of what a part and its edition say beside the rows: table, dates, caveat, file, what is in it."""
    import hashlib

    edition = connection.execute("SELECT * FROM editions WHERE number = ?", (part.edition,)).fetchone() or ()
    said = part._replace(part=0, edition=0, sha256=part.rows_sha256)  # the numbers are this store's own
    return hashlib.sha256(repr((edition[1:], tuple(said))).encode()).hexdigest()


def fingerprint(connection: sqlite3.Connection, table: str, part: int, kinds: str | None) -> tuple[str, int, str, str]:
    """Of a part: the hash of its rows, how many the source has, its first and its last key."""
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
