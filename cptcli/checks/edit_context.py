"""The edits that a payer applies on a day, and how severe their findings are."""

from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct

from ..advice.wording import weakness, weakness_in_short
from ..cms.entries import Fit
from ..findings.phrases import in_short
from ..findings.report import Point, Report, Words, numbers
from ..model.rules import EditFamily, Policy, Rule
from ..model.visit import ClaimLine, Severity
from ..plan.edits import EditPlan
from ..rulebook.precedence import is_weak
from .day import Day, Line, Lines, denial_of

NEVER = "0"  # the indicator of a pair that no modifier opens


class EditContext(Struct, frozen=True):
    """A family of edits checked against a day; `most` limits how severe its findings are for this payer."""

    day: Day
    report: Report
    plan: EditPlan
    most: Severity
    claim_lines: tuple[ClaimLine, ...]
    claimed: tuple[Line, ...]  # the lines that an edit can be between, as typed
    units: Sequence[int | None]  # of each line of the visit
    modifiers: Sequence[tuple[str, ...]]  # the same
    limits_a_line: bool = False  # every unit limit is per claim line

    @property
    def family(self) -> EditFamily:
        """Return the family of edits."""
        return self.plan.family

    @property
    def apply(self) -> bool:
        """Return whether the payer is known to apply the edits."""
        return self.most != "info"

    @property
    def by_code(self) -> tuple[Line, ...]:
        """Return the lines that an edit can be between, by code."""
        return tuple(sorted(self.claimed, key=lambda line: (line.code, line.number)))

    def of_codes(self, *codes: str) -> list[Line]:
        """Return the lines of some codes, as typed."""
        return [line for line in self.claimed if line.service.code in codes]

    def find(
        self, severity: Severity, lines: Iterable[Line], policy: Policy, words: Callable[..., Words], *given: object
    ) -> None:
        """Add a finding of these edits; its text says so where the payer may not apply them."""
        if self.most == "info":
            self.report.find(severity, numbers(lines), policy, _as_hint, self.day, words, given)
        else:
            self.report.find(severity, numbers(lines), policy, words, *given)


def edit_context(
    day: Day,
    lines: Lines,
    modifiers: Sequence[tuple[str, ...]],
    units: Sequence[int | None],
    claim: tuple[ClaimLine, ...],
    report: Report,
) -> EditContext | None:
    """Return the edits that the payer applies; where that is not known, CMS's edits as a hint: the contract decides."""
    plans = day.plans
    claimed = tuple([line for line in lines.claimed(units) if not _expects_denial(day, line, modifiers)])
    rule = lines.rules.edits
    if rule and rule.edits and (plan := plans.edits(rule.edits, day.claim, day.service_date)):
        _report_sureness(rule, report)
        most: Severity = "warn" if rule.caveat or is_weak(rule) else "block"
        return EditContext(day, report, plan, most, claim, claimed, units, modifiers, rule.limits_a_line)
    if lines.billed:
        report.note_unchecked(_not_known, day)
    every = (plans.edits(key, day.claim, day.service_date) for key in day.book.keys("edits"))
    hint = next(filter(None, every), None)
    return EditContext(day, report, hint, "info", claim, claimed, units, modifiers) if hint else None


def _expects_denial(day: Day, line: Line, modifiers: Sequence[tuple[str, ...]]) -> bool:
    """Return whether a line is not paid whatever is beside it: no edit applies to it, and no modifier helps it."""
    decided = line.service.decided
    denied = decided is not None and decided.coverage.verdict in ("not_covered", "investigational")
    return denied or denial_of(day.book, modifiers[line.number - 1]) is not None


def _report_sureness(rule: Rule, report: Report) -> None:
    if rule.caveat:
        report.note_unchecked(_caveat, rule)
    if is_weak(rule):
        report.find("info", (), rule, _weak, rule)


def downgrade(severity: Severity) -> Severity:
    """Return warn for block, where something about a finding is not certain; other severities unchanged."""
    return "warn" if severity == "block" else severity


def table_doubt(fits: Fit) -> str:
    """Return in a few words why a row of a table is not certain for the day; nothing where it is.

    Nor where the table is older: `VisitAnswer.aged` says so once.
    """
    if fits in ("day", "history", "older"):
        return ""
    return "a later table" if fits == "newer" else "table not certain"


# ------------------------------------------------------------------------------------------------------ in words


def _as_hint(day: Day, words: Callable[..., Words], given: tuple[object, ...]) -> Words:
    """Return the words of a finding of edits that the payer may not apply."""
    certain = words(*given)
    texts = (certain.short,) if isinstance(certain.short, str) else certain.short
    return certain._replace(
        says=f"If {day.payer_name()} applies CMS's edits: {certain.says}",
        short=[f"If NCCI applies: {each}" for each in texts],
    )


def _not_known(day: Day) -> Point:
    return Point(f"Whether {day.payer_name()} applies CMS's edits is not known; what they find is shown as a hint.",
                 "whether NCCI applies")  # fmt: skip


def _caveat(rule: Rule) -> Point:
    return Point(rule.caveat or "", rule.caveat_short or rule.caveat)


def _weak(rule: Rule) -> Words:
    return Words(f"{rule.says} Weak: {weakness(rule.evidence, rule.confidence)}.",
                 f"WEAK ({weakness_in_short(rule.evidence)}): {in_short(rule)}")  # fmt: skip
