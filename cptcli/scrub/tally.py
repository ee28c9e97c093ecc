"""What a run counts, part by part, for its summary. No patient is in it; what a hostile file could fill is bounded."""

from collections import Counter
from decimal import Decimal
from heapq import nlargest
from typing import Final

from ..claims.lines import Oddity
from ..model.rulebook import Receipt
from ..model.scrub import Count, FileRead, RuleCount, ScrubSummary, WorstClaim
from ..model.visit import Severity
from .judge import NO_RULE, JudgedDay

_MOST_KINDS: Final = 500  # of reasons, points, codes or payers
_MOST_WORST: Final = 20
_REST: Final = "others, too many kinds to list"


class _Rule:
    """A rule that was found: lines, cents of charge, the words of the first."""

    __slots__ = ("cents", "lines", "says", "severity")

    def __init__(self, severity: Severity, says: str) -> None:
        self.severity, self.says = severity, says
        self.lines = self.cents = 0


class _Claim:
    """A claim with findings."""

    __slots__ = ("block", "cents", "rules", "warn")

    def __init__(self) -> None:
        self.block = self.warn = self.cents = 0
        self.rules: dict[str, None] = {}

    def rank(self) -> tuple[int, int, int]:
        return self.block, self.warn, self.cents


class Tally:
    """The counts of some parts of the files, in order. Amounts are cents."""

    def __init__(self) -> None:
        self.lines = self.checked = self.clean = self.block = self.warn = 0
        self.rows = self.cents = self.affected = self.charges = 0
        self.days = self.decided = 0
        self.rules: dict[str, _Rule] = {}
        self.reasons: Counter[str] = Counter()
        self.unchecked: Counter[str] = Counter()
        self.payers: dict[str, list[int]] = {}  # lines, those found, their cents
        self.codes: dict[str, list[int]] = {}
        self.worst: dict[tuple[str, str], _Claim] = {}
        self.oddities: list[Oddity] = []  # of the last part
        self._met: Counter[JudgedDay] = Counter()

    def count(self, rows: int, lines: int, charges: list[int], days: int, decided: int) -> None:
        """Count a part: its rows and lines, the charges that could be read, and the days in it."""
        self.rows += rows
        self.lines += lines
        self.charges += len(charges)
        self.cents += sum(charges)
        self.days += days
        self.decided += decided

    def add(self, day: JudgedDay, charges: list[int | None], claims: list[str], file: str) -> None:
        """Count a day, with the charge and the claim of each line."""
        self._met[day] += 1
        if not day.found:
            return
        for line, charge, claim in zip(day.lines, charges, claims, strict=True):
            if not line.found:
                continue
            cents = charge or 0
            worst = self.worst.get((file, claim)) or self.worst.setdefault((file, claim), _Claim())
            self.affected += cents
            for rule, severity, says in line.found:
                found = self.rules.get(rule) or self.rules.setdefault(rule, _Rule(severity, says))
                found.cents += cents
                if severity == "block":
                    worst.block += 1
                    found.severity = "block"
                else:
                    worst.warn += 1
                worst.rules[rule] = None
            worst.cents += cents
            for many, name in ((self.payers, day.payer), (self.codes, line.code)):
                _of(many, name)[2] += cents

    def close(self) -> None:
        """Count the lines of the days met, at the end of a part."""
        for day, times in self._met.items():
            lines = len(day.lines)
            self.checked += day.checked * times
            self.clean += day.clean * times
            self.block += day.blocked * times
            self.warn += (day.found - day.blocked) * times
            payer = _of(self.payers, day.payer)
            payer[0] += lines * times
            payer[1] += day.found * times
            for reason, many in day.reasons.items():
                _count(self.reasons, reason, many * times)
            for point in day.unchecked:
                _count(self.unchecked, point, lines * times)
            for name, many, found in day.codes:
                code = _of(self.codes, name)
                code[0] += many * times
                code[1] += found * times
            for rule, many in day.rules.items():
                self.rules[rule].lines += many * times
        self._met.clear()
        self._trim()

    def merge(self, later: "Tally") -> None:
        """Add a later part."""
        for name in (
            "lines", "checked", "clean", "block", "warn", "rows", "cents", "affected", "charges", "days", "decided",
        ):  # fmt: skip
            setattr(self, name, getattr(self, name) + getattr(later, name))
        for key, rule in later.rules.items():
            mine = self.rules.setdefault(key, _Rule(rule.severity, rule.says))
            mine.lines += rule.lines
            mine.cents += rule.cents
            mine.severity = "block" if "block" in (mine.severity, rule.severity) else "warn"
        for mine_counted, counted in ((self.reasons, later.reasons), (self.unchecked, later.unchecked)):
            for name, count in counted.items():
                _count(mine_counted, name, count)
        for many, others in ((self.payers, later.payers), (self.codes, later.codes)):
            for name, numbers in others.items():
                total = _of(many, name)
                total[:] = map(sum, zip(total, numbers, strict=True))
        for claim, its in later.worst.items():
            mine_claim = self.worst.setdefault(claim, _Claim())
            mine_claim.block += its.block
            mine_claim.warn += its.warn
            mine_claim.cents += its.cents
            mine_claim.rules |= its.rules
        self._trim()

    def _trim(self) -> None:
        if len(self.worst) > _MOST_WORST:
            worst = nlargest(_MOST_WORST, self.worst.items(), key=lambda item: item[1].rank())
            self.worst = dict(worst)

    def summary(
        self, files: tuple[FileRead, ...], rulebook: Receipt, from_settings: tuple[str, ...] = ()
    ) -> ScrubSummary:
        """Return what is shown of it."""
        has_charges = self.charges > 0

        def money(cents: int) -> str | None:
            return str(Decimal(cents).scaleb(-2)) if has_charges else None

        def counts(many: dict[str, list[int]]) -> tuple[Count, ...]:
            ranked = sorted(many.items(), key=lambda item: (-item[1][1], -item[1][0], item[0]))
            return tuple(Count(name, lines, found, money(cents)) for name, (lines, found, cents) in ranked)

        ranked = sorted(self.rules.items(), key=lambda item: (item[1].severity, -item[1].lines, item[0]))
        worst = sorted(self.worst.items(), key=lambda item: item[1].rank(), reverse=True)
        return ScrubSummary(
            files, self.lines, self.checked, self.clean, self.block, self.warn,
            money(self.cents), money(self.affected),
            tuple(
                RuleCount(rule if rule != NO_RULE else None, its.severity, its.lines, money(its.cents), its.says)
                for rule, its in ranked
            ),
            tuple(Count(name, count) for name, count in self.reasons.most_common()),
            tuple(Count(name, count) for name, count in self.unchecked.most_common()),
            counts(self.payers), counts(self.codes),
            tuple(
                WorstClaim(file, claim, its.block, its.warn, money(its.cents), tuple(its.rules))
                for (file, claim), its in worst if its.block or its.warn
            ),
            self.days, self.decided, rulebook, from_settings,
        )  # fmt: skip


def _of(many: dict[str, list[int]], name: str) -> list[int]:
    numbers = many.get(name)
    if numbers is None:
        numbers = many.setdefault(name if len(many) < _MOST_KINDS else _REST, [0, 0, 0])
    return numbers


def _count(counted: Counter[str], name: str, times: int) -> None:
    counted[name if name in counted or len(counted) < _MOST_KINDS else _REST] += times
