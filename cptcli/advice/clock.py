"""Reads times of the day as people type them: 9:00, 0900, 9am, 1:30 pm."""

import re

_CLOCK = r"\s*([0-9]{1,2})(?::?([0-5][0-9]))?\s*([ap])?\.?(?:m\.?)?\s*"
_NOON = 12


def read_clock(typed: str) -> str | None:
    """Return a time of day as HH:MM of 24 hours, of 9:00, 0900, 9am or 1:30 pm; None for anything else."""
    found = re.fullmatch(_CLOCK, typed, re.ASCII | re.IGNORECASE)
    if found is None or (found[2] is None and found[3] is None):
        return None
    hour, half = int(found[1]), (found[3] or "").lower()
    if half:
        if not 1 <= hour <= _NOON:
            return None
        hour = hour % _NOON + (_NOON if half == "p" else 0)
    return f"{hour:02}:{found[2] or '00'}" if hour < 2 * _NOON else None


def read_times(typed: str) -> dict[str, str] | None:
    """Return the start, and the end where it is typed, of 9:00 or 9:00-9:45; None for anything else."""
    parts = typed.split("-")
    times = [read_clock(each) for each in parts]
    if len(parts) > 2 or None in times:
        return None
    return {key: time for key, time in zip(("start", "end"), times, strict=False) if time}


def minute_of(clock: str) -> int:
    """Return the minute of the day, from 0, of a time HH:MM."""
    hours, _, minutes = clock.partition(":")
    return 60 * int(hours) + int(minutes)
