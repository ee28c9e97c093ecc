"""One X12 segment or value -> its parts, each with what is wrong with it. Results are kept, within a bound.

For `x12.Reader` only. Nothing here knows where in a file a segment stands.
"""

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from operator import itemgetter
from typing import Any, Final, NamedTuple, TypeVar, cast

_KEPT: Final = 8192
_SSN: Final = "34"  # NM108 for a Social Security number
_NEVER: Final = 1000  # more than any claim has diagnoses
_OTHER_COMPONENT = re.compile(r"(?:[A-Z]{2}|[0-9]{1,2})([^A-Za-z0-9\s.])[A-Za-z0-9]")
_DIAGNOSES: Final = frozenset({"ABK", "ABF", "BK", "BF"})
_UNITS: Final = ("UN", "MJ")


UNUSED_TAGS: Final = frozenset((
    "AMT", "BHT", "CAS", "CN1", "CR1", "CR2", "CR3", "CRC", "CTP", "CUR", "DMG", "FRM", "HCP", "K3", "LIN", "LQ", "MEA",
    "MIA", "MOA", "N3", "N4", "OI", "PAT", "PER", "PRV", "PS1", "PWK", "QTY", "SV4", "SV5", "SV6", "TA1",
))  # fmt: skip
V = TypeVar("V")


class Kept(dict[str, V]):
    """Values read from a text once and kept, within a bound: a clinic has few payers, and one charge for a code."""

    def __init__(self, work_out: Callable[[str], V]) -> None:
        self._work_out = work_out

    def __missing__(self, text: str) -> V:
        if len(self) >= _KEPT:
            self.clear()
        value = self[text] = self._work_out(text)
        return value


def element_of(segment: str, element: str, number: int) -> str:
    """Return one element of a segment; empty where it has fewer."""
    parts = segment.split(element, number + 1)
    return parts[number] if len(parts) > number else ""


_Pick = Callable[[tuple[str, ...]], tuple[str, ...]]


class Service(NamedTuple):
    """The parts of an SV1; `cents` is None if the charge is no amount.

    `pick` takes the diagnoses that it points to out of a claim's list, which must have more than `highest` of them;
    `indexes` are the pointers counted from 0, -1 where one is no number.
    """

    qual: str
    code: str
    modifiers: tuple[str, ...]
    charge: str
    cents: int | None
    unit: str
    qty: str
    pos: str
    pointers: tuple[str, ...]
    indexes: tuple[int, ...]
    highest: int
    pick: _Pick
    problems: tuple[str, ...]


def service(segment: str, element: str, component: str) -> Service:
    """Return the parts of an SV1 segment."""
    parts = segment.split(element, 8)
    problems: list[str] = []
    if parts[0] != "SV1":
        problems.append("SV1: its name is not followed by the element separator")
        parts = ["SV1", parts[0][4:], *parts[1:]]
    if len(parts) < 8:
        parts += [""] * (8 - len(parts))
    _, composed, charge, unit, qty, pos, _, pointing = parts[:8]
    qual, code, modifiers, wrong = _procedure(composed, component)
    texts, indexes, highest, pick, more = _pointers(pointing, component)
    cents = hundredths(charge)
    if cents is None:
        problems.append("SV1: the charge is not an amount" if charge else "SV1: no charge")
    found = dict.fromkeys((*problems, *wrong, *more, *_quantity(unit, qty)))
    return Service(
        qual, code, modifiers, charge, cents, unit, qty, pos, texts, indexes, highest, pick, tuple(found)
    )  # fmt: skip


@lru_cache(_KEPT)
def _procedure(value: str, component: str) -> tuple[str, str, tuple[str, ...], tuple[str, ...]]:
    """Return qualifier, code and modifiers of SV101, and what is wrong with it."""
    parts, other = composite(value, component)
    qual, code, *modifiers = [part.strip() for part in (*parts[:6], "", "")]
    problems = [wrong_component("SV1", other, component)] if other else []
    if len(qual) != 2 or not qual.isalpha():
        problems.append("SV1: SV101 has no two-letter qualifier")
    if not code:
        problems.append("SV1: no procedure code")
    return qual, code, tuple(filter(None, modifiers)), tuple(problems)


