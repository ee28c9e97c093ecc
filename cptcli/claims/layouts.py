"""Column maps and presets: YAML -> Layout. The shipped ones are in layouts.yaml beside this file.

`presets()` lists those by name, `load_map(path)` reads a user's column map, `Layout.as_yaml()` writes one. A column map
has a field a line, as `code: CPT` or `modifiers: [Mod1, Mod2]`; FIELDS says which there are.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from ..errors import CptError
from ..rulebook.problem import Problem
from ..rulebook.yaml_strict import Node, Refused, read_tree

LISTS: Final = ("modifiers", "dx", "pointers")  # fields that may have several columns at once
FIELDS: Final = (
    "code", "code_type", *LISTS, "units", "minutes", "date", "date_to", "charge", "claim", "line", "patient", "payer",
    "pos", "filing", "billing", "rendering", "line_ctl", "device",
)  # fmt: skip
_SHIPPED: Final = Path(__file__).with_name("layouts.yaml")
_LARGEST: Final = 1 << 18  # bytes of a column map


class MapUnreadable(CptError):
    """A column map with mistakes; lists them all."""

    def __init__(self, path: str, problems: list[str]) -> None:
        super().__init__("\n".join([f"{path}: not a column map.", *problems]), file=path, problems=problems)


class UnknownPreset(CptError):
    """A preset that there is not."""

    def __init__(self, asked: str) -> None:
        names = ", ".join(each.name for each in presets())
        super().__init__(f"No preset called {asked[:80]!r}. There are: {names}.", asked=asked)


class Layout(Struct, frozen=True):
    """Which columns have which fact. Of several names the first with a value in the row counts; of LISTS all count."""

    name: str
    title: str
    columns: dict[str, tuple[str, ...]]
    by: tuple[str, ...] = ()  # the columns by which a preset is recognized
    values: dict[str, dict[str, str]] = {}  # field: what its values mean
    fixed: dict[str, str] = {}  # field: the same for every row

    def as_yaml(self) -> str:
        """Return a column map that says the same, to print and to save."""
        lines = []
        for field, names in self.columns.items():
            quoted = [json.dumps(name, ensure_ascii=False) for name in names]
            lines.append(f"{field}: {quoted[0] if len(quoted) == 1 else '[' + ', '.join(quoted) + ']'}\n")
        return "".join(lines)


class Shipped(Struct, frozen=True):
    """What layouts.yaml has."""

    presets: tuple[Layout, ...]
    guess: dict[str, tuple[str, ...]]
    code_types: dict[str, str]
    totals: tuple[str, ...]
    filings: dict[str, str]


@cache
def shipped() -> Shipped:
    """Return the presets, and the words that a guess uses."""
    problems: list[Problem] = []
    tree = _plain(read_tree(_SHIPPED.read_bytes(), _SHIPPED.name, problems, guess=False))
    layouts = [
        Layout(
            each["name"], each["title"], _names(each["columns"]), tuple(each["by"]), each.get("values", {}),
            each.get("fixed", {}),
        )
        for each in tree["presets"]
    ]  # fmt: skip
    return Shipped(tuple(layouts), _names(tree["guess"]), tree["code_types"], tuple(tree["totals"]), tree["filings"])


def presets() -> tuple[Layout, ...]:
    """Return the shipped layouts."""
    return shipped().presets


def preset(name: str) -> Layout:
    """Return the preset of this name. Raises UnknownPreset."""
    for each in presets():
        if each.name == name.strip().lower():
            return each
    raise UnknownPreset(name)


def load_map(path: Path) -> Layout:
    """Return the column map in a file. Raises MapUnreadable with every mistake in it."""
    try:
        with path.open("rb") as file:
            raw = file.read(_LARGEST + 1)
    except (OSError, ValueError) as error:
        raise MapUnreadable(str(path), [getattr(error, "strerror", None) or str(error)]) from None
    if len(raw) > _LARGEST:
        raise MapUnreadable(str(path), [f"it has more than {_LARGEST:,} bytes"])
    return read_map(raw, str(path))


def read_map(raw: bytes, file: str) -> Layout:
    """Return the column map in some YAML. Raises MapUnreadable."""
    problems: list[Problem] = []
    try:
        tree = read_tree(raw, file, problems, guess=False)
    except Refused as refused:
        raise MapUnreadable(file, [*map(str, problems), str(refused.problem)]) from None
    found: dict[str, tuple[str, ...]] = {}
    wrong = [*map(str, problems)]
    if not isinstance(tree.value, dict):
        raise MapUnreadable(file, [*wrong, "expected a field a line, as `code: CPT`"])
    for field, node in tree.value.items():
        names = node.value if isinstance(node.value, list) else [node]
        if field not in FIELDS:
            wrong.append(f"{file}:{node.key_line}: no field called {field[:80]!r}; the fields are {', '.join(FIELDS)}")
        elif not names or not all(isinstance(each.value, str) and each.value.strip() for each in names):
            wrong.append(f"{file}:{node.line}: expected the name of a column, or a list of them")
        else:
            found[field] = tuple(each.value for each in names)
    if "code" not in found and not wrong:
        wrong.append("it has no `code`: the column of the procedure codes")
    if wrong:
        raise MapUnreadable(file, wrong)
    return Layout(file, "your column map", found)


def _names(columns: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    return {field: (names,) if isinstance(names, str) else tuple(names) for field, names in columns.items()}


def _plain(node: Node) -> Any:
    """Return a tree without its places."""
    if isinstance(node.value, dict):
        return {key: _plain(value) for key, value in node.value.items()}
    if isinstance(node.value, list):
        return [_plain(value) for value in node.value]
    return node.value
