"""CMS's own files into the user's store: what is recognised, what is refused, and that nothing is ever half stored."""

import copy
import csv
import errno
import gzip
import io
import json
import os
import re
import signal
import sqlite3
import time
import zipfile
from contextlib import closing
from datetime import date
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from conftest import TESTS, TODAY
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cptcli.cms import importing, inventory
from cptcli.cms import store as cms_store
from cptcli.cms.cells import Given, quarters_in
from cptcli.cms.edits import Edit, packed, unpacked
from cptcli.cms.importing import import_files
from cptcli.cms.store import StoreBusy, StoreNewer, StoreUnusable
from cptcli.cms.tables import open_tables
from cptcli.errors import CptError

FILES = TESTS / "cms"
EDITS, UNITS = "ccipra-v322r0-f1.txt", "MCR_MUE_PractitionerServices_Eff_07-01-2026.csv"
FEES, FEES_FIXED, FEES_2026 = "PPRRVU2025_Oct.csv", "PPRRVU2025_Oct.txt", "PPRRVU2026_Jul_nonQPP.csv"
INDICES, INDICES_FIXED, INDICES_2026 = "GPCI2025.csv", "GPCI2025.txt", "GPCI2026.csv"
ZIPS, LEVEL2, LEVEL2_FIXED = "ZIP5_OCT2025.txt", "HCPC2026_OCT_ANWEB.csv", "HCPC2019_CONTR_ANWEB.txt"
ALL = [EDITS, UNITS, FEES, FEES_FIXED, FEES_2026, INDICES, INDICES_FIXED, INDICES_2026, ZIPS, LEVEL2, LEVEL2_FIXED]
SEPARATED = [EDITS, UNITS, FEES, FEES_2026, INDICES, INDICES_2026, LEVEL2]  # by tabs or commas
# What tells the quarter and whose table it is, where a file lost its name.
SAID = {EDITS: ("2026 Q3", "professional"), UNITS: ("2026 Q3", None), FEES_FIXED: ("2025 Q4", None),
        LEVEL2: ("2026 Q4", None), LEVEL2_FIXED: ("2019 Q1", None)}  # fmt: skip


@pytest.fixture(scope="module")
def shipped():
    with open_tables(shipped_alone=True) as tables:
        yield tables


@pytest.fixture
def load(shipped, tmp_path):
    """Imports files into a store of this test, within this process."""

    def run(*paths, quarter=None, claim=None, licensed=False, replace=False, progress=lambda what, size: None):
        given = Given(quarter, claim, licensed, shipped)
        return import_files([*map(Path, paths)], given, tmp_path / "cms.sqlite", TODAY, replace, progress)

    return run


@pytest.fixture
def tables(tmp_path):
    """Opens the store of this test."""
    return lambda: open_tables(tmp_path / "cms.sqlite")


def _outcomes(imports):
    return [(each.id, each.rows, each.outcome) for file in imports.files for each in file.tables]


def _problem(imports):
    (file,) = imports.files
    assert file.tables == ()
    assert file.problem is not None
    return file.problem


def _content(path):
    """Everything in a store, to compare with another."""
    with closing(sqlite3.connect(path)) as connection:
        return [*connection.iterdump()]


def _rows(name):
    """The rows of a sample, as cells."""
    text = (FILES / name).read_bytes().decode("cp1252")
    return [*csv.reader(io.StringIO(text, newline=""), delimiter="\t" if name == EDITS else ",")]


def _as_csv(rows, path, delimiter=","):
    with path.open("w", encoding="cp1252", newline="") as out:
        csv.writer(out, delimiter=delimiter).writerows(rows)
    return path


def _as_sheet(rows, path, numbers=False):
    """A workbook as Excel leaves one: numbers as numbers, where it is told to."""
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append([_number(cell) if numbers else cell for cell in row])
    book.save(path)
    return path


def _number(cell):
    try:
        return float(cell) if "." in cell else int(cell)
    except ValueError:
        return cell


def _zip(path, **members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "."), content)
    return path


# ---------------------------------------------------------------------------------------------- what is recognised


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        (EDITS, [("ncci-edits-professional-2026-q3", 154)]),
        (UNITS, [("mue-professional-2026-q3", 44)]),
        (FEES, [("fee-schedule-rvu25d", 13), ("conversion-factors-rvu25d-single", 1)]),
        (FEES_FIXED, [("fee-schedule-rvu25d", 13), ("conversion-factors-rvu25d-single", 1)]),
        (FEES_2026, [("fee-schedule-rvu26c", 15), ("conversion-factors-rvu26c-non-qpp", 1)]),
        (INDICES, [("localities-2025", 12)]),
        (INDICES_FIXED, [("localities-2025", 12)]),
        (INDICES_2026, [("localities-2026", 12)]),
        (ZIPS, [("zip-codes-2025-q4", 20)]),
        (LEVEL2, [("hcpcs-2026-q4", 9)]),
        (LEVEL2_FIXED, [("hcpcs-2019", 27)]),
    ],
)
def test_a_file_of_cms_is_recognised_and_stored_and_once_more_changes_nothing(load, tmp_path, name, stored):
    assert _outcomes(load(FILES / name)) == [(*each, "stored") for each in stored]
    before = _content(tmp_path / "cms.sqlite")
    assert _outcomes(load(FILES / name)) == [(*each, "held_already") for each in stored]
    assert _content(tmp_path / "cms.sqlite") == before


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("renamed", ["download", "report.pdf", "data (1).xlsx.txt"])
def test_a_file_is_known_by_its_content_under_any_name(load, tmp_path, name, renamed):
    load(FILES / name)
    before = _content(tmp_path / "cms.sqlite")
    (tmp_path / renamed).write_bytes((FILES / name).read_bytes())
    quarter, claim = SAID.get(name, (None, None))
    if name == LEVEL2_FIXED:  # without its name the annual file is one of a quarter
        assert _outcomes(load(tmp_path / renamed, quarter=quarter)) == [("hcpcs-2019-q1", 27, "stored")]
        return
    again = load(tmp_path / renamed, quarter=quarter, claim=claim)
    assert {each.outcome for file in again.files for each in file.tables} == {"held_already"}
    assert _content(tmp_path / "cms.sqlite") == before


@pytest.mark.parametrize("name", SEPARATED)
@pytest.mark.parametrize("numbers", [False, True])
def test_a_workbook_says_the_same_as_the_text(load, tmp_path, name, numbers):
    """With the numbers as numbers the leading zeros of codes and places are lost, and come back."""
    load(FILES / name)
    path = _as_sheet(_rows(name), tmp_path / f"{Path(name).stem}.xlsx", numbers)
    assert {each[2] for each in _outcomes(load(path))} == {"held_already"}


@pytest.mark.parametrize("name", SEPARATED)
@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda raw: raw.replace(b"\r\n", b"\n"), id="LF"),
        pytest.param(lambda raw: b"\xef\xbb\xbf" + raw, id="UTF-8 with a mark"),
        pytest.param(lambda raw: raw.rstrip(b"\r\n"), id="no last line end"),
        pytest.param(lambda raw: raw + b"\r\n\r\n", id="blank lines at the end"),
        pytest.param(lambda raw: b"Downloaded by caf\xe9\r\n\r\n\r\n" + raw, id="a header that moved, Latin-1"),
    ],
)
def test_how_a_text_was_saved_changes_nothing(load, tmp_path, name, change):
    load(FILES / name)
    path = tmp_path / name
    path.write_bytes(change((FILES / name).read_bytes()))
    assert {each[2] for each in _outcomes(load(path))} == {"held_already"}


@pytest.mark.parametrize("name", [EDITS, INDICES, FEES, UNITS])
def test_leading_zeros_that_were_lost_come_back(load, tmp_path, name):
    load(FILES / name)
    stripped = [[cell.lstrip("0") if cell[1:] else cell for cell in row] for row in _rows(name)]
    assert stripped != _rows(name)
    path = _as_csv(stripped, tmp_path / f"{Path(name).stem}.csv")
    assert {each[2] for each in _outcomes(load(path))} == {"held_already"}


def test_line_feeds_within_quotes_are_no_rows(load, tables):
    """The header of the table of units has them, and so has the notice before it."""
    load(FILES / UNITS)
    with tables() as held:
        found = held.maximum("professional", "0001U", date(2026, 8, 1))
    assert (found.units, found.adjudication, found.rationale, found.fits) == (
        1, 2, "Code Descriptor / CPT Instruction", "day",
    )  # fmt: skip


def test_the_three_tables_of_units_are_told_apart_by_their_header(load, tmp_path):
    for words, claim in (("DME Supplier", "equipment"), ("Outpatient Hospital", "institutional")):
        raw = (FILES / UNITS).read_bytes().replace(b"Practitioner Services MUE", f"{words} Services MUE".encode())
        (tmp_path / "mue-2026q3.csv").write_bytes(raw)
        assert _outcomes(load(tmp_path / "mue-2026q3.csv")) == [(f"mue-{claim}-2026-q3", 44, "stored")]


