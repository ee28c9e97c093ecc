"""One screen: an answer has at most 24 lines of 80 columns, and what a biller must know never leaves it."""

from datetime import date
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from cptcli.advice.coverage import NEGATIVE
from cptcli.advice.lookup import lookup
from cptcli.advice.question import Typed
from cptcli.advice.suggest import advise, is_finding, suggest
from cptcli.compose.answer import answer_sheet
from cptcli.compose.code_card import code_sheet
from cptcli.compose.layout import LINES, WIDTH, fitted, lines_of, width_of, wrapped
from cptcli.compose.page import page_of
from cptcli.compose.sheet import Block, Row, Sheet
from cptcli.errors import MissingOption
from cptcli.model.answer import Answer, Question

TODAY = date(2026, 11, 23)
PAYERS = ("medicare", "palmetto", "noridian", "aetna", "cigna", "unitedhealthcare", "anthem", "humana", "tricare",
          "va-community-care", "texas-workers-compensation", "other")  # fmt: skip


def answers(book, key: str, shelf: str) -> list[Answer]:
    """The answers about one entry for each of twelve payers, in each setting that it has."""
    option = "device" if shelf == "devices" else "modality"
    device = book.device(key) if shelf == "devices" else None
    settings = device.settings if device else ("clinic", "home") if shelf == "modalities" else ("clinic",)
    return [
        advise(book, Typed(on=TODAY, payer=payer, setting=setting, **{option: key}), TODAY)
        for payer in PAYERS
        for setting in settings
    ]


def shown(sheet: Sheet) -> str:
    """The first screen of a sheet; fails where it has too many lines or a line is too wide."""
    screen, spaced = fitted(sheet)
    lines = ["".join(text for text, _ in line) for line in lines_of(screen, WIDTH, spaced)]
    assert len(lines) <= LINES, "\n".join(lines)
    assert [line for line in lines if width_of(line) > WIDTH] == []
    return "\n".join(lines)


def words(page: str) -> str:
    return " ".join(page.split())


@pytest.mark.parametrize("shelf", ["devices", "modalities"])
def test_every_device_and_every_treatment_is_answered_on_one_screen_for_twelve_payers(book, shelf):
    for key in book.keys(shelf):
        for answer in answers(book, key, shelf):
            page = words(shown(answer_sheet(answer)))
            assert answer.code or answer.candidate or answer.branches or "No code" in page
            _never_hidden(answer, page)


def _never_hidden(answer: Answer, page: str) -> None:
    """What must never leave the first screen."""
    if answer.code:
        assert page.startswith(answer.code)
    if answer.weak:
        assert "WEAK" in page
    if answer.disputed and answer.code:
        assert "isputed" in page.partition("For ")[0]
    verdict = answer.coverage.verdict
    if verdict in NEGATIVE and not answer.branches:
        assert "No:" in page
    if verdict == "unknown":
        assert "not known" in page.casefold()
        assert "ask " in page.casefold()
    for remark in answer.remarks:
        if remark.must:
            assert words(remark.short) in page
    for branch in answer.branches[:6]:
        assert branch.option in page or branch.option.partition(" ")[0] in page


def test_every_code_as_billed_is_answered_on_one_screen_for_twelve_payers(book):
    for key in book.keys("codes"):
        setting = "home" if book.code(key).coding_verification else "clinic"
        for payer in PAYERS:
            answer = suggest(book, Question(service_date=TODAY, code=key, payer=payer, setting=setting), TODAY)
            _never_hidden(answer, words(shown(answer_sheet(answer))))


def test_two_hundred_branches_leave_six_rows_and_are_counted(book):
    answer = advise(book, Typed(on=TODAY, modality="e-stim", payer="medicare"), TODAY)
    sheet = answer_sheet(structs.replace(answer, branches=answer.branches * 100))
    page = shown(sheet)
    assert page.count("--attended") + page.count("--unattended") == 6
    assert "194 more cases" in page


def test_every_code_is_looked_up_on_one_screen(book):
    for key in book.keys("codes"):
        page = shown(code_sheet(lookup(book, key, TODAY, TODAY)))
        assert page.startswith(key)


def test_what_words_find_is_on_one_screen(book):
    for asked in ("laser", "a", "97", "blue cross", "medicare", "pump", "evaluation"):
        page = page_of(lookup(book, asked, TODAY, TODAY)) if asked != "97" else None
        if page:
            shown(page.sheet)


@cache
def _anodyne(book) -> Answer:
    return advise(book, Typed(on=TODAY, device="anodyne", payer="palmetto"), TODAY)


def test_the_screen_is_in_the_order_in_which_a_biller_acts(book):
    page = shown(answer_sheet(_anodyne(book)))
    order = ["97799", "Palmetto GBA requires it", "WEAK", "Paid?", "Bill", "Attach", "Watch", "Why", "more note"]
    places = [page.index(word) for word in order]
    assert places == sorted(places)


