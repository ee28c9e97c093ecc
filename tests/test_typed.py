"""What people type, from tests/cases/typed.yaml: dates, minutes, codes with blanks, several diagnoses, file names."""

import json

import pytest
from conftest import TESTS, TODAY, read_yaml

from cptcli.advice.typed import DAY_FORMS
from cptcli.model.visit import Day
from cptcli.visit.reading import BadLine, read_line

_CASES = read_yaml(TESTS / "cases" / "typed.yaml")
_ANODYNE = ["suggest", "--device", "anodyne", "--payer", "palmetto"]


def _each(kind):
    """The cases of a kind that mean something."""
    return [pytest.param(case, id=str(case["typed"])) for case in _CASES[kind]]


def _refused(kind):
    """What a kind does not accept."""
    return [pytest.param(typed, id=repr(typed)) for typed in _CASES[f"{kind}_refused"]]


def _document(ran):
    assert ran.code in (0, 1), ran.stderr
    return json.loads(ran.stdout)


def _visit_file(folder, **values):
    (folder / "visit.json").write_text(json.dumps({"payer": "medicare", **values}), encoding="utf-8")
    return "visit.json"


# ------------------------------------------------------------------------------------------------ dates of service


@pytest.mark.parametrize("case", _each("days"))
def test_a_date_of_service_is_read_as_billers_type_it(cpt, tmp_path, monkeypatch, case):
    monkeypatch.setattr("cptcli.commands.options.today", lambda: TODAY)
    monkeypatch.setattr("cptcli.commands.check.today", lambda: TODAY)
    asked = _document(cpt(*_ANODYNE, "--on", case["typed"], "--json"))["question"]
    assert asked["service_date"] == case["means"]
    file = _visit_file(tmp_path, service_date=case["typed"], lines=[{"code": "97161"}])
    assert _document(cpt("check", file, "--json"))["visit"]["service_date"] == case["means"]


@pytest.mark.parametrize("typed", _refused("days"))
def test_a_date_that_is_impossible_or_ambiguous_is_refused_with_the_forms_accepted(cpt, tmp_path, typed):
    for command in (_ANODYNE, ["lookup", "97110"], ["check", "97161", "--payer", "medicare"], ["fee", "97110"]):
        ran = cpt(*command, "--on", typed)
        assert (ran.code, ran.stdout) == (2, "")
        assert ran.stderr == f"cpt: --on {typed!r}: expected {DAY_FORMS}.\n"
    ran = cpt("check", _visit_file(tmp_path, service_date=typed, lines=[{"code": "97161"}]))
    assert ran.code == 2
    assert "visit.json:1:39: " in ran.stderr
    assert f"expected {DAY_FORMS}" in ran.stderr


def test_the_visit_format_describes_a_date_in_the_same_words():
    assert Day.__metadata__[0].description == DAY_FORMS


def test_a_date_that_begins_with_a_dash_may_follow_the_option_either_way(cpt):
    days = [
        _document(cpt(*_ANODYNE, *typed, "--json"))["question"]["service_date"]
        for typed in (["--on=-3d"], ["--on", "-3d"])
    ]
    assert days == ["2026-11-20", "2026-11-20"]


# --------------------------------------------------------------------------------------------- minutes, units, codes


@pytest.mark.parametrize("case", _each("minutes"))
def test_minutes_are_read_as_a_clinic_writes_them_down(cpt, tmp_path, case):
    assert read_line(f"97110:{case['typed']}").minutes == case["means"]
    for key in ("minutes", "therapist_minutes"):
        file = _visit_file(tmp_path, lines=[{"code": "97110", key: case["typed"]}])
        assert _document(cpt("check", file, "--json"))["lines"][0]["minutes"] == case["means"]


@pytest.mark.parametrize("typed", _refused("minutes"))
def test_minutes_that_could_be_something_else_are_refused(cpt, tmp_path, typed):
    with pytest.raises(BadLine, match="expected"):
        read_line(f"97110:{typed}")
    ran = cpt("check", _visit_file(tmp_path, lines=[{"code": "97110", "minutes": typed}]))
    assert (ran.code, ran.stdout) == (2, "")
    assert "expected whole minutes of one day, 0 to 1439, as 25, 1:05 or 1h05" in ran.stderr


def test_a_time_of_day_is_said_to_be_no_number_of_minutes(cpt):
    ran = cpt("check", "97110:9:00", "--payer", "medicare")
    assert ran.code == 2
    assert "minutes '9:00', which reads like a time of day" in ran.stderr


@pytest.mark.parametrize("case", _each("lines"))
def test_a_line_is_read_with_blanks_and_any_case(case):
    line = read_line(case["typed"])
    assert {
        "typed": case["typed"],
        **{
            name: [*value] if name == "modifiers" else value
            for name in ("code", "modifiers", "minutes", "units")
            if (value := getattr(line, name)) not in (None, ())
        },
    } == case


