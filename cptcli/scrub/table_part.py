"""Some rows of a charge export -> the same rows, byte for byte, each with the added cells behind it."""

from collections.abc import Hashable, Sequence
from typing import Final, NamedTuple

from ..claims.cells import money
from ..claims.columns import Found
from ..claims.lines import TEXT_ERRORS, Oddities, ServiceLine
from ..claims.tables import Row
from ..claims.text_rows import cells_of
from ..claims.x12_values import hundredths
from .added_cells import csv_bytes
from .days import days_of
from .judge import ANNOTATIONS, Judge, Judged, JudgedDay
from .tally import Tally

_KEPT: Final = 1 << 15
_BETWEEN: Final = " | "  # the lines of one row
Pair = tuple[bytes, list[str]]  # the bytes of a row, and its cells: none if it was not split yet


class _Known(NamedTuple):
    """What rows with equal cells share: the number of what is asked, and the day they belong to."""

    number: int
    day: Hashable


class TableAnnotator:
    """Annotates the rows of one table, part by part."""

    def __init__(self, judge: Judge, found: Found, name: str, delimiter: str) -> None:
        self._judge = judge
        self._name = name
        self._header = found.row
        self._delimiter = delimiter
        self._oddities = Oddities("row")
        self._reader = found.bind(name, self._oddities)
        self._oddities.take()  # what it says of the header was said when the file was opened
        self._shared = self._reader.shared()
        self._width = self._reader.width
        self._of_patient, self._of_claim = self._reader.places("patient"), self._reader.places("claim")
        self._of_charge = self._reader.places("charge")
        self._known: dict[object, _Known] = {}
        self._odd: dict[object, _Known] = {}  # of rows that have to be reported each time
        self._tally = Tally()
        self._cents: dict[str, int | None] = {}

    def identity(self, cells: Sequence[str]) -> str:
        """Return the patient of a row, or its claim; empty where it names neither."""
        for place in self._of_patient or self._of_claim:
            if place < len(cells) and (cell := cells[place]):
                return cell
        return ""

    def part(self, rows: Sequence[Pair], start: int) -> bytes:
        """Return the rows with their added cells. `start` is the number of the first, from 1."""
        if self._judge.is_full or len(self._known) + len(self._odd) > _KEPT:
            self._tally.close()  # it counts days that are kept
            self._judge.forget()
            self._known.clear()
            self._odd.clear()
        part = _Part(rows, start)
        shared, known, width, delimiter = self._shared, self._known, self._width, self._delimiter
        of_charge = self._of_charge[0] if self._of_charge else None
        of_whom = self._of_patient or self._of_claim
        row_of, identities, days, numbers, cents = part.row_of, part.identities, part.days, part.numbers, part.cents
        cents_of = self._cents.get
        for at, (raw, cells) in enumerate(rows):  # what most rows need is written out here: a call takes as long
            if not cells:  # as cells_of, for a row without quotes
                cells = raw.decode("utf-8", TEXT_ERRORS).rstrip("\r\n").split(delimiter)
            if shared is None or len(cells) != width or (its := known.get(shared(cells))) is None:
                self._slow(part, at, cells)
                continue
            whom = cells[of_whom[0]] if len(of_whom) == 1 else self.identity(cells)
            row_of.append(at)
            identities.append(whom or start + at)
            days.append(its.day)
            numbers.append(its.number)
            if of_charge is not None:
                text = cells[of_charge]
                amount = cents_of(text, -1)
                cents.append(self._cents_of(text) if amount == -1 else amount)
            else:
                cents.append(None)
        return self._annotated(part)

    def taken(self) -> Tally:
        """Return what was counted since the last time."""
        tally, self._tally = self._tally, Tally()
        tally.oddities = self._oddities.take()
        tally.close()
        return tally

    def _slow(self, part: "_Part", at: int, cells: list[str]) -> None:
        """Read a row that is not known yet, or is unusual."""
        number = part.start + at
        before = self._oddities.added
        lines = self._reader(Row(number, part.rows[at][0], cells))
        is_odd = self._oddities.added > before or len(cells) != self._width  # each such row is reported
        if lines and len(cells) < self._width:
            part.short[at] = self._width - len(cells)
        key = self._shared(cells) if self._shared is not None and len(cells) >= self._width else None
        for line in lines:
            its = self._odd.get(key) if key is not None else None
            if its is None:
                its = _Known(self._judge.number_of(line), _day(line))
                if key is not None:
                    (self._odd if is_odd else self._known)[key] = its
            part.add(at, self.identity(cells) or number, its.day, its.number, self._cents_of(line.charge))
        if number == self._header:
            part.header = at

    def _cents_of(self, text: str) -> int | None:
        cents = self._cents.get(text, -1)
        if cents == -1:
            if len(self._cents) > _KEPT:
                self._cents.clear()
            cents = self._cents[text] = hundredths(money(text)) if text else None
        return cents

    def _claim_of(self, part: "_Part", at: int) -> str:
        """Return the claim of a row to print, or the row's number where that would be a patient's number."""
        if self._of_claim and not {*self._of_claim} & {*self._of_patient}:
            raw, cells = part.rows[at]
            cells = cells or cells_of(raw, self._delimiter, part.start + at == 1)
            for place in self._of_claim:
                if place < len(cells) and (cell := cells[place].strip()):
                    return cell
        return f"row {part.start + at}"

    def _annotated(self, part: "_Part") -> bytes:
        delimiter, judge, tally = self._delimiter, self._judge, self._tally
        numbers, charges = part.numbers, part.cents
        marks = [part.rows[at][0] for at in part.row_of]
        added: list[bytes] = [b""] * len(numbers)
        several: list[Judged | None] = [None] * len(numbers) if self._shared is None else []
        before = judge.days, judge.decided
        days, joined = days_of(part.identities, part.days, marks)
        if joined:
            self._oddities.add("rows of one patient or claim with others between them, judged together")
        for group in days:
            day = judge.judged(tuple([numbers[at] for at in group]))
            for at, drawn in zip(group, day.drawn.get(delimiter) or _draw(day, delimiter), strict=True):
                added[at] = drawn
            if several:
                for at, line in zip(group, day.lines, strict=True):
                    several[at] = line
            if day.found:
                claims = [self._claim_of(part, part.row_of[at]) for at in group]
                tally.add(day, [charges[at] for at in group], claims, self._name)
            else:
                tally.add(day, [], [], "")
        known = [cents for cents in charges if cents is not None]
        tally.count(len(part.rows), len(numbers), known, judge.days - before[0], judge.decided - before[1])
        return b"".join(self._rows(part, added, several))

    def _rows(self, part: "_Part", added: list[bytes], several: list[Judged | None]) -> list[bytes]:
        out = [raw for raw, _ in part.rows]
        if part.header is not None:
            out[part.header] = self._with(part, part.header, csv_bytes(ANNOTATIONS, self._delimiter))
        if several:
            of_row: dict[int, list[Judged]] = {}
            for at, line in zip(part.row_of, several, strict=True):
                of_row.setdefault(at, []).extend([line] if line else [])
            for at, lines in of_row.items():
                columns = zip(*(line.cells for line in lines), strict=True)
                cells = [_BETWEEN.join(texts) if any(texts) else "" for texts in columns]
                out[at] = self._with(part, at, csv_bytes(cells, self._delimiter))
            return out
        for at, drawn in zip(part.row_of, added, strict=True):
            raw = out[at]
            if raw[-1:] == b"\n" and raw[-2:-1] != b"\r" and at not in part.short:
                out[at] = raw[:-1] + drawn + b"\n"
            else:
                out[at] = self._with(part, at, drawn)
        return out

    def _with(self, part: "_Part", at: int, drawn: bytes) -> bytes:
        """Return a row with added cells before its line ending; a row that is short gets empty cells first."""
        raw = part.rows[at][0]
        body = raw.rstrip(b"\r\n")
        missing = part.short.get(at, 0)
        return body + self._delimiter.encode() * missing + drawn + raw[len(body) :]


class _Part:
    """The lines of some rows, each list one item a line."""

    def __init__(self, rows: Sequence[Pair], start: int) -> None:
        self.rows, self.start = rows, start
        self.header: int | None = None
        self.short: dict[int, int] = {}  # row: cells that it has less than the header
        self.row_of: list[int] = []
        self.identities: list[Hashable] = []
        self.days: list[Hashable] = []
        self.numbers: list[int] = []
        self.cents: list[int | None] = []

    def add(self, row: int, identity: Hashable, day: Hashable, number: int, cents: int | None) -> None:
        self.row_of.append(row)
        self.identities.append(identity)
        self.days.append(day)
        self.numbers.append(number)
        self.cents.append(cents)


def _day(line: ServiceLine) -> Hashable:
    return line.date_from, line.billing, line.payer, line.filing


def _draw(day: JudgedDay, delimiter: str) -> tuple[bytes, ...]:
    drawn = day.drawn[delimiter] = tuple([csv_bytes(line.cells, delimiter) for line in day.lines])
    return drawn
