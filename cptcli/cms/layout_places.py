"""Medicare payment localities: geographic practice cost indices (GPCI) and ZIP codes (ZIP5)."""

import re
from collections.abc import Iterable, Iterator
from datetime import date

from .cells import (
    COST_INDEX,
    DOWNLOAD,
    RELEASES,
    Given,
    Load,
    at,
    cell_of,
    find_column,
    known_quarter,
    only_once,
    quarter_of,
    read_number,
    rows_after,
    shown,
    some_rows,
    upper_words,
)
from .reading import Document, Tick
from .store import EditionRow, Row, quarter_days

# ---------------------------------------------------------------------------------------------- payment localities

_INDICES = re.compile(  # the fixed-width text
    r"([0-9]{4,5})\s+([A-Z]{2})\s+([0-9]{1,2})\s+(\S.*?)\s+([0-9]?\.[0-9]+|[0-9])\s+([0-9]?\.[0-9]+|[0-9])\s+([0-9]?\.[0-9]+|[0-9])\s*"
)


def _is_indices_header(cells: list[str]) -> bool:
    words = upper_words(" ".join(cells))
    return len(re.findall("GPCI", words)) >= 3 and "LOCALITY NAME" in words


def are_indices(document: Document) -> bool:
    """Return whether a document has practice cost indices."""
    return any(map(_is_indices_header, document.head()))


def read_indices(document: Document, given: Given, tick: Tick | None) -> list[Load]:
    """Return the practice cost indices of every locality, for a year or a release."""
    rows = rows_after(document, _is_indices_header, tick)
    _, labels = next(rows)
    words = upper_words(" ".join(labels))
    year = re.search(r"(20[0-9][0-9]) (?:PW|WORK) GPCI", words)
    if not year:
        raise document.wrong(None, "no year in its header", "a header like '2026 PW GPCI'", DOWNLOAD)
    records = _indices(document, labels, rows) if len(labels) >= 7 else _fixed_indices(document, rows)
    index_rows: list[Row] = []
    seen: set[tuple[str, ...]] = set()
    for number, (contractor, state, locality, name, *indices) in records:
        key = (contractor.strip().rjust(5, "0"), locality.strip().rjust(2, "0"))
        if not re.fullmatch(r"[0-9]{5} [0-9][0-9] [A-Z]{2}", f"{key[0]} {key[1]} {state.strip()}"):
            what = f"contractor {shown(contractor)}, locality {shown(locality)}, state {shown(state)}"
            raise document.wrong(number, what, "the numbers of a locality and a state", DOWNLOAD)
        only_once(document, number, key, seen)
        values = [read_number(document, number, each, 3, COST_INDEX) for each in indices]
        index_rows.append((*key, state.strip(), name.strip().rstrip("*"), *values))
    first, last = date(int(year[1]), 1, 1), date(int(year[1]), 12, 31)
    name = year[1]
    quarter = quarter_of(document, given)
    if quarter and quarter[:4] != name:
        raise document.wrong(
            None, f"indices of {name} in a file of {quarter}", "one year", "It may be the file of another year."
        )
    if quarter:
        name = f"{name} (RVU{quarter[2:4]}{RELEASES[int(quarter[-1]) - 1]})"
        shipped = [each for each in given.shipped.editions() if (each.table, each.edition) == ("localities", name)]
        first, last = (shipped[0].first, shipped[0].last or last) if shipped else quarter_days(quarter)
    return [Load(EditionRow("localities", None, name, first, last), some_rows(document, index_rows))]


def _indices(
    document: Document, labels: list[str], rows: Iterable[tuple[int, list[str]]]
) -> Iterator[tuple[int, list[str]]]:
    """Yield the cells of every locality; the notes below the table are skipped."""
    columns = [
        find_column(document, labels, pattern, what)
        for pattern, what in (
            (".*(CONTRACTOR|CARRIER|MAC).*", "the contractor"), ("STATE", "the state"),
            ("LOCALITY NUMBER", "the locality"), ("LOCALITY NAME.*", "its name"), (r".*(PW|WORK) GPCI.*", "work"),
            (r".*PE GPCI.*", "practice expense"), (r".*MP GPCI.*", "malpractice"),
        )
    ]  # fmt: skip
    for number, cells in rows:
        if re.fullmatch(r"[0-9]{4,5}", at(cells, columns[0]).strip()):
            yield number, [cell_of(document, number, cells, column) for column in columns]
        elif sum(bool(cell.strip()) for cell in cells) > 2:
            raise document.wrong(number, f"{shown(at(cells, columns[0]))} as contractor", "five digits", DOWNLOAD)


def _fixed_indices(document: Document, rows: Iterable[tuple[int, list[str]]]) -> Iterator[tuple[int, list[str]]]:
    for number, cells in rows:
        line = ",".join(cells)
        if re.match(r"[0-9]{4,5}\s", line):
            found = _INDICES.fullmatch(line)
            if not found:
                raise document.wrong(number, "cells in the wrong places", "CMS's fixed width", DOWNLOAD)
            yield number, [*found.groups()]


# ---------------------------------------------------------------------------------------------------- ZIP codes


_ZIP_LINE = re.compile(
    r"(?P<state>[A-Z]{2})(?P<zip5>[0-9]{5})(?P<contractor>[0-9]{5})(?P<locality>[0-9][0-9])"
    r"[ RB]..[ RB]..(?P<plus_four>[01 ]).[A-Z ].{52}(?P<year>20[0-9][0-9])(?P<quarter>[1-4]) *"
)


def are_zip_codes(document: Document) -> bool:
    """Return whether a document is the file of five-digit ZIP codes."""
    head = document.first_lines()
    return sum(bool(_ZIP_LINE.fullmatch(line)) for line in head) > len(head) // 2


def read_zip_codes(document: Document, given: Given, tick: Tick | None) -> list[Load]:
    """Return the locality of every ZIP code, for the quarter that the rows name."""
    places: list[Row] = []
    quarters: dict[str, int] = {}
    seen: set[tuple[str, ...]] = set()
    for number, line in enumerate(document.lines(tick), 1):
        if not line.strip(" \x1a"):
            continue
        found = _ZIP_LINE.fullmatch(line)
        if not found:
            raise document.wrong(number, f"{len(line)} characters, not in CMS's places", "CMS's fixed width", DOWNLOAD)
        only_once(document, number, (found["zip5"],), seen)
        quarters.setdefault(f"{found['year']} Q{found['quarter']}", number)
        if len(quarters) > 1:
            raise document.wrong(number, " and ".join(quarters), "the rows of one quarter", DOWNLOAD)
        places.append(
            (found["zip5"], found["state"], found["contractor"], found["locality"], found["plus_four"] == "1")
        )
    some_rows(document, places)
    quarter = known_quarter(document, given, next(iter(quarters)))
    return [Load(EditionRow("zip-codes", None, quarter, *quarter_days(quarter)), places)]
