"""What stands beside every fact: its sources, whether it is old, whether it held on the day."""

from collections.abc import Iterable
from datetime import date, timedelta

from ..model import Code, SourceRef, Table
from ..rulebook.book import RuleBook


def refs(book: RuleBook, ids: Iterable[str]) -> tuple[SourceRef, ...]:
    """The sources behind a fact, as an answer shows them."""
    held = (book.source(key) for key in ids)
    return tuple(
        SourceRef(id=each.id, title=each.title, url=each.url, date=each.date, publisher=each.publisher)
        for each in held
        if each
    )


def tables_of(book: RuleBook, code: Code | None) -> tuple[Table, ...]:
    """CMS's tables that what is known of a code leans on."""
    medicare = code.medicare if code else None
    leaning = {
        "medicare-fee-schedule": medicare and medicare.history,
        "medicare-units": code and code.units and code.units.maximum_edition,
        "medicare-therapy": medicare and medicare.therapy and medicare.therapy.edition,
    }
    return tuple(table for key, leans in leaning.items() if leans and (table := book.table(key)))


def stale(book: RuleBook, name: str, checked: date, today: date) -> str | None:
    """A warning when a fact was last checked too long before `today`; never a failure."""
    days = (today - checked).days
    if days <= book.edition.stale_after_days:
        return None
    return f"{name} was last checked on {checked}, {days} days ago: look at its source again."


def existence(book: RuleBook, code: Code, day: date) -> str | None:
    """Why the code is not there on that day, naming its successor; None when it is, or nothing is known."""
    if code.effective and day < code.effective:
        return f"{code.code} did not exist on {day}: it starts on {code.effective}."
    if code.ends and day > code.ends:
        held = [each.code for each in code.replaced_by]
        there = [each for each in held if (known := book.code(each)) and existence(book, known, day) is None]
        successors = " or ".join(there or held)
        instead = f" What replaced it: {successors}." if successors else ""
        return f"{code.code} was deleted: its last day was {code.ends}{_how_sure_of(code)}.{instead}"
    return None


def _how_sure_of(code: Code) -> str:
    """Says so where the day on which a code was gone is weak."""
    gone = code.ends + timedelta(1) if code.ends else None
    told = [each for each in code.dates if each.date.startswith(str(gone))]
    return f" ({told[0].confidence} confidence)" if told and told[0].confidence != "high" else ""


def status_on(code: Code, day: date) -> tuple[str | None, str]:
    """The code's letter on the Medicare fee schedule that day, and where it was seen; None when none is known."""
    medicare = code.medicare
    if medicare is None or not medicare.history:
        status = medicare.status if medicare else None
        seen = ", ".join(medicare.seen) if medicare else ""
        return status, f"seen {seen}" if seen else "no release held names it"
    before = [span for span in medicare.history if span.first <= day]
    if not before:
        return None, f"the releases held begin on {medicare.history[0].first}"
    span = before[-1]
    held = f"release {span.release}, to {span.last}"
    return span.status, held if day <= span.last else f"{held}; no release for {day} is held"
