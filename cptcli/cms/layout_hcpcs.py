"""The HCPCS Level II file of codes and modifiers (ANWEB)."""

import re
from collections.abc import Iterator
from datetime import date

from .cells import (
    DOWNLOAD,
    Given,
    Load,
    capitals,
    cell_of,
    find_column,
    known_quarter,
    not_too_many,
    quarter_of,
    read_day,
    rows_after,
    shown,
    some_rows,
    upper_words,
)
from .reading import Document, Tick
from .store import EditionRow, quarter_days

_LONGEST = 8_000  # characters of a description; CMS's longest has a fifth of that
_LEVEL2 = {
    "code": "HCPC", "sequence": "SEQNUM", "record": "RECID", "long": "LONG DESCRIPTION", "short": "SHORT DESCRIPTION",
    "coverage": "COV", "added": "ADD DT", "changed": "ACT EFF DT", "ends": "TERM DT", "action": "ACTION CD",
}  # fmt: skip
_LEVEL2_FIXED = {
    "code": (1, 5), "sequence": (6, 10), "record": (11, 11), "long": (12, 91), "short": (92, 119),
    "coverage": (230, 230), "added": (269, 276), "changed": (277, 284), "ends": (285, 292), "action": (293, 293),
}  # fmt: skip
_LEVEL2_LINE = re.compile(r"([A-Z][0-9]{4}|   [0-9A-Z]{2})[0-9]{5}[3478].{200,}")


def _is_level2_header(cells: list[str]) -> bool:
    return [upper_words(cell) for cell in cells[:3]] == ["HCPC", "SEQNUM", "RECID"]


def are_level2(document: Document) -> bool:
    """Return whether a document is the HCPCS Level II file."""
    return any(map(_is_level2_header, document.head())) or _are_fixed_level2(document)


def _are_fixed_level2(document: Document) -> bool:
    head = document.first_lines()
    return sum(bool(_LEVEL2_LINE.fullmatch(line)) for line in head) > 2


def read_level2(document: Document, given: Given, tick: Tick | None) -> list[Load]:
    """Return the codes and modifiers; the lines of a long description are joined."""
    records = _fixed_level2(document, tick) if _are_fixed_level2(document) else _level2(document, tick)
    entries: dict[str, list[object]] = {}
    for number, cells in records:
        code = capitals(cells["code"])
        if not re.fullmatch("[A-Z][0-9]{4}|[0-9A-Z]{2}", code):
            raise document.wrong(number, f"{shown(cells['code'])} as code", "a letter and four digits", DOWNLOAD)
        if cells["record"].strip() in ("4", "8"):  # another line of the long description
            if next(reversed(entries), None) != code:
                raise document.wrong(number, f"a second line of {code}", "its first line before it", DOWNLOAD)
            entries[code][2] = f"{entries[code][2]} {cells['long'].strip()}"
            if len(str(entries[code][2])) > _LONGEST:
                raise document.wrong(
                    number, f"more than {_LONGEST:,} characters for {code}", "CMS's description", DOWNLOAD
                )
            continue
        not_too_many(document, number, len(entries))
        if code in entries:
            raise document.wrong(number, f"{code} a second time", "each once", DOWNLOAD)
        days = [read_day(document, number, cells[name]) for name in ("added", "changed", "ends")]
        with_words = code[0] != "D" or len(code) == 2  # dental descriptors belong to the ADA
        short, long = (cells["short"].strip(), cells["long"].strip()) if with_words else ("", "")
        entries[code] = [code, short, long, cells["coverage"].strip(), *days, cells["action"].strip()]
    some_rows(document, [tuple(each) for each in entries.values()])
    quarter = quarter_of(document, given)
    year = re.search(r"HCPC(20[0-9][0-9])", " ".join(document.names), re.IGNORECASE)
    if quarter is None and year is None:
        known_quarter(document, given)
    if quarter:
        name, days_of = quarter, quarter_days(quarter)
    else:
        assert year is not None
        name, days_of = year[1], (date(int(year[1]), 1, 1), date(int(year[1]), 12, 31))
    return [Load(EditionRow("hcpcs", None, name, *days_of), [tuple(each) for each in entries.values()])]


def _level2(document: Document, tick: Tick | None) -> Iterator[tuple[int, dict[str, str]]]:
    rows = rows_after(document, _is_level2_header, tick)
    _, labels = next(rows)
    columns = {name: find_column(document, labels, label, label) for name, label in _LEVEL2.items()}
    for number, cells in rows:
        yield number, {name: cell_of(document, number, cells, column) for name, column in columns.items()}


def _fixed_level2(document: Document, tick: Tick | None) -> Iterator[tuple[int, dict[str, str]]]:
    started = False
    for number, line in enumerate(document.lines(tick), 1):
        fits = _LEVEL2_LINE.fullmatch(line)
        started = started or bool(fits)
        if not started or not line.strip(" \x1a"):
            continue
        if not fits:
            raise document.wrong(number, f"{len(line)} characters, not in CMS's places", "CMS's fixed width", DOWNLOAD)
        yield number, {name: line[first - 1 : last] for name, (first, last) in _LEVEL2_FIXED.items()}
