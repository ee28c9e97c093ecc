"""A download of the Medicare Coverage Database: its CSV tables, read by the names of their columns.

CMS packs a ZIP in a ZIP. The inner ZIP alone and a folder with its files are read too.
"""

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from functools import partial
from operator import itemgetter
from pathlib import Path, PurePosixPath
from typing import IO, Any

from .cells import DOWNLOAD, shown
from .coverage_records import DocumentKind
from .reading import CHUNK, DAMAGED, Damaged, Document, FileUnreadable, Text, Tick
from .workbooks import Workbook

_CELL = 1 << 24  # characters; CMS's longest are some hundred thousand, above the 131,072 that csv reads by default
_HEADER = 1 << 14  # bytes
_FILES = 200  # in a folder
# The columns that only the table with the documents has, and the one that makes a table of that name one of them.
_HEADS: dict[DocumentKind, tuple[str, str, frozenset[str]]] = {
    "article": ("article", "article_id", frozenset(("article_id", "article_version", "title", "article_eff_date"))),
    "lcd": ("lcd", "lcd_id", frozenset(("lcd_id", "lcd_version", "title", "orig_det_eff_date"))),
    "ncd": ("ncd_trkg", "ncd_id", frozenset(("ncd_id", "ncd_vrsn_num", "ncd_mnl_sect_title"))),
}


def _as_cp1252(error: UnicodeError) -> tuple[str, int]:
    """Decode the bytes that are not UTF-8 as cp1252: both occur."""
    assert isinstance(error, UnicodeDecodeError)
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


codecs.register_error("cpt-cp1252", _as_cp1252)


class Export(Document):
    """The tables of one kind of document: articles, LCDs or NCDs."""

    def __init__(self, where: str, names: tuple[str, ...], kind: DocumentKind, tables: Mapping[str, Text]) -> None:
        super().__init__(where, names, sum(each.size for each in tables.values()))
        self.kind = kind
        self._tables = tables
        self._at: tuple[Text, Any] | None = None  # the table being read, and its csv reader

    def _look(self) -> None:
        """Keep no rows: it is recognized by its tables."""
        self._head, self._first_lines = [], []

    def has(self, table: str) -> bool:
        """Return whether a table is in the download."""
        return table in self._tables

    def rows(
        self, table: str, columns: Sequence[str], tick: Tick | None, optional: Sequence[str] = ()
    ) -> Iterator[tuple[str, ...]]:
        """Yield the cells of these columns of every row; an optional column that is missing gives empty cells.

        Columns are found by name, in any order and case; `*end_date` is the one that ends so. Raises FileUnreadable if
        the table or a column is missing, for a row with another number of cells, and for quotes that are not closed.
        """
        text = self._tables.get(table)
        if text is None:
            raise self.wrong(None, f"{table}.csv is missing", "all tables of CMS's download", DOWNLOAD)
        with text.stream() as stream, _long_cells():
            lines = io.TextIOWrapper(
                io.BufferedReader(_Watched(stream, text, tick), CHUNK), "utf-8-sig", "cpt-cp1252", newline=""
            )
            reader = csv.reader(lines, strict=True)
            self._at = (text, reader)
            try:
                header = next(reader, [])
                places = _places(text, header, columns, optional)
                pick, width = _picker(places), len(header)
                for cells in reader:
                    if len(cells) == width:
                        yield pick(cells)
                    elif any(cells):  # a shifted row would put one cell in place of another
                        raise text.wrong(reader.line_num, f"{len(cells)} cells", f"{width}, as in its header", DOWNLOAD)
            except csv.Error as error:
                raise text.wrong(reader.line_num, str(error), "cells that are closed", DOWNLOAD) from None

    def bad(self, what: str, expected: str, todo: str = DOWNLOAD) -> FileUnreadable:
        """Return the error for the row that was read last."""
        if self._at is None:
            return self.wrong(None, what, expected, todo)
        text, reader = self._at
        return text.wrong(reader.line_num, what, expected, todo)


@contextmanager
def _long_cells() -> Iterator[None]:
    """Let csv read cells of CMS's length inside; its limit is one for the whole process."""
    before = csv.field_size_limit(_CELL)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _places(text: Text, header: list[str], columns: Sequence[str], optional: Sequence[str]) -> list[int]:
    """Return where the columns are; -1 for an optional one that is missing. Raises FileUnreadable."""
    names = [cell.strip().lower() for cell in header]
    places = []
    for wanted in (*columns, *optional):
        found = [place for place, name in enumerate(names)
                 if name == wanted or (wanted[0] == "*" and name.endswith(wanted[1:]))]  # fmt: skip
        if len(found) > 1 or (not found and wanted not in optional):
            number = "more than one" if found else "no"
            what = f"{number} column {wanted.lstrip('*')} in the header"
            raise text.wrong(None, what, "CMS's layout", "CMS may have changed it.")
        places.append(found[0] if found else -1)
    return places


