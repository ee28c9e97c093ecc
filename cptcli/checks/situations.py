"""Applies the payer's rules on what is given of a line or the day: who treated, whom, where, and other care.

A rule takes a line or a part of its minutes off the claim, denies it, or leaves it open. Nothing is looked at on a day
that gives none of it, except what such a day leaves open.
"""

from collections.abc import Iterator, Sequence
from operator import attrgetter

from msgspec import structs

from ..findings.phrases import codes_of, in_short, weak_mark
from ..findings.report import Point, Report, Words, numbers
from ..model.rules import Fact, Rule, Situation
from ..model.visit import Severity
from ..rulebook.precedence import is_weak
from .day import Day, Line, Lines, carries, grouped

_FACTS = attrgetter(
    "student_minutes", "aide_minutes", "patients_at_once", "patient_present", "place_of_service", "assistant_minutes",
    "provider",
)  # fmt: skip
_NO_FACTS = (None, None, None, None, None, None, None)
_BY_STUDENT = ("student",)
_BY_AIDE = ("aide", "athletic_trainer", "massage_therapist")
_WHO: dict[Fact, str] = {"student": "a student", "aide": "an aide", "assistant": "an assistant"}
_IN_WORDS: dict[Fact, str] = {
    "several_patients": "several patients at once",
    "one_patient": "one patient",
    "patient_absent": "the patient absent",
    "patient_present": "the patient present",
    "telehealth": "telehealth",
}
_BY_WIRE: tuple[Fact, ...] = ("telehealth", "audio_only")  # said by a place of service or a modifier
_NONE_DENIED: frozenset[int] = frozenset()


def check_situations(day: Day, lines: Lines, report: Report) -> tuple[Lines, frozenset[int]]:
    """Return the lines that may be billed, with the minutes that count, and the numbers of those that are denied."""
    visit = day.visit
    if lines.rules.not_given and not visit.other_care:
        report.note_unchecked(_other_care_not_given, lines.rules.not_given)
    of_day = bool(visit.other_care or visit.place_of_service) or visit.provider in (*_BY_STUDENT, *_BY_AIDE)
    some = [line for line in lines.billed if of_day or _FACTS(line.given) != _NO_FACTS or _modifier_says_so(line)]
    if not some:
        return lines, _NONE_DENIED
    return _Situations(day, report).applied(lines, some)


def _modifier_says_so(line: Line) -> bool:
    """Return whether a modifier that was typed gives a fact: telehealth, or an assistant's part."""
    typed = line.given.modifiers
    return bool(typed) and (not line.service.day_rules.says_so.isdisjoint(typed) or line.typed_for_assistant)


