"""Codes held against one another: the pairs of CMS's table, the most units of a code, and the policies around them.

A pair that is not found is "no edit in the table of QUARTER", never "allowed". Nothing is added to a line here: a
modifier that would open an edit is named with what the record has to show.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

from ..advice.coverage import NEGATIVE
from ..advice.wording import weakness
from ..cms.tables import Edition, Fit, Pair, Pairs, in_force
from ..model import EditFamily, Policy, Rule
from ..rulebook.names import normalized
from ..rulebook.precedence import is_in_force, is_weak
from ..visit_model import EditAnswer, EditState, Severity
from .day import Day, Line, in_ranges

_OPENED, _NEVER = "1", "0"  # the indicators of a pair that a modifier opens, and that none does
_A_LINE, _POLICY = 1, 2  # adjudication of a unit limit: a claim line; a day, absolute; anything else a day, clinical


def hold_against_edits(day: Day) -> tuple[EditAnswer, ...]:
    """Every pair of codes of the day with its state, and what the policies and unit limits find."""
    rule = day.first("edits")
    family = day.book.edit_family(rule.edits) if rule and rule.edits else None
    if rule is None or family is None:
        return _for_a_payer_that_may_not_apply_them(day)
    return _all(day, family, rule, certain=rule.caveat is None and not is_weak(rule))


def _for_a_payer_that_may_not_apply_them(day: Day) -> tuple[EditAnswer, ...]:
    """Worked out all the same, as a hint: which edits a payer applies is set by its contract."""
    payer = day.book_name(day.payer)
    day.leave_out(f"Whether {payer} applies CMS's edits is not known; what they find is shown as a hint.")
    for key in day.book.keys("edits"):
        family = day.book.edit_family(key)
        if family:
            return _all(day, family, None, certain=False)
    return ()


def _all(day: Day, family: EditFamily, rule: Rule | None, certain: bool) -> tuple[EditAnswer, ...]:
    if rule and rule.caveat:
        day.leave_out(rule.caveat)
    if rule and is_weak(rule):
        day.find("info", f"{rule.says} Weak: {weakness(rule.evidence, rule.confidence)}.", rule=rule)
    worst: Severity = "block" if certain else "warn" if rule else "info"
    in_force = [policy for policy in family.policies if is_in_force(policy, day.service_date)]
    answers = [
        answer for policy in in_force if policy.outcome == "pairs" for answer in _pairs(day, family, policy, worst)
    ]
    passes = {frozenset((each.column1, each.column2)): each.edition for each in answers if each.state == "passes"}
    for policy in in_force:
        if policy.outcome == "units":
            _limits(day, family, policy, worst)
        elif policy.outcome == "add_ons":
            _add_ons(day, policy, worst)
        elif policy.outcome != "pairs":
            _policy(day, family, policy, worst, passes)
    return tuple(answers)


# --------------------------------------------------------------------------------------------- the table of pairs


def _pairs(day: Day, family: EditFamily, policy: Policy, worst: Severity) -> list[EditAnswer]:
    codes = [*dict.fromkeys(line.code for line in day.claimed())]
    found = day.tables.pairs_among(day.claim, codes, day.service_date) if len(codes) > 1 else {}
    answers: list[EditAnswer] = []
    unsure: dict[str, list[str]] = {}
    for (one, other), pairs in sorted(found.items()):
        answer = _pair(day, family, policy, one, other, pairs, worst)
        answers.append(answer)
        if answer.state == "not_checked":
            unsure.setdefault(answer.says, []).append(f"{one}/{other}")
        day.use(pairs.edition)
    for says, named in unsure.items():
        shown = ", ".join(named[:6]) + (f" and {len(named) - 6} more" if len(named) > 6 else "")
        day.leave_out(f"Pairs {shown}: {says}")
    return answers


def _pair(
    day: Day, family: EditFamily, policy: Policy, one: str, other: str, pairs: Pairs, worst: Severity
) -> EditAnswer:
    edition = _named(pairs.edition)
    by_truth = {row: in_force(row, day.service_date) for row in pairs.rows}
    strictest = sorted(pairs.rows, key=lambda row: row.indicator)  # 0, that no modifier opens, before 1
    row = next((row for row in strictest if by_truth[row] == "yes"), None)
    row = row or next((row for row in strictest if by_truth[row] == "not_known"), None)
    lines = [line for line in day.claimed() if line.code in (one, other)]
    if row is None:
        known = pairs.covered and pairs.fits in ("day", "history", "older")
        says = f"no edit in the table of {edition}" if pairs.edition else "no table for that day"
        if pairs.covered and pairs.fits == "older":
            says = f"no edit in the table of {edition}, the newest that is held; none for {day.service_date} is"
        elif not pairs.covered and pairs.edition:
            says = f"the table of {edition} that is held here does not hold them"
        state: EditState = "passes" if known and pairs.fits != "older" else "not_checked"
        return EditAnswer(
            column1=one, column2=other, state=state, indicator=None, lines=_numbers(lines), denied=(),
            edition=edition, rationale=None, says=says,
        )  # fmt: skip
    certain = by_truth[row] == "yes" and pairs.fits in ("day", "history")
    return _edit(day, family, policy, row, lines, edition, pairs.fits, worst if certain else _milder(worst), certain)


def _edit(
    day: Day,
    family: EditFamily,
    policy: Policy,
    row: Pair,
    lines: list[Line],
    edition: str | None,
    fits: Fit,
    severity: Severity,
    certain: bool,
) -> EditAnswer:
    column1 = [line for line in lines if line.code == row.column1]
    column2 = [line for line in lines if line.code == row.column2]
    denied = [line for line in column2 if not _opened(day, family, line, column1)]
    bypassed = row.indicator == _OPENED and not denied
    doubt = "" if certain else _doubt(day, row, edition, fits)
    if row.indicator == _NEVER:
        denied = column2
        says = f"{row.column2} is denied beside {row.column1}, and no modifier opens the pair"
        fix = f"Bill {row.column1} alone. {family.denial or ''}".strip()
    elif bypassed:
        says = f"the edit between {row.column1} and {row.column2} is bypassed by the modifier that was typed"
        fix = "Have the record show that the services were distinct."
    else:
        says = f"{row.column2} is denied beside {row.column1} unless a modifier says that they were distinct"
        fix = f"{_how_to_open(day, family, row)} {family.denial or ''}".strip()
    words = f"{says[:1].upper()}{says[1:]} ({edition}: {row.rationale.lower()}).{doubt}"
    day.find("info" if bypassed else severity, words, lines if bypassed else denied, rule=policy, fix=fix)
    if severity == "block" and not bypassed:
        for line in denied:
            line.denied = True
    return EditAnswer(
        column1=row.column1,
        column2=row.column2,
        state="bypassed" if bypassed else "fails",
        indicator=row.indicator,
        lines=_numbers(lines),
        denied=() if bypassed else _numbers(denied),
        edition=edition,
        rationale=row.rationale,
        says=says + doubt,
    )


def _doubt(day: Day, row: Pair, edition: str | None, fits: Fit) -> str:
    if fits == "older":
        return (
            f" That is the newest table held; none for {day.service_date} is: import CMS's file of that quarter (cpt "
            "data import) to be sure."
        )
    if fits == "newer":
        return f" No table for {day.service_date} is held, only the later one of {edition}."
    return f" Since when the edit holds is not known; it stood in the table of {edition}."


def _opened(day: Day, family: EditFamily, second: Line, firsts: Sequence[Line]) -> bool:
    """Whether a modifier opens the edit for one line of the second column against every line of the first."""
    return all(_opens(day, second) or (_either(day, family) and _opens(day, first)) for first in firsts)


def _either(day: Day, family: EditFamily) -> bool:
    """Whether the modifier may stand on either line on that day."""
    held = [each for each in family.bypass if (each.effective or day.service_date) <= day.service_date]
    return bool(held) and held[-1].line == "either"


def _opens(day: Day, line: Line) -> bool:
    for modifier in line.told.modifiers:
        known = day.book.modifier(modifier)
        if known and known.bypasses_edits and (not known.only_on or in_ranges(line.code, known.only_on)):
            return True
    return False


def _how_to_open(day: Day, family: EditFamily, row: Pair) -> str:
    policy = next(
        (
            each
            for each in family.policies
            if each.outcome == "modifier"
            and _concerns(each, row.column1, row.column2)
            and (not each.claims or day.claim in each.claims)
        ),
        None,
    )
    names = " or ".join(policy.modifiers) if policy else "59 or an X modifier"
    record = policy.record if policy and policy.record else "that the services were distinct"
    place = "either line" if _either(day, family) else f"the {row.column2} line"
    if policy and policy.modifier_on != "either":
        own = in_ranges(row.column1, policy.codes) == (policy.modifier_on == "codes")
        place = f"the {row.column1 if own else row.column2} line"
    return f"If the record shows {record}: {names} on {place}. Otherwise bill {row.column1} alone."


def _milder(severity: Severity) -> Severity:
    return "warn" if severity == "block" else severity


def _named(edition: Edition | None) -> str | None:
    return edition.edition if edition else None


def _numbers(lines: Iterable[Line]) -> tuple[int, ...]:
    return tuple(line.number for line in lines)


# ----------------------------------------------------------------------------------------------------- policies


def _concerns(policy: Policy, one: str, other: str) -> bool:
    return (in_ranges(one, policy.codes) and in_ranges(other, policy.together_with)) or (
        in_ranges(other, policy.codes) and in_ranges(one, policy.together_with)
    )


def _policy(
    day: Day, family: EditFamily, policy: Policy, worst: Severity, passes: Mapping[frozenset[str], str | None]
) -> None:
    if policy.claims and day.claim not in policy.claims:
        return
    severity = worst if not is_weak(policy) and not policy.caveat else _milder(worst)
    if policy.outcome == "at_most":
        _at_most(day, policy, severity)
        return
    for one, other in _meetings(day, policy):
        holds = _holds(day, family, policy, one, other)
        if holds == "no":
            continue
        if holds == "open":
            where = f"Which region each of {one.code} and {other.code} was given in was not told in words known here."
            says = f"{policy.says} {where}"
            day.find("warn", says, [one, other], rule=policy, fix="Tell the region of both lines.")
        elif policy.outcome == "never" or one.told_not_distinct() or other.told_not_distinct():
            day.find(severity, f"{one.code} beside {other.code}: {policy.says}{_caveat(policy)}", [one], rule=policy,
                     fix=f"Bill {other.code} without {one.code}.")  # fmt: skip
        elif not _has_modifier(policy, one, other):
            place = {"codes": one.code, "together_with": other.code, "either": f"{one.code} or {other.code}"}
            says = f"{one.code} beside {other.code}: {policy.says}{_caveat(policy)}"
            free = frozenset((one.code, other.code)) in passes
            if free:
                says += f" The table of {passes[frozenset((one.code, other.code))]} has no edit between them."
            names, record = " or ".join(policy.modifiers), policy.record or "that they were distinct"
            fix = f"If the record shows {record}: {names} on {place[policy.modifier_on]}. Otherwise not both."
            day.find("info" if free else _milder(severity), says, [one, other], rule=policy, fix=fix)


def _caveat(policy: Policy) -> str:
    return f" Caveat: {policy.caveat}" if policy.caveat else ""


def _meetings(day: Day, policy: Policy) -> Iterable[tuple[Line, Line]]:
    """Every two lines that the policy is about, the one of its own codes first, each code once."""
    seen: set[tuple[str, str]] = set()
    for first, second in combinations(day.claimed(), 2):
        for one, other in ((first, second), (second, first)):
            key = (one.code, other.code)
            both = in_ranges(one.code, policy.codes) and in_ranges(other.code, policy.together_with)
            if both and one.code != other.code and key not in seen and key[::-1] not in seen:
                seen.add(key)
                yield one, other


def _holds(day: Day, family: EditFamily, policy: Policy, one: Line, other: Line) -> str:
    """Whether the policy's conditions hold for two lines: yes, no, or open."""
    if policy.disciplines and not any(
        line.discipline and line.discipline.id in policy.disciplines for line in (one, other)
    ):
        return "no"
    if policy.disciplines and {line.discipline.id for line in (one, other) if line.discipline} - {*policy.disciplines}:
        return "no"
    if policy.same_discipline is not None:
        same = one.discipline == other.discipline
        if same != policy.same_discipline:
            return "no"
    if policy.only_if_not_distinct and not (one.told_not_distinct() or other.told_not_distinct()):
        return "no"
    if policy.region:
        regions = _regions(family, one), _regions(family, other)
        if not all(regions) and not _same_words(one, other):
            return "open" if policy.outcome == "never" else "no"
        same_region = _same_words(one, other) or bool(regions[0] & regions[1])
        return "yes" if same_region == (policy.region == "same") else "no"
    return "yes"


