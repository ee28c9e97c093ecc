"""The options that mean the same on every command, and how their values are read."""

import os
import re
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import BadValue, as_text

if TYPE_CHECKING:
    from ..rulebook.book import RuleBook

AsJson = Annotated[bool, typer.Option("--json", help="The answer as JSON, for scripts.")]
Plain = Annotated[bool, typer.Option("--plain", help="One fact a line; what a pipe gets anyway.")]
On = Annotated[str | None, typer.Option("--on", metavar="DATE", help="Day of service, as 2026-01-31. Default: today.")]
Rules = Annotated[
    str | None,
    typer.Option("--rules", metavar="DIR", help="Your own rule folder, laid over the shipped rules. Or CPT_RULES."),
]
NoColor = Annotated[bool, typer.Option("--no-color", help="No colour. NO_COLOR does the same.")]


def today() -> date:
    """The only place where the clock is read."""
    return date.today()


def service_day(asked: str | None) -> date:
    """The day of service that was asked for, today when none was."""
    if asked is None:
        return today()
    try:
        if re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", asked.strip()):
            return date.fromisoformat(asked.strip())
    except ValueError:
        pass
    raise BadValue("--on", asked, "a day like 2026-01-31")


def rules_folder(asked: str | None) -> Path | None:
    """The clinic's rule folder from the option or the environment; None when there is none."""
    named = asked if asked is not None else os.environ.get("CPT_RULES") or None
    if named is None:
        return None
    option = "--rules" if asked is not None else "CPT_RULES"
    try:
        folder = Path(named)
        is_folder = named.strip() != "" and folder.is_dir()
    except (OSError, ValueError):
        is_folder = False
    if not is_folder:
        raise BadValue(option, as_text(named), "a folder that exists")
    return folder


def open_book(asked: str | None, alone: bool = False) -> "RuleBook":
    """The rule base to answer from; `alone` leaves CPT_RULES out, and opens a whole rule base by itself.

    Raises RulesUnreadable where there are problems.
    """
    from ..rulebook.compiled import open_rules

    folder = None if alone and asked is None else rules_folder(asked)
    if alone and folder and (folder / "rulebook.yaml").is_file():
        return open_rules(whole=folder)
    return open_rules(folder)
