"""Checks the units of a code against its MUE: per claim line or per day."""

from collections.abc import Mapping
from datetime import date

from ..cms.entries import Maximum
from ..findings.phrases import units_of
from ..findings.report import Point, Words
from ..model.codes import Units
from ..model.rules import Policy
from ..plan.edits import CodePlan
from .edit_context import EditContext, downgrade, table_doubt
from .policies import caveat_of, units_wanted

_A_LINE, _POLICY = 1, 2  # adjudication of a limit: a claim line; a day, absolute; anything else a day, clinical


def check_mue(edits: EditContext, policy: Policy, codes: Mapping[str, CodePlan]) -> set[int]:
    """Find codes with more units than their limit in the table of the day; return the lines denied for certain."""
    denied: set[int] = set()
    for code, plan in codes.items():
        limit = plan.maximum
        if limit is None:
            if not plan.knows_maximum and not _check_its_own(edits, policy, code):
                edits.report.note_unchecked(_not_on_file, code, edits.apply)
            continue
        if edits.apply and limit.fits not in ("day", "history"):
            edits.report.note_unchecked(_of_another_quarter, limit, edits.day.service_date)
        edits.report.use(limit.edition)
        denied |= _check_one(edits, policy, code, limit)
    return denied


def _check_one(edits: EditContext, policy: Policy, code: str, limit: Maximum) -> set[int]:
    own = [each.units or 0 for each in edits.claim_lines if each.code == code]
    if sum(own) <= limit.units:
        return set()
    lines = edits.of_codes(code)
    a_line = limit.adjudication == _A_LINE or edits.limits_a_line
    if a_line:
        over = {number for each in edits.claim_lines if (each.units or 0) > limit.units for number in each.lines}
        lines = [line for line in lines if line.number in over]
        reached = max(own, default=0)
    else:
        reached = sum(own)
    if reached <= limit.units:
        return set()
    found_by_coverage = bool(lines) and lines[0].service.negative and limit.units == 0
    hint_of_none = edits.most == "info" and not limit.units  # not valid for Medicare, which does not matter here
    if found_by_coverage or hint_of_none:
        return set()
    severity = edits.most if limit.fits == "day" else downgrade(edits.most)
    edits.find(severity, lines, policy, _over, edits, policy, limit, reached, a_line)
    return {line.number for line in lines} if severity == "block" else set()


def _check_its_own(edits: EditContext, policy: Policy, code: str) -> bool:
    """Find more units than the MUE that the code itself has on file; return whether it has one.

    It is of one edition, which may not be that of the day: a doubt, never more.
    """
    lines = edits.of_codes(code)
    own = lines[0].service.units
    if own is None or own.medicare_maximum is None:
        return False
    reached = sum([units_wanted(edits, line) for line in lines])
    if reached > own.medicare_maximum and (own.medicare_maximum or edits.most != "info"):
        edits.find(downgrade(edits.most), lines, policy, _over_its_own, code, own, own.medicare_maximum, reached)
    return True


def _over_its_own(code: str, own: Units, most: int, reached: int) -> Words:
    accepts = f"at most {units_of(most)}" if most else "no unit"
    reason = (own.maximum_reason or "reason not known").lower()
    return Words(
        f"{code}: {units_of(reached)}, where Medicare accepts {accepts} of it per day (MUE {own.maximum_edition}: "
        f"{reason}); all of them are denied.",
        f"{code}: {units_of(reached)}; Medicare accepts {most or 'none'} per day (MUE {own.maximum_edition}).",
        f"Bill {accepts}.",
    )


def _not_on_file(code: str, apply: bool) -> Point:
    return Point(f"The most units of {code} (MUE): no table on file has it, and there may be a limit.",
                 "MUE of {} (not in our tables)", (code,), apply)  # fmt: skip


def _of_another_quarter(limit: Maximum, day: date) -> Point:
    newest, edition = "newest" if limit.fits == "older" else "only a later", limit.edition.edition
    return Point(f"The most units of {limit.code} (MUE) on {day}: no table of that quarter is on file; checked against "
                 f"that of {edition}.",
                 f"MUE of {{}} on that day ({newest} table: {edition})", (limit.code,), True)  # fmt: skip


def _over(edits: EditContext, policy: Policy, limit: Maximum, reached: int, a_line: bool) -> Words:
    span = "per claim line" if a_line else "per day"
    may = {
        _A_LINE: "A second line with a modifier may be paid where it was distinct.",
        _POLICY: "The limit is absolute.",
    }.get(limit.adjudication, "More may be paid on review where the record shows the need.")
    most = f"at most {units_of(limit.units)}" if limit.units else "no unit"
    doubt = "" if limit.fits == "day" else f" No table for {edits.day.service_date} is on file."
    denial = f" {edits.family.denial}" if edits.family.denial else ""
    over = f"{limit.code}: {units_of(reached)}; Medicare accepts {limit.units or 'none'} {span}"
    cited = ", ".join(filter(None, (f"MUE {limit.edition.edition}", table_doubt(limit.fits))))
    return Words(
        f"{limit.code}: {units_of(reached)}, where Medicare accepts {most} of it {span} (MUE {limit.edition.edition}: "
        f"{limit.rationale.lower()}); all of them are denied. {may}{caveat_of(policy)}{doubt}{denial}",
        [f"{over} ({cited}). {may}", f"{over} ({cited})."],
        f"Bill {most}.",
    )
