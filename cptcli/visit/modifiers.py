"""Checks modifiers: those a payer's rules require, and whether those typed belong on the line.

A modifier that says what happened (59, an X modifier, GA) is only added when that was given.
"""

import re
from collections.abc import Iterable

from ..advice.coverage import NEGATIVE
from ..advice.matching import Ask, Match
from ..model.claim import Discipline, Modifier
from ..model.codes import Therapy
from ..model.rules import Rule
from ..model.visit import Severity
from ..rulebook.precedence import is_in_force, is_weak
from .day import Day, Line, in_ranges
from .phrases import codes_of, either, in_short, weak_mark

_MOST_NAMED = 3  # modifiers that a finding names in short as A, B or C
_MOST_TYPED = 6  # characters of a modifier that a finding repeats in short


def required_modifiers(day: Day) -> None:
    """Add the modifiers that the payer's rules require with each code, as far as the visit decides them."""
    not_given: dict[tuple[Ask, ...], list[str]] = {}
    unsure: list[tuple[Line, Rule, Match]] = []
    all_of: dict[tuple[str, tuple[str, ...]], tuple[Rule, list[Line]]] = {}
    one_of: dict[tuple[str, tuple[str, ...]], tuple[Rule, list[Line]]] = {}
    for line in day.billed():
        if line.draft is None:
            continue
        _say_if_unlisted(day, line)
        for rule, found in line.draft.rules(line.draft.case(frozenset([line.code]))):
            if found.truth == "open":
                if (rule.modifiers or rule.one_of_modifiers) and (rule.applies.care or rule.applies.condition):
                    unsure.append((line, rule, found))
                elif found.only_circumstances and (rule.modifiers or rule.one_of_modifiers or rule.verdict):
                    not_given.setdefault(found.asks, []).append(rule.id)
                continue
            if rule.applies.assistant and line.shared_with_assistant:
                continue  # from which share on is for the split to say, where the payer's rule gives one
            missing = [choice for choice in _choices(line, rule) if choice and not line.carries(choice)]
            if single := tuple(choice[0] for choice in missing if len(choice) == 1):
                all_of.setdefault((rule.id, single), (rule, []))[1].append(line)
            for choice in missing:
                if len(choice) > 1:
                    one_of.setdefault((rule.id, choice), (rule, []))[1].append(line)
    for (_, modifiers), (rule, lines) in all_of.items():
        _want(day, rule, modifiers, [line for line in lines if not {*modifiers} <= {*line.modifiers}])
    for (_, choice), (rule, lines) in one_of.items():
        _want_one_of(day, rule, choice, [line for line in lines if not line.carries(choice)])
    for line, rule, found in unsure:
        certain = {each for (_, asked), (_, lines) in one_of.items() if line in lines for each in asked}
        for choice in _choices(line, rule):
            if choice and not line.carries(choice) and not certain & {*choice}:
                fix = "Add --care active or maintenance."
                if rule.applies.condition:  # an extra modifier is easier to remove than a returned claim to fix
                    line.added += choice if len(choice) == 1 else ()
                    fix = "Leave it off if not."
                if_what = "; ".join(map(str, found.asks))
                day.find("warn", f"{line.code} needs {_one_of(choice)}, if {if_what}: {rule.says}", [line],
                         rule=rule, fix=fix,
                         short=f"{line.code} needs {_one_of(choice)} if {if_what}{weak_mark(rule)}.")  # fmt: skip
    for asks, rules in not_given.items():
        named = ", ".join(dict.fromkeys(rules))
        says = f"Rules that depend on what was not given ({'; '.join(map(str, asks))}): {named}."
        options = [each.option for each in asks if each.option]
        if len(options) == len(asks):
            day.note_unchecked(says, "rules that depend on {}", *options)
        else:
            day.note_unchecked(says, "rules that apply only if {}", " and ".join(map(str, asks)))


def _say_if_unlisted(day: Day, line: Line) -> None:
    """Note a code that Medicare's therapy list is not known to have: no modifier is required for it."""
    therapy = line.known.medicare.therapy if line.known and line.known.medicare else None
    unsure = therapy is None or therapy.disposition in ("uncertain", "unknown") or _weakly_none(therapy)
    if day.by_fee_schedule and line.known and unsure:
        day.note_unchecked(f"Whether Medicare counts {line.code} as therapy is not known: no modifier was required.",
                           "whether {} is therapy at Medicare", line.code)  # fmt: skip


def _weakly_none(therapy: Therapy) -> bool:
    """Return whether a code counts as "not therapy" only because no list that was read has it."""
    return therapy.disposition == "none" and therapy.confidence == "low"


