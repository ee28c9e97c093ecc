"""Adds the modifiers that the payer's rules require with each code, as far as the visit decides them.

A modifier that says what happened (59, an X modifier, GA) is only added when that was given.
"""

from collections.abc import Callable

from ..advice.matching import Ask, Match
from ..findings.phrases import codes_of, either, weak_mark
from ..findings.report import Point, Report, Words, numbers
from ..model.rules import Rule
from ..model.visit import Severity
from ..plan.needs import Choice, Needs, choices, needs_of
from ..rulebook.precedence import is_weak
from .day import Day, Line, Lines, carries

_MOST_NAMED = 3  # modifiers that a finding names in short as A, B or C
Modifiers = tuple[tuple[str, ...], ...]  # of each line of the visit, those typed first


def required_modifiers(day: Day, lines: Lines, report: Report) -> Modifiers:
    """Return the modifiers of each line: those typed, and those that the payer's rules require."""
    added: list[list[str]] = [[*line.service.liability] for line in lines.every]

    def on(line: Line) -> list[str]:
        return [*line.given.modifiers, *added[line.number - 1]]

    all_of: dict[tuple[str, Choice], tuple[Rule, list[Line]]] = {}
    one_of: dict[tuple[str, Choice], tuple[Rule, list[Line]]] = {}
    unsure: list[tuple[Line, Rule, Match]] = []
    not_given: dict[tuple[Ask, ...], list[str]] = {}
    for line in lines.billed:
        if line.service.unlisted and day.by_fee_schedule:
            report.note_unchecked(_therapy_unknown, line.code)
        needs = _needs_of(line, on)
        for rule, modifiers in needs.all_of:
            all_of.setdefault((rule.id, modifiers), (rule, []))[1].append(line)
        for rule, choice in needs.one_of:
            one_of.setdefault((rule.id, choice), (rule, []))[1].append(line)
        unsure += [(line, rule, found) for rule, found in needs.unsure]
        for rule, found in needs.not_given:
            not_given.setdefault(found.asks, []).append(rule.id)
    for (_, modifiers), (rule, its) in sorted(all_of.items(), key=lambda each: each[0]):  # not as lines were typed
        without = [line for line in its if not {*modifiers} <= {*on(line)}]
        for line in without:
            added[line.number - 1] += [each for each in modifiers if each not in on(line)]
        if without:
            report.find("info", numbers(without), rule, _required, day, rule, modifiers, without)
    for (_, choice), (rule, its) in one_of.items():
        without = [line for line in its if not carries(on(line), choice)]
        if without:
            severity: Severity = "warn" if is_weak(rule) else "block"
            report.find(severity, numbers(without), rule, _one_of_required, day, rule, choice, without)
    for line, rule, found in unsure:
        certain = {each for (_, asked), (_, its) in one_of.items() if line in its for each in asked}
        for choice in choices(rule, line.known, line.discipline, on(line)):
            if choice and not carries(on(line), choice) and not certain & {*choice}:
                if rule.applies.condition:  # an extra modifier is easier to remove than a returned claim to fix
                    added[line.number - 1] += choice if len(choice) == 1 else ()
                report.find("warn", (line.number,), rule, _required_if, line, rule, found, choice)
    for asks, rules in not_given.items():
        report.note_unchecked(_rules_not_decided, asks, tuple(rules))
    return tuple([tuple(dict.fromkeys(on(line))) for line in lines.every])


def _needs_of(line: Line, on: Callable[[Line], list[str]]) -> Needs:
    """Return what a line lacks: as its service has it where no modifier was typed."""
    service = line.service
    if not line.given.modifiers and not line.shared_with_assistant:
        return service.needs
    return needs_of(service.requiring, line.known, line.discipline, on(line), line.shared_with_assistant)


# ------------------------------------------------------------------------------------------------------ in words


def _therapy_unknown(code: str) -> Point:
    return Point(f"Whether Medicare counts {code} as therapy is not known: no modifier was required.",
                 "whether {} is therapy at Medicare", (code,))  # fmt: skip


def _rules_not_decided(asks: tuple[Ask, ...], rules: tuple[str, ...]) -> Point:
    named, if_what = ", ".join(dict.fromkeys(rules)), [*map(str, asks)]
    says = f"Rules that depend on what was not given ({'; '.join(if_what)}): {named}."
    options = [each.option for each in asks if each.option]
    if len(options) == len(asks):
        return Point(says, "rules that depend on {}", tuple(options))
    return Point(says, "rules that apply only if {}", (" and ".join(if_what),))


def _required(day: Day, rule: Rule, modifiers: Choice, lines: list[Line]) -> Words:
    named = " and ".join(modifiers)
    return Words(_needs(rule, named, lines), _needs_in_short(day, rule, named, lines), "Added.")


def _one_of_required(day: Day, rule: Rule, choice: Choice, lines: list[Line]) -> Words:
    named = either(choice) if len(choice) <= _MOST_NAMED else _one_of(choice)
    plans = [each.id for each in day.book.disciplines() if each.modifier in choice]
    fix = f"Add --discipline {either(plans)}." if plans else "Put the one that is true on the line."
    return Words(_needs(rule, _one_of(choice), lines), _needs_in_short(day, rule, named, lines), fix)


def _required_if(line: Line, rule: Rule, found: Match, choice: Choice) -> Words:
    if_what = "; ".join(map(str, found.asks))
    fix = "Leave it off if not." if rule.applies.condition else f"If so, put {_one_of(choice)} on the line."
    return Words(f"{line.code} needs {_one_of(choice)}, if {if_what}: {rule.says}",
                 f"{line.code} needs {_one_of(choice)} if {if_what}{weak_mark(rule)}.", fix)  # fmt: skip


def _one_of(choice: Choice) -> str:
    return f"one of {', '.join(choice)}" if len(choice) > 1 else choice[0]


def _needs(rule: Rule, what: str, lines: list[Line]) -> str:
    codes = ", ".join(dict.fromkeys(line.code for line in lines))
    words = " ".join([rule.says, *(fact.says for fact in rule.facts[:1])])
    return f"{codes} need{'s' if len(lines) == 1 else ''} {what}: {words}"


def _needs_in_short(day: Day, rule: Rule, what: str, lines: list[Line]) -> str:
    return f"{codes_of(lines)}: {day.short_name(rule.payer)} requires {what}{weak_mark(rule)}."
