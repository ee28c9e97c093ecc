"""A sheet as one HTML page, to print or to file: no script, no outside address. The only module with Jinja2."""

from collections.abc import Iterator
from importlib.resources import files
from itertools import groupby

from jinja2 import Environment, StrictUndefined
from msgspec import Struct, structs

from .. import AMA_NOTICE, NO_ADVICE, __version__
from ..compose.layout import LINES, fitted
from ..compose.sheet import Block, Row, Sheet
from .controls import without_controls

_TEMPLATE = "page.html.j2"
_NO_TITLE = "Answer"  # for a sheet without a title
_ON_PAPER = 32  # lines of 80 columns that fit on one letter-size page above the foot


class Part(Struct, frozen=True):
    """A block on the page: the rows of the first screen, and the folded rows."""

    label: str
    name: str
    columns: int
    rows: tuple[Row, ...]
    folded: tuple[Row, ...]


def page(sheet: Sheet, full: bool = False, lines: int | None = LINES) -> str:
    """Return the HTML page of a sheet, with the sections and the rows beyond one printed page folded.

    `lines` is the length of the first screen, which is never folded; None for no limit. `full` folds nothing.
    """
    first = sheet if full or lines is None else fitted(sheet, max(lines, _ON_PAPER))[0]
    shown = {id(row) for row in (*first.lead, *(row for block in first.blocks for row in block.rows))}
    lead, *parts = [_part(block, shown) for block in (Block("", sheet.lead), *sheet.blocks)]
    notes = sheet.notes + sum(len(part.folded) for part in (lead, *parts))
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    template = environment.from_string(files(__package__).joinpath(_TEMPLATE).read_text(encoding="utf-8"))
    drawn = template.render(
        sheet=sheet,
        title=" ".join(filter(None, sheet.title)) or _NO_TITLE,
        heading=_NO_TITLE if not any(sheet.title[:2]) else "",
        lead=lead,
        groups=[(labeled, [*each]) for labeled, each in groupby(parts, lambda part: bool(part.label))],
        counts="" if full else structs.replace(sheet, notes=notes).counts,
        full=full,
        foot=(f"{sheet.stamp}  cpt {__version__}".strip(), NO_ADVICE, AMA_NOTICE),
    )
    return without_controls(drawn)


def _part(block: Block, shown: set[int]) -> Part:
    """Return a block with the rows that are not in `shown` folded; rows that must stay are never folded."""
    folded = tuple(row for row in block.rows if not row.must and id(row) not in shown)
    return Part(
        label=block.label,
        name=" ".join(_names(block)),
        columns=max((len(row.cells) for row in block.rows), default=0),
        rows=tuple(row for row in block.rows if row.must or id(row) in shown),
        folded=folded,
    )


def _names(block: Block) -> Iterator[str]:
    """Return the row names, as the name of a table without a label."""
    yield from dict.fromkeys(row.name.replace("_", " ") for row in block.rows)
