"""The bytes of a CSV file -> its rows: the cells as text, and the very bytes of the row.

The bytes of all rows, joined, are the file. Delimiter and line ending are found in the first rows. A row is kept whole
over line breaks inside quotes; a quote that is never closed ends with its line, and is reported.
"""

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from typing import BinaryIO, Final

from .lines import TEXT_ERRORS, ClaimFileUnreadable, Oddities

LONGEST: Final = 1 << 20  # bytes of a line, and of a row over several lines
_MOST_LINES: Final = 100  # of one row
_SAMPLE: Final = 50  # lines that tell the delimiter
_HEAD: Final = 1 << 17  # bytes read for them
_DELIMITERS: Final = ",\t;|"
_NEVER_CLOSED: Final = "a quote is not closed on its row; the row was split at every delimiter"
_BREAK: Final = "a line break or an overlong text outside quotes; the row was split at every delimiter"


class TextRows:
    """The rows of a CSV file. Iterate over it once: each is its bytes and its cells."""

    def __init__(self, stream: BinaryIO, name: str, oddities: Oddities) -> None:
        self._name = name
        self._oddities = oddities
        head = stream.read(_HEAD)
        self._joined: list[bytes] = []  # lines to be read again, the next one last
        is_old_mac = b"\n" not in head and b"\r" in head
        self._next: Callable[[], bytes] = (
            _CarriageReturns(head, stream).readline if is_old_mac else partial(self._in_head, io.BytesIO(head), stream)
        )
        sample = [line.decode("utf-8", TEXT_ERRORS) for line in head.splitlines()[:_SAMPLE]]
        self.delimiter, self._width = _dialect(sample)
        self.splits = True  # False: rows without quotes come without cells, for `cells_of` later

    def __iter__(self) -> Iterator[tuple[bytes, list[str]]]:
        delimiter, joined = self.delimiter, self._joined
        number = 0
        while line := joined.pop() if joined else self._next():
            number += 1
            if len(line) >= LONGEST and line[-1:] not in (b"\n", b"\r"):
                raise ClaimFileUnreadable(self._name, f"row {number} has more than {LONGEST:,} bytes")
            if not self.splits and b'"' not in line and number > 1:
                yield line, []
                continue
            text = line.decode("utf-8", TEXT_ERRORS)
            if number == 1:
                text = text.removeprefix("\ufeff")
            if '"' in text:
                yield self._quoted(line, text, number)
            else:
                yield line, text.rstrip("\r\n").split(delimiter)

    def _in_head(self, head: io.BytesIO, rest: BinaryIO) -> bytes:
        """Return the next line of the head; from its last line on, lines are read from the rest."""
        line = head.readline(LONGEST)
        if line[-1:] != b"\n" and len(line) != LONGEST:
            self._next = partial(rest.readline, LONGEST)
            line += rest.readline(LONGEST - len(line))
        return line

    def _line(self) -> bytes:
        return self._joined.pop() if self._joined else self._next()

    def _quoted(self, line: bytes, text: str, number: int) -> tuple[bytes, list[str]]:
        """Return a row that has quotes, with the lines that belong to it."""
        raws, texts = [line], [text]
        cells, is_open = self._parsed(text)
        size = len(line)
        while is_open and len(raws) < _MOST_LINES and size < LONGEST and (more := self._line()):
            raws.append(more)
            size += len(more)
            texts.append(more.decode("utf-8", TEXT_ERRORS))
            cells, is_open = self._parsed("".join(texts))
        if cells is not None and not is_open and not self._are_rows(texts):
            return b"".join(raws), cells
        self._oddities.add(_BREAK if cells is None else _NEVER_CLOSED, number)
        self._joined.extend(reversed(raws[1:]))
        return line, text.rstrip("\r\n").split(self.delimiter)

    def _parsed(self, text: str) -> tuple[list[str] | None, bool]:
        return _parsed(text, self.delimiter)

    def _are_rows(self, texts: list[str]) -> bool:
        """Return whether lines joined by a quote look like rows of their own: a quote that was not meant as one."""
        if len(texts) == 1 or self._width < 3:
            return False
        whole = [text.count(self.delimiter) >= self._width - 1 for text in texts]
        return any(whole[1:-1]) or (whole[0] and whole[-1])


def cells_of(raw: bytes, delimiter: str, is_first: bool = False) -> list[str]:
    """Return the cells of a row that TextRows found, from its bytes."""
    text = raw.decode("utf-8", TEXT_ERRORS)
    if is_first:
        text = text.removeprefix("\ufeff")
    if '"' in text:
        cells, is_open = _parsed(text, delimiter)
        if cells is not None and not is_open:
            return cells
    return text.rstrip("\r\n").split(delimiter)


def _parsed(text: str, delimiter: str) -> tuple[list[str] | None, bool]:
    """Return the cells, None if csv cannot tell them, and whether a quote is still open at the end."""
    lines = iter((text, ""))
    try:
        cells = next(csv.reader(lines, delimiter=delimiter))
    except (csv.Error, StopIteration):
        return None, False
    return cells, next(lines, None) is None


class _CarriageReturns:
    """A stream whose lines end with a carriage return alone."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._text = head
        self._at = 0
        self._rest = rest

    def readline(self) -> bytes:
        """Return the next line; empty at the end."""
        while True:
            end = self._text.find(b"\r", self._at)
            if end < 0 and len(self._text) - self._at < LONGEST and (more := self._rest.read(_HEAD)):
                self._text, self._at = self._text[self._at :] + more, 0
                continue
            end = min(len(self._text), self._at + LONGEST) if end < 0 else end + 1
            line, self._at = self._text[self._at : end], end
            return line


def _dialect(sample: list[str]) -> tuple[str, int]:
    """Return the delimiter that gives most lines the same number of cells, and that number."""
    best, found = (0, 0), (",", 1)
    for delimiter in _DELIMITERS:
        widths = Counter(len(_cells(text, delimiter)) for text in sample if text.strip())
        del widths[1]
        if widths:
            width, lines = max(widths.items(), key=lambda item: (item[1], item[0]))
            if (lines, width) > best:
                best, found = (lines, width), (delimiter, width)
    return found


def _cells(text: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([text], delimiter=delimiter), [])
    except csv.Error:
        return text.split(delimiter)
