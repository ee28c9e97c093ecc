"""What a line's code comes to under a payer's rules, kept for all lines in which the rules see no difference."""

from bisect import bisect
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, Literal, cast, get_args

from msgspec import Struct, structs

from ..advice.coverage import CoverageDecision
from ..advice.matching import Match, diagnosis_hit
from ..advice.payer_path import PayerPath
from ..bounded_cache import BoundedCache
from ..findings.report import Found
from ..model.answer import Question
from ..model.claim import Discipline
from ..model.codes import Code, Units
from ..model.common import Notice
from ..model.rules import Rule
from ..rulebook.book import RuleBook, may_be_about
from .day_rules import LOOKS_AT, DayRules, Ranked
from .needs import Needs
from .spans import first_days

About = Literal["line", "day", "diagnoses"]


class Service(Struct, frozen=True):
    """What a line's code comes to: the code that goes on the claim, its coverage and the rules that apply to it.

    `findings` have no lines yet. Those about `diagnoses` are about the day, and get the line's diagnoses to be worded.
    """

    code: str  # as it goes on the claim
    known: Code | None
    decided: CoverageDecision | None = None
    off_claim: bool = False  # no code may be given for it on that day, or by that payer
    findings: tuple[tuple[About, Found], ...] = ()
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


# What is given of a day, in the order in which lines hand it over; a line's own is handed over apart.
_NOT_NAMED = "-"
OF_DAY = ("state", "provider", "claim", "care", "abn")


class _Seen(Struct, frozen=True):
    """What the rules about a code see: on which days they change, and what of a question they look at."""

    changes: tuple[date, ...]
    of_day: tuple[tuple[int, frozenset[str]], ...]  # places in OF_DAY, and the values that a rule names there
    lists: tuple[tuple[str, ...], ...]  # of diagnoses, each as one rule looks at them

    def given(self, of_day: tuple[str | None, ...]) -> tuple[str | None, ...]:
        """Return what these rules see of what is given of a day: values that none names are alike."""
        return tuple(
            [
                value if (value := of_day[place]) is None or value in named else _NOT_NAMED
                for place, named in self.of_day
            ]
        )

    def hits(self, book: RuleBook, diagnoses: tuple[str, ...]) -> object:
        """Return what these lists make of some diagnoses."""
        return tuple([diagnosis_hit(book, each, diagnoses) for each in self.lists]) if diagnoses else None


class _Names(Struct, frozen=True):
    """What the texts of a service name, so that it serves no others: the date of service, the diagnoses."""

    day: bool
    diagnoses: bool


class Services:
    """The services of one payers' chain, worked out once for each code, span of days and what the rules look at."""

    def __init__(
        self,
        book: RuleBook,
        chain: tuple[str, ...],
        kept: BoundedCache[tuple[object, ...], Any],
        work_out: Callable[[RuleBook, ServiceKey, PayerPath], Service],
    ) -> None:
        self.book = book
        self.path = PayerPath(chain)
        self._seen: BoundedCache[str, _Seen] = BoundedCache()
        self._kept = kept
        self._hits: BoundedCache[tuple[object, ...], object] = BoundedCache()
        self._work_out = work_out

    def of(
        self,
        code: str,
        day: date,
        of_day: tuple[str | None, ...],
        of_line: tuple[object, ...],
        diagnoses: tuple[str, ...],
        ask: Callable[[], ServiceKey],
    ) -> Service:
        """Return the service of a line, worked out for the key that `ask` gives where it is not on file yet.

        `of_day` is what is given of OF_DAY; `of_line` what else a service depends on, except for its diagnoses.
        """
        seen = self._seen.get(code)
        if seen is None:
            seen = see(self.book, self.path.chain, code)
            self._seen.keep({code: seen})
        hits = self._hits_of(seen, diagnoses) if seen.lists and diagnoses else None
        by = (self.path.chain, code, bisect(seen.changes, day), seen.given(of_day), of_line, hits)
        kept = self._kept.get(by)
        if isinstance(kept, Service):
            return kept
        if kept is not None and (service := self._kept.get(_with_named(by, kept, day, diagnoses))):
            return cast(Service, service)
        key = ask()
        if not seen.lists:
            key = structs.replace(key, question=structs.replace(key.question, diagnoses=()))
        service = self._work_out(self.book, key, self.path)
        texts = _texts(service)
        names = _Names(str(day) in texts, any(each in texts for each in diagnoses))
        if names.day or names.diagnoses:
            self._kept.keep({by: names, _with_named(by, names, day, diagnoses): service})
        else:
            self._kept.keep({by: service})
        return service

    def _hits_of(self, seen: _Seen, diagnoses: tuple[str, ...]) -> object:
        return self._hits.once((seen.lists, diagnoses), lambda: seen.hits(self.book, diagnoses))

    def for_device(self, key: ServiceKey) -> Service:
        """Return the service of a line with a device, which is worked out each time."""
        return self._work_out(self.book, key, self.path)


