"""Which answers differ between two rule bases, and for which questions."""

from collections.abc import Iterator
from datetime import date

from msgspec import Struct, structs

from ..errors import CptError
from ..model import Question, Setting
from ..rulebook.book import SHELVES, RuleBook
from .suggest import suggest


class Change(Struct, frozen=True):
    """One question that the two answer differently: code and coverage, before and after."""

    question: Question
    before: str
    after: str


def changes(old: RuleBook, new: RuleBook, day: date) -> Iterator[Change]:
    """Every question about a known treatment or device and a known payer whose code or coverage differs.

    Only what can differ is asked: payers with changed rules about everything, changed treatments of every payer.
    """
    payers = dict.fromkeys((*old.keys("payers"), *new.keys("payers")))
    treatments = dict.fromkeys((*_treatments(old, day), *_treatments(new, day)))
    touched = {shelf: old.differing(new, shelf) for shelf in SHELVES}
    everywhere = any(touched[shelf] for shelf in ("codes", "diagnoses", "statuses")) or old.edition != new.edition
    changed_payers = touched["payers"] | {
        str(rule.payer) for book in (old, new) for key in touched["rules"] if (rule := book.rule(key))
    }
    for treatment in treatments:
        named = {treatment.modality, treatment.device}
        changed = everywhere or named & (touched["modalities"] | touched["devices"])
        for payer in payers:
            chains = {*old.payer_chain(payer), *new.payer_chain(payer)}
            if not changed and not chains & changed_payers:
                continue
            question = structs.replace(treatment, payer=payer)
            before, after = _said(old, question, day), _said(new, question, day)
            if before != after:
                yield Change(question, before, after)


def _treatments(book: RuleBook, day: date) -> Iterator[Question]:
    """Every modality with every answer it takes, and every device in each of its settings."""
    for key in book.keys("modalities"):
        held = book.modality(key)
        answers = [(choice.answer,) for choice in held.decide.answers] if held and held.decide else [()]
        for answer in answers:
            yield Question(service_date=day, modality=key, answers=answer)
    for key in book.keys("devices"):
        device = book.device(key)
        assert device is not None
        settings: tuple[Setting, ...] = device.settings
        for setting in settings:
            yield Question(service_date=day, modality=device.modality, device=key, setting=setting)


def _said(book: RuleBook, question: Question, day: date) -> str:
    """Code and coverage in a few words, or why there is no answer."""
    known = (
        (question.payer is None or book.payer(question.payer))
        and (question.modality is None or book.modality(question.modality))
        and (question.device is None or book.device(question.device))
    )
    if not known:
        return "not in this rule base"
    try:
        answer = suggest(book, question, day)
    except CptError:
        return "asks first"
    code = answer.code or (f"candidate {answer.candidate}" if answer.candidate else "no code")
    return f"{code}, {answer.coverage.verdict}"
