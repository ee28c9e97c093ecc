"""Whose minutes a day's are: which units carry the assistant's modifier, by the payer's rule for the day."""

from ..model import Rule
from .assistants import Split, split, whole_service
from .counting import in_pool
from .day import Day, Line


def split_by_assistant(day: Day) -> None:
    """Find the units that carry the assistant's modifier, by the payer's rule for the day."""
    said: set[str] = set()
    for lines in day.services():
        first, typed = lines[0], [line for line in lines if line.typed_for_assistant]
        told = any(line.told.assistant_minutes for line in lines) or (typed and any(line.tells_who for line in lines))
        rule, units = day.first("assistant", first), sum(line.units or 0 for line in lines)
        exempt = rule and rule.assistant and day.visit.provider in rule.assistant.exempt_providers
        told = bool(told or _typed_apart(lines) or (typed and exempt))
        if told and any(line.units is None for line in lines):
            day.leave_out(f"Which units of {first.code} carry an assistant's modifier: they are not known.")
        if not units or any(line.units is None for line in lines) or not told:
            continue
        if rule is None or rule.assistant is None:
            _without_a_share(day, first)
            continue
        if day.claim == "professional" and exempt:
            first.assisted = 0
            day.find("block" if typed else "info", f"No assistant's modifier where the provider is: "
                     f"{day.visit.provider}.", lines, rule=rule, fix="Take it off." if typed else None)  # fmt: skip
            continue
        modifier = first.discipline.assistant_modifier if first.discipline else None
        if modifier is None:
            _no_modifier(day, lines, rule)
            continue
        if first.discipline and not first.carries([first.discipline.modifier]):
            day.leave_out(
                f"{first.code}: no assistant's modifier without {first.discipline.modifier}, which is not on it."
            )
            continue
        found = _split(day, rule, lines, units)
        first.assisted = found.assisted
        if rule.id not in said:
            said.add(rule.id)
            day.find("info", f"{rule.says} Measured by the {day.visit.assistant_method} share.", lines, rule=rule)
        if found.assisted:
            carried = f"{found.assisted} of {units} unit{'' if units == 1 else 's'}"
            left_out = any(line.told.modifiers for line in lines) and not typed
            day.find("block" if left_out else "info", f"{first.code}: {carried} with {modifier}, {found.why}.", lines,
                     rule=rule, fix=f"Add {modifier}; the claim lines carry it." if left_out else None)  # fmt: skip
            if typed and _typed_wrong(lines, found.assisted):
                says = f"{first.code}: {modifier} is not on the units that an assistant did: {carried}."
                day.find("block", says, lines, rule=rule, fix="Type the claim lines as they are given.")
        elif typed:
            day.find("block", f"{first.code}: no unit with {modifier}, {found.why}.", typed, rule=rule,
                     fix=f"Take {modifier} off; the claim lines are without it.")  # fmt: skip
        if not found.sure:
            day.find("warn", f"{first.code}: two units are left and the sources do not say how they are split; one is "
                     f"given with {modifier} and one without.", lines, rule=rule,
                     fix="Keep that, or split them as the record shows.")  # fmt: skip


def _typed_wrong(lines: list[Line], assisted: int) -> bool:
    """Whether the modifier is on a line of the therapist alone, not on one of the assistant, or on other units."""
    alone = [line.by_whom for line in lines]
    for line, (therapist, assistant) in zip(lines, alone, strict=True):
        if line.tells_who and bool(therapist) != bool(assistant) and line.typed_for_assistant != bool(assistant):
            return True
    typed = [line.told.units for line in lines if line.typed_for_assistant]
    known = [each for each in typed if each is not None]
    return all(line.told.units is not None for line in lines) and sum(known) != assisted


def _without_a_share(day: Day, line: Line) -> None:
    """Where no rule says from which share of the minutes on the assistant's modifier stands."""
    rules = line.draft.rules(line.draft.case(frozenset([line.code]))) if line.draft else ()
    asked = next((rule for rule, held in rules if held.truth == "yes" and rule.applies.assistant), None)
    if asked is None and (later := _starts_later(day)):
        day.find("warn" if line.typed_for_assistant else "info", f"No assistant's modifier on {day.service_date}: it "
                 f"starts on {later.effective}.", [line], rule=later,
                 fix="Take it off." if line.typed_for_assistant else None)  # fmt: skip
    elif asked is None:
        day.leave_out(f"Whether {day.book_name(day.payer)} wants a modifier for the assistant's part is not known.")
    elif line.shared_with_assistant:
        day.leave_out(f"{line.code}: from which share of the minutes on the assistant's modifier stands is not known "
                      f"for {day.book_name(day.payer)} ({asked.id}).")  # fmt: skip


def _starts_later(day: Day) -> Rule | None:
    """The payer's first rule on assistants, where it had not started on the day."""
    rules = [rule for key in day.chain for rule in day.book.visit_rules_of(key) if rule.assistant and rule.effective]
    first = min(rules, key=lambda rule: rule.effective or day.service_date, default=None)
    return first if first and first.effective and first.effective > day.service_date else None


def _typed_apart(lines: list[Line]) -> bool:
    """Whether the assistant's part was typed as lines of its own, by the modifier."""
    return len({line.typed_for_assistant for line in lines}) > 1 and all(line.minutes for line in lines)


def _no_modifier(day: Day, lines: list[Line], rule: Rule) -> None:
    held = lines[0].discipline
    if held:
        day.find("info", f"{held.name} has no assistant's modifier.", lines, rule=rule, sources=held.sources)
    else:
        day.find("block", f"{lines[0].code}: an assistant treated, and whose is not told.", lines, rule=rule,
                 fix="Name the discipline: --discipline PT or OT.")  # fmt: skip


def _split(day: Day, rule: Rule, lines: list[Line], units: int) -> Split:
    assert rule.assistant is not None
    therapist, assistant = (sum(minutes) for minutes in zip(*(line.by_whom for line in lines), strict=True))
    method, first = day.visit.assistant_method, lines[0]
    counted = next((unit for key in day.book.keys("unit_rules")
                    if (unit := day.book.unit_rule(key)) and in_pool(first, unit)), None)  # fmt: skip
    if counted is None:
        return whole_service(rule.assistant, therapist, assistant, method)
    return split(rule.assistant, counted, units, therapist, assistant, method)
