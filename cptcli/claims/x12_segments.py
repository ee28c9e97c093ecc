"""X12 bytes -> segments, in batches, with the delimiters that each ISA declares.

`batches(stream, name)` is all that a reader calls. It knows the envelope's ISA and nothing of what is inside. Memory
stays flat: no more than one chunk and one segment, of a bounded length, are in memory.
"""

import codecs
import re
from collections.abc import Iterator
from typing import BinaryIO, Final, NamedTuple

from .lines import TEXT_ERRORS, ClaimFileUnreadable

CHUNK: Final = 1 << 17  # bytes read at once
LONGEST: Final = 1 << 16  # characters of a segment; a real one has a few hundred
_ISA_ROOM: Final = 1024  # characters that hold any ISA, also one whose fields are too long
_ISA_LENGTH: Final = 106
_ISA_INSIDE = re.compile(r"ISA([^A-Za-z0-9\s])\d\d\1.{0,12}?\1\d\d\1.{0,12}?\1..\1.{0,17}?\1..\1", re.DOTALL)
_BEFORE_GS = r"(\S)(\S)\s*GS{}|(\n)GS{}"
_SKIPPED: Final = 128  # characters of an overlong segment that stay in view, to see an ISA that begins there


class Delimiters(NamedTuple):
    """The delimiters of one interchange; `repetition` is empty where ISA11 is no delimiter."""

    element: str
    component: str
    repetition: str
    terminator: str


class Batch(NamedTuple):
    """Segments in a row without their terminators. `remark` is about the last of them."""

    delimiters: Delimiters
    segments: list[str]
    remark: str = ""
    before_isa: int = 0  # characters that come before the file's ISA and were skipped


def batches(stream: BinaryIO, name: str) -> Iterator[Batch]:
    """Yield the segments of a file. Raises ClaimFileUnreadable if it has no readable ISA, before the first batch."""
    decode = codecs.getincrementaldecoder("utf-8")(TEXT_ERRORS).decode
    splitter = _Splitter(name)
    while chunk := stream.read(CHUNK):
        yield from splitter.feed(decode(chunk), at_end=False)
    yield from splitter.feed(decode(b"", True), at_end=True)


