"""cpt check, cpt fee"""

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import BadValue, CptError, Exit, MissingOption, in_document
from . import complete
from .options import (
    AsJson,
    Diagnoses,
    Full,
    Html,
    NoColor,
    NoSettings,
    On,
    Plain,
    Rules,
    open_book,
    own_settings,
    service_day,
    today,
)
from .output import Form, deliver_fee, deliver_visit
from .service_options import Abn, Care, Claim, Discipline, Provider

if TYPE_CHECKING:
    from ..model.visit import Visit, VisitAnswer
    from ..rulebook.book import RuleBook
    from ..settings import Settings
    from ..visit.reading import GivenVisit

_FORM = "CODE[-MODIFIER...][:MINUTES][@START[-END]][xUNITS][+FACT...]"
_LARGEST = 2_000_000  # bytes of a visit's document
_ENDING = re.compile(r"\.(ya?ml|json|csv|tsv|txt|xlsx?|x12|837|edi)$", re.IGNORECASE)

Zip = Annotated[str | None, typer.Option("--zip", metavar="ZIP", help="Place of service, five digits.")]
Locality = Annotated[
    str | None, typer.Option(metavar="CONTRACTOR/LOCALITY", help="Medicare payment locality, as CMS lists it.")
]
State = Annotated[str | None, typer.Option(help="State of service, two letters.")]


def check(
    lines: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="LINE...|FILE",
            help="Claim lines as in the examples, or a visit file; - is standard input.",
            autocompletion=complete.codes,
        ),
    ] = None,
    payer: Annotated[
        str | None, typer.Option(help="Who pays, as 'palmetto'; 'other' if not listed.", autocompletion=complete.payers)
    ] = None,
    state: State = None,
    discipline: Discipline = None,
    provider: Provider = None,
    claim: Claim = None,
    unit_rule: Annotated[str | None, typer.Option(metavar="cms|cpt_midpoint", help="Default: the payer's.")] = None,
    diagnosis: Diagnoses = None,
    care: Care = None,
    abn: Abn = None,
    other_care: Annotated[
        list[str] | None,
        typer.Option(metavar="CARE", help="none, home_health, snf_part_a, snf_part_b or hospice. Repeatable."),
    ] = None,
    place_of_service: Annotated[
        str | None, typer.Option("--place-of-service", "--pos", metavar="NN", help="Two digits; 02 and 10: telehealth.")
    ] = None,
    year_to_date: Annotated[
        list[str] | None,
        typer.Option(metavar="BUCKET=USD", help="Therapy so far this year, as PT_SLP=2400. Repeatable."),
    ] = None,
    assistant_method: Annotated[
        str | None, typer.Option(metavar="exact|simple|percentage", help="How the assistant's share is measured.")
    ] = None,
    zip_code: Zip = None,
    locality: Locality = None,
    amount: Annotated[bool, typer.Option("--amount", help="Show the math of the expected allowed amount.")] = False,
    full: Full = False,
    as_json: AsJson = False,
    plain: Plain = False,
    html: Html = None,
    on: On = None,
    rules: Rules = None,
    no_color: NoColor = False,
    no_settings: NoSettings = False,
) -> int:
    """Check one patient's day: units, modifiers, edits, amount.

    A line is CODE[-MODIFIER...][:MINUTES][@START[-END]][xUNITS][+FACT...]. A FACT is student=15, aide=20, shared=45,
    patients=3, absent, discipline=OT, provider=student, pos=10, distinct=no. A visit file (YAML or JSON) can say more;
    options override it.
    Without lines, asks for them at a terminal. Exit 0: nothing to do. 1: something to fix or review. 2: not checked.

    \b
    Examples:
      cpt check 97110:25 97140:20 97026 --payer palmetto --discipline PT
      cpt check 97530:15 97140-59:10 --payer medicare --state SC --amount
      cpt check 97530-GP:45@9:00 97530-GO:45@9:00 --payer medicare
      cpt check visit.yaml --json
    """
    from msgspec import structs

    from ..settings import KEYS
    from ..visit.check import is_finding
    from ..visit.reading import with_options

    own = own_settings(no_settings, rules)
    book = open_book(rules, own)
    read = _given(lines or [])
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
        "other_care": other_care or [],
        "place_of_service": place_of_service,
        "year_to_date": year_to_date or [],
        "assistant_method": assistant_method,
        "zip": zip_code,
        "locality": locality,
        "service_date": service_day(on) if on is not None else None,
    }
    visit = with_options(read.visit, **options)
    try:
        visit, filled = _completed(book, visit, own, rules)
        found, taken = _checked(book, visit, own)
    except CptError as error:
        places = {**own.places_of(KEYS), **read.places}
        raise in_document(error, {key: each for key, each in places.items() if not options.get(key)}) from None
    found = structs.replace(found, visit=structs.replace(found.visit, from_settings=own.taken((*filled, *taken))))
    deliver_visit(found, Form(as_json, plain, full, no_color, html, tuple(lines or ())), amount)
    return Exit.FINDINGS if is_finding(found) else Exit.CLEAN


def _completed(book: "RuleBook", visit: "Visit", own: "Settings", rules: str | None) -> tuple["Visit", dict[str, str]]:
    """Return the visit with what the settings fill in, and those values. At a terminal, ask for what is missing.

    Raises MissingOption for a visit without lines.
    """
    from msgspec import structs

    filled = own.fill(_open_values(book, visit, own))
    missing = not visit.lines or (visit.payer is None and "payer" not in filled)
    if missing and sys.stdin.isatty() and sys.stdout.isatty():
        from .ask_visit import complete_visit

        visit = complete_visit(book, visit, rules, filled)
        filled = own.fill(_open_values(book, visit, own))
    visit = structs.replace(visit, **filled)
    if not visit.lines:
        options = ["LINE... or FILE", *(["--payer"] if visit.payer is None else [])]
        raise MissingOption(options, f"A line is {_FORM}.")
    return visit, filled


