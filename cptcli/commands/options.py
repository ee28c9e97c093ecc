"""The options that all commands share, and how their values are read."""

import os
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import BadValue, CptError, as_text

if TYPE_CHECKING:
    from ..rulebook.book import RuleBook
    from ..settings import Settings


def page_name(asked: str | None) -> str | None:
    """Return the file of --html. Raises BadValue for one that a page may not replace, before any question or check."""
    if asked is not None:
        from .page_file import STDOUT, page_path

        if asked != STDOUT:
            page_path(asked)
    return asked


AsJson = Annotated[bool, typer.Option("--json", help="The answer as JSON, for scripts.")]
Full = Annotated[bool, typer.Option("--full", help="Everything: each step, rule, caveat and source.")]
Plain = Annotated[bool, typer.Option("--plain", help="One fact per line; the default in a pipe.")]
Html = Annotated[
    str | None,
    typer.Option(
        "--html", metavar="FILE", callback=page_name, help="Also write a web page to print or send; - for stdout."
    ),
]
On = Annotated[
    str | None,
    typer.Option("--on", metavar="DATE", help="Date of service: 2026-11-27, 11/27/26, yesterday, -3d. Default: today."),
]
Diagnoses = Annotated[
    list[str] | None,
    typer.Option("--diagnosis", "--dx", metavar="ICD10", help="As E11.42 or 'M54.50, G89.29'. Repeatable."),
]
Rules = Annotated[
    str | None,
    typer.Option(
        "--rules",
        metavar="DIR",
        help="Your own rule folder. Default: CPT_RULES, then cpt settings.",
    ),
]
NoSettings = Annotated[bool, typer.Option("--no-settings", help="Ignore your settings (cpt settings).")]
NoColor = Annotated[bool, typer.Option("--no-color", help="No color. NO_COLOR does the same.")]


def today() -> date:
    """Return today's date; the only place where the clock is read."""
    return date.today()


def service_day(asked: str | None) -> date:
    """Return the date of service that was typed, else today. Raises BadValue for what is not a date."""
    if asked is None:
        return today()
    from ..advice.typed import read_day

    return read_day("--on", asked, today())


def own_settings(no_settings: bool, rules: str | None) -> "Settings":
    """Return the settings in force, with their rule folder only where neither option nor environment names one.

    Raises SettingsUnreadable for a settings file with problems.
    """
    from ..settings import Settings, load

    own = Settings() if no_settings else load()
    if own.rules and (rules is not None or os.environ.get("CPT_RULES")):
        from msgspec.structs import replace

        return replace(own, rules=None)
    return own


def rules_folder(asked: str | None, own: "Settings | None" = None) -> Path | None:
    """Return your rule folder from the option, the environment or the settings; None when there is none."""
    named = asked if asked is not None else os.environ.get("CPT_RULES") or None
    option = "--rules" if asked is not None else "CPT_RULES"
    if named is None:
        own = own_settings(False, asked) if own is None else own
        if own.rules is None:
            return None
        named, option = own.rules, "rules"
    try:
        folder = Path(named)
        is_folder = named.strip() != "" and folder.is_dir()
    except (OSError, ValueError):
        is_folder = False
    if not is_folder:
        error = BadValue(option, as_text(named), "a folder that exists")
        raise (
            error
            if option != "rules" or own is None
            else CptError(f"{own.places_of(['rules'])['rules']}: {error}", **error.facts)
        )
    return folder


def own_rules_folder(asked: str | None) -> Path:
    """Return the folder of your own rules, which may not exist yet: --rules, CPT_RULES, settings, else the default.

    Raises BadValue where that name is not a folder.
    """
    named = asked if asked is not None else os.environ.get("CPT_RULES") or own_settings(False, asked).rules
    if named is None:
        folder = default_rules_folder()
        named = str(folder)
    option = "--rules" if asked is not None else "CPT_RULES" if os.environ.get("CPT_RULES") else "Your rule folder"
    try:
        folder = Path(named)
        is_sound = named.strip() != "" and named.isprintable() and (folder.is_dir() or not os.path.lexists(folder))
    except (OSError, ValueError):
        is_sound = False
    if not is_sound:
        raise BadValue(option, as_text(named), "a folder, or the name of a new one")
    return folder


def default_rules_folder() -> Path:
    """Return the default folder of your own rules, in the platform's data folder."""
    from platformdirs import user_data_path

    return user_data_path("cpt", appauthor=False) / "rules"


def remember_rules_folder(folder: Path) -> bool:
    """Return whether the settings changed by saving a rule folder there. Raises SettingsUnreadable."""
    from ..settings import change, settings_file

    return change(settings_file(), "rules", str(folder))


def open_book(asked: str | None, own: "Settings | None" = None, alone: bool = False) -> "RuleBook":
    """Return the rule base to answer from, with the rule folder of the settings where no other is named.

    `alone` ignores CPT_RULES and the settings, and opens a whole rule base by itself.

    Raises RulesUnreadable where there are problems.
    """
    from ..rulebook.compiled import open_rules

    folder = None if alone and asked is None else rules_folder(asked, own)
    if alone and folder and (folder / "rulebook.yaml").is_file():
        return open_rules(whole=folder)
    return open_rules(folder)