class _Situations:
    """What the facts of a day's lines come to, on the way."""

    def __init__(self, day: Day, report: Report) -> None:
        self.day, self.report = day, report
        self.changed: dict[int, Line] = {}
        self.off: set[int] = set()
        self.denied: set[int] = set()
        self.met: dict[tuple[str, str], tuple[Rule, Situation, list[Line]]] = {}
        self.unruled: dict[Fact, list[Line]] = {}

    def applied(self, lines: Lines, some: Sequence[Line]) -> tuple[Lines, frozenset[int]]:
        """Return the lines that may be billed, and the numbers of those that are denied."""
        if "none" in self.day.visit.other_care and len({*self.day.visit.other_care}) > 1:
            self.report.find("block", (), None, _none_and_some, self.day.visit.other_care)
        for line in some:
            for fact in _facts(self.day, line):
                self._apply(line, fact)
            place = line.given.place_of_service or self.day.visit.place_of_service
            if place and "telehealth" not in line.service.day_rules.situations:
                self.report.note_unchecked(_place_not_known, self.day, line.code, place)
        if self.off:  # what pays for a line matters no more
            found = self.report.found
            found[:] = [each for each in found if each.severity != "info" or not each.lines or {*each.lines} - self.off]
        for rule, situation, its in self.met.values():
            self.report.find(_severity(rule, situation), numbers(its), rule, _met, rule, situation, its)
        for fact, its in self.unruled.items():
            self._not_known(fact, its)
        if not self.off and not self.changed:
            return lines, frozenset(self.denied)
        return replaced(lines, self.changed, self.off), frozenset(self.denied)

    def _apply(self, line: Line, fact: Fact) -> None:
        rule = line.service.day_rules.situations.get(fact)
        if rule and rule.applies.disciplines and not line.service.therapy:
            return  # a rule on plans of care is about the codes that go under one
        situation = rule.situation if rule else None
        if rule is None or situation is None:
            if fact in _WHO and fact != "assistant":
                if line.service.therapy or _minutes_by(line, fact):
                    self._leave_out(line, fact, None)
            elif fact != "assistant":
                self.unruled.setdefault(fact, []).append(line)
            return
        if carries(line.given.modifiers, situation.unless_modifiers) or line.provider in situation.unless_providers:
            return
        if situation.only_providers and line.provider not in situation.only_providers:
            return
        if fact in _WHO and self._leave_out(line, fact, rule):
            return
        self.met.setdefault((rule.id, fact), (rule, situation, []))[2].append(line)
        if situation.then == "not_billed":
            self.off.add(line.number)
        elif situation.then == "not_paid":
            self.denied.add(line.number)

    def _leave_out(self, line: Line, fact: Fact, rule: Rule | None) -> bool:
        """Take the minutes of someone who may not bill out of a line; return False where nothing is left of it."""
        line = self.changed.get(line.number, line)
        without = _without(line, fact)
        if without is None:
            if rule is None:
                self.unruled.setdefault(fact, []).append(line)
            return False
        minutes = (line.minutes or 0) - (without.minutes or 0) or _minutes_by(line, fact)
        self.changed[line.number] = without
        severity: Severity = "info" if rule and fact != "assistant" else "warn"
        self.report.find(
            severity, (line.number,), rule, _left_out, self.day, line, fact, minutes, without.minutes, rule
        )
        return True

    def _not_known(self, fact: Fact, its: Sequence[Line]) -> None:
        """Say that the payer's rule on a fact is not known: a finding where units depend on it."""
        if fact in ("several_patients", "patient_absent", *_WHO):
            self.report.find("warn", numbers(its), None, _no_rule_found, self.day, fact, its)
        elif fact != "one_patient" and fact != "patient_present":
            self.report.note_unchecked(_no_rule, self.day, fact, its)


def replaced(lines: Lines, changed: dict[int, Line], off: set[int]) -> Lines:
    """Return the lines of a day with some changed, and some off the claim."""
    every = tuple([changed.get(line.number, line) for line in lines.every])
    stay = {line.number for line in lines.billed} - off
    billed = tuple([line for line in every if line.number in stay])
    return structs.replace(lines, every=every, billed=billed, groups=grouped(billed))


def _facts(day: Day, line: Line) -> Iterator[Fact]:
    """Yield what is given of a line that a rule may be about."""
    given, rules, visit = line.given, line.service.day_rules.situations, day.visit
    if line.provider in _BY_STUDENT or given.student_minutes:
        yield "student"
    if line.provider in _BY_AIDE or given.aide_minutes:
        yield "aide"
    if given.assistant_minutes or line.typed_for_assistant:
        yield "assistant"
    if given.patients_at_once is not None:
        yield "several_patients" if given.patients_at_once > 1 else "one_patient"
    if given.patient_present is not None:
        yield "patient_present" if given.patient_present else "patient_absent"
    place = given.place_of_service or visit.place_of_service
    if place or given.modifiers:
        for fact in _BY_WIRE:
            says = rule.situation if (rule := rules.get(fact)) else None
            if says and (place in says.places or carries(given.modifiers, says.modifiers)):
                yield fact
    yield from (each for each in dict.fromkeys(visit.other_care) if each != "none")


