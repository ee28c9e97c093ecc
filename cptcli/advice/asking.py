"""What a person typed -> a Question by ids of the rule base. Ambiguity is shown, never guessed."""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date

from msgspec import Struct

from ..errors import AmbiguousName, BadValue, UnknownName
from ..model import Choice, Modality, Question, Setting
from ..rulebook.book import RuleBook
from ..rulebook.names import Found, normalized, upright

_ICD10 = r"([A-Z][0-9][0-9A-Z])\.?([0-9A-Z]{0,4})"
NOT_LISTED = ("other", "not listed", "other not listed", "none", "unlisted")  # the words for a device we do not hold


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


def understand(book: RuleBook, typed: Typed) -> Question:
    """The question that was meant. Raises UnknownName, AmbiguousName or BadValue, each with what to type instead."""
    setting = _setting(typed.setting)
    modality = resolve_modality(book, typed.modality) if typed.modality else None
    device, other = None, False
    if typed.device:
        if normalized(typed.device) in NOT_LISTED:
            other = True
        else:
            device = resolve_device(book, typed.device, setting, modality)
    held = book.device(device) if device else None
    if held:
        if modality is None:
            modality = book.modality_chain(held.modality)[-1]
        elif not _same_treatment(book, held.id, modality):
            kind = book.modality(held.modality)
            assert kind is not None
            raise BadValue("--modality", typed.modality or "", f"{kind.name}, which is what {held.name} is")
        setting = setting or ("clinic" if "clinic" in held.settings else "home")
    return Question(
        service_date=typed.on,
        setting=setting or "clinic",
        modality=modality,
        device=device,
        other_device=other,
        payer=resolve_payer(book, typed.payer) if typed.payer else None,
        state=resolve_state(book, typed.state) if typed.state else None,
        answers=tuple(typed.answers),
        diagnoses=tuple(dict.fromkeys(read_diagnosis(each) for each in typed.diagnoses)),
        coding_verification=_printable(typed.coding_verification or "") or None,
    )


def _printable(typed: str) -> str:
    """What was typed on one line, without the signs that would steer a terminal."""
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


def resolve_modality(book: RuleBook, asked: str) -> str:
    """The id of the modality that `asked` names."""
    found = book.find("modalities", asked)
    return found.clear or _not_clear(book, "modality", asked, found, "cpt lookup WORDS searches.")


def resolve_payer(book: RuleBook, asked: str) -> str:
    """The id of the payer that `asked` names; of a contractor's jurisdictions together, the contractor."""
    found = book.find("payers", asked)
    if found.clear is None and found.how in ("exact", "beginning"):
        for each in found.ids:
            if all(each in book.payer_chain(other) for other in found.ids):
                return each
    return found.clear or _not_clear(book, "payer", asked, found, "For a payer that is not there: --payer other.")


def resolve_device(book: RuleBook, asked: str, setting: Setting | None = None, modality: str | None = None) -> str:
    """The id of the device that a product or maker name means, in that setting and for that modality."""
    found = book.find("devices", asked)
    makers = book.find("makers", asked)
    if found.how != "exact" and makers.how in ("exact", "beginning"):
        found = Found(_devices_of(book, makers.ids), makers.how)
    if found.how not in ("exact", "beginning"):
        todo = "For a device that is not there: --modality NAME --device other."
        return _not_clear(book, "device", asked, found, todo)
    fitting = found.ids
    if setting is not None:
        fitting = _narrowed(fitting, lambda key: setting in _settings(book, key))
    if modality is not None:
        fitting = _narrowed(fitting, lambda key: _same_treatment(book, key, modality))
    if setting is None:
        fitting = _narrowed(fitting, lambda key: "clinic" in _settings(book, key))
    if len(fitting) == 1:
        return fitting[0]
    raise AmbiguousName("device", asked, [_label(book, "device", key) for key in fitting])


def _narrowed(keys: tuple[str, ...], fits: Callable[[str], bool]) -> tuple[str, ...]:
    """Those that fit; all of them where none does, so that the reason is said later."""
    return tuple(key for key in keys if fits(key)) or keys


def _devices_of(book: RuleBook, makers: Iterable[str]) -> tuple[str, ...]:
    return tuple(device.id for key in makers if (maker := book.maker(key)) for device in maker.devices)


def _settings(book: RuleBook, device: str) -> tuple[Setting, ...]:
    held = book.device(device)
    return held.settings if held else ()


