"""cpt devices, cpt payers, cpt modalities, cpt explain"""

from typing import Annotated

import typer

from ..errors import Exit
from . import articles, complete
from .options import AsJson, Full, NoColor, On, Plain, Rules, open_book, service_day, today
from .output import Form, deliver

Words = Annotated[list[str] | None, typer.Argument(metavar="[WORDS]", help="Only names with these words.")]


def devices(
    words: Words = None,
    modality: Annotated[
        str | None,
        typer.Option(help="Only devices for this treatment, as 'infrared'.", autocompletion=complete.modalities),
    ] = None,
    full: Full = False,
    as_json: AsJson = False,
    plain: Plain = False,
    rules: Rules = None,
    no_color: NoColor = False,
) -> int:
    """Devices in our list, and each manufacturer's coding advice.

    \b
    Examples:
      cpt devices --modality laser
      cpt devices anodyne
    """
    from ..advice import listing

    deliver(listing.devices(open_book(rules), " ".join(words or ()), modality), Form(as_json, plain, full, no_color))
    return Exit.CLEAN


def payers(
    words: Words = None,
    state: Annotated[
        str | None, typer.Option(help="Only payers in this state, two letters.", autocompletion=complete.states)
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(help="Only payers of this kind, as 'contractor' or 'Medicaid'.", autocompletion=complete.kinds),
    ] = None,
    full: Full = False,
    as_json: AsJson = False,
    plain: Plain = False,
    rules: Rules = None,
    no_color: NoColor = False,
) -> int:
    """Payers in our list, and how many rules each has.

    \b
    Examples:
      cpt payers --state SC
      cpt payers palmetto
    """
    from ..advice import listing

    deliver(listing.payers(open_book(rules), " ".join(words or ()), state, kind), Form(as_json, plain, full, no_color))
    return Exit.CLEAN


def modalities(
    words: Words = None,
    full: Full = False,
    as_json: AsJson = False,
    plain: Plain = False,
    rules: Rules = None,
    no_color: NoColor = False,
) -> int:
    """Treatments in our list, with codes and what decides them.

    \b
    Examples:
      cpt modalities laser
    """
    from ..advice import listing

    deliver(listing.modalities(open_book(rules), " ".join(words or ())), Form(as_json, plain, full, no_color))
    return Exit.CLEAN


def explain(
    rule: Annotated[
        str,
        typer.Argument(
            metavar="RULE-ID",
            help="The id in brackets after a finding, or a code or modifier.",
            autocompletion=complete.explained,
        ),
    ],
    full: Full = False,
    as_json: AsJson = False,
    plain: Plain = False,
    on: On = None,
    rules: Rules = None,
    no_color: NoColor = False,
) -> int:
    """One rule in full: text, dates, sources, file, examples.

    Also what cpt check names in brackets: policies, modifiers, codes, unit rules, claim forms. And Medicare's articles
    and LCDs that you imported, by number.

    \b
    Examples:
      cpt explain medicare-ncd-270-6
      cpt explain 59
    """
    from ..advice import listing

    book, day = open_book(rules), service_day(on)
    found = articles.document_card(book, rule, day) or listing.explain(book, rule, day, today())
    deliver(found, Form(as_json, plain, full, no_color))
    return Exit.CLEAN
