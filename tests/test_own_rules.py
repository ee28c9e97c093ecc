"""`cpt rules add`, `list` and `remove`: what a payer said, kept by one command in the clinic's own folder."""

import json
import os
import resource
import shutil
from datetime import date
from pathlib import Path

import pytest
from conftest import TESTS, TODAY, words_of
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from cptcli.advice.new_rule import new_rule
from cptcli.advice.rule_effect import seen
from cptcli.advice.typed_rule import TypedRule
from cptcli.commands.whole_files import NotWritten, write_all
from cptcli.rulebook.compiled import shipped_folder
from cptcli.rulebook.own_rules import Added, laid_over, problems_of, rule_lines, shipped_parts, with_rule
from cptcli.rulebook.yaml_edit import CannotEdit, entries, with_entry, without_entry

LETTER = ["--document", "Letter of 2026-06-12"]
ANODYNE = ["--payer", "aetna", "--device", "anodyne", "--use", "97039", *LETTER, "--from", "2026-07-01"]
INFRARED = ["--payer", "aetna", "--modality", "infrared", "--verdict", "covered", *LETTER]


def add(cpt, *arguments, **options):
    return cpt("rules", "add", *arguments, "--rules", "ours", **options)


def snapshot(folder):
    """Every file below a folder, hidden ones too, with its bytes."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def _person_s_file(folder):
    """The clinic's example folder, with a file that a person wrote in a manner of his own."""
    shutil.copytree(TESTS / "clinic", folder)
    (folder / "payers" / "more.yaml").write_bytes(
        b"# what Aetna wrote\r\nextends: 'aetna'   # the insurer\r\nrules:\r\n-   says: \"Traction: paid.\"\r\n"
        b"    id: traction\r\n    applies: {modalities: [traction]}\r\n    verdict: covered\r\n"
        b"    checked: '2026-06-01'\r\n    evidence: primary\r\n    confidence: high\r\n"
        b"    sources: [palmetto-letter]\r\n    # still to come: the letter about cupping\r\n\r\n# the end"
    )


@pytest.mark.parametrize(
    ("folder", "arguments", "asks"),
    [
        pytest.param(
            "a person's", ANODYNE, ["--device", "anodyne", "--payer", "aetna"], id="another code for a device"
        ),
        pytest.param(
            "empty",
            ["--payer", "palmetto", "--device", "anodyne", "--use", "97799", *LETTER],
            ["--device", "anodyne", "--payer", "palmetto"],
            id="what was only reported, now in writing",
        ),
        pytest.param(
            "a person's",
            ["--payer", "aetna", "--modality", "electrical stimulation", "--code", "97014", "--use", "G0283", *LETTER],
            ["--modality", "electrical stimulation", "--unattended", "--payer", "aetna"],
            id="one code of several",
        ),
        pytest.param(
            "missing",
            ["--new-payer", "ACME: Health", "--modality", "infrared", "--use", "97039", *LETTER],
            ["--modality", "infrared", "--payer", "acme health"],
            id="a payer that is not in our list",
        ),
    ],
)
def test_a_payers_word_is_added_answers_is_listed_and_is_taken_out_without_a_trace(
    cpt, tmp_path, folder, arguments, asks
):
    ours = tmp_path / "ours"
    if folder == "empty":
        ours.mkdir()
    if folder == "a person's":
        _person_s_file(ours)
    before = snapshot(ours)
    added = add(cpt, *arguments, "--json")
    assert added.code == 0, added.stderr
    key = json.loads(added.stdout)["id"]
    assert set(before) <= set(snapshot(ours))
    answer = json.loads(cpt("suggest", *asks, "--rules", "ours", "--json").stdout)
    assert (answer["answered_by"], answer["code"]) == ("clinic", json.loads(added.stdout)["after"]["code"])
    assert [cpt("rules", what, "ours").code for what in ("check", "test")] == [0, 0]
    assert key in [rule["id"] for rule in json.loads(cpt("rules", "list", "--rules", "ours", "--json").stdout)["rules"]]
    assert cpt("rules", "remove", key, "--rules", "ours").code == 0
    assert snapshot(ours) == before


