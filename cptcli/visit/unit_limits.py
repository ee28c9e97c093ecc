"""Checks the units of a code against MUEs (per claim line or per day) and against a payer's own limits."""

from ..advice.coverage import NEGATIVE
from ..cms.tables import Maximum
from ..model import Policy, Rule
from ..rulebook.precedence import is_weak
from ..visit_model import Severity
from .applied import Applied, milder, table_doubt
from .day import Day, Line
from .phrases import codes_of, units_of, weak_mark
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
            if not day.tables.knows("mue", code, day.service_date, table) and not _over_its_own_limit(
                applied, policy, lines
            ):
                day.leave_out(f"The most units of {code} (MUE): no table on file has it, and there may be a limit.",
                              "MUE of {} (not in our tables)", code)  # fmt: skip
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
        found_by_coverage = decided is not None and decided.coverage.verdict in NEGATIVE and limit.units == 0
        hint_of_none = applied.worst == "info" and not limit.units  # not valid for Medicare, which does not matter here
        if reached <= limit.units or found_by_coverage or hint_of_none:
            continue
        severity = applied.worst if limit.fits == "day" else milder(applied.worst)
        _over_limit(applied, policy, limit, lines, reached, severity, a_line)
        if severity == "block" and (a_line or sum(line.units or 0 for line in lines) > limit.units):
            for line in lines:
                line.denied = True


def _over_its_own_limit(applied: Applied, policy: Policy, lines: list[Line]) -> bool:
    """Find more units than the MUE that the code itself has on file; return whether it has one.

    It is of one edition, which may not be that of the day: a doubt, never more.
    """
    units = lines[0].known.units if lines[0].known else None
    if units is None or units.medicare_maximum is None:
        return False
    code, most = lines[0].code, units.medicare_maximum
    reached = sum(line.told.units if line.told.units is not None else line.units or 0 for line in lines)
    if reached > most and (most or applied.worst != "info"):
        accepts = f"at most {units_of(most)}" if most else "no unit"
        reason = (units.maximum_reason or "reason not known").lower()
        says = f"{code}: {units_of(reached)}, where Medicare accepts {accepts} of it per day "
        says += f"(MUE {units.maximum_edition}: {reason}); all of them are denied."
        short = f"{code}: {units_of(reached)}; Medicare accepts {most or 'none'} per day (MUE {units.maximum_edition})."
        applied.find(milder(applied.worst), says, lines, policy, f"Bill {accepts}.", [short])
    return True


def _over_limit(
    applied: Applied, policy: Policy, limit: Maximum, lines: list[Line], reached: int, severity: Severity, a_line: bool
) -> None:
    """Find more units of a code than Medicare accepts."""
    day, span = applied.day, "per claim line" if a_line else "per day"
    may = {
        _A_LINE: "A second line with a modifier may be paid where it was distinct.",
        _POLICY: "The limit is absolute.",
    }.get(limit.adjudication, "More may be paid on review where the record shows the need.")
    most = f"at most {units_of(limit.units)}" if limit.units else "no unit"
    doubt = "" if limit.fits == "day" else f" No table for {day.service_date} is on file."
    denial = f" {applied.family.denial}" if applied.family.denial else ""
    over = f"{limit.code}: {units_of(reached)}; Medicare accepts {limit.units or 'none'} {span}"
    cited = ", ".join(filter(None, (f"MUE {limit.edition.edition}", table_doubt(limit.fits))))
    applied.find(
        severity,
        f"{limit.code}: {units_of(reached)}, where Medicare accepts {most} of it {span} (MUE {limit.edition.edition}: "
        f"{limit.rationale.lower()}); all of them are denied. {may}{caveat_of(policy)}{doubt}{denial}",
        lines,
        policy,
        f"Bill {most}.",
        [f"{over} ({cited}). {may}", f"{over} ({cited})."],
    )


def hold_against_payers_limits(day: Day) -> None:
    """Find more units of what a payer's rule is about than it accepts per day."""
    limited: dict[str, tuple[Rule, int, list[Line]]] = {}
    for line in day.claimed():
        for rule, found in line.draft.rules(line.draft.case(frozenset([line.code]))) if line.draft else ():
            if rule.most_units is not None and found.truth == "yes":
                limited.setdefault(rule.id, (rule, rule.most_units, []))[2].append(line)
    for rule, most, lines in limited.values():
        reached = sum(line.units or 0 for line in lines)
        if reached > most:
            says = f"{units_of(reached)}, where {day.book_name(rule.payer or '')} accepts {most}: {rule.says}"
            day.find("block" if rule.evidence == "primary" and not is_weak(rule) else "warn", says, lines, rule=rule,
                     fix=f"Bill {units_of(most)}, or ask the payer.",
                     short=f"{codes_of(lines)}: {units_of(reached)}; {day.short_name(rule.payer)} accepts {most} "
                     f"per day{weak_mark(rule)}.")  # fmt: skip
        elif any(line.units is None for line in lines):
            day.leave_out(f"The most units per day ({rule.id}): some units are not known.",
                          "the payer's limit per day (some units not known)")  # fmt: skip
