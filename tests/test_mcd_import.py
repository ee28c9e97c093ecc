"""CMS's Medicare Coverage Database into the user's store: what is recognized, kept and refused, never half stored."""

import csv
import io
import sqlite3
import zipfile
from contextlib import closing
from datetime import date
from pathlib import Path

import mcd
import pytest
from conftest import TODAY

from cptcli.cms import store as cms_store
from cptcli.cms.cells import Given
from cptcli.cms.coverage_articles import Coverage
from cptcli.cms.html_text import plain_text
from cptcli.cms.importing import import_files
from cptcli.cms.inventory import inventory as holdings
from cptcli.cms.inventory import remove, verify
from cptcli.cms.mcd_contractors import claims_of
from cptcli.cms.store import StoreUnusable
from cptcli.cms.tables import open_tables

DAY = date(2026, 9, 28)
ARTICLES = "coverage-articles-2026-09-28"
SUBJECTS = ("physical therapy", "physical and occupational therapy", "chiropract", "wound care", "speech-language")


@pytest.fixture(scope="module")
def shipped():
    with open_tables(shipped_alone=True) as tables:
        yield tables


@pytest.fixture
def load(shipped, book, tmp_path):
    """Imports files into a store of this test, as `cpt data import` does."""

    def run(*paths, every=False, replace=False):
        codes = None if every else lambda: frozenset(book.keys("codes"))
        given = Given(None, None, False, shipped, codes, lambda: SUBJECTS)
        return import_files(
            [*map(Path, paths)], given, tmp_path / "cms.sqlite", TODAY, replace, lambda what, size: _count
        )

    return run


def _count(read):
    """Count nothing."""


@pytest.fixture
def coverage(tmp_path):
    """What an answer reads from the store of this test."""
    with open_tables(tmp_path / "cms.sqlite") as tables:
        yield Coverage(tables)


@pytest.fixture
def current(tmp_path):
    """CMS's current articles as downloaded."""
    return mcd.download(tmp_path / "current_article.zip", mcd.files(mcd.articles()))


def _stored(imports):
    return [(each.id, each.outcome) for file in imports.files for each in file.tables]


def _refusal(imports, tmp_path):
    """Return why a file was refused, after checking that nothing of it is in the store."""
    (file,) = imports.files
    assert file.tables == ()
    assert holdings(tmp_path / "cms.sqlite").tables[0].imported is False
    return file.problem


def _changed(tmp_path, name, change):
    """Return a download with one file changed."""
    contents = mcd.files(mcd.articles())
    contents[name] = change(contents[name])
    return mcd.download(tmp_path / "changed.zip", contents)


# ------------------------------------------------------------------------------------------------- what is read


def test_zip_in_zip_inner_zip_and_extracted_folder_store_the_same(load, tmp_path, current):
    inner = tmp_path / "current_article_csv.zip"
    with zipfile.ZipFile(current) as outer:
        inner.write_bytes(outer.read("current_article_csv.zip"))
    folder = tmp_path / "extracted"
    with zipfile.ZipFile(inner) as archive:
        archive.extractall(folder)
    assert [_stored(load(each)) for each in (current, inner, folder)] == [
        [(ARTICLES, "stored")], [(ARTICLES, "held_already")], [(ARTICLES, "held_already")]
    ]  # fmt: skip


def test_a_download_is_recognized_whatever_its_name(load, tmp_path):
    path = mcd.download(tmp_path / "lost.bin", mcd.files(mcd.articles()))
    assert _stored(load(path)) == [(ARTICLES, "stored")]


def test_edition_is_the_last_day_of_the_newest_period_and_stands_in_the_list(load, tmp_path, current):
    load(current)
    (line,) = [each for each in holdings(tmp_path / "cms.sqlite").tables if each.imported]
    assert (line.edition, line.first, line.files) == ("2026-09-28", DAY, ("current_article.zip",))
    assert line.holds.startswith("articles on: ")


