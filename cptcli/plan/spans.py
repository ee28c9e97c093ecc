"""The days on which something changes: between two of them a plan holds."""

from collections.abc import Iterator
from datetime import date, timedelta


def first_days(first: date | None, last: date | None) -> Iterator[date]:
    """Return the first day of a span, and the first one after it."""
    if first:
        yield first
    if last and last < date.max:
        yield last + timedelta(1)
