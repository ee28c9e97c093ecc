"""The units of a day's lines: which unit rule holds, a pool for each discipline, what was typed held against it."""

from collections.abc import Mapping, Sequence

from ..advice.wording import weakness
from ..model import Rule, UnitRule
from ..rulebook.precedence import is_weak
from ..visit_model import Tie, UnitCount
from .assistants import Split, split, whole_service
from .day import Day, Line, Service
from .units import Counted, count, earned


def count_units(day: Day) -> tuple[UnitCount, ...]:
    """The units of the day under the payer's unit rule, or under every one where the payer's is not known.

    Each line gets its units where they are known: where two rules disagree, they are not.
    """
    rules = _unit_rules(day)
    _not_pooled(day)
    counts = []
    results: dict[Service, list[int]] = {}
    for rule in rules:
        pools = _pools(day, rule)
        counted = {discipline: count(rule, minutes, _given(day, discipline)) for discipline, minutes in pools.items()}
        for discipline, each in counted.items():
            for code, number in each.units.items():
                results.setdefault((discipline, code), []).append(number)
        counts.append(_shown(day, rule, counted))
    for key, units in results.items():
        _share_out(day, key, units, rules)
    _say_what_the_pool_lacks(day, rules)
    total = sum(line.minutes or 0 for line in day.billed())
    if total > 24 * 60:
        day.find("block", f"The lines come to {total} minutes; a day has {24 * 60}.", fix="Mend the minutes.")
    return tuple(counts)


def _say_what_the_pool_lacks(day: Day, rules: Sequence[UnitRule]) -> None:
    """Minutes of one code that were not told leave the units of every code in its pool open."""
    pooled = [line for line in day.billed() if any(rule.pooled and in_pool(line, rule) for rule in rules)]
    for lacking in [line for line in pooled if line.minutes is None]:
        others = [line.code for line in pooled if line.minutes is not None and line.discipline == lacking.discipline]
        if others:
            day.leave_out(f"The day's units: without the minutes of {lacking.code}, those of "
                          f"{', '.join(dict.fromkeys(others))} may be one fewer than shown.")  # fmt: skip


def _unit_rules(day: Day) -> list[UnitRule]:
    """The unit rule that was told, or the payer's, or all."""
    book = day.book
    if day.visit.unit_rule:
        return [rule for rule in (book.unit_rule(day.visit.unit_rule),) if rule]
    said = day.first("unit_rule")
    if said and said.unit_rule:
        held = book.unit_rule(said.unit_rule)
        if is_weak(said):
            day.find("warn", f"Units by {held.name if held else said.unit_rule} are weak: "
                     f"{weakness(said.evidence, said.confidence)}. {said.says}", rule=said,
                     fix="Ask the payer which rule it follows; --unit-rule answers it.")  # fmt: skip
        return [held] if held else []
    return [rule for key in book.keys("unit_rules") if (rule := book.unit_rule(key))]


def in_pool(line: Line, rule: UnitRule) -> bool:
    """Whether a line's minutes count by the rule: a timed therapy code of the rule's unit."""
    units = line.counted
    return bool(
        line.known and units and units.timed and line.known.therapy_modifiers
        and units.minutes_per_unit == rule.minutes_per_unit
    )  # fmt: skip


def _pools(day: Day, rule: UnitRule) -> dict[str | None, dict[str, int]]:
    pools: dict[str | None, dict[str, int]] = {}
    for line in day.billed():
        if in_pool(line, rule) and line.minutes is not None:
            discipline, code = line.service
            pool = pools.setdefault(discipline, {})
            pool[code] = pool.get(code, 0) + line.minutes
    return pools


def _given(day: Day, discipline: str | None) -> dict[str, int | None]:
    given: dict[str, int | None] = {}
    for line in day.billed():
        if line.service[0] == discipline and line.told.units is not None:
            given[line.code] = (given.get(line.code) or 0) + line.told.units
    return given


def _shown(day: Day, rule: UnitRule, counted: Mapping[str | None, Counted]) -> UnitCount:
    units: dict[str, int] = {}
    ties: list[Tie] = []
    for discipline, each in counted.items():
        for code, number in each.units.items():
            units[code] = units.get(code, 0) + number
        if each.choice:
            codes, spare = each.choice.codes, each.choice.spare
            ties.append(
                Tie(
                    discipline=discipline,
                    codes=codes,
                    units=spare,
                    chosen=each.choice.chosen,
                    says=f"{', '.join(codes)} have equal minutes left over for {spare} more "
                    f"unit{'' if spare == 1 else 's'}: the clinician chooses, and either is right.",
                )
            )
    return UnitCount(
        unit_rule=rule.id,
        says=rule.says,
        timed_minutes=sum(each.minutes for each in counted.values()),
        timed_units=sum(each.total for each in counted.values()),
        units=units,
        ties=tuple(ties),
    )


