"""Counts units: which unit rule applies, a pool of minutes for each discipline, typed units checked against it."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from ..advice.wording import weakness, weakness_in_short
from ..findings.phrases import either, units_of
from ..findings.report import Point, Report, Words, numbers
from ..model.claim import UnitRule
from ..model.codes import Units
from ..model.rules import Rule
from ..model.visit import Severity, Tie, UnitCount
from ..rulebook.precedence import is_weak
from .day import Day, Group, Line, Lines
from .minutes import Choice, Counted, count, earned
from .required_modifiers import Modifiers

Preferred = Mapping[str | None, tuple[str, ...]]  # by discipline: the codes that get the units of a tie
Reach = tuple[int, int] | None  # the fewest and the most units; None where nothing can be said
_MINUTES_OF_A_DAY = 24 * 60


class UnderRule(Struct, frozen=True):
    """The day under one unit rule: the pool of each discipline, and the units of every service."""

    rule: UnitRule
    pools: dict[str | None, Counted]
    reached: dict[Group, Reach]
    capped: tuple[Line, ...]  # lines with minutes for more units than their code has per day


class UnitsOfDay(Struct, frozen=True):
    """The units of each line of the visit, None where not known, and the day under each possible unit rule."""

    of_line: tuple[int | None, ...]
    counted: tuple[UnderRule, ...]


def count_units(day: Day, lines: Lines, modifiers: Modifiers, preferred: Preferred, report: Report) -> UnitsOfDay:
    """Return the units of the day under the payer's unit rule, or under every rule where the payer's is not known."""
    every = unit_rules(day)
    given = day.visit.unit_rule
    payers = None if given else lines.rules.unit_rule
    named = given or (payers and payers.unit_rule)
    rules = [rule for rule in every if named in (None, rule.id)]
    units = _not_pooled(day, lines, modifiers, every, report)
    counted = tuple([_under(lines, rule, preferred) for rule in rules])
    for line in (line for each in counted for line in each.capped):
        report.find("info", (line.number,), line.known, _capped, day, line, rules[0].minutes_per_unit)
    for group in dict.fromkeys(
        (discipline, code) for each in counted for discipline, pool in each.pools.items() for code in pool.units
    ):
        _share_out(day, lines, group, counted, units, report)
    overruling = lines.rules.unit_rule if given else None
    if overruling and overruling.unit_rule != given and not is_weak(overruling):
        report.find("warn", (), overruling, _overruled, day, given, overruling)
    if payers and is_weak(payers):
        differ = any(_under(lines, rule, preferred).reached != counted[0].reached for rule in every)
        report.find("warn" if differ else "info", (), payers, _weak_rule, day, payers, rules[0], differ)
    total = sum([line.minutes or 0 for line in lines.billed])
    if total > _MINUTES_OF_A_DAY:
        report.find("block", (), None, _too_long, total)
    return UnitsOfDay(tuple(units), counted)


def unit_rules(day: Day) -> list[UnitRule]:
    """Return every unit rule of the rule base."""
    return [rule for key in day.book.keys("unit_rules") if (rule := day.book.unit_rule(key))]


def in_pool(line: Line, rule: UnitRule) -> bool:
    """Return whether a line's minutes count by the rule: a timed therapy code of the rule's unit."""
    return line.service.pool_minutes == rule.minutes_per_unit


def _under(lines: Lines, rule: UnitRule, preferred: Preferred) -> UnderRule:
    pooled: dict[str | None, dict[str, int]] = {}
    given: dict[str | None, dict[str, int | None]] = {}
    lacking: list[Group] = []
    for line in lines.billed:
        discipline, code = line.group
        typed = line.given.units
        if typed is not None:
            of_plan = given.setdefault(discipline, {})
            of_plan[code] = (of_plan.get(code) or 0) + typed
        if in_pool(line, rule):
            minutes = line.minutes
            if minutes is None:
                lacking.append((discipline, code))
            else:
                pool = pooled.setdefault(discipline, {})
                pool[code] = pool.get(code, 0) + minutes
    pools = {
        discipline: count(rule, pool, given.get(discipline), preferred.get(discipline, ()))
        for discipline, pool in pooled.items()
    }
    reached: dict[Group, Reach] = dict.fromkeys(lacking)
    capped: list[Line] = []
    for discipline, counted in pools.items():
        without = [code for other, code in lacking if other == discipline] if lacking else ()
        for code, number in counted.units.items():
            reach = _reach(rule, number, pooled[discipline][code], code, without)
            first = next(line for line in lines.billed if line.group == (discipline, code))
            most = first.service.units.usual if first.service.units else None
            if most is not None and reach and reach[1] > most:
                capped.append(first)
                reach = min(reach[0], most), most
            reached[discipline, code] = reach
    return UnderRule(rule, pools, reached, tuple(capped))


def _reach(rule: UnitRule, units: int, minutes: int, code: str, lacking: Sequence[str]) -> Reach:
    """Return the fewest and most units of a code where other codes lack minutes; None where it lacks its own.

    Full units stay with the code; its left-over minutes may or may not earn one more.
    """
    if code in lacking:
        return None
    if not lacking or not rule.pooled:
        return units, units
    full, left = divmod(minutes, rule.minutes_per_unit)
    return full, full + bool(left)


def _certain(reach: Reach) -> int | None:
    return reach[0] if reach and reach[0] == reach[1] else None


def _share_out(
    day: Day, lines: Lines, group: Group, counted: Sequence[UnderRule], units: list[int | None], report: Report
) -> None:
    """Give a code's units to its first line; further lines of it add their minutes and have no units of their own."""
    rules = [under.rule for under in counted]
    reached = [under.reached.get(group) for under in counted]
    its = [line for line in lines.billed if line.group == group and in_pool(line, rules[0])]
    certain = [*map(_certain, reached)]
    agreed = len({*certain}) == 1
    for line in its:
        units[line.number - 1] = 0
    units[its[0].number - 1] = certain[0] if agreed else None
    one_rule = rules[0] if len(rules) == 1 else None
    if len(its) > 1:
        report.find("info", numbers(its), one_rule, _added_up, group[1], len(its), rules)
    known = [reach for reach in reached if reach]
    if len(known) < len(reached):
        return
    least, most = min([reach[0] for reach in known]), max([reach[1] for reach in known])
    if None in certain:
        others = [line.code for line in lines.billed if in_pool(line, rules[0]) and line.minutes is None]
        report.note_unchecked(_minutes_lacking, group[1], others, least, most)
    elif not agreed:
        report.find("warn", numbers(its), None, _rules_differ, day, group[1], rules, known)
    given = [line.given.units for line in its if line.given.units is not None]
    if given and not least <= sum(given) <= most:
        severity: Severity = "block" if sum(given) > most else "warn"
        report.find(severity, numbers(its), one_rule, _typed_wrong, its, sum(given), least, most, one_rule)


