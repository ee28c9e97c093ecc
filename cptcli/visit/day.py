"""One patient's day during a check: what every step reads and adds to."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Literal, Protocol

from ..advice.citations import refs
from ..advice.code_decision import CodeDecision
from ..advice.coverage import CoverageDecision
from ..cms.entries import Edition
from ..cms.tables import Tables
from ..model.answer import Question
from ..model.claim import Discipline, Modifier
from ..model.codes import Code, Units
from ..model.common import Claim
from ..model.rules import Rule
from ..model.visit import ClaimLine, Finding, LineAnswer, Severity, TableUsed, Visit, VisitLine
from ..rulebook.book import RuleBook
from .day_rules import day_rules
from .phrases import cut_to_fit, listed, where


class Entry(Protocol):
    """An entry of the rule base that a finding cites: a rule, a policy, a code, a modifier, a claim form."""

    @property
    def id(self) -> str:
        """Return the id for `cpt explain`."""

    @property
    def sources(self) -> tuple[str, ...]:
        """Return the ids of its sources."""


Service = tuple[str | None, str]  # discipline, code
SEVERITIES: tuple[Severity, ...] = ("block", "warn", "info")
_MOST_ITEMS = 4  # of one point that was not checked, on the first screen


@dataclass(slots=True)
class Line:
    """One line of the visit during a check."""

    number: int
    given: VisitLine
    code: str  # as it goes on the claim
    known: Code | None = None
    valid: bool = False  # whether the code has the form of one
    discipline: Discipline | None = None
    question: Question | None = None
    draft: CodeDecision | None = None
    decided: CoverageDecision | None = None
    units: int | None = None
    added: list[str] = field(default_factory=list)  # modifiers that the rules require on it
    kx_modifier: str | None = None  # a modifier that depends on the amounts of the day
    assisted: int | None = None  # of its code's units, those with the assistant's modifier; None: not worked out
    off_claim: bool = False  # no code may be given for it on that day, or by that payer
    denied: bool = False  # by an edit or a policy, for certain
    allowed: Decimal | None = None  # the expected allowed amount of its claim lines
    findings: list[Finding] = field(default_factory=list)

    @property
    def minutes(self) -> int | None:
        """Return all minutes of the line; None when none were given."""
        parts = (self.given.therapist_minutes, self.given.assistant_minutes, self.given.joint_minutes)
        if self.given.minutes is None and any(each is not None for each in parts):
            return sum(each or 0 for each in parts)
        return self.given.minutes

    @property
    def service(self) -> Service:
        """Return the code and the discipline of its plan of care: what is counted together."""
        return (self.discipline.id if self.discipline else None, self.code)

    @property
    def typed_for_assistant(self) -> bool:
        """Return whether it was typed with the modifier of its discipline's assistant."""
        return self.discipline is not None and self.discipline.assistant_modifier in self.given.modifiers

    @property
    def tells_who(self) -> bool:
        """Return whether its minutes were given as a therapist's, an assistant's, or both together."""
        given = self.given
        return any(each is not None for each in (given.therapist_minutes, given.assistant_minutes, given.joint_minutes))

    @property
    def minutes_by_provider(self) -> tuple[int, int]:
        """Return its minutes by the therapist, with the joint ones, and by the assistant alone."""
        given = self.given
        therapist, assistant = (given.therapist_minutes or 0) + (given.joint_minutes or 0), given.assistant_minutes or 0
        if therapist or assistant or not given.minutes:
            return therapist, assistant
        return (0, given.minutes) if self.typed_for_assistant else (given.minutes, 0)

    @property
    def shared_with_assistant(self) -> bool:
        """Return whether an assistant did part of it and a therapist the rest."""
        given = self.given
        return bool(given.assistant_minutes and (given.therapist_minutes or given.joint_minutes))

    @property
    def timed(self) -> bool | None:
        """Return whether minutes decide the units of its code; None when that is not known."""
        return self.counted.timed if self.counted else None

    @property
    def counted(self) -> Units | None:
        """Return how its code is counted; None where that is not known."""
        return self.known.units if self.known else None

    @property
    def modifiers(self) -> tuple[str, ...]:
        """Return the modifiers typed and those added."""
        return tuple(
            dict.fromkeys((*self.given.modifiers, *self.added, *([self.kx_modifier] if self.kx_modifier else [])))
        )

    def says_denied(self, book: RuleBook) -> Modifier | None:
        """Return its modifier that says a denial is expected; None if it has none."""
        return next((known for known in map(book.modifier, self.modifiers) if known and known.denial), None)

    def carries(self, modifiers: Collection[str]) -> bool:
        """Return whether one of the modifiers is on the line."""
        return any(each in modifiers for each in self.modifiers)

    def given_not_distinct(self) -> bool:
        """Return whether it was given as not a separate service."""
        return (self.given.distinct or "").strip().casefold() in ("no", "false", "not distinct", "same time")


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
        self._unchecked: dict[str, dict[str, None]] = {}  # the same in a few words, and what each point is about
        self.uncovered: list[str] = []  # codes on whose coverage no rule is known
        self.used: dict[tuple[str, str], TableUsed] = {}
        self._visit_rules: dict[tuple[object, ...], tuple[Rule, ...]] = {}  # by payers, and lines' drafts and codes

    def book_name(self, payer: str) -> str:
        """Return a payer's name by id."""
        known = self.book.payer(payer)
        return known.name if known else payer

    def short_name(self, payer: str | None) -> str:
        """Return a payer's short name by id; the payer of the day where a rule names none."""
        known = self.book.payer(payer or self.payer)
        return (known.short_name or known.name) if known else str(payer)

    @property
    def by_fee_schedule(self) -> bool:
        """Return whether the payer, or one that it inherits from, pays by Medicare's fee schedule."""
        return any((payer := self.book.payer(key)) and payer.fee_schedule for key in self.chain)

    def billed(self) -> list[Line]:
        """Return the lines for the claim: those with a code that may be billed."""
        return [line for line in self.lines if line.valid and not line.off_claim]

    def services(self) -> Iterable[list[Line]]:
        """Return the lines that are counted together, in the order typed."""
        met: dict[Service, list[Line]] = {}
        for line in self.billed():
            met.setdefault(line.service, []).append(line)
        return met.values()

    def claimed(self) -> list[Line]:
        """Return the lines with units, or with units not known: edits apply between these."""
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
        *,
        short: str | Sequence[str],
        about: Literal["coverage"] | None = None,
    ) -> None:
        """Add a finding about the day, or about some of its lines, and the entry of the rule base that it rests on.

        `short` is the same in a few words: of several texts the first that fits in two lines of a page. No entry is
        named for what was typed and means nothing, contradicts itself, or is not in the rule base.
        """
        numbers = tuple(line.number for line in lines)
        texts = (short,) if isinstance(short, str) else short
        finding = Finding(
            severity=severity,
            rule=rule.id if rule else None,
            says=says,
            fix=fix,
            lines=numbers,
            sources=refs(self.book, dict.fromkeys((*(rule.sources if rule else ()), *sources))),
            short=cut_to_fit(where(numbers), texts, f" -> {fix}" if fix else ""),
            about=about,
        )
        if finding not in self.findings:
            self.findings.append(finding)
            for line in lines:
                line.findings.append(finding)

    def note_unchecked(self, says: str, short: str | None, *about: str) -> None:
        """Say what was not checked, in full and in a few words.

        What the point is `about` takes the place of {} in `short`, with that of others of the same `short`. Without
        one it is shown with --full only: no code of the day makes it matter.
        """
        if says not in self.not_checked:
            self.not_checked.append(says)
        if short:
            self._unchecked.setdefault(short, {}).update(dict.fromkeys(about))

    @property
    def unchecked(self) -> tuple[str, ...]:
        """Return what was not checked and matters for the codes of the day, in a few words, each point once."""
        return tuple(
            short.replace("{}", listed([*about], _MOST_ITEMS)) for short, about in self._unchecked.items()
        )  # fmt: skip

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

    def visit_rules(self, line: Line | None = None) -> tuple[Rule, ...]:
        """Return the rules about a day that are in force and apply, the deciding one first.

        With a line, those that apply to it; without, those that apply to any line.
        """
        lines = tuple((each.draft, each.code) for each in ([line] if line else self.billed()) if each.draft)
        rules = self._visit_rules.get((self.chain, lines))
        if rules is None:
            cases = (draft.case(frozenset([code])) for draft, code in lines)
            rules = day_rules(self.book, self.chain, self.service_date, cases)
            self._visit_rules[self.chain, lines] = rules
        return rules

    def first(self, effect: str, line: Line | None = None) -> Rule | None:
        """Return the rule that decides an effect: unit_rule, edits, assistant, threshold."""
        return next((rule for rule in self.visit_rules(line) if getattr(rule, effect)), None)

    def rate(self, name: str, line: Line | None = None) -> tuple[str, Rule] | None:
        """Return a share of the payment and its rule; None where none is known for the day."""
        for rule in self.visit_rules(line):
            if rule.rates and (share := getattr(rule.rates, name)):
                return share, rule
        return None

    def answer_of(self, line: Line, claim_lines: Iterable[ClaimLine]) -> LineAnswer:
        """Return the answer for a line, with the modifiers of the claim lines that it is part of."""
        decided = line.decided
        carried = [modifier for each in claim_lines if line.number in each.lines for modifier in each.modifiers]
        return LineAnswer(
            line=line.number,
            code=line.given.code,
            claim_code=line.code,
            name=line.known.name if line.known else None,
            discipline=line.discipline.id if line.discipline else None,
            timed=line.timed,
            minutes=line.minutes,
            given_units=line.given.units,
            units=line.units,
            given_modifiers=line.given.modifiers,
            modifiers=in_order(self.book, dict.fromkeys(carried or line.modifiers)),
            verdict=decided.coverage.verdict if decided else "unknown",
            verdict_says=decided.coverage.says if decided else "Not known: this code is not in the rule base.",
            findings=tuple(sorted(line.findings, key=gravity)),
        )


def gravity(finding: Finding) -> tuple[int, tuple[int, ...]]:
    """The most severe first, then by line."""
    return SEVERITIES.index(finding.severity), finding.lines


def in_order(book: RuleBook, modifiers: Iterable[str]) -> tuple[str, ...]:
    """Return modifiers in the usual order on a line; unknown ones last."""
    return tuple(sorted(modifiers, key=lambda each: known.order if (known := book.modifier(each)) else 9))


@lru_cache(maxsize=8192)
def in_ranges(code: str, ranges: tuple[str, ...]) -> bool:
    """Return whether a code is one of these, or in one of the ranges."""
    for each in ranges:
        first, _, last = each.partition("-")
        if first <= code <= (last or first) and len(code) == len(first) and code[:1].isalpha() == first[:1].isalpha():
            return True
    return False