def test_the_file_is_one_that_a_person_would_write(cpt, tmp_path):
    assert add(cpt, *ANODYNE, "--document-date", "2026-06-12").code == 0
    assert (
        (tmp_path / "ours" / "payers" / "aetna.yaml").read_text()
        == """\
# Our own rules for this payer, in addition to the shipped ones.
extends: aetna
rules:
  - id: our-aetna-anodyne-97039
    short: 'Aetna: bill Anodyne Therapy Professional System as 97039, not 97026.'
    says: 'Aetna: bill Anodyne Therapy Professional System as 97039, not 97026 (Letter of 2026-06-12).'
    applies:
      devices: [anodyne]
    replaces: ['97026']
    code: '97039'
    effective: '2026-07-01'
    checked: '2026-11-23'
    evidence: primary
    confidence: high
    sources: [aetna-letter-of-2026-06-12]
    examples:
      - asks: {device: anodyne, payer: aetna, service_date: '2026-07-01'}
        gives: {code: '97039', answered_by: clinic}
      - asks: {device: anodyne, payer: aetna, service_date: '2026-06-30'}
        gives: {not_rule: our-aetna-anodyne-97039}
        because: the day before it starts
"""
    )
    assert (
        (tmp_path / "ours" / "sources" / "payer-letters.yaml").read_text()
        == """\
# What payers sent us. The rules in payers/ cite these by id.
sources:
  - id: aetna-letter-of-2026-06-12
    title: Letter of 2026-06-12
    publisher: Aetna (CVS Health)
    date: '2026-06-12'
    evidence: primary
"""
    )


def test_the_examples_of_the_help_work_in_their_order(cpt):
    examples = [line.strip() for line in cpt("rules", "add", "-h").stdout.splitlines() if "  cpt rules add" in line]
    assert len(examples) == 3
    assert [cpt(*words_of(f"$ {each}"), env={"CPT_RULES": "ours"}).code for each in examples] == [0, 0, 0]


def test_what_was_added_and_which_answers_change_is_shown(cpt):
    ran = add(cpt, *INFRARED)
    assert ran.code == 0
    lines = ran.stdout.splitlines()
    assert lines[0] == "our-aetna-infrared-covered  payers/aetna.yaml:4"
    assert "  before  97026 (code set), investigational" in lines
    assert "  after   97026 (code set), covered" in lines
    assert any(line.startswith("  anodyne, aetna: 97026, investigational -> 97026, covered") for line in lines) or (
        "more: --json lists all." in lines[-1]
    )
    assert "cpt rules remove our-aetna-infrared-covered" in ran.stderr


def test_every_changed_answer_of_the_payer_is_in_the_json(cpt):
    document = json.loads(add(cpt, *INFRARED, "--json").stdout)
    changed = {(each["question"]["device"], each["before"], each["after"]) for each in document["changes"]}
    assert ("anodyne", "97026, investigational", "97026, covered") in changed
    assert {each["question"]["payer"] for each in document["changes"]} == {"aetna"}
    assert (document["before"]["verdict"], document["after"]["verdict"]) == ("investigational", "covered")
    assert document["written"] is True


def test_dry_run_shows_the_rule_as_it_would_be_written_and_writes_nothing(cpt, tmp_path):
    shown = add(cpt, *ANODYNE, "--dry-run")
    assert shown.code == 0
    assert not (tmp_path / "ours").exists()
    assert add(cpt, *ANODYNE).code == 0
    written = (tmp_path / "ours" / "payers" / "aetna.yaml").read_text()
    rule = shown.stdout.partition("\n\n")[0]
    assert rule.startswith("- id: our-aetna-anodyne-97039\n")
    assert "".join(f"  {line}\n" for line in rule.splitlines()) == written[written.index("  - id") :]


def test_two_rules_of_one_letter_cite_it_once_and_the_letter_stays_until_the_second_goes(cpt, tmp_path):
    add(cpt, *ANODYNE)
    add(cpt, *INFRARED)
    letters = tmp_path / "ours" / "sources" / "payer-letters.yaml"
    assert letters.read_text().count("- id:") == 1
    before = letters.read_bytes()
    assert cpt("rules", "remove", "our-aetna-anodyne-97039", "--rules", "ours").code == 0
    assert letters.read_bytes() == before
    assert cpt("rules", "remove", "our-aetna-infrared-covered", "--rules", "ours").code == 0
    assert snapshot(tmp_path / "ours") == {}


def test_the_same_code_from_another_date_on_is_a_second_rule(cpt):
    assert add(cpt, *ANODYNE, "--until", "2026-07-31").code == 0
    again = add(cpt, *ANODYNE[:-1], "2026-09-01")
    assert again.code == 0
    assert again.stdout.startswith("our-aetna-anodyne-97039-2 ")
    asked = ["suggest", "--device", "anodyne", "--payer", "aetna", "--rules", "ours", "--json", "--on"]
    days = ("2026-06-30", "2026-07-01", "2026-07-31", "2026-08-01", "2026-08-31", "2026-09-01")
    assert [json.loads(cpt(*asked, day).stdout)["code"] for day in days] == [
        "97026", "97039", "97039", "97026", "97026", "97039"
    ]  # fmt: skip


