"""The options that say how a service was provided, as the commands that answer about one share them."""

from typing import Annotated

import typer

Setting = Annotated[str | None, typer.Option(metavar="clinic|home", help="Default: clinic.")]
Attended = Annotated[
    bool | None,
    typer.Option("--attended/--unattended", help="Whether the clinician stayed with the patient throughout."),
]
Provider = Annotated[str | None, typer.Option(help="Who provides it, as physical_therapist or chiropractor.")]
Discipline = Annotated[str | None, typer.Option(metavar="PT|OT|SLP", help="Whose plan of care it is.")]
Claim = Annotated[str | None, typer.Option(metavar="professional|institutional", help="Default: professional.")]
Care = Annotated[str | None, typer.Option(metavar="active|maintenance", help="For spinal manipulation.")]
Abn = Annotated[str | None, typer.Option(metavar="none|mandatory|voluntary", help="The signed ABN.")]
