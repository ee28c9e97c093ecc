"""What the layouts share: the facts in a file's name, and the checks on each cell.

Only the file name gives the quarter of the NCCI tables, and whether the edits are for practitioners or for hospitals.
An option gives it when the name was lost. When both are given they must agree.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from .edits import Kind
from .entries import Claim
from .reading import Document, Tick
from .store import UNKNOWN, EditionRow, Row, as_day
from .tables import Tables

CLAIMS: dict[str, Claim] = {"practitioner": "professional", "outpatient": "institutional", "dme": "equipment"}
MONTHS = {"jan": 1, "apr": 2, "jul": 3, "oct": 4}
RELEASES = "ABCD"  # of the fee schedule, by quarter
_MOST = 200_000  # rows kept in memory; the longest such table has 43,000 (ZIP codes)
DOWNLOAD = "Download it again."


class Given(NamedTuple):
    """The options given with the file, and the editions that ship."""

    quarter: str | None  # as '2026 Q3'
    claim: Claim | None
    license: bool  # the user has the AMA's license and may store its descriptors
    shipped: Tables
    codes: Callable[[], frozenset[str]] | None = None  # the codes on file; None keeps the articles of every code
    subjects: Callable[[], tuple[str, ...]] = tuple  # phrases in the title of a document on this field


class Load(NamedTuple):
    """The rows of one edition in a file. Call `notes` after the rows have been read."""

    edition: EditionRow
    rows: Iterable[Row]
    notes: Callable[[], list[str]] = list
    kinds: Sequence[Kind] = ()  # for edits only; complete after the rows have been read


class Layout(NamedTuple):
    """One kind of file: a test of its first rows, and its reader."""

    name: str
    is_this: Callable[[Document], bool]
    read: Callable[[Document, Given, Tick | None], list[Load]]


# ------------------------------------------------------------------------------------------------ file names


_QUARTERS: tuple[tuple[str, Callable[[re.Match[str]], tuple[int, int]]], ...] = (
    # The version of the edits: the year and six in two digits, the quarter from 0, the revision.
    (r"(?<![a-z0-9])v([0-9][0-9])([0-3])r[0-9]", lambda found: (1994 + int(found[1]), int(found[2]) + 1)),
    (r"eff[-_ ]?(0[1-9]|1[0-2])-([0-9][0-9])-(20[0-9][0-9])", lambda found: (int(found[3]), (int(found[1]) + 2) // 3)),
    (r"(?<![0-9])(20[0-9][0-9])[-_ ]?q([1-4])(?![0-9])", lambda found: (int(found[1]), int(found[2]))),
    (r"(?<![a-z])rvu([0-9][0-9])([a-d])", lambda found: (2000 + int(found[1]), "abcd".index(found[2]) + 1)),
    (r"(?<![0-9])(20[0-9][0-9]|[0-9][0-9])[-_ ]?(jan|apr|jul|oct)", lambda found: (_year(found[1]), MONTHS[found[2]])),
    (r"(?<![a-z])(jan|apr|jul|oct)[a-z]*[-_ ]?(20[0-9][0-9])", lambda found: (int(found[2]), MONTHS[found[1]])),
)


def _year(digits: str) -> int:
    return int(digits) % 100 + 2000


def quarters_in(name: str) -> set[str]:
    """Return the quarters named in a file name, such as '2026 Q3'."""
    found = (read(match) for pattern, read in _QUARTERS for match in re.finditer(pattern, name.lower()))
    return {f"{year} Q{quarter}" for year, quarter in found}


def quarter_of(document: Document, given: Given, by_content: str | None = None) -> str | None:
    """Return the quarter of a file, from its content, its names and --quarter. Raises FileUnreadable if they differ."""
    named = {each for name in document.names for each in quarters_in(name)}
    said = {*filter(None, (by_content, given.quarter))} | named
    if len(said) > 1:
        what = f"{' and '.join(sorted(said))}, by its {'content, its ' if by_content else ''}name or --quarter"
        raise document.wrong(None, what, "one quarter", "Fix the name or the option.")
    return said.pop() if said else None


def known_quarter(document: Document, given: Given, by_content: str | None = None) -> str:
    """Return the quarter of a file. Raises FileUnreadable if nothing gives it."""
    quarter = quarter_of(document, given, by_content)
    if quarter is None:
        expected = "a name like CMS's, or --quarter"
        raise document.wrong(None, "the quarter is missing", expected, "Add --quarter, such as --quarter 2026Q3.")
    return quarter


def claim_of(document: Document, given: Given, found: set[Claim]) -> Claim:
    """Return the claim type of a table, from its name or content and --table. Raises FileUnreadable if they differ."""
    said: set[Claim] = {*found, given.claim} if given.claim else found
    if len(said) == 1:
        return next(iter(said))
    what = "its name or content and --table disagree" if said else "the claim type is missing"
    expected = "a name like CMS's, or --table practitioner or outpatient"
    raise document.wrong(None, what, expected, "Fix the name or the option.")


# ------------------------------------------------------------------------------------------------------- cells


_CODE = re.compile("[0-9A-Z]{5}")


def shown(cell: str) -> str:
    """Return a cell for a message; text that may be an AMA descriptor is not shown, only its length."""
    return (
        repr(cell)
        if re.fullmatch(r"\S{0,10}", cell) and not re.search("[A-Za-z]{4}", cell)
        else f"{len(cell)} characters"
    )


def capitals(cell: str) -> str:
    """Return an ASCII cell in capitals, any other cell unchanged: capitals of some other letters are ASCII (ß, SS)."""
    return cell.strip().upper() if cell.isascii() else cell.strip()


def read_code(document: Document, row: int, cell: str) -> str:
    """Return a code, with the leading zeros that a spreadsheet dropped. Raises FileUnreadable."""
    code = capitals(cell)
    if re.match("[0-9]", code):
        code = code.rjust(5, "0")
    if not _CODE.fullmatch(code):
        raise document.wrong(row, f"{shown(cell)} where a code belongs", "a code of five characters", DOWNLOAD)
    return code


class Span(NamedTuple):
    """The lowest and highest value a number can have: far wider than any that CMS published."""

    least: str
    most: str


RELATIVE_VALUE = Span("0", "9999.99")
COST_INDEX = Span("0.001", "9.999")
DOLLARS = Span("1", "999.9999")  # conversion factors have stayed between 20 and 40


def read_number(document: Document, row: int, cell: str, places: int, span: Span) -> str:
    """Return a decimal with as many places as CMS prints, so a text and a workbook agree. Raises FileUnreadable."""
    text = cell.strip()
    is_number = re.fullmatch(r"-?[0-9]{0,6}(\.[0-9]{0,17})?", text) and re.search(r"[0-9]", text)
    if not is_number or not float(span.least) <= float(text) <= float(span.most):
        expected = f"a number from {span.least} to {span.most}"
        raise document.wrong(row, f"{shown(cell)} where a number belongs", expected, DOWNLOAD)
    whole, _, fraction = text.partition(".")
    if len(fraction) > 6:  # 0.30000000000000004 in a workbook
        whole, _, fraction = f"{round(float(text), 6)}".partition(".")
    return f"{whole.lstrip('0') or '0'}.{fraction.rstrip('0').ljust(places, '0')}"


def read_day(document: Document, row: int, cell: str) -> int:
    """Return a date as it is stored, UNKNOWN for a blank. Raises FileUnreadable."""
    text = cell.strip()
    if not text:
        return UNKNOWN
    try:
        if re.fullmatch(r"[0-9]{8}", text) and as_day(int(text)):
            return int(text)
    except ValueError:
        pass
    raise document.wrong(row, f"{shown(cell)} where a day belongs", "a day like 20260701", DOWNLOAD)


def rows_after(
    document: Document, is_header: Callable[[list[str]], bool], tick: Tick | None
) -> Iterator[tuple[int, list[str]]]:
    """Yield the header, then the rows after it, without blank ones. Raises FileUnreadable if there is no header."""
    found = False
    for number, cells in document.records(tick):
        if not found:
            found = is_header(cells)
            if not found:
                continue
        if any(cell.strip() for cell in cells):
            yield number, cells
    if not found:
        raise document.wrong(None, "no header", "CMS's layout", DOWNLOAD)


def find_column(document: Document, labels: Sequence[str], pattern: str, what: str) -> int:
    """Return the column whose label matches. Raises FileUnreadable unless exactly one does."""
    found = [number for number, label in enumerate(labels) if re.fullmatch(pattern, " ".join(label.upper().split()))]
    if len(found) != 1:
        raise document.wrong(None, f"no column for {what} in the header", "CMS's layout", "CMS may have changed it.")
    return found[0]


def cell_of(document: Document, row: int, cells: list[str], column: int) -> str:
    """Return a required cell. Raises FileUnreadable if the row is too short."""
    if column >= len(cells):
        raise document.wrong(row, f"{len(cells)} cells", f"at least {column + 1}", DOWNLOAD)
    return cells[column]


def only_once(document: Document, row: int, key: tuple[str, ...], seen: set[tuple[str, ...]]) -> None:
    """Record a key. Raises FileUnreadable if it is a duplicate."""
    if key in seen:
        raise document.wrong(row, f"{' '.join(key).strip()} a second time", "each once", DOWNLOAD)
    seen.add(key)
    not_too_many(document, row, len(seen))


def not_too_many(document: Document, row: int, count: int) -> None:
    """Raise FileUnreadable if a file has far more rows than CMS publishes: they are kept in memory."""
    if count > _MOST:
        raise document.wrong(row, f"more than {_MOST:,} rows of one kind", "a table of CMS's size")


def at(cells: list[str], column: int) -> str:
    """Return a cell, empty if the row is too short."""
    return cells[column] if column < len(cells) else ""


def upper_words(cell: str) -> str:
    """Return the words of a cell in capitals, with one blank between them."""
    return " ".join(cell.upper().split())


def some_rows(document: Document, rows: list[Row]) -> list[Row]:
    """Return the rows. Raises FileUnreadable if there are none."""
    if not rows:
        raise document.wrong(None, "no rows after its header", "a table", DOWNLOAD)
    return rows
