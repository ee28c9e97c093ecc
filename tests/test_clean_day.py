"""What a clean day promises: limits on the units of the claim, an order that decides nothing, no wrong exit 0."""

import re
from datetime import date
from functools import cache
from itertools import permutations

import pytest
from conftest import TODAY
from msgspec import structs

from cptcli import api
from cptcli.errors import CptError
from cptcli.model.visit import Visit, VisitLine, YearToDate
from cptcli.visit.check import is_finding
from cptcli.visit.reading import read_line

_DESK = cache(lambda: api.open(today=TODAY))
_DAY = {"payer": "medicare", "state": "SC", "discipline": "PT", "service_date": date(2024, 7, 5)}


def _check(*typed, **changes):
    return _DESK().check(Visit(lines=tuple(map(read_line, typed)), **{**_DAY, **changes}))


def _claim(answer):
    return sorted((each.code, each.modifiers, each.units) for each in answer.claim_lines)


def _says(answer, severity=None):
    return [each.short for each in answer.findings if severity in (None, each.severity)]


# ------------------------------------------------------------------------------------------------- units and order


def test_mue_is_checked_against_the_units_of_the_claim_not_those_typed():
    answer = _check("97034-GP:56x1")
    assert _claim(answer) == [("97034", ("GP",), 4)]
    assert any(each.severity == "block" and "MUE" in each.says for each in answer.findings)


def test_units_typed_on_one_of_two_lines_are_not_added_to_those_counted():
    for typed in permutations(["97530-GP:24", "97530-GP:38x3"]):
        assert not any("MUE" in each.says for each in _check(*typed).findings)


def test_a_line_of_no_minutes_lends_no_modifier_to_the_units_of_its_code():
    for typed in permutations(["97110-GP:38", "97110-GP-GY:0"]):
        assert _claim(_check(*typed)) == [("97110", ("GP",), 3)]


def test_a_tie_goes_where_the_day_has_less_to_fix_in_any_order():
    answers = [_check(*typed) for typed in permutations(["97034:35", "97112:20"])]  # 97034: at most 2 per day
    assert [_claim(each) for each in answers] == [[("97034", ("GP",), 2), ("97112", ("GP",), 2)]] * 2
    assert not any(each.severity == "block" for answer in answers for each in answer.findings)
    assert "another choice" in answers[0].ties[0].says


def test_a_pointer_to_a_diagnosis_not_given_is_refused_in_python_as_in_a_file():
    day = Visit(lines=(VisitLine(code="97110", minutes=20, diagnoses=("B",)),), diagnoses={"A": "M54.50"}, **_DAY)
    with pytest.raises(CptError, match="diagnosis B"):
        _DESK().check(day)
    with pytest.raises(CptError, match="below 0"):
        _DESK().check(structs.replace(day, lines=(VisitLine(code="97110", minutes=-5),)))


# ------------------------------------------------------------------------------------------------ what clean means


def test_an_edit_or_limit_that_no_table_has_is_not_clean():
    without_limit = _check("92507", discipline="SLP")
    assert without_limit.without_table == ("MUE of 92507 (not in our tables)",)
    assert is_finding(without_limit)
    later = _check("97110:30", "97530:8", service_date=date(2025, 10, 15))
    assert is_finding(later)
    assert "2024 Q3" in " ".join(later.without_table)
    assert not is_finding(_check("97110:30", "97530:8"))


def test_a_table_that_is_missing_for_a_payer_not_known_to_apply_edits_is_no_finding():
    assert _check("97110:30", "97530:8", payer="aetna", service_date=date(2025, 10, 15)).without_table == ()


def test_a_line_on_which_a_denial_is_expected_is_to_be_reviewed():
    for modifier in ("GA", "GZ"):
        answer = _check(f"97110-GP-{modifier}:30")
        assert answer.amount == "0.00"
        assert any("denial is expected" in each for each in _says(answer, "warn"))


def test_an_amount_says_that_the_code_may_not_be_covered():
    answer = _check("20560", diagnoses={"A": "M25.511"})
    assert answer.amounts.if_covered == ("20560",)
    assert f"${answer.amount} if 20560 is covered" in answer.summary
    assert any("by a PT" in each for each in _says(answer, "warn"))
    assert _check("97110:30").amounts.if_covered == ()


