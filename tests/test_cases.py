"""Billing questions and their answers, from the tables in tests/cases, and the JSON that scripts lean on."""

import csv
import json
from datetime import date

import pytest
from conftest import TESTS, TODAY, read_yaml

from cptcli.advice.examples import typed_from
from cptcli.advice.lookup import lookup
from cptcli.advice.suggest import advise, is_finding
from cptcli.compose.page import page_of
from cptcli.errors import CptError
from cptcli.model.lookup import CodeCard
from cptcli.show.plain import lines

_ASKS = {"modality", "device", "payer", "state", "setting", "answer", "attended", "diagnosis", "service_date",
         "coding_verification"}  # fmt: skip


def _cases(name):
    cases = read_yaml(TESTS / "cases" / name)
    return [pytest.param(case, id=case["name"]) for case in cases]


def _or_refused(ask):
    """The answer and no words, or no answer and the words of the refusal."""
    try:
        return ask(), ""
    except CptError as error:
        return None, str(error)


def _differences(wanted, facts, texts):
    """What is not as wanted: `facts` must be equal, each of the words wanted must be in its text."""
    unknown = [f"{name} is no key of this table" for name in wanted if name not in facts and name not in texts]
    differ = [
        f"{name} is {facts[name]!r}, not {value!r}"
        for name, value in wanted.items()
        if name in facts and facts[name] != value
    ]
    absent = [
        f"{name}: no {word!r} in {texts[name]}"
        for name, words in wanted.items()
        if name in texts
        for word in words
        if word not in texts[name]
    ]
    return unknown + differ + absent


@pytest.mark.parametrize("case", _cases("suggest.yaml"))
def test_suggest(book, case):
    asks, gives = case["asks"], {**case["gives"]}
    assert {*asks} <= _ASKS
    answer, refused = _or_refused(lambda: advise(book, typed_from(asks, TODAY), TODAY))
    if answer is None:
        assert _differences(gives, {}, {"error_has": refused}) == []
        return
    named = {step.rule for step in answer.steps} | {*answer.coverage.rules}
    assert {*gives.pop("rules_not", [])} & named == set()
    tables = {table.id for table in answer.tables}
    assert {*gives.pop("tables_not", [])} & tables == set()
    assert [words for words in gives.pop("warning_has_not", []) if words in "\n".join(answer.warnings)] == []
    facts = {
        "code": answer.code,
        "candidate": answer.candidate,
        "answered_by": answer.answered_by,
        "verdict": answer.coverage.verdict,
        "payer": answer.payer and answer.payer.id,
        "timed": answer.units.timed,
        "steps": [[step.layer, step.code] for step in answer.steps],
        "branches": {branch.option: branch.code or branch.candidate for branch in answer.branches},
        "exit": int(is_finding(answer)),
    }
    texts = {
        "rules": named,
        "tables": tables,
        "modifiers": [each.modifier for each in answer.modifiers],
        "warning_has": "\n".join(answer.warnings),
        "before_has": "\n".join(answer.before_you_bill),
        "claim_has": "\n".join(answer.claim_needs),
        "coverage_has": "\n".join([answer.coverage.says, *map(str, answer.coverage.steps)]),
        "sure_has": answer.sure,
    }
    assert _differences(gives, facts, texts) == []


@pytest.mark.parametrize("case", _cases("lookup.yaml"))
def test_lookup(book, case):
    day = date.fromisoformat(case.get("service_date", TODAY.isoformat()))
    finds = {**case["finds"]}
    found, refused = _or_refused(lambda: lookup(book, case["asks"], day, TODAY))
    if found is None:
        assert _differences(finds, {}, {"error_has": refused}) == []
        return
    says = "\n".join(lines(page_of(found).sheet, full=True))
    if isinstance(found, CodeCard):
        facts = {"code": found.code.code, "read_as": found.read_as, "exit": int(found.on_that_day is not None)}
        texts = {"read_as_has": found.read_as or "", "says": says}
    else:
        hits = [[hit.kind, hit.id] for hit in found.matches]
        facts = {"hits": hits[: len(finds.get("hits", []))], "note": found.note, "exit": 0}
        texts = {"hits_have": hits, "note_has": found.note or "", "says": says}
    assert _differences(finds, facts, texts) == []


def test_a_case_that_expects_nothing_is_no_case():
    for table, key in (("suggest.yaml", "gives"), ("lookup.yaml", "finds")):
        for case in _cases(table):
            assert case.values[0][key] != {}


def test_every_diagnosis_of_the_notes_is_on_the_list_of_ncd_270_6(book):
    """Extra: only where the notes lie beside the checkout. A copied list loses no entry."""
    notes = TESTS.parent.parent / "shared" / "domain" / "ncd_270_6_icd10.csv"
    if not notes.exists():
        pytest.skip("the notes are not here")
    with notes.open(encoding="utf-8", newline="") as file:
        rows = {(row["code"], row["match"]) for row in csv.DictReader(file)}
    listed = {(each.icd10, each.match) for each in book.diagnosis_list("ncd-270-6").diagnoses}
    assert listed == rows


