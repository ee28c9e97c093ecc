"""A workbook (.xlsx) or a Parquet file -> rows of text. Each needs an extra; MissingExtra says the command.

What would exhaust memory is refused before the library sees it: both unpack whole sheets or columns at once.
"""

import re
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any, BinaryIO, Final

from .lines import ClaimFileUnreadable, MissingExtra, Oddities

_MOST_UNPACKED: Final = 1 << 30  # bytes of all parts of a workbook
_MOST_CELLS: Final = 50_000_000  # of one sheet: calamine makes room for every cell up to the last row and column
_MOST_PARTS: Final = 2000
_CHUNK: Final = 1 << 18
_BATCH: Final = 2000  # rows of Parquet at a time
_PLACE = re.compile(rb'<(?:\w+:)?c\s[^>]*?r="([A-Z]{1,3})([0-9]{1,7})"')
_DAMAGED: Final = (
    zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError, ValueError, KeyError,
)  # fmt: skip


def workbook_rows(stream: BinaryIO, name: str, oddities: Oddities) -> Iterator[list[str]]:
    """Yield the rows of the first sheet that has two rows or more. Other sheets with rows are reported."""
    try:
        from python_calamine import CalamineError, CalamineWorkbook
    except ImportError:
        raise MissingExtra(name, "a workbook (.xlsx)", "excel") from None
    _refuse_bombs(stream, name)
    stream.seek(0)
    try:
        book = CalamineWorkbook.from_filelike(stream)
        chosen: list[list[Any]] = []
        for title in book.sheet_names:
            rows = book.get_sheet_by_name(title).to_python(skip_empty_area=False)
            if len(chosen) < 2 <= len(rows):
                chosen = rows
            elif rows and any(any(cell != "" for cell in row) for row in rows):
                oddities.add(f"the workbook has another sheet, with {len(rows):,} rows, which was not read")
    except (CalamineError, *_DAMAGED) as error:
        raise ClaimFileUnreadable(name, f"the workbook is damaged ({_first_line(error)})", "Save it again.") from None
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # what calamine raises where it did not foresee the damage
            raise
        raise ClaimFileUnreadable(name, "the workbook is damaged", "Save it again.") from None
    for row in chosen:
        yield [cell_text(cell) for cell in row]


def parquet_rows(stream: BinaryIO, name: str) -> Iterator[list[str]]:
    """Yield the column names of a Parquet file and then its rows. A list in a cell is joined by blanks."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise MissingExtra(name, "Parquet", "parquet") from None
    try:
        file = parquet.ParquetFile(stream)
        yield [str(column) for column in file.schema_arrow.names]
        for batch in file.iter_batches(batch_size=_BATCH):
            columns = [column.to_pylist() for column in batch.columns]
            for row in zip(*columns, strict=True):
                yield [cell_text(cell) for cell in row]
    except (pyarrow.ArrowException, *_DAMAGED) as error:
        raise ClaimFileUnreadable(name, f"the Parquet file is damaged ({_first_line(error)})") from None


def cell_text(cell: object) -> str:
    """Return a cell as text: 2.0 is 2, a day is 2026-01-02, an empty one is nothing."""
    if isinstance(cell, str):
        return cell
    if cell is None:
        return ""
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(" ", "seconds")
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, list | tuple):
        return " ".join(filter(None, map(cell_text, cell)))
    if isinstance(cell, bytes):
        return cell.decode("utf-8", "replace")
    return str(cell)


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:120]


def _refuse_bombs(stream: BinaryIO, name: str) -> None:
    """Raise ClaimFileUnreadable where a workbook unpacks to more than a machine holds, whatever it says of itself."""
    unpacked = 0
    try:
        stream.seek(0)
        with zipfile.ZipFile(stream) as archive:
            parts = archive.infolist()
            if len(parts) > _MOST_PARTS:
                raise ClaimFileUnreadable(name, f"a workbook of {len(parts):,} parts")
            for part in parts:
                is_sheet = part.filename.startswith("xl/worksheets/")
                with archive.open(part) as file:
                    last_row = last_column = 0
                    rest = b""
                    while chunk := file.read(_CHUNK):
                        unpacked += len(chunk)
                        if unpacked > _MOST_UNPACKED:
                            raise ClaimFileUnreadable(name, f"a workbook that unpacks to over {_MOST_UNPACKED:,} bytes")
                        if is_sheet:
                            for column, row in _PLACE.findall(rest + chunk):
                                last_row = max(last_row, int(row))
                                last_column = max(last_column, _column(column))
                            rest = chunk[-100:]
                    if last_row * last_column > _MOST_CELLS:
                        raise ClaimFileUnreadable(
                            name, f"a sheet that reaches to row {last_row:,} and column {last_column:,}",
                            "Delete the empty rows and columns, and save it again.",
                        )  # fmt: skip
    except _DAMAGED as error:
        raise ClaimFileUnreadable(name, f"the workbook is damaged ({_first_line(error)})", "Save it again.") from None


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
