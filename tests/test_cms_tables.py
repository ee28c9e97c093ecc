"""CMS's tables as a claim asks for them: which edition answers, what it knows, and what it says it does not know."""

import os
import sqlite3
import subprocess
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from conftest import TESTS
from hypothesis import given, settings
from hypothesis import strategies as st

from cptcli.cms import shipped
from cptcli.cms.edits import Edit, packed
from cptcli.cms.entries import Edition, Pair, in_force
from cptcli.cms.store import EditionRow, StoreNewer, StoreUnusable, create, reading, writing
from cptcli.cms.store_rows import add_part
from cptcli.cms.tables import open_tables
from cptcli.rulebook.compiled import shipped_folder
from cptcli.rulebook.files import Files

Q3 = date(2024, 8, 1)  # a day of the quarter whose edits ship
SINCE = date(2020, 1, 1)


@pytest.fixture(scope="module")
def nothing(tmp_path_factory):
    """A place where no store is."""
    return tmp_path_factory.mktemp("none") / "cms.sqlite"


@pytest.fixture(scope="module")
def tables(nothing):
    """What ships, alone."""
    with open_tables(nothing) as opened:
        yield opened


@pytest.fixture(scope="session")
def compiled_tables():
    """The shipped tables in their compiled form: the same bytes every time, as a test below says."""
    return shipped.compile_tables(Files(shipped_folder() / "tables"))


@pytest.fixture
def compiled_once(compiled_tables, monkeypatch):
    """Spares half a second wherever a test has the shipped tables compiled anew."""
    monkeypatch.setattr(shipped, "compile_tables", lambda _: compiled_tables)


def _store(path, *editions):
    """A store with editions and their rows, each in one part, or in as many as there are lists of rows."""
    connection = writing(path)
    connection.execute("BEGIN")
    create(connection)
    for edition, *parts in editions:
        for rows in parts:
            kinds = []
            if edition.of == "ncci-edits":
                rows = packed([Edit(*row) for row in rows], kinds)
            add_part(connection, edition, rows, "imported.txt", date(2026, 11, 23), kinds)
    connection.execute("COMMIT")
    connection.close()
    return path


def _edits(quarter, first, last, *parts):
    return EditionRow("ncci-edits", "professional", quarter, first, last), *parts


QUARTERS = [
    _edits("2026 Q2", date(2026, 4, 1), date(2026, 6, 30), [("97110", "97150", SINCE, None, 1, "why")]),
    _edits("2026 Q3", date(2026, 7, 1), date(2026, 9, 30), [("97110", "97150", SINCE, date(2026, 6, 30), 1, "why")]),
]


# -------------------------------------------------------------------------------------------------- what is asked


def test_an_edit_is_found_whichever_way_its_codes_are_given(tables):
    one, other = (tables.pairs("professional", *codes, Q3) for codes in (("97150", "97530"), ("97530", "97150")))
    assert one == other
    assert [(row.column1, row.column2, row.indicator, row.deletion) for row in one.rows] == [
        ("97150", "97530", "1", None)
    ]
    assert (one.fits, one.edition.edition, one.covered) == ("day", "2024 Q3", True)


@settings(deadline=None)
@given(st.permutations(["97110", "97116", "97140", "97150", "97530", "G0283"]))
def test_the_order_of_the_codes_of_a_day_changes_nothing(tables, codes):
    found = tables.pairs_among("professional", codes, Q3)
    assert [*found] == [(one, other) for one in sorted(codes) for other in sorted(codes) if one < other]
    assert found == tables.pairs_among("professional", sorted(codes), Q3)


def test_the_edits_of_a_day_are_those_of_every_two_of_its_codes(tables):
    codes = ["97110", "97150", "97530", "97110"]
    found = tables.pairs_among("institutional", codes, Q3)
    assert {*found} == {("97110", "97150"), ("97110", "97530"), ("97150", "97530")}
    assert found == {pair: tables.pairs("institutional", *pair, Q3) for pair in found}