class _Splitter:
    """Cuts text at the terminator of the interchange it is in."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._rest = ""  # text not yet cut; begins where a segment begins, unless `_skipping`
        self._delimiters: Delimiters | None = None
        self._skipping = False  # inside a segment that is too long

    def feed(self, text: str, at_end: bool) -> Iterator[Batch]:
        text = self._rest + text
        start = 0
        if self._delimiters is None:
            if len(text) < LONGEST and not at_end:
                self._rest = text
                return
            before, text = self._first(text)
            batch, start = self._open(text[:_ISA_ROOM], before)
            yield batch
        while (at := self._next_isa(text, start)) >= 0:
            yield from self._cut(text[start:at], at_end=True)
            if len(text) - at < _ISA_ROOM and not at_end:
                self._rest = text[at:]
                return
            batch, length = self._open(text[at : at + _ISA_ROOM])
            yield batch
            start = at + length
        yield from self._cut(text[start:], at_end)

    def _first(self, text: str) -> tuple[int, str]:
        """Return how many characters come before the first ISA, and the text from it on."""
        stripped = text.lstrip("\ufeff \t\r\n")
        if _isa(stripped):
            return 0, stripped
        found = _ISA_INSIDE.search(text)
        if found and _isa(text[found.start() :]) and "SV1" not in text[: found.start()]:
            return found.start(), text[found.start() :]
        what = (
            "its ISA segment is damaged or cut off" if stripped[:3] == "ISA" else "it has no ISA segment at its start"
        )
        raise ClaimFileUnreadable(self._name, what, "Export it again, or ask the sender for the whole file.")

    def _open(self, text: str, before: int = 0) -> tuple[Batch, int]:
        """Return the ISA that the text begins with, and its length; its delimiters are used from now on."""
        self._skipping = False
        isa = _isa(text)
        if isa is None:  # a later ISA that cannot be read
            assert self._delimiters is not None
            return Batch(self._delimiters, ["ISA"], "ISA: not readable; the delimiters before it are used"), 3
        self._delimiters, length = isa
        remark = "" if length == _ISA_LENGTH else f"ISA: it has {length} characters, expected {_ISA_LENGTH}"
        return Batch(self._delimiters, [text[: length - 1]], remark, before), length

    def _next_isa(self, text: str, start: int) -> int:
        """Return where the next interchange begins in the text from `start` on; -1 if nowhere."""
        assert self._delimiters is not None
        terminator = self._delimiters.terminator
        at = text.find("ISA", start)
        while at >= 0:
            before = at - 1
            while before >= start and text[before] != terminator and text[before].isspace():
                before -= 1
            begins = text[before] == terminator if before >= start else not self._skipping
            after = text[at + 3 : at + 4]
            if after and ((begins and not after.isalnum() and after != " ") or _ISA_INSIDE.match(text, at)):
                return at
            at = text.find("ISA", at + 3)
        return -1

    def _cut(self, text: str, at_end: bool) -> Iterator[Batch]:
        """Yield the segments of text that holds no ISA; what follows the last terminator stays in `_rest`."""
        delimiters = self._delimiters
        assert delimiters is not None
        last = text.rfind(delimiters.terminator)
        if self._skipping:
            end = text.find(delimiters.terminator)
            if end < 0:
                self._rest = "" if at_end else text[-_SKIPPED:]
                return
            self._skipping = False
            text, last = text[end + 1 :], last - end - 1
        if last >= 0:
            segments = _without_breaks(text[:last], delimiters).split(delimiters.terminator)
            yield Batch(delimiters, [segment for segment in segments if segment] if "" in segments else segments)
            text = text[last + 1 :]
        if len(text) > LONGEST:
            cut = _without_breaks(text[:LONGEST], delimiters)
            yield Batch(delimiters, [cut], f"a segment has more than {LONGEST:,} characters; the rest of it is skipped")
            self._skipping, text = True, text[-_SKIPPED:]
        elif at_end and (tail := _without_breaks(text, delimiters).strip()):
            yield Batch(delimiters, [tail], "last segment has no terminator")
            text = ""
        self._rest = "" if at_end else text


def _without_breaks(text: str, delimiters: Delimiters) -> str:
    """Return the text without line breaks, which mean nothing in X12 where they are no delimiter."""
    for mark in "\n\r":
        if mark in text and (mark not in delimiters):
            text = text.replace(mark, "")
    return text


def _isa(text: str) -> tuple[Delimiters, int] | None:
    """Return the delimiters of the ISA that the text begins with, and its length; None if it cannot be read."""
    head = text[:_ISA_ROOM]
    if len(head) < 5 or head[:3] != "ISA" or head[3].isalnum() or head[3] in " \r\n":
        return None
    element = head[3]
    fields = head.split(element, 16)
    ends = sum(map(len, fields[:16])) + 16 if len(fields) == 17 else 0  # where ISA16 begins
    if head[103:104] == element and _can_delimit(element, head[104:106]):
        ends = 104
    elif not _can_delimit(element, head[ends : ends + 2]) or not ends:
        tag = re.escape(element)
        found = re.search(_BEFORE_GS.format(tag, tag), head)
        ends = found.start(1) if found and found[1] and _can_delimit(element, found[1] + found[2]) else 0
    if not ends:
        return None
    component, terminator = head[ends], head[ends + 1]
    line = head[ends + 1 :].lstrip("\r\n").split("\n", 1)[0].rstrip("\r")
    if terminator in "\r\n" and line[-1:] == component and line.startswith("GS"):
        component, terminator, ends = "", component, ends - 1  # ISA16 is empty
    repetition = fields[11] if len(fields) > 11 and len(fields[11]) == 1 and not fields[11].isalnum() else ""
    return Delimiters(element, component, repetition, terminator), ends + 2


def _can_delimit(element: str, two: str) -> bool:
    """Return whether two characters can be the component separator and the terminator beside this element separator."""
    return len(two) == 2 and len({element, *two}) == 3 and not any(map(str.isalnum, two)) and two[1] != " "
