"""cpt rules: your own rules, and tools for people who write rules."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import BadValue, Exit, MissingOption, RulesUnreadable
from . import add_rule, complete, own_rules
from .options import AsJson, NoColor, On, Plain, Rules, open_book, rules_folder, service_day, today
from .output import deliver_lines, tell, write_bytes

if TYPE_CHECKING:
    from ..rulebook.problem import Problem
    from ..rulebook.workbench import OldFact

app = typer.Typer(
    help="Your own rules, and tools for people who write rules.\n\n\b\nExamples:\n  cpt rules list\n  cpt rules check",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.command()(add_rule.add)
app.command("list")(own_rules.list_rules)
app.command()(own_rules.remove)

Folder = Annotated[
    str | None,
    typer.Argument(metavar="[DIR]", help="Your rule folder. Default: --rules, CPT_RULES, then the shipped rules only."),
]


@app.command()
def check(
    folder: Folder = None,
    rules: Rules = None,
    stale: Annotated[
        int | None, typer.Option(metavar="DAYS", min=0, help="Also list facts not checked for so many days.")
    ] = None,
    as_json: AsJson = False,
    plain: Plain = False,
    no_color: NoColor = False,
) -> int:
    """Check every rule file; list problems as file:line:column.

    Exit 0: no problem. 1: problems. --stale lists old facts too, oldest first, with the links to check; they do not
    count as problems.

    \b
    Examples:
      cpt rules check
      cpt rules check our-rules --stale 365
    """
    from msgspec import to_builtins

    from ..rulebook.check import check_parts
    from ..rulebook.compiled import shipped_folder
    from ..rulebook.files import Files
    from ..rulebook.load import loaded
    from ..rulebook.yaml_strict import HAS_C_LOADER

    if not HAS_C_LOADER:
        tell("Note: PyYAML was built without its C loader; the rules load more slowly.")
    own = rules_folder(folder if folder is not None else rules)
    files = [Files(shipped_folder()), *([Files(own)] if own else [])]
    parts = loaded(files[0])
    for each in files[1:]:
        parts.add(each, clinic=True)
    check_parts(parts)
    problems = sorted(set(parts.problems))
    if not problems:
        problems += _failed_examples(own)
    count = sum(len(each.contents) for each in files)
    old: list[OldFact] = []
    if stale is not None and not problems:
        from ..rulebook.workbench import stale_facts

        old = stale_facts(open_book(str(own) if own else None), stale, today())
    listed = (
        f"{fact.checked} ({fact.days} days): {fact.kind} {fact.id}, {fact.place}: {' '.join(fact.links)}"
        for fact in old
    )
    document = {"files": count, "rules": len(parts.rules), "problems": to_builtins(problems), "stale": old}
    deliver_lines(document, (*map(str, problems), *listed), as_json)
    tell(f"{count} files, {len(parts.rules)} rules, {len(problems)} problem{'' if len(problems) == 1 else 's'}.")
    if stale is not None and not problems:
        tell(f"{len(old)} facts not checked for more than {stale} days.")
    return Exit.FINDINGS if problems else Exit.CLEAN


def _failed_examples(own: Path | None) -> "Iterator[Problem]":
    """Yield a problem for each example that fails: of your folder, or of the shipped rules where there is none."""
    from ..rulebook.problem import Problem
    from ..visit.examples import run_examples

    book = open_book(str(own) if own else None, alone=True)
    for ran in run_examples(book, today(), book.is_clinic_rule if own else lambda _: True):
        if ran.failure:
            place = book.place("rule", ran.rule) or book.place("policy", ran.rule) or f"{ran.rule}:1:1"
            file, line, column = place.rsplit(":", 2)
            what = f"example {ran.number} of {ran.rule!r} does not hold"
            expected = f"what it gives, but {ran.failure}"
            yield Problem(file, int(line), int(column), what, expected, "fix the example or the rule")


@app.command()
def test(
    folder: Folder = None,
    rules: Rules = None,
    as_json: AsJson = False,
    plain: Plain = False,
    no_color: NoColor = False,
) -> int:
    """Run the examples in the rules; with a folder, only yours.

    Exit 0: all pass. 1: one fails, or there is none.

    \b
    Examples:
      cpt rules test our-rules
    """
    from ..visit.examples import run_examples

    book = open_book(folder if folder is not None else rules)
    outcomes = [*run_examples(book, today())]
    own = [each for each in outcomes if book.is_clinic_rule(each.rule)] if book.receipt.folder else outcomes
    failed = [each for each in own if each.failure]
    changed = [each for each in outcomes if each.failure and each not in own]
    document = {"examples": len(own), "failed": failed, "changed": changed}
    shown = (f"{each.rule} example {each.number} {each.example.asks}: {each.failure}" for each in failed)
    deliver_lines(document, shown, as_json)
    tell(f"{len(own)} examples, {len(failed)} failed.")
    if changed:
        tell("Your folder changes the answer of these shipped examples:")
        for each in changed:
            tell(f"  {each.rule} example {each.number} {each.example.asks}: {each.failure}")
    return Exit.FINDINGS if failed or not own else Exit.CLEAN


@app.command()
def path(rules: Rules = None, as_json: AsJson = False, plain: Plain = False, no_color: NoColor = False) -> int:
    """Where the shipped rules and your own are.

    \b
    Examples:
      cpt rules path
    """
    from ..rulebook.compiled import shipped_folder

    own = rules_folder(rules)
    shown = [f"shipped: {shipped_folder()}", f"yours: {own or 'none (--rules DIR or CPT_RULES)'}"]
    deliver_lines({"shipped": str(shipped_folder()), "yours": str(own) if own else None}, shown, as_json)
    return Exit.CLEAN


@app.command()
def schema(
    kind: Annotated[
        str | None, typer.Argument(metavar="[KIND]", help="A folder or file of the rules, as 'payers'.")
    ] = None,
    as_json: AsJson = False,
    plain: Plain = False,
    no_color: NoColor = False,
) -> int:
    """The JSON Schema of the rule files, for editors.

    Of one kind or of all; always JSON.

    \b
    Examples:
      cpt rules schema payers
    """
    from ..rulebook.workbench import schema as schema_of
    from ..show.as_json import pretty

    write_bytes(pretty(schema_of(kind)))
    return Exit.CLEAN


def _overridden(name: str, folder: str) -> tuple[str, str]:
    """Return id and name of the payer to override; from the shipped rules where the folder has blanks left."""
    from ..advice.question import resolve_payer

    try:
        book = open_book(folder if Path(folder).is_dir() else None, alone=True)
    except RulesUnreadable:
        book = open_book(None, alone=True)
    key = resolve_payer(book, name)
    payer = book.payer(key)
    return key, payer.name if payer else name


@app.command()
def new(
    kind: Annotated[str, typer.Argument(metavar="payer|device|override", help="What to start.")],
    name: Annotated[
        str | None,
        typer.Argument(
            help="Its name; for an override, the payer, or nothing for a blank.", autocompletion=complete.overridden
        ),
    ] = None,
    rules: Rules = None,
    as_json: AsJson = False,
    plain: Plain = False,
    no_color: NoColor = False,
) -> int:
    """Start a rule file in your folder, with blanks to fill in.

    \b
    Examples:
      cpt rules new payer "ACME Health" --rules new-rules
      cpt rules new override aetna --rules new-rules
    """
    from ..rulebook.validate import BLANK
    from ..rulebook.workbench import KINDS, id_from, new_files

    if kind not in KINDS:
        raise BadValue("KIND", kind, "payer, device or override")
    named = rules if rules is not None else os.environ.get("CPT_RULES")
    if not named:
        raise MissingOption(["--rules DIR"], "Your rule folder; it is created when missing.")
    if name is None and kind != "override":
        raise MissingOption(["NAME"], f"The name of the {kind}.")
    key = id_from(name) if name else BLANK
    if kind == "override" and name:
        key, name = _overridden(name, named)
    written = [*map(str, new_files(kind, key, name or BLANK, Path(named), today()))]
    deliver_lines({"written": written}, written, as_json)
    tell(f"Fill in every blank (_____), then: cpt rules check {named}")
    return Exit.CLEAN


@app.command()
def diff(
    old: Annotated[str, typer.Argument(help="A rule folder, or 'shipped'.")],
    new: Annotated[str, typer.Argument(help="Another one; your folder adds to the shipped rules.")],
    as_json: AsJson = False,
    plain: Plain = False,
    on: On = None,
    no_color: NoColor = False,
) -> int:
    """Which answers change between two rule folders.

    A folder with a rulebook.yaml is a whole rule base; any other adds to the shipped rules.

    Compares code, coverage and required modifiers, not the words, wherever something differs: every treatment with
    each of its cases, in the clinic and at home; every device in each setting; every payer, and the states whose
    contractor or rules differ; with no diagnosis, with one for each list that decides, and with one on no list.

    Exit 0: nothing changes. 1: something does.

    \b
    Examples:
      cpt rules diff shipped our-rules
    """
    from ..advice.rules_diff import asked_about, changes

    books = [open_book(None if each == "shipped" else each, alone=True) for each in (old, new)]
    day = service_day(on)
    found = [*changes(books[0], books[1], day)]
    rows = ["\t".join((*asked_about(change), change.before, change.after)) for change in found]
    document = {"service_date": day, "changes": found, "old": books[0].receipt, "new": books[1].receipt}
    deliver_lines(document, ["treatment or device\tpayer\tbefore\tafter", *rows] if rows else [], as_json)
    tell(f"{len(found)} answer{'' if len(found) == 1 else 's'} differ.")
    return Exit.FINDINGS if found else Exit.CLEAN


@app.command()
def coverage(rules: Rules = None, as_json: AsJson = False, plain: Plain = False, no_color: NoColor = False) -> int:
    """What the rules cover, how sure, and what is missing.

    A payer counts by the strongest evidence of its own rules, a code by that of its sources.

    \b
    Examples:
      cpt rules coverage
    """
    from ..advice.inventory import inventory
    from ..compose.backing import table_line

    book = open_book(rules)
    counts = inventory(book)
    tables = [table for key in book.keys("tables") if (table := book.table(key))]
    lines = []
    for each in counts:
        grades = (
            f"{word} {', '.join(f'{count} {grade}' for grade, count in counted.items())}"
            for word, counted in (("evidence", each.evidence), ("confidence", each.confidence))
            if counted
        )
        sure = "; ".join(grades)
        checked = f"; checked {each.checked[0]} to {each.checked[1]}" if each.checked else ""
        since = f"; from {each.since}" if each.since else ""
        lines.append(f"{each.kind}: {each.count}{f' ({sure})' if sure else ''}{since}{checked}")
        lines += [f"  {what}: {len(ids)}: {', '.join(ids)}" for what, ids in each.missing.items() if ids]
    lines += [f"  {table.id}: {table_line(table)}" for table in tables]  # the last of the kinds
    deliver_lines({"holdings": counts, "tables": tables, "rulebook": book.receipt}, lines, as_json)
    return Exit.CLEAN
