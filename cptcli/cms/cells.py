"""What the layouts of CMS's files are read with: what a name tells of a file, and what a cell may hold.

A file's own name tells what no content does: the quarter of the NCCI tables, and whether edits are those for
practitioners or for hospitals. An option says it where the name was lost; both together have to agree.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from .edits import Kind
from .reading import Document, Tick
from .store import UNKNOWN, EditionRow, Row, as_day
from .tables import Claim, Tables

CLAIMS: dict[str, Claim] = {"practitioner": "professional", "outpatient": "institutional", "dme": "equipment"}
MONTHS = {"jan": 1, "apr": 2, "jul": 3, "oct": 4}
RELEASES = "ABCD"  # of the fee schedule, by quarter
_MOST = 200_000  # ZIP codes, of which CMS lists the most, are 43,000
DOWNLOAD = "Download it again."


class Told(NamedTuple):
    """What the user said beside the file, and what is known of the editions that ship."""

    quarter: str | None  # as '2026 Q3'
    claim: Claim | None
    licence: bool  # the user's, to hold the AMA's descriptors
    shipped: Tables


class Load(NamedTuple):
    """The rows that a file brings of one edition. `notes` is asked for once the rows have been read."""

    edition: EditionRow
    rows: Iterable[Row]
    notes: Callable[[], list[str]] = list
    kinds: Sequence[Kind] = ()  # of edits, complete once the rows have been read


class Layout(NamedTuple):
    """One kind of file: how it is recognized by its first rows, and how it is read."""

    name: str
    is_this: Callable[[Document], bool]
    read: Callable[[Document, Told, Tick | None], list[Load]]


# ---------------------------------------------------------------------------------------------- what names tell


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
    """The quarters that a file name gives, as '2026 Q3'."""
    found = (told(match) for pattern, told in _QUARTERS for match in re.finditer(pattern, name.lower()))
    return {f"{year} Q{quarter}" for year, quarter in found}


def quarter_of(document: Document, told: Told, by_content: str | None = None) -> str | None:
    """The quarter of a file, from its content, its names and the option, which have to agree."""
    named = {each for name in document.names for each in quarters_in(name)}
    said = {*filter(None, (by_content, told.quarter))} | named
    if len(said) > 1:
        what = f"{' and '.join(sorted(said))}, by its {'content, its ' if by_content else ''}name or --quarter"
        raise document.wrong(None, what, "one quarter", "Fix the name or the option.")
    return said.pop() if said else None


def known_quarter(document: Document, told: Told, by_content: str | None = None) -> str:
    """The quarter of a file that has to have one. Raises FileUnreadable."""
    quarter = quarter_of(document, told, by_content)
    if quarter is None:
        expected = "a name like CMS's, or --quarter"
        raise document.wrong(None, "nothing says of which quarter it is", expected, "Add --quarter, as 2026Q3.")
    return quarter


def claim_of(document: Document, told: Told, found: set[Claim]) -> Claim:
    """Whose table it is, by its name or content and the option, which have to agree."""
    said: set[Claim] = {*found, told.claim} if told.claim else found
    if len(said) == 1:
        return next(iter(said))
    what = "what it says and --table disagree" if said else "nothing says whose table it is"
    expected = "a name like CMS's, or --table practitioner or outpatient"
    raise document.wrong(None, what, expected, "Fix the name or the option.")


# ------------------------------------------------------------------------------------------------------- cells


_CODE = re.compile("[0-9A-Z]{5}")


def shown(cell: str) -> str:
    """A cell as a message shows it: what may be words of a descriptor is not shown without a license."""
    return (
        repr(cell) if re.fullmatch(r"\S{0,10}", cell) and not re.search("[A-Za-z]{4}", cell) else f"{len(cell)} signs"
    )


def capitals(cell: str) -> str:
    """A cell of letters and digits in capitals; one of other signs as it is, of which some would turn into letters."""
    return cell.strip().upper() if cell.isascii() else cell.strip()


def read_code(document: Document, row: int, cell: str) -> str:
    """A code with the zeros that a spreadsheet took away. Raises FileUnreadable."""
    code = capitals(cell)
    if re.match("[0-9]", code):
        code = code.rjust(5, "0")
    if not _CODE.fullmatch(code):
        raise document.wrong(row, f"{shown(cell)} where a code belongs", "a code of five characters", DOWNLOAD)
    return code


class Span(NamedTuple):
    """The least and the most that a number of CMS's can be: far around every one that was published."""

    least: str
    most: str


RELATIVE_VALUE = Span("0", "9999.99")
COST_INDEX = Span("0.001", "9.999")
DOLLARS = Span("1", "999.9999")  # conversion factors were 20 to 40 in thirty years


def read_number(document: Document, row: int, cell: str, places: int, span: Span) -> str:
    """A decimal with as many places as CMS prints, so that a text and a workbook agree. Raises FileUnreadable."""
    text = cell.strip()
    is_number = re.fullmatch(r"-?[0-9]{0,6}(\.[0-9]{0,17})?", text) and re.search(r"[0-9]", text)
    if not is_number or not float(span.least) <= float(text) <= float(span.most):
        expected = f"a number from {span.least} to {span.most}"
        raise document.wrong(row, f"{shown(cell)} where a number belongs", expected, DOWNLOAD)
    whole, _, fraction = text.partition(".")
    if len(fraction) > 6:  # 0.30000000000000004, as a workbook has it
        whole, _, fraction = f"{round(float(text), 6)}".partition(".")
    return f"{whole.lstrip('0') or '0'}.{fraction.rstrip('0').ljust(places, '0')}"


def read_day(document: Document, row: int, cell: str) -> int:
    """A day as it is stored, UNKNOWN for a blank. Raises FileUnreadable."""
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
    """The header, and the rows after it that are not blank."""
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
    """The column whose label matches. Raises FileUnreadable where it is not one."""
    found = [number for number, label in enumerate(labels) if re.fullmatch(pattern, " ".join(label.upper().split()))]
    if len(found) != 1:
        raise document.wrong(None, f"no column for {what} is in its header", "CMS's layout", "Has CMS changed it?")
    return found[0]


def cell_of(document: Document, row: int, cells: list[str], column: int) -> str:
    """A cell that has to be there. Raises FileUnreadable."""
    if column >= len(cells):
        raise document.wrong(row, f"{len(cells)} cells", f"at least {column + 1}", DOWNLOAD)
    return cells[column]


def only_once(document: Document, row: int, key: tuple[str, ...], seen: set[tuple[str, ...]]) -> None:
    """Note a key. Raises FileUnreadable where it was there before."""
    if key in seen:
        raise document.wrong(row, f"{' '.join(key).strip()} a second time", "each once", DOWNLOAD)
    seen.add(key)
    not_too_many(document, row, len(seen))


def not_too_many(document: Document, row: int, count: int) -> None:
    """Raise FileUnreadable where a file brings more of what is kept in memory than CMS ever published."""
    if count > _MOST:
        raise document.wrong(row, f"more than {_MOST:,} rows of one kind", "a table of CMS's size")


def at(cells: list[str], column: int) -> str:
    """A cell, empty where the row is shorter."""
    return cells[column] if column < len(cells) else ""


def upper_words(cell: str) -> str:
    """Words in capitals with one blank between them, whatever stood there."""
    return " ".join(cell.upper().split())


def some_rows(document: Document, rows: list[Row]) -> list[Row]:
    """The rows, of which there have to be some."""
    if not rows:
        raise document.wrong(None, "no rows after its header", "a table", DOWNLOAD)
    return rows
