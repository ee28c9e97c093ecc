"""Errors that a user can cause. Every message is complete; only the top level maps errors to exit codes."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple


class Exit:
    """The exit codes of every command."""

    CLEAN: Final = 0
    FINDINGS: Final = 1
    NO_ANSWER: Final = 2
    BUG: Final = 3
    INTERRUPTED: Final = 130


class CptError(Exception):
    """Base of every error that a user can cause. `facts` is what `--json` shows besides the message."""

    def __init__(self, message: str, **facts: object) -> None:
        super().__init__(message)
        self.facts = facts


def as_text(given: str) -> str:
    """Return text from the environment, with a mark for bytes that are not text."""
    return given.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _any_of(names: Sequence[str]) -> str:
    return ", ".join(names[:-1]) + f" or {names[-1]}" if len(names) > 1 else "".join(names)


def _short(asked: str) -> str:
    """Return what was typed, quoted, and cut at 80 characters."""
    return repr(asked if len(asked) <= 80 else asked[:77] + "...")


class UnknownName(CptError):
    """A payer, device, modality or code that is not in our list; `nearest` has names near in meaning or spelling."""

    def __init__(self, kind: str, asked: str, nearest: Sequence[str], todo: str) -> None:
        near = f" Nearest: {_any_of(nearest)}." if nearest else ""
        super().__init__(
            f"No {kind} called {_short(asked)} in our list.{near} {todo}".rstrip(), asked=asked, nearest=[*nearest]
        )
        self.kind = kind


class Meaning(NamedTuple):
    """One meaning of a name: its full name, and the options that pick it."""

    name: str
    options: Mapping[str, str]

    def __str__(self) -> str:
        if len(self.options) == 1:
            return f"{next(iter(self.options.values()))} ({self.name})"
        return f"{self.typed} ({self.name})"

    @property
    def typed(self) -> str:
        """Return the options to type for it."""
        return " ".join(f"--{option} {value}" for option, value in self.options.items())


class AmbiguousName(CptError):
    """A name with several meanings; never guessed. `which` has the questions that tell them apart."""

    def __init__(self, kind: str, asked: str, meanings: Sequence[Meaning], which: Sequence[str] = ()) -> None:
        more = f", and {len(meanings) - 6} more" if len(meanings) > 6 else ""
        questions = "".join(f" {question}" for question in which)
        super().__init__(
            f"{_short(asked)} can mean more than one {kind}: {_any_of([*map(str, meanings[:6])])}{more}.{questions} "
            f"Give the one you mean, as {meanings[0].typed}.",
            asked=asked,
            meanings=[*map(str, meanings)],
            which=[*which],
        )
        self.kind = kind
        self.asked = asked
        self.meanings = meanings
        self.which = which


class BadValue(CptError):
    """A value that an option does not accept."""

    def __init__(self, option: str, asked: str, expected: str) -> None:
        super().__init__(f"{option} {_short(asked)}: expected {expected}.", option=option, asked=asked)


def in_document(error: CptError, places: Mapping[str, str]) -> CptError:
    """Return an error about a value in a file with its place in the file, and its key instead of the option."""
    option, asked = str(error.facts.get("option", "")), error.facts.get("asked")
    key = {"--diagnosis": "diagnoses"}.get(option, option.removeprefix("--").replace("-", "_"))
    if isinstance(error, UnknownName | AmbiguousName):
        key = error.kind
    if key not in places or not isinstance(asked, str):
        return error
    return CptError(f"{places[key]}: {str(error).replace(option, key, 1) if option else error}", **error.facts)


class MissingOption(CptError):
    """A required option that was not given."""

    def __init__(self, missing: Sequence[str], why: str = "") -> None:
        what = ", and ".join(missing)
        super().__init__(f"Not enough to answer: add {what}.{' ' + why if why else ''}", missing=[*missing])


class RulesUnreadable(CptError):
    """A rule folder with problems; has every problem of the run."""

    def __init__(self, folder: str, problems: Sequence[object]) -> None:
        shown = "\n".join(str(problem) for problem in problems[:20])
        more = f"\n… and {len(problems) - 20} more" if len(problems) > 20 else ""
        count = f"{len(problems)} problem{'' if len(problems) == 1 else 's'}"
        super().__init__(
            f"The rules in {folder} cannot be used: {count}.\n{shown}{more}\n"
            "Fix them (cpt rules check shows all), or leave the folder out.",
            problems=[str(problem) for problem in problems],
        )
