"""What is asked of a service line: exactly what its check depends on. Claim, patient and charge are not in it."""

import re
from typing import Final, NamedTuple

from ..advice.near_codes import CODE
from ..advice.question import read_diagnosis
from ..advice.typed import joined_code
from ..claims.lines import ServiceLine
from ..errors import BadValue
from ..model.visit import VisitLine
from ..rulebook.book import RuleBook
from ..rulebook.names import upright
from ..visit.reading import LETTERS, MOST_MINUTES, MOST_UNITS
from ..visit.tidying import apart

_PROCEDURE: Final = "HC"  # CPT or HCPCS, in X12 and in ServiceLine
_IN_MINUTES: Final = "MJ"  # the X12 unit
_VOID: Final = "8"  # the X12 frequency of a claim that is taken back
_LONGEST: Final = 40  # characters of a code
_SHOWN: Final = 60  # characters of a value of the file that a message repeats
_CODE = re.compile(CODE)
_DAY = re.compile(r"(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])")


class Asked(NamedTuple):
    """What the check of a line depends on, in the notation of ServiceLine."""

    qual: str
    code: str
    modifiers: tuple[str, ...]
    unit: str
    qty: str
    minutes: str
    dx: tuple[str, ...]
    first: str
    last: str
    payer: str
    filing: str
    device: str
    is_void: bool
    narrative: str | None  # only where the code needs one


def asked_of(line: ServiceLine, book: RuleBook) -> Asked:
    """Return what is asked of a service line: its code in capitals, with the modifiers typed behind it."""
    code, attached = apart(upright(joined_code(line.code)))
    known = book.code(code)
    narrative = None
    if known and known.claim_needs and line.notes:
        narrative = " ".join(note.partition(":")[2] for note in line.notes)
    return Asked(
        line.qual, code, (*attached, *map(upright, line.modifiers)), line.unit, line.qty, line.minutes, line.dx,
        line.date_from, line.date_to, line.payer, line.filing, line.device, line.frequency == _VOID, narrative,
    )  # fmt: skip


def is_listed(asked: Asked, book: RuleBook) -> bool:
    """Return whether a line is about a code of our list, or about no code at all, which a check can say."""
    return book.code(asked.code) is not None or not _CODE.fullmatch(asked.code)


def why_unreadable(asked: Asked) -> str | None:
    """Return why a line cannot be checked, whatever the rules are; None if it can."""
    if not asked.code:
        return "no procedure code"
    if asked.qual and asked.qual != _PROCEDURE:
        return f"coded in {asked.qual[:_SHOWN]}, neither CPT nor HCPCS"
    if asked.is_void:
        return "claim voided (frequency 8)"
    if len(asked.code) > _LONGEST:
        return f"code of more than {_LONGEST} characters"
    if not asked.first:
        return "no date of service"
    if not _DAY.fullmatch(asked.first) or not _DAY.fullmatch(asked.last or asked.first):
        return "date of service not readable"
    if asked.last and asked.last != asked.first:
        return "line spans several days: units per day not known"
    if asked.qty and not _is_whole(asked.qty, MOST_MINUTES if asked.unit == _IN_MINUTES else MOST_UNITS):
        return "units not a whole number"
    if asked.minutes and not _is_whole(asked.minutes, MOST_MINUTES):
        return "minutes not a whole number of one day"
    return None


def _is_whole(text: str, most: int) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 6 and int(text) <= most


def is_in_minutes(asked: Asked) -> bool:
    """Return whether the quantity of a line is minutes."""
    return asked.unit == _IN_MINUTES and bool(asked.qty)


def visit_line(asked: Asked, letters: tuple[str, ...], device: str | None) -> VisitLine:
    """Return the line of a visit; `letters` are its diagnoses."""
    in_minutes = is_in_minutes(asked)
    minutes = asked.minutes or (asked.qty if in_minutes else "")
    return VisitLine(
        code=asked.code,
        minutes=int(minutes) if minutes else None,
        units=int(asked.qty) if asked.qty and not in_minutes else None,
        modifiers=asked.modifiers,
        diagnoses=letters,
        device=device,
        narrative=asked.narrative,
    )


def lettered(lines: tuple[Asked, ...]) -> tuple[dict[str, str], list[tuple[str, ...]], bool]:
    """Return the day's diagnoses by letter, the letters of each line, and whether some diagnosis was left out."""
    letter_of: dict[str, str | None] = {}
    left_out = False
    for line in lines:
        for code in line.dx:
            if code in letter_of or not code:
                continue
            used = sum(each is not None for each in letter_of.values())
            try:
                read_diagnosis(code)
            except BadValue:
                letter_of[code] = None
            else:
                letter_of[code] = LETTERS[used] if used < len(LETTERS) else None
            left_out = left_out or letter_of[code] is None
    diagnoses = {letter: code for code, letter in letter_of.items() if letter}
    each = [tuple(dict.fromkeys(letter for code in line.dx if (letter := letter_of.get(code)))) for line in lines]
    return diagnoses, each, left_out
