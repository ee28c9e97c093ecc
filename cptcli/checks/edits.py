"""Checks the codes of a day against each other and against their unit limits, by the edits that the payer applies."""

from collections.abc import Sequence

from msgspec import Struct

from ..findings.report import Point, Report
from ..model.rules import EditFamily, Policy
from ..model.visit import ClaimLine
from ..plan.edits import CodesPlan
from . import mue, policies, ptp
from .day import Day, Lines
from .edit_context import EditContext, edit_context
from .required_modifiers import Modifiers


class EditsFound(Struct, frozen=True):
    """Every pair of codes of the day with its state, and the lines denied for certain, by number."""

    context: EditContext | None
    pairs: tuple[ptp.PairResult, ...]
    denied: frozenset[int]


def check_edits(
    day: Day,
    lines: Lines,
    modifiers: Modifiers,
    units: Sequence[int | None],
    claim: tuple[ClaimLine, ...],
    report: Report,
) -> EditsFound:
    """Return every pair of codes of the day with its state; add what the policies and unit limits find."""
    edits = edit_context(day, lines, modifiers, units, claim, report)
    if edits is None:
        return EditsFound(None, (), frozenset())
    plan = edits.plan.of(tuple(dict.fromkeys([line.service.code for line in edits.claimed])))
    _note_not_modelled(edits, plan)
    met_by = policies.meetings(edits, plan.between) if plan.between else {}
    ruled_out = policies.ruled_out(edits, plan.between, met_by) if met_by else {}
    results = ptp.check_ptp(edits, ruled_out, plan.pairs)
    denied = ptp.denied_by(edits, results)
    ptp.check_nothing_to_open(edits)
    in_table = {_both(each): _as_table(each) for each in results} if met_by else {}
    for policy in plan.checked:
        if policy.outcome == "units":
            denied |= mue.check_mue(edits, policy, plan.codes)
        elif policy.outcome == "add_ons":
            policies.check_add_ons(edits, policy, plan.codes)
        elif policy.outcome == "at_most":
            policies.check_at_most(edits, policy)
        elif every := met_by.get(policy.id):
            denied |= policies.check_policy(edits, policy, every, ruled_out, in_table)
    return EditsFound(edits, results, frozenset(denied))


def _both(result: ptp.PairResult) -> frozenset[str]:
    return frozenset((result.plan.one, result.plan.other))


def _as_table(result: ptp.PairResult) -> policies.TablePair:
    edition = result.plan.pairs.edition
    return policies.TablePair(
        result.state, result.row.indicator if result.row else None, edition.edition if edition else None
    )


def _note_not_modelled(edits: EditContext, plan: CodesPlan) -> None:
    """Note what the policies say and the rules cannot express: of the family, and of policies about a code of the day.

    Which codes the family's notes are about is not known, so they are shown with --full only.
    """
    if edits.family.not_modelled and len(plan.codes) > 1:
        edits.report.note_unchecked(_of_family, edits.family)
    for policy in plan.not_modelled:
        edits.report.note_unchecked(_of_policy, policy)


def _of_family(family: EditFamily) -> Point:
    return Point(family.not_modelled or "", None)


def _of_policy(policy: Policy) -> Point:
    text = policy.not_modelled or ""
    point = text.partition("; ")[0]
    amid = f"{point[0].lower()}{point[1:]}" if point[1:2].islower() else point
    return Point(f"{text} ({policy.id})", amid)
