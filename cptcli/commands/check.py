"""cpt check, cpt fee"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import BadValue, CptError, Exit, MissingOption
from . import complete
from .options import AsJson, NoColor, On, Plain, Rules, open_book, service_day, today
from .output import deliver_visit

if TYPE_CHECKING:
    from ..visit.reading import ToldVisit

_LARGEST = 2_000_000  # bytes of a visit's document
_DOCUMENTS = (".yaml", ".yml", ".json")

Zip = Annotated[str | None, typer.Option("--zip", metavar="ZIP", help="Where it was done, five digits.")]
Locality = Annotated[
    str | None, typer.Option(metavar="CONTRACTOR/LOCALITY", help="Contractor and locality of CMS's table.")
]
State = Annotated[str | None, typer.Option(help="Two letters of where it was done.")]


def check(
    lines: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="LINE...|FILE",
            help="Lines as in the examples, or a visit file; - reads standard input.",
            autocompletion=complete.codes,
        ),
    ] = None,
    payer: Annotated[
        str | None, typer.Option(help="Who pays, as 'palmetto'; 'other' if not listed.", autocompletion=complete.payers)
    ] = None,
    state: State = None,
    discipline: Annotated[str | None, typer.Option(metavar="PT|OT|SLP", help="Whose plan of care it is.")] = None,
    provider: Annotated[
        str | None, typer.Option(help="Who furnishes it, as physical_therapist or chiropractor.")
    ] = None,
    claim: Annotated[
        str | None, typer.Option(metavar="professional|institutional", help="Default: professional.")
    ] = None,
    unit_rule: Annotated[str | None, typer.Option(metavar="cms|cpt_midpoint", help="Default: the payer's.")] = None,
    diagnosis: Annotated[list[str] | None, typer.Option(metavar="ICD10", help="As E11.42. Repeatable.")] = None,
    care: Annotated[str | None, typer.Option(metavar="active|maintenance", help="For spinal manipulation.")] = None,
    abn: Annotated[
        str | None, typer.Option(metavar="none|mandatory|voluntary", help="The notice (ABN) that the patient signed.")
    ] = None,
    year_to_date: Annotated[
        list[str] | None,
        typer.Option(metavar="BUCKET=USD", help="Therapy of the year before this visit, as PT_SLP=2400. Repeatable."),
    ] = None,
    assistant_method: Annotated[
        str | None, typer.Option(metavar="exact|simple|percentage", help="How an assistant's share is measured.")
    ] = None,
    zip_code: Zip = None,
    locality: Locality = None,
    amount: Annotated[bool, typer.Option("--amount", help="Show how the expected amount comes about.")] = False,
    as_json: AsJson = False,
    plain: Plain = False,
    on: On = None,
    rules: Rules = None,
    no_color: NoColor = False,
) -> int:
    """One patient's day: the claim's lines, and what would be wrong with them, for that payer and that day.

    A line is CODE[-MODIFIER...][:MINUTES][xUNITS]. A file (YAML or JSON) can say all there is; options overrule it.
    Asks line by line when run at a terminal with nothing behind it. Exit 0 when nothing has to be done, 1 when
    something has, 2 when it could not be checked.

    \b
    Examples:
      cpt check 97110:25 97140:20 97026 G0283 --payer palmetto --discipline PT
      cpt check 97530:15 97140-59:10 --payer medicare --state SC --discipline PT --amount
      cpt check visit.yaml --json
    """
    from ..cms.tables import open_tables
    from ..visit.check import check as check_visit
    from ..visit.check import is_finding
    from ..visit.reading import in_document, with_options

    book = open_book(rules)
    read = _told(lines or [])
    options: dict[str, Any] = {
        "payer": payer,
        "state": state,
        "discipline": discipline,
        "provider": provider,
        "claim": claim,
        "unit_rule": unit_rule,
        "diagnoses": diagnosis or [],
        "care": care,
        "abn": abn,
        "year_to_date": year_to_date or [],
        "assistant_method": assistant_method,
        "zip": zip_code,
        "locality": locality,
        "service_date": service_day(on) if on is not None else None,
    }
    visit = with_options(read.visit, **options)
    if sys.stdin.isatty() and sys.stdout.isatty() and (not visit.lines or visit.payer is None):
        from .ask_visit import complete_visit

        visit = complete_visit(book, visit, rules)
    if not visit.lines:
        missing = ["LINE... or FILE", *(["--payer"] if visit.payer is None else [])]
        raise MissingOption(missing, "A line is CODE[-MODIFIER...][:MINUTES][xUNITS].")
    try:
        with open_tables() as tables:
            found = check_visit(book, tables, visit, today())
    except CptError as error:
        told = {key: place for key, place in read.places.items() if not options.get(key)}
        raise in_document(error, told) from None
    deliver_visit(found, as_json, plain, no_color, amount)
    return Exit.FINDINGS if is_finding(found) else Exit.CLEAN


def _told(typed: list[str]) -> "ToldVisit":
    """The visit in a document, or the lines that were typed."""
    from ..visit.reading import ToldVisit, read_document, read_line, tidied
    from ..visit_model import Visit

    if len(typed) == 1 and (typed[0] == "-" or typed[0].lower().endswith(_DOCUMENTS) or Path(typed[0]).is_file()):
        raw = _read(typed[0])
        return read_document(raw, "standard input" if typed[0] == "-" else typed[0])
    if files := [each for each in typed if each == "-" or each.lower().endswith(_DOCUMENTS)]:
        raise BadValue("LINE", files[0], "lines, or one file alone")
    visit = Visit(lines=tuple(read_line(each) for each in typed))
    return ToldVisit(tidied(visit, "the command line") if typed else visit, {})


def _read(name: str) -> bytes:
    if name == "-":
        raw = sys.stdin.buffer.read(_LARGEST + 1)
    else:
        try:
            with Path(name).open("rb") as file:
                raw = file.read(_LARGEST + 1)
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or error
            raise CptError(f"{name}: cannot be read ({why}). Name a visit file that is there, or type lines.") from None
    if len(raw) > _LARGEST:
        raise CptError(f"{name}: more than {_LARGEST:,} bytes, where a visit has a few lines. Name a visit file.")
    return raw


def fee(
    code: Annotated[str, typer.Argument(help="A code.", autocompletion=complete.codes)],
    state: State = None,
    zip_code: Zip = None,
    locality: Locality = None,
    as_json: AsJson = False,
    plain: Plain = False,
    on: On = None,
    rules: Rules = None,
    no_color: NoColor = False,
) -> int:
    """What Medicare's fee schedule allows for one unit of a code, at one place, on one day, with the arithmetic.

    Exit 0 with an amount, 1 where none is held or set.

    \b
    Examples:
      cpt fee 97110 --state SC --on 2025-10-15
    """
    from ..cms.tables import open_tables
    from ..visit.fees import fee_of

    book = open_book(rules)
    with open_tables() as tables:
        found = fee_of(book, tables, code, service_day(on), state, zip_code, locality)
    deliver_visit(found, as_json, plain, no_color)
    return Exit.CLEAN if found.amount is not None else Exit.FINDINGS
