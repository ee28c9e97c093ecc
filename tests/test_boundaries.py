"""Where a billing rule turns: the exact minute, cent, unit and day on each side, and what a tie or a doubt decides."""

from datetime import date
from decimal import Decimal

import pytest
from msgspec import structs
from tiny import TINY, rule, tiny_book, with_rules

from cptcli import api
from cptcli.advice.matching import Case, match
from cptcli.advice.question import Typed, understand
from cptcli.advice.suggest import suggest
from cptcli.checks.assistant_minutes import exceeds, split, whole_service
from cptcli.checks.minutes import count
from cptcli.checks.mue import check_mue
from cptcli.checks.policies import PolicyPair, ruled_out
from cptcli.checks.thresholds import is_over
from cptcli.errors import BadValue
from cptcli.model.rules import Applies
from cptcli.model.visit import Visit, VisitLine
from cptcli.plan.plans import Plans
from cptcli.visit.decide import decide
from cptcli.visit.fees import fee_of

TODAY = date(2026, 11, 23)
WEAK = {"evidence": "anecdotal", "confidence": "low"}


@pytest.fixture(scope="module")
def desk():
    return api.open(TODAY)


@pytest.fixture(scope="module")
def check(desk):
    """Checks a day of physical therapy at Palmetto in South Carolina, or what else is given of it."""

    def ask(*lines, **given):
        day = {"payer": "palmetto", "state": "SC", "discipline": "PT", **given}
        return desk.check({**day, "lines": [line if isinstance(line, dict) else typed(line) for line in lines]})

    return ask


def typed(line):
    """A line as on the command line, without a start of it: CODE[-MOD...][:MINUTES][xUNITS]."""
    rest, _, units = line.partition("x")
    codes, _, minutes = rest.partition(":")
    code, *modifiers = codes.split("-")
    return {
        "code": code,
        "modifiers": modifiers,
        **({"minutes": int(minutes)} if minutes else {}),
        **({"units": int(units)} if units else {}),
    }


def claimed(answer):
    """The claim lines of an answer: code, modifiers, units."""
    return [("-".join((each.code, *each.modifiers)), each.units) for each in answer.claim_lines]


def severities(answer, key):
    """How severe the findings of a rule are, with the lines they are about."""
    return [(each.severity, each.lines) for each in answer.findings if each.rule == key]


def amount(answer, code):
    """The amount of a code's one claim line."""
    (found,) = [each for each in answer.amounts.lines if each.code == code]
    return found


# ------------------------------------------------------------------------------------------------------ counting


def test_a_tied_unit_does_not_go_to_a_code_typed_with_its_full_units_only(check):
    answer = check("97110:20x1", "97112:20", "97140:20")
    assert answer.units == {"97110": 1, "97112": 2, "97140": 1}
    assert severities(answer, "cms") == []


def test_units_of_a_code_on_two_lines_go_to_the_line_with_the_larger_left_over(check):
    assert claimed(check("97110-GP:8", "97110-GP-59:30")) == [("97110-GP", 1), ("97110-GP-59", 2)]
    assert claimed(check("97110-GP:30", "97110-GP-59:8")) == [("97110-GP", 2), ("97110-GP-59", 1)]


def test_the_one_unit_of_two_lines_alike_in_minutes_goes_to_the_same_line_whichever_is_typed_first(check):
    first, second = "97110-GP:8", "97110-GP-59:8"
    assert claimed(check(first, second)) == claimed(check(second, first)) == [("97110-GP-59", 1)]


def test_an_untimed_code_on_two_lines_keeps_its_one_unit_on_the_same_line_whichever_is_typed_first(check):
    first, second = "97016-GP", "97016-GP-59"
    for answer in (check(first, second), check(second, first), check("97110:15", first, second)):
        assert [each for each in claimed(answer) if each[0].startswith("97016")] == [("97016-GP", 1)]


@pytest.mark.parametrize(("line", "units", "said"), [("64550", None, 1), ("64550x2", 2, 0)])
def test_a_code_that_nobody_knows_how_to_count_has_the_units_typed_or_none(check, line, units, said):
    answer = check(line, service_date="2017-06-01")
    assert answer.units == {"64550": units}
    assert len([each for each in answer.not_checked if "how it is counted is not known" in each]) == said


