"""What people who write rules lean on: new files, schemas, comparisons, old facts, what is covered, completion."""

import json
import re
import shutil
from hashlib import sha256

import pytest
from conftest import TESTS, TODAY
from msgspec import structs

from cptcli.advice.rules_diff import _outcome, _treatments, changes
from cptcli.advice.suggest import suggest
from cptcli.errors import CptError
from cptcli.rulebook.compiled import open_rules, shipped_folder
from cptcli.rulebook.validate import BLANK
from cptcli.rulebook.workbench import schema

_FILLED = {
    "kind": "'commercial insurer'",
    "modalities": "infrared",
    "replaces": "'97026'",
    "code": "'97039'",
    "evidence": "primary",
    "confidence": "high",
    "modality": "infrared",
    "date": "'2026-06-12'",
}


def _filled(text):
    """The file with every blank filled in as its key asks."""
    lines = []
    for line in text.splitlines():
        for key in re.findall(rf"(\w+): \[?'{BLANK}'", line):
            line = re.sub(rf"({key}: \[?)'{BLANK}'", rf"\1{_FILLED.get(key, 'our own words')}", line)
        lines.append(line)
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("kind", "name", "payer"), [("payer", "ACME Health", "acme-health"), ("override", "aetna", "aetna")]
)
def test_a_new_file_passes_the_check_once_its_blanks_are_filled_and_then_answers(cpt, tmp_path, kind, name, payer):
    began = cpt("rules", "new", kind, name, "--rules", "ours")
    assert began.code == 0
    written = [tmp_path / line for line in began.stdout.splitlines()]
    assert len(written) == 2
    blanks = sum(path.read_text().count(BLANK) - 1 for path in written)  # each file's first comment names the sign
    unfilled = cpt("rules", "check", "ours")
    assert unfilled.code == 1
    assert unfilled.stdout.count("a blank that is not filled in") == blanks
    for path in written:
        path.write_text(_filled(path.read_text()))
    checked = cpt("rules", "check", "ours")
    assert (checked.code, checked.stdout) == (0, "")
    assert cpt("rules", "test", "ours").code == 0
    answer = cpt("suggest", "--modality", "infrared", "--payer", payer, "--rules", "ours", "--json")
    assert json.loads(answer.stdout)["answered_by"] == "clinic"


def test_a_new_device_passes_the_check_once_its_blanks_are_filled(cpt, tmp_path):
    began = cpt("rules", "new", "device", "Glow Company", "--rules", "ours")
    for line in began.stdout.splitlines():
        path = tmp_path / line
        path.write_text(_filled(path.read_text()))
    checked = cpt("rules", "check", "ours")
    assert (checked.code, checked.stdout) == (0, "")


def test_an_override_can_be_begun_without_a_payer_and_beside_files_with_blanks(cpt, tmp_path):
    assert cpt("rules", "new", "override", "--rules", "ours").code == 0
    assert "extends: _____" in (tmp_path / "ours" / "payers" / "override.yaml").read_text()
    assert cpt("rules", "new", "override", "aetna", "--rules", "ours").code == 0
    assert cpt("rules", "new", "payer", "--rules", "ours").code == 2


def test_a_file_that_is_there_is_never_written_over(cpt, tmp_path):
    cpt("rules", "new", "payer", "ACME Health", "--rules", "ours")
    mine = tmp_path / "ours" / "payers" / "acme-health.yaml"
    mine.write_text("mine")
    again = cpt("rules", "new", "payer", "ACME Health", "--rules", "ours")
    assert again.code == 2
    assert "already exists" in again.stderr
    assert mine.read_text() == "mine"


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (["plan", "ACME"], "payer, device or override"),
        (["payer", "///"], "letters or digits"),
        (["override", "no such payer"], "No payer called"),
    ],
)
def test_what_cannot_begin_says_why(cpt, asked, words):
    ran = cpt("rules", "new", *asked, "--rules", "ours")
    assert ran.code == 2
    assert words in ran.stderr


