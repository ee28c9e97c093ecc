"""Builds the text of your own rules: a rule, its source, a new file, and their ids.

Only builds text: yaml_edit.py inserts it into a file, commands/own_rules.py writes the file.
"""

import re
import textwrap
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from msgspec import Struct

from ..errors import BadValue, RulesUnreadable
from ..model.common import Example, Source
from ..model.rules import Applies, Payer, Rule
from .book import RuleBook
from .check import check_parts
from .compiled import compile_parts, shipped_folder
from .files import Files
from .load import Parts, loaded
from .names import normalized
from .problem import Problem
from .yaml_edit import entries, top_level, with_entry, without_entry
from .yaml_strict import Refused, read_tree

SOURCES = "sources/payer-letters.yaml"
_WIDEST = 116  # characters of a line
_LONGEST_ID = 60  # characters: it is part of a file name
_RULE_KEYS = (
    "id", "short", "says", "applies", "replaces", "code", "accepts", "refuses", "verdict", "modifiers", "effective",
    "ends", "checked", "evidence", "confidence", "sources", "examples",
)  # fmt: skip
_QUOTED = frozenset(
    ("replaces", "code", "codes", "accepts", "refuses", "modifiers", "modifier", "states", "state", "effective", "ends",
     "checked", "date", "service_date", "lines")
)  # fmt: skip


class Added(Struct, frozen=True):
    """A rule to write into a folder; `source` is None where the folder has the document already."""

    rule: Rule
    source: Source | None
    payer: Payer
    known: bool  # the payer is in the rule base: its file extends it


def with_rule(contents: Mapping[str, bytes], added: Added) -> dict[str, bytes]:
    """Return the files of a folder that change when a rule is added, its source first. Raises CannotEdit."""
    changed: dict[str, bytes] = {}
    if added.source:
        content = contents.get(SOURCES, file_for_sources().encode())
        changed[SOURCES] = with_entry(content, SOURCES, "sources", source_lines(added.source))
    file = payer_file(contents, added.payer.id)
    content = contents.get(file, file_for_payer(added.payer, added.known).encode())
    changed[file] = with_entry(content, file, "rules", rule_lines(added.rule))
    return changed


def without_rule(contents: Mapping[str, bytes], file: str, rule: str, keep_file: bool) -> dict[str, bytes | None]:
    """Return the files of a folder that change when a rule is taken out, with the sources that only it cites.

    None deletes a file: only what `cpt rules add` started it with is left. `keep_file` keeps the payer's file.
    Raises CannotEdit.
    """
    rest = {**contents, file: without_entry(contents[file], file, "rules", rule)}
    taken_out = next(each for each in entries(contents[file], "rules") if each.get("id") == rule)
    unneeded = {*_cited(taken_out)} - {each for content in rest.values() for each in _cited(top_level(content))}
    for name in rest:
        for each in entries(rest[name], "sources") if name.startswith("sources/") else ():
            if each.get("id") in unneeded:
                rest[name] = without_entry(rest[name], name, "sources", str(each["id"]))
    return {
        name: None if is_bare(content, name) and not (keep_file and name == file) else content
        for name, content in rest.items()
        if content != contents[name]
    }


def rule_lines(rule: Rule) -> list[str]:
    """Return a rule as the lines of one entry of `rules:`, from its dash on, in the order of rules/README.md."""
    lines: list[str] = []
    for key in _RULE_KEYS:
        value = getattr(rule, key)
        if value not in (None, ()):
            lines += _lines_of(key, value)
    return _dashed(lines)


def source_lines(source: Source) -> list[str]:
    """Return a source as the lines of one entry of `sources:`, from its dash on."""
    keys = ("id", "title", "publisher", "date", "evidence")
    return _dashed([line for key in keys if (value := getattr(source, key)) for line in _lines_of(key, value)])