def test_units_that_depend_on_missing_minutes_name_the_timed_codes_without_them(check):
    says = check("97110:20", "97140", "97161").not_checked
    assert "Units of 97110: without the minutes of 97140 they are 1 or 2." in says


@pytest.mark.parametrize(("lines", "severity"), [(["97110:8", "97140:8"], "warn"), (["97110:15"], "info")])
def test_a_weak_unit_rule_is_to_review_only_where_another_rule_gives_other_units(check, lines, severity):
    answer = check(*lines, payer="unitedhealthcare")
    assert (severity, ()) in severities(answer, "unitedhealthcare-unit-rule")
    assert answer.units["97110"] == 1


@pytest.mark.parametrize(
    ("preferred", "chosen", "asked_for"),
    [((), ("97110",), False), (("97140",), ("97140",), True), (("97112", "97140"), ("97112",), False)],
)
def test_a_tied_unit_goes_to_the_code_asked_for_and_only_then_counts_as_asked_for(desk, preferred, chosen, asked_for):
    minutes = {"97140": 20, "97112": 20, "97110": 20}
    found = count(desk.book.unit_rule("cms"), minutes, preferred=preferred)
    assert (found.choice.chosen, found.choice.preferred) == (chosen, asked_for)


# ----------------------------------------------------------------------------------------------------- modifiers


@pytest.mark.parametrize("weak", [{}, WEAK])
def test_a_modifier_that_a_rule_requires_is_added_beside_those_typed_and_only_noted(tmp_path, weak):
    text = rule("clinic-aetna-xu", "codes: ['97110'], settings: [clinic]", "modifiers: [XU]", **weak)
    (tmp_path / "payers").mkdir()
    (tmp_path / "sources").mkdir()
    (tmp_path / "payers" / "aetna.yaml").write_text("extends: aetna\nrules:\n" + text, encoding="utf-8")
    (tmp_path / "sources" / "book.yaml").write_text(
        "sources:\n  - {id: book, title: A letter, read: full}\n", encoding="utf-8"
    )
    day = {"payer": "aetna", "state": "SC", "discipline": "PT", "lines": [typed("97110-GP:15")]}
    with api.open(TODAY, rules=tmp_path) as own:
        answer = own.check(day)
    assert severities(answer, "clinic-aetna-xu") == [("info", (1,))]
    assert {*answer.claim_lines[0].modifiers} == {"GP", "XU"}


@pytest.mark.parametrize(("evidence", "severity"), [("primary", "block"), ("anecdotal", "warn")])
def test_one_of_several_modifiers_is_to_fix_before_billing_unless_the_rule_is_weak(tmp_path, evidence, severity):
    weak = WEAK if evidence == "anecdotal" else {}
    text = rule("clinic-aetna-side", "codes: ['97110'], settings: [clinic]", "one_of_modifiers: [LT, RT]", **weak)
    (tmp_path / "payers").mkdir()
    (tmp_path / "sources").mkdir()
    (tmp_path / "payers" / "aetna.yaml").write_text("extends: aetna\nrules:\n" + text, encoding="utf-8")
    (tmp_path / "sources" / "book.yaml").write_text(
        "sources:\n  - {id: book, title: A letter, read: full}\n", encoding="utf-8"
    )
    with api.open(TODAY, rules=tmp_path) as own:
        days = {given: own.check({"payer": "aetna", "lines": [typed(given)]}) for given in ("97110:15", "97110-LT:15")}
    assert severities(days["97110:15"], "clinic-aetna-side") == [(severity, (1,))]
    assert severities(days["97110-LT:15"], "clinic-aetna-side") == []


@pytest.mark.parametrize(("day", "found"), [("2015-10-31", []), ("2015-11-01", ["AT"])])
def test_at_and_ga_do_not_share_a_line_from_the_first_day_of_that_rule(check, day, found):
    answer = check("98941-AT-GA", service_date=day, discipline=None, provider="chiropractor")
    blocks = {each.rule for each in answer.findings if each.severity == "block" and "do not share" in each.says}
    assert [*blocks] == found


