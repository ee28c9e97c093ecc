"""The most units of a code that Medicare accepts on a claim line or a day (MUE), and those that a payer takes."""

from ..advice.coverage import NEGATIVE
from ..model import Policy, Rule
from ..rulebook.precedence import is_weak
from .applied import Applied, milder
from .day import Day, Line
from .policies import caveat_of

_A_LINE, _POLICY = 1, 2  # adjudication of a limit: a claim line; a day, absolute; anything else a day, clinical


def hold_against_limits(applied: Applied, policy: Policy) -> None:
    """Find codes with more units than their limit in the table of the day."""
    day = applied.day
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
        a_line = limit.adjudication == _A_LINE or applied.limits_a_line
        if a_line:
            over = {number for each in applied.claim_lines if (each.units or 0) > limit.units for number in each.lines}
            lines = [line for line in lines if line.number in over]
            reached = max((each.units or 0 for each in applied.claim_lines if each.code == code), default=0)
        else:
            reached = sum(line.told.units if line.told.units is not None else line.units or 0 for line in lines)
        decided = lines[0].decided if lines else None
        said = decided is not None and decided.coverage.verdict in NEGATIVE and limit.units == 0
        hint_of_none = applied.worst == "info" and not limit.units  # not valid for Medicare, which says nothing here
        if reached <= limit.units or said or hint_of_none:
            continue
        certain = limit.fits == "day"
        severity = applied.worst if certain else milder(applied.worst)
        span = "a claim line" if a_line else "a day"
        may = {
            _A_LINE: "A second line with a modifier may be paid where it was distinct.",
            _POLICY: "The limit is absolute.",
        }.get(limit.adjudication, "More may be paid on review where the record shows the need.")
        most = f"at most {_counted(limit.units)}" if limit.units else "no unit"
        applied.find(
            severity,
            f"{code}: {_counted(reached)}, where Medicare accepts {most} of it {span} (MUE {limit.edition.edition}: "
            f"{limit.rationale.lower()}); all of them are denied. {may}{caveat_of(policy)}"
            + ("" if certain else f" No table for {day.service_date} is held."),
            lines,
            policy,
            f"Bill {most}. {applied.family.denial or ''}".strip(),
        )
        if severity == "block" and (a_line or sum(line.units or 0 for line in lines) > limit.units):
            for line in lines:
                line.denied = True


def hold_against_payers_limits(day: Day) -> None:
    """Find days with more units of what a payer's rule is about than it takes in a day."""
    limited: dict[str, tuple[Rule, int, list[Line]]] = {}
    for line in day.claimed():
        for rule, held in line.draft.rules(line.draft.case(frozenset([line.code]))) if line.draft else ():
            if rule.most_units is not None and held.truth == "yes":
                limited.setdefault(rule.id, (rule, rule.most_units, []))[2].append(line)
    for rule, most, lines in limited.values():
        reached = sum(line.units or 0 for line in lines)
        if reached > most:
            says = f"{_counted(reached)}, where {day.book_name(rule.payer or '')} takes {most}: {rule.says}"
            day.find("block" if rule.evidence == "primary" and not is_weak(rule) else "warn", says, lines, rule=rule,
                     fix=f"Bill {_counted(most)}, or ask the payer.")  # fmt: skip
        elif any(line.units is None for line in lines):
            day.leave_out(f"The most units a day ({rule.id}): some units are not known.")


def _counted(units: int) -> str:
    return f"{units} unit{'' if units == 1 else 's'}"