def test_what_one_of_your_rules_says_already_is_not_written_again(cpt, tmp_path):
    for arguments in (ANODYNE, INFRARED):
        add(cpt, *arguments)
        before = snapshot(tmp_path / "ours")
        again = add(cpt, *arguments)
        assert again.code == 2
        assert "says the same. Nothing was written." in again.stderr
        assert snapshot(tmp_path / "ours") == before


def test_a_letter_after_a_phone_call_decides_and_the_call_stays(cpt):
    call = add(cpt, *INFRARED[:-2], "--document", "Phone call", "--evidence", "anecdotal")
    assert call.code == 1
    assert "our-aetna-infrared-covered does not decide this answer (decided by infrared, aetna-infrared)" in call.stderr
    letter = add(cpt, *INFRARED, "--json")
    assert letter.code == 0
    assert json.loads(letter.stdout)["after"]["rules"] == ["infrared", "our-aetna-infrared-covered-2"]
    assert len(cpt("rules", "list", "--rules", "ours").stdout.splitlines()) == 3
    assert cpt("rules", "test", "ours").code == 0


def test_a_contradiction_with_another_rule_of_yours_shows_both_places(cpt, tmp_path):
    add(cpt, *INFRARED)
    before = snapshot(tmp_path / "ours")
    ran = add(cpt, *INFRARED[:4], "--verdict", "not_covered", *LETTER)
    assert ran.code == 2
    assert (
        "payers/aetna.yaml:20:5: not_covered where 'our-aetna-infrared-covered' (payers/aetna.yaml:4:5)" in ran.stderr
    )
    assert "Nothing was written" in ran.stderr
    assert snapshot(tmp_path / "ours") == before


def test_a_rule_that_would_falsify_an_example_of_yours_is_refused(cpt, tmp_path):
    _person_s_file(tmp_path / "ours")
    before = snapshot(tmp_path / "ours")
    ran = add(cpt, "--payer", "palmetto", "--device", "anodyne", "--use", "97026", *LETTER, "--from", "2026-02-01",
              "--until", "2026-03-01")  # fmt: skip
    assert ran.code == 2
    assert "example 2 of 'clinic-palmetto-anodyne'" in ran.stderr
    assert snapshot(tmp_path / "ours") == before


