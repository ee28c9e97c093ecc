"""Laws that hold for any question and any text, tried on many."""

import json
import re
from datetime import date, timedelta
from functools import cache
from itertools import pairwise

import pytest
from conftest import TODAY
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from msgspec import structs
from tiny import held, rule, tiny_book, with_rules

from cptcli.advice.coverage import NEGATIVE
from cptcli.advice.lookup import lookup
from cptcli.advice.question import Typed, understand
from cptcli.advice.suggest import is_finding, suggest
from cptcli.compose.page import page_of
from cptcli.errors import CptError
from cptcli.model.answer import Answer, Step
from cptcli.model.rules import Applies
from cptcli.rulebook.check import check_parts
from cptcli.rulebook.compiled import open_rules
from cptcli.rulebook.load import Parts
from cptcli.rulebook.precedence import specificity
from cptcli.show import plain
from cptcli.show.as_json import to_json

_SETTINGS = settings(deadline=None, derandomize=True, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
_BOOK = cache(open_rules)  # strategies draw from the rule base, so they need it before any fixture
_DAYS = st.dates(date(1990, 1, 1), date(2030, 12, 31))
_VERDICTS = {"covered", "conditional", "bundled", "investigational", "not_covered", "unknown"}


@st.composite
def _words(draw):
    """Text as people type it: anything, or a name of the rule base with a letter changed, added or lost."""
    names = sorted(name for kind in ("modalities", "devices", "payers", "codes") for name in _BOOK().names(kind))
    text = draw(st.one_of(st.text(max_size=40), st.sampled_from(names)))
    place = draw(st.integers(0, len(text)))
    return text[:place] + draw(st.text(max_size=2)) + text[place + draw(st.integers(0, 1)) :]


def _known(kind):
    return st.deferred(lambda: st.sampled_from(sorted(_BOOK().keys(kind))))


@st.composite
def _questions(draw):
    """What may be asked of the rule base: a treatment or a device, any payer, any day."""
    device = draw(st.none() | _known("devices"))
    icd10 = draw(st.lists(st.sampled_from(["E11.42", "M54.50", "L97.909", "G60.9", "Z00.00"]), max_size=2))
    return Typed(
        on=draw(_DAYS),
        device=device,
        modality=draw(_known("modalities")) if device is None else None,
        payer=draw(_known("payers")),
        state=draw(st.sampled_from([None, None, "SC", "CA", "PR"])),
        setting=draw(st.sampled_from([None, "clinic", "home"])),
        answers=draw(st.sampled_from([(), ("attended",), ("unattended",)])),
        diagnoses=tuple(icd10),
        coding_verification=draw(st.sampled_from([None, "PDAC letter"])),
    )


def _answer(book, typed, today=TODAY) -> Answer | None:
    """The answer, None where the question cannot be answered; any other error is the test's."""
    try:
        return suggest(book, understand(book, typed), today)
    except CptError:
        return None


# -------------------------------------------------------------------------------------------------- any text at all


@_SETTINGS
@given(words=_words())
@example(words="97026-")
@example(words="O" * 5)
@example(words="\x00")
@example(words="\ud800")
def test_any_words_are_looked_up_or_refused(words):
    try:
        told = [*plain.lines(page_of(lookup(_BOOK(), words, TODAY, TODAY)).sheet, full=True)]
    except CptError as error:
        told = [f"cpt: {error}"]
    assert [line for line in told if not re.fullmatch(r"[a-z_]+: \S.*", line)] == []


@_SETTINGS
@given(
    modality=st.none() | _words(),
    device=st.none() | _words(),
    payer=_words(),
    state=st.none() | st.text(max_size=3),
    diagnosis=st.text(max_size=8),
    answer=st.none() | st.text(max_size=10),
    verification=st.none() | st.text(max_size=9),
)
def test_any_words_in_any_option_are_answered_or_refused(
    modality, device, payer, state, diagnosis, answer, verification
):
    typed = Typed(
        on=TODAY,
        modality=modality,
        device=device,
        payer=payer,
        state=state,
        answers=(answer,) if answer else (),
        diagnoses=(diagnosis,) if diagnosis else (),
        coding_verification=verification,
    )
    answered = _answer(_BOOK(), typed)
    assert answered is None or answered.coverage.verdict in _VERDICTS


@_SETTINGS
@given(content=st.binary(max_size=300), name=st.sampled_from(["sources/a.yaml", "payers/a.yaml", "rulebook.yaml", "a"]))
@example(content=b"? [a]\n: b\n", name="payers/a.yaml")
@example(content=b"- ? \n", name="sources/a.yaml")
@example(content=b"\xef\xbb\xbf%YAML 9.9\n---\n", name="sources/a.yaml")
@example(content=b"0x_: 1\n1_: 2\n", name="rulebook.yaml")
def test_any_bytes_in_a_rule_file_are_rules_or_a_problem_at_a_line(content, name):
    parts = Parts()
    parts.add(structs.replace(held({}), contents={name: content}))
    assert [
        str(each) for each in parts.problems if not re.match(r"[^:]+:\d+:\d+: .+; expected ", str(each), re.S)
    ] == []
    check_parts(parts)


_KEYS = st.sampled_from(["id", "name", "kind", "rules", "says"])
_YAML = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 99999) | st.text("aeo97026'\"#:[]{}&*!|>-? \n", max_size=12),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(_KEYS, below, max_size=4),
    max_leaves=12,
)


