"""Lays a sheet out: its lines at a given width, and which rows stay when lines are limited."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence

from msgspec import Struct, structs

from .sheet import Block, Row, Section, Sheet, Tone, counted

WIDTH, LINES = 80, 24  # of the first screen
_LABEL = 11  # columns of a label and the gap after it
GAP = 2  # between cells
_STACKED_BELOW = 50  # columns; on a narrower page labels are above their texts
_NARROWEST_CELL = 8
_WIDEST_LABEL = 20

Segment = tuple[str, Tone]
Line = tuple[Segment, ...]


def width_of(text: str) -> int:
    """Return the columns that a text takes on a terminal."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(sign) else 2 if east_asian_width(sign) in "WF" else 1 for sign in text)


def wrapped(text: str, width: int) -> list[str]:
    """Return a text in lines of at most `width` columns; a longer word is cut at the end of the line."""
    lines: list[str] = []
    line, used = "", 0
    for word in text.split():
        size = width_of(word)
        if line and used + 1 + size <= width:
            line, used = f"{line} {word}", used + 1 + size
            continue
        if line:
            lines.append(line)
        while size > width:
            cut = _columns(word, width)
            lines.append(word[:cut])
            word, size = word[cut:], width_of(word[cut:])
        line, used = word, size
    return [*lines, line] if line or not lines else lines


def _columns(word: str, width: int) -> int:
    """Return how many characters of a word fit into `width` columns, at least one."""
    if word.isascii():
        return max(1, width)
    return max(1, next((n for n in range(len(word), 0, -1) if width_of(word[:n]) <= width), 1))


def lines_of(sheet: Sheet, width: int, spaced: bool = True) -> list[Line]:
    """Return the lines of a sheet without its sections; `spaced` adds blank lines between its parts."""
    lines = [*_title(sheet.title, width)]
    for row in sheet.lead:
        lines += [((text, row.tone),) for text in wrapped(" ".join(row.cells), width)]
    for number, block in enumerate(sheet.blocks):
        if spaced and (block.apart or (number == 0 and lines)):
            lines.append(())
        lines += block_lines(block, width)
    if foot := _sides(sheet.last_line, sheet.stamp, width):
        lines += [((text, "dim"),) for text in foot]
    return lines


def section_lines(section: Section, width: int) -> list[Line]:
    """Return the lines of a section, with a blank line and its heading above."""
    lines: list[Line] = [(), ((section.title, "strong"),)]
    labels = ["-" if section.listed else each.label for each in section.details]
    widest = min(max(map(width_of, labels), default=0), _WIDEST_LABEL)
    stacked = width < _STACKED_BELOW and not section.listed
    beside = width if stacked else width - widest - (1 if section.listed else GAP)
    for label, each in zip(labels, section.details, strict=True):
        texts: Line = tuple((text, each.tone) for text in wrapped(each.text, beside))
        texts += tuple((text, "dim") for text in (wrapped(each.cited, beside) if each.cited else ()))
        if stacked:
            lines += [((label, "strong"),), *((text,) for text in texts)]
            continue
        heads = wrapped(label, widest) if label else []
        for n in range(max(len(heads), len(texts))):
            head = (heads[n] if n < len(heads) else "").ljust(width - beside)
            lines.append(((head, "plain"), texts[n] if n < len(texts) else ("", "plain")))
    return lines


def _title(title: tuple[str, str, str], width: int) -> Iterator[Line]:
    head, text, aside = title
    if not head and not text:
        return
    indent = width_of(head) + GAP if head else 0
    first, *others = wrapped(text, max(_NARROWEST_CELL, width - indent))
    beside = width - indent - width_of(first) - width_of(aside)
    line: Line = ((head, "strong"), ("  " if head else "", "plain"), (first, "plain"))
    if aside and not others and beside >= GAP:
        yield (*line, (" " * beside + aside, "dim"))
        return
    yield line
    for each in others:
        yield ((" " * indent + each, "plain"),)
    if aside:
        yield from (((each, "dim"),) for each in wrapped(aside, width))


def _sides(left: str, right: str, width: int) -> list[str]:
    """Return two texts at the two ends of a line, or one above the other if they do not fit."""
    if not left or not right:
        return wrapped(left or right, width) if left or right else []
    gap = width - width_of(left) - width_of(right)
    return [left + " " * gap + right] if gap >= GAP else [*wrapped(left, width), *wrapped(right, width)]


