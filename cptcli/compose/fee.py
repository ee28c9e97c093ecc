"""An answer of `cpt fee` -> its sheet: the amount, where and when, and the arithmetic."""

from collections.abc import Iterator

from ..model.visit import FeeAnswer
from .backing import rules_in_short
from .sheet import Block, Detail, Row, Section, Sheet, counted
from .visit import estimate_text
from .visit_details import tables


def fee_sheet(answer: FeeAnswer) -> Sheet:
    """Return the sheet of one fee."""
    blocks = [
        Block("Amount", tuple(_amount(answer))),
        Block("Place", tuple(_place(answer))),
        Block("Status", tuple(_status(answer))),
        Block("Work", tuple(Row("work", (each,), weight=60) for each in answer.work)),
        Block("Watch", tuple(Row("warning", (each,), "caution", weight=80) for each in answer.warnings)),
        Block("Import", tuple(Row("aged", (each.says,), "caution", weight=75) for each in answer.aged)),
    ]
    return Sheet(
        title=(answer.code, answer.name or "not in our list", _head(answer)),
        blocks=tuple(block for block in blocks if block.rows),
        facts=(
            ("code", answer.code),
            ("amount", answer.amount or "not known"),
            *((("estimate_from", answer.estimate_from),) if answer.estimate_from else ()),
        ),
        sections=(Section("Tables", tuple(Detail("table", "", each) for each in tables(answer)), listed=True),)
        if answer.tables
        else (),
        more=(counted(len(answer.tables), "table"),) if answer.tables else (),
        stamp=f"DOS {answer.service_date}  {rules_in_short(answer.rulebook)}",
    )


def _head(answer: FeeAnswer) -> str:
    if not answer.amount:
        return "not known"
    return f"${answer.amount}{' (estimate)' if answer.estimate_from else ''}"


def _amount(answer: FeeAnswer) -> Iterator[Row]:
    if not answer.amount:
        yield Row("unknown", ("Not known.",), "unsure", must=True)
        return
    rate = f"{answer.rate.replace('_', '-')} rate; in a facility it may differ"
    yield Row("rate", (f"${answer.amount} per unit{estimate_text(answer)}, {rate}.",), "strong", must=True)
    if answer.reduced_amount:
        yield Row(
            "reduced_amount", (f"${answer.reduced_amount} for each unit but the day's highest (MPPR).",), must=True
        )
    if answer.coinsurance:
        yield Row(
            "coinsurance", (f"The patient pays {float(answer.coinsurance):.0%} of it after the deductible.",), weight=40
        )


def _place(answer: FeeAnswer) -> Iterator[Row]:
    if answer.from_settings:
        yield Row("from_settings", (f"{', '.join(answer.from_settings)}: your settings.",), "dim", weight=88)
    if answer.locality:
        yield Row("locality", (f"{answer.locality} {answer.locality_name or ''}".strip(),), weight=90)
    if answer.release:
        factor = f", conversion factor {answer.conversion_factor}" if answer.conversion_factor else ""
        yield Row("release", (f"Release {answer.release}{factor}.",), weight=85)


def _status(answer: FeeAnswer) -> Iterator[Row]:
    if answer.status:
        yield Row("status", (f"{answer.status}: {answer.status_says or 'not described here'}",), weight=70)
    if answer.descriptor:
        yield Row("descriptor", (f"{answer.descriptor} (from your own import, under your license)",), weight=30)
