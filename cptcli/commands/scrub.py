"""cpt scrub"""

import gc
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import BadValue, Exit
from . import complete
from .options import AsJson, Html, NoSettings, Rules, own_settings, rules_folder, today
from .output import tell, write_bytes

if TYPE_CHECKING:
    from ..claims.columns import Found
    from ..claims.layouts import Layout
    from ..model.scrub import ScrubSummary, Terms
    from ..scrub.line_part import Form
    from ..settings import Settings

_STDIN = "-"


def scrub(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE...", help="CSV, Excel, Parquet, 837P or FHIR; .gz too; - is stdin.")
    ],
    out: Annotated[
        str | None, typer.Option(metavar="FILE", help="The annotated file, or a folder for several. Default: stdout.")
    ] = None,
    payer: Annotated[
        str | None, typer.Option(help="Who pays every line, whatever the file says.", autocompletion=complete.payers)
    ] = None,
    state: Annotated[str | None, typer.Option(help="State of service, two letters.")] = None,
    discipline: Annotated[
        str | None, typer.Option(metavar="PT|OT|SLP", help="Plan of care of lines without GP, GO, GN.")
    ] = None,
    provider: Annotated[str | None, typer.Option(help="Who treats, as physical_therapist.")] = None,
    map_: Annotated[str | None, typer.Option("--map", metavar="FILE", help="A column map: code: CPT.")] = None,
    preset: Annotated[str | None, typer.Option(metavar="NAME", help="Columns of a known export, as openemr.")] = None,
    save_map: Annotated[str | None, typer.Option(metavar="FILE", help="Save the columns used as a map.")] = None,
    jobs: Annotated[int, typer.Option(metavar="N", min=1, max=256, help="Processes. Same output as one.")] = 1,
    fail_on: Annotated[str, typer.Option(metavar="block|warn|never", help="What makes exit code 1.")] = "warn",
    summary: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write the summary there too; .json for JSON.")
    ] = None,
    html: Html = None,
    as_json: AsJson = False,
    read_only: Annotated[bool, typer.Option("--read-only", help="Write the lines as read, without checks.")] = False,
    rules: Rules = None,
    no_settings: NoSettings = False,
) -> int:
    """Check whole files: charge exports and claims, line by line.

    Tables come back as they are, with cpt_ columns added; an 837P or FHIR file gives a table of its lines. Lines of one
    patient, day, payer and billing provider are judged together. The summary goes to stderr, with --json to stdout.
    Exit 0: nothing found. 1: something to fix or review, or nothing to check. 2: not read; nothing was written.

    \b
    Examples:
      cpt scrub charges.csv --out checked.csv
      cpt scrub claims.837 --out lines.csv --html summary.html
      cpt scrub charges.csv --payer medicare --state SC --json
    """
    if fail_on not in ("block", "warn", "never"):
        raise BadValue("--fail-on", fail_on, "block, warn or never")
    if _STDIN in files and len(files) > 1:
        raise BadValue("FILE", _STDIN, "standard input alone, or files")
    from ..scrub.run import Choice, Watch
    from ..scrub.run import scrub as scrub_files
    from ..show.progress import watched_lines
    from .annotated_files import Outputs, stopped_by_sigterm

    own = own_settings(no_settings, rules)
    terms, filled = _terms(own, rules, payer=payer, state=state, discipline=discipline, provider=provider)
    paths = {option: _path(option, name, files) for option, name in (("--summary", summary), ("--save-map", save_map))}
    layout = _layout(map_, preset)

    def guessed(name: str, found: "Found") -> None:
        how = "saved by --save-map" if save_map else "--save-map FILE keeps it, --map FILE uses it"
        tell(f"{name}: columns guessed from row {found.row} ({how}):\n{found.layout.as_yaml()}".rstrip())

    watch = Watch()
    form: Form = "jsonl" if out and out.lower().endswith((".jsonl", ".ndjson")) else "csv"
    choice = Choice(layout, form, read_only, jobs, guessed=guessed, used=_saver(paths["--save-map"]))
    outputs = Outputs(out, files, read_only, write_bytes if not as_json else lambda content: None)
    gc.enable()  # a long run, other than every other command: see __main__
    try:
        with stopped_by_sigterm(), outputs, watched_lines() as see:
            watch.see = see
            done = scrub_files(files, terms, choice, outputs.of, watch)
            outputs.finish()
    except KeyboardInterrupt:
        tell(f"cpt: {watch.lines:,} lines were read. {'Nothing was written.' if out else ''}".rstrip())
        raise
    _deliver(_with_settings(done, own, filled), paths["--summary"], html, as_json, read_only, files)
    return _code(done, fail_on, read_only)


