"""cpt suggest"""

import sys
from typing import Annotated

import typer

from ..errors import Exit, MissingOption
from . import complete
from .options import AsJson, NoColor, On, Plain, Rules, open_book, service_day, today
from .output import deliver


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
    state: Annotated[str | None, typer.Option(help="Two letters; finds the Medicare contractor.")] = None,
    setting: Annotated[str | None, typer.Option(metavar="clinic|home", help="Default: clinic.")] = None,
    attended: Annotated[
        bool | None,
        typer.Option("--attended/--unattended", help="Whether the clinician stayed with the patient throughout."),
    ] = None,
    answer: Annotated[
        list[str] | None, typer.Option(help="Answer to the question on which the modality's code hangs. Repeatable.")
    ] = None,
    diagnosis: Annotated[
        list[str] | None, typer.Option(metavar="ICD10", help="A diagnosis, as E11.42. Repeatable.")
    ] = None,
    provider: Annotated[
        str | None, typer.Option(help="Who furnishes it, as physical_therapist or chiropractor.")
    ] = None,
    coding_verification: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="The product's PDAC coding verification (formerly the SADMERC number)."),
    ] = None,
    as_json: AsJson = False,
    plain: Plain = False,
    on: On = None,
    rules: Rules = None,
    no_color: NoColor = False,
) -> int:
    """The recommended code for a device, a payer and a day: who says so, will it be paid, what to attach.

    Asks for what is missing when run at a terminal.

    \b
    Examples:
      cpt suggest --device anodyne --payer palmetto
      cpt suggest --modality "electrical stimulation" --unattended --payer medicare --state SC
      cpt suggest --device anodyne --setting home
    """
    from ..advice.asking import ATTENDANCE, Typed, understand
    from ..advice.suggest import is_finding
    from ..advice.suggest import suggest as advise

    book = open_book(rules)
    typed = Typed(
        on=service_day(on),
        modality=modality,
        device=device,
        payer=payer,
        state=state,
        setting=setting,
        answers=(*(answer or ()), *(() if attended is None else (ATTENDANCE[not attended],))),
        diagnoses=tuple(diagnosis or ()),
        coding_verification=coding_verification,
        provider=provider,
    )
    if sys.stdin.isatty() and sys.stdout.isatty():
        from .ask import complete

        typed = complete(book, typed, rules)
    elif typed.payer is None and typed.modality is None and typed.device is None:
        raise MissingOption(["--modality or --device", "--payer"])
    found = advise(book, understand(book, typed), today())
    deliver(found, as_json, plain, no_color)
    return Exit.FINDINGS if is_finding(found) else Exit.CLEAN
