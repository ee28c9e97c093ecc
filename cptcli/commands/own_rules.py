"""cpt rules list and remove: the rules in your own rule folder."""

import sys
from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec import Struct

from ..errors import Exit, UnknownName
from .options import AsJson, NoColor, Plain, Rules, open_book, own_rules_folder, rules_folder
from .output import deliver_lines, tell
from .rule_folder import WouldBreak, contents_of, say_where

if TYPE_CHECKING:
    from ..rulebook.book import RuleBook


class _Line(Struct, frozen=True):
    """A rule of yours as `cpt rules list` shows it."""

    id: str
    payer: str
    headline: str
    effective: date | None
    ends: date | None
    place: str


def list_rules(rules: Rules = None, as_json: AsJson = False, plain: Plain = False, no_color: NoColor = False) -> int:
    """Your own rules: id, payer, headline, dates, file and line.

    \b
    Examples:
      cpt rules list
      cpt rules list --rules our-rules
    """
    folder = rules_folder(rules) or own_rules_folder(None)
    found = _own_lines(open_book(str(folder), alone=True)) if folder.is_dir() else []
    if sys.stdout.isatty() and not plain:
        lines = [text for each in found for text in (f"{each.place}  {each.id}", f"  {each.headline}{_dates(each)}")]
    else:
        heading = "id\tpayer\theadline\tfrom\tuntil\tplace"
        rows = ([each.id, each.payer, each.headline, str(each.effective or ""), str(each.ends or ""), each.place]
                for each in found)  # fmt: skip
        lines = [heading, *map("\t".join, rows)] if found else []
    deliver_lines({"folder": str(folder), "rules": found}, lines, as_json)
    tell(f"{len(found)} rule{'' if len(found) == 1 else 's'} of yours in {folder}.")
    if not found:
        tell("To save what a payer said: cpt rules add")
    return Exit.CLEAN


def _own_lines(book: "RuleBook") -> list[_Line]:
    own = (rule for key in book.keys("rules") if book.is_clinic_rule(key) and (rule := book.rule(key)))
    return [
        _Line(
            id=rule.id,
            payer=rule.payer or "",
            headline=rule.short or rule.says,
            effective=rule.effective,
            ends=rule.ends,
            place=(book.place("rule", rule.id) or "").rpartition(":")[0],
        )
        for rule in own
    ]


def _dates(line: _Line) -> str:
    parts = [f"{word} {day}" for word, day in (("from", line.effective), ("until", line.ends)) if day]
    return f" ({' '.join(parts)})" if parts else ""


def remove(
    rule: Annotated[str, typer.Argument(metavar="ID", help="The id of your rule, as in cpt rules list.")],
    rules: Rules = None,
    as_json: AsJson = False,
    plain: Plain = False,
    no_color: NoColor = False,
) -> int:
    """Delete one of your own rules, and its source if unused.

    Nothing else in your files changes.

    \b
    Examples:
      cpt rules remove our-aetna-infrared-refuses-97026 --rules our-rules
    """
    from ..rulebook.own_rules import file_of_rule, problems_of, shipped_parts, without_rule
    from .whole_files import write_all

    folder = rules_folder(rules) or own_rules_folder(None)
    shipped, wanted = shipped_parts(), rule.strip()
    contents = contents_of(folder)
    own = file_of_rule(contents, str(folder))
    if wanted not in own:
        raise _no_such_rule(wanted, [*own])
    before = {(each.file, each.what) for each in problems_of(shipped, folder, contents)}
    for keep_file in (False, True):
        changed = without_rule(contents, own[wanted], wanted, keep_file)
        left = {name: content for name, content in {**contents, **changed}.items() if content is not None}
        problems = [each for each in problems_of(shipped, folder, left) if (each.file, each.what) not in before]
        if not problems:
            break
    else:
        raise WouldBreak(problems, f"Change what needs {wanted} first.")
    write_all(folder, changed, contents)
    document: dict[str, object] = {"id": wanted, "folder": str(folder), "file": own[wanted], "files": [*changed]}
    deliver_lines(document, [f"{wanted}  {own[wanted]}: taken out"], as_json)
    say_where(folder, {name: "Deleted" if content is None else "Written" for name, content in changed.items()})
    return Exit.CLEAN


def _no_such_rule(wanted: str, own: list[str]) -> UnknownName:
    from ..rulebook.names import nearest

    if open_book(None, alone=True).rule(wanted):
        return UnknownName("rule of yours", wanted, (), "It is a shipped rule: override it with cpt rules add.")
    return UnknownName("rule of yours", wanted, nearest(wanted.casefold(), own), "cpt rules list shows them.")
