"""Questions of `cpt rules add`: which payer, about what, what it said, in which document, from which date."""

import shlex
from datetime import date
from typing import get_args

from msgspec import structs

from ..advice.new_rule import new_rule, read_code
from ..advice.question import Typed, resolve_payer, understand
from ..advice.typed_rule import CodeNotClear, Grade, Said, TypedRule
from ..errors import BadValue, CptError, UnknownName
from ..rulebook.book import RuleBook
from ..rulebook.names import upright
from ..rulebook.own_rules import one_line
from .ask import Choice, ask
from .options import service_day, today
from .output import tell

_NOT_KNOWN = "not known"
_OPTIONS = {"effective": "from", "ends": "until", "modifiers": "modifier"}  # where the option has another name
_EFFECTS: tuple[Choice, ...] = (
    ("use", "bill another code"),
    ("verdict", "whether it is covered"),
    ("accepts", "it accepts a code"),
    ("refuses", "it does not accept a code"),
    ("modifiers", "the line needs a modifier"),
)
_GRADES: tuple[Choice, ...] = (
    ("primary", "the payer's own text: letter, manual, policy, remittance"),
    ("secondary", "someone else reports it"),
    ("anecdotal", "no document: a phone call"),
)


def complete_rule(book: RuleBook, typed: TypedRule, rules: str | None) -> TypedRule:
    """Return the options with the missing ones asked for, and print the command line that does the same."""
    first = typed
    if not (typed.payer or typed.new_payer):
        typed = structs.replace(typed, payer=ask("Which payer said so?", [], lambda text: _payer(book, text)))
    if not typed.has_subject:
        kind, _, name = _ask_subject(book).partition(":")
        typed = structs.replace(typed, **{kind: name})
    if not typed.has_effect:
        typed = _ask_effect(book, typed)
    if not typed.document:
        typed = _ask_document(typed)
    typed = _ask_code(book, typed)
    if typed != first:
        tell(_same_again(typed, rules))
    return typed


def _payer(book: RuleBook, text: str) -> str:
    try:
        return resolve_payer(book, text)
    except UnknownName as error:
        raise CptError(f"{str(error).rpartition(' For a payer')[0]} To add a payer: --new-payer NAME.") from None


def _ask_subject(book: RuleBook) -> str:
    """Return the kind of subject and its name, as `device:anodyne`."""

    def meant(text: str) -> str:
        try:
            return f"code:{read_code(book, '--code', text, today())}"
        except CptError:
            pass
        try:
            device = understand(book, Typed(on=today(), device=text)).device
            return f"device:{device}" if device else _modality(book, text)
        except UnknownName:
            return _modality(book, text)

    return ask("What is it about? (a device, a treatment or a code)", [], meant)


def _modality(book: RuleBook, text: str) -> str:
    return f"modality:{understand(book, Typed(on=today(), modality=text)).modality}"


def _ask_effect(book: RuleBook, typed: TypedRule) -> TypedRule:
    effect = ask("What did the payer say?", _EFFECTS, _none_of_them)
    if effect == "verdict":
        choices = [(word, word.replace("_", " ")) for word in get_args(Said)]
        return structs.replace(typed, verdict=ask("Is it covered?", choices, _none_of_them))
    if effect == "modifiers":
        return structs.replace(typed, modifiers=(ask("Which modifier?", [], lambda text: _modifier(book, text)),))
    code = ask("Which code?", [], lambda text: read_code(book, "the code", text, today()))
    return structs.replace(typed, **{effect: code if effect == "use" else (code,)})


def _modifier(book: RuleBook, text: str) -> str:
    if book.modifier(upright(text)) is None:
        raise CptError(f"{text!r} is not a modifier in our list.")
    return upright(text)


def _none_of_them(text: str) -> str:
    raise CptError(f"{text!r} is none of them.")


def _ask_document(typed: TypedRule) -> TypedRule:
    """Return the options with the document, its date, its evidence, and the first date of service."""
    document = ask("In which document? (as Letter of 2026-06-12)", [], lambda text: one_line("--document", text))
    typed = structs.replace(typed, document=document)
    if typed.document_date is None:
        typed = structs.replace(typed, document_date=_ask_day("Which date is on it?", "--document-date"))
    if typed.evidence is None:
        typed = structs.replace(typed, evidence=ask("What is it?", _GRADES, _none_of_them, get_args(Grade)[0]))
    if typed.effective is None:
        typed = structs.replace(typed, effective=_ask_day("From which date of service on?", "--from"))
    return typed


def _ask_day(title: str, option: str) -> date | None:
    def meant(text: str) -> str:
        try:
            return service_day(text).isoformat()
        except BadValue as error:
            raise CptError(str(error).replace("--on", option, 1)) from None

    found = ask(title, [], meant, _NOT_KNOWN)
    return None if found == _NOT_KNOWN else date.fromisoformat(found)


def _ask_code(book: RuleBook, typed: TypedRule) -> TypedRule:
    """Return the options with the code billed so far, asked for where several are possible and one is replaced."""
    if not typed.use or typed.code or typed.new_payer:
        return typed
    try:
        new_rule(book, typed, today())
    except CodeNotClear as several:
        choices = [(code, f"{code}  {known.name}") for code in several.possible if (known := book.code(code))]
        code = ask("Which code is billed so far?", choices, lambda text: read_code(book, "the code", text, today()))
        return structs.replace(typed, code=code)
    return typed


def _same_again(typed: TypedRule, rules: str | None) -> str:
    """Return the command line that adds the same rule without questions."""
    words = ["cpt", "rules", "add"]
    for name in typed.__struct_fields__:
        value = getattr(typed, name)
        for each in value if isinstance(value, tuple) else (value,):
            if each is not None:
                words += [f"--{_OPTIONS.get(name, name.replace('_', '-'))}", shlex.quote(str(each))]
    if rules:
        words += ["--rules", shlex.quote(rules)]
    return f"The same without questions: {' '.join(words)}\n"
