"""A run of `cpt scrub`: files -> parts -> annotated bytes in the order of the files, and a summary."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import islice
from multiprocessing import active_children, get_context
from typing import Final

from msgspec import Struct

from ..claims import columns
from ..claims.fhir import Reader as FhirReader
from ..claims.layouts import Layout
from ..claims.lines import Oddities, ServiceLine
from ..claims.recognize import Input, Kind, open_input
from ..claims.tables import Table, open_table
from ..claims.text_rows import cells_of
from ..claims.x12 import Reader as X12Reader
from ..model.scrub import FileRead, ScrubSummary, Terms
from .line_part import Form, header, identity_of
from .table_part import Pair
from .tally import Tally
from .work import Job, Part, Worker, begin, do_packed, packed, signals_deferred

_ROWS: Final = 8000  # of a part, at least; it ends where a patient or claim ends
_MOST_ROWS: Final = 2**15  # of a part whose claim never ends
_AHEAD: Final = 2  # parts for each process that wait

Write = Callable[[bytes], object]


class Watch(Struct):
    """How far a run is. `see` is called after each part, with the lines done and the share of the bytes read."""

    see: Callable[[int, float], None] = lambda lines, share: None
    lines: int = 0


class Choice(Struct, frozen=True):
    """How to read and write. `guessed` is called with columns that were guessed, before they are used."""

    layout: Layout | None = None
    form: Form = "csv"
    read_only: bool = False
    jobs: int = 1
    remember: bool = True
    guessed: Callable[[str, columns.Found], None] = lambda name, found: None
    used: Callable[[Layout], None] = lambda layout: None  # is called with the columns of each table


class _File:
    """An open input and what is known of it."""

    def __init__(self, opened: Input, number: int, choice: Choice) -> None:
        self.opened = opened
        self.reader: FhirReader | X12Reader | None = None
        self.table: Table | None = None
        self.tally = Tally()
        self.columns = ""
        self.oddities = Oddities("row")
        self.job = Job(number, opened.name, "lines", choice.form, choice.read_only)
        if opened.kind not in ("837p", "fhir"):
            self.table = open_table(opened)
            found = columns.find(self.table.head(), opened.name, choice.layout)
            self.columns = {"given": found.layout.title, "preset": found.layout.title, "guess": "guessed"}[found.how]
            if found.how == "guess":
                choice.guessed(opened.name, found)
            self.oddities = self.table.oddities
            choice.used(found.layout)
            found.bind(opened.name, self.oddities)
            self.job = Job(number, opened.name, "table", choice.form, choice.read_only, found, self.table.delimiter)

    def add(self, tally: Tally | None) -> None:
        """Count a part, or several."""
        if tally:
            self.oddities.merge(tally.oddities)
            self.tally.merge(tally)

    def read(self) -> FileRead:
        """Return what the summary says of it."""
        oddities, unread = self.oddities, 0
        if self.reader:
            oddities, unread = self.reader.oddities, self.reader.unread
        return FileRead(
            self.opened.name, self.opened.kind, self.tally.rows, self.tally.lines, unread, self.columns,
            tuple(map(str, oddities)),
        )  # fmt: skip


def kinds_of(names: list[str]) -> list[Kind]:
    """Return what each file is, by its content. Raises ClaimFileUnreadable."""
    kinds: list[Kind] = []
    for name in names:
        with open_input(name) as opened:
            kinds.append(opened.kind)
    return kinds


def scrub(
    names: list[str], terms: Terms, choice: Choice, write: Callable[[str], tuple[Write, bool]], watch: Watch
) -> ScrubSummary:
    """Read files, write them annotated, and return the summary.

    `write` is called for each file in turn and returns where its bytes go, and whether nothing went there yet. Raises
    ClaimFileUnreadable, NoCodeColumn or MissingExtra for a file, UnknownName or BadValue for terms that name nothing.
    """
    total, files = Tally(), list[FileRead]()
    worker = Worker(terms, choice.remember)
    with _Pool(terms, choice) as pool:
        for number, name in enumerate(names):
            with open_input(name) as opened:
                file = _File(opened, number, choice)
                to, is_new = write(opened.name)
                if is_new and (file.table is None or choice.read_only):
                    to(header(choice.form, choice.read_only))
                for out, many, tally in _done(_parts(file), worker, pool, choice.jobs):
                    to(out)
                    watch.lines += many
                    watch.see(watch.lines, _share(opened, number, len(names)))
                    file.add(tally)
            file.add(worker.taken(file.job))
            total.merge(file.tally)
            files.append(file.read())
    return total.summary(tuple(files), worker.desk.book.receipt)


def _share(opened: Input, number: int, many: int) -> float:
    inside = opened.file.tell() / opened.size if opened.file and opened.size else 0.0
    return (number + min(1.0, inside)) / many


# --------------------------------------------------------------------------------------------------------------- parts


def _parts(file: _File) -> Iterator[Part]:
    """Yield the parts of a file, each ending where a patient or claim ends."""
    if file.table:
        yield from _table_parts(file, file.table)
    else:
        yield from _line_parts(file)


def _table_parts(file: _File, table: Table) -> Iterator[Part]:
    assert file.job.found is not None
    identity = _Identity(file.job)
    pairs = table.pairs(splits=False)  # the worker splits them: cells live only as long as they are needed
    start, rows = 1, [*islice(pairs, _ROWS)]
    while len(rows) >= _ROWS:
        before = identity.of(rows[-1], start + len(rows) - 1)
        for pair in pairs:
            after = identity.of(pair, start + len(rows))
            if not after or after != before or len(rows) >= _MOST_ROWS:
                yield Part(file.job, start, rows)
                start, rows = start + len(rows), [pair, *islice(pairs, _ROWS - 1)]
                break
            rows.append(pair)
        else:
            break
    if rows:
        yield Part(file.job, start, rows)


class _Identity:
    """Tells whether two rows of a table are of one patient or claim."""

    def __init__(self, job: Job) -> None:
        assert job.found is not None
        reader = job.found.bind(job.name, Oddities("row"))
        self._places = reader.places("patient") or reader.places("claim")
        self._delimiter = job.delimiter

    def of(self, pair: Pair, number: int) -> str:
        """Return the patient or claim of a row; empty where it names neither."""
        raw, cells = pair
        cells = cells or cells_of(raw, self._delimiter, number == 1)
        return next((cells[at].strip() for at in self._places if at < len(cells) and cells[at].strip()), "")


def _line_parts(file: _File) -> Iterator[Part]:
    opened = file.opened
    reader: X12Reader | FhirReader
    reader = X12Reader(opened.stream, opened.name) if opened.kind == "837p" else FhirReader(opened.stream, opened.name)
    file.reader = reader
    start, lines = 1, list[ServiceLine]()
    for line in reader:
        if len(lines) >= _ROWS and (identity_of(line) != identity_of(lines[-1]) or len(lines) >= _MOST_ROWS):
            yield Part(file.job, start, None, lines)
            start, lines = start + len(lines), []
        lines.append(line)
    if lines:
        yield Part(file.job, start, None, lines)


# --------------------------------------------------------------------------------------------------------------- order


class _Pool:
    """The other processes of a run, none for one job. What waits is dropped when the run ends early."""

    def __init__(self, terms: Terms, choice: Choice) -> None:
        self._executor: ProcessPoolExecutor | None = None
        if choice.jobs > 1:
            self._executor = ProcessPoolExecutor(choice.jobs, get_context("spawn"), begin, (terms, choice.remember))

    def __enter__(self) -> ProcessPoolExecutor | None:
        if self._executor:
            with signals_deferred():  # the first task starts all processes; half a start could not be stopped
                self._executor.submit(int)
        return self._executor

    def __exit__(self, kind: type[BaseException] | None, *raised: object) -> None:
        if not self._executor:
            return
        if kind:
            for child in active_children():
                child.kill()
        self._executor.shutdown(wait=kind is None, cancel_futures=True)


def _done(
    parts: Iterator[Part], worker: Worker, pool: ProcessPoolExecutor | None, jobs: int
) -> Iterator[tuple[bytes, int, Tally | None]]:
    """Yield each part as it is done, in order, whichever process was faster."""
    if pool is None:
        yield from map(worker.do, parts)
        return
    waiting: deque[Future[tuple[bytes, int, Tally | None]]] = deque()
    for part in parts:
        waiting.append(pool.submit(do_packed, packed(part)))
        if len(waiting) > jobs * _AHEAD:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()
