"""The National Correct Coding Initiative (NCCI) files: PTP edits and medically unlikely edits (MUE)."""

import re
from collections.abc import Iterator
from datetime import date

from .cells import (
    DOWNLOAD,
    Given,
    Load,
    cell_of,
    claim_of,
    find_column,
    known_quarter,
    not_too_many,
    only_once,
    read_code,
    read_day,
    rows_after,
    shown,
    some_rows,
    upper_words,
)
from .edits import Kind, joined, packed_day
from .entries import Claim
from .reading import Document, Tick
from .store import EditionRow, Row, as_day, quarter_days

# ------------------------------------------------------------------------------------ procedure-to-procedure edits


_MOST_OF_A_CODE = 100_000  # edits with one column 1 code; there are 15,000 codes
_BEGINS = re.compile(r"(?=.*[0-9])[0-9A-Z]{2,5}")  # a code, perhaps without its leading zeros, but not a header word


def _is_edit(cells: list[str]) -> bool:
    return (
        len(cells) >= 6
        and _begins_edit(cells)
        and bool(re.fullmatch(r"[0-9]{8}", cells[3].strip()))
        and cells[5].strip() in ("0", "1", "9")
    )


def _begins_edit(cells: list[str]) -> bool:
    return len(cells) > 1 and all(_BEGINS.fullmatch(cell.strip().strip('"')) for cell in cells[:2])


def are_edits(document: Document) -> bool:
    """Return whether a document has procedure-to-procedure edits."""
    return any(map(_is_edit, document.head()))


class _Edits:
    """The edits of one file, packed for the store; afterwards also the newest start date among them."""

    def __init__(self, document: Document, quarter: str, tick: Tick | None) -> None:
        self._document = document
        self._tick = tick
        self._quarter = quarter
        self._last = quarter_days(quarter)[1]
        self._newest = date.min
        self.kinds: list[Kind] = []
        # Each cell text and how it was read the first time: a line of known cells needs no further parsing.
        self._codes: dict[str, str] = {}
        self._starts: dict[str, str] = {}
        self._ends: dict[str, str] = {"*": packed_day(None)}
        self._numbers: dict[tuple[str, str], str] = {}

    def rows(self) -> Iterator[Row]:
        """Yield the packed edits of each column 1 code. Raises FileUnreadable."""
        codes, starts, ends, numbers = self._codes, self._starts, self._ends, self._numbers
        current, column1, records = "", "", list[str]()
        for first, block in self._blocks():
            for number, line in enumerate(block, first):
                try:
                    code, column2, _, effective, deletion, indicator, rationale = line.split("\t")
                    record = codes[column2] + starts[effective] + ends[deletion] + numbers[indicator, rationale]
                except (KeyError, ValueError):
                    if not line.strip():
                        continue
                    code, record = self._read(number, line)
                if code != current:
                    if records:
                        yield column1, joined(records)
                    current, column1, records = code, self._code(number, code), []
                records.append(record)
                if len(records) > _MOST_OF_A_CODE:
                    raise self._document.wrong(
                        number, f"more than {_MOST_OF_A_CODE:,} edits of one code", "CMS's edits"
                    )
        if records:
            yield column1, joined(records)

    def notes(self) -> list[str]:
        """Return a warning if the start dates do not fit the quarter."""
        if self._newest >= quarter_days(self._quarter)[0]:
            return []
        return [f"none of its edits starts in {self._quarter}; the newest starts {self._newest}: check the quarter"]

    def _blocks(self) -> Iterator[tuple[int, list[str]]]:
        """Yield blocks of lines from the first edit on, each with the number of its first line."""
        started = False
        for begin, block in self._all_blocks():
            if started:
                yield begin, block
                continue
            for place, line in enumerate(block):
                if _begins_edit(line.split("\t")):
                    started = True
                    yield begin + place, block[place:]
                    break

    def _all_blocks(self) -> Iterator[tuple[int, list[str]]]:
        document = self._document
        if document.is_text and "\t" in "".join(document.first_lines()):
            begin = 1
            for block in document.blocks(self._tick):
                yield begin, block
                begin += len(block)
        else:
            for number, cells in document.records(self._tick):
                yield number, ["\t".join(cells)]

    def _read(self, number: int, line: str) -> tuple[str, str]:
        """Return the column 1 code of a line as written, and its edit; remembers how each cell was read."""
        cells = [cell.strip().strip('"') for cell in line.split("\t")]
        if len(cells) < 7:
            raise self._document.wrong(number, f"{len(cells)} cells", "seven", DOWNLOAD)
        column1, column2, before_1996, effective, deletion, indicator, rationale = cells[:7]
        if indicator not in ("0", "1", "9"):
            raise self._document.wrong(number, f"{shown(indicator)} as modifier indicator", "0, 1 or 9", DOWNLOAD)
        starts = packed_day(None)  # not known: the edit is older than the table
        if effective or before_1996 != "*":
            starts = self._starts[effective] = self._starting(number, effective)
        if deletion not in self._ends:
            self._ends[deletion] = packed_day(_dated(self._document, number, deletion))
        kind = (int(indicator), rationale)
        if kind not in self.kinds:
            if len(self.kinds) == 256:
                raise self._document.wrong(number, "a 257th rationale", "CMS's dozen or so", DOWNLOAD)
            self.kinds.append(kind)
        self._numbers[indicator, rationale] = chr(self.kinds.index(kind))
        record = self._code(number, column2) + starts + self._ends[deletion] + self._numbers[indicator, rationale]
        return column1, record

    def _starting(self, number: int, cell: str) -> str:
        day = _dated(self._document, number, cell)
        if day > self._last:
            what = f"an edit that starts on {day}, after {self._quarter}"
            raise self._document.wrong(number, what, "edits of that quarter", "It may be the file of a later quarter.")
        self._newest = max(self._newest, day)
        return packed_day(day)

    def _code(self, number: int, cell: str) -> str:
        if cell not in self._codes:
            not_too_many(self._document, number, len(self._codes))
            self._codes[cell] = read_code(self._document, number, cell)
        return self._codes[cell]


