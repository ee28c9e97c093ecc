"""The nouns that every reader of claim files shares: a service line, and what was unusual in a file.

Here: `ServiceLine`, `COLUMNS`, `Oddities`, and the errors that refuse a whole file. No reading, no checks.
"""

import codecs
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from ..errors import CptError

COLUMNS: Final = (
    "file", "st", "claim", "lx", "qual", "code", "modifiers", "charge", "unit", "qty", "pointers", "dx", "from", "to",
    "pos", "line_ctl", "filing", "billing", "rendering",
)  # fmt: skip
_FIELDS: Final = tuple({"from": "date_from", "to": "date_to"}.get(name, name) for name in COLUMNS)
TEXT_ERRORS: Final = "cptcli.cp1252"  # how to decode UTF-8 that may hold cp1252


class ServiceLine(Struct, frozen=True, gc=False):
    """One service line, as text from the file: nothing is corrected here except how a cell was written.

    Empty text is "not given". Dates are YYYYMMDD and diagnoses have no dot, as X12 writes them; a date that cannot be
    read stays as it is. `patient` tells one patient from another and must never be printed, logged or kept.
    """

    file: str = ""
    st: str = ""  # X12: the transaction's control number
    claim: str = ""  # account number or claim id
    lx: str = ""  # line number in the claim
    qual: str = ""  # HC for CPT and HCPCS; otherwise the code set as the file names it
    code: str = ""
    modifiers: tuple[str, ...] = ()
    charge: str = ""
    unit: str = ""  # UN units, MJ minutes
    qty: str = ""
    pointers: tuple[str, ...] = ()
    dx: tuple[str, ...] = ()  # those that the line points to; all of the claim's where a file has no pointers
    date_from: str = ""
    date_to: str = ""
    pos: str = ""
    line_ctl: str = ""
    filing: str = ""  # SBR09: the kind of payer
    billing: str = ""
    rendering: str = ""
    place: int = 0  # number of the segment, row or resource it was read from
    payer: str = ""
    payer_id: str = ""
    patient: str = ""
    frequency: str = ""  # CLM05-3: 1 original, 7 replacement, 8 void
    other_payers: int = 0
    notes: tuple[str, ...] = ()  # NTE texts, the claim's and then the line's, as ADD:text
    minutes: str = ""  # a column of minutes; not an MJ quantity
    device: str = ""

    def row(self) -> list[str]:
        """Return the texts of COLUMNS, lists joined by blanks."""
        return [" ".join(value) if isinstance(value := getattr(self, name), tuple) else value for name in _FIELDS]


class Oddity(Struct, frozen=True):
    """Something unusual in a file: what, how often, and the first places. `str` is the sentence to print."""

    what: str
    where: str  # segment, row or resource
    places: tuple[int, ...]
    count: int

    def __str__(self) -> str:
        if not self.places:
            return self.what
        more = "…" if self.count > len(self.places) else ""
        return f"{self.what} ({self.where} {', '.join(map(str, self.places))}{more})"


class Oddities:
    """What was unusual in a file, by sentence; bounded, so that a hostile file cannot fill memory."""

    _DISTINCT: Final = 500
    _PLACES: Final = 3
    _REST: Final = "other oddities, too many kinds to list"

    def __init__(self, where: str) -> None:
        self.where = where
        self.added = 0  # so often something unusual was met
        self._found: dict[str, list[int]] = {}  # the sentence: how often, then the first places

    def add(self, what: str, place: int = 0) -> None:
        """Count one; `place` 0 is the file as a whole."""
        self.added += 1
        found = self._found.get(what)
        if found is None:
            if len(self._found) >= self._DISTINCT:
                what = self._REST
            found = self._found.setdefault(what, [0])
        found[0] += 1
        if place and len(found) <= self._PLACES:
            found.append(place)

    def merge(self, others: "list[Oddity]") -> None:
        """Add what was unusual in a later part of the same file."""
        for each in others:
            for place in each.places or (0,):
                self.add(each.what, place)
            known = self._found.get(each.what) or self._found[self._REST]
            known[0] += each.count - len(each.places or (0,))

    def take(self) -> list[Oddity]:
        """Return what was unusual so far, and forget it."""
        found = [*self]
        self._found.clear()
        return found

    def __iter__(self) -> Iterator[Oddity]:
        for what, (count, *places) in self._found.items():
            yield Oddity(what, self.where, tuple(places), count)

    def __len__(self) -> int:
        return len(self._found)


class ClaimFileUnreadable(CptError):
    """A file that is no claim file or charge export that cpt reads; none of its lines was used."""

    def __init__(self, name: str, what: str, todo: str = "") -> None:
        super().__init__(f"{name}: {what}. No line of it was read.{' ' + todo if todo else ''}", file=name, what=what)


class MissingExtra(CptError):
    """A kind of file that needs a package that is not installed; says the one command that installs it."""

    def __init__(self, name: str, kind: str, extra: str) -> None:
        command = f"pip install 'cpt-helper[{extra}]'"
        super().__init__(f"{name}: cpt needs one more package for {kind}. Run: {command}", file=name, command=command)


def _as_cp1252(error: UnicodeError) -> tuple[str, int]:
    """Return the characters that cp1252 has for bytes that are not UTF-8; for its five gaps, those of latin-1."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    wrong = error.object[error.start : error.end]
    text = "".join(
        bytes([byte]).decode("latin-1" if byte in (0x81, 0x8D, 0x8F, 0x90, 0x9D) else "cp1252") for byte in wrong
    )
    return text, error.end


codecs.register_error(TEXT_ERRORS, _as_cp1252)