def _not_pooled(
    day: Day, lines: Lines, modifiers: Modifiers, rules: list[UnitRule], report: Report
) -> list[int | None]:
    """Return the units of lines outside the day's pool: untimed, longer units, no minutes, unknown codes."""
    units: list[int | None] = [0] * len(lines.every)
    per_unit = {rule.minutes_per_unit for rule in rules}
    for line in lines.billed:
        given, counted, service = line.given.units, line.service.units, line.service
        if counted is None:
            if given is None:
                report.note_unchecked(_not_counted, line.code)
        elif not counted.timed:
            given = _untimed(line, counted, report)
        elif line.minutes is None:
            report.note_unchecked(_no_minutes, line.code, given)
        elif service.pool_minutes not in per_unit or service.pool_minutes is None:
            given = _by_itself(day, line, counted, line.minutes, rules[0], report)
        else:
            given = None  # its pool says
        units[line.number - 1] = given
    _untimed_twice(lines, modifiers, units, report)
    return units


def _untimed(line: Line, counted: Units, report: Report) -> int:
    """Return the units of an untimed line: those that were given, of a usual number per day no more."""
    given = line.given.units
    if given == 0:
        report.find("warn", (line.number,), line.known, _none_typed, line)
    if counted.usual and given is not None and given > counted.usual:
        report.find("block", (line.number,), line.known, _untimed_over, line, counted, given)
        return counted.usual
    return 1 if given is None else given