# ------------------------------------------------------------------------------------------------ the JSON contract

_TEXT, _TEXT_OR_NULL = str, str | None
_SUGGEST = {
    "schema": int,
    "question.modality": _TEXT_OR_NULL,
    "question.device": _TEXT_OR_NULL,
    "question.payer": _TEXT_OR_NULL,
    "question.state": _TEXT_OR_NULL,
    "question.setting": _TEXT,
    "question.diagnoses": list,
    "question.service_date": _TEXT,
    "code": _TEXT_OR_NULL,
    "candidate": _TEXT_OR_NULL,
    "summary": _TEXT,
    "answered_by": _TEXT_OR_NULL,
    "coverage.verdict": _TEXT,
    "coverage.says": _TEXT,
    "coverage.rules": list,
    "units.timed": bool | None,
    "units.usual": int | None,
    "units.says": _TEXT,
    "modifiers[].modifier": _TEXT,
    "modifiers[].says": _TEXT,
    "steps[].layer": _TEXT,
    "steps[].rule": _TEXT_OR_NULL,
    "steps[].code": _TEXT_OR_NULL,
    "steps[].replaces": _TEXT_OR_NULL,
    "steps[].says": _TEXT,
    "steps[].evidence": _TEXT,
    "steps[].confidence": _TEXT,
    "steps[].effective": _TEXT_OR_NULL,
    "steps[].ends": _TEXT_OR_NULL,
    "steps[].checked": _TEXT,
    "steps[].sources[].id": _TEXT,
    "steps[].sources[].title": _TEXT,
    "steps[].sources[].url": _TEXT_OR_NULL,
    "warnings": list,
    "before_you_bill": list,
    "rulebook.version": _TEXT,
    "rulebook.sha256": _TEXT,
}
_SUGGEST_LATER = {
    "question.other_device": bool,
    "question.device_typed": _TEXT_OR_NULL,
    "question.answers": list,
    "question.coding_verification": _TEXT_OR_NULL,
    "payer.id": _TEXT,
    "payer.name": _TEXT,
    "payer.chain": list,
    "payer.resolved": _TEXT_OR_NULL,
    "code_name": _TEXT_OR_NULL,
    "sure": _TEXT,
    "coverage.steps[].rule": _TEXT,
    "coverage.steps[].payer": _TEXT,
    "coverage.steps[].verdict": _TEXT,
    "coverage.steps[].decided": bool,
    "coverage.steps[].says": _TEXT,
    "coverage.steps[].evidence": _TEXT,
    "coverage.steps[].confidence": _TEXT,
    "coverage.steps[].effective": _TEXT_OR_NULL,
    "coverage.steps[].ends": _TEXT_OR_NULL,
    "coverage.steps[].checked": _TEXT_OR_NULL,
    "coverage.steps[].caveat": _TEXT_OR_NULL,
    "coverage.steps[].sources": list,
    "modifiers[].required": bool,
    "modifiers[].rule": _TEXT_OR_NULL,
    "claim_needs": list,
    "tables[].id": _TEXT,
    "tables[].edition": _TEXT,
    "tables[].caveat": _TEXT,
    "tables[].taken_from": _TEXT,
    "steps[].sources[].publisher": _TEXT_OR_NULL,
    "steps[].applied": bool,
    "steps[].caveat": _TEXT_OR_NULL,
    "steps[].sources[].date": _TEXT_OR_NULL,
    "rulebook.folder": _TEXT_OR_NULL,
}
_CARD = {
    "schema": int,
    "asked": _TEXT,
    "read_as": _TEXT_OR_NULL,
    "modifiers": list,
    "unknown_modifiers": list,
    "service_date": _TEXT,
    "code.code": _TEXT,
    "code.code_set": _TEXT,
    "code.kind": _TEXT,
    "code.name": _TEXT,
    "code.summary": _TEXT,
    "code.what_is_done": _TEXT_OR_NULL,
    "code.purposes": list,
    "code.performers": list,
    "code.units.timed": bool,
    "code.units.unit": _TEXT,
    "code.attendance.level": _TEXT,
    "code.medicare.status": _TEXT_OR_NULL,
    "code.therapy_modifiers": list,
    "code.claim_needs": list,
    "code.documentation": list,
    "code.home_equipment": list,
    "code.coding_verification": bool,
    "code.look_alikes": list,
    "code.dates": list,
    "code.effective": _TEXT_OR_NULL,
    "code.ends": _TEXT_OR_NULL,
    "code.replaced_by": list,
    "code.sources": list,
    "code.confidence": _TEXT,
    "code.checked": _TEXT,
    "on_that_day": _TEXT_OR_NULL,
    "status_says": _TEXT_OR_NULL,
    "modalities": list,
    "devices": list,
    "rules[].rule": _TEXT,
    "rules[].payer": _TEXT,
    "rules[].payer_name": _TEXT,
    "rules[].effect": _TEXT,
    "rules[].says": _TEXT,
    "rules[].evidence": _TEXT,
    "rules[].confidence": _TEXT,
    "rules[].effective": _TEXT_OR_NULL,
    "rules[].ends": _TEXT_OR_NULL,
    "rules[].in_force": bool,
    "rules[].checked": _TEXT,
    "rules[].sources": list,
    "sources[].id": _TEXT,
    "sources[].title": _TEXT,
    "sources[].url": _TEXT_OR_NULL,
    "sources[].date": _TEXT_OR_NULL,
    "sources[].publisher": _TEXT_OR_NULL,
    "tables[].id": _TEXT,
    "tables[].edition": _TEXT,
    "tables[].caveat": _TEXT,
    "tables[].taken_from": _TEXT,
    "warnings": list,
    "rulebook.version": _TEXT,
    "rulebook.sha256": _TEXT,
    "rulebook.folder": _TEXT_OR_NULL,
}
_HITS = {
    "schema": int,
    "asked": _TEXT,
    "note": _TEXT_OR_NULL,
    "matches[].kind": _TEXT,
    "matches[].id": _TEXT,
    "matches[].name": _TEXT,
    "matches[].says": _TEXT,
    "matches[].ask_on": _TEXT,
    "matches[].matched": _TEXT,
    "matches[].nearly": bool,
    "rulebook.version": _TEXT,
    "rulebook.sha256": _TEXT,
    "rulebook.folder": _TEXT_OR_NULL,
}
_ANODYNE = ["suggest", "--device", "anodyne", "--payer", "palmetto", "--json"]