def _share_out(day: Day, key: Service, units: Sequence[int], rules: Sequence[UnitRule]) -> None:
    """Give a code's units to its first line; further lines of it add their minutes and have no units of their own."""
    lines = [line for line in day.billed() if line.service == key and in_pool(line, rules[0])]
    first, agreed = lines[0], len({*units}) == 1
    given = [line.told.units for line in lines if line.told.units is not None]
    for line in lines[1:]:
        line.units = 0
    if len(lines) > 1:
        day.find("info", f"{key[1]} stands on {len(lines)} lines: its minutes are added before they make units.", lines)
    if not agreed:
        said = ", ".join(f"{number} by {rule.id}" for rule, number in zip(rules, units, strict=True))
        day.find(
            "warn",
            f"How {day.book_name(day.payer)} counts units is not known, and the rules differ for {key[1]}: {said}.",
            lines,
            fix="Ask the payer, or name its rule: --unit-rule cms or cpt_midpoint.",
            sources=[source for rule in rules for source in rule.sources],
        )
    first.units = _capped(day, first, units[0]) if agreed else None
    if given:
        _compare(day, lines, sum(given), units, rules)


def _capped(day: Day, line: Line, units: int) -> int:
    """A code that is only ever so many units a day takes no more; its further minutes belong to another code."""
    most = line.counted.usual if line.counted else None
    if most is None or units <= most:
        return units
    day.find("info", f"{line.code} is {most} a day; further minutes belong to the code that adds to it.", [line],
             fix=f"cpt lookup {line.code}")  # fmt: skip
    return most


def _compare(day: Day, lines: list[Line], given: int, units: Sequence[int], rules: Sequence[UnitRule]) -> None:
    minutes = sum(line.minutes or 0 for line in lines)
    rule = rules[0] if len(rules) == 1 else None
    by = f" by {rule.name}" if rule else ""
    if given > max(units):
        day.find(
            "block",
            f"{lines[0].code}: {given} units typed; {minutes} minutes make {max(units)} in this day{by}.",
            lines,
            rule=rule,
            fix=f"Bill {max(units)}.",
        )
    elif given < min(units):
        day.find("warn", f"{lines[0].code}: {given} units typed; {minutes} minutes make {min(units)}{by}.", lines,
                 rule=rule, fix=f"{min(units)} may be billed.")  # fmt: skip


def _not_pooled(day: Day) -> None:
    """Lines whose units do not come from the day's pool: untimed, longer units, no minutes told, unknown codes."""
    rules = [rule for key in day.book.keys("unit_rules") if (rule := day.book.unit_rule(key))]
    billed = day.billed()
    for line in day.lines:
        told, units = line.told.units, line.counted
        if line not in billed:
            line.units = 0
        elif units is None:
            line.units = told
            if told is None:
                day.leave_out(f"Units of {line.code}: how it is counted is not known here.")
        elif not units.timed:
            line.units = 1 if told is None else told
            if units.usual and told is not None and told > units.usual:
                day.find("block", f"{line.code} is untimed: {units.usual} a day, however long it took; {told} typed.",
                         [line], fix=f"Bill {units.usual}.", sources=units.sources)  # fmt: skip
                line.units = units.usual
        elif line.minutes is None:
            line.units = told
            what = "its units were not held against minutes" if told is not None else "its units are not known"
            day.leave_out(f"{line.code} is timed and no minutes were told: {what}.")
        elif not any(in_pool(line, rule) for rule in rules):
            _by_itself(day, line, rules[0])
    _untimed_twice(day)


def _untimed_twice(day: Day) -> None:
    """A code that is once a day, on two lines: its units go on the first. Not an unlisted one."""
    for group in day.services():
        lines = [line for line in group if line.timed is False and line.known and not line.known.claim_needs]
        units = lines[0].counted if len(lines) > 1 else None
        if units and units.usual and sum(line.units or 0 for line in lines) > units.usual:
            day.find("block", f"{lines[0].code} is untimed: {units.usual} a day, however long it took; it stands on "
                     f"{len(lines)} lines.", lines, fix=f"Bill {units.usual}.", sources=units.sources)  # fmt: skip
            for line in lines[1:]:
                line.units = 0


def _by_itself(day: Day, line: Line, rule: UnitRule) -> None:
    """A timed code outside the pool: of a longer unit, which has to be whole, or no therapy code."""
    units, minutes = line.counted, line.minutes or 0
    assert units is not None
    per = units.minutes_per_unit or rule.minutes_per_unit
    reached = earned(rule, minutes) if per == rule.minutes_per_unit else minutes // per
    if per != rule.minutes_per_unit and minutes % per:
        day.find("info", f"{line.code} is counted by whole periods of {per} minutes; {minutes % per} minutes are over.",
                 [line], sources=units.sources)  # fmt: skip
    if line.told.units is not None and line.told.units > reached:
        day.find("block", f"{line.code}: {line.told.units} units typed; {minutes} minutes make {reached}.", [line],
                 fix=f"Bill {reached}.", sources=units.sources)  # fmt: skip
    line.units = _capped(day, line, reached)


