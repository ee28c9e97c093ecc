"""A table on file that ended before the date of service: said once, with CMS's file to import; and estimates."""

from datetime import date

import pytest

from cptcli.cms.tables import open_tables
from cptcli.compose.visit import visit_sheet
from cptcli.compose.visit_details import sections
from cptcli.model.visit import TableUsed, Visit, VisitLine
from cptcli.plan.plans import Plans
from cptcli.visit.aged import aged_tables
from cptcli.visit.check import check
from cptcli.visit.reading import tidied

TODAY = date(2026, 11, 23)


@pytest.fixture(scope="module")
def tables():
    with open_tables(shipped_alone=True) as shipped:
        yield shipped


@pytest.fixture
def answer_to(book, tables):
    def ask(codes, verified=None, **told):
        lines = tuple(VisitLine(code=code, minutes=15, coding_verification=verified) for code in codes)
        visit = Visit(lines=lines, **{"payer": "medicare", "state": "SC", "discipline": "PT", **told})
        return check(Plans(book, tables, TODAY), tidied(visit, "the visit"))

    return ask


def _rows(answer, name):
    return [row.cells[0] for block in visit_sheet(answer, work=False).blocks for row in block.rows if row.name == name]


def test_aged_ncci_edits_are_named_once_with_the_file_to_import(answer_to):
    answer = answer_to(("97140", "98941", "97110"))
    (aged,) = answer.aged
    assert (aged.table, aged.on_file, aged.wanted) == ("ncci-edits", "2024 Q3", "2026 Q4")
    assert aged.says == (
        "NCCI edits on file: 2024 Q3. Import 2026 Q4: cpt data import "
        "medicare-ncci-2026q4-practitioner-ptp-edits-ccipra-v323r0-f*.zip"
    )
    assert aged.page.startswith("https://www.cms.gov/")
    assert _rows(answer, "aged") == [aged.says]
    assert "newest table" not in "".join(finding.short for finding in answer.findings)


def test_an_edit_of_an_aged_table_still_names_its_quarter_and_is_for_review_only(answer_to):
    answer = answer_to(("97140", "98941"))
    (edit,) = [each for each in answer.findings if "98941 unless distinct" in each.short]
    assert (edit.severity, "NCCI 2024 Q3" in edit.short) == ("warn", True)
    assert "No table for 2026-11-23 is on file; 2024 Q3 is the newest." in edit.says


def test_a_day_that_the_tables_on_file_reach_has_nothing_to_import(answer_to):
    answer = answer_to(("97140", "98941"), service_date=date(2024, 8, 1))
    assert (answer.aged, answer.amounts.estimate_from, _rows(answer, "aged")) == ((), None, [])


@pytest.mark.parametrize(
    ("claim", "day", "file"),
    [  # the version of each quarter as on the names of CMS's files
        ("professional", "2024-10-01", "medicare-ncci-2024q4-practitioner-ptp-edits-ccipra-v303r0-f*.zip"),
        ("professional", "2025-12-31", "medicare-ncci-2025q4-practitioner-ptp-edits-ccipra-v313r0-f*.zip"),
        ("professional", "2026-01-01", "medicare-ncci-2026q1-practitioner-ptp-edits-ccipra-v320r0-f*.zip"),
        ("professional", "2026-09-30", "medicare-ncci-2026q3-practitioner-ptp-edits-ccipra-v322r0-f*.zip"),
        ("institutional", "2026-10-01", "medicare-ncci-2026-q4-hospital-ptp-edits-ccioph-v323r0-f*.zip"),
        ("professional", "2027-01-01", "medicare-ncci-2027q1-practitioner-ptp-edits-ccipra-v330r0-f*.zip"),
    ],
)
def test_the_quarter_and_the_kind_of_claim_pick_the_ncci_file(answer_to, claim, day, file):
    aged = answer_to(("97140", "97530"), claim=claim, service_date=date.fromisoformat(day)).aged
    assert [each.files for each in aged if each.table == "ncci-edits"] == [file]


def test_a_limit_that_only_the_older_mue_table_has_says_so(answer_to):
    (aged,) = answer_to(("95851",)).aged
    assert (aged.on_file, aged.files) == ("2024 Q3", "MCR_MUE_PractitionerServices_Eff_10-01-2026.csv")
    assert answer_to(("97110",)).aged == ()


def test_a_home_device_is_looked_up_in_the_limits_of_suppliers_and_their_file_is_named(answer_to):
    files = [
        each.files for each in answer_to(("E0730",), verified="PDAC letter of 2026-01-05").aged if each.table == "mue"
    ]
    assert files == ["MCR_MUE_DMESupplierServices_Eff_10-01-2026.csv"]


