"""The nouns of `cpt data`: what was imported, what is on file, what was verified."""

from datetime import date
from typing import Literal

from .common import Noun


class TakenTable(Noun, frozen=True, omit_defaults=False):
    """What an import did with one edition in a file."""

    id: str
    rows: int
    outcome: Literal["stored", "held_already", "replaced"]
    file: str
    notes: tuple[str, ...]


class ImportedFile(Noun, frozen=True, omit_defaults=False):
    """What an import did with one file. `problem`: why nothing of it was stored, else None."""

    file: str
    tables: tuple[TakenTable, ...]
    left_out: tuple[tuple[str, str], ...]  # the other files in it, and why they were left out
    problem: str | None


class Imports(Noun, frozen=True, omit_defaults=False):
    """The result of `cpt data import`."""

    store: str
    files: tuple[ImportedFile, ...]


class StoredTable(Noun, frozen=True, omit_defaults=False):
    """An edition of one of CMS's tables, as in `cpt data list`. `holds` says in words how much of it is on file."""

    id: str
    table: str
    claim: str | None
    edition: str
    first: date
    last: date | None
    imported: bool
    rows: int
    holds: str
    files: tuple[str, ...]
    imported_on: date | None
    source: str | None
    caveat: str | None


class Inventory(Noun, frozen=True, omit_defaults=False):
    """The result of `cpt data list`: the imported tables, then the shipped ones."""

    store: str
    bytes: int | None  # size of the store; None if there is no store yet
    tables: tuple[StoredTable, ...]


class VerifiedPart(Noun, frozen=True, omit_defaults=False):
    """The rows that one file has of an edition. `problem`: what is wrong with them, else None."""

    id: str
    file: str
    rows: int
    problem: str | None


class Verified(Noun, frozen=True, omit_defaults=False):
    """The result of `cpt data verify`. `problems` are those of the store as a whole."""

    store: str
    parts: tuple[VerifiedPart, ...]
    problems: tuple[str, ...]


DataShown = Imports | Inventory | Verified  # what a renderer accepts
