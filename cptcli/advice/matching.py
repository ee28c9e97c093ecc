"""Does a rule apply to a question: yes, no, or open because the question does not tell."""

from collections.abc import Collection, Iterable
from typing import Literal, get_args

from msgspec import Struct

from ..model import Applies, Provider, Question
from ..rulebook.book import RuleBook


class Case(Struct, frozen=True):
    """What is known of the question: the service as every layer so far has named it."""

    question: Question
    modalities: frozenset[str]  # the modality and the wider ones it is a kind of
    manufacturer: str | None
    codes: frozenset[str]  # every code that a layer named
    possible: frozenset[str] = frozenset()  # the modalities that a billed code may stand for, when none was told


class Match(Struct, frozen=True):
    """Whether a rule applies; `asks` is what would settle an open one, `hit` the diagnosis that decided.

    `aside`: it is open for nothing but who treats, under which plan, on which claim, or which treatment a billed code
    stands for, which nobody told.
    """

    truth: Literal["yes", "no", "open"]
    asks: tuple[str, ...] = ()
    hit: str | None = None
    aside: bool = False


_NO = Match("no")


def match(book: RuleBook, applies: Applies, case: Case) -> Match:
    """Hold every condition of a rule against the case; one that fails makes it no, one untold makes it open."""
    asks: list[str] = []
    question = case.question
    named = _named(book, applies, case)
    if named is None:
        return _NO
    if applies.settings and question.setting not in applies.settings:
        return _NO
    if applies.states:
        if question.state is None:
            asks.append(f"the state (--state), being {' or '.join(applies.states)}")
        elif question.state not in applies.states:
            return _NO
    if applies.therapy and not any(is_therapy(book, code, applies.therapy) for code in case.codes):
        return _NO
    circumstances = _circumstances(book, applies, question)
    if circumstances is None:
        return _NO
    if named and case.possible:  # which treatment or device a billed code stands for: untold as who treats is
        circumstances += named
    else:
        asks.extend(named)
    hit = None
    if applies.diagnoses:
        if not question.diagnoses:
            asks.append("the diagnosis (--diagnosis)")
        else:
            hit, uncertain = diagnosis_hit(book, applies.diagnoses, question.diagnoses)
            if hit is None:
                return _NO
            if uncertain:
                asks.append(f"{hit} falls under it (its place on the list is not certain; give the full code)")
    if applies.condition:
        asks.append(applies.condition)
    if asks or circumstances:
        return Match("open", (*asks, *circumstances), hit, aside=not asks)
    return Match("yes", hit=hit)


def _circumstances(book: RuleBook, applies: Applies, question: Question) -> list[str] | None:
    """Who treats, under which plan, on which claim: None when it is another, otherwise what is still to be told."""
    asks: list[str] = []
    wanted: tuple[tuple[Collection[str], str | None, str], ...] = (
        (applies.providers, question.provider, "{} furnishes it"),
        (applies.disciplines, question.discipline, "the plan of care is for {}"),
        (applies.claims, question.claim, "the claim is {}"),
        ((applies.care,) if applies.care else (), question.care, "the care is {}"),
        ((applies.abn,) if applies.abn else (), question.abn, "the notice (ABN) that the patient signed is: {}"),
    )
    for names, told, words in wanted:
        if names and told is None:
            asks.append(words.format(" or ".join(_in_words(book, name) for name in names)))
        elif names and told not in names:
            return None
    if applies.assistant and question.assistant is None:
        asks.append("an assistant does part of it")
    return None if applies.assistant and question.assistant is False else asks


def _in_words(book: RuleBook, name: str) -> str:
    discipline = book.discipline(name)
    if discipline:
        return discipline.name
    words = name.replace("_", " ").replace("npp", "non-physician practitioner")
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}" if name in get_args(Provider) else words


def _named(book: RuleBook, applies: Applies, case: Case) -> list[str] | None:
    """None when the rule is about another device or treatment; otherwise what is still to be told."""
    asks: list[str] = []
    if applies.devices or applies.manufacturers:
        question = case.question
        if question.device is None:
            if question.other_device or not (case.modalities | _wider(book, case)) & _modalities_of(book, applies):
                return None
            names = [device.name for key in applies.devices if (device := book.device(key))]
            names += [manufacturer.name for key in applies.manufacturers if (manufacturer := book.manufacturer(key))]
            asks.append(f"the device (--device): this rule is about {', '.join(names)}")
        elif question.device not in applies.devices and case.manufacturer not in applies.manufacturers:
            return None
    if (applies.modalities or applies.codes) and not (
        case.modalities & {*applies.modalities} or case.codes & {*applies.codes}
    ):
        fitting = [key for key in case.possible if {*book.modality_chain(key)} & {*applies.modalities}]
        if not fitting:
            return None
        if len(fitting) < len(case.possible) or any(_unlisted(book, code) for code in case.codes):
            treatments = (modality.name for key in applies.modalities if (modality := book.modality(key)))
            asks.append(f"the treatment is {' or '.join(treatments)}")
    return asks


def _unlisted(book: RuleBook, code: str) -> bool:
    """Whether a code is for services that have none of their own: it then stands for more than the rules name."""
    known = book.code(code)
    return known is not None and bool(known.claim_needs)


def _wider(book: RuleBook, case: Case) -> frozenset[str]:
    """The modalities that a billed code may stand for, and those they are a kind of."""
    return frozenset(wider for key in case.possible for wider in book.modality_chain(key))


def _modalities_of(book: RuleBook, applies: Applies) -> set[str]:
    devices = [*applies.devices]
    for key in applies.manufacturers:
        if manufacturer := book.manufacturer(key):
            devices += [device.id for device in manufacturer.devices]
    return {each for key in devices if (device := book.device(key)) for each in book.modality_chain(device.modality)}


def is_therapy(book: RuleBook, code: str, disposition: str) -> bool:
    """Whether Medicare's therapy plan counts the code so: always or sometimes."""
    known = book.code(code)
    therapy = known.medicare.therapy if known and known.medicare else None
    return therapy is not None and therapy.disposition == disposition


def diagnosis_hit(book: RuleBook, lists: Iterable[str], diagnoses: Iterable[str]) -> tuple[str | None, bool]:
    """The first diagnosis on one of the lists, and whether its place there is uncertain; certain ones first."""
    uncertain = None
    for key in lists:
        listed = book.diagnosis_list(key)
        for entry in listed.diagnoses if listed else ():
            for diagnosis in diagnoses:
                if diagnosis == entry.icd10 or (entry.match == "prefix" and diagnosis.startswith(entry.icd10)):
                    if not entry.uncertain:
                        return diagnosis, False
                    uncertain = uncertain or diagnosis
                elif entry.icd10.startswith(diagnosis):  # a category; some of what lies under it is listed
                    uncertain = uncertain or diagnosis
    return uncertain, uncertain is not None
