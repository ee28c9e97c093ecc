"""Writes an answer as JSON, one fact per line, or a page for the terminal. stdout has only the answer."""

import os
import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from msgspec import Struct

from ..errors import BadValue
from ..show.controls import without_controls

if TYPE_CHECKING:
    from ..compose.page import Page
    from ..model.data import DataShown
    from ..model.shown import Shown
    from ..model.visit import FeeAnswer, VisitAnswer


class Form(Struct, frozen=True):
    """How to show an answer: the options that all commands share."""

    as_json: bool = False
    plain: bool = False
    full: bool = False
    no_color: bool = False
    html: str | None = None  # the file of --html
    inputs: tuple[str, ...] = ()  # what the command may have read; --html does not overwrite them


def wants_color(no_color: bool) -> bool:
    """Return whether to use color: on a terminal that can show it, unless the user turned it off."""
    return not (no_color or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb") and sys.stdout.isatty()


def deliver(shown: "Shown", form: Form) -> None:
    """Write the answer in the form asked for; in a pipe, one fact per line."""

    def page() -> "Page":
        from ..compose.page import page_of

        return page_of(shown)

    _deliver(shown, page, form)


def deliver_visit(shown: "VisitAnswer", form: Form, work: bool = False) -> None:
    """Write a visit's answer; `work` shows the math of the amounts."""

    def page() -> "Page":
        from ..compose.page import Page
        from ..compose.visit import lines_of_first_screen, visit_sheet

        return Page(visit_sheet(shown, work), lines_of_first_screen(shown), full=work)

    _deliver(shown, page, form)


def deliver_fee(shown: "FeeAnswer", form: Form) -> None:
    """Write a fee."""

    def page() -> "Page":
        from ..compose.fee import fee_sheet
        from ..compose.page import Page

        return Page(fee_sheet(shown))

    _deliver(shown, page, form)


def deliver_data(shown: "DataShown", form: Form) -> None:
    """Write what was imported, is stored, or was verified."""

    def page() -> "Page":
        from ..compose.data import data_page

        return data_page(shown)

    _deliver(shown, page, form)


def _deliver(shown: Struct, compose: "Callable[[], Page]", form: Form) -> None:
    if form.html is None:
        _print(shown, compose, form)
        return
    from .page_file import STDOUT, page_path, write_page

    file = None if form.html == STDOUT else page_path(form.html, form.inputs)
    if file is None and (form.as_json or form.plain):
        raise BadValue("--html", STDOUT, "a file: --json and --plain go to standard output too")
    html = _html(compose(), form.full)
    if file is None:
        write_bytes(html)
        return
    write_page(file, html)
    try:
        _print(shown, compose, form)
    finally:  # last, so that it is seen; the page is written even where a pipe has closed
        tell(f"Written: {form.html}")


def _html(page: "Page", full: bool) -> bytes:
    from ..show.html import page as drawn

    return drawn(page.sheet, full or page.full, page.lines).encode("utf-8", "replace")


def _print(shown: Struct, compose: "Callable[[], Page]", form: Form) -> None:
    if form.as_json:
        from ..show.as_json import to_json

        write_bytes(to_json(shown))
        return
    page = compose()
    full = form.full or page.full
    if form.plain or not sys.stdout.isatty():
        from ..show.plain import lines

        write_lines(lines(page.sheet, full, page.lines))
    else:
        from ..show.terminal import show

        show(page.sheet, full, wants_color(form.no_color), page.lines)


def deliver_lines(document: dict[str, object], lines: Iterable[str], as_json: bool) -> None:
    """Write plain lines, on a terminal too, or one JSON document."""
    if as_json:
        from ..show.as_json import to_json

        write_bytes(to_json(document))
    else:
        write_lines(lines)


def write_bytes(text: bytes) -> None:
    """Write bytes to stdout unchanged, whatever the locale."""
    sys.stdout.buffer.write(text)
    sys.stdout.buffer.flush()


def write_lines(lines: Iterable[str]) -> None:
    """Write lines of text to stdout; what the locale cannot print becomes a question mark."""
    sys.stdout.write(without_controls("".join(f"{line}\n" for line in lines)))
    sys.stdout.flush()


def tell(message: str) -> None:
    """Write a message to stderr."""
    sys.stderr.write(without_controls(message) + "\n")
    sys.stderr.flush()