def _regions(family: EditFamily, line: Line) -> set[str]:
    """The regions that a line names, by the names they go by; none where it names none that is known."""
    text = f" {normalized(line.told.region or '')} "
    return {
        region
        for region, names in family.regions.items()
        for name in names
        if f" {normalized(name)} " in text
    }  # fmt: skip


def _same_words(one: Line, other: Line) -> bool:
    words = normalized(one.told.region or "").strip()
    return bool(words) and words == normalized(other.told.region or "").strip()


def _has_modifier(policy: Policy, one: Line, other: Line) -> bool:
    places = {"codes": (one,), "together_with": (other,), "either": (one, other)}[policy.modifier_on]
    return any(line.carries(policy.modifiers) for line in places)


def _at_most(day: Day, policy: Policy, severity: Severity) -> None:
    lines = [line for line in day.claimed() if in_ranges(line.code, policy.codes)]
    typed = sum((line.told.units if line.told.units is not None else line.units or 0) for line in lines)
    if policy.at_most is not None and typed > policy.at_most:
        codes = ", ".join(dict.fromkeys(line.code for line in lines))
        day.find(severity, f"{codes}: {policy.says}", lines, rule=policy, fix=f"Bill {policy.at_most} in all.")


def _add_ons(day: Day, policy: Policy, worst: Severity) -> None:
    """An add-on code without one of the codes that it adds to, for the same patient and day."""
    codes = [*dict.fromkeys(line.code for line in day.claimed())]
    for code in codes:
        listed = day.tables.add_ons(code, day.service_date)
        if listed is None or not listed.primaries:
            continue
        day.use(listed.edition)
        if {*listed.primaries} & {*codes}:
            continue
        shown = ", ".join(listed.primaries[:6]) + (" and others" if len(listed.primaries) > 6 else "")
        day.find(
            worst if listed.fits == "day" else _milder(worst),
            f"{code} adds to {shown}, and none of them is on the claim ({listed.edition.edition}). {policy.says}",
            [line for line in day.claimed() if line.code == code],
            rule=policy,
            fix=f"Bill the code that {code} adds to where it was done, or leave {code} out.",
        )


