"""Some service lines of an 837P or FHIR file -> rows of a table beside it, one for each line."""

import csv
import io
from collections.abc import Hashable, Sequence
from typing import Final, Literal

import msgspec

from ..claims.lines import COLUMNS, ServiceLine
from ..claims.x12_values import hundredths
from .added_cells import harmless
from .days import days_of
from .judge import ANNOTATIONS, Judge, Judged
from .tally import Tally

Form = Literal["csv", "jsonl"]
_KEPT: Final = 1 << 15
_ON_ITS_OWN: Final = ("7", "8")  # X12 frequencies of a claim in place of an earlier one: never judged with that one
_NAMES: Final = (*COLUMNS, *ANNOTATIONS)


def header(form: Form, read_only: bool) -> bytes:
    """Return the header of the table; nothing for JSON Lines."""
    return _csv([COLUMNS if read_only else _NAMES]) if form == "csv" else b""


def lines_as_read(lines: Sequence[ServiceLine], form: Form) -> bytes:
    """Return the rows of lines that are not checked."""
    return _drawn([line.row() for line in lines], COLUMNS, form)


def identity_of(line: ServiceLine) -> Hashable:
    """Return the patient of a line, or its claim; only the claim where that takes the place of an earlier one."""
    if line.frequency in _ON_ITS_OWN:
        return line.claim, line.frequency
    return line.patient or line.claim or line.place


class LineAnnotator:
    """Annotates the lines of one file, part by part."""

    def __init__(self, judge: Judge, name: str, form: Form) -> None:
        self._judge = judge
        self._name = name
        self._form: Form = form
        self._numbers: dict[tuple[object, ...], int] = {}
        self._tally = Tally()

    def part(self, lines: Sequence[ServiceLine], start: int) -> bytes:
        """Return a row for each line."""
        if self._judge.is_full or len(self._numbers) > _KEPT:
            self._tally.close()  # it counts days that are kept
            self._judge.forget()
            self._numbers.clear()
        judge, tally = self._judge, self._tally
        numbers = [self._number_of(line) for line in lines]
        days, _ = days_of(
            [identity_of(line) for line in lines],
            [(line.date_from, line.billing, line.payer, line.filing) for line in lines],
            [(line.claim, line.lx, number) for line, number in zip(lines, numbers, strict=True)],
        )
        before = judge.days, judge.decided
        judged: list[Judged | None] = [None] * len(lines)
        charges = [hundredths(line.charge) if line.charge else None for line in lines]
        for group in days:
            day = judge.judged(tuple([numbers[at] for at in group]))
            for at, one in zip(group, day.lines, strict=True):
                judged[at] = one
            if day.found:
                claims = [lines[at].claim or f"line {start + at}" for at in group]
                tally.add(day, [charges[at] for at in group], claims, self._name)
            else:
                tally.add(day, [], [], "")
        known = [cents for cents in charges if cents is not None]
        tally.count(0, len(lines), known, judge.days - before[0], judge.decided - before[1])
        rows = [[*line.row(), *its.cells] for line, its in zip(lines, judged, strict=True) if its]
        return _drawn(rows, _NAMES, self._form)

    def taken(self) -> Tally:
        """Return what was counted since the last time."""
        tally, self._tally = self._tally, Tally()
        tally.close()
        return tally

    def _number_of(self, line: ServiceLine) -> int:
        key = (
            line.qual, line.code, line.modifiers, line.unit, line.qty, line.minutes, line.dx, line.date_from,
            line.date_to, line.payer, line.filing, line.device, line.frequency, line.notes,
        )  # fmt: skip
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = self._judge.number_of(line)
        return number


def _drawn(rows: list[list[str]], names: tuple[str, ...], form: Form) -> bytes:
    if form == "jsonl":
        encode = msgspec.json.encode
        return b"".join(encode(dict(zip(names, row, strict=True))) + b"\n" for row in rows)
    return _csv([list(map(harmless, row)) for row in rows])


def _csv(rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode("utf-8", "replace")
