"""Turns what was typed into a Question with ids of the rule base. A name with several meanings is never guessed."""

import re
from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import Any, get_args

from msgspec import Struct

from ..errors import BadValue, UnknownName
from ..model.answer import Question
from ..model.common import Care, Claim, Notice, Provider, Setting
from ..model.devices import Choice, Modality
from ..rulebook.book import RuleBook
from ..rulebook.names import normalized, upright
from .naming import NOT_LISTED, Meant, devices_called, read_device, read_treatment
from .naming import resolve_device as resolve_device
from .naming import resolve_modality as resolve_modality
from .naming import resolve_payer as resolve_payer
from .naming import shared_by as shared_by
from .naming import which_of as which_of

_ICD10 = r"([A-Z][0-9][0-9A-Z])\.?([0-9A-Z]{0,4})"


class Typed(Struct, frozen=True, kw_only=True):
    """The options of `cpt suggest` as they were typed."""

    on: date
    modality: str | None = None
    device: str | None = None
    payer: str | None = None
    state: str | None = None
    setting: str | None = None
    answers: tuple[str, ...] = ()
    diagnoses: tuple[str, ...] = ()
    coding_verification: str | None = None
    provider: str | None = None
    discipline: str | None = None
    claim: str | None = None
    care: str | None = None
    abn: str | None = None


def understand(book: RuleBook, typed: Typed) -> Question:
    """Return the question that was typed. Raises UnknownName, AmbiguousName or BadValue with what to type instead."""
    setting = _setting(typed.setting)
    treatment = read_treatment(book, typed.modality, typed.on) if typed.modality else Meant()
    meant = _device(book, typed, treatment, setting)
    modality, code = _treatment(book, typed, treatment, meant)
    device = book.device(meant.device) if meant.device else None
    if device:
        setting = setting or ("clinic" if "clinic" in device.settings else "home")
    return Question(
        service_date=typed.on,
        setting=setting or "clinic",
        modality=modality,
        device=meant.device,
        other_device=meant.other,
        device_typed=None if device else _device_typed(typed, treatment),
        payer=resolve_payer(book, typed.payer, typed.state) if typed.payer else None,
        state=resolve_state(book, typed.state) if typed.state else None,
        answers=tuple(typed.answers),
        diagnoses=tuple(dict.fromkeys(read_diagnosis(each) for each in typed.diagnoses)),
        coding_verification=_printable(typed.coding_verification or "") or None,
        code=code,
        provider=read_word("--provider", typed.provider, Provider),
        discipline=resolve_discipline(book, typed.discipline) if typed.discipline else None,
        claim=read_word("--claim", typed.claim, Claim),
        care=read_word("--care", typed.care, Care),
        abn=read_word("--abn", typed.abn, Notice),
    )


def _device(book: RuleBook, typed: Typed, treatment: Meant, setting: Setting | None) -> Meant:
    """Return the device that was typed, also where a brand was typed as the treatment."""
    named = typed.device or (typed.modality if treatment.brand else None)
    if named is None:
        return Meant()
    if normalized(named) in NOT_LISTED:
        return Meant(other=True)
    try:
        meant = read_device(book, named, setting, treatment.modality, lambda: _further(typed))
    except UnknownName:
        if treatment.code is None:
            raise
        return Meant(other=True)
    if treatment.brand and typed.device and meant.device not in devices_called(book, typed.modality or "")[0].ids:
        resolve_modality(book, typed.modality or "")  # raises UnknownName: "It is a device"
    return meant


def _device_typed(typed: Typed, treatment: Meant) -> str | None:
    """Return the device name that was typed; None for none, or for a word such as `other`."""
    named = typed.device or (typed.modality if treatment.brand else None)
    return _printable(named) if named and normalized(named) not in NOT_LISTED else None


def device_note(book: RuleBook, question: Question) -> str | None:
    """Return how a device name not in our list was read: as a treatment or as unknown; None for a listed device."""
    typed = question.device_typed
    if typed is None:
        return None
    known = book.modality(question.modality)
    treatment = f"{known.name} (--modality {known.id})" if known else question.code
    if not question.other_device:
        return f"{typed!r} is a treatment: {treatment}."
    near = [device.name for key in book.finder("devices").near(typed)[:3] if (device := book.device(key))]
    nearest = f" Nearest: {' or '.join(near)}." if near else ""
    return f"{typed!r} is not in our list; answered for the treatment: {treatment}.{nearest}"


def _treatment(book: RuleBook, typed: Typed, treatment: Meant, meant: Meant) -> tuple[str | None, str | None]:
    """Return the modality and the billed code to ask about. Raises BadValue where treatment and device contradict."""
    device = book.device(meant.device) if meant.device else None
    kind = device.modality if device else meant.modality
    if kind is None or (treatment.code and not device):
        return treatment.modality, treatment.code
    chain = book.modality_chain(kind)
    wanted = treatment.modality
    if treatment.code and not {*chain} & {*book.linked("modalities_of_code", treatment.code)}:
        wanted = treatment.code
    if wanted in (None, *chain):
        return (chain[-1] if wanted is None else wanted) if device else kind, None
    if wanted and kind in book.modality_chain(wanted):
        return wanted, None
    known = book.modality(kind)
    what = device.name if device else repr(typed.device)
    raise BadValue("--modality", typed.modality or "", f"{known.name if known else kind}, which is what {what} is")