def test_what_was_stored_is_what_the_file_says(load, tables):
    load(*(FILES / name for name in (EDITS, FEES_2026, INDICES_2026, ZIPS, LEVEL2_FIXED)))
    day = date(2026, 8, 1)
    with tables() as held:
        (row,) = held.pairs("professional", "90473", "0001A", day).rows
        assert (row.column1, row.column2, row.effective, row.deletion, row.indicator) == (
            "0001A", "90473", date(2022, 1, 1), date(2022, 1, 1), "9",
        )  # fmt: skip
        values = held.relative_values("0005F", day)
        assert (values.status, values.work, values.pctc, values.edition.imported) == ("I", Decimal("0.00"), "9", True)
        (place,) = held.localities(state="AK", day=day)
        assert (place.contractor, place.name, place.work) == ("02102", "ALASKA", Decimal("1.500"))
        found = held.zip_code("29003", date(2025, 10, 1))
        assert (found.contractor, found.locality, found.edition.imported) == ("11202", "01", True)
        tens = held.level2("E0720", date(2019, 5, 1))
        assert (tens.coverage, tens.added, tens.ends) == ("D", date(1986, 1, 1), None)
        assert tens.long_description.endswith("two leads, on one place of the body")  # from two lines
        assert held.level2("AT", date(2019, 5, 1)).short_description == "Acute treatment"


def test_the_shifted_columns_of_2026_give_the_right_factor(load, tables):
    load(FILES / FEES_2026)
    with tables() as held:
        factor = next(each for each in held.factors(date(2026, 8, 1)) if each.participation == "non_qpp")
    assert (str(factor.factor), factor.edition.imported, factor.evidence) == ("33.4009", True, "primary")


@pytest.mark.parametrize(
    ("name", "quarters"),
    [
        ("medicare-ncci-2026q3-practitioner-ptp-edits-ccipra-v322r0-f1.zip", {"2026 Q3"}),
        ("ccioph-v313r1-f4.TXT", {"2025 Q4"}),
        ("MCR_MUE_DMESupplierServices_Eff_10-01-2025.xlsx", {"2025 Q4"}),
        ("medicare-ncci-2026-q3-practitioner-services-mue-table.zip", {"2026 Q3"}),
        ("RVU24AR.zip", {"2024 Q1"}),
        ("PPRRVU24_JAN.csv", {"2024 Q1"}),
        ("PPRRVU2026_Jul_nonQPP.txt", {"2026 Q3"}),
        ("ZIP5_OCT2025.txt", {"2025 Q4"}),
        ("HCPC2026_OCT_ANWEB_v2.xlsx", {"2026 Q4"}),
        ("HCPC2019_CONTR_ANWEB.txt", set()),
        ("GPCI2026.csv", set()),
        ("edits.txt", set()),
        ("2026Q2-v322r0.txt", {"2026 Q2", "2026 Q3"}),
    ],
)
def test_the_quarter_in_a_name(name, quarters):
    assert quarters_in(name) == quarters


# ------------------------------------------------------------------------------------------------- zips, workbooks


def test_a_release_of_the_fee_schedule_is_taken_whole_and_the_rest_is_named(load, tmp_path):
    members = {
        name.replace(".", "__"): (FILES / name).read_bytes() for name in (INDICES, FEES, FEES_FIXED, INDICES_FIXED)
    }
    members |= {
        "RVU25D__pdf": b"%PDF-1.7\0\0",
        "25LOCCO__csv": b"County,Locality\r\n",
        "PPRRVU2025_Oct__xlsx": b"PK no",
    }
    (file,) = load(_zip(tmp_path / "RVU25D.zip", **members)).files
    assert [(each.id, each.file) for each in file.tables] == [
        ("localities-2025-rvu25d", INDICES),
        ("fee-schedule-rvu25d", FEES),
        ("conversion-factors-rvu25d-single", FEES),
    ]
    assert dict(file.left_out) == {
        "25LOCCO.csv": "not one of the tables that cpt reads",
        "RVU25D.pdf": "not one of the tables that cpt reads",
        FEES_FIXED: f"{FEES} has the same rows and was read instead",
        INDICES_FIXED: f"{INDICES} has the same rows and was read instead",
        "PPRRVU2025_Oct.xlsx": f"{FEES} has the same rows and was read instead",
    }


def test_a_zip_of_a_workbook_alone_is_read(load, tmp_path):
    sheet = _as_sheet(_rows(UNITS), tmp_path / "sheet.xlsx").read_bytes()
    path = _zip(tmp_path / "medicare-ncci-2026-q3-mue.zip", MCR_MUE__xlsx=sheet)
    assert _outcomes(load(path)) == [("mue-professional-2026-q3", 44, "stored")]


def test_days_in_a_workbook_may_be_days(load, tmp_path):
    load(FILES / LEVEL2)
    book = openpyxl.Workbook()
    for row in _rows(LEVEL2):
        book.active.append([date.fromisoformat(cell) if re.fullmatch("[0-9]{8}", cell) else cell for cell in row])
    book.save(tmp_path / "HCPC2026_OCT_ANWEB.xlsx")
    assert _outcomes(load(tmp_path / "HCPC2026_OCT_ANWEB.xlsx")) == [("hcpcs-2026-q4", 9, "held_already")]


def test_the_name_of_the_zip_tells_what_that_of_the_file_does_not(load, tmp_path):
    path = _zip(tmp_path / "practitioner-2026q3.zip", f1__TXT=(FILES / EDITS).read_bytes())
    assert _outcomes(load(path)) == [("ncci-edits-professional-2026-q3", 154, "stored")]


def test_both_factors_of_2026_are_kept_beside_values_that_are_the_same(load, tables, tmp_path):
    raw = (FILES / FEES_2026).read_bytes()
    (tmp_path / "PPRRVU2026_Jul_QPP.csv").write_bytes(raw.replace(b"33.4009", b"33.5675"))
    done = load(FILES / FEES_2026, tmp_path / "PPRRVU2026_Jul_QPP.csv")
    assert _outcomes(done)[2:] == [
        ("fee-schedule-rvu26c", 15, "held_already"), ("conversion-factors-rvu26c-qpp", 1, "stored"),
    ]  # fmt: skip
    with tables() as held:
        found = {each.participation: str(each.factor) for each in held.factors(date(2026, 9, 30))}
    assert found == {"non_qpp": "33.4009", "qpp": "33.5675"}


def test_a_factor_that_nobody_knows_is_kept_only_where_its_name_says_for_whom(load, tmp_path):
    raw = (FILES / FEES_2026).read_bytes().replace(b"33.4009", b"34.0001")
    for name, stored in (("PPRRVU2026_Jul.csv", 1), ("PPRRVU2026_Jul_QPP.csv", 2)):
        (tmp_path / name).write_bytes(raw)
        (file,) = load(tmp_path / name).files
        assert len(file.tables) == stored
        assert ("the file name says neither" in str(file.tables[0].notes)) is (stored == 1)


@pytest.mark.parametrize(
    ("factor", "release", "last"), [("32.7442", "RVU24A", "2024-03-08"), ("33.2875", "RVU24AR", "2024-03-31")]
)
def test_the_factor_tells_the_january_release_of_2024_from_its_correction(
    load, tables, tmp_path, factor, release, last
):
    raw = (FILES / FEES).read_bytes().replace(b"32.3465", factor.encode()).replace(b"2025 National", b"2024 National")
    (tmp_path / "PPRRVU24_JAN.csv").write_bytes(raw.replace(b"October Release", b"January Release"))
    load(tmp_path / "PPRRVU24_JAN.csv")
    with tables() as held:
        found = held.relative_values("97110", date.fromisoformat(last)).edition
    assert (found.edition, found.imported, found.last.isoformat()) == (release, True, last)


# ------------------------------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        (EDITS, {"quarter": "2026 Q2"}, "2026 Q2 and 2026 Q3"),
        (UNITS, {"quarter": "2025 Q3"}, "2025 Q3 and 2026 Q3"),
        (FEES, {"quarter": "2026 Q4"}, "2025 Q4 and 2026 Q4, by its content"),
        (ZIPS, {"quarter": "2026 Q1"}, "2025 Q4 and 2026 Q1, by its content"),
        (INDICES, {"quarter": "2026 Q1"}, "indices of 2025 in a file of 2026 Q1"),
        (EDITS, {"claim": "institutional"}, "--table disagree"),
        (UNITS, {"claim": "equipment"}, "--table disagree"),
    ],
)
def test_an_option_that_contradicts_the_file_is_refused(load, name, options, words):
    assert words in _problem(load(FILES / name, **options))


@pytest.mark.parametrize(
    ("name", "renamed", "words"),
    [
        (EDITS, "edits.txt", "the quarter is missing"),
        (EDITS, "edits-2026q3.txt", "the claim type is missing"),
        (EDITS, "ccipra-v321r0.txt", None),
        (UNITS, "units.csv", "the quarter is missing"),
        (LEVEL2, "codes.csv", "the quarter is missing"),
        (FEES_FIXED, "fees.txt", "the quarter is missing"),
        (FEES_FIXED, "PPRRVU24_JAN.txt", "32.3465 belongs to no release of 2024 Q1"),
        (FEES_FIXED, "PPRRVU2026_Jul.txt", "32.3465 belongs to another year, not to 2026 Q3"),
        (FEES, "PPRRVU2024_Oct.csv", "2024 Q4 and 2025 Q4"),
    ],
)
def test_a_name_that_does_not_tell_or_tells_another_quarter(load, tmp_path, name, renamed, words):
    (tmp_path / renamed).write_bytes((FILES / name).read_bytes())
    if words:
        assert words in _problem(load(tmp_path / renamed))
    else:
        assert _outcomes(load(tmp_path / renamed)) == [("ncci-edits-professional-2026-q2", 154, "stored")]