def test_the_table_goes_by_the_kind_of_claim(tables):
    """The same pair may be closed to a practitioner and open to a modifier in a hospital."""
    asked = ("97161", "97750", Q3)
    assert {row.indicator for row in tables.pairs("professional", *asked).rows if not row.deletion} == {"0"}
    assert {row.indicator for row in tables.pairs("institutional", *asked).rows if not row.deletion} == {"1"}
    assert tables.pairs("equipment", *asked) == tables.pairs("equipment", "A4639", "E0221", Q3)
    assert (tables.pairs("equipment", *asked).fits, tables.pairs("equipment", *asked).covered) == ("none", False)


@pytest.mark.parametrize(
    ("claim", "one", "other", "day", "covered"),
    [
        pytest.param("professional", "97110", "97116", Q3, True, id="both codes listed"),
        pytest.param("professional", "97110", "99213", Q3, True, id="one listed, active edits are all there"),
        pytest.param("professional", "97110", "99213", date(2019, 1, 2), False, id="one listed, ended edits are not"),
        pytest.param("professional", "97110", "97116", date(2019, 1, 2), True, id="both listed, ended ones too"),
        pytest.param("professional", "99213", "99214", Q3, False, id="none listed"),
        pytest.param("institutional", "97110", "99213", Q3, False, id="the other table needs both"),
        pytest.param("institutional", "97110", "97116", Q3, True, id="and both there"),
    ],
)
def test_no_edit_is_said_only_of_a_pair_that_the_subset_has_whole(tables, claim, one, other, day, covered):
    assert tables.pairs(claim, one, other, day).covered is covered


@pytest.mark.parametrize("code", ["9711", "7110 ", "97110 97112", "", "%", "97110' OR 1=1 --", "９７１１０", "\0" * 5])
def test_what_is_no_code_finds_no_edit(tables, code):
    assert tables.pairs("professional", code, "97150", Q3).rows == ()


@pytest.mark.parametrize(
    ("claim", "code", "most"),
    [("professional", "97026", (1, 3)), ("institutional", "97010", (1, 3)), ("professional", "97010", (0, 3)),
     ("equipment", "E0730", (1, 2)), ("equipment", "97026", None)],
)  # fmt: skip
def test_the_most_units_of_a_code(tables, claim, code, most):
    found = tables.maximum(claim, code, Q3)
    assert (found and (found.units, found.adjudication)) == most


def test_a_code_without_a_maximum_is_told_from_one_that_is_not_held(tables):
    assert tables.maximum("professional", "97165", Q3) or tables.knows("mue", "97165", Q3, "professional")
    assert tables.maximum("professional", "99213", Q3) is None
    assert not tables.knows("mue", "99213", Q3, "professional")


def test_the_relative_values_are_decimals_as_published(tables):
    found = tables.relative_values("97110", date(2025, 12, 1))
    assert (found.work, found.practice_expense, found.malpractice) == (
        Decimal("0.45"),
        Decimal("0.43"),
        Decimal("0.01"),
    )
    assert (found.fits, found.edition.edition, found.status, found.multiple_procedure) == ("day", "RVU25D", "A", "5")
    assert (found.non_facility_na, found.facility_na, found.used_by_medicare, found.descriptor) == (
        False, True, True, None,
    )  # fmt: skip
    assert tables.relative_values("97010", date(2025, 12, 1)).used_by_medicare is False
    assert tables.relative_values("97110", date(2025, 12, 1), "26") is None


@pytest.mark.parametrize(
    ("day", "release", "fits"),
    [
        ("2024-03-08", "RVU24A", "day"),
        ("2024-03-09", "RVU24AR", "day"),
        ("2024-11-01", "RVU24C", "older"),
        ("2025-02-01", "RVU25D", "newer"),
        ("2026-05-01", "RVU26D", "newer"),
        ("2026-09-30", "RVU26D", "newer"),
        ("2026-10-01", "RVU26D", "day"),
        ("2026-12-31", "RVU26D", "day"),
        ("2027-01-01", "RVU26D", "older"),
        ("2013-05-01", "RVU20D", "newer"),
    ],
)
def test_the_day_picks_the_release_and_else_the_newest_of_its_year_or_of_the_nearest(tables, day, release, fits):
    found = tables.relative_values("97110", date.fromisoformat(day))
    assert (found.edition.edition, found.fits) == (release, fits)


