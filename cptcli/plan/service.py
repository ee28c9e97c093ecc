"""What a line's code comes to under a payer's rules, kept for all lines in which the rules see no difference."""

from bisect import bisect
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from msgspec import Struct, structs

from ..advice.coverage import CoverageDecision
from ..advice.matching import Match
from ..advice.payer_path import PayerPath
from ..bounded_cache import BoundedCache
from ..findings.report import Found
from ..model.answer import Question
from ..model.claim import Discipline
from ..model.codes import Code, Units
from ..model.rules import Rule
from ..rulebook.book import RuleBook, may_be_about
from .day_rules import LOOKS_AT, DayRules, Ranked
from .needs import Needs

_DAY = timedelta(1)


class Service(Struct, frozen=True):
    """What a line's code comes to: the code that goes on the claim, its coverage and the rules that apply to it.

    `findings` have no lines yet: those with `of_line` are about the line, the others about the day.
    """

    code: str  # as it goes on the claim
    known: Code | None
    decided: CoverageDecision | None = None
    off_claim: bool = False  # no code may be given for it on that day, or by that payer
    findings: tuple[tuple[bool, Found], ...] = ()  # whether it is about the line, and the finding
    liability: tuple[str, ...] = ()  # modifiers that say who pays, by the ABN given
    uncovered: bool = False  # no rule on its coverage was found
    rules: tuple[tuple[Rule, Match], ...] = ()  # those on a single service that apply or may apply
    requiring: tuple[tuple[Rule, Match], ...] = ()  # of these, what asks for a modifier or may
    needs: Needs = Needs()  # the modifiers that the line lacks where none was typed
    unlisted: bool = False  # Medicare's therapy list is not known to have it
    limiting: tuple[tuple[Rule, int], ...] = ()  # of these, what limits the units per day
    first_diagnosis: Rule | None = None  # of these, the narrowest payer's on the line's first diagnosis
    weighs_diagnoses: bool = False  # some rule on it looks at a diagnosis
    ranked: Ranked = Ranked((), frozenset())
    day_rules: DayRules = DayRules((), None, None, None, None, {})
    units: Units | None = None  # how the code is counted; None where that is not known
    timed: bool | None = None
    pool_minutes: int | None = None  # minutes of a unit, where the minutes of several codes are added up
    deniable: bool = False  # paid or not by a rule that depends on what is not given
    negative: bool = False  # not paid: not covered, investigational or bundled
    excluded: bool = False  # some rule says that it is not paid, or would
    therapy: bool = False  # a code with a plan of care's modifiers


class ServiceKey(Struct, frozen=True):
    """A line's question, and what else of it its service depends on."""

    question: Question
    discipline: Discipline | None = None
    device: str | None = None  # as named on the line
    denials: tuple[str, ...] = ()  # the modifiers typed that say who pays after a denial


class Services:
    """The services of one payers' chain, worked out once for each code, span of days and what the rules look at."""

    def __init__(self, book: RuleBook, chain: tuple[str, ...]) -> None:
        self.book = book
        self.path = PayerPath(chain)
        self._seen: dict[str, _Seen] = {}
        self._kept: BoundedCache[tuple[Any, ...], Service] = BoundedCache()

    def of(self, key: ServiceKey, work_out: Callable[[RuleBook, ServiceKey, PayerPath], Service]) -> Service:
        """Return the service of a line, by `work_out` where it is not on file yet."""
        question = key.question
        if key.device is not None or question.code is None:
            return work_out(self.book, key, self.path)
        seen = self._seen.get(question.code) or self._see(question.code)
        span = bisect(seen.changes, question.service_date)
        by = (
            question.code,
            span,
            question.setting,
            question.coding_verification,
            key.denials,
            question.discipline,
            *[getattr(question, field) for field in seen.looks_at],
        )
        service = self._kept.get(by) or self._kept.get((*by, question.service_date))
        if service is None:
            service = work_out(self.book, structs.replace(key, question=_as_seen(question, seen)), self.path)
            names_day = str(question.service_date) in _texts(service)
            self._kept.keep({(*by, question.service_date) if names_day else by: service})
        return service

    def _see(self, code: str) -> "_Seen":
        seen = see(self.book, self.path.chain, code)
        if len(self._seen) > 8192:
            self._seen.clear()
        self._seen[code] = seen
        return seen


class _Seen(Struct, frozen=True):
    """What the rules about a code see: on which days they change, and what of a question they look at."""

    changes: tuple[date, ...]
    looks_at: tuple[str, ...]  # fields of a question


def see(book: RuleBook, chain: Sequence[str], code: str) -> _Seen:
    """Return the days on which anything about a code changes for some payers, and what their rules look at."""
    rules, codes = _reach(book, chain, code)
    rules += [rule for payer in chain for rule in book.visit_rules_of(payer)]
    fields = [field for name, field in LOOKS_AT.items() if any(getattr(rule.applies, name) for rule in rules)]
    if any(rule.liability for rule in rules) and "abn" not in fields:
        fields.append("abn")
    firsts = {each for rule in rules for each in _first_days(rule.effective, rule.ends)}
    for known in filter(None, map(book.code, codes)):
        firsts.update(_first_days(known.effective, known.ends))
        for span in known.medicare.history if known.medicare else ():
            firsts.update(_first_days(span.first, span.last))
    for modifier in filter(None, map(book.modifier, book.keys("modifiers"))):
        firsts.update(_first_days(modifier.effective, modifier.ends))
    return _Seen(tuple(sorted(firsts)), tuple(fields))


def _reach(book: RuleBook, chain: Sequence[str], code: str) -> tuple[list[Rule], set[str]]:
    """Return every rule on a single service that a code may meet, and the codes these may lead to."""
    treatments = book.linked("modalities_of_code", code)
    about = {code, *(wider for key in treatments for wider in book.modality_chain(key))}
    while True:
        rules = [
            rule for payer in chain for rule in book.service_rules_of(payer) if may_be_about(rule, frozenset(about))
        ]
        codes = {each for rule in rules for each in (rule.code, *rule.accepts, *rule.refuses) if each}
        if codes <= about:
            return rules, {each for each in about if book.code(each)}
        about |= codes


def _first_days(first: date | None, last: date | None) -> Iterator[date]:
    """Return the first day of a span, and the first one after it."""
    if first:
        yield first
    if last and last < date.max:
        yield last + _DAY


def _as_seen(question: Question, seen: _Seen) -> Question:
    """Return a question without the diagnoses that no rule looks at."""
    return question if "diagnoses" in seen.looks_at else structs.replace(question, diagnoses=())


def _texts(service: Service) -> str:
    """Return every text of a service."""
    coverage = [service.decided.coverage.says] if service.decided else []
    findings = (found.words(*found.given) for _, found in service.findings)
    return "\n".join([*coverage, *(str(words) for words in findings)])
