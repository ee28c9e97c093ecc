"""Who overrules whom, on a rule base small enough to hold in the head: one law a test."""

from datetime import date

import pytest
from tiny import TINY, held, rule, tiny_book, with_rules

from cptcli.advice.question import Typed, understand
from cptcli.advice.suggest import suggest
from cptcli.rulebook.check import check_parts
from cptcli.rulebook.load import Parts

DAY = date(2026, 6, 1)
WEAK = {"evidence": "anecdotal", "confidence": "low"}


def _asked(*more, on=DAY, clinic=None, **typed):
    book = tiny_book(*more, clinic=clinic)
    return suggest(book, understand(book, Typed(on=on, **{"device": "device", "payer": "local", **typed})), DAY)


def _problems(*more, clinic=None):
    parts = Parts()
    parts.add(held({name: text for texts in (TINY, *more) for name, text in texts.items()}))
    if clinic:
        parts.add(held(clinic), clinic=True)
    check_parts(parts)
    return "\n".join(str(problem) for problem in parts.problems)


# ------------------------------------------------------------------------------------------------------- coverage


def test_a_rule_that_gives_another_code_takes_no_coverage_away():
    refuses = rule("not-paid", "modalities: [lamp]", "verdict: investigational")
    recodes = {"payers/own.yaml": "extends: local\nrules:\n"
               + rule("own-code", "modalities: [lamp]", "replaces: ['10001', not-paid]", "code: '10002'")}  # fmt: skip
    answer = _asked(with_rules("local", [refuses]), clinic=recodes)
    assert (answer.code, answer.coverage.verdict) == ("10002", "investigational")


def test_a_weak_rule_overrules_no_strong_one_by_name():
    strong = rule("strong", "modalities: [lamp]", "verdict: investigational")
    weak = rule("weak", "devices: [device]", "verdict: covered", "replaces: [strong]", **WEAK)
    assert _asked(with_rules("local", [strong, weak])).coverage.verdict == "investigational"


@pytest.mark.parametrize(
    ("day", "verdict"),
    [("2005-01-01", "not_covered"), ("2012-01-01", "covered"), ("2016-01-01", "unknown")],
)
def test_a_rule_that_has_ended_does_not_bring_back_the_one_it_replaced(day, verdict):
    older = rule("older", "modalities: [lamp]", "verdict: not_covered", "effective: '2000-01-01'")
    newer = rule("newer", "modalities: [lamp]", "verdict: covered", "replaces: [older]", "effective: '2010-01-01'",
                 "ends: '2015-12-31'")  # fmt: skip
    answer = _asked(with_rules("local", [older, newer]), on=date.fromisoformat(day))
    assert answer.coverage.verdict == verdict


def test_coverage_is_not_decided_on_a_code_that_was_not_applied():
    takes = rule("takes", "modalities: [lamp]", "accepts: ['10001']")
    weak = rule("weak-code", "devices: [device]", "replaces: ['10001']", "code: '10002'", **WEAK)
    about_it = rule("about-it", "codes: ['10002']", "verdict: not_covered")
    answer = _asked(with_rules("national", [takes]), with_rules("local", [weak, about_it]))
    assert (answer.code, answer.coverage.verdict) == ("10001", "unknown")


def test_what_only_may_be_refused_is_never_worded_as_covered():
    """Where the rules know exclusions alone, what lies outside them is not known, and no sentence says covered."""
    excluded = rule("excluded", "modalities: [lamp], condition: the lung is treated", "verdict: not_covered")
    answer = _asked(with_rules("local", [excluded]))
    assert answer.coverage.verdict == "unknown"
    assert "otherwise not known: ask the payer" in answer.coverage.says
    assert answer.summary.endswith("Coverage: not known.")


def test_an_inferred_rule_gives_way_to_a_document():
    document = rule("document", "modalities: [lamp]", "verdict: not_covered")
    inferred = rule("inferred", "devices: [device]", "verdict: covered", evidence="inferred")
    answer = _asked(with_rules("national", [document]), with_rules("local", [inferred]))
    assert answer.coverage.verdict == "not_covered"


# ------------------------------------------------------------------------------------------------------- the code


