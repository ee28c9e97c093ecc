"""Decides which units have the assistant's modifier, by the minutes of each and the payer's rule for the day."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from ..findings.phrases import either, in_short, units_of, weak_mark
from ..findings.report import Point, Report, Words, numbers
from ..model.claim import Discipline
from ..model.rules import AssistantShare, Rule
from ..model.visit import Severity
from .assistant_minutes import Split, split, whole_service
from .day import Day, Group, Line, Lines
from .required_modifiers import Modifiers
from .units import in_pool, unit_rules

Assisted = Mapping[Group, int]  # units with the assistant's modifier, where that is worked out


class Given(Struct, frozen=True):
    """What the lines of one code say of an assistant's part."""

    lines: tuple[Line, ...]
    units: int
    typed: bool  # with the assistant's modifier

    @property
    def first(self) -> Line:
        """Return the first of its lines, whose discipline and rules count."""
        return self.lines[0]


def split_by_assistant(
    day: Day, lines: Lines, modifiers: Modifiers, units: Sequence[int | None], report: Report
) -> Assisted:
    """Return how many units of a code carry the assistant's modifier, by the payer's rule for the day."""
    assisted: dict[Group, int] = {}
    shown: set[str] = set()
    for group in lines.groups:
        first = group[0]
        typed = [line for line in group if line.typed_for_assistant]
        if not typed and not any(line.given.assistant_minutes for line in group):
            continue
        rule = first.service.day_rules.assistant
        exempt = bool(rule and rule.assistant and first.provider in rule.assistant.exempt_providers)
        known = [number for line in group if (number := units[line.number - 1]) is not None]
        if not _is_given(group, typed, exempt):
            continue
        if len(known) < len(group):
            report.note_unchecked(_units_unknown, first.code)
            continue
        if not sum(known):
            continue
        if rule is None or rule.assistant is None:
            _without_a_share(day, first, report)
            continue
        found = _one(day, rule, rule.assistant, Given(group, sum(known), bool(typed)), modifiers, exempt, shown, report)
        if found is not None:
            assisted[first.group] = found
    return assisted


def _one(
    day: Day,
    rule: Rule,
    share: AssistantShare,
    given: Given,
    modifiers: Modifiers,
    exempt: bool,
    shown: set[str],
    report: Report,
) -> int | None:
    """Return the units of one code with the assistant's modifier; None where that is not worked out."""
    first = given.first
    if day.claim == "professional" and exempt:
        severity: Severity = "block" if given.typed else "info"
        report.find(severity, numbers(given.lines), rule, _exempt, first, rule, first.provider, given.typed)
        return 0
    plan = first.discipline
    if plan is None or plan.assistant_modifier is None:
        severity = "info" if plan else "block"
        report.find(severity, numbers(given.lines), rule, _no_modifier, day, first, plan)
        return None
    if plan.modifier not in modifiers[first.number - 1]:
        report.note_unchecked(_no_plan_modifier, first.code, plan.modifier)
        return None
    found = _split(day, share, given)
    if rule.id not in shown:
        shown.add(rule.id)
        report.find("info", numbers(given.lines), rule, _measured, rule, day.visit.assistant_method)
    _compare(rule, given, plan.assistant_modifier, found, report)
    return found.assisted


def by_whom(line: Line) -> tuple[int, int]:
    """Return a line's minutes by the therapist, with the joint ones, and by the assistant alone."""
    given = line.given
    therapist, assistant = (given.therapist_minutes or 0) + (given.joint_minutes or 0), given.assistant_minutes or 0
    if therapist or assistant or not given.minutes:
        return therapist, assistant
    return (0, given.minutes) if line.typed_for_assistant else (given.minutes, 0)


def _tells_who(line: Line) -> bool:
    """Return whether its minutes were given as a therapist's, an assistant's, or both together."""
    given = line.given
    return any(each is not None for each in (given.therapist_minutes, given.assistant_minutes, given.joint_minutes))


def _is_given(group: Sequence[Line], typed: Sequence[Line], exempt: bool) -> bool:
    """Return whether minutes or modifiers say what the assistant did."""
    by_minutes = any(line.given.assistant_minutes for line in group)
    both_ways = bool(typed) and any(_tells_who(line) for line in group)
    return by_minutes or both_ways or _typed_apart(group) or (bool(typed) and exempt)


def _typed_apart(group: Sequence[Line]) -> bool:
    """Return whether the assistant's part was typed as separate lines, by the modifier."""
    return len({line.typed_for_assistant for line in group}) > 1 and all(line.minutes for line in group)


def _split(day: Day, share: AssistantShare, given: Given) -> Split:
    therapist, assistant = (sum(minutes) for minutes in zip(*map(by_whom, given.lines), strict=True))
    method = day.visit.assistant_method
    counted = next((rule for rule in unit_rules(day) if in_pool(given.first, rule)), None)
    if counted is None:
        return whole_service(share, therapist, assistant, method)
    return split(share, counted, given.units, therapist, assistant, method)


def _compare(rule: Rule, given: Given, modifier: str, found: Split, report: Report) -> None:
    """Find the units with the assistant's modifier, and whether they are those that were typed with it."""
    every = numbers(given.lines)
    if found.assisted:
        left_out = any(line.given.modifiers for line in given.lines) and not given.typed
        report.find("block" if left_out else "info", every, rule, _with_modifier, given, modifier, found, left_out)
        if given.typed and _is_typed_wrong(given.lines, found.assisted):
            report.find("block", every, rule, _typed_wrong, given, modifier, found)
    elif given.typed:
        typed = numbers(line for line in given.lines if line.typed_for_assistant)
        report.find("block", typed, rule, _none_with_modifier, given, modifier, found)
    if not found.sure:
        report.find("warn", every, rule, _not_sure, given, modifier)


