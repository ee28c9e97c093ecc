"""Procedure-to-procedure (PTP) edits in little space: one stored row per column 1 code, ten bytes per edit.

An edit is its column 2 code, its first and last day, and its kind: a modifier indicator with a rationale. A file has a
few dozen kinds, listed once. Four quarters have ten million edits.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import NamedTuple

SIZE = 10  # bytes of an edit: five for the code, two for each day, one for the kind
_EPOCH = date(1970, 1, 1).toordinal()
Kind = tuple[int, str]  # indicator and rationale


class Edit(NamedTuple):
    """A PTP edit. `effective` None: not known. `deletion` None: not ended."""

    column1: str
    column2: str
    effective: date | None
    deletion: date | None
    indicator: int
    rationale: str


def packed_day(day: date | None) -> str:
    """Return a day as two one-byte characters. Raises ValueError outside 1970 to 2149."""
    number = day.toordinal() - _EPOCH if day else 0
    if not 0 <= number < 1 << 16:
        raise ValueError(day)
    return chr(number >> 8) + chr(number & 255)


def packed(edits: Iterable[Edit], kinds: list[Kind]) -> list[tuple[str, bytes]]:
    """Return edits packed by column 1 code, in code order; new kinds are appended to `kinds`."""
    by_column1: dict[str, list[str]] = {}
    for edit in edits:
        kind = (edit.indicator, edit.rationale)
        if kind not in kinds:
            kinds.append(kind)
        record = edit.column2 + packed_day(edit.effective) + packed_day(edit.deletion) + chr(kinds.index(kind))
        by_column1.setdefault(edit.column1, []).append(record)
    return [(column1, joined(records)) for column1, records in sorted(by_column1.items())]


def joined(records: list[str]) -> bytes:
    """Return the records of one column 1 code as they are stored: sorted."""
    return "".join(sorted(records)).encode("latin-1")


def merged(one: bytes, other: bytes) -> bytes:
    """Return the edits of one column 1 code that a file lists in two places."""
    text = (one + other).decode("latin-1")
    return joined([text[place : place + SIZE] for place in range(0, len(text), SIZE)])


def unpacked(column1: str, pairs: bytes, kinds: Sequence[Kind], column2: str | None = None) -> Iterator[Edit]:
    """Yield the edits of a column 1 code: all, or those with one column 2 code.

    Raises ValueError or IndexError if the bytes are not edits.
    """
    if len(pairs) % SIZE:
        raise ValueError(f"{len(pairs)} bytes of edits")
    places: Iterable[int] = range(0, len(pairs), SIZE) if column2 is None else _places(pairs, column2)
    for place in places:
        record = pairs[place : place + SIZE]
        yield Edit(column1, record[:5].decode("ascii"), _day(record[5:7]), _day(record[7:9]), *kinds[record[9]])


def _places(pairs: bytes, column2: str) -> Iterator[int]:
    wanted = column2.encode("ascii", "replace")
    place = pairs.find(wanted) if len(wanted) == 5 else -1
    while place >= 0:
        if place % SIZE == 0:
            yield place
        place = pairs.find(wanted, place + 1)


def _day(two: bytes) -> date | None:
    number = int.from_bytes(two, "big")
    return date.fromordinal(_EPOCH + number) if number else None