def test_what_does_not_fit_is_counted_in_the_last_line(book):
    sheet = answer_sheet(_anodyne(book))
    screen, _ = fitted(sheet, lines=12)
    rows = sum(len(block.rows) for block in sheet.blocks) + len(sheet.lead)
    kept = sum(len(block.rows) for block in screen.blocks) + len(screen.lead)
    assert screen.notes == sheet.notes + rows - kept
    assert f"{screen.notes} more notes" in screen.last_line


_texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=120)
_rows = st.builds(Row, name=st.just("row"), cells=st.lists(_texts, min_size=1, max_size=4).map(tuple),
                  must=st.booleans(), weight=st.integers(0, 100))  # fmt: skip


@given(st.lists(st.builds(Block, label=st.sampled_from(["", "Paid?"]), rows=st.lists(_rows, max_size=6).map(tuple)),
                max_size=6).map(tuple), st.integers(3, 40))  # fmt: skip
def test_a_sheet_never_has_more_lines_than_asked_for_and_counts_every_row_it_leaves_out(blocks, lines):
    sheet = Sheet(("97026", "name", ""), blocks=blocks, stamp="stamp")
    screen, spaced = fitted(sheet, lines)
    assert len(lines_of(screen, WIDTH, spaced)) <= lines
    assert screen.notes == sum(len(block.rows) for block in blocks) - sum(len(block.rows) for block in screen.blocks)


@given(_texts, st.integers(1, 100))
def test_wrapping_loses_no_sign_but_blanks_and_keeps_to_the_width(text, width):
    lines = wrapped(text, width)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(width_of(line) <= max(width, 2) for line in lines)


@pytest.mark.parametrize("width", [20, 40, 49, 50, 79, 80, 120, 400])
def test_a_page_of_any_width_keeps_to_it_and_loses_no_word(book, width):
    screen, spaced = fitted(answer_sheet(_anodyne(book)))
    lines = ["".join(text for text, _ in line) for line in lines_of(screen, width, spaced)]
    assert all(width_of(line) <= width for line in lines)
    for word in ("97799", "WEAK,", "Paid?", "--dx"):
        assert any(word in line for line in lines)


# ------------------------------------------------------------------------------------------------- the branches


ASKED_BACK_BEFORE = [
    ("cold laser", "cigna"), ("dry needling", "aetna"), ("ultrasound", "tricare"), ("e-stim", "unitedhealthcare"),
    ("iontophoresis", "unitedhealthcare"), ("aquatic", "medicare"), ("shockwave", "aetna"), ("pemf", "cigna"),
    ("traction", "medicare"), ("caregiver-training", "medicare"),
]  # fmt: skip


@pytest.mark.parametrize(("modality", "payer"), ASKED_BACK_BEFORE)
def test_what_used_to_be_asked_back_is_answered_with_a_code_or_a_branch_for_each_case(book, modality, payer):
    answer = advise(book, Typed(on=TODAY, modality=modality, payer=payer), TODAY)
    assert answer.code or len({branch.option for branch in answer.branches}) > 1
    if answer.branches:
        assert answer.code is None
        assert is_finding(answer)


def test_the_option_of_a_branch_gives_its_code_and_its_verdict(book):
    """Every branch of every treatment: the option that it names leads to what it says."""
    import shlex

    checked = 0
    for key in book.keys("modalities"):
        for setting in ("clinic", "home"):
            base = Typed(on=TODAY, modality=key, payer="medicare", setting=setting)
            for branch in advise(book, base, TODAY).branches:
                answer = advise(book, _with(base, shlex.split(branch.option)), TODAY)
                got = (answer.code, answer.candidate, answer.coverage.verdict)
                assert got == (branch.code, branch.candidate, branch.coverage.verdict), (key, branch.option)
                checked += 1
    assert checked > 100


def _with(typed: Typed, options: list[str]) -> Typed:
    changed: dict[str, object] = {}
    answers: list[str] = []
    while options:
        option = options.pop(0).removeprefix("--")
        if option in ("attended", "unattended"):
            answers.append(option)
        elif option == "answer":
            answers.append(options.pop(0))
        else:
            changed[option.replace("-", "_")] = options.pop(0)
    return structs.replace(typed, answers=(*typed.answers, *answers), **changed)


def test_a_name_that_means_several_devices_gives_a_branch_for_each(book):
    answer = advise(book, Typed(on=TODAY, device="normatec", payer="aetna"), TODAY)
    assert answer.code or len(answer.branches) > 1


def test_a_treatment_that_is_not_given_at_all_is_still_a_missing_option(book):
    with pytest.raises(MissingOption):
        advise(book, Typed(on=TODAY, payer="aetna"), TODAY)
