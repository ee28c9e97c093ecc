"""Decides which units have the assistant's modifier, by the minutes of each and the payer's rule for the day."""

from ..model.rules import Rule
from .assistants import Split, split, whole_service
from .counting import in_pool
from .day import Day, Line
from .phrases import either, in_short, units_of, weak_mark


def split_by_assistant(day: Day) -> None:
    """Set which units have the assistant's modifier, by the payer's rule for the day; report what differs."""
    shown: set[str] = set()
    for lines in day.services():
        first, typed = lines[0], [line for line in lines if line.typed_for_assistant]
        rule, units = day.first("assistant", first), sum(line.units or 0 for line in lines)
        exempt = bool(rule and rule.assistant and day.visit.provider in rule.assistant.exempt_providers)
        given = _who_is_given(lines, typed, exempt)
        if given and any(line.units is None for line in lines):
            day.note_unchecked(f"Which units of {first.code} carry an assistant's modifier: they are not known.",
                               "assistant modifier on {} (units not known)", first.code)  # fmt: skip
        if not units or any(line.units is None for line in lines) or not given:
            continue
        if rule is None or rule.assistant is None:
            _without_a_share(day, first)
            continue
        if day.claim == "professional" and exempt:
            _exempt(day, rule, lines, bool(typed))
            continue
        modifier = first.discipline.assistant_modifier if first.discipline else None
        if modifier is None:
            _no_modifier(day, lines, rule)
            continue
        if first.discipline and not first.carries([first.discipline.modifier]):
            plan = first.discipline.modifier
            day.note_unchecked(f"{first.code}: no assistant's modifier without {plan}, which is not on it.",
                               f"assistant modifier on {{}} (no {plan} on it)", first.code)  # fmt: skip
            continue
        found = _split(day, rule, lines, units)
        first.assisted = found.assisted
        if rule.id not in shown:
            shown.add(rule.id)
            measured, short = f"Measured by the {day.visit.assistant_method} share.", in_short(rule) + weak_mark(rule)
            day.find("info", f"{rule.says} {measured}", lines, rule=rule, short=(f"{short} {measured}", short))
        _compare(day, rule, lines, modifier, found)


def _who_is_given(lines: list[Line], typed: list[Line], exempt: bool) -> bool:
    """Return whether minutes or modifiers say what the assistant did."""
    by_minutes = any(line.given.assistant_minutes for line in lines)
    both_ways = bool(typed) and any(line.tells_who for line in lines)
    return by_minutes or both_ways or _typed_apart(lines) or (bool(typed) and exempt)


def _exempt(day: Day, rule: Rule, lines: list[Line], typed: bool) -> None:
    """Report that no unit has the assistant's modifier: the payer's rule exempts the provider."""
    first, provider = lines[0], day.visit.provider or ""
    first.assisted = 0
    day.find("block" if typed else "info", f"No assistant's modifier where the provider is: {provider}.", lines,
             rule=rule, fix="Take it off." if typed else None,
             short=f"{first.code}: no assistant modifier where the provider is: {provider.replace('_', ' ')}."
             f"{weak_mark(rule)}")  # fmt: skip


def _compare(day: Day, rule: Rule, lines: list[Line], modifier: str, found: Split) -> None:
    """Report the units that have the assistant's modifier, and whether they were typed with it."""
    code, units = lines[0].code, sum(line.units or 0 for line in lines)
    typed = [line for line in lines if line.typed_for_assistant]
    if found.assisted:
        assisted = f"{found.assisted} of {units_of(units)}"
        left_out = any(line.given.modifiers for line in lines) and not typed
        says = f"{code}: {assisted} with {modifier}, {found.why}."
        day.find("block" if left_out else "info", says, lines, rule=rule, fix=f"Add {modifier}." if left_out else None,
                 short=(says, f"{code}: {assisted} with {modifier}."))  # fmt: skip
        if typed and _typed_wrong(lines, found.assisted):
            says = f"{code}: {modifier} is not on the units that an assistant did: {assisted}."
            day.find("block", says, lines, rule=rule, fix="Bill the claim lines as shown.", short=says)
    elif typed:
        says = f"{code}: no unit with {modifier}, {found.why}."
        day.find("block", says, typed, rule=rule, fix=f"Take {modifier} off.",
                 short=(says, f"{code}: no unit with {modifier}."))  # fmt: skip
    if not found.sure:
        day.find("warn", f"{code}: two units are left and the sources do not say how they are split; one is shown "
                 f"with {modifier} and one without. Keep that, or split them as the record shows.", lines, rule=rule,
                 fix="Keep that, or split by the record.",
                 short=f"{code}: how the last two units split is not certain; one has {modifier}.")  # fmt: skip


