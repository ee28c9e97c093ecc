"""Commands and exactly what they answer. `pytest --refresh-golden` rewrites the files; a person reads the diff.

`tests/golden/` holds what a pipe gets, `tests/golden/terminal/` what a person sees at 80 columns. The first line of
a file is the command, run in `tests/`.
"""

import json
import re
from pathlib import Path

import pytest
from conftest import TESTS, settled, words_of

PIPED = sorted((TESTS / "golden").glob("*.txt"))
AT_TERMINAL = sorted((TESTS / "golden" / "terminal").glob("*.txt"))
_ESCAPE = "\x1b"


def _compare(file: Path, got: str, refresh: bool) -> None:
    if refresh:
        file.write_text(got, encoding="utf-8")
    assert got == file.read_text(encoding="utf-8")


@pytest.mark.parametrize("file", PIPED, ids=lambda file: file.stem)
def test_a_pipe_gets_the_golden_answer(cpt, file, pytestconfig):
    line = file.read_text(encoding="utf-8").partition("\n")[0]
    ran = cpt(*words_of(line), cwd=TESTS)
    got = f"{line}\n{ran.stdout}--- stderr\n{ran.stderr}--- exit {ran.code}\n"
    _compare(file, settled(got), pytestconfig.getoption("refresh_golden"))


@pytest.mark.parametrize("file", AT_TERMINAL, ids=lambda file: file.stem)
def test_a_person_at_a_terminal_sees_the_golden_page(terminal, file, pytestconfig):
    line = file.read_text(encoding="utf-8").partition("\n")[0]
    page = terminal(*words_of(line), cwd=TESTS)
    code = page.ends()
    _compare(file, settled(f"{line}\n{page.screen}--- exit {code}\n"), pytestconfig.getoption("refresh_golden"))


@pytest.mark.parametrize("file", PIPED + AT_TERMINAL, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_a_golden_answer_is_about_a_day_that_it_names(file):
    arguments = words_of(file.read_text(encoding="utf-8").partition("\n")[0])
    commands = ("lookup", "suggest", "compare", "explain", "check", "fee")
    about_a_day = bool(arguments) and arguments[0] in commands and "-h" not in arguments
    assert ("--on" in arguments) == about_a_day


@pytest.mark.parametrize("file", AT_TERMINAL, ids=lambda file: file.stem)
def test_a_page_fits_80_columns_and_says_everything_without_colour(file):
    page = file.read_text(encoding="utf-8").partition("\n")[2]
    too_wide = [line for line in page.splitlines() if len(line) > 80]
    assert [line for line in too_wide if not line.startswith("cpt: ")] == []  # an error is one line, for searching
    assert _ESCAPE not in page


def test_the_first_lines_of_a_page_hold_the_code_who_decided_it_and_the_coverage_verdict():
    page = (TESTS / "golden" / "terminal" / "suggest-anodyne-palmetto.txt").read_text(encoding="utf-8")
    code, decided, *more = page.splitlines()[1:7]
    assert code.startswith("97799")
    assert decided.startswith("Reportedly Palmetto GBA requires it; the payer has the final say. WEAK")
    assert any(line.startswith("Paid?      Depends on the diagnosis") for line in more)


def test_colour_is_for_terminals_and_never_black_or_white(terminal):
    """So that the page is readable on a light and on a dark background; NO_COLOR and --no-color turn it off."""
    asked = ["suggest", "--device", "anodyne", "--payer", "palmetto", "--on", "2026-11-23"]
    coloured = terminal(*asked, env={"NO_COLOR": None})
    assert coloured.ends() == 0
    signs = {sign for signs in re.findall(r"\x1b\[([0-9;]*)m", coloured.screen) for sign in signs.split(";")}
    assert "1" in signs
    assert signs.isdisjoint({"30", "37", "40", "47", "90", "97", "100", "107", "38", "48"})
    plain = terminal(*asked, "--no-color", env={"NO_COLOR": None})
    assert plain.ends() == 0
    assert re.sub(r" *\n", "\n", re.sub(r"\x1b\[[0-9;]*m", "", coloured.screen)) == plain.screen


def test_a_pipe_gets_one_fact_a_line_and_plain_gets_the_same_at_a_terminal(cpt, terminal):
    asked = ["suggest", "--device", "anodyne", "--payer", "palmetto", "--on", "2026-11-23"]
    piped = cpt(*asked).stdout
    assert [line for line in piped.splitlines() if not re.match(r"[a-z_]+: \S", line)] == []
    assert cpt(*asked, "--plain").stdout == piped
    page = terminal(*asked, "--plain", columns=400)
    assert page.ends() == 0
    assert page.screen == piped


def test_json_is_one_document_on_stdout_also_when_there_is_no_answer(cpt):
    answered = cpt("suggest", "--device", "anodyne", "--payer", "palmetto", "--json")
    assert json.loads(answered.stdout)["code"] == "97799"
    assert answered.stderr == ""
    unknown = cpt("suggest", "--device", "anodyne", "--payer", "palmeto", "--json")
    assert unknown.code == 2
    assert json.loads(unknown.stdout)["error"] in unknown.stderr
