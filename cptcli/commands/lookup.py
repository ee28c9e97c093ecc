"""cpt lookup"""

from typing import Annotated

import typer

from ..errors import Exit, UnknownName
from . import articles, complete
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


def lookup(
    words: Annotated[
        list[str],
        typer.Argument(metavar="CODE|WORDS", help="A code, or words to search for.", autocompletion=complete.anything),
    ],
    payer: Annotated[
        str | None,
        typer.Option(help="Medicare or its contractor: shows its local articles.", autocompletion=complete.payers),
    ] = None,
    state: Annotated[
        str | None, typer.Option(help="Two letters; picks the Medicare contractor.", autocompletion=complete.states)
    ] = None,
    diagnosis: Diagnoses = None,
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

    Words search codes, treatments, devices, manufacturers and payers, best match first. A diagnosis (M54.50) shows the
    lists it is on. Local Medicare articles need CMS's file: cpt data import current_article.zip

    \b
    Examples:
      cpt lookup 97026
      cpt lookup "cold laser"
      cpt lookup 97035 --payer ngs --dx M54.50
    """
    from ..advice import lookup as advice
    from ..model.lookup import CodeCard

    book = open_book(rules, own_settings(no_settings, rules))
    asked, day, form = " ".join(words), service_day(on), Form(as_json, plain, full, no_color, html)
    place = (payer, state, day)
    if articles.is_diagnosis(asked):
        deliver(articles.diagnosis_card(book, asked, *place), form)
        return Exit.CLEAN
    try:
        found = advice.lookup(book, asked, day, today())
    except UnknownName:  # J40 and the like are diagnoses too, and look like other names
        if not articles.may_be_diagnosis(asked) or not (card := articles.diagnosis_card(book, asked, *place)).lines:
            raise
        deliver(card, form)
        return Exit.CLEAN
    if isinstance(found, CodeCard) and (payer or state or diagnosis):
        found = articles.with_articles(book, found, payer, state, diagnosis or (), day)
    deliver(found, form)
    return Exit.FINDINGS if isinstance(found, CodeCard) and found.on_that_day else Exit.CLEAN
