"""Files as CMS publishes them -> rows of text: plain or inside a zip, text or spreadsheet, whatever its bytes.

Nothing is read whole that may be large, and nothing is believed: lengths, sizes and names come from the file.
"""

import errno
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Any

from ..errors import CptError

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

_CHUNK = 1 << 18  # bytes read at once
_LONGEST = 1 << 20  # characters of a line, line feeds inside quotes left out
_LARGEST = 1 << 31  # bytes of one unpacked file; the largest of CMS has a fortieth of it
_LARGEST_WHOLE = 1 << 26  # bytes of what openpyxl reads whole: the words of a workbook, its styles
_MEMBERS = 1000  # files in a zip
_HEAD = 64  # rows that tell what a file is
_ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError)
_SHEET_ERRORS = (  # what openpyxl says to a file that is none, or is damaged
    zipfile.BadZipFile, zlib.error, EOFError, OSError, KeyError, IndexError, ValueError, TypeError, AttributeError,
    SyntaxError, RuntimeError,
)  # fmt: skip
_ZIP = b"PK"  # how a zip begins, and with it a workbook
Tick = Callable[[int], None]  # told of bytes read


class FileUnreadable(CptError):
    """A file, or a row of it, that is not what it should be."""

    def __init__(self, where: str, what: str, expected: str, todo: str = "", row: int | None = None) -> None:
        place = f"{where}, row {row}" if row else where
        super().__init__(
            f"{place}: {what}. Expected {expected}. Nothing of this file was stored.{' ' + todo if todo else ''}",
            file=where,
            row=row,
            what=what,
        )


class Document:
    """One text or one sheet. `names` are the file's own name and that of the zip around it."""

    def __init__(self, where: str, names: tuple[str, ...], size: int) -> None:
        self.where = where
        self.names = names
        self.size = size  # bytes, as the progress counts them
        self._head: list[list[str]] | None = None
        self._first_lines: list[str] | None = None

    @property
    def is_text(self) -> bool:
        """Whether there are lines to read, and not only cells."""
        return False

    def head(self) -> list[list[str]]:
        """The cells of the first rows; none of what is no table."""
        if self._head is None:
            self._head = []
            with suppress(FileUnreadable):
                self._head.extend(cells for _, (_, cells) in zip(range(_HEAD), self.records(), strict=False))
        return self._head

    def first_lines(self) -> list[str]:
        """The first lines of a text; none of a sheet, nor of what is no text."""
        if self._first_lines is None:
            self._first_lines = []
            with suppress(FileUnreadable):
                if self.is_text:
                    self._first_lines.extend(line for _, line in zip(range(_HEAD), self.lines(), strict=False))
        return self._first_lines

    def blocks(self, tick: Tick | None = None) -> Iterator[list[str]]:
        """The lines of a text, without their ends, as many at once as are read at once."""
        raise NotImplementedError

    def lines(self, tick: Tick | None = None) -> Iterator[str]:
        """The lines of a text, without their ends."""
        for block in self.blocks(tick):
            yield from block

    def records(self, tick: Tick | None = None) -> Iterator[tuple[int, list[str]]]:
        """Every row: its number as a person counts lines, and its cells."""
        raise NotImplementedError

    def wrong(self, row: int | None, what: str, expected: str, todo: str = "") -> FileUnreadable:
        """The error for a row of this document."""
        return FileUnreadable(self.where, what, expected, todo, row)


