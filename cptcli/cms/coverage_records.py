"""What the store keeps of the Medicare Coverage Database: documents, code groups, diagnosis lists, contractors.

Every record is a row of the table `coverage`: its id, version, kind and group number, the codes on it as one text, and
the rest as JSON.
"""

import re
from collections.abc import Iterable
from datetime import date
from typing import Literal

import msgspec

from ..model.common import Noun
from .store import Row

DocumentKind = Literal["article", "lcd", "ncd"]
GroupKind = Literal["codes", "covered", "noncovered"]
ClaimKind = Literal["professional", "institutional", "home_health", "equipment"]
TABLE_OF: dict[DocumentKind, str] = {
    "article": "coverage-articles",
    "lcd": "coverage-lcds",
    "ncd": "coverage-ncds",
}
LETTERS: dict[DocumentKind, str] = {"article": "A", "lcd": "L", "ncd": "N"}  # CMS's columns have the number alone
MARK = "*"  # after a diagnosis with a further condition
_ENCODER = msgspec.json.Encoder()


class StoredDocument(Noun, frozen=True):
    """An article, LCD or NCD in one version. `contractors` are keys of contractors; `related` has ids as 'L33631'."""

    id: str
    version: int
    kind: DocumentKind
    title: str
    status: str  # CMS's letter: A active, R retired, P proposed
    effective: date | None
    ends: date | None
    retired: date | None
    contractors: tuple[str, ...] = ()
    related: tuple[str, ...] = ()
    texts: tuple[tuple[str, str], ...] = ()  # CMS's column, and its text


class GroupText(Noun, frozen=True):
    """The words of a code group or diagnosis list. `note` is the condition of the diagnoses with an asterisk.

    `no_limit`: CMS's code for "no diagnosis limitation" is on it.
    """

    paragraph: str = ""
    note: str = ""
    no_limit: bool = False


class StoredGroup(Noun, frozen=True):
    """A code group or a diagnosis list of a document, with every code on it."""

    document: str
    version: int
    kind: GroupKind
    number: int
    entries: str  # between blanks; MARK after a diagnosis with a further condition
    text: GroupText

    def has(self, code: str) -> bool:
        """Return whether exactly this code is on it."""
        return f" {code} " in self.entries or self.is_marked(code)

    def is_marked(self, code: str) -> bool:
        """Return whether this diagnosis is on it with an asterisk."""
        return f" {code}{MARK} " in self.entries

    def under(self, code: str) -> tuple[str, ...]:
        """Return the codes on it that begin with this code and are longer."""
        listed = (each.rstrip(MARK) for each in self.entries.split())
        return tuple(each for each in listed if each.startswith(code) and each != code)

    @property
    def count(self) -> int:
        """Return how many codes are on it."""
        return self.entries.count(" ") - 1 if self.entries else 0


class StoredContractor(Noun, frozen=True):
    """A contractor's entry: one kind of claim. `states` has (state, part of it or an empty text)."""

    key: str  # CMS's contractor_id, contractor_type_id and contractor_version
    name: str
    number: str
    type: str  # CMS's words, as 'MAC - Part B'
    claims: tuple[ClaimKind, ...]
    states: tuple[tuple[str, str], ...]


def joined(codes: Iterable[str]) -> str:
    """Return codes as they are stored: sorted, between blanks; empty for none."""
    stored = sorted({*codes})
    return f" {' '.join(stored)} " if stored else ""


def document_row(document: StoredDocument) -> Row:
    """Return the row of a document."""
    return (document.id, document.version, "document", 0, "", _ENCODER.encode(document).decode())


def group_row(document: str, version: int, kind: GroupKind, number: int, entries: str, text: GroupText) -> Row:
    """Return the row of a code group or a diagnosis list."""
    return (document, version, kind, number, entries, _ENCODER.encode(text).decode())


def contractor_row(contractor: StoredContractor) -> Row:
    """Return the row of a contractor."""
    return (contractor.key, 0, "contractor", 0, "", _ENCODER.encode(contractor).decode())


def read_document(body: str) -> StoredDocument:
    """Return a stored document. Raises MsgspecError for a damaged row."""
    return msgspec.json.decode(body, type=StoredDocument)


def read_group(row: Row) -> StoredGroup:
    """Return a stored group from all cells of its row. Raises MsgspecError or ValueError for a damaged row."""
    document, version, kind, number, entries, body = row
    if kind not in ("codes", "covered", "noncovered"):
        raise ValueError(f"{kind!r} where a kind of group belongs")
    return StoredGroup(str(document), int(version), kind, int(number), str(entries),
                       msgspec.json.decode(body, type=GroupText))  # fmt: skip


def read_contractor(body: str) -> StoredContractor:
    """Return a stored contractor. Raises MsgspecError for a damaged row."""
    return msgspec.json.decode(body, type=StoredContractor)


def is_about(title: str, subjects: Iterable[str]) -> bool:
    """Return whether a title has one of these phrases, each at the beginning of a word."""
    words = " ".join(re.findall("[a-z0-9]+", title.casefold()))
    return any(f" {' '.join(re.findall('[a-z0-9]+', each.casefold()))}" in f" {words}" for each in subjects)
