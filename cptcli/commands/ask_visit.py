"""Questions of `cpt check`: who pays, which state, whose plan of care, and what was done, line by line."""

import shlex
import sys
from collections.abc import Iterator, Mapping

from msgspec import structs

from ..advice.question import resolve_discipline, resolve_payer
from ..errors import CptError
from ..model.visit import Visit, VisitLine
from ..rulebook.book import RuleBook
from ..visit.reading import FORM, read_line
from ..visit.tidying import tidied
from .ask import ask, state_of, typed_line
from .options import today
from .output import tell


def complete_visit(book: RuleBook, visit: Visit, rules: str | None, defaults: Mapping[str, str]) -> Visit:
    """Return the visit with what was missing asked for: payer, state, discipline, and each line.

    Enter takes what the settings say.
    """
    first = visit
    if visit.payer is None:
        default = resolve_payer(book, defaults["payer"]) if "payer" in defaults else None
        visit = structs.replace(visit, payer=_payer_of_visit(book, default))
        payer = book.payer(resolve_payer(book, visit.payer or ""))
        if payer and payer.ask_state and visit.state is None:
            visit = structs.replace(visit, state=state_of(book, defaults.get("state")))
    if not visit.lines:
        if visit.discipline is None:
            visit = structs.replace(visit, discipline=_discipline(book, defaults.get("discipline")))
        visit = tidied(structs.replace(visit, lines=tuple(_lines(book))), "what was typed")
    if visit != first:
        tell(_same_visit_again(visit, rules))
    return visit


def _payer_of_visit(book: RuleBook, default: str | None) -> str:
    """Return the payer that was chosen or typed; the choices have a rule about a day's claim."""
    choices = [
        (key, known.short_name or known.name)
        for key in book.keys("payers")
        if (known := book.payer(key)) and known.jurisdiction is None and any(book.visit_rules_of(key))
    ]
    choices.sort(key=lambda each: each[1].casefold())
    choices.append((book.edition.other_payer, "other / not listed"))
    title = "Who pays? (payers with rules for a claim, or type any other)"
    return ask(title, choices, lambda text: resolve_payer(book, text), default)


def _discipline(book: RuleBook, default: str | None) -> str | None:
    """Return the discipline that was chosen; None when it is left open."""
    skip = "not given"
    choices = [(each.id, f"{each.id}, {each.name}") for each in book.disciplines()]
    found = ask("Whose plan of care?", choices, lambda text: resolve_discipline(book, text), default or skip)
    return None if found == skip else found


def _lines(book: RuleBook) -> Iterator[VisitLine]:
    """Yield each line typed until an empty one, and print the name of its code."""
    say, number = sys.stderr.write, 1
    say(f"\nWhat was done? One line each: {FORM}.\n")
    while True:
        typed = typed_line(f"line {number}{'; Enter: no more' if number > 1 else ''}")
        if not typed:
            if number > 1:
                return
            continue
        try:
            line = read_line(typed)
        except CptError as error:
            say(f"{error}\n")
            continue
        known = book.code(line.code)
        say(f"  {line.code}  {known.name if known else 'not in our list'}\n")
        number += 1
        yield line


def _same_visit_again(visit: Visit, rules: str | None) -> str:
    """Return the command line that checks the same visit without questions."""
    words = ["cpt", "check"]
    for line in visit.lines:
        minutes = f":{line.minutes}" if line.minutes is not None else ""
        units = f"x{line.units}" if line.units is not None else ""
        words.append(shlex.quote("-".join((line.code, *line.modifiers)) + minutes + units))
    for name in ("payer", "state", "discipline", "provider", "claim", "unit_rule", "abn", "care", "zip", "locality"):
        if value := getattr(visit, name):
            words += [f"--{name.replace('_', '-')}", shlex.quote(value)]
    if visit.service_date and visit.service_date != today():
        words += ["--on", visit.service_date.isoformat()]
    if rules:
        words += ["--rules", shlex.quote(rules)]
    return f"The same without questions: {' '.join(words)}\n"