def test_an_edition_that_covers_the_day_or_whose_last_day_is_not_known_is_not_aged(book):
    def used(first, last):
        return [TableUsed("ncci-edits", "2026 Q4", first, last, True, None, "professional")]

    day = date(2026, 11, 23)
    assert aged_tables(book, used(date(2026, 10, 1), date(2026, 12, 31)), day, None) == ()
    assert aged_tables(book, used(date(2026, 10, 1), date(2026, 11, 23)), day, None) == ()
    assert aged_tables(book, used(date(2026, 10, 1), None), day, None) == ()
    (aged,) = aged_tables(book, used(date(2026, 10, 1), date(2026, 11, 22)), day, None)
    assert aged.wanted == "2026 Q4"


def test_every_file_that_a_table_names_can_be_spelled_for_a_day(book):
    named = [table for key in book.keys("tables") if (table := book.table(key)) and table.download]
    assert {(each.download.table, each.download.claim) for each in named} >= {
        ("ncci-edits", "professional"), ("ncci-edits", "institutional"), ("mue", "professional"),
        ("mue", "institutional"), ("mue", "equipment"), ("fee-schedule", None),
    }  # fmt: skip
    for table in named:
        days = date(2024, 7, 1), date(2024, 9, 30)
        used = [TableUsed(table.download.table, "2024 Q3", *days, False, None, table.download.claim)]
        (aged,) = aged_tables(book, used, date(2026, 11, 23), None)
        assert "{" not in aged.files, table.id


# ------------------------------------------------------------------------------------------------------- estimates


def test_a_day_of_2026_before_october_is_priced_as_an_estimate_that_names_its_release(answer_to):
    answer = answer_to(("97110", "97140"), service_date=date(2026, 9, 30))
    assert (answer.amount, answer.amounts.release, answer.amounts.estimate_from) == ("48.63", "RVU26D", "RVU26D")
    assert [line.estimate_from for line in answer.amounts.lines] == ["RVU26D", "RVU26D"]
    (total, *_) = next(each for each in sections(answer, work=False) if each.title == "Expected amount").details
    assert total.text.endswith("; estimate from RVU26D")
    (units,) = _rows(answer, "units")
    assert "$48.63 (estimate from RVU26D: no release for 2026-09-30 on file)" in units
    assert "expected allowed amount $48.63 (estimate)" in answer.summary
    assert [each.files for each in answer.aged if each.table == "fee-schedule"] == ["RVU26C.zip"]


def test_a_day_from_october_2026_is_priced_without_the_word_estimate(answer_to):
    answer = answer_to(("97110", "97140"), service_date=date(2026, 10, 1))
    assert (answer.amount, answer.amounts.estimate_from) == ("48.63", None)
    assert [line.estimate_from for line in answer.amounts.lines] == [None, None]
    assert "estimate" not in " ".join([*_rows(answer, "units"), answer.summary])


def test_a_line_that_is_not_paid_is_no_estimate(answer_to):
    answer = answer_to(("97110", "97010"), service_date=date(2026, 3, 2))
    assert [(line.code, line.estimate_from) for line in answer.amounts.lines] == [("97110", "RVU26D"), ("97010", None)]


def test_a_day_of_2027_has_no_amount(answer_to):
    answer = answer_to(("97110",), service_date=date(2027, 1, 1))
    assert (answer.amount, answer.amounts.conversion_factor, answer.amounts.estimate_from) == (None, None, None)


# ------------------------------------------------------------------------------------------------------- new codes


@pytest.mark.parametrize("code", ["G0541", "G0542", "G0543"])
def test_caregiver_training_in_direct_care_is_a_code_from_2025_and_takes_a_therapy_modifier(answer_to, code):
    before = answer_to((code,), service_date=date(2024, 12, 31))
    assert any(f"{code} did not exist on 2024-12-31" in finding.says for finding in before.findings)
    answer = answer_to((code,), service_date=date(2025, 1, 1))
    (line,) = answer.lines
    assert (line.verdict, line.modifiers) == ("conditional", ("GP",))
    assert not any("did not exist" in finding.says for finding in answer.findings)


@pytest.mark.parametrize("code", ["97007", "97008", "97009"])
def test_scalp_cooling_is_said_to_be_outside_the_field_and_is_not_called_covered(book, answer_to, code):
    known = book.code(code)
    assert known.summary.startswith("Not physical medicine.")
    assert (known.effective, known.therapy_modifiers) == (date(2026, 1, 1), ())
    (line,) = answer_to((code,)).lines
    assert line.verdict == "unknown"


@pytest.mark.parametrize(
    ("year", "amount"),
    [(2020, "2080.00"), (2022, "2150.00"), (2023, "2230.00"), (2024, "2330.00"), (2025, "2410.00"), (2026, "2480.00")],
)
def test_a_kx_threshold_comes_from_a_document_that_names_it(book, year, amount):
    rule = book.rule(f"medicare-threshold-{year}")
    assert (rule.threshold.amount, rule.effective, rule.ends) == (amount, date(year, 1, 1), date(year, 12, 31))
    assert rule.evidence in ("primary", "secondary")