@pytest.mark.parametrize("rule_base", [True, False])
def test_a_folder_with_problems_is_not_added_to(cpt, tmp_path, rule_base):
    ours = tmp_path / "ours"
    _person_s_file(ours)
    if rule_base:
        shutil.copy(shipped_folder() / "rulebook.yaml", ours)
    else:
        (ours / "payers" / "latin.yaml").write_bytes("extends: aetna # é".encode("latin-1"))
    before = snapshot(ours)
    ran = add(cpt, *ANODYNE)
    assert ran.code == 2
    assert ("whole rule base" if rule_base else "payers/latin.yaml:1:18: bytes that are not UTF-8") in ran.stderr
    assert snapshot(ours) == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "add --payer NAME (or --new-payer NAME), and --device NAME, --modality NAME or --code CODE, and --use"),
        (["--payer", "aetna", "--device", "anodyne", "--use", "97039"], "add --document TEXT"),
        (["--payer", "aetna", "--use", "97039", *LETTER], "add --device NAME, --modality NAME or --code CODE"),
        (["--payer", "aetna", "--device", "anodyne", *LETTER], "add --use CODE, --verdict WORD"),
        (["--payer", "acme", *INFRARED[2:]], "--new-payer NAME"),
        (["--payer", "other", *INFRARED[2:]], "--new-payer NAME"),
        ([*INFRARED, "--new-payer", "ACME"], "both name the payer. Give one."),
        (["--new-payer", "Aetna", *INFRARED[2:]], "--payer aetna"),
        (["--new-payer", "///", *INFRARED[2:]], "plain letters or digits"),
        (["--new-payer", "ACME" * 20, *INFRARED[2:]], "at most 60 characters"),
        (["--new-payer", "AC\x1b[31mME", *INFRARED[2:]], "U+001B"),
        ([*INFRARED, "--kind", "insurer"], "--new-payer NAME too"),
        (["--payer", "aetna", "--device", "other", "--verdict", "covered", *LETTER], "a device in our list"),
        (["--payer", "aetna", "--device", "no such thing", "--verdict", "covered", *LETTER], "No device called"),
        (["--payer", "aetna", "--device", "anodyne", "--modality", "ultrasound", "--verdict", "covered", *LETTER],
         "--modality 'ultrasound': expected"),
        ([*ANODYNE[:4], "--use", "977999", *LETTER], "97799"),
        ([*ANODYNE[:4], "--use", "97039-GP", *LETTER], "without modifiers"),
        ([*ANODYNE[:4], "--use", "infrared", *LETTER], "without modifiers"),
        ([*ANODYNE[:4], "--use", "97039", "--refuses", "97039", *LETTER], "contradict each other"),
        ([*ANODYNE[:4], "--accepts", "97026", "--refuses", "97026", *LETTER], "contradict each other"),
        (["--payer", "aetna", "--code", "97026", "--use", "97026", *LETTER], "are the same code"),
        (["--payer", "aetna", "--code", "97026", "--use", "97039", "--accepts", "97026", *LETTER], "contradict"),
        (["--payer", "aetna", "--refuses", "97026", "--verdict", "covered", *LETTER], "contradict each other"),
        (["--payer", "aetna", "--modality", "class iv laser", "--code", "97039", "--verdict", "covered", *LETTER],
         "billed for other treatments too"),
        (["--payer", "aetna", "--modality", "electrical stimulation", "--use", "G0283", *LETTER],
         "Several are possible: 97014, 97032."),
        ([*INFRARED, "--verdict", "maybe"], "one of covered, conditional, bundled, investigational, not_covered"),
        ([*INFRARED, "--verdict", "unknown"], "one of covered, conditional, bundled, investigational, not_covered"),
        ([*INFRARED, "--evidence", "inferred"], "one of primary, secondary, anecdotal"),
        ([*INFRARED, "--confidence", "very"], "one of high, medium, low"),
        ([*INFRARED, "--modifier", "GPX"], "No modifier called 'GPX'"),
        ([*INFRARED, "--state", "XX"], "--state 'XX'"),
        ([*INFRARED, "--setting", "car"], "clinic or home"),
        ([*INFRARED, "--says", "a\x00b".replace("\x00", "\x07")], "U+0007"),
        ([*INFRARED, "--says", " \n "], "--says"),
        ([*INFRARED[:-1], "a\u202eb"], "U+202E"),
        ([*INFRARED, "--from", "2026-02-30"], "--from '2026-02-30'"),
        ([*INFRARED, "--from", "30/30/2026"], "--from '30/30/2026'"),
        ([*INFRARED, "--until", "soon"], "--until 'soon'"),
        ([*INFRARED, "--document-date", "in June"], "--document-date 'in June'"),
        ([*INFRARED, "--document-date", "2026-11-24"], "a date up to today, 2026-11-23"),
        ([*INFRARED, "--from", "2026-07-01", "--until", "2026-06-30"], "a date on or after --from 2026-07-01"),
    ],
)  # fmt: skip
def test_what_cannot_be_kept_says_why_and_writes_nothing(cpt, tmp_path, arguments, words):
    ran = add(cpt, *arguments)
    assert (ran.code, ran.stdout) == (2, "")
    assert words in ran.stderr
    assert "\x1b" not in ran.stderr
    assert not (tmp_path / "ours").exists()


def test_dates_are_read_as_everywhere_else(cpt, tmp_path, monkeypatch):
    monkeypatch.setattr("cptcli.commands.add_rule.service_day", {"first of July": date(2026, 7, 1)}.__getitem__)
    assert add(cpt, *ANODYNE[:-1], "first of July").code == 0
    assert "effective: '2026-07-01'" in (tmp_path / "ours" / "payers" / "aetna.yaml").read_text()


@pytest.mark.parametrize(
    "says",
    [
        "-- no: 'it' is \"not\" paid",
        "97026",
        "{a: b}, [c] & *d # e",
        "line one\n\tline two",
        "it is said that " * 30,
        "ünïcödé 漢字 🦵",
        "<b>bold</b> [red]markup[/]",
    ],
)
def test_what_the_payer_said_is_kept_word_for_word(cpt, tmp_path, says):
    assert add(cpt, *INFRARED, "--says", says).code == 0
    explained = json.loads(cpt("explain", "our-aetna-infrared-covered", "--rules", "ours", "--json").stdout)
    assert explained["rule"]["says"] == " ".join(says.split())
    assert cpt("rules", "check", "ours").code == 0


@given(says=st.text(st.characters(codec="utf-8"), min_size=1).filter(lambda text: text.isprintable() and text.strip()))
@settings(max_examples=300, deadline=None)
def test_any_printable_text_survives_in_rule_and_source_and_the_files_stay_valid(book, says):
    typed = TypedRule(payer="aetna", modality="infrared", verdict="covered", document=says, says=says)
    new = new_rule(book, typed, TODAY)
    once = with_rule({}, Added(new.rule, new.source, new.payer, known=True))
    twice = with_rule(once, Added(structs.replace(new.rule, id="another"), None, new.payer, known=True))
    files = {**once, **twice}
    assert [each["says"] for each in entries(files["payers/aetna.yaml"], "rules")] == [" ".join(says.split())] * 2
    (source,) = entries(files["sources/payer-letters.yaml"], "sources")
    assert source["title"] == " ".join(says.split())
    assert max(map(len, files["payers/aetna.yaml"].decode().splitlines())) < 120 or max(map(len, says.split())) > 80


