"""One broken clinic file for each mistake, and what `cpt rules check` says of it.

`tests/broken/*.yaml` start with a comment for each problem, `# expect: LINE:COLUMN | words | more words`, and with
`# as: payers/name.yaml` where the file is to stand elsewhere than in `payers/`. Most are laid over the shipped rules as
a clinic's folder. One with `# whole: tiny` is laid into a whole rule base, that of tiny.py, in place of the file of its
name; `# without: FILE` takes another away, and each `# beside FILE: TEXT` adds a line to one that YAML cannot be.
`tests/good/*.yaml` have no problem.
"""

import ast
import copy
import os
import re
import sys
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import pytest
from conftest import TESTS
from tiny import TINY

import cptcli.rulebook
from cptcli.rulebook.check import check_parts
from cptcli.rulebook.compiled import shipped_folder
from cptcli.rulebook.files import LARGEST, Files
from cptcli.rulebook.load import Parts
from cptcli.rulebook.yaml_strict import Problem

BROKEN = sorted((TESTS / "broken").glob("*.yaml"))
GOOD = sorted((TESTS / "good").glob("*.yaml"))
_MESSAGE = re.compile(r"(?P<place>[^:]+:\d+:\d+): (?P<what>.+); expected (?P<expected>.+); (?P<todo>.+)")


class Expected(NamedTuple):
    """A problem that a broken file announces: where, and words of the message."""

    place: str
    words: list[str]


def _text(file):
    """A broken file as text; what is broken may be that it is none."""
    return file.read_text(encoding="utf-8", errors="replace")


def _named(file):
    """Where a test file stands in the clinic folder, by its `# as:`."""
    named = re.search(r"^# as: (\S+)$", _text(file), re.MULTILINE)
    return named[1] if named else f"payers/{file.name}"


def _expected(file):
    for line in re.findall(r"^# expect: (.+)$", _text(file), re.MULTILINE):
        place, *words = [part.strip() for part in line.split("|")]
        yield Expected(place if place.count(":") == 2 else f"{_named(file)}:{place}", words)


def _folder(tmp_path, file):
    files = {_named(file): file.read_bytes()}
    if _is_whole(file):
        beside = {}
        for name, line in re.findall(r"^# beside (\S+): (.*)$", _text(file), re.MULTILINE):
            beside[name] = beside.get(name, b"") + line.encode().decode("unicode_escape").encode("latin-1") + b"\n"
        without = re.findall(r"^# without: (\S+)$", _text(file), re.MULTILINE)
        tiny = {name: held.encode() for name, held in TINY.items() if name not in without}
        for name, held in beside.items():  # a hash that fits, for mistakes that are no changed file
            files[_named(file)] = files[_named(file)].replace(f"HASH OF {name}".encode(), _hash(held))
        files = {**tiny, **files, **beside}
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    return tmp_path


def _hash(content):
    return sha256(content).hexdigest().encode()


def _is_whole(file):
    return re.search(r"^# whole: tiny$", _text(file), re.MULTILINE) is not None


@pytest.fixture(scope="module")
def shipped():
    parts = Parts()
    parts.add(Files(shipped_folder()))
    return parts


@pytest.fixture
def problems_in(shipped):
    """The messages about a clinic folder laid over the shipped rules, as `cpt rules check` prints them."""

    def check(folder, whole=False):
        parts = Parts()
        if not whole:
            vars(parts).update({name: copy.copy(held) for name, held in vars(shipped).items()})
        parts.add(Files(folder), clinic=not whole)
        check_parts(parts)
        return [str(problem) for problem in sorted({*parts.problems})]

    return check


def _mismatches(file, messages):
    """What is wrong with the messages about a broken file: one for each announced problem, at its place, complete."""
    expected = sorted(_expected(file))
    wrong = [f"no full message: {message}" for message in messages if not _MESSAGE.fullmatch(message)]
    places = sorted(message.partition(": ")[0] for message in messages)
    if places != sorted(each.place for each in expected):
        wrong.append(f"expected {[each.place for each in expected]}, got {messages}")
    for each in expected:
        held = [message for message in messages if message.startswith(f"{each.place}: ")]
        if not any(all(word in message for word in each.words) for message in held):
            wrong.append(f"not all of {each.words} in {held}")
    return wrong


@pytest.mark.parametrize("file", BROKEN, ids=lambda file: file.stem)
def test_a_mistake_is_named_at_its_place_with_what_was_expected_and_what_to_do(problems_in, tmp_path, file):
    assert [*_expected(file)] != []
    assert _mismatches(file, problems_in(_folder(tmp_path, file), _is_whole(file))) == []


@pytest.mark.parametrize("file", GOOD, ids=lambda file: file.stem)
def test_what_is_allowed_is_no_problem(problems_in, tmp_path, file):
    assert problems_in(_folder(tmp_path, file)) == []


@pytest.mark.parametrize("name", ["code-not-quoted", "two-answers-on-one-day", "yaml-bomb"])
def test_cpt_rules_check_prints_the_problem_and_leaves_with_1(cpt, tmp_path, name):
    file = TESTS / "broken" / f"{name}.yaml"
    ran = cpt("rules", "check", str(_folder(tmp_path, file)))
    assert _mismatches(file, ran.stdout.splitlines()) == []
    assert ran.code == 1