class Text(Document):
    """A text: separated by tabs or commas, or of fixed width."""

    def __init__(self, where: str, names: tuple[str, ...], size: int, opened: Callable[[], IO[bytes]]) -> None:
        super().__init__(where, names, size)
        self._opened = opened
        self.is_cut = False  # its last line has no end

    @property
    def is_text(self) -> bool:
        """There are lines to read."""
        return True

    def blocks(self, tick: Tick | None = None) -> Iterator[list[str]]:
        """The lines, without their ends. CMS writes cp1252; what is UTF-8 says so in its first bytes."""
        import codecs

        utf8 = codecs.getincrementaldecoder("utf-8")("replace")
        marked, rest, number, read = False, "", 0, 0
        try:
            with self._opened() as stream:
                while chunk := stream.read(_CHUNK):
                    if not read and chunk.startswith(b"\xef\xbb\xbf"):
                        marked, chunk = True, chunk[3:]
                    read += len(chunk)
                    if b"\0" in chunk:
                        raise self.wrong(None, "bytes that are no text (NUL)", "a text, as CMS publishes it")
                    if read > _LARGEST:
                        raise self.wrong(None, f"more than {_LARGEST:,} bytes", "a file of CMS's size")
                    if marked:
                        text = utf8.decode(chunk)
                    else:
                        text = chunk.decode("ascii" if chunk.isascii() else "cp1252", "replace")  # ascii: twice as fast
                    lines = (rest + text).replace("\r\n", "\n").split("\n")
                    rest = lines.pop()
                    if len(rest) > _LONGEST:
                        raise self.wrong(number + len(lines) + 1, f"more than {_LONGEST:,} characters", "a row")
                    number += len(lines)
                    yield lines
                    if tick:
                        tick(len(chunk))
        except _ZIP_ERRORS as error:
            what = f"the zip is damaged or was cut short ({error})"
            raise self.wrong(number + 1, what, "the whole file", "Download it again.") from None
        except OSError as error:
            raise self.wrong(None, error.strerror or str(error), "a file that can be read") from None
        self.is_cut = bool(rest.strip("\r\x1a "))
        if rest.rstrip("\r"):
            yield [rest.rstrip("\r")]

    def records(self, tick: Tick | None = None) -> Iterator[tuple[int, list[str]]]:
        """Every row, with the quotes of CSV undone; the number is that of its last line."""
        import csv

        tabs = "\t" in "".join(self.first_lines())
        reader = csv.reader((f"{line}\n" for line in self.lines(tick)), delimiter="\t" if tabs else ",", strict=True)
        try:
            for cells in reader:
                yield reader.line_num, cells
        except csv.Error as error:
            raise self.wrong(reader.line_num, str(error), "cells that are closed where they are opened") from None


class Sheet(Document):
    """A sheet of a workbook."""

    def __init__(self, where: str, names: tuple[str, ...], size: int, sheet: "Worksheet") -> None:
        super().__init__(where, names, size)
        self._sheet = sheet

    def records(self, tick: Tick | None = None) -> Iterator[tuple[int, list[str]]]:
        """Every row, its cells as text."""
        every = 1000
        share = self.size * every // max(self._sheet.max_row or 0, every)
        try:
            for number, cells in enumerate(self._sheet.iter_rows(values_only=True), 1):
                yield number, [_as_text(cell) for cell in cells]
                if tick and number % every == 0:
                    tick(share)
        except _SHEET_ERRORS as error:
            raise self.wrong(None, f"the workbook is damaged ({error})", "a workbook of CMS") from None


