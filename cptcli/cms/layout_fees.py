"""The physician fee schedule file (PPRRVU): relative values and the conversion factor."""

import re
from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from .cells import (
    DOLLARS,
    DOWNLOAD,
    MONTHS,
    RELATIVE_VALUE,
    RELEASES,
    Given,
    Load,
    at,
    capitals,
    cell_of,
    find_column,
    known_quarter,
    only_once,
    read_code,
    read_number,
    shown,
    some_rows,
    upper_words,
)
from .entries import Edition
from .reading import Document, Tick
from .store import EditionRow, Row, as_number, quarter_days

_TITLE = re.compile(r"(20[0-9][0-9]) NATIONAL PHYSICIAN FEE SCHEDULE RELATIVE VALUE FILE (JAN|APR|JUL|OCT)")
_VALUES = {  # each stored column: its label, read down over the stacked header lines, and its name in messages
    "code": ("HCPCS", "the code"),
    "modifier": ("MOD", "the modifier"),
    "descriptor": (".*DESCRIPTION", "the description"),
    "status": ("STATUS CODE", "the status"),
    "unused": ("NOT USED FOR MEDICARE PAYMENT", "use by Medicare"),
    "work": ("WORK RVU", "work"),
    "practice_expense": ("NON-FAC(ILITY)? PE RVU", "practice expense"),
    "non_facility_na": ("NON-FAC(ILITY)? NA INDICATOR", "the non-facility NA mark"),
    "facility_practice_expense": ("FACILITY PE RVU", "facility practice expense"),
    "facility_na": ("FACILITY NA INDICATOR", "the facility NA mark"),
    "malpractice": ("MP RVU", "malpractice"),
    "pctc": ("PCTC IND", "professional and technical parts"),
    "multiple_procedure": ("MULT PROC", "multiple procedures"),
    "factor": ("CONV FACTOR", "the conversion factor"),
}
_MARKS = {  # what a one-letter column may have
    "unused": "[+]?", "non_facility_na": "(NA)?", "facility_na": "(NA)?", "pctc": "[0-9A-Z]?",
    "multiple_procedure": "[0-9A-Z]?",
}  # fmt: skip
_FIXED = {  # the same columns in the fixed-width text: first and last character, counted from 1
    "code": (1, 5), "modifier": (6, 7), "descriptor": (8, 57), "status": (58, 58), "unused": (59, 59),
    "work": (60, 65), "practice_expense": (67, 72), "non_facility_na": (73, 74), "facility_practice_expense": (76, 81),
    "facility_na": (82, 83), "malpractice": (85, 89), "pctc": (103, 103), "multiple_procedure": (116, 116),
    "factor": (133, 140),
}  # fmt: skip
_FIXED_LINE = re.compile(r"[0-9A-Z]{5}.{52}[A-Z][ +] *[0-9]*\.[0-9][0-9] .{40,}")


def _is_values_header(cells: list[str]) -> bool:
    return [upper_words(cell) for cell in cells[:3]] == ["HCPCS", "MOD", "DESCRIPTION"]


def are_values(document: Document) -> bool:
    """Return whether a document is a relative value file."""
    return any(map(_is_values_header, document.head())) or _are_fixed_values(document)


def _are_fixed_values(document: Document) -> bool:
    head = document.first_lines()
    return any(line.startswith("HDR") for line in head) and any(map(_FIXED_LINE.fullmatch, head))


def read_values(document: Document, given: Given, tick: Tick | None) -> list[Load]:
    """Return the relative values of a release, its conversion factor and, with a license, its descriptors."""
    records = _fixed_values(document, tick) if _are_fixed_values(document) else _values(document, tick)
    rows: list[Row] = []
    words: list[Row] = []
    factors: dict[str, int] = {}
    seen: set[tuple[str, ...]] = set()
    for number, cells in records:
        code, modifier = read_code(document, number, cells["code"]), capitals(cells["modifier"])
        only_once(document, number, (code, modifier), seen)
        status = cells["status"].strip()
        if not re.fullmatch("[A-Z]", status) or not re.fullmatch("([0-9A-Z]{2})?", modifier):
            what = f"status {shown(status)} and modifier {shown(modifier)}"
            raise document.wrong(number, what, "a letter, and two characters or none", DOWNLOAD)
        for name, form in _MARKS.items():
            if not re.fullmatch(form, cells[name].strip()):
                raise document.wrong(number, f"{shown(cells[name])} as {_VALUES[name][1]}", "CMS's letters", DOWNLOAD)
        values = {
            name: read_number(document, number, cells[name], 2, RELATIVE_VALUE)
            for name in ("work", "practice_expense", "facility_practice_expense", "malpractice")
        }
        row = (
            code, modifier, status, cells["unused"].strip() != "+", values["work"], values["practice_expense"],
            cells["non_facility_na"].strip() == "NA", values["facility_practice_expense"],
            cells["facility_na"].strip() == "NA", values["malpractice"], cells["multiple_procedure"].strip(),
            cells["pctc"].strip(),
        )  # fmt: skip
        rows.append(row)
        factor = read_number(document, number, cells["factor"], 4, DOLLARS)
        factors[factor] = factors.get(factor, 0) + 1
        if given.license and cells["descriptor"].strip() and code[0] != "D":  # dental descriptors belong to the ADA
            words.append((code, modifier, cells["descriptor"].strip()))
    some_rows(document, rows)
    factor = max(factors, key=lambda each: factors[each])
    release = _release(document, given, factor)
    loads = [Load(EditionRow("fee-schedule", None, release.edition, release.first, release.last), rows)]
    if words:
        loads.append(Load(EditionRow("descriptors", None, release.edition, release.first, release.last), words))
    notes: list[str] = []
    if len(factors) > 1:
        notes.append(f"its conversion factors differ ({', '.join(sorted(factors))}): none was stored")
    elif load := _factor(document, given, factor, release):
        loads.append(load)
    else:
        notes.append(f"its conversion factor {factor} was not stored: the file name says neither QPP nor nonQPP")
    loads[0] = loads[0]._replace(notes=lambda: notes)
    return loads