def see(book: RuleBook, chain: Sequence[str], code: str) -> _Seen:
    """Return the days on which anything about a code changes for some payers, and what their rules look at."""
    rules, about = _reach(book, chain, code)
    rules += [rule for payer in chain for rule in book.visit_rules_of(payer) if may_be_about(rule, about)]
    fields = [field for name, field in LOOKS_AT.items() if any(getattr(rule.applies, name) for rule in rules)]
    if any(rule.liability for rule in rules) and "abn" not in fields:
        fields.append("abn")
    firsts = {each for rule in rules for each in first_days(rule.effective, rule.ends)}
    for known in filter(None, map(book.code, about)):
        firsts.update(first_days(known.effective, known.ends))
        for span in known.medicare.history if known.medicare else ():
            firsts.update(first_days(span.first, span.last))
    for modifier in filter(None, map(book.modifier, book.keys("modifiers"))):
        firsts.update(first_days(modifier.effective, modifier.ends))
    lists = tuple({rule.applies.diagnoses: None for rule in rules if rule.applies.diagnoses})
    of_day = tuple((place, _named(rules, field)) for place, field in enumerate(OF_DAY) if field in fields)
    return _Seen(tuple(sorted(firsts)), of_day, lists)


def _named(rules: Sequence[Rule], field: str) -> frozenset[str]:
    """Return the values of a field of a question that rules name."""
    condition = next(name for name, looked_at in LOOKS_AT.items() if looked_at == field)
    named: set[str] = set()
    for rule in rules:
        values = getattr(rule.applies, condition)
        named.update((values,) if isinstance(values, str) else values or ())
    if field == "abn":  # the modifiers that say who pays name it too
        named.update(get_args(Notice))
    return frozenset(named)


def _reach(book: RuleBook, chain: Sequence[str], code: str) -> tuple[list[Rule], frozenset[str]]:
    """Return every rule on a single service that a code may meet, and the codes and treatments these may lead to."""
    treatments = book.linked("modalities_of_code", code)
    about = {code, *(wider for key in treatments for wider in book.modality_chain(key))}
    while True:
        rules = [
            rule for payer in chain for rule in book.service_rules_of(payer) if may_be_about(rule, frozenset(about))
        ]
        codes = {each for rule in rules for each in (rule.code, *rule.accepts, *rule.refuses) if each}
        if codes <= about:
            return rules, frozenset(about)
        about |= codes


def _with_named(by: tuple[object, ...], names: _Names, day: date, diagnoses: tuple[str, ...]) -> tuple[object, ...]:
    return (*by, day if names.day else None, diagnoses if names.diagnoses else None)


def _texts(service: Service) -> str:
    """Return every text of a service."""
    coverage = [service.decided.coverage.says] if service.decided else []
    findings = (found.words(*found.given) for about, found in service.findings if about != "diagnoses")
    return "\n".join([*coverage, *(str(words) for words in findings)])
