"""Checks the modifiers on the lines: do they exist, on that day, on that code, with each other, under that plan."""

import re

from ..findings.phrases import either, in_short
from ..findings.report import Point, Report, Words
from ..model.claim import Clash, Discipline, Modifier
from ..model.codes import Therapy
from ..model.visit import Severity
from ..plan.edits import fits_on
from ..plan.line_service import weakly_none
from ..rulebook.precedence import is_in_force
from .day import Day, Line, Lines, carries
from .required_modifiers import Modifiers

_MOST_TYPED = 6  # characters of a modifier that a finding repeats in short
_FORM = re.compile("[A-Z0-9]{2}")


def check_typed_modifiers(day: Day, lines: Lines, modifiers: Modifiers, report: Report) -> frozenset[int]:
    """Return the numbers of the lines that may have no unit, as their code belongs to another plan of care."""
    without_units: set[int] = set()
    by_schedule = day.by_fee_schedule
    for line in lines.billed:
        on_line = modifiers[line.number - 1]
        known = [day.book.modifier(each) for each in on_line]
        for each, modifier in zip(on_line, known, strict=True):
            if modifier is None:
                report.find(
                    "block" if not _FORM.fullmatch(each) else "warn", (line.number,), None, _unknown, line, each
                )
            else:
                _check_one(day, line, on_line, modifier, by_schedule, report)
        _check_denial(line, [each for each in known if each], by_schedule, report)
        _check_clashes(day, line, on_line, [each for each in known if each], report)
        _check_twice(day, line, report)
        if _check_plan(day, line, on_line, by_schedule, report):
            without_units.add(line.number)
    if day.visit.abn and by_schedule:
        _check_notice(day, lines, modifiers, report)
    return frozenset(without_units)


def _check_notice(day: Day, lines: Lines, modifiers: Modifiers, report: Report) -> None:
    """Find that an ABN was given and no line has a modifier that says so."""
    given = day.visit.abn
    known = map(day.book.modifier, day.book.keys("modifiers"))
    reporting = [
        each
        for each in known
        if each and each.abn == given and each.liable == "patient" and is_in_force(each, day.service_date)
    ]
    named = [each.id for each in reporting]
    if reporting and not any(carries(modifiers[line.number - 1], named) for line in lines.billed):
        beside = _not_beside(day, named)
        report.find("warn", (), reporting[0], _notice_not_reported, given, reporting[0], named, beside)


def _not_beside(day: Day, named: list[str]) -> list[str]:
    """Return the modifiers that say the opposite of some, and never share a line with them."""
    known = [each for each in map(day.book.modifier, day.book.keys("modifiers")) if each and not each.denial]
    return [each.id for each in known if any(carries(named, clash.modifiers) for clash in each.never_with)]


def _check_one(
    day: Day, line: Line, on_line: tuple[str, ...], known: Modifier, by_schedule: bool, report: Report
) -> None:
    """Find what is wrong with one modifier of a line."""
    at = (line.number,)
    _check_days(day, line, known, report)
    _check_place(line, on_line, known, by_schedule, report)
    typed = known.modifier in line.given.modifiers
    if typed and _is_doubtful(line, known, by_schedule):
        report.find("warn", at, known, _not_excluded, line, known)
    if known.caveat and typed:
        report.find("info", at, known, _not_certain, known)
    care, abn = line.given.care or day.visit.care, day.visit.abn
    if known.care and care and known.care != care:
        report.find("block", at, known, _other_care, line, known, care)
    if known.abn and abn and known.abn != abn:
        report.find("block", at, known, _other_notice, line, known, abn)


def _check_days(day: Day, line: Line, known: Modifier, report: Report) -> None:
    """Find a modifier that had ended, or had not started."""
    if known.ends and day.service_date > known.ends:
        report.find("block", (line.number,), known, _ended, line, known)
    if known.effective and day.service_date < known.effective:
        report.find("block", (line.number,), known, _not_started, line, known, day.service_date)


def _check_place(line: Line, on_line: tuple[str, ...], known: Modifier, by_schedule: bool, report: Report) -> None:
    """Find a modifier without the one it needs, or on a code it does not belong on."""
    name, code, at = known.modifier, line.code, (line.number,)
    if known.only_with and name in line.given.modifiers and not carries(on_line, known.only_with):
        severity: Severity = "block" if by_schedule else "warn"  # the rule is Medicare's
        report.find(severity, at, known, _alone, line, known)
    if not fits_on(known, code):
        report.find("block", at, known, _off_place, line, known)
    if known.untimed_only and line.service.timed:
        report.find("warn", at, known, _on_timed, line, known)


def _check_denial(line: Line, every: list[Modifier], by_schedule: bool, report: Report) -> None:
    """Find a line that nothing is expected for, by the modifier typed on it; where a rule denies it that is said."""
    denial = next((each for each in every if each.denial and each.modifier in line.given.modifiers), None)
    if denial and not line.service.negative and not _is_doubtful(line, denial, by_schedule):
        report.find("warn", (line.number,), denial, _denial_expected, line, denial)