def test_the_releases_of_the_fee_schedule_are_told_in_their_order(tables):
    assert [each.edition for each in tables.releases()][-3:] == ["RVU24C", "RVU25D", "RVU26D"]


def test_the_locality_is_found_by_state_by_contractor_and_by_zip_code(tables):
    day = date(2026, 2, 1)
    (place,) = tables.localities(state="SC", day=day)
    assert (place.contractor, place.locality, place.work, place.fits) == ("11202", "01", Decimal("1.000"), "day")
    assert tables.localities(contractor="11202", locality="01", day=day) == (place,)
    assert len(tables.localities(state="CA", day=day)) > 20
    assert tables.localities(state="ZZ", day=day) == ()
    found = tables.zip_code("29001", date(2025, 11, 1))
    assert (found.contractor, found.locality, found.plus_four, found.fits) == ("11202", "01", False, "day")
    assert tables.zip_code("00000", day) is None


def test_puerto_rico_has_other_indices_from_october_2023(tables):
    before, after = (tables.localities(state="PR", day=date(2023, month, 1))[0] for month in (9, 10))
    assert (before.practice_expense, after.practice_expense) == (Decimal("1.000"), Decimal("1.008"))


@pytest.mark.parametrize(
    ("day", "factors"),
    [
        ("2013-06-01", {"single": "34.0230"}),
        ("2014-06-01", {}),
        ("2024-03-08", {"single": "32.7442"}),
        ("2024-03-09", {"single": "33.2875"}),
        ("2025-12-31", {"single": "32.3465"}),
        ("2026-01-01", {"non_qpp": "33.4009", "qpp": "33.5675"}),
        ("2027-01-01", {}),
    ],
)
def test_the_conversion_factor_goes_by_the_day_and_from_2026_by_participation(tables, day, factors):
    found = tables.factors(date.fromisoformat(day))
    assert {each.participation: str(each.factor) for each in found} == factors


def test_the_factors_that_were_not_read_from_a_file_of_cms_say_so(tables):
    qpp = next(each for each in tables.factors(date(2026, 1, 1)) if each.participation == "qpp")
    assert (qpp.evidence, qpp.confidence) == ("secondary", "medium")


def test_add_on_codes_and_therapy_codes(tables):
    assert tables.add_ons("97546", Q3).primaries == ("97545",)
    assert tables.add_ons("97811", Q3).primaries == ("97810", "97813")
    assert tables.add_ons("97110", Q3) is None
    assert tables.therapy("97161", Q3).modifiers == ("GP",)
    assert tables.therapy("92521", Q3).modifiers == ("GN",)
    assert tables.therapy("99213", Q3) is None


def test_the_south_carolina_amounts_of_january_2025_come_out_to_the_cent(tables):
    """From CMS's carrier file, which multiplied the same relative values, indices and factor.

    Of its 75 rows the shipped subset has all but the five of osteopathic treatment.
    """
    collected = shipped_folder().parent.parent / "shared" / "cms" / "pfs_payment_sc_2025a.csv"
    if not collected.is_file():
        pytest.skip("the amounts as collected are not beside this checkout")
    import csv

    day = date(2025, 1, 2)
    (place,) = tables.localities(state="SC", day=day)
    (factor,) = tables.factors(day)
    with collected.open(encoding="utf-8", newline="") as lines:
        amounts = [*csv.DictReader(lines)]
    amounts = [row for row in amounts if not row["hcpcs"].startswith("9892")]
    assert len(amounts) == 70
    for row in amounts:
        values = tables.relative_values(row["hcpcs"], day, row["modifier"])
        for column, expense in (("nonfac_fee", values.practice_expense), ("fac_fee", values.facility_practice_expense)):
            total = (
                values.work * place.work + expense * place.practice_expense + values.malpractice * place.malpractice
            ) * factor.factor
            assert str(total.quantize(Decimal("0.01"), "ROUND_HALF_UP")) == row[column], (row["hcpcs"], column)


