"""CMS's tables in rules/tables/ -> facts of codes and payers, so that no number is typed twice."""

import csv
import hashlib
import io
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date

from msgspec import structs

from ..model.codes import Code, MedicareStatus, StatusSpan
from ..model.tables import Table
from .entries import Entries
from .table_ids import EQUIPMENT_UNITS, FEE_SCHEDULES, UNITS

TABLES = "tables/tables.yaml"
_EDITS = ("column1", "column2", "effective", "deletion", "indicator", "rationale")
_UNITS = ("code", "maximum", "adjudication", "rationale")
_FEES = (
    "code", "modifier", "release", "from", "to", "status", "used_by_medicare", "work", "practice_expense",
    "non_facility_na", "facility_practice_expense", "facility_na", "malpractice", "multiple_procedure", "pctc",
)  # fmt: skip
COLUMNS = {  # the columns of each table's file
    "medicare-fee-schedule": _FEES,
    "medicare-fee-schedule-2026": _FEES,
    "medicare-localities": (
        "release", "from", "to", "contractor", "locality", "state", "name", "work", "practice_expense", "malpractice",
    ),
    "medicare-conversion-factors": (
        "from", "to", "factor", "participation", "evidence", "confidence", "taken_from", "sources",
    ),
    "medicare-zip-codes": ("zip5", "state", "contractor", "locality", "plus_four"),
    "medicare-edits": _EDITS,
    "medicare-edits-outpatient": _EDITS,
    "medicare-add-on-codes": ("code", "primary", "type"),
    "medicare-units": _UNITS,
    "medicare-units-2026": _UNITS,
    "medicare-units-outpatient": _UNITS,
    "medicare-units-outpatient-2026": _UNITS,
    "medicare-units-equipment": _UNITS,
    "medicare-therapy": ("code", "disposition", "modifiers", "certainty"),
    "medicare-contractors": (
        "state", "part_b_contractor_number", "jurisdiction", "equipment_jurisdiction", "part_of_state", "note",
    ),
}  # fmt: skip


def apply_tables(parts: Entries) -> None:
    """Add the facts of the tables to codes and payers; a wrong row, hash or column is a problem."""
    for table in parts.tables.values():
        if table.id not in COLUMNS:
            parts.problem(f"table:{table.id}", f"no use for a table {table.id!r}", ", ".join(COLUMNS), "rename it")
    for name in parts.table_files.keys() - {table.file for table in parts.tables.values()}:
        parts.problem(f"tables/{name}", "a table that tables.yaml does not name", "an entry there", "add it")
    rows = {key: _rows(parts, key) for key in COLUMNS}
    _statuses(parts, (row for key in FEE_SCHEDULES for row in rows[key]))
    equipment = {row["code"]: row for row in rows[EQUIPMENT_UNITS] if _is_equipment(parts, row["code"])}
    _units(parts, EQUIPMENT_UNITS, equipment)
    newest = {row["code"]: (key, row) for key in UNITS for row in rows[key] if row["code"] not in equipment}
    for edition in UNITS:
        _units(parts, edition, {code: row for code, (key, row) in newest.items() if key == edition})
    _therapy(parts, rows["medicare-therapy"])
    _contractors(parts, rows["medicare-contractors"])


def _rows(parts: Entries, key: str) -> Iterable[dict[str, str]]:
    """Return the rows of a table, read when needed; none if the table is wrong, which is a problem."""
    table = parts.tables.get(key)
    if table is None:
        return ()
    place = f"table:{key}"
    content = parts.table_files.get(table.file)
    if content is None:
        parts.problem(place, f"no file {table.file!r} in tables/", "the table's file", "add it, or fix 'file'")
        return ()
    if hashlib.sha256(content).hexdigest() != table.sha256:
        parts.problem(place, f"{table.file} is not the file with this hash", table.sha256, "review what changed")
        return ()
    reader = csv.DictReader(io.StringIO(content.decode("utf-8", "replace")))
    if tuple(reader.fieldnames or ()) != COLUMNS[key]:
        parts.problem(place, f"{table.file} has other columns", ", ".join(COLUMNS[key]), "fix its first row")
        return ()
    return _sound(parts, table, reader)


