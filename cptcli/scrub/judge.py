"""The lines of one patient's day -> what is said of each; the same question is worked out once, within a bound."""

from collections import Counter
from collections.abc import Callable
from datetime import date
from typing import Final, NamedTuple

from .. import api
from ..advice.naming import resolve_device, resolve_payer
from ..advice.payer_path import short_name_of
from ..advice.question import resolve_discipline, resolve_state
from ..checks.day import in_order
from ..claims.layouts import shipped
from ..claims.lines import ServiceLine
from ..errors import AmbiguousName, CptError, UnknownName
from ..findings.report import Point, Report, worded
from ..model.scrub import Terms
from ..model.visit import Finding, Severity, Visit
from ..visit.decide import Decided, decide
from ..visit.tidying import MOST_LINES
from .question import Asked, asked_of, is_in_minutes, is_listed, lettered, visit_line, why_unreadable

_KEPT: Final = 1 << 15  # days, and what is asked of a line
_SHOWN: Final = 40  # characters of a payer's or device's name in a message
ANNOTATIONS: Final = ("cpt_verdict", "cpt_code", "cpt_units", "cpt_modifiers", "cpt_findings", "cpt_says")
NO_RULE: Final = "no-rule"  # in cpt_findings, for what has no rule: cpt_says has it
NOT_CHECKED: Final = "not_checked"  # in cpt_verdict
_OUTSIDE: Final = "code not in our list: outside physical medicine"


class Judged(NamedTuple):
    """What is said of a line: its six cells; what was found, as (rule, severity, says); and why it was not checked."""

    cells: tuple[str, ...]
    found: tuple[tuple[str, Severity, str], ...]
    not_checked: str | None
    code: str


class JudgedDay:
    """A day as judged, and how many of its lines are what. `drawn` is room for its cells as bytes, by delimiter."""

    __slots__ = (
        "blocked", "checked", "clean", "codes", "drawn", "found", "lines", "payer", "reasons", "rules", "unchecked",
    )  # fmt: skip

    def __init__(self, payer: str, lines: tuple[Judged, ...], unchecked: tuple[str, ...]) -> None:
        self.payer = payer
        self.lines = lines
        self.unchecked = unchecked
        with_findings = [line for line in lines if line.found]
        self.found = len(with_findings)
        self.blocked = sum(any(severity == "block" for _, severity, _ in line.found) for line in with_findings)
        self.reasons = Counter(line.not_checked for line in lines if line.not_checked is not None)
        self.checked = len(lines) - self.reasons.total()
        self.clean = sum(line.not_checked is None and not line.found for line in lines)
        of_ours = [line for line in lines if line.not_checked is None or line.found]
        self.codes = [
            (code, many, sum(line.code == code for line in with_findings))
            for code, many in Counter(line.code for line in of_ours).items()
        ]
        self.rules = Counter(rule for line in with_findings for rule in {rule for rule, _, _ in line.found})
        self.drawn: dict[str, tuple[bytes, ...]] = {}


