"""The Python interface: the examples of its documentation run, and threads and processes give the same bytes."""

import doctest
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from datetime import date
from multiprocessing import get_context

import msgspec
import pytest
from days import Days
from msgspec import structs

import cptcli.api as api
from cptcli.advice.question import Typed
from cptcli.advice.suggest import advise
from cptcli.errors import CptError, MissingOption

TODAY = date(2026, 11, 23)
_DAYS = 24


@pytest.fixture(scope="module")
def desk():
    return api.open(TODAY)


@pytest.fixture(scope="module")
def documents(desk):
    days = Days(desk.book)
    return [days.day(f"api {number}") for number in range(_DAYS)]


@pytest.fixture(scope="module")
def questions(desk):
    days = Days(desk.book)
    return [msgspec.convert(days.clinic_question(f"api {number}"), Typed) for number in range(25)]


def answers(desk, documents):
    """The whole answers of some days as bytes; an error is an answer too."""
    return [_bytes(desk, document) for document in documents]


def _bytes(desk, document):
    try:
        return msgspec.json.encode(desk.check(document))
    except (CptError, msgspec.ValidationError) as error:
        return str(error).encode()


def in_a_process(documents):
    """The same, in a process with a desk of its own."""
    return answers(api.open(TODAY), documents)


def test_the_examples_of_the_documentation_give_what_they_say():
    failed, tried = doctest.testmod(api)
    assert (failed, tried > 5) == (0, True)


def test_a_decision_has_the_codes_units_severities_and_amount_of_the_whole_answer(desk, documents):
    for document in documents:
        try:
            whole = desk.check(document)
        except (CptError, msgspec.ValidationError):
            continue
        decided = desk.decide(document)
        assert [line.code for line in decided.lines] == [line.claim_code for line in whole.lines]
        assert [line.units for line in decided.lines] == [line.units for line in whole.lines]
        assert [line.verdict for line in decided.lines] == [line.verdict for line in whole.lines]
        assert decided.claim_lines == whole.claim_lines
        assert decided.amount == whole.amount
        assert {(each.severity, each.rule, each.lines) for each in decided.findings} == {
            (each.severity, each.rule, each.lines) for each in whole.findings
        }


def test_threads_that_share_a_desk_give_the_same_bytes_as_one(documents):
    alone = answers(api.open(TODAY), documents)
    shared = api.open(TODAY)
    with ThreadPoolExecutor(4) as pool:
        several = [*pool.map(lambda _: answers(shared, documents), range(4))]
    assert several == [alone] * 4


def test_processes_with_a_desk_each_give_the_same_bytes_as_one(desk, documents):
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        several = [*pool.map(in_a_process, [documents, documents])]
    assert several == [answers(desk, documents)] * 2


def test_a_desk_that_remembers_gives_the_same_decisions_and_keeps_no_more_than_it_was_told(documents):
    plain, remembering = api.open(TODAY), api.open(TODAY, remember=5)
    for document in documents * 2:
        try:
            expected = plain.decide(document)
        except (CptError, msgspec.ValidationError):
            continue
        assert remembering.decide(document) == expected
        assert len(remembering._decisions) <= 5


def test_a_question_asked_again_of_another_day_is_answered_as_if_it_were_the_first(desk, questions):
    days = [date(2006, 10, 23), date(2006, 10, 24), date(2019, 12, 31), date(2024, 7, 1), date(2026, 9, 30), TODAY]
    days += [date(2026, 10, 1), date(2027, 5, 5), date(2025, 3, 3), date(2025, 3, 4)]
    for typed in questions:
        for day in days:
            asked = structs.replace(typed, on=day)
            assert _answer(lambda asked=asked: desk._questions.answer(asked)) == _answer(
                lambda asked=asked: advise(desk.book, asked, TODAY)
            )


def _answer(ask):
    try:
        return ask()
    except CptError as error:
        return str(error)


def test_a_day_without_a_payer_is_refused_by_both(desk):
    for ask in (desk.check, desk.decide):
        with pytest.raises(MissingOption):
            ask({"lines": [{"code": "97110", "minutes": 25}]})


def test_equipment_and_therapy_of_one_day_are_two_contractors_claims_in_any_order(desk):
    """Fault: the payer of the day was that of its last line."""
    lines = [{"code": "97110", "minutes": 25}, {"code": "97140", "minutes": 20}, {"code": "E0221"}]
    day = {"payer": "medicare", "state": "SC", "discipline": "PT", "service_date": "2026-03-02"}
    one, other = (desk.check({**day, "lines": each}) for each in (lines, lines[::-1]))
    assert one.payer == other.payer
    assert one.payer.chain[-1] == "palmetto-jm"
    for each in (one, other):
        assert any("two contractors, two claims" in finding.says for finding in each.findings)


def test_comparing_unit_rules_finds_nothing_of_a_rule_that_does_not_count(desk):
    """Fault: a payer's weak unit rule was compared with every other, whose findings stayed."""
    lines = [{"code": "97110", "minutes": 23}, {"code": "97129", "minutes": 23}]
    day = {"payer": "unitedhealthcare", "discipline": "PT", "service_date": "2026-03-02", "lines": lines}

    def capped(**given):
        """Whether the day finds minutes for more units of 97129 than it has per day."""
        found = desk.check({**day, **given}).findings
        return any(each.rule == "97129" and each.severity == "info" for each in found)

    own = desk.check(day).unit_rule
    assert own == "cms"
    assert [capped(), capped(unit_rule="cms"), capped(unit_rule="cpt_midpoint")] == [False, False, True]