def test_every_device_and_treatment_can_be_ruled_on_and_every_headline_fits(book, tmp_path):
    """One rule for each, all in one folder: it has no problem, and each question is answered as its rule says."""
    new = []
    for kind, key in [*(("device", key) for key in book.keys("devices")),
                      *(("modality", key) for key in book.keys("modalities"))]:  # fmt: skip
        setting = "home" if kind == "device" and book.device(key).settings == ("home",) else None
        typed = TypedRule(payer="aetna", verdict="bundled", document="Letter", setting=setting, **{kind: key})
        added = new_rule(book, typed, TODAY)
        new.append(structs.replace(added, rule=structs.replace(added.rule, id=f"{added.rule.id}-{kind}")))
    contents = with_rule({}, Added(new[0].rule, new[0].source, new[0].payer, known=True))
    lines = (f"  {line}\n" for each in new[1:] for line in rule_lines(each.rule))
    contents["payers/aetna.yaml"] += "".join(lines).encode()
    shipped = shipped_parts()
    assert problems_of(shipped, tmp_path, contents) == []
    assert [each.rule.short for each in new if len(each.rule.short) > 90 or "bundled" not in each.rule.short] == []
    ruled = laid_over(shipped, tmp_path, contents)
    answers = {each.rule.id: seen(ruled, each.question, TODAY).verdict for each in new}
    assert {key: verdict for key, verdict in answers.items() if verdict != "bundled"} == {}


# ------------------------------------------------------------------------------------------- what a person wrote

ENTRY = ["- id: new", "  says: >-", "    A text.", "  sources: [a]"]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("extends: aetna\nrules:\n  - id: old\n    says: A.\n", id="plain"),
        pytest.param("extends: aetna\nrules:\n- id: old\n  says: A.\n", id="not indented"),
        pytest.param("extends: aetna\nrules:\n      -   id: old\n          says: A.\n", id="widely indented"),
        pytest.param("extends: aetna\nrules:\n  -\n    id: old\n    says: A.\n", id="the dash alone"),
        pytest.param("extends: aetna\nrules:\n  - {id: old, says: A.}\n", id="an entry in braces"),
        pytest.param("extends: aetna\r\nrules:\r\n  - id: old\r\n    says: A.\r\n", id="line ends of Windows"),
        pytest.param("extends: aetna\nrules:\n  - id: old\n    says: A.", id="no line end at the end"),
        pytest.param("extends: aetna\r\nrules:\r\n  - id: old\r\n    says: A.", id="the same of Windows"),
        pytest.param("\ufeffextends: aetna\nrules:\n  - id: old\n    says: A.\n", id="a byte order mark"),
        pytest.param("\ufeffrules: []\nextends: aetna\n", id="a byte order mark before an empty list"),
        pytest.param("extends: aetna\nrules: []\n", id="an empty list"),
        pytest.param("extends: aetna\nrules: []  # none yet\n", id="an empty list with a comment"),
        pytest.param("rules:\n  - id: old\n    says: A.\n\n\n# who pays\nextends: aetna\n", id="rules first"),
        pytest.param("extends: aetna\nrules:\n  - id: old\n    says: >-\n      A\n      text.\n\n# end\n", id="folded"),
        pytest.param("extends: aetna\nrules:\n  - id: old\n    says: |\n      A text.\n", id="literal to the end"),
        pytest.param("extends: aetna\nrules:\n  - id: old\n    says: |\n      A text.", id="literal without line end"),
        pytest.param("extends: aetna\nrules:\n  - id: old\n    says: 'A\n\n     b'  # c\n    # d\n  # e\n", id="notes"),
        pytest.param("---\nextends: aetna\nrules:\n  - id: old\n    says: A.\n...\n", id="document marks"),
        pytest.param("extends: aetna\nrules:\n  - id: old\n    says: [A,\n      b]\n\n", id="a list over two lines"),
    ],
)  # fmt: skip
def test_an_entry_goes_in_and_out_of_a_persons_file_without_moving_a_byte(text):
    before = text.encode()
    added = with_entry(before, "file", "rules", ENTRY)
    assert [each["id"] for each in entries(added, "rules")] == [*(["old"] if "old" in text else []), "new"]
    kept = [line.rstrip() for line in text.replace("rules: []", "rules:").splitlines()]
    assert [line for line in map(str.rstrip, added.decode().splitlines()) if line in kept][: len(kept)] != []
    assert without_entry(added, "file", "rules", "new") == before
    if "old" in text:
        assert [each["id"] for each in entries(without_entry(added, "file", "rules", "old"), "rules")] == ["new"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("extends: aetna\nrules: [{id: old, says: A.}]\n", 2),
        ("{extends: aetna, rules: []}\n", 1),
        ('{"extends": "aetna",\n"rules": [{"id": "old"}]}\n', 1),
    ],
)
def test_a_list_in_brackets_is_refused_with_its_line_and_what_to_do(text, line):
    with pytest.raises(CannotEdit) as refused:
        with_entry(text.encode(), "payers/aetna.yaml", "rules", ENTRY)
    assert str(refused.value).startswith(f"payers/aetna.yaml:{line}: ")
    assert "'- id: ...'" in str(refused.value)


