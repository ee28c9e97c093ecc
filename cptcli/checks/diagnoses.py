"""Checks the diagnoses given: is the first one of a line what its payer requires, and does a rule weigh any."""

from collections.abc import Mapping

from ..findings.phrases import weak_mark
from ..findings.report import Point, Report, Words
from ..model.rules import DiagnosisList, Rule
from ..model.visit import Severity
from ..rulebook.precedence import is_weak
from .day import Day, Line, Lines


def check_diagnoses(day: Day, lines: Lines, diagnoses: Mapping[str, str], report: Report) -> None:
    """Find lines whose first diagnosis is not on the list that the payer names; note codes of which no rule weighs any.

    `diagnoses` are those of the visit by letter; a line without pointers has all of them in their order.
    """
    for line in lines.billed:
        given = [diagnoses[letter] for letter in line.given.diagnoses or diagnoses]
        rule = line.service.first_diagnosis
        listed = day.book.diagnosis_list(rule.first_diagnosis) if rule and rule.first_diagnosis else None
        if rule and listed:
            _check_first(day, line, given, rule, listed, report)
        elif given and line.known and not line.service.negative and not line.service.weighs_diagnoses:
            report.note_unchecked(_not_weighed, line.code, tuple(given))


def _check_first(day: Day, line: Line, given: list[str], rule: Rule, listed: DiagnosisList, report: Report) -> None:
    on_list = [each for each in given if _is_on(listed, each)]
    if not given:
        report.note_unchecked(_none_given, line.code, rule)
    elif given[0] not in on_list:
        severity: Severity = "warn" if is_weak(rule) else "block"
        report.find(severity, (line.number,), rule, _not_first, day, line, given[0], on_list, rule, listed)


def _is_on(listed: DiagnosisList, diagnosis: str) -> bool:
    return any(
        diagnosis == each.icd10 or (each.match == "prefix" and diagnosis.startswith(each.icd10))
        for each in listed.diagnoses
    )


# ------------------------------------------------------------------------------------------------------ in words


def _not_first(day: Day, line: Line, first: str, on_list: list[str], rule: Rule, listed: DiagnosisList) -> Words:
    codes = [each.icd10 for each in listed.diagnoses]
    span = f"{codes[0]} to {codes[-1]}" if len(codes) > 1 else codes[0]
    wrong = f"{line.code}: first diagnosis {first}"
    short = (f"{wrong}; {day.short_name(rule.payer)} requires {span} first", f"{wrong}, not {span}")
    fix = f"Put {on_list[0]} first." if on_list else "Put the one that is true first."
    return Words(f"{line.code} with {first} as its first diagnosis: {rule.says} ({listed.name})",
                 [f"{each}{weak_mark(rule)}." for each in short], fix, listed.sources)  # fmt: skip


def _none_given(code: str, rule: Rule) -> Point:
    return Point(
        f"The first diagnosis of {code}: none is given. {rule.says}", "first diagnosis of {} (add --dx)", (code,)
    )


def _not_weighed(code: str, given: tuple[str, ...]) -> Point:
    return Point(f"Diagnoses of {code} ({', '.join(given)}): no rule on file for this payer weighs a diagnosis of it.",
                 "diagnoses of {} (no rule on file weighs them)", (code,))  # fmt: skip