def _code(done: "ScrubSummary", fail_on: str, read_only: bool) -> int:
    found = done.block or done.nothing_to_check or (fail_on == "warn" and done.warn)
    return Exit.FINDINGS if found and fail_on != "never" and not read_only else Exit.CLEAN


def _terms(own: "Settings", rules: str | None, **given: str | None) -> "tuple[Terms, list[str]]":
    """Return what is the same for every line, and which of it comes from the settings."""
    from ..model.scrub import Terms
    from ..model.visit import Visit
    from ..visit.reading import with_options

    folder = rules_folder(rules, own)
    filled = own.fill({**given, "zip": None, "claim": None})
    usual = filled.pop("payer", None)
    read = with_options(Visit(lines=()), provider=given["provider"] or filled.get("provider"))
    terms = Terms(
        today=today(),
        payer=given["payer"],
        usual_payer=usual,
        state=given["state"] or filled.get("state"),
        zip=filled.get("zip"),
        discipline=given["discipline"] or filled.get("discipline"),
        provider=read.provider,
        claim=filled.get("claim"),
        unit_rule=own.unit_rule,
        rules=str(folder) if folder else None,
    )
    return terms, [*(["payer"] if usual else []), *filled]


def _with_settings(done: "ScrubSummary", own: "Settings", filled: list[str]) -> "ScrubSummary":
    from msgspec import structs

    return structs.replace(done, from_settings=own.taken(filled))


def _layout(map_: str | None, preset: str | None) -> "Layout | None":
    if map_ is None and preset is None:
        return None
    from ..claims import layouts

    if map_ is not None and preset is not None:
        raise BadValue("--preset", preset, "either --map or --preset")
    return layouts.load_map(Path(map_)) if map_ is not None else layouts.preset(preset or "")


def _path(option: str, name: str | None, files: list[str]) -> Path | None:
    if name is None:
        return None
    from .page_file import page_path

    return page_path(name, files, option, ())


def _saver(path: Path | None) -> Callable[["Layout"], None]:
    def save(layout: "Layout") -> None:
        if path:
            from .page_file import write_file

            write_file("--save-map", path, layout.as_yaml().encode())

    return save


def _deliver(
    done: "ScrubSummary", summary: Path | None, html: str | None, as_json: bool, read_only: bool, files: list[str]
) -> None:
    """Write the summary: to stderr, as JSON to stdout, to the file of --summary, and as a web page."""
    from ..compose.layout import WIDTH, lines_of
    from ..compose.scrub import scrub_page
    from ..show.as_json import to_json

    if read_only:
        tell("\n".join(f"{each.name}: {each.lines:,} lines read, not checked." for each in done.files))
        for each in done.files:
            for what in each.oddities:
                tell(f"  {what}")
        return
    drawn = ["".join(text for text, _ in line) for line in lines_of(scrub_page(done, False).sheet, WIDTH)]
    text = "\n".join(line.rstrip() for line in drawn) + "\n"
    if summary:
        from .page_file import write_file

        write_file("--summary", summary, to_json(done) if summary.suffix == ".json" else text.encode())
    if html:
        from ..show.html import page
        from .page_file import STDOUT, page_path, write_page

        drawn_page = page(scrub_page(done, True).sheet, True, None).encode("utf-8", "replace")
        if html == STDOUT:
            write_bytes(drawn_page)
        else:
            write_page(page_path(html, files), drawn_page)
    if as_json:
        write_bytes(to_json(done))
    tell(text.rstrip("\n"))