def test_whether_a_code_off_the_therapy_list_is_therapy_is_said_of_medicare_alone(check):
    def said(answer):
        return [each for each in answer.not_checked if "as therapy is not known" in each]

    assert said(check("96000")) == ["Whether Medicare counts 96000 as therapy is not known: no modifier was required."]
    assert said(check("97110:15")) == []
    assert said(check("96000", payer="aetna")) == []


# --------------------------------------------------------------------------------------------------------- edits


@pytest.mark.parametrize(("day", "state"), [("2019-06-30", "fails"), ("2019-07-01", "bypassed")])
def test_59_on_column_1_opens_an_ncci_edit_from_july_1_2019(check, day, state):
    answer = check("97140-GP-59:15", "97018-GP", service_date=day)
    (edit,) = [each for each in answer.edits if each.column1 == "97140"]
    assert (edit.column2, edit.state) == ("97018", state)


def test_an_ncci_edit_stays_closed_while_one_of_two_column_1_lines_has_no_59(check):
    closed = check("97140-GP-59:15", "97140-GP:15", "97018-GP", service_date="2024-08-01")
    opened = check("97140-GP-59:15", "97140-GP-59:15", "97018-GP", service_date="2024-08-01")
    assert [(each.state, each.denied) for each in closed.edits] == [("fails", (3,))]
    assert [(each.state, each.denied) for each in opened.edits] == [("bypassed", ())]


def test_manual_therapy_given_as_not_separate_is_judged_by_that_line_even_beside_one_without_a_word(check):
    not_separate = {**typed("97530-GP:15"), "distinct": "no"}
    for lines, number in ((("97530-GP:15", "97140-GP:15", not_separate), 3), ((not_separate, "97140-GP:15"), 1)):
        answer = check(*lines, service_date="2024-08-01")
        assert severities(answer, "mln-manual-therapy-with-activities") == [("warn", (number,))]


def test_a_policy_beyond_the_table_names_the_table_that_has_no_edit(check):
    answer = check("97530-GP:15", "97140-GP:15", service_date="2024-08-01")
    (says,) = [each.says for each in answer.findings if each.rule == "mln-manual-therapy-with-activities"]
    assert "The table of 2024 Q3 has no edit between them." in says


def test_what_an_evaluation_s_policy_cannot_check_is_noted_where_one_is_billed_and_nowhere_else(check):
    def noted(answer):
        return [each for each in answer.not_checked if "(ncci-one-physical-therapy-evaluation)" in each]

    assert len(noted(check("97161", "97110:15"))) == 1
    assert noted(check("97110:15", "97140:15")) == []


def test_an_evaluation_typed_twice_takes_no_unit_off_the_one_evaluation_per_day(check):
    answer = check("97161", "97161", "97164")
    assert answer.units == {"97161": 1, "97164": 1}
    assert severities(answer, "ncci-one-physical-therapy-evaluation") == [("block", (1, 2, 3))]


def test_of_two_policies_that_remove_the_same_code_the_first_is_named(desk):
    lines = (VisitLine(code="97110", minutes=15), VisitLine(code="92507"))
    visit = Visit(lines=lines, payer="palmetto", state="SC", discipline="SLP", service_date=date(2026, 11, 1))
    edits = decide(Plans(desk.book, desk.tables, TODAY), visit).edits.context
    first = next(each for each in edits.plan.policies if each.id == "ncci-speech-therapy-with-exercise")
    second = structs.replace(first, id="another")
    met = {each.id: [PolicyPair(*edits.claimed, "yes")] for each in (first, second)}
    for policies in ((first, second), (second, first)):
        found = ruled_out(edits, policies, met)
        assert [(each.policy.id, each.code) for each in found.values()] == [(policies[0].id, "97110")]