# ---------------------------------------------------------------------------------------------------- in force


def _pair(effective, deletion, indicator="1"):
    return Pair("97530", "97140", effective, deletion, indicator, "why", known_by=date(2024, 7, 1))


@pytest.mark.parametrize(
    ("pair", "day", "expected"),
    [
        (_pair(date(2020, 10, 1), None), date(2020, 9, 30), "no"),
        (_pair(date(2020, 10, 1), None), date(2020, 10, 1), "yes"),
        (_pair(date(2020, 10, 1), date(2021, 12, 31)), date(2021, 12, 31), "yes"),
        (_pair(date(2020, 10, 1), date(2021, 12, 31)), date(2022, 1, 1), "no"),
        (_pair(date(2020, 10, 1), date(2020, 10, 1), "9"), date(2020, 10, 1), "no"),
        (_pair(None, None), date(2024, 7, 1), "yes"),
        (_pair(None, None), date(2024, 6, 30), "not_known"),
        (_pair(None, date(2021, 12, 31)), date(2021, 12, 31), "not_known"),
        (_pair(None, date(2021, 12, 31)), date(2022, 1, 1), "no"),
    ],
)
def test_whether_an_edit_applies_to_a_day(pair, day, expected):
    assert in_force(pair, day) == expected


# ------------------------------------------------------------------------------- the user's editions over the shipped


def test_two_quarters_stand_side_by_side_and_the_day_picks(tmp_path):
    with open_tables(_store(tmp_path / "cms.sqlite", *QUARTERS)) as tables:
        for day, edition, fits in (
            (date(2026, 6, 30), "2026 Q2", "day"),
            (date(2026, 7, 1), "2026 Q3", "day"),
            (date(2026, 10, 1), "2026 Q3", "older"),
            (date(2025, 1, 2), "2026 Q2", "history"),
            (date(2024, 8, 1), "2024 Q3", "day"),
        ):
            found = tables.pairs("professional", "97150", "97110", day)
            assert (found.edition.edition, found.fits) == (edition, fits), day
            assert found.edition.imported is (edition != "2024 Q3")


def test_a_day_before_every_edition_is_answered_by_one_whose_rows_reach_back(tables):
    found = tables.pairs("professional", "97530", "97116", date(2019, 12, 31))
    assert found.fits == "history"
    assert [(row.deletion, in_force(row, date(2019, 12, 31))) for row in found.rows if row.indicator != "9"] == [
        (date(2019, 12, 31), "not_known")
    ]


def test_an_import_that_covers_the_day_wins_over_what_ships(tmp_path):
    own = EditionRow("mue", "professional", "2024 Q3", date(2024, 7, 1), date(2024, 9, 30))
    with open_tables(
        _store(tmp_path / "cms.sqlite", (own, [("97026", 7, 1, "why"), ("99213", 1, 1, "why")]))
    ) as tables:
        assert tables.maximum("professional", "97026", Q3).units == 7
        known = [
            tables.knows("mue", code, Q3, "professional") for code in ("97010", "97026", "98940", "99213", "99214")
        ]
        assert known == [False, True, True, True, False]  # a file that was cut short does not know what came after
        assert tables.maximum("institutional", "97026", Q3).units == 1


def test_without_an_edition_for_the_day_the_newest_of_its_year_answers_whoever_brought_it(tmp_path):
    own = EditionRow("fee-schedule", None, "RVU25A", date(2025, 1, 1), date(2025, 3, 31))
    row = ("97110", "", "A", True, "9.00", "9.00", False, "9.00", False, "9.00", "5", "7")
    with open_tables(_store(tmp_path / "cms.sqlite", (own, [row]))) as tables:
        found = [tables.relative_values("97110", date(2025, month, 1)).edition.edition for month in (3, 5, 11)]
    assert found == ["RVU25A", "RVU25D", "RVU25D"]


