"""The cells that are written beside a line: plain ASCII, on one line, and no formula for a spreadsheet."""

import re
from collections.abc import Sequence
from typing import Final

_FORMULA: Final = ("=", "+", "-", "@")
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?")


def harmless(text: str) -> str:
    """Return a text on one line, with an apostrophe in front if a spreadsheet would run it as a formula."""
    text = " ".join(text.split())
    return f"'{text}" if text.startswith(_FORMULA) and not _NUMBER.fullmatch(text) else text


def csv_bytes(cells: Sequence[str], delimiter: str) -> bytes:
    """Return cells as CSV, each after a delimiter. ASCII, so that they fit a file in any encoding."""
    drawn = []
    for cell in cells:
        text = harmless(cell)
        if delimiter in text or '"' in text:
            text = '"' + text.replace('"', '""') + '"'
        drawn.append(delimiter + text)
    return "".join(drawn).encode("ascii", "replace")
