"""A patient's day in the making: what every step of the check reads and adds to."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Protocol

from ..advice.coverage import Decided
from ..advice.draft import Draft
from ..advice.matching import Match, match
from ..advice.receipts import refs
from ..advice.weighing import weigh
from ..cms.tables import Edition, Tables
from ..model import Claim, Code, Discipline, Modifier, Question, Rule, Units
from ..rulebook.book import RuleBook
from ..visit_model import ClaimLine, Finding, LineAnswer, Severity, TableUsed, Visit, VisitLine


class Entry(Protocol):
    """An entry of the rule base that a finding can lean on: a rule, a policy, a code, a modifier, a claim form."""

    @property
    def id(self) -> str:
        """What `cpt explain` takes."""

    @property
    def sources(self) -> tuple[str, ...]:
        """Ids of its sources."""


Service = tuple[str | None, str]  # discipline, code
SEVERITIES: tuple[Severity, ...] = ("block", "warn", "info")


@dataclass(slots=True)
class Line:
    """One line on its way through the check."""

    number: int
    told: VisitLine
    code: str  # as it goes on the claim
    known: Code | None = None
    valid: bool = False  # whether the code has the form of one
    discipline: Discipline | None = None
    question: Question | None = None
    draft: Draft | None = None
    decided: Decided | None = None
    units: int | None = None
    added: list[str] = field(default_factory=list)  # modifiers that the rules want on it
    late: str | None = None  # a modifier that hangs on what the day comes to
    assisted: int | None = None  # of its code's units, those with the assistant's modifier; None: not worked out
    off_claim: bool = False  # no code may be given for it on that day, or by that payer
    denied: bool = False  # by an edit or a policy, for certain
    allowed: Decimal | None = None  # what its claim lines are expected to be allowed
    findings: list[Finding] = field(default_factory=list)

    @property
    def minutes(self) -> int | None:
        """All minutes of the line; None when none were told."""
        parts = (self.told.therapist_minutes, self.told.assistant_minutes, self.told.joint_minutes)
        if self.told.minutes is None and any(each is not None for each in parts):
            return sum(each or 0 for each in parts)
        return self.told.minutes

    @property
    def service(self) -> Service:
        """The code and the discipline whose plan of care it belongs to: what is counted together."""
        return (self.discipline.id if self.discipline else None, self.code)

    @property
    def typed_for_assistant(self) -> bool:
        """Whether it was typed with the modifier of its discipline's assistant."""
        return self.discipline is not None and self.discipline.assistant_modifier in self.told.modifiers

    @property
    def tells_who(self) -> bool:
        """Whether its minutes were told as a therapist's, an assistant's, or both together."""
        told = self.told
        return any(each is not None for each in (told.therapist_minutes, told.assistant_minutes, told.joint_minutes))

    @property
    def by_whom(self) -> tuple[int, int]:
        """Its minutes by the therapist, joint ones among them, and by the assistant alone."""
        told = self.told
        therapist, assistant = (told.therapist_minutes or 0) + (told.joint_minutes or 0), told.assistant_minutes or 0
        if therapist or assistant or not told.minutes:
            return therapist, assistant
        return (0, told.minutes) if self.typed_for_assistant else (told.minutes, 0)

    @property
    def shared_with_assistant(self) -> bool:
        """Whether an assistant did part of it and somebody else the rest."""
        told = self.told
        return bool(told.assistant_minutes and (told.therapist_minutes or told.joint_minutes))

    @property
    def timed(self) -> bool | None:
        """Whether minutes decide the units of its code; None when that is not known."""
        return self.counted.timed if self.counted else None

    @property
    def counted(self) -> Units | None:
        """How its code is counted; None where that is not known."""
        return self.known.units if self.known else None

    @property
    def modifiers(self) -> tuple[str, ...]:
        """Those that were typed and those that were added."""
        return tuple(dict.fromkeys((*self.told.modifiers, *self.added, *([self.late] if self.late else []))))

    def says_denied(self, book: RuleBook) -> Modifier | None:
        """A modifier on it that says that a denial is expected; None where none does."""
        return next((known for known in map(book.modifier, self.modifiers) if known and known.denial), None)

    def carries(self, modifiers: Collection[str]) -> bool:
        """Whether one of the modifiers is on the line."""
        return any(each in modifiers for each in self.modifiers)

    def told_not_distinct(self) -> bool:
        """Whether somebody said that it was no separate service."""
        return (self.told.distinct or "").strip().casefold() in ("no", "false", "not distinct", "same time")