def test_ncci_policies_that_are_not_checked_are_noted_where_two_codes_are_billed(check):
    noted = [each for each in check("97110:15", "97140:15").not_checked if "cardiac or pulmonary" in each]
    assert len(noted) == 1
    assert not any("cardiac or pulmonary" in each for each in check("97110:15").not_checked)


# -------------------------------------------------------------------------------------------------------- limits


@pytest.mark.parametrize(("day", "severity"), [("2026-11-01", "block"), ("2027-03-01", "warn")])
def test_more_units_than_the_mue_block_only_by_the_table_of_the_day(check, day, severity):
    assert severities(check("97035:38x3", service_date=day), "ncci-units") == [(severity, (1,))]


def test_a_code_with_an_mue_of_its_own_entry_is_checked_by_that_and_not_named_as_unchecked(check):
    def unchecked(answer, code):
        return [each for each in answer.not_checked if f"The most units of {code} (MUE)" in each]

    assert severities(check("99215x2"), "ncci-units") == [("warn", (1,))]
    assert unchecked(check("99215"), "99215") == []


def test_a_code_of_which_medicare_accepts_no_unit_is_found_at_medicare_and_not_at_a_payer_that_may_accept_it(check):
    assert severities(check("92605:60", discipline="SLP"), "ncci-units") == [("warn", (1,))]
    assert severities(check("92605:60", discipline="SLP", payer="aetna"), "ncci-units") == []


@pytest.mark.parametrize(
    ("adjudication", "minutes", "denied"), [(1, 30, set()), (1, 45, {1}), (2, 30, {1, 2}), (3, 30, {1, 2})]
)
def test_an_mue_per_claim_line_counts_each_line_apart_and_one_per_day_all_of_them(desk, adjudication, minutes, denied):
    lines = (
        VisitLine(code="97035", minutes=minutes, modifiers=("GP", "59")),
        VisitLine(code="97035", minutes=30, modifiers=("GP",)),
    )
    visit = Visit(lines=lines, payer="palmetto", state="SC", discipline="PT", service_date=date(2026, 11, 1))
    edits = decide(Plans(desk.book, desk.tables, TODAY), visit).edits.context
    plan = edits.plan.code("97035")
    limit = (
        plan.maximum._replace(adjudication=adjudication)
        if hasattr(plan.maximum, "_replace")
        else structs.replace(plan.maximum, adjudication=adjudication)
    )
    policy = next(each for each in edits.plan.policies if each.outcome == "units")
    assert limit.units == 2
    assert check_mue(edits, policy, {"97035": plan._replace(maximum=limit)}) == denied


@pytest.mark.parametrize(
    ("line", "may"),
    [
        ("97804:210", "The limit is absolute."),
        ("97035:38", "More may be paid on review where the record shows the need."),
    ],
)
def test_an_mue_by_policy_is_absolute_and_a_clinical_one_may_be_paid_on_review(check, line, may):
    answer = check(line, service_date="2026-11-01")
    (found,) = [each for each in answer.findings if each.rule == "ncci-units"]
    assert may in found.says


@pytest.mark.parametrize(("day", "noted"), [("2026-11-01", False), ("2027-03-01", True)])
def test_an_mue_of_another_quarter_is_noted_and_one_of_the_day_is_not(check, day, noted):
    assert any("MUE" in each for each in check("97035:15", service_date=day).not_checked) == noted


def test_the_mue_of_medicaid_is_per_claim_line_and_names_the_line_over_it_alone(check):
    over, within = "97035-GP-59:38", "97035-GP:15"
    answer = check(over, within, payer="florida-medicaid", state="FL")
    assert claimed(answer) == [("97035-GP-59", 3), ("97035-GP", 1)]
    assert severities(answer, "ncci-units") == [("warn", (1,))]


def test_units_that_are_not_known_lower_no_count_against_a_payer_s_limit(check):
    answer = check("97110:75", "97140", payer="aetna")
    assert answer.units == {"97110": 5, "97140": None}
    assert ("warn", (1, 2)) in severities(answer, "aetna-four-timed-units")


# ---------------------------------------------------------------------------------------------------- thresholds


