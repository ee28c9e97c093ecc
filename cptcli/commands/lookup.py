"""cpt lookup"""

from typing import Annotated

import typer

from ..errors import Exit
from . import complete
from .options import AsJson, NoColor, On, Plain, Rules, open_book, service_day, today
from .output import deliver


def lookup(
    words: Annotated[
        list[str],
        typer.Argument(metavar="CODE|WORDS", help="A code, or words to search for.", autocompletion=complete.anything),
    ],
    as_json: AsJson = False,
    plain: Plain = False,
    on: On = None,
    rules: Rules = None,
    no_color: NoColor = False,
) -> int:
    """Everything known of a code; or what some words may mean.

    Words search codes, modalities, devices, manufacturers and payers, best first.

    \b
    Examples:
      cpt lookup 97026
      cpt lookup "cold laser"
    """
    from ..advice import lookup as advice
    from ..model import CodeCard

    found = advice.lookup(open_book(rules), " ".join(words), service_day(on), today())
    deliver(found, as_json, plain, no_color)
    return Exit.FINDINGS if isinstance(found, CodeCard) and found.on_that_day else Exit.CLEAN