def _choices(line: Line, rule: Rule) -> Iterable[tuple[str, ...]]:
    """Return the sets of modifiers that a rule requires on a line, one of each set.

    Where a rule names one plan of care and the line has another that the code allows, the line's own counts.
    """
    plans = line.known.therapy_modifiers if line.known else ()
    own = line.discipline.modifier if line.discipline and line.discipline.modifier in plans else None
    return (*((own,) if own and each in plans else (each,) for each in rule.modifiers), _possible(line, rule))


def _one_of(choice: tuple[str, ...]) -> str:
    return f"one of {', '.join(choice)}" if len(choice) > 1 else choice[0]


def _possible(line: Line, rule: Rule) -> tuple[str, ...]:
    """Return, of modifiers of which a rule requires one, that of the line's discipline, else those its code accepts."""
    if line.carries(rule.one_of_modifiers):
        return ()
    plan = line.discipline
    if plan and _is_of_another(line, plan):
        return ()  # as is said of the line
    own = (plan.modifier, plan.assistant_modifier) if plan else ()
    fitting = tuple(each for each in rule.one_of_modifiers if each in own)
    listed = line.known.therapy_modifiers if line.known else ()
    return fitting or tuple(each for each in rule.one_of_modifiers if each in listed) or rule.one_of_modifiers


def _want(day: Day, rule: Rule, modifiers: tuple[str, ...], lines: list[Line]) -> None:
    """Add the modifiers that a rule names; find them missing where others were typed."""
    for line in lines:
        line.added += [each for each in modifiers if each not in line.modifiers]
    named, typed_some = " and ".join(modifiers), any(line.given.modifiers for line in day.billed())
    severity: Severity = "block" if typed_some and not is_weak(rule) else "info"
    if lines:
        fix = "Added." if severity == "info" else f"Add {named}."
        day.find(severity, _needs(rule, named, lines), lines, rule=rule, fix=fix,
                 short=_needs_in_short(day, rule, named, lines))  # fmt: skip


def _want_one_of(day: Day, rule: Rule, choice: tuple[str, ...], lines: list[Line]) -> None:
    """Report that a rule requires one of several modifiers, with what to add to decide."""
    if lines:
        named = either(choice) if len(choice) <= _MOST_NAMED else _one_of(choice)
        day.find("warn" if is_weak(rule) else "block", _needs(rule, _one_of(choice), lines), lines, rule=rule,
                 fix=_which(day, choice), short=_needs_in_short(day, rule, named, lines))  # fmt: skip


def _which(day: Day, choice: tuple[str, ...]) -> str:
    plans = [each.id for each in day.book.disciplines() if each.modifier in choice]
    if plans:
        return f"Add --discipline {either(plans)}."
    return "Put the one that is true on the line."


def _needs(rule: Rule, what: str, lines: list[Line]) -> str:
    codes = ", ".join(dict.fromkeys(line.code for line in lines))
    words = " ".join([rule.says, *(fact.says for fact in rule.facts[:1])])
    return f"{codes} need{'s' if len(lines) == 1 else ''} {what}: {words}"


def _needs_in_short(day: Day, rule: Rule, what: str, lines: list[Line]) -> str:
    return f"{codes_of(lines)}: {day.short_name(rule.payer)} requires {what}{weak_mark(rule)}."


# ---------------------------------------------------------------------------------------------- those that were typed


def check_typed_modifiers(day: Day) -> None:
    """Report modifiers that do not exist, or not on that day, on that code, or with each other."""
    for line in day.billed():
        for modifier in line.modifiers:
            known = day.book.modifier(modifier)
            if known is None:
                _unknown(day, line, modifier)
            else:
                _one(day, line, known)
        _clashes(day, line)
        _twice(day, line)
        _discipline(day, line)
    _notice(day)


def _notice(day: Day) -> None:
    """Report that an ABN was given and no line has a modifier that says so."""
    given = day.visit.abn
    known = map(day.book.modifier, day.book.keys("modifiers") if given and day.by_fee_schedule else ())
    reporting = [
        each
        for each in known
        if each and each.abn == given and each.liable == "patient" and is_in_force(each, day.service_date)
    ]
    if reporting and not any(line.carries([each.id for each in reporting]) for line in day.billed()):
        named = either([each.id for each in reporting])
        day.find("warn", f"The ABN is {given}, and no line has {named}: {reporting[0].says}.", rule=reporting[0],
                 fix=f"Put {named} on the line it is about.",
                 short=(f"The ABN is {given}, and no line has {named}: {in_short(reporting[0])}.",
                        f"The ABN is {given}, and no line has {named}."))  # fmt: skip


