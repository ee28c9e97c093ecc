"""Parses what people type: dates of service, minutes, codes with blanks, several diagnoses in one option.

Reads no clock: the caller gives the day that `today`, `yesterday` and `-3d` count from.
"""

import re
from collections.abc import Iterable
from datetime import date, timedelta

from ..errors import BadValue

DAY_FORMS = "a date such as 2026-11-27 or 11/27/2026 (month first), or today, yesterday or -3d"
# Patterns stay text until needed: compiling five of them costs one percent of start-up.
_ISO = r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})"
_US = r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4}|[0-9]{2})"
_AGO = r"-([0-9]{1,4})(?:d|days?)|([0-9]{1,4})(?:d|days?)ago"
_CENTURY = 2000  # added to a two-digit year
_MINUTES = r"([0-9]{1,6})(?:m|mins?|minutes?)?"
_HOURS = r"([0-9]{1,2})(?:h|hrs?|hours?)(?:([0-5]?[0-9])(?:m|mins?|minutes?)?)?"
_CLOCK = r"([0-9]{1,2}):([0-5][0-9])"
_LONGEST = 3  # hours in H:MM; 4:00 and later is read as a time of day, not a duration
_SPACED_CODE = r"\s*([A-Z]\s*(?:[0-9]\s*){3}[0-9]|(?:[0-9]\s*){4}[0-9AFMTU])(?=[^A-Z0-9]|X\s*[0-9]|$)"


def read_day(option: str, typed: str, today: date) -> date:
    """Return the date of service that was typed; `yesterday` and `-3d` count from `today`.

    Case and blanks do not matter. A two-digit year is in this century. Raises BadValue with the accepted forms for a
    date that does not exist or has another order, such as 27/11/2026.
    """
    text = _without_blanks(typed)
    if text in ("today", "yesterday"):
        return today - timedelta(days=text == "yesterday")
    if found := re.fullmatch(_AGO, text):
        return today - timedelta(days=int(found[1] or found[2]))
    try:
        if found := re.fullmatch(_ISO, text):
            return date(int(found[1]), int(found[2]), int(found[3]))
        if found := re.fullmatch(_US, text):
            year = int(found[3]) + (_CENTURY if len(found[3]) == 2 else 0)
            return date(year, int(found[1]), int(found[2]))
    except ValueError:
        pass
    raise BadValue(option, typed, DAY_FORMS)


def _without_blanks(typed: str) -> str:
    """Return what was typed in lower case, with only the blanks between two numbers kept."""
    return re.sub(r"(?<![0-9]) | (?![0-9])", "", " ".join(typed.split())).casefold()


def read_minutes(typed: str) -> int | None:
    """Return whole minutes from `25`, `25min`, `1h`, `1h05` or `1:05`; None for any other form.

    `9:00` gives None: it is a time of day, not a treatment of nine hours.
    """
    text = _without_blanks(typed)
    if found := re.fullmatch(_MINUTES, text):
        return int(found[1])
    if found := re.fullmatch(_HOURS, text):
        return int(found[1]) * 60 + int(found[2] or 0)
    if (found := re.fullmatch(_CLOCK, text)) and int(found[1]) <= _LONGEST:
        return int(found[1]) * 60 + int(found[2])
    return None


def joined_code(typed: str) -> str:
    """Return what was typed without the blanks inside the code at its start; unchanged if it starts with no code.

    A modifier after the code keeps its blank.
    """
    found = re.match(_SPACED_CODE, typed, re.ASCII | re.IGNORECASE)
    return "".join(found[1].split()) + typed[found.end() :] if found else typed


def each_of(typed: Iterable[str]) -> tuple[str, ...]:
    """Return the values of a repeatable option; one text may have several: `M54.50, G89.29` is two."""
    return tuple(part for each in typed for part in (re.findall(r"[^\s,;]+", each) or [each]))
