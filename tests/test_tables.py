"""CMS's tables under rules/tables: read as they are, by the day of service, and never typed a second time."""

import csv
import gzip
import hashlib
from datetime import date
from pathlib import Path

import pytest

from cptcli.advice.citations import status_on
from cptcli.rulebook.compiled import shipped_folder
from cptcli.rulebook.files import Files
from cptcli.rulebook.load import Parts

TABLES = shipped_folder() / "tables"
SHARED = Path(__file__).resolve().parents[2] / "shared" / "cms"


def _rows(file):
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


@pytest.mark.parametrize(
    ("code", "day", "status"),
    [
        ("97026", "2026-11-23", "R"),
        ("20560", "2020-01-01", "N"),
        ("20560", "2025-12-31", "A"),
        ("97037", "2023-12-31", None),
        ("97037", "2024-01-01", "N"),
        ("97014", "2019-12-31", None),
    ],
)
def test_the_day_of_service_picks_the_letter_of_the_fee_schedule(book, code, day, status):
    assert status_on(book.code(code), date.fromisoformat(day))[0] == status


def test_a_day_after_the_last_release_says_that_we_have_no_release_for_it(book):
    assert "we have no release for 2027-01-01" in status_on(book.code("97026"), date(2027, 1, 1))[1]
    assert "we have no release for 2026-09-30" in status_on(book.code("97026"), date(2026, 9, 30))[1]
    assert status_on(book.code("97026"), date(2026, 10, 1)) == ("R", "release RVU26D, to 2026-12-31")
    assert "no release for" not in status_on(book.code("97026"), date(2025, 12, 31))[1]


def test_every_code_of_a_table_that_the_rule_base_holds_has_what_the_table_says(book):
    held = {code: book.code(code) for code in book.keys("codes")}
    files = ("medicare-units.csv", "medicare-units-2026.csv")  # the newest counts
    limits = {row["code"]: row["maximum"] for file in files for row in _rows(TABLES / file)}
    for row in _rows(TABLES / "medicare-units-equipment.csv"):  # what a supplier bills has the limits of suppliers
        if row["code"] in held and held[row["code"]].coding_verification:
            limits[row["code"]] = row["maximum"]
    units = {code: int(maximum) for code, maximum in limits.items() if code in held}
    assert {code: held[code].units.medicare_maximum for code in units} == units
    therapy = {row["code"]: row["disposition"] for row in _rows(TABLES / "medicare-therapy.csv")}
    told = {code: noun.medicare.therapy for code, noun in held.items() if noun.medicare and noun.medicare.therapy}
    assert {code: told[code].disposition for code in therapy if code in told} == {
        code: therapy[code] for code in therapy if code in told
    }


