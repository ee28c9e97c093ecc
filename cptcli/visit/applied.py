"""The edits that a payer applies on a day, and how hard their findings are."""

from collections.abc import Iterable

from msgspec import Struct

from ..model import EditFamily, Policy
from ..rulebook.precedence import is_in_force
from ..visit_model import ClaimLine, Severity
from .day import Day, Line

NEVER = "0"  # the indicator of a pair that no modifier opens


class Applied(Struct, frozen=True):
    """A family of edits held against a day; `worst` is the gravest that a finding of it may be for this payer."""

    day: Day
    family: EditFamily
    worst: Severity
    policies: tuple[Policy, ...]  # those in force on the day that speak of its kind of claim
    claim_lines: tuple[ClaimLine, ...]
    limits_a_line: bool = False  # every unit limit holds a claim line

    def find(self, severity: Severity, says: str, lines: Iterable[Line], rule: Policy, fix: str) -> None:
        """A finding of these edits; where the payer may not apply them, it says so first."""
        if self.worst == "info":
            says = f"If {self.day.book_name(self.day.payer)} applies CMS's edits: {says}"
        self.day.find(severity, says, lines, rule=rule, fix=fix)


def applied_on(
    day: Day, family: EditFamily, worst: Severity, claim_lines: tuple[ClaimLine, ...], limits_a_line: bool = False
) -> Applied:
    """A family with those of its policies that hold for the day."""
    policies = (each for each in family.policies if is_in_force(each, day.service_date))
    held = tuple(each for each in policies if not each.claims or day.claim in each.claims)
    return Applied(day, family, worst, held, claim_lines, limits_a_line)


def milder(severity: Severity) -> Severity:
    """One step below what has to be mended, where something about it is not certain."""
    return "warn" if severity == "block" else severity
