"""One worker: parts of files in, annotated bytes and counts out. Works in this process, and in one of several."""

import signal
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Literal, NamedTuple

import msgspec
from msgspec import Struct

from .. import api
from ..claims.columns import Found
from ..claims.lines import Oddities, ServiceLine
from ..claims.tables import Row
from ..claims.text_rows import cells_of
from ..model.scrub import Terms
from .judge import Judge
from .line_part import Form, LineAnnotator, lines_as_read
from .table_part import Pair, TableAnnotator
from .tally import Tally


class Job(Struct, frozen=True):
    """What a worker has to know of a file. `number` tells the files of a run apart."""

    number: int
    name: str
    kind: Literal["table", "lines"]
    form: Form  # of the table beside claims, and of what is only read
    read_only: bool
    found: Found | None = None  # the columns of a table
    delimiter: str = ","


class Part(Struct, frozen=True):
    """Some rows or lines of a file; `start` is the number of the first, from 1."""

    job: Job
    start: int
    rows: list[Pair] | None = None
    lines: list[ServiceLine] | None = None


class Worker:
    """Annotates parts under the same terms. Rules and tables are read once."""

    def __init__(self, terms: Terms, remember: bool = True) -> None:
        from pathlib import Path

        self.desk = api.open(
            terms.today, Path(terms.rules) if terms.rules else None, Path(terms.store) if terms.store else None
        )
        self._judge = Judge(terms, self.desk, remember)
        self._annotators: dict[int, TableAnnotator | LineAnnotator] = {}

    def do(self, part: Part) -> tuple[bytes, int, Tally | None]:
        """Return a part annotated, and how many lines it has; its counts come with `taken`, if not at once."""
        job = part.job
        if job.read_only:
            out, tally = _read(part)
            return out, tally.lines, tally
        annotator = self._annotators.get(job.number)
        if annotator is None:
            self._annotators.clear()  # files come one after the other
            annotator = self._annotators[job.number] = (
                TableAnnotator(self._judge, job.found, job.name, job.delimiter)
                if job.found
                else LineAnnotator(self._judge, job.name, job.form)
            )
        if isinstance(annotator, TableAnnotator):
            return annotator.part(part.rows or [], part.start), len(part.rows or ()), None
        return annotator.part(part.lines or [], part.start), len(part.lines or ()), None

    def taken(self, job: Job) -> Tally:
        """Return what was counted of a file since the last time."""
        annotator = self._annotators.get(job.number)
        return annotator.taken() if annotator else Tally()


def _read(part: Part) -> tuple[bytes, Tally]:
    """Return the lines of a part as they were read."""
    job, tally = part.job, Tally()
    lines = part.lines or []
    if job.found:
        oddities = Oddities("row")
        read = job.found.bind(job.name, oddities)
        oddities.take()
        rows = part.rows or []
        split = [
            (raw, cells or cells_of(raw, job.delimiter, part.start + at == 1)) for at, (raw, cells) in enumerate(rows)
        ]
        lines = [line for at, (raw, cells) in enumerate(split) for line in read(Row(part.start + at, raw, cells))]
        tally.oddities, tally.rows = oddities.take(), len(rows)
    tally.lines = len(lines)
    return lines_as_read(lines, job.form), tally


# ---------------------------------------------------------------------------------------- in one of several processes

_worker: list[Worker] = []  # of this process
_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(list[ServiceLine]).decode


@contextmanager
def signals_deferred() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM wait, where the platform can."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def begin(terms: Terms, remember: bool) -> None:
    """Prepare this process. Ctrl-C is for the process that started it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    _worker.append(Worker(terms, remember))


class Packed(NamedTuple):
    """A part that is cheap to send to another process: few objects, and rows without their cells."""

    job: Job
    start: int
    rows: bytes  # one after the other
    lengths: "array[int]"
    lines: bytes


def packed(part: Part) -> Packed:
    """Return a part to send."""
    raws = [raw for raw, _ in part.rows or ()]
    return Packed(part.job, part.start, b"".join(raws), array("L", map(len, raws)), _encode(part.lines or []))


def do_packed(sent: Packed) -> tuple[bytes, int, Tally | None]:
    """Return a part annotated by the worker of this process, and its counts."""
    job, rows, at = sent.job, list[Pair](), 0
    for length in sent.lengths:
        raw = sent.rows[at : at + length]
        at += length
        is_first = sent.start == 1 and not rows
        rows.append((raw, cells_of(raw, job.delimiter, is_first) if is_first or b'"' in raw else []))
    out, many, tally = _worker[0].do(Part(job, sent.start, rows, _decode(sent.lines)))
    return out, many, tally or _worker[0].taken(job)
