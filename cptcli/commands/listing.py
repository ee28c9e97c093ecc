"""cpt devices, cpt payers, cpt modalities, cpt explain"""

from typing import Annotated

import typer

from ..errors import Exit
from . import complete
from .options import AsJson, NoColor, On, Plain, Rules, open_book, service_day, today
from .output import deliver

Words = Annotated[list[str] | None, typer.Argument(metavar="[WORDS]", help="Only those whose names hold the words.")]


def devices(
    words: Words = None,
    modality: Annotated[
        str | None,
        typer.Option(help="Only devices of this modality, as 'infrared'.", autocompletion=complete.modalities),
    ] = None,
    as_json: AsJson = False,
    plain: Plain = False,
    rules: Rules = None,
    no_color: NoColor = False,
) -> int:
    """The devices the rule base knows, and what their manufacturers say about coding.

    \b
    Examples:
      cpt devices --modality laser
      cpt devices anodyne
    """
    from ..advice import listing

    deliver(listing.devices(open_book(rules), " ".join(words or ()), modality), as_json, plain, no_color)
    return Exit.CLEAN


def payers(
    words: Words = None,
    state: Annotated[
        str | None, typer.Option(help="Only payers of this state, two letters.", autocompletion=complete.states)
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option(help="Only payers of this kind, as 'contractor' or 'Medicaid'.", autocompletion=complete.kinds),
    ] = None,
    as_json: AsJson = False,
    plain: Plain = False,
    rules: Rules = None,
    no_color: NoColor = False,
) -> int:
    """The payers the rule base knows, and how many rules each has.

    \b
    Examples:
      cpt payers --state SC
      cpt payers palmetto
    """
    from ..advice import listing

    deliver(listing.payers(open_book(rules), " ".join(words or ()), state, kind), as_json, plain, no_color)
    return Exit.CLEAN


def modalities(
    words: Words = None,
    as_json: AsJson = False,
    plain: Plain = False,
    rules: Rules = None,
    no_color: NoColor = False,
) -> int:
    """The treatments the rule base knows, their codes, and the questions on which a code hangs.

    \b
    Examples:
      cpt modalities laser
    """
    from ..advice import listing

    deliver(listing.modalities(open_book(rules), " ".join(words or ())), as_json, plain, no_color)
    return Exit.CLEAN


def explain(
    rule: Annotated[
        str,
        typer.Argument(
            metavar="RULE-ID",
            help="The id of a rule, or of what else a finding names.",
            autocompletion=complete.explained,
        ),
    ],
    as_json: AsJson = False,
    plain: Plain = False,
    on: On = None,
    rules: Rules = None,
    no_color: NoColor = False,
) -> int:
    """One rule in full: words, dates, sources, where it is written, its examples.

    Whatever cpt check names in brackets is explained: rules, policies, modifiers, codes, unit rules, claim forms.

    \b
    Examples:
      cpt explain medicare-ncd-270-6
      cpt explain 59
    """
    from ..advice import listing

    deliver(listing.explain(open_book(rules), rule, service_day(on), today()), as_json, plain, no_color)
    return Exit.CLEAN