class Day:
    """One visit, its rules and tables, its lines and what was found."""

    def __init__(self, book: RuleBook, tables: Tables, visit: Visit, day: date, payer: str) -> None:
        self.book = book
        self.tables = tables
        self.visit = visit
        self.service_date = day
        self.payer = payer
        self.state: str | None = None
        self.chain: tuple[str, ...] = ()
        self.claim: Claim = visit.claim or "professional"
        self.lines: list[Line] = []
        self.findings: list[Finding] = []
        self.not_checked: list[str] = []
        self.uncovered: list[str] = []  # codes on whose coverage no rule is known
        self.used: dict[tuple[str, str], TableUsed] = {}

    def book_name(self, payer: str) -> str:
        """A payer's name by id."""
        held = self.book.payer(payer)
        return held.name if held else payer

    @property
    def by_fee_schedule(self) -> bool:
        """Whether the payer, or one that it inherits from, pays by Medicare's fee schedule."""
        return any((payer := self.book.payer(key)) and payer.fee_schedule for key in self.chain)

    def billed(self) -> list[Line]:
        """The lines that go on the claim: each has a code, and one that may be given."""
        return [line for line in self.lines if line.valid and not line.off_claim]

    def services(self) -> Iterable[list[Line]]:
        """The lines that are counted together, in the order in which they came."""
        met: dict[Service, list[Line]] = {}
        for line in self.billed():
            met.setdefault(line.service, []).append(line)
        return met.values()

    def claimed(self) -> list[Line]:
        """The lines of codes that earned a unit, or whose units are not known: an edit is between those."""
        billed = self.billed()
        earned = {line.service for line in billed if line.units != 0}
        return [line for line in billed if line.service in earned]

    def find(
        self,
        severity: Severity,
        says: str,
        lines: Iterable[Line] = (),
        rule: Entry | None = None,
        fix: str | None = None,
        sources: Iterable[str] = (),
    ) -> None:
        """Add a finding about the day, or about some of its lines, and the entry of the rule base behind it.

        None stands behind what was typed and means nothing, contradicts itself, or is not in the rule base.
        """
        finding = Finding(
            severity=severity,
            rule=rule.id if rule else None,
            says=says,
            fix=fix,
            lines=tuple(line.number for line in lines),
            sources=refs(self.book, dict.fromkeys((*(rule.sources if rule else ()), *sources))),
        )
        if finding not in self.findings:
            self.findings.append(finding)
            for line in lines:
                line.findings.append(finding)

    def leave_out(self, says: str) -> None:
        """Say what was not checked."""
        if says not in self.not_checked:
            self.not_checked.append(says)

    def use(self, edition: Edition | None) -> None:
        """Name a table's edition in the answer."""
        if edition:
            self.used.setdefault(
                (edition.table, edition.edition),
                TableUsed(
                    table=edition.table,
                    edition=edition.edition,
                    first=edition.first,
                    last=edition.last,
                    imported=edition.imported,
                    caveat=edition.caveat,
                ),
            )

    def visit_rules(self, line: Line | None = None) -> Iterator[Rule]:
        """The rules about a day that are in force and apply, the one that counts first.

        With a line, those that apply to it; without, those that apply to any line.
        """
        drafts = [each.draft.case(frozenset([each.code])) for each in ([line] if line else self.billed()) if each.draft]

        def matched(rule: Rule) -> Match:
            held = [match(self.book, rule.applies, case) for case in drafts]
            return next((each for each in held if each.truth == "yes"), Match("no"))

        weighed = weigh(self.book, self.chain, self.service_date, self.book.visit_rules_of, matched)
        return (each.rule for each in weighed)

    def first(self, effect: str, line: Line | None = None) -> Rule | None:
        """The rule whose word counts for an effect: unit_rule, edits, assistant, threshold."""
        return next((rule for rule in self.visit_rules(line) if getattr(rule, effect)), None)

    def rate(self, name: str, line: Line | None = None) -> tuple[str, Rule] | None:
        """A share of the payment and the rule that sets it; None where none is known for the day."""
        for rule in self.visit_rules(line):
            if rule.rates and (share := getattr(rule.rates, name)):
                return share, rule
        return None

    def answer_of(self, line: Line, claim_lines: Iterable[ClaimLine]) -> LineAnswer:
        """What is said of a line, with the modifiers of the claim lines that it is part of."""
        decided = line.decided
        carried = [modifier for each in claim_lines if line.number in each.lines for modifier in each.modifiers]
        return LineAnswer(
            line=line.number,
            code=line.told.code,
            claim_code=line.code,
            name=line.known.name if line.known else None,
            discipline=line.discipline.id if line.discipline else None,
            timed=line.timed,
            minutes=line.minutes,
            given_units=line.told.units,
            units=line.units,
            given_modifiers=line.told.modifiers,
            modifiers=in_order(self.book, dict.fromkeys(carried or line.modifiers)),
            verdict=decided.coverage.verdict if decided else "unknown",
            verdict_says=decided.coverage.says if decided else "Not known: this code is not in the rule base.",
            findings=tuple(sorted(line.findings, key=gravity)),
        )


def gravity(finding: Finding) -> tuple[int, tuple[int, ...]]:
    """The most severe first, then by line."""
    return SEVERITIES.index(finding.severity), finding.lines


def in_order(book: RuleBook, modifiers: Iterable[str]) -> tuple[str, ...]:
    """Modifiers in the customary order on a line; those that are not known last."""
    return tuple(sorted(modifiers, key=lambda each: held.order if (held := book.modifier(each)) else 9))


def in_ranges(code: str, ranges: Iterable[str]) -> bool:
    """Whether a code is one of these, or lies in one of the spans."""
    for each in ranges:
        first, _, last = each.partition("-")
        if first <= code <= (last or first) and len(code) == len(first) and code[:1].isalpha() == first[:1].isalpha():
            return True
    return False
