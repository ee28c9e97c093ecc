"""cpt compare, the cheat sheet: each row is what cpt suggest answers, and nothing is left out uncounted."""

import csv
import io
import json
import re
import shutil
from functools import cache

import pytest
from conftest import TESTS, TODAY
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from cptcli.advice.comparison import Asked, compare
from cptcli.advice.coverage import NEGATIVE
from cptcli.advice.question import Typed
from cptcli.advice.suggest import advise
from cptcli.compose.comparison import code_text, compare_sheet, verdict_text
from cptcli.compose.layout import LINES, WIDTH, fitted, lines_of, width_of
from cptcli.compose.sheet import Block, Row, Sheet
from cptcli.errors import UnknownName
from cptcli.model.comparison import Comparison
from cptcli.show.as_csv import COLUMNS, harmless, to_csv

PAYERS = ("medicare", "palmetto", "noridian-je", "aetna", "cigna", "unitedhealthcare", "anthem", "humana", "tricare",
          "bcbs-montana")  # fmt: skip
TREATMENTS = ("infrared", "cold-laser", "e-stim", "dry-needling", "traction", "shockwave", "taping", "hot-pack",
              "spinal-decompression", "evaluation")  # fmt: skip


def compared(book, *, every=False, payers=(), modalities=(), **typed) -> Comparison:
    asked = Asked(typed=Typed(on=TODAY, **typed), payers=payers, modalities=modalities, every=every)
    return compare(book, asked, TODAY)


@cache
def every_comparison(book) -> tuple[Comparison, ...]:
    """Ten payers and ten treatments, each by default and with all rows, and what is for the home."""
    return tuple(_every(book))


@cache
def every_sheet(book) -> tuple[tuple[Comparison, Sheet, Sheet], ...]:
    """Each comparison, its sheet, and what of it is on the first screen."""
    sheets = ((found, compare_sheet(found)) for found in every_comparison(book))
    return tuple((found, sheet, _screen(sheet)[0]) for found, sheet in sheets)


def _every(book):
    for payer in PAYERS:
        yield compared(book, payers=(payer,))
        yield compared(book, payers=(payer,), every=True)
    for modality in TREATMENTS:
        yield compared(book, modalities=(modality,))
        yield compared(book, modalities=(modality,), every=True)
    yield compared(book, device="anodyne")
    yield compared(book, payers=("medicare",), setting="home")
    yield compared(book, modalities=("tens",), setting="home")


def rows_of(sheet: Sheet, *names: str) -> list[Row]:
    return [row for block in sheet.blocks for row in block.rows if row.name in names]


# ------------------------------------------------------------------------------------------------- what a row says


@pytest.mark.parametrize(
    ("payer", "modality", "code", "paid"),
    [
        ("aetna", "cold-laser", "97037 / S8948 / 0552T", "investigational"),
        ("aetna", "dry-needling", "20560 / 20561", "investigational"),
        ("aetna", "unattended-estim", "97014 WEAK", "depends"),
        ("medicare", "hot-pack", "97010", "bundled"),
        ("medicare", "spinal-decompression", "no code", "not covered"),
        ("medicare", "dry-needling", "20560 / 20561", "depends"),
        ("palmetto", "unattended-estim", "G0283 disputed", "depends"),
        ("humana", "ultrasound", "97035", "depends WEAK"),
    ],
)
def test_a_row_has_the_payers_code_and_verdict_and_says_which_of_them_is_weak(book, payer, modality, code, paid):
    (row,) = compared(book, payers=(payer,), modalities=(modality,)).rows
    assert (code_text(row), verdict_text(row)) == (code, paid)


def test_a_code_that_one_payer_wants_instead_is_weak_beside_its_payer_alone(book):
    rows = {row.payer: row for row in compared(book, device="anodyne").rows}
    assert code_text(rows["palmetto"]) == "97799 WEAK, disputed"
    assert code_text(rows["aetna"]) == "97026"
    assert rows["palmetto"].code_rule == "palmetto-anodyne-97799"


def test_cases_that_are_paid_differently_have_a_row_each(book):
    rows = compared(book, payers=("medicare",), modalities=("wound-estim",)).rows
    assert [(row.code, row.verdict, row.condition) for row in rows] == [
        ("G0281", "conditional", "qualifying ulcer"),
        ("G0282", "not_covered", "other wound"),
    ]


