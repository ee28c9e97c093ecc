"""Where an answer goes: JSON, one fact a line, or a page for the terminal. stdout is the answer and nothing else."""

import os
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..model import Shown


def wants_colour(no_color: bool) -> bool:
    """Colour only on a terminal that can show it and whose owner did not refuse it."""
    return not (no_color or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb") and sys.stdout.isatty()


def deliver(shown: "Shown", as_json: bool, plain: bool, no_color: bool) -> None:
    """Write the answer in the form asked for; piped, that is one fact a line."""
    if as_json:
        from ..show.as_json import to_json

        write_bytes(to_json(shown))
    elif plain or not sys.stdout.isatty():
        from ..show.plain import lines

        write_lines(lines(shown))
    else:
        from ..show.terminal import show

        show(shown, wants_colour(no_color))


def write_bytes(text: bytes) -> None:
    """Write UTF-8 as it is, whatever the locale."""
    sys.stdout.buffer.write(text)
    sys.stdout.buffer.flush()


def write_lines(lines: Iterable[str]) -> None:
    """Write lines of text; what the locale cannot print becomes a question mark."""
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


def tell(message: str) -> None:
    """Say something beside the answer, on stderr."""
    sys.stderr.write(message + "\n")
    sys.stderr.flush()
