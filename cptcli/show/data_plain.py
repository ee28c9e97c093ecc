"""What `cpt data` did, holds or verified, one fact a line."""

from collections.abc import Iterator

from ..data_model import DataShown, HeldTable, Holdings, ImportedFile, Imports, TakenTable, Verified, VerifiedPart
from .plain import Line


def lines(shown: DataShown) -> Iterator[str]:
    """The lines of an answer, without line ends."""
    for name, value in _facts(shown):
        yield f"{name}: {' '.join(value.split())}"


def _facts(shown: DataShown) -> Iterator[Line]:
    match shown:
        case Imports():
            return _imports(shown)
        case Holdings():
            return _holdings(shown)
        case Verified():
            return _verified(shown)


def _imports(imports: Imports) -> Iterator[Line]:
    for file in imports.files:
        for table in file.tables:
            yield table.outcome, f"{table.id}: {taken(table)}"
            yield from (("note", f"{table.id}: {note}") for note in table.notes)
        if spared := left_out(file):
            yield "left_out", spared
    yield "store", imports.store


def taken(table: TakenTable) -> str:
    """What an import did with an edition, beside its name."""
    did = {"stored": "", "held_already": ", held already", "replaced": ", in the place of what was there"}
    return f"{_rows(table.rows)} of {table.file}{did[table.outcome]}"


def _rows(count: int) -> str:
    return f"{count:,} row{'' if count == 1 else 's'}"


def left_out(file: ImportedFile) -> str:
    """What an import left out of a file, and why."""
    return "; ".join(f"{name} ({why})" for name, why in file.left_out)


def _holdings(holdings: Holdings) -> Iterator[Line]:
    for table in holdings.tables:
        yield "imported" if table.imported else "shipped", f"{table.id}: {held(table)}"
    yield "store", store(holdings)


def held(table: HeldTable) -> str:
    """What a list says of an edition, beside its name."""
    until = f" to {table.last}" if table.last else ""
    files = f"; {', '.join(table.files)}, imported {table.imported_on}" if table.imported else ""
    return f"{table.edition}, for {table.first}{until}; {_rows(table.rows)}; {table.holds}{files}"


def store(holdings: Holdings) -> str:
    """Where the user's own tables are, and how large."""
    if holdings.bytes is None:
        return f"{holdings.store} (not there yet: cpt data import FILE... makes it)"
    return f"{holdings.store} ({holdings.bytes:,} bytes)"


def _verified(verified: Verified) -> Iterator[Line]:
    for part in verified.parts:
        yield "damaged" if part.problem else "sound", f"{part.id}: {verdict(part)}"
    yield from (("damaged", each) for each in verified.problems)
    yield "store", verified.store


def verdict(part: VerifiedPart) -> str:
    """What a check says of the rows of one file, beside the name of their edition."""
    return f"{_rows(part.rows)} of {part.file}{f': {part.problem}' if part.problem else ''}"
