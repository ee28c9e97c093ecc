"""Where an answer goes: JSON, one fact a line, or a page for the terminal. stdout is the answer and nothing else."""

import os
import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from ..show.controls import without_controls

if TYPE_CHECKING:
    from msgspec import Struct

    from ..data_model import DataShown
    from ..model import Shown
    from ..show.terminal import Page
    from ..visit_model import FeeAnswer, VisitAnswer


def wants_colour(no_color: bool) -> bool:
    """Colour only on a terminal that can show it and whose owner did not refuse it."""
    return not (no_color or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb") and sys.stdout.isatty()


def deliver(shown: "Shown", as_json: bool, plain: bool, no_color: bool) -> None:
    """Write the answer in the form asked for; piped, that is one fact a line."""

    def lines() -> Iterable[str]:
        from ..show.plain import lines

        return lines(shown)

    def page() -> "Page":
        from ..show.terminal import page

        return page(shown)

    _deliver(shown, lines, page, as_json, plain, no_color)


def deliver_visit(
    shown: "VisitAnswer | FeeAnswer", as_json: bool, plain: bool, no_color: bool, work: bool = False
) -> None:
    """The same for a visit or a fee; `work` shows the arithmetic of the amounts."""

    def lines() -> Iterable[str]:
        from ..show.visit_plain import lines

        return lines(shown, work)

    def page() -> "Page":
        from ..show.visit_terminal import page

        return page(shown, work)

    _deliver(shown, lines, page, as_json, plain, no_color)


def deliver_data(shown: "DataShown", as_json: bool, plain: bool, no_color: bool) -> None:
    """The same for what was imported, is held, or was verified."""

    def lines() -> Iterable[str]:
        from ..show.data_plain import lines

        return lines(shown)

    def page() -> "Page":
        from ..show.data_terminal import page

        return page(shown)

    _deliver(shown, lines, page, as_json, plain, no_color)


def _deliver(
    shown: "Struct",
    lines: Callable[[], Iterable[str]],
    page: "Callable[[], Page]",
    as_json: bool,
    plain: bool,
    no_color: bool,
) -> None:
    if as_json:
        from ..show.as_json import to_json

        write_bytes(to_json(shown))
    elif plain or not sys.stdout.isatty():
        write_lines(lines())
    else:
        from ..show.terminal import show

        show(page(), wants_colour(no_color))


def deliver_lines(document: dict[str, object], lines: Iterable[str], as_json: bool) -> None:
    """Write what is lines anywhere, also on a terminal, or the same as one JSON document."""
    if as_json:
        from ..show.as_json import to_json

        write_bytes(to_json(document))
    else:
        write_lines(lines)


def write_bytes(text: bytes) -> None:
    """Write UTF-8 as it is, whatever the locale."""
    sys.stdout.buffer.write(text)
    sys.stdout.buffer.flush()


def write_lines(lines: Iterable[str]) -> None:
    """Write lines of text; what the locale cannot print becomes a question mark."""
    sys.stdout.write(without_controls("".join(f"{line}\n" for line in lines)))
    sys.stdout.flush()


def tell(message: str) -> None:
    """Say something beside the answer, on stderr."""
    sys.stderr.write(without_controls(message) + "\n")
    sys.stderr.flush()
