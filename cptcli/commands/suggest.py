"""cpt suggest"""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import CptError, Exit, MissingOption, in_document
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
from .output import Form, deliver
from .service_options import Abn, Attended, Care, Claim, Discipline, Provider, Setting

if TYPE_CHECKING:
    from ..advice.question import Typed
    from ..model.answer import Answer
    from ..rulebook.book import RuleBook
    from ..settings import Settings


def suggest(
    modality: Annotated[
        str | None,
        typer.Option(help="The treatment, as 'infrared' or 'cold laser'.", autocompletion=complete.modalities),
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(help="The device or its manufacturer; 'other' if not listed.", autocompletion=complete.devices),
    ] = None,
    payer: Annotated[
        str | None, typer.Option(help="Who pays, as 'aetna'; 'other' if not listed.", autocompletion=complete.payers)
    ] = None,
    state: Annotated[str | None, typer.Option(help="Two letters; decides the Medicare contractor.")] = None,
    setting: Setting = None,
    attended: Attended = None,
    answer: Annotated[
        list[str] | None, typer.Option(help="Picks one of the cases that the page shows. Repeatable.")
    ] = None,
    diagnosis: Diagnoses = None,
    provider: Provider = None,
    discipline: Discipline = None,
    claim: Claim = None,
    care: Care = None,
    abn: Abn = None,
    coding_verification: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="The product's PDAC coding verification (formerly the SADMERC number)."),
    ] = None,
    full: Full = False,
    as_json: AsJson = False,
    plain: Plain = False,
    html: Html = None,
    on: On = None,
    rules: Rules = None,
    no_color: NoColor = False,
    no_settings: NoSettings = False,
) -> int:
    """Which code to bill for this device or treatment and payer.

    Also who says so, is it covered, what to attach. At a terminal, asks for a missing treatment, device or payer.
    What else the code depends on is shown case by case.

    \b
    Examples:
      cpt suggest --device anodyne --payer palmetto
      cpt suggest --modality "e-stim" --unattended --payer medicare --state SC
      cpt suggest --device anodyne --setting home
    """
    from msgspec import structs

    from ..advice.question import ATTENDANCE, Typed
    from ..advice.suggest import advise, is_finding
    from ..advice.typed import each_of

    own = own_settings(no_settings, rules)
    book = open_book(rules, own)
    typed = Typed(
        on=service_day(on),
        modality=modality,
        device=device,
        payer=payer,
        state=state,
        setting=setting,
        answers=(*(answer or ()), *(() if attended is None else (ATTENDANCE[not attended],))),
        diagnoses=each_of(diagnosis or ()),
        coding_verification=coding_verification,
        provider=provider,
        discipline=discipline,
        claim=claim,
        care=care,
        abn=abn,
    )
    defaults = own.fill(structs.asdict(typed))
    try:
        typed, filled = _completed(book, typed, own, rules)
        found = advise(book, typed, today())
        if found.code and found.question.diagnoses:
            found = _with_articles(book, found)
    except CptError as error:
        raise in_document(error, own.places_of(defaults)) from None
    found = structs.replace(found, question=structs.replace(found.question, from_settings=own.taken(filled)))
    deliver(found, Form(as_json, plain, full, no_color, html))
    return Exit.FINDINGS if is_finding(found) else Exit.CLEAN


def _completed(book: "RuleBook", typed: "Typed", own: "Settings", rules: str | None) -> tuple["Typed", dict[str, str]]:
    """Return the question with what the settings fill in, and those values. At a terminal, ask for what is missing.

    Raises MissingOption where neither treatment, device nor payer is given.
    """
    from msgspec import structs

    filled = own.fill(structs.asdict(typed))
    known = structs.replace(typed, **filled)
    missing = known.payer is None or (known.modality is None and known.device is None)
    if missing and sys.stdin.isatty() and sys.stdout.isatty():
        from .ask import complete

        typed = complete(book, typed, rules, filled)
        filled = own.fill(structs.asdict(typed))
        known = structs.replace(typed, **filled)
    if known.payer is None and known.modality is None and known.device is None:
        raise MissingOption(["--modality or --device", "--payer"])
    return known, filled


def _with_articles(book: "RuleBook", found: "Answer") -> "Answer":
    """Return an answer with what imported local articles say of the diagnoses given. Raises StoreUnusable."""
    from ..cms.tables import open_tables
    from ..plan.articles import LocalArticles

    with open_tables() as tables:
        return LocalArticles(book, tables).beside(found)