@pytest.mark.parametrize(
    ("before", "today", "least", "most", "over"),
    [
        ("2470", "10", "10", None, False),  # the threshold itself is not over it
        ("2470.01", "10", "10", None, True),
        ("2470", None, "10", None, None),  # what is known comes to the threshold, and some is not known
        ("2470.01", None, "10", None, True),
        ("2480", None, "0", None, True),  # reached before the day, which adds something
        ("2479.99", None, "0", None, None),
        ("2470", None, "0", "10", False),  # at most the charges
        ("2470", None, "0", "9.99", False),
        ("2470", None, "0", "10.01", None),
    ],
)
def test_a_bucket_is_over_its_threshold_from_one_cent_above_it(before, today, least, most, over):
    amounts = [each if each is None else Decimal(each) for each in (before, "2480", today, least, most)]
    assert is_over(*amounts) is over


@pytest.mark.parametrize(
    ("before", "modifiers", "review"),
    [("2452.03", "GP", False), ("2452.04", "GP-KX", False), ("2972.03", "GP-KX", False), ("2972.04", "GP-KX", True)],
)
def test_kx_and_medical_review_start_one_cent_above_their_amounts(check, before, modifiers, review):
    answer = check("97110:15", service_date="2026-11-01", year_to_date={"PT_SLP": before})
    assert answer.amount == "27.97"
    assert claimed(answer) == [(f"97110-{modifiers}", 1)]
    assert ("info", (1,)) in severities(answer, "medicare-threshold-2026") or not review
    assert any("medical review" in each.says for each in answer.findings) == review


@pytest.mark.parametrize(("before", "found"), [("100", [("warn", (1,))]), (None, [])])
def test_kx_typed_within_the_threshold_is_to_be_taken_off(check, before, found):
    answer = check("97110-GP-KX:15", **({"year_to_date": {"PT_SLP": before}} if before else {}))
    assert severities(answer, "medicare-threshold-2026") == found


@pytest.mark.parametrize(("discipline", "asked_for"), [(None, 1), ("PT", 0)])
def test_the_discipline_is_asked_for_where_no_line_has_one_to_count_by(check, discipline, asked_for):
    answer = check("97110:15", discipline=discipline)
    assert len([each for each in answer.not_checked if "no line's discipline is given" in each]) == asked_for


# ---------------------------------------------------------------------------------------------------- assistants


@pytest.fixture(scope="module")
def share(desk):
    """Medicare's share of an assistant since 2022: more than 10 percent, and 8 minutes alone are a therapist's unit."""
    return desk.book.rule("medicare-assistant-2022").assistant


@pytest.mark.parametrize(
    ("assistant", "total", "methods"),
    [
        (3, 30, []),  # exactly a tenth is not more than it
        (4, 30, ["exact", "simple", "percentage"]),
        (3, 29, ["exact"]),  # 10.3 percent rounds to 10; a tenth rounds to 3 minutes, and one more is 4
        (2, 19, ["exact", "percentage"]),  # 10.5 percent rounds to 11
        (1, 4, ["exact", "simple", "percentage"]),
        (2, 30, []),
        (0, 0, []),
    ],
)
def test_more_than_a_tenth_of_the_minutes_by_each_of_the_ways_of_cms(share, assistant, total, methods):
    found = [each for each in ("exact", "simple", "percentage") if exceeds(share, assistant, total, each)]
    assert found == methods


@pytest.mark.parametrize(
    ("units", "therapist", "assistant", "plain", "assisted", "sure"),
    [
        (2, 30, 0, 2, 0, True),
        (2, 15, 15, 1, 1, True),
        (2, 23, 8, 2, 0, True),  # the therapist's own 8 minutes make the last unit
        (2, 20, 10, 1, 1, True),
        (3, 22, 23, 1, 2, True),
        (1, 7, 1, 0, 1, True),
        (1, 8, 14, 1, 0, True),
        (2, 12, 13, 1, 1, True),  # each more than the least for a unit, less than a whole one
        (2, 8, 15, 1, 1, True),  # a whole one of the assistant, and the therapist's 8 minutes
        (2, 8, 8, 1, 1, False),  # units typed that the minutes do not make
        (3, 12, 12, 1, 2, False),
        (1, 15, 15, 1, 0, True),
    ],
)
def test_units_of_a_timed_code_shared_by_therapist_and_assistant(
    desk, share, units, therapist, assistant, plain, assisted, sure
):
    found = split(share, desk.book.unit_rule("cms"), units, therapist, assistant, "exact")
    assert (found.plain, found.assisted, found.sure) == (plain, assisted, sure)
    assert {type(found.plain), type(found.assisted)} == {int}