def test_a_folder_in_brackets_is_left_as_it_is(cpt, tmp_path):
    payers = tmp_path / "ours" / "payers"
    payers.mkdir(parents=True)
    (payers / "aetna.yaml").write_text(
        "extends: aetna\nrules: [{id: a, says: b, applies: {codes: ['97110']}, verdict: covered, evidence: primary, "
        "confidence: high, checked: '2026-01-01', sources: [zaya]}]\n"
    )
    before = snapshot(tmp_path)
    ran = add(cpt, *ANODYNE)
    assert ran.code == 2
    assert "payers/aetna.yaml:2: 'rules' is written in [ ]" in ran.stderr
    assert snapshot(tmp_path) == before
    gone = cpt("rules", "remove", "a", "--rules", "ours")
    assert gone.code == 2
    assert "Delete 'a' there by hand" in gone.stderr


# ------------------------------------------------------------------------------------------------ list and remove


def test_your_rules_are_listed_with_payer_headline_dates_and_place(cpt, tmp_path):
    add(cpt, *ANODYNE, "--until", "2026-12-31")
    heading, row = cpt("rules", "list", "--rules", "ours").stdout.splitlines()
    assert dict(zip(heading.split("\t"), row.split("\t"), strict=True)) == {
        "id": "our-aetna-anodyne-97039",
        "payer": "aetna",
        "headline": "Aetna: bill Anodyne Therapy Professional System as 97039, not 97026.",
        "from": "2026-07-01",
        "until": "2026-12-31",
        "place": "payers/aetna.yaml:4",
    }
    (tmp_path / "none").mkdir()
    none = cpt("rules", "list", "--rules", "none")
    assert (none.code, none.stdout) == (0, "")
    assert "0 rules of yours in none." in none.stderr
    assert cpt("rules", "list", "--rules", "missing").code == 2


def test_an_unknown_rule_is_named_with_the_nearest_of_yours(cpt, tmp_path):
    add(cpt, *ANODYNE)
    before = snapshot(tmp_path)
    ran = cpt("rules", "remove", "our-aetna-anodyne-97093", "--rules", "ours")
    assert ran.code == 2
    assert "Nearest: our-aetna-anodyne-97039." in ran.stderr
    shipped = cpt("rules", "remove", "aetna-infrared", "--rules", "ours")
    assert shipped.code == 2
    assert "It is a shipped rule" in shipped.stderr
    assert snapshot(tmp_path) == before


def test_exactly_one_rule_of_a_persons_file_is_taken_out(cpt, tmp_path):
    _person_s_file(tmp_path / "ours")
    assert add(cpt, *INFRARED).code == 0
    written = (tmp_path / "ours" / "payers" / "more.yaml").read_bytes()
    assert b"- id: our-aetna-infrared-covered\r\n" in written
    assert cpt("rules", "remove", "traction", "--rules", "ours").code == 0
    start, end = written.index(b"-   says"), written.index(b"    # still")
    assert (tmp_path / "ours" / "payers" / "more.yaml").read_bytes() == written[:start] + written[end:]


def test_the_last_rule_of_a_persons_file_leaves_an_empty_list(cpt, tmp_path):
    _person_s_file(tmp_path / "ours")
    more = tmp_path / "ours" / "payers" / "more.yaml"
    assert cpt("rules", "remove", "traction", "--rules", "ours").code == 0
    assert more.read_bytes() == (
        b"# what Aetna wrote\r\nextends: 'aetna'   # the insurer\r\nrules: []\r\n"
        b"    # still to come: the letter about cupping\r\n\r\n# the end"
    )
    assert cpt("rules", "check", "ours").code == 0
    assert add(cpt, *INFRARED).code == 0