# ---------------------------------------------------------------------------------------------------- assistants


def split_by_assistant(day: Day) -> None:
    """Find the units that carry the assistant's modifier, by the payer's rule for the day."""
    said: set[str] = set()
    for lines in day.services():
        first = lines[0]
        _held_against_minutes(day, lines)
        if not first.units or (not any(line.told.assistant_minutes for line in lines) and not _typed_apart(lines)):
            continue
        rule = day.first("assistant", first)
        if rule is None or rule.assistant is None:
            day.leave_out(f"Whether {day.book_name(day.payer)} wants a modifier for the assistant's part is not known.")
            continue
        if day.claim == "professional" and day.visit.provider in rule.assistant.exempt_providers:
            day.find("info", f"No assistant's modifier where the provider is: {day.visit.provider}.", lines, rule=rule)
            continue
        modifier = first.discipline.assistant_modifier if first.discipline else None
        if modifier is None:
            _no_modifier(day, lines, rule)
            continue
        found = _split(day, rule, lines)
        first.assisted = found.assisted
        if rule.id not in said:
            said.add(rule.id)
            day.find("info", f"{rule.says} Measured by the {day.visit.assistant_method} share.", lines, rule=rule)
        if found.assisted:
            units = f"{found.assisted} of {first.units} unit{'' if first.units == 1 else 's'}"
            left_out = any(line.told.modifiers for line in lines) and not any(map(_typed_for_assistant, lines))
            day.find("block" if left_out else "info", f"{first.code}: {units} with {modifier}, {found.why}.", lines,
                     rule=rule, fix=f"Add {modifier}; the claim lines carry it." if left_out else None)  # fmt: skip
        if not found.sure:
            day.find("warn", f"{first.code}: two units are left and the sources do not say how they are split; one is "
                     f"given with {modifier} and one without.", lines, rule=rule)  # fmt: skip


def _held_against_minutes(day: Day, lines: list[Line]) -> None:
    """An assistant's modifier on minutes that were told as the therapist's alone."""
    for line in lines:
        told = line.told
        if _typed_for_assistant(line) and told.therapist_minutes and not (told.assistant_minutes or told.joint_minutes):
            modifier = line.discipline.assistant_modifier if line.discipline else ""
            day.find("warn", f"{line.code} carries {modifier}, and its minutes are the therapist's alone.", [line],
                     fix=f"Take {modifier} off, or tell the assistant's minutes.")  # fmt: skip


def _typed_apart(lines: list[Line]) -> bool:
    """Whether the assistant's part was typed as lines of its own, by the modifier."""
    return len({_typed_for_assistant(line) for line in lines}) > 1 and all(line.minutes for line in lines)


def _typed_for_assistant(line: Line) -> bool:
    return line.discipline is not None and line.discipline.assistant_modifier in line.told.modifiers


def _no_modifier(day: Day, lines: list[Line], rule: Rule) -> None:
    held = lines[0].discipline
    if held:
        day.find("info", f"{held.name} has no assistant's modifier.", lines, rule=rule, sources=held.sources)
    else:
        day.find("block", f"{lines[0].code}: an assistant treated, and whose is not told.", lines, rule=rule,
                 fix="Name the discipline: --discipline PT or OT.")  # fmt: skip


def _split(day: Day, rule: Rule, lines: list[Line]) -> Split:
    assert rule.assistant is not None
    parts = [_parts(line) for line in lines]
    therapist, assistant = sum(each[0] for each in parts), sum(each[1] for each in parts)
    method, first = day.visit.assistant_method, lines[0]
    counted = next((unit for key in day.book.keys("unit_rules")
                    if (unit := day.book.unit_rule(key)) and in_pool(first, unit)), None)  # fmt: skip
    if counted is None:
        return whole_service(rule.assistant, therapist, assistant, method)
    return split(rule.assistant, counted, first.units or 0, therapist, assistant, method)


def _parts(line: Line) -> tuple[int, int]:
    """The minutes of a line that are the therapist's, joint ones among them, and those of the assistant alone."""
    told = line.told
    therapist, assistant = (told.therapist_minutes or 0) + (told.joint_minutes or 0), told.assistant_minutes or 0
    if therapist or assistant or not told.minutes:
        return therapist, assistant
    return (0, told.minutes) if _typed_for_assistant(line) else (told.minutes, 0)
