"""The units of a day's lines: which unit rule holds, a pool for each discipline, what was typed held against it."""

from collections.abc import Sequence

from msgspec import Struct

from ..advice.wording import weakness
from ..model import Rule, UnitRule
from ..rulebook.precedence import is_weak
from ..visit_model import Tie, UnitCount
from .day import Day, Line, Service
from .units import Counted, count, earned

Reach = tuple[int, int] | None  # the fewest and the most units; None where nothing can be said


def count_units(day: Day) -> tuple[UnitCount, ...]:
    """The units of the day under the payer's unit rule, or under every one where the payer's is not known.

    Each line gets its units where they are known: where two rules disagree, they are not.
    """
    every = [rule for key in day.book.keys("unit_rules") if (rule := day.book.unit_rule(key))]
    said = None if day.visit.unit_rule else day.first("unit_rule")
    named = day.visit.unit_rule or (said and said.unit_rule)
    rules = [rule for rule in every if named in (None, rule.id)]
    _not_pooled(day)
    counted = [_under(day, rule) for rule in rules]
    for service in dict.fromkeys(service for each in counted for service in each.pooled):
        _share_out(day, service, [each.reached.get(service) for each in counted], rules)
    _say_if_overruled(day)
    if said and is_weak(said):
        _say_how_weak(day, said, rules[0], any(_under(day, rule).reached != counted[0].reached for rule in every))
    total = sum(line.minutes or 0 for line in day.billed())
    if total > 24 * 60:
        day.find("block", f"The lines come to {total} minutes; a day has {24 * 60}.", fix="Mend the minutes.")
    return tuple(_shown(rule, each) for rule, each in zip(rules, counted, strict=True))


class _UnderRule(Struct, frozen=True):
    """The day under one unit rule: each discipline's pool, and what every service of the day comes to."""

    pools: dict[str | None, Counted]
    reached: dict[Service, Reach]

    @property
    def pooled(self) -> list[Service]:
        """The services with minutes in a pool."""
        return [(discipline, code) for discipline, pool in self.pools.items() for code in pool.units]


def _under(day: Day, rule: UnitRule) -> _UnderRule:
    minutes, lacking = _pools(day, rule), _lacking(day, rule)
    pools = {discipline: count(rule, pool, _given(day, discipline)) for discipline, pool in minutes.items()}
    reached: dict[Service, Reach] = dict.fromkeys(lacking)
    for discipline, pool in pools.items():
        without = [code for other, code in lacking if other == discipline]
        for code, number in pool.units.items():
            reach = _reach(rule, number, minutes[discipline][code], code, without)
            reached[discipline, code] = _capped(day, (discipline, code), reach)
    return _UnderRule(pools, reached)


def _say_how_weak(day: Day, said: Rule, rule: UnitRule, differ: bool) -> None:
    """A weak word on how units are counted; where every rule gives the same, nothing hangs on it."""
    says = f"Units by {rule.name} are weak: {weakness(said.evidence, said.confidence)}. {said.says}"
    if differ:
        day.find("warn", f"{says} Another rule gives other units for this day.", rule=said,
                 fix="Ask the payer which rule it follows; --unit-rule answers it.")  # fmt: skip
    else:
        day.find("info", f"{says} Every rule known here gives the same units for this day.", rule=said)


def _say_if_overruled(day: Day) -> None:
    """A unit rule that was told, and is not that of the payer."""
    said = day.first("unit_rule") if day.visit.unit_rule else None
    if said and said.unit_rule != day.visit.unit_rule and not is_weak(said):
        says = f"Units are counted by {day.visit.unit_rule}, as told; {day.book_name(said.payer or '')} counts by "
        fix = f"Leave --unit-rule out, or tell {said.unit_rule}."
        day.find("warn", f"{says}{said.unit_rule}. {said.says}", rule=said, fix=fix)


def _lacking(day: Day, rule: UnitRule) -> list[Service]:
    """What is counted by the rule, and some of whose minutes were not told."""
    return [line.service for line in day.billed() if in_pool(line, rule) and line.minutes is None]


def _reach(rule: UnitRule, units: int, minutes: int, code: str, lacking: Sequence[str]) -> Reach:
    """The fewest and the most units of a code, whose pool lacks the minutes of others; None where it lacks its own.

    Full units stay with the code, and what is left over may earn one more or not.
    """
    if code in lacking:
        return None
    if not lacking or not rule.pooled:
        return units, units
    full, left = divmod(minutes, rule.minutes_per_unit)
    return full, full + bool(left)


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


def _shown(rule: UnitRule, counted: _UnderRule) -> UnitCount:
    units: dict[str, int | None] = {}
    for (_, code), reach in counted.reached.items():
        before, number = units.get(code, 0), _certain(reach)
        units[code] = None if before is None or number is None else before + number
    known = [number for number in units.values() if number is not None]
    ties: list[Tie] = []
    for discipline, each in counted.pools.items():
        if each.choice and all(units[code] is not None for code in each.choice.codes):
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
        timed_minutes=sum(each.minutes for each in counted.pools.values()),
        timed_units=sum(known) if len(known) == len(units) else None,
        units=units,
        ties=tuple(ties),
    )


def _certain(reach: Reach) -> int | None:
    return reach[0] if reach and reach[0] == reach[1] else None