def test_equipment_codes_are_in_parentheses_until_the_coding_is_verified(book):
    for row in compared(book, modalities=("tens",), setting="home").rows:
        assert row.code is None
        assert code_text(row) == "(E0720) / (E0730)"
    page = "\n".join(_lines(compare_sheet(compared(book, payers=("medicare",), setting="home"))))
    assert "In parentheses: no code until the product's coding is verified." in page


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_every_row_is_what_suggest_answers(book, data):
    payer = data.draw(st.sampled_from(book.keys("payers")))
    modality = data.draw(st.sampled_from(book.keys("modalities")))
    typed = Typed(on=TODAY, payer=payer, modality=modality, setting=data.draw(st.sampled_from(("clinic", "home"))))
    answer = advise(book, typed, TODAY)
    rows = compare(book, Asked(typed=structs.replace(typed, payer=None, modality=None), payers=(payer,),
                               modalities=(modality,)), TODAY).rows  # fmt: skip
    if not answer.branches:
        (row,) = rows
        assert (row.code, row.candidate, row.coverage, row.sure) == (
            answer.code, answer.candidate, answer.coverage, answer.sure
        )  # fmt: skip
        assert (row.weak, row.disputed) == (answer.weak is not None, answer.disputed)
    cases = {(case.option, case.code or case.candidate, row.verdict, row.weak) for row in rows for case in row.cases}
    assert cases == {
        (branch.option, branch.code or branch.candidate, branch.coverage.verdict, branch.weak)
        for branch in answer.branches
    }
    against = compare(book, Asked(typed=structs.replace(typed, payer=None, modality=None), payers=(payer, "other"),
                                  modalities=(modality,)), TODAY)  # fmt: skip
    of_payer = [each for each in against.rows if each.payer == rows[0].payer]
    assert [(code_text(each), verdict_text(each)) for each in of_payer] == [
        (code_text(each), verdict_text(each)) for each in rows
    ]


def test_what_is_paid_comes_first_then_what_depends_is_not_known_and_is_not_paid_each_by_name(book):
    seen = set()
    for found in every_comparison(book):
        ranks = [(_rank(row.verdict), not row.ruled_by_payer, row.name.casefold()) for row in found.rows]
        assert ranks == sorted(ranks)
        seen |= {rank for rank, _, _ in ranks}
    assert seen >= {1, 2, 3}


def _rank(verdict: str) -> int:
    return 3 if verdict in NEGATIVE else ["covered", "conditional", "unknown"].index(verdict)


# ------------------------------------------------------------------------------------------------- which rows


def test_by_default_the_payers_with_a_rule_and_medicare_and_all_of_them_with_all(book):
    found, every = compared(book, modalities=("cold-laser",)), compared(book, modalities=("cold-laser",), every=True)
    assert "medicare" in {row.payer for row in found.rows}
    assert all(row.ruled_by_payer or row.payer in ("medicare", "cigna") for row in found.rows)
    everybody = {row.payer for row in every.rows}
    assert len(everybody) == len({row.payer for row in found.rows}) + found.without_rule + found.said_elsewhere
    assert {"humana", "palmetto"} <= everybody
    assert (every.without_rule, every.said_elsewhere) == (0, 0)
    page = "\n".join(_lines(compare_sheet(found)))
    assert f"Not shown (--all): {found.without_rule} payers without a rule" in page
    assert f"{found.said_elsewhere} contractors as above" in page


def test_a_contractor_that_answers_as_medicare_has_no_row_of_its_own_unless_named(book):
    assert "novitas" not in {row.payer for row in compared(book, device="anodyne").rows}
    named = compared(book, device="anodyne", payers=("novitas", "medicare"))
    assert {row.payer for row in named.rows} == {"novitas", "medicare"}


def test_a_state_leaves_its_payers_and_names_medicares_contractor(book):
    found = compared(book, device="anodyne", state="SC")
    assert {"Medicare: Palmetto GBA (JM)"} == {row.name for row in found.rows if row.payer == "palmetto-jm"}
    assert {"bcbs-alabama", "cgs", "noridian-jf"}.isdisjoint(row.payer for row in found.rows)
    assert "--state" not in found.asks
    assert "--state" in compared(book, device="anodyne").asks


