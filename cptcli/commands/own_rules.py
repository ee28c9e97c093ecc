"""cpt rules add, list and remove: what a payer said, saved in your own rule folder."""

import shlex
import sys
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec import Struct, structs

from ..errors import BadValue, CptError, Exit, RulesUnreadable, UnknownName
from . import complete
from .options import (
    AsJson,
    NoColor,
    Plain,
    Rules,
    default_rules_folder,
    open_book,
    own_rules_folder,
    own_settings,
    remember_rules_folder,
    rules_folder,
    service_day,
    today,
)
from .output import deliver_lines, tell

if TYPE_CHECKING:
    from ..advice.new_rule import NewRule, TypedRule
    from ..advice.rule_effect import Effect
    from ..model.rules import Payer
    from ..rulebook.book import RuleBook
    from ..rulebook.load import Parts
    from ..rulebook.own_rules import Added

_SHOWN = 8  # changed answers on the page; --json has them all


class WouldBreak(CptError):
    """A change after which the folder would have problems; has each of them."""

    def __init__(self, problems: Iterable[object], todo: str) -> None:
        found = [*map(str, problems)]
        listed = "".join(f"\n  {each}" for each in found)
        super().__init__(f"Nothing was written. With this change your rules would have a problem:{listed}\n{todo}",
                         problems=found)  # fmt: skip


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
    from ..advice.new_rule import TypedRule

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
        _say_where(folder, dict.fromkeys(kept.files, "Written"))
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

    shipped, contents = shipped_parts(), _contents(folder)
    old = open_rules(folder if folder.is_dir() else None)
    if sys.stdin.isatty() and sys.stdout.isatty():
        from .ask_rule import complete_rule

        typed = complete_rule(old, typed, rules)
    payer = _new_payer(old, typed)
    if payer:
        old = _with_payer(shipped, folder, contents, payer)
        typed = structs.replace(typed, payer=payer.id)
    new = new_rule(old, typed, today())
    added = _with_examples(shipped, folder, contents, old, new, payer is None)
    changed = with_rule(contents, added)
    book = _checked(shipped, folder, {**contents, **changed}, old)
    place = (book.place("rule", added.rule.id) or "").rpartition(":")[0]
    kept = _Kept(added, effect(old, book, new, today()), place, tuple(changed), tuple(rule_lines(added.rule)))
    if not dry_run:
        write_all(folder, changed, contents)
    return kept


def _contents(folder: Path) -> dict[str, bytes]:
    """Return the files of your rule folder, none where it does not exist yet. Raises BadValue for a whole rule base."""
    from ..rulebook.files import Files

    if not folder.is_dir():
        return {}
    contents = Files(folder).contents
    if "rulebook.yaml" in contents:
        raise BadValue("--rules", str(folder), "a folder of your own rules; this one is a whole rule base")
    return contents


def _new_payer(book: "RuleBook", typed: "TypedRule") -> "Payer | None":
    from ..advice.new_rule import new_payer

    if typed.new_payer is None:
        if typed.kind is not None:
            raise BadValue("--kind", typed.kind, "--new-payer NAME too")
        return None
    if typed.payer is not None:
        raise CptError("--payer and --new-payer both name the payer. Give one.")
    return new_payer(book, typed.new_payer, typed.kind)


def _with_payer(shipped: "Parts", folder: Path, contents: Mapping[str, bytes], payer: "Payer") -> "RuleBook":
    """Return the rule base with a new payer that has no rule yet."""
    from ..rulebook.own_rules import file_for_payer, laid_over, payer_file

    return laid_over(
        shipped, folder, {**contents, payer_file(contents, payer.id): file_for_payer(payer, known=False).encode()}
    )


