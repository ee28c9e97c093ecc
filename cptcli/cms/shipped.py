"""The shipped tables (rules/tables) in SQLite: built with the wheel, or on first use in a checkout."""

import re
import sqlite3
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import CptError
from .edits import Edit, Kind, packed
from .store import EditionRow, Row, StoreUnusable, as_number, checked, create, quarter_days, reading
from .store_rows import add_part

if TYPE_CHECKING:
    from ..model.tables import Table
    from ..rulebook.files import Files

BUILT = ".tables.sqlite"  # next to the rules in a wheel; a dot-file, so it is not read as a rule file
_TABLES = {  # id of a shipped table -> its table and claim type
    "medicare-fee-schedule": ("fee-schedule", None),
    "medicare-fee-schedule-2026": ("fee-schedule", None),
    "medicare-localities": ("localities", None),
    "medicare-conversion-factors": ("conversion-factors", None),
    "medicare-zip-codes": ("zip-codes", None),
    "medicare-edits": ("ncci-edits", "professional"),
    "medicare-edits-outpatient": ("ncci-edits", "institutional"),
    "medicare-add-on-codes": ("add-on-codes", None),
    "medicare-units": ("mue", "professional"),
    "medicare-units-2026": ("mue", "professional"),
    "medicare-units-outpatient": ("mue", "institutional"),
    "medicare-units-outpatient-2026": ("mue", "institutional"),
    "medicare-units-equipment": ("mue", "equipment"),
    "medicare-therapy": ("therapy-codes", None),
}


class TablesUnreadable(CptError):
    """The shipped tables do not fit together, as after an edit in a checkout."""

    def __init__(self, why: str) -> None:
        super().__init__(f"The tables that came with cpt cannot be read: {why}. See what to fix: cpt rules check")


def open_shipped() -> sqlite3.Connection:
    """Return the shipped tables, read-only. Raises TablesUnreadable."""
    package = Path(__file__).resolve().parent.parent
    try:
        if (package / "_rules").is_dir() and (built := reading(package / "_rules" / BUILT, immutable=True)):
            return built
    except CptError:
        pass  # rebuilt below from the files next to it
    from ..cache import code_hash, keep, kept
    from ..rulebook.compiled import shipped_folder
    from ..rulebook.files import Files

    files = Files(shipped_folder() / "tables")
    here = Path(__file__)
    code = code_hash(here, here.with_name("store.py"), here.with_name("store_rows.py"))
    name = f"{files.sha256}-{code}"
    encoded = kept(name, "tables")
    if encoded is not None:
        try:
            cached = _from_bytes(encoded)
            if cached.execute("PRAGMA user_version").fetchone()[0]:
                return cached
        except CptError:
            pass  # something else with a valid hash: rebuilt below
    encoded = compile_tables(files)
    keep(name, "tables", encoded)
    return _from_bytes(encoded)


def _from_bytes(encoded: bytes) -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    try:
        connection.deserialize(encoded)
        connection.execute("PRAGMA query_only = ON")
    except (sqlite3.Error, MemoryError, OverflowError) as error:  # for no bytes, and for too many
        raise StoreUnusable("the shipped tables", str(error)) from None
    return checked(connection, "the shipped tables")


def compile_tables(files: "Files") -> bytes:
    """Return rules/tables as the bytes of an SQLite database. Raises TablesUnreadable."""
    from ..rulebook.problem import Problem
    from ..rulebook.shapes import TableFile
    from ..rulebook.validate import Validator
    from ..rulebook.yaml_strict import Refused, read_tree

    problems: list[Problem] = []
    try:
        tree = read_tree(files.contents["tables.yaml"], "tables.yaml", problems)
        listed = Validator("tables.yaml", problems, lambda noun, node: None).validate(tree, TableFile)
    except (KeyError, Refused) as error:
        raise TablesUnreadable(f"tables.yaml: {error}") from None
    if problems or listed is None:
        raise TablesUnreadable("; ".join(map(str, problems)))
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("BEGIN")
    create(connection)
    for table in listed.tables:
        if table.id in _TABLES:
            try:
                for edition, rows in _editions(table, _records(files, table)):
                    kinds: list[Kind] = []
                    if edition.of == "ncci-edits":
                        rows = [*packed(map(Edit._make, rows), kinds)]
                    add_part(connection, edition, rows, table.file, None, kinds)
            except (KeyError, ValueError, sqlite3.Error) as error:
                raise TablesUnreadable(f"{table.file}: {error}") from None
    connection.execute("COMMIT")
    return connection.serialize()


