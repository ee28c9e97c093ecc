"""What a user can cause, one class each; every message is complete, and only the top maps it to an exit code."""

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
    """Base of everything a user can cause. `facts` is what `--json` shows beside the message."""

    def __init__(self, message: str, **facts: object) -> None:
        super().__init__(message)
        self.facts = facts


def as_text(told: str) -> str:
    """What the environment told, with a mark where bytes are no text."""
    return told.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _any_of(names: Sequence[str]) -> str:
    return ", ".join(names[:-1]) + f" or {names[-1]}" if len(names) > 1 else "".join(names)


def _short(asked: str) -> str:
    """What was typed, quoted, and cut where nobody would read on."""
    return repr(asked if len(asked) <= 80 else asked[:77] + "...")


class UnknownName(CptError):
    """A payer, device, modality or code that the rule base does not hold."""

    def __init__(self, kind: str, asked: str, nearest: Sequence[str], todo: str) -> None:
        near = f" Nearest: {_any_of(nearest)}." if nearest else ""
        super().__init__(
            f"No {kind} called {_short(asked)} in this rule base.{near} {todo}", asked=asked, nearest=[*nearest]
        )
        self.kind = kind


class Meaning(NamedTuple):
    """One thing that a name can mean: its name, and the options that name it alone."""

    name: str
    options: Mapping[str, str]

    def __str__(self) -> str:
        if len(self.options) == 1:
            return f"{next(iter(self.options.values()))} ({self.name})"
        return f"{self.typed} ({self.name})"

    @property
    def typed(self) -> str:
        """What to type for it."""
        return " ".join(f"--{option} {value}" for option, value in self.options.items())


class AmbiguousName(CptError):
    """A name that means several things; shown, never guessed. `which` are the questions that tell them apart."""

    def __init__(self, kind: str, asked: str, meanings: Sequence[Meaning], which: Sequence[str] = ()) -> None:
        more = f", and {len(meanings) - 6} more" if len(meanings) > 6 else ""
        told = "".join(f" {question}" for question in which)
        super().__init__(
            f"{_short(asked)} can mean more than one {kind}: {_any_of([*map(str, meanings[:6])])}{more}.{told} "
            f"Name the one you mean, as {meanings[0].typed}.",
            asked=asked,
            meanings=[*map(str, meanings)],
            which=[*which],
        )
        self.kind = kind
        self.asked = asked
        self.meanings = meanings
        self.which = which


class BadValue(CptError):
    """An option's value that is not of its form."""

    def __init__(self, option: str, asked: str, expected: str) -> None:
        super().__init__(f"{option} {_short(asked)}: expected {expected}.", option=option, asked=asked)


class MissingOption(CptError):
    """Something that has to be asked, where nobody is there to be asked."""

    def __init__(self, missing: Sequence[str], why: str = "") -> None:
        what = ", and ".join(missing)
        super().__init__(f"Not enough to answer: add {what}.{' ' + why if why else ''}", missing=[*missing])


class RulesUnreadable(CptError):
    """A rule folder with problems; holds every problem of the run."""

    def __init__(self, folder: str, problems: Sequence[object]) -> None:
        shown = "\n".join(str(problem) for problem in problems[:20])
        more = f"\n… and {len(problems) - 20} more" if len(problems) > 20 else ""
        count = f"{len(problems)} problem{'' if len(problems) == 1 else 's'}"
        super().__init__(
            f"The rules in {folder} cannot be used: {count}.\n{shown}{more}\n"
            "Mend them (cpt rules check shows all), or leave the folder out.",
            problems=[str(problem) for problem in problems],
        )