def test_a_payers_treatments_are_those_of_its_rules_without_names_that_only_stand_for_several(book):
    found = compared(book, payers=("aetna",))
    shown = {row.modality for row in found.rows}
    assert {"cold-laser", "class-iv-laser", "infrared", "traction", "dry-needling"} <= shown
    assert {"laser", "manual-therapy-generic"}.isdisjoint(shown)
    assert len(shown) + found.without_rule + found.said_elsewhere == len(book.keys("modalities"))
    assert {row.modality for row in compared(book, payers=("aetna",), modalities=("laser",)).rows} == {"laser"}


def test_a_name_that_means_several_payers_gives_a_row_for_each(book):
    payers = {row.payer for row in compared(book, device="anodyne", payers=("blue cross",)).rows}
    assert {"bcbs-alabama", "bcbs-massachusetts"} <= payers


def test_a_payer_without_a_rule_is_said_to_have_none_and_to_be_asked(book):
    found = compared(book, payers=("paramount",))
    page = "\n".join(_lines(compare_sheet(found)))
    assert found.rows == ()
    assert "No rule of Paramount on any treatment found: ask Paramount." in page
    assert f"{len(book.keys('modalities'))} treatments without a rule" in page


def test_your_own_rule_takes_part(cpt, tmp_path):
    shutil.copytree(TESTS / "clinic", tmp_path / "ours")
    ran = cpt("compare", "--device", "anodyne", "--payer", "palmetto", "--rules", "ours", "--json")
    (row,) = json.loads(ran.stdout)["rows"]
    assert (row["code"], row["code_rule"], row["weak"]) == ("97039", "clinic-palmetto-anodyne", False)


# ------------------------------------------------------------------------------------------------- one screen


def _lines(sheet: Sheet) -> list[str]:
    """The lines of the first screen."""
    return _screen(sheet)[1]


def _screen(sheet: Sheet) -> tuple[Sheet, list[str]]:
    """The first screen and its lines; fails where it has too many lines or a line is too wide."""
    screen, spaced = fitted(sheet)
    lines = ["".join(text for text, _ in line) for line in lines_of(screen, WIDTH, spaced)]
    assert len(lines) <= LINES, "\n".join(lines)
    assert [line for line in lines if width_of(line) > WIDTH] == []
    return screen, lines


def test_ten_payers_and_ten_treatments_are_each_on_one_screen_and_what_is_not_is_counted(book):
    for found, _, screen in every_sheet(book):
        shown = sum(row.many for row in rows_of(screen, found.by))
        left = re.search(rf"(\d+) more {found.by}s?\b", screen.last_line)
        assert shown + (int(left[1]) if left else 0) == len(found.rows)


def test_ten_rows_never_lose_one_on_the_first_screen(book):
    for found in (
        compared(book, device="anodyne", payers=PAYERS),
        compared(book, payers=("aetna",), modalities=TREATMENTS[:4]),
        compared(book, modalities=("traction",), payers=PAYERS),
    ):
        screen, _ = fitted(compare_sheet(found))
        assert sum(row.many for row in rows_of(screen, found.by)) == len(found.rows)


def test_weak_is_beside_every_weak_code_and_verdict_and_not_known_says_whom_to_ask(book):
    weak = unknown = 0
    for found, sheet, screen in every_sheet(book):
        for row in found.rows:
            weak += row.weak
            assert ("WEAK" in code_text(row)) == row.weak
            assert ("WEAK" in verdict_text(row)) == row.verdict_weak
            cells = [" ".join(each.cells) for each in rows_of(sheet, found.by)]
            assert any(code_text(row) in each and verdict_text(row) in each for each in cells)
        if any(row.verdict == "unknown" for row in found.rows):
            unknown += 1
            assert any("Ask " in row.cells[0] for row in rows_of(screen, "ask"))
    assert weak > 20
    assert unknown > 5