def _checked(book: "RuleBook", visit: "Visit", own: "Settings") -> tuple["VisitAnswer", tuple[str, ...]]:
    """Return the check, and the setting it took: the unit rule counts only where the payer's own is not known."""
    from msgspec import structs

    from ..cms.tables import open_tables
    from ..plan.plans import Plans
    from ..visit.check import check as check_visit

    with open_tables() as tables:
        plans = Plans(book, tables, today())
        found = check_visit(plans, visit)
        if not own.unit_rule or found.unit_rule is not None or not found.timed_minutes:
            return found, ()
        return check_visit(plans, structs.replace(visit, unit_rule=own.unit_rule)), ("unit_rule",)


def _open_values(book: "RuleBook", visit: "Visit", own: "Settings") -> dict[str, object]:
    """Return the visit's values for the settings to fill; not the discipline, where a line has another plan of care."""
    from msgspec import structs

    from ..advice.question import resolve_discipline

    given = structs.asdict(visit)
    if own.discipline is None or visit.discipline is not None:
        return given
    ours = book.discipline(resolve_discipline(book, own.discipline))
    plans = {each.modifier: each.id for each in book.disciplines()}
    for line in visit.lines:
        known = book.code(line.code)
        named = {*line.modifiers} & {*plans} or {*(known.therapy_modifiers if known else ())}
        if ours and named and ours.modifier not in named:
            given["discipline"] = plans.get(min(named))
    return given


def _given(typed: list[str]) -> "GivenVisit":
    """Return the visit in a file, or of the lines that were typed."""
    from ..model.visit import Visit
    from ..visit.reading import GivenVisit, read_document, read_line
    from ..visit.tidying import tidied

    files = [each for each in typed if each == "-" or _ENDING.search(each)]
    if len(typed) == 1 and (files or re.search(r"[\\/]", typed[0]) or Path(typed[0]).is_file()):
        name = "standard input" if typed[0] == "-" else typed[0]
        raw = _read(typed[0])
        _refuse_claims(raw, name)
        return read_document(raw, name, today())
    if files:
        raise BadValue("LINE", files[0], "lines, or one visit file")
    visit = Visit(lines=tuple(read_line(each) for each in typed))
    return GivenVisit(tidied(visit, "the command line") if typed else visit, {})


def _refuse_claims(raw: bytes, name: str) -> None:
    """Raise CptError for a table of charges, a workbook or an 837P: files with more than one day."""
    first = next((line for line in raw.lstrip(b"\xef\xbb\xbf\r\n\t ").splitlines() if line.strip()), b"")
    ending = name.lower().rpartition(".")[2]
    kind = None
    if first.startswith(b"ISA") or ending in ("837", "x12", "edi"):
        kind = "an 837 (X12) claim file"
    elif first.startswith(b"PK\x03\x04") or ending in ("xls", "xlsx"):
        kind = "a workbook (Excel)"
    elif ending in ("csv", "tsv") or _is_table(first):
        kind = "a table (CSV)"
    if kind:
        raise CptError(
            f"{name}: {kind}. cpt check reads one day: lines, or a visit file in YAML or JSON. For whole files: "
            f"cpt scrub {name}"
        )


def _is_table(first: bytes) -> bool:
    """Return whether a file's first line has several columns and is not YAML or JSON."""
    several = any(first.count(separator) >= 2 for separator in (b",", b"\t", b";", b"|"))
    return several and not first.startswith((b"{", b"[", b"-", b"#")) and re.search(rb":(\s|$)", first) is None


def _read(name: str) -> bytes:
    if name == "-":
        raw = sys.stdin.buffer.read(_LARGEST + 1)
    else:
        try:
            with Path(name).open("rb") as file:
                raw = file.read(_LARGEST + 1)
        except FileNotFoundError:
            raise CptError(f"{name}: no such file. Name a visit file that exists, or type lines: {_FORM}.") from None
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or error
            raise CptError(f"{name}: cannot be read ({why}). Name a visit file that exists, or type lines.") from None
    if len(raw) > _LARGEST:
        raise CptError(f"{name}: more than {_LARGEST:,} bytes; a visit has a few lines. Name a visit file.")
    return raw


def fee(
    code: Annotated[str, typer.Argument(help="CPT or HCPCS code.", autocompletion=complete.codes)],
    state: State = None,
    zip_code: Zip = None,
    locality: Locality = None,
    full: Full = False,
    as_json: AsJson = False,
    plain: Plain = False,
    html: Html = None,
    on: On = None,
    rules: Rules = None,
    no_color: NoColor = False,
    no_settings: NoSettings = False,
) -> int:
    """Medicare's fee for one unit of a code, with the math.

    By place and date of service. Exit 0 with an amount, 1 where none is on file or none is set.

    \b
    Examples:
      cpt fee 97110 --state SC --on 2025-10-15
    """
    from msgspec import structs

    from ..cms.tables import open_tables
    from ..visit.fees import fee_of

    own = own_settings(no_settings, rules)
    book = open_book(rules, own)
    place = {"state": state, "zip": zip_code, "locality": locality}
    filled = own.fill(place)
    place.update(filled)
    try:
        with open_tables() as tables:
            found = fee_of(book, tables, code, service_day(on), place["state"], place["zip"], locality)
    except CptError as error:
        raise in_document(error, own.places_of(filled)) from None
    found = structs.replace(found, from_settings=own.taken(filled))
    deliver_fee(found, Form(as_json, plain, full, no_color, html))
    return Exit.CLEAN if found.amount is not None else Exit.FINDINGS
