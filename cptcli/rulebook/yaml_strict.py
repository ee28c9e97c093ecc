"""YAML text -> a tree with line numbers. Everything that YAML would guess is an error.

Reads event by event, so deep nesting, aliases and YAML bombs cost neither recursion nor memory. Knows nothing about
rules.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from .problem import LONGEST, Problem

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
HAS_C_LOADER = _LOADER is not yaml.SafeLoader

MOST_PROBLEMS = 1_000  # listed in one run; a hostile file can have a million
_DEEPEST = 12
_MOST_VALUES = 200_000  # in one file; the largest shipped one has 5,000
_PLAIN_INT = re.compile(r"0|[1-9][0-9]{0,8}")
_NOT_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufeff]")


@dataclass(slots=True)
class Node:
    """A value and its place. The value is a str, int, bool, None, list[Node] or dict[str, Node]."""

    value: Any
    line: int
    column: int
    key_line: int = 0
    key_column: int = 0


class Refused(Exception):
    """The file cannot be read as a tree; carries the Problem that stopped it."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


def add_problem(problems: list[Problem], problem: Problem) -> None:
    """Append a problem. Raises Refused if the list is full."""
    if len(problems) >= MOST_PROBLEMS:
        what = f"not checked any further after {MOST_PROBLEMS:,} problems"
        raise Refused(Problem(problem.file, problem.line, problem.column, what, "fewer", "fix those listed first"))
    problems.append(problem)


def read_tree(raw: bytes, file: str, problems: list[Problem], guess: bool = True) -> Node:
    """Return the tree of one YAML document. Appends recoverable problems; raises Refused for the others.

    With `guess`, a plain word that YAML would read as something else is a problem. Without it, every word is the text
    as typed, and the caller decides what it must be. JSON is read as YAML, which it is.
    """
    text = _decode(raw, file)
    if text.lstrip()[:1] in ("{", "["):
        text = text.replace("\t", " ")  # in JSON a tab is only ever between values; YAML requires a blank there
    try:
        return _build(_events(text), file, problems, guess)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        what = str(getattr(error, "problem", None) or "not YAML")
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        problem = Problem(file, line, column, f"not readable as YAML ({what})", "plain YAML", "fix that line")
        raise Refused(problem) from None


def _decode(raw: bytes, file: str) -> str:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        column = error.start - raw.rfind(b"\n", 0, error.start)
        raise Refused(
            Problem(file, line, column, "bytes that are not UTF-8", "UTF-8 text", "save the file as UTF-8")
        ) from None
    if odd := _NOT_TEXT.search(text):
        line = text.count("\n", 0, odd.start()) + 1
        column = odd.start() - text.rfind("\n", 0, odd.start())
        what = f"a control character (U+{ord(odd.group()):04X})"
        raise Refused(Problem(file, line, column, what, "printable text", "delete it"))
    return text


def _events(text: str) -> Iterator[Any]:
    return iter(yaml.parse(text, Loader=_LOADER))


def _build(events: Iterator[Any], file: str, problems: list[Problem], guess: bool) -> Node:
    stack: list[Node] = []
    keys: list[Node | None] = []  # for each open mapping, the key that still needs its value
    root: Node | None = None
    documents = values = 0
    for event in events:
        kind = type(event).__name__
        if kind in ("StreamStartEvent", "StreamEndEvent", "DocumentEndEvent"):
            continue
        line, column = event.start_mark.line + 1, event.start_mark.column + 1

        def refuse(what: str, expected: str, todo: str, line: int = line, column: int = column) -> Refused:
            return Refused(Problem(file, line, column, what, expected, todo))

        if kind == "DocumentStartEvent":
            documents += 1
            if documents > 1:
                raise refuse("a second document", "one document a file", "move it to a file of its own")
            continue
        if kind == "AliasEvent" or getattr(event, "anchor", None):
            raise refuse("an anchor or alias", "every value written out", "write the value where it is used")
        if kind in ("MappingEndEvent", "SequenceEndEvent"):
            stack.pop()
            keys.pop()
            continue
        if event.tag and (kind != "ScalarEvent" or event.tag != "!"):
            raise refuse(f"a YAML tag ({event.tag})", "plain values", "delete the tag")
        if kind == "ScalarEvent":
            value = _scalar(event, file, line, column, problems) if guess else _as_typed(event)
            node = Node(value, line, column)
        else:
            if len(stack) >= _DEEPEST:
                raise refuse(f"nested deeper than {_DEEPEST}", "the depth of the rule format", "flatten it")
            node = Node({} if kind == "MappingStartEvent" else [], line, column)
        values += 1
        if values > _MOST_VALUES:
            raise refuse(f"more than {_MOST_VALUES:,} values", "a rule file that a person can read", "split the file")
        root = _place(node, stack, keys, file, problems) or root
        if kind != "ScalarEvent":
            stack.append(node)
            keys.append(None)
    return root or Node({}, 1, 1)


def _place(node: Node, stack: list[Node], keys: list[Node | None], file: str, problems: list[Problem]) -> Node | None:
    """Add the node to the innermost open collection; return it if it is the root."""
    if not stack:
        return node
    parent = stack[-1]
    if isinstance(parent.value, list):
        parent.value.append(node)
        return None
    key = keys[-1]
    if key is None:
        if not isinstance(node.value, str):
            if isinstance(node.value, dict | list):
                raise Refused(
                    Problem(file, node.line, node.column, "a key that is not text", "a word", "write a plain key")
                )
            what = f"the key {node.value!r} is not text"
            add_problem(problems, Problem(file, node.line, node.column, what, "text", "put it in quotes"))
            node.value = str(node.value)
        if node.value == "<<":
            raise Refused(
                Problem(file, node.line, node.column, "a merge key", "every key written out", "write the keys here")
            )
        keys[-1] = node
        return None
    node.key_line, node.key_column = key.line, key.column
    if key.value in parent.value:
        first = parent.value[key.value]
        what = f"the key {_shown(key.value)} is there twice (first on line {first.key_line})"
        add_problem(problems, Problem(file, key.line, key.column, what, "each key once", "keep one of the two"))
    else:
        parent.value[key.value] = node
    keys[-1] = None
    return None


def _shown(key: str) -> str:
    """Return a key for a message, cut if it is too long."""
    return repr(key if len(key) <= LONGEST // 4 else f"{key[: LONGEST // 4]}...")


def _as_typed(event: Any) -> str | None:
    return None if not event.style and event.value in ("", "~", "null") else str(event.value)


def _scalar(event: Any, file: str, line: int, column: int, problems: list[Problem]) -> str | int | bool | None:
    text: str = event.value
    if event.style:  # quoted or block style: always text
        return text
    tag = yaml.SafeLoader.yaml_implicit_resolvers
    for pattern_tag, pattern in tag.get(text[:1], ()):
        meaning = pattern_tag.rpartition(":")[2]
        if not pattern.match(text) or meaning == "merge":  # merge keys are refused in _place
            continue
        if meaning == "null" and text in ("null", ""):
            return None
        if meaning == "bool" and text in ("true", "false"):
            return text == "true"
        if meaning == "int" and _PLAIN_INT.fullmatch(text):
            return int(text)
        what = f"{text[:LONGEST]} without quotes, which YAML would read as a {meaning}"
        expected = "quotes around codes, modifiers, dates and such words"
        add_problem(problems, Problem(file, line, column, what, expected, f"write '{text[:LONGEST]}'"))
        return text
    return text
