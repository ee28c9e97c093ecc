"""Questions at a terminal: numbered choices, or any name; a wrong entry says why and asks again.

Questions go to stderr, so that stdout has only the answer.
"""

import shlex
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence

from msgspec import structs

from ..advice.question import (
    Typed,
    read_answer,
    resolve_device,
    resolve_modality,
    resolve_payer,
    resolve_state,
    settle,
    understand,
    which_of,
)
from ..errors import AmbiguousName, CptError
from ..model.answer import Question
from ..model.devices import Modality
from ..rulebook.book import RuleBook
from .options import today
from .output import tell

Choice = tuple[str, str]  # the id, and the text shown
_EVERY_CASE = "?"
_SHORT_LIST = 14  # choices shown first; ? shows the rest


def complete(book: RuleBook, typed: Typed, rules: str | None, defaults: Mapping[str, str]) -> Typed:
    """Return the options with the missing ones asked for: treatment, manufacturer, payer, and what a code depends on.

    Enter takes the payer and state of the settings; where only those are missing, nothing is asked.
    """
    first = typed
    if typed.modality is None and typed.device is None:
        typed = structs.replace(typed, modality=_modality(book))
        typed = structs.replace(typed, device=_device(book, typed))
    typed, question = _understood(book, typed)
    while question.modality:
        device = book.device(question.device) if question.device else None
        settled = settle(book, device.modality if device else question.modality, question.answers, device is not None)
        knows = device is not None and (device.starting_codes or question.setting == "home")
        if settled.unanswered is None or knows:
            break
        answer = _answer(settled.unanswered)
        if answer == _EVERY_CASE:
            break
        typed = structs.replace(typed, answers=(*typed.answers, answer))
        question = understand(book, typed)
    if question.payer is None and question.setting == "clinic" and (typed != first or "payer" not in defaults):
        default = resolve_payer(book, defaults["payer"]) if "payer" in defaults else None
        typed = structs.replace(typed, payer=_payer(book, question, default))
        payer = book.payer(resolve_payer(book, typed.payer or ""))
        if payer and payer.ask_state and typed.state is None:
            typed = structs.replace(typed, state=state_of(book, defaults.get("state")))
    if typed != first:
        tell(_same_again(typed, rules))
    return typed


def _understood(book: RuleBook, typed: Typed) -> tuple[Typed, Question]:
    """Return the options and their question; ask which is meant where a name can mean several things."""
    while True:
        try:
            return typed, understand(book, typed)
        except AmbiguousName as several:
            named = [(meaning.typed, meaning.name) for meaning in several.meanings]
            which = " ".join(several.which) or f"Which {several.kind}?"
            chosen = ask(f"{several.asked!r} can mean more than one {several.kind}. {which}", named, _none_of_them)
            options = next(meaning.options for meaning in several.meanings if meaning.typed == chosen)
            typed = structs.replace(typed, **options)


def _none_of_them(text: str) -> str:
    raise CptError(f"{text!r} is none of them.")


def _modality(book: RuleBook) -> str:
    """Return the modality that was chosen or typed."""
    shown = [
        (key, known.name) for key in book.keys("modalities") if (known := book.modality(key)) and known.kind_of is None
    ]
    common = book.edition.common_modalities
    return ask("Which treatment?", _common_first(shown, common), lambda text: resolve_modality(book, text),
               first=len(common))  # fmt: skip


def _common_first(choices: Sequence[Choice], common: Sequence[str]) -> list[Choice]:
    """Return the choices sorted by name, after the common ones in their own order."""
    names = dict(choices)
    others = sorted((each for each in choices if each[0] not in common), key=lambda each: each[1].casefold())
    return [(key, names[key]) for key in common if key in names] + others


def _device(book: RuleBook, typed: Typed) -> str:
    """Return the device of that modality that was chosen or typed, or 'other'; ask for the manufacturer first."""
    modality = resolve_modality(book, typed.modality or "")
    setting = "home" if typed.setting == "home" else "clinic"
    manufacturers: dict[str, list[Choice]] = {}
    for key in book.keys("devices"):
        device = book.device(key)
        if device and setting in device.settings and modality in book.modality_chain(device.modality):
            manufacturers.setdefault(book.manufacturer_of(key), []).append((key, device.name))
    names = ((key, known.name) for key in manufacturers if (known := book.manufacturer(key)))
    named = sorted(names, key=lambda each: each[1].casefold())

    def meant(text: str) -> str:
        found = book.find("manufacturers", text).clear
        if found in manufacturers:
            return found
        key = resolve_device(book, text, None, modality)
        device = book.device(key)
        if device and modality not in book.modality_chain(device.modality):
            raise CptError(f"{device.name} is a device for another treatment ({device.modality}).")
        return key

    chosen = ask("Which manufacturer made the device?", [*named, ("other", "other / not listed")], meant, "other")
    devices = manufacturers.get(chosen, [])
    if len(devices) < 2:
        return devices[0][0] if devices else chosen
    which = " ".join(which_of(book, [key for key, _ in devices])) or "Which of its devices?"
    return ask(which, devices, lambda text: resolve_device(book, text, None, modality))


def _answer(modality: Modality) -> str:
    """Return the answer to a modality's own question."""
    assert modality.decide is not None
    choices = [(choice.answer, choice.answer) for choice in modality.decide.answers]
    choices.append((_EVERY_CASE, "not sure: show every case"))

    def meant(text: str) -> str:
        choice = read_answer(modality, text)
        if choice is None:
            raise CptError(f"{text!r} is none of the answers.")
        return choice.answer

    return ask(modality.decide.ask, choices, meant, modality.decide.assume or _EVERY_CASE)