def _untimed_twice(lines: Lines, modifiers: Modifiers, units: list[int | None], report: Report) -> None:
    """A code of one unit per day on two lines: one has its units, the same in any order. Not an unlisted code."""
    for group in lines.groups:
        its = [line for line in group if line.service.timed is False and line.known and not line.known.claim_needs]
        counted = its[0].service.units if len(its) > 1 else None
        if counted and counted.usual and sum([units[line.number - 1] or 0 for line in its]) > counted.usual:
            report.find("block", numbers(its), its[0].known, _untimed_on_lines, its, counted)
            stays = min(its, key=lambda line: _plainest(modifiers[line.number - 1]))  # whichever was typed first
            for line in its:
                if line is not stays:
                    units[line.number - 1] = 0


def _plainest(modifiers: Sequence[str]) -> tuple[int, list[str]]:
    return len(modifiers), sorted(modifiers)


def _by_itself(day: Day, line: Line, counted: Units, minutes: int, rule: UnitRule, report: Report) -> int:
    """Return the units of a timed code outside the pool: of a longer unit, always whole, or no therapy code."""
    per, at = counted.minutes_per_unit or rule.minutes_per_unit, (line.number,)
    pooled = per == rule.minutes_per_unit
    reached = earned(rule, minutes) if pooled else minutes // per
    if not pooled and minutes % per:
        report.find("info", at, line.known, _minutes_over, day, line, counted, per, minutes)
    if line.given.units is not None and line.given.units > reached:
        report.find("block", at, line.known, _more_typed, line, counted, minutes, reached)
    if counted.usual is not None and reached > counted.usual:
        report.find("info", at, line.known, _capped, day, line, per)
        return counted.usual
    return reached


def shown(under: UnderRule) -> UnitCount:
    """Return the day under one unit rule as an answer shows it."""
    rule, units = under.rule, dict[str, int | None]()
    for (_, code), reach in under.reached.items():
        before, number = units.get(code, 0), _certain(reach)
        units[code] = None if before is None or number is None else before + number
    known = [number for number in units.values() if number is not None]
    ties = [
        Tie(
            discipline=discipline,
            codes=pool.choice.codes,
            units=pool.choice.spare,
            chosen=pool.choice.chosen,
            says=_tied(pool.choice),
        )
        for discipline, pool in under.pools.items()
        if pool.choice and all(units[code] is not None for code in pool.choice.codes)
    ]
    return UnitCount(
        unit_rule=rule.id,
        says=rule.says,
        timed_minutes=sum(each.minutes for each in under.pools.values()),
        timed_units=sum(known) if len(known) == len(units) else None,
        units=units,
        ties=tuple(ties),
    )


# ------------------------------------------------------------------------------------------------------ in words


def _tied(choice: Choice) -> str:
    units = f"{choice.spare} more unit{'' if choice.spare == 1 else 's'}"
    says = f"{', '.join(choice.codes)} have equal minutes left over for {units}: "
    if choice.preferred:
        return f"{says}{' and '.join(choice.chosen)} here, as with another choice this day has more to fix."
    return f"{says}the clinician chooses, and either is right."


def _capped(day: Day, line: Line, per: int) -> Words:
    most = (line.service.units.usual if line.service.units else None) or 0
    says = f"{line.code} is {most} per day; further minutes belong to its add-on code."
    return Words(says, says, _add_on(day, line.code, (line.minutes or 0) - most * per) or f"cpt lookup {line.code}")


def _add_on(day: Day, code: str, minutes: int) -> str | None:
    """Return the line to add for minutes beyond a code, with its add-on code; None where none is on file."""
    for other in day.book.keys("codes"):
        known = day.tables.add_ons(other, day.service_date)
        if known and known.primaries == (code,):
            return f"Add {other}:{minutes}."
    return None


def _too_long(total: int) -> Words:
    says = f"The lines come to {total} minutes; a day has {_MINUTES_OF_A_DAY}."
    return Words(says, says, "Fix the minutes.")


def _weak_rule(day: Day, payers: Rule, rule: UnitRule, differ: bool) -> Words:
    says = f"Units by {rule.name} are weak: {weakness(payers.evidence, payers.confidence)}. {payers.says}"
    short = f"{day.short_name(payers.payer)}: {rule.name} is WEAK ({weakness_in_short(payers.evidence)})."
    if differ:
        return Words(f"{says} Another rule gives other units for this day.", f"{short} Another rule gives other units.",
                     "Ask the payer; add --unit-rule.")  # fmt: skip
    return Words(f"{says} Every rule known here gives the same units for this day.",
                 f"{short} Every rule known here gives the same units.")  # fmt: skip


