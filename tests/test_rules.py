"""The shipped rules, held to what is promised of them all."""

import ast
import re
from datetime import date, timedelta
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import pytest
from conftest import TESTS, TODAY
from msgspec import Struct

import cptcli
from cptcli import model
from cptcli.advice.examples import typed_from
from cptcli.advice.payer_path import contractor_for
from cptcli.advice.question import resolve_device, understand
from cptcli.advice.suggest import suggest
from cptcli.cms.tables import open_tables
from cptcli.errors import AmbiguousName, CptError
from cptcli.plan.plans import Plans
from cptcli.rulebook.check import sources_of
from cptcli.rulebook.compiled import open_rules, shipped_folder
from cptcli.rulebook.files import Files
from cptcli.rulebook.load import Parts
from cptcli.rulebook.own_rules import shipped_parts
from cptcli.visit.check import check
from cptcli.visit.examples import run_examples, visit_of

# The states, the capital's district and the territories that have Medicare.
_STATES = [
    "AL", "AK", "AZ", "AR", "CA", "CO", "CT", "DE", "FL", "GA", "HI", "ID", "IL", "IN", "IA", "KS", "KY", "LA",
    "ME", "MD", "MA", "MI", "MN", "MS", "MO", "MT", "NE", "NV", "NH", "NJ", "NM", "NY", "NC", "ND", "OH", "OK",
    "OR", "PA", "RI", "SC", "SD", "TN", "TX", "UT", "VT", "VA", "WA", "WV", "WI", "WY", "DC", "AS", "GU", "MP",
    "PR", "VI",
]  # fmt: skip


@cache
def _rules():
    """The shipped rules by id; none where they cannot be opened, which another test reports."""
    try:
        book = open_rules()
    except CptError:
        return {}
    return {key: book.rule(key) for key in book.keys("rules")}


def _that(says):
    return sorted(key for key, rule in _rules().items() if says(rule))


def test_the_shipped_rules_have_no_problem(cpt):
    ran = cpt("rules", "check")
    assert (ran.stdout, ran.code) == ("", 0)
    assert "0 problems" in ran.stderr


def test_every_shipped_example_holds(cpt):
    ran = cpt("rules", "test")
    assert (ran.stdout, ran.code) == ("", 0)
    assert re.search(r"\b[1-9]\d* examples, 0 failed", ran.stderr)


@pytest.fixture(scope="module")
def outcomes(book):
    return [*run_examples(book, TODAY)]


@pytest.mark.parametrize("key", _that(lambda rule: rule.examples))
def test_the_examples_beside_a_rule_hold(outcomes, key):
    assert [each.failure for each in outcomes if each.rule == key and each.failure] == []


@pytest.mark.parametrize("key", _that(lambda rule: rule.code or rule.verdict))
def test_a_rule_that_changes_a_code_or_a_verdict_has_an_example_for_it_and_one_against_it(book, key):
    rule = book.rule(key)
    showing, silent = 0, 0
    for example in rule.examples:
        if _at_work(book, rule, example):
            named = example.gives.get("rule") or example.gives.get("finding", ())
            showing += key in ([named] if isinstance(named, str) else named) or bool(
                {*example.gives} & {"code", "verdict"}
            )
        else:
            silent += 1
    assert showing >= 1, f"no example of {key} shows it at work"
    assert silent >= 1, f"no example of {key} shows a question that it leaves alone"


def _at_work(book, rule, example):
    """Whether the rule has a part in the answer to its example, or might have one."""
    if "lines" in example.asks:
        with open_tables(shipped_alone=True) as tables:
            return rule.id in {found.rule for found in check(Plans(book, tables, TODAY), visit_of(example)).findings}
    answer = suggest(book, understand(book, typed_from(example.asks, TODAY)), TODAY)
    told = [warning for warning in answer.warnings if "is not applied" not in warning]
    might = rule.applies.condition and any(f"rule {rule.id}" in warning for warning in told)
    return bool(might) or rule.id in {step.rule for step in answer.steps} | {*answer.coverage.rules}


@pytest.mark.parametrize("key", _that(lambda rule: (rule.code or rule.verdict) and (rule.effective or rule.ends)))
def test_a_rule_with_dates_has_examples_for_the_days_at_its_edges(book, key):
    rule = book.rule(key)
    edges = {}
    if rule.effective:
        edges |= {rule.effective: True, rule.effective - timedelta(days=1): False}
    if rule.ends:
        edges |= {rule.ends: True, rule.ends + timedelta(days=1): False}
    shown = {}
    for example in rule.examples:
        if day := example.asks.get("service_date"):
            shown.setdefault(date.fromisoformat(day), set()).add(_at_work(book, rule, example))
    assert {day: works in shown.get(day, set()) for day, works in edges.items()} == dict.fromkeys(edges, True)


