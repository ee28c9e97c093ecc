"""Does a rule apply to a question: yes, no, or open because the question does not tell."""

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct

from ..model import Applies, Question
from ..rulebook.book import RuleBook


class Case(Struct, frozen=True):
    """What is known of the question: the service as every layer so far has named it."""

    question: Question
    modalities: frozenset[str]  # the modality and the wider ones it is a kind of
    maker: str | None
    codes: frozenset[str]  # every code that a layer named


class Match(Struct, frozen=True):
    """Whether a rule applies; `asks` is what would settle an open one, `hit` the diagnosis that decided."""

    truth: Literal["yes", "no", "open"]
    asks: tuple[str, ...] = ()
    hit: str | None = None


_NO = Match("no")


def match(book: RuleBook, applies: Applies, case: Case) -> Match:
    """Hold every condition of a rule against the case; one that fails makes it no, one untold makes it open."""
    asks: list[str] = []
    question = case.question
    named = _named(book, applies, case)
    if named is None:
        return _NO
    asks.extend(named)
    if applies.settings and question.setting not in applies.settings:
        return _NO
    if applies.states:
        if question.state is None:
            asks.append(f"the state (--state), being {' or '.join(applies.states)}")
        elif question.state not in applies.states:
            return _NO
    if applies.therapy and not any(_is_therapy(book, code) for code in case.codes):
        return _NO
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
    return Match("open", tuple(asks), hit) if asks else Match("yes", hit=hit)


def _named(book: RuleBook, applies: Applies, case: Case) -> list[str] | None:
    """None when the rule is about another device or treatment; otherwise what is still to be told."""
    asks: list[str] = []
    if applies.devices or applies.makers:
        question = case.question
        if question.device is None:
            if question.other_device or not case.modalities & _modalities_of(book, applies):
                return None
            names = [device.name for key in applies.devices if (device := book.device(key))]
            names += [maker.name for key in applies.makers if (maker := book.maker(key))]
            asks.append(f"the device (--device): this rule is about {', '.join(names)}")
        elif question.device not in applies.devices and case.maker not in applies.makers:
            return None
    if (applies.modalities or applies.codes) and not (
        case.modalities & {*applies.modalities} or case.codes & {*applies.codes}
    ):
        return None
    return asks


def _modalities_of(book: RuleBook, applies: Applies) -> set[str]:
    devices = [*applies.devices]
    for key in applies.makers:
        if maker := book.maker(key):
            devices += [device.id for device in maker.devices]
    return {each for key in devices if (device := book.device(key)) for each in book.modality_chain(device.modality)}


def _is_therapy(book: RuleBook, code: str) -> bool:
    known = book.code(code)
    therapy = known.medicare.therapy if known and known.medicare else None
    return therapy is not None and therapy.disposition == "always"


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
