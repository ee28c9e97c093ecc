"""One thing wrong in a document, as `file:line:column`."""

from dataclasses import dataclass

LONGEST = 300  # characters of the input repeated in a problem


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong in a rule file: where, what, what was expected, what to do."""

    file: str
    line: int
    column: int
    what: str
    expected: str
    todo: str

    def __post_init__(self) -> None:
        for part in ("what", "todo"):  # `expected` is our own text and short
            text: str = getattr(self, part)
            if len(text) > LONGEST:
                object.__setattr__(self, part, f"{text[:LONGEST]}...")

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.what}; expected {self.expected}; {self.todo}"
