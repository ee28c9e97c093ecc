"""What `cpt data` imported, stores or verified -> a sheet."""

from collections.abc import Iterator

from ..model.data import DataShown, ImportedFile, Imports, Inventory, StoredTable, TakenTable, Verified, VerifiedPart
from .page import Page
from .sheet import Block, Row, Sheet, Tone, counted


def data_page(shown: DataShown) -> Page:
    """Return the page of what `cpt data` did."""
    match shown:
        case Imports():
            blocks, store = [Block("", tuple(_imports(shown)))], shown.store
        case Inventory():
            blocks, store = [*_inventory(shown)], _store(shown)
        case Verified():
            blocks, store = [Block("", tuple(_verified(shown)))], shown.store
    return Page(Sheet(("", "", ""), blocks=(*blocks, Block("Store", (Row("store", (store,), "dim"),)))), lines=None)


def _imports(imports: Imports) -> Iterator[Row]:
    for file in imports.files:
        for table in file.tables:
            tone: Tone = "plain" if table.outcome == "held_already" else "good"
            yield Row(table.outcome, (f"{table.id}: {_taken(table)}",), tone)
            yield from (Row("note", (f"{table.id}: {note}",), "caution") for note in table.notes)
        if file.left_out:
            yield Row("left_out", (_left_out(file),), "dim")


def _taken(table: TakenTable) -> str:
    """Return what an import did with an edition."""
    did = {"stored": "", "held_already": ", stored already", "replaced": ", in place of what was stored"}
    return f"{_rows(table.rows)} of {table.file}{did[table.outcome]}"


def _rows(count: int) -> str:
    return f"{count:,} row{'' if count == 1 else 's'}"


def _left_out(file: ImportedFile) -> str:
    """Return what an import left out of a file, and why."""
    return "; ".join(f"{name} ({why})" for name, why in file.left_out)


def _inventory(inventory: Inventory) -> Iterator[Block]:
    for label, name, imported in (("Imported", "imported", True), ("Shipped", "shipped", False)):
        rows = tuple(
            Row(name, (f"{line.id}: {_edition(line)}",)) for line in inventory.tables if line.imported is imported
        )
        if rows:
            yield Block(label, rows)


def _edition(table: StoredTable) -> str:
    """Return an edition in a list: its dates, rows and files."""
    until = f" to {table.last}" if table.last else ""
    files = f"; {', '.join(table.files)}, imported {table.imported_on}" if table.imported else ""
    return f"{table.edition}, for {table.first}{until}; {_rows(table.rows)}; {table.holds}{files}"


def _store(inventory: Inventory) -> str:
    """Return where the user's own tables are, and how large they are."""
    if inventory.bytes is None:
        return f"{inventory.store} (none yet: cpt data import FILE... creates it)"
    return f"{inventory.store} ({inventory.bytes:,} bytes)"


def _verified(verified: Verified) -> Iterator[Row]:
    for part in verified.parts:
        text = f"{part.id}: {_verdict(part)}"
        yield Row("damaged" if part.problem else "sound", (text,), "bad" if part.problem else "good")
    yield from (Row("damaged", (each,), "bad") for each in verified.problems)
    unsound = sum(part.problem is not None for part in verified.parts) + len(verified.problems)
    yield Row("problems", (counted(unsound, "problem"),), "dim")


def _verdict(part: VerifiedPart) -> str:
    """Return the result of checking the rows of one file."""
    return f"{_rows(part.rows)} of {part.file}{f': {part.problem}' if part.problem else ''}"