def test_edition_is_read_from_a_column_named_dis_end_date_too(load, tmp_path):
    path = _changed(tmp_path, "update_period.csv", lambda content: content.replace(b"end_date", b"dis_end_date"))
    assert _stored(load(path)) == [(ARTICLES, "stored")]


def test_only_articles_on_codes_in_our_list_are_kept_and_with_all_every_one(load, tmp_path, current):
    load(current)
    with open_tables(tmp_path / "cms.sqlite") as tables:
        assert Coverage(tables).document("A51000", DAY) is None
    load(current, every=True, replace=True)
    with open_tables(tmp_path / "cms.sqlite") as tables:
        assert Coverage(tables).document("A51000", DAY).document.title == "Billing and Coding: Bone Marrow Drugs"
    assert "whole" in [each.holds for each in holdings(tmp_path / "cms.sqlite").tables if each.imported]


def test_an_older_version_that_lists_the_code_does_not_outlive_a_newer_one_that_dropped_it(load, coverage, tmp_path):
    tables = mcd.articles()
    for version, codes, first, ends in ((1, "97110", "2024-01-01", "2025-12-31"), (2, "11000", "2026-01-01", "")):
        mcd.article(tables, 59999, mcd.PT, {1: codes}, mcd.NGS_B, version=version, first=first, article_end_date=ends)
    load(mcd.download(tmp_path / "all_article.zip", mcd.files(tables)))
    with open_tables(tmp_path / "cms.sqlite") as opened:
        assert Coverage(opened).document("A59999", DAY).document.version == 2


def test_lcds_keep_their_titles_and_the_text_of_those_on_this_field(load, tmp_path):
    assert _stored(load(mcd.download(tmp_path / "current_lcd.zip", mcd.files(mcd.lcds())))) == [
        ("coverage-lcds-2026-09-28", "stored")
    ]
    with open_tables(tmp_path / "cms.sqlite") as tables:
        found = {key: Coverage(tables).document(key, DAY).document for key in ("L33631", "L33000")}
    assert found["L33631"].texts == (("indication", "Skilled care."),)
    assert (found["L33000"].title, found["L33000"].texts) == ("Bone Marrow Drugs", ())


def test_ncds_with_mixed_case_headers_are_read_and_dated_by_their_last_change(load, tmp_path):
    path = mcd.download(tmp_path / "ncd.zip", mcd.files(mcd.ncds()))
    assert _stored(load(path)) == [("coverage-ncds-2026-06-01", "stored")]
    with open_tables(tmp_path / "cms.sqlite") as tables:
        document = Coverage(tables).document("N51", DAY).document
    assert (document.title, document.effective) == ("NCD 270.6: Infrared Therapy Devices", date(2006, 10, 24))


def test_no_word_of_the_ama_reaches_the_store(load, tmp_path, current):
    load(current, every=True)
    assert b"SECRET WORDS" not in (tmp_path / "cms.sqlite").read_bytes()


def test_html_becomes_text_and_sub_stays_inside_its_word(load, tmp_path, current):
    load(current)
    with open_tables(tmp_path / "cms.sqlite") as tables:
        ((_, text),) = Coverage(tables).document("A56566", DAY).document.texts
    assert text.splitlines()[:3] == ["Therapy", 'Bill "H2O" & care < 30 minutes.', "Long."]


@pytest.mark.parametrize(("html", "text"), [
    ("<p>N/A</p>", ""), ("n/a", ""), ("<p>&nbsp;</p>", ""), ("a &ldquo;b&rdquo;", "a \u201cb\u201d"),
    ("&amp;lt;p&amp;gt;one&amp;lt;/p&amp;gt;two", "one\ntwo"), ("x<!-- <p>hidden</p> -->y", "xy"),
    ("<script>alert(1)</script>z", "z"), ("a<!-- never closed", "a"), ("<li>1<li>2", "1\n2"),
    ("BMI < 30 and > 20", "BMI < 30 and > 20"),
])  # fmt: skip
def test_cells_become_text(html, text):
    assert plain_text(html) == text