def file_for_payer(payer: Payer, known: bool) -> str:
    """Return the start of a payer's file before its rules: more rules for a `known` payer, or your own payer."""
    if known:
        return f"# Our own rules for this payer, in addition to the shipped ones.\nextends: {payer.id}\n"
    named = "\n".join(_lines_of("name", payer.name) + _lines_of("kind", payer.kind))
    return f"# A payer that is not in the shipped rules, and our own rules for it.\nid: {payer.id}\n{named}\n"


def file_for_sources() -> str:
    """Return the start of the file of payers' letters."""
    return "# What payers sent us. The rules in payers/ cite these by id.\n"


def is_bare(content: bytes, file: str) -> bool:
    """Return whether a file has no more than the start that `cpt rules add` wrote."""
    try:
        keys = top_level(content)
        if file == SOURCES:
            return content.decode() == file_for_sources() + "sources: []\n"
        key, name, kind = (str(keys.get(each, "")) for each in ("id", "name", "kind"))
        payer = Payer(id=str(keys.get("extends", key)), name=name, kind=kind)
        return content.decode() == file_for_payer(payer, "extends" in keys) + "rules: []\n"
    except UnicodeDecodeError:
        return False


def payer_file(contents: Mapping[str, bytes], payer: str) -> str:
    """Return the file of a payer's rules in a folder, or the name of a new one."""
    found = [
        name
        for name, content in sorted(contents.items())
        if name.startswith("payers/") and payer in (top_level(content).get("extends"), top_level(content).get("id"))
    ]
    usual = f"payers/{payer}.yaml"
    if found:
        return usual if usual in found else found[0]
    return f"payers/{unused(payer, {name.removeprefix('payers/').removesuffix('.yaml') for name in contents})}.yaml"


def file_of_rule(contents: Mapping[str, bytes], folder: str) -> dict[str, str]:
    """Return the file of every rule in a folder, by id. Raises RulesUnreadable where a file is not readable as YAML."""
    problems: list[Problem] = []
    for name, content in contents.items():
        try:
            read_tree(content, name, [])
        except Refused as refused:
            problems.append(refused.problem)
    if problems:
        raise RulesUnreadable(folder, problems)
    files = (name for name in contents if name.startswith("payers/") and name.endswith(".yaml"))
    return {str(each.get("id")): name for name in files for each in entries(contents[name], "rules")}


def same_source(contents: Mapping[str, bytes], source: Source) -> str | None:
    """Return the id of a document with the same title, publisher and date in a folder; else None."""
    wanted = (source.title, source.publisher, source.date)
    for name, content in contents.items():
        for each in entries(content, "sources") if name.startswith("sources/") else ():
            if (each.get("title"), each.get("publisher"), each.get("date")) == wanted:
                return str(each["id"])
    return None


def _cited(value: object) -> Iterator[str]:
    """Yield the ids of all sources that a value cites, at any depth."""
    if isinstance(value, dict):
        for key, below in value.items():
            if key == "sources" and isinstance(below, list):
                yield from (each for each in below if isinstance(each, str))
            yield from _cited(below)
    elif isinstance(value, list):
        for each in value:
            yield from _cited(each)


def id_of(*words: str) -> str:
    """Return an id of these words, of at most 60 characters; `document` where they have no plain letter or digit."""
    plain = re.findall("[a-z0-9]+", " ".join(map(normalized, words)))
    key = ""
    for each in plain:
        if len(key) + len(each) >= _LONGEST_ID:
            break
        key += f"-{each}" if key else each
    return key or "document"


def unused(key: str, taken: Collection[str]) -> str:
    """Return the id, or the id with the first number from 2 on that is not taken."""
    if key not in taken:
        return key
    return next(f"{key}-{number}" for number in range(2, len(taken) + 3) if f"{key}-{number}" not in taken)


def one_line(option: str, typed: str) -> str:
    """Return what was typed with single blanks. Raises BadValue for no text and for control characters."""
    text = " ".join(typed.split())
    odd = next((sign for sign in text if not sign.isprintable()), None)
    if odd is not None:
        raise BadValue(option, typed, f"text without control characters; delete U+{ord(odd):04X}")
    if not text:
        raise BadValue(option, typed, "some words")
    return text


