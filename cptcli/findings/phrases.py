"""Builds the short form of a finding, two lines of a page: codes first, then what is wrong."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from ..advice.wording import Headed, first_sentence, headline, weakness_in_short
from ..model.rules import Policy, Rule
from ..rulebook.precedence import is_weak

TWO_LINES = 69  # columns of each, next to the label on a page of 80
_MOST_CODES = 4
_MOST_LINES = 3


class Coded(Protocol):
    """Anything with a code."""

    @property
    def code(self) -> str:
        """The code."""


def units_of(number: int) -> str:
    """Return a number of units in words."""
    return f"{number} unit{'' if number == 1 else 's'}"


def codes_of(lines: Iterable[Coded]) -> str:
    """Return the codes of lines, each once; those beyond the first few are counted."""
    return listed([*dict.fromkeys(line.code for line in lines)], _MOST_CODES)


def listed(words: Sequence[str], most: int) -> str:
    """Return words with commas between; those beyond `most` are counted."""
    more = len(words) - most
    return ", ".join(words[:most]) + (f" and {more} more" if more > 0 else "")


def either(words: Sequence[str]) -> str:
    """Return words as alternatives: A, B or C."""
    return " or ".join(filter(None, (", ".join(words[:-1]), words[-1]))) if words else ""


def if_covered(codes: Sequence[str]) -> str:
    """Return what an expected amount depends on; nothing without codes."""
    named = " and ".join(filter(None, (", ".join(codes[:-1]), *codes[-1:])))
    return f" if {named} {'is' if len(codes) == 1 else 'are'} covered" if codes else ""


def where(numbers: Sequence[int]) -> str:
    """Return the lines that a finding is about, as in front of its text; nothing where it is about the day."""
    if not numbers:
        return ""
    ordered = sorted(numbers)
    if len(ordered) > 2 and ordered == [*range(ordered[0], ordered[-1] + 1)]:
        return f"lines {ordered[0]}-{ordered[-1]}: "
    return f"line{'' if len(ordered) == 1 else 's'} {listed([*map(str, ordered)], _MOST_LINES)}: "


def code_first(codes: str, text: str) -> str:
    """Return a text after its codes, unless it names them or begins with a code."""
    return text if codes in text or text[1:5].isdigit() else f"{codes}: {text}"


def weak_mark(entry: Rule | Policy) -> str:
    """Return the note of a weak entry, WEAK and why; else nothing."""
    return f" (WEAK: {weakness_in_short(entry.evidence)})" if is_weak(entry) else ""


def in_short(entry: Headed) -> str:
    """Return an entry's headline, or its whole text where it has none."""
    return headline(entry) or entry.says or ""


def fits(text: str) -> bool:
    """Return whether a text fits in two lines of a page."""
    if len(text) <= TWO_LINES:
        return True
    end = text.rfind(" ", 0, TWO_LINES + 1)
    return end > 0 and len(text) - end - 1 <= TWO_LINES


def cut_to_fit(before: str, texts: Sequence[str], after: str) -> str:
    """Return the first of the texts that fits in two lines between what is before and after it, else the last, cut.

    What is cut ends in dots: the whole text is in the finding's `says`.
    """
    for text in texts:
        if fits(f"{before}{text}{after}"):
            return text
    room = 2 * TWO_LINES - len(before) - len(after)
    while room > 0:
        cut = _cut(texts[-1], room)
        if fits(f"{before}{cut}{after}"):
            return cut
        room -= 1
    return _cut(texts[-1], TWO_LINES)


def _cut(text: str, longest: int) -> str:
    """Return the first sentence of a text, else as many of its clauses or words as fit."""
    if first := first_sentence(text, longest):
        return first
    head = text[: max(1, longest - 4)]
    clause = max(head.rfind(", "), head.rfind("; "))
    end = clause if clause > len(head) // 2 else head.rfind(" ")
    return f"{head[:end].rstrip(',;:') if end > 0 else head} ..."