def test_a_narrow_rule_that_takes_the_code_beats_a_wide_one_that_gives_another():
    takes = rule("takes", "devices: [device]", "accepts: ['10001']")
    wide = rule("wide", "modalities: [lamp]", "replaces: ['10001']", "code: '10002'")
    assert _asked(with_rules("local", [takes, wide])).code == "10001"


def test_a_weak_refusal_does_not_beat_a_strong_acceptance_above():
    takes = rule("takes", "modalities: [lamp]", "accepts: ['10001']")
    refuses = rule("refuses", "modalities: [lamp]", "refuses: ['10001']", **WEAK)
    assert _asked(with_rules("national", [takes]), with_rules("local", [refuses])).code == "10001"


@pytest.mark.parametrize(
    ("effects", "code"),
    [
        (["replaces: ['10001']", "code: '10002'"], "10002"),
        (["accepts: ['10001']"], "10001"),
    ],
)
def test_a_payer_below_may_overrule_a_refusal_above(effects, code):
    refuses = rule("refuses", "modalities: [lamp]", "refuses: ['10001']")
    below = rule("below", "modalities: [lamp]", *effects)
    assert _asked(with_rules("national", [refuses])).code is None
    assert _asked(with_rules("national", [refuses]), with_rules("local", [below])).code == code


def test_no_payer_below_overrules_a_binding_code():
    binding = rule("binding", "modalities: [lamp]", "replaces: ['10001']", "code: '10002'", "binding: true")
    below = rule("below", "devices: [device]", "replaces: ['10002', '10001']", "code: '10003'")
    answer = _asked(with_rules("national", [binding]), with_rules("local", [below]))
    assert answer.code == "10002"


# --------------------------------------------------------------------------------------- what the check must find


def test_one_id_twice_in_one_file_is_a_problem():
    twice = [rule("same", "", "verdict: covered"), rule("same", "", "verdict: not_covered")]
    assert "the rule 'same' a second time" in _problems(with_rules("local", twice))
    source = {"sources/more.yaml": "sources:\n  - {id: a, title: One}\n  - {id: a, title: Other}\n"}
    assert "the source 'a' a second time" in _problems(source)


def test_rules_that_replace_each_other_in_a_circle_are_a_problem():
    circle = [
        rule("one", "", "verdict: covered", "replaces: [other]"),
        rule("other", "", "verdict: not_covered", "replaces: [one]"),
    ]
    assert _problems(with_rules("local", circle)).count("it replaces itself") == 2


def test_a_rule_that_replaces_and_puts_nothing_in_its_place_is_a_problem():
    takes = rule("takes", "", "accepts: ['10001']", "replaces: ['10002']")
    assert "'replaces' without a code or verdict" in _problems(with_rules("local", [takes]))


def test_a_rule_that_names_a_dropped_rule_is_told_which_version_dropped_it():
    dropped = {"rulebook.yaml": TINY["rulebook.yaml"] + "dropped: {old-rule: '2026.12.01'}\n"}
    names_it = rule("names-it", "", "verdict: covered", "replaces: [old-rule]")
    assert "'old-rule', which version 2026.12.01 of the shipped rules dropped" in _problems(
        dropped, with_rules("local", [names_it])
    )


def test_a_table_in_a_clinic_folder_is_a_problem():
    assert "a table in your folder" in _problems(clinic={"tables/medicare-units.csv": "rubbish"})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("modalities: [lamp], codes: ['10003']", "codes: ['10001']"),
        ("manufacturers: [manufacturer]", "manufacturers: [manufacturer]"),
        ("modalities: [lamp]", "modalities: [red-lamp]"),
        ("modalities: [lamp]", "codes: ['10001']"),
    ],
)
def test_two_verdicts_of_one_rank_that_can_meet_are_a_conflict(one, other):
    rules = [rule("paid", one, "verdict: covered"), rule("not-paid", other, "verdict: not_covered")]
    assert "on the same days" in _problems(with_rules("local", rules))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (rule("paid", "", "verdict: covered"), rule("weak", "", "verdict: not_covered", **WEAK)),
        (rule("paid", "condition: one", "replaces: ['10001']", "code: '10002'"),
         rule("not-paid", "condition: two", "replaces: ['10001']", "code: '10003'")),
        (rule("paid", "settings: [clinic]", "verdict: covered"),
         rule("not-paid", "settings: [home]", "verdict: not_covered")),
    ],
    ids=["strong and weak", "two conditions", "two settings"],
)  # fmt: skip
def test_what_the_order_settles_or_cannot_meet_is_no_conflict(one, other):
    assert _problems(with_rules("local", [one, other])) == ""


