"""What backs a fact, in words: how sure it is, its dates, its documents, and the rule base."""

from ..model.answer import CoverageStep, SourceRef, Step
from ..model.common import Source
from ..model.lookup import RuleLine
from ..model.rulebook import Receipt
from ..model.rules import Policy, Rule
from ..model.tables import Table


def span(fact: Step | CoverageStep | RuleLine | Rule | Policy) -> str:
    """Return the dates of a fact, and when it was last checked."""
    since = f"from {fact.effective}" if fact.effective else "start not known"
    until = f" to {fact.ends}" if fact.ends else ""
    return f"{since}{until}, checked {fact.checked}"


def graded(fact: Step | CoverageStep | RuleLine | Rule | Policy) -> str:
    """Return how sure a fact is, and its dates."""
    return f"{fact.evidence} evidence, confidence {fact.confidence}; {span(fact)}"


def named(rule: CoverageStep | RuleLine) -> str:
    """Return the payer's own name for the document, if any."""
    return f"{rule.policy}; " if rule.policy else ""


def step_cited(step: Step) -> str:
    """Return what backs a step."""
    return f"{graded(step)}; rule {step.rule}; {_ids(step.sources)}"


def coverage_cited(step: CoverageStep) -> str:
    """Return what backs a coverage rule."""
    return f"{named(step)}{graded(step)}; rule {step.rule}; {_ids(step.sources)}"


def _ids(sources: tuple[SourceRef, ...]) -> str:
    return ", ".join(source.id for source in sources) or "no source"


def source_line(source: SourceRef | Source) -> str:
    """Return a document on one line; for a full entry, also how much of it was read."""
    about = [source.publisher, source.date or "undated"]
    if isinstance(source, Source):
        about += [f"read: {source.read}" if source.read else None, source.evidence]
    note = f" {source.note}" if isinstance(source, Source) and source.note else ""
    return f"{source.id}: {source.title} ({'; '.join(filter(None, about))}) {source.url or ''}{note}".rstrip()


def table_line(table: Table) -> str:
    """Return a CMS table on one line: its edition, where it was taken from, and its caveat."""
    cited = f" [{', '.join(table.sources)}]" if table.sources else ""
    return (
        f"{table.title}: {table.edition}, confidence {table.confidence}; taken from {table.taken_from}. "
        f"{table.caveat}{cited}"
    )


def rules_in_short(receipt: Receipt) -> str:
    """Return which rule base answered, in short: the start of its hash, and your rule folder."""
    folder = f" + {receipt.folder.rstrip('/').rpartition('/')[2]}" if receipt.folder else ""
    return f"rules {receipt.sha256[:7]}{folder}"


def receipt_text(receipt: Receipt) -> str:
    """Return a rule base's version, its hash, and your rule folder."""
    folder = f" with the rules of {receipt.folder}" if receipt.folder else ""
    return f"{receipt.version} sha256 {receipt.sha256[:16]}{folder}"
