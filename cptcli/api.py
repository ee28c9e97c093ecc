"""The same answers from Python: open a desk once, then ask it. It reads rules and tables once; a call reads no clock.

>>> from datetime import date
>>> from cptcli import api
>>> desk = api.open(today=date(2026, 11, 23))
>>> desk.suggest(device="anodyne", payer="palmetto").code
'97799'
>>> desk.lookup("97026").code.name
'Infrared therapy'
>>> day = {"payer": "palmetto", "state": "SC", "discipline": "PT", "lines": [{"code": "97110", "minutes": 25}]}
>>> [(line.code, line.modifiers, line.units) for line in desk.check(day).claim_lines]
[('97110', ('GP',), 2)]
>>> [(line.code, line.units, line.verdict) for line in desk.decide(day).lines]
[('97110', 2, 'conditional')]

A desk may be used by several threads. For worker processes open one in each; it is cheap.
"""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from .advice.question import Typed
from .bounded_cache import BoundedCache
from .cms.tables import Tables, open_tables
from .model.answer import Answer
from .model.common import Verdict
from .model.lookup import CodeCard, Hits
from .model.visit import ClaimLine, Severity, Visit, VisitAnswer
from .plan.plans import Plans
from .plan.questions import Questions
from .rulebook.book import RuleBook
from .rulebook.compiled import open_rules
from .visit.check import answer
from .visit.decide import Decided, decide

Document = Mapping[str, Any]  # as in a visit file; `cpt help visit-file` has its keys


class FindingDecision(NamedTuple):
    """A finding without its words: how severe, the entry it rests on, and the lines it is about, from 1."""

    severity: Severity
    rule: str | None
    lines: tuple[int, ...]


class LineDecision(NamedTuple):
    """A line of the visit as decided: `units` is None where not known."""

    code: str  # as it goes on the claim
    units: int | None
    modifiers: tuple[str, ...]
    verdict: Verdict


class DayDecision(NamedTuple):
    """A day as decided, without words. `amount` is the expected allowed amount in dollars; None where not known."""

    payer: str
    lines: tuple[LineDecision, ...]
    claim_lines: tuple[ClaimLine, ...]
    findings: tuple[FindingDecision, ...]
    amount: str | None
    unchecked: int  # points that were not checked


class Desk:
    """Answers from one rule base and its tables. `today` gives the age of facts, and the date of service by default."""

    def __init__(self, book: RuleBook, tables: Tables, today: date, remember: int = 0) -> None:
        self.book = book
        self.tables = tables
        self.today = today
        self.plans = Plans(book, tables, today)
        self._questions = Questions(book, today)
        self._decisions: BoundedCache[bytes, DayDecision] | None = BoundedCache(most=remember) if remember else None

    def lookup(self, asked: str, on: date | None = None) -> CodeCard | Hits:
        """Return the card of a code, or what words may mean. Raises UnknownName for a code that is not on file."""
        from .advice.lookup import lookup

        return lookup(self.book, asked, on or self.today, self.today)

    def suggest(self, *, on: date | None = None, **typed: Any) -> Answer:
        """Return the code for a treatment or device under a payer, with its rationale.

        The keywords are those of `cpt suggest`: modality, device, payer, state, setting, answers, diagnoses,
        coding_verification, provider, discipline, claim, care, abn. Raises UnknownName or BadValue for names that are
        not found, MissingOption for what is missing.
        """
        return self.plans.articles.beside(self._questions.answer(Typed(on=on or self.today, **typed)))

    def check(self, visit: Visit | Document) -> VisitAnswer:
        """Return the check of one patient's day: a visit, or a document as in a visit file.

        Raises VisitUnreadable or msgspec.ValidationError for a document that is not a visit, MissingOption without a
        payer, UnknownName, AmbiguousName or BadValue for what names nothing.
        """
        return answer(decide(self.plans, _visit(visit)))

    def decide(self, visit: Visit | Document) -> DayDecision:
        """Return the same without words, for whole files. Raises as `check`."""
        given = _visit(visit)
        if self._decisions is None:
            return decision(decide(self.plans, given))
        return self._decisions.once(msgspec.msgpack.encode(given), lambda: decision(decide(self.plans, given)))

    def __enter__(self) -> "Desk":
        return self

    def __exit__(self, *raised: object) -> None:
        self.tables.close()


def open(  # noqa: A001 -- read as api.open()
    today: date | None = None, rules: Path | None = None, store: Path | None = None, remember: int = 0
) -> Desk:
    """Return a desk with the shipped rules and tables, a clinic's `rules` folder, and the imports of a `store`.

    `today` is the clock's by default, read here and nowhere else. `remember` is how many decisions are kept by exactly
    what was asked. Raises RulesUnreadable, StoreUnusable or StoreNewer.
    """
    return Desk(open_rules(rules), open_tables(store), today or date.today(), remember)


def _visit(given: Visit | Document) -> Visit:
    from .visit.tidying import tidied

    return given if isinstance(given, Visit) else tidied(msgspec.convert(given, Visit), "the visit")


def decision(found: Decided) -> DayDecision:
    """Return a decided day without its words."""
    units, modifiers, late = found.units, found.modifiers, found.thresholds.late
    lines = [
        LineDecision(
            line.code,
            units[at],
            (*modifiers[at], late[line.number]) if line.number in late else modifiers[at],
            line.service.decided.coverage.verdict if line.service.decided else "unknown",
        )
        for at, line in enumerate(found.lines.every)
    ]
    findings = [
        FindingDecision(each.severity, each.entry.id if each.entry else None, each.lines) for each in found.report.found
    ]
    amount = found.price.allowed if found.price else None
    return DayDecision(
        found.day.path.chain[-1],
        tuple(lines),
        found.claim_lines,
        tuple(findings),
        None if amount is None else str(amount),
        len(found.report.unchecked),
    )


__all__ = ["DayDecision", "Desk", "Document", "FindingDecision", "LineDecision", "Visit", "open"]
