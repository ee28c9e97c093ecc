"""Adds an entry to a list in the text of a rule file, or deletes one; every other byte stays as it is.

The YAML is never written again: comments, quotes and order are kept because their lines are not touched.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import yaml

from ..errors import CptError

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_BOM = "\ufeff"


class CannotEdit(CptError):
    """A file whose layout has no place for another entry, or from which one cannot be deleted."""

    def __init__(self, file: str, line: int, what: str, todo: str) -> None:
        super().__init__(f"{file}:{line}: {what}. Nothing was changed. {todo}", file=file, line=line)


class _Lines(NamedTuple):
    """A file as lines with their line ends, its YAML nodes, and the line end it uses."""

    lines: list[str]
    root: Any
    end: str


def with_entry(content: bytes, file: str, key: str, entry: Sequence[str]) -> bytes:
    """Return the content with an entry at the end of the list under `key`, which is added where it is missing.

    `entry` is lines from its dash on, without indentation. Raises CannotEdit for a list in brackets.
    """
    text = _parsed(content)
    lines = [*text.lines]
    found = _value(text.root, key)
    if text.root is None and lines:  # comments alone
        _insert(lines, len(lines) - 1, [f"{key}:", *_indented(entry, "  ")], text.end)
    elif not isinstance(text.root, yaml.MappingNode) or text.root.flow_style:
        raise CannotEdit(file, 1, "the file is written in { }", _in_lines(key))
    elif found is None:
        margin = " " * text.root.start_mark.column
        _insert(lines, _last_line(text.root, lines), [f"{margin}{key}:", *_indented(entry, margin + "  ")], text.end)
    elif found.flow_style and not found.value:
        _drop_brackets(lines, found)
        margin = " " * (text.root.start_mark.column + 2)
        _insert(lines, found.end_mark.line, _indented(entry, margin), text.end)
    elif found.flow_style or not isinstance(found, yaml.SequenceNode):
        line = found.start_mark.line + 1
        raise CannotEdit(file, line, f"{key!r} is written in [ ], so no rule can be added below it", _in_lines(key))
    else:
        after = _after_comments(lines, _last_line(found, lines), found.start_mark.column)
        _insert(lines, after, _indented(entry, " " * found.start_mark.column), text.end)
    changed = "".join(lines).encode()
    _compare(content, changed, file, key, added=True)
    return changed


def without_entry(content: bytes, file: str, key: str, entry: str) -> bytes:
    """Return the content without the entry of that id in the list under `key`; an empty list stays as `[]`.

    Raises CannotEdit for a list in brackets.
    """
    text = _parsed(content)
    found = _value(text.root, key) if isinstance(text.root, yaml.MappingNode) else None
    todo = f"Delete {entry!r} there by hand, then: cpt rules check"
    if found is None or found.flow_style:
        raise CannotEdit(file, found.start_mark.line + 1 if found else 1, f"{key!r} is not a list of - lines", todo)
    lines = [*text.lines]
    for node in found.value:
        if _id_of(node) == entry:
            first, last = _first_line(node, lines), _last_line(node, lines)
            at_end = last == len(lines) - 1 and not _has_end(lines[last])
            del lines[first : last + 1]
            if at_end and first:
                lines[first - 1] = _without_end(lines[first - 1])
            break
    else:
        raise CannotEdit(file, 1, f"no {entry!r} in {key!r}", todo)
    if len(found.value) == 1:
        _add_brackets(lines, text.root, key)
    changed = "".join(lines).encode()
    _compare(content, changed, file, key, added=False)
    return changed


def entries(content: bytes, key: str) -> list[dict[str, Any]]:
    """Return the entries of the list under `key` as YAML reads them; none without such a list."""
    whole = yaml.load(content.decode("utf-8-sig"), Loader=_LOADER)
    found = whole.get(key) if isinstance(whole, dict) else None
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def top_level(content: bytes) -> dict[str, Any]:
    """Return the keys of a file with their values as YAML reads them."""
    whole = yaml.load(content.decode("utf-8-sig"), Loader=_LOADER)
    return whole if isinstance(whole, dict) else {}


def _parsed(content: bytes) -> _Lines:
    text = content.decode()
    mark = _BOM if text.startswith(_BOM) else ""
    lines = text.removeprefix(mark).splitlines(keepends=True)
    root = yaml.compose("".join(lines), Loader=_LOADER)
    found = re.search("\r\n|\n|\r", text)
    if mark and lines:
        lines[0] = mark + lines[0]
    return _Lines(lines, root, found[0] if found else "\n")


def _in_lines(key: str) -> str:
    return f"Write {key}: with one '- id: ...' a line below it, as cpt rules new does, then run the command again."


def _pairs(root: Any) -> Iterator[tuple[Any, Any]]:
    yield from root.value if isinstance(root, yaml.MappingNode) else ()


def _value(root: Any, key: str) -> Any:
    return next((value for name, value in _pairs(root) if name.value == key), None)


def _id_of(node: Any) -> object:
    found = _value(node, "id")
    return found.value if found else None


def _first_line(node: Any, lines: Sequence[str]) -> int:
    """Return the line of an entry's dash: its first key's, or one above where the dash is alone."""
    line: int = node.start_mark.line
    if re.fullmatch(r"\s*-\s+", lines[line][: node.start_mark.column]):
        return line
    return next(above for above in range(line - 1, -1, -1) if re.match(r"\s*-\s*(#.*)?$", lines[above]))


def _last_line(node: Any, lines: Sequence[str]) -> int:
    """Return the last line of a node, without blank lines and comments after it."""
    if isinstance(node, yaml.ScalarNode):
        last: int = node.end_mark.line
        if node.style in ("|", ">") and (last >= len(lines) or node.end_mark.column == 0):
            last = min(last, len(lines)) - 1
            while last > node.start_mark.line and not lines[last].strip():
                last -= 1
        return last
    if node.flow_style or not node.value:
        return int(node.end_mark.line)
    below = node.value[-1]
    return _last_line(below[1] if isinstance(node, yaml.MappingNode) else below, lines)


def _after_comments(lines: Sequence[str], last: int, dash: int) -> int:
    """Return the last of the comment lines after a line that are indented as part of its entry."""
    while last + 1 < len(lines):
        text = lines[last + 1]
        inside = len(text) - len(text.lstrip(" ")) > dash
        if not (inside and text.lstrip().startswith("#")):
            break
        last += 1
    return last


def _indented(entry: Sequence[str], margin: str) -> list[str]:
    return [margin + line if line else line for line in entry]


def _has_end(line: str) -> bool:
    return line != _without_end(line)


def _without_end(line: str) -> str:
    return line.removesuffix("\n").removesuffix("\r") if line.endswith(("\n", "\r")) else line


def _insert(lines: list[str], after: int, new: Sequence[str], end: str) -> None:
    """Insert lines below the line `after`; a file without a line end at its end stays without."""
    added = [line + end for line in new]
    if not _has_end(lines[after]):
        lines[after] += end
        added[-1] = _without_end(added[-1])
    lines[after + 1 : after + 1] = added


def _drop_brackets(lines: list[str], found: Any) -> None:
    """Delete the `[]` of an empty list and the blanks before it; a comment after it stays."""
    start, stop = found.start_mark, found.end_mark
    before = lines[start.line][: _column(lines, start)].rstrip(" ")
    after = lines[stop.line][_column(lines, stop) :]
    lines[start.line : stop.line + 1] = [""] * (stop.line - start.line) + [before + after]


def _column(lines: Sequence[str], mark: Any) -> int:
    """Return the column of a mark in its line; the first line may start with a byte order mark."""
    return int(mark.column) + (mark.line == 0 and lines[0].startswith(_BOM))


def _add_brackets(lines: list[str], root: Any, key: str) -> None:
    """Write ` []` after the colon of a key whose list is now empty."""
    mark = next(name.end_mark for name, _ in _pairs(root) if name.value == key)
    at = lines[mark.line].index(":", _column(lines, mark)) + 1
    lines[mark.line] = f"{lines[mark.line][:at]} []{lines[mark.line][at:]}"


def _trimmed(value: Any) -> Any:
    """Return a value without line ends at the end of its texts: they depend on the line below."""
    if isinstance(value, dict):
        return {key: _trimmed(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_trimmed(each) for each in value]
    return value.rstrip("\n") if isinstance(value, str) else value


def _compare(old: bytes, new: bytes, file: str, key: str, added: bool) -> None:
    """Raise CannotEdit unless the only difference, as YAML reads it, is one entry of the list."""
    more, fewer = (new, old) if added else (old, new)
    try:
        longer, shorter = (_trimmed(entries(each, key)) for each in (more, fewer))
        rest = [{name: value for name, value in top_level(each).items() if name != key} for each in (old, new)]
    except yaml.YAMLError:
        longer, shorter, rest = [], [], []
    kept = [each for each in longer if each in shorter]
    if not rest or rest[0] != rest[1] or len(longer) != len(shorter) + 1 or kept != shorter:
        todo = "Make the change there by hand, then: cpt rules check"
        raise CannotEdit(file, 1, f"the layout of {key!r} leaves no room for a safe change", todo)
