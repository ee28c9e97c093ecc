"""Checks of service lines in Arrow: record batches in, the same with the cpt_ columns out. Needs the extra `parquet`.

>>> import pyarrow as pa
>>> from datetime import date
>>> from cptcli.arrow import scrub_batch
>>> batch = pa.RecordBatch.from_pydict({"claim_id": ["C1"], "cpt": ["97110"], "dos": ["2026-02-02"], "units": ["1"]})
>>> scrub_batch(batch, payer="medicare", today=date(2026, 11, 23)).column("cpt_findings").to_pylist()
['medicare-therapy-modifiers']

Columns are found as `cpt scrub` finds them; `columns` names them instead, as {"code": "cpt"}. Rules and tables are read
once in each process, nothing is kept that would have to be sent to another one, and every added column is text.

Lines of one patient's day are judged together within one batch. An engine that cuts its batches anywhere has to group
by patient or claim first: `scrub_group` takes such a group.
"""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa

from . import api
from .claims import columns as columns_of
from .claims.layouts import Layout
from .claims.lines import Oddities
from .claims.tables import Row
from .claims.workbook_rows import cell_text
from .model.scrub import Terms
from .scrub.days import days_of
from .scrub.judge import ANNOTATIONS, Judge

_NAME = "the batch"
_JUDGES = 4  # sets of terms that a process keeps rules and what it worked out for


def output_schema(schema: pa.Schema) -> pa.Schema:
    """Return the schema of what `scrub_batch` and `scrub_group` return for batches of this one."""
    for name in ANNOTATIONS:
        schema = schema.append(pa.field(name, pa.string()))
    return schema


def scrub_batch(
    batch: pa.RecordBatch,
    *,
    payer: str | None = None,
    usual_payer: str | None = None,
    state: str | None = None,
    discipline: str | None = None,
    provider: str | None = None,
    columns: Mapping[str, str | list[str]] | None = None,
    rules: str | None = None,
    today: date | None = None,
) -> pa.RecordBatch:
    """Return the batch with cpt_verdict, cpt_code, cpt_units, cpt_modifiers, cpt_findings and cpt_says.

    `payer` counts for every line, `usual_payer` for lines that name none; `rules` is your own rule folder. `today`
    gives the age of facts, the clock's by default. Raises NoCodeColumn, and UnknownName or BadValue for what names
    nothing.
    """
    terms = Terms(
        today=today or date.today(), payer=payer, usual_payer=usual_payer, state=state, discipline=discipline,
        provider=provider, rules=rules,
    )  # fmt: skip
    layout = (
        Layout("columns", "columns given", {key: _names(names) for key, names in columns.items()}) if columns else None
    )
    added = _added(_judge(terms), batch, layout)
    arrays = [*batch.columns, *(pa.array(cells, pa.string()) for cells in added)]
    return pa.RecordBatch.from_arrays(arrays, schema=output_schema(batch.schema))


def scrub_group(table: pa.Table, **terms: Any) -> pa.Table:
    """Return one group of lines, as of a patient or a claim, with the same columns: all are judged together.

    The keywords are those of `scrub_batch`.
    """
    batches = table.combine_chunks().to_batches()
    return pa.Table.from_batches([scrub_batch(batch, **terms) for batch in batches], output_schema(table.schema))


def _names(names: str | list[str]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


@lru_cache(_JUDGES)
def _judge(terms: Terms) -> Judge:
    """Return what decides in this process under these terms."""
    return Judge(terms, api.open(terms.today, Path(terms.rules) if terms.rules else None))


def _added(judge: Judge, batch: pa.RecordBatch, layout: Layout | None) -> list[list[str]]:
    """Return the added columns: of each row its six cells."""
    header = [str(name) for name in batch.schema.names]
    oddities = Oddities("row")
    found = columns_of.find([Row(0, b"", header)], _NAME, layout)
    read = found.bind(_NAME, oddities)
    if judge.is_full:
        judge.forget()
    rows = zip(*(column.to_pylist() for column in batch.columns), strict=True)
    row_of, lines = list[int](), []
    for at, row in enumerate(rows):
        for line in read(Row(at + 1, b"", [cell_text(cell) for cell in row])):
            row_of.append(at)
            lines.append(line)
    numbers = [judge.number_of(line) for line in lines]
    days, _ = days_of(
        [line.patient or line.claim or at for at, line in enumerate(lines)],
        [(line.date_from, line.billing, line.payer, line.filing) for line in lines],
        [(line.claim, line.lx, line.line_ctl, number) for line, number in zip(lines, numbers, strict=True)],
    )
    several: list[list[tuple[str, ...]]] = [[] for _ in range(batch.num_rows)]
    cells: list[tuple[str, ...]] = [()] * len(lines)
    for group in days:
        day = judge.judged(tuple([numbers[at] for at in group]))
        for at, line_said in zip(group, day.lines, strict=True):
            cells[at] = line_said.cells
    for at, row_number in enumerate(row_of):
        several[row_number].append(cells[at])
    return [
        [" | ".join(each[column] for each in of_row) if of_row else "" for of_row in several]
        for column in range(len(ANNOTATIONS))
    ]