def test_a_hostile_cell_is_cleaned_in_a_moment():
    assert plain_text("<!--" * 30_000) == ""
    assert len(plain_text("<a" * 60_000)) == 120_000


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_en_dash_of_a_title_survives_every_encoding(load, tmp_path, encoding):
    path = _changed(tmp_path, "article.csv", lambda content: content.decode().encode(encoding))
    load(path)
    with open_tables(tmp_path / "cms.sqlite") as tables:
        title = Coverage(tables).document("A53296", DAY).document.title
    assert title == "Billing and Coding: Wound Care & Debridement \u2013 Provided by a Therapist"


def test_columns_are_found_in_another_order_and_in_capitals(load, tmp_path, current):
    load(current)

    def turned(content):
        rows = [row[::-1] for row in csv.reader(io.StringIO(content.decode()))]
        text = io.StringIO()
        csv.writer(text).writerows([[cell.upper() for cell in rows[0]], *rows[1:]])
        return text.getvalue().encode()

    limit = csv.field_size_limit(1 << 24)
    contents = {name: turned(content) for name, content in mcd.files(mcd.articles()).items()}
    csv.field_size_limit(limit)
    assert _stored(load(mcd.download(tmp_path / "turned.zip", contents))) == [(ARTICLES, "held_already")]


def test_cells_over_131_kb_and_over_many_lines_are_read(load, tmp_path):
    long = '<p>"quoted", with a comma</p>\r\n' * 9_000
    tables = mcd.articles()
    mcd.article(tables, 59000, mcd.PT, {1: "97110"}, mcd.NGS_B, description=long)
    load(mcd.download(tmp_path / "current_article.zip", mcd.files(tables)))
    with open_tables(tmp_path / "cms.sqlite") as opened:
        ((_, text),) = Coverage(opened).document("A59000", DAY).document.texts
    assert text.count('"quoted", with a comma') == 9_000


def test_dates_are_read_in_both_notations(load, tmp_path):
    tables = mcd.articles()
    for number, first in ((59001, "2025-03-04 00:00:00.000"), (59002, "03/04/2025"), (59003, "2025-03-04")):
        mcd.article(tables, number, mcd.PT, {1: "97110"}, mcd.NGS_B, first=first)
    load(mcd.download(tmp_path / "current_article.zip", mcd.files(tables)))
    with open_tables(tmp_path / "cms.sqlite") as opened:
        found = {Coverage(opened).document(f"A{number}", DAY).document.effective for number in (59001, 59002, 59003)}
    assert found == {date(2025, 3, 4)}


def test_every_code_of_a_range_counts(load, coverage, tmp_path):
    tables = mcd.articles()
    mcd.article(tables, 59004, mcd.PT, {1: "97110"}, mcd.NGS_B, covered={1: ("", "M99.01 M99.02 M99.03")})
    for row, mark in zip(tables["article_x_icd10_covered"][-3:], "BME", strict=True):
        row["range"] = mark
    load(mcd.download(tmp_path / "current_article.zip", mcd.files(tables)))
    with open_tables(tmp_path / "cms.sqlite") as opened:
        held = Coverage(opened)
        (listed,) = [each for each in held.groups(held.document("A59004", DAY)) if each.kind == "covered"]
    assert listed.entries.split() == ["M99.01", "M99.02", "M99.03"]


def test_rows_out_of_order_make_the_same_lists(load, tmp_path, current):
    load(current)
    tables = mcd.articles()
    for name in ("article_x_icd10_covered", "article_x_hcpc_code", "article"):
        tables[name].reverse()
    assert _stored(load(mcd.download(tmp_path / "turned.zip", mcd.files(tables)))) == [(ARTICLES, "held_already")]


