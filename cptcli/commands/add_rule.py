"""cpt rules add: what a payer said, saved in your own rule folder."""

import shlex
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec import Struct, structs

from ..commands import complete
from ..errors import BadValue, CptError, Exit
from .options import (
    AsJson,
    NoColor,
    Plain,
    Rules,
    default_rules_folder,
    own_rules_folder,
    own_settings,
    remember_rules_folder,
    service_day,
    today,
)
from .output import deliver_lines, tell
from .rule_folder import checked_book, contents_of, say_where, with_examples, with_payer

if TYPE_CHECKING:
    from ..advice.rule_effect import Effect
    from ..advice.typed_rule import TypedRule
    from ..model.rules import Payer
    from ..rulebook.book import RuleBook
    from ..rulebook.own_rules import Added

_SHOWN = 8  # changed answers on the page; --json has them all


def add(
    payer: Annotated[str | None, typer.Option(help="Who said it, as 'aetna'.", autocompletion=complete.payers)] = None,
    new_payer: Annotated[str | None, typer.Option(metavar="NAME", help="A payer not in our list.")] = None,
    kind: Annotated[str | None, typer.Option(help="Kind of new payer, as 'commercial insurer'.")] = None,
    device: Annotated[str | None, typer.Option(help="The device it is about.", autocompletion=complete.devices)] = None,
    modality: Annotated[
        str | None, typer.Option(help="The treatment it is about.", autocompletion=complete.modalities)
    ] = None,
    code: Annotated[
        str | None, typer.Option(help="The code it is about, as billed so far.", autocompletion=complete.codes)
    ] = None,
    use: Annotated[str | None, typer.Option(metavar="CODE", help="Bill this code instead.")] = None,
    verdict: Annotated[
        str | None, typer.Option(metavar="WORD", help="covered, conditional, bundled, investigational, not_covered.")
    ] = None,
    accepts: Annotated[
        list[str] | None, typer.Option(metavar="CODE", help="The payer accepts this code. Repeatable.")
    ] = None,
    refuses: Annotated[
        list[str] | None, typer.Option(metavar="CODE", help="The payer does not accept this code. Repeatable.")
    ] = None,
    modifier: Annotated[
        list[str] | None, typer.Option(metavar="XX", help="The line needs this modifier. Repeatable.")
    ] = None,
    document: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Where the payer said so, as 'Letter of 2026-06-12'.")
    ] = None,
    document_date: Annotated[str | None, typer.Option(metavar="DATE", help="The date on the document.")] = None,
    first: Annotated[str | None, typer.Option("--from", metavar="DATE", help="First date of service.")] = None,
    until: Annotated[str | None, typer.Option(metavar="DATE", help="Last date of service.")] = None,
    says: Annotated[str | None, typer.Option(metavar="TEXT", help="What the payer said, in your own words.")] = None,
    evidence: Annotated[
        str | None,
        typer.Option(
            metavar="WORD",
            help="primary: the payer's own text (default); secondary: reported by others; anecdotal: no document.",
        ),
    ] = None,
    confidence: Annotated[
        str | None, typer.Option(metavar="WORD", help="high, medium or low. Default: from the evidence.")
    ] = None,
    setting: Annotated[str | None, typer.Option(metavar="clinic|home", help="Only in this setting.")] = None,
    state: Annotated[str | None, typer.Option(help="Only in this state.", autocompletion=complete.states)] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the rule and what changes; write nothing.")] = False,
    rules: Rules = None,
    as_json: AsJson = False,
    plain: Plain = False,
    no_color: NoColor = False,
) -> int:
    """Save what a payer said as your own rule; show what changes.

    At a terminal, asks for what is missing. Your rule folder is created on first use. The rule is checked before it
    is saved. Exit 0: your rule decides. 1: another rule comes first. 2: nothing was saved.

    \b
    Examples:
      cpt rules add --new-payer ACME --device anodyne --use 97039 --document Fax
      cpt rules add --payer acme --code 97110 --modifier GP --document Manual
      cpt rules add --payer acme --device anodyne --verdict covered --document Fax
    """
    from ..advice.typed_rule import TypedRule

    typed = TypedRule(
        payer=payer,
        new_payer=new_payer,
        kind=kind,
        device=device,
        modality=modality,
        code=code,
        use=use,
        verdict=verdict,
        accepts=tuple(accepts or ()),
        refuses=tuple(refuses or ()),
        modifiers=tuple(modifier or ()),
        document=document,
        document_date=_day("--document-date", document_date),
        effective=_day("--from", first),
        ends=_day("--until", until),
        says=says,
        evidence=evidence,
        confidence=confidence,
        setting=setting,
        state=state,
    )
    folder = own_rules_folder(rules)
    own_settings(False, None)  # settings with a mistake stop here, before anything is written
    is_new = not folder.is_dir()
    kept = _keep(folder, typed, rules, dry_run)
    _report(folder, kept, as_json, dry_run)
    if dry_run:
        tell("Nothing was written (--dry-run).")
    else:
        say_where(folder, dict.fromkeys(kept.files, "Written"))
        _say_how_it_counts(folder, is_new)
        tell(f"To delete it: cpt rules remove {kept.added.rule.id}")
    return Exit.CLEAN if kept.effect.decides else Exit.FINDINGS


