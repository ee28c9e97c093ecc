"""Laws that hold for any day: of units, of edits, of amounts."""

from datetime import date
from decimal import Decimal
from functools import cache

from conftest import TODAY
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from msgspec import structs

from cptcli.checks.assistant_minutes import exceeds, split
from cptcli.checks.minutes import count, earned
from cptcli.cms.tables import open_tables
from cptcli.errors import CptError
from cptcli.model.rules import AssistantShare
from cptcli.model.visit import Visit, VisitLine
from cptcli.plan.plans import Plans
from cptcli.rulebook.compiled import open_rules
from cptcli.visit.check import check
from cptcli.visit.fees import fee_of
from cptcli.visit.reading import read_line
from cptcli.visit.tidying import tidied

_SETTINGS = settings(deadline=None, derandomize=True, max_examples=120, suppress_health_check=[HealthCheck.too_slow])
_BOOK, _TABLES = cache(open_rules), cache(lambda: open_tables(shipped_alone=True))
_PLANS = cache(lambda: Plans(_BOOK(), _TABLES(), TODAY))
_TIMED = ("97032", "97035", "97110", "97112", "97116", "97124", "97140", "97530", "97535")
_UNTIMED = ("97010", "97012", "97016", "97026", "97150", "97161", "97164", "G0283", "98940", "97799", "20560")
_MINUTES = st.dictionaries(st.sampled_from(_TIMED), st.integers(0, 70), min_size=1, max_size=6)
_RULES = st.sampled_from(["cms", "cpt_midpoint"])


def _rule(name):
    return _BOOK().unit_rule(name)


def _check(visit):
    return check(_PLANS(), tidied(visit, "a law"))


@st.composite
def _lines(draw):
    """A few lines of known codes, as somebody may type them."""
    code = draw(st.sampled_from(_TIMED + _UNTIMED))
    apart = draw(st.sampled_from([True, False, False]))  # therapist and assistant
    return VisitLine(
        code=code,
        minutes=draw(st.integers(0, 60)) if code in _TIMED and not apart else None,
        therapist_minutes=draw(st.integers(0, 40)) if apart else None,
        assistant_minutes=draw(st.integers(0, 40)) if apart else None,
        modifiers=draw(st.sampled_from([(), ("GP",), ("GP", "59"), ("59",), ("GO",), ("KX",)])),
        region=draw(st.sampled_from([None, "neck", "lumbar"])),
        charge=draw(st.sampled_from([None, "30.00", "90"])),
    )


@st.composite
def _visits(draw):
    return Visit(
        lines=tuple(draw(st.lists(_lines(), min_size=1, max_size=6))),
        payer=draw(st.sampled_from(["medicare", "palmetto", "aetna", "unitedhealthcare", "florida-medicaid", "other"])),
        state=draw(st.sampled_from([None, "SC"])),
        service_date=draw(st.sampled_from([date(2019, 5, 1), date(2024, 8, 1), date(2025, 10, 15), TODAY])),
        discipline=draw(st.sampled_from([None, "PT", "OT"])),
        provider=draw(st.sampled_from([None, "chiropractor", "physical_therapist"])),
        claim=draw(st.sampled_from([None, "institutional"])),
    )


# ------------------------------------------------------------------------------------------------------- units