def _is_doubtful(line: Line, known: Modifier, by_schedule: bool) -> bool:
    """Return whether a modifier says that the code is excluded, and no rule says so of it."""
    return known.denial == "excluded" and by_schedule and not line.service.excluded


def _check_clashes(day: Day, line: Line, on_line: tuple[str, ...], every: list[Modifier], report: Report) -> None:
    """Find modifiers that may not share a line; two that name each other are found once."""
    found: set[frozenset[str]] = set()
    for known in every if len(on_line) > 1 else ():
        for clash in known.never_with:
            beside = [each for each in clash.modifiers if each in on_line]
            new = [each for each in beside if frozenset((known.modifier, each)) not in found]
            found |= {frozenset((known.modifier, each)) for each in beside}
            if new and (clash.effective is None or clash.effective <= day.service_date):
                report.find("block", (line.number,), known, _clash, line, known, new, clash)


def _check_twice(day: Day, line: Line, report: Report) -> None:
    typed = line.given.modifiers
    if len({*typed}) < len(typed):
        for modifier in dict.fromkeys(each for each in typed if typed.count(each) > 1):
            report.find("warn", (line.number,), day.book.modifier(modifier), _twice, line, modifier)


def _check_plan(day: Day, line: Line, on_line: tuple[str, ...], by_schedule: bool, report: Report) -> bool:
    """Find a plan of care other than the one given, or to which the code does not belong; return whether it has no
    unit for that."""
    carried = [each for each in day.book.disciplines() if each.modifier in on_line]
    if not carried and line.discipline and _is_of_another(line, line.discipline):
        carried = [line.discipline]
    without = False
    for plan in carried:
        given = line.given.discipline or day.visit.discipline
        if given not in (None, plan.id):
            report.find("warn", (line.number,), plan, _other_plan, line, plan, given)
        without |= _check_belongs(day, line, plan, by_schedule, report)
    if day.claim == "institutional" and line.discipline:
        if line.given.revenue_code:
            _check_revenue_code(day, line, line.discipline, line.given.revenue_code, report)
        else:
            report.note_unchecked(_no_revenue_code, line.code)
    return without


def _check_belongs(day: Day, line: Line, plan: Discipline, by_schedule: bool, report: Report) -> bool:
    """Find a code of other plans of care, or of none; return whether it has no unit: an evaluation of another one."""
    known = line.known
    if _is_of_another(line, plan):
        listed = known.therapy_modifiers if known else ()
        own = len(listed) == 1
        report.find("block" if own else "warn", (line.number,), plan, _of_another_plan, day, line, plan)
        return own
    therapy = known.medicare.therapy if known and known.medicare else None
    if therapy and therapy.disposition == "none" and not weakly_none(therapy) and by_schedule:
        report.find("warn", (line.number,), plan, _no_therapy, line, plan, therapy)
    return False


def _is_of_another(line: Line, plan: Discipline) -> bool:
    """Return whether its code belongs to other plans of care, and not to this one."""
    listed = line.known.therapy_modifiers if line.known else ()
    return bool(listed) and plan.modifier not in listed


def _check_revenue_code(day: Day, line: Line, own: Discipline, given: str, report: Report) -> None:
    begun = {start: each for each in day.book.disciplines() for start in each.revenue_codes}
    revenue_code = given.lstrip("0").zfill(3)
    full = f"0{revenue_code}" if len(revenue_code) == 3 else revenue_code
    owner = next((each for start, each in begun.items() if full.startswith(start)), None)
    if owner is None or owner.id != own.id:
        report.find("block", (line.number,), owner or own, _other_revenue_code, line, own, owner, full)


# ------------------------------------------------------------------------------------------------------ in words


def _notice_not_reported(given: str, first: Modifier, named: list[str], beside: list[str]) -> Words:
    one, never = either(named), f", never beside {either(beside)}" if beside else ""
    return Words(f"The ABN is {given}, and no line has {one}: {first.says}.",
                 (f"The ABN is {given}, and no line has {one}: {in_short(first)}.",
                  f"The ABN is {given}, and no line has {one}."),
                 f"Put {one} on the line it is about{never}.")  # fmt: skip


def _unknown(line: Line, modifier: str) -> Words:
    if not _FORM.fullmatch(modifier):
        shown = modifier if len(modifier) <= _MOST_TYPED else f"{modifier[:_MOST_TYPED]}..."
        return Words(f"{modifier} is no modifier: a modifier has two letters or digits.",
                     f"{line.code}: {shown} is no modifier; one has two letters or digits.",
                     "Type the right modifier.")  # fmt: skip
    return Words(f"Modifier {modifier} is not in our list; whether it exists or fits was not checked.",
                 f"{line.code}: modifier {modifier} is not in our list, so not checked.",
                 "Look it up, or take it off.")  # fmt: skip


def _denial_expected(line: Line, known: Modifier) -> Words:
    says = f"{known.modifier} on {line.code} says that a denial is expected: nothing is paid"
    liable = f"; the {known.liable} pays" if known.liable else ""
    return Words(f"{says}{liable}. {known.says[:1].upper()}{known.says[1:]}.", (f"{says}{liable}.", f"{says}."),
                 f"Expect the denial, or take {known.modifier} off.")  # fmt: skip


