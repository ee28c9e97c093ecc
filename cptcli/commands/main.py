"""The `cpt` command: one place where errors become exit codes."""

import os
import sys
from collections.abc import Iterable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from .. import __version__
from ..errors import CptError, Exit, as_text
from ..show.controls import without_controls

AMA_NOTICE = (
    "CPT is a registered trademark of the American Medical Association. No AMA descriptor is part of this program; "
    "every description is in our own words."
)
_EPILOG = (
    "Exit codes: 0 answered; 1 answered, with something to worry about (not covered, no code, rules invalid); "
    "2 could not answer; 3 a bug; 130 interrupted. Environment: CPT_RULES names your own rule folder, CPT_DATA the "
    "folder of CMS's files that you imported; NO_COLOR turns colour off. "
    "Not legal or billing advice: the payer has the final say."
)

# Every command and group, the module below that holds it, and its name there. In the order of the help.
_COMMANDS = {
    "lookup": ("lookup", "lookup"),
    "suggest": ("suggest", "suggest"),
    "check": ("check", "check"),
    "fee": ("check", "fee"),
    "devices": ("listing", "devices"),
    "payers": ("listing", "payers"),
    "modalities": ("listing", "modalities"),
    "explain": ("listing", "explain"),
    "rules": ("rules", "app"),
    "data": ("data", "app"),
}

_FIRST_STEPS = f"""cpt {__version__}: which billing code for this device, this payer, this day.

  cpt lookup 97026                                 what a code is, and who says what about it
  cpt lookup "cold laser"                          search codes, treatments, devices, payers
  cpt suggest                                      asks what it needs to know
  cpt suggest --device anodyne --payer palmetto    the code, who decided it, will it be paid
  cpt check 97110:25 97140:20 --payer medicare     one patient's day: units, modifiers, edits, amount

cpt -h lists everything; cpt COMMAND -h explains a command.
"""


def _version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"cpt {__version__}\n{AMA_NOTICE}\n")
        raise typer.Exit()


def _start(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="The version.")] = False,
) -> None:
    if context.invoked_subcommand is None:
        sys.stdout.write(_FIRST_STEPS)


def command_line(names: Iterable[str] = _COMMANDS) -> typer.Typer:
    """The command line with these commands: a start pays for those that it needs, and help for all."""
    app = typer.Typer(
        name="cpt",
        help="Which billing code for this device, this payer, this day: who says so, will it be paid, what to attach.",
        epilog=_EPILOG,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(invoke_without_command=True)(_start)
    for name in names:
        module, attribute = _COMMANDS[name]
        held = getattr(import_module(f".{module}", __package__), attribute)
        if isinstance(held, typer.Typer):
            app.add_typer(held, name=name)
        else:
            app.command(name)(held)
    return app


def _needed(arguments: Sequence[str]) -> Iterable[str]:
    """The commands that a start needs: the one that is named, none for the version, all where help or a shell asks."""
    typed = os.environ.get("COMP_WORDS") or os.environ.get("_TYPER_COMPLETE_ARGS")
    words = typed.split()[1:] if typed and "_CPT_COMPLETE" in os.environ else arguments
    if words[:1] == ["--version"]:
        return ()
    return words[:1] if words and words[0] in _COMMANDS else _COMMANDS


def main() -> None:
    """Run the command line and leave with its exit code."""
    _mend_streams()
    sys.exit(run([*map(as_text, sys.argv[1:])]))  # bytes that are no text come in as what no answer could hold


def _mend_streams() -> None:
    """A stream that was closed reads and writes nothing; what a locale cannot print or read is no error."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 - open to the end
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def run(arguments: list[str]) -> int:
    """Run one command line; the only place where an error becomes an exit code."""
    try:
        try:
            result = command_line(_needed(arguments))(arguments, prog_name="cpt", standalone_mode=False)
            sys.stdout.flush()
        except CptError as error:
            return _cannot(error, "--json" in arguments)
        if result == Exit.INTERRUPTED:  # typer turns Ctrl-C into this
            raise KeyboardInterrupt
        return result if isinstance(result, int) else Exit.CLEAN
    except (KeyboardInterrupt, typer.Abort):
        sys.stderr.write("\nInterrupted.\n")
        return Exit.INTERRUPTED
    except BrokenPipeError:
        _give_up_stdout()
        return Exit.CLEAN
    except SystemExit as left:  # what typer makes of a pipe whose reader has gone
        if not isinstance(left.__context__, BrokenPipeError):
            raise
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - open to the end
        return Exit.CLEAN
    except OSError as error:
        _give_up_stdout()
        where = error.filename or "the answer could not be written"
        sys.stderr.write(f"cpt: {where}: {error.strerror or error}.\n")
        return Exit.NO_ANSWER
    except Exception as error:  # the top: usage errors of the command line, and bugs
        if hasattr(error, "exit_code") and hasattr(error, "show"):
            error.show()
            return Exit.NO_ANSWER
        import traceback

        traceback.print_exc()
        sys.stderr.write("\nThis is a bug in cpt, not in what you typed. Please report the lines above.\n")
        return Exit.BUG


def _give_up_stdout() -> None:
    """Point stdout at nothing, so that what is left in it fails nowhere when the process ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _cannot(error: CptError, as_json: bool) -> int:
    sys.stderr.write(without_controls(f"cpt: {error}\n"))
    if as_json:
        from ..show.as_json import to_json

        sys.stdout.buffer.write(to_json({"error": str(error), **error.facts}))
        sys.stdout.buffer.flush()
    return Exit.NO_ANSWER
