"""One fact per line, `name: value`, for scripts, pipes and screen readers. The first lines are the answer."""

from collections.abc import Iterator

from ..compose.layout import fitted
from ..compose.sheet import Sheet


def lines(sheet: Sheet, full: bool, lines: int | None = None) -> Iterator[str]:
    """Return the lines of a sheet without line ends: what fits on the first screen, or all of it."""
    for name, value in _facts(sheet, full, lines):
        yield f"{name}: {' '.join(value.split())}"


def _facts(sheet: Sheet, full: bool, lines: int | None) -> Iterator[tuple[str, str]]:
    shown = sheet if full or lines is None else fitted(sheet, lines)[0]
    yield from shown.facts
    for row in (*shown.lead, *(row for block in shown.blocks for row in block.rows)):
        yield row.name, "; ".join(filter(None, row.cells))
    for section in shown.sections if full else ():
        for each in section.details:
            yield each.name, f"{each.text} [{each.cited}]" if each.cited else each.text
    if shown.last_line and not full:
        yield "more", shown.last_line
    if shown.stamp:
        yield "stamp", shown.stamp