def test_a_quote_that_is_never_closed_is_no_end_of_the_file(load, tmp_path):
    lines = (FILES / UNITS).read_bytes().split(b"\r\n")
    lines[12] = lines[12].replace(b",", b',"', 1)
    (tmp_path / UNITS).write_bytes(b"\r\n".join(lines))
    assert "cells that are closed where they are opened" in _problem(load(tmp_path / UNITS))


def test_a_month_that_is_none_tells_no_quarter():
    assert quarters_in("MUE_Eff_00-01-2026.csv") == quarters_in("MUE_Eff_99-01-2026.csv") == set()


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        (FEES, "0.32,0.42", "\u0660.\u0663\u0662,0.42"),
        (INDICES, "1.081", "\uff11.081"),
        (INDICES, "02102", "\u0660\u0662\u0661\u0660\u0662"),
        (UNITS, "0001U,1,2", "0001U,\u0661,2"),
        (UNITS, "0001U,1,2", "000\u0661U,1,2"),
        (LEVEL2, "20050101", "2005010\u0661"),
    ],
)
def test_digits_of_another_script_are_no_numbers(load, tmp_path, name, old, new):
    text = (FILES / name).read_bytes().decode("cp1252")
    assert old in text
    (tmp_path / name).write_bytes(text.replace(old, new, 1).encode("utf-8-sig"))
    assert ", row " in _problem(load(tmp_path / name))


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e400", "1e999999999", "x", "-9.9", "\u0661.0"])
def test_an_amount_that_is_none_is_a_damaged_store_and_no_answer(load, tables, tmp_path, number):
    load(FILES / INDICES)
    with closing(sqlite3.connect(tmp_path / "cms.sqlite")) as connection, connection:
        connection.execute("UPDATE localities SET work = ?", (number,))
        state, day = connection.execute("SELECT state, first FROM localities, editions LIMIT 1").fetchone()
    with tables() as held, pytest.raises(StoreUnusable, match="damaged"):
        held.localities(state=state, day=date(day // 10000, 8, 1))


def test_rows_of_one_pair_that_contradict_each_other_are_answered_by_the_strictest(load, tmp_path, cpt):
    for number, order in enumerate(("01", "10")):
        rows = [["97110", "97150", "", "20260701", "*", indicator, "why"] for indicator in order]
        _as_csv(_rows(EDITS)[:6] + rows, tmp_path / EDITS, "\t")
        (tmp_path / "cms.sqlite").unlink(missing_ok=True)
        if load(tmp_path / EDITS).files[0].problem:
            continue  # refusing them is as good
        asked = ("check", "97110:15", "97150-59", "--payer", "medicare", "--on", "2026-08-01", "--json")
        ran = cpt(*asked, env={"CPT_DATA": str(tmp_path)})
        assert [(each["state"], each["indicator"]) for each in json.loads(ran.stdout)["edits"]] == [("fails", "0")], (
            number
        )


def test_one_part_of_a_newer_quarter_hides_nothing_that_is_held_of_an_older_one(load, tables):
    day = date(2026, 8, 1)
    with open_tables(shipped_alone=True) as alone:
        before = alone.pairs("professional", "97110", "97150", day), alone.maximum("professional", "97110", day)
    load(FILES / EDITS, FILES / UNITS)
    with tables() as held:
        assert (held.pairs("professional", "97110", "97150", day), held.maximum("professional", "97110", day)) == before
    assert before[0].rows
    assert before[1]


def test_edits_that_start_after_the_quarter_are_those_of_another_one(load, tmp_path):
    path = tmp_path / "ccipra-v300r0-f1.txt"  # 2024 Q1
    path.write_bytes((FILES / EDITS).read_bytes())
    assert "row " in _problem(load(path))
    assert "an edit that starts on 2025-01-01, after 2024 Q1" in _problem(load(path))
    path.rename(tmp_path / EDITS)
    (file,) = load(tmp_path / EDITS).files
    assert "none of its edits starts in 2026 Q3; the newest starts 2025-01-01" in file.tables[0].notes[0]


def _broken(name, row, change):
    """A sample with one row changed; rows count from 1."""
    lines = (FILES / name).read_bytes().split(b"\r\n")
    lines[row - 1] = change(lines[row - 1])
    return b"\r\n".join(lines)


@pytest.mark.parametrize(
    ("name", "row", "change", "words"),
    [
        (EDITS, 9, lambda line: line[:30], "cells. Expected seven"),
        (EDITS, 7, lambda line: line[:12], "3 cells. Expected seven"),
        (EDITS, 7, lambda line: line.replace(b"20220101", b"2022"), "'2022' where a day belongs"),
        (EDITS, 9, lambda line: line.replace(b"20220101", b"20221301"), "'20221301' where a day belongs"),
        (EDITS, 9, lambda line: line.replace(b"20220101", b"        "), "where a day belongs"),
        (EDITS, 9, lambda line: line.replace(b"\t1\t", b"\t7\t"), "'7' as modifier indicator"),
        (EDITS, 9, lambda line: line.replace(b"0593T", b"0593#"), "'0593#' where a code belongs"),
        (EDITS, 9, lambda line: b"A code with words" + line, "where a code belongs"),
        (UNITS, 9, lambda line: b"0001M,x,3 Day,why", "'x' units"),
        (UNITS, 9, lambda line: b"0001M,1", "2 cells. Expected at least"),
        (UNITS, 9, lambda line: b"0001M,1,4 Day,why", "adjudication indicator '4'"),
        (UNITS, 9, lambda line: b"0001U,1,3 Day,why", "0001U a second time"),
        (FEES, 12, lambda line: line[:20], "cells. Expected at least"),
        (FEES, 12, lambda line: line.replace(b"0.32", b"O.32"), "'O.32' where a number belongs"),
        (FEES, 12, lambda line: line.replace(b"0.32", b"1e9"), "'1e9' where a number belongs"),
        (FEES, 12, lambda line: line.replace(b"0.32", b"-0.32"), "'-0.32' where a number belongs. Expected"),
        (FEES, 12, lambda line: line.replace(b"32.3465", b"-32.3465"), "'-32.3465' where a number belongs"),
        (FEES, 12, lambda line: line.replace(b"32.3465", b"0.0000"), "'0.0000' where a number belongs"),
        (FEES, 12, lambda line: line.replace(b"32.3465", b"99999.0"), "'99999.0' where a number belongs"),
        (INDICES, 5, lambda line: line.replace(b"1.081", b"-9.9"), "'-9.9' where a number belongs"),
        (INDICES, 5, lambda line: line.replace(b"1.081", b"0"), "'0' where a number belongs"),
        (INDICES, 5, lambda line: line.replace(b"1.081", b"1081"), "'1081' where a number belongs"),
        (UNITS, 9, lambda line: b"0001M,-1,3 Day,why", "'-1' units"),
        (UNITS, 9, lambda line: b"0001M,99999999,3 Day,why", "'99999999' units"),
        (FEES, 12, lambda line: line.replace(b",A,", b",AB,"), "status 'AB'"),
        (FEES_FIXED, 9, lambda line: line[:70], "characters, not in CMS's places"),
        (FEES_FIXED, 9, lambda line: b" " + line, "not in CMS's places"),
        (INDICES, 5, lambda line: line.rpartition(b",")[0], "6 cells. Expected at least 7"),
        (INDICES, 5, lambda line: line.replace(b"02102", b"2102X"), "'2102X' as contractor"),
        (INDICES, 5, lambda line: line.replace(b"1.081", b""), "'' where a number belongs"),
        (INDICES_FIXED, 5, lambda line: line[:100], "cells in the wrong places"),
        (ZIPS, 3, lambda line: line[:79], "characters, not in CMS's places"),
        (ZIPS, 3, lambda line: line.replace(b"20254", b"20261"), "2025 Q4 and 2026 Q1"),
        (ZIPS, 3, lambda line: b"SC29001" + line[7:], "29001 a second time"),
        (LEVEL2, 3, lambda line: line.replace(b"20050101", b"20050199", 1), "'20050199' where a day belongs"),
        (LEVEL2_FIXED, 37, lambda line: line.replace(b"E0720", b"E0799"), "a second line of E0799"),
        (LEVEL2_FIXED, 37, lambda line: line[:100], "not in CMS's places"),
    ],
)  # fmt: skip
def test_a_row_that_is_wrong_is_named_with_its_number_and_nothing_is_stored(load, tmp_path, name, row, change, words):
    load(_other(tmp_path, UNITS, b"0001U,1,2", b"0001U,2,2"))
    before = _content(tmp_path / "cms.sqlite")
    (tmp_path / name).write_bytes(_broken(name, row, change))
    assert _broken(name, row, change) != (FILES / name).read_bytes()
    problem = _problem(load(tmp_path / name))
    assert words in problem
    assert f"{name}, row " in problem
    assert "Nothing of this file was stored" in problem
    assert _content(tmp_path / "cms.sqlite") == before


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "an empty file"),
        (b"\n" * 1000, "none of CMS's tables"),
        (b"hello", "none of CMS's tables"),
        (os.urandom(64) + b"\0" * 64, "NUL"),
        ((FILES / UNITS).read_bytes().decode("cp1252").encode("utf-16"), "NUL"),
        ((FILES / EDITS).read_bytes() + b"\0", "NUL"),
        (b"PK\x03\x04" + b"\0" * 100, "zip is damaged"),
        (b"a," * 3_000_000, "more than"),
        ((FILES / EDITS).read_bytes() + b"x" * 3_000_000, "characters"),
        ((FILES / UNITS).read_bytes() + b'"' + b"x\r\n" * 100_000, "field larger than"),
    ],
    ids=["empty", "blank", "words", "noise", "UTF-16", "a NUL at the end", "no zip", "one line", "long line", "quote"],
)  # fmt: skip
def test_what_is_no_table_is_refused_in_words(load, tmp_path, content, words):
    path = tmp_path / EDITS
    path.write_bytes(content)
    assert words in _problem(load(path))


