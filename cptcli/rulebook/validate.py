"""A YAML tree -> the nouns of model/, with every mistake reported at its line and column.

msgspec checks each value against its annotation. This module walks the tree, so that one run reports all mistakes.
"""

import re
from collections.abc import Callable
from difflib import get_close_matches
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from .problem import Problem
from .yaml_strict import Node, Refused, add_problem

T = TypeVar("T")
Placed = Callable[[msgspec.Struct, Node], None]
_MISFIT: Any = object()
_LONGEST = 60  # characters of the input repeated in a problem
BLANK = "_____"  # left by `cpt rules new` for the user to fill in


class Validator:
    """Builds the nouns of one file. `placed` is called with every noun built and its node.

    `strict` requires values of the right type; without it text is converted, such as "25" to a number. Without `echo`
    no problem repeats what was typed, which may be a patient's name.
    """

    def __init__(
        self, file: str, problems: list[Problem], placed: Placed, strict: bool = True, echo: bool = True
    ) -> None:
        self._file = file
        self._problems = problems
        self._placed = placed
        self._strict = strict
        self._echo = echo

    def validate(self, node: Node, noun: type[T]) -> T | None:
        """Return the noun in `node`, or None if a problem was reported."""
        try:
            value = self._read(node, noun)
        except Refused as refused:  # the list of problems is full
            self._problems.append(refused.problem)
            return None
        return None if value is _MISFIT else value

    def _report(self, node: Node, what: str, expected: str, todo: str, at_key: bool = False) -> Any:
        line, column = (node.key_line, node.key_column) if at_key and node.key_line else (node.line, node.column)
        add_problem(self._problems, Problem(self._file, line, column, what, expected, todo))
        return _MISFIT

    def _read(self, node: Node, wanted: Any) -> Any:
        """Return the value of a node in the type of the annotation, or _MISFIT where a problem was reported."""
        bare = get_args(wanted)[0] if get_origin(wanted) is Annotated else wanted
        origin = get_origin(bare)
        if origin in (Union, UnionType):
            members = get_args(bare)
            if node.value is None and NoneType in members:
                return None
            others = [member for member in members if member is not NoneType]
            if len(others) == 1:
                return self._read(node, others[0])
        elif isinstance(bare, type) and issubclass(bare, msgspec.Struct):
            return self._struct(node, bare)
        elif origin is tuple or origin is list:
            return self._sequence(node, wanted, get_args(bare)[0])
        elif origin is dict:
            return self._mapping(node, get_args(bare))
        return self._leaf(node, wanted)

    def _shown(self, node: Node) -> str:
        if isinstance(node.value, dict | list):
            return "a list" if isinstance(node.value, list) else "keys and values"
        if node.value is None:
            return "nothing"
        return _cut(node.value) if self._echo else "what is written here"

    def _struct(self, node: Node, noun: type[msgspec.Struct]) -> Any:
        if not isinstance(node.value, dict):
            return self._report(
                node, f"{self._shown(node)} instead of a {_word(noun)}", "keys and values", "indent its keys"
            )
        hints, required = _fields(noun)
        values: dict[str, Any] = {}
        sound = True
        for key, child in node.value.items():
            if key not in hints:
                near = get_close_matches(key[:_LONGEST], hints, 1)
                quotes = "" if self._echo else "; a text with a comma in it needs quotes"
                todo = f"did you mean {near[0]!r}?" if near else f"delete it or use one of these{quotes}"
                named = f"a {_word(noun)} has no key {_cut(key)}"
                what = named if self._echo or near else f"no key of a {_word(noun)}"
                self._report(child, what, f"one of {', '.join(hints)}", todo, at_key=True)
                sound = False
                continue
            value = self._read(child, hints[key])
            if value is _MISFIT:
                sound = False
            else:
                values[key] = value
        for key in required:
            if key not in node.value:
                self._report(node, f"a {_word(noun)} without {key!r}", f"the key {key!r}", "add it")
                sound = False
        if not sound:
            return _MISFIT
        built = noun(**values)
        self._placed(built, node)
        return built

    def _sequence(self, node: Node, wanted: Any, item: Any) -> Any:
        if not isinstance(node.value, list):
            return self._report(
                node,
                f"{self._shown(node)} instead of a list",
                "a list",
                f"write [{self._shown(node)}]" if self._echo else "write [ and ] around it",
            )
        read = [self._read(child, item) for child in node.value]
        if any(value is _MISFIT for value in read):
            return _MISFIT
        for meta in get_args(wanted)[1:] if get_origin(wanted) is Annotated else ():
            if getattr(meta, "min_length", None) and len(read) < meta.min_length:
                what = f"a list of {len(read)}" if read else "an empty list"
                return self._report(node, what, f"at least {meta.min_length}", "add it", at_key=True)
        return tuple(read)

    def _mapping(self, node: Node, kinds: tuple[Any, ...]) -> Any:
        if not isinstance(node.value, dict):
            return self._report(
                node, f"{self._shown(node)} instead of keys and values", "keys and values", "indent its keys"
            )
        read = {key: self._read(child, kinds[1]) for key, child in node.value.items()}
        for key, child in node.value.items():
            if not _is_valid(key, kinds[0]):
                read[key] = self._report(
                    child,
                    f"the key {_cut(key)}" if self._echo else "a key",
                    expected_of(kinds[0]),
                    "rename it",
                    at_key=True,
                )
        return _MISFIT if any(value is _MISFIT for value in read.values()) else read

    def _leaf(self, node: Node, wanted: Any) -> Any:
        plain = _plain(node)
        if plain == BLANK:
            return self._report(node, "a blank that is not filled in", expected_of(wanted), "fill it in")
        try:
            read = msgspec.convert(plain, wanted, strict=self._strict)
            oddly = type(read) is int and isinstance(plain, str) and not re.fullmatch("[0-9]+", plain.strip())
            if not oddly:  # 1e3 converts to an int, but is not how one writes a number
                return read
        except msgspec.ValidationError:
            pass
        if isinstance(plain, int | bool) and _is_valid(str(plain), wanted):
            return self._report(node, f"{plain} without quotes", "text", f"write '{plain}'")
        expected = expected_of(wanted)
        near = get_close_matches(str(plain)[:_LONGEST], get_args(wanted), 1) if get_origin(wanted) is Literal else ()
        todo = f"did you mean {near[0]!r}?" if near else f"write {expected}"
        return self._report(node, f"{self._shown(node)} does not fit", expected, todo)


