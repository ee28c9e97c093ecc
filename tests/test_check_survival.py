"""Bad visits: a clear error, or a finding beside everything else that could be checked; nothing is lost or guessed."""

import json
import re

import pytest

ASK = ["--payer", "medicare", "--discipline", "PT", "--on", "2024-08-01"]


def _checked(cpt, *arguments):
    ran = cpt("check", *arguments, "--json")
    assert ran.code in (0, 1), ran.stderr
    return json.loads(ran.stdout)


def _said(answer, line=None):
    findings = answer["findings"] if line is None else answer["lines"][line - 1]["findings"]
    return "\n".join(f"{each['severity']}: {each['says']}" for each in findings)


# ------------------------------------------------------------------------------------------- what cannot be checked


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["97110:25"], ["add --payer"]),
        ([], ["add LINE... or FILE, and --payer"]),
        (["--payer", "medicare"], ["LINE... or FILE"]),
        (["97110:-5", *ASK], ["minutes '-5'", "0 to 1439"]),
        (["97110:12.5", *ASK], ["minutes '12.5'", "whole number"]),
        (["97110:1440", *ASK], ["minutes '1440'"]),
        (["97110:twenty", *ASK], ["minutes 'twenty'"]),
        (["97110x-1", *ASK], ["expected"]),
        (["97110xmany", *ASK], ["units 'many'"]),
        ([":25", *ASK], ["not a line", "CODE[-MODIFIER...]"]),
        (["97110:25", "--payer", "palmeto"], ["No payer called 'palmeto'", "Nearest: palmetto"]),
        (["97110:25", "--payer", "medicare", "--state", "XX"], ["--state 'XX'"]),
        (["97110:25", "--payer", "medicare", "--discipline", "XT"], ["--discipline", "PT, OT, SLP"]),
        (["97110:25", "--payer", "medicare", "--provider", "wizard"], ["--provider", "chiropractor"]),
        (["97110:25", "--payer", "medicare", "--claim", "dental"], ["--claim", "institutional"]),
        (["97110:25", "--payer", "medicare", "--unit-rule", "halves"], ["--unit-rule", "cpt_midpoint"]),
        (["97110:25", "--payer", "medicare", "--care", "some"], ["--care", "maintenance"]),
        (["97110:25", "--payer", "medicare", "--abn", "lost"], ["--abn", "voluntary"]),
        (["97110:25", "--payer", "medicare", "--zip", "2920"], ["--zip", "five digits"]),
        (["97110:25", "--payer", "medicare", "--zip", "00000"], ["--zip '00000'"]),
        (["97110:25", "--payer", "medicare", "--locality", "99999/99"], ["--locality"]),
        (["97110:25", "--payer", "medicare", "--year-to-date", "2400"], ["--year-to-date", "PT_SLP"]),
        (["97110:25", "--payer", "medicare", "--year-to-date", "PT_SLP=-1"], ["--year-to-date"]),
        (["97110:25", "--payer", "medicare", "--diagnosis", "back pain"], ["--diagnosis", "ICD-10-CM"]),
        (["97110:25", "--payer", "medicare", "--assistant-method", "guess"], ["--assistant-method", "percentage"]),
        (["nowhere.yaml", *ASK], ["nowhere.yaml: no such file"]),
        (["97110:25", *ASK[:-1], "2024-02-30"], ["--on '2024-02-30'"]),
    ],
    ids=lambda each: " ".join(each)[:60],
)
def test_what_cannot_be_checked_says_why_and_leaves_with_2(cpt, arguments, words):
    ran = cpt("check", *arguments)
    assert (ran.code, ran.stdout) == (2, "")
    assert [word for word in words if word not in ran.stderr] == []