def test_a_rule_that_another_one_overrules_by_name_stays(cpt, tmp_path):
    add(cpt, *ANODYNE)
    file = tmp_path / "ours" / "payers" / "late.yaml"
    file.write_text(
        "extends: aetna\nrules:\n  - {id: late, says: A., applies: {devices: [anodyne]}, replaces: "
        "[our-aetna-anodyne-97039], code: '97799', checked: '2026-01-01', evidence: primary, confidence: high, "
        "sources: [zaya]}\n"
    )
    before = snapshot(tmp_path)
    ran = cpt("rules", "remove", "our-aetna-anodyne-97039", "--rules", "ours")
    assert ran.code == 2
    assert "payers/late.yaml:3:5: no code or rule 'our-aetna-anodyne-97039'" in ran.stderr
    assert snapshot(tmp_path) == before


def test_a_new_payer_stays_while_another_file_of_yours_extends_it(cpt, tmp_path):
    assert add(cpt, "--new-payer", "ACME", "--kind", "TPA", *INFRARED[2:]).code == 0
    payers = tmp_path / "ours" / "payers"
    (payers / "more.yaml").write_text("extends: acme\n")
    assert cpt("rules", "remove", "our-acme-infrared-covered", "--rules", "ours").code == 0
    assert (payers / "acme.yaml").read_text().endswith("id: acme\nname: ACME\nkind: TPA\nrules: []\n")
    assert cpt("rules", "check", "ours").code == 0


def test_a_rule_can_be_taken_out_of_a_folder_that_a_conflict_makes_unusable(cpt, tmp_path):
    add(cpt, *INFRARED)
    file = tmp_path / "ours" / "payers" / "late.yaml"
    file.write_text(
        "extends: aetna\nrules:\n  - {id: late, says: A., applies: {modalities: [infrared]}, verdict: bundled, "
        "checked: '2026-01-01', evidence: primary, confidence: high, sources: [zaya]}\n"
    )
    assert cpt("rules", "list", "--rules", "ours").code == 2
    assert cpt("rules", "remove", "our-aetna-infrared-covered", "--rules", "ours").code == 0
    assert cpt("rules", "check", "ours").code == 0


# ------------------------------------------------------------------------------------------------- the folder


def test_without_a_folder_the_rules_go_into_the_platforms_own_and_it_is_said_how_they_count(cpt, tmp_path):
    env = {"XDG_DATA_HOME": str(tmp_path / "data"), "XDG_CONFIG_HOME": str(tmp_path / "config")}
    ran = cpt("rules", "add", *ANODYNE, env=env)
    folder = tmp_path / "data" / "cpt" / "rules"
    assert ran.code == 0
    assert f"Your rules are in {folder} from now on." in ran.stderr
    asked = ("suggest", "--device", "anodyne", "--payer", "aetna", "--on", "2026-11-23", "--json")
    assert json.loads(cpt(*asked, env=env).stdout)["answered_by"] == "clinic"  # without naming the folder
    assert [*snapshot(folder)] == ["payers/aetna.yaml", "sources/payer-letters.yaml"]
    assert "our-aetna-anodyne-97039" in cpt("rules", "list", env=env).stdout
    assert cpt("rules", "remove", "our-aetna-anodyne-97039", env=env).code == 0
    assert snapshot(folder) == {}


def test_cpt_rules_names_the_folder_and_the_option_comes_first(cpt, tmp_path):
    env = {"CPT_RULES": str(tmp_path / "named")}
    assert cpt("rules", "add", *ANODYNE, env=env).code == 0
    assert cpt("rules", "add", *ANODYNE, "--rules", "ours", env=env).code == 0
    assert [*snapshot(tmp_path / "named")] == [*snapshot(tmp_path / "ours")] != []


@pytest.mark.parametrize("made", ["file", "pipe", "nothing", "blank", "control"])
def test_what_is_no_folder_is_refused(cpt, tmp_path, made):
    named = {"nothing": "", "blank": " ", "control": "a\x07b"}.get(made, "ours")
    if made == "file":
        (tmp_path / "ours").write_text("mine")
    if made == "pipe":
        os.mkfifo(tmp_path / "ours")
    ran = cpt("rules", "add", *ANODYNE, "--rules", named)
    assert (ran.code, ran.stdout) == (2, "")
    assert "expected a folder" in ran.stderr
    assert made != "file" or (tmp_path / "ours").read_text() == "mine"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_is_said_so(cpt_process, tmp_path):
    (tmp_path / "ours").mkdir(mode=0o555)
    ran = add(cpt_process, *ANODYNE)
    assert ran.code == 2
    assert "could not be written" in ran.stderr