@pytest.mark.parametrize(("assistant", "assisted"), [(3, 0), (4, 1)])
def test_an_untimed_service_has_the_assistant_s_modifier_for_more_than_a_tenth(share, assistant, assisted):
    found = whole_service(share, 30 - assistant, assistant, "exact")
    assert (found.plain, found.assisted, found.sure) == (1 - assisted, assisted, True)


def test_a_payer_that_asks_for_cq_and_gives_no_share_is_named_as_not_checked(check):
    line = {"code": "97110", "therapist_minutes": 10, "assistant_minutes": 10}
    answer = check(line, payer="aetna")
    assert claimed(answer) == [("97110", 1)]
    assert any("share" in each and "(aetna-assistant-modifiers)" in each for each in answer.not_checked)


# ------------------------------------------------------------------------------------------------------- amounts


def test_a_code_below_one_with_known_units_is_reduced_for_certain_whatever_stands_between(check):
    answer = check("97535", "97110:15", "97140", "97035:15", service_date="2026-11-01")
    assert (amount(answer, "97110").allowed, amount(answer, "97110").reduced_units) == (None, None)
    assert (amount(answer, "97035").allowed, amount(answer, "97035").reduced_units) == ("10.54", 1)


def test_the_math_of_a_fee_shows_the_patient_s_share_and_sequestration(check):
    answer = check("97110:15", service_date="2025-01-15")
    assert amount(answer, "97110").work == (
        "(0.45 x 1.000 + 0.43 x 0.913 + 0.01 x 0.817) x 32.3465 = 27.52",
        "patient: 0.20 x 27.52 = 5.50 (medicare-coinsurance)",
        "sequestration: 22.02 - 0.02 of it = 21.58 (medicare-sequestration-2022)",
    )


def test_the_math_says_that_the_lesser_of_the_fee_and_the_charge_is_allowed(check):
    day = {"service_date": "2025-01-15"}
    below = amount(check({**typed("97110:15"), "charge": "20.00"}, **day), "97110")
    above = amount(check({**typed("97110:15"), "charge": "90.00"}, **day), "97110")
    assert (below.allowed, above.allowed) == ("20.00", "27.52")
    assert "lesser of 27.52 and the charge 20.00: 20.00" in below.work
    assert "lesser of 27.52 and the charge 90.00: 27.52" in above.work


def test_a_line_without_units_says_so_where_its_amount_would_be(check):
    answer = check("97535", "97110:15", "97140", "97035:15", service_date="2026-11-01")
    assert (amount(answer, "97535").allowed, amount(answer, "97535").says) == (None, "The units are not known.")
    assert amount(answer, "97035").says is None


def test_a_code_without_a_fee_and_a_release_of_another_day_are_said_beside_the_amounts(check):
    says = check("97110:15", "99213", service_date="2025-01-15").amounts.says
    assert "Our part of the fee schedule RVU25D does not have 99213." in says
    assert any("The yearly deductible is assumed to be met." in each for each in says)
    assert says[0] == (
        "Release RVU25D (2025-10-01 to 2025-12-31) is used for 2025-01-15; that day's release is not on file."
    )


@pytest.mark.parametrize(
    ("zip5", "state", "day", "note"),
    [
        ("29201", "SC", "2025-10-15", None),
        ("01434", "MA", "2025-10-15", "Its four further digits may name another locality."),
        ("29201", "SC", "2026-11-01", "ZIP codes are those of 2025 Q4."),
        (
            "01434",
            "MA",
            "2026-11-01",
            "ZIP codes are those of 2025 Q4. Its four further digits may name another locality.",
        ),
    ],
)
def test_a_zip_code_split_between_localities_or_of_an_older_table_is_said(check, zip5, state, day, note):
    answer = check("97110:15", payer="medicare", state=state, zip=zip5, service_date=day)
    said = [each for each in answer.amounts.says if "ZIP codes" in each or "four further digits" in each]
    assert said == ([note] if note else [])
    assert answer.amount is not None