def _further(typed: Typed) -> str:
    """Return the other options as typed, to repeat in a suggested command."""
    from shlex import quote

    options = [("payer", typed.payer), ("state", typed.state), ("setting", typed.setting)]
    options += [("answer", each) for each in typed.answers if each not in ATTENDANCE]
    options += [("diagnosis", each) for each in typed.diagnoses]
    options += [("coding-verification", typed.coding_verification), ("provider", typed.provider)]
    named = "".join(f" --{option} {quote(value)}" for option, value in options if value)
    return named + "".join(f" --{each}" for each in typed.answers if each in ATTENDANCE)


def read_word(option: str, asked: str | None, words: Any) -> Any:
    """Return one of the words of a Literal, in any case and with blanks or hyphens. Raises BadValue naming them all."""
    if asked is None:
        return None
    wanted = "_".join(normalized(asked).split())
    if wanted not in get_args(words):
        raise BadValue(option, asked, f"one of {', '.join(get_args(words))}")
    return wanted


def resolve_discipline(book: RuleBook, asked: str) -> str:
    """Return the id of a discipline, such as PT, from its letters or name. Raises BadValue naming them all."""
    wanted = normalized(asked)
    for each in book.disciplines():
        if wanted in (normalized(each.id), normalized(each.name)):
            return each.id
    raise BadValue("--discipline", asked, f"one of {', '.join(each.id for each in book.disciplines())}")


def _printable(typed: str) -> str:
    """Return what was typed on one line, without control characters."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in typed).split())


def _setting(asked: str | None) -> Setting | None:
    if asked is None:
        return None
    wanted = asked.strip().casefold()
    if wanted == "clinic":
        return "clinic"
    if wanted == "home":
        return "home"
    raise BadValue("--setting", asked, "clinic or home")


def resolve_state(book: RuleBook, asked: str) -> str:
    """Return the two-letter code of a state or territory where a payer in our list works. Raises BadValue otherwise."""
    state = asked.strip().upper()
    if not book.linked("payers_of_state", state):
        raise BadValue("--state", asked, "two letters of a US state or territory, as SC")
    return state


@lru_cache(maxsize=4096)
def read_diagnosis(asked: str) -> str:
    """Return an ICD-10-CM code with its dot. Raises BadValue for any other form; whether it exists is not checked."""
    form = re.fullmatch(_ICD10, upright(asked))
    if not form:
        raise BadValue("--diagnosis", asked, "an ICD-10-CM code such as E11.42, with or without the dot")
    return f"{form[1]}.{form[2]}" if form[2] else form[1]


# ------------------------------------------------------------------------------- the question of a modality


class Settled(Struct, frozen=True):
    """The result of a modality's questions: `code` is the code set's answer, `unanswered` the question still open."""

    modality: str | None  # None: the question is about a billed code
    code: str | None
    choice: Choice | None = None
    assumed: Modality | None = None  # the modality whose usual answer was assumed
    unanswered: Modality | None = None
    answered: tuple[str, ...] = ()


UNATTENDED = "unattended"
ATTENDANCE = ("attended", UNATTENDED)  # the answers that --attended and --unattended give


def settle(book: RuleBook, modality: str, answers: Sequence[str], device_known: bool) -> Settled:
    """Return where a modality's questions lead with these answers. Raises BadValue for an answer to no question."""
    used: list[str] = []
    assumed: Modality | None = None
    choice: Choice | None = None
    seen: set[str] = set()
    current = modality
    while True:
        treatment = book.modality(current)
        assert treatment is not None
        if treatment.decide is None or current in seen:
            code = treatment.code if treatment.decide is None else None
            settled = Settled(current, code, choice, assumed, answered=(*used,))
            break
        seen.add(current)
        given = [(text, found) for text in answers if (found := read_answer(treatment, text))]
        if given:
            used.append(given[0][0])
            choice = given[0][1]
        elif treatment.decide.assume:
            choice = read_answer(treatment, treatment.decide.assume)
            assumed = None if device_known else treatment
        else:
            settled = Settled(current, None, None, assumed, unanswered=treatment, answered=(*used,))
            break
        assert choice is not None
        if choice.modality is None:
            settled = Settled(current, choice.code, choice, assumed, answered=(*used,))
            break
        current = choice.modality
    for text in answers:
        if text not in used and text not in ATTENDANCE:
            question = settled.unanswered or book.modality(modality)
            possible = [each.answer for each in question.decide.answers] if question and question.decide else []
            none = "no --answer: this treatment has no question"
            expected = f"one of {', '.join(map(repr, possible))}" if possible else none
            raise BadValue("--answer", text, expected)
    return settled


def read_answer(modality: Modality, text: str) -> Choice | None:
    """Return the choice that an answer names, in full or by its first letters where only one choice starts so."""
    if modality.decide is None:
        return None
    wanted = normalized(text)
    exact = [each for each in modality.decide.answers if normalized(each.answer) == wanted]
    begun = [each for each in modality.decide.answers if wanted and normalized(each.answer).startswith(wanted)]
    return exact[0] if exact else begun[0] if len(begun) == 1 else None