def test_what_cannot_be_opened_is_refused_in_words(load, tmp_path):
    assert "a folder" in _problem(load(tmp_path))
    assert "No such file" in _problem(load(tmp_path / "nothing.zip"))
    assert "a\0b: " in _problem(load("a\0b"))
    assert "none of CMS's tables" in _problem(load(_zip(tmp_path / "other.zip", readme__txt=b"hello")))


def test_a_zip_that_was_cut_short_is_refused(load, tmp_path):
    whole = _zip(tmp_path / "ccipra-v322r0-f1.zip", f1__TXT=(FILES / EDITS).read_bytes())
    raw = whole.read_bytes()
    for size in (len(raw) - 10, len(raw) // 2, 30):
        whole.write_bytes(raw[:size])
        assert "zip is damaged or was cut short" in _problem(load(whole))
    middle = len(raw) // 3
    whole.write_bytes(raw[:middle] + bytes([raw[middle] ^ 255]) + raw[middle + 1 :])
    assert _problem(load(whole))


def test_a_zip_bomb_costs_neither_memory_nor_time(load, tmp_path):
    bomb = tmp_path / "ccipra-v322r0-f1.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("f1.TXT", "w") as member:
        member.write((FILES / EDITS).read_bytes())
        for _ in range(400):
            member.write(b" " * (1 << 20))
    begun = time.perf_counter()
    assert "it unpacks to more than" in _problem(load(bomb))
    assert time.perf_counter() - begun < 10
    with zipfile.ZipFile(tmp_path / "book.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"<workbook/>")
        archive.writestr("xl/sharedStrings.xml", b" " * (100 << 20))
    assert "it unpacks to" in _problem(load(tmp_path / "book.xlsx"))


def test_a_workbook_that_is_none_or_damaged_is_refused(load, tmp_path):
    book = _as_sheet(_rows(UNITS), tmp_path / "MUE_Eff_07-01-2026.xlsx")
    raw = book.read_bytes()
    for content in (raw[: len(raw) // 2], _zip(tmp_path / "x.zip", **{"xl/workbook__xml": b"<nonsense"}).read_bytes()):
        book.write_bytes(content)
        assert "damaged" in _problem(load(book))


# ---------------------------------------------------------------------------------------------- files that disagree


def _other(tmp_path, name, old, new):
    (tmp_path / "other").mkdir(exist_ok=True)
    path = tmp_path / "other" / name
    path.write_bytes((FILES / name).read_bytes().replace(old, new, 1))
    return path


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        (EDITS, b"0591T\t\t20220101", b"0591T\t\t20220401", "0001A 0591T 2022-04-01 2023-12-31 1 CPT Manual"),
        (UNITS, b"0001U,1,2", b"0001U,9,2", "0001U 9 2"),
        (FEES, b"0.32,0.42", b"0.33,0.42", "20560 - A 1 0.33"),
        (INDICES, b"0.869", b"0.870", "10112 00 AL ALABAMA 1.000 0.870"),
    ],
)
def test_two_files_of_one_quarter_that_disagree_are_refused_until_one_is_to_replace_the_other(
    load, tmp_path, name, old, new, words
):
    load(FILES / name)
    before = _content(tmp_path / "cms.sqlite")
    other = _other(tmp_path, name, old, new)
    problem = _problem(load(other))
    assert "differ in 2 rows" in problem
    assert words in problem
    assert "--replace" in problem
    assert _content(tmp_path / "cms.sqlite") == before
    done = load(other, replace=True)
    assert _outcomes(done)[0][2] == "replaced"
    assert {each[2] for each in _outcomes(load(other))} == {"held_already"}
    assert {each[2] for each in _outcomes(load(FILES / name, replace=True))} <= {"replaced", "held_already"}


def test_indices_of_the_same_days_under_two_names_that_disagree_are_refused(load, tmp_path):
    load(FILES / INDICES)
    told_otherwise = _other(tmp_path, INDICES, b"0.869", b"0.870").read_bytes()
    release = _zip(tmp_path / "RVU25D.zip", GPCI2025__csv=told_otherwise)
    assert "10112 00 AL ALABAMA 1.000 0.870" in _problem(load(release))
    same = _zip(tmp_path / "RVU25D.zip", GPCI2025__csv=(FILES / INDICES).read_bytes())
    assert _outcomes(load(same)) == [("localities-2025-rvu25d", 12, "stored")]


def test_what_an_excerpt_lacks_is_answered_by_the_edition_that_ships(load, tables, tmp_path):
    load(FILES / ZIPS, FILES / FEES)
    day = date(2025, 11, 1)
    with tables() as held:
        assert held.zip_code("29001", day).edition.imported
        assert not held.zip_code("29201", day).edition.imported
        assert held.relative_values("97110", day).edition.imported
        assert not held.relative_values("97550", day).edition.imported


def test_a_last_line_without_an_end_is_remarked_on(load, tmp_path):
    cut = tmp_path / UNITS
    cut.write_bytes((FILES / UNITS).read_bytes()[:-8])
    (file,) = load(cut).files
    assert "the last line has no line end" in " ".join(file.tables[0].notes)


def test_a_zip_none_of_whose_files_can_be_read_says_why(load, tmp_path):
    inside = {"MCR_MUE__csv": (FILES / UNITS).read_bytes()}
    damaged = bytearray(_zip(tmp_path / "whole.zip", **inside).read_bytes())
    damaged[60:90] = bytes(30)
    path = tmp_path / "damaged.zip"
    path.write_bytes(bytes(damaged))
    assert "MCR_MUE.csv is damaged or was cut short" in _problem(load(path))


def _changed(place):
    """Changes one byte of what a member holds: its CRC does not fit any more."""

    def change(raw, member):
        begin = raw.index(member.encode()) + len(member)
        raw[begin + place] ^= 255

    return change


def _encrypted(raw, member):
    """Sets the mark of an encrypted member, in its own header and in the list at the end."""
    for signature, flags in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        header = raw.rindex(signature, 0, raw.index(member.encode(), raw.find(signature)))
        raw[header + flags] |= 1


def _of_another_method(raw, member):
    for signature, method in ((b"PK\3\4", 8), (b"PK\1\2", 10)):
        header = raw.rindex(signature, 0, raw.index(member.encode(), raw.find(signature)))
        raw[header + method] = 9


def _says_it_is_shorter(raw, member):
    """The list at the end promises fewer bytes than there are."""
    header = raw.rindex(b"PK\1\2", 0, raw.rindex(member.encode()))
    raw[header + 20 : header + 28] = (100).to_bytes(4, "little") * 2


@pytest.mark.parametrize("member", ["GPCI2026.csv", "MCR_MUE_PractitionerServices_Eff_07-01-2026.csv", "read_me.pdf"])
@pytest.mark.parametrize(
    "damage",
    [_changed(200), _changed(0), _encrypted, _of_another_method, _says_it_is_shorter],
    ids=["a byte", "its first byte", "encrypted", "another method", "cut short"],
)
def test_a_damaged_member_of_a_zip_is_named_and_nothing_of_the_zip_is_stored(cpt, tmp_path, member, damage):
    """Also where the damage is to what is no table: a release of which a part is bad is downloaded again."""
    path = tmp_path / "RVU26C.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in (INDICES_2026, UNITS):
            archive.write(FILES / name, name)
        archive.writestr("read_me.pdf", b"%PDF-1.7" + bytes(500))
    env = {"CPT_DATA": str(tmp_path / "data")}
    raw = bytearray(path.read_bytes())
    assert cpt("data", "import", str(path), env=env).code == 0
    cpt("data", "remove", "localities-2026-rvu26c", "mue-professional-2026-q3", env=env)
    damage(raw, member)
    path.write_bytes(raw)
    ran = cpt("data", "import", str(path), env=env)
    assert ran.code == 2
    assert member in ran.stderr
    assert "Nothing of this file was stored" in ran.stderr
    assert "imported: " not in cpt("data", "list", env=env).stdout


def test_a_damaged_workbook_in_a_zip_is_named_and_nothing_of_the_zip_is_stored(load, tmp_path):
    book = bytearray(_as_sheet(_rows(UNITS), tmp_path / "MUE_Eff_07-01-2026.xlsx").read_bytes())
    inside = {INDICES_2026: (FILES / INDICES_2026).read_bytes()}
    whole = _zip(tmp_path / "2026q3.zip", MUE_Eff_07_01_2026__xlsx=bytes(book), **inside)
    assert load(whole).files[0].problem is None
    _gone(tmp_path / "cms.sqlite")
    damaged = bytes(book[: len(book) // 2]), bytes(book[:900]) + bytes(40) + bytes(book[940:])
    for content in damaged:
        problem = _problem(load(_zip(tmp_path / "2026q3.zip", MUE_Eff_07_01_2026__xlsx=content, **inside)))
        assert "MUE_Eff_07_01_2026.xlsx" in problem
        assert "damaged" in problem


@pytest.mark.parametrize("place", [0, 300])
def test_a_table_in_a_zip_that_was_written_over_with_nul_is_named_and_nothing_is_stored(load, tmp_path, place):
    """The zip is whole: the file was damaged before it was packed."""
    raw = bytearray((FILES / INDICES_2026).read_bytes())
    raw[place : place + 9] = bytes(9)
    path = _zip(tmp_path / "RVU26C.zip", GPCI2026__csv=bytes(raw), **{UNITS: (FILES / UNITS).read_bytes()})
    assert "GPCI2026.csv: bytes that are no text (NUL)" in _problem(load(path))


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        (
            "MUE__xlsx",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500),
            "it is not a .xlsx file: it is damaged or has a",
        ),
        ("MUE__xlsx", b"", "an empty file"),
        ("MUE__csv", b"", "an empty file"),
        ("more__zip", b"", "an empty file"),
        ("more__zip", b"<html>Not found</html>", "it is not a .zip file"),
    ],
    ids=["a workbook with a password", "an empty workbook", "an empty text", "an empty zip", "a page for a zip"],
)
def test_a_member_that_is_not_what_its_name_says_is_named_and_nothing_is_stored(load, tmp_path, name, content, words):
    inside = {name: content, INDICES_2026: (FILES / INDICES_2026).read_bytes()}
    problem = _problem(load(_zip(tmp_path / "RVU26C.zip", **inside)))
    assert words in problem
    assert name.replace("__", ".") in problem


def test_a_document_or_a_zip_in_a_zip_is_left_out_and_said_to_be(load, tmp_path):
    inner = _zip(tmp_path / "inner.zip", a__csv=b"a,b\n").read_bytes()
    path = _zip(tmp_path / "RVU26C.zip", notes__docx=inner, GPCI2026__csv=(FILES / INDICES_2026).read_bytes())
    (file,) = load(path).files
    assert [each.file for each in file.tables] == [INDICES_2026]
    assert dict(file.left_out) == {"notes.docx": "a zip or document inside it, which cpt does not open"}


# ------------------------------------------------------------------------------------------------ packed by gzip


@pytest.mark.parametrize("name", ALL)
def test_a_file_that_gzip_packed_reads_like_the_file(load, tmp_path, name):
    load(FILES / name)
    before = _content(tmp_path / "cms.sqlite")
    path = tmp_path / f"{name}.gz"
    path.write_bytes(gzip.compress((FILES / name).read_bytes()))
    again = load(path)
    assert {(each.outcome, each.file) for each in again.files[0].tables} == {("held_already", name)}
    assert _content(tmp_path / "cms.sqlite") == before


def test_a_workbook_that_gzip_packed_reads_like_the_workbook(load, tmp_path):
    book = _as_sheet(_rows(UNITS), tmp_path / "MUE_Eff_07-01-2026.xlsx").read_bytes()
    (tmp_path / "MUE_Eff_07-01-2026.xlsx.gz").write_bytes(gzip.compress(book))
    assert _outcomes(load(tmp_path / "MUE_Eff_07-01-2026.xlsx.gz")) == [("mue-professional-2026-q3", 44, "stored")]


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda raw: raw[: len(raw) // 2], "damaged or was cut short"),
        (lambda raw: raw[:-8] + bytes(8), "damaged or was cut short"),
        (lambda raw: raw[:200] + b"x" * 9 + raw[209:], "damaged or was cut short"),
        (lambda raw: raw[:12], "damaged or was cut short"),
        (lambda raw: raw + b"more", "damaged or was cut short"),
        (lambda raw: gzip.compress(b"hello"), "none of CMS's tables"),
        (lambda raw: gzip.compress(b"PK\3\4 no zip"), "damaged"),
        (lambda raw: gzip.compress(bytes(100)), "NUL"),
        (lambda raw: gzip.compress(b""), "an empty file"),
    ],
)
def test_a_damaged_file_of_gzip_is_refused_in_words(load, tmp_path, damage, words):
    path = tmp_path / f"{INDICES_2026}.gz"
    path.write_bytes(damage(gzip.compress((FILES / INDICES_2026).read_bytes())))
    assert words in _problem(load(path))


