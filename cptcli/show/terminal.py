"""A sheet for a person at a terminal. Rich is imported here and in progress.py only."""

import sys
from collections.abc import Iterator

from rich.console import Console
from rich.text import Text

from ..compose.layout import Line, fitted, lines_of, section_lines
from ..compose.sheet import Sheet, Tone
from .controls import without_controls

_WIDEST = 100  # columns; longer lines are hard to read
_NARROWEST = 16
_STYLES: dict[Tone, str] = {
    "plain": "",
    "strong": "bold",
    "good": "green",
    "caution": "yellow",
    "bad": "red",
    "unsure": "magenta",
    "dim": "dim",
}


def show(sheet: Sheet, full: bool, colored: bool, lines: int | None = None) -> None:
    """Write a sheet to stdout, as wide as the terminal, at most 100 columns.

    `lines` is the length of the first screen; None for no limit.
    """
    console = Console(
        file=sys.stdout,
        no_color=not colored,
        force_terminal=colored or None,
        color_system="auto" if colored else None,
        highlight=False,
        emoji=False,
        markup=False,
        legacy_windows=False,
    )
    width = max(_NARROWEST, min(console.width, _WIDEST))
    with console.capture() as captured:
        for line in page_lines(sheet, full, width, lines):
            text = Text.assemble(*((without_controls(part), _STYLES[tone]) for part, tone in line), end="\n")
            console.print(text, soft_wrap=True)
    sys.stdout.write(captured.get())
    sys.stdout.flush()


def page_lines(sheet: Sheet, full: bool, width: int, lines: int | None) -> Iterator[Line]:
    """Return the lines of a page: what fits on the first screen, or the whole sheet and its sections."""
    if full or lines is None:
        yield from lines_of(sheet, width)
        for section in sheet.sections if full else ():
            yield from section_lines(section, width)
        return
    shown, spaced = fitted(sheet, lines)
    yield from lines_of(shown, width, spaced)
