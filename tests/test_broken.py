"""One broken clinic file for each mistake, and what `cpt rules check` says of it.

`tests/broken/*.yaml` start with a comment for each problem, `# expect: LINE:COLUMN | words | more words`, and with
`# as: payers/name.yaml` where the file is to stand elsewhere than in `payers/`. `tests/good/*.yaml` have no problem.
"""

import copy
import re
from typing import NamedTuple

import pytest
from conftest import TESTS

from cptcli.rulebook.check import check_parts
from cptcli.rulebook.compiled import shipped_folder
from cptcli.rulebook.files import Files
from cptcli.rulebook.load import Parts

BROKEN = sorted((TESTS / "broken").glob("*.yaml"))
GOOD = sorted((TESTS / "good").glob("*.yaml"))
_MESSAGE = re.compile(r"(?P<place>[^:]+:\d+:\d+): (?P<what>.+); expected (?P<expected>.+); (?P<todo>.+)")


class Expected(NamedTuple):
    """A problem that a broken file announces: where, and words of the message."""

    place: str
    words: list[str]


def _named(file):
    """Where a test file stands in the clinic folder, by its `# as:`."""
    named = re.search(r"^# as: (\S+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
    return named[1] if named else f"payers/{file.name}"


def _expected(file):
    for line in re.findall(r"^# expect: (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE):
        place, *words = [part.strip() for part in line.split("|")]
        yield Expected(f"{_named(file)}:{place}", words)


def _folder(tmp_path, file):
    place = tmp_path / _named(file)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(file.read_bytes())
    return tmp_path


@pytest.fixture(scope="module")
def shipped():
    parts = Parts()
    parts.add(Files(shipped_folder()))
    return parts


@pytest.fixture
def problems_in(shipped):
    """The messages about a clinic folder laid over the shipped rules, as `cpt rules check` prints them."""

    def check(folder):
        parts = Parts()
        vars(parts).update({name: copy.copy(held) for name, held in vars(shipped).items()})
        parts.add(Files(folder), clinic=True)
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
    assert _mismatches(file, problems_in(_folder(tmp_path, file))) == []


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