@pytest.mark.parametrize("typed", _refused("lines"))
def test_a_line_that_is_none_is_refused_with_the_form_accepted(typed):
    with pytest.raises(BadLine, match="expected"):
        read_line(typed)


@pytest.mark.parametrize("typed", ["97110", "97 110", " 9 7110 "])
def test_a_code_with_blanks_is_the_same_code_everywhere(cpt, tmp_path, typed):
    assert _document(cpt("lookup", typed, "--json"))["code"]["code"] == "97110"
    assert _document(cpt("fee", typed, "--state", "SC", "--on", "2025-10-15", "--json"))["code"] == "97110"
    assert _document(cpt("check", typed, "--payer", "medicare", "--json"))["lines"][0]["code"] == "97110"
    file = _visit_file(tmp_path, lines=[{"code": typed}])
    assert _document(cpt("check", file, "--json"))["lines"][0]["code"] == "97110"


def test_a_code_in_lower_case_with_a_blank_is_the_same_code_everywhere(cpt):
    assert _document(cpt("lookup", "g 0283", "--json"))["code"]["code"] == "G0283"
    assert _document(cpt("fee", "g 0283", "--state", "SC", "--on", "2025-10-15", "--json"))["code"] == "G0283"


# -------------------------------------------------------------------------------------------------------- diagnoses


@pytest.mark.parametrize("option", ["--dx", "--diagnosis"])
@pytest.mark.parametrize("case", _each("diagnoses"))
def test_diagnoses_may_share_one_option(cpt, option, case):
    typed = [word for value in case["typed"] for word in (option, value)]
    assert _document(cpt(*_ANODYNE, *typed, "--json"))["question"]["diagnoses"] == case["means"]
    visit = _document(cpt("check", "97161", "--payer", "medicare", *typed, "--json"))["visit"]
    assert [*visit["diagnoses"].values()] == case["means"]


@pytest.mark.parametrize("typed", _refused("diagnoses"))
def test_a_diagnosis_that_is_none_is_refused_also_among_others(cpt, typed):
    for command in (_ANODYNE, ["check", "97161", "--payer", "medicare"]):
        ran = cpt(*command, *(word for value in typed for word in ("--dx", value)))
        assert (ran.code, ran.stdout) == (2, "")
        assert "expected an ICD-10-CM code" in ran.stderr


def test_a_claim_form_has_room_for_twelve_diagnoses_however_they_are_typed(cpt):
    thirteen = ", ".join(f"M25.{number}" for number in range(510, 523))
    assert "at most 12 diagnoses" in cpt("check", "97161", "--payer", "medicare", "--dx", thirteen).stderr


# ----------------------------------------------------------------------------------------------- files for cpt check


@pytest.mark.parametrize("case", _CASES["files"], ids=lambda case: case["name"])
def test_a_file_that_is_no_visit_file_is_called_what_it_is(cpt, tmp_path, case):
    (tmp_path / case["name"]).write_bytes(case["content"].encode())
    ran = cpt("check", case["name"], "--payer", "medicare")
    assert (ran.code, ran.stdout) == (2, "")
    assert [words for words in case["words"] if words not in ran.stderr] == []
    assert "Roe" not in ran.stderr


@pytest.mark.parametrize("name", _CASES["missing"])
def test_a_file_that_does_not_exist_is_not_read_as_a_code(cpt, name):
    ran = cpt("check", name, "--payer", "medicare")
    assert (ran.code, ran.stdout) == (2, "")
    assert ran.stderr.startswith(f"cpt: {name}: no such file. ")


def test_a_file_among_lines_is_refused(cpt):
    ran = cpt("check", "97110:25", "charges.csv", "--payer", "medicare")
    assert (ran.code, ran.stdout) == (2, "")
    assert "LINE 'charges.csv': expected lines, or one visit file" in ran.stderr


def test_a_claim_file_on_standard_input_is_called_what_it_is(cpt):
    ran = cpt("check", "-", stdin=b"ISA*00*~")
    assert ran.code == 2
    assert "standard input: an 837 (X12) claim file" in ran.stderr


def test_a_visit_in_yaml_or_json_with_commas_is_no_table(cpt, tmp_path):
    for name, content in (
        ("a.json", '{"payer": "medicare", "lines": [{"code": "97161"}], "claim": "professional", "care": "active"}'),
        ("b.yaml", "lines: [{code: 97161, minutes: 20, units: 1}]\npayer: medicare\n"),
    ):
        (tmp_path / name).write_text(content, encoding="utf-8")
        assert _document(cpt("check", name, "--json"))["lines"][0]["code"] == "97161"