@pytest.mark.parametrize(("type_", "claims"), [
    ("MAC - Part A", ("institutional",)), ("MAC - Part B", ("professional",)), ("HHH MAC", ("home_health",)),
    ("A and B MAC", ("institutional", "professional")), ("DME MAC", ("equipment",)), ("Carrier", ()),
    ("A and B and HHH MAC", ("institutional", "professional", "home_health")),
])  # fmt: skip
def test_type_of_a_contractor_says_which_claims_it_decides(type_, claims):
    assert claims_of(type_) == claims


def test_states_divided_among_contractors_become_the_state_and_its_part(load, tmp_path, current):
    load(current)
    with open_tables(tmp_path / "cms.sqlite") as tables:
        held = Coverage(tables)
        (noridian,) = held.contractors(held.document("A53296", DAY))
        (palmetto,) = held.contractors(held.document("A56616", DAY))
    assert noridian.states == (("CA", "north"), ("CA", "south"), ("MP", ""))
    assert "FL" not in [state for state, _ in palmetto.states]  # that jurisdiction has ended


def test_article_without_contractor_and_contractor_without_state_are_kept_and_counted(load, tmp_path):
    tables = mcd.articles()
    mcd.article(tables, 59005, mcd.PT, {1: "97110"})
    mcd.article(tables, 59006, mcd.PT, {1: "97110"}, (99, 9, 9))
    tables["contractor_jurisdiction"].append({"contractor_id": 20, "contractor_type_id": 9, "contractor_version": 1,
                                              "state_id": 777})  # fmt: skip
    (file,) = load(mcd.download(tmp_path / "current_article.zip", mcd.files(tables))).files
    assert "left out: 1 contractors of documents that the file does not have" in file.tables[0].notes
    assert "left out: 1 jurisdictions without a known state" in file.tables[0].notes
    with open_tables(tmp_path / "cms.sqlite") as opened:
        held = Coverage(opened)
        assert [held.contractors(held.document(key, DAY)) for key in ("A59005", "A59006")] == [(), ()]


def test_list_of_a_group_without_a_paragraph_is_kept_and_a_paragraph_without_codes_too(load, tmp_path, current):
    load(current)
    with open_tables(tmp_path / "cms.sqlite") as tables:
        held = Coverage(tables)
        groups = {(each.kind, each.number): each for each in held.groups(held.document("A57021", DAY))}
    assert groups["covered", 1].text.paragraph == ""
    assert (groups["codes", 2].count, groups["codes", 2].text.paragraph[:5]) == (0, "CPT \u00ae")


# ---------------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize("table", [
    "article_x_hcpc_code", "article_x_icd10_covered", "article_x_icd10_noncovered", "article_x_icd10_covered_group",
    "article_x_contractor", "contractor", "contractor_jurisdiction", "state_lookup", "update_period",
    "article_related_documents",
])  # fmt: skip
def test_download_without_a_table_is_refused_by_name(load, tmp_path, table):
    contents = mcd.files(mcd.articles())
    del contents[f"{table}.csv"]
    problem = _refusal(load(mcd.download(tmp_path / "cut.zip", contents)), tmp_path)
    assert f"{table}.csv is missing" in problem


@pytest.mark.parametrize(("table", "column"), [
    ("article", "title"), ("article", "article_eff_date"), ("article_x_icd10_covered", "icd10_code_id"),
    ("article_x_icd10_covered", "asterisk"), ("article_x_icd10_noncovered_group", "paragraph"),
    ("contractor_jurisdiction", "term_date"), ("update_period", "end_date"),
])  # fmt: skip
def test_download_without_a_column_is_refused_by_name(load, tmp_path, table, column):
    path = _changed(tmp_path, f"{table}.csv", lambda content: content.replace(column.encode(), b"other", 1))
    problem = _refusal(load(path), tmp_path)
    assert f"{table}.csv: no column {column} in the header" in problem