def _same_treatment(book: RuleBook, device: str, modality: str) -> bool:
    held = book.device(device)
    return held is not None and (
        modality in book.modality_chain(held.modality) or held.modality in book.modality_chain(modality)
    )


def _label(book: RuleBook, kind: str, key: str) -> str:
    held = {"device": book.device, "payer": book.payer, "modality": book.modality}[kind](key)
    return f"{key} ({held.name})" if held else key


def _not_clear(book: RuleBook, kind: str, asked: str, found: Found, todo: str) -> str:
    labels = [_label(book, kind, key) for key in found.ids]
    if found.how in ("exact", "beginning", "words") and len(found.ids) > 1:
        raise AmbiguousName(kind, asked, labels)
    raise UnknownName(kind, asked, labels[:6], todo)


def resolve_state(book: RuleBook, asked: str) -> str:
    """Two letters of a US state or territory that some payer's rule knows."""
    state = asked.strip().upper()
    if not book.linked("payers_of_state", state):
        raise BadValue("--state", asked, "two letters of a US state or territory, as SC")
    return state


def read_diagnosis(asked: str) -> str:
    """An ICD-10-CM code with its dot. Raises BadValue for what is not of its form; whether it exists is not known."""
    form = re.fullmatch(_ICD10, upright(asked))
    if not form:
        raise BadValue("--diagnosis", asked, "an ICD-10-CM code such as E11.42, with or without the dot")
    return f"{form[1]}.{form[2]}" if form[2] else form[1]


# ------------------------------------------------------------------------------- the question a modality asks


class Settled(Struct, frozen=True):
    """Where a modality's questions lead: `code` is the code set's answer, `unanswered` what still has to be asked."""

    modality: str
    code: str | None
    choice: Choice | None = None
    assumed: Modality | None = None  # the modality whose answer was taken because none was given
    unanswered: Modality | None = None
    answered: tuple[str, ...] = ()


UNATTENDED = "unattended"
ATTENDANCE = ("attended", UNATTENDED)  # what --attended and --unattended answer, where it is asked


def settle(book: RuleBook, modality: str, answers: Sequence[str], device_known: bool) -> Settled:
    """Follow a modality's questions with the answers given. Raises BadValue for an answer to no question."""
    used: list[str] = []
    assumed: Modality | None = None
    choice: Choice | None = None
    seen: set[str] = set()
    current = modality
    while True:
        held = book.modality(current)
        assert held is not None
        if held.decide is None or current in seen:
            settled = Settled(current, held.code if held.decide is None else None, choice, assumed, answered=(*used,))
            break
        seen.add(current)
        given = [(text, found) for text in answers if (found := read_answer(held, text))]
        if given:
            used.append(given[0][0])
            choice = given[0][1]
        elif held.decide.assume:
            choice = read_answer(held, held.decide.assume)
            assumed = None if device_known else held
        else:
            settled = Settled(current, None, None, assumed, unanswered=held, answered=(*used,))
            break
        assert choice is not None
        if choice.modality is None:
            settled = Settled(current, choice.code, choice, assumed, answered=(*used,))
            break
        current = choice.modality
    for text in answers:
        if text not in used and text not in ATTENDANCE:
            asking = settled.unanswered or book.modality(modality)
            possible = [each.answer for each in asking.decide.answers] if asking and asking.decide else []
            expected = f"one of {', '.join(map(repr, possible))}" if possible else "no answer: nothing is asked here"
            raise BadValue("--answer", text, expected)
    return settled


def read_answer(modality: Modality, text: str) -> Choice | None:
    """The choice an answer names, in full or by an unambiguous beginning."""
    if modality.decide is None:
        return None
    wanted = normalized(text)
    exact = [each for each in modality.decide.answers if normalized(each.answer) == wanted]
    begun = [each for each in modality.decide.answers if wanted and normalized(each.answer).startswith(wanted)]
    return exact[0] if exact else begun[0] if len(begun) == 1 else None


def contractor_for(book: RuleBook, payer: str, state: str, setting: Setting) -> str | None:
    """The payer below `payer` that decides for this state and setting; None where there is no one such."""
    fitting = [
        key
        for key in book.linked("payers_of_state", state)
        if payer in book.payer_chain(key)[:-1]
        and (held := book.payer(key))
        and held.jurisdiction
        and setting in held.settings
    ]
    return fitting[0] if len(fitting) == 1 else None
