"""The page of a day: few lines, each finding in two of them with what to do, and nothing that matters left out."""

import re

import pytest
import yaml
from conftest import TESTS, TODAY, read_yaml

from cptcli.cms.tables import open_tables
from cptcli.compose.layout import fitted, lines_of
from cptcli.compose.visit import lines_of_first_screen, visit_sheet
from cptcli.findings.phrases import TWO_LINES, cut_to_fit, fits, where
from cptcli.plan.plans import Plans
from cptcli.visit.check import check
from cptcli.visit.reading import read_document

_CASES = read_yaml(TESTS / "cases" / "visits.yaml")
_DAYS = [
    pytest.param(asked["visit"], id=f"{case['id']} {number}")
    for case in _CASES
    for number, asked in enumerate(case.get("visits", ()))
]


@pytest.fixture(scope="module")
def answer_to(book):
    """Checks a day as a visit file would hold it, against the shipped tables."""
    with open_tables(shipped_alone=True) as tables:
        plans = Plans(book, tables, TODAY)
        yield lambda visit: check(plans, _read(visit))


def _read(visit):
    return read_document(yaml.safe_dump(visit).encode(), "visit.yaml", TODAY).visit


def _page(answer):
    """The lines of the first screen at 80 columns."""
    sheet, spaced = fitted(visit_sheet(answer, work=False), lines_of_first_screen(answer))
    return ["".join(text for text, _ in line) for line in lines_of(sheet, 80, spaced)]


def _words(lines):
    return " ".join(" ".join(lines).split())


def _shown(finding):
    fix = f" -> {finding.fix}" if finding.fix else ""
    return f"{where(finding.lines)}{finding.short}{fix}"


_TWO_LINES = {"lines": [{"code": "97110", "minutes": 15}, {"code": "97140", "minutes": 15}]}


# ----------------------------------------------------------------------------------------------- every worked day


@pytest.mark.parametrize("visit", _DAYS)
def test_a_day_takes_ten_lines_and_one_per_claim_line_and_two_per_finding(answer_to, visit):
    answer = answer_to(visit)
    page = _page(answer)
    assert len(page) <= 10 + max(1, len(answer.claim_lines)) + 2 * len(answer.findings)
    assert max(map(len, page)) <= 80


@pytest.mark.parametrize("visit", _DAYS)
def test_every_finding_fits_two_lines_with_its_fix_and_is_on_the_page(answer_to, visit):
    answer = answer_to(visit)
    page = _words(_page(answer))
    for finding in answer.findings:
        assert finding.short, finding
        assert fits(_shown(finding)), _shown(finding)
        if finding.severity != "info":
            assert _words([_shown(finding)]) in page
    for point in answer.unchecked:
        assert _words([point.rstrip(".")]) in page


@pytest.mark.parametrize("visit", _DAYS)
def test_what_is_weak_in_full_is_weak_in_short(answer_to, visit):
    for finding in answer_to(visit).findings:
        if finding.severity != "info" and re.search(r"\b[Ww]eak: |on a WEAK list", finding.says):
            assert "WEAK" in finding.short, finding


# ------------------------------------------------------------------------------------------------- what was not checked


def test_policies_that_no_code_of_the_day_touches_are_not_checked_with_full_only(book, answer_to):
    answer = answer_to({"payer": "medicare", "discipline": "PT", **_TWO_LINES})
    family = next(filter(None, map(book.edit_family, book.keys("edits"))))
    assert family.not_modelled in answer.not_checked
    assert not [point for point in answer.unchecked if point[:20] in family.not_modelled]
    assert f"{len(answer.unchecked)} not checked" in answer.summary


def test_one_thing_that_was_not_checked_of_several_codes_is_one_point(answer_to):
    lines = [{"code": code, "modifiers": ["GP"]} for code in ("96110", "95941")]
    answer = answer_to({"payer": "medicare", "lines": lines})
    assert [point for point in answer.unchecked if "MUE" in point] == ["MUE of 96110, 95941 (not in our tables)"]
    assert sum("MUE" in text for text in answer.not_checked) == 2
    assert len({*answer.unchecked}) == len(answer.unchecked)


@pytest.mark.parametrize(
    ("visit", "point"),
    [
        ({"discipline": "PT", **_TWO_LINES}, "KX threshold (add --year-to-date)"),
        (_TWO_LINES, "KX threshold (add --discipline)"),
        ({"discipline": "PT", **_TWO_LINES}, "rules that depend on --provider, --care"),
        ({"discipline": "PT", **_TWO_LINES}, "NCCI edits of 97110/97140 (2024 Q3 on file)"),
        ({"discipline": "PT", "lines": [{"code": "97110"}]}, "units of 97110 (add minutes)"),
        ({"claim": "institutional", "discipline": "PT", **_TWO_LINES}, "revenue code of 97110, 97140 (not given)"),
    ],
)
def test_what_was_not_checked_is_a_few_words_and_the_option_that_settles_it(answer_to, visit, point):
    assert point in answer_to({"payer": "medicare", **visit}).unchecked


# ------------------------------------------------------------------------------------------------- what a finding says