def _records(files: "Files", table: "Table") -> list[dict[str, str]]:
    import csv
    import io

    return [*csv.DictReader(io.StringIO(files.contents[table.file].decode("utf-8")))]


def _editions(table: "Table", records: list[dict[str, str]]) -> Iterator[tuple[EditionRow, list[Row]]]:
    """Yield the editions of a shipped table with their rows; rulebook/cms_facts.py lists the columns."""
    import msgspec

    of, claim = _TABLES[table.id]
    holds = msgspec.json.encode(table.holds).decode() if table.holds else None
    source = " ".join(table.sources)
    if "release" in records[0]:  # a table of several editions
        rows: dict[tuple[str, str, str], list[Row]] = {}
        for each in records:
            key = (each["release"], each["from"], each["to"])
            rows.setdefault(key, []).append(_fees(each) if of == "fee-schedule" else _locality(each))
        for (release, start, end), its_rows in rows.items():
            name = release if of == "fee-schedule" else f"{start[:4]} ({release})"
            span = (date.fromisoformat(start), date.fromisoformat(end))
            yield EditionRow(of, claim, name, *span, table.caveat, source, holds), its_rows
        return
    name, first, last = table.edition, table.effective, None
    if quarter := re.match("[0-9]{4} Q[1-4]", table.edition):
        name = quarter[0]
        first, last = quarter_days(name)
    elif re.fullmatch("[0-9]{4}", table.edition):
        last = date(int(table.edition), 12, 31)
    yield EditionRow(of, claim, name, first, last, table.caveat, source, holds), [_plain(of, each) for each in records]


def _fees(each: dict[str, str]) -> Row:
    return (
        each["code"], each["modifier"], each["status"], each["used_by_medicare"] == "yes", each["work"],
        each["practice_expense"], each["non_facility_na"] == "yes", each["facility_practice_expense"],
        each["facility_na"] == "yes", each["malpractice"], each["multiple_procedure"], each["pctc"],
    )  # fmt: skip


def _locality(each: dict[str, str]) -> Row:
    return (
        each["contractor"], each["locality"], each["state"], each["name"], each["work"], each["practice_expense"],
        each["malpractice"],
    )  # fmt: skip


def _plain(of: str, each: dict[str, str]) -> Row:
    match of:
        case "ncci-edits":
            deletion = None if each["deletion"] == "none" else date.fromisoformat(each["deletion"])
            effective = date.fromisoformat(each["effective"]) if each["effective"] else None
            return each["column1"], each["column2"], effective, deletion, int(each["indicator"]), each["rationale"]
        case "mue":
            return each["code"], int(each["maximum"]), int(each["adjudication"]), each["rationale"]
        case "conversion-factors":
            first, last = (as_number(date.fromisoformat(each[name])) for name in ("from", "to"))
            return (
                each["participation"], first, each["factor"], last, each["evidence"], each["confidence"],
                each["sources"],
            )  # fmt: skip
        case "zip-codes":
            return each["zip5"], each["state"], each["contractor"], each["locality"], each["plus_four"] == "yes"
        case "add-on-codes":
            return each["code"], each["primary"], int(each["type"])
        case _:
            return each["code"], each["disposition"], each["modifiers"], each["certainty"]