def test_the_readme_of_the_rules_adds_a_payer_as_it_says(cpt, tmp_path):
    """Its YAML is taken as it stands there, the rule about a day beside the first, and its three commands are run."""
    text = (shipped_folder() / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    places = re.findall(r"`(our-rules/[\w/-]+\.yaml)`", text)
    *blocks, about_a_day = blocks
    assert len(blocks) == len(places) == 2
    blocks[1] = blocks[1].rstrip(" ") + re.sub(r"^", "   ", about_a_day, flags=re.MULTILINE)
    for place, block in zip(places, blocks, strict=True):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_text(re.sub(r"^ {3}", "", block, flags=re.MULTILINE))
    commands = re.search(r"```sh\n(.*?)```", text, re.DOTALL)[1].split("\n")
    for command in filter(None, map(str.strip, commands)):
        ran = cpt(*command.split()[1:])
        assert ran.code == 0, ran
    assert ran.stdout.startswith("code: 97039\nanswered_by: clinic\n")


def test_editors_get_the_schema_that_the_loader_holds_the_files_to():
    """`rules/.schema` is what `cpt rules schema` prints, and every shipped file names its own."""
    shipped = shipped_folder()
    for file in sorted(shipped.rglob("*.yaml")):
        if file.parent.name.startswith("."):
            continue
        first = file.read_text(encoding="utf-8").split("\n", 1)[0]
        named = re.fullmatch(r"# yaml-language-server: \$schema=(\S+)", first)
        assert named, file
        assert (file.parent / named[1]).resolve().is_file(), file
    for file in sorted((shipped / ".schema").glob("*.json")):
        assert json.loads(file.read_text()) == json.loads(json.dumps(schema(file.stem))), file


def test_a_difference_between_two_rule_bases_is_named_by_question(cpt):
    same = cpt("rules", "diff", "shipped", "shipped")
    assert (same.code, same.stdout) == (0, "")
    ran = cpt("rules", "diff", "shipped", str(TESTS / "clinic"))
    assert ran.code == 1
    heading, *rows = [line.split("\t") for line in ran.stdout.splitlines()]
    assert heading == ["treatment or device", "payer", "before", "after"]
    assert [row for row in rows if len(row) != 4 or row[2] == row[3]] == []
    assert {row[1] for row in rows} == {
        "palmetto", "palmetto-jj", "palmetto-jm", "medicare in AL GA TN", "medicare in NC SC VA WV"
    }  # fmt: skip
    assert {row[0] for row in rows} == {"anodyne", "anodyne (E08.40 and 118 like it)"}
    assert f"{len(rows)} answers differ" in ran.stderr


def _edited(tmp_path, *edits):
    """The shipped rules as another version would have them: in each file named, some words replaced by others."""
    whole = tmp_path / "rules"
    shutil.copytree(shipped_folder(), whole)
    for file, old, new in edits:
        text = (whole / file).read_text(encoding="utf-8")
        assert old in text
        (whole / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    return open_rules(whole=whole)


def _asked(found):
    """The questions of a comparison, in the words that tell them apart."""
    for each in found:
        question = each.question
        yield question.device or question.modality, question.payer, question.setting, question.answers


@pytest.mark.parametrize("payer", ["medicare", "aetna", "palmetto", "unitedhealthcare"])
@pytest.mark.parametrize("diagnoses", [(), ("E11.42",)], ids=["no diagnosis", "neuropathy"])
def test_what_is_compared_is_what_the_answer_says(book, payer, diagnoses):
    """For every seventh treatment and device of every kind; an answer with branches is among them."""
    shapes = set()
    for treatment in [*_treatments((book, book), frozenset(), TODAY)][::7]:
        question = structs.replace(treatment.question, payer=payer, diagnoses=diagnoses)
        try:
            answer = suggest(book, question, TODAY)
            expected = (answer.code, answer.candidate, answer.coverage.verdict, answer.modifiers)
        except CptError as error:
            answer, expected = None, type(error)
        try:
            compared = structs.astuple(_outcome(book, question, TODAY))
        except CptError as error:
            compared = type(error)
        assert compared == expected, question
        shapes.add(answer and (bool(answer.branches), answer.code is None, answer.candidate is None))
    assert len(shapes) > 3


def test_an_answer_that_changes_through_another_treatment_is_found(book, tmp_path):
    """'light therapy' asks what light, then what laser; the code of the last one differs."""
    newer = _edited(
        tmp_path,
        (
            "modalities/light.yaml",
            "answer: other use\n          code: 'S8948'",
            "answer: other use\n          code: '97799'",
        ),
    )
    found = {*_asked(changes(book, newer, TODAY, ["aetna"]))}
    assert ("cold-laser", "aetna", "clinic", ("other use",)) in found
    through = {(key, answers) for key, payer, _, answers in found if payer == "aetna" and answers}
    assert [key for key, answers in through if key == "light-generic" and len(answers) > 1] != []


def test_the_home_use_of_a_treatment_is_asked_about(book, tmp_path):
    newer = _edited(tmp_path, ("modalities/heat-and-cold.yaml", "home_codes: ['E0235']", "home_codes: ['E0210']"))
    found = [each for each in changes(book, newer, TODAY) if each.question.device is None]
    assert {each.question.setting for each in found} == {"home"}
    assert ("paraffin", "medicare", "home", ()) in {*_asked(found)}
    assert {each.before.split(",")[0] for each in found} == {"candidate E0235"}


def test_a_contractor_rule_is_found_by_state_and_a_list_by_what_is_on_it(book, tmp_path):
    newer = _edited(tmp_path, ("diagnoses/ncd-270-6.yaml", "icd10: 'E08.40'", "icd10: 'M25.511'"))
    found = [each for each in changes(book, newer, TODAY, ["palmetto"]) if each.question.device == "anodyne"]
    assert [(each.diagnoses, each.before.split(", ")[1], each.after.split(", ")[1]) for each in found] == [
        (("E08.40",), "not_covered", "conditional"), (("M25.511",), "conditional", "not_covered")
    ]  # fmt: skip


def test_a_state_that_another_contractor_took_over_is_found(book, tmp_path):
    table = shipped_folder() / "tables" / "medicare-contractors.csv"
    rows = table.read_text(encoding="utf-8")
    (row,) = re.findall(r"^SC,.*$", rows, re.MULTILINE)
    moved = row.replace(",JM,", ",JH,")
    hashes = [sha256(text.encode()).hexdigest() for text in (rows, rows.replace(row, moved))]
    newer = _edited(tmp_path, (f"tables/{table.name}", row, moved), ("tables/tables.yaml", *hashes))
    found = [each for each in changes(book, newer, TODAY) if each.question.device == "anodyne"]
    assert {(each.question.payer, each.states) for each in found} == {("medicare", ("SC",))}
    assert {each.before.split(",")[0] for each in found} == {"97799"}
    assert {each.after.split(",")[0] for each in found} == {"97026"}


def test_nothing_is_asked_where_nothing_differs_that_an_answer_is_about(book, tmp_path):
    """A version, a name that nobody asks by, and the words of a source change no answer."""
    newer = _edited(tmp_path, ("rulebook.yaml", book.edition.version, "2099.01.01"))
    assert [*changes(book, newer, TODAY)] == []


def test_a_whole_rule_base_is_compared_by_itself(cpt):
    ran = cpt("rules", "diff", str(shipped_folder()), "shipped")
    assert (ran.code, ran.stdout) == (0, "")


def test_facts_that_nobody_looked_at_for_long_are_listed_with_their_links_oldest_first(cpt, tmp_path):
    fresh = cpt("rules", "check", "--stale", "0")
    assert (fresh.code, fresh.stdout) == (0, "")
    for kind, names in (("payers", ("old", "older")), ("sources", ("letters",))):
        (tmp_path / "ours" / kind).mkdir(parents=True)
        for name in names:
            (tmp_path / "ours" / kind / f"{name}.yaml").write_text(_OLD[name])
    ran = cpt("rules", "check", "ours", "--stale", "180")
    assert ran.code == 0
    assert ran.stdout.splitlines() == [
        "2019-01-01 (2883 days): rule older-rule, payers/older.yaml:5:5: https://example.test/letter",
        "2025-11-23 (365 days): rule old-rule, payers/old.yaml:5:5: https://example.test/letter",
    ]


def _old(name, checked):
    return (
        f"id: {name}\nname: {name} plan\nkind: plan\nrules:\n  - id: {name}-rule\n    says: A fact.\n"
        f"    applies: {{codes: ['97026']}}\n    verdict: covered\n    checked: '{checked}'\n    evidence: primary\n"
        "    confidence: high\n    sources: [letter]\n"
    )


_OLD = {
    "old": _old("old", "2025-11-23"),
    "older": _old("older", "2019-01-01"),
    "letters": "sources:\n  - {id: letter, title: A letter, url: 'https://example.test/letter'}\n",
}


def test_what_is_covered_and_what_is_missing_is_counted(cpt, book):
    ran = cpt("rules", "coverage", "--json")
    held = {each["kind"]: each for each in json.loads(ran.stdout)["holdings"]}
    assert {kind: held[kind]["count"] for kind in held} == {kind: len(book.keys(kind)) for kind in held}
    assert "palmetto-anodyne-97799" in held["rules"]["missing"]["weak"]
    assert "anodyne-home" in held["devices"]["missing"]["nothing published by the manufacturer was found"]
    assert sum(held["rules"]["evidence"].values()) == held["rules"]["count"]


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        (["suggest", "--payer", "palm"], {"palmetto", "palmetto-jj", "palmetto-jm"}),
        (["suggest", "--device", "anod"], {"anodyne", "anodyne-home", "anodyne-pads"}),
        (["suggest", "--modality", "cold-l"], {"cold-laser"}),
        (["explain", "medicare-ncd"], {"medicare-ncd-270-6"}),
        (["lookup", "9702"], {"97022", "97024", "97026", "97028"}),
        (["check", "9702"], {"97022", "97024", "97026", "97028"}),
        (["rules", "new", "override", "palm"], {"palmetto", "palmetto-jj", "palmetto-jm"}),
        (["payers", "--state", "S"], {"SC", "SD"}),
    ],
)
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shell_completes_names_of_the_rule_base(cpt, shell, typed, offered):
    line = " ".join(["cpt", *typed])
    env = {
        "_CPT_COMPLETE": f"complete_{shell}",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(typed)),
        "_TYPER_COMPLETE_ARGS": line,
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }
    shown = cpt(env=env).stdout
    names = {"bash": r"^(\S+)(?:  |$)", "zsh": r'"([^":]+)":', "fish": r"^(\S+)\t"}[shell]
    assert {*re.findall(names, shown, re.MULTILINE)} == offered
    assert "Palmetto GBA" in shown or typed[-1] != "palm"
    assert shell != "bash" or "(" not in shown or len(offered) > 1  # the only one is typed out as it is offered
