"""The header of a charge export -> which column is what; then its rows -> service lines.

`find(head, name)` guesses; `find(head, name, layout)` uses a column map or a preset. The result says how it was found,
so that a guess can be printed before it is used (`found.layout.as_yaml()`), and `bind` makes the function that reads
rows.
"""

import re
from collections.abc import Callable, Sequence
from itertools import takewhile
from operator import itemgetter
from typing import Final, Literal, NamedTuple

from msgspec import Struct

from ..errors import CptError
from . import cells as read_cell
from .layouts import LISTS, Layout, shipped
from .lines import Oddities, ServiceLine
from .tables import Row

_MOST_ACROSS: Final = 99  # service lines across one row
_ENOUGH: Final = 3  # fields of a guess, in the first row that has them; else the row with the most
_OF_ONE: Final = ("claim", "line", "patient", "line_ctl", "charge")  # fields that hardly two rows share
_KEPT: Final = 8192  # rows with different cells whose facts are kept
_NOT_FOLDED = re.compile(r"[^a-z0-9]+")


class NoCodeColumn(CptError):
    """A table without a header that names the procedure codes."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(
            f"{name}: {why} Write a column map (code: NAME OF THE COLUMN) and give it with --map.", file=name
        )


class Found(Struct, frozen=True):
    """The columns of a table: the layout, its header, the row that the header is on, and how that was found."""

    layout: Layout
    header: list[str]
    row: int
    how: Literal["given", "preset", "guess"]

    def bind(self, name: str, oddities: Oddities) -> "RowReader":
        """Return the function that reads the rows of this table; what is unusual goes to `oddities`, by row number."""
        return RowReader(self, name, oddities)


def fold(name: str) -> str:
    """Return the name of a column without case, blanks and marks."""
    return _NOT_FOLDED.sub("", name.lower())


def find(head: Sequence[Row], name: str, layout: Layout | None = None) -> Found:
    """Return the columns, from the first rows of a table. Raises NoCodeColumn."""
    if layout:
        return _given(head, name, layout)
    for row in head:
        there = {fold(cell) for cell in row.cells}
        for preset in shipped().presets:
            if there.issuperset(map(fold, preset.by)):
                return Found(preset, row.cells, row.number, "preset")
    best: Found | None = None
    for row in head:
        columns = _guess(row.cells)
        if "code" in columns and (best is None or len(columns) > len(best.layout.columns)):
            best = Found(
                Layout("guess", "a guess from the names of the columns", columns), row.cells, row.number, "guess"
            )
            if len(columns) >= _ENOUGH:
                break
    if best is None:
        raise NoCodeColumn(name, f"no column of procedure codes in the first {len(head)} rows.")
    return best


def _given(head: Sequence[Row], name: str, layout: Layout) -> Found:
    """Return the header that has the columns of a layout: all of a column map, those that tell a preset."""
    wanted = layout.by or [each for names in layout.columns.values() for each in names]
    fewest = [*wanted]
    for row in head:
        missing = [each for each in wanted if not _indexes([each], row.cells, 1)]
        if not missing:
            return Found(layout, row.cells, row.number, "given")
        fewest = min(fewest, missing or fewest, key=len)
    raise NoCodeColumn(
        name, f"no row of the first {len(head)} has the columns of {layout.name}; missing: {', '.join(fewest)}."
    )


def _guess(header: list[str]) -> dict[str, tuple[str, ...]]:
    """Return the names of columns, as the file writes them, that can be guessed for each field."""
    guess = shipped().guess
    numbered = [name for name in guess["code"] if "{n}" in name]
    is_across = all(_indexes(numbered, header, line) for line in (1, 2))
    found: dict[str, tuple[str, ...]] = {}
    for field, names in guess.items():
        across = [name for name in names if "{n}" in name] if is_across else []
        if places := _indexes(across, header, 1):
            found[field] = ("{n}".join(header[places[0]].rsplit("1", 1)),)
        elif places := _indexes([name for name in names if "{n}" not in name or not is_across], header, 1):
            found[field] = tuple(dict.fromkeys(header[place] for place in (places if field in LISTS else places[:1])))
    return found


def _indexes(names: Sequence[str], header: Sequence[str], line: int, every: bool = False) -> list[int]:
    """Return where the columns of these names are, in the order of the names; `{n}` is the line.

    Of columns with the same name it is the first, or with `every` all of them.
    """
    found: dict[int, None] = {}
    folded = [fold(cell) for cell in header]
    for name in names:
        name = name.replace("{n}", str(line))
        wanted = fold(name)
        if name.strip().rstrip("#").strip() and "#" in name and wanted not in folded:
            pattern = re.compile("([0-9]{1,2}|[a-z])".join(map(fold, name.split("#", 1))))
            matches = [
                (match[1].zfill(2), place) for place, cell in enumerate(folded) if (match := pattern.fullmatch(cell))
            ]
            found |= {place: None for _, place in sorted(matches)}
        elif wanted in folded:
            places = [place for place, cell in enumerate(folded) if cell == wanted]
            found |= dict.fromkeys(places if every else places[:1])
    return [*found]


class _Facts(NamedTuple):
    """What rows with equal cells share: everything but whose line it is, and its charge."""

    qual: str
    code: str
    modifiers: tuple[str, ...]
    unit: str
    qty: str
    pointers: tuple[str, ...]
    dx: tuple[str, ...]
    date_from: str
    date_to: str
    pos: str
    filing: str
    billing: str
    rendering: str
    payer: str
    minutes: str
    device: str
    problems: tuple[str, ...]


class _Line:
    """Where the cells of one service line are in a row; `own` are those of no other line across the row."""

    def __init__(self, places: dict[str, list[int]], own: set[int]) -> None:
        self.places = places
        self.own = own
        shared = sorted({place for field, at in places.items() if field not in _OF_ONE for place in at})
        self.shared: Callable[[Sequence[str]], object] = itemgetter(*shared)
        self.claim, self.line, self.patient, self.line_ctl, self.charge = (places.get(field, []) for field in _OF_ONE)
        self.kept: dict[object, _Facts] = {}


class RowReader:
    """Reads the rows of one table: call it with a row for its service lines, none for what is no line.

    `used` are the columns that it reads. Two rows whose cells there are equal give the same lines, except for `place`;
    `key(row)` is these cells.
    """

    def __init__(self, found: Found, name: str, oddities: Oddities) -> None:
        self._found = found
        self._name = name
        self._oddities = oddities
        self._width = len(found.header)
        self._folded = [fold(cell) for cell in found.header]
        self._values = found.layout.values
        self._fixed = found.layout.fixed
        self._types = shipped().code_types
        self._totals = shipped().totals
        columns = found.layout.columns
        is_across = any("{n}" in name for name in columns["code"])
        numbers = (
            takewhile(lambda n: _indexes(columns["code"], found.header, n), range(1, _MOST_ACROSS + 1))
            if is_across else (1,)
        )  # fmt: skip
        self._is_across = is_across
        self._lines = []
        for number in numbers:
            places = self._places(columns, number)
            own = {at for field in places if any("{n}" in name for name in columns[field]) for at in places[field]}
            self._lines.append(_Line(places, own))
        self.used = sorted({at for line in self._lines for places in line.places.values() for at in places})
        self._codes = [line.places["code"][0] for line in self._lines]
        twice = {each for each in self._folded if each and self._folded.count(each) > 1}
        if any(self._folded[place] in twice for place in self.used):
            oddities.add("two columns have the same name; all are used for modifiers and dx, else the first", found.row)

    def _places(self, columns: dict[str, tuple[str, ...]], line: int) -> dict[str, list[int]]:
        header = self._found.header
        places = {field: _indexes(names, header, line, field in LISTS) for field, names in columns.items()}
        return {field: at for field, at in places.items() if at}

    @property
    def width(self) -> int:
        """Return how many cells the header has."""
        return self._width

    def shared(self) -> Callable[[Sequence[str]], object] | None:
        """Return the function that gives a row's cells for all but claim, line, patient, control number and charge.

        Rows of the header's width with equal ones have lines that differ in these only. None for several lines a row.
        """
        return None if self._is_across else self._lines[0].shared

    def places(self, field: str) -> list[int]:
        """Return the columns of a field, the first that counts first; of a row with several lines those of line 1."""
        return self._lines[0].places.get(field, [])

    def key(self, row: Row) -> tuple[str, ...]:
        """Return the cells that its lines depend on."""
        cells = self._padded(row)
        return tuple([cells[place] for place in self.used])

    def __call__(self, row: Row) -> list[ServiceLine]:
        """Return the service lines of a row."""
        cells = self._padded(row)
        if row.number <= self._found.row:
            if row.number < self._found.row and any(cells):
                self._oddities.add("a title above the header, not a service line", row.number)
            return []
        if not self._is_across and (code := cells[self._codes[0]].strip()):
            if code == self._found.header[self._codes[0]].strip():
                self._oddities.add("the header again, not a service line", row.number)
                return []
            if code.lower() in self._totals:
                self._oddities.add("a row of totals, not a service line", row.number)
                return []
        elif self._is_no_line(row, cells):
            return []
        if len(row.cells) != self._width:
            self._odd_width(row)
        if not self._is_across:
            return [self._line(cells, self._lines[0], row.number, "")]
        return [
            self._line(cells, line, row.number, str(number))
            for number, line in enumerate(self._lines, 1)
            if any(cells[place].strip() for place in line.own)
        ]

    def _padded(self, row: Row) -> list[str]:
        missing = self._width - len(row.cells)
        return row.cells + [""] * missing if missing > 0 else row.cells

    def _is_no_line(self, row: Row, cells: list[str]) -> bool:
        """Return whether a row without a code, or one of several lines, is blank, a total or the header again."""
        if not any(cell.strip() for cell in cells):
            self._oddities.add("a blank row, not a service line", row.number)
            return True
        if len(cells) == self._width and all(
            fold(cell) == name for cell, name in zip(cells, self._folded, strict=True)
        ):
            self._oddities.add("the header again, not a service line", row.number)
            return True
        words = next(cell for cell in cells if cell.strip()).strip().lower().rstrip(":")
        is_total = any(words == total or words.startswith(f"{total} ") for total in self._totals)
        if is_total and not any(cells[place].strip() for place in self._codes):
            self._oddities.add("a row of totals, not a service line", row.number)
            return True
        if not any(cells[place].strip() for place in self._codes):
            self._oddities.add("a row without a procedure code", row.number)
        return False

    def _odd_width(self, row: Row) -> None:
        if len(row.cells) < self._width:
            self._oddities.add(f"a row with fewer cells than the header's {self._width}", row.number)
        elif any(cell.strip() for cell in row.cells[self._width :]):
            self._oddities.add(f"a row with more cells than the header's {self._width}", row.number)

    def _line(self, cells: list[str], line: _Line, row: int, lx: str) -> ServiceLine:
        key = line.shared(cells)
        facts = line.kept.get(key)
        if facts is None:
            if len(line.kept) >= _KEPT:
                line.kept.clear()
            facts = line.kept[key] = self._facts(cells, line.places)
        (
            qual, code, modifiers, unit, qty, pointers, dx, first, last, pos, filing, billing, rendering, payer,
            minutes, device, problems,
        ) = facts  # fmt: skip
        for problem in problems:
            self._oddities.add(problem, row)
        charge = read_cell.money(cells[line.charge[0]]) if line.charge else ""
        return ServiceLine(
            self._name, "", _first(cells, line.claim), _first(cells, line.line) or lx, qual, code, modifiers, charge,
            unit, qty, pointers, dx, first, last, pos, _first(cells, line.line_ctl), filing, billing, rendering, row,
            payer, "", _first(cells, line.patient), "", 0, (), minutes, device,
        )  # fmt: skip

    def _facts(self, cells: list[str], places: dict[str, list[int]]) -> _Facts:
        def all_of(field: str) -> list[str]:
            return [cells[place] for place in places.get(field, ())]

        def one(field: str) -> str:
            value = _first(cells, places.get(field, ())) or self._fixed.get(field, "")
            return self._values[field].get(value, value) if field in self._values else value

        code, repaired = read_cell.code(one("code"))
        first, wrong = read_cell.day(one("date"))
        last, wrong_too = read_cell.day(one("date_to"))
        of_claim = all_of("dx")
        dx = read_cell.diagnoses(*of_claim)
        pointers = read_cell.pointers(max(len(dx), len(of_claim)), *all_of("pointers"))
        if pointers and len(of_claim) > 1:  # a pointer counts the columns, also an empty one
            dx = tuple("".join(read_cell.diagnoses(cell)[:1]) for cell in of_claim)
        pointed, dangling = _pointed(dx, pointers)
        kind = one("code_type")
        units = read_cell.quantity(one("units"))
        return _Facts(
            self._types.get(kind.upper(), kind) if kind else ("HC" if code else ""), code,
            read_cell.modifiers(*all_of("modifiers")), "UN" if units else "", units, pointers, pointed, first,
            last or first, read_cell.place_of_service(one("pos")), one("filing"), one("billing"), one("rendering"),
            one("payer"), read_cell.quantity(one("minutes")), one("device"),
            tuple(dict.fromkeys(filter(None, (repaired, wrong, wrong_too, dangling)))),
        )  # fmt: skip


def _first(cells: list[str], places: Sequence[int]) -> str:
    """Return the first of some cells that is not empty."""
    for place in places:
        if value := read_cell.plain(cells[place]):
            return value
    return ""


def _pointed(dx: tuple[str, ...], pointers: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
    """Return the diagnoses that the pointers name, all of the row's without pointers; and what is wrong with these."""
    if not pointers or not dx:
        return dx, ""
    numbers = [int(each) if each.isascii() and each.isdigit() and len(each) < 4 else 0 for each in pointers]
    found = tuple(dx[number - 1] for number in numbers if 0 < number <= len(dx) and dx[number - 1])
    return found, "" if len(found) == len(pointers) else "a diagnosis pointer without a diagnosis"
