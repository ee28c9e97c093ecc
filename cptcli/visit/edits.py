"""Codes held against one another: the pairs of CMS's table, the most units of a code, and the policies around them.

A pair that is not found is "no edit in the table of QUARTER", never "allowed". Nothing is added to a line here: a
modifier that would open an edit is named with what the record has to show.
"""

from collections.abc import Iterable, Sequence

from ..advice.wording import weakness
from ..cms.tables import Edition, Fit, Pair, Pairs, in_force
from ..model import BypassPlace, Policy, Rule
from ..rulebook.precedence import is_weak
from ..visit_model import ClaimLine, EditAnswer, EditState, Severity
from . import policies, unit_limits
from .applied import NEVER, Applied, applied_on, milder
from .day import Day, Line, in_ranges


def hold_against_edits(day: Day, made: tuple[ClaimLine, ...]) -> tuple[EditAnswer, ...]:
    """Every pair of codes of the day with its state, and what the policies and unit limits find."""
    applied = _applied(day, made)
    if applied is None:
        return ()
    _say_what_is_left_out(applied)
    ruled_out = policies.ruled_out(applied)
    answers = [
        answer
        for policy in applied.policies
        if policy.outcome == "pairs"
        for answer in _pairs(applied, policy, ruled_out)
    ]
    _nothing_to_open(day)
    by_codes = {frozenset((each.column1, each.column2)): each for each in answers}
    for policy in applied.policies:
        if policy.outcome == "units":
            unit_limits.hold_against_limits(applied, policy)
        elif policy.outcome != "pairs":
            policies.hold_against_policy(applied, policy, ruled_out, by_codes)
    return tuple(answers)


def _say_what_is_left_out(applied: Applied) -> None:
    """What the policies say that the rules cannot express: of the family, and of those about a code of the day."""
    codes = {line.code for line in applied.day.claimed()}
    if applied.family.not_modelled and len(codes) > 1:
        applied.day.leave_out(applied.family.not_modelled)
    for policy in applied.policies:
        if policy.not_modelled and any(in_ranges(code, policy.codes) for code in codes):
            applied.day.leave_out(f"{policy.not_modelled} ({policy.id})")


def _applied(day: Day, made: tuple[ClaimLine, ...]) -> Applied | None:
    """The edits that the payer applies; where that is not known, all the same, as a hint: its contract sets them."""
    rule = day.first("edits")
    family = day.book.edit_family(rule.edits) if rule and rule.edits else None
    if rule and family:
        _say_how_sure(day, rule)
        worst: Severity = "warn" if rule.caveat or is_weak(rule) else "block"
        return applied_on(day, family, worst, made, rule.limits_a_line)
    payer = day.book_name(day.payer)
    if day.billed():
        day.leave_out(f"Whether {payer} applies CMS's edits is not known; what they find is shown as a hint.")
    families = filter(None, map(day.book.edit_family, day.book.keys("edits")))
    return next((applied_on(day, each, "info", made) for each in families), None)


def _nothing_to_open(day: Day) -> None:
    """A modifier that says distinct, where nothing else of the day is on the claim."""
    lines = day.claimed()
    for line in lines if len({each.code for each in lines}) == 1 else ():
        for modifier in line.told.modifiers:
            known = day.book.modifier(modifier)
            if known and known.bypasses_edits and known.never_with:
                day.find("info", f"{modifier} on {line.code}: no other code of this day is here from which it could be "
                         "distinct.", [line], fix="Take it off, unless another claim of the day has one.",
                         rule=known)  # fmt: skip


def _say_how_sure(day: Day, rule: Rule) -> None:
    if rule.caveat:
        day.leave_out(rule.caveat)
    if is_weak(rule):
        day.find("info", f"{rule.says} Weak: {weakness(rule.evidence, rule.confidence)}.", rule=rule)


def _pairs(applied: Applied, policy: Policy, ruled_out: policies.RuledOut) -> list[EditAnswer]:
    day = applied.day
    codes = [*dict.fromkeys(line.code for line in day.claimed())]
    found = day.tables.pairs_among(day.claim, codes, day.service_date) if len(codes) > 1 else {}
    answers: list[EditAnswer] = []
    unsure: dict[str, list[str]] = {}
    for (one, other), pairs in sorted(found.items()):
        row, certain = _row(day, pairs)
        answer = _edit(applied, policy, row, certain, pairs, ruled_out) if row else _no_edit(day, one, other, pairs)
        answers.append(answer)
        if answer.state == "not_checked":
            unsure.setdefault(answer.says, []).append(f"{one}/{other}")
        day.use(pairs.edition)
    for says, named in unsure.items():
        shown = ", ".join(named[:6]) + (f" and {len(named) - 6} more" if len(named) > 6 else "")
        day.leave_out(f"Pairs {shown}: {says}")
    return answers


def _row(day: Day, pairs: Pairs) -> tuple[Pair | None, bool]:
    """The row of a pair that holds on the day, the strictest of several, and whether it does so for certain."""
    by_truth = {row: in_force(row, day.service_date) for row in pairs.rows}
    strictest = sorted(pairs.rows, key=lambda row: row.indicator)  # 0, that no modifier opens, before 1
    for truth in ("yes", "not_known"):
        for row in strictest:
            if by_truth[row] == truth:
                return row, truth == "yes" and pairs.fits in ("day", "history")
    return None, False