def test_what_several_rows_share_is_on_the_page_once(book):
    shared = 0
    for found, sheet, _ in every_sheet(book):
        rows = rows_of(sheet, "watch", "why", "codes")
        named = [row.cells[0].partition(": ")[2] for row in rows if not row.under]
        under = [row.cells[0] for row in rows if row.under and row.name != "why"]
        assert len({*named, *under}) == len(named) + len(under)
        decides = [row.cells[0] for row in rows if row.under and row.name == "why"]
        assert len(decides) <= len({(row.verdict, row.verdict_weak, row.rule) for row in found.rows if row.rule}) + len(
            {row.code_rule for row in found.rows if row.code_rule}
        )
        shared += len(named)
    assert shared > 5


@pytest.mark.parametrize("width", [20, 40, 80, 120, 400])
def test_a_page_of_any_width_keeps_to_it_and_loses_no_code_and_no_weak(book, width):
    screen, spaced = fitted(compare_sheet(compared(book, device="anodyne")))
    lines = ["".join(text for text, _ in line) for line in lines_of(screen, width, spaced)]
    assert [line for line in lines if width_of(line) > width] == []
    page = "\n".join(lines)
    assert all(word in page for word in ("97799", "97026", "WEAK", "not known"))


def test_rows_that_do_not_fit_are_counted_as_what_they_are():
    rows = tuple(Row("payer", (f"Payer {n}",), must=True, what="payer", many=2) for n in range(10))
    screen, _ = fitted(Sheet(("Title", "", ""), blocks=(Block("", rows),)), lines=6)
    assert len(screen.blocks[0].rows) == 4
    assert screen.last_line == "12 more payers: add --full"


def test_a_small_row_that_must_stay_comes_back_into_the_room_that_a_long_one_left():
    rows = (Row("a", ("short",), must=True, weight=1), Row("b", ("word " * 60,), must=True, weight=2),
            Row("c", ("stays",), must=True, weight=3))  # fmt: skip
    screen, _ = fitted(Sheet(("Title", "", ""), blocks=(Block("", rows),)), lines=4)
    assert [row.name for row in screen.blocks[0].rows] == ["a", "c"]


# ------------------------------------------------------------------------------------------------- CSV and JSON


def _records(text: str) -> list[dict[str, str]]:
    return [*csv.DictReader(io.StringIO(text))]


def test_csv_has_a_record_for_every_row_and_reads_back_as_it_was(book, cpt):
    found = compared(book, payers=("aetna",))
    records = _records(cpt("compare", "--payer", "aetna", "--csv", "--on", TODAY.isoformat()).stdout)
    assert [*records[0]] == [*COLUMNS]
    assert [(each["name"], each["code"], each["paid"], each["rules"]) for each in records] == [
        (row.name, code_text(row), verdict_text(row), " ".join(row.coverage.rules if row.code_rule is None else
                                                              (row.code_rule, *row.coverage.rules)))
        for row in found.rows
    ]  # fmt: skip


@pytest.mark.parametrize("begins", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "\n@x"])
def test_no_cell_begins_a_formula(book, begins):
    assert harmless(begins)[0] == "'"
    found = compared(book, device="anodyne", payers=("aetna",))
    row = structs.replace(found.rows[0], name=begins, short=begins, watch=(begins,), condition=begins)
    (record,) = _records(to_csv(structs.replace(found, rows=(row,))).decode())
    for cell in record.values():
        assert cell[:1] not in ("=", "+", "-", "@", "\t", "\r")


def test_csv_shows_no_control_characters_and_keeps_commas_and_quotes(book):
    found = compared(book, device="anodyne", payers=("aetna",))
    row = structs.replace(found.rows[0], name='A "plan", \x1b[31mred')
    (record,) = _records(to_csv(structs.replace(found, rows=(row,))).decode())
    assert record["name"] == 'A "plan", \N{REPLACEMENT CHARACTER}[31mred'


def test_json_has_every_key_of_a_row_with_the_rules_behind_it(cpt):
    ran = cpt("compare", "--device", "anodyne", "--json", "--on", "2026-11-23")
    document = json.loads(ran.stdout)
    assert (ran.code, document["schema"], document["by"]) == (0, 1, "payer")
    assert document["question"]["device"] == "anodyne"
    assert document["question"]["payer"] is None
    assert {"about", "rows", "asks", "ask_on", "without_rule", "said_elsewhere", "tables", "rulebook"} <= {*document}
    for row in document["rows"]:
        assert {*row} == {
            "payer", "modality", "device", "name", "condition", "code", "candidate", "cases", "sure", "weak",
            "disputed", "verdict", "verdict_weak", "ruled_by_payer", "rule", "short", "code_rule", "code_short",
            "watch", "coverage",
        }  # fmt: skip
        assert all(step["sources"] for step in row["coverage"]["steps"])


