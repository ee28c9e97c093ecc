"""cpt compare"""

from typing import Annotated

import typer

from ..errors import CptError, Exit, in_document
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
from .output import Form, deliver, write_bytes
from .service_options import Attended, Provider, Setting


def compare(
    modality: Annotated[
        list[str] | None,
        typer.Option(
            help="The treatment, as 'cold laser'. Repeatable with one payer.", autocompletion=complete.modalities
        ),
    ] = None,
    device: Annotated[
        str | None, typer.Option(help="The device or its manufacturer.", autocompletion=complete.devices)
    ] = None,
    payer: Annotated[
        list[str] | None,
        typer.Option(help="Who pays, as 'aetna'. Repeatable with one treatment.", autocompletion=complete.payers),
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", "--all-payers", help="Also payers or treatments without a rule in our list.")
    ] = False,
    state: Annotated[
        str | None,
        typer.Option(help="Two letters: only payers of this state.", autocompletion=complete.states),
    ] = None,
    setting: Setting = None,
    attended: Attended = None,
    diagnosis: Diagnoses = None,
    provider: Provider = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="The table as CSV, for a spreadsheet.")] = False,
    full: Full = False,
    as_json: AsJson = False,
    plain: Plain = False,
    html: Html = None,
    on: On = None,
    rules: Rules = None,
    no_color: NoColor = False,
    no_settings: NoSettings = False,
) -> int:
    """Compare payers for a treatment, or treatments for a payer.

    One row each: code, covered or not, how sure; covered first. Without --all, only those with a rule in our list.

    \b
    Examples:
      cpt compare --device anodyne
      cpt compare --modality "cold laser" --state NJ
      cpt compare --payer aetna
      cpt compare --payer aetna --csv > aetna.csv
    """  # fmt: skip
    from msgspec import structs

    from ..advice.comparison import Asked
    from ..advice.comparison import compare as compared
    from ..advice.question import ATTENDANCE, Typed
    from ..advice.typed import each_of

    own = own_settings(no_settings, rules)
    book = open_book(rules, own)
    typed = Typed(
        on=service_day(on),
        device=device,
        state=state,
        setting=setting,
        answers=() if attended is None else (ATTENDANCE[not attended],),
        diagnoses=each_of(diagnosis or ()),
        provider=provider,
    )
    modalities, payers = tuple(modality or ()), tuple(payer or ())
    filled = own.fill(structs.asdict(typed))
    own_payer = filled.pop("payer", None)
    if own_payer and not (payers or device or len(modalities) == 1):
        payers, filled = (own_payer,), {"payer": own_payer, **filled}
    typed = structs.replace(typed, **{key: value for key, value in filled.items() if key != "payer"})
    try:
        found = compared(book, Asked(typed=typed, payers=payers, modalities=modalities, every=every), today())
    except CptError as error:
        raise in_document(error, own.places_of(filled)) from None
    found = structs.replace(found, question=structs.replace(found.question, from_settings=own.taken(filled)))
    if as_csv and not as_json:
        from ..show.as_csv import to_csv

        write_bytes(to_csv(found))
    else:
        deliver(found, Form(as_json, plain, full, no_color, html))
    return Exit.CLEAN
