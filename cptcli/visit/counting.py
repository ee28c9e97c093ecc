"""Counts units: which unit rule applies, a pool of minutes for each discipline, typed units checked against it."""

from collections.abc import Sequence

from msgspec import Struct

from ..advice.wording import weakness, weakness_in_short
from ..model.claim import UnitRule
from ..model.codes import Units
from ..model.rules import Rule
from ..model.visit import Tie, UnitCount
from ..rulebook.precedence import is_weak
from .day import Day, Line, Service
from .phrases import either, units_of
from .units import Counted, count, earned

Reach = tuple[int, int] | None  # the fewest and the most units; None where nothing can be said


def count_units(day: Day) -> tuple[UnitCount, ...]:
    """Return the units of the day under the payer's unit rule, or under every rule where the payer's is not known.

    Each line gets its units, unless two possible rules disagree.
    """
    every = [rule for key in day.book.keys("unit_rules") if (rule := day.book.unit_rule(key))]
    payers = None if day.visit.unit_rule else day.first("unit_rule")
    named = day.visit.unit_rule or (payers and payers.unit_rule)
    rules = [rule for rule in every if named in (None, rule.id)]
    _not_pooled(day)
    counted = [_under(day, rule) for rule in rules]
    for service in dict.fromkeys(service for each in counted for service in each.pooled):
        _share_out(day, service, [each.reached.get(service) for each in counted], rules)
    _say_if_overruled(day)
    if payers and is_weak(payers):
        _say_how_weak(day, payers, rules[0], any(_under(day, rule).reached != counted[0].reached for rule in every))
    total = sum(line.minutes or 0 for line in day.billed())
    if total > 24 * 60:
        says = f"The lines come to {total} minutes; a day has {24 * 60}."
        day.find("block", says, fix="Fix the minutes.", short=says)
    return tuple(_shown(rule, each) for rule, each in zip(rules, counted, strict=True))


class _UnderRule(Struct, frozen=True):
    """Return the day under one unit rule: the pool of each discipline, and the units of every service."""

    pools: dict[str | None, Counted]
    reached: dict[Service, Reach]

    @property
    def pooled(self) -> list[Service]:
        """Return the services with minutes in a pool."""
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


def _say_how_weak(day: Day, payers: Rule, rule: UnitRule, differ: bool) -> None:
    """Report that the payer's unit rule is weak; where every rule gives the same units, nothing depends on it."""
    says = f"Units by {rule.name} are weak: {weakness(payers.evidence, payers.confidence)}. {payers.says}"
    short = f"{day.short_name(payers.payer)}: {rule.name} is WEAK ({weakness_in_short(payers.evidence)})."
    if differ:
        day.find("warn", f"{says} Another rule gives other units for this day.", rule=payers,
                 fix="Ask the payer; add --unit-rule.", short=f"{short} Another rule gives other units.")  # fmt: skip
    else:
        day.find("info", f"{says} Every rule known here gives the same units for this day.", rule=payers,
                 short=f"{short} Every rule known here gives the same units.")  # fmt: skip


def _say_if_overruled(day: Day) -> None:
    """Report a unit rule that was given and is not the payer's."""
    payers = day.first("unit_rule") if day.visit.unit_rule else None
    if payers and payers.unit_rule != day.visit.unit_rule and not is_weak(payers):
        given, own = _named(day, day.visit.unit_rule), _named(day, payers.unit_rule)
        says = f"Units are counted by the {given}, as given; {day.book_name(payers.payer or '')} counts by the {own}."
        day.find("warn", f"{says} {payers.says}", rule=payers,
                 fix=f"Use --unit-rule {payers.unit_rule}, or leave it out.",
                 short=f"Units by {given}, as given; {day.short_name(payers.payer)} counts by {own}.")  # fmt: skip


def _named(day: Day, unit_rule: str | None) -> str:
    rule = day.book.unit_rule(unit_rule or "")
    return _name_alone(rule) if rule else str(unit_rule)