def test_zip_without_the_inner_zip_is_no_table(load, tmp_path):
    path = tmp_path / "current_article.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("current_article.mdb", b"\0\1")
        archive.writestr("readme_first.txt", b"Read me first.\r\n")
    assert "none of CMS's tables (current_article.mdb: not one of the tables" in _refusal(load(path), tmp_path)


@pytest.mark.parametrize(("name", "old", "new", "says"), [
    ("article.csv", b"2025-01-01 00:00:00", b"next Tuesday", "where a day belongs"),
    ("article.csv", b"2025-01-01 00:00:00", b"2025-02-30 00:00:00", "where a day belongs"),
    ("article.csv", b"\r\n56566,46", b"\r\n56616,11", "a second time"),
    ("article.csv", b'"<h2>', b'"<h2>"x', "expected after"),
    ("article.csv", b"<h2>", b"<h2>\0", "NUL"),
    ("article_x_icd10_covered.csv", b"56566,46,H81.11,,1,", b"56566,46,H81.11,,one,", "as a group of diagnoses"),
    ("article_x_hcpc_code.csv", b"\r\n56566,46,95992", b"\r\n56566", "cells"),
    ("update_period.csv", b"2026-09-28 00:00:00", b"soon", "where a day belongs"),
])  # fmt: skip
def test_broken_cells_are_refused_with_their_file_and_row(load, tmp_path, name, old, new, says):
    path = _changed(tmp_path, name, lambda content: content.replace(old, new, 1))
    problem = _refusal(load(path), tmp_path)
    assert says in problem
    assert f": {name}" in problem or f"/{name}" in problem


def test_text_cut_inside_quotes_is_refused(load, tmp_path):
    path = _changed(tmp_path, "article.csv", lambda content: content[: content.index(b"<p>Long.") + 9])
    assert "unexpected end of data" in _refusal(load(path), tmp_path)


def test_truncated_member_is_named_and_nothing_is_stored(load, tmp_path, current):
    whole = bytearray(current.read_bytes())
    middle = len(whole) // 2
    whole[middle : middle + 9] = b"\0" * 9
    current.write_bytes(whole)
    assert "damaged or was cut short" in _refusal(load(current), tmp_path)
    current.write_bytes(bytes(whole[:middle]))
    assert "damaged or was cut short" in _refusal(load(current), tmp_path)


def test_inner_zip_that_unpacks_to_far_more_than_it_should_is_refused(load, tmp_path):
    contents = {**mcd.files(mcd.articles()), "article_x_bill_code.csv": b"0" * 60_000_000}
    assert "unpacks to more than" in _refusal(load(mcd.download(tmp_path / "bomb.zip", contents)), tmp_path)


def test_download_without_any_code_of_ours_is_refused(load, tmp_path):
    tables = mcd.empty(*mcd.ARTICLE_TABLES)
    mcd.places(tables)
    mcd.article(tables, 51000, "Bone Marrow Drugs", {1: "J9999"}, mcd.PALMETTO_B)
    path = mcd.download(tmp_path / "current_article.zip", mcd.files(tables))
    assert "no article with a code on file" in _refusal(load(path), tmp_path)


def test_file_that_breaks_at_its_last_table_leaves_the_earlier_edition_as_it_was(load, tmp_path, current):
    load(current)
    before = (tmp_path / "cms.sqlite").read_bytes()
    path = _changed(tmp_path, "article_x_icd10_noncovered.csv", lambda content: content + b'56566,46,"J40')
    (file,) = load(path).files
    assert file.problem
    assert holdings(tmp_path / "cms.sqlite").tables[0].files == ("current_article.zip",)
    assert len(before) == (tmp_path / "cms.sqlite").stat().st_size


# ------------------------------------------------------------------------------- again, replace, remove, verify