def _values(document, path):
    """Every value that a path leads to, `[]` being each entry of a list; KeyError where a key is missing."""
    values = [document]
    for part in path.split("."):
        key, _, entries = part.partition("[")
        values = [value[key] for value in values]
        if entries:
            values = [entry for value in values for entry in value]
    return values


@pytest.mark.parametrize(
    ("arguments", "keys"),
    [
        pytest.param(_ANODYNE, _SUGGEST, id="suggest: the keys that were promised"),
        pytest.param(_ANODYNE, _SUGGEST_LATER, id="suggest: the keys that came later"),
        pytest.param(["lookup", "97026", "--json"], _CARD, id="lookup of a code"),
        pytest.param(["lookup", "infrared", "--json"], _HITS, id="lookup of words"),
    ],
)
def test_a_key_of_the_json_never_vanishes_nor_changes_its_type(cpt, arguments, keys):
    """Scripts lean on these. Keys may be added to the lists above, never taken out."""
    document = json.loads(cpt(*arguments).stdout)
    found = {path: _values(document, path) for path in keys}
    assert [path for path, values in found.items() if not values] == []
    wrong = [path for path, values in found.items() if not all(isinstance(value, keys[path]) for value in values)]
    assert wrong == []


@pytest.mark.parametrize("arguments", [_ANODYNE, ["lookup", "97026", "--json"], ["lookup", "qqqq", "--json"]])
def test_json_names_its_schema_first(cpt, arguments):
    document = json.loads(cpt(*arguments).stdout)
    assert next(iter(document.items())) == ("schema", 1)


def test_json_holds_the_example_of_the_contract(cpt):
    document = json.loads(cpt(*_ANODYNE, "--on", "2026-11-23").stdout)
    question = {key: document["question"][key] for key in ("device", "payer", "state", "setting", "diagnoses")}
    assert question == {"device": "anodyne", "payer": "palmetto", "state": None, "setting": "clinic", "diagnoses": []}
    assert document["question"]["service_date"] == "2026-11-23"
    assert (document["code"], document["answered_by"]) == ("97799", "payer")
    step = document["steps"][-1]
    held = {key: step[key] for key in ("layer", "code", "replaces", "evidence", "confidence", "effective", "ends")}
    assert held == {
        "layer": "payer",
        "code": "97799",
        "replaces": "97026",
        "evidence": "anecdotal",
        "confidence": "low",
        "effective": None,
        "ends": None,
    }


def test_an_equipment_code_is_no_candidate_for_a_day_before_it_existed(cpt):
    asked = ["suggest", "--device", "anodyne", "--setting", "home", "--json", "--on"]
    for stated in ([], ["--coding-verification", "PDAC letter"]):
        before, after = (json.loads(cpt(*asked, day, *stated).stdout) for day in ("2001-12-31", "2002-01-01"))
        assert (before["code"], before["candidate"]) == (None, None)
        assert "E0221" in (after["code"], after["candidate"])
        assert any("E0221 did not exist" in warning for warning in before["warnings"])