@_SETTINGS
@given(_MINUTES)
def test_units_of_a_day_are_never_more_than_its_minutes_earn(minutes):
    total = sum(minutes.values())
    counted = count(_rule("cms"), minutes)
    assert counted.total == (0 if total < 8 else (total + 7) // 15)
    assert all(each // 15 <= counted.units[code] <= each // 15 + 1 for code, each in minutes.items())


@_SETTINGS
@given(_MINUTES, _RULES, st.data())
def test_the_order_of_the_lines_changes_no_total_and_no_unit_but_of_a_tie(minutes, rule, data):
    turned = dict(data.draw(st.permutations([*minutes.items()])))
    one, other = count(_rule(rule), minutes), count(_rule(rule), turned)
    assert one.total == other.total
    tied = one.choice.codes if one.choice else ()
    assert {code: one.units[code] for code in minutes if code not in tied} == {
        code: other.units[code] for code in minutes if code not in tied
    }
    assert {*tied} == {*(other.choice.codes if other.choice else ())}


@_SETTINGS
@given(_MINUTES, _RULES, st.sampled_from(_TIMED), st.integers(1, 30))
def test_more_minutes_never_give_fewer_units_in_all(minutes, rule, code, more):
    further = {**minutes, code: minutes.get(code, 0) + more}
    assert count(_rule(rule), further).total >= count(_rule(rule), minutes).total


@_SETTINGS
@given(_MINUTES)
def test_a_larger_left_over_never_gives_way_to_a_smaller(minutes):
    counted = count(_rule("cms"), minutes)
    won = [each % 15 for code, each in minutes.items() if counted.units[code] > each // 15]
    lost = [each % 15 for code, each in minutes.items() if counted.units[code] == each // 15]
    assert not won or not lost or min(won) >= max(lost)


@_SETTINGS
@given(st.sets(st.sampled_from(_TIMED), min_size=2), st.integers(0, 2), st.integers(5, 10), st.data())
def test_any_right_choice_of_a_tie_that_somebody_typed_is_kept(codes, full, left, data):
    minutes = dict.fromkeys(sorted(codes), 15 * full + left)
    counted = count(_rule("cms"), minutes)
    assert counted.choice
    picks = data.draw(st.permutations(counted.choice.codes))[: counted.choice.spare]
    typed = {code: minutes[code] // 15 + (code in picks) for code in counted.choice.codes}
    again = count(_rule("cms"), minutes, typed)
    assert {code: again.units[code] for code in counted.choice.codes} == typed


@_SETTINGS
@given(_MINUTES, _RULES, st.sampled_from(_TIMED), st.integers(0, 60), st.integers(0, 60))
def test_one_code_s_minutes_on_two_lines_are_the_same_minutes(minutes, rule, code, first, second):
    def units(*parts):
        others = tuple(VisitLine(code=each, minutes=told) for each, told in minutes.items() if each != code)
        lines = (*(VisitLine(code=code, minutes=part) for part in parts), *others)
        return _check(Visit(lines=lines, payer="medicare", unit_rule=rule, discipline="PT")).units

    assert units(first, second) == units(first + second)


@_SETTINGS
@given(st.integers(0, 400), _RULES)
def test_one_code_alone_earns_the_same_by_either_rule(minutes, rule):
    assert count(_rule(rule), {"97110": minutes}).total == earned(_rule("cms"), minutes)


# -------------------------------------------------------------------------------------------------- assistants


@_SETTINGS
@given(st.integers(0, 90), st.integers(0, 90), st.sampled_from([8, None]),
       st.sampled_from(["exact", "simple", "percentage"]))  # fmt: skip
def test_units_split_by_assistant_are_all_there_and_follow_who_treated(therapist, assistant, alone, method):
    share = AssistantShare(more_than="0.10", minutes_alone=alone)
    units = earned(_rule("cms"), therapist + assistant)
    parts = split(share, _rule("cms"), units, therapist, assistant, method)
    assert parts.plain + parts.assisted == units
    assert parts.assisted == 0 or assistant > 0
    assert parts.plain == 0 or therapist > 0


@_SETTINGS
@given(st.integers(0, 90), st.integers(1, 120))
def test_an_assistant_s_share_is_passed_only_above_a_tenth(assistant, total):
    assume(assistant <= total)
    share = AssistantShare(more_than="0.10")
    assert exceeds(share, assistant, total, "exact") == (10 * assistant > total)
    if exceeds(share, assistant, total, "simple"):
        assert 10 * assistant > total


# ------------------------------------------------------------------------------------------------------ a whole day


@_SETTINGS
@given(_visits(), st.data())
def test_a_day_comes_out_the_same_in_whatever_order_its_lines_were_typed(visit, data):
    turned = structs.replace(visit, lines=tuple(data.draw(st.permutations(visit.lines))))
    one, other = _check(visit), _check(turned)
    assume(not one.ties)

    def found(answer):
        return sorted((each.severity, each.rule or "", len(each.lines)) for each in answer.findings)

    assert found(one) == found(other)
    assert one.units == other.units
    assert one.amount == other.amount
    assert (one.amounts and one.amounts.paid) == (other.amounts and other.amounts.paid)
    assert sorted((each.code, each.modifiers, str(each.units)) for each in one.claim_lines) == sorted(
        (each.code, each.modifiers, str(each.units)) for each in other.claim_lines
    )
    assert {(each.column1, each.column2, each.state) for each in one.edits} == {
        (each.column1, each.column2, each.state) for each in other.edits
    }


@_SETTINGS
@given(_visits())
def test_every_line_that_was_typed_is_answered_and_no_modifier_is_lost(visit):
    answer = _check(visit)
    assert [each.line for each in answer.lines] == [*range(1, len(visit.lines) + 1)]
    for told, each in zip(visit.lines, answer.lines, strict=True):
        assert {*told.modifiers} <= {*each.modifiers}
    on_the_claim = {number for each in answer.claim_lines for number in each.lines}
    assert {each.line for each in answer.lines if each.units} <= on_the_claim


@_SETTINGS
@given(_visits())
def test_a_modifier_that_says_services_were_distinct_is_never_added(visit):
    answer = _check(visit)
    for told, each in zip(visit.lines, answer.lines, strict=True):
        added = {*each.modifiers} - {*told.modifiers}
        assert not added & {"59", "XE", "XP", "XS", "XU", "25"}
        assert not added & {"CQ", "CO"} or any(line.assistant_minutes for line in visit.lines)


@_SETTINGS
@given(_visits())
def test_no_pair_is_called_free_of_edits_for_a_day_without_a_table(visit):
    answer = _check(visit)
    for edit in answer.edits:
        assert (edit.indicator is None) == (edit.state in ("passes", "not_checked"))
        if answer.visit.service_date > date(2024, 9, 30):
            assert edit.state != "passes"
        assert "allowed" not in edit.says


@_SETTINGS
@given(_visits())
def test_a_day_is_never_expected_to_bring_more_than_its_units_at_the_whole_fee(visit):
    answer = _check(structs.replace(visit, payer="medicare", state="SC", service_date=date(2025, 10, 15)))
    assert answer.amounts is not None
    for line in answer.amounts.lines:
        if line.allowed is None:
            continue
        whole = fee_of(_BOOK(), _TABLES(), line.code, date(2025, 10, 15), "SC", None, None).amount
        assert Decimal(line.allowed) <= Decimal(whole or 0) * (line.units or 0)
        assert Decimal(line.paid) <= Decimal(line.allowed)
        if "the patient is liable" not in (line.says or ""):
            assert Decimal(line.paid) + Decimal(line.patient) <= Decimal(line.allowed)


@_SETTINGS
@given(st.text(max_size=30))
def test_any_text_is_a_line_or_is_refused_with_words(typed):
    try:
        line = read_line(typed)
    except CptError as refused:
        line = None
        words = str(refused)
    if line is None:
        assert "expected" in words
        return
    assert _check(Visit(lines=(line,), payer="medicare")).lines
