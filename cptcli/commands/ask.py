"""Asking a person at a terminal: numbered choices, or any name; a wrong entry says why and asks again.

Questions go to stderr, so that stdout holds the answer and nothing else.
"""

import shlex
import shutil
import sys
from collections.abc import Callable, Sequence

from msgspec import structs

from ..advice.asking import (
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
from ..model import Modality, Question
from ..rulebook.book import RuleBook
from .options import today
from .output import tell

Choice = tuple[str, str]  # what it means, what is shown


def complete(book: RuleBook, typed: Typed, rules: str | None) -> Typed:
    """The options with what was missing asked for: treatment, manufacturer, payer, and what a code hangs on."""
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
        typed = structs.replace(typed, answers=(*typed.answers, _answer(settled.unanswered)))
        question = understand(book, typed)
    if question.payer is None and question.setting == "clinic":
        typed = structs.replace(typed, payer=_payer(book, question))
        held = book.payer(resolve_payer(book, typed.payer or ""))
        if held and held.ask_state and typed.state is None:
            typed = structs.replace(typed, state=state_of(book))
    if typed != first:
        tell(_same_again(typed, rules))
    return typed


def _understood(book: RuleBook, typed: Typed) -> tuple[Typed, Question]:
    """The question that was meant; a name that can mean several things is asked about."""
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
    """The modality somebody chose or named."""
    shown = [
        (key, held.name) for key in book.keys("modalities") if (held := book.modality(key)) and held.kind_of is None
    ]
    shown.sort(key=lambda each: each[1].casefold())
    return ask("Which treatment?", shown, lambda text: resolve_modality(book, text))


def _device(book: RuleBook, typed: Typed) -> str:
    """The device of that modality somebody chose or named, or 'other'; asks for the manufacturer first."""
    wanted = resolve_modality(book, typed.modality or "")
    setting = "home" if typed.setting == "home" else "clinic"
    manufacturers: dict[str, list[Choice]] = {}
    for key in book.keys("devices"):
        held = book.device(key)
        if held and setting in held.settings and wanted in book.modality_chain(held.modality):
            manufacturers.setdefault(book.manufacturer_of(key), []).append((key, held.name))
    held_names = ((key, known.name) for key in manufacturers if (known := book.manufacturer(key)))
    named = sorted(held_names, key=lambda each: each[1].casefold())

    def meant(text: str) -> str:
        found = book.find("manufacturers", text).clear
        if found in manufacturers:
            return found
        key = resolve_device(book, text, None, wanted)
        held = book.device(key)
        if held and wanted not in book.modality_chain(held.modality):
            raise CptError(f"{held.name} is a device for another treatment ({held.modality}).")
        return key

    chosen = ask("Which manufacturer made the device?", [*named, ("other", "other / not listed")], meant, "other")
    devices = manufacturers.get(chosen, [])
    if len(devices) < 2:
        return devices[0][0] if devices else chosen
    which = " ".join(which_of(book, [key for key, _ in devices])) or "Which of its devices?"
    return ask(which, devices, lambda text: resolve_device(book, text, None, wanted))


def _answer(asking: Modality) -> str:
    """The answer to a modality's own question."""
    assert asking.decide is not None
    choices = [(choice.answer, choice.answer) for choice in asking.decide.answers]

    def meant(text: str) -> str:
        choice = read_answer(asking, text)
        if choice is None:
            raise CptError(f"{text!r} is none of the answers.")
        return choice.answer

    return ask(asking.decide.ask, choices, meant, asking.decide.assume)


def _payer(book: RuleBook, question: Question) -> str:
    """The payer somebody chose or named; the choices are those with a rule about this treatment."""
    device = book.device(question.device) if question.device else None
    modalities = {*book.modality_chain(device.modality if device else question.modality or "")}
    codes = {held.code for key in modalities if (held := book.modality(key)) and held.code}
    for key in modalities:
        held = book.modality(key)
        codes |= {choice.code for choice in held.decide.answers if choice.code} if held and held.decide else set()
    choices = []
    for key in book.keys("payers"):
        known = book.payer(key)
        if known and known.jurisdiction is None and key != book.edition.other_payer:
            rules = [*book.rules_of(key)]
            if known.ask_state or any(
                modalities & {*rule.applies.modalities} or codes & {*rule.applies.codes, *rule.replaces}
                for rule in rules
            ):
                choices.append((key, known.name))
    choices.sort(key=lambda each: each[1].casefold())
    title = "Who pays? (those with a rule about this treatment; any other name can be typed)"
    choices.append((book.edition.other_payer, "other / not listed"))
    return ask(title, choices, lambda text: resolve_payer(book, text))


def state_of(book: RuleBook) -> str | None:
    """The state, for the contractor that decides there; None for national rules only."""
    skip = "national rules only"
    found = ask("Which state? (two letters)", [], lambda text: resolve_state(book, text), skip)
    return None if found == skip else found


def _same_again(typed: Typed, rules: str | None) -> str:
    """The command line that asks the same without questions."""
    words = ["cpt", "suggest"]
    for name in ("modality", "device", "payer", "state", "setting", "provider"):
        if value := getattr(typed, name):
            words += [f"--{name}", shlex.quote(value)]
    for given in typed.answers:
        words += [f"--{given}"] if given in ("attended", "unattended") else ["--answer", shlex.quote(given)]
    for diagnosis in typed.diagnoses:
        words += ["--diagnosis", diagnosis]
    if typed.coding_verification:
        words += ["--coding-verification", shlex.quote(typed.coding_verification)]
    if typed.on != today():
        words += ["--on", typed.on.isoformat()]
    if rules:
        words += ["--rules", shlex.quote(rules)]
    return f"The same without questions: {' '.join(words)}\n"


def ask(title: str, choices: Sequence[Choice], meant: Callable[[str], str], default: str | None = None) -> str:
    """What somebody chose by number, by name, or by what `meant` makes of it; raises KeyboardInterrupt at the end."""
    say = sys.stderr.write
    say(f"\n{title}\n")
    for line in _columns([f"{number:>3}  {shown}" for number, (_, shown) in enumerate(choices, 1)]):
        say(line + "\n")
    hint = "number or name" if choices else "type it"
    enter = f"; Enter: {dict(choices).get(default, default)}" if default else ""
    while True:
        say(f"{hint}{enter} > ")
        sys.stderr.flush()
        line = sys.stdin.readline()
        if not line:
            raise KeyboardInterrupt
        text = line.strip()
        if not text:
            if default is not None:
                return default
            say("Nothing was typed.\n")
            continue
        if choices and text.isascii() and text.isdecimal() and len(text) < 5:
            if 1 <= int(text) <= len(choices):
                return choices[int(text) - 1][0]
            say(f"{text} is not one of the numbers 1 to {len(choices)}.\n")
            continue
        same = [key for key, shown in choices if text.casefold() in (key.casefold(), shown.casefold())]
        if same:
            return same[0]
        try:
            return meant(text)
        except CptError as error:
            say(f"{error}\n")


def _columns(entries: Sequence[str]) -> list[str]:
    """The entries in as many columns as the terminal holds, read downwards."""
    if len(entries) < 12:
        return [*entries]
    width = max(map(len, entries)) + 2
    across = max(1, min(3, shutil.get_terminal_size().columns // width))
    deep = -(-len(entries) // across)
    return ["".join(entry.ljust(width) for entry in entries[row::deep]).rstrip() for row in range(deep)]
