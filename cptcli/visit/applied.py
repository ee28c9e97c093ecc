"""The edits that a payer applies on a day, and how hard their findings are."""

from collections.abc import Iterable

from msgspec import Struct

from ..model import EditFamily, Policy
from ..rulebook.precedence import is_in_force
from ..visit_model import Severity
from .day import Day, Line


class Applied(Struct, frozen=True):
    """A family of edits held against a day; `worst` is the gravest that a finding of it may be for this payer."""

    day: Day
    family: EditFamily
    worst: Severity

    @property
    def policies(self) -> list[Policy]:
        """The policies that are in force on the day and speak of its kind of claim."""
        day = self.day
        return [
            policy
            for policy in self.family.policies
            if is_in_force(policy, day.service_date) and (not policy.claims or day.claim in policy.claims)
        ]

    def find(self, severity: Severity, says: str, lines: Iterable[Line], rule: Policy, fix: str) -> None:
        """A finding of these edits; where the payer may not apply them, it says so first."""
        if self.worst == "info":
            says = f"If {self.day.book_name(self.day.payer)} applies CMS's edits: {says}"
        self.day.find(severity, says, lines, rule=rule, fix=fix)


def milder(severity: Severity) -> Severity:
    """One step below what has to be mended, where something about it is not certain."""
    return "warn" if severity == "block" else severity