def _no_edit(day: Day, one: str, other: str, pairs: Pairs) -> EditAnswer:
    edition = _named(pairs.edition)
    says = f"no edit in the table of {edition}" if pairs.edition else "no table for that day"
    if pairs.covered and pairs.fits == "older":
        says = f"no edit in the table of {edition}, the newest that is held; none for {day.service_date} is"
    elif not pairs.covered and pairs.edition:
        says = f"the table of {edition} that is held here does not hold them"
    state: EditState = "passes" if pairs.covered and pairs.fits in ("day", "history") else "not_checked"
    return EditAnswer(
        column1=one, column2=other, state=state, indicator=None, lines=_numbers(_lines(day, one, other)), denied=(),
        edition=edition, rationale=None, says=says,
    )  # fmt: skip


def _edit(
    applied: Applied, policy: Policy, row: Pair, certain: bool, pairs: Pairs, ruled_out: policies.RuledOut
) -> EditAnswer:
    day, family, edition = applied.day, applied.family, _named(pairs.edition)
    severity = applied.worst if certain else milder(applied.worst)
    doubt = "" if certain else _doubt(day, row, edition, pairs.fits)
    lines = _lines(day, row.column1, row.column2)
    column1, column2 = ([line for line in lines if line.code == code] for code in (row.column1, row.column2))
    denied = [line for line in column2 if not _opened(applied, line, column1)]
    told_not = any(line.told_not_distinct() for line in lines)
    says = f"{row.column2} is denied beside {row.column1}"
    ruling = ruled_out.get(frozenset((row.column1, row.column2)))
    bypassed = False
    if row.indicator == NEVER:
        denied = column2
        says += ", and no modifier opens the pair"
        fix = f"Bill {row.column1} alone."
    elif ruling:
        out = ruling.code or row.column2
        denied = [line for line in lines if (line.code == out and line.number in ruling.lines) or line in denied]
        says = (
            f"{row.column1} and {row.column2} are not both paid, and none of the modifiers that open the pair is true "
            f"here ({ruling.policy.id})"
        )
        fix = policies.instead(out, row.column1 if out == row.column2 else row.column2)
    elif told_not:
        if not any(line.told_not_distinct() for line in column1):
            denied = [line for line in column2 if line.told_not_distinct() or line in denied]
        else:
            denied = column2
        says += ", and no modifier is true where the services were not distinct"
        fix = f"Bill {row.column1} alone."
    elif denied:
        says += " unless a modifier says that they were distinct"
        fix = _how_to_open(applied, row)
    else:
        bypassed = True
        says = f"the edit between {row.column1} and {row.column2} is bypassed by the modifier that was typed"
        fix = "Have the record show that the services were distinct."
    words = f"{says[:1].upper()}{says[1:]} ({edition}: {row.rationale.lower()}).{doubt}"
    elsewhere = _place(applied).elsewhere if not day.by_fee_schedule else None
    if bypassed and elsewhere and not all(_opens(day, second) for second in column2):
        fix = f"Put the modifier on the {row.column2} line."
        applied.find(milder(applied.worst), f"{words} {elsewhere}", lines, policy, fix)
    elif bypassed:
        applied.find("info", words, lines, policy, fix)
    else:
        applied.find(severity, words, denied, policy, f"{fix} {family.denial or ''}".strip())
    for line in denied if severity == "block" else ():
        line.denied = True
    return EditAnswer(
        column1=row.column1,
        column2=row.column2,
        state="bypassed" if bypassed else "fails",
        indicator=row.indicator,
        lines=_numbers(lines),
        denied=_numbers(denied),
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


def _opened(applied: Applied, second: Line, firsts: Sequence[Line]) -> bool:
    """Whether a modifier opens the edit for one line of the second column against every line of the first."""
    day, either = applied.day, _either(applied)
    return all(_opens(day, second) or (either and _opens(day, first)) for first in firsts)


def _place(applied: Applied) -> BypassPlace:
    """On which line of a pair the modifier may stand on that day."""
    day = applied.day.service_date
    held = [each for each in applied.family.bypass if (each.effective or day) <= day]
    return held[-1] if held else BypassPlace(line="column_two", sources=())


def _either(applied: Applied) -> bool:
    return _place(applied).line == "either"


def _opens(day: Day, line: Line) -> bool:
    for modifier in line.told.modifiers:
        known = day.book.modifier(modifier)
        if known and known.bypasses_edits and (not known.only_on or in_ranges(line.code, known.only_on)):
            return True
    return False


def _how_to_open(applied: Applied, row: Pair) -> str:
    policy = next(
        (
            each
            for each in applied.policies
            if each.outcome == "modifier" and policies.concerns(each, row.column1, row.column2)
        ),
        None,
    )
    names = " or ".join(policy.modifiers) if policy else "59 or an X modifier"
    record = policy.record if policy and policy.record else "that the services were distinct"
    elsewhere = _place(applied).elsewhere and not applied.day.by_fee_schedule
    place = "either line" if _either(applied) and not elsewhere else f"the {row.column2} line"
    if policy and policy.modifier_on != "either":
        own = in_ranges(row.column1, policy.codes) == (policy.modifier_on == "codes")
        place = f"the {row.column1 if own else row.column2} line"
    return f"If the record shows {record}: {names} on {place}. Otherwise bill {row.column1} alone."


def _lines(day: Day, one: str, other: str) -> list[Line]:
    return [line for line in day.claimed() if line.code in (one, other)]


def _named(edition: Edition | None) -> str | None:
    return edition.edition if edition else None


def _numbers(lines: Iterable[Line]) -> tuple[int, ...]:
    return tuple(line.number for line in lines)