def _payer(book: RuleBook, question: Question, default: str | None = None) -> str:
    """Return the payer that was chosen or typed; the choices have a rule about this treatment."""
    device = book.device(question.device) if question.device else None
    modalities = {*book.modality_chain(device.modality if device else question.modality or "")}
    codes = {each.code for key in modalities if (each := book.modality(key)) and each.code}
    for key in modalities:
        each = book.modality(key)
        codes |= {choice.code for choice in each.decide.answers if choice.code} if each and each.decide else set()
    choices = []
    for key in book.keys("payers"):
        known = book.payer(key)
        if known and known.jurisdiction is None and key != book.edition.other_payer:
            rules = [*book.rules_of(key)]
            if known.ask_state or any(
                modalities & {*rule.applies.modalities} or codes & {*rule.applies.codes, *rule.replaces}
                for rule in rules
            ):
                choices.append((key, known.short_name or known.name))
    choices = _common_first(choices, book.edition.common_payers)
    title = "Who pays? (payers with a rule for this treatment, or type any other)"
    choices.append((book.edition.other_payer, "other / not listed"))
    return ask(title, choices, lambda text: resolve_payer(book, text), default)


def state_of(book: RuleBook, default: str | None = None) -> str | None:
    """Return the state, which decides the Medicare contractor; None for national rules only."""
    skip = "national rules only"
    found = ask("Which state? (two letters)", [], lambda text: resolve_state(book, text), default or skip)
    return None if found == skip else found


def _same_again(typed: Typed, rules: str | None) -> str:
    """Return the command line that gives the same answer without questions."""
    words = ["cpt", "suggest"]
    for name in ("modality", "device", "payer", "state", "setting", "provider", "discipline", "claim", "care", "abn"):
        if value := getattr(typed, name):
            words += [f"--{name}", shlex.quote(value)]
    for given in typed.answers:
        words += [f"--{given}"] if given in ("attended", "unattended") else ["--answer", shlex.quote(given)]
    for diagnosis in typed.diagnoses:
        words += ["--dx", diagnosis]
    if typed.coding_verification:
        words += ["--coding-verification", shlex.quote(typed.coding_verification)]
    if typed.on != today():
        words += ["--on", typed.on.isoformat()]
    if rules:
        words += ["--rules", shlex.quote(rules)]
    return f"The same without questions: {' '.join(words)}\n"


def ask(
    title: str,
    choices: Sequence[Choice],
    meant: Callable[[str], str],
    default: str | None = None,
    first: int = _SHORT_LIST,
) -> str:
    """Return the choice by number, by name or part of it, or as `meant` reads what was typed.

    `first` choices are shown at first, all after a question mark. Raises KeyboardInterrupt at the end of the input.
    """
    say = sys.stderr.write
    say(f"\n{title}\n")
    shown = [*choices[:first]] if len(choices) > first + 2 else [*choices]
    _show(shown)
    hint = "number or name, ? for help" if choices else "type it"
    enter = f"; Enter: {dict(choices).get(default, default)}" if default else ""
    while True:
        text = typed_line(f"{hint}{enter}")
        if not text:
            if default is not None:
                return default
            say("Nothing was typed.\n")
        elif text == "?" and choices:
            say(f"{title}\nType a number, a name or part of one; Enter takes the default shown; Ctrl-C stops.\n")
            shown = [*choices]
            _show(shown)
        elif (chosen := _chosen(text, shown, choices)) is not None:
            return chosen
        elif text.isascii() and text.isdecimal() and choices and len(text) < 5:
            say(f"{text} is not one of the numbers 1 to {len(shown)}.\n")
        else:
            try:
                return meant(text)
            except CptError as error:
                say(f"{error}\n")


def _show(choices: Sequence[Choice]) -> None:
    for line in _columns([f"{number:>3}  {name}" for number, (_, name) in enumerate(choices, 1)]):
        sys.stderr.write(line + "\n")


def typed_line(prompt: str) -> str:
    """Return what is typed after a prompt, empty for Enter alone. Raises KeyboardInterrupt at the end of the input."""
    sys.stderr.write(f"{prompt} > ")
    sys.stderr.flush()
    line = sys.stdin.readline()
    if not line:
        raise KeyboardInterrupt
    return line.strip()


def _chosen(text: str, shown: Sequence[Choice], choices: Sequence[Choice]) -> str | None:
    """Return the choice with that number or name, or the only one with a word that begins so; else None."""
    if text.isascii() and text.isdecimal() and len(text) < 5:
        return shown[int(text) - 1][0] if 1 <= int(text) <= len(shown) else None
    typed = text.casefold()
    same = [key for key, name in choices if typed in (key.casefold(), name.casefold())]
    part = [key for key, name in choices if f" {typed}" in f" {name.casefold()}"]
    return same[0] if same else part[0] if len(part) == 1 and len(typed) > 2 else None


def _columns(entries: Sequence[str]) -> list[str]:
    """Return the entries as lines of up to three columns that fit the terminal, read downwards."""
    if len(entries) < 12:
        return [*entries]
    width = max(map(len, entries)) + 2
    across = max(1, min(3, shutil.get_terminal_size().columns // width))
    deep = -(-len(entries) // across)
    return ["".join(entry.ljust(width) for entry in entries[row::deep]).rstrip() for row in range(deep)]