@_SETTINGS
@given(tree=_YAML)
def test_any_tree_of_values_is_rules_or_a_problem_at_a_line(tree):
    """JSON is YAML, so every such tree can be written down; what does not fit is named, never taken."""
    parts = Parts()
    parts.add(held({"payers/a.yaml": json.dumps(tree)}))
    check_parts(parts)
    assert all(each.line >= 1 and each.column >= 1 for each in parts.problems)
    assert (parts.payers == {}) or {*parts.payers} == {tree["id"]}


# ------------------------------------------------------------------------------------------------------- any question


@_SETTINGS
@given(
    code=st.from_regex(r"\A[A-TV-Z][0-9][0-9AB][0-9A-Z]{0,4}\Z"), payer=st.sampled_from(["palmetto", "aetna", "hcsc"])
)
@example(code="E1142", payer="palmetto")
def test_a_diagnosis_means_the_same_with_and_without_its_dot(code, payer):
    typed = Typed(on=TODAY, device="anodyne", payer=payer, diagnoses=(code,))
    dotted = structs.replace(typed, diagnoses=(f"{code[:3]}.{code[3:]}" if code[3:] else code,))
    small = structs.replace(typed, diagnoses=(f" {code.lower()} ",))
    answer = _answer(_BOOK(), typed)
    assert answer is not None
    assert answer == _answer(_BOOK(), dotted) == _answer(_BOOK(), small)


@_SETTINGS
@given(typed=_questions())
def test_an_answer_keeps_what_is_promised_of_every_answer(typed):
    book = _BOOK()
    answer = _answer(book, typed)
    if answer is None:
        return
    says = answer.coverage.says.casefold()
    assert answer.code is None or book.code(answer.code) is not None
    assert answer.candidate is None or answer.code is None
    assert (answer.code is None) == (answer.answered_by is None)
    assert answer.coverage.verdict in _VERDICTS
    if answer.coverage.verdict == "unknown":
        assert "ask" in says
        assert not re.search(r"\b(?<!not )(allowed|covered|payable|may be billed)\b", says)
    assert is_finding(answer) == (answer.code is None or answer.coverage.verdict in NEGATIVE)
    assert all(step.checked for step in answer.steps)
    assert all(ranked.rule in answer.coverage.rules for ranked in answer.coverage.steps)
    for known in (book.code(code) for code in (answer.code, answer.candidate) if code):
        assert known.effective is None or typed.on >= known.effective
        assert known.ends is None or typed.on <= known.ends
    if answer.code and book.code(answer.code).coding_verification:
        assert typed.coding_verification is not None


@_SETTINGS
@given(typed=_questions())
def test_every_layer_that_spoke_keeps_its_step_and_the_last_applied_one_is_the_answer(typed):
    answer = _answer(_BOOK(), typed)
    if answer is None:
        return
    if answer.branches:
        assert (answer.code, answer.steps) == (None, ())
        return
    order = ["code_set", "manufacturer", "payer", "clinic"]
    layers = [order.index(step.layer) for step in answer.steps]
    assert layers == sorted(layers)
    assert answer.steps[0].layer == "code_set"
    assert (answer.question.device is None) == ("manufacturer" not in {step.layer for step in answer.steps})
    applied = [step for step in answer.steps if step.applied and step.code]
    if answer.code is not None:
        assert (applied[-1].code, applied[-1].layer) == (answer.code, answer.answered_by)
    for before, after in pairwise(applied):
        if after.replaces and answer.question.setting == "clinic":
            assert after.replaces == before.code


@_SETTINGS
@given(typed=_questions())
def test_a_weak_fact_is_shown_as_weak_beside_the_code(typed):
    answer = _answer(_BOOK(), typed)
    if answer is None or answer.code is None:
        return
    last = [step for step in answer.steps if step.applied and step.code][-1]
    if last.confidence == "low" or last.evidence in ("anecdotal", "inferred"):
        assert answer.sure.startswith("weak: ")
        assert answer.sure.removesuffix("; no rule of the payer on it") in answer.summary  # which says it in words


