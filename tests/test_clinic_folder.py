"""A clinic's own rules, laid over the shipped ones: opt-in, named in the answer, never ignored when broken."""

import json
import re
import shutil

import pytest
from conftest import TESTS

from cptcli.rulebook.book import RuleBook
from cptcli.rulebook.compiled import compile_files, shipped_folder
from cptcli.rulebook.files import Files

ANODYNE = ["suggest", "--device", "anodyne", "--payer", "palmetto"]


@pytest.fixture
def clinic(tmp_path):
    """The clinic folder of the examples, in a folder of its own."""
    return shutil.copytree(TESTS / "clinic", tmp_path / "our rules")


def _document(ran):
    return json.loads(ran.stdout)


def test_the_clinics_rule_overrules_the_payer_and_every_step_stays(cpt, clinic):
    answer = _document(cpt(*ANODYNE, "--rules", str(clinic), "--json"))
    assert [(step["layer"], step["code"], step["applied"]) for step in answer["steps"]] == [
        ("code_set", "97026", True),
        ("manufacturer", "97026", True),
        ("payer", "97799", True),
        ("clinic", "97039", True),
    ]
    assert (answer["code"], answer["answered_by"]) == ("97039", "clinic")
    assert answer["rulebook"]["folder"] == str(clinic)


def test_the_answer_names_the_folder_whose_rules_took_part(cpt, clinic, terminal):
    assert f"with the rules of {clinic}\n" in cpt(*ANODYNE, "--rules", str(clinic), "--full").stdout
    page = terminal(*ANODYNE, "--rules", "our rules", columns=200)
    assert page.ends() == 0
    assert re.search(r"rules [0-9a-f]{7} \+ our rules\n", page.screen)
    assert "Your own rule (clinic-palmetto-anodyne)" in page.screen


def test_cpt_rules_names_the_folder_and_the_option_comes_before_it(cpt, clinic, tmp_path):
    named = {"CPT_RULES": str(clinic)}
    assert _document(cpt(*ANODYNE, "--json", env=named))["answered_by"] == "clinic"
    (tmp_path / "empty").mkdir()
    assert _document(cpt(*ANODYNE, "--json", "--rules", "empty", env=named))["answered_by"] == "payer"


def test_an_empty_cpt_rules_is_none(cpt):
    answer = _document(cpt(*ANODYNE, "--json", env={"CPT_RULES": ""}))
    assert (answer["answered_by"], answer["rulebook"]["folder"]) == ("payer", None)


def test_the_clinics_rule_holds_from_its_first_day(cpt, clinic):
    codes = [
        _document(cpt(*ANODYNE, "--rules", str(clinic), "--on", day, "--json"))["code"]
        for day in ("2026-03-01", "2026-03-02")
    ]
    assert codes == ["97799", "97039"]


