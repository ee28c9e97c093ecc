"""What backs a fact: its sources, whether it is old, and whether it was true on the date of service."""

from collections.abc import Collection, Iterable
from datetime import date, timedelta

from ..model.answer import SourceRef
from ..model.codes import Code
from ..model.tables import Table
from ..rulebook.book import RuleBook
from ..rulebook.table_ids import EQUIPMENT_UNITS, FEE_SCHEDULES, UNITS


def refs(book: RuleBook, ids: Iterable[str]) -> tuple[SourceRef, ...]:
    """Return the sources of a fact, as an answer shows them."""
    sources = (book.source(key) for key in ids)
    return tuple(
        SourceRef(id=each.id, title=each.title, url=each.url, date=each.date, publisher=each.publisher)
        for each in sources
        if each
    )


def tables_of(book: RuleBook, code: Code | None, day: date) -> tuple[Table, ...]:
    """Return the CMS tables that the facts of a code come from: for the status, that of the day."""
    medicare = code.medicare if code else None
    limit = code.units.maximum_edition if code and code.units else None
    limits = [EQUIPMENT_UNITS] if code and code.coding_verification else [*UNITS]
    schedules = [table for key in FEE_SCHEDULES if (table := book.table(key))]
    spans = [span for span in medicare.history if span.first <= day] if medicare else []
    leaning = (
        *[table for table in schedules if spans and table.effective <= spans[-1].first][-1:],
        *[table for key in limits if (table := book.table(key)) and table.edition == limit],
        book.table("medicare-therapy") if medicare and medicare.therapy and medicare.therapy.edition else None,
    )
    return tuple(filter(None, leaning))


def stale(book: RuleBook, name: str, checked: date, today: date) -> str | None:
    """Return a warning if a fact was last checked too long before `today`, else None."""
    days = (today - checked).days
    if days <= book.edition.stale_after_days:
        return None
    return f"{name} was last checked on {checked}, {days} days ago: check its source again."


def existence(book: RuleBook, code: Code, day: date, chain: Collection[str] = ()) -> str | None:
    """Return why the code did not exist on that day, with its successor; None if it did or its dates are not known.

    With a payer's `chain`, successors are those that it accepts.
    """
    if code.effective and day < code.effective:
        return f"{code.code} did not exist on {day}: it starts on {code.effective}."
    if code.ends and day > code.ends:
        replacements = [each.code for each in code.replaced_by if not {*each.never_payers} & {*chain}]
        existing = [each for each in replacements if (known := book.code(each)) and existence(book, known, day) is None]
        successors = " or ".join(existing or replacements)
        instead = f" Replaced by: {successors}." if successors else ""
        return f"{code.code} was deleted: its last day was {code.ends}{_how_sure_of(code)}.{instead}"
    return None


def _how_sure_of(code: Code) -> str:
    """Return the confidence of a deletion date in parentheses; empty if it is high or not known."""
    gone = code.ends + timedelta(1) if code.ends else None
    dated = [each for each in code.dates if each.date.startswith(str(gone))]
    return f" ({dated[0].confidence} confidence)" if dated and dated[0].confidence != "high" else ""


def status_on(code: Code, day: date) -> tuple[str | None, str]:
    """Return the code's Medicare fee-schedule status that day, None if not known, and the release it comes from."""
    medicare = code.medicare
    if medicare is None or not medicare.history:
        status = medicare.status if medicare else None
        seen = ", ".join(medicare.seen) if medicare else ""
        return status, f"seen {seen}" if seen else "no release we have lists it"
    before = [span for span in medicare.history if span.first <= day]
    if not before:
        return None, f"our releases start on {medicare.history[0].first}"
    span = before[-1]
    release = f"release {span.release}, to {span.last}"
    return span.status, release if day <= span.last else f"{release}; we have no release for {day}"
