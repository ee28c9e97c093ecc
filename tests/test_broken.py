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
import time
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import pytest
from conftest import TESTS
from tiny import TINY

import cptcli.rulebook
from cptcli.rulebook.check import check_parts
from cptcli.rulebook.compiled import shipped_folder
from cptcli.rulebook.files import LARGEST, Files, FolderTooLarge
from cptcli.rulebook.load import Parts
from cptcli.rulebook.problem import Problem

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


def _two_links_to_one_folder(folder):
    (folder / "payers").mkdir()
    (folder / "plans").symlink_to("payers", target_is_directory=True)


_UNREADABLE = [
    pytest.param(_pipe, "payers.yaml", "not a regular file", id="a pipe"),
    pytest.param(_links_in_a_circle, "around/", "it leads back to a folder above", id="links in a circle"),
    pytest.param(_deep, "d/d/d/d/d/d/d/d/", "nested too deeply", id="nine folders deep"),
    pytest.param(_link_to_itself, "payers", "symbolic links", id="a link to itself"),
    pytest.param(_large, "payers.yaml", "split the file", id="a file too large"),
    pytest.param(_gone, ".", "No such file", id="a folder that is gone"),
    pytest.param(
        _two_links_to_one_folder, "plans/", "it leads to payers/, which is read already", id="two links to one folder"
    ),
]


def _payer(folder, name, text):
    (folder / "payers").mkdir(exist_ok=True)
    (folder / "payers" / f"{name}.yaml").write_text(text)


def _rules(folder, *rules):
    (folder / "sources").mkdir(exist_ok=True)
    (folder / "sources" / "letters.yaml").write_bytes(_SOURCE)
    rest = "short: S, says: S., checked: '2026-01-01', evidence: primary, confidence: high, sources: [a-letter]"
    text = "".join(f"  - {{id: r-{number}, {rule}, {rest}}}\n" for number, rule in enumerate(rules))
    _payer(folder, "plan", f"id: plan\nname: Plan\nkind: plan\nrules:\n{text}")


def _unquoted_words(folder):
    _payer(folder, "plan", "id: plan\n" + "".join(f"key-{number}: 0420\n" for number in range(2_000)))


def _keys_that_no_payer_has(folder):
    _payer(folder, "plan", "id: plan\n" + "".join(f"key-{number}: x\n" for number in range(2_000)))


def _codes_that_are_none(folder):
    codes = ", ".join(f"'{number}'" for number in range(20_000, 22_000))
    _rules(folder, f"applies: {{codes: [{codes}]}}, verdict: covered")


def _more_values_than_a_person_reads(folder):
    _payer(folder, "plan", "- x\n" * 300_000)


def _a_long_chain_of_payers(folder):
    for number in range(400):
        parent = f"parent: plan-{number - 1}\n" if number else ""
        _payer(folder, f"plan-{number}", f"id: plan-{number}\nname: Plan {number}\nkind: plan\n{parent}")


def _a_long_circle_of_payers(folder):
    for number in range(400):
        text = f"id: plan-{number}\nname: Plan {number}\nkind: plan\nparent: plan-{(number - 1) % 400}\n"
        _payer(folder, f"plan-{number}", text)


def _rules_that_contradict_each_other(folder):
    verdicts = ("covered", "not_covered", "bundled", "conditional")
    _rules(folder, *(f"applies: {{codes: ['97026']}}, verdict: {verdicts[number % 4]}" for number in range(2_000)))