def test_a_denial_is_explained_by_the_rule_that_decides_not_by_one_that_depends(answer_to):
    visit = {"payer": "medicare", "provider": "chiropractor", "lines": [{"code": "97026"}]}
    (denial,) = [each for each in answer_to(visit).findings if each.about == "coverage"]
    assert "chiropractor" in denial.short
    assert "--dx" not in denial.short


def test_a_denial_by_a_diagnosis_on_a_weak_list_says_so_on_the_page(answer_to):
    lines = [{"code": "97026", "modifiers": ["GP"]}]
    visit = {"payer": "medicare", "discipline": "PT", "diagnoses": {"A": "E11.42"}, "lines": lines}
    (denial,) = [each for each in answer_to(visit).findings if each.about == "coverage"]
    assert denial.severity == "block"
    assert "WEAK" in denial.short


def test_where_the_payer_may_not_apply_ncci_each_of_its_findings_says_so_first(answer_to):
    lines = [{"code": "98940"}, {"code": "97140", "minutes": 15, "modifiers": ["GP"]}]
    found = answer_to({"payer": "aetna", "service_date": "2024-08-01", "lines": lines}).findings
    assert [each.short for each in found if each.rule == "ncci-pairs"] == [
        "If NCCI applies: 97140: denied with 98940 unless distinct (NCCI 2024 Q3)."
    ]


# ---------------------------------------------------------------------------------------------------------- two lines


@pytest.mark.parametrize(
    ("numbers", "says"),
    [
        ((), ""),
        ((3,), "line 3: "),
        ((2, 1), "lines 1, 2: "),
        ((1, 2, 3, 4), "lines 1-4: "),
        ((1, 3, 5, 7, 9), "lines 1, 3, 5 and 2 more: "),
    ],
)
def test_lines_are_named_in_few_characters_however_many_they_are(numbers, says):
    assert where(numbers) == says


def test_the_first_text_that_fits_is_taken_and_only_the_last_is_cut():
    after = " -> Bill 1."
    long, short = "97110: " + "word " * 30, "97110: 2 units typed; 15 minutes make 1."
    assert cut_to_fit("line 1: ", (long, short), after) == short
    cut = cut_to_fit("line 1: ", (long,), after)
    assert cut.endswith(" ...")
    assert fits(f"line 1: {cut}{after}")
    assert cut_to_fit("", ("x" * 500,), "").startswith("x")


def test_a_text_fits_where_its_words_break_into_two_lines():
    assert fits("a" * TWO_LINES + " " + "b" * TWO_LINES)
    assert not fits("a" * TWO_LINES + " " + "b" * (TWO_LINES + 1))
    assert not fits("a" * (TWO_LINES + 1))


# ------------------------------------------------------------------------------------------------------- a real page

_PAGE = """\
Claim  Palmetto GBA (JM), SC, 2024-08-01, PT

97110  GP  x2  Therapeutic exercise                             25 min   depends
97140  GP  x1  Manual therapy                                   20 min   depends
98940  AT  x1  Chiropractic spinal manipulation, 1-2 regions    untimed  depends
G0283  GP  x1  Unattended electrical stimulation, not for       untimed  depends
               wounds (Medicare)
45 timed minutes = 3 timed units, 8-minute rule (CMS). Expected allowed amount
$84.57 if G0283 is covered.
Fix        line 2: 97140: denied with 98940 unless distinct (NCCI 2024 Q3,
           indicator 1). -> 97140-GP-59 (or XS) if separate region.
           line 4: 97014: Medicare requires G0283 instead. -> Bill G0283.
Review     lines 2, 3: 97140 with 98940: same region? It is not given in words
           we know. -> Add the region of both lines.
Paid?      line 1: 97110: Payable under a certified plan of care if skilled and
           necessary (Pub. 100-02 ch. 15).
           line 2: 97140: document restricted motion, or why it is needed with
           exercise (Palmetto page).
           line 3: 98940-98942: a chiropractor's only covered service, and only
           as active treatment.
           line 4: G0283: Stimulation for Bell's palsy or motor disorder (MS):
           not covered (NCD 160.15, 160.2). Add --dx.
Note       The contractor of SC on 2024-08-01 is not certain: our list starts on
           2025-10-01.
           Payment, Palmetto GBA: No therapy LCD for Part B claims: Medicare's
           benefit decides. L34428 is for Part A.
           Palmetto GBA: rule palmetto-spinal-manipulation starts on 2024-12-19
           and is not applied yet.
           Palmetto GBA: rule palmetto-spinal-manipulation-listed starts on
           2024-12-19 and is not applied yet.
           lines 1, 2, 4: 97110, 97140, G0283: Medicare requires GP. -> Added.
           line 3: 98940: Medicare requires AT. -> Added.
Unchecked  home health, hospice, SNF; rules that depend on --provider; first
           diagnosis of 98940 (add --dx); KX threshold (add --year-to-date).
11 more notes, 26 sources, 5 tables: add --full
"""


def test_a_person_at_a_terminal_sees_what_to_fix_first_and_then_what_to_review(terminal):
    asked = ["97110:25", "97140:20", "98940", "97014", "--payer", "medicare", "--state", "SC", "--discipline", "PT"]
    page = terminal("check", *asked, "--care", "active", "--on", "2024-08-01")
    assert page.ends() == 1
    assert re.sub(r" +rules [0-9a-f]{7}\b", "", page.screen) == _PAGE
