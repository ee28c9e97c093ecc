"""The modifiers of a day's lines: those a payer's rules ask for, and whether those that were typed fit.

Nothing that says something about what happened (59, an X modifier, GA) is added here without having been told.
"""

import re
from collections.abc import Iterable

from ..advice.coverage import NEGATIVE
from ..advice.matching import Match
from ..model import Discipline, Modifier, Rule, Therapy
from ..rulebook.precedence import is_in_force, is_weak
from ..visit_model import Severity
from .day import Day, Line, in_ranges


def ask_for(day: Day) -> None:
    """Add what the payer's rules ask for with each code, as far as the visit tells what that is."""
    untold: dict[str, list[str]] = {}
    unsure: list[tuple[Line, Rule, Match]] = []
    all_of: dict[tuple[str, tuple[str, ...]], tuple[Rule, list[Line]]] = {}
    one_of: dict[tuple[str, tuple[str, ...]], tuple[Rule, list[Line]]] = {}
    for line in day.billed():
        if line.draft is None:
            continue
        _say_if_unlisted(day, line)
        for rule, held in line.draft.rules(line.draft.case(frozenset([line.code]))):
            if held.truth == "open":
                if (rule.modifiers or rule.one_of_modifiers) and (rule.applies.care or rule.applies.condition):
                    unsure.append((line, rule, held))
                elif held.aside and (rule.modifiers or rule.one_of_modifiers or rule.verdict):
                    untold.setdefault("; ".join(held.asks), []).append(rule.id)
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
    for line, rule, held in unsure:
        certain = {each for (_, asked), (_, lines) in one_of.items() if line in lines for each in asked}
        for choice in _choices(line, rule):
            if choice and not line.carries(choice) and not certain & {*choice}:
                fix = "Tell the care: --care active or maintenance."
                if rule.applies.condition:  # a modifier too many is taken off more easily than a returned claim mended
                    line.added += choice if len(choice) == 1 else ()
                    fix = "Leave it off where that is not so."
                day.find("warn", f"{line.code} needs {_one_of(choice)}, if {'; '.join(held.asks)}: {rule.says}", [line],
                         rule=rule, fix=fix)  # fmt: skip
    for asks, rules in untold.items():
        named = ", ".join(dict.fromkeys(rules))
        day.leave_out(f"Rules that hang on what was not told ({asks}): {named}.")


def _say_if_unlisted(day: Day, line: Line) -> None:
    """Where Medicare's therapy list was not found to say whether a code is on it, nobody asks for its modifier."""
    therapy = line.known.medicare.therapy if line.known and line.known.medicare else None
    unsure = therapy is None or therapy.disposition in ("uncertain", "unknown") or _weakly_none(therapy)
    if day.by_fee_schedule and line.known and unsure:
        day.leave_out(f"Whether Medicare counts {line.code} as therapy is not known: no modifier was asked for.")


def _weakly_none(therapy: Therapy) -> bool:
    """Whether that a code is no therapy service is only that no list which was read has it."""
    return therapy.disposition == "none" and therapy.confidence == "low"


def _choices(line: Line, rule: Rule) -> Iterable[tuple[str, ...]]:
    """The modifiers that a rule wants on a line, of each of which one will do.

    Where a rule names a plan of care, and the line belongs to another that the code may have, that is meant.
    """
    plans = line.known.therapy_modifiers if line.known else ()
    own = line.discipline.modifier if line.discipline and line.discipline.modifier in plans else None
    return (*((own,) if own and each in plans else (each,) for each in rule.modifiers), _possible(line, rule))


def _one_of(choice: tuple[str, ...]) -> str:
    return f"one of {', '.join(choice)}" if len(choice) > 1 else choice[0]


def _possible(line: Line, rule: Rule) -> tuple[str, ...]:
    """Of the modifiers of which a rule wants one: that of the line's discipline, else those that its code takes."""
    if line.carries(rule.one_of_modifiers):
        return ()
    held = line.discipline
    if held and _is_of_another(line, held):
        return ()  # as is said of the line
    own = (held.modifier, held.assistant_modifier) if held else ()
    fitting = tuple(each for each in rule.one_of_modifiers if each in own)
    listed = line.known.therapy_modifiers if line.known else ()
    return fitting or tuple(each for each in rule.one_of_modifiers if each in listed) or rule.one_of_modifiers


def _want(day: Day, rule: Rule, modifiers: tuple[str, ...], lines: list[Line]) -> None:
    """Add what a rule names; a thing to mend where modifiers were typed, and these left out."""
    for line in lines:
        line.added += [each for each in modifiers if each not in line.modifiers]
    named, typed_some = " and ".join(modifiers), any(line.told.modifiers for line in day.billed())
    severity: Severity = "block" if typed_some and not is_weak(rule) else "info"
    if lines:
        fix = f"Add {named}; the claim lines carry {'it' if len(modifiers) == 1 else 'them'}."
        day.find(severity, _needs(rule, named, lines), lines, rule=rule, fix=fix)