def _rules_for_many_states(folder):
    """None contradicts another, and every two are in force at once."""
    places = [chr(65 + number // 26) + chr(65 + number % 26) for number in range(676)]
    applies = (f"applies: {{codes: ['97026'], states: ['{place}']}}" for place in places)
    _rules(folder, *(f"{each}, verdict: {('covered', 'bundled')[number % 2]}" for number, each in enumerate(applies)))


def _long_words(folder):
    word = "x" * 1_000
    _payer(
        folder,
        "plan",
        f"{word}: 1\nid: {word} {word}\nname: {word * 100}\nkind: plan\n{word}: 1\nparent: 0{'7' * 90_000}\n",
    )


_TOO_MUCH = [
    pytest.param(_unquoted_words, "not checked any further after 1,000 problems", id="2,000 words without quotes"),
    pytest.param(_keys_that_no_payer_has, "not checked any further after 1,000 problems", id="2,000 unknown keys"),
    pytest.param(_codes_that_are_none, "no code '20000'", id="2,000 unknown codes"),
    pytest.param(_more_values_than_a_person_reads, "more than 200,000 values", id="300,000 values"),
    pytest.param(_a_long_chain_of_payers, "11 payer ids above one another (plan-", id="400 payers above one another"),
    pytest.param(_a_long_circle_of_payers, "11 payer ids above one another (plan-", id="400 payers in a circle"),
    pytest.param(_rules_that_contradict_each_other, "on the same days", id="2,000 rules that contradict"),
    pytest.param(
        _rules_for_many_states, "more than 200 rules of this payer about one thing are in force", id="676 rules"
    ),
    pytest.param(_long_words, "has no key 'xxxx", id="long words"),
]


@pytest.mark.parametrize(("make", "words"), _TOO_MUCH)
def test_a_folder_made_to_take_for_ever_is_checked_soon_and_in_few_words(problems_in, tmp_path, make, words):
    make(tmp_path)
    begun = time.process_time()
    told = problems_in(tmp_path)
    assert time.process_time() - begun < 2
    assert words in "\n".join(told)
    assert len(told) <= 1_101
    assert len("\n".join(told)) < 500_000
    assert [message for message in told if not _MESSAGE.fullmatch(message)] == []


def test_problems_that_are_not_listed_are_counted(problems_in, tmp_path):
    for number in range(1_200):
        (tmp_path / f"{number}.txt").touch()
    told = problems_in(tmp_path)
    assert len(told) == 1_101
    assert told[-1].startswith("\N{HORIZONTAL ELLIPSIS}:1:1: 100 further problems, which are not listed; expected ")


def test_a_rule_about_everything_at_once_is_not_compared_with_all_others(problems_in, tmp_path, monkeypatch):
    monkeypatch.setattr("cptcli.rulebook.check_conflicts._MOST_COMPARED", 3)
    _rules(tmp_path, "applies: {codes: ['97026', '97024']}, verdict: covered")
    assert any("name too many codes to compare" in each for each in problems_in(tmp_path))


@pytest.mark.parametrize("most", ["_MOST", "_MOST_BYTES"])
def test_a_folder_that_cannot_be_one_of_rules_is_refused_as_a_whole(tmp_path, monkeypatch, most):
    _payer(tmp_path, "plan", "id: plan\n")
    monkeypatch.setattr(f"cptcli.rulebook.files.{most}", 1)
    with pytest.raises(FolderTooLarge, match="A rule folder has a few hundred files"):
        Files(tmp_path)


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
    for number, each in enumerate((*_UNREADABLE, *_TOO_MUCH)):
        folder = tmp_path / str(number)
        folder.mkdir()
        each.values[0](folder)
        problems_in(folder)
    for number in range(1_200):
        (tmp_path / "many" / f"{number}.txt").parent.mkdir(exist_ok=True)
        (tmp_path / "many" / f"{number}.txt").touch()
    problems_in(tmp_path / "many")
    monkeypatch.setattr("cptcli.rulebook.check_conflicts._MOST_COMPARED", 3)
    problems_in(tmp_path / str(len(_UNREADABLE) + 6))  # the rules that contradict each other
    unseen = [
        f"{Path(name).name}:{first}"
        for name, first, last in _messages()
        if not any(name == file and first <= line <= last for file, line in reached)
    ]
    assert " ".join(unseen) == ""
