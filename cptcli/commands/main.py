"""The `cpt` command: one place where errors become exit codes."""

import os
import sys
from collections.abc import Iterable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from .. import AMA_NOTICE, NO_ADVICE, __version__
from ..errors import CptError, Exit, as_text
from ..show.controls import without_controls

_EPILOG = (
    "Exit codes: 0 answered; 1 answered, with something to fix or review (not covered, no code, rules invalid); "
    "2 could not answer; 3 a bug; 130 interrupted. Environment: CPT_RULES is your own rule folder, CPT_DATA the "
    "folder of imported CMS files, CPT_SETTINGS another settings file; NO_COLOR turns color off. "
    f"{NO_ADVICE}"
)

# Every command and group, its module in this package, and its name there. In the order of the help.
_COMMANDS = {
    "lookup": ("lookup", "lookup"),
    "suggest": ("suggest", "suggest"),
    "compare": ("compare", "compare"),
    "check": ("check", "check"),
    "scrub": ("scrub", "scrub"),
    "fee": ("check", "fee"),
    "devices": ("listing", "devices"),
    "payers": ("listing", "payers"),
    "modalities": ("listing", "modalities"),
    "explain": ("listing", "explain"),
    "help": ("help", "help_"),
    "rules": ("rules", "app"),
    "data": ("data", "app"),
    "settings": ("settings", "app"),
}

_FIRST_STEPS = f"""cpt {__version__}: which code to bill for this device, this payer, this day.

  cpt suggest --device anodyne --payer palmetto   the code, and is it covered
  cpt check 97110:25 97140:20 --payer medicare    units, modifiers, edits, fee
  cpt compare --device anodyne                    one device with every payer
  cpt rules add                                   save what a payer said
  cpt settings set payer palmetto                 save your usual payer
  cpt help units                                  how minutes become units

cpt lookup 97026 shows a code. cpt -h: all commands; cpt COMMAND -h: one.
"""


def _version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"cpt {__version__}\n{AMA_NOTICE}\n")
        raise typer.Exit()


def _start(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        sys.stdout.write(_FIRST_STEPS)


def command_line(names: Iterable[str] = _COMMANDS) -> typer.Typer:
    """Return the command line with these commands; only help loads them all."""
    app = typer.Typer(
        name="cpt",
        help="Which code to bill for this device, this payer, this date of service: who says so, is it covered, "
        "what to attach.\n\n\b\nExamples:\n  cpt lookup 97026\n  cpt suggest --device anodyne --payer palmetto",
        epilog=_EPILOG,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(invoke_without_command=True)(_start)
    for name in names:
        module, attribute = _COMMANDS[name]
        command = getattr(import_module(f".{module}", __package__), attribute)
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name)
        else:
            app.command(name)(command)
    return app


def _needed(arguments: Sequence[str]) -> Iterable[str]:
    """Return the commands to load: the one named, none for --version, all for help and shell completion."""
    typed = os.environ.get("COMP_WORDS") or os.environ.get("_TYPER_COMPLETE_ARGS")
    words = typed.split()[1:] if typed and "_CPT_COMPLETE" in os.environ else arguments
    if words[:1] == ["--version"]:
        return ()
    return words[:1] if words and words[0] in _COMMANDS else _COMMANDS


def main() -> None:
    """Run the command line and exit with its code."""
    _prepare_streams()
    sys.exit(run([*map(as_text, sys.argv[1:])]))  # bytes that are not UTF-8 become a mark that no name has


def _prepare_streams() -> None:
    """Open closed standard streams on nothing, and replace what the locale cannot read or print."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 - open to the end
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def run(arguments: list[str]) -> int:
    """Return the exit code of one command line; the only place where an error becomes one."""
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
    except Exception as error:  # usage errors of the command line, and bugs
        if hasattr(error, "exit_code") and hasattr(error, "show"):
            from io import StringIO

            usage = StringIO()
            error.show(usage)
            sys.stderr.write(without_controls(usage.getvalue()))
            return Exit.NO_ANSWER
        import traceback

        traceback.print_exc()
        sys.stderr.write("\nThis is a bug in cpt, not in what you typed. Please report the lines above.\n")
        return Exit.BUG


def _give_up_stdout() -> None:
    """Point stdout at nothing, so that flushing it at the end of the process cannot fail."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _cannot(error: CptError, as_json: bool) -> int:
    sys.stderr.write(without_controls(f"cpt: {error}\n"))
    if as_json:
        from ..show.as_json import to_json

        sys.stdout.buffer.write(to_json({"error": str(error), **error.facts}))
        sys.stdout.buffer.flush()
    return Exit.NO_ANSWER
