"""Names the tables on file that do not reach the date of service, and CMS's file that does."""

from collections.abc import Iterable
from datetime import date

from ..model.tables import Download
from ..model.visit import AgedTable, TableUsed
from ..rulebook.book import RuleBook


def aged_tables(
    book: RuleBook, used: Iterable[TableUsed], day: date, estimate_from: str | None
) -> tuple[AgedTable, ...]:
    """Return the tables that ended before the day, each once, with the file to import.

    A later release that an amount is estimated from counts too.
    """
    found: dict[str, AgedTable] = {}
    for each in used:
        ended = each.last is not None and each.last < day
        estimated = each.first > day and each.edition == estimate_from
        download = _download(book, each) if ended or estimated else None
        if download and download.files not in found:
            found[download.files] = _aged(each, download, day)
    return tuple(found.values())


def _download(book: RuleBook, used: TableUsed) -> Download | None:
    """Return CMS's file for a table and its kind of claim; None if the rules name none."""
    for key in book.keys("tables"):
        table = book.table(key)
        download = table.download if table else None
        if download and (download.table, download.claim) == (used.table, used.claim):
            return download
    return None


def _aged(used: TableUsed, download: Download, day: date) -> AgedTable:
    quarter = (day.month + 2) // 3
    wanted = f"{day.year} Q{quarter}"
    files = download.files.format(
        year=day.year,
        yy=f"{day:%y}",
        quarter=quarter,
        month=f"{3 * quarter - 2:02}",
        letter="ABCD"[quarter - 1],
        version=f"{day.year - 1994}{quarter - 1}",  # 2026 Q4 is v323: CMS counts the years from 1994
    )
    return AgedTable(
        table=used.table,
        name=download.name,
        on_file=used.edition,
        wanted=wanted,
        files=files,
        page=download.page,
        says=f"{download.name} on file: {used.edition}. Import {wanted}: cpt data import {files}",
    )