def _typed_wrong(lines: list[Line], assisted: int) -> bool:
    """Return whether the modifier is on a therapist's line, missing on the assistant's, or on other units."""
    alone = [line.minutes_by_provider for line in lines]
    for line, (therapist, assistant) in zip(lines, alone, strict=True):
        if line.tells_who and bool(therapist) != bool(assistant) and line.typed_for_assistant != bool(assistant):
            return True
    typed = [line.given.units for line in lines if line.typed_for_assistant]
    known = [each for each in typed if each is not None]
    return all(line.given.units is not None for line in lines) and sum(known) != assisted


def _without_a_share(day: Day, line: Line) -> None:
    """Report that no rule gives the share of the minutes above which the assistant's modifier is due."""
    rules = line.draft.rules(line.draft.case(frozenset([line.code]))) if line.draft else ()
    asked = next((rule for rule, found in rules if found.truth == "yes" and rule.applies.assistant), None)
    if asked is None and (later := _starts_later(day)):
        says = f"No assistant's modifier on {day.service_date}: it starts on {later.effective}."
        typed = line.typed_for_assistant
        day.find("warn" if typed else "info", says, [line], rule=later, fix="Take it off." if typed else None,
                 short=f"{line.code}: no assistant modifier on {day.service_date}; it starts on {later.effective}."
                 )  # fmt: skip
    elif asked is None:
        payer = day.book_name(day.payer)
        day.note_unchecked(f"Whether {payer} requires a modifier for the assistant's part is not known.",
                           "assistant modifier on {} (no rule found)", line.code)  # fmt: skip
    elif line.shared_with_assistant:
        day.note_unchecked(f"{line.code}: above which share of the minutes the assistant's modifier is due is not "
                           f"known for {day.book_name(day.payer)} ({asked.id}).",
                           "assistant modifier on {} (from which share is not known)", line.code)  # fmt: skip


def _starts_later(day: Day) -> Rule | None:
    """Return the payer's first rule on assistants, where it had not started on the day."""
    rules = [rule for key in day.chain for rule in day.book.visit_rules_of(key) if rule.assistant and rule.effective]
    first = min(rules, key=lambda rule: rule.effective or day.service_date, default=None)
    return first if first and first.effective and first.effective > day.service_date else None


def _typed_apart(lines: list[Line]) -> bool:
    """Return whether the assistant's part was typed as separate lines, by the modifier."""
    return len({line.typed_for_assistant for line in lines}) > 1 and all(line.minutes for line in lines)


def _no_modifier(day: Day, lines: list[Line], rule: Rule) -> None:
    plan, code = lines[0].discipline, lines[0].code
    if plan:
        says = f"{plan.name} has no assistant's modifier."
        day.find("info", says, lines, rule=rule, sources=plan.sources, short=f"{code}: {plan.id} has no assistant "
                 "modifier.")  # fmt: skip
    else:
        says = f"{code}: an assistant treated, and the discipline is not given."
        plans = either([each.id for each in day.book.disciplines() if each.assistant_modifier])
        day.find("block", says, lines, rule=rule, fix=f"Add --discipline {plans}.", short=says)


def _split(day: Day, rule: Rule, lines: list[Line], units: int) -> Split:
    assert rule.assistant is not None
    therapist, assistant = (sum(minutes) for minutes in zip(*(line.minutes_by_provider for line in lines), strict=True))
    method, first = day.visit.assistant_method, lines[0]
    counted = next((unit for key in day.book.keys("unit_rules")
                    if (unit := day.book.unit_rule(key)) and in_pool(first, unit)), None)  # fmt: skip
    if counted is None:
        return whole_service(rule.assistant, therapist, assistant, method)
    return split(rule.assistant, counted, units, therapist, assistant, method)
