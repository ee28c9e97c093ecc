"""A visit or a fee, one fact a line: the claim lines first, then what was found, the most severe first."""

from collections.abc import Iterator, Sequence

from ..visit_model import AmountLine, Amounts, ClaimLine, FeeAnswer, Finding, VisitAnswer
from .plain import receipt_text

Line = tuple[str, str]


def lines(shown: VisitAnswer | FeeAnswer, work: bool) -> Iterator[str]:
    """The lines of an answer, without line ends; `work` shows the arithmetic."""
    for name, value in _visit(shown, work) if isinstance(shown, VisitAnswer) else fee_facts(shown):
        yield f"{name}: {' '.join(value.split())}"


def _visit(answer: VisitAnswer, work: bool) -> Iterator[Line]:
    yield "summary", answer.summary
    for line in answer.claim_lines:
        yield "claim_line", claim_line_text(line)
    for finding in answer.findings:
        yield finding.severity, finding_text(finding)
    yield from (("not_checked", each) for each in answer.not_checked)
    yield from unit_facts(answer)
    for each in answer.lines:
        minutes = f", {each.minutes} minutes" if each.minutes is not None else ""
        units = "units not known" if each.units is None else f"{each.units} unit{'' if each.units == 1 else 's'}"
        yield "line", f"{each.line} {each.code}{minutes}: {units}; coverage {each.verdict.replace('_', ' ')}"
    for edit in answer.edits:
        yield "edit", f"{edit.column1}/{edit.column2} {edit.state.replace('_', ' ')}: {edit.says}"
    yield from (("threshold", each.says) for each in answer.thresholds)
    yield from amount_facts(answer, work)
    yield from question(answer)
    yield from (("table", each) for each in tables(answer))
    yield from (("source", each) for each in sources(answer))
    yield "rulebook", receipt_text(answer.rulebook)


def claim_line_text(line: ClaimLine) -> str:
    """A claim line as it is typed: code, modifiers, units."""
    units = "units not known" if line.units is None else f"x{line.units}"
    return " ".join(filter(None, ("-".join((line.code, *line.modifiers)), units, line.narrative)))


def finding_text(finding: Finding) -> str:
    """A finding with the lines it is about, its rule and what to do."""
    rule = f" [{finding.rule}]" if finding.rule else ""
    return f"{where(finding)}{finding.says}{rule}{f' -> {finding.fix}' if finding.fix else ''}"


def where(finding: Finding) -> str:
    """The lines that a finding is about; nothing where it is about the day."""
    numbers = ", ".join(map(str, finding.lines))
    return f"line{'' if len(finding.lines) == 1 else 's'} {numbers}: " if finding.lines else ""


def unit_facts(answer: VisitAnswer) -> Iterator[Line]:
    """How the day's units were counted, and where the clinician may choose."""
    for count in answer.unit_rules if answer.timed_minutes else ():
        units = ", ".join(f"{code} {'not known' if each is None else each}" for code, each in count.units.items())
        total = "units not known" if count.timed_units is None else f"{count.timed_units} units"
        yield "units", f"by {count.unit_rule}: {count.timed_minutes} timed minutes, {total} ({units})"
    yield from (("tie", each.says) for each in answer.ties)


def amount_facts(answer: VisitAnswer, work: bool) -> Iterator[Line]:
    """What is expected to be allowed and paid; with `work`, how it comes about."""
    amounts = answer.amounts
    if amounts is None:
        return
    if amounts.allowed is not None:
        yield "amount", shares_text(amounts)
    else:
        yield "amount", "not known"
    for line in amounts.lines if amounts.release else ():
        yield "amount_line", amount_text(line, amounts.says)
        yield from (("work", each) for each in line.work if work)
    if work and amounts.release:
        yield "order", "; ".join(amounts.order)
    yield from (("amount_note", each) for each in amounts.says)


def shares_text(amount: Amounts | AmountLine) -> str:
    """What is allowed, and who pays it."""
    return f"{amount.allowed} allowed; patient {amount.patient or 'not known'}, payer {amount.paid}"


def amount_text(line: AmountLine, notes: Sequence[str]) -> str:
    """What a claim line comes to; what stands in the `notes` of the whole day is not said again."""
    head = "-".join((line.code, *line.modifiers))
    if line.allowed is None:
        return f"{head}: not known. {'' if line.says in notes else line.says or ''}".rstrip()
    reduced = f", {line.reduced_units} of them reduced" if line.reduced_units else ""
    says = f" {line.says}" if line.says else ""
    return f"{head} x{line.units}{reduced}: {shares_text(line)}.{says}"


def question(answer: VisitAnswer) -> Iterator[Line]:
    """The visit as it was understood."""
    asked = answer.visit
    for name in ("payer", "state", "discipline", "provider", "claim", "unit_rule", "abn", "care", "locality"):
        if value := getattr(asked, name):
            yield name, str(value)
    if answer.payer.id != asked.payer:
        yield "resolved", answer.payer.id
    if asked.diagnoses:
        yield "diagnoses", ", ".join(f"{letter} {code}" for letter, code in asked.diagnoses.items())
    yield "service_date", asked.service_date.isoformat()


def tables(answer: VisitAnswer | FeeAnswer) -> list[str]:
    """The editions of CMS's tables that took part."""
    return [
        f"{each.table} {each.edition}, {each.first} to {each.last or 'not known'}"
        f"{', imported' if each.imported else ''}{f'. {each.caveat}' if each.caveat else ''}"
        for each in answer.tables
    ]


def sources(answer: VisitAnswer) -> list[str]:
    """Every source of the findings once."""
    met = {each.id: each for finding in answer.findings for each in finding.sources}
    return [f"{key}: {each.title} ({each.date or 'undated'}) {each.url or ''}".rstrip() for key, each in met.items()]


def fee_facts(answer: FeeAnswer) -> Iterator[Line]:
    """A fee, the amount first."""
    yield "code", answer.code
    yield "amount", answer.amount or "not known"
    if answer.amount:
        yield "rate", f"{answer.rate.replace('_', '-')}; in a facility it may differ"
    if answer.reduced_amount:
        yield "reduced_amount", f"{answer.reduced_amount} for each unit but the day's highest"
    if answer.name:
        yield "name", answer.name
    if answer.descriptor:
        yield "descriptor", f"{answer.descriptor} (from your own import, under your licence)"
    yield from (("work", each) for each in answer.work)
    if answer.status:
        yield "status", f"{answer.status}: {answer.status_says or 'not described here'}"
    for name in ("locality", "locality_name", "release", "conversion_factor", "coinsurance"):
        if value := getattr(answer, name):
            yield name, value
    yield "service_date", answer.service_date.isoformat()
    yield from (("warning", each) for each in answer.warnings)
    yield from (("table", each) for each in tables(answer))
    yield "rulebook", receipt_text(answer.rulebook)
