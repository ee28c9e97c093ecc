"""A comparison as CSV: one record for each row, with no cell that a spreadsheet would run as a formula."""

import csv
import io

from ..compose.comparison import code_text, rules_of, verdict_text
from ..model.comparison import ComparedRow, Comparison
from .controls import without_controls

COLUMNS = (
    "name", "case", "code", "paid", "why", "notes", "how_sure", "codes", "verdict", "rules", "payer", "modality",
    "device", "setting", "state", "date_of_service", "rule_base",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@")  # a spreadsheet reads a cell that starts so as a formula


def to_csv(found: Comparison) -> bytes:
    """Return the header and a record for each row of a comparison, as UTF-8."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in found.rows:
        writer.writerow([harmless(each or "") for each in _cells(found, row)])
    return text.getvalue().encode()


def _cells(found: Comparison, row: ComparedRow) -> tuple[str | None, ...]:
    """Return the cells of a record: first as on the page, WEAK marked; then plain codes and ids for scripts."""
    asked = found.question
    notes = filter(None, (row.code_short, *row.watch))
    codes = dict.fromkeys(case.code for case in (row.cases or (row,)) if case.code)
    return (
        row.name, row.condition, code_text(row), verdict_text(row), row.short, " ".join(notes), row.sure,
        " ".join(codes), row.verdict, " ".join(rules_of(row)), row.payer, row.modality, row.device, asked.setting,
        asked.state, asked.service_date.isoformat(), found.rulebook.sha256[:7],
    )  # fmt: skip


def harmless(cell: str) -> str:
    """Return a cell on one line, with an apostrophe in front if it would start a formula."""
    text = without_controls(" ".join(cell.split()))
    return f"'{text}" if text.startswith(_FORMULA) else text
