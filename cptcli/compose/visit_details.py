"""What --full adds to a visit: findings in full, how units were counted, edits, amounts, tables and sources."""

from collections.abc import Iterator, Sequence

from ..findings.phrases import if_covered
from ..model.visit import AmountLine, Amounts, ClaimLine, FeeAnswer, Finding, Severity, VisitAnswer
from .backing import receipt_text
from .sheet import Detail, Section

_NAMES: dict[Severity, str] = {"block": "fix", "warn": "review", "info": "note"}


def sections(answer: VisitAnswer, work: bool) -> Iterator[Section]:
    """Return the sections of a visit, without empty ones; `work` shows the arithmetic of the amounts."""
    every = (
        Section("Claim lines as typed", tuple(Detail("claim_line_typed", "", claim_line_text(each))
                                              for each in answer.claim_lines), listed=True),
        Section("Findings in full", tuple(map(_finding, answer.findings))),
        Section("Expected amount", tuple(_amounts(answer, work)), listed=True),
        Section("How units were counted", tuple(_units(answer)), listed=True),
        Section("Lines as given", tuple(_lines(answer))),
        Section("Edits between codes", tuple(_edits(answer)), listed=True),
        Section("Yearly threshold", tuple(Detail("threshold", "", each.says) for each in answer.thresholds),
                listed=True),
        Section("Not checked", tuple(Detail("not_checked", "", each) for each in answer.not_checked), listed=True),
        Section("What was asked", tuple(_question(answer))),
        Section("Tables", tuple(Detail("table", "", each) for each in tables(answer)), listed=True),
        Section("Sources", tuple(Detail("source", "", each) for each in sources(answer)), listed=True),
        Section("Rule base", (Detail("rulebook", "version", receipt_text(answer.rulebook)),)),
    )  # fmt: skip
    return (section for section in every if section.details)


def claim_line_text(line: ClaimLine) -> str:
    """Return a claim line as it is typed: code, modifiers, units, narrative."""
    units = "units not known" if line.units is None else f"x{line.units}"
    return " ".join(filter(None, ("-".join((line.code, *line.modifiers)), units, line.narrative)))


def where(finding: Finding) -> str:
    """Return the line numbers of a finding; empty if it is about the whole visit."""
    numbers = ", ".join(map(str, finding.lines))
    return f"line{'' if len(finding.lines) == 1 else 's'} {numbers}: " if finding.lines else ""


def _finding(finding: Finding) -> Detail:
    fix = f" -> {finding.fix}" if finding.fix else ""
    rule = f"[{finding.rule}]" if finding.rule else ""
    label = _NAMES[finding.severity]
    return Detail(f"{label}_in_full", label, f"{where(finding)}{finding.says}{fix}", rule)


def _lines(answer: VisitAnswer) -> Iterator[Detail]:
    for each in answer.lines:
        minutes = f", {each.minutes} minutes" if each.minutes is not None else ""
        units = "units not known" if each.units is None else f"{each.units} unit{'' if each.units == 1 else 's'}"
        text = f"{each.line} {each.code}{minutes}: {units}; coverage {each.verdict.replace('_', ' ')}"
        yield Detail("line", f"line {each.line}", text)


def _units(answer: VisitAnswer) -> Iterator[Detail]:
    """Return how the day's units were counted, and where the clinician may choose."""
    for count in answer.unit_rules if answer.timed_minutes else ():
        units = ", ".join(f"{code} {'not known' if each is None else each}" for code, each in count.units.items())
        total = "units not known" if count.timed_units is None else f"{count.timed_units} units"
        yield Detail("units_by", "", f"{count.unit_rule}: {count.timed_minutes} timed minutes, {total} ({units})")
    yield from (Detail("tie", "", each.says) for each in answer.ties)


def _edits(answer: VisitAnswer) -> Iterator[Detail]:
    for edit in answer.edits:
        yield Detail("edit", "", f"{edit.column1}/{edit.column2} {edit.state.replace('_', ' ')}: {edit.says}")


def _amounts(answer: VisitAnswer, work: bool) -> Iterator[Detail]:
    """Return the expected allowed amount and who pays it; with `work`, the arithmetic."""
    amounts = answer.amounts
    if amounts is None:
        return
    where = f"{amounts.locality} {amounts.locality_name or ''}: " if amounts.locality else ""
    estimate = f"; estimate from {amounts.estimate_from}" if amounts.estimate_from else ""
    yield Detail("amount", "", "not known" if amounts.allowed is None else f"{where}{shares_text(amounts)}{estimate}")
    for line in amounts.lines if amounts.release else ():
        yield Detail("amount_line", "", amount_text(line, amounts.says))
        yield from (Detail("work", "", each) for each in line.work if work)
    if work and amounts.release:
        yield Detail("order", "", "; ".join(amounts.order))
    yield from (Detail("amount_note", "", each) for each in amounts.says)


def shares_text(amount: Amounts | AmountLine) -> str:
    """Return the allowed amount, and who pays it."""
    only = if_covered(amount.if_covered) if isinstance(amount, Amounts) else ""
    return f"{amount.allowed} allowed{only}; patient {amount.patient or 'not known'}, payer {amount.paid}"


def amount_text(line: AmountLine, notes: Sequence[str]) -> str:
    """Return the amount of a claim line; a text that is in the `notes` already is not repeated."""
    head = "-".join((line.code, *line.modifiers))
    if line.allowed is None:
        return f"{head}: not known. {'' if line.says in notes else line.says or ''}".rstrip()
    reduced = f", {line.reduced_units} of them reduced" if line.reduced_units else ""
    note = f" {line.says}" if line.says else ""
    note += f" Estimate from {line.estimate_from}." if line.estimate_from else ""
    return f"{head} x{line.units}{reduced}: {shares_text(line)}.{note}"


def _question(answer: VisitAnswer) -> Iterator[Detail]:
    """Return the visit as it was understood."""
    asked = answer.visit
    for name in ("payer", "state", "discipline", "provider", "claim", "unit_rule", "abn", "care", "locality"):
        if value := getattr(asked, name):
            yield Detail(name, name.replace("_", " "), str(value))
    if answer.payer.id != asked.payer:
        yield Detail("resolved", "decided by", answer.payer.id)
    if asked.diagnoses:
        text = ", ".join(f"{letter} {code}" for letter, code in asked.diagnoses.items())
        yield Detail("diagnoses", "diagnoses", text)
    yield Detail("service_date", "date of service", asked.service_date.isoformat())


def tables(answer: VisitAnswer | FeeAnswer) -> list[str]:
    """Return the editions of CMS tables that the answer used."""
    return [
        f"{each.table} {each.edition}, {each.first} to {each.last or 'not known'}"
        f"{', imported' if each.imported else ''}{f'. {each.caveat}' if each.caveat else ''}"
        for each in answer.tables
    ]


def sources(answer: VisitAnswer) -> list[str]:
    """Return every source of the findings once."""
    cited = {each.id: each for finding in answer.findings for each in finding.sources}
    return [f"{key}: {each.title} ({each.date or 'undated'}) {each.url or ''}".rstrip() for key, each in cited.items()]