def _without(line: Line, fact: Fact) -> Line | None:
    """Return a line without the part of a student, an aide or an assistant; None where nothing is left to bill."""
    given = line.given
    if fact == "assistant":
        rest = (given.therapist_minutes or 0) + (given.joint_minutes or 0)
        if not rest or line.typed_for_assistant:
            return None
        minutes = None if given.minutes is None else rest
        return structs.replace(
            line, minutes=rest, given=structs.replace(given, assistant_minutes=None, minutes=minutes)
        )
    if line.provider in (_BY_STUDENT if fact == "student" else _BY_AIDE):
        return None
    left = line.minutes
    if given.minutes is not None:
        left = given.minutes - (_minutes_by(line, fact) or 0)
    if not left:
        return None
    own = {"student": "student_minutes", "aide": "aide_minutes"}[fact]
    minutes = None if given.minutes is None else left
    return structs.replace(line, minutes=left, given=structs.replace(given, minutes=minutes, **{own: None}))


def _minutes_by(line: Line, fact: Fact) -> int | None:
    given = line.given
    by = {"student": given.student_minutes, "aide": given.aide_minutes, "assistant": given.assistant_minutes}
    return by.get(fact)


def _severity(rule: Rule, situation: Situation) -> Severity:
    if situation.then == "allowed":
        return "info"
    return "warn" if situation.then == "review" or is_weak(rule) else "block"


# ------------------------------------------------------------------------------------------------------ in words


def _met(rule: Rule, situation: Situation, its: Sequence[Line]) -> Words:
    codes = codes_of(its)
    caveat = f" {rule.caveat}" if rule.caveat else ""
    short = (f"{codes}: {in_short(rule)}{weak_mark(rule)}", f"{in_short(rule)}{weak_mark(rule)}")
    return Words(f"{codes}: {rule.says}{caveat}", short, situation.fix)


def _left_out(day: Day, line: Line, fact: Fact, minutes: int | None, left: int | None, rule: Rule | None) -> Words:
    part = f"{line.code}: {minutes} minutes by {_WHO[fact]} left out"
    part += f", {left} count." if left is not None else "."
    if rule is None:
        why = f"Whether {day.payer_name()} pays for {_WHO[fact]} is not known."
        return Words(f"{part} {why}", (f"{part} {why}", part), "Ask the payer.")
    return Words(f"{part} {rule.says}", (f"{part} {in_short(rule)}{weak_mark(rule)}", part))


def _no_rule_found(day: Day, fact: Fact, its: Sequence[Line]) -> Words:
    by = f"by {_WHO[fact]}" if fact in _WHO else f"with {_IN_WORDS[fact]}"
    says = f"{codes_of(its)} {by}: no rule found for {day.payer_name()}."
    return Words(says, (says, f"{codes_of(its)} {by}: no rule found."), "Ask the payer.")


def _no_rule(day: Day, fact: Fact, its: Sequence[Line]) -> Point:
    what = _IN_WORDS.get(fact, fact.replace("_", " "))
    return Point(f"{codes_of(its)}: what {what} means for {day.payer_name()}: no rule found. Ask the payer.",
                 f"what {what} means for {{}}", tuple(line.code for line in its))  # fmt: skip


def _place_not_known(day: Day, code: str, place: str) -> Point:
    return Point(f"{code}: what place of service {place} means for {day.payer_name()}: no rule found. Ask the payer.",
                 f"what place of service {place} means for {{}}", (code,))  # fmt: skip


def _other_care_not_given(rules: Sequence[Rule]) -> Point:
    named = [each.situation.not_given for each in rules if each.situation and each.situation.not_given]
    named = [*dict.fromkeys(named)]
    says = f"Whether the patient is under other care that takes the payment: {', '.join(named)} (add --other-care)."
    return Point(says, "{}", tuple(named))


def _none_and_some(given: Sequence[str]) -> Words:
    others = ", ".join(each.replace("_", " ") for each in dict.fromkeys(given) if each != "none")
    says = f"Other care: none and {others} are both given."
    return Words(says, says, "Keep what is true.")
