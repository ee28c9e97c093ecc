"""An answer of `cpt check` -> its sheet: the claim lines, what to fix and review, what was not checked."""

from collections.abc import Iterator

from ..findings.phrases import fits, if_covered, where
from ..model.common import Verdict
from ..model.visit import ClaimLine, FeeAnswer, Finding, LineAnswer, Severity, VisitAnswer
from .answer import TONES
from .answer_details import verdict_in_short
from .backing import rules_in_short
from .sheet import Block, Row, Sheet, Tone, counted
from .visit_details import sections, sources

_FRAME = 10  # lines of the first screen besides claim lines and findings
_OF_FINDING = 2
_MOST_UNCHECKED = 260  # characters of what was not checked, about four lines
_LABELS: dict[Severity, tuple[str, Tone]] = {
    "block": ("Fix", "bad"),
    "warn": ("Review", "caution"),
    "info": ("Note", "plain"),
}
_GRAVEST: tuple[Verdict, ...] = ("not_covered", "investigational", "bundled", "unknown", "conditional", "covered")


def visit_sheet(answer: VisitAnswer, work: bool) -> Sheet:
    """Return the sheet of a visit; with `work`, --full also shows the arithmetic of the amounts."""
    lines = tuple(_claim_line(answer, line) for line in answer.claim_lines)
    none = Row("claim_line", ("none: no line earned a unit or has a code that may be billed",), "bad", must=True)
    by_severity = {key: [each for each in answer.findings if each.severity == key] for key in _LABELS}
    fixes = [_finding(each) for each in by_severity["block"]] or [_nothing_to_fix(answer)]
    blocks = [
        Block("", lines or (none,)),
        Block("", (Row("units", (_units(answer),), "strong", must=True),)),
        Block("Fix", tuple(fixes)),
        Block("Review", tuple(map(_finding, by_severity["warn"]))),
        Block("Paid?", tuple(_paid(answer))),
        Block("Note", tuple(_finding(each) for each in by_severity["info"] if not _is_of_coverage(each))),
        Block("Unchecked", tuple(_unchecked(answer))),
        Block("Import", tuple(Row("aged", (each.says,), "caution", must=True, weight=95) for each in answer.aged)),
    ]
    cut = sum(1 for each in answer.findings if _text(each)[1])
    more = [counted(len(sources(answer)), "source")] if sources(answer) else []
    more += [counted(len(answer.tables), "table")] if answer.tables else []
    return Sheet(
        title=("Claim", _asked(answer), ""),
        blocks=tuple(block for block in blocks if block.rows),
        facts=(("summary", answer.summary),),
        sections=tuple(sections(answer, work)),
        notes=cut + max(0, len(answer.not_checked) - len(answer.unchecked)),
        more=tuple(more),
        stamp=rules_in_short(answer.rulebook),
    )


def _nothing_to_fix(answer: VisitAnswer) -> Row:
    """Return the row of a day with nothing to fix; not clean where an edit or limit was not checked."""
    if answer.without_table:
        return Row("block", ("nothing found; not clean: a table is missing (see Unchecked)",), "caution", must=True)
    return Row("block", ("nothing",), "good", must=True)


def lines_of_first_screen(answer: VisitAnswer) -> int:
    """Return how many lines the first screen of a visit has."""
    return _FRAME + max(1, len(answer.claim_lines)) + _OF_FINDING * len(answer.findings)


def _asked(answer: VisitAnswer) -> str:
    visit = answer.visit
    provider = visit.provider.replace("_", " ") if visit.provider else None
    claim = "institutional claim" if visit.claim == "institutional" else None
    parts = [answer.payer.short_name, visit.state, visit.service_date.isoformat(), visit.discipline, provider, claim]
    own = f" ({', '.join(visit.from_settings)}: your settings)" if visit.from_settings else ""
    return ", ".join(filter(None, parts)) + own


def _claim_line(answer: VisitAnswer, line: ClaimLine) -> Row:
    """Return the row of a claim line: code, modifiers, units, name, minutes, and its coverage verdict."""
    parts = [each for each in answer.lines if each.line in line.lines]
    verdicts = {each.verdict for each in parts} or {"unknown"}
    verdict = next(each for each in _GRAVEST if each in verdicts)
    units = "x?" if line.units is None else f"x{line.units}"
    name = next((each.name for each in parts if each.claim_code == line.code and each.name), None) or "not in our list"
    return Row(
        "claim_line",
        (line.code, " ".join(line.modifiers) or "-", units, name, _minutes(parts), verdict_in_short(verdict)),
        TONES[verdict],
        must=True,
        weight=100,
    )


def _minutes(parts: list[LineAnswer]) -> str:
    minutes = [each.minutes for each in parts if each.minutes is not None]
    if minutes:
        return f"{sum(minutes)} min"
    return "untimed" if any(each.timed is False for each in parts) else ""


def _units(answer: VisitAnswer) -> str:
    """Return the timed minutes and units, and the expected allowed amount."""
    parts = []
    if answer.timed_minutes:
        units = "units not known" if answer.timed_units is None else counted(answer.timed_units, "timed unit")
        rule = f", {answer.unit_rule_name}" if answer.unit_rule_name else ""
        parts.append(f"{answer.timed_minutes} timed minutes = {units}{rule}.")
    if answer.amount is not None:
        only = if_covered(answer.amounts.if_covered if answer.amounts else ())
        parts.append(f"Expected allowed amount ${answer.amount}{estimate_text(answer)}{only}.")
    elif answer.amounts is not None:
        parts.append("Expected allowed amount: not known.")
    return " ".join(parts) or counted(len(answer.claim_lines), "claim line") + "."


def estimate_text(answer: VisitAnswer | FeeAnswer) -> str:
    """Return that the amount is an estimate, from which release and for which day; empty if it is none."""
    visit = answer if isinstance(answer, FeeAnswer) else answer.visit
    amounts = answer if isinstance(answer, FeeAnswer) else answer.amounts
    if amounts is None or not amounts.estimate_from:
        return ""
    return f" (estimate from {amounts.estimate_from}: no release for {visit.service_date} on file)"


def _text(finding: Finding) -> tuple[str, bool]:
    """Return a finding in at most two lines with its fix, and whether --full says more."""
    text = f"{where(finding.lines)}{finding.short}"
    fix = f" -> {finding.fix}" if finding.fix else ""
    return (text + fix, finding.short != finding.says) if fits(text + fix) else (text, True)


def _finding(finding: Finding) -> Row:
    _, tone = _LABELS[finding.severity]
    info = finding.severity == "info"
    return Row(finding.severity, (_text(finding)[0],), tone, must=not info, weight=30 if info else 90)


def _is_of_coverage(finding: Finding) -> bool:
    """Return whether a note is on coverage and belongs under Paid?."""
    return finding.about == "coverage"


def _paid(answer: VisitAnswer) -> Iterator[Row]:
    """Return what the coverage of a line depends on; a line that is not paid is under Fix or Review."""
    for finding in answer.findings:
        if finding.severity == "info" and _is_of_coverage(finding):
            yield Row("paid", (_text(finding)[0],), "caution", weight=70)


def _unchecked(answer: VisitAnswer) -> Iterator[Row]:
    """Return what was not checked: one row that always stays, and a second one if there are many points."""
    points = [each.rstrip(".") for each in answer.unchecked]
    most = next((n for n in range(len(points), 1, -1) if len("; ".join(points[:n])) <= _MOST_UNCHECKED), 1)
    for row, weight in ((points[:most], 100), (points[most:], 50)):
        if row:
            yield Row("unchecked", (f"{'; '.join(row)}.",), "unsure", must=True, weight=weight)