class Judge:
    """Decides days under the same terms. `days` counts those asked, `decided` those worked out.

    Raises UnknownName, AmbiguousName or BadValue for terms that name nothing.
    """

    def __init__(self, terms: Terms, desk: api.Desk, remember: bool = True) -> None:
        self.book = desk.book
        self._terms = terms
        self._plans = desk.plans
        self._remember = remember
        self._payer = resolve_payer(self.book, terms.payer, terms.state) if terms.payer else None
        self._usual = resolve_payer(self.book, terms.usual_payer, terms.state) if terms.usual_payer else None
        self._state = resolve_state(self.book, terms.state) if terms.state else None
        self._discipline = resolve_discipline(self.book, terms.discipline) if terms.discipline else None
        self._plan_of = {each.modifier: each.id for each in self.book.disciplines()}
        self._numbers: dict[Asked, int] = {}
        self._asked: dict[int, Asked] = {}
        self._next = 0
        self._days: dict[tuple[int, ...], JudgedDay] = {}
        self._payers: dict[tuple[str, str], tuple[str | None, str | None]] = {}
        self._devices: dict[str, str | None] = {}
        self.days = self.decided = 0

    def number_of(self, line: ServiceLine) -> int:
        """Return the number of what is asked of a line; equal questions have the same number while it is kept."""
        asked = asked_of(line, self.book)
        number = self._numbers.get(asked)
        if number is None:
            number = self._numbers[asked] = self._next
            self._asked[number] = asked
            self._next += 1
        return number

    @property
    def is_full(self) -> bool:
        """Return whether so much is kept that `forget` has to be called, between two parts of a file."""
        return len(self._asked) > _KEPT or len(self._days) > _KEPT

    def forget(self) -> None:
        """Drop what is kept. Numbers are never used again."""
        self._numbers.clear()
        self._asked.clear()
        self._days.clear()
        self._payers.clear()
        self._devices.clear()

    def judged(self, numbers: tuple[int, ...]) -> JudgedDay:
        """Return what is said of the lines of a day, by the numbers of what is asked of them."""
        self.days += 1
        day = self._days.get(numbers)
        if day is None:
            day = self._judge(tuple([self._asked[number] for number in numbers]))
            self.decided += 1
            if self._remember:
                self._days[numbers] = day
        return day

    def _judge(self, lines: tuple[Asked, ...]) -> JudgedDay:
        book = self.book
        reasons = [why_unreadable(each) for each in lines]
        payer, note = self._payer_of(lines[0])
        shown = short_name_of(book, payer) if payer else "no payer"
        if payer is None:
            reasons = [reason or "no payer: add --payer" for reason in reasons]
        listed = [is_listed(each, book) for each in lines]
        asked = [at for at, reason in enumerate(reasons) if reason is None]
        if payer is None or not any(listed[at] for at in asked):
            return JudgedDay(shown, tuple(map(_unjudged, lines, [each or _OUTSIDE for each in reasons])), ())
        unchecked = [note] if note else []
        judged: dict[int, Judged] = {}
        for begin in range(0, len(asked), MOST_LINES):
            some = asked[begin : begin + MOST_LINES]
            part = tuple([lines[at] for at in some])
            try:
                found, left_out = self._decide(payer, part)
            except CptError as error:
                what = f"the day cannot be checked ({error.facts.get('option') or type(error).__name__})"
                judged.update({at: _unjudged(lines[at], what) for at in some})
                continue
            unchecked += left_out
            said = self._said(found, part, [listed[at] for at in some])
            judged.update(zip(some, said, strict=True))
        if len(asked) > MOST_LINES:
            unchecked.append(f"a day of more than {MOST_LINES} lines: checked in parts")
        every = [judged.get(at) or _unjudged(line, reasons[at] or "") for at, line in enumerate(lines)]
        return JudgedDay(shown, tuple(every), tuple(dict.fromkeys(unchecked)))

    def _decide(self, payer: str, lines: tuple[Asked, ...]) -> tuple[Decided, list[str]]:
        """Return a decided day, and what was not checked of it."""
        diagnoses, letters, left_out = lettered(lines)
        devices = [self._device(each) for each in lines]
        terms, first = self._terms, lines[0].first
        visit = Visit(
            lines=tuple(map(visit_line, lines, letters, devices)),
            payer=payer,
            state=self._state,
            zip=terms.zip,
            service_date=date(int(first[:4]), int(first[4:6]), int(first[6:])),
            discipline=self._discipline_of(lines),
            provider=terms.provider,  # type: ignore[arg-type]  # the command has read it
            claim=terms.claim,  # type: ignore[arg-type]
            diagnoses=diagnoses,
        )
        found = decide(self._plans, visit)
        if terms.unit_rule and len(found.counted.counted) != 1 and any(each.minutes for each in visit.lines):
            from msgspec import structs

            found = decide(self._plans, structs.replace(visit, unit_rule=terms.unit_rule))
        points = (each.words(*each.given) for each in found.report.unchecked)
        unchecked = [_of_many_days(point) for point in points if point.short]
        if left_out:
            unchecked.append("diagnoses that are not ICD-10-CM, or more than 12 a day: not used")
        for line, device in zip(lines, devices, strict=True):
            if line.device and device is None:
                unchecked.append(f"device {line.device[:_SHOWN]!r}: not in our list, or more than one; not used")
        return found, unchecked

    def _discipline_of(self, lines: tuple[Asked, ...]) -> str | None:
        """Return the discipline of the terms; not where a line has another plan of care."""
        if self._discipline is None:
            return None
        ours = self.book.discipline(self._discipline)
        for line in lines:
            known = self.book.code(line.code)
            named = {*line.modifiers} & {*self._plan_of} or {*(known.therapy_modifiers if known else ())}
            if ours and named and ours.modifier not in named:
                return self._plan_of.get(min(named))
        return self._discipline

    def _said(self, found: Decided, lines: tuple[Asked, ...], listed: list[bool]) -> list[Judged]:
        """Return what is said of each line of a decided day: only what has to be fixed or reviewed is put in words."""
        report = Report()
        outside = {at for at, is_ours in enumerate(listed, 1) if not is_ours}
        report.found = [
            each
            for each in found.report.found
            if each.severity != "info" and not (each.entry is None and each.lines and outside.issuperset(each.lines))
        ]
        findings = worded(self.book, report).findings if report.found else ()
        return [self._line(found, line, number, listed[number - 1], findings) for number, line in enumerate(lines, 1)]

    def _line(self, found: Decided, asked: Asked, number: int, is_ours: bool, findings: tuple[Finding, ...]) -> Judged:
        line, units = found.lines.every[number - 1], found.units[number - 1]
        carried = [modifier for each in found.claim_lines if number in each.lines for modifier in each.modifiers]
        late = found.thresholds.late.get(number)
        own = carried or (*found.modifiers[number - 1], *([late] if late else []))
        decided = line.service.decided
        said: list[tuple[str, Severity, str]] = [
            (each.rule or NO_RULE, each.severity, f"{each.short} -> {each.fix}" if each.fix else each.short)
            for each in findings
            if number in each.lines or not each.lines
        ]
        if is_in_minutes(asked) and line.service.timed is not None:
            said.append((NO_RULE, "block", f"{line.code}: billed in minutes (MJ). -> Bill units (UN)."))
        if not is_ours and not said:
            return _unjudged(asked, _OUTSIDE)
        cells = (
            decided.coverage.verdict if decided else "unknown" if is_ours else NOT_CHECKED,
            line.code if is_ours else "",
            "" if units is None or not is_ours else str(units),
            " ".join(in_order(self.book, dict.fromkeys(own))) if is_ours else "",
            " ".join(dict.fromkeys(rule for rule, _, _ in said)),
            " ".join(dict.fromkeys(text for _, _, text in said)),
        )
        return Judged(cells, tuple(said), None if is_ours else _OUTSIDE, line.code)

    # ------------------------------------------------------------------------------------------------------- names

    def _payer_of(self, line: Asked) -> tuple[str | None, str | None]:
        """Return the payer of a line, None without one; and what to say where the file's payer is not in our list."""
        if self._payer:
            return self._payer, None
        if not line.payer and not line.filing:
            return self._usual, None
        key = line.payer, line.filing
        if key not in self._payers:
            self._payers[key] = self._read_payer(line)
        return self._payers[key]

    def _read_payer(self, line: Asked) -> tuple[str | None, str | None]:
        for name in (line.payer, shipped().filings.get(line.filing.upper(), "")):
            if found := name and self._named(name, lambda name: resolve_payer(self.book, name, self._state)):
                return found, None
        if not line.payer and self._usual:
            return self._usual, None
        what = f"{line.payer[:_SHOWN]!r}" if line.payer else f"of kind {line.filing[:2]!r}"
        return self.book.edition.other_payer, f"rules of payer {what}: not in our list, or several of that name"

    def _device(self, line: Asked) -> str | None:
        """Return the device that a line names; None for none, or for one that is not in our list."""
        name = line.device
        if name and name not in self._devices:
            self._devices[name] = self._named(name, lambda name: resolve_device(self.book, name, "clinic"))
        return self._devices.get(name)

    def _named(self, name: str, resolve: Callable[[str], str]) -> str | None:
        try:
            return resolve(name)
        except (UnknownName, AmbiguousName):
            return None


def _unjudged(asked: Asked, reason: str) -> Judged:
    return Judged((NOT_CHECKED, "", "", "", "", f"Not checked: {reason}."), (), reason, asked.code)


def _of_many_days(point: Point) -> str:
    """Return a point that was not checked without the codes that it is about: many days share it."""
    return (point.short or point.says).replace(" of {}", "").replace("{}", ", ".join(dict.fromkeys(point.about)))
