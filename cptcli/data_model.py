"""The nouns of CMS's own files: what `cpt data` imported, holds and verified. Apart, as visit_model.py is."""

from datetime import date
from typing import Literal

from .model import Noun


class TakenTable(Noun, frozen=True, omit_defaults=False):
    """What an import did with one edition that a file brings."""

    id: str
    rows: int
    outcome: Literal["stored", "held_already", "replaced"]
    file: str
    notes: tuple[str, ...]


class ImportedFile(Noun, frozen=True, omit_defaults=False):
    """What an import did with one file; `problem` when nothing of it was stored, and why."""

    file: str
    tables: tuple[TakenTable, ...]
    left_out: tuple[tuple[str, str], ...]  # what else is in it, and why it was left
    problem: str | None


class Imports(Noun, frozen=True, omit_defaults=False):
    """What `cpt data import` did."""

    store: str
    files: tuple[ImportedFile, ...]


class HeldTable(Noun, frozen=True, omit_defaults=False):
    """An edition of one of CMS's tables as `cpt data list` names it. `holds` says in words how much of it is there."""

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


class Holdings(Noun, frozen=True, omit_defaults=False):
    """What `cpt data list` found: what the user imported, then what ships."""

    store: str
    bytes: int | None  # size of the store; None while there is none
    tables: tuple[HeldTable, ...]


class VerifiedPart(Noun, frozen=True, omit_defaults=False):
    """What one file brought of an edition, and what is wrong with it, None when nothing is."""

    id: str
    file: str
    rows: int
    problem: str | None


class Verified(Noun, frozen=True, omit_defaults=False):
    """What `cpt data verify` found; `problems` are those of the store as a whole."""

    store: str
    parts: tuple[VerifiedPart, ...]
    problems: tuple[str, ...]


DataShown = Imports | Holdings | Verified  # what a renderer takes
