"""cpt rules: for people who write rules."""

import os
from pathlib import Path
from typing import Annotated

import typer

from ..errors import BadValue, Exit, MissingOption
from .options import AsJson, On, Rules, open_book, rules_folder, service_day, today
from .output import tell, write_bytes, write_lines

app = typer.Typer(
    help="For people who write rules.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Folder = Annotated[
    str | None,
    typer.Argument(
        metavar="[DIR]", help="Your rule folder. Default: --rules or CPT_RULES, else the shipped rules alone."
    ),
]


@app.command()
def check(
    folder: Folder = None,
    rules: Rules = None,
    stale: Annotated[
        int | None, typer.Option(metavar="DAYS", min=0, help="List facts not checked for that many days.")
    ] = None,
) -> int:
    """Check every rule file, and report all problems of the run as file:line:column.

    Exit 0 when there are none, 1 when there are. With --stale, facts that nobody has looked at for that many days
    are listed too, the oldest first, with the links to look at; they are no problem.
    """
    from ..rulebook.check import check_parts
    from ..rulebook.compiled import shipped_folder
    from ..rulebook.files import Files
    from ..rulebook.load import Parts
    from ..rulebook.yaml_strict import HAS_C_LOADER

    if not HAS_C_LOADER:
        tell("Note: PyYAML was built without its C loader; the rules load more slowly.")
    own = rules_folder(folder if folder is not None else rules)
    parts = Parts()
    files = [Files(shipped_folder()), *([Files(own)] if own else [])]
    for clinic, each in enumerate(files):
        parts.add(each, clinic=bool(clinic))
    check_parts(parts)
    problems = [str(problem) for problem in sorted(set(parts.problems))]
    if not problems:
        from ..advice.examples import run_examples

        book = open_book(str(own) if own else None, alone=True)
        for ran in run_examples(book, today()):
            if ran.failure and (own is None or book.is_clinic_rule(ran.rule)):
                place = book.place("rule", ran.rule)
                problems.append(
                    f"{place}: example {ran.number} of {ran.rule!r} does not hold; expected what it gives, but "
                    f"{ran.failure}; mend the example or the rule"
                )
    write_lines(problems)
    count = sum(len(each.contents) for each in files)
    tell(f"{count} files, {len(parts.rules)} rules, {len(problems)} problem{'' if len(problems) == 1 else 's'}.")
    if stale is not None and not problems:
        from ..rulebook.workbench import stale_facts

        old = stale_facts(open_book(str(own) if own else None), stale, today())
        write_lines(
            f"{fact.checked} ({fact.days} days): {fact.kind} {fact.id}, {fact.place}: {' '.join(fact.links)}"
            for fact in old
        )
        tell(f"{len(old)} facts not checked for more than {stale} days.")
    return Exit.FINDINGS if problems else Exit.CLEAN


@app.command()
def test(folder: Folder = None, rules: Rules = None) -> int:
    """Run every example that stands beside a rule; of a folder of yours, those beside its own rules.

    Exit 0 when all hold, 1 when one does not or there is none.
    """
    from ..advice.examples import run_examples

    book = open_book(folder if folder is not None else rules)
    outcomes = [*run_examples(book, today())]
    own = [each for each in outcomes if book.is_clinic_rule(each.rule)] if book.receipt.folder else outcomes
    failed = [each for each in own if each.failure]
    write_lines(f"{each.rule} example {each.number} {each.example.asks}: {each.failure}" for each in failed)
    tell(f"{len(own)} examples, {len(failed)} failed.")
    if changed := [each for each in outcomes if each.failure and each not in own]:
        tell("Your folder changes what these shipped examples answer:")
        for each in changed:
            tell(f"  {each.rule} example {each.number} {each.example.asks}: {each.failure}")
    return Exit.FINDINGS if failed or not own else Exit.CLEAN


@app.command()
def path() -> int:
    """Where the shipped rules are, and your own folder when one is set."""
    from ..rulebook.compiled import shipped_folder

    own = rules_folder(None)
    write_lines([f"shipped: {shipped_folder()}", f"yours: {own or 'none (--rules DIR or CPT_RULES)'}"])
    return Exit.CLEAN


