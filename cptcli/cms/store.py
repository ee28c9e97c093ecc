"""CMS's tables in SQLite: one schema for the shipped tables and the imported ones.

An edition is one table as published for some days. A part is the rows that one file has of it (CMS publishes the PTP
edits of a quarter in four files). Every row belongs to a part, and the part's hash covers its rows.

Days are stored as the number YYYYMMDD, decimals as the text that CMS printed, edits as packed by edits.py.
"""

import os
import re
import sqlite3
import stat
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import BadValue, CptError, as_text

_APPLICATION = 0x63707463  # PRAGMA application_id: marks the file as a store of cpt
_VERSION = 2  # PRAGMA user_version
_ADDED = {"coverage": 2}  # tables that came with a later version; an older store gets them with its next import
_PATIENCE = 30.0  # seconds to wait for another process that is writing
_CACHE = 2 * 1024  # KiB of cache during an import: rows come in key order
_HASH = 64  # hexadecimal digits of a SHA-256
UNKNOWN = 0  # a day that the source leaves out
FILE = "cms.sqlite"
Row = tuple[Any, ...]
# The columns of each table after its part. The first ones, as many as in KEYS, are its key.
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
    "coverage": ("id", "version", "kind", "number", "entries", "body"),  # coverage_records.py
}  # fmt: skip
KEYS = {
    "edits": 1, "units": 1, "relative_values": 2, "descriptors": 2, "localities": 2, "factors": 2, "zip_codes": 1,
    "add_ons": 2, "level2": 1, "therapy": 1, "coverage": 4,
}  # fmt: skip
ROWS_OF = {  # the table of an edition -> the SQL table with its rows
    "ncci-edits": "edits",
    "mue": "units",
    "fee-schedule": "relative_values",
    "descriptors": "descriptors",  # AMA text: only for a user who states a license
    "localities": "localities",
    "conversion-factors": "factors",
    "zip-codes": "zip_codes",
    "add-on-codes": "add_ons",
    "hcpcs": "level2",
    "therapy-codes": "therapy",
    "coverage-articles": "coverage",
    "coverage-lcds": "coverage",
    "coverage-ncds": "coverage",
}
_SCHEMA: tuple[str, ...] = (
    """CREATE TABLE editions (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, of TEXT NOT NULL, claim TEXT,
edition TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER, caveat TEXT, source TEXT, holds TEXT)""",
    """CREATE TABLE parts (part INTEGER PRIMARY KEY, edition INTEGER NOT NULL, first_key TEXT NOT NULL,
last_key TEXT NOT NULL, row_count INTEGER NOT NULL, sha256 TEXT NOT NULL, file TEXT NOT NULL, imported_on TEXT,
kinds TEXT)""",
    *(
        f"CREATE TABLE {table} (part INTEGER, {', '.join(columns)}, "
        f"PRIMARY KEY (part, {', '.join(columns[: KEYS[table]])}))"
        f"{'' if table in ('edits', 'coverage') else ' WITHOUT ROWID'}"
        for table, columns in COLUMNS.items()
    ),
)


class EditionRow(NamedTuple):
    """An edition, as stored."""

    of: str  # the table, a key of ROWS_OF
    claim: str | None
    edition: str
    first: date
    last: date | None
    caveat: str | None = None
    source: str | None = None
    holds: str | None = None  # JSON of model.tables.Holds; None: whole, or as far as its parts reach

    @property
    def id(self) -> str:
        """Return the name under which an edition is listed and removed."""
        words = re.findall("[a-z0-9]+", f"{self.of} {self.claim or ''} {self.edition}".lower())
        return "-".join(words)


class Part(NamedTuple):
    """The rows that one file has of an edition, as stored."""

    part: int
    edition: int
    first_key: str
    last_key: str
    row_count: int  # rows of the source
    sha256: str  # of its rows, followed by the seal over everything else an answer uses
    file: str
    imported_on: str | None
    kinds: str | None  # of edits, as JSON: the kinds that their last byte refers to

    @property
    def rows_sha256(self) -> str:
        """Return the hash of the rows alone: equal for equal rows, whatever the file name and import date."""
        return self.sha256[:_HASH]


class StoreUnusable(CptError):
    """A store of CMS's tables that is damaged or something else."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(
            f"{where} cannot be used as a store of CMS's tables: {why}. Nothing was changed. Move it away (mv), then "
            "import CMS's files again: cpt data import FILE...",
            store=where,
            why=why,
        )


class StoreNewer(CptError):
    """A store written by a newer version of cpt."""

    def __init__(self, where: str, version: int) -> None:
        super().__init__(
            f"{where} was written by a newer version of cpt (format {version}; this one reads format {_VERSION}). "
            "Nothing was changed. Update cpt, or name another folder with CPT_DATA.",
            store=where,
            version=version,
        )


class StoreBusy(CptError):
    """A store that another process is writing to."""

    def __init__(self, where: str) -> None:
        super().__init__(
            f"{where}: another import has been writing to it for more than {_PATIENCE:.0f} seconds. Nothing was "
            "changed. Wait for it to finish, then run this again.",
            store=where,
        )


class StoreFull(CptError):
    """A store that could not be written."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(
            f"{where} could not be written: {why}. It is unchanged. Free some disk space, or name another folder with "
            "CPT_DATA, then run this again.",
            store=where,
            why=why,
        )