@lru_cache(_KEPT)
def _pointers(value: str, component: str) -> tuple[tuple[str, ...], tuple[int, ...], int, _Pick, tuple[str, ...]]:
    """Return what Service has of SV107, and what is wrong with it."""
    parts, other = composite(value, component)
    texts = tuple(part for part in parts if part)
    indexes = tuple(map(_index, texts))
    problems = [wrong_component("SV1", other, component)] if other else []
    if not texts:
        problems.append("SV1: no diagnosis pointer")
    pick: _Pick
    if len(indexes) > 1:
        pick = itemgetter(*indexes)
    else:
        only = slice(indexes[0], indexes[0] + 1) if indexes else slice(0)
        pick = cast(_Pick, itemgetter(cast(Any, only)))
    return texts, indexes, _NEVER if -1 in indexes else max(indexes, default=-1), pick, tuple(problems)


@lru_cache(_KEPT)
def _quantity(unit: str, qty: str) -> tuple[str, ...]:
    """Return what is wrong with SV103 and SV104."""
    problems = [] if unit in _UNITS else ["SV1: the unit is neither UN nor MJ"]
    if (number := hundredths(qty)) is None or number <= 0:
        problems.append("SV1: the quantity is not a positive number" if qty else "SV1: no quantity")
    return tuple(problems)


def _index(pointer: str) -> int:
    try:
        number = float(pointer)
        return int(number) - 1 if 1 <= number < 100 and number == int(number) else -1
    except ValueError:
        return -1


@lru_cache(_KEPT)
def composite(value: str, component: str) -> tuple[list[str], str]:
    """Return the components of a value, and the separator that it uses instead of the declared one, if it does."""
    if component and component in value:
        return value.split(component), ""
    if found := _OTHER_COMPONENT.match(value):
        return value.split(found[1]), found[1]
    return [value], ""


def payer_or_provider(segment: str, element: str) -> tuple[str, str, str]:
    """Return the name and the number of an NM1, and what is wrong with the number of a provider."""
    parts = segment.split(element, 10)
    parts += [""] * (10 - len(parts))
    name, qualifier, number = parts[3], parts[8], parts[9]
    problem = (
        "" if not number or qualifier == "XX" else f"NM1*{segment[4:6]}: identified by something other than an NPI"
    )
    return name, "" if qualifier == _SSN else number, problem


@lru_cache(_KEPT)
def place_and_frequency(value: str, component: str) -> tuple[str, str, str]:
    """Return the place of service and the frequency of CLM05, and what is wrong with it."""
    parts, other = composite(value, component)
    return parts[0], parts[2] if len(parts) > 2 else "", wrong_component("CLM", other, component) if other else ""


def wrong_component(tag: str, used: str, declared: str) -> str:
    """Return the sentence for a component separator that contradicts ISA16."""
    return f"{tag}: component separator {used!r} used, ISA16 declares {declared!r}"


@lru_cache(_KEPT)
def hundredths(value: str) -> int | None:
    """Return an amount or quantity in hundredths; None if it is no plain number."""
    if len(value) > 18:
        return None
    if value.isascii() and value.isdigit():
        return int(value) * 100
    if value[-3:-2] == "." and (digits := value[:-3] + value[-2:]).isascii() and digits.isdigit():
        return int(digits)
    try:
        number = Decimal(value)
        return int(number * 100) if number.is_finite() and abs(number) < 10**12 else None
    except (InvalidOperation, ValueError):
        return None


def dates(segment: str, element: str) -> tuple[str, str, str]:
    """Return the first and last day of a DTP segment, and what is wrong with it."""
    _, _, form, value = (*segment.split(element, 3), "", "", "")[:4]
    value = value.split(element, 1)[0]
    first, _, last = value.partition("-")
    if form == "D8" and not last:
        last = first
    elif form != "RD8" or not last:
        return value, value, "DTP: the date of service is neither one day (D8) nor a range (RD8)"
    if not (_is_day(first) and _is_day(last)):
        return first, last, "DTP: the date of service is not a day of the calendar"
    return first, last, "DTP: the range of dates ends before it begins" if last < first else ""


def _is_day(text: str) -> bool:
    if len(text) != 8 or not (text.isascii() and text.isdigit()):
        return False
    try:
        date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return False
    return True


@lru_cache(_KEPT)
def diagnoses(segment: str, element: str, component: str) -> tuple[tuple[str, ...], str]:
    """Return the diagnosis codes of an HI segment in order, and what is wrong with it."""
    found: list[str] = []
    problem = ""
    for value in segment.split(element)[1:]:
        parts, other = composite(value, component)
        if other:
            problem = wrong_component("HI", other, component)
        elif len(parts) == 1 and value:
            problem = problem or "HI: a value without a qualifier"
        if len(parts) > 1 and parts[0] in _DIAGNOSES and parts[1]:
            found.append(parts[1])
    return tuple(found), problem