def test_the_discipline_of_the_visit_needs_no_second_telling_beside_a_typed_modifier():
    answer = _check("97150:25", "97110-59:20")
    assert _claim(answer) == [("97110", ("GP", "59"), 1), ("97150", ("GP",), 1)]
    assert not is_finding(answer)


# ---------------------------------------------------------------------------------------------------- diagnoses


_CHIROPRACTIC = {"discipline": None, "provider": "chiropractor", "care": "active"}


def test_spinal_manipulation_requires_its_subluxation_as_the_first_diagnosis():
    def severities(*diagnoses, **changes):
        given = dict(zip("ABC", diagnoses, strict=False))
        answer = _check("98940-AT", **{**_CHIROPRACTIC, "diagnoses": given, **changes})
        return [each.severity for each in answer.findings if "first diagnosis" in each.short]

    palmetto = {"payer": "palmetto", "service_date": date(2025, 10, 15)}
    assert severities("M54.50", **palmetto) == ["block"]
    assert severities("M54.50", "M99.03", **palmetto) == ["block"]
    assert severities("M99.03", "M54.50", **palmetto) == []
    assert severities("M54.50", payer="ngs", state="NY") == ["warn"]  # inferred from the lists of others
    assert severities("M99.03", payer="ngs", state="NY") == []
    assert severities("M54.50", payer="aetna") == []


def test_a_pointer_decides_which_diagnosis_of_a_line_is_first():
    line = structs.replace(read_line("98940-AT"), diagnoses=("B", "A"))
    day = Visit(lines=(line,), diagnoses={"A": "M54.50", "B": "M99.03"}, **{**_DAY, **_CHIROPRACTIC})
    assert not any("first diagnosis" in each.short for each in _DESK().check(day).findings)


def test_diagnoses_that_no_rule_weighs_are_said_not_to_be():
    assert "diagnoses of 97110 (no rule on file weighs them)" in _check("97110:30", diagnoses={"A": "M54.50"}).unchecked
    assert not any("weighs" in each for each in _check("97110:30").unchecked)
    assert not any("weighs" in each for each in _check("97026", diagnoses={"A": "E11.42"}).unchecked)


# ---------------------------------------------------------------------------------------------------- modifiers


def test_ga_on_a_line_over_the_threshold_is_asked_to_choose_between_ga_and_kx():
    over = {"year_to_date": YearToDate(PT_SLP="2400"), "abn": "mandatory", "service_date": date(2024, 8, 1)}
    answer = _check("97110-GA:30", **over)
    assert any(each.fix == "If necessary: 97110-GP-KX." for each in answer.findings)
    assert not any(each.fix == "If necessary: 97110-GP-KX." for each in _check("97110-GA:30").findings)
    (notice,) = [each for each in _check("97110:30", **over).findings if "no line has GA" in each.says]
    assert "never beside KX" in notice.fix


def test_repeat_modifiers_do_not_belong_on_timed_codes():
    for modifier in ("76", "77"):
        answer = _check("97110-GP:15", f"97110-GP-{modifier}:15")
        assert any(f"{modifier} does not belong" in each for each in _says(answer, "warn"))
    assert not any("does not belong" in each for each in _says(_check("97012-GP-76")))


def test_59_on_a_second_line_of_the_same_timed_code_is_to_be_reviewed():
    answer = _check("97110-GP:15", "97110-GP-59:15")
    assert any("no other code that day" in each for each in _says(answer, "warn"))
    assert not is_finding(_check("97110-GP:30", "97530-GP-59:15"))


def test_lines_and_claim_lines_have_the_same_units():
    answer = _check("97110-GP:15", "97110-GP-59:15")
    assert [each.units for each in answer.lines] == [1, 1]
    assert [each.units for each in _check("97110-GP:15", "97110-GP:15").lines] == [2, 0]


# --------------------------------------------------------------------------------------------- status and exclusion


def test_a_restricted_status_without_a_rule_on_the_code_is_to_be_reviewed():
    answer = _check("97545:120", payer="noridian-jf", state="OR")
    assert any("status R" in each for each in _says(answer, "warn"))