class NoHome(StoreUnusable):
    """A user without a home folder and without CPT_DATA: nothing can have been imported."""

    def __init__(self) -> None:
        super().__init__(FILE, "there is no home folder for it; name a folder with CPT_DATA")


def store_path() -> Path:
    """Return the path of the user's store: in CPT_DATA, else in the user's data folder. It may not exist yet.

    Raises BadValue if CPT_DATA is not a folder, and NoHome.
    """
    if named := os.environ.get("CPT_DATA"):
        with suppress(OSError, ValueError):
            folder = Path(named)
            if folder.is_dir() or not (folder.exists() or folder.is_symlink()):
                return folder / FILE
        raise BadValue("CPT_DATA", as_text(named), "a folder, or the name of a new one")
    base = os.environ.get("XDG_DATA_HOME") or os.environ.get("LOCALAPPDATA")
    try:
        return (Path(base) if base else Path.home() / ".local" / "share") / "cpt" / FILE
    except RuntimeError:
        raise NoHome from None


def as_number(day: date | None) -> int:
    """Return a day as it is stored."""
    return (day.year * 100 + day.month) * 100 + day.day if day else UNKNOWN


def as_day(number: int | None) -> date | None:
    """Return a stored day, None for UNKNOWN. Raises ValueError if it is not a date."""
    return date(number // 100 // 100, number // 100 % 100, number % 100) if number else None


def quarter_days(quarter: str) -> tuple[date, date]:
    """Return the first and last day of a quarter such as '2026 Q3'."""
    year, number = int(quarter[:4]), int(quarter[-1])
    following = date(year + number // 4, number % 4 * 3 + 1, 1)
    return date(year, number * 3 - 2, 1), date.fromordinal(following.toordinal() - 1)


def _is_there(path: Path) -> bool:
    """Return whether a store is at this path. Checks before anything is opened: opening a pipe would hang.

    Raises StoreUnusable if a folder, a pipe, a device or a dead link is in its place, or in that of SQLite's own files.
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
    """Return an existing store, read-only; None if there is none.

    `immutable` promises that no process writes it, as in an installation. Raises StoreUnusable and StoreNewer.
    """
    if not _is_there(path):
        return None
    try:
        return _opened(path, "ro&immutable=1" if immutable else "ro")
    except StoreFull:  # an import was killed halfway: only a writable connection can roll it back
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
    """Return the connection after checking that it is a store of this format; hardened against a hostile file."""
    try:
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA cell_size_check = ON")
        application, version = (
            connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")
        )
        statements = [sql for (sql,) in connection.execute("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL")]
    except sqlite3.Error as error:
        raise user_error(error, where) from None
    except ValueError as error:  # text that is not UTF-8
        raise StoreUnusable(where, f"it is damaged ({error})") from None
    if not application and not version and not statements:
        return connection  # an empty file: nothing imported yet
    if application != _APPLICATION:
        raise StoreUnusable(where, "it is another program's file")
    if version > _VERSION:
        raise StoreNewer(where, version)
    if version < 1 or statements != [*_schema(version)]:
        raise StoreUnusable(where, "it has other tables than a store")
    return connection


def writing(path: Path) -> sqlite3.Connection:
    """Return the store for an import, created if missing. Raises StoreUnusable, StoreNewer, StoreFull."""
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
        raise user_error(error, str(path)) from None
    except BaseException:
        connection.close()
        raise


def _schema(version: int) -> tuple[str, ...]:
    """Return the statements that made the tables of a store of a version, in their order; none before the first."""
    later = tuple(f"CREATE TABLE {table} " for table, since in _ADDED.items() if since > version)
    return tuple(each for each in _SCHEMA if version and not each.startswith(later))


def tables_of(connection: sqlite3.Connection) -> tuple[str, ...]:
    """Return the tables with rows that a store has; an older store lacks the newest."""
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    return tuple(table for table in COLUMNS if version and _ADDED.get(table, 1) <= version)


def create(connection: sqlite3.Connection) -> None:
    """Create the tables that a new or older store lacks, inside the caller's transaction."""
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version == _VERSION:
        return
    for statement in _SCHEMA[len(_schema(version)) :]:
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {_APPLICATION}")
    connection.execute(f"PRAGMA user_version = {_VERSION}")


def user_error(error: sqlite3.Error, where: str) -> CptError:
    """Return the error to show the user for an error of SQLite."""
    code = (getattr(error, "sqlite_errorcode", None) or sqlite3.SQLITE_ERROR) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StoreBusy(where)
    if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN):
        return StoreFull(where, str(error))
    return StoreUnusable(where, f"it is damaged ({error})")