def test_an_edition_of_which_some_files_are_missing_says_no_edit_only_where_it_can_know(tmp_path):
    parts = [
        [("0001A", "97150", SINCE, None, 1, "why"), ("25441", "97150", SINCE, None, 1, "why")],
        [("25442", "97150", SINCE, None, 1, "why"), ("37252", "97150", SINCE, None, 1, "why")],
        [("37253", "97150", SINCE, None, 1, "why"), ("62322", "97150", SINCE, None, 1, "why")],
        [("62323", "97150", SINCE, None, 1, "why"), ("U0003", "97150", SINCE, None, 1, "why")],
    ]
    day = date(2026, 8, 1)
    for number, held in enumerate((parts[3:], parts[:1] + parts[3:], parts), 1):
        store = _store(tmp_path / f"{number}.sqlite", _edits("2026 Q3", date(2026, 7, 1), date(2026, 9, 30), *held))
        with open_tables(store) as tables:
            covered = [  # by the edition of that day; where it cannot know, an older one stands in
                (pairs := tables.pairs("professional", *codes, day)).covered and pairs.fits == "day"
                for codes in (("97110", "97530"), ("97110", "20560"), ("97110", "64000"), ("97110", "30000"),
                              ("97110", "ZZZZZ"))
            ]  # fmt: skip
        assert covered == [True, number > 1, True, number > 2, False]  # beyond the last code a file may be cut short


def test_an_imported_factor_stands_in_for_the_shipped_one_of_its_participation_alone(tmp_path):
    own = EditionRow("conversion-factors", None, "RVU26C non_qpp", date(2026, 7, 1), date(2026, 9, 30))
    row = ("non_qpp", 20260701, "33.9999", 20260930, "primary", "high", "")
    with open_tables(_store(tmp_path / "cms.sqlite", (own, [row]))) as tables:
        assert [str(each.factor) for each in tables.factors(date(2026, 7, 1))] == ["33.9999", "33.5675"]
        assert [str(each.factor) for each in tables.factors(date(2026, 6, 30))] == ["33.4009", "33.5675"]


# ------------------------------------------------------------------------------------------ stores that cannot be read


def _foreign(path):
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE letters (words TEXT)")
    connection.commit()
    connection.close()


def _newer(path):
    _store(path, QUARTERS[0])
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 3")
    connection.close()


def _other_schema(path):
    """Views in the place of tables could run anything for ever."""
    _store(path, QUARTERS[0])
    connection = sqlite3.connect(path)
    connection.executescript("DROP TABLE edits; CREATE VIEW edits AS WITH RECURSIVE n(x) AS "
                             "(SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n;")  # fmt: skip
    connection.close()


def _nonsense_rows(path):
    _store(path, QUARTERS[0])
    connection = sqlite3.connect(path)
    connection.execute("UPDATE edits SET pairs = pairs || x'0102'")
    connection.commit()
    connection.close()


def _without_its_version(path):
    """With it the store would pass for one in which nothing was imported yet."""
    _store(path, QUARTERS[0])
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 0")
    connection.close()


def _cut(path):
    _store(path, QUARTERS[0])
    path.write_bytes(path.read_bytes()[:9000])


def _link_to_nowhere(path):
    path.symlink_to(path.parent / "nowhere.sqlite")


def _link_to_itself(path):
    path.symlink_to(path)


def _link_to_a_device(path):
    path.symlink_to("/dev/zero")


