"""Import of CMS's files into the user's store. A file is stored whole or not at all."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Literal

import msgspec

from ..errors import CptError
from ..model.data import ImportedFile, Imports, TakenTable
from .cells import Given, Layout, Load
from .edits import Kind, unpacked
from .layouts import LAYOUTS, recognize
from .mcd_export import Export, with_exports
from .opening import open_documents
from .reading import Damaged, Document, FileUnreadable, Text, Tick, stem
from .store import ROWS_OF, EditionRow, Part, as_number, writing
from .store_changes import parts_of, transaction
from .store_rows import add_part, remove_part, rows_of_part
from .workbooks import NotAWorkbook, Workbook

_SHOWN = 3  # differing rows that a message shows
_LONGEST = 200  # characters of each
_TEXTS = (".csv", ".txt")
_PACKED = (".xlsx", ".zip")
Progress = Callable[[str, int], Tick]  # of a document and its size; gives what counts the bytes read


class Disagrees(CptError):
    """A file that differs from an earlier import of the same edition."""

    def __init__(self, file: str, edition: str, other: str, count: int, examples: Sequence[str]) -> None:
        shown = "".join(f"\n  {each}" for each in examples)
        super().__init__(
            f"{file} and {other}, imported earlier, both have {edition} but differ in {count:,} "
            f"row{'' if count == 1 else 's'}:{shown}\nNothing of {file} was stored. To replace the earlier import, "
            "add --replace.",
            file=file,
            other=other,
            edition=edition,
            rows=count,
        )


def import_files(
    paths: Sequence[Path], given: Given, store: Path, today: date, replace: bool, progress: Progress
) -> Imports:
    """Store the tables in the files, each file in one transaction, and return what was done with each.

    A file that cannot be read does not stop the next one. Raises StoreUnusable, StoreNewer, StoreBusy and StoreFull,
    which would stop every file.
    """
    done: list[ImportedFile] = []
    with closing(writing(store)) as connection:
        for path in paths:
            before, others = _newest_part(connection), _commits_of_others(connection)
            try:
                done.append(_import_file(connection, path, given, store, today, replace, progress))
            except (FileUnreadable, Disagrees) as error:
                done.append(ImportedFile(str(path), (), (), str(error)))
            except (KeyboardInterrupt, CptError) as error:
                stored = [each.file for each in done if each.problem is None]
                alone = _commits_of_others(connection) == others
                if alone and _newest_part(connection) != before:  # stopped just after the last step
                    stored.append(str(path))
                error.add_note(_so_far(stored, path))
                raise
    return Imports(str(store), tuple(done))


def _newest_part(connection: sqlite3.Connection) -> int:
    try:
        return int(connection.execute("SELECT coalesce(max(part), 0) FROM parts").fetchone()[0])
    except sqlite3.Error:
        return 0  # no tables yet


def _commits_of_others(connection: sqlite3.Connection) -> int:
    """Return a number that changes when another process stores something."""
    return int(connection.execute("PRAGMA data_version").fetchone()[0])


def _so_far(stored: list[str], path: Path) -> str:
    if str(path) in stored:
        return f"Stored, {path} as well: {', '.join(stored)}."
    before = f"Stored before that: {', '.join(stored)}." if stored else "The store is as it was."
    return f"Nothing of {path} was stored. {before}"


def _import_file(
    connection: sqlite3.Connection,
    path: Path,
    given: Given,
    store: Path,
    today: date,
    replace: bool,
    progress: Progress,
) -> ImportedFile:
    with ExitStack() as until:
        documents, left_out = with_exports(open_documents(path, until)), list[tuple[str, str]]()
        chosen = _chosen(documents, left_out, until)
        if not chosen:
            what = _why_none(documents, left_out)
            raise FileUnreadable(str(path), what, f"one of {', '.join(layout.name for layout in LAYOUTS)}")
        taken: list[TakenTable] = []
        with transaction(connection, store):
            for document, layout in chosen:
                tick = progress(document.where, document.size)
                loads = layout.read(document, given, tick)
                taken += [_store(connection, load, document, today, replace) for load in loads]
        return ImportedFile(str(path), tuple(taken), tuple(left_out), None)


def _chosen(
    documents: list[Text | Workbook | Export], left_out: list[tuple[str, str]], until: ExitStack
) -> list[tuple[Document, Layout]]:
    """Return the documents that are tables, and append the others to `left_out` with the reason.

    Where several files have the same rows, one is read: the CSV before the fixed-width text, which has less, and both
    before the workbook, which is slow. Raises FileUnreadable for a damaged one.
    """
    chosen: dict[str, tuple[Document, Layout]] = {}

    def consider(document: Document) -> bool:
        layout = recognize(document)
        if layout is None:
            document.forget()
        elif chosen.setdefault(stem(document.where), (document, layout))[0] is not document:
            left_out.append((document.names[0], "another sheet of it"))
        return layout is not None

    for each in sorted(documents, key=lambda each: (isinstance(each, Workbook), each.names[0].lower()[-3:])):
        if twin := chosen.get(stem(each.where)):
            left_out.append((each.names[0], f"{twin[0].names[0]} has the same rows and was read instead"))
            continue
        try:
            known = any([*map(consider, each.sheets(until))]) if isinstance(each, Workbook) else consider(each)
        except NotAWorkbook as error:
            if len(documents) == 1:
                raise
            left_out.append((each.names[0], str(error.facts["what"])))
            continue
        if not known and (damage := _damage(each)):
            raise damage
        if not known and len(documents) > 1:
            left_out.append((each.names[0], "not one of the tables that cpt reads"))
    return [*chosen.values()]


def _damage(document: Text | Workbook | Export) -> FileUnreadable | None:
    """Return the error for a file whose name promises a table that its bytes are not; None for any other file."""
    ending = PurePosixPath(document.names[0]).suffix.lower()
    if not isinstance(document, Text) or ending not in (*_TEXTS, *_PACKED):
        return None
    if not document.size:
        return Damaged(document.where, "an empty file")
    if ending in _PACKED:  # a workbook with a password is packed in another way
        return Damaged(document.where, f"it is not a {ending} file: it is damaged or has a password")
    return document.refused


def _why_none(documents: Sequence[Text | Workbook | Export], left_out: Sequence[tuple[str, str]]) -> str:
    """Return why a file has no table: what it is, or why its parts could not be read."""
    if len(documents) == 1 and isinstance(documents[0], Text):
        try:
            next(filter(None, documents[0].blocks()), None)
        except FileUnreadable as error:
            return str(error.facts["what"])
    inside = "; ".join(f"{name}: {why}" for name, why in left_out[:_SHOWN])
    return f"none of CMS's tables ({inside})" if inside else "none of CMS's tables"


def _store(connection: sqlite3.Connection, load: Load, document: Document, today: date, replace: bool) -> TakenTable:
    """Store the rows of an edition, unless they are stored already. Raises Disagrees."""
    edition, name = load.edition, document.names[0]
    before = parts_of(connection, edition.id)
    connection.execute("SAVEPOINT load")
    part = add_part(connection, edition, load.rows, name, today, load.kinds)
    if not part.row_count:
        raise document.wrong(None, "no rows", "a table")
    touching = [each for each in before if edition.of != "ncci-edits" or _overlap(each, part)]
    touching += _rivals(connection, edition, part, name)
    outcome: Literal["stored", "held_already", "replaced"] = "stored"
    differ, examples = 0, list[str]()
    if touching and [each.rows_sha256 for each in touching] != [part.rows_sha256]:
        differ, examples = _differences(connection, edition, touching, part, name)
    if touching and not differ:
        connection.execute("ROLLBACK TO load")
        outcome = "held_already"
    elif touching and replace:
        for each in touching:
            remove_part(connection, edition.of, each.part)
        outcome = "replaced"
    elif touching:
        raise Disagrees(name, edition.id, ", ".join(dict.fromkeys(each.file for each in touching)), differ, examples)
    connection.execute("RELEASE load")
    notes = [*load.notes()]
    if isinstance(document, Text) and document.is_cut:
        notes.append("the last line has no line end: if the file was cut short, download it again")
    if edition.of == "ncci-edits":
        notes.append(f"column 1 codes {part.first_key} to {part.last_key}; CMS publishes a quarter in several files")
    return TakenTable(edition.id, part.row_count, outcome, name, tuple(notes))


def _rivals(connection: sqlite3.Connection, edition: EditionRow, part: Part, name: str) -> list[Part]:
    """Return imported indices for the same days under another name (year or release) that differ."""
    if edition.of != "localities" or not edition.last:
        return []
    query = (
        "SELECT parts.* FROM parts JOIN editions ON parts.edition = editions.number "
        "WHERE of = ? AND id <> ? AND first <= ? AND last >= ? ORDER BY part"
    )
    cells = (edition.of, edition.id, as_number(edition.last), as_number(edition.first))
    others = [Part(*row) for row in connection.execute(query, cells)]
    return [each for each in others if _differences(connection, edition, [each], part, name)[0]]


def _overlap(one: Part, other: Part) -> bool:
    return one.first_key <= other.last_key and other.first_key <= one.last_key


def _differences(
    connection: sqlite3.Connection, edition: EditionRow, before: Sequence[Part], part: Part, name: str
) -> tuple[int, list[str]]:
    """Return how many rows only one of two imports has, and the first of them as text."""
    import heapq

    table = ROWS_OF[edition.of]
    old = heapq.merge(*(_by_key(connection, table, each) for each in before))
    count, examples = 0, list[str]()
    for rows, is_new in _one_sided(old, _by_key(connection, table, part)):
        count += len(rows)
        who = name if is_new else ", ".join(dict.fromkeys(each.file for each in before))
        examples += [f"only in {who}: {row[:_LONGEST]}" for row in sorted(rows)[: _SHOWN - len(examples)]]
    return count, examples


def _by_key(connection: sqlite3.Connection, table: str, part: Part) -> Iterator[tuple[str, set[str]]]:
    """Yield the rows of a part as text, grouped by their first cell and in its order."""
    from itertools import groupby

    kinds = msgspec.json.decode(part.kinds or "[]", type=list[Kind])
    for key, rows in groupby(rows_of_part(connection, table, part.part), key=lambda row: str(row[0])):
        if table == "edits":
            yield key, {_in_words(edit) for _, pairs in rows for edit in unpacked(key, pairs, kinds)}
        else:
            yield key, {_in_words(row) for row in rows}


def _in_words(row: Iterable[object]) -> str:
    return " ".join("-" if cell is None or cell == "" else str(cell) for cell in row)


def _one_sided(
    old: Iterator[tuple[str, set[str]]], new: Iterator[tuple[str, set[str]]]
) -> Iterator[tuple[set[str], bool]]:
    """Yield rows that only one side has; True means the new one."""
    one, other = next(old, None), next(new, None)
    while one or other:
        if other is None or (one and one[0] < other[0]):
            assert one is not None
            yield one[1], False
            one = next(old, None)
        elif one is None or other[0] < one[0]:
            yield other[1], True
            other = next(new, None)
        else:
            yield one[1] - other[1], False
            yield other[1] - one[1], True
            one, other = next(old, None), next(new, None)