def _want_one_of(day: Day, rule: Rule, choice: tuple[str, ...], lines: list[Line]) -> None:
    """Say what has to be told where a rule wants one of several modifiers."""
    if lines:
        day.find("warn" if is_weak(rule) else "block", _needs(rule, _one_of(choice), lines), lines, rule=rule,
                 fix=_which(day, choice))  # fmt: skip


def _which(day: Day, choice: tuple[str, ...]) -> str:
    plans = [each.id for each in day.book.disciplines() if each.modifier in choice]
    if plans:
        return f"Name whose plan of care it is: --discipline {' or '.join(plans)}."
    return "Put the one that is true on the line."


def _needs(rule: Rule, what: str, lines: list[Line]) -> str:
    codes = ", ".join(dict.fromkeys(line.code for line in lines))
    words = " ".join([rule.says, *(fact.says for fact in rule.facts[:1])])
    return f"{codes} need{'s' if len(lines) == 1 else ''} {what}: {words}"


# ---------------------------------------------------------------------------------------------- those that were typed


def hold_against_the_rules(day: Day) -> None:
    """Find modifiers that do not exist, not on that day, not on that code, or not beside one another."""
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
    """A notice was given to the patient, and no line has the modifier that says so."""
    told = day.visit.abn
    says = [
        known
        for known in map(day.book.modifier, day.book.keys("modifiers") if told and day.by_fee_schedule else ())
        if known and known.abn == told and known.liable == "patient" and is_in_force(known, day.service_date)
    ]
    if says and not any(line.carries([each.id for each in says]) for line in day.billed()):
        named = " or ".join(each.id for each in says)
        day.find("warn", f"The notice is {told}, and no line has {named}: {says[0].says}.", rule=says[0],
                 fix=f"Put {named} on the line that the notice is about.")  # fmt: skip


def _unknown(day: Day, line: Line, modifier: str) -> None:
    if not re.fullmatch("[A-Z0-9]{2}", modifier):
        day.find("block", f"{modifier} is no modifier: a modifier has two letters or digits.", [line],
                 fix="Type the modifier that was meant.")  # fmt: skip
        return
    says = f"Modifier {modifier} is not in this rule base; whether it exists or fits was not checked."
    day.find("warn", says, [line], fix="Look it up, or take it off.")


def _one(day: Day, line: Line, known: Modifier) -> None:
    name = known.modifier
    if known.ends and day.service_date > known.ends:
        day.find("block", f"{name} ended on {known.ends}: {known.says}.", [line], fix="Take it off.", rule=known)
    if known.effective and day.service_date < known.effective:
        day.find("block", f"{name} did not exist on {day.service_date}: it starts on {known.effective}.", [line],
                 fix="Take it off.", rule=known)  # fmt: skip
    if name in line.told.modifiers and known.only_with and not line.carries(known.only_with):
        needed = " or ".join(known.only_with)
        severity: Severity = "block" if day.by_fee_schedule else "warn"  # the rule is Medicare's
        day.find(severity, f"{name} goes only with {needed}: {known.says}.", [line],
                 fix=f"Put {needed} on the line, or take {name} off.", rule=known)  # fmt: skip
    if (known.only_on and not in_ranges(line.code, known.only_on)) or in_ranges(line.code, known.never_on):
        day.find("block", f"{name} does not belong on {line.code}: {known.says}.", [line], fix=f"Take {name} off.",
                 rule=known)  # fmt: skip
    if known.untimed_only and line.timed:
        day.find("warn", f"{name} does not belong on {line.code}, which is counted by time: {known.says}.", [line],
                 rule=known, fix=f"Take {name} off, and bill the units that the minutes make.")  # fmt: skip
    if known.denial == "excluded" and name in line.told.modifiers and day.by_fee_schedule and not _excluded(line):
        day.find("warn", f"{name} on {line.code}: {known.says}; no rule held here says so of it.", [line], rule=known,
                 fix=f"Take {name} off, unless you know better.")  # fmt: skip
    if known.caveat and name in line.told.modifiers:
        day.find("info", f"{name}: {known.says}. Caveat: {known.caveat}", [line], rule=known)
    if known.care and day.visit.care and known.care != day.visit.care:
        day.find("block", f"{name} says that the care is {known.care}, and {day.visit.care} was told.", [line],
                 fix=f"Take {name} off, or tell the care as it is.", rule=known)  # fmt: skip
    if known.abn and day.visit.abn and known.abn != day.visit.abn:
        day.find("block", f"{name} says that the notice is {known.abn}, and {day.visit.abn} was told: {known.says}.",
                 [line], fix="Keep what is true.", rule=known)  # fmt: skip


