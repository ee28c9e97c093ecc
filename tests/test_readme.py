"""The README says what the program does: every command line with output in it is run, and compared."""

import json
import re
from importlib import metadata

import pytest
from conftest import TESTS, settled, words_of

import cptcli

ROOT = TESTS.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def _blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def _shown():
    """Every `$ cpt ...` line of the console blocks, with the lines that follow it."""
    for block in _blocks("console"):
        for part in re.split(r"^(?=\$ )", block, flags=re.MULTILINE):
            if part:
                command, _, output = part.partition("\n")
                yield pytest.param(command, output, id=command[2:])


def _pattern(output):
    """What a terminal must show: the lines as they are, `[...]` for any lines between them."""
    parts = re.split(r"^\[\.\.\.\]\n", settled(output), flags=re.MULTILINE)
    return re.compile("(?:.*\n)*?".join(map(re.escape, parts)))


@pytest.mark.parametrize(("command", "output"), [*_shown()])
def test_a_command_in_the_readme_prints_what_the_readme_shows(terminal, command, output):
    page = terminal(*words_of(command))
    page.ends()
    if not _pattern(output).fullmatch(settled(page.screen)):
        assert settled(page.screen) == settled(output)  # to show where they part


def test_the_visit_file_of_the_readme_is_read_whole(cpt, tmp_path):
    (visit,) = _blocks("yaml")[:1]
    (tmp_path / "visit.yaml").write_text(visit, encoding="utf-8")
    ran = cpt("check", "visit.yaml", "--json")
    answer = json.loads(ran.stdout)
    assert ran.code == 1
    assert [line["code"] for line in answer["lines"]] == ["97110", "97140", "97026", "97799", "97530"]
    unlisted = [line for line in answer["claim_lines"] if line["code"] == "97799"]
    assert [(line["lines"], line["narrative"]) for line in unlisted] == [
        ([3], None),
        ([4], "low level light, 12 min, left knee"),
    ]


def test_the_readme_shows_the_seed_case_and_more():
    commands = [each.values[0] for each in _shown()]
    assert any(command.startswith("$ cpt suggest --device anodyne --payer palmetto") for command in commands)
    assert len(commands) >= 4


def test_the_readme_opens_with_two_set_up_commands_of_one_line():
    """The first ends in the answer of the seed case, the second in the passing tests; CI runs both as they stand."""
    answer, tests, *_ = _blocks("sh")
    assert answer.strip().splitlines() == [answer.strip()]
    assert answer.strip().endswith("cpt suggest --device anodyne --payer palmetto")
    assert tests.strip().splitlines() == [tests.strip()]
    assert "pytest" in tests.rpartition("&&")[2]
    assert README.index(answer) < README.index(tests) < README.index("```console")


def test_help_quoted_in_the_readme_stands_in_a_block_that_is_run():
    quoted = re.findall(r"^ ?Usage: cpt.*$", README, re.MULTILINE)
    run = [line for block in _blocks("console") for line in re.findall(r"^ ?Usage: cpt.*$", block, re.MULTILINE)]
    assert quoted == run


def test_every_command_has_help_that_leads_with_an_example(cpt):
    for name in ("lookup", "suggest", "check", "fee", "devices", "payers", "modalities", "explain"):
        told = cpt(name, "-h")
        assert told.code == 0
        assert told.stdout == cpt(name, "--help").stdout
        assert f"\n    cpt {name} " in told.stdout
        assert f"cpt {name}" in README


def test_the_readme_names_every_exit_code():
    assert [
        code for code in ("0", "1", "2", "3", "130") if not re.search(rf"^\| {code} \|", README, re.MULTILINE)
    ] == []


def test_the_readme_gives_the_ama_its_notice_and_promises_no_advice():
    words = " ".join(README.split())
    assert "trademark of the American Medical Association" in words
    assert re.search(r"not legal or billing advice", words, re.IGNORECASE)


def test_the_version_is_that_of_the_package():
    try:
        installed = metadata.version("cpt-helper")
    except metadata.PackageNotFoundError:
        pytest.skip("the package is not installed")
    assert installed == cptcli.__version__


def test_the_changelog_has_an_entry_for_this_version():
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"^## \[?{re.escape(cptcli.__version__)}\]?\b", changes, re.MULTILINE)
