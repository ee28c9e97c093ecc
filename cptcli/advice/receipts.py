"""What stands beside every fact: its sources, whether it is old, whether it held on the day."""

from collections.abc import Iterable
from datetime import date

from ..model import Code, SourceRef
from ..rulebook.book import RuleBook


def refs(book: RuleBook, ids: Iterable[str]) -> tuple[SourceRef, ...]:
    """The sources behind a fact, as an answer shows them."""
    held = (book.source(key) for key in ids)
    return tuple(SourceRef(id=each.id, title=each.title, url=each.url, date=each.date) for each in held if each)


def stale(book: RuleBook, name: str, checked: date, today: date) -> str | None:
    """A warning when a fact was last checked too long before `today`; never a failure."""
    days = (today - checked).days
    if days <= book.edition.stale_after_days:
        return None
    return f"{name} was last checked on {checked}, {days} days before the day asked for: look at its source again."


def existence(code: Code, day: date) -> str | None:
    """Why the code is not there on that day, naming its successor; None when it is, or nothing is known."""
    if code.effective and day < code.effective:
        return f"{code.code} did not exist on {day}: it starts on {code.effective}."
    if code.ends and day > code.ends:
        successors = " or ".join(each.code for each in code.replaced_by)
        instead = f" What replaced it: {successors}." if successors else ""
        return f"{code.code} was deleted: its last day was {code.ends}.{instead}"
    return None