def _overruled(day: Day, given: str, payers: Rule) -> Words:
    names = [_name_alone(day, given), _name_alone(day, payers.unit_rule or "")]
    says = f"Units are counted by the {names[0]}, as given; {day.payer_name(payers.payer)} counts by the {names[1]}."
    return Words(f"{says} {payers.says}",
                 f"Units by {names[0]}, as given; {day.short_name(payers.payer)} counts by {names[1]}.",
                 f"Use --unit-rule {payers.unit_rule}, or leave it out.")  # fmt: skip


def _name_alone(day: Day, unit_rule: str) -> str:
    """Return the name of a unit rule without its owner."""
    rule = day.book.unit_rule(unit_rule)
    return _without_owner(rule) if rule else unit_rule


def _without_owner(rule: UnitRule) -> str:
    return rule.name.partition(" (")[0]


def _added_up(code: str, lines: int, rules: list[UnitRule]) -> Words:
    says = f"{code} is on {lines} lines: its minutes are added before units are counted."
    return Words(says, says, sources=[source for rule in rules for source in rule.sources])


def _minutes_lacking(code: str, others: list[str], least: int, most: int) -> Point:
    without = f"without the minutes of {', '.join(dict.fromkeys(others))}"
    return Point(f"Units of {code}: {without} they are {least} or {most}.",
                 f"units of {{}} ({least} or {most} {without})", (code,))  # fmt: skip


def _rules_differ(day: Day, code: str, rules: list[UnitRule], reached: list[tuple[int, int]]) -> Words:
    by_rule = [(reach[0], rule) for rule, reach in zip(rules, reached, strict=True)]
    return Words(
        f"How {day.payer_name()} counts units is not known, and the rules differ for {code}: "
        f"{', '.join(f'{units} by the {rule.name}' for units, rule in by_rule)}. Ask the payer.",
        (
            f"{code}: {', '.join(f'{units} ({_without_owner(rule)})' for units, rule in by_rule)} units; "
            "the payer's rule is not known.",
            f"{code}: {either([str(units) for units, _ in by_rule])} units; the payer's rule is not known.",
        ),
        f"Ask; add --unit-rule {either([rule.id for rule in rules])}.",
        [source for rule in rules for source in rule.sources],
    )


def _typed_wrong(lines: list[Line], given: int, least: int, most: int, rule: UnitRule | None) -> Words:
    minutes = sum(line.minutes or 0 for line in lines)
    by = f" by the {rule.name}" if rule else ""
    typed = f"{lines[0].code}: {units_of(given)} typed; {minutes} minutes make"
    if given > most:
        says = f"{typed} {most} in this day{by}."
        return Words(says, says, f"Bill {most}.")
    says = f"{typed} {least}{by}."
    return Words(says, says, f"{least} may be billed.")


def _not_counted(code: str) -> Point:
    return Point(f"Units of {code}: how it is counted is not known here.", "units of {} (not in our list)", (code,))


def _no_minutes(code: str, given: int | None) -> Point:
    what = "its units were not checked against minutes" if given is not None else "its units are not known"
    return Point(f"{code} is timed and no minutes were given: {what}.", "units of {} (add minutes)", (code,))


def _none_typed(line: Line) -> Words:
    says = f"{line.code}: 0 units typed; a claim line has at least one."
    return Words(says, says, "Bill 1, or leave the line out.")


def _untimed_over(line: Line, counted: Units, given: int) -> Words:
    says = f"{line.code} is untimed: {counted.usual} per day, however long it took; {given} typed."
    return Words(says, says, f"Bill {counted.usual}.", counted.sources)


def _untimed_on_lines(lines: list[Line], counted: Units) -> Words:
    says = f"{lines[0].code} is untimed: {counted.usual} per day, however long it took; it is on "
    says += f"{len(lines)} lines."
    return Words(says, says, f"Bill {lines[0].code} x{counted.usual} on one line.", counted.sources)


def _minutes_over(day: Day, line: Line, counted: Units, per: int, minutes: int) -> Words:
    says = f"{line.code} is counted by whole periods of {per} minutes; {minutes % per} minutes are over."
    return Words(says, says, _add_on(day, line.code, minutes % per), counted.sources)


def _more_typed(line: Line, counted: Units, minutes: int, reached: int) -> Words:
    says = f"{line.code}: {units_of(line.given.units or 0)} typed; {minutes} minutes make {reached}."
    return Words(says, says, f"Bill {reached}.", counted.sources)
