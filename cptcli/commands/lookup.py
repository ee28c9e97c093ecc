"""cpt lookup"""

from typing import Annotated

import typer

from ..errors import Exit
from . import complete
from .options import (
    AsJson,
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


def lookup(
    words: Annotated[
        list[str],
        typer.Argument(metavar="CODE|WORDS", help="A code, or words to search for.", autocompletion=complete.anything),
    ],
    full: Full = False,
    as_json: AsJson = False,
    plain: Plain = False,
    html: Html = None,
    on: On = None,
    rules: Rules = None,
    no_color: NoColor = False,
    no_settings: NoSettings = False,
) -> int:
    """What a code is; or search codes, devices and payers.

    Words search codes, treatments, devices, manufacturers and payers, best match first.

    \b
    Examples:
      cpt lookup 97026
      cpt lookup "cold laser"
    """
    from ..advice import lookup as advice
    from ..model.lookup import CodeCard

    book = open_book(rules, own_settings(no_settings, rules))
    found = advice.lookup(book, " ".join(words), service_day(on), today())
    deliver(found, Form(as_json, plain, full, no_color, html))
    return Exit.FINDINGS if isinstance(found, CodeCard) and found.on_that_day else Exit.CLEAN