def _picker(places: list[int]) -> Callable[[list[str]], tuple[str, ...]]:
    if min(places) < 0:
        return lambda cells: tuple(cells[place] if place >= 0 else "" for place in places)
    if len(places) == 1:
        return lambda cells: (cells[places[0]],)
    return itemgetter(*places)


class _Watched(io.RawIOBase):
    """A stream that counts what is read and refuses what is no text. Raises FileUnreadable and Damaged."""

    def __init__(self, stream: IO[bytes], text: Text, tick: Tick | None) -> None:
        self._stream, self._text, self._tick = stream, text, tick

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            chunk = self._stream.read(len(buffer))
        except DAMAGED as error:
            what = f"it is damaged or was cut short ({error})"
            raise Damaged(self._text.where, what) from None
        if b"\0" in chunk:
            raise self._text.wrong(None, "bytes that are no text (NUL)", "a text, as CMS publishes it", DOWNLOAD)
        buffer[: len(chunk)] = chunk
        if self._tick:
            self._tick(len(chunk))
        return len(chunk)


# ------------------------------------------------------------------------------------------------------- finding


def with_exports(documents: list[Text | Workbook]) -> list[Text | Workbook | Export]:
    """Return the documents, with an Export in place of the tables that belong to a download."""
    groups: dict[str, dict[str, Text]] = {}
    for each in documents:
        if isinstance(each, Text) and PurePosixPath(each.names[0]).suffix.lower() == ".csv":
            groups.setdefault(each.where[: -len(each.names[0])], {})[_stem(each)] = each
    exports: list[Export] = []
    taken: set[int] = set()
    for tables in groups.values():
        for kind, (name, _, _) in _HEADS.items():
            head = next((stem for stem, each in tables.items() if _is_head(each, stem, kind)), None)
            if head:
                text = tables[head]
                named = {**tables, name: text}
                where = text.where[: -len(text.names[0])].rstrip(": /")
                exports.append(Export(where, (text.names[-1], *text.names[:-1]), kind, named))
                taken |= {id(each) for each in tables.values()}
    return [*exports, *(each for each in documents if id(each) not in taken)]


def _stem(text: Text) -> str:
    return PurePosixPath(text.names[0]).stem.lower()


def _is_head(text: Text, stem: str, kind: DocumentKind) -> bool:
    """Return whether a table has the documents of a kind, by its header."""
    name, key, distinct = _HEADS[kind]
    header = _header(text)
    return distinct <= header or (stem == name and key in header)


def _header(text: Text) -> frozenset[str]:
    try:
        with text.stream() as stream:
            begins = stream.read(_HEADER)
    except DAMAGED:
        return frozenset()
    line = begins.removeprefix(codecs.BOM_UTF8).splitlines()[:1]
    return frozenset(cell.strip().strip('"').lower() for cell in b"".join(line).decode("latin-1").split(","))


def folder_documents(folder: Path) -> list[Text | Workbook]:
    """Return the CSV files of a folder with an extracted download; none for any other folder."""
    try:
        files = sorted(each for each in folder.iterdir() if each.suffix.lower() == ".csv" and each.is_file())
    except (OSError, ValueError):
        return []
    documents: list[Text | Workbook] = [
        Text(str(each), (each.name, folder.name), each.stat().st_size, partial(each.open, "rb"))  # type: ignore[arg-type]
        for each in files[:_FILES]
    ]
    return documents if any(isinstance(each, Export) for each in with_exports(documents)) else []


# --------------------------------------------------------------------------------------------------------- cells


_ISO = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})([ T][0-9:.]*)?")
_US = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})([ T].*)?")


def read_date(export: Export, cell: str) -> date | None:
    """Return a date in either of CMS's notations, None for a blank. Raises FileUnreadable."""
    text = cell.strip()
    if not text:
        return None
    try:
        if found := _ISO.fullmatch(text):
            return date(int(found[1]), int(found[2]), int(found[3]))
        if found := _US.fullmatch(text):
            return date(int(found[3]), int(found[1]), int(found[2]))
    except ValueError:
        pass
    raise export.bad(f"{shown(cell)} where a day belongs", "a day like 2026-09-28 or 09/28/2026")


def read_whole(export: Export, cell: str, what: str) -> int:
    """Return a whole number from 0 to nine digits. Raises FileUnreadable."""
    text = cell.strip()
    if re.fullmatch("[0-9]{1,9}", text):
        return int(text)
    raise export.bad(f"{shown(cell)} as {what}", "a whole number")