def _is_typed_wrong(lines: Sequence[Line], assisted: int) -> bool:
    """Return whether the modifier is on a therapist's line, missing on the assistant's, or on other units."""
    for line in lines:
        therapist, assistant = by_whom(line)
        if _tells_who(line) and bool(therapist) != bool(assistant) and line.typed_for_assistant != bool(assistant):
            return True
    typed = [line.given.units for line in lines if line.typed_for_assistant]
    known = [each for each in typed if each is not None]
    return all(line.given.units is not None for line in lines) and sum(known) != assisted


def _without_a_share(day: Day, line: Line, report: Report) -> None:
    """Find that no rule gives the share of the minutes above which the assistant's modifier is due."""
    rules = line.service.rules
    asked = next((rule for rule, found in rules if found.truth == "yes" and rule.applies.assistant), None)
    if asked is None and (later := _starts_later(day)):
        typed = line.typed_for_assistant
        report.find("warn" if typed else "info", (line.number,), later, _not_started, day, line, later, typed)
    elif asked is None:
        report.note_unchecked(_no_rule, day, line.code)
    elif line.shared_with_assistant:
        report.note_unchecked(_share_unknown, day, line.code, asked)


def _starts_later(day: Day) -> Rule | None:
    """Return the payer's first rule on assistants, where it had not started on the day."""
    rules = [rule for key in day.chain for rule in day.book.visit_rules_of(key) if rule.assistant and rule.effective]
    first = min(rules, key=lambda rule: rule.effective or day.service_date, default=None)
    return first if first and first.effective and first.effective > day.service_date else None


# ------------------------------------------------------------------------------------------------------ in words


def _units_unknown(code: str) -> Point:
    return Point(f"Which units of {code} carry an assistant's modifier: they are not known.",
                 "assistant modifier on {} (units not known)", (code,))  # fmt: skip


def _no_plan_modifier(code: str, plan: str) -> Point:
    return Point(f"{code}: no assistant's modifier without {plan}, which is not on it.",
                 f"assistant modifier on {{}} (no {plan} on it)", (code,))  # fmt: skip


def _no_rule(day: Day, code: str) -> Point:
    return Point(f"Whether {day.payer_name()} requires a modifier for the assistant's part is not known.",
                 "assistant modifier on {} (no rule found)", (code,))  # fmt: skip


def _share_unknown(day: Day, code: str, asked: Rule) -> Point:
    return Point(f"{code}: above which share of the minutes the assistant's modifier is due is not known "
                 f"for {day.payer_name()} ({asked.id}).",
                 "assistant modifier on {} (from which share is not known)", (code,))  # fmt: skip


def _exempt(first: Line, rule: Rule, provider: str | None, typed: bool) -> Words:
    provider = provider or ""
    return Words(f"No assistant's modifier where the provider is: {provider}.",
                 f"{first.code}: no assistant modifier where the provider is: {provider.replace('_', ' ')}."
                 f"{weak_mark(rule)}", "Take it off." if typed else None)  # fmt: skip


def _no_modifier(day: Day, first: Line, plan: Discipline | None) -> Words:
    if plan:
        return Words(f"{plan.name} has no assistant's modifier.", f"{first.code}: {plan.id} has no assistant modifier.",
                     sources=plan.sources)  # fmt: skip
    says = f"{first.code}: an assistant treated, and the discipline is not given."
    plans = either([each.id for each in day.book.disciplines() if each.assistant_modifier])
    return Words(says, says, f"Add --discipline {plans}.")


def _measured(rule: Rule, method: str) -> Words:
    measured, short = f"Measured by the {method} share.", in_short(rule) + weak_mark(rule)
    return Words(f"{rule.says} {measured}", (f"{short} {measured}", short))


def _of_units(given: Given, found: Split) -> str:
    return f"{found.assisted} of {units_of(given.units)}"


def _with_modifier(given: Given, modifier: str, found: Split, left_out: bool) -> Words:
    assisted = f"{given.first.code}: {_of_units(given, found)} with {modifier}"
    says = f"{assisted}, {found.why}."
    return Words(says, (says, f"{assisted}."), f"Add {modifier}." if left_out else None)


def _typed_wrong(given: Given, modifier: str, found: Split) -> Words:
    says = f"{given.first.code}: {modifier} is not on the units that an assistant did: {_of_units(given, found)}."
    return Words(says, says, "Bill the claim lines as shown.")


def _none_with_modifier(given: Given, modifier: str, found: Split) -> Words:
    says = f"{given.first.code}: no unit with {modifier}, {found.why}."
    return Words(says, (says, f"{given.first.code}: no unit with {modifier}."), f"Take {modifier} off.")


def _not_sure(given: Given, modifier: str) -> Words:
    return Words(
        f"{given.first.code}: two units are left and the sources do not say how they are split; one is shown "
        f"with {modifier} and one without. Keep that, or split them as the record shows.",
        f"{given.first.code}: how the last two units split is not certain; one has {modifier}.",
        "Keep that, or split by the record.",
    )


def _not_started(day: Day, line: Line, later: Rule, typed: bool) -> Words:
    return Words(f"No assistant's modifier on {day.service_date}: it starts on {later.effective}.",
                 f"{line.code}: no assistant modifier on {day.service_date}; it starts on {later.effective}.",
                 "Take it off." if typed else None)  # fmt: skip
