"""What people call things: the table tests/cases/names.yaml, and laws for every name of the rule base."""

import contextlib
import subprocess
import sys
from functools import cache

import pytest
from conftest import TESTS, TODAY, read_yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs
from tiny import TINY, tiny_book

from cptcli.advice.examples import typed_from
from cptcli.advice.lookup import lookup
from cptcli.advice.near_codes import near_codes, same_ten
from cptcli.advice.question import Typed, device_note, understand
from cptcli.errors import AmbiguousName, CptError, UnknownName
from cptcli.rulebook.compiled import open_rules
from cptcli.rulebook.words import distance, singular

CASES = read_yaml(TESTS / "cases" / "names.yaml")
_SETTINGS = settings(deadline=None, derandomize=True, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
_BOOK = cache(open_rules)
_NAMED = ("codes", "modalities", "devices", "manufacturers", "payers")


def _understood(book, asks):
    """The question, the meanings of a name that has several, and the words of the refusal."""
    if "payer" not in asks:
        asks = {**asks, "payer": "aetna"}
    if not {"modality", "device"} & {*asks}:
        asks = {**asks, "modality": "infrared"}
    try:
        return understand(book, typed_from(asks, TODAY)), [], ""
    except AmbiguousName as several:
        return None, [meaning.typed for meaning in several.meanings], str(several)
    except CptError as error:
        return None, [], str(error)


@pytest.mark.parametrize("case", CASES, ids=lambda case: " + ".join(map(str, case["asks"].values())))
def test_a_name_people_use_finds_the_thing_and_no_other(book, case):
    assert {*case} <= {"asks", "means", "several", "only", "unknown", "never"}
    assert {*case} & {"means", "several", "unknown", "never"}
    question, meanings, refused = _understood(book, case["asks"])
    if "means" in case:
        assert question is not None, refused
        assert {field: getattr(question, field) for field in case["means"]} == case["means"]
    if "several" in case:
        assert {*case["several"]} <= {*meanings}, refused or question
        assert not case.get("only") or {*meanings} == {*case["several"]}
    if "unknown" in case:
        assert refused != ""
        assert meanings == []
        assert [words for words in case["unknown"] if words not in refused] == []
    meant = [str(getattr(question, field)) for field in ("modality", "device", "code", "payer")] if question else []
    assert [each for each in case.get("never", ()) if each in refused or each in meant or each in meanings] == []


def test_the_table_has_every_kind_of_row():
    kinds = [kind for case in CASES for kind in case if kind in ("means", "several", "unknown", "never")]
    assert len(CASES) >= 80
    assert min(kinds.count(kind) for kind in ("means", "several", "unknown", "never")) >= 8


@pytest.mark.parametrize("case", [case for case in CASES if "several" in case], ids=lambda case: str(case["asks"]))
def test_each_meaning_of_an_ambiguous_name_is_reached_by_its_options(book, case):
    asks = {"payer": "aetna", **({} if {"modality", "device"} & {*case["asks"]} else {"modality": "infrared"})}
    typed = typed_from({**asks, **case["asks"]}, TODAY)
    with pytest.raises(AmbiguousName) as several:
        understand(book, typed)
    for meaning in several.value.meanings:
        question = understand(book, structs.replace(typed, **meaning.options))
        found = {question.modality, question.device, question.code, question.payer}
        assert {each for each in meaning.options.values() if each != "other"} <= found


# ------------------------------------------------------------------------------------------------------------ laws


@st.composite
def _written_otherwise(draw):
    """A shelf, a name on it, and the name in another case, order and punctuation."""
    shelf = draw(st.sampled_from(_NAMED))
    name = draw(st.sampled_from(sorted(_BOOK().names(shelf))))
    words = draw(st.permutations(name.split()))
    between = draw(st.sampled_from([" ", "  ", "-", ", ", " / ", "."]))
    case = draw(st.sampled_from([str.upper, str.title, str.lower]))
    return shelf, name, between.join(map(case, words))


@_SETTINGS
@given(written=_written_otherwise())
def test_case_punctuation_and_word_order_change_nothing(written):
    shelf, name, other = written
    meant, found = _BOOK().find(shelf, name), _BOOK().find(shelf, other)
    assert {*meant.ids} <= {*found.ids}, (found.how, found.ids)
    assert found.clear in (meant.clear, None)


@_SETTINGS
@given(
    name=st.sampled_from(sorted(_BOOK().names("payers"))),
    more=st.lists(
        st.sampled_from(sorted({word for each in _BOOK().names("payers") for word in each.split()})), max_size=2
    ),
)
def test_words_added_to_a_payers_name_never_make_it_two_payers_as_clear(name, more):
    """What is added may name another payer, or none; the answer is one id, several that are shown, or none."""
    found = _BOOK().find("payers", " ".join([name, *more]))
    assert found.clear is None or found.ids == (found.clear,)
    if found.clear and found.clear not in _BOOK().names("payers")[name]:
        words = {*_BOOK().finder("payers").words(" ".join([name, *more]))}
        assert words <= {*_BOOK().finder("payers").bag(found.clear)} | _BOOK()._of_payer(found.clear) | {
            *_BOOK().finder("payers").lexicon.fillers
        }


def test_no_two_payers_are_equal_but_for_filler_words(book):
    """Where the names of two are the same words, neither would ever be clear."""
    finder, seen = book.finder("payers"), {}
    for name, ids in book.names("payers").items():
        core = finder.lexicon.core(finder.words(name))
        assert not core or seen.setdefault(core, ids) == ids, name


@pytest.mark.parametrize("shelf", ["codes", "devices", "manufacturers", "payers"])
def test_a_name_without_its_filler_words_is_never_another_thing_alone(book, shelf):
    finder = book.finder(shelf)
    wrong = []
    for name, ids in book.names(shelf).items():
        found = book.find(shelf, finder.lexicon.without_fillers(name))
        if found.clear and found.how != "exact" and found.clear not in ids:
            wrong.append(f"{name!r} {ids} finds {found}")
    assert wrong == []


@_SETTINGS
@given(words=st.text(max_size=60))
def test_any_text_as_any_name_is_found_or_refused_and_nothing_else(words):
    for option in ("modality", "device", "payer"):
        typed = Typed(on=TODAY, **{"modality": "infrared", "payer": "aetna", option: words or "x"})
        with contextlib.suppress(CptError):
            understand(_BOOK(), typed)


# ------------------------------------------------------------------------------------------------- what is said of it


def test_a_treatment_typed_as_the_device_is_said_to_be_one(book):
    question = understand(book, Typed(on=TODAY, device="TENS unit", payer="aetna"))
    assert device_note(book, question) == "'TENS unit' is a treatment: TENS (--modality tens)."


def test_a_device_not_in_our_list_is_named_with_the_treatment_it_was_answered_for(book):
    question = understand(book, Typed(on=TODAY, device="genisis 3", modality="infrared", payer="aetna"))
    note = device_note(book, question)
    assert note.startswith("'genisis 3' is not in our list; answered for the treatment: Infrared therapy")
    assert device_note(book, understand(book, Typed(on=TODAY, device="anodyne", payer="aetna"))) is None


def test_the_command_for_a_device_not_in_our_list_keeps_the_other_options(book):
    typed = Typed(
        on=TODAY, device="phantom cold laser", payer="cigna", state="SC", diagnoses=("E11.42",), setting="clinic"
    )
    with pytest.raises(UnknownName) as refused:
        understand(book, typed)
    assert "cpt suggest --device other --modality 'Cold laser' --payer cigna --state SC" in str(refused.value)
    assert str(refused.value).endswith(" --setting clinic --diagnosis E11.42")


# ------------------------------------------------------------------------------------------------------------ codes


@pytest.mark.parametrize("typed", ["90912", "96001", "92548", "29581", "L8701", "96110", "97169"])
def test_a_real_code_that_is_not_in_our_list_is_not_called_near_another_service(book, typed):
    assert [key for key in near_codes(book, typed) if key != typed] == []


@pytest.mark.parametrize(("typed", "meant"), [("97062", "97026"), ("91710", "97110"), ("9702G", "97026")])
def test_a_slip_of_the_fingers_names_the_code_that_was_meant(book, typed, meant):
    assert meant in near_codes(book, typed)


def test_a_known_misprint_of_the_form_of_a_code_names_the_code_it_stands_for():
    book = tiny_book({"rulebook.yaml": TINY["rulebook.yaml"] + "misprints: {'20001': '10001'}\n"})
    with pytest.raises(UnknownName, match=r"Nearest: 10001 \(Code 10001\)"):
        lookup(book, "20001", TODAY, TODAY)


def test_a_code_not_in_our_list_shows_those_of_the_same_ten_and_no_deleted_one(book):
    assert {"97010", "97012"} <= {*same_ten(book, "97011")}
    assert same_ten(book, "97005") == ["97007", "97008", "97009"]  # 97001 to 97004 are deleted
    with pytest.raises(UnknownName, match="Codes 97010 to 97019 in our list: 97010"):
        lookup(book, "97011", TODAY, TODAY)


# ----------------------------------------------------------------------------------------------------------- search


@pytest.mark.parametrize(
    ("words", "kind", "key"),
    [
        ("kinesio taping", "modality", "taping"),
        ("pt evaluation", "modality", "pt-eval"),
        ("zimmer shockwave", "device", "enpuls"),
        ("blue cross alabama", "payer", "bcbs-alabama"),
        ("workers comp texas", "payer", "texas-workers-compensation"),
        ("red light therapy bed", "modality", "red-light"),
        ("replacement pads for infrared systems", "code", "A4639"),
    ],
)
def test_words_that_people_use_find_the_thing_first(book, words, kind, key):
    found = lookup(book, words, TODAY, TODAY)
    assert found.note is None
    assert (found.matches[0].kind, found.matches[0].id) == (kind, key)


@pytest.mark.parametrize("words", ["infared lamp", "phantom gait", "diathermy phantom", "electical stim", "anodynne"])
def test_the_nearest_names_follow_and_are_never_none(book, words):
    found = lookup(book, words, TODAY, TODAY)
    assert found.matches != ()
    assert "nearest names follow" in found.note or "misspell" in found.note


@pytest.mark.parametrize("words", ["phantom cross louisiana", "moonlight serenade", "qqqq zzzz"])
def test_words_near_nothing_are_refused_without_a_nearest_name(book, words):
    with pytest.raises(UnknownName) as refused:
        lookup(book, words, TODAY, TODAY)
    assert "earest" not in str(refused.value)


# ------------------------------------------------------------------------------------------------------ words, speed


@pytest.mark.parametrize(
    ("word", "one"),
    [
        ("packs", "pack"), ("batteries", "battery"), ("patches", "patch"), ("taping", "tape"), ("cupping", "cup"),
        ("needling", "needle"), ("training", "train"), ("walking", "walk"), ("massaging", "massage"),
        ("tens", "tens"), ("us", "us"), ("orthosis", "orthosis"), ("ring", "ring"), ("rolling", "roll"),
    ],
)  # fmt: skip
def test_plurals_and_endings_are_read_as_one_word(word, one):
    assert singular(word) == one


@pytest.mark.parametrize(
    ("one", "other", "slips"),
    [("anodyne", "anodine", 1), ("tens", "tnes", 1), ("palmetto", "palmeto", 1), ("a", "", 1), ("laser", "lazers", 2)],
)
def test_slips_between_two_spellings_are_counted(one, other, slips):
    assert distance(one, other) == distance(other, one) == slips


@pytest.mark.parametrize(
    "asks",
    [
        {"device": "anodyne", "payer": "palmetto"},
        {"modality": "infrared", "payer": "aetna", "state": "SC"},
        {"modality": "Anodyne", "payer": "palmetto gba"},
        {"modality": "97110", "payer": "medicare"},
        {"device": "bioscan", "payer": "other"},
    ],
    ids=str,
)
def test_names_that_match_exactly_read_no_synonyms(environment, asks):
    script = (
        "import sys; from datetime import date; from cptcli.rulebook.compiled import open_rules;"
        " from cptcli.advice.question import Typed, understand;"
        f" understand(open_rules(), Typed(on=date(2026, 11, 23), **{asks!r}));"
        " print('cptcli.rulebook.words' in sys.modules)"
    )
    open_rules()  # so that nothing has to be compiled
    ran = subprocess.run([sys.executable, "-c", "from cptcli.rulebook.compiled import open_rules; open_rules()"],
                         env=environment, capture_output=True, text=True, check=True)  # fmt: skip
    ran = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert ran.stdout == "False\n"
