"""The rows of PTP edits in an edition."""

from collections.abc import Collection, Iterator, Sequence
from datetime import date

import msgspec

from .editions import StoredEdition
from .edits import Kind, unpacked
from .entries import Pair


def unordered(one: str, other: str) -> tuple[str, str]:
    """Return two codes in alphabetical order, as the key of their edits."""
    return (one, other) if one < other else (other, one)


def _by_date(pair: Pair) -> tuple[str, date, date]:
    return pair.column1, pair.effective or date.min, pair.deletion or date.max


def edits_among(stored: StoredEdition, codes: Sequence[str]) -> dict[tuple[str, str], tuple[Pair, ...]]:
    """Return every edit among some codes: its two codes in alphabetical order -> its rows by date."""
    found: dict[tuple[str, str], list[Pair]] = {}
    with stored.source.reads():
        for pair in _pairs(stored, codes):
            found.setdefault(unordered(pair.column1, pair.column2), []).append(pair)
    return {codes: tuple(sorted(pairs, key=_by_date)) for codes, pairs in found.items()}


def _pairs(stored: StoredEdition, codes: Sequence[str]) -> Iterator[Pair]:
    """Yield every edit with both codes among these."""
    kinds = {part.part: msgspec.json.decode(part.kinds or "[]", type=list[Kind]) for part in stored.parts}
    rows = stored.source.connection.execute(
        f"SELECT part, column1, pairs FROM edits WHERE part IN ({placeholders(kinds)}) "
        f"AND column1 IN ({placeholders(codes)})",
        (*kinds, *codes),
    )
    for part, column1, pairs in rows:
        for code in codes:
            for _, column2, effective, deletion, indicator, rationale in unpacked(column1, pairs, kinds[part], code):
                yield Pair(column1, column2, effective, deletion, str(indicator), rationale, stored.edition.first)


def placeholders(values: Collection[object]) -> str:
    """Return the placeholders for values in a query."""
    return ", ".join("?" * len(values))
