"""What `cpt data` did, holds or verified, for a person at a terminal."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from ..data_model import DataShown, Holdings, Imports, Verified
from . import data_plain as plain
from .terminal import Page, section


def page(shown: DataShown) -> Page:
    """The page of an answer, part by part."""
    match shown:
        case Imports():
            return _imports(shown)
        case Holdings():
            return _holdings(shown)
        case Verified():
            return _verified(shown)


def _imports(imports: Imports) -> Iterator[RenderableType]:
    for file in imports.files:
        for table in file.tables:
            tone = "bold" if table.outcome == "held_already" else "bold green"
            yield Text.assemble((table.id, tone), f"  {plain.taken(table)}")
            yield from (Text(f"Note: {note}", style="yellow") for note in table.notes)
        if spared := plain.left_out(file):
            yield Text(f"Left out: {spared}", style="dim")
    yield Text(f"Store {imports.store}", style="dim")


def _holdings(holdings: Holdings) -> Iterator[RenderableType]:
    for title, imported in (("Imported", True), ("Came with cpt", False)):
        if lines := [each for each in holdings.tables if each.imported is imported]:
            yield from section(title)
            yield from (Text.assemble((line.id, "bold"), f"  {plain.held(line)}") for line in lines)
    yield ""
    yield Text(f"Store {plain.store(holdings)}", style="dim")


def _verified(verified: Verified) -> Iterator[RenderableType]:
    for part in verified.parts:
        yield Text.assemble((part.id, "bold red" if part.problem else "bold green"), f"  {plain.verdict(part)}")
    yield from (Text(each, style="bold red") for each in verified.problems)
    unsound = sum(part.problem is not None for part in verified.parts) + len(verified.problems)
    yield Text(f"{unsound} problems. Store {verified.store}", style="dim")