def _values(document: Document, tick: Tick | None) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the rows of the CSV or workbook, whose header is stacked over five lines."""
    above: list[list[str]] = []
    columns: dict[str, int] = {}
    for number, cells in document.records(tick):
        if not columns:
            above = [*above[-4:], cells]
            if _is_values_header(cells):
                labels = [" ".join(filter(None, (at(line, n).strip() for line in above))) for n in range(len(cells))]
                columns = {name: find_column(document, labels, *asked) for name, asked in _VALUES.items()}
        elif any(cell.strip() for cell in cells):
            yield number, {name: cell_of(document, number, cells, column) for name, column in columns.items()}


def _fixed_values(document: Document, tick: Tick | None) -> Iterator[tuple[int, dict[str, str]]]:
    for number, line in enumerate(document.lines(tick), 1):
        if line.startswith("HDR") or not line.strip():
            continue
        if not _FIXED_LINE.fullmatch(line):
            raise document.wrong(number, f"{len(line)} characters, not in CMS's places", "CMS's fixed width", DOWNLOAD)
        yield number, {name: line[first - 1 : last] for name, (first, last) in _FIXED.items()}


class _Release(NamedTuple):
    """A release of the fee schedule and its first and last day."""

    edition: str
    first: date
    last: date


def _release(document: Document, given: Given, factor: str) -> _Release:
    """Return the release, from the title, else the file name or --quarter; a shipped release has exact days."""
    title = next(filter(None, (_TITLE.search(upper_words(" ".join(cells))) for cells in document.head())), None)
    by_title = f"{title[1]} Q{MONTHS[title[2].lower()]}" if title else None
    quarter = known_quarter(document, given, by_title)
    name = f"RVU{quarter[2:4]}{RELEASES[int(quarter[-1]) - 1]}"
    releases = [each for each in given.shipped.releases() if each.edition in (name, f"{name}R")]
    if len(releases) > 1:  # a correction within the quarter has another factor, from another day
        named = re.search(f"{name}R(?![a-z])", " ".join(document.names), re.IGNORECASE)
        releases = [each for each in releases if _has_factor(given, each, factor)] or (releases[-1:] if named else [])
        if len(releases) != 1:
            what = f"its conversion factor {factor} belongs to no release of {quarter}"
            raise document.wrong(None, what, "a release of that quarter")
    elif not _may_have_factor(given, quarter_days(quarter)[0], factor):
        what = f"its conversion factor {factor} belongs to another year, not to {quarter}"
        raise document.wrong(None, what, "the file of that quarter", "It may be the file of another quarter.")
    edition = releases[0] if releases else None
    first, last = quarter_days(quarter)
    return _Release(edition.edition, edition.first, edition.last or last) if edition else _Release(name, first, last)


def _has_factor(given: Given, release: Edition, factor: str) -> bool:
    return factor in [str(each.factor) for each in given.shipped.factors(release.first)]


def _may_have_factor(given: Given, day: date, factor: str) -> bool:
    """Return False if the factor is known, but only for other days. A new factor may come from a new law."""
    if factor in (str(each.factor) for each in given.shipped.factors(day)):
        return True
    others = {str(each.factor) for release in given.shipped.releases() for each in given.shipped.factors(release.first)}
    return factor not in others


def _factor(document: Document, given: Given, factor: str, release: _Release) -> Load | None:
    """Return the conversion factor as its own edition; None if it may be for QPP or for non-QPP."""
    known = {each.participation: str(each.factor) for each in given.shipped.factors(release.first)}
    same = [participation for participation, value in known.items() if value == factor]
    named = re.search("(non-?_?)?qpp", " ".join(document.names).lower())
    if same:
        participation: str = same[0]
    elif [*known] == ["single"]:
        participation = "single"
    elif named:
        participation = "non_qpp" if named[1] else "qpp"
    else:
        return None
    days = (as_number(release.first), as_number(release.last))
    row = (participation, days[0], factor, days[1], "primary", "high", "")
    name = f"{release.edition} {participation}"
    return Load(EditionRow("conversion-factors", None, name, release.first, release.last), [row])