def _journal_that_is_a_pipe(path):
    """SQLite opens it with the store, and would wait for ever."""
    _store(path, QUARTERS[0])
    os.mkfifo(f"{path}-journal")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (os.mkfifo, "cms.sqlite is a pipe or a device, not a file"),
        (_link_to_a_device, "cms.sqlite is a pipe or a device, not a file"),
        (_journal_that_is_a_pipe, "cms.sqlite-journal is a pipe or a device"),
        (_link_to_nowhere, "cms.sqlite is a link that leads nowhere"),
        (_link_to_itself, "Too many levels of symbolic links"),
        (lambda path: path.mkdir(), "cms.sqlite is a folder, not a file"),
    ],
    ids=["a pipe", "a device", "a journal that is a pipe", "a dead link", "a loop", "a folder"],
)
def test_what_is_in_the_place_of_the_store_is_looked_at_before_it_is_opened(cpt, tmp_path, make, words):
    (tmp_path / "data").mkdir()
    make(tmp_path / "data" / "cms.sqlite")
    for command in (["check", "97110:15", "--payer", "medicare"], ["data", "list"], ["data", "verify"],
                    ["data", "remove", "mue-professional-2024-q3"],
                    ["data", "import", str(TESTS / "cms" / "GPCI2026.csv")]):  # fmt: skip
        ran = cpt(*command, env={"CPT_DATA": str(tmp_path / "data")})
        assert (ran.code, ran.stdout) == (2, "")
        assert words in ran.stderr
        assert "Move it away" in ran.stderr


@pytest.mark.parametrize("make", [_link_to_nowhere, _link_to_itself, _link_to_a_device, os.mkfifo])
@pytest.mark.parametrize("place", ["CPT_DATA", "XDG_DATA_HOME", "XDG_DATA_HOME/cpt"])
def test_a_folder_of_the_store_that_leads_nowhere_is_not_an_empty_store(cpt, tmp_path, make, place):
    variable, _, below = place.partition("/")
    folder = tmp_path / "data" / below
    folder.parent.mkdir(exist_ok=True)
    make(folder)
    for command in (["check", "97110:15", "--payer", "medicare"], ["data", "list"], ["data", "verify"]):
        ran = cpt(*command, env={"CPT_DATA": None, variable: str(tmp_path / "data")})
        assert (ran.code, ran.stdout) == (2, "")
        assert "cms.sqlite cannot be used" in ran.stderr or "CPT_DATA" in ran.stderr


@pytest.mark.parametrize("make", [_link_to_nowhere, _link_to_itself, _link_to_a_device, os.mkfifo])
@pytest.mark.usefixtures("compiled_once")
def test_what_is_in_the_place_of_the_cache_costs_time_and_no_answer(cpt, tmp_path, make):
    """Nothing that decides is kept there, so that it is no error, and nothing to wait for."""
    make(tmp_path / "cache")
    (tmp_path / "other" / "cpt").mkdir(parents=True)
    fees = ("fee", "97110", "--state", "SC", "--on", "2025-10-15")
    usual = cpt(*fees)
    assert cpt(*fees, env={"XDG_CACHE_HOME": str(tmp_path / "cache")}) == usual
    assert cpt(*fees, env={"XDG_CACHE_HOME": str(tmp_path / "other")}) == usual
    for kept in (tmp_path / "other" / "cpt").iterdir():
        kept.unlink()
        make(kept)
    assert cpt(*fees, env={"XDG_CACHE_HOME": str(tmp_path / "other")}) == usual


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda path: path.write_bytes(b"not a database at all" * 500), StoreUnusable, "file is not a database"),
        (_foreign, StoreUnusable, "another program's file"),
        (_newer, StoreNewer, "written by a newer version of cpt"),
        (_other_schema, StoreUnusable, "other tables"),
        (_without_its_version, StoreUnusable, "other tables"),
        (_nonsense_rows, StoreUnusable, "it is damaged"),
        (_cut, StoreUnusable, "it is damaged"),
        (lambda path: path.mkdir(), StoreUnusable, "cannot be used"),
    ],
    ids=["noise", "another program's", "newer", "other schema", "no version", "nonsense", "cut short", "a folder"],
)
def test_a_store_that_cannot_be_read_is_named_with_what_to_do(tmp_path, make, error, words):
    path = tmp_path / "cms.sqlite"
    make(path)
    with pytest.raises(error, match=words) as raised, open_tables(path) as tables:
        tables.pairs("professional", "97110", "97150", date(2026, 5, 1))
    assert str(path) in str(raised.value)