def _as_text(cell: Any) -> str:
    """A cell as CMS prints it in its texts: days as YYYYMMDD, whole numbers without a point."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if hasattr(cell, "strftime"):
        return str(cell.strftime("%Y%m%d"))
    return str(cell)


class Workbook:
    """A workbook, by itself or in a zip, whose sheets are opened when they are asked for: that takes a while."""

    def __init__(self, where: str, names: tuple[str, ...], opened: Callable[[], IO[bytes]]) -> None:
        self.where = where
        self.names = names
        self._opened = opened

    def sheets(self, until: ExitStack) -> list[Document]:
        """The sheets, open until `until` is closed. Raises FileUnreadable."""
        import tempfile
        import warnings

        from openpyxl import load_workbook  # 10 starts of Python: only for a workbook

        try:
            file = until.enter_context(self._opened())
            if not file.seekable() or len(self.names) > 1:  # packed once more: a workbook is read from its end
                packed, file = file, until.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - closed with the rest
                while chunk := packed.read(_CHUNK):
                    file.write(chunk)
                    if file.tell() > _LARGEST:
                        raise ValueError(f"more than {_LARGEST:,} bytes")
            with zipfile.ZipFile(file) as archive:
                members = archive.infolist()
            size = sum(member.file_size for member in members)
            whole = sum(member.file_size for member in members if not member.filename.startswith("xl/worksheets/"))
            if size > _LARGEST or whole > _LARGEST_WHOLE:
                raise ValueError(f"it unpacks to {size:,} bytes")
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                book = load_workbook(file, read_only=True, data_only=True)
            until.callback(book.close)
            return [Sheet(self.where, self.names, size, sheet) for sheet in book.worksheets]
        except _SHEET_ERRORS as error:
            if isinstance(error, OSError) and error.errno == errno.ENOSPC:
                raise NoRoom(self.where) from None
            what = f"the workbook is damaged or was cut short ({error})"
            raise FileUnreadable(self.where, what, "a workbook of CMS", "Download it again.") from None


class NoRoom(CptError):
    """A temporary folder in which a packed workbook has no room."""

    def __init__(self, where: str) -> None:
        super().__init__(
            f"{where}: there is no room to unpack it. Make room in the temporary folder, or name another with TMPDIR.",
            file=where,
        )


def stem(where: str) -> str:
    """A file's own name with its folder and without its ending: what a text and a workbook of the same rows share."""
    return str(PurePosixPath(where).with_suffix("")).casefold()


# ------------------------------------------------------------------------------------------------ what a file holds


def open_documents(path: Path, until: ExitStack) -> tuple[list[Text | Workbook], list[tuple[str, str]]]:
    """What is in a file that may be a table, and what cannot be unpacked, with the reason. Raises FileUnreadable.

    Everything that is opened stays so until `until` is closed.
    """
    where = str(path)
    try:
        if path.is_dir():
            raise FileUnreadable(where, "a folder", "a file of CMS", "Name the files in it.")
        size = path.stat().st_size
        if not path.is_file():  # reading from a pipe would wait for ever
            raise FileUnreadable(where, "no regular file", "a file of CMS", "Save it to a file first.")
        with path.open("rb") as file:
            begins = file.read(2)
    except (OSError, ValueError) as error:
        what = getattr(error, "strerror", None) or str(error)
        raise FileUnreadable(where, what, "a file that can be read") from None
    if not size:
        raise FileUnreadable(where, "an empty file", "a file of CMS", "Download it again.")

    def opened_plain() -> IO[bytes]:
        return path.open("rb")

    if begins != _ZIP:
        return [Text(where, (path.name,), size, opened_plain)], []
    try:
        archive = until.enter_context(zipfile.ZipFile(path))
        members = archive.infolist()
    except (*_ZIP_ERRORS, OSError, ValueError) as error:
        what = f"the zip is damaged or was cut short ({error})"
        raise FileUnreadable(where, what, "the whole file", "Download it again.") from None
    if any(member.filename == "xl/workbook.xml" for member in members):
        return [Workbook(where, (path.name,), opened_plain)], []
    if len(members) > _MEMBERS:
        raise FileUnreadable(where, f"a zip of {len(members):,} files", f"a zip of CMS, with at most {_MEMBERS:,}")
    documents: list[Text | Workbook] = []
    left_out: list[tuple[str, str]] = []
    for member in members:
        name = PurePosixPath(member.filename).name
        folder = PurePosixPath(member.filename).parent
        if not name or member.is_dir():
            continue
        if member.file_size > _LARGEST:  # its own word; what is read is counted as well
            left_out.append((name, f"more than {_LARGEST:,} bytes"))
            continue
        try:
            with archive.open(member) as packed:
                begins = packed.read(2)
        except (*_ZIP_ERRORS, OSError) as error:  # also one that is encrypted
            left_out.append((name, f"it cannot be unpacked ({error})"))
            continue
        inside, names, opened = f"{where}: {folder / name}", (name, path.name), partial(archive.open, member)
        if begins == _ZIP:
            documents.append(Workbook(inside, names, opened))
        else:
            documents.append(Text(inside, names, member.file_size, opened))
    return documents, left_out