_VISIT = "payer: medicare\nlines:\n  - {code: 97110, minutes: 25}\n"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(
            "payer: medicare\nline: []\n", ["visit.yaml:2:1", "no key 'line'", "did you mean 'lines'"], id="key"
        ),
        pytest.param(
            _VISIT + "  - {code: 97140, minute: 5}\n", ["visit.yaml:4:19", "'minute'", "'minutes'"], id="deep"
        ),
        pytest.param(_VISIT.replace("25", "twelve"), ["visit.yaml:3:28", "whole minutes"], id="words for minutes"),
        pytest.param(_VISIT.replace("25", "-25"), ["visit.yaml:3:28", "0 to 1439"], id="negative minutes"),
        pytest.param(_VISIT.replace("25", "25.5"), ["visit.yaml:3:28", "whole minutes"], id="half a minute"),
        pytest.param("payer: medicare\nlines: []\n", ["no line"], id="no line"),
        pytest.param("payer: medicare\n", ["without 'lines'"], id="no lines at all"),
        pytest.param(
            _VISIT.replace("minutes: 25", "minutes: 25, therapist_minutes: 10"),
            ["25 minutes, but 10", ":3:5"],
            id="minutes that contradict",
        ),
        pytest.param(_VISIT.replace("minutes: 25", "diagnoses: [B]"), ["diagnosis B", "'diagnoses'"], id="pointer"),
        pytest.param(
            _VISIT + "diagnoses: {Q: M54.50}\n", ["visit.yaml:4:", "a letter from A to L"], id="a thirteenth letter"
        ),
        pytest.param(_VISIT + "abn: perhaps\n", ["visit.yaml:4:6", "none, mandatory, voluntary"], id="abn"),
        pytest.param(_VISIT + "payer: aetna\n", ["'payer' is there twice"], id="a key twice"),
        pytest.param(
            "payer: medicare\nlines:\n" + "  - {code: 97110}\n" * 201, ["201 lines", "at most 200"], id="201 lines"
        ),
        pytest.param("[" * 5000, ["nest"], id="brackets"),
        pytest.param("a: &b [1]\nc: *b\n", ["anchor"], id="anchor"),
        pytest.param("\x00", ["control character"], id="NUL"),
        pytest.param("{", ["not readable"], id="cut off"),
        pytest.param("just words", ["keys and values"], id="no mapping"),
        pytest.param("", ["without 'lines'"], id="empty"),
    ],
)
def test_a_visit_file_s_mistakes_are_told_at_their_place(cpt, tmp_path, content, words):
    (tmp_path / "visit.yaml").write_text(content)
    ran = cpt("check", "visit.yaml")
    assert (ran.code, ran.stdout) == (2, "")
    assert [word for word in words if word not in ran.stderr] == []


def test_all_mistakes_of_a_visit_file_are_told_at_once(cpt, tmp_path):
    (tmp_path / "visit.yaml").write_text("payr: x\nabn: perhaps\nlines:\n  - {code: 97110, minutes: many}\n")
    told = cpt("check", "visit.yaml").stderr
    assert [place for place in ("visit.yaml:1:1", "visit.yaml:2:6", "visit.yaml:4:28") if place not in told] == []


def test_a_file_of_other_bytes_or_of_no_size_for_a_visit_is_refused(cpt, tmp_path):
    (tmp_path / "visit.yaml").write_bytes(b"payer: caf\xe9\n")
    assert "not UTF-8" in cpt("check", "visit.yaml").stderr
    (tmp_path / "visit.yaml").write_bytes(b"# " + b"x" * 2_000_001)
    ran = cpt("check", "visit.yaml")
    assert ran.code == 2
    assert "more than 2,000,000 bytes" in ran.stderr


# ----------------------------------------------------------------------------------------------- what is read as meant


@pytest.mark.parametrize(
    "narrative", ["heat \U0001f525 to the knee", "a path C:\\ud83d\\udd25", "\U0001f525\U0001f525"], ids=ascii
)
def test_json_with_escaped_pairs_of_a_character_reads_as_what_was_written(cpt, tmp_path, narrative):
    """Fault: what json.dumps writes for a character outside the first plane was refused as no YAML."""
    visit = {"payer": "medicare", "lines": [{"code": "97039", "units": 1, "narrative": narrative}]}
    (tmp_path / "visit.json").write_text(json.dumps(visit), encoding="ascii")
    answer = json.loads(cpt("check", "visit.json", "--json").stdout)
    assert answer["claim_lines"][0]["narrative"] == narrative


def test_json_with_tabs_numbers_and_words_is_the_same_visit_as_yaml(cpt, tmp_path):
    (tmp_path / "visit.json").write_text(
        '{\t"payer": "medicare",\n\t"service_date": "2024-08-01", "discipline": "PT",\n'
        '\t"lines": [{"code": "97110", "minutes": 25, "modifiers": ["59"], "charge": 90.5}]}'
    )
    (tmp_path / "visit.yaml").write_text(
        "payer: medicare\nservice_date: 2024-08-01\ndiscipline: PT\n"
        "lines: [{code: 97110, minutes: 25, modifiers: [59], charge: 90.5}]\n"
    )
    assert _checked(cpt, "visit.json") == _checked(cpt, "visit.yaml")


