"""What a person typed -> a Question by ids of the rule base. Ambiguity is shown, never guessed."""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any, get_args

from msgspec import Struct, structs

from ..errors import AmbiguousName, BadValue, Meaning, UnknownName
from ..model import Care, Choice, Claim, Modality, Notice, Product, Provider, Question, Setting, SharedName
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
    provider: str | None = None
    discipline: str | None = None
    claim: str | None = None
    care: str | None = None
    abn: str | None = None


def understand(book: RuleBook, typed: Typed) -> Question:
    """The question that was meant. Raises UnknownName, AmbiguousName or BadValue, each with what to type instead."""
    if typed.modality and not typed.device and _is_brand(book, typed.modality):
        typed = structs.replace(typed, modality=None, device=typed.modality)
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
        provider=read_word("--provider", typed.provider, Provider),
        discipline=resolve_discipline(book, typed.discipline) if typed.discipline else None,
        claim=read_word("--claim", typed.claim, Claim),
        care=read_word("--care", typed.care, Care),
        abn=read_word("--abn", typed.abn, Notice),
    )


def read_word(option: str, asked: str | None, words: Any) -> Any:
    """One of the words of a Literal, however it is typed. Raises BadValue naming them all."""
    if asked is None:
        return None
    wanted = "_".join(normalized(asked).split())
    if wanted not in get_args(words):
        raise BadValue(option, asked, f"one of {', '.join(get_args(words))}")
    return wanted


def resolve_discipline(book: RuleBook, asked: str) -> str:
    """The id of a discipline, as PT, by its letters or its name. Raises BadValue naming them all."""
    wanted = normalized(asked)
    for each in book.disciplines():
        if wanted in (normalized(each.id), normalized(each.name)):
            return each.id
    raise BadValue("--discipline", asked, f"one of {', '.join(each.id for each in book.disciplines())}")


def _is_brand(book: RuleBook, asked: str) -> bool:
    """Whether what was named as a treatment is none, and is the name of a device or of its manufacturer."""
    named = (book.find(shelf, asked).how for shelf in ("devices", "shared_names", "manufacturers"))
    return book.find("modalities", asked).how not in ("exact", "beginning") and "exact" in named


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
    todo = f"It is a device: --device {asked!r}." if _is_brand(book, asked) else "cpt lookup WORDS searches."
    return found.clear or _not_clear(book, "modality", asked, found, todo)


def resolve_payer(book: RuleBook, asked: str) -> str:
    """The id of the payer that `asked` names; of a contractor's jurisdictions together, the contractor."""
    found = book.find("payers", asked)
    if found.clear is None and found.how in ("exact", "beginning"):
        for each in found.ids:
            if all(each in book.payer_chain(other) for other in found.ids):
                return each
    return found.clear or _not_clear(book, "payer", asked, found, "For a payer that is not there: --payer other.")


def resolve_device(book: RuleBook, asked: str, setting: Setting | None = None, modality: str | None = None) -> str:
    """The id of the device that a product or manufacturer name means, in that setting and for that modality.

    A name shared by several products is never taken for one of them, unless setting or modality tells.
    """
    found = book.find("devices", asked)
    manufacturers = book.find("manufacturers", asked)
    elsewhere: list[Product] = []  # meant by a shared name, and without an entry of their own
    if found.how != "exact":
        if manufacturers.how in ("exact", "beginning"):
            found = Found(_devices_of(book, manufacturers.ids), manufacturers.how)
        shared = book.find("shared_names", asked)
        if shared.how in ("exact", "beginning"):
            products = [each for key in shared.ids if (held := book.shared_name(key)) for each in held.products]
            ids = dict.fromkeys(found.ids if found.how in ("exact", "beginning") else ())
            ids |= dict.fromkeys(each.device for each in products if each.device)
            found = Found(tuple(ids), shared.how)
            elsewhere = [each for each in products if each.modality and _kind_fits(book, each.modality, modality)]
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
    if len(fitting) == 1 and not elsewhere:
        return fitting[0]
    meanings = [_meaning(book, "device", key) for key in fitting]
    meanings += [Meaning(each.name, {"modality": each.modality or "", "device": NOT_LISTED[0]}) for each in elsewhere]
    raise AmbiguousName("device", asked, meanings, which_of(book, fitting))


def shared_by(book: RuleBook, asked: str) -> SharedName | None:
    """The name that several products share, where it is what was asked for."""
    found = book.find("shared_names", asked)
    if found.how != "exact" or book.find("devices", asked).how == "exact":
        return None
    return book.shared_name(found.ids[0])


def which_of(book: RuleBook, devices: Sequence[str]) -> tuple[str, ...]:
    """The questions that tell devices apart that share a name; none where they share none."""
    shared = [frozenset(book.linked("shared_names_of_device", key)) for key in devices]
    together = frozenset.intersection(*shared) if shared else frozenset()
    return tuple(held.ask for key in sorted(together) if (held := book.shared_name(key)))


def _kind_fits(book: RuleBook, modality: str, asked: str | None) -> bool:
    """Whether one of the two modalities is a kind of the other; where none was asked for, every one fits."""
    return asked is None or asked in book.modality_chain(modality) or modality in book.modality_chain(asked)


def _narrowed(keys: tuple[str, ...], fits: Callable[[str], bool]) -> tuple[str, ...]:
    """Those that fit; all of them where none does, so that the reason is said later."""
    return tuple(key for key in keys if fits(key)) or keys


def _devices_of(book: RuleBook, manufacturers: Iterable[str]) -> tuple[str, ...]:
    return tuple(
        device.id
        for key in manufacturers
        if (manufacturer := book.manufacturer(key))
        for device in manufacturer.devices
    )


def _settings(book: RuleBook, device: str) -> tuple[Setting, ...]:
    held = book.device(device)
    return held.settings if held else ()


def _same_treatment(book: RuleBook, device: str, modality: str) -> bool:
    held = book.device(device)
    return held is not None and _kind_fits(book, held.modality, modality)


def _meaning(book: RuleBook, kind: str, key: str) -> Meaning:
    held = {"device": book.device, "payer": book.payer, "modality": book.modality}[kind](key)
    return Meaning(held.name if held else key, {kind: key})


def _not_clear(book: RuleBook, kind: str, asked: str, found: Found, todo: str) -> str:
    meanings = [_meaning(book, kind, key) for key in found.ids]
    if found.how in ("exact", "beginning", "words") and len(found.ids) > 1:
        raise AmbiguousName(kind, asked, meanings, which_of(book, found.ids) if kind == "device" else ())
    raise UnknownName(kind, asked, [*map(str, meanings[:6])], todo)


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

    modality: str | None  # None where the answer starts from a billed code
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
