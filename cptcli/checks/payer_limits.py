"""Checks units against a payer's own limits per day."""

from collections.abc import Sequence

from ..findings.phrases import codes_of, units_of, weak_mark
from ..findings.report import Point, Report, Words, numbers
from ..model.rules import Rule
from ..model.visit import Severity
from ..rulebook.precedence import is_weak
from .day import Day, Line


def check_payer_limits(day: Day, claimed: Sequence[Line], units: Sequence[int | None], report: Report) -> None:
    """Find more units of what a payer's rule is about than it accepts per day."""
    limited: dict[str, tuple[Rule, int, list[Line]]] = {}
    for line in claimed:
        for rule, most in line.service.limiting:
            limited.setdefault(rule.id, (rule, most, []))[2].append(line)
    for rule, most, lines in limited.values():
        of_lines = [units[line.number - 1] for line in lines]
        reached = sum(each or 0 for each in of_lines)
        if reached > most:
            severity: Severity = "block" if rule.evidence == "primary" and not is_weak(rule) else "warn"
            report.find(severity, numbers(lines), rule, _over, day, rule, lines, reached, most)
        elif None in of_lines:
            report.note_unchecked(_units_unknown, rule)


def _over(day: Day, rule: Rule, lines: list[Line], reached: int, most: int) -> Words:
    return Words(
        f"{units_of(reached)}, where {day.payer_name(rule.payer)} accepts {most}: {rule.says}",
        f"{codes_of(lines)}: {units_of(reached)}; {day.short_name(rule.payer)} accepts {most} "
        f"per day{weak_mark(rule)}.",
        f"Bill {units_of(most)}, or ask the payer.",
    )


def _units_unknown(rule: Rule) -> Point:
    return Point(f"The most units per day ({rule.id}): some units are not known.",
                 "the payer's limit per day (some units not known)")  # fmt: skip
