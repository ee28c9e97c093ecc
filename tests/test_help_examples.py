"""The help pages: every example on them runs, and every page is short."""

import os
import re
import shlex
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import mcd
import pytest
import typer
from conftest import _CPT, TESTS, Ran, words_of

from cptcli.commands.main import _FIRST_STEPS, command_line

CMS = TESTS / "cms"
_VISIT = "payer: palmetto\ndiscipline: PT\nlines:\n  - {code: '97110', minutes: 25}\n  - {code: '97140', minutes: 20}\n"


def _commands(command, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    yield path, command
    for name, below in getattr(command, "commands", {}).items():
        yield from _commands(below, (*path, name))


COMMANDS = dict(_commands(typer.main.get_command(command_line())))
SINGLE = [path for path, command in COMMANDS.items() if not hasattr(command, "commands")]
FIRST_STEPS = [line.split("   ")[0].strip() for line in _FIRST_STEPS.splitlines() if line.startswith("  cpt ")]


def examples_of(path: tuple[str, ...]) -> list[str]:
    """The lines below `Examples:` in a command's help."""
    _, _, block = (COMMANDS[path].help or "").partition("Examples:\n")
    return [line.strip() for line in block.split("\n\n")[0].splitlines() if line.strip()]


WITH_EXAMPLES = [path for path in COMMANDS if examples_of(path)]


@pytest.fixture(scope="session")
def clinic(environment, tmp_path_factory) -> Path:
    """A clinic's folder with everything that an example may name: a visit, rules of its own, CMS's files."""
    folder = tmp_path_factory.mktemp("clinic")
    (folder / "bin").mkdir()
    cpt = folder / "bin" / "cpt"
    cpt.write_text(f'#!/bin/sh\nexec {shlex.join(_CPT)} "$@"\n')
    cpt.chmod(0o755)
    (folder / "visit.yaml").write_text(_VISIT)
    shutil.copy(TESTS / "claims" / "title-and-totals.csv", folder / "charges.csv")
    shutil.copy(TESTS / "claims" / "therapy.837", folder / "claims.837")
    edits = "medicare-ncci-2026q3-practitioner-ptp-edits-ccipra-v322r0-f1"
    _zip(folder / f"{edits}.zip", "ccipra-v322r0-f1.txt", "ccipra-v322r0-f1.txt")
    _zip(folder / "RVU26C.zip", "PPRRVU2026_Jul_nonQPP.csv", "PPRRVU2026_Jul_nonQPP.csv")
    for name, tables in (("current_article", mcd.articles()), ("current_lcd", mcd.lcds())):
        mcd.download(folder / f"{name}.zip", mcd.files(tables))
    units = "MCR_MUE_PractitionerServices_Eff_{}-01-2026.csv"
    _zip(folder / "units.zip", units.format("07"), units.format("04"))
    for prepared in (
        "cpt rules add --payer aetna --modality infrared --refuses 97026 --document Letter --rules our-rules",
        "cpt data import units.zip",
    ):
        ran = run(prepared, folder, environment)
        assert ran.code in (0, 1), (prepared, ran)
    return folder


def _zip(path: Path, file: str, name: str) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, (CMS / file).read_bytes())


@pytest.fixture
def copy(clinic, tmp_path) -> Path:
    """The clinic's folder, for one test alone."""
    return Path(shutil.copytree(clinic, tmp_path / "clinic"))


def inside(folder: Path) -> dict[str, str]:
    """The environment that keeps settings, rules and CMS's tables inside the folder."""
    return {
        "CPT_DATA": str(folder / "data"),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "XDG_DATA_HOME": str(folder / "own"),
    }


def run(line: str, folder: Path, environment: dict[str, str]) -> Ran:
    """Run a command line as a shell does, inside the folder."""
    env = {**environment, **inside(folder), "PATH": f"{folder / 'bin'}{os.pathsep}{environment['PATH']}"}
    done = subprocess.run(
        ["sh", "-c", line], cwd=folder, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60
    )
    return Ran(done.stdout, done.stderr, done.returncode)


@pytest.mark.parametrize("path", WITH_EXAMPLES, ids=" ".join)
def test_every_example_in_the_help_of_a_command_runs(path, copy, cpt, environment):
    """The first one of each command is run by a shell and in a process, as is one that only a shell understands."""
    for number, line in enumerate(examples_of(path)):
        by_shell = number == 0 or {*line} & {*"*>|"}
        ran = run(line, copy, environment) if by_shell else cpt(*words_of(f"$ {line}"), cwd=copy, env=inside(copy))
        assert ran.code in (0, 1), f"{line}\n{ran.stderr}"
        assert "Traceback" not in ran.stderr
        written = line.rpartition("> ")[2] if "> " in line else None
        assert ran.stdout or ran.stderr or (copy / str(written)).stat().st_size > 0


@pytest.mark.parametrize("path", SINGLE, ids=" ".join)
def test_the_help_of_every_command_has_an_example_of_that_command(path):
    examples = examples_of(path)
    assert examples
    own = " ".join(("cpt", *path))
    assert all(line == own or line.startswith(f"{own} ") for line in examples)
    assert all(len(line) <= 76 for line in examples if "import" not in path)  # a line at 80 columns, indented by 4


@pytest.mark.parametrize("path", COMMANDS, ids=lambda path: " ".join(path) or "cpt")
def test_a_help_page_explains_its_command_before_a_screen_is_full(path, cpt):
    page = cpt(*path, "-h").stdout
    assert page.startswith("Usage: cpt")
    assert len(re.split(r"^(Arguments|Options):$", page, flags=re.MULTILINE)[0].splitlines()) <= 24


@pytest.mark.parametrize("group", [(), ("rules",), ("settings",)], ids=lambda path: " ".join(path) or "cpt")
def test_a_list_of_commands_says_each_in_one_whole_sentence(group, cpt):
    commands = cpt(*group, "-h").stdout.partition("\nCommands:\n")[2].split("\n\n")[0]
    assert commands
    assert "..." not in commands
    assert len(commands.splitlines()) == len(COMMANDS[group].commands)


def test_the_first_page_shows_six_examples_in_80_columns():
    assert len(FIRST_STEPS) == 6
    assert max(map(len, _FIRST_STEPS.splitlines())) <= 80


@pytest.mark.parametrize("line", [line for line in FIRST_STEPS if line != "cpt rules add"])
def test_an_example_on_the_first_page_runs(line, copy, cpt):
    assert cpt(*words_of(f"$ {line}"), cwd=copy, env=inside(copy)).code in (0, 1)


def test_the_first_pages_cpt_rules_add_asks_which_payer_said_so(terminal):
    assert "cpt rules add" in FIRST_STEPS
    asked = terminal("rules", "add").sees("Which payer said so?").sees(" > ")
    asked.presses("c")
    assert asked.ends() == 130