def test_a_visit_may_come_from_standard_input(cpt_process, tmp_path):
    (tmp_path / "visit.yaml").write_text(_VISIT)
    with (tmp_path / "visit.yaml").open("rb") as file:
        ran = cpt_process("check", "-", "--discipline", "PT", "--json", stdin=file)
    assert json.loads(ran.stdout)["units"] == {"97110": 2}


def test_an_option_overrules_the_file(cpt, tmp_path):
    (tmp_path / "visit.yaml").write_text(_VISIT + "discipline: OT\n")
    answer = _checked(cpt, "visit.yaml", "--discipline", "PT", "--payer", "palmetto", "--on", "2024-08-01")
    assert answer["claim_lines"][0]["modifiers"] == ["GP"]
    assert (answer["visit"]["payer"], answer["visit"]["service_date"]) == ("palmetto", "2024-08-01")


@pytest.mark.parametrize("typed", ["97110GP:15", "97110-gp:15", "97110 GP:15", "97110,GP:15"])
def test_a_modifier_may_stand_on_its_code_in_any_usual_way(cpt, typed):
    (line,) = _checked(cpt, typed, *ASK)["lines"]
    assert (line["code"], line["given_modifiers"], line["minutes"]) == ("97110", ["GP"], 15)


# -------------------------------------------------------------------------------- what is found beside everything else


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("977999", ["977999", "97799", "misprint"]),
        ("9711", ["9711", "five characters"]),
        ("97O26", ["read as 97026", "letter"]),
        ("99999", ["99999 is not in our list", "does not make it invalid"]),
        ("97001", ["97001 was deleted", "2016-12-31", "97161"]),
        ("97037-GP", []),
        ("97110-ZZ:15", ["Modifier ZZ is not in our list"]),
        ("97110-GPX:15", ["GPX is no modifier"]),
        ("97110-CQ-GO:15", ["CQ goes only with GP"]),
        ("97110-GP-GO:15", ["GP and GO do not share a line"]),
        ("97110-GA-GZ:15", ["GA and GZ do not share a line"]),
        ("97110-AT:15", ["AT does not belong on 97110"]),
        ("97110-59-XU:15", ["59 and XU do not share a line"]),
        ("97110-CH:15", ["CH ended on 2018-12-31"]),
        ("97110-25:15", ["25 does not belong on 97110"]),
        ("97161-GO", ["97161 belongs to physical therapy, not occupational therapy"]),
        ("97110-GP-GP:15", ["GP is on 97110 twice"]),
        ("97110-GP-59-KX-CQ-GA:30", ["5 modifiers", "4 places"]),
        ("97110:15x2", ["2 units typed; 15 minutes make 1"]),
        ("97110:30x1", ["1 unit typed; 30 minutes make 2"]),
        ("97161x3", ["untimed: 1 per day"]),
        ("97110:105", ["7 units", "at most 6"]),
        ("97799", ["97799 needs a short narrative"]),
    ],
)
def test_one_odd_line_is_told_and_the_other_is_checked_all_the_same(cpt, typed, words):
    answer = _checked(cpt, typed, "97035:16", *ASK)
    assert [word for word in words if word not in _said(answer, 1)] == []
    assert answer["lines"][1]["units"] == 1
    assert "97035" in [line["code"] for line in answer["claim_lines"]]


def test_a_code_that_may_not_be_billed_is_off_the_claim_and_on_the_list_of_lines(cpt):
    answer = _checked(cpt, "97001", "97110:15", *ASK)
    assert [line["code"] for line in answer["lines"]] == ["97001", "97110"]
    assert [line["code"] for line in answer["claim_lines"]] == ["97110"]
    assert answer["units"] == {"97001": 0, "97110": 1}


def test_a_timed_code_without_minutes_has_unknown_units_and_says_so(cpt):
    answer = _checked(cpt, "97110", *ASK)
    assert answer["units"] == {"97110": None}
    assert answer["claim_lines"][0]["units"] is None
    assert any("no minutes were given" in each for each in answer["not_checked"])


def test_minutes_of_more_than_a_day_are_found(cpt):
    assert "a day has 1440" in _said(_checked(cpt, "97110:1000", "97140:1000", *ASK))


def test_two_hundred_lines_are_checked_in_time(cpt):
    answer = _checked(cpt, *(["97110:1", "97140:1"] * 100), *ASK)
    assert len(answer["lines"]) == 200
    assert answer["units"] == {"97110": 7, "97140": 6}  # 200 minutes make 13 units; 100 minutes are 6 and a rest