def _unknown(day: Day, line: Line, modifier: str) -> None:
    if not re.fullmatch("[A-Z0-9]{2}", modifier):
        shown = modifier if len(modifier) <= _MOST_TYPED else f"{modifier[:_MOST_TYPED]}..."
        day.find("block", f"{modifier} is no modifier: a modifier has two letters or digits.", [line],
                 fix="Type the right modifier.",
                 short=f"{line.code}: {shown} is no modifier; one has two letters or digits.")  # fmt: skip
        return
    says = f"Modifier {modifier} is not in our list; whether it exists or fits was not checked."
    day.find("warn", says, [line], fix="Look it up, or take it off.",
             short=f"{line.code}: modifier {modifier} is not in our list, so not checked.")  # fmt: skip


def _one(day: Day, line: Line, known: Modifier) -> None:
    """Report what is wrong with one modifier of a line."""
    _in_time(day, line, known)
    _on_its_line(day, line, known)
    name = known.modifier
    if known.denial == "excluded" and name in line.given.modifiers and day.by_fee_schedule and not _excluded(line):
        day.find("warn", f"{name} on {line.code}: {known.says}; we have no rule that says so of it.", [line],
                 rule=known, fix=f"Take {name} off, unless you know better.",
                 short=(f"{name} on {line.code}: {in_short(known)}; no rule we have says so.",
                        f"{name} on {line.code}: no rule we have excludes it."))  # fmt: skip
    if known.caveat and name in line.given.modifiers:
        says = f"{name}: {known.says}. Caveat: {known.caveat}"
        day.find("info", says, [line], rule=known, short=(says, f"{name}: {in_short(known)} (not certain)."))
    if known.care and day.visit.care and known.care != day.visit.care:
        says = f"{name} says that the care is {known.care}; --care {day.visit.care} was given."
        day.find("block", says, [line], fix=f"Take {name} off, or correct the care.", rule=known,
                 short=f"{line.code}: {says}")  # fmt: skip
    if known.abn and day.visit.abn and known.abn != day.visit.abn:
        says = f"{name} says that the ABN is {known.abn}; --abn {day.visit.abn} was given"
        day.find("block", f"{says}: {known.says}.", [line], fix="Keep what is true.", rule=known,
                 short=f"{line.code}: {says}.")  # fmt: skip


def _in_time(day: Day, line: Line, known: Modifier) -> None:
    """Report a modifier that had ended, or had not started."""
    name = known.modifier
    if known.ends and day.service_date > known.ends:
        day.find("block", f"{name} ended on {known.ends}: {known.says}.", [line], fix=f"Take {name} off.", rule=known,
                 short=(f"{line.code}: {name} ended on {known.ends}: {in_short(known)}.",
                        f"{line.code}: {name} ended on {known.ends}."))  # fmt: skip
    if known.effective and day.service_date < known.effective:
        says = f"{name} did not exist on {day.service_date}: it starts on {known.effective}."
        day.find("block", says, [line], fix=f"Take {name} off.", rule=known, short=f"{line.code}: {says}")


def _on_its_line(day: Day, line: Line, known: Modifier) -> None:
    """Report a modifier without the one it needs, or on a code it does not belong on."""
    name, code, meaning = known.modifier, line.code, in_short(known)
    if name in line.given.modifiers and known.only_with and not line.carries(known.only_with):
        needed = either(known.only_with)
        severity: Severity = "block" if day.by_fee_schedule else "warn"  # the rule is Medicare's
        day.find(severity, f"{name} goes only with {needed}: {known.says}.", [line],
                 fix=f"Add {needed}, or take {name} off.", rule=known,
                 short=(f"{code}: {name} goes only with {needed}: {meaning}.",
                        f"{code}: {name} goes only with {needed}."))  # fmt: skip
    off = f"{name} does not belong on {code}"
    if (known.only_on and not in_ranges(code, known.only_on)) or in_ranges(code, known.never_on):
        day.find("block", f"{off}: {known.says}.", [line], fix=f"Take {name} off.", rule=known,
                 short=(f"{off}: {meaning}.", f"{off}."))  # fmt: skip
    if known.untimed_only and line.timed:
        day.find("warn", f"{off}, which is counted by time: {known.says}.", [line], rule=known,
                 fix=f"Take {name} off; bill by the minutes.",
                 short=f"{off}, which is counted by time.")  # fmt: skip


def _excluded(line: Line) -> bool:
    """Return whether a rule says that it is not covered, or one that may apply would."""
    return line.decided is not None and any(step.verdict in NEGATIVE for step in line.decided.coverage.steps)


