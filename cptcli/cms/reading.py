"""Texts as CMS publishes them -> rows of text, whatever their bytes.

Nothing is read whole that may be large, and nothing is believed: lengths, sizes and names come from the file.
"""

import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import PurePosixPath
from typing import IO

from ..errors import CptError

CHUNK = 1 << 18  # bytes read at once
_LONGEST = 1 << 20  # characters of a line, line feeds inside quotes left out
_WIDEST = 1 << 14  # cells of a row: what a spreadsheet can have
_LARGEST = 1 << 31  # bytes of one text; the largest of CMS has a fortieth of it
_HEAD = 64  # rows that tell what a file is,
_HEAD_CELLS = 1 << 14  # and cells
_UNPACKING = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, RuntimeError, NotImplementedError)
DAMAGED = (*_UNPACKING, OSError)  # what reading says to a packed file that is not whole
Tick = Callable[[int], None]  # called with the bytes read


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


class Damaged(FileUnreadable):
    """A file that is cut short, changed or encrypted, or has a member that is. It is never 'no table of CMS's'."""

    def __init__(self, where: str, what: str, todo: str = "Download it again.", row: int | None = None) -> None:
        super().__init__(where, what, "the whole file", todo, row)


class NoRoom(CptError):
    """A temporary folder in which a packed workbook has no room."""

    def __init__(self, where: str) -> None:
        super().__init__(
            f"{where}: there is no room to unpack it. Make room in the temporary folder, or name another with TMPDIR.",
            file=where,
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
        """The cells of the first rows; none of what is no table. Raises Damaged."""
        if self._head is None:
            self._look()
        return self._head or []

    def first_lines(self) -> list[str]:
        """The first lines of a text; none of a sheet, nor of what is no text."""
        if self._first_lines is None:
            self._look()
        return self._first_lines or []

    def forget(self) -> None:
        """Give back the memory of the first rows: they are read again when they are asked for."""
        self._head = self._first_lines = None

    def _look(self) -> None:
        self._head, self._first_lines = [], []
        self._look_at(self.records())

    def _look_at(self, rows: Iterator[tuple[int, list[str]]]) -> None:
        """Take the first rows one by one, so that those before one that is broken are there."""
        cells, self._head = 0, []
        for _, row in islice(rows, _HEAD):
            self._head.append(row)
            cells += len(row)
            if cells > _HEAD_CELLS:
                break

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
        self.refused: FileUnreadable | None = None  # why its first lines are no text

    @property
    def is_text(self) -> bool:
        """There are lines to read."""
        return True

    def _look(self) -> None:
        """What the first lines are: those of the first two pieces that are read, however long the lines go on."""
        lines: list[str] = []
        try:
            for block in islice(self.blocks(), 2):
                lines += block
        except FileUnreadable as error:
            self.refused = error
        self._first_lines, self._head = lines[:_HEAD], []
        with suppress(FileUnreadable):
            self._look_at(self._rows(iter(lines)))

    def blocks(self, tick: Tick | None = None) -> Iterator[list[str]]:
        """The lines, without their ends. CMS writes cp1252; what is UTF-8 says so in its first bytes."""
        import codecs

        utf8 = codecs.getincrementaldecoder("utf-8")("replace")
        marked, rest, number, read = False, "", 0, 0
        try:
            with self._opened() as stream:
                while chunk := stream.read(CHUNK):
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
        except _UNPACKING as error:
            what = f"the zip is damaged or was cut short ({error})"
            raise Damaged(self.where, what, row=number + 1) from None
        except OSError as error:
            raise self.wrong(None, error.strerror or str(error), "a file that can be read") from None
        self.is_cut = bool(rest.strip("\r\x1a "))
        if rest.rstrip("\r"):
            yield [rest.rstrip("\r")]

    def records(self, tick: Tick | None = None) -> Iterator[tuple[int, list[str]]]:
        """Every row, with the quotes of CSV undone; the number is that of its last line."""
        return self._rows(self.lines(tick))

    def _rows(self, lines: Iterator[str]) -> Iterator[tuple[int, list[str]]]:
        import csv

        tabs = "\t" in "".join(self.first_lines())
        reader = csv.reader((f"{line}\n" for line in lines), delimiter="\t" if tabs else ",", strict=True)
        try:
            for cells in reader:
                if len(cells) > _WIDEST:
                    raise self.wrong(reader.line_num, f"{len(cells):,} cells", f"at most {_WIDEST:,}")
                yield reader.line_num, cells
        except csv.Error as error:
            raise self.wrong(reader.line_num, str(error), "cells that are closed where they are opened") from None


def stem(where: str) -> str:
    """A file's own name with its folder and without its ending: what a text and a workbook of the same rows share."""
    return str(PurePosixPath(where).with_suffix("")).casefold()