# ---------------------------------------------------------------------------------------------- names and places


@pytest.mark.parametrize("setting", ["clinic", "home"])
@pytest.mark.parametrize("state", _STATES)
def test_every_state_has_one_medicare_contractor_for_the_clinic_and_one_for_the_home(book, state, setting):
    contractor = contractor_for(book, "medicare", state, setting)
    assert contractor is not None
    assert state in book.payer(contractor).states


def test_no_payer_is_tied_to_a_state_that_is_none(book):
    states = {state for key in book.keys("payers") for state in book.payer(key).states}
    assert states - {*_STATES} == set()


def test_every_device_is_found_by_each_of_its_names_or_shown_as_ambiguous(book):
    wrong = []
    for key in book.keys("devices"):
        device = book.device(key)
        for name in (device.id, device.name, *device.models, *device.also_called):
            for setting in device.settings:
                try:
                    found = [resolve_device(book, name, setting)]
                except AmbiguousName as several:
                    found = [meaning.partition(" ")[0] for meaning in several.facts["meanings"]]
                if key not in found:
                    wrong.append(f"{name!r} ({setting}) finds {', '.join(found)}, not {key}")
    assert wrong == []


def test_a_name_that_several_products_share_lists_each_of_them_and_what_tells_them_apart(book):
    """For every setting that does not tell; a product without an entry is named by its treatment."""
    keys = book.keys("shared_names")
    assert keys != ()
    for key in keys:
        shared = book.shared_name(key)
        for name in (shared.id, shared.name, *shared.also_called):
            with pytest.raises(AmbiguousName) as several:
                resolve_device(book, name)
            assert shared.ask in str(several.value)
            named = [dict(meaning.options) for meaning in several.value.meanings]
            assert named == [
                {"device": each.device} if each.device else {"modality": each.modality, "device": "other"}
                for each in shared.products
            ]
            for options in named:
                chosen = typed_from({**options, "payer": "other"}, TODAY)
                assert understand(book, chosen).device == (None if "modality" in options else options["device"])


@pytest.mark.parametrize(
    ("kind", "noun"), [("payers", "payer"), ("modalities", "modality"), ("manufacturers", "manufacturer")]
)
def test_every_payer_treatment_and_manufacturer_is_found_by_each_of_its_names(book, kind, noun):
    wrong = []
    for key in book.keys(kind):
        held = getattr(book, noun)(key)
        for name in (held.id, held.name, *held.also_called):
            found = book.find(kind, name)
            if found.how != "exact" or key not in found.ids:
                wrong.append(f"{name!r} finds {found.ids} ({found.how}), not {key}")
    assert wrong == []


def test_every_device_gets_an_answer_in_each_of_its_settings_from_a_payer_that_is_not_listed(book):
    """The answer that depends on no payer: a code, or the reason why there is none."""
    silent = []
    for key in book.keys("devices"):
        for setting in book.device(key).settings:
            asked = typed_from({"device": key, "payer": "other", "setting": setting}, TODAY)
            try:
                answer = suggest(book, understand(book, asked), TODAY)
            except CptError as question:
                if "add --" not in str(question):
                    silent.append(f"{key} ({setting}): {question}")
                continue
            if answer.code is None and not answer.candidate and not answer.warnings and not answer.before_you_bill:
                silent.append(f"{key} ({setting})")
    assert silent == []


# -------------------------------------------------------------------------------------------------------- sources


def _cited(value):
    """The ids of every source that a noun cites, at any depth."""
    if isinstance(value, Struct):
        for name in value.__struct_fields__:
            held = getattr(value, name)
            yield from held if name == "sources" else _cited(held)
    elif isinstance(value, tuple | list):
        for each in value:
            yield from _cited(each)


def test_a_source_is_checked_at_whatever_depth_a_fact_cites_it():
    shelves = [shelf for shelf in vars(shipped_parts()).values() if isinstance(shelf, dict)]
    nouns = [noun for shelf in shelves for noun in shelf.values() if isinstance(noun, Struct)]
    assert [noun for noun in nouns if [*sources_of(noun)] != [*_cited(noun)]] == []
    assert len(nouns) > 1000