def _share_out(day: Day, key: Service, units: Sequence[Reach], rules: Sequence[UnitRule]) -> None:
    """Give a code's units to its first line; further lines of it add their minutes and have no units of their own."""
    lines = [line for line in day.billed() if line.service == key and in_pool(line, rules[0])]
    first, certain = lines[0], [*map(_certain, units)]
    given = [line.told.units for line in lines if line.told.units is not None]
    cited = [source for rule in rules for source in rule.sources]
    for line in lines:
        line.units = 0
    first.units = certain[0] if len({*certain}) == 1 else None
    if len(lines) > 1:
        day.find("info", f"{key[1]} stands on {len(lines)} lines: its minutes are added before they make units.", lines,
                 rule=rules[0] if len(rules) == 1 else None, sources=cited)  # fmt: skip
    known = [reach for reach in units if reach]
    if len(known) < len(units):
        return
    least, most = min(reach[0] for reach in known), max(reach[1] for reach in known)
    if None in certain:
        others = [other.code for other in day.billed() if other.minutes is None and in_pool(other, rules[0])]
        day.leave_out(f"Units of {key[1]}: without the minutes of {', '.join(dict.fromkeys(others))} they are {least} "
                      f"or {most}.")  # fmt: skip
    elif len({*certain}) > 1:
        said = ", ".join(f"{reach[0]} by {rule.id}" for rule, reach in zip(rules, known, strict=True))
        day.find(
            "warn",
            f"How {day.book_name(day.payer)} counts units is not known, and the rules differ for {key[1]}: {said}.",
            lines,
            fix="Ask the payer, or name its rule: --unit-rule cms or cpt_midpoint.",
            sources=cited,
        )
    if given:
        _compare(day, lines, sum(given), least, most, rules[0] if len(rules) == 1 else None)


def _capped(day: Day, service: Service, reach: Reach) -> Reach:
    """A code that is only ever so many units a day takes no more; its further minutes belong to another code."""
    line = next(line for line in day.billed() if line.service == service)
    most = line.counted.usual if line.counted else None
    if most is None or reach is None or reach[1] <= most:
        return reach
    day.find("info", f"{line.code} is {most} a day; further minutes belong to the code that adds to it.", [line],
             rule=line.known, fix=f"cpt lookup {line.code}")  # fmt: skip
    return min(reach[0], most), most


def _compare(day: Day, lines: list[Line], given: int, least: int, most: int, rule: UnitRule | None) -> None:
    minutes = sum(line.minutes or 0 for line in lines)
    by = f" by {rule.name}" if rule else ""
    if given > most:
        day.find(
            "block",
            f"{lines[0].code}: {given} units typed; {minutes} minutes make {most} in this day{by}.",
            lines,
            rule=rule,
            fix=f"Bill {most}.",
        )
    elif given < least:
        day.find("warn", f"{lines[0].code}: {given} units typed; {minutes} minutes make {least}{by}.", lines,
                 rule=rule, fix=f"{least} may be billed.")  # fmt: skip


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
            if told == 0:
                day.find("warn", f"{line.code}: 0 units typed; a line on the claim has at least one.", [line],
                         rule=line.known, fix="Bill 1, or leave the line out.")  # fmt: skip
            if units.usual and told is not None and told > units.usual:
                day.find("block", f"{line.code} is untimed: {units.usual} a day, however long it took; {told} typed.",
                         [line], rule=line.known, fix=f"Bill {units.usual}.", sources=units.sources)  # fmt: skip
                line.units = units.usual
        elif line.minutes is None:
            line.units = told
            what = "its units were not held against minutes" if told is not None else "its units are not known"
            day.leave_out(f"{line.code} is timed and no minutes were told: {what}.")
        elif not any(in_pool(line, rule) for rule in rules):
            _by_itself(day, line, rules[0])
    _untimed_twice(day)


def _untimed_twice(day: Day) -> None:
    """A code that is once a day, on two lines: one has its units, the same in whichever order. Not an unlisted one."""
    for group in day.services():
        lines = [line for line in group if line.timed is False and line.known and not line.known.claim_needs]
        units = lines[0].counted if len(lines) > 1 else None
        if units and units.usual and sum(line.units or 0 for line in lines) > units.usual:
            day.find("block", f"{lines[0].code} is untimed: {units.usual} a day, however long it took; it stands on "
                     f"{len(lines)} lines.", lines, rule=lines[0].known, fix=f"Bill {units.usual}.",
                     sources=units.sources)  # fmt: skip
            stays = min(lines, key=lambda line: sorted(line.modifiers))  # whichever was typed first
            for line in lines:
                line.units = line.units if line is stays else 0


def _by_itself(day: Day, line: Line, rule: UnitRule) -> None:
    """A timed code outside the pool: of a longer unit, which has to be whole, or no therapy code."""
    units, minutes = line.counted, line.minutes or 0
    assert units is not None
    per = units.minutes_per_unit or rule.minutes_per_unit
    reached = earned(rule, minutes) if per == rule.minutes_per_unit else minutes // per
    if per != rule.minutes_per_unit and minutes % per:
        day.find("info", f"{line.code} is counted by whole periods of {per} minutes; {minutes % per} minutes are over.",
                 [line], rule=line.known, sources=units.sources)  # fmt: skip
    if line.told.units is not None and line.told.units > reached:
        day.find("block", f"{line.code}: {line.told.units} units typed; {minutes} minutes make {reached}.", [line],
                 rule=line.known, fix=f"Bill {reached}.", sources=units.sources)  # fmt: skip
    line.units = _certain(_capped(day, line.service, (reached, reached)))
