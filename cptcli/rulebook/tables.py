"""CMS's tables under rules/tables/ -> the codes and payers they speak of, so that no number is typed a second time."""

import csv
import hashlib
from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING

from msgspec import structs

from ..model import Code, MedicareStatus, StatusSpan

if TYPE_CHECKING:
    from .load import Parts

TABLES = "tables/tables.yaml"
_COLUMNS = {
    "medicare-fee-schedule": ("code", "release", "from", "to", "status"),
    "medicare-units": ("code", "maximum", "adjudication", "rationale"),
    "medicare-therapy": ("code", "disposition", "certainty"),
    "medicare-contractors": (
        "state",
        "part_b_contractor_number",
        "jurisdiction",
        "equipment_jurisdiction",
        "part_of_state",
        "note",
    ),
}


def apply_tables(parts: "Parts") -> None:
    """Fill codes and payers from the tables; every row, hash or column that does not fit is a problem."""
    for table in parts.tables.values():
        if table.id not in _COLUMNS:
            parts.problem(f"table:{table.id}", f"no use for a table {table.id!r}", ", ".join(_COLUMNS), "rename it")
    for name in parts.table_files.keys() - {table.file for table in parts.tables.values()}:
        parts.problem(f"tables/{name}", "a table that tables.yaml does not name", "an entry there", "add it")
    _statuses(parts)
    _units(parts)
    _therapy(parts)
    _contractors(parts)


def _rows(parts: "Parts", key: str) -> Iterator[dict[str, str]]:
    table = parts.tables.get(key)
    if table is None:
        return
    place = f"table:{key}"
    content = parts.table_files.get(table.file)
    if content is None:
        parts.problem(place, f"no file {table.file!r} in tables/", "the table's file", "add it, or mend 'file'")
        return
    if hashlib.sha256(content).hexdigest() != table.sha256:
        parts.problem(
            place, f"{table.file} is not the file whose hash stands here", table.sha256, "look at what changed"
        )
        return
    reader = csv.DictReader(content.decode("utf-8").splitlines())
    if tuple(reader.fieldnames or ()) != _COLUMNS[key]:
        parts.problem(place, f"{table.file} has other columns", ", ".join(_COLUMNS[key]), "mend its first row")
        return
    yield from reader


def _statuses(parts: "Parts") -> None:
    spans: dict[str, list[StatusSpan]] = {}
    for row in _rows(parts, "medicare-fee-schedule"):
        span = StatusSpan(row["status"], date.fromisoformat(row["from"]), date.fromisoformat(row["to"]), row["release"])
        held = spans.setdefault(row["code"], [])
        if held and held[-1].status == span.status and (span.first - held[-1].last).days == 1:
            held[-1] = structs.replace(held[-1], last=span.last, release=span.release)
        else:
            held.append(span)
    for code, history in spans.items():
        _with_medicare(parts, code, history=tuple(history))


def _therapy(parts: "Parts") -> None:
    for row in _rows(parts, "medicare-therapy"):
        known = parts.codes.get(row["code"])
        therapy = known.medicare.therapy if known and known.medicare else None
        if known and therapy:
            _with_medicare(parts, known.code, therapy=structs.replace(therapy, disposition=row["disposition"]))


def _with_medicare(parts: "Parts", code: str, **changed: object) -> None:
    known = parts.codes.get(code)
    if known is None:
        return
    medicare = known.medicare or MedicareStatus()
    if "history" in changed and medicare.status is not None:
        parts.problem(f"code:{code}", "a status that the table holds too", "the table alone", "delete 'status'")
    parts.codes[code] = structs.replace(known, medicare=structs.replace(medicare, **changed))


def _units(parts: "Parts") -> None:
    table = parts.tables.get("medicare-units")
    for row in _rows(parts, "medicare-units"):
        known: Code | None = parts.codes.get(row["code"])
        if known is None or known.units is None or table is None:
            continue
        if known.units.medicare_maximum is not None:
            where = f"code:{known.code}"
            parts.problem(where, "a maximum that the table holds too", "the table alone", "delete 'medicare_maximum'")
        units = structs.replace(
            known.units,
            medicare_maximum=int(row["maximum"]),
            maximum_reason=row["rationale"],
            maximum_edition=table.edition,
        )
        parts.codes[known.code] = structs.replace(known, units=units)


def _contractors(parts: "Parts") -> None:
    """The states of each jurisdiction; part of a state belongs to another contractor only as a caveat says."""
    states: dict[str, list[str]] = {}
    for row in _rows(parts, "medicare-contractors"):
        if row["part_of_state"] == "no":
            for jurisdiction in (row["jurisdiction"], row["equipment_jurisdiction"]):
                held = states.setdefault(jurisdiction, [])
                if row["state"] not in held:
                    held.append(row["state"])
    for payer in list(parts.payers.values()):
        listed = states.get(payer.jurisdiction or "")
        if listed is None:
            continue
        if payer.states:
            parts.problem(f"payer:{payer.id}", "states that the table holds too", "the table alone", "delete 'states'")
        parts.payers[payer.id] = structs.replace(payer, states=tuple(sorted(listed)))
