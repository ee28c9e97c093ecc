"""A visit or a fee for a person at a terminal: the lines to type, what would be wrong, what it comes to."""

from collections.abc import Iterable, Iterator

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ..visit_model import Amounts, FeeAnswer, Finding, Severity, VisitAnswer
from . import visit_plain as plain
from .plain import receipt_text
from .terminal import Page, bullets, rows, section

_SEVERITIES: dict[Severity, tuple[str, str]] = {
    "block": ("mend", "bold red"),
    "warn": ("look at", "bold yellow"),
    "info": ("know", "bold"),
}


def page(shown: VisitAnswer | FeeAnswer, work: bool) -> Page:
    """The page of an answer, part by part; `work` shows the arithmetic of the amounts."""
    return _visit(shown, work) if isinstance(shown, VisitAnswer) else _fee(shown)


def _visit(answer: VisitAnswer, work: bool) -> Iterator[RenderableType]:
    yield from _claim_lines(answer)
    yield ""
    asked = [*plain.question(answer)]
    yield Text(", ".join(f"{name.replace('_', ' ')} {value}" for name, value in asked), style="dim")
    yield from _findings("To mend and to look at", [each for each in answer.findings if each.severity != "info"])
    yield from _findings("To know", [each for each in answer.findings if each.severity == "info"])
    if answer.amounts:
        yield from _amounts(answer.amounts, work)
    counted = [text for _, text in plain.unit_facts(answer)]
    if counted:
        yield from bullets("How units were counted", counted)
    yield from _edits(answer)
    if answer.thresholds:
        yield from bullets("Yearly threshold", [each.says for each in answer.thresholds])
    if answer.not_checked:
        yield from bullets("Not checked", answer.not_checked, "yellow")
    if told := [*plain.tables(answer), *plain.sources(answer)]:
        yield from bullets("Tables and sources", told, "dim")
    yield ""
    yield Text(f"Rule base {receipt_text(answer.rulebook)}", style="dim")
    yield Text(answer.summary, style="bold")


def _claim_lines(answer: VisitAnswer) -> Iterator[RenderableType]:
    yield Text("Claim lines", style="bold underline")
    names = {line.claim_code: line.name for line in answer.lines}
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="bold", overflow="fold")
    table.add_column(overflow="fold")
    table.add_column(style="bold", justify="right", overflow="fold")
    table.add_column(overflow="fold")
    for line in answer.claim_lines:
        units = "?" if line.units is None else str(line.units)
        typed = ", ".join(map(str, line.lines))
        about = f"{names.get(line.code) or 'not described here'} (line {typed})"
        table.add_row(line.code, " ".join(line.modifiers) or "-", units, about)
    yield table if answer.claim_lines else Text("none: no line earned a unit or has a code that may be billed")


def _findings(title: str, findings: Iterable[Finding]) -> Iterator[RenderableType]:
    shown = []
    for finding in findings:
        label, style = _SEVERITIES[finding.severity]
        text = Text.assemble((plain.where(finding), "bold"), finding.says)
        if finding.fix:
            text.append("\n-> ", style=style)
            text.append(finding.fix)
        if finding.rule:
            text.append(f"\n{finding.rule}", style="dim")
        shown.append((label, text))
    if shown:
        yield from section(title)
        yield rows(shown)


def _edits(answer: VisitAnswer) -> Iterator[RenderableType]:
    """The states of the pairs: those that fail or are bypassed one by one, the others together."""
    passing = [f"{each.column1}/{each.column2}" for each in answer.edits if each.state == "passes"]
    editions = dict.fromkeys(each.edition for each in answer.edits if each.state == "passes")
    told = [
        f"{each.column1}/{each.column2} {each.state.replace('_', ' ')}: {each.says}"
        for each in answer.edits
        if each.state in ("fails", "bypassed")
    ]
    if passing:
        told.append(f"no edit in the table of {', '.join(filter(None, editions))}: {', '.join(passing)}")
    if told:
        yield from bullets("Edits between codes", told)


def _amounts(amounts: Amounts, work: bool) -> Iterator[RenderableType]:
    where = f" at {amounts.locality} {amounts.locality_name or ''}" if amounts.locality else ""
    yield from section(f"Expected amount{where}")
    if amounts.allowed is None:
        yield Text("Not known.", style="bold magenta")
    for line in amounts.lines if amounts.release else ():
        yield Text(plain.amount_text(line, amounts.says))
        for step in line.work if work else ():
            yield Padding(Text(step, style="dim"), (0, 0, 0, 2))
    if amounts.allowed is not None:
        yield Text(f"In all {plain.shares_text(amounts)}.", style="bold")
    for note in amounts.says:
        yield Text(f"- {note}", style="dim")


def _fee(answer: FeeAnswer) -> Iterator[RenderableType]:
    told = ("code", "amount", "name", "rulebook")
    facts = [(name, value) for name, value in plain.fee_facts(answer) if name not in told]
    yield Text.assemble((answer.code, "bold"), f"  {answer.name or 'not described here'}")
    yield Text.assemble("Fee of one unit: ", (answer.amount or "not known", "bold"))
    yield ""
    yield rows((name.replace("_", " "), Text(value)) for name, value in facts)
    yield ""
    yield Text(f"Rule base {receipt_text(answer.rulebook)}", style="dim")