def test_what_the_law_excludes_from_a_chiropractor_holds_for_codes_outside_our_list():
    answer = _check("72100", "98940-AT", diagnoses={"A": "M99.03"}, abn="none", **_CHIROPRACTIC)
    assert _claim(answer)[0] == ("72100", ("GY",), None)
    assert [each.verdict for each in answer.lines] == ["not_covered", "conditional"]
    assert [each.rule for each in answer.findings if each.severity == "block"] == ["medicare-chiropractor-other"]
    assert not any("not in our list" in each for each in _says(answer, "warn"))


def test_no_edit_and_no_remedy_for_a_line_that_is_not_paid_anyway():
    excluded = _check("97140:15", "98940-AT", diagnoses={"A": "M99.03"}, **_CHIROPRACTIC)
    assert excluded.edits == ()
    announced = _check("97150", "97110-GP-GZ:20")
    assert announced.edits == ()
    assert _check("97150", "97110-GP:20").edits != ()


# ------------------------------------------------------------------------------------------------ not known is not yes


def test_an_exclusion_that_waits_for_a_diagnosis_makes_nothing_conditional():
    answer = _DESK().suggest(modality="infrared", payer="hcsc", setting="clinic")
    assert answer.coverage.verdict == "unknown"
    assert "hcsc-infrared" in answer.coverage.rules
    assert "otherwise not known" in answer.coverage.says


def test_a_day_says_the_open_exclusion_of_a_code_of_unknown_coverage():
    answer = _check("97026", payer="hcsc", state="IL")
    assert answer.lines[0].verdict == "unknown"
    assert any("neuropathy" in each.short and each.about == "coverage" for each in answer.findings)


# ------------------------------------------------------------------------------------------------------- remedies


def test_the_remedy_of_an_edit_is_the_finished_line_with_the_modifier_that_fits():
    therapy = _check("97150", "97110:20")
    assert [each.fix for each in therapy.findings if each.severity == "block"] == [
        "97110-GP-59 (or an X modifier) if distinct."
    ]
    visit = _check("99213", "97161-GP", provider="physician")
    assert "99213-25 if distinct." in [each.fix for each in visit.findings]


def test_a_modifier_that_does_not_belong_on_a_code_opens_no_edit_of_it():
    answer = _check("99213-59", "97161-GP", provider="physician")
    assert [each.state for each in answer.edits] == ["fails"]
    assert any("59 does not belong on 99213" in each for each in _says(answer, "block"))
    assert [each.state for each in _check("99213-25", "97161-GP", provider="physician").edits] == ["bypassed"]


def test_time_beyond_a_code_names_its_add_on_code_with_the_minutes():
    assert "Add 97551:15." in [each.fix for each in _check("97550:45").findings]
    assert "Add 97130:30." in [each.fix for each in _check("97129:45", discipline="SLP").findings]


def test_a_deleted_code_is_replaced_by_what_the_payer_accepts():
    day = {"service_date": date(2018, 3, 1), "discipline": "SLP"}
    assert any("Replaced by: G0515." in each for each in _says(_check("97532:30", **day)))
    assert any("Replaced by: 97127 or G0515." in each for each in _says(_check("97532:30", payer="aetna", **day)))


def test_a_word_of_the_trade_finds_what_the_rules_say_of_it():
    assert "95" in [each.id for each in _DESK().lookup("telehealth").matches]
    assert "medicare-acupuncture" in [each.id for each in _DESK().lookup("incident to").matches]


_REMEDY = re.compile(r"^([A-Z0-9]{5})((?:-[A-Z0-9]{2})*)(?: \(or .*\))? if ")


