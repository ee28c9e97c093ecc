"""A sheet: title, lead, blocks of rows, a footer, and the sections that --full adds."""

from typing import Literal

from msgspec import Struct

Tone = Literal["plain", "strong", "good", "caution", "bad", "unsure", "dim"]


class Row(Struct, frozen=True):
    """One fact: a text, or cells in the columns of its block.

    `name` is its name in a pipe. If not all rows fit, those with the lowest `weight` go first and those that `must`
    stay go last; the last line counts a row that went as `many` of `what`. `under`: it belongs to the row above.
    """

    name: str
    cells: tuple[str, ...]
    tone: Tone = "plain"
    must: bool = False
    weight: int = 50
    what: str = "note"
    many: int = 1
    under: bool = False


class Block(Struct, frozen=True):
    """Rows with one label. `apart`: a blank line above it if there is room."""

    label: str
    rows: tuple[Row, ...]
    apart: bool = False


class Detail(Struct, frozen=True):
    """A fact of a section: its name in a pipe, its label on a page, its text, and what backs it."""

    name: str
    label: str
    text: str
    cited: str = ""
    tone: Tone = "plain"


class Section(Struct, frozen=True):
    """A heading and its facts, for --full; `listed` shows a dash instead of each label."""

    title: str
    details: tuple[Detail, ...]
    listed: bool = False


class Sheet(Struct, frozen=True):
    """What a person or a pipe gets to see of an answer.

    `facts` are names and values that a pipe gets first; `title` is a head, its text, and a text at the right end.
    `more` counts in words what only --full shows, besides the notes that do not fit; `stamp` is at the right end of the
    last line.
    """

    title: tuple[str, str, str]
    lead: tuple[Row, ...] = ()
    blocks: tuple[Block, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    sections: tuple[Section, ...] = ()
    notes: int = 0  # notes that only --full shows
    more: tuple[str, ...] = ()
    stamp: str = ""

    @property
    def counts(self) -> str:
        """Return how much is not on the first screen, in words."""
        notes = counted(self.notes, "more note")
        return ", ".join([*([notes] if self.notes else []), *self.more])

    @property
    def last_line(self) -> str:
        """Return what is not on the page and how to see it; empty if all is shown."""
        return f"{self.counts}: add --full" if self.counts else ""


def counted(number: int, word: str) -> str:
    """Return a number and its noun, in the plural unless it is 1."""
    return f"{number} {word}{'' if number == 1 else 's'}"
