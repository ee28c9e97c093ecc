"""The CMS tables in `rules/tables/`: their editions and how much of each is there."""

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta

from .common import CodeRange, Confidence, Id, Noun, Short, Text


class Holds(Noun, frozen=True):
    """The codes for which a partial table is complete: what is missing for them is not in the whole table either.

    For a table of pairs, `pairs` says whether either or both codes of an active pair have to be among these codes;
    `history` says the same for pairs that ended before that edition.
    """

    codes: Annotated[tuple[CodeRange, ...], Meta(min_length=1)]
    pairs: Literal["either", "both"] | None = None
    history: Literal["either", "both"] | None = None


class Download(Noun, frozen=True):
    """CMS's own file of a later edition: the table that an import fills, and what to look for on which page.

    `files` has {year}, {yy}, {quarter}, {month} of the quarter, {letter} A to D, or {version} of the NCCI edits.
    """

    table: Literal["ncci-edits", "mue", "fee-schedule"]
    name: Text
    files: Text
    page: Text
    claim: Literal["professional", "institutional", "equipment"] | None = None  # None: every kind of claim


class Table(Noun, frozen=True):
    """A CMS table in `rules/tables/`: its edition, where it was taken from, and the hash of its file."""

    id: Id
    title: Text
    edition: Text
    file: Text
    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$", description="64 hexadecimal digits, in quotes")]
    taken_from: Text
    effective: date  # the first day it covers
    confidence: Confidence
    caveat: Text
    sources: tuple[Id, ...]
    holds: Holds | None = None  # null: complete, as CMS published that edition
    caveat_short: Short | None = None  # the caveat in one line
    download: Download | None = None  # CMS's file of a later edition