def _remedied(typed, finding):
    """The lines with a finding's remedy done as it is written; None where it says something else."""
    fix = finding.fix or ""
    lines = [typed[number - 1] for number in finding.lines]
    if found := _REMEDY.match(fix):
        code, modifiers = found[1], tuple(found[2].split("-")[1:])
        done = {id(line): structs.replace(line, modifiers=modifiers) for line in lines if line.code == code}
        return [done.get(id(line), line) for line in typed]
    if found := re.match(r"Bill (\S+) without (\S+)\.$", fix):
        return [line for line in typed if line.code != found[2]]
    if found := re.match(r"Bill (\S+) alone\.$", fix):
        return [line for line in typed if line not in lines or line.code == found[1]]
    if found := re.match(r"Bill (\S+) x1 on one line\.", fix):
        return [line for line in typed if line not in lines[1:]]
    if found := re.match(r"Take (\S+) off", fix):
        off = {id(line): tuple(each for each in line.modifiers if each != found[1]) for line in lines}
        return [structs.replace(line, modifiers=off.get(id(line), line.modifiers)) for line in typed]
    if re.match(r"(Bill \d+\.$|\d+ may be billed)", fix):
        return [structs.replace(line, units=None) if line in lines else line for line in typed]
    return None


@pytest.mark.parametrize("other", ["97140:15", "97530:15", "97150", "97012", "97164", "99213", "97113:15", "G0283"])
@pytest.mark.parametrize(
    "first", ["97110:20x2", "97124:15", "97150-59", "97112-76:15", "97597", "97750:30", "97116:15"]
)
def test_doing_what_the_page_says_leads_to_a_clean_day(first, other):
    """Each remedy is applied as it is written, and the day checked again, until nothing is left that names one."""
    typed = [*map(read_line, (first, other))]
    for _ in range(6):
        answer = _DESK().check(Visit(lines=tuple(typed), **_DAY))
        wrong = [each for each in answer.findings if each.severity != "info"]
        remedied = next(filter(None, (_remedied(typed, each) for each in wrong)), None)
        if remedied is None:
            break
        assert remedied != typed, wrong
        typed = remedied
    assert all("not in our list" in each.short for each in wrong), [(each.short, each.fix) for each in wrong]


# --------------------------------------------------------------------------------------- what is on file is applied

_NAMED = re.compile(r"\b(?:\d{5}|\d{4}T|[A-V]\d{4})\b")
_DENIES = re.compile(
    r"not (?:be )?covered|non-covered|never covered|investigational|not medically necessary|unproven", re.I
)
_ONLY_IN_WORDS = {
    "independence-blue-cross-low-level-laser": "97039 is unlisted: by itself it means any treatment",
    "premera-home-cooling": "E0650 to E0652 and E1399 are other devices' codes too",
    "wps-spinal-manipulation": "98943: its fee-schedule status says so",
}


def _reached(book, rule):
    """The codes that a rule applies to, whoever provides them: its own, and those of its treatments."""
    named = {*rule.applies.codes, *rule.accepts, *rule.refuses, *rule.replaces, rule.code}
    wanted = {*rule.applies.modalities}
    for key in book.keys("modalities"):
        if wanted & {*book.modality_chain(key)}:
            modality = book.modality(key)
            answers = modality.decide.answers if modality.decide else ()
            named |= {modality.code, *modality.home_codes, *(each.code for each in answers)}
    return named


def test_a_rule_that_says_in_words_that_a_code_is_not_covered_applies_to_it(book):
    rules = [book.rule(key) for key in book.keys("rules")]
    reached = {}
    for each in rules:
        if not each.applies.providers:
            reached.setdefault(each.payer, set()).update(_reached(book, each))
    missed = {}
    for each in rules:
        known = set().union(*(reached.get(payer, ()) for payer in book.payer_chain(each.payer))) | _reached(book, each)
        for text in (each.says, *(fact.says for fact in each.facts)):
            for sentence in re.split(r"(?<=[.;])\s", text):
                named = (
                    {code for code in _NAMED.findall(sentence) if book.code(code)} if _DENIES.search(sentence) else ()
                )
                if left := {*named} - known:
                    missed.setdefault(each.id, set()).update(left)
    assert {*missed} == {*_ONLY_IN_WORDS}, missed


def test_home_wound_stimulation_is_not_covered_by_medicare():
    answer = _DESK().suggest(modality="wound-estim", setting="home", payer="medicare", diagnoses=("L89.153",))
    assert answer.coverage.verdict == "not_covered"
    assert "medicare-home-wound-stimulation" in answer.coverage.rules