# -------------------------------------------------------------------------------------------------- unit limits


def _limits(day: Day, family: EditFamily, policy: Policy, worst: Severity) -> None:
    for code in dict.fromkeys(line.code for line in day.claimed()):
        lines = [line for line in day.claimed() if line.code == code]
        table = "equipment" if lines[0].known and lines[0].known.coding_verification else day.claim
        limit = day.tables.maximum(table, code, day.service_date)
        if limit is None:
            known = day.tables.knows("mue", code, day.service_date, table)
            if not known:
                day.leave_out(f"The most units of {code}: no table that is held has it, which is not no limit.")
            continue
        day.use(limit.edition)
        units = [line.told.units if line.told.units is not None else line.units or 0 for line in lines]
        reached = max(units) if limit.adjudication == _A_LINE else sum(units)
        decided = lines[0].decided
        said = decided is not None and decided.coverage.verdict in NEGATIVE and limit.units == 0
        if reached <= limit.units or said:
            continue
        certain = limit.fits == "day"
        span = "a claim line" if limit.adjudication == _A_LINE else "a day"
        may = {
            _A_LINE: "A second line with a modifier may be paid where it was distinct.",
            _POLICY: "The limit is absolute.",
        }.get(limit.adjudication, "More may be paid on review where the record shows the need.")
        most = f"at most {_counted(limit.units)}" if limit.units else "no unit"
        day.find(
            worst if certain else _milder(worst),
            f"{code}: {_counted(reached)}, where Medicare accepts {most} of it {span} (MUE {limit.edition.edition}: "
            f"{limit.rationale.lower()}); all of them are denied. {may}"
            + ("" if certain else f" No table for {day.service_date} is held."),
            lines,
            rule=policy,
            fix=f"Bill {most}. {family.denial or ''}".strip(),
        )
        if worst == "block" and certain and sum(line.units or 0 for line in lines) > limit.units:
            for line in lines:
                line.denied = True


def _counted(units: int) -> str:
    return f"{units} unit{'' if units == 1 else 's'}"