def _cut(text: object) -> str:
    """Return the input for a message, cut if it is too long."""
    return repr(text[:_LONGEST] if isinstance(text, str) else text)[: _LONGEST + 2]


@cache
def _fields(noun: type[msgspec.Struct]) -> tuple[dict[str, Any], tuple[str, ...]]:
    required = tuple(field.name for field in msgspec.structs.fields(noun) if field.required)
    return get_type_hints(noun, include_extras=True), required


def _plain(node: Node) -> Any:
    if isinstance(node.value, list):
        return [_plain(child) for child in node.value]
    if isinstance(node.value, dict):
        return {key: _plain(child) for key, child in node.value.items()}
    return node.value


def _is_valid(text: str, wanted: Any) -> bool:
    try:
        msgspec.convert(text, wanted)
    except msgspec.ValidationError:
        return False
    return True


def _word(noun: type) -> str:
    return "".join(" " + letter.lower() if letter.isupper() else letter for letter in noun.__name__).strip()


def expected_of(wanted: Any) -> str:
    """Return in words what an annotation accepts, for a message."""
    if get_origin(wanted) is Annotated:
        for meta in get_args(wanted)[1:]:
            if getattr(meta, "description", None):
                return str(meta.description)
        return "text that is not empty"
    if get_origin(wanted) is Literal:
        return "one of " + ", ".join(map(str, get_args(wanted)))
    if get_origin(wanted) in (Union, UnionType):
        return " or ".join(expected_of(member) for member in get_args(wanted))
    if get_origin(wanted) in (list, tuple):
        return "a list"
    names = {str: "text", int: "a whole number", bool: "true or false", NoneType: "null"}
    return names.get(wanted, "a day like '2006-10-24', in quotes")
