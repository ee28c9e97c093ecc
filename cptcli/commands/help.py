"""cpt help"""

from typing import Annotated

import typer

from ..errors import Exit
from . import complete
from .options import AsJson, Full, NoColor, Plain, Rules, open_book
from .output import Form, deliver


def help_(
    topic: Annotated[
        list[str] | None,
        typer.Argument(metavar="[TOPIC]", help="As units or exit codes.", autocompletion=complete.topics),
    ] = None,
    full: Full = False,
    as_json: AsJson = False,
    plain: Plain = False,
    rules: Rules = None,
    no_color: NoColor = False,
) -> int:
    """What units, modifiers, edits and exit codes mean.

    One screen each. Without a topic, lists all of them.

    \b
    Examples:
      cpt help
      cpt help units
    """
    from ..advice import listing

    deliver(listing.topics(open_book(rules), " ".join(topic or ())), Form(as_json, plain, full, no_color))
    return Exit.CLEAN