def _sound(parts: Entries, table: Table, reader: "csv.DictReader[str]") -> Iterator[dict[str, str]]:
    """Yield the rows with valid cells; any other row is a problem."""
    for row in reader:
        if odd := [name for name, fits in _CELLS.items() if name in row and not fits(row[name])]:
            what = f"row {reader.line_num} of {table.file} has {', '.join(f'{name} {row[name]!r}' for name in odd)}"
            parts.problem(f"table:{table.id}", what, "a day like 2026-01-31, or a number from 0", "fix the row")
        elif None in row or None in row.values():
            what = f"row {reader.line_num} of {table.file} has more or fewer cells than its first"
            parts.problem(f"table:{table.id}", what, f"{len(COLUMNS[table.id])} cells", "fix the row")
        else:
            yield row


def _is_day(cell: str | None) -> bool:
    try:
        return date.fromisoformat(cell or "") is not None
    except ValueError:
        return False


def _is_whole(cell: str | None) -> bool:
    return re.fullmatch("[0-9]{1,6}", cell or "") is not None


def _is_amount(cell: str | None) -> bool:
    return re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,6})?", cell or "") is not None


_CELLS: dict[str, Callable[[str | None], bool]] = {
    "from": _is_day,
    "to": _is_day,
    "maximum": _is_whole,
    "factor": _is_amount,
    "work": _is_amount,
    "practice_expense": _is_amount,
    "facility_practice_expense": _is_amount,
    "malpractice": _is_amount,
}


def _statuses(parts: Entries, rows: Iterable[dict[str, str]]) -> None:
    spans: dict[str, list[StatusSpan]] = {}
    for row in rows:
        if row["modifier"]:
            continue  # the professional and technical components have the status of the whole code
        span = StatusSpan(row["status"], date.fromisoformat(row["from"]), date.fromisoformat(row["to"]), row["release"])
        earlier = spans.setdefault(row["code"], [])
        if earlier and earlier[-1].status == span.status and (span.first - earlier[-1].last).days == 1:
            earlier[-1] = structs.replace(earlier[-1], last=span.last, release=span.release)
        else:
            earlier.append(span)
    for code, history in spans.items():
        _with_medicare(parts, code, history=tuple(history))


def _therapy(parts: Entries, rows: Iterable[dict[str, str]]) -> None:
    table = parts.tables.get("medicare-therapy")
    for row in rows:
        known = parts.codes.get(row["code"])
        therapy = known.medicare.therapy if known and known.medicare else None
        if known and therapy and table:
            updated = structs.replace(therapy, disposition=row["disposition"], edition=table.edition)
            _with_medicare(parts, known.code, therapy=updated)


def _with_medicare(parts: Entries, code: str, **changed: object) -> None:
    known = parts.codes.get(code)
    if known is None:
        return
    medicare = known.medicare or MedicareStatus()
    if "history" in changed and medicare.status is not None:
        parts.problem(f"code:{code}", "a status that the table has too", "the table alone", "delete 'status'")
    parts.codes[code] = structs.replace(known, medicare=structs.replace(medicare, **changed))


def _is_equipment(parts: Entries, code: str) -> bool:
    known = parts.codes.get(code)
    return known is not None and known.coding_verification


def _units(parts: Entries, key: str, rows: dict[str, dict[str, str]]) -> None:
    """Add the unit limits of a table to codes: those for home equipment, or those for practitioners."""
    table = parts.tables.get(key)
    for code, row in rows.items():
        known: Code | None = parts.codes.get(code)
        if known is None or known.units is None or table is None:
            continue
        if known.units.medicare_maximum is not None:
            where = f"code:{known.code}"
            parts.problem(where, "a maximum that the table has too", "the table alone", "delete 'medicare_maximum'")
        units = structs.replace(
            known.units,
            medicare_maximum=int(row["maximum"]),
            maximum_reason=row["rationale"],
            maximum_edition=table.edition,
        )
        parts.codes[known.code] = structs.replace(known, units=units)


def _contractors(parts: Entries, rows: Iterable[dict[str, str]]) -> None:
    """Add the states of each jurisdiction; parts of a state with another contractor are left to a caveat."""
    states: dict[str, list[str]] = {}
    for row in rows:
        if row["part_of_state"] == "no":
            for jurisdiction in (row["jurisdiction"], row["equipment_jurisdiction"]):
                known = states.setdefault(jurisdiction, [])
                if row["state"] not in known:
                    known.append(row["state"])
    for payer in list(parts.payers.values()):
        listed = states.get(payer.jurisdiction or "")
        if listed is None:
            continue
        if payer.states:
            parts.problem(f"payer:{payer.id}", "states that the table has too", "the table alone", "delete 'states'")
        parts.payers[payer.id] = structs.replace(payer, states=tuple(sorted(listed)))