@pytest.mark.parametrize(("day", "release"), [("2026-03-01", "RVU26D"), ("2026-11-01", None)])
def test_an_amount_by_another_release_of_the_year_is_an_estimate(check, day, release):
    answer = check("97110:15", service_date=day)
    assert (answer.amounts.estimate_from, amount(answer, "97110").estimate_from) == (release, release)


def test_a_code_with_practice_expense_alone_has_a_fee(desk):
    answer = fee_of(desk.book, desk.tables, "97009", date(2026, 11, 1), "SC", None, None)
    assert answer.amount is not None


def test_an_amount_of_a_code_whose_coverage_is_not_known_holds_only_if_it_is_covered(check):
    answer = check("97110:15", "98925", service_date="2026-11-01")
    assert answer.amount is not None
    assert answer.amounts.if_covered == ("98925",)
    assert "The amounts hold if the codes are covered; of 98925 it is not known." in answer.amounts.says
    assert not any("hold if" in each for each in check("97110:15", service_date="2026-11-01").amounts.says)


def test_a_charge_for_one_of_two_lines_of_a_claim_line_is_said_not_to_be_compared(check):
    charged = {**typed("97110-GP:15"), "charge": "90"}
    partly = "A charge of 97110 is given for a part of it only: it was not compared."
    assert partly in check(charged, "97110-GP:15").amounts.says
    assert not any("A charge of" in each for each in check(charged, "97140-GP:15").amounts.says)


def test_a_state_of_29_payment_localities_names_eight_and_counts_the_rest(check):
    answer = check("97110:15", payer="medicare", state="CA")
    says = answer.amounts.says[0]
    assert amount(answer, "97110").says == says
    assert says.count("; ") == 7
    assert says.endswith("01112/56 FRESNO and 21 more).")


def test_a_locality_of_the_state_given_prices_the_day_and_one_of_another_state_is_refused(check):
    given = {"service_date": "2026-11-01", "locality": "11202/01"}
    assert check("97110:15", **given).amount == "27.97"
    assert check("97110:15", state=None, **given).amount == "27.97"
    with pytest.raises(BadValue, match="a place in GA"):
        check("97110:15", state="GA", **given)


# ------------------------------------------------------------------------------------------------------ coverage


def test_a_verdict_by_fee_schedule_status_is_as_sure_as_the_status(desk):
    answer = desk.suggest(modality="extremity-adjustment", payer="medicare")
    (step,) = answer.coverage.steps
    assert (answer.code, step.verdict, step.rule) == ("98943", "not_covered", "medicare-status-N")
    assert step.confidence == desk.book.code("98943").medicare.confidence == "high"


def asked(*rules, **given):
    """The answer about the device of the tiny rule base, whose local payer has these rules."""
    book = tiny_book(with_rules("local", rules))
    return suggest(book, understand(book, Typed(on=TODAY, **{"device": "device", "payer": "local", **given})), TODAY)


def test_of_two_rules_of_a_payer_that_replace_a_code_the_one_that_names_the_device_decides():
    named = rule("named", "devices: [device]", "replaces: ['10001']", "code: '10002'")
    wide = rule("wide", "modalities: [lamp]", "replaces: ['10001']", "code: '10003'")
    for rules in ((named, wide), (wide, named)):
        answer = asked(*rules)
        assert answer.code == "10002"
        assert [(step.rule, step.applied) for step in answer.steps if step.layer == "payer"] == [
            ("named", True),
            ("wide", False),
        ]