def test_rules_that_agree_are_no_conflict_however_many():
    rules = [rule(f"rule-{number}", "modalities: [lamp]", "verdict: covered") for number in range(300)]
    assert _problems(with_rules("local", rules)) == ""


def test_an_example_that_does_not_hold_is_a_problem_of_the_rules(cpt, tmp_path):
    (tmp_path / "ours" / "payers").mkdir(parents=True)
    (tmp_path / "ours" / "payers" / "aetna.yaml").write_text(
        "extends: aetna\nrules:\n  - id: ours\n    says: Ours.\n    applies: {modalities: [infrared]}\n"
        "    replaces: ['97026']\n    code: '97039'\n    checked: '2026-11-01'\n    evidence: primary\n"
        "    confidence: high\n    sources: [codingahead-2022]\n    examples:\n"
        "      - asks: {modality: infrared, payer: aetna}\n        gives: {code: '97026'}\n"
    )
    ran = cpt("rules", "check", "ours")
    assert ran.code == 1
    assert ran.stdout.startswith("payers/aetna.yaml:3:5: example 1 of 'ours' does not hold; expected ")


# ------------------------------------------------------------------------------------------------------ equipment


def test_equipment_needs_a_verification_in_the_clinic_too(cpt, tmp_path):
    (tmp_path / "ours" / "payers").mkdir(parents=True)
    (tmp_path / "ours" / "payers" / "aetna.yaml").write_text(
        "extends: aetna\nrules:\n  - id: ours\n    says: Ours.\n    applies: {modalities: [infrared]}\n"
        "    replaces: ['97026']\n    code: 'E0221'\n    checked: '2026-11-01'\n    evidence: primary\n"
        "    confidence: high\n    sources: [codingahead-2022]\n"
    )
    ran = cpt("suggest", "--modality", "infrared", "--payer", "aetna", "--rules", "ours")
    assert ran.code == 1
    assert ran.stdout.startswith("code: none\ncandidate: E0221\n")


@pytest.mark.parametrize(("stated", "code"), [("E1399 letter", "none"), ("PDAC letter of 2026-01-02", "E0221")])
def test_a_verification_that_names_another_code_gives_none(cpt, stated, code):
    ran = cpt("suggest", "--device", "anodyne", "--setting", "home", "--coding-verification", stated)
    assert ran.stdout.startswith(f"code: {code}\n")


# --------------------------------------------------------------------------------------------- days, and what is


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--modality", "pt-eval", "--answer", "low", "--payer", "other", "--on", "2016-12-31"], "none"),
        (["--modality", "pt-eval", "--answer", "low", "--payer", "other", "--on", "2017-01-01"], "97161"),
        (["--device", "drx9000", "--payer", "medicare", "--state", "FL"], "none"),
        (["--device", "sonicator", "--unattended", "--payer", "other"], "none"),
        (["--device", "photonic-health", "--unattended", "--payer", "other"], "97039"),
        (["--device", "anodyne-pads", "--setting", "clinic", "--payer", "aetna"], "none"),
    ],
)
def test_a_code_that_the_day_the_payer_or_an_answer_rules_out_is_not_given(cpt, arguments, code):
    assert cpt("suggest", *arguments).stdout.startswith(f"code: {code}\n")


@pytest.mark.parametrize("initials", ["LLLT", "MIRE", "IFC", "WPS", "NMES"])
def test_initials_are_words_and_not_codes(cpt, initials):
    assert cpt("lookup", initials).code == 0


def test_a_category_of_a_listed_diagnosis_may_fall_under_the_determination(cpt):
    asked = ["suggest", "--device", "anodyne", "--payer", "medicare", "--plain", "--diagnosis"]
    assert "give the full code" in cpt(*asked, "G62", "--full").stdout
    assert "that list is WEAK" in cpt(*asked, "I83.019", "--full").stdout
