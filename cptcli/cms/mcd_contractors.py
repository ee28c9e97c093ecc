"""The contractors of the Medicare Coverage Database: for which claims, and in which states.

A contractor's key is the triple of id, type and version: its id alone mixes Part A and Part B.
"""

import re
from collections import Counter
from collections.abc import Callable

from .cells import capitals
from .coverage_records import ClaimKind, StoredContractor, contractor_row
from .html_text import plain_text
from .mcd_export import Export, read_date
from .reading import Tick
from .store import Row

_TRIPLE = ("contractor_id", "contractor_type_id", "contractor_version")
# CMS divides some states among contractors: its own abbreviations, the postal one, and the part.
_PARTS = {
    "DN": ("NY", "downstate"), "QN": ("NY", "Queens"), "UN": ("NY", "upstate"), "EM": ("MO", "east"),
    "WM": ("MO", "west"), "NF": ("CA", "north"), "SF": ("CA", "south"), "CNMI": ("MP", ""),
}  # fmt: skip
_CLAIMS: tuple[tuple[str, tuple[ClaimKind, ...]], ...] = (  # words of a contractor's type
    (r"\bA and B\b|\bPart A and (Part )?B\b", ("institutional", "professional")),
    (r"\bPart A\b", ("institutional",)),
    (r"\bPart B\b", ("professional",)),
    (r"\bHHH\b|\bHome Health\b", ("home_health",)),
    (r"\bDME\b", ("equipment",)),
)


def claims_of(type_: str) -> tuple[ClaimKind, ...]:
    """Return the kinds of claim that a contractor of this type decides; none for a type of former times."""
    found = (claims for pattern, claims in _CLAIMS if re.search(pattern, type_, re.IGNORECASE))
    return tuple(dict.fromkeys(claim for claims in found for claim in claims))


def contractors_of(
    export: Export, is_kept: Callable[[tuple[str, str]], bool], skipped: Counter[str], tick: Tick | None
) -> tuple[list[Row], dict[tuple[str, str], list[str]]]:
    """Return the rows of the contractors of the documents to keep, and the contractors of each document.

    Jurisdictions that have ended are left out. Contractors that the file does not have are counted in `skipped`.
    """
    known = _contractors(export, skipped, tick)
    used: dict[str, StoredContractor] = {}
    of_document: dict[tuple[str, str], list[str]] = {}
    columns = (f"{export.kind}_id", f"{export.kind}_version", *_TRIPLE)
    for document, version, *triple in export.rows(f"{export.kind}_x_contractor", columns, tick):
        if not is_kept((document, version)):
            continue
        key = _key(triple)
        if key not in known:
            skipped["contractors of documents that the file does not have"] += 1
            continue
        used[key] = known[key]
        of_document.setdefault((document, version), []).append(key)
    return [contractor_row(each) for _, each in sorted(used.items())], of_document


def _contractors(export: Export, skipped: Counter[str], tick: Tick | None) -> dict[str, StoredContractor]:
    types = {key.strip(): plain_text(text) for key, text in
             export.rows("contractor_type_lookup", ("contractor_type_id", "description"), tick)}  # fmt: skip
    letters = {key.strip(): capitals(text) for key, text in
               export.rows("state_lookup", ("state_id", "state_abbrev"), tick)}  # fmt: skip
    states: dict[str, dict[tuple[str, str], None]] = {}
    columns = (*_TRIPLE, "state_id", "term_date")
    for *triple, state, ended in export.rows("contractor_jurisdiction", columns, tick):
        if read_date(export, ended):
            continue
        abbreviation = letters.get(state.strip())
        if not abbreviation:
            skipped["jurisdictions without a known state"] += 1
            continue
        states.setdefault(_key(triple), {})[_PARTS.get(abbreviation, (abbreviation, ""))] = None
    found = {}
    for *triple, name, number in export.rows(
        "contractor", (*_TRIPLE, "contractor_bus_name", "contractor_number"), tick
    ):
        key, type_ = _key(triple), types.get(triple[1].strip(), "")
        found[key] = StoredContractor(key, plain_text(name), number.strip(), type_, claims_of(type_),
                                      tuple(states.get(key, ())))  # fmt: skip
    return found


def _key(triple: list[str]) -> str:
    return "-".join(cell.strip() for cell in triple)