class _Kept(Struct, frozen=True):
    """A saved rule: the rule, its place, and what it changes."""

    added: "Added"
    effect: "Effect"
    place: str  # file:line in the folder
    files: tuple[str, ...]
    text: tuple[str, ...]  # the rule as it is written


def _keep(folder: Path, typed: "TypedRule", rules: str | None, dry_run: bool) -> _Kept:
    """Return the rule after checking the folder with it, and write it unless `dry_run`."""
    from ..advice.new_rule import new_rule
    from ..advice.rule_effect import effect
    from ..rulebook.compiled import open_rules
    from ..rulebook.own_rules import rule_lines, shipped_parts, with_rule
    from .whole_files import write_all

    shipped, contents = shipped_parts(), contents_of(folder)
    old = open_rules(folder if folder.is_dir() else None)
    if sys.stdin.isatty() and sys.stdout.isatty():
        from .ask_rule import complete_rule

        typed = complete_rule(old, typed, rules)
    payer = _new_payer(old, typed)
    if payer:
        old = with_payer(shipped, folder, contents, payer)
        typed = structs.replace(typed, payer=payer.id)
    new = new_rule(old, typed, today())
    added = with_examples(shipped, folder, contents, old, new, payer is None)
    changed = with_rule(contents, added)
    book = checked_book(shipped, folder, {**contents, **changed}, old)
    place = (book.place("rule", added.rule.id) or "").rpartition(":")[0]
    kept = _Kept(added, effect(old, book, new, today()), place, tuple(changed), tuple(rule_lines(added.rule)))
    if not dry_run:
        write_all(folder, changed, contents)
    return kept


def _new_payer(book: "RuleBook", typed: "TypedRule") -> "Payer | None":
    from ..advice.new_rule import new_payer

    if typed.new_payer is None:
        if typed.kind is not None:
            raise BadValue("--kind", typed.kind, "--new-payer NAME too")
        return None
    if typed.payer is not None:
        raise CptError("--payer and --new-payer both name the payer. Give one.")
    return new_payer(book, typed.new_payer, typed.kind)


def _say_how_it_counts(folder: Path, is_new: bool) -> None:
    """Say which answers use the folder; the default folder goes into the settings with its first rule."""
    if is_new and folder == default_rules_folder():
        tell(f"Your rules are in {folder} from now on.")
        if remember_rules_folder(folder):
            return
    if own_rules_folder(None) != folder:
        name = shlex.quote(str(folder))
        tell(f"Used with --rules {name}. To always use them: cpt settings set rules {name}")


def _report(folder: Path, kept: _Kept, as_json: bool, dry_run: bool) -> None:
    """Print the rule, its place, and every answer that changes."""
    rule, effect = kept.added.rule, kept.effect
    document = {
        "id": rule.id,
        "rule": rule,
        "source": kept.added.source,
        "folder": str(folder),
        "file": kept.place,
        "files": kept.files,
        "written": not dry_run,
        "question": effect.question,
        "before": effect.before,
        "after": effect.after,
        "decides": effect.decides,
        "changes": effect.others,
        "inherited_by": effect.below,
    }
    lines = [f"{rule.id}  {kept.place}", f"  {rule.short}", "", *_changes(effect)]
    deliver_lines(document, [*kept.text, "", *lines] if dry_run else lines, as_json)
    if not effect.decides:
        first = ", ".join(effect.after.rules) or "the code set"
        tell(
            f"{rule.id} does not decide this answer (decided by {first}). Weak evidence never overrules strong "
            "evidence, and a binding national rule is never overruled."
        )


def _changes(effect: "Effect") -> Iterator[str]:
    """Yield the answer to the rule's own question before and after, then the other answers that change."""
    from ..advice.rules_diff import asked_about

    asked = effect.question
    about = asked.device or asked.modality or asked.code or ""
    details = [*asked.answers, *([asked.state] if asked.state else []), *(["home"] if asked.setting == "home" else [])]
    in_brackets = f" ({', '.join(details)})" if details else ""
    yield f"{about}{in_brackets}, {asked.payer}, {asked.service_date}:"
    yield f"  before  {effect.before}"
    yield f"  after   {effect.after}"
    count = len(effect.others)
    others = "other answer changes" if count == 1 else "other answers change"
    yield f"{count or 'No'} {others}{':' if count else '.'}"
    for change in effect.others[:_SHOWN]:
        yield f"  {', '.join(asked_about(change))}: {change.before} -> {change.after}"
    if count > _SHOWN:
        yield f"  and {count - _SHOWN} more: --json lists all."
    if effect.below:
        yield f"Payers below it that inherit the rule: {len(effect.below)}."


def _day(option: str, typed: str | None) -> date | None:
    """Return the date that was typed. Raises CptError naming the option, where the reader of dates names --on."""
    if typed is None:
        return None
    try:
        return service_day(typed)
    except BadValue as error:
        raise CptError(str(error).replace("--on", option, 1), option=option, asked=typed) from None
