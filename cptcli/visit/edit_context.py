"""The edits that a payer applies on a day, and how severe their findings are."""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from ..cms.entries import Fit
from ..model.rules import EditFamily, Policy
from ..model.visit import ClaimLine, Severity
from ..rulebook.precedence import is_in_force
from .day import Day, Line

NEVER = "0"  # the indicator of a pair that no modifier opens


class EditContext(Struct, frozen=True):
    """A family of edits checked against a day; `max_severity` limits how severe its findings are for this payer."""

    day: Day
    family: EditFamily
    max_severity: Severity
    policies: tuple[Policy, ...]  # those in force on the day for its kind of claim
    claim_lines: tuple[ClaimLine, ...]
    claimed: tuple[Line, ...]  # the lines that an edit can be between, by code
    limits_a_line: bool = False  # every unit limit is per claim line

    def find(
        self, severity: Severity, says: str, lines: Iterable[Line], rule: Policy, fix: str, short: Sequence[str]
    ) -> None:
        """Add a finding of these edits; its text says so where the payer may not apply them."""
        if self.max_severity == "info":
            says = f"If {self.day.book_name(self.day.payer)} applies CMS's edits: {says}"
            short = [f"If NCCI applies: {each}" for each in short]
        self.day.find(severity, says, lines, rule=rule, fix=fix, short=short)


def edit_context(
    day: Day,
    family: EditFamily,
    max_severity: Severity,
    claim_lines: tuple[ClaimLine, ...],
    limits_a_line: bool = False,
) -> EditContext:
    """Return a family with its policies that apply on the day."""
    policies = (each for each in family.policies if is_in_force(each, day.service_date))
    applied = tuple(each for each in policies if not each.claims or day.claim in each.claims)
    claimed = tuple(sorted(day.claimed(), key=lambda line: (line.code, line.number)))
    return EditContext(day, family, max_severity, applied, claim_lines, claimed, limits_a_line)


def table_doubt(fits: Fit) -> str:
    """Return in a few words why a row of a table is not certain for the day; nothing where it is."""
    if fits in ("day", "history"):
        return ""
    return {"older": "newest table", "newer": "a later table"}.get(fits, "table not certain")


def downgrade(severity: Severity) -> Severity:
    """Return warn for block; other severities unchanged."""
    return "warn" if severity == "block" else severity