# ------------------------------------------------------------------------------------------------ values as YAML


def _dashed(lines: Iterable[str]) -> list[str]:
    first, *rest = lines
    return [f"- {first}", *(f"  {line}" for line in rest)]


def _lines_of(key: str, value: Any) -> list[str]:
    """Return a key and its value as lines without indentation."""
    if key == "examples":
        return ["examples:", *(f"  {line}" for each in value for line in _example(each))]
    if isinstance(value, Applies):
        given = [(name, getattr(value, name)) for name in value.__struct_fields__ if getattr(value, name)]
        return [f"{key}:", *(f"  {name}: {_flow(name, each)}" for name, each in given)]
    if isinstance(value, tuple):
        return [f"{key}: {_flow(key, value)}"]
    if key in _QUOTED:
        return [f"{key}: {_quoted(str(value))}"]
    return _text(key, value)


def _example(example: Example) -> list[str]:
    lines = [f"asks: {_flow('asks', example.asks)}", f"gives: {_flow('gives', example.gives)}"]
    return _dashed(lines + (_text("because", example.because) if example.because else []))


def _text(key: str, text: str) -> list[str]:
    """Return a key and its text: on one line, plain or quoted, where it fits, else folded below the key."""
    line = f"{key}: {_scalar(text)}"
    if len(line) + 6 <= _WIDEST:
        return [line]
    wrapped = textwrap.wrap(text, _WIDEST - 8, break_long_words=False, break_on_hyphens=False)
    folded = [f"{key}: >-", *(f"  {each}" for each in wrapped)]
    return folded if _read("\n".join(folded)) == {key: text} else [line]


def _flow(key: str, value: Any) -> str:
    """Return a value within a line: `[a, b]`, `{a: b}`, or a word."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name}: {_flow(name, each)}" for name, each in value.items()) + "}"
    if isinstance(value, tuple | list):
        return "[" + ", ".join(_flow(key, each) for each in value) + "]"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, date) or key in _QUOTED:
        return _quoted(str(value))
    return _scalar(value)


def _scalar(text: str) -> str:
    """Return text as YAML, in quotes where YAML would read it as something else."""
    if _read(f"key: {text}\nlist: [{text}, {{key: {text}}}]\n") == {"key": text, "list": [text, {"key": text}]}:
        return text
    return _quoted(text)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _read(text: str) -> object:
    """Return what the loader of the rules reads; None where it refuses the text or reports a problem."""
    problems: list[Any] = []
    try:
        tree = read_tree(text.encode(), "", problems)
    except Refused:
        return None
    return None if problems else _plain(tree.value)


def _plain(value: Any) -> object:
    if isinstance(value, dict):
        return {key: _plain(each.value) for key, each in value.items()}
    return [_plain(each.value) for each in value] if isinstance(value, list) else value


# ---------------------------------------------------------------------------------------- a folder not yet written


class Edited(Files):
    """A rule folder with these contents; no file is read."""

    def __init__(self, folder: Path, contents: Mapping[str, bytes]) -> None:
        self.folder = folder
        self.contents = {**contents}
        self.unreadable = []
        self.sha256 = ""


def shipped_parts() -> Parts:
    """Return the shipped rules, loaded but not checked."""
    return loaded(Files(shipped_folder()))


def laid_over(shipped: Parts, folder: Path, contents: Mapping[str, bytes]) -> RuleBook:
    """Return the shipped rules with these contents of a folder over them. Raises RulesUnreadable with the problems."""
    return RuleBook(compile_parts(_together(shipped, folder, contents), "", str(folder)))


def problems_of(shipped: Parts, folder: Path, contents: Mapping[str, bytes]) -> list[Problem]:
    """Return every problem of a folder laid over the shipped rules."""
    parts = _together(shipped, folder, contents)
    check_parts(parts)
    return sorted({*parts.problems})


def _together(shipped: Parts, folder: Path, contents: Mapping[str, bytes]) -> Parts:
    parts = shipped.copied()
    parts.add(Edited(folder, contents), clinic=True)
    return parts