def _name_alone(rule: UnitRule) -> str:
    """Return the name of a unit rule without its owner."""
    return rule.name.partition(" (")[0]


def _lacking(day: Day, rule: UnitRule) -> list[Service]:
    """Return the services counted by the rule with some minutes not given."""
    return [line.service for line in day.billed() if in_pool(line, rule) and line.minutes is None]


def _reach(rule: UnitRule, units: int, minutes: int, code: str, lacking: Sequence[str]) -> Reach:
    """Return (fewest, most) units of a code when other codes lack minutes; None if this one does.

    Full units stay with the code; its left-over minutes may or may not earn one more.
    """
    if code in lacking:
        return None
    if not lacking or not rule.pooled:
        return units, units
    full, left = divmod(minutes, rule.minutes_per_unit)
    return full, full + bool(left)


def in_pool(line: Line, rule: UnitRule) -> bool:
    """Return whether a line's minutes count by the rule: a timed therapy code of the rule's unit."""
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
        if line.service[0] == discipline and line.given.units is not None:
            given[line.code] = (given.get(line.code) or 0) + line.given.units
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
    given = [line.given.units for line in lines if line.given.units is not None]
    cited = [source for rule in rules for source in rule.sources]
    for line in lines:
        line.units = 0
    first.units = certain[0] if len({*certain}) == 1 else None
    if len(lines) > 1:
        says = f"{key[1]} is on {len(lines)} lines: its minutes are added before units are counted."
        day.find("info", says, lines, rule=rules[0] if len(rules) == 1 else None, sources=cited, short=says)
    known = [reach for reach in units if reach]
    if len(known) < len(units):
        return
    least, most = min(reach[0] for reach in known), max(reach[1] for reach in known)
    if None in certain:
        others = [other.code for other in day.billed() if other.minutes is None and in_pool(other, rules[0])]
        without = f"without the minutes of {', '.join(dict.fromkeys(others))}"
        day.note_unchecked(f"Units of {key[1]}: {without} they are {least} or {most}.",
                           f"units of {{}} ({least} or {most} {without})", key[1])  # fmt: skip
    elif len({*certain}) > 1:
        by_rule = [(reach[0], rule) for rule, reach in zip(rules, known, strict=True)]
        day.find(
            "warn",
            f"How {day.book_name(day.payer)} counts units is not known, and the rules differ for {key[1]}: "
            f"{', '.join(f'{units} by the {rule.name}' for units, rule in by_rule)}. Ask the payer.",
            lines,
            fix=f"Ask; add --unit-rule {either([rule.id for rule in rules])}.",
            sources=cited,
            short=(
                f"{key[1]}: {', '.join(f'{units} ({_name_alone(rule)})' for units, rule in by_rule)} units; "
                "the payer's rule is not known.",
                f"{key[1]}: {either([str(units) for units, _ in by_rule])} units; the payer's rule is not known.",
            ),
        )
    if given:
        _compare(day, lines, sum(given), least, most, rules[0] if len(rules) == 1 else None)


def _capped(day: Day, service: Service, reach: Reach) -> Reach:
    """Return a code's units, at most its usual number per day; report further minutes, which belong to another code."""
    line = next(line for line in day.billed() if line.service == service)
    most = line.counted.usual if line.counted else None
    if most is None or reach is None or reach[1] <= most:
        return reach
    says = f"{line.code} is {most} per day; further minutes belong to its add-on code."
    day.find("info", says, [line], rule=line.known, fix=f"cpt lookup {line.code}", short=says)
    return min(reach[0], most), most


