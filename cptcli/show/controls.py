"""What a terminal would obey or hide rather than show, made visible: in typed text, files and CMS tables."""

from functools import cache

# Unicode's control and format characters (categories Cc, Cf, Zl, Zp) and what else it says to draw as nothing: the
# first and the last of each span. Left alone are tab and line feed, the soft hyphen, the variation selectors of emoji,
# and the format characters that have a shape of their own (as the Arabic number sign). Written out, because asking
# `unicodedata` about every character costs a start more than the rest of this module.
_UNSEEN = (
    "0x00-0x08 0x0B-0x1F 0x7F-0x9F 0x034F 0x061C 0x115F-0x1160 0x17B4-0x17B5 0x180B-0x180F 0x200B-0x200F 0x2028-0x202E "
    "0x2060-0x206F 0x3164 0xFEFF 0xFFA0 0xFFF0-0xFFFB 0x13430-0x1343F 0x1BCA0-0x1BCA3 0x1D173-0x1D17A 0xE0000-0xE0FFF"
)
_MARK = "\N{REPLACEMENT CHARACTER}"


@cache
def _shown() -> dict[int, str]:
    """Return the mark of each of these characters; four thousand entries, made where a text needs them."""
    spans = (span.partition("-") for span in _UNSEEN.split())
    return {code: _MARK for first, _, last in spans for code in range(int(first, 16), int(last or first, 16) + 1)}


def escaped(document: str) -> str:
    """Return a JSON document with these characters as its own escapes: the same values, and none reaches a terminal."""
    if document.isascii() and "\x7f" not in document:
        return document
    return document.translate({code: _escape(code) for code in _shown() if code > 0x1F})


def _escape(code: int) -> str:
    units = chr(code).encode("utf-16-be")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def without_controls(text: str) -> str:
    """Return text with a mark for every control, invisible or direction-changing character but tab and line feed."""
    return text if text.isascii() and text.isprintable() else text.translate(_shown())