def test_a_rule_that_names_the_manufacturer_beats_one_on_the_treatment_with_more_conditions():
    maker = rule("maker", "manufacturers: [manufacturer]", "replaces: ['10001']", "code: '10002'")
    wide = rule("wide", "modalities: [lamp], settings: [clinic]", "replaces: ['10001']", "code: '10003'")
    assert {asked(*rules).code for rules in ((maker, wide), (wide, maker))} == {"10002"}


def test_equipment_that_a_payer_names_in_the_clinic_waits_for_its_coding_verification():
    verified = {
        "codes/all.yaml": TINY["codes/all.yaml"].replace(
            "name: Code 10002,", "name: Code 10002, coding_verification: true,"
        )
    }
    recodes = rule("recodes", "devices: [device]", "replaces: ['10001']", "code: '10002'")
    book = tiny_book(with_rules("local", [recodes]), verified)
    typed = {"on": TODAY, "device": "device", "payer": "local"}
    answer = suggest(book, understand(book, Typed(**typed)), TODAY)
    assert (answer.code, answer.candidate) == (None, "10002")
    given = suggest(book, understand(book, Typed(**typed, coding_verification="PDAC letter")), TODAY)
    assert given.code == "10002"
    assert asked(recodes).code == "10002"  # no equipment: nothing to verify


def test_a_code_of_constant_attendance_given_as_unattended_is_withdrawn_and_always_said(desk):
    answer = desk.suggest(device="qoustic-ar1000", payer="medicare", answers=("unattended",))
    (said,) = [each for each in answer.remarks if each.says.startswith("97597 needs constant attendance")]
    assert (answer.code, said.must) == (None, True)


def test_what_a_claim_needs_is_taken_from_the_rule_that_is_applied_alone():
    named = rule("named", "devices: [device]", "replaces: ['10001']", "code: '10002'", "claim_needs: [a photo]")
    wide = rule("wide", "modalities: [lamp]", "replaces: ['10001']", "code: '10003'", "claim_needs: [a letter]")
    assert asked(named, wide).claim_needs == ("a photo",)


@pytest.mark.parametrize(
    ("decided", "possible", "verdict"),
    [
        ("not_covered", "investigational", "not_covered"),
        ("not_covered", "covered", "conditional"),
        ("covered", "not_covered", "conditional"),
        ("conditional", "conditional", "conditional"),
    ],
)
def test_two_rules_that_both_deny_agree_and_one_that_pays_leaves_it_conditional(decided, possible, verdict):
    wide = rule("wide", "modalities: [lamp]", f"verdict: {decided}")
    narrow = rule("narrow", "devices: [device], condition: the lung is treated", f"verdict: {possible}")
    answer = asked(wide, narrow)
    assert answer.coverage.verdict == verdict
    assert {step.rule for step in answer.coverage.steps} == {"wide", "narrow"}


@pytest.mark.parametrize(
    ("answers", "code"), [((), "97014"), (("attended",), "97032"), (("unattended",), "97014")], ids=str
)
def test_an_answer_about_a_device_beats_the_code_that_it_starts_from(desk, answers, code):
    answer = desk.suggest(device="h-wave", payer="other", answers=answers)
    assert next(step.code for step in answer.steps if step.layer == "code_set") == code


def test_what_was_assumed_of_a_device_names_the_options_that_give_another_code_alone(desk):
    (assumed,) = (
        each for each in desk.suggest(device="h-wave", payer="other").remarks if each.says.startswith("Assumed")
    )
    assert assumed.says.endswith("If it is another: --attended.")


def test_a_rule_that_waits_for_the_device_is_open_for_more_than_who_provides_it_unless_a_code_was_billed(desk):
    waits = Applies(devices=("anodyne",))
    question = understand(desk.book, Typed(on=TODAY, modality="infrared", payer="palmetto"))
    asked = Case(question, frozenset(["infrared"]), None, frozenset(["97026"]))
    billed = structs.replace(
        asked, modalities=frozenset(), possible=frozenset(["infrared"]), wider=frozenset(["infrared"])
    )
    found = [match(desk.book, waits, case) for case in (asked, billed)]
    assert [each.truth for each in found] == ["open", "open"]
    assert [each.only_circumstances for each in found] == [False, True]
