"""A charge export (CSV, Excel, Parquet) -> its rows, each with the bytes that repeat it.

    table = open_table(opened)                        # an `Input` of kind table, xlsx or parquet
    found = columns.find(table.head(), opened.name)   # a column map, a preset or a guess, and the header's row
    read = found.bind(opened.name, table.oddities)
    for row in table:
        lines = read(row)                             # [] for a title, the header, a blank row or a total

Every row of the file comes once, in order, titles and totals too. For CSV, `b"".join(row.raw for row in table)` is the
file byte for byte (unpacked, where it is gzipped); for a workbook or Parquet `raw` is a CSV row of the cells as text.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from msgspec import Struct

from .lines import Oddities
from .recognize import Input
from .text_rows import TextRows
from .workbook_rows import parquet_rows, workbook_rows

_HEAD: Final = 30  # rows among which the header is


class Row(Struct, frozen=True, gc=False):
    """One row: its number in the file from 1, its bytes with the line ending, and its cells as text."""

    number: int
    raw: bytes
    cells: list[str]


class Table:
    """The rows of one charge export. Iterate over it once; `head()` shows the first rows before that."""

    def __init__(self, rows: Iterable[tuple[bytes, list[str]]], delimiter: str, oddities: Oddities) -> None:
        self.delimiter = delimiter  # to write more cells after `raw`
        self.oddities = oddities
        self._source = rows
        self._pairs = iter(rows)
        self._rows = (Row(number, raw, cells) for number, (raw, cells) in enumerate(self._pairs, 1))
        self._first: list[Row] = []

    def head(self) -> list[Row]:
        """Return the first rows; none of them is lost for the iteration."""
        if not self._first:
            self._first = [*islice(self._rows, _HEAD)]
        return self._first

    def pairs(self, splits: bool = True) -> Iterator[tuple[bytes, list[str]]]:
        """Yield the bytes and cells of each row, faster than as `Row`. Iterate over one of both only.

        Without `splits` most rows come without cells; `text_rows.cells_of` gives them, in another process for example.
        """
        for row in self._first:
            yield row.raw, row.cells
        self._first = []
        if isinstance(self._source, TextRows):
            self._source.splits = splits
        yield from self._pairs

    def __iter__(self) -> Iterator[Row]:
        yield from self._first
        self._first = []
        yield from self._rows


def open_table(opened: Input) -> Table:
    """Return the rows of an open charge export. Raises MissingExtra and ClaimFileUnreadable."""
    oddities = Oddities("row")
    if opened.kind == "xlsx":
        return Table(_as_csv(workbook_rows(opened.whole(), opened.name, oddities)), ",", oddities)
    if opened.kind == "parquet":
        return Table(_as_csv(parquet_rows(opened.whole(), opened.name)), ",", oddities)
    rows = TextRows(opened.stream, opened.name, oddities)
    return Table(rows, rows.delimiter, oddities)


def _as_csv(rows: Iterator[list[str]]) -> Iterator[tuple[bytes, list[str]]]:
    """Yield each row as a line of CSV and its cells."""
    for cells in rows:
        line = io.StringIO()
        csv.writer(line).writerow(cells)
        yield line.getvalue().encode("utf-8", "replace"), cells