def _with_examples(
    shipped: "Parts", folder: Path, contents: Mapping[str, bytes], old: "RuleBook", new: "NewRule", known: bool
) -> "Added":
    """Return the rule with its proven examples, and its source unless the folder has it already."""
    from ..advice.rule_effect import probes, proven, seen
    from ..rulebook.own_rules import Added, same_source, with_rule
    from ..visit.examples import run_examples

    source = same_source(contents, new.source)
    _refuse_same(old, new)
    examples, before = probes(old, new), seen(old, new.question, today())
    rule = structs.replace(new.rule, sources=(source or new.source.id,), examples=examples)
    added = Added(rule, None if source else new.source, new.payer, known)
    book = _open(shipped, folder, {**contents, **with_rule(contents, added)})
    failures = [ran.failure for ran in run_examples(book, today(), rule.id.__eq__)]
    return structs.replace(added, rule=structs.replace(rule, examples=proven(examples, failures, before)))


def _refuse_same(book: "RuleBook", new: "NewRule") -> None:
    """Raise CptError where a rule of yours says the same for the same dates with the same confidence."""
    apart = {"id": "", "short": None, "says": "", "checked": date.min, "sources": (), "examples": ()}
    wanted = structs.replace(new.rule, payer=new.payer.id, **apart)
    for each in book.rules_of(new.payer.id):
        if book.is_clinic_rule(each.id) and structs.replace(each, **apart) == wanted:
            raise CptError(
                f"Your rule {each.id} ({book.place('rule', each.id)}) says the same. Nothing was written. For a newer "
                f"document, delete it first: cpt rules remove {each.id}",
                rule=each.id,
            )


def _open(shipped: "Parts", folder: Path, contents: Mapping[str, bytes]) -> "RuleBook":
    """Return the rule base with a changed folder. Raises WouldBreak with the problems it would have."""
    from ..rulebook.files import LARGEST
    from ..rulebook.own_rules import laid_over

    for name, content in contents.items():
        if len(content) > LARGEST:
            raise WouldBreak([f"{name}: {len(content):,} bytes, more than {LARGEST:,}"], "Split the file in two first.")
    try:
        return laid_over(shipped, folder, contents)
    except RulesUnreadable as error:
        problems = error.facts["problems"]
        todo = "If a rule of yours is out of date, give its last date (ends: '...') or delete it: cpt rules remove ID"
        raise WouldBreak(problems if isinstance(problems, list) else [problems], todo) from None


def _checked(shipped: "Parts", folder: Path, contents: Mapping[str, bytes], old: "RuleBook") -> "RuleBook":
    """Return the rule base with the changed folder. Raises WouldBreak where an example of your rules now fails."""
    from ..visit.examples import run_examples

    book = _open(shipped, folder, contents)
    failing = [ran for ran in run_examples(book, today(), book.is_clinic_rule) if ran.failure]
    if failing:
        before = {(ran.rule, ran.number) for ran in run_examples(old, today(), old.is_clinic_rule) if ran.failure}
        problems = [
            f"{book.place('rule', ran.rule) or ran.rule}: example {ran.number} of {ran.rule!r}: {ran.failure}"
            for ran in failing
            if (ran.rule, ran.number) not in before
        ]
        if problems:
            raise WouldBreak(problems, "Fix that example or rule first, or delete the rule: cpt rules remove ID")
    return book


def _say_where(folder: Path, files: Mapping[str, str]) -> None:
    for name, what in files.items():
        tell(f"{what}: {folder / name}")


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
    from .rules import asked_about

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
    contents = _contents(folder)
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
    _say_where(folder, {name: "Deleted" if content is None else "Written" for name, content in changed.items()})
    return Exit.CLEAN


def _no_such_rule(wanted: str, own: list[str]) -> UnknownName:
    from ..rulebook.names import nearest

    if open_book(None, alone=True).rule(wanted):
        return UnknownName("rule of yours", wanted, (), "It is a shipped rule: override it with cpt rules add.")
    return UnknownName("rule of yours", wanted, nearest(wanted.casefold(), own), "cpt rules list shows them.")


def _day(option: str, typed: str | None) -> date | None:
    """Return the date that was typed. Raises CptError naming the option, where the reader of dates names --on."""
    if typed is None:
        return None
    try:
        return service_day(typed)
    except BadValue as error:
        raise CptError(str(error).replace("--on", option, 1), option=option, asked=typed) from None