@pytest.mark.parametrize("folder", ["missing", "a person's"])
def test_a_full_disk_leaves_the_folder_as_it_was(cpt, cpt_process, tmp_path, folder):
    if folder == "a person's":
        _person_s_file(tmp_path / "ours")
    before = snapshot(tmp_path)
    assert add(cpt, "--payer", "cigna", *ANODYNE[2:], "--dry-run").code == 0  # what is compiled is kept by now

    def full():
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))

    ran = add(cpt_process, "--payer", "cigna", *ANODYNE[2:], preexec_fn=full)
    assert ran.code == 2
    assert "could not be written: File too large. Nothing was changed." in ran.stderr
    assert snapshot(tmp_path) == before
    assert (tmp_path / "ours").exists() == (folder == "a person's")


@pytest.mark.parametrize("failing", [1, 2])
def test_when_one_of_two_files_cannot_be_replaced_neither_is(tmp_path, monkeypatch, failing):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "old.yaml").write_bytes(b"old")
    calls, replace = [], Path.replace

    def fails(self, target):
        calls.append(target)
        if len(calls) == failing:
            raise OSError(28, "No space left on device")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", fails)
    changed = {"a/old.yaml": b"new", "b/new.yaml": b"new"}
    with pytest.raises(NotWritten, match="No space left on device"):
        write_all(tmp_path, changed, {"a/old.yaml": b"old"})
    assert snapshot(tmp_path) == {"a/old.yaml": b"old"}
    assert not (tmp_path / "b").exists()


def test_a_file_that_somebody_changed_in_the_meantime_is_not_written_over(tmp_path):
    (tmp_path / "a.yaml").write_bytes(b"newer")
    with pytest.raises(NotWritten, match="changed in the meantime"):
        write_all(tmp_path, {"b.yaml": b"x", "a.yaml": b"mine"}, {"a.yaml": b"old"})
    assert snapshot(tmp_path) == {"a.yaml": b"newer"}


def test_permissions_and_links_of_a_file_stay(tmp_path):
    (tmp_path / "real.yaml").write_bytes(b"old")
    (tmp_path / "real.yaml").chmod(0o640)
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours" / "a.yaml").symlink_to(tmp_path / "real.yaml")
    write_all(tmp_path / "ours", {"a.yaml": b"new"}, {"a.yaml": b"old"})
    assert (tmp_path / "ours" / "a.yaml").is_symlink()
    assert (tmp_path / "real.yaml").read_bytes() == b"new"
    assert (tmp_path / "real.yaml").stat().st_mode & 0o777 == 0o640


# ------------------------------------------------------------------------------------------------ at a terminal


def test_at_a_terminal_what_is_missing_is_asked_and_the_same_command_is_shown(terminal, cpt, tmp_path):
    asked = terminal("rules", "add", "--rules", "ours", columns=250)
    for title, line in (
        ("Which payer said so?", "aetna"),
        ("What is it about?", "electrical stimulation"),
        ("What did the payer say?", "bill another code"),
        ("Which code?", "G0283"),
        ("In which document?", "Letter of 2026-06-12"),
        ("Which date is on it?", ""),
        ("What is it?", ""),
        ("From which date of service on?", "2026-07-01"),
        ("Which code is billed so far?", "97014"),
    ):
        asked.sees(title).sees(" > ").types(line)
    assert asked.ends() == 0
    same = next(line for line in asked.screen.splitlines() if line.startswith("The same without questions: cpt "))
    assert same.endswith(
        "--payer aetna --modality e-stim --code 97014 --use G0283 --document 'Letter of 2026-06-12' --from 2026-07-01 "
        "--evidence primary --rules ours"
    )
    assert "code: 'G0283'" in (tmp_path / "ours" / "payers" / "aetna.yaml").read_text()


@pytest.mark.parametrize(("kind", "line"), [("device", "anodyne"), ("code", "97110"), ("treatment", "ultrasound")])
def test_at_a_terminal_a_device_a_treatment_and_a_code_are_understood(terminal, tmp_path, kind, line):
    asked = terminal("rules", "add", "--rules", "ours", "--payer", "cigna", *LETTER, columns=250)
    asked.sees("What is it about?").sees(" > ").types("nothing of that name").sees("No modality called")
    asked.sees(" > ").types(line)
    asked.sees("What did the payer say?").sees(" > ").types("2")
    asked.sees("Is it covered?").sees(" > ").types("bundled")
    assert asked.ends() == 0
    assert f"our-cigna-{line}-bundled" in (tmp_path / "ours" / "payers" / "cigna.yaml").read_text()
