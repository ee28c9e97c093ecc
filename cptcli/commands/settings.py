"""cpt settings: your payer, state, discipline and the like, saved in one file."""

import os
from collections.abc import Callable
from typing import Annotated

import typer

from ..errors import BadValue, CptError, Exit
from ..settings import (
    FORMS,
    KEYS,
    Settings,
    SettingsUnreadable,
    change,
    nearest,
    parse,
    read,
    settings_file,
    shown,
)
from .options import AsJson, open_book, rules_folder
from .output import deliver_lines, tell

app = typer.Typer(context_settings={"help_option_names": ["-h", "--help"]})


def _keys(incomplete: str) -> list[tuple[str, str]]:
    return [(key, form) for key, form in FORMS.items() if key.startswith(incomplete)]


Key = Annotated[str, typer.Argument(metavar="KEY", help=f"One of {', '.join(KEYS)}.", autocompletion=_keys)]


@app.callback(invoke_without_command=True)
def settings(context: typer.Context, as_json: AsJson = False) -> int:
    """Your payer, state, discipline: used when you leave them out.

    An option overrides the environment (CPT_RULES); both, and a visit file, override the settings. If you give
    another state, ZIP code or locality, neither your state nor your ZIP code is used. The unit rule is used only for
    payers whose own rule is not known. Questions at a terminal offer your settings as the default. --no-settings
    ignores them. CPT_SETTINGS names another file. Exit 1: the file has a problem; other commands then exit 2.

    \b
    Examples:
      cpt settings
      cpt settings set payer palmetto
      cpt settings set state SC
      cpt settings unset payer
    """
    return Exit.CLEAN if context.invoked_subcommand else show(as_json)


@app.command()
def show(as_json: AsJson = False) -> int:
    """Every setting, and the file they are in.

    \b
    Examples:
      cpt settings show
      cpt settings show --json
    """
    file = settings_file()
    own, problems, raw = Settings(), [], None
    try:
        raw = read(file)
        own = own if raw is None else parse(raw, file)
    except SettingsUnreadable as error:
        problems = error.problems
    values = {key: getattr(own, key) for key in KEYS}
    document: dict[str, object] = {"file": shown(file), "settings": values, "problems": problems}
    lines = [f"problem: {each}" for each in problems] or [f"{key}: {each or 'not set'}" for key, each in values.items()]
    note = " (does not exist yet)" if raw is None and not problems else ""
    deliver_lines(document, [*lines, f"file: {shown(file)}{note}"], as_json)
    return Exit.FINDINGS if problems else Exit.CLEAN


@app.command("set")
def set_value(
    key: Key,
    value: Annotated[list[str], typer.Argument(metavar="VALUE", help="The value; a payer by any of its names.")],
) -> int:
    """Save a value, used from now on.

    The value is checked first. A settings file with problems is not overwritten.

    \b
    Examples:
      cpt settings set payer "Palmetto GBA"
      cpt settings set state SC
      cpt settings set rules our-rules
    """
    name = _known(key)
    file = settings_file()
    raw = read(file)
    own = Settings() if raw is None else parse(raw, file)
    kept = _checked(name, " ".join(value), own)
    change(file, name, kept)
    deliver_lines({}, [f"{name}: {kept}"], as_json=False)
    tell(f"Saved in {shown(file)}.")
    return Exit.CLEAN


@app.command()
def unset(key: Key) -> int:
    """Remove a value from your settings.

    \b
    Examples:
      cpt settings unset payer
    """
    file = settings_file()
    name = key if key in KEYS else key.replace("-", "_")
    if change(file, name, None):
        tell(f"{name} is no longer in {shown(file)}.")
    else:
        _known(key)
        tell(f"{name} was not set in {shown(file)}.")
    return Exit.CLEAN


def _known(key: str) -> str:
    """Return the setting with that name. Raises CptError with the nearest where there is none."""
    name = key.strip().casefold().replace("-", "_")
    if name in KEYS:
        return name
    near = nearest(key)
    raise CptError(
        f"No such setting: {key[:80]!r}.{f' Nearest: {near}.' if near else ''} Settings: {', '.join(KEYS)}.",
        asked=key,
        nearest=[near] if near else [],
    )


def _checked(key: str, typed: str, own: Settings) -> str:
    """Return the value as saved: an id, a word, an absolute folder. Raises CptError for a name that is not known.

    Names in your own rules count too, where a rule folder is set.
    """
    from ..advice.question import read_word, resolve_discipline, resolve_payer, resolve_state
    from ..model.common import Claim, Provider
    from ..rulebook.names import normalized

    def unit_rule(text: str) -> str:
        book = open_book(None, own)
        named = [each for each in book.keys("unit_rules") if normalized(each) == normalized(text)]
        if not named:
            raise BadValue(key, text, f"one of {', '.join(book.keys('unit_rules'))}")
        return named[0]

    def zip_code(text: str) -> str:
        if len(text) == 5 and text.isascii() and text.isdecimal():
            return text
        raise BadValue(key, text, "five digits")

    def folder(text: str) -> str:
        return os.path.abspath(str(rules_folder(os.path.expanduser(text))))  # noqa: PTH100, PTH111 - a link stays one

    readers: dict[str, Callable[[str], str]] = {
        "payer": lambda text: resolve_payer(open_book(None, own), text),
        "state": lambda text: resolve_state(open_book(None, own), text),
        "zip": zip_code,
        "discipline": lambda text: resolve_discipline(open_book(None, own), text),
        "provider": lambda text: str(read_word(key, text, Provider)),
        "claim": lambda text: str(read_word(key, text, Claim)),
        "unit_rule": unit_rule,
        "rules": folder,
    }
    try:
        return readers[key](typed.strip())
    except BadValue as error:  # it names an option, and a setting was typed
        option = str(error.facts["option"])
        raise CptError(str(error).replace(option, key, 1), **{**error.facts, "option": key}) from None