def _compare(day: Day, lines: list[Line], given: int, least: int, most: int, rule: UnitRule | None) -> None:
    minutes = sum(line.minutes or 0 for line in lines)
    by = f" by the {rule.name}" if rule else ""
    typed = f"{lines[0].code}: {units_of(given)} typed; {minutes} minutes make"
    if given > most:
        says = f"{typed} {most} in this day{by}."
        day.find("block", says, lines, rule=rule, fix=f"Bill {most}.", short=says)
    elif given < least:
        says = f"{typed} {least}{by}."
        day.find("warn", says, lines, rule=rule, fix=f"{least} may be billed.", short=says)


def _not_pooled(day: Day) -> None:
    """Count lines outside the day's pool: untimed, longer units, no minutes, unknown codes."""
    rules = [rule for key in day.book.keys("unit_rules") if (rule := day.book.unit_rule(key))]
    billed = day.billed()
    for line in day.lines:
        given, units = line.given.units, line.counted
        if line not in billed:
            line.units = 0
        elif units is None:
            line.units = given
            if given is None:
                day.note_unchecked(f"Units of {line.code}: how it is counted is not known here.",
                                   "units of {} (not in our list)", line.code)  # fmt: skip
        elif not units.timed:
            line.units = _untimed(day, line, units, given)
        elif line.minutes is None:
            line.units = given
            what = "its units were not checked against minutes" if given is not None else "its units are not known"
            day.note_unchecked(f"{line.code} is timed and no minutes were given: {what}.",
                               "units of {} (add minutes)", line.code)  # fmt: skip
        elif not any(in_pool(line, rule) for rule in rules):
            _by_itself(day, line, rules[0])
    _untimed_twice(day)


def _untimed(day: Day, line: Line, units: Units, given: int | None) -> int:
    """Return the units of an untimed line: those that were given, of a usual number per day no more."""
    if given == 0:
        says = f"{line.code}: 0 units typed; a claim line has at least one."
        day.find("warn", says, [line], rule=line.known, fix="Bill 1, or leave the line out.", short=says)
    if units.usual and given is not None and given > units.usual:
        says = f"{line.code} is untimed: {units.usual} per day, however long it took; {given} typed."
        day.find("block", says, [line], rule=line.known, fix=f"Bill {units.usual}.", sources=units.sources, short=says)
        return units.usual
    return 1 if given is None else given


def _untimed_twice(day: Day) -> None:
    """Set the units of an untimed code on two lines to one line, the same in any order. Not for unlisted codes."""
    for group in day.services():
        lines = [line for line in group if line.timed is False and line.known and not line.known.claim_needs]
        units = lines[0].counted if len(lines) > 1 else None
        if units and units.usual and sum(line.units or 0 for line in lines) > units.usual:
            says = f"{lines[0].code} is untimed: {units.usual} per day, however long it took; it is on "
            says += f"{len(lines)} lines."
            day.find("block", says, lines, rule=lines[0].known, fix=f"Bill {units.usual}.", sources=units.sources,
                     short=says)  # fmt: skip
            stays = min(lines, key=lambda line: sorted(line.modifiers))  # whichever was typed first
            for line in lines:
                line.units = line.units if line is stays else 0


def _by_itself(day: Day, line: Line, rule: UnitRule) -> None:
    """Set the units of a timed code outside the pool: of a longer unit, which must be whole, or no therapy code."""
    units, minutes = line.counted, line.minutes or 0
    assert units is not None
    per = units.minutes_per_unit or rule.minutes_per_unit
    reached = earned(rule, minutes) if per == rule.minutes_per_unit else minutes // per
    if per != rule.minutes_per_unit and minutes % per:
        says = f"{line.code} is counted by whole periods of {per} minutes; {minutes % per} minutes are over."
        day.find("info", says, [line], rule=line.known, sources=units.sources, short=says)
    if line.given.units is not None and line.given.units > reached:
        says = f"{line.code}: {units_of(line.given.units)} typed; {minutes} minutes make {reached}."
        day.find("block", says, [line], rule=line.known, fix=f"Bill {reached}.", sources=units.sources, short=says)
    line.units = _certain(_capped(day, line.service, (reached, reached)))