def block_lines(block: Block, width: int) -> list[Line]:
    """Return the lines of a block: its label once, with its rows beside it, or below it on a narrow page."""
    stacked = width < _STACKED_BELOW
    indent = 0 if stacked or not block.label else _LABEL
    lines: list[Line] = [((block.label, "strong"),)] if stacked and block.label else []
    label = "" if stacked else block.label
    for row, cells in zip(block.rows, _in_columns(block.rows, width - indent), strict=True):
        for text in cells:
            lead: Segment = (label.ljust(indent), "strong")
            lines.append((lead, (text, row.tone)) if indent else ((text, row.tone),))
            label = ""
    return lines


def _in_columns(rows: Sequence[Row], width: int) -> Iterator[list[str]]:
    """Return the lines of each row, with its cells in columns."""
    across = max((len(row.cells) for row in rows), default=0)
    sizes = _sizes([row.cells for row in rows if len(row.cells) == across], width)
    beside = sum(sizes) + GAP * (across - 1) <= width
    for row in rows:
        if row.under:
            yield [f"{' ' * GAP}{text}" for text in wrapped("  ".join(row.cells), max(1, width - GAP))]
            continue
        if len(row.cells) < across or across == 1 or not beside:
            yield wrapped("  ".join(row.cells), width)
            continue
        columns = [wrapped(cell, size) for cell, size in zip(row.cells, sizes, strict=True)]
        deep = max(map(len, columns))
        yield [_joined([each[n] if n < len(each) else "" for each in columns], sizes) for n in range(deep)]


def _joined(cells: Sequence[str], sizes: Sequence[int]) -> str:
    return (
        (" " * GAP).join(cell + " " * (size - width_of(cell)) for cell, size in zip(cells, sizes, strict=True)).rstrip()
    )


def _sizes(rows: Sequence[tuple[str, ...]], width: int) -> list[int]:
    """Return the width of each column: that of its widest cell; the widest columns are narrowed until all fit."""
    sizes = [max(map(width_of, column), default=0) for column in zip(*rows, strict=True)]
    while sizes and sum(sizes) + GAP * (len(sizes) - 1) > width and max(sizes) > _NARROWEST_CELL:
        sizes[sizes.index(max(sizes))] -= 1
    return sizes


class _Place(Struct, frozen=True):
    """The position of a row, and how long it stays."""

    must: bool
    weight: int
    block: int  # -1: in the lead
    row: int


def fitted(sheet: Sheet, lines: int = LINES, width: int = WIDTH) -> tuple[Sheet, bool]:
    """Return the sheet with the rows that fit, and whether blank lines fit too; rows left out are counted.

    Blank lines go first, then the rows with the lowest weight, the last of equals first. Rows that must stay go only if
    they alone are too many; one of them comes back where a longer one made room.
    """
    if len(lines_of(sheet, width)) <= lines:
        return sheet, True

    def fits(gone: Collection[_Place]) -> bool:
        return len(lines_of(_without(sheet, gone), width, spaced=False)) <= lines

    leaving = sorted(_places(sheet), key=lambda each: (each.must, each.weight, -each.block, -each.row))
    gone: list[_Place] = []
    while len(gone) < len(leaving) and not fits(gone):
        gone.append(leaving[len(gone)])
    for each in reversed(gone[:-1]):
        others = [other for other in gone if other != each]
        if each.must and fits(others):
            gone = others
    shown = _without(sheet, gone)
    return shown, len(lines_of(shown, width)) <= lines


def _places(sheet: Sheet) -> Iterable[_Place]:
    for number, row in enumerate(sheet.lead):
        yield _Place(row.must, row.weight, -1, number)
    for at, block in enumerate(sheet.blocks):
        for number, row in enumerate(block.rows):
            yield _Place(row.must, row.weight, at, number)


def _without(sheet: Sheet, gone: Collection[_Place]) -> Sheet:
    places = {(each.block, each.row) for each in gone}
    left_out = Counter[str]()
    for each in gone:
        row = (sheet.lead if each.block < 0 else sheet.blocks[each.block].rows)[each.row]
        left_out[row.what] += row.many
    notes = left_out.pop("note", 0)
    blocks = [
        structs.replace(block, rows=tuple(row for n, row in enumerate(block.rows) if (at, n) not in places))
        for at, block in enumerate(sheet.blocks)
    ]
    return structs.replace(
        sheet,
        lead=tuple(row for n, row in enumerate(sheet.lead) if (-1, n) not in places),
        blocks=tuple(block for block in blocks if block.rows),
        notes=sheet.notes + notes,
        more=(*(counted(many, f"more {what}") for what, many in sorted(left_out.items())), *sheet.more),
    )