def _dated(document: Document, row: int, cell: str) -> date:
    """Return a required date. Raises FileUnreadable, also outside 1970 to 2148."""
    day = as_day(read_day(document, row, cell or "nothing"))
    if day is None or not 1970 <= day.year < 2149:
        raise document.wrong(row, f"{shown(cell)} where a day belongs", "a day like 20260701", DOWNLOAD)
    return day


def read_edits(document: Document, given: Given, tick: Tick | None) -> list[Load]:
    """Return the edits of one of the files of a quarter."""
    quarter = known_quarter(document, given)
    names = " ".join(document.names).lower()
    by_name: set[Claim] = set()
    if re.search("ccipra|practitioner", names):
        by_name.add("professional")
    if re.search("ccioph|outpatient|hospital", names):
        by_name.add("institutional")
    claim = claim_of(document, given, by_name)
    if claim == "equipment":
        raise document.wrong(None, "PTP edits, which DME does not have", "--table practitioner or outpatient")
    edits = _Edits(document, quarter, tick)
    edition = EditionRow("ncci-edits", claim, quarter, *quarter_days(quarter))
    return [Load(edition, edits.rows(), edits.notes, edits.kinds)]


# ----------------------------------------------------------------------------------- medically unlikely edits


_WHOSE: dict[str, Claim] = {
    "PRACTITIONER": "professional", "OUTPATIENT": "institutional", "DME": "equipment",
}  # fmt: skip


def _is_units_header(cells: list[str]) -> bool:
    words = [*map(upper_words, cells)]
    return any("MUE VALUES" in each for each in words) and any("ADJUDICATION" in each for each in words)


def are_units(document: Document) -> bool:
    """Return whether a document has medically unlikely edits."""
    return any(map(_is_units_header, document.head()))


def read_units(document: Document, given: Given, tick: Tick | None) -> list[Load]:
    """Return the MUE of every code: practitioner, outpatient or DME."""
    quarter = known_quarter(document, given)
    rows = rows_after(document, _is_units_header, tick)
    _, labels = next(rows)
    code, units, adjudication, rationale = (
        find_column(document, labels, pattern, what)
        for pattern, what in (
            ("HCPCS.*", "the code"), (".*MUE VALUES", "the units"), (".*ADJUDICATION.*", "the adjudication"),
            (".*RATIONALE", "the rationale"),
        )
    )  # fmt: skip
    whose = {claim for word, claim in _WHOSE.items() if word in upper_words(labels[units])}
    claim = claim_of(document, given, whose)
    limits: list[Row] = []
    seen: set[tuple[str, ...]] = set()
    for number, cells in rows:
        key = read_code(document, number, cell_of(document, number, cells, code))
        only_once(document, number, (key,), seen)
        most = cell_of(document, number, cells, units).strip()
        kind = cell_of(document, number, cells, adjudication).strip()[:1]
        if not re.fullmatch(r"[0-9]{1,6}", most) or kind not in ("1", "2", "3"):
            what = f"{shown(most)} units and adjudication indicator {shown(kind)}"
            raise document.wrong(number, what, "a whole number, and 1, 2 or 3", DOWNLOAD)
        limits.append((key, int(most), int(kind), cell_of(document, number, cells, rationale).strip()))
    return [Load(EditionRow("mue", claim, quarter, *quarter_days(quarter)), some_rows(document, limits))]
