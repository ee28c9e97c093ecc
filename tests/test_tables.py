"""CMS's tables under rules/tables: read as they are, by the day of service, and never typed a second time."""

import csv
import hashlib
from datetime import date
from pathlib import Path

import pytest

from cptcli.advice.receipts import status_on
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


def test_a_day_after_the_last_release_says_that_no_release_for_it_is_held(book):
    assert "no release for 2026-11-23 is held" in status_on(book.code("97026"), date(2026, 11, 23))[1]
    assert "no release for" not in status_on(book.code("97026"), date(2025, 12, 31))[1]


def test_every_code_of_a_table_that_the_rule_base_holds_has_what_the_table_says(book):
    held = {code: book.code(code) for code in book.keys("codes")}
    units = {row["code"]: int(row["maximum"]) for row in _rows(TABLES / "medicare-units.csv") if row["code"] in held}
    assert {code: held[code].units.medicare_maximum for code in units} == units
    therapy = {row["code"]: row["disposition"] for row in _rows(TABLES / "medicare-therapy.csv")}
    told = {code: noun.medicare.therapy for code, noun in held.items() if noun.medicare and noun.medicare.therapy}
    assert {code: told[code].disposition for code in therapy if code in told} == {
        code: therapy[code] for code in therapy if code in told
    }


@pytest.mark.skipif(not SHARED.is_dir(), reason="the tables as collected are not beside this checkout")
def test_the_tables_agree_with_the_ones_they_were_taken_from():
    collected = {
        (row["hcpcs"], row["release"]): row["status"]
        for row in _rows(SHARED / "pfs_rvu_physmed.csv")
        if not row["modifier"]
    }
    ours = {(row["code"], row["release"]): row["status"] for row in _rows(TABLES / "medicare-fee-schedule.csv")}
    assert ours == collected
    edits = {row["hcpcs"]: row["mue_value"] for row in _rows(SHARED / "mue_practitioner_physmed.csv")}
    assert {row["code"]: row["maximum"] for row in _rows(TABLES / "medicare-units.csv")} == edits


def _problems(tmp_path, edit):
    """What the loader says of the shipped rules after `edit` changed their files."""
    files = Files(shipped_folder())
    edit(files.contents)
    parts = Parts()
    parts.add(files)
    return [str(problem) for problem in parts.problems]


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (lambda held: held.update({"tables/medicare-units.csv": held["tables/medicare-units.csv"] + b"97026,9,3,x\n"}),
         "medicare-units.csv is not the file whose hash stands here"),
        (lambda held: held.pop("tables/medicare-units.csv"), "no file 'medicare-units.csv' in tables/"),
        (lambda held: held.update({"tables/new.csv": b"a,b\n"}), "a table that tables.yaml does not name"),
        (lambda held: held.update(_renamed(held)), "no use for a table 'medicare-fees'"),
        (lambda held: held.update(_other_columns(held)), "medicare-units.csv has other columns"),
        (lambda held: held.update(_typed_again(held, b"    units:\n", b"    units:\n      medicare_maximum: 1\n")),
         "a maximum that the table holds too"),
        (lambda held: held.update(_typed_again(held, b"    medicare:\n", b"    medicare:\n      status: A\n")),
         "a status that the table holds too"),
        (lambda held: held.update({"payers/palmetto.yaml": held["payers/palmetto.yaml"].replace(
            b"    jurisdiction: JJ\n", b"    jurisdiction: JJ\n    states: [AL]\n")}),
         "states that the table holds too"),
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
