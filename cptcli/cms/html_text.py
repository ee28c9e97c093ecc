"""The HTML of CMS's text columns -> plain text."""

import html
import re

_ROUNDS = 4  # some exports encode entities twice
_DROPPED = ("script", "style")  # with all they contain
_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]*)\b[^<>]*>")
# Tags that end a line; any other may be inside a word.
_BLOCKS = ("p", "div", "li", "ul", "ol", "tr", "td", "th", "table", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6")
_NOTHING = re.compile(r"\W*(n/?a|not applicable|none)?\W*", re.IGNORECASE)


def plain_text(cell: str) -> str:
    """Return the text of a cell, a line for every paragraph; empty for N/A and the like.

    Entities are decoded until nothing changes. A block tag ends a line, any other tag is dropped where it stands.
    """
    text = cell
    for _ in range(_ROUNDS):
        if "&" not in text or (decoded := html.unescape(text)) == text:
            break
        text = decoded
    if "<" in text:
        text = _without_comments(text)
        for name in _DROPPED:
            text = _without_element(text, name)
        text = _TAG.sub(lambda tag: "\n" if tag[2].lower() in _BLOCKS else "", text)
    text = "\n".join(filter(None, (" ".join(line.split()) for line in text.splitlines())))
    return "" if _NOTHING.fullmatch(text) else text


def _without_comments(text: str) -> str:
    """Return the text without comments; one that is not closed runs to the end."""
    kept, start = [], 0
    while (found := text.find("<!--", start)) >= 0:
        kept.append(text[start:found])
        end = text.find("-->", found)
        if end < 0:
            return "".join(kept)
        start = end + 3
    return "".join([*kept, text[start:]])


def _without_element(text: str, name: str) -> str:
    kept, start, lower = [], 0, text.lower()
    while (found := lower.find(f"<{name}", start)) >= 0:
        kept.append(text[start:found])
        end = lower.find(f"</{name}", found)
        if end < 0:
            return "".join(kept)
        start = end
    return "".join([*kept, text[start:]])