def _clashes(day: Day, line: Line) -> None:
    """Report modifiers that may not share a line; two that name each other are reported once."""
    found: set[frozenset[str]] = set()
    for known in filter(None, map(day.book.modifier, line.modifiers)):
        for clash in known.never_with:
            beside = [each for each in clash.modifiers if each in line.modifiers]
            new = [each for each in beside if frozenset((known.modifier, each)) not in found]
            found |= {frozenset((known.modifier, each)) for each in beside}
            if new and (clash.effective is None or clash.effective <= day.service_date):
                apart = f"{known.modifier} and {', '.join(new)} do not share a line."
                day.find("block", f"{apart} {clash.says}", [line], rule=known, fix="Keep the one that is true.",
                         sources=clash.sources, short=(f"{line.code}: {apart} {clash.says}",
                                                       f"{line.code}: {apart}"))  # fmt: skip


def _twice(day: Day, line: Line) -> None:
    typed = line.given.modifiers
    for modifier in dict.fromkeys(each for each in typed if typed.count(each) > 1):
        says = f"{modifier} is on {line.code} twice."
        day.find("warn", says, [line], rule=day.book.modifier(modifier), fix="Keep it once.", short=says)


def _discipline(day: Day, line: Line) -> None:
    """Report a plan of care other than the one given, or to which the code does not belong."""
    carried = [each for each in day.book.disciplines() if each.modifier in line.modifiers]
    if not carried and line.discipline and _is_of_another(line, line.discipline):
        carried = [line.discipline]
    for plan in carried:
        if day.visit.discipline not in (None, plan.id):
            says = f"{plan.modifier} on {line.code} is the plan of care of {plan.name}; "
            says += f"--discipline {day.visit.discipline} was given."
            day.find("warn", says, [line], rule=plan, fix="Keep what is true.", short=says)
        _belongs(day, line, plan)
    if day.claim == "institutional" and line.discipline:
        if line.given.revenue_code:
            _revenue_code(day, line, line.given.revenue_code.lstrip("0").zfill(3))
        else:
            day.note_unchecked(f"The revenue code of {line.code}: none is given.", "revenue code of {} (not given)",
                               line.code)  # fmt: skip


def _belongs(day: Day, line: Line, plan: Discipline) -> None:
    """Report a code of other plans of care, or of none; an evaluation of another discipline has no unit."""
    listed = line.known.therapy_modifiers if line.known else ()
    therapy = line.known.medicare.therapy if line.known and line.known.medicare else None
    if _is_of_another(line, plan):
        own = len(listed) == 1
        if own:
            line.units = 0
        plans = [each for each in day.book.disciplines() if each.modifier in listed]
        day.find(
            "block" if own else "warn",
            f"{line.code} belongs to {' or '.join(each.name for each in plans)}, not {plan.name}"
            + (": no unit of it is allowed under another plan of care." if own else "."),
            [line],
            rule=plan,
            fix=f"Put {either(listed)} on it, or use the {plan.id} code.",
            short=f"{line.code} belongs to {either([each.id for each in plans])}, not {plan.id}"
            + (": no unit of it is allowed." if own else "."),
        )
    elif therapy and therapy.disposition == "none" and not _weakly_none(therapy) and day.by_fee_schedule:
        says = f"{line.code} is no therapy service by Medicare's list: {plan.modifier} does not belong on it."
        day.find("warn", says, [line], rule=plan, fix=f"Take {plan.modifier} off.", sources=therapy.sources,
                 short=says)  # fmt: skip


def _is_of_another(line: Line, plan: Discipline) -> bool:
    """Return whether its code belongs to other plans of care, and not to this one."""
    listed = line.known.therapy_modifiers if line.known else ()
    return bool(listed) and plan.modifier not in listed


def _revenue_code(day: Day, line: Line, revenue_code: str) -> None:
    assert line.discipline is not None
    own, begun = line.discipline, {start: each for each in day.book.disciplines() for start in each.revenue_codes}
    full = f"0{revenue_code}" if len(revenue_code) == 3 else revenue_code
    owner = next((each for start, each in begun.items() if full.startswith(start)), None)
    if owner is None or owner.id != own.id:
        whose = f"for {owner.name}" if owner else "for none of the disciplines"
        says = f"Revenue code {full} is {whose}, {line.code} goes with {own.modifier}: the claim is returned."
        fix = f"Use {either([f'{start}X' for start in own.revenue_codes])} with {own.modifier}."
        day.find("block", says, [line], rule=owner or own, fix=fix, short=says)