@_SETTINGS
@given(typed=_questions())
def test_the_json_holds_the_whole_answer_and_every_key(typed):
    answer = _answer(_BOOK(), typed)
    if answer is None:
        return
    document = json.loads(to_json(answer))
    assert list(document) == ["schema", *Answer.__struct_fields__]
    assert document["code"] == answer.code
    assert [step["rule"] for step in document["steps"]] == [step.rule for step in answer.steps]
    assert {len(step) for step in document["steps"]} <= {len(Step.__struct_fields__)}
    assert [branch["code"] for branch in document["branches"]] == [branch.code for branch in answer.branches]
    assert document["question"]["service_date"] == typed.on.isoformat()


@settings(_SETTINGS, max_examples=30)  # each opens the rule base anew
@given(typed=_questions())
def test_the_same_question_gives_the_same_answer(typed):
    assert _answer(_BOOK(), typed) == _answer(open_rules(), typed)


@_SETTINGS
@given(typed=_questions(), later=st.integers(400, 4000))
def test_old_facts_warn_with_their_day_and_change_nothing_else(typed, later):
    fresh, old = _answer(_BOOK(), typed), _answer(_BOOK(), typed, TODAY + timedelta(days=later))
    if fresh is None:
        assert old is None
        return
    assert structs.replace(old, warnings=(), remarks=()) == structs.replace(fresh, warnings=(), remarks=())
    added = [warning for warning in old.warnings if warning not in fresh.warnings]
    assert [warning for warning in added if "was last checked on 20" not in warning] == []
    assert added != []


@_SETTINGS
@given(typed=_questions())
def test_no_unit_modifier_or_step_is_worded_with_a_placeholder(typed):
    answer = _answer(_BOOK(), typed)
    if answer is not None:
        assert [
            line
            for line in plain.lines(page_of(answer).sheet, full=True)
            if re.search(r"[:(,=] ?None\b|\(\)|\{\}|: *$|, ,", line)
        ] == []


# --------------------------------------------------------------------------------------------- rules over rules

_ASKED = Typed(on=date(2026, 6, 1), device="device", payer="local")
_APPLIES = {
    "device": "devices: [device]",
    "manufacturer": "manufacturers: [manufacturer]",
    "modality": "modalities: [red-lamp]",
    "wider modality": "modalities: [lamp]",
    "code": "codes: ['10001']",
    "nothing": "",
}
_LEVEL = {"device": 3, "manufacturer": 2, "modality": 1, "wider modality": 1, "code": 1, "nothing": 0}


def _override(key, applies, code, **strength):
    return rule(key, applies, "replaces: ['10001']", f"code: '{code}'", **strength)


@pytest.mark.parametrize(
    ("narrow", "wide"), [(one, other) for one in _LEVEL for other in _LEVEL if _LEVEL[one] > _LEVEL[other]]
)
def test_the_rule_that_names_the_device_beats_the_manufacturer_beats_treatment_or_code_beats_neither(narrow, wide):
    for first, second in (("a", "b"), ("b", "a")):
        rules = {first: _override(first, _APPLIES[narrow], "10002"), second: _override(second, _APPLIES[wide], "10003")}
        book = tiny_book(with_rules("local", [rules[key] for key in sorted(rules)]))
        assert _answer(book, _ASKED).code == "10002"


@pytest.mark.parametrize("wide", ["device", "nothing"])
@pytest.mark.parametrize("narrow", ["device", "nothing"])
def test_the_narrower_payer_has_the_last_word_however_wide_its_rule(narrow, wide):
    rules = [_override("above", _APPLIES[wide], "10002")]
    below = rule("below", _APPLIES[narrow], "replaces: [above]", "code: '10003'")
    book = tiny_book(with_rules("national", rules), with_rules("local", [below]))
    answer = _answer(book, _ASKED)
    assert (answer.code, answer.answered_by) == ("10003", "payer")
    assert [step.code for step in answer.steps if step.layer == "payer"] == ["10002", "10003"]


@pytest.mark.parametrize("applies", ["manufacturer", "nothing"])
@pytest.mark.parametrize(("evidence", "confidence"), [("anecdotal", "high"), ("primary", "low")])
def test_a_weak_rule_gives_way_to_a_strong_one_of_the_same_payer_and_is_shown(applies, evidence, confidence):
    weak = _override("weak", _APPLIES["device"], "10002", evidence=evidence, confidence=confidence)
    strong = _override("strong", _APPLIES[applies], "10003")
    answer = _answer(tiny_book(with_rules("local", [weak, strong])), _ASKED)
    assert answer.code == "10003"
    assert [(step.rule, step.applied) for step in answer.steps if step.layer == "payer"] == [
        ("strong", True),
        ("weak", False),
    ]