def _not_excluded(line: Line, known: Modifier) -> Words:
    name = known.modifier
    return Words(f"{name} on {line.code}: {known.says}; we have no rule that says so of it. Nothing is paid with it.",
                 (f"{name} on {line.code}: {in_short(known)}; no rule we have says so.",
                  f"{name} on {line.code}: no rule we have excludes it."),
                 f"Take {name} off, unless you know better.")  # fmt: skip


def _not_certain(known: Modifier) -> Words:
    says = f"{known.modifier}: {known.says}. Caveat: {known.caveat}"
    return Words(says, (says, f"{known.modifier}: {in_short(known)} (not certain)."))


def _other_care(line: Line, known: Modifier, care: str) -> Words:
    says = f"{known.modifier} says that the care is {known.care}; --care {care} was given."
    return Words(says, f"{line.code}: {says}", f"Take {known.modifier} off, or correct the care.")


def _other_notice(line: Line, known: Modifier, abn: str) -> Words:
    says = f"{known.modifier} says that the ABN is {known.abn}; --abn {abn} was given"
    return Words(f"{says}: {known.says}.", f"{line.code}: {says}.", "Keep what is true.")


def _ended(line: Line, known: Modifier) -> Words:
    ended = f"{known.modifier} ended on {known.ends}"
    return Words(f"{ended}: {known.says}.",
                 (f"{line.code}: {ended}: {in_short(known)}.", f"{line.code}: {ended}."),
                 f"Take {known.modifier} off.")  # fmt: skip


def _not_started(line: Line, known: Modifier, day: object) -> Words:
    says = f"{known.modifier} did not exist on {day}: it starts on {known.effective}."
    return Words(says, f"{line.code}: {says}", f"Take {known.modifier} off.")


def _alone(line: Line, known: Modifier) -> Words:
    name, needed = known.modifier, either(known.only_with)
    return Words(f"{name} goes only with {needed}: {known.says}.",
                 (f"{line.code}: {name} goes only with {needed}: {in_short(known)}.",
                  f"{line.code}: {name} goes only with {needed}."),
                 f"Add {needed}, or take {name} off.")  # fmt: skip


def _off_place(line: Line, known: Modifier) -> Words:
    off = f"{known.modifier} does not belong on {line.code}"
    return Words(f"{off}: {known.says}.", (f"{off}: {in_short(known)}.", f"{off}."), f"Take {known.modifier} off.")


def _on_timed(line: Line, known: Modifier) -> Words:
    off = f"{known.modifier} does not belong on {line.code}, which is counted by time"
    return Words(f"{off}: {known.says}.", f"{off}.", f"Take {known.modifier} off; bill by the minutes.")


def _clash(line: Line, known: Modifier, others: list[str], clash: Clash) -> Words:
    apart = f"{known.modifier} and {', '.join(others)} do not share a line."
    return Words(f"{apart} {clash.says}", (f"{line.code}: {apart} {clash.says}", f"{line.code}: {apart}"),
                 "Keep the one that is true.", clash.sources)  # fmt: skip


def _twice(line: Line, modifier: str) -> Words:
    says = f"{modifier} is on {line.code} twice."
    return Words(says, says, "Keep it once.")


def _other_plan(line: Line, plan: Discipline, given: str) -> Words:
    says = f"{plan.modifier} on {line.code} is the plan of care of {plan.name}; "
    says += f"--discipline {given} was given."
    return Words(says, says, "Keep what is true.")


def _of_another_plan(day: Day, line: Line, plan: Discipline) -> Words:
    listed = line.known.therapy_modifiers if line.known else ()
    plans = [each for each in day.book.disciplines() if each.modifier in listed]
    own = len(listed) == 1
    return Words(
        f"{line.code} belongs to {' or '.join(each.name for each in plans)}, not {plan.name}"
        + (": no unit of it is allowed under another plan of care." if own else "."),
        f"{line.code} belongs to {either([each.id for each in plans])}, not {plan.id}"
        + (": no unit of it is allowed." if own else "."),
        f"Put {either(listed)} on it, or use the {plan.id} code.",
    )


def _no_therapy(line: Line, plan: Discipline, therapy: Therapy) -> Words:
    says = f"{line.code} is no therapy service by Medicare's list: {plan.modifier} does not belong on it."
    return Words(says, says, f"Take {plan.modifier} off.", therapy.sources)


def _no_revenue_code(code: str) -> Point:
    return Point(f"The revenue code of {code}: none is given.", "revenue code of {} (not given)", (code,))


def _other_revenue_code(line: Line, own: Discipline, owner: Discipline | None, full: str) -> Words:
    whose = f"for {owner.name}" if owner else "for none of the disciplines"
    says = f"Revenue code {full} is {whose}, {line.code} goes with {own.modifier}: the claim is returned."
    return Words(says, says, f"Use {either([f'{start}X' for start in own.revenue_codes])} with {own.modifier}.")