# -------------------------------------------------------------------------------------- files made to fill the memory


_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def _book(path, rows, sheets=1, **parts):
    """A workbook written by hand: so many sheets on one part with these rows."""
    listed = "".join(f'<sheet name="{n}" sheetId="{n}" r:id="r{n}"/>' for n in range(1, sheets + 1))
    links = "".join(
        f'<Relationship Id="r{n}" Type="{_OFFICE}/worksheet" Target="worksheets/s.xml"/>' for n in range(1, sheets + 1)
    )
    kinds = "".join(
        f'<Override PartName="/xl/{name}.xml" ContentType="application/vnd.openxmlformats-officedocument.'
        f'spreadsheetml.{kind}+xml"/>'
        for name, kind in (("workbook", "sheet.main"), ("sharedStrings", "sharedStrings"), ("styles", "styles"))
        if name == "workbook" or name in parts
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in {
            "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" ContentType='
            f'"application/vnd.openxmlformats-package.relationships+xml"/>{kinds}</Types>',
            "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="r1" '
            f'Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
            "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{listed}</sheets></workbook>',
            "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">{links}</Relationships>',
            "xl/worksheets/s.xml": f'<worksheet xmlns="{_MAIN}"><sheetData>{rows}</sheetData></worksheet>',
            **{f"xl/{name}.xml": text for name, text in parts.items()},
        }.items():
            archive.writestr(name, text)
    return path


def _zip_of(path, count, content, more=0):
    """So many members of one content, packed once, and noise that makes the file large enough for them."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("0.csv", content)
        (first,) = archive.infolist()
        archive.fp.seek(archive.start_dir - first.compress_size)
        packed = archive.fp.read(first.compress_size)
        for number in range(1, count):
            member = copy.copy(first)
            member.filename, member.header_offset = f"{number}.csv", archive.fp.tell()
            archive.fp.write(member.FileHeader(zip64=False) + packed)
            archive.filelist.append(member)
        archive.start_dir = archive.fp.tell()
        archive.writestr("noise.bin", os.urandom(more), zipfile.ZIP_STORED)
    return path


def _gzip_of(path, megabytes):
    with gzip.open(path, "wb") as file:
        for _ in range(megabytes):
            file.write(bytes(1 << 20))
    return path


_WIDE = b"ab," * 340_000 + b"\n"
_CELL = '<row r="1"><c r="A1"><v>1</v></c></row>'
_ATTACKS = {
    "wide rows in many members": (lambda path: _zip_of(path, 3, _WIDE * 70), "it unpacks to more than"),
    "wide rows in a large file": (lambda path: _zip_of(path, 90, _WIDE * 7, 8 << 20), "none of CMS's tables"),
    "members that are large together": (lambda path: _zip_of(path, 150, bytes(1 << 20)), "it unpacks to more than"),
    "60,000 members": (lambda path: _zip_of(path, 60_000, b"a"), "a zip of 60,001 files"),
    "members of many short rows": (lambda path: _zip_of(path, 190, (b"x," * 1000 + b"\n") * 190, 1 << 20), "none of"),
    "300 MB packed by gzip": (lambda path: _gzip_of(path, 300), "it unpacks to more than"),
    "5,000 sheets on one part": (lambda path: _book(path, _CELL * 50, 5000), "its workbooks have 5,000 sheets"),
    "a row with a number of nine digits": (
        lambda path: _book(path, '<row r="999999999"><c r="A999999999"><v>1</v></c></row>'), "none of CMS's tables"),
    "sheets that say they are as wide as can be": (
        lambda path: _book(path, "".join(f'<row r="{n}"><c r="XFD{n}"><v>1</v></c></row>' for n in range(1, 70)), 40),
        "none of CMS's tables"),
    "one row of 500,000 cells": (
        lambda path: _book(path, f'<row>{"<c><v>1</v></c>" * 500_000}</row>'), "a row of more than 524,288 bytes"),
    "half a million empty rows": (lambda path: _book(path, "<row></row>" * 500_000), "none of CMS's tables"),
    "elements between the rows": (
        lambda path: _book(path, ("<a/>" * 60_000 + "<row></row>") * 33), "something other than rows"),
    "elements between rows that end at once": (
        lambda path: _book(path, "<row/>" + ("<a/>" * 60_000 + "<row></row>") * 33), "something other than rows"),
    "elements and comments": (
        lambda path: _book(path, ("<a/>" * 60_000 + "<!-- row> -->") * 33), "something other than rows"),
    "a quarter of a million words": (
        lambda path: _book(path, _CELL, sharedStrings=f'<sst xmlns="{_MAIN}">{"<si><t>a</t></si>" * 250_000}</sst>'),
        "too many texts or styles"),
    "a hundred thousand fonts": (
        lambda path: _book(path, _CELL, styles=f'<styleSheet xmlns="{_MAIN}"><fonts>{"<font><b/></font>" * 180_000}'
                                                "</fonts></styleSheet>"), "too many texts or styles"),
    "entities in entities": (
        lambda path: _book(path, _CELL, sharedStrings='<!DOCTYPE a [<!ENTITY a "xxxxxxxxxxxxxxxxxxxxxxxxxx">]><sst/>'),
        "entities"),
}  # fmt: skip


@pytest.mark.parametrize("attack", _ATTACKS)
def test_a_file_that_was_made_to_fill_the_memory_is_refused_soon_and_in_words(cost, tmp_path, attack):
    """Within 2 seconds of the processor and 300 MB, whatever it unpacks to."""
    make, words = _ATTACKS[attack]
    path = tmp_path / "hostile.bin"
    make(path)
    ran, seconds, megabytes = cost("data", "import", str(path), env={"CPT_DATA": str(tmp_path / "data")})
    assert ran.code == 2
    assert words in ran.stderr
    assert len(ran.stderr) < 2000
    assert seconds < 2
    assert megabytes < 300


def test_a_table_with_rows_that_go_on_and_on_is_refused_at_the_first(load, tmp_path):
    (tmp_path / UNITS).write_bytes((FILES / UNITS).read_bytes() + b"\r\n" + b"97110," * 20_000)
    assert "20,001 cells" in _problem(load(tmp_path / UNITS))


def test_more_rows_than_cms_ever_published_are_refused(load, tmp_path, monkeypatch):
    monkeypatch.setattr("cptcli.cms.cells._MOST", 10)
    for name in (UNITS, FEES, INDICES, ZIPS, LEVEL2_FIXED, EDITS):
        assert "more than 10 rows" in _problem(load(FILES / name))
    monkeypatch.setattr("cptcli.cms.layout_ncci._MOST_OF_A_CODE", 10)
    monkeypatch.setattr("cptcli.cms.cells._MOST", 200)
    assert "more than 10 edits of one code" in _problem(load(FILES / EDITS))
    monkeypatch.setattr("cptcli.cms.layout_hcpcs._LONGEST", 10)
    assert "more than 10 characters" in _problem(load(FILES / LEVEL2_FIXED))


def test_one_of_the_files_of_a_quarter_says_that_it_is_one_of_several(load):
    (file,) = load(FILES / EDITS).files
    assert "CMS publishes a quarter in several files" in file.tables[0].notes[-1]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with a name here")
def test_a_pipe_with_a_name_is_no_file_to_import(load, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert "no regular file" in _problem(load(tmp_path / "pipe"))


def _covered(tables, claim, one, other, day):
    """Whether the very edition of the day tells of a pair; an older one may stand in where it does not."""
    pairs = tables.pairs(claim, one, other, day)
    return pairs.covered and pairs.fits == "day"


def test_the_four_files_of_a_quarter_stand_side_by_side(load, tables, tmp_path):
    rows = _rows(EDITS)
    for part, codes in enumerate((("0001A", "0001F"), ("25442", "37252"), ("37253", "62322"), ("62323", "U0003")), 1):
        body = [[code, "97110", "", "20260701", "*", "1", "why"] for code in codes]
        _as_csv(rows[:6] + body, tmp_path / f"ccipra-v322r0-f{part}.txt", "\t")
    parts = [tmp_path / f"ccipra-v322r0-f{part}.txt" for part in (4, 2, 1, 3)]
    day = date(2026, 8, 1)
    for number, path in enumerate(parts, 1):
        load(path)
        with tables() as held:
            assert _covered(held, "professional", "97110", "97150", day)
            assert _covered(held, "professional", "97110", "26000", day) is (number > 1)
            assert not _covered(held, "professional", "97110", "V5364", day)  # beyond the last: it may be cut short
    with tables() as held:
        assert [row.column1 for row in held.pairs("professional", "U0003", "97110", day).rows] == ["U0003"]
        assert held.editions()[0].source == "ccipra-v322r0-f1.txt, ccipra-v322r0-f2.txt, ccipra-v322r0-f3.txt, " + (
            "ccipra-v322r0-f4.txt"
        )


def test_the_order_of_the_rows_of_a_file_does_not_count(load, tmp_path):
    rows = _rows(EDITS)
    load(FILES / EDITS)
    path = _as_csv(rows[:6] + rows[:5:-1], tmp_path / EDITS, "\t")
    assert {each[2] for each in _outcomes(load(path))} == {"held_already"}


# ----------------------------------------------------------------------------------------------- AMA's descriptors


@pytest.mark.parametrize("name", [FEES, FEES_2026])
def test_the_samples_of_these_tests_hold_no_descriptor_of_the_ama(name):
    assert [row for row in _rows(name)[10:] if row[2] and row[0][0].isdigit()] == []


def test_descriptors_are_kept_only_for_a_user_with_a_licence(load, tables, tmp_path):
    raw = (FILES / FEES).read_bytes().replace(b"97110,,,", b"97110,,Words of the AMA,").replace(
        b"A4639,,,", b"A4639,,Words of CMS,")  # fmt: skip
    (tmp_path / FEES).write_bytes(raw)
    load(tmp_path / FEES)
    assert b"Words of" not in (tmp_path / "cms.sqlite").read_bytes()
    with tables() as held:
        assert held.relative_values("97110", date(2025, 11, 1)).descriptor is None
    assert _outcomes(load(tmp_path / FEES, licensed=True))[1] == ("descriptors-rvu25d", 3, "stored")
    with tables() as held:
        assert held.relative_values("97110", date(2025, 11, 1)).descriptor == "Words of the AMA"
        assert held.relative_values("97140", date(2025, 11, 1)).descriptor is None


# -------------------------------------------------------------------------------- nothing is ever half stored


def _many(path, rows):
    """A file of edits that takes a while."""
    header = b"\r\n".join((FILES / EDITS).read_bytes().split(b"\r\n")[:6]) + b"\r\n"
    with path.open("wb") as out:
        out.write(header)
        for one in range(10000, 10000 + rows // 500):
            out.write(b"".join(b"%05d\t%05d\t\t20260701\t*\t1\tMutually exclusive procedures\r\n" % (one, other)
                               for other in range(20000, 20500)))  # fmt: skip
    return path


def test_an_interrupted_import_leaves_the_store_as_it_was_and_says_so(load, tmp_path):
    load(FILES / EDITS)
    before = _content(tmp_path / "cms.sqlite")
    big = _many(tmp_path / "ccipra-v322r0-f2.txt", 20_000)

    def stop(read):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as stopped:
        load(FILES / UNITS, big, FILES / ZIPS, progress=lambda what, size: stop if size > 500_000 else None)
    assert f"Nothing of {big} was stored. Stored before that: {FILES / UNITS}." in stopped.value.__notes__[0]
    assert [line for line in before if line not in _content(tmp_path / "cms.sqlite")] == []
    with open_tables(tmp_path / "cms.sqlite") as held:
        kept = [each.id for each in held.editions() if each.imported]
    assert kept == ["mue-professional-2026-q3", "ncci-edits-professional-2026-q3"]


def test_an_import_that_is_interrupted_once_it_is_stored_says_that_it_is(load, tmp_path, monkeypatch):
    read = importing.ImportedFile

    def stop(*cells):
        monkeypatch.setattr(importing, "ImportedFile", read)
        raise KeyboardInterrupt

    monkeypatch.setattr(importing, "ImportedFile", stop)
    with pytest.raises(KeyboardInterrupt) as stopped:
        load(FILES / UNITS)
    assert f"Stored, {FILES / UNITS} as well" in stopped.value.__notes__[0]
    with open_tables(tmp_path / "cms.sqlite") as held:
        assert [each.id for each in held.editions() if each.imported] == ["mue-professional-2026-q3"]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_process_that_is_stopped_in_the_middle_leaves_the_store_as_it_was(cpt, start_cpt, tmp_path, how):
    env = {"CPT_DATA": str(tmp_path / "data")}
    assert cpt("data", "import", str(FILES / EDITS), env=env).code == 0
    before = _content(tmp_path / "data" / "cms.sqlite")
    big = _many(tmp_path / "ccipra-v322r0-f2.txt", 1_500_000)
    process = start_cpt("data", "import", str(big), env=env)
    journal = tmp_path / "data" / "cms.sqlite-journal"
    until = time.monotonic() + 20
    while not journal.exists() and time.monotonic() < until:
        time.sleep(0.005)
    time.sleep(0.2)
    process.send_signal(how)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == (130 if how == signal.SIGINT else -9)
    if how == signal.SIGINT:
        assert b"Nothing of" in errors
        assert b"The store is as it was" in errors
    assert cpt("data", "verify", env=env).code == 0
    assert _content(tmp_path / "data" / "cms.sqlite") == before


def test_a_full_disk_leaves_the_store_as_it_was(cpt_process, tmp_path):
    resource = pytest.importorskip("resource")
    env = {"CPT_DATA": str(tmp_path / "data")}
    assert cpt_process("data", "import", str(FILES / UNITS), env=env).code == 0
    before = _content(tmp_path / "data" / "cms.sqlite")
    big = _many(tmp_path / "ccipra-v322r0-f2.txt", 600_000)

    def small():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000))

    ran = cpt_process("data", "import", str(FILES / ZIPS), str(big), env=env, preexec_fn=small)
    assert ran.code == 2
    assert "could not be written" in ran.stderr
    assert f"Nothing of {big} was stored" in ran.stderr
    assert cpt_process("data", "verify", env=env).code == 0
    assert cpt_process("data", "remove", "zip-codes-2025-q4", env=env).code == 0
    assert [line for line in before if line not in _content(tmp_path / "data" / "cms.sqlite")] == []


def test_two_imports_at_once_are_both_stored(cpt, start_cpt, tmp_path):
    env = {"CPT_DATA": str(tmp_path / "data")}
    big = [_many(tmp_path / f"ccipra-v32{quarter}r0-f1.txt", 200_000) for quarter in (2, 3)]
    started = [start_cpt("data", "import", str(path), env=env) for path in (*big, FILES / UNITS, FILES / ZIPS)]
    for process in started:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
    listed = json.loads(cpt("data", "list", "--json", env=env).stdout)["tables"]
    assert [each["id"] for each in listed if each["imported"]] == [
        "mue-professional-2026-q3", "ncci-edits-professional-2026-q3", "ncci-edits-professional-2026-q4",
        "zip-codes-2025-q4",
    ]  # fmt: skip
    assert cpt("data", "verify", env=env).code == 0


def test_an_import_that_has_to_wait_too_long_says_so(load, tables, tmp_path, monkeypatch):
    monkeypatch.setattr(cms_store, "_PATIENCE", 0.05)
    load(FILES / UNITS)
    with closing(sqlite3.connect(tmp_path / "cms.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreBusy, match="another import"):
            load(FILES / ZIPS)
        with tables() as held:  # reading goes on meanwhile
            assert held.maximum("professional", "0001U", date(2026, 8, 1)).units == 1
        other.execute("ROLLBACK")
    assert load(FILES / ZIPS).files[0].problem is None


def test_a_store_of_a_newer_version_or_of_another_program_is_left_alone(load, tmp_path):
    path = tmp_path / "cms.sqlite"
    load(FILES / UNITS)
    for change, error in (("PRAGMA user_version = 9", StoreNewer), ("PRAGMA application_id = 7", StoreUnusable)):
        with closing(sqlite3.connect(path)) as connection:
            connection.execute(change)
        before = path.read_bytes()
        with pytest.raises(error):
            load(FILES / ZIPS)
        assert path.read_bytes() == before


def test_a_place_where_nothing_can_be_written_is_told(load, tmp_path, shipped):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreUnusable, match="Not a directory"):
        import_files([FILES / UNITS], Given(None, None, False, shipped), tmp_path / "file" / "cms.sqlite", TODAY, False,
                     lambda what, size: None)  # fmt: skip


# ---------------------------------------------------------------------------------------------------- the commands


def test_a_file_that_cannot_be_stored_stops_none_after_it(cpt, tmp_path):
    env = {"CPT_DATA": str(tmp_path / "data")}
    ran = cpt("data", "import", "nothing.zip", str(FILES / UNITS), "--json", env=env)
    assert ran.code == 2
    assert "nothing.zip: No such file or directory" in ran.stderr
    document = json.loads(ran.stdout)
    assert [(each["problem"] is None, len(each["tables"])) for each in document["files"]] == [(False, 0), (True, 1)]


def test_what_is_held_is_listed_removed_and_verified(cpt, tmp_path):
    env = {"CPT_DATA": str(tmp_path / "data")}
    assert "none yet" in cpt("data", "list", env=env).stdout
    assert cpt("data", "verify", env=env).code == 0
    assert not (tmp_path / "data").exists()
    cpt("data", "import", *(str(FILES / name) for name in (EDITS, UNITS, FEES)), env=env)
    listed = json.loads(cpt("data", "list", "--json", env=env).stdout)
    assert listed["schema"] == 1
    own = [each for each in listed["tables"] if each["imported"]]
    assert [(each["id"], each["rows"], each["files"], each["imported_on"]) for each in own] == [
        ("conversion-factors-rvu25d-single", 1, [FEES], TODAY.isoformat()),
        ("fee-schedule-rvu25d", 13, [FEES], TODAY.isoformat()),
        ("mue-professional-2026-q3", 44, [UNITS], TODAY.isoformat()),
        ("ncci-edits-professional-2026-q3", 154, [EDITS], TODAY.isoformat()),
    ]
    assert {(each["first"], each["last"]) for each in own[2:]} == {("2026-07-01", "2026-09-30")}
    assert own[3]["holds"] == "1 of 4 files, column 1 from 0001A to 0001U"
    assert cpt("data", "remove", "fee-schedule-rvu25d", "nothing", env=env).code == 2
    assert cpt("data", "remove", "fee-schedule-rvu24a", env=env).code == 2
    assert cpt("data", "remove", "fee-schedule-rvu25d", "mue-professional-2026-q3", env=env).code == 0
    listed = json.loads(cpt("data", "list", "--json", env=env).stdout)
    assert [each["id"] for each in listed["tables"] if each["imported"]] == [own[0]["id"], own[3]["id"]]
    verified = json.loads(cpt("data", "verify", "--json", env=env).stdout)
    assert [(each["id"], each["rows"], each["problem"]) for each in verified["parts"]] == [
        (own[0]["id"], 1, None), (own[3]["id"], 154, None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("UPDATE units SET maximum = 99 WHERE code = '0001U'", "its rows are not those that were imported"),
        ("DELETE FROM units WHERE code = '0001U'", "its rows are not those that were imported"),
        ("UPDATE edits SET pairs = substr(pairs, 11)", "its rows are not those that were imported"),
        ("UPDATE parts SET kinds = '[]' WHERE kinds IS NOT NULL", "its rows are not those that were imported"),
        ("INSERT INTO units VALUES (77, '97110', 1, 1, 'x')", "1 rows of units belong to no import"),
        ("UPDATE editions SET first = 20260801 WHERE of = 'mue'", "its edition, days or file name are not those"),
        ("UPDATE editions SET last = NULL WHERE of = 'mue'", "its edition, days or file name are not those"),
        ("UPDATE editions SET edition = '2027 Q3' WHERE of = 'mue'", "its edition, days or file name are not those"),
        (
            "UPDATE editions SET claim = 'institutional' WHERE of = 'mue'",
            "its edition, days or file name are not those",
        ),
        ("UPDATE editions SET of = 'hcpcs' WHERE of = 'mue'", "its rows are not those that were imported"),
        ("UPDATE editions SET caveat = 'none' WHERE of = 'mue'", "its edition, days or file name are not those"),
        ("UPDATE editions SET source = 'cms' WHERE of = 'mue'", "its edition, days or file name are not those"),
        ('UPDATE editions SET holds = \'{"codes":["97110"]}\'', "its edition, days or file name are not those"),
        ("UPDATE editions SET holds = 'x'", "cannot be read"),
        ("UPDATE editions SET first = 20260231", "cannot be read"),
        ("UPDATE editions SET first = 'x'", "cannot be read"),
        ("UPDATE editions SET first = 0", "cannot be read"),
        ("UPDATE editions SET first = 20260930, last = 20260701", "cannot be read"),
        ("UPDATE parts SET edition = 3 - edition", "its rows are not those that were imported"),
        ("UPDATE parts SET edition = 77", "2 parts belong to no edition"),
        ("UPDATE parts SET file = 'other.csv'", "its edition, days or file name are not those"),
        ("UPDATE parts SET imported_on = '2020-01-01'", "its edition, days or file name are not those"),
        ("UPDATE parts SET imported_on = 'x'", "the import date of"),
        ("UPDATE parts SET sha256 = substr(sha256, 1, 64)", "its edition, days or file name are not those"),
        ("DELETE FROM parts", "2 editions have no rows"),
        ("DELETE FROM editions", "2 parts belong to no edition"),
        (
            "INSERT INTO editions (id, of, edition, first) VALUES ('mue-x', 'mue', 'x', 20260101)",
            "1 editions have no rows",
        ),
    ],
)
def test_a_store_that_was_changed_is_found_out(cpt, tmp_path, change, words):
    env = {"CPT_DATA": str(tmp_path / "data")}
    cpt("data", "import", str(FILES / UNITS), str(FILES / EDITS), env=env)
    assert cpt("data", "verify", env=env).code == 0
    with closing(sqlite3.connect(tmp_path / "data" / "cms.sqlite")) as connection:
        connection.execute(change)
        connection.commit()
    ran = cpt("data", "verify", env=env)
    assert ran.code == 1
    assert words in ran.stdout


def test_verify_covers_every_cell_that_is_stored(load, tmp_path):
    load(*(FILES / name for name in (EDITS, UNITS, FEES, INDICES, ZIPS, LEVEL2)))
    store, number = tmp_path / "cms.sqlite", 0
    whole = store.read_bytes()
    assert inventory.verify(store).problems == ()
    with closing(sqlite3.connect(store)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        cells = [(table, row[1]) for table in tables for row in connection.execute(f"PRAGMA table_info({table})")]
        filled = {table for table in tables if connection.execute(f"SELECT * FROM {table}").fetchone()}
    for table, column in cells:
        if table in filled:
            store.write_bytes(whole)
            with closing(sqlite3.connect(store)) as connection, connection:
                connection.execute(f"UPDATE {table} SET {column} = '77' WHERE rowid = (SELECT min(rowid) FROM {table})"
                                   if table in ("editions", "parts", "edits") else
                                   f"UPDATE OR REPLACE {table} SET {column} = '77'")  # fmt: skip
            found = inventory.verify(store)
            assert found.problems or any(part.problem for part in found.parts), (table, column)
            number += 1
    assert number > 50


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["import", "x.zip", "--quarter", "2026Q5"], "expected a quarter like 2026Q3"),
        (["import", "x.zip", "--table", "hospital"], "expected one of practitioner, outpatient, dme"),
        (["remove", "nothing"], "No edition called 'nothing'"),
        (["remove", "mue-professional-2024-q3"], "came with cpt and cannot be removed"),
    ],
)
def test_an_option_that_means_nothing_is_told(cpt, arguments, words):
    ran = cpt("data", *arguments)
    assert ran.code == 2
    assert words in ran.stderr


@pytest.mark.parametrize("option", ["--i-have-an-ama-license", "--i-have-an-ama-licence"])
def test_the_license_can_be_spelled_as_before(cpt, tmp_path, option):
    raw = (FILES / FEES).read_bytes().replace(b"97110,,,", b"97110,,Words of the AMA,")
    (tmp_path / FEES).write_bytes(raw)
    ran = cpt("data", "import", FEES, option, env={"CPT_DATA": str(tmp_path / "data")})
    assert "descriptors-rvu25d" in ran.stdout


def test_a_folder_of_data_that_is_none_is_told(cpt, tmp_path):
    (tmp_path / "file").write_text("x")
    ran = cpt("data", "list", env={"CPT_DATA": str(tmp_path / "file")})
    assert (ran.code, "CPT_DATA" in ran.stderr) == (2, True)


def test_the_store_is_in_the_users_data_folder(cpt, tmp_path):
    for env in ({"XDG_DATA_HOME": str(tmp_path / "xdg")}, {"HOME": str(tmp_path / "home")}):
        ran = cpt("data", "import", str(FILES / ZIPS), env={"CPT_DATA": None, **env})
        assert ran.code == 0
    assert (tmp_path / "xdg" / "cpt" / "cms.sqlite").is_file()
    assert (tmp_path / "home" / ".local" / "share" / "cpt" / "cms.sqlite").is_file()


def test_at_a_terminal_an_import_shows_how_far_it_is(terminal, tmp_path):
    big = _many(tmp_path / "ccipra-v322r0-f2.txt", 300_000)
    page = terminal("data", "import", str(big), env={"CPT_DATA": str(tmp_path / "data")}, columns=100)
    assert page.ends() == 0
    assert "━" in page.screen
    assert "ncci-edits-professional-2026-q3" in page.screen


def test_a_name_of_an_edition_can_be_completed(cpt, tmp_path):
    env = {"CPT_DATA": str(tmp_path / "data")}
    cpt("data", "import", str(FILES / UNITS), env=env)
    completing = {"_CPT_COMPLETE": "complete_bash", "COMP_WORDS": "cpt data remove mue", "COMP_CWORD": "3"}
    assert "mue-professional-2026-q3" in cpt(env={**env, **completing}).stdout


# -------------------------------------------------------------------------------------------------------- the laws

_CODES = st.from_regex("[0-9A-Z]{5}", fullmatch=True)
_DAYS = st.none() | st.dates(date(1970, 1, 2), date(2148, 12, 31))


@settings(deadline=None)
@given(st.lists(st.builds(Edit, _CODES, _CODES, _DAYS, _DAYS, st.sampled_from([0, 1, 9]), st.sampled_from("abc"))))
def test_edits_come_back_as_they_were_packed(edits):
    kinds = []
    rows = packed(edits, kinds)
    back = [edit for column1, pairs in rows for edit in unpacked(column1, pairs, kinds)]
    assert sorted(back, key=repr) == sorted(edits, key=repr)
    for edit in edits:
        pairs = dict(rows)[edit.column1]
        assert edit in [*unpacked(edit.column1, pairs, kinds, edit.column2)]
        assert {each.column2 for each in unpacked(edit.column1, pairs, kinds, edit.column2)} == {edit.column2}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(name=st.sampled_from(ALL), damage=st.data())
def test_no_damage_to_a_file_is_more_than_a_problem_in_words(load, tmp_path, name, damage):
    """Bytes changed, taken out or put in anywhere: the file is stored, or refused in words."""
    raw = bytearray((FILES / name).read_bytes())
    for _ in range(damage.draw(st.integers(1, 4))):
        place = damage.draw(st.integers(0, len(raw) - 1))
        raw[place : place + damage.draw(st.integers(0, 40))] = damage.draw(st.binary(max_size=20))
    _gone(tmp_path / "cms.sqlite")
    (tmp_path / name).write_bytes(raw)
    (file,) = load(tmp_path / name).files
    assert bool(file.tables) is (file.problem is None)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(damage=st.data())
def test_no_damage_to_a_zip_or_workbook_is_more_than_a_problem_in_words(load, tmp_path, damage):
    if not (tmp_path / "book.xlsx").exists():
        _as_sheet(_rows(UNITS), tmp_path / "book.xlsx")
        _zip(tmp_path / "book.zip", x__csv=(FILES / UNITS).read_bytes(), y__xlsx=(tmp_path / "book.xlsx").read_bytes())
    raw = bytearray((tmp_path / damage.draw(st.sampled_from(["book.xlsx", "book.zip"]))).read_bytes())
    for _ in range(damage.draw(st.integers(1, 3))):
        place = damage.draw(st.integers(0, len(raw) - 1))
        raw[place : place + damage.draw(st.integers(0, 8))] = damage.draw(st.binary(max_size=8))
    _gone(tmp_path / "cms.sqlite")
    (tmp_path / "mue-2026q3.bin").write_bytes(raw)
    (file,) = load(tmp_path / "mue-2026q3.bin").files
    assert bool(file.tables) is (file.problem is None)


def _gone(path):
    path.unlink(missing_ok=True)


def test_a_unit_limit_of_a_claim_line_is_held_against_each_claim_line(cpt, tmp_path):
    """MAI 1: two lines of four units are within four a line; of two lines the one above it alone is out."""
    env = {"CPT_DATA": str(tmp_path / "data")}
    path = tmp_path / UNITS
    path.write_bytes((FILES / UNITS).read_bytes() + b"\r\n97110,4,1 Line Edit,Clinical: Data\r\n")
    assert cpt("data", "import", str(path), env=env).code == 0
    day = ("--payer", "medicare", "--state", "SC", "--discipline", "PT", "--on", "2026-07-01", "--json")

    def found(*lines):
        answer = json.loads(cpt("check", *lines, *day, env=env).stdout)
        return [each["lines"] for each in answer["findings"] if each["rule"] == "ncci-units"]

    assert found("97110-GP:60", "97110-59-GP:60") == []
    assert found("97110-GP:75", "97110-59-GP:45") == [[1]]
    assert found("97110-GP:120") == [[1]]


def test_words_in_the_wrong_column_are_not_shown(load, tmp_path):
    """A descriptor with a comma moves the columns: what stands there may be AMA's words, and is not repeated."""
    path = tmp_path / FEES
    path.write_bytes((FILES / FEES).read_bytes().replace(b"97110,,,A,", b"97110,,WORDS OF,SOMEBODY,A,"))
    problem = _problem(load(path))
    assert "SOMEBODY" not in problem
    assert re.search(r"row \d+: .*characters", problem)


def test_files_of_one_name_in_two_folders_of_a_zip_are_both_read(load, tmp_path):
    path = tmp_path / "both.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(FILES / UNITS, f"one/{UNITS}")
        more = b"\r\n97110,4,3 Date of Service Edit: Clinical,Data\r\n"
        archive.writestr(f"two/{UNITS}", (FILES / UNITS).read_bytes() + more)
    assert "Nothing of" in _problem(load(path))


def test_a_temporary_folder_without_room_is_no_damage_to_the_workbook(load, tmp_path, monkeypatch):
    """Nothing of the zip is stored, though its text could have been: a release half taken would pass for the whole."""
    book = _as_sheet(_rows(UNITS), tmp_path / "MUE_Eff_07-01-2026.xlsx").read_bytes()
    path = _zip(tmp_path / "quarter.zip", MUE_Eff_07_01_2026__xlsx=book, **{EDITS: (FILES / EDITS).read_bytes()})

    def full():
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("tempfile.TemporaryFile", full)
    with pytest.raises(CptError, match="no room to unpack it"):
        load(path)
    with open_tables(tmp_path / "cms.sqlite") as held:
        assert [each for each in held.editions() if each.imported] == []