def test_the_clinics_rule_beats_the_payers_however_wide_it_is():
    payers = with_rules("local", [_override("payers", _APPLIES["device"], "10002")])
    clinic = with_rules("national", [rule("clinics", "", "replaces: ['10002']", "code: '10003'")])
    answer = _answer(tiny_book(payers, clinic=clinic), _ASKED)
    assert (answer.code, answer.answered_by) == ("10003", "clinic")
    assert [step.layer for step in answer.steps if step.applied] == ["code_set", "payer", "clinic"]


@_SETTINGS
@given(first=_DAYS, last=_DAYS, day=_DAYS)
@example(first=date(2026, 1, 1), last=date(2026, 1, 31), day=date(2026, 1, 31))
@example(first=date(2026, 1, 1), last=date(2026, 1, 31), day=date(2026, 2, 1))
@example(first=date(2026, 1, 1), last=date(2026, 1, 31), day=date(2026, 1, 1))
@example(first=date(2026, 1, 1), last=date(2026, 1, 31), day=date(2025, 12, 31))
def test_a_rule_holds_from_its_first_day_to_its_last_and_brings_nothing_back(first, last, day):
    first, last = sorted((first, last))
    effects = ["replaces: ['10001']", "code: '10002'", f"effective: '{first}'", f"ends: '{last}'"]
    book = tiny_book(with_rules("local", [rule("dated", "devices: [device]", *effects)]))
    answer = _answer(book, structs.replace(_ASKED, on=day))
    assert answer.code == ("10002" if first <= day <= last else "10001")
    ended = [warning for warning in answer.warnings if "dated ended on" in warning]
    early = [warning for warning in answer.warnings if "dated starts on" in warning]
    assert (ended != [], early != []) == (day > last, day < first)


@pytest.mark.parametrize(("states", "payer"), [(["SC"], "one"), (["SC", "SC"], "national")])
def test_a_state_finds_its_contractor_only_where_there_is_one_and_no_more(states, payer):
    contractors = {
        f"payers/{key}.yaml": f"id: {key}\nname: Contractor {key}\nkind: contractor\nparent: national\n"
        f"jurisdiction: J\nstates: ['{state}']\n"
        for key, state in zip(("one", "two"), states, strict=False)
    }
    answer = _answer(tiny_book(contractors), structs.replace(_ASKED, payer="national", state="SC"))
    assert answer.payer.id == payer


@pytest.mark.parametrize("day", [date(2018, 1, 31), date(2018, 2, 1)])
def test_a_payer_that_has_ended_is_a_warning_from_the_day_after(day):
    ended = {"payers/old.yaml": "id: old\nname: Old\nkind: contractor\nparent: national\nends: '2018-01-31'\n"}
    answer = _answer(tiny_book(ended), structs.replace(_ASKED, payer="old", on=day))
    assert answer.code == "10001"
    assert ("2018-01-31" in "\n".join(answer.warnings)) == (day > date(2018, 1, 31))


@pytest.mark.parametrize(("setting", "warned"), [("home", False), ("clinic", True)])
def test_a_payer_that_decides_for_the_home_only_is_a_warning_in_the_clinic(setting, warned):
    dme = {"payers/dme.yaml": "id: dme\nname: Equipment contractor\nkind: contractor\nsettings: [home]\n"}
    asked = Typed(on=date(2026, 6, 1), modality="lamp", payer="dme", setting=setting)
    warnings = [each for each in _answer(tiny_book(dme), asked).warnings if "Equipment contractor" in each]
    assert any("home" in each for each in warnings) == warned


@_SETTINGS
@given(typed=_questions())
def test_a_clinic_rule_about_something_else_changes_no_answer(typed, clinic_book):
    """Only the receipt tells that a clinic folder took part."""
    shipped, laid_over = _answer(_BOOK(), typed), _answer(clinic_book, typed)
    if shipped is None:
        assert laid_over is None
        return
    assert structs.replace(laid_over, rulebook=shipped.rulebook) == shipped


@pytest.fixture(scope="module")
def clinic_book(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clinic")
    texts = {
        "sources/ours.yaml": "sources:\n  - {id: our-letter, title: A letter}\n",
        "payers/our-plan.yaml": (
            "id: our-plan\nname: A plan of our own\nkind: plan\nrules:\n"
            + rule("our-rule", "", "verdict: covered").replace("[book]", "[our-letter]")
        ),
    }
    for name, text in texts.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    return open_rules(folder)


_NAMED = st.fixed_dictionaries(
    {
        field: st.sampled_from([(), ("x",)])
        for field in ("devices", "manufacturers", "modalities", "codes", "diagnoses", "states")
    }
)


@_SETTINGS
@given(one=_NAMED, other=_NAMED)
def test_naming_more_never_makes_a_rule_less_specific(one, other):
    both = {field: one[field] or other[field] for field in one}
    assert specificity(Applies(**both)) >= max(specificity(Applies(**one)), specificity(Applies(**other)))
