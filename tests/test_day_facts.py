"""What a day can say of who treated and when, and what the payer's rules make of it: tests/cases/day-facts.yaml."""

import pytest
import yaml
from conftest import TESTS, TODAY
from day_cases import holds

from cptcli.advice.clock import read_clock, read_times
from cptcli.errors import BadValue
from cptcli.model.visit import Visit
from cptcli.visit.reading import BadLine, read_document, read_line, with_options
from cptcli.visit.tidying import VisitUnreadable

_DAYS = yaml.safe_load((TESTS / "cases" / "day-facts.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("asked", [pytest.param(day, id=f"{name} {number}")
                                   for name, days in _DAYS.items() for number, day in enumerate(days, 1)])  # fmt: skip
def test_a_day_with_facts(book, asked):
    assert holds(book, asked) == {}


@pytest.mark.parametrize(
    ("typed", "time"),
    [("9:00", "09:00"), ("0905", "09:05"), ("9am", "09:00"), ("12 am", "00:00"), ("12:30 PM", "12:30"),
     ("1:30 p.m.", "13:30"), ("23:59", "23:59"), ("24:00", None), ("9", None), ("13pm", None), ("9:60", None),
     ("", None), ("٩:00", None)],
)  # fmt: skip
def test_a_time_of_day_is_read_as_people_type_it(typed, time):
    assert read_clock(typed) == time


def test_a_short_line_says_its_times_and_facts():
    line = read_line("97530-GP:45@9:00-9:45x3+shared=45+patients=1+pos=10+absent")
    assert (line.code, line.modifiers, line.minutes, line.units) == ("97530", ("GP",), 45, 3)
    assert (line.start, line.end, line.shared_minutes) == ("09:00", "09:45", 45)
    assert (line.patients_at_once, line.place_of_service, line.patient_present) == (1, "10", False)
    assert read_times("9-10") is None
    assert read_line("+97551:15").code == "97551"


@pytest.mark.parametrize(
    "typed",
    ["97110@", "97110@noon", "97110:15@9:00-", "97110:15@9:00-9:30-10:00", "97110:15+", "97110:15+patients=0",
     "97110:15+patients=two", "97110:15+pos=1", "97110:15+sutdent=5", "97110:15+student", "97110:15+provider=nurse",
     "97110:15+care=some", "97110:15+absent=yes", "97110:15+student=-5"],
)  # fmt: skip
def test_a_short_line_that_cannot_be_read_says_what_was_expected(typed):
    with pytest.raises(BadLine, match="expected "):
        read_line(typed)


def test_other_care_is_read_as_people_type_it_and_refused_by_name():
    care = with_options(Visit(lines=()), other_care=["Home-Health, hospice"]).other_care
    assert care == ("home_health", "hospice")
    with pytest.raises(BadValue, match="expected one of none, home_health"):
        with_options(Visit(lines=()), other_care=["nursing"])


def test_a_visit_file_has_the_same_facts_and_refuses_minutes_that_do_not_add_up():
    raw = "payer: medicare\nother_care: [hospice]\nplace_of_service: '10'\nlines:\n"
    one = read_document((raw + "  - {code: '97110', minutes: 30, start: 1:30 pm, end: '14:00'}").encode(), "v", TODAY)
    (line,) = one.visit.lines
    assert (line.start, line.end, one.visit.other_care, one.visit.place_of_service) == (
        "13:30", "14:00", ("hospice",), "10",
    )  # fmt: skip
    contradicting = (
        "minutes: 15, student_minutes: 20",
        "minutes: 15, shared_minutes: 20",
        "minutes: 40, therapist_minutes: 15, student_minutes: 20",
    )
    for wrong in contradicting:
        with pytest.raises(VisitUnreadable, match="minutes that add up"):
            read_document((raw + f"  - {{code: '97110', {wrong}}}").encode(), "v", TODAY)