def _collected(name):
    """The rows of a table as they were collected."""
    opened = gzip.open if name.endswith(".gz") else open
    with opened(SHARED / name, "rt", encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def _iso(day):
    return f"{day[:4]}-{day[4:6]}-{day[6:]}"


def _edits(*names):
    """Collected edits in our columns; of a withdrawn one (indicator 9) the days are equal by the way it is coded."""
    for row in {tuple(row.items()): row for name in names for row in _collected(name)}.values():
        assert (row["existed_prior_to_1996"], row["effective_date"]) == ("", "")  # the copy has none of either
        deletion = "none" if row["deletion_date"] == "*" else _iso(row["deletion_date"])
        effective = deletion if row["modifier_indicator"] == "9" else ""
        yield (row["column1"], row["column2"], effective, deletion, row["modifier_indicator"], row["rationale"])


def _picked(name, *columns):
    for row in _collected(name):
        yield tuple(row[column] for column in columns)


def _yes(flag, of="NA"):
    return "yes" if flag == of else "no"


def _fee_schedule():
    for row in _collected("pfs_rvu_physmed.csv"):
        yield (
            row["hcpcs"], row["modifier"], row["release"], row["effective_start"], row["effective_end"], row["status"],
            _yes(row["not_used_for_medicare_payment"], of=""), row["work_rvu"], row["nonfac_pe_rvu"],
            _yes(row["nonfac_na"]), row["fac_pe_rvu"], _yes(row["fac_na"]), row["mp_rvu"], row["mult_proc"],
            row["pctc"],
        )  # fmt: skip


def _localities():
    for row in _collected("gpci.csv"):
        last = "2023-09-30" if row["release"] == "RVU23A" else f"{row['year']}-12-31"  # RVU23D has a set of its own
        yield (
            row["release"], row["effective_start"], last, row["mac_contractor_number"], row["locality"], row["state"],
            row["locality_name"], row["work_gpci"], row["pe_gpci"], row["mp_gpci"],
        )  # fmt: skip


def _zip_codes():
    for row in _collected("zip5_carrier_locality_2025q4.csv.gz"):
        plus_four = _yes(row["plus_four_flag"], of="1")
        yield row["zip5"], row["state"], row["mac_contractor_number"], row["locality"], plus_four


_MUE = ("hcpcs", "mue_value", "mai", "rationale")


@pytest.mark.skipif(not SHARED.is_dir(), reason="the tables as collected are not beside this checkout")
@pytest.mark.parametrize(
    ("file", "collected"),
    [
        ("medicare-fee-schedule.csv", _fee_schedule),
        ("medicare-localities.csv", _localities),
        ("medicare-zip-codes.csv", _zip_codes),
        ("medicare-edits.csv", lambda: _edits(
            "ncci_ptp_practitioner_physmed.csv", "ncci_ptp_practitioner_physmed_any_active.csv.gz")),
        ("medicare-edits-outpatient.csv", lambda: _edits("ncci_ptp_outpatient_physmed.csv")),
        ("medicare-add-on-codes.csv", lambda: _picked(
            "ncci_addon_physmed.csv", "add_on_code", "primary_code", "aoc_edit_type")),
        ("medicare-units.csv", lambda: _picked("mue_practitioner_physmed.csv", *_MUE)),
        ("medicare-units-outpatient.csv", lambda: _picked("mue_outpatient_physmed.csv", *_MUE)),
        ("medicare-units-equipment.csv", lambda: _picked("mue_dme_physmed.csv", *_MUE)),
    ],
)  # fmt: skip
def test_a_shipped_table_is_row_for_row_the_one_it_was_taken_from(file, collected):
    assert sorted(tuple(row.values()) for row in _rows(TABLES / file)) == sorted(collected())


_VALUES_2026 = (
    "hcpcs", "modifier", "release", "effective_start", "effective_end", "status", "work_rvu", "nonfac_pe_rvu",
    "fac_pe_rvu", "mp_rvu", "mult_proc", "pctc",
)  # fmt: skip
_AS_SHIPPED = (
    "code", "modifier", "release", "from", "to", "status", "work", "practice_expense", "facility_practice_expense",
    "malpractice", "multiple_procedure", "pctc",
)  # fmt: skip


@pytest.mark.skipif(not SHARED.is_dir(), reason="the tables as collected are not beside this checkout")
def test_the_values_and_limits_of_2026_are_those_collected():
    shipped = {row["code"]: row for row in _rows(TABLES / "medicare-fee-schedule-2026.csv") if not row["modifier"]}
    collected = _collected("2026/pfs_rvu_physmed_2026.csv")
    assert len(collected) == 105
    for row in collected:
        assert tuple(shipped[row["hcpcs"]][key] for key in _AS_SHIPPED) == tuple(row[key] for key in _VALUES_2026)
    for file, kind in (("medicare-units-2026.csv", "practitioner"), ("medicare-units-outpatient-2026.csv", "hospital")):
        limits = {(row["code"], row["maximum"], row["adjudication"]) for row in _rows(TABLES / file)}
        assert {*_picked("2026/mue_2026_97xxx.csv", "hcpcs", f"{kind}_mue", f"{kind}_mai")} <= limits


@pytest.mark.parametrize("file", ["medicare-units", "medicare-units-outpatient"])
def test_no_limit_changed_from_2024_q3_to_2026_q4(file):
    """The caveat of the 2026 tables says so."""
    before, after = ({row.pop("code"): row for row in _rows(TABLES / f"{file}{year}.csv")} for year in ("", "-2026"))
    both = before.keys() & after.keys()
    assert len(both) > 70
    assert {code: before[code] for code in both} == {code: after[code] for code in both}


def test_status_and_indicators_are_the_same_in_rvu25d_and_rvu26d():
    """What an estimate for an earlier day of 2026 rests on: between both releases only values moved."""
    same = ("status", "used_by_medicare", "non_facility_na", "facility_na", "multiple_procedure", "pctc")
    before = {row["code"]: row for row in _rows(TABLES / "medicare-fee-schedule.csv") if row["release"] == "RVU25D"}
    after = {row["code"]: row for row in _rows(TABLES / "medicare-fee-schedule-2026.csv") if not row["modifier"]}
    both = before.keys() & after.keys()
    assert len(both) > 120
    assert [code for code in both if [before[code][key] for key in same] != [after[code][key] for key in same]] == []


@pytest.mark.skipif(not SHARED.is_dir(), reason="the tables as collected are not beside this checkout")
def test_the_conversion_factors_and_therapy_codes_are_those_collected():
    held = {(row["from"], row["to"], row["factor"]) for row in _rows(TABLES / "medicare-conversion-factors.csv")}
    collected = {*_picked("conversion_factors.csv", "effective_start", "effective_end", "conversion_factor")}
    assert collected <= held
    assert {first[:4] for first, _, _ in held - collected} == {"2013", "2018", "2019"}
    therapy = {row["hcpcs"]: row["therapy_modifier_rule"] for row in _collected("therapy_code_dispositions.csv")}
    rows = _rows(TABLES / "medicare-therapy.csv")
    assert {row["code"]: row["modifiers"].split() for row in rows} == {
        row["code"]: therapy[row["code"]].split(" ")[0].split("|") for row in rows
    }


def test_what_a_subset_says_that_it_holds_names_every_code_that_it_has():
    """A range that was forgotten would turn 'not published' into 'not held', or the other way round."""
    for table in _parts().tables.values():
        if table.holds and "edits" not in table.id and "add-on" not in table.id:
            codes = {row["code"] for row in _rows(TABLES / table.file)}
            assert {code for code in codes if not _listed(code, table.holds.codes)} == set(), table.id


def _listed(code, ranges):
    return any(low <= code <= (high or low) for low, _, high in (each.partition("-") for each in ranges))


def test_the_sources_of_the_conversion_factors_are_those_of_their_table():
    named = {source for row in _rows(TABLES / "medicare-conversion-factors.csv") for source in row["sources"].split()}
    assert named == {*_parts().tables["medicare-conversion-factors"].sources}


def _parts(edit=None):
    """The shipped rules as they are read, after `edit` changed their files."""
    files = Files(shipped_folder())
    if edit:
        edit(files.contents)
    parts = Parts()
    parts.add(files)
    return parts


def _problems(tmp_path, edit):
    """What the loader says of the shipped rules after `edit` changed their files."""
    return [str(problem) for problem in _parts(edit).problems]


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda held: held.update({"tables/medicare-units.csv": held["tables/medicare-units.csv"] + b"97026,9,3,x\n"}),
         "medicare-units.csv is not the file with this hash"),
        (lambda held: held.pop("tables/medicare-units.csv"), "no file 'medicare-units.csv' in tables/"),
        (lambda held: held.update({"tables/new.csv": b"a,b\n"}), "a table that tables.yaml does not name"),
        (lambda held: held.update(_renamed(held)), "no use for a table 'medicare-fees'"),
        (lambda held: held.update(_other_columns(held)), "medicare-units.csv has other columns"),
        (lambda held: held.update(_typed_again(held, b"    units:\n", b"    units:\n      medicare_maximum: 1\n")),
         "a maximum that the table has too"),
        (lambda held: held.update(_typed_again(held, b"    medicare:\n", b"    medicare:\n      status: A\n")),
         "a status that the table has too"),
        (lambda held: held.update({"payers/palmetto.yaml": held["payers/palmetto.yaml"].replace(
            b"    jurisdiction: JJ\n", b"    jurisdiction: JJ\n    states: [AL]\n")}),
         "states that the table has too"),
    ],
    ids=["changed", "missing", "not named", "no use", "columns", "units twice", "status twice", "states twice"],
)  # fmt: skip
def test_a_table_that_does_not_fit_is_a_problem_of_the_rules(tmp_path, edit, words):
    assert [problem for problem in _problems(tmp_path, edit) if words in problem] != []


def _renamed(held):
    return {
        "tables/tables.yaml": held["tables/tables.yaml"].replace(b"id: medicare-fee-schedule", b"id: medicare-fees")
    }


def _other_columns(held):
    changed = held["tables/medicare-units.csv"].replace(b"code,maximum", b"code,most", 1)
    old = hashlib.sha256(held["tables/medicare-units.csv"]).hexdigest().encode()
    new = hashlib.sha256(changed).hexdigest().encode()
    return {
        "tables/medicare-units.csv": changed,
        "tables/tables.yaml": held["tables/tables.yaml"].replace(old, new),
    }


def _typed_again(held, key, with_number):
    name = "codes/supervised-modalities.yaml"
    return {name: held[name].replace(key, with_number, 1)}