def test_a_folder_called_rules_where_one_happens_to_stand_is_not_picked_up(cpt, clinic, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    clinic.rename(elsewhere / "rules")
    (elsewhere / "rules" / "payers" / "broken.yaml").write_text("nonsense: [")
    answer = _document(cpt(*ANODYNE, "--json", cwd=elsewhere))
    assert (answer["code"], answer["rulebook"]["folder"]) == ("97799", None)


def test_the_same_question_gives_another_hash_with_other_rules(cpt, clinic):
    hashes = {_document(cpt(*ANODYNE, "--json", *more))["rulebook"]["sha256"] for more in ([], ["--rules", clinic])}
    assert len(hashes) == 2


def test_rules_of_one_folder_are_not_in_the_next_folder_that_is_opened(tmp_path):
    """One process may open several: the shipped rules under them are read once, and no folder changes them."""
    folders = [shutil.copytree(TESTS / "clinic", tmp_path / name) for name in ("one", "two")]
    (folders[0] / "payers" / "more.yaml").write_text("id: acme\nname: ACME\nkind: plan\n")
    books = [RuleBook(compile_files(Files(shipped_folder()), Files(folder), "")) for folder in folders]
    assert [book.payer("acme") is not None for book in books] == [True, False]
    alone = RuleBook(compile_files(Files(shipped_folder()), None, ""))
    assert alone.rule("clinic-palmetto-anodyne") is None
    assert [book.is_clinic_rule("clinic-palmetto-anodyne") for book in books] == [True, True]


def test_lookup_shows_the_clinics_rule_too(cpt, clinic):
    assert "rule clinic-palmetto-anodyne" in cpt("lookup", "97039", "--rules", str(clinic), "--full").stdout


@pytest.mark.parametrize("command", [ANODYNE, ["lookup", "97026"], ["rules", "test"]])
def test_a_broken_clinic_folder_is_an_error_that_names_the_line(cpt, clinic, command):
    file = clinic / "payers" / "palmetto.yaml"
    file.write_text(file.read_text().replace("code: '97039'\n", "code: 97039\n", 1))
    line = file.read_text().splitlines().index("    code: 97039") + 1
    ran = cpt(*command, "--rules", str(clinic))
    assert (ran.code, ran.stdout) == (2, "")
    assert f"payers/palmetto.yaml:{line}:11: 97039 without quotes" in ran.stderr
    assert str(clinic) in ran.stderr


def test_a_broken_clinic_folder_is_an_error_in_json_too(cpt, clinic):
    (clinic / "payers" / "aetna.yaml").write_text("nonsense: [")
    ran = cpt(*ANODYNE, "--rules", str(clinic), "--json")
    assert ran.code == 2
    assert [problem.partition(": ")[0] for problem in _document(ran)["problems"]] == ["payers/aetna.yaml:2:1"]


@pytest.mark.parametrize("named", ["missing", "", " ", "a-file", "a\nb"])
@pytest.mark.parametrize("command", [ANODYNE, ["rules", "check"], ["rules", "test"]])
def test_a_rule_folder_that_is_no_folder_is_an_error_that_names_the_option(cpt, tmp_path, command, named):
    """An empty --rules comes from a variable that is not set: it means no folder, and never the current one."""
    (tmp_path / "a-file").write_text("")
    ran = cpt(*command, "--rules", named)
    assert (ran.code, ran.stdout) == (2, "")
    assert f"--rules {named!r}: expected a folder that exists" in ran.stderr


def test_cpt_rules_that_is_no_folder_is_an_error_that_names_the_variable(cpt):
    ran = cpt(*ANODYNE, env={"CPT_RULES": "missing"})
    assert (ran.code, ran.stdout) == (2, "")
    assert "CPT_RULES 'missing': expected a folder that exists" in ran.stderr


def test_the_examples_of_the_clinic_folder_hold_and_are_run(cpt, clinic):
    assert cpt("rules", "check", str(clinic)).code == 0
    assert cpt("rules", "test", str(clinic)).code == 0
    file = clinic / "payers" / "palmetto.yaml"
    file.write_text(file.read_text().replace("gives: {code: '97039'", "gives: {code: '97028'"))
    ran = cpt("rules", "test", str(clinic))
    assert ran.code == 1
    assert "clinic-palmetto-anodyne example 1" in ran.stdout
    assert "code is '97039', expected '97028'" in ran.stdout


def test_a_policy_of_the_clinic_counts_as_its_own(cpt, clinic):
    (clinic / "edits").mkdir()
    (clinic / "edits" / "plan.yaml").write_text("""
id: plan
name: Edits of a plan
says: What the plan wrote.
evidence: primary
confidence: high
checked: '2026-06-01'
sources: [palmetto-letter]
policies:
  - id: plan-never-both
    says: Exercise and manual therapy are not paid on one day.
    codes: ['97140']
    together_with: ['97110']
    outcome: never
    evidence: primary
    confidence: high
    checked: '2026-06-01'
    sources: [palmetto-letter]
    examples:
      - asks: {lines: ['97110-GP:15', '97140-GP:15'], payer: medicare}
        gives: {not_finding: plan-never-both}
""")
    assert "2 examples, 0 failed." in cpt("rules", "test", str(TESTS / "clinic")).stderr
    assert "3 examples, 0 failed." in cpt("rules", "test", str(clinic)).stderr
    explained = cpt("explain", "plan-never-both", "--plain", "--rules", str(clinic)).stdout
    assert "written_in: your folder, edits/plan.yaml" in explained


def test_what_the_clinic_says_of_coverage_never_overrules_the_national_determination(cpt, clinic):
    (clinic / "payers" / "medicare.yaml").write_text(
        """extends: medicare
rules:
  - id: clinic-infrared-covered
    says: This clinic was paid once.
    applies: {modalities: [infrared]}
    verdict: covered
    checked: '2026-06-01'
    evidence: primary
    confidence: high
    sources: [palmetto-letter]
"""
    )
    asked = ["suggest", "--device", "anodyne", "--payer", "medicare", "--rules", str(clinic), "--json"]
    assert _document(cpt(*asked, "--diagnosis", "E11.42"))["coverage"]["verdict"] == "not_covered"
    assert _document(cpt(*asked, "--diagnosis", "M54.50"))["coverage"]["verdict"] == "conditional"  # a chiropractor?
    asked += ["--diagnosis", "M54.50", "--provider"]
    assert _document(cpt(*asked, "physical_therapist"))["coverage"]["verdict"] == "covered"
    assert _document(cpt(*asked, "chiropractor"))["coverage"]["verdict"] == "not_covered"  # excluded by law: palm-gy