def test_all_problems_of_a_folder_are_told_in_one_run_by_file_and_line(cpt, tmp_path):
    names = ["evidence-word", "key-misspelt", "key-missing", "tab"]
    files = [TESTS / "broken" / f"{name}.yaml" for name in names]
    for file in files:
        _folder(tmp_path, file)
    told = cpt("rules", "check", str(tmp_path)).stdout.splitlines()
    places = [message.partition(": ")[0] for message in told]
    assert {*places} >= {each.place for file in files for each in _expected(file)}
    by_place = sorted(places, key=lambda place: [int(part) if part.isdigit() else part for part in place.split(":")])
    assert places == by_place


# ---------------------------------------------------------------------------------------- what no text file can hold


def _pipe(folder):
    os.mkfifo(folder / "payers.yaml")


def _links_in_a_circle(folder):
    (folder / "around").symlink_to(folder, target_is_directory=True)


def _deep(folder):
    (folder / "/".join("d" * 9)).mkdir(parents=True)


def _link_to_itself(folder):
    (folder / "payers").symlink_to("payers")


def _large(folder):
    (folder / "payers.yaml").write_bytes(b"#" * (LARGEST + 1))


def _gone(folder):
    folder.rmdir()


_UNREADABLE = [
    pytest.param(_pipe, "payers.yaml", "not a regular file", id="a pipe"),
    pytest.param(_links_in_a_circle, "around/", "it leads back to a folder above", id="links in a circle"),
    pytest.param(_deep, "d/d/d/d/d/d/d/d/", "nested too deeply", id="nine folders deep"),
    pytest.param(_link_to_itself, "payers", "symbolic links", id="a link to itself"),
    pytest.param(_large, "payers.yaml", "split the file", id="a file too large"),
    pytest.param(_gone, ".", "No such file", id="a folder that is gone"),
]


@pytest.mark.parametrize(("make", "name", "words"), _UNREADABLE)
def test_what_cannot_be_read_is_named_with_the_reason(problems_in, tmp_path, make, name, words):
    folder = tmp_path / "ours"
    folder.mkdir()
    make(folder)
    (told,) = problems_in(folder)
    assert told.startswith(f"{name}:1:1: cannot be read (")
    assert words in told
    assert _MESSAGE.fullmatch(told)


_SOURCE = b"sources:\n  - id: a-letter\n    title: A letter\n"


@pytest.mark.parametrize(
    ("content", "place", "words"),
    [
        pytest.param(_SOURCE + b"# caf\xe9\n", "4:6", ["not UTF-8", "save the file as UTF-8"], id="Latin-1"),
        pytest.param(_SOURCE.decode().encode("utf-16"), "1:1", ["not UTF-8"], id="UTF-16"),
        pytest.param(_SOURCE + b"    note: a\x00b\n", "4:12", ["control character (U+0000)"], id="NUL byte"),
        pytest.param(_SOURCE + b"    note: \x1b[31mred\n", "4:11", ["U+001B"], id="an escape sequence"),
        pytest.param(_SOURCE + b"# " + b"x" * 2_000_000, "1:1", ["2,000,", "split"], id="2 MB"),
        pytest.param(b"[" * 200_000, "1:", ["nest"], id="200,000 brackets"),
        pytest.param(b"- " * 200_000, "1:", ["nest"], id="200,000 dashes"),
        pytest.param(b"\x89PNG\r\n\x1a\n\x00\x00", "1:1", ["not UTF-8"], id="a picture"),
        pytest.param(b"", "1:1", ["without 'sources'"], id="an empty file"),
    ],
)
def test_a_file_that_is_no_text_is_named_and_not_read_further(problems_in, tmp_path, content, place, words):
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / "letters.yaml").write_bytes(content)
    (told,) = problems_in(tmp_path)
    assert told.startswith(f"sources/letters.yaml:{place}")
    assert [word for word in words if word not in told] == []
    assert _MESSAGE.fullmatch(told)


def test_a_byte_order_mark_is_no_mistake(problems_in, tmp_path):
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / "letters.yaml").write_bytes(b"\xef\xbb\xbf" + _SOURCE.replace(b"\n", b"\r\n"))
    assert problems_in(tmp_path) == []


# ------------------------------------------------------------------------------------------------ none is left out

# What reports a problem; each call of it in the code is a message.
_REPORTS = {"problem", "Problem", "_report", "refuse", "unknown", "_skip"}


def _messages():
    """Every place in the code that reports a problem: file, first and last line."""
    for file in sorted(Path(cptcli.rulebook.__path__[0]).glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", None)
                if called in _REPORTS:
                    yield str(file), node.lineno, node.end_lineno


def test_every_message_of_the_code_has_a_broken_file(problems_in, tmp_path, monkeypatch):
    """Whoever writes a new message writes the file that shows it."""
    reached = set()

    def seen():
        frame = sys._getframe(1)
        while frame:
            reached.add((frame.f_code.co_filename, frame.f_lineno))
            frame = frame.f_back

    made, skipped = Problem.__init__, Files._skip
    monkeypatch.setattr(Problem, "__init__", lambda self, *of: (seen(), made(self, *of))[1])
    monkeypatch.setattr(Files, "_skip", lambda self, *of: (seen(), skipped(self, *of))[1])
    for file in BROKEN:
        problems_in(_folder(tmp_path / file.stem, file), _is_whole(file))
    for number, unreadable in enumerate(_UNREADABLE):
        folder = tmp_path / str(number)
        folder.mkdir()
        unreadable.values[0](folder)
        problems_in(folder)
    unseen = [
        f"{Path(name).name}:{first}"
        for name, first, last in _messages()
        if not any(name == file and first <= line <= last for file, line in reached)
    ]
    assert " ".join(unseen) == ""