def test_an_empty_file_is_a_store_with_nothing_in_it(tmp_path):
    path = tmp_path / "cms.sqlite"
    path.touch()
    with open_tables(path) as tables:
        assert {each.imported for each in tables.editions()} == {False}


def test_reading_changes_nothing_of_a_store(tmp_path):
    path = _store(tmp_path / "cms.sqlite", *QUARTERS)
    before = path.read_bytes()
    path.chmod(0o400)
    with open_tables(path) as tables:
        tables.pairs("professional", "97110", "97150", date(2026, 5, 1))
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["cms.sqlite"]


# ------------------------------------------------------------------------------------- the shipped tables, compiled

_ASK = (
    "import sys; from datetime import date; from pathlib import Path; from cptcli.cms.tables import open_tables;"
    "print(open_tables(Path('none')).pairs('professional', '97530', '97140', date(2024, 8, 1)))"
)


def _pairs():
    with open_tables(Path("none")) as tables:
        return tables.pairs("professional", "97530", "97140", Q3)


def _asks(environment, cache):
    return subprocess.Popen(
        [sys.executable, "-c", _ASK], env={**environment, "XDG_CACHE_HOME": str(cache)}, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )  # fmt: skip


def _answer(process):
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    return out


@pytest.mark.parametrize(
    "damage",
    [lambda whole: whole[: len(whole) // 2], lambda whole: os.urandom(5000), lambda whole: b"",
     lambda whole: _signed(b"SQLite format 3\0" + os.urandom(8000)), lambda whole: _signed(b"")],
    ids=["cut in half", "noise", "nothing", "noise with its right hash", "nothing with its right hash"],
)  # fmt: skip
@pytest.mark.usefixtures("compiled_once")
def test_damaged_tables_in_the_cache_are_made_anew(monkeypatch, tmp_path, damage):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    first = _pairs()
    (cached,) = tmp_path.rglob("*.tables")
    whole = cached.read_bytes()
    cached.write_bytes(damage(whole))
    assert _pairs() == first
    assert cached.read_bytes() == whole


def _signed(content):
    from hashlib import sha256

    return sha256(content).digest() + content


def test_tables_are_answered_from_without_a_cache_and_by_several_processes_at_once(environment, tmp_path):
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where the folder would be")
    answers = {_answer(_asks(environment, blocked))}
    answers |= {_answer(process) for process in [_asks(environment, tmp_path / "cold") for _ in range(4)]}
    assert len(answers) == 1
    assert len([*(tmp_path / "cold").rglob("*")]) == 2  # the folder and one file


def test_the_tables_are_compiled_to_the_same_bytes_every_time(compiled_tables):
    assert shipped.compile_tables(Files(shipped_folder() / "tables")) == compiled_tables


def test_tables_that_cannot_be_compiled_name_what_is_wrong():
    files = Files(shipped_folder() / "tables")
    files.contents["medicare-edits.csv"] = files.contents["medicare-edits.csv"].replace(b"2020-01-01", b"2020-99-01")
    with pytest.raises(shipped.TablesUnreadable, match=r"medicare-edits\.csv.*cpt rules check"):
        shipped.compile_tables(files)


def test_an_edition_holds_what_a_reader_of_an_answer_needs(tables):
    """The keys of an edition are a contract: scripts meet them in answers."""
    assert Edition.__struct_fields__ == (
        "id", "table", "claim", "edition", "first", "last", "imported", "caveat", "source",
    )  # fmt: skip
    assert len({each.id for each in tables.editions()}) == len(tables.editions())
    assert reading(shipped_folder() / "no-such-file") is None
