"""Whether a rule applies to a question: yes, no, or open because something is not given."""

from collections.abc import Collection, Iterable
from typing import Literal, get_args

from msgspec import Struct

from ..model.answer import Question
from ..model.common import Provider
from ..model.rules import Applies
from ..rulebook.book import RuleBook


class Case(Struct, frozen=True):
    """The question with the modalities and codes that the layers have named so far."""

    question: Question
    modalities: frozenset[str]  # the modality and the wider ones it is a kind of
    manufacturer: str | None
    codes: frozenset[str]  # every code that a layer named
    possible: frozenset[str] = frozenset()  # the modalities that a billed code may mean, where none is given
    wider: frozenset[str] = frozenset()  # these, and those they are a kind of

    @property
    def about(self) -> frozenset[str]:
        """Return every code and modality that a rule about it can name."""
        return self.codes | self.modalities | self.wider


class Ask(Struct, frozen=True):
    """What would settle an open rule: a condition in words, and the option that answers it, if any."""

    text: str
    option: str | None = None

    def __str__(self) -> str:
        return f"{self.text} ({self.option})" if self.option else self.text


class Match(Struct, frozen=True):
    """Whether a rule applies; `asks` would settle an open one, `hit` is the diagnosis that decided.

    `only_circumstances`: open only because of provider, plan of care, claim, or which treatment a billed code means.
    """

    truth: Literal["yes", "no", "open"]
    asks: tuple[Ask, ...] = ()
    hit: str | None = None
    only_circumstances: bool = False


_NO = Match("no")


def match(book: RuleBook, applies: Applies, case: Case) -> Match:
    """Return whether a rule applies: `no` if any condition fails, `open` if any is not given, else `yes`."""
    asks: list[Ask] = []
    question = case.question
    named = _named(book, applies, case)
    if named is None:
        return _NO
    codes = case.codes or {*filter(None, [question.code])}  # one that is not in the rule base
    if codes & {*applies.other_than}:
        return _NO
    if applies.settings and question.setting not in applies.settings:
        return _NO
    if applies.states:
        if question.state is None:
            asks.append(Ask(f"the state is {' or '.join(applies.states)}", "--state"))
        elif question.state not in applies.states:
            return _NO
    if applies.therapy and not any(is_therapy(book, code, applies.therapy) for code in case.codes):
        return _NO
    circumstances = _circumstances(book, applies, question)
    if circumstances is None:
        return _NO
    if applies.other_than and not codes:
        circumstances.append(Ask(f"the code is not {' or '.join(applies.other_than)}"))
    if named and case.possible:  # a billed code names no treatment or device
        circumstances += named
    else:
        asks.extend(named)
    hit = None
    if applies.diagnoses:
        if not question.diagnoses:
            asks.append(Ask("the diagnosis is on its list", "--dx"))
        else:
            hit, uncertain = diagnosis_hit(book, applies.diagnoses, question.diagnoses)
            if hit is None:
                return _NO
            if uncertain:
                asks.append(Ask(f"{hit} falls under it (its place on the list is not certain: give the full code)"))
    if applies.condition:
        asks.append(Ask(applies.condition))
    if asks or circumstances:
        return Match("open", (*asks, *circumstances), hit, only_circumstances=not asks)
    return Match("yes", hit=hit)


def _circumstances(book: RuleBook, applies: Applies, question: Question) -> list[Ask] | None:
    """Return what is not given of provider, plan of care, claim, care and ABN; None if one of them does not match."""
    asks: list[Ask] = []
    conditions: tuple[tuple[Collection[str], str | None, str, str], ...] = (
        (applies.providers, question.provider, "{} provides it", "--provider"),
        (applies.disciplines, question.discipline, "the plan of care is for {}", "--discipline"),
        (applies.claims, question.claim, "the claim is {}", "--claim"),
        ((applies.care,) if applies.care else (), question.care, "the care is {}", "--care"),
        ((applies.abn,) if applies.abn else (), question.abn, "the signed ABN is {}", "--abn"),
    )
    for names, given, words, option in conditions:
        if names and given is None:
            asks.append(Ask(words.format(" or ".join(_in_words(book, name) for name in names)), option))
        elif names and given not in names:
            return None
    if applies.assistant and question.assistant is None:
        asks.append(Ask("an assistant does part of it"))
    return None if applies.assistant and question.assistant is False else asks


def _in_words(book: RuleBook, name: str) -> str:
    discipline = book.discipline(name)
    if discipline:
        return discipline.name
    words = name.replace("_", " ").replace("npp", "non-physician practitioner")
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}" if name in get_args(Provider) else words


def _named(book: RuleBook, applies: Applies, case: Case) -> list[Ask] | None:
    """Return what is not given about device and treatment; None if the rule is about another one."""
    asks: list[Ask] = []
    if applies.devices or applies.manufacturers:
        question = case.question
        if question.device is None:
            if question.other_device or not (case.modalities | case.wider) & _modalities_of(book, applies):
                return None
            names = [device.name for key in applies.devices if (device := book.device(key))]
            names += [manufacturer.name for key in applies.manufacturers if (manufacturer := book.manufacturer(key))]
            asks.append(Ask(f"the device is {' or '.join(names)}", "--device"))
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
            asks.append(Ask(f"the treatment is {' or '.join(treatments)}"))
    return asks


def _unlisted(book: RuleBook, code: str) -> bool:
    """Return whether this is an unlisted code, which can mean treatments that no rule names."""
    known = book.code(code)
    return known is not None and bool(known.claim_needs)


def _modalities_of(book: RuleBook, applies: Applies) -> set[str]:
    devices = [*applies.devices]
    for key in applies.manufacturers:
        if manufacturer := book.manufacturer(key):
            devices += [device.id for device in manufacturer.devices]
    return {each for key in devices if (device := book.device(key)) for each in book.modality_chain(device.modality)}


def is_therapy(book: RuleBook, code: str, disposition: str) -> bool:
    """Return whether Medicare lists the code as this kind of therapy code: always or sometimes."""
    known = book.code(code)
    therapy = known.medicare.therapy if known and known.medicare else None
    return therapy is not None and therapy.disposition == disposition


def diagnosis_hit(book: RuleBook, lists: Iterable[str], diagnoses: Iterable[str]) -> tuple[str | None, bool]:
    """Return the first diagnosis on one of the lists, and whether its place there is uncertain; certain ones first."""
    uncertain = None
    for key in lists:
        listed = book.diagnosis_list(key)
        for entry in listed.diagnoses if listed else ():
            for diagnosis in diagnoses:
                if diagnosis == entry.icd10 or (entry.match == "prefix" and diagnosis.startswith(entry.icd10)):
                    if not entry.uncertain:
                        return diagnosis, False
                    uncertain = uncertain or diagnosis
                elif entry.icd10.startswith(diagnosis):  # a category; some codes under it are listed
                    uncertain = uncertain or diagnosis
    return uncertain, uncertain is not None
