"""cpt data: CMS's own files, imported for this user."""

import re
from pathlib import Path
from typing import Annotated

import typer

from ..errors import BadValue, CptError, Exit
from . import complete
from .options import AsJson, Full, NoColor, Plain, today
from .output import Form, deliver_data, tell

app = typer.Typer(
    help="CMS's own files: import them, list what is on file. CPT_DATA names the folder of the store.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.command("import")
def import_files(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE...", help="As CMS publishes them: zip, txt, csv, xlsx, or .gz.")
    ],
    quarter: Annotated[
        str | None, typer.Option(metavar="QUARTER", help="Such as 2026Q3, if the file name does not give it.")
    ] = None,
    table: Annotated[
        str | None,
        typer.Option(metavar="TABLE", help="practitioner or outpatient, if the file name does not say."),
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace an earlier import that differs.")] = False,
    license_: Annotated[
        bool,
        typer.Option(
            "--i-have-an-ama-license",
            help="Store the AMA's CPT descriptors too, for your own use. You need the AMA's license.",
        ),
    ] = False,
    license_as_before: Annotated[bool, typer.Option("--i-have-an-ama-licence", hidden=True)] = False,
    all_: Annotated[
        bool,
        typer.Option("--all", help="Coverage database: keep every article, not only those on codes in our list."),
    ] = False,
    full: Full = False,
    as_json: AsJson = False,
    plain: Plain = False,
    no_color: NoColor = False,
) -> int:
    """Import CMS's own files. Answers then use them.

    Files are recognized by their content: NCCI PTP edits and MUEs, fee schedule relative values (PPRRVU), practice cost
    indices (GPCI), ZIP codes to localities (ZIP5), HCPCS Level II (ANWEB), and the Medicare Coverage Database
    (current_article.zip, current_lcd.zip, ncd.zip, all_article.zip, all_lcd.zip; or the folder of one, extracted).
    A file is stored whole or not at all; importing it again changes nothing. Exit 2 if a file could not be stored.

    \b
    Examples:
      cpt data import medicare-ncci-2026q3-practitioner-ptp-edits-ccipra-v322r0-f*.zip
      cpt data import RVU26C.zip
      cpt data import current_article.zip current_lcd.zip
    """
    from ..cms.cells import CLAIMS, Given
    from ..cms.importing import import_files as store_files
    from ..cms.store import store_path
    from ..cms.tables import open_tables
    from ..show.progress import watched

    found = re.fullmatch(r"(20[0-9]{2})[- ]?[Qq]([1-4])", (quarter or "").strip())
    if quarter is not None and not found:
        raise BadValue("--quarter", quarter, "a quarter like 2026Q3")
    if table is not None and table not in CLAIMS:
        raise BadValue("--table", table, f"one of {', '.join(CLAIMS)}")
    try:
        with open_tables(shipped_alone=True) as shipped, watched() as progress:
            given = Given(
                f"{found[1]} Q{found[2]}" if found else None,
                CLAIMS[table] if table else None,
                license_ or license_as_before,
                shipped,
                None if all_ else _codes_on_file,
                _article_subjects,
            )
            done = store_files([Path(file) for file in files], given, store_path(), today(), replace, progress)
    except (KeyboardInterrupt, CptError) as error:
        for note in getattr(error, "__notes__", ()):
            tell(f"cpt: {note}")
        raise
    deliver_data(done, Form(as_json, plain, full, no_color))
    problems = [file.problem for file in done.files if file.problem]
    for problem in problems:
        tell(f"cpt: {problem}")
    return Exit.NO_ANSWER if problems else Exit.CLEAN


def _codes_on_file() -> frozenset[str]:
    """Return the codes of the shipped rule base: the articles on these are kept."""
    from ..rulebook.compiled import open_rules

    return frozenset(open_rules().keys("codes"))


def _article_subjects() -> tuple[str, ...]:
    """Return the phrases in the title of a document on this field."""
    from ..rulebook.compiled import open_rules

    return open_rules().edition.article_subjects


@app.command("list")
def list_tables(full: Full = False, as_json: AsJson = False, plain: Plain = False, no_color: NoColor = False) -> int:
    """The tables on file: imported, and shipped with cpt.

    \b
    Examples:
      cpt data list
    """
    from ..cms.inventory import inventory
    from ..cms.store import store_path

    deliver_data(inventory(store_path()), Form(as_json, plain, full, no_color))
    return Exit.CLEAN


@app.command()
def remove(
    editions: Annotated[
        list[str],
        typer.Argument(metavar="EDITION...", help="As named by cpt data list.", autocompletion=complete.editions),
    ],
) -> int:
    """Remove tables that you imported.

    \b
    Examples:
      cpt data remove mue-professional-2026-q2
    """
    from ..cms.inventory import remove as take_out
    from ..cms.store import store_path

    take_out(editions, store_path())
    tell(f"{len(editions)} removed.")
    return Exit.CLEAN


@app.command()
def verify(full: Full = False, as_json: AsJson = False, plain: Plain = False, no_color: NoColor = False) -> int:
    """Check every imported table for damage. Exit 1 if something is damaged.

    \b
    Examples:
      cpt data verify
    """
    from ..cms.inventory import verify as check
    from ..cms.store import store_path

    found = check(store_path())
    deliver_data(found, Form(as_json, plain, full, no_color))
    return Exit.FINDINGS if found.problems or any(part.problem for part in found.parts) else Exit.CLEAN