def _excluded(line: Line) -> bool:
    """Whether a rule says that it is not covered, or whether it is covered may hang on what was not told."""
    return line.decided is not None and line.decided.coverage.verdict in (*NEGATIVE, "conditional")


def _clashes(day: Day, line: Line) -> None:
    """Modifiers that do not share a line; two that name each other are found once."""
    found: set[frozenset[str]] = set()
    for known in filter(None, map(day.book.modifier, line.modifiers)):
        for clash in known.never_with:
            beside = [each for each in clash.modifiers if each in line.modifiers]
            new = [each for each in beside if frozenset((known.modifier, each)) not in found]
            found |= {frozenset((known.modifier, each)) for each in beside}
            if new and (clash.effective is None or clash.effective <= day.service_date):
                day.find("block", f"{known.modifier} and {', '.join(new)} do not share a line. {clash.says}", [line],
                         rule=known, fix="Keep the one that is true.", sources=clash.sources)  # fmt: skip


def _twice(day: Day, line: Line) -> None:
    typed = line.told.modifiers
    for modifier in dict.fromkeys(each for each in typed if typed.count(each) > 1):
        day.find("warn", f"{modifier} stands twice on {line.code}.", [line], rule=day.book.modifier(modifier),
                 fix="Keep it once.")  # fmt: skip


def _discipline(day: Day, line: Line) -> None:
    """A plan of care that was not told, or to which the code does not belong."""
    carried = [each for each in day.book.disciplines() if each.modifier in line.modifiers]
    if not carried and line.discipline and _is_of_another(line, line.discipline):
        carried = [line.discipline]
    for plan in carried:
        if day.visit.discipline not in (None, plan.id):
            day.find("warn", f"{plan.modifier} on {line.code} is the plan of care of {plan.name}; "
                     f"{day.visit.discipline} was told for the visit.", [line], rule=plan,
                     fix="Keep what is true.")  # fmt: skip
        _belongs(day, line, plan)
    if day.claim == "institutional" and line.discipline:
        if line.told.revenue_code:
            _revenue_code(day, line, line.told.revenue_code.lstrip("0").zfill(3))
        else:
            day.leave_out(f"The revenue code of {line.code}: none was told.")


def _belongs(day: Day, line: Line, plan: Discipline) -> None:
    """A code of other plans of care, or of none; an evaluation of another discipline has no unit."""
    listed = line.known.therapy_modifiers if line.known else ()
    therapy = line.known.medicare.therapy if line.known and line.known.medicare else None
    if _is_of_another(line, plan):
        own = len(listed) == 1
        if own:
            line.units = 0
        day.find(
            "block" if own else "warn",
            f"{line.code} belongs to {' or '.join(_names(day, listed))}, not {plan.name}"
            + (": no unit of it is allowed under another plan of care." if own else "."),
            [line],
            rule=plan,
            fix=f"{' or '.join(listed)} with {line.code}, or the code of {plan.name}.",
        )
    elif therapy and therapy.disposition == "none" and not _weakly_none(therapy) and day.by_fee_schedule:
        says = f"{line.code} is no therapy service by Medicare's list: {plan.modifier} does not belong on it."
        day.find("warn", says, [line], rule=plan, fix=f"Take {plan.modifier} off.", sources=therapy.sources)


def _is_of_another(line: Line, plan: Discipline) -> bool:
    """Whether its code is of other plans of care, and not of this."""
    listed = line.known.therapy_modifiers if line.known else ()
    return bool(listed) and plan.modifier not in listed


def _names(day: Day, modifiers: Iterable[str]) -> list[str]:
    return [each.name for each in day.book.disciplines() if each.modifier in modifiers]


def _revenue_code(day: Day, line: Line, revenue_code: str) -> None:
    assert line.discipline is not None
    own, begun = line.discipline, {start: each for each in day.book.disciplines() for start in each.revenue_codes}
    full = f"0{revenue_code}" if len(revenue_code) == 3 else revenue_code
    owner = next((each for start, each in begun.items() if full.startswith(start)), None)
    if owner is None or owner.id != own.id:
        whose = f"for {owner.name}" if owner else "for none of the disciplines"
        day.find(
            "block",
            f"Revenue code {full} is {whose}, {line.code} goes with {own.modifier}: the claim is returned.",
            [line],
            rule=owner or own,
            fix=f"{' or '.join(f'{start}X' for start in own.revenue_codes)} with {own.modifier}.",
        )