# ------------------------------------------------------------------------------------------------- the command


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--payer", "no such payer"], "no such payer"),
        (["--device", "no such device"], "no such device"),
        (["--modality", "zzzz"], "zzzz"),
        (["--device", "anodyne", "--payer", "no such payer"], "no such payer"),
        (["--payer", "aetna", "--modality", "zzzz"], "zzzz"),
        ([], "--device or --modality or --payer"),
        (["--modality", "infrared", "--modality", "tens"], "add --payer"),
        (["--payer", "aetna", "--payer", "cigna"], "expected one payer"),
        (["--device", "anodyne", "--modality", "infrared", "--modality", "tens"], "expected one treatment"),
        (["--device", "anodyne", "--state", "XX"], "--state"),
        (["--payer", "aetna", "--dx", "x"], "ICD-10"),
        (["--payer", "aetna", "--setting", "moon"], "clinic or home"),
    ],
)
def test_what_names_nothing_or_too_much_is_no_answer(cpt, arguments, words):
    ran = cpt("compare", *arguments)
    assert ran.code == 2
    assert words in ran.stderr
    assert ran.stdout == ""


@pytest.mark.parametrize(
    "arguments",
    [["--payer", "aetna"], ["--payer", "humana"], ["--device", "anodyne", "--dx", "E11.42", "--state", "SC"],
     ["--modality", "cold laser", "--all-payers"], ["--payer", "cigna", "--all"], ["--payer", "aetna", "--full"],
     ["--modality", "e-stim", "--unattended", "--provider", "chiropractor"]],
)  # fmt: skip
def test_a_comparison_is_an_answer_whatever_its_verdicts(cpt, arguments):
    ran = cpt("compare", *arguments)
    assert (ran.code, ran.stderr) == (0, "")
    assert all(re.match(r"[a-z_]+: \S", line) for line in ran.stdout.splitlines())


def test_your_own_payer_is_compared_where_nothing_is_named_and_never_narrows_a_device(cpt, tmp_path):
    (tmp_path / "own.toml").write_text('payer = "cigna"\nstate = "SC"\n')
    own = {"CPT_SETTINGS": "own.toml"}
    mine = json.loads(cpt("compare", "--json", env=own).stdout)
    assert (mine["about"], mine["question"]["from_settings"]) == ("Cigna", ["payer", "state"])
    device = json.loads(cpt("compare", "--device", "anodyne", "--json", env=own).stdout)
    assert {"aetna", "palmetto-jm"} <= {row["payer"] for row in device["rows"]}
    assert device["question"]["from_settings"] == ["state"]
    assert "SC (state: your settings)" in cpt("compare", "--device", "anodyne", "--html", "-", env=own).stdout
    assert cpt("compare", "--no-settings", env=own).code == 2


def test_the_html_page_has_every_row_of_the_first_screen(cpt, tmp_path):
    ran = cpt("compare", "--payer", "cigna", "--html", "sheet.html", "--on", TODAY.isoformat())
    page = " ".join((tmp_path / "sheet.html").read_text(encoding="utf-8").split())
    lines = [line.partition(": ")[2] for line in ran.stdout.splitlines() if line.startswith("treatment: ")]
    assert len(lines) > 8
    for line in lines:
        assert all(cell in page for cell in line.split("; "))


def test_full_has_every_row_by_its_own_name_with_its_rules(book, cpt):
    found = compared(book, payers=("palmetto",))
    full = cpt("compare", "--payer", "palmetto", "--full", "--on", TODAY.isoformat()).stdout.splitlines()
    rows = [line for line in full if line.startswith("treatment_in_full: ")]
    assert len(rows) == len(found.rows)
    for row in found.rows:
        assert any(row.name in line and code_text(row) in line and (row.rule or "") in line for line in rows)


def test_an_unknown_name_among_the_payers_is_never_left_out_in_silence(book):
    with pytest.raises(UnknownName):
        compared(book, device="anodyne", payers=("aetna", "no such payer"))