def test_same_edition_with_other_rows_is_refused_and_replaced_on_request(load, tmp_path, current):
    load(current)
    tables = mcd.articles()
    mcd.article(tables, 59007, mcd.PT, {1: "97110"}, mcd.NGS_B)
    path = mcd.download(tmp_path / "second.zip", mcd.files(tables))
    assert "differ in" in load(path).files[0].problem
    assert _stored(load(path, replace=True)) == [(ARTICLES, "replaced")]


def test_current_and_all_versions_of_one_week_are_two_editions(load, tmp_path, current):
    tables = mcd.articles()
    mcd.article(
        tables, 56566, mcd.PT, {1: "97110"}, mcd.NGS_B, version=45, first="2024-01-01", article_end_date="2024-12-31"
    )
    load(current, mcd.download(tmp_path / "all_article.zip", mcd.files(tables)))
    held = [each.id for each in holdings(tmp_path / "cms.sqlite").tables if each.imported]
    assert held == [ARTICLES, f"{ARTICLES}-all-versions"]


def test_all_versions_of_lcds_are_an_edition_of_their_own(load, tmp_path):
    tables = mcd.lcds()
    for name in ("lcd", "lcd_x_contractor"):
        tables[name].append({**tables[name][0], "lcd_version": 50})
    assert _stored(load(mcd.download(tmp_path / "all_lcd.zip", mcd.files(tables)))) == [
        ("coverage-lcds-2026-09-28-all-versions", "stored")
    ]


def test_folder_of_other_tables_is_no_download(load, tmp_path):
    folder = tmp_path / "others"
    folder.mkdir()
    (folder / "ccipra.csv").write_text("Column 1,Column 2\r\n97110,97140\r\n")
    assert "a folder" in _refusal(load(folder), tmp_path)


def test_removed_edition_is_gone_whole(load, tmp_path, current):
    load(current)
    remove([ARTICLES], tmp_path / "cms.sqlite")
    assert not any(each.imported for each in holdings(tmp_path / "cms.sqlite").tables)
    with closing(sqlite3.connect(tmp_path / "cms.sqlite")) as connection:
        assert connection.execute("SELECT count(*) FROM coverage").fetchone() == (0,)


def test_verify_finds_a_diagnosis_that_was_added_to_a_list(load, tmp_path, current):
    load(current)
    assert verify(tmp_path / "cms.sqlite").parts[0].problem is None
    with closing(sqlite3.connect(tmp_path / "cms.sqlite")) as connection, connection:
        connection.execute("UPDATE coverage SET entries = entries || 'M54.50 ' WHERE kind = 'covered'")
    assert "its rows are not those that were imported" in verify(tmp_path / "cms.sqlite").parts[0].problem


def test_damaged_row_stops_an_answer_with_what_to_do(load, tmp_path, current):
    load(current)
    with closing(sqlite3.connect(tmp_path / "cms.sqlite")) as connection, connection:
        connection.execute("UPDATE coverage SET body = '{' WHERE id = 'A56566' AND kind = 'document'")
    with open_tables(tmp_path / "cms.sqlite") as tables, pytest.raises(StoreUnusable, match="it is damaged"):
        Coverage(tables).document("A56566", DAY)


def test_store_of_an_earlier_version_is_read_and_gets_the_new_table_with_its_next_import(
    load, tmp_path, current, monkeypatch
):
    store = tmp_path / "cms.sqlite"
    with monkeypatch.context() as before:
        before.setattr(cms_store, "_SCHEMA", cms_store._schema(1))
        before.setattr(cms_store, "_VERSION", 1)
        load(Path(__file__).parent / "cms" / "ZIP5_OCT2025.txt")
    assert [each.table for each in holdings(store).tables if each.imported] == ["zip-codes"]
    assert verify(store).problems == ()
    with open_tables(store) as tables:
        assert Coverage(tables).edition("article", DAY) is None
    load(current)
    assert [each.table for each in holdings(store).tables if each.imported] == ["coverage-articles", "zip-codes"]