@app.command()
def schema(
    kind: Annotated[
        str | None, typer.Argument(metavar="[KIND]", help="A folder or file of the rules, as 'payers'.")
    ] = None,
) -> int:
    """The JSON Schema of the rule files, for editors; of one kind, or of all."""
    from ..rulebook.workbench import schema as schema_of
    from ..show.as_json import pretty

    write_bytes(pretty(schema_of(kind)))
    return Exit.CLEAN


@app.command()
def new(
    kind: Annotated[str, typer.Argument(metavar="payer|device|override", help="What to begin.")],
    name: Annotated[str, typer.Argument(help="Its name; for an override, the payer it is about.")],
    rules: Rules = None,
) -> int:
    """Begin a rule file in your own folder: commented, with blanks to fill in.

    \b
    Examples:
      cpt rules new payer "ACME Health" --rules our-rules
      cpt rules new override aetna --rules our-rules
    """
    from ..advice.asking import resolve_payer
    from ..rulebook.workbench import KINDS, id_from, new_files

    if kind not in KINDS:
        raise BadValue("KIND", kind, "payer, device or override")
    named = rules if rules is not None else os.environ.get("CPT_RULES")
    if not named:
        raise MissingOption(["--rules DIR"], "Your rule folder; it is made when it is not there.")
    key = id_from(name)
    if kind == "override":
        book = open_book(named if Path(named).is_dir() else None, alone=True)
        key = resolve_payer(book, name)
        held = book.payer(key)
        name = held.name if held else name
    for written in new_files(kind, key, name, Path(named), today()):
        write_lines([str(written)])
    tell(f"Fill in every blank (_____), then: cpt rules check {named}")
    return Exit.CLEAN


@app.command()
def diff(
    old: Annotated[str, typer.Argument(help="A rule folder, or 'shipped'.")],
    new: Annotated[str, typer.Argument(help="Another; a folder of yours is laid over the shipped rules.")],
    as_json: AsJson = False,
    on: On = None,
) -> int:
    """Which answers change between two rule bases, and for which questions.

    A folder with a rulebook.yaml is a rule base of its own, as the rules/ of another version; any other is laid over
    the shipped rules. Asks about the payers and treatments whose rules differ.

    Exit 0 when nothing changes, 1 when something does.
    """
    from ..advice.compare import changes
    from ..show.as_json import one_line

    books = [open_book(None if each == "shipped" else each, alone=True) for each in (old, new)]
    count = 0
    for change in changes(books[0], books[1], service_day(on)):
        count += 1
        asked = change.question
        about = asked.device or asked.modality or ""
        detail = f" ({', '.join((*asked.answers, *(['home'] if asked.setting == 'home' else [])))})"
        what = about + (detail if detail != " ()" else "")
        if as_json:
            row = {"question": asked, "before": change.before, "after": change.after}
            write_bytes(one_line(row))
        else:
            if count == 1:
                write_lines(["treatment or device\tpayer\tbefore\tafter"])
            write_lines([f"{what}\t{asked.payer}\t{change.before}\t{change.after}"])
    tell(f"{count} answer{'' if count == 1 else 's'} differ.")
    return Exit.FINDINGS if count else Exit.CLEAN


@app.command()
def coverage(rules: Rules = None, as_json: AsJson = False) -> int:
    """What the rule base covers, since when and how sure, and what is knowingly missing."""
    from ..advice.holdings import holdings
    from ..show.as_json import pretty

    book = open_book(rules)
    held = holdings(book)
    if as_json:
        receipt = {"version": book.edition.version, "sha256": book.receipt.sha256, "folder": book.receipt.folder}
        shown = {"schema": 1, "holdings": held, "rulebook": receipt}
        write_bytes(pretty(shown))
        return Exit.CLEAN
    for each in held:
        sure = ", ".join(f"{count} {grade}" for grade, count in each.evidence.items())
        checked = f"; checked {each.checked[0]} to {each.checked[1]}" if each.checked else ""
        since = f"; from {each.since}" if each.since else ""
        write_lines([f"{each.kind}: {each.count}{f' ({sure})' if sure else ''}{since}{checked}"])
        write_lines(f"  {what}: {len(ids)}: {', '.join(ids)}" for what, ids in each.missing.items() if ids)
    return Exit.CLEAN