def test_where_the_payer_s_unit_rule_is_unknown_both_are_shown_and_none_is_chosen(cpt):
    answer = _checked(cpt, "97110:8", "97140:8", "--payer", "aetna", "--discipline", "PT")
    assert answer["unit_rule"] is None
    assert {each["unit_rule"]: each["timed_units"] for each in answer["unit_rules"]} == {"cms": 1, "cpt_midpoint": 2}
    assert answer["timed_units"] is None
    assert "is not known, and the rules differ" in _said(answer)


def test_where_both_unit_rules_agree_the_units_are_known(cpt):
    answer = _checked(cpt, "97110:15", "--payer", "aetna", "--discipline", "PT")
    assert answer["units"] == {"97110": 1}
    assert answer["timed_units"] == 1


def test_a_day_after_the_newest_table_is_not_called_checked(cpt):
    answer = _checked(cpt, "97110:15", "97035:15", *ASK[:-1], "2026-11-23")
    assert {each["state"] for each in answer["edits"]} == {"not_checked"}
    assert any("the newest table on file; none for 2026-11-23" in each for each in answer["not_checked"])


@pytest.mark.parametrize(
    "visit",
    [
        "payer: medicare\nlines:\n  - {code: 97110, minutes: x, narrative: Jane Roe}\n",
        "payer: medicare\nlines:\n  - {code: 97799, narrative: light to knee, Jane Roe 1950-01-01}\n",
        "payer: medicare\nlines:\n  - {code: 97799, minutes: Jane Roe}\n",
        "payer: medicare\nlines:\n  - Jane Roe knee\n",
        "payer: medicare\nlines: Jane Roe\n",
        "payer: medicare\ndiagnoses: {Jane Roe: M54.50}\nlines: [{code: 97110}]\n",
        "payer: medicare\ncare: Jane Roe\nlines: [{code: 97110}]\n",
    ],
)
def test_what_was_typed_about_a_patient_reaches_no_error_message(cpt, tmp_path, visit):
    (tmp_path / "visit.yaml").write_text(visit)
    ran = cpt("check", "visit.yaml")
    assert ran.code == 2
    assert "Jane" not in ran.stderr


def test_what_a_terminal_would_obey_is_shown_and_not_obeyed(cpt, terminal, tmp_path):
    narrative = "light \x1b[2J\x1b]0;title\x07 to the \u202eknee"
    visit = {"payer": "medicare", "state": "SC", "lines": [{"code": "97799", "narrative": narrative}]}
    (tmp_path / "visit.json").write_text(json.dumps(visit), encoding="utf-8")
    typed = ["97110\x1b]0;title\x07", "--payer", "medicare"]
    said = [cpt("check", str(tmp_path / "visit.json"), "--full"), cpt("check", *typed)]
    page = terminal("check", str(tmp_path / "visit.json"), "--full")
    page.ends()
    for text in (*(each.stdout + each.stderr for each in said), page.screen):
        assert not {"\x1b]", "\x1b[2J", "\x07", "\u202e"} & {
            text[i : i + n] for n in (1, 2, 4) for i in range(len(text))
        }
    assert "to the \N{REPLACEMENT CHARACTER}knee" in said[0].stdout


def test_a_value_of_a_visit_file_that_names_nothing_is_told_with_its_place(cpt, tmp_path):
    """Also one that is read as the command line's would be; an option that overrules it is named as it was typed."""
    for key, value in (("discipline", "XX"), ("unit_rule", "XX"), ("state", "XX"), ("payer", "medicarr")):
        told = {"payer": "medicare", key: value}
        text = "".join(f"{name}: {each}\n" for name, each in told.items()) + "lines: [{code: 97110, minutes: 15}]\n"
        (tmp_path / "visit.yaml").write_text(text, encoding="utf-8")
        ran = cpt("check", "visit.yaml")
        assert ran.code == 2
        assert re.search(rf"visit\.yaml:{len(told)}:{len(key) + 3}: ", ran.stderr), ran.stderr
        assert f"--{key}" not in ran.stderr or key == "payer"
    assert "--discipline 'YY'" in cpt("check", "visit.yaml", "--payer", "medicare", "--discipline", "YY").stderr


def test_minutes_are_whole_numbers_written_as_one_writes_them(cpt, tmp_path):
    for minutes in ("1e3", "15.0", "0x10", "1_0"):
        text = f"payer: medicare\nlines: [{{code: 97110, minutes: {minutes}}}]\n"
        (tmp_path / "visit.yaml").write_text(text, encoding="utf-8")
        assert "expected whole minutes" in cpt("check", "visit.yaml").stderr
