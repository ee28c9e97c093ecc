"""Text files as CMS publishes them -> rows of text, whatever their bytes.

Nothing large is read at once, and nothing is trusted: lengths, sizes and names come from the file.
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
_LONGEST = 1 << 20  # characters of a line; a line feed inside quotes ends a line too
_WIDEST = 1 << 14  # cells of a row: the most a spreadsheet can have
_LARGEST = 1 << 31  # bytes of one text; CMS's largest has a fortieth of that
_HEAD = 64  # the most rows,
_HEAD_CELLS = 1 << 14  # and cells, that are read to recognize a file
_UNPACKING = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, RuntimeError, NotImplementedError)
DAMAGED = (*_UNPACKING, OSError)  # raised while a damaged packed file is read
Tick = Callable[[int], None]  # called with the bytes read


class FileUnreadable(CptError):
    """A file, or one of its rows, that cannot be used."""

    def __init__(self, where: str, what: str, expected: str, todo: str = "", row: int | None = None) -> None:
        place = f"{where}, row {row}" if row else where
        super().__init__(
            f"{place}: {what}. Expected {expected}. Nothing of this file was stored.{' ' + todo if todo else ''}",
            file=where,
            row=row,
            what=what,
        )


class Damaged(FileUnreadable):
    """A file, or a member of it, that is damaged, cut short or encrypted: never taken for 'no table'."""

    def __init__(self, where: str, what: str, todo: str = "Download it again.", row: int | None = None) -> None:
        super().__init__(where, what, "the whole file", todo, row)


class NoRoom(CptError):
    """No space in the temporary folder to unpack a workbook."""

    def __init__(self, where: str) -> None:
        super().__init__(
            f"{where}: there is no room to unpack it. Free some space in the temporary folder, or set TMPDIR.",
            file=where,
        )


class Document:
    """One text or one sheet. `names` are the file's own name and that of the archive around it."""

    def __init__(self, where: str, names: tuple[str, ...], size: int) -> None:
        self.where = where
        self.names = names
        self.size = size  # bytes, for the progress bar
        self._head: list[list[str]] | None = None
        self._first_lines: list[str] | None = None

    @property
    def is_text(self) -> bool:
        """Return whether it has lines, and not only cells."""
        return False

    def head(self) -> list[list[str]]:
        """Return the cells of the first rows; none if it is not a table. Raises Damaged."""
        if self._head is None:
            self._look()
        return self._head or []

    def first_lines(self) -> list[str]:
        """Return the first lines of a text; none for a sheet or for other bytes."""
        if self._first_lines is None:
            self._look()
        return self._first_lines or []

    def forget(self) -> None:
        """Free the first rows; they are read again if needed."""
        self._head = self._first_lines = None

    def _look(self) -> None:
        self._head, self._first_lines = [], []
        self._look_at(self.records())

    def _look_at(self, rows: Iterator[tuple[int, list[str]]]) -> None:
        """Keep the first rows, one by one, so that the ones before a broken row are kept."""
        cells, self._head = 0, []
        for _, row in islice(rows, _HEAD):
            self._head.append(row)
            cells += len(row)
            if cells > _HEAD_CELLS:
                break

    def blocks(self, tick: Tick | None = None) -> Iterator[list[str]]:
        """Yield the lines of a text without their ends, in blocks."""
        raise NotImplementedError

    def lines(self, tick: Tick | None = None) -> Iterator[str]:
        """Yield the lines of a text without their ends."""
        for block in self.blocks(tick):
            yield from block

    def records(self, tick: Tick | None = None) -> Iterator[tuple[int, list[str]]]:
        """Yield every row: its number, counted from 1, and its cells."""
        raise NotImplementedError

    def wrong(self, row: int | None, what: str, expected: str, todo: str = "") -> FileUnreadable:
        """Return the error for a row of this document."""
        return FileUnreadable(self.where, what, expected, todo, row)


class Text(Document):
    """A text file: tab-separated, comma-separated or fixed-width."""

    def __init__(self, where: str, names: tuple[str, ...], size: int, opened: Callable[[], IO[bytes]]) -> None:
        super().__init__(where, names, size)
        self._opened = opened
        self.is_cut = False  # its last line has no line end
        self.refused: FileUnreadable | None = None  # why its first bytes are not text

    @property
    def is_text(self) -> bool:
        """Return True: a text has lines."""
        return True

    def stream(self) -> IO[bytes]:
        """Return its bytes, from the first one, for the caller to close."""
        return self._opened()

    def _look(self) -> None:
        """Keep the first lines and rows, from the first two blocks only, however long the lines are."""
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
        """Yield the lines without their ends. CMS writes cp1252; UTF-8 is recognized by its byte order mark."""
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
                        text = chunk.decode("ascii" if chunk.isascii() else "cp1252", "replace")  # twice as fast
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
        """Yield every row, unquoted; its number is that of its last line."""
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
    """Return a file's path without its ending: the same for a text and a workbook with the same rows."""
    return str(PurePosixPath(where).with_suffix("")).casefold()