def test_every_source_that_is_cited_is_there_and_every_source_that_is_there_is_cited(book):
    nouns = [
        book.coding_verification,
        *(book.code(key) for key in book.keys("codes")),
        *(book.modality(key) for key in book.keys("modalities")),
        *(book.manufacturer(key) for key in book.keys("manufacturers")),
        *(book.rule(key) for key in book.keys("rules")),
        *(book.diagnosis_list(key) for key in book.keys("diagnoses")),
        *(book.modifier(key) for key in book.keys("modifiers")),
        *(book.status(key) for key in book.keys("statuses")),
        *(book.unit_rule(key) for key in book.keys("unit_rules")),
        *(book.claim_form(key) for key in book.keys("claim_forms")),
        *(book.edit_family(key) for key in book.keys("edits")),
        *book.disciplines(),
        *_tables(),
    ]
    cited = {source for noun in nouns for source in _cited(noun)}
    there = {*book.keys("sources")}
    assert sorted(cited - there) == []
    assert sorted(there - cited) == []


def _tables():
    parts = Parts()
    parts.add(Files(shipped_folder()))
    return parts.tables.values()


def test_no_fact_was_checked_after_the_rule_base_was_made(book):
    version = book.edition.version.replace(".", "-")
    late = [key for key, rule in _rules().items() if rule.checked.isoformat() > version]
    assert late == []


# ---------------------------------------------------------------------------------------------- words that we avoid

# Phrases that stand in the AMA's descriptors and in no sentence of ours.
_DESCRIPTORS = [
    r"\b(1|one) or more (areas|regions)",
    r"each 15 minutes; ",
    r"direct \(?one-on-one\)? (patient|provider) contact",
    r"requiring (direct|constant) (contact|attendance)",
    r"application of (a|surface) (modality|neurostimul)",
    r"therapeutic procedure\(?s?\)?, ",
    r"develop strength and endurance, range of motion",
    r"reeducation of movement, balance, coordination",
    r"gait training \(includes",
    r"dynamic activities to improve functional performance",
    r"unlisted (modality|therapeutic procedure|physical medicine).{0,40}\((specify|not)",
    r"initial orthotic\(s\) encounter",
    r"effleurage, petrissage and",
    r"mobilization/ ?manipulation, manual lymphatic",
]


def test_no_phrase_of_an_ama_descriptor_is_anywhere(book):
    package = Path(cptcli.__file__).parent
    files = [*shipped_folder().rglob("*.yaml"), *shipped_folder().rglob("*.csv"), *package.rglob("*.py")]
    files += [file for ending in ("yaml", "txt", "csv") for file in TESTS.rglob(f"*.{ending}")]
    files += [file for file in [package.parent / "README.md", package.parent / "CHANGELOG.md"] if file.exists()]
    assert len(files) > 100
    phrases = [*map(re.compile, _DESCRIPTORS)]
    texts = (
        (file.name, " ".join(file.read_text(encoding="utf-8", errors="replace").lower().split())) for file in files
    )
    found = [f"{name}: {hit.group()}" for name, text in texts for each in phrases if (hit := each.search(text))]
    assert found == []


_CODE = re.compile(r"\b(?:[0-9]{5}|[0-9]{4}T|[A-Z][0-9]{4})\b")
# An example to paste may name what it likes: a command, or a line of Python with what it prints.
_COMMAND = re.compile(
    r"\bcpt (?:lookup|suggest|check|fee|rules)\b[^\n]*|^>>> [^\n]*\n(?!>>> )[^\n]*|^>>> [^\n]*", re.MULTILINE
)
# Words that are ids too: 'other' is how a person says that a payer or device is not listed, and a field of a noun is
# called what it is about.
_OUR_WORDS = {"other"} | {
    field
    for module in iter_modules(model.__path__)
    for noun in vars(import_module(f"{model.__name__}.{module.name}")).values()
    if hasattr(noun, "__struct_fields__")
    for field in noun.__struct_fields__
}


@cache
def _literals():
    return [*_read_literals()]


def _read_literals():
    for file in sorted(Path(cptcli.__file__).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str | int):
                yield f"{file.name}:{node.lineno}", node.value


def test_no_code_stands_in_the_program():
    """Knowledge is in rules/, where a biller can read it and a date and a source stand beside it."""
    codes = [(place, found) for place, value in _literals() for found in _CODE.findall(_COMMAND.sub("", str(value)))]
    assert codes == []


def test_no_payer_device_treatment_or_diagnosis_stands_in_the_program(book):
    names = {
        key.casefold()
        for kind in ("payers", "manufacturers", "devices", "rules", "sources", "diagnoses")
        for key in book.keys(kind)
    } - _OUR_WORDS
    assert [(place, value) for place, value in _literals() if str(value).casefold() in names] == []
