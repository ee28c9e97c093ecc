"""Checks the codes of a day against each other: NCCI edits, MUEs and the policies around them.

A pair that is not found is "no NCCI edit (QUARTER)", never "allowed". No modifier is added here: one that would open
an edit is named with what the record has to show.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ..advice.wording import weakness, weakness_in_short
from ..cms.entries import Edition, Fit, Pair, Pairs, in_force
from ..model.rules import BypassPlace, Policy, Rule
from ..model.visit import ClaimLine, EditAnswer, EditState, Severity
from ..rulebook.precedence import is_weak
from . import policies, unit_limits
from .day import Day, Line, in_ranges
from .edit_context import NEVER, EditContext, downgrade, edit_context, table_doubt
from .phrases import either, in_short, listed


def check_ptp(day: Day, claim: tuple[ClaimLine, ...]) -> tuple[EditAnswer, ...]:
    """Return every pair of codes of the day with its state; add what the policies and unit limits find."""
    applied = _edit_context(day, claim)
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
            unit_limits.check_mue(applied, policy)
        elif policy.outcome != "pairs":
            policies.check_policy(applied, policy, ruled_out, by_codes)
    return tuple(answers)


def _say_what_is_left_out(applied: EditContext) -> None:
    """Note what the policies say and the rules cannot express: of the family, and of policies about a code of the day.

    Which codes the family's notes are about is not known, so they are shown with --full only.
    """
    codes = {line.code for line in applied.day.claimed()}
    if applied.family.not_modelled and len(codes) > 1:
        applied.day.note_unchecked(applied.family.not_modelled, None)
    for policy in applied.policies:
        if policy.not_modelled and any(in_ranges(code, policy.codes) for code in codes):
            point = policy.not_modelled.partition("; ")[0]
            amid = f"{point[0].lower()}{point[1:]}" if point[1:2].islower() else point
            applied.day.note_unchecked(f"{policy.not_modelled} ({policy.id})", amid)


def _edit_context(day: Day, claim: tuple[ClaimLine, ...]) -> EditContext | None:
    """Return the edits that the payer applies; where that is not known, CMS's edits as a hint: the contract decides."""
    rule = day.first("edits")
    family = day.book.edit_family(rule.edits) if rule and rule.edits else None
    if rule and family:
        _say_how_sure(day, rule)
        max_severity: Severity = "warn" if rule.caveat or is_weak(rule) else "block"
        return edit_context(day, family, max_severity, claim, rule.limits_a_line)
    payer = day.book_name(day.payer)
    if day.billed():
        day.note_unchecked(f"Whether {payer} applies CMS's edits is not known; what they find is shown as a hint.",
                           "whether NCCI applies")  # fmt: skip
    families = filter(None, map(day.book.edit_family, day.book.keys("edits")))
    return next((edit_context(day, each, "info", claim) for each in families), None)


def _nothing_to_open(day: Day) -> None:
    """Report a modifier for a distinct service where the claim has no other code."""
    lines = day.claimed()
    for line in lines if len({each.code for each in lines}) == 1 else ():
        for modifier in line.given.modifiers:
            known = day.book.modifier(modifier)
            if known and known.bypasses_edits and known.never_with:
                says = f"{modifier} on {line.code}: no other code of this day is here from which it could be distinct."
                day.find("info", f"{says} Take it off, unless another claim of the day has one.", [line], rule=known,
                         fix="Take it off, unless another claim has one.",
                         short=f"{modifier} on {line.code}: no other code that day to be distinct from.")  # fmt: skip


def _say_how_sure(day: Day, rule: Rule) -> None:
    if rule.caveat:
        day.note_unchecked(rule.caveat, rule.caveat_short or rule.caveat)
    if is_weak(rule):
        day.find("info", f"{rule.says} Weak: {weakness(rule.evidence, rule.confidence)}.", rule=rule,
                 short=f"WEAK ({weakness_in_short(rule.evidence)}): {in_short(rule)}")  # fmt: skip


def _pairs(applied: EditContext, policy: Policy, ruled_out: policies.RuledOut) -> list[EditAnswer]:
    day = applied.day
    codes = [*dict.fromkeys(line.code for line in day.claimed())]
    found = day.tables.pairs_among(day.claim, codes, day.service_date) if len(codes) > 1 else {}
    answers: list[EditAnswer] = []
    unsure: dict[tuple[str, str], list[str]] = {}
    for (one, other), pairs in sorted(found.items()):
        row, certain = _row(day, pairs)
        answer = _edit(applied, policy, row, certain, pairs, ruled_out) if row else _no_edit(day, one, other, pairs)
        answers.append(answer)
        if answer.state == "not_checked":
            unsure.setdefault((answer.says, _not_checked_why(day, pairs)), []).append(f"{one}/{other}")
        day.use(pairs.edition)
    for (says, why), named in unsure.items():
        day.note_unchecked(f"Pairs {listed(named, 6)}: {says}", f"NCCI edits of {{}} ({why})", *named)
    return answers


def _row(day: Day, pairs: Pairs) -> tuple[Pair | None, bool]:
    """Return the row of a pair in force on the day, the strictest of several, and whether that is certain."""
    by_truth = {row: in_force(row, day.service_date) for row in pairs.rows}
    strictest = sorted(pairs.rows, key=lambda row: row.indicator)  # 0, that no modifier opens, before 1
    for truth in ("yes", "not_known"):
        for row in strictest:
            if by_truth[row] == truth:
                return row, truth == "yes" and pairs.fits in ("day", "history")
    return None, False


def _no_edit(day: Day, one: str, other: str, pairs: Pairs) -> EditAnswer:
    edition = _named(pairs.edition)
    says = f"no NCCI edit ({edition})" if pairs.edition else "no table for that day"
    if pairs.covered and pairs.fits == "older":
        says = f"no NCCI edit ({edition}, the newest table on file; none for {day.service_date})"
    elif not pairs.covered and pairs.edition:
        says = f"our part of the {edition} table does not have them"
    state: EditState = "passes" if pairs.covered and pairs.fits in ("day", "history") else "not_checked"
    return EditAnswer(
        column1=one, column2=other, state=state, indicator=None, lines=_numbers(_lines(day, one, other)), denied=(),
        edition=edition, rationale=None, says=says,
    )  # fmt: skip


def _not_checked_why(day: Day, pairs: Pairs) -> str:
    """Return why a pair was not checked, in a few words."""
    edition = _named(pairs.edition)
    if edition is None:
        return f"no table for {day.service_date}"
    if not pairs.covered:
        return f"not in our part of the {edition} table"
    return f"{'newest' if pairs.fits == 'older' else 'only a later'} table: {edition}"


class _Outcome(NamedTuple):
    """The result of an edit between two codes: the lines denied, why, and what to do about it."""

    denied: Sequence[Line]
    says: str
    short: str
    fix: str  # in a few words
    how: str = ""  # in full, where that is more
    bypassed: bool = False


def _edit(
    applied: EditContext, policy: Policy, row: Pair, certain: bool, pairs: Pairs, ruled_out: policies.RuledOut
) -> EditAnswer:
    day, edition = applied.day, _named(pairs.edition)
    severity = applied.max_severity if certain else downgrade(applied.max_severity)
    doubt = "" if certain else _doubt(day, row, edition, pairs.fits)
    lines = _lines(day, row.column1, row.column2)
    found = _outcome(applied, row, lines, ruled_out.get(frozenset((row.column1, row.column2))))
    words = f"{found.says[:1].upper()}{found.says[1:]} ({edition}: {row.rationale.lower()}).{doubt}"
    sure = "" if certain else table_doubt(pairs.fits) or "start not known"
    cited = [f"NCCI {edition}, indicator {row.indicator}", f"NCCI {edition}", str(edition), ""]
    short = [f"{found.short} ({', '.join(filter(None, (each, sure)))})." for each in cited if each or sure]
    elsewhere = _place(applied).elsewhere if not day.by_fee_schedule else None
    if found.bypassed and elsewhere and not all(_opens(day, line) for line in lines if line.code == row.column2):
        applied.find(downgrade(applied.max_severity), f"{words} {elsewhere}", lines, policy,
                     f"Put the modifier on the {row.column2} line.",
                     [f"{row.column2} with {row.column1}: {elsewhere}",
                      f"{row.column2} with {row.column1}: the modifier may have to be on column 2."])  # fmt: skip
    elif found.bypassed:
        applied.find("info", words, lines, policy, found.fix, short)
    else:
        in_full = " ".join(filter(None, (words, found.how, applied.family.denial)))
        applied.find(severity, in_full, found.denied, policy, found.fix, short)
    for line in found.denied if severity == "block" else ():
        line.denied = True
    return EditAnswer(
        column1=row.column1,
        column2=row.column2,
        state="bypassed" if found.bypassed else "fails",
        indicator=row.indicator,
        lines=_numbers(lines),
        denied=_numbers(found.denied),
        edition=edition,
        rationale=row.rationale,
        says=found.says + doubt,
    )


def _outcome(applied: EditContext, row: Pair, lines: Sequence[Line], exclusion: policies.Exclusion | None) -> _Outcome:
    """Return the result of the edit of a pair on its lines."""
    column1, column2 = ([line for line in lines if line.code == code] for code in (row.column1, row.column2))
    denied = [line for line in column2 if not _opened(applied, line, column1)]
    says, short = f"{row.column2} is denied with {row.column1}", f"{row.column2}: denied with {row.column1}"
    alone = f"Bill {row.column1} alone."
    if row.indicator == NEVER:
        return _Outcome(column2, f"{says}, and no modifier opens the pair", f"{short}; no modifier opens it", alone)
    if exclusion:
        out = exclusion.code or row.column2
        stays = row.column1 if out == row.column2 else row.column2
        return _Outcome(
            [line for line in lines if (line.code == out and line.number in exclusion.lines) or line in denied],
            f"{row.column1} and {row.column2} are not both paid, and none of the modifiers that open the pair is true "
            f"here ({exclusion.policy.id})",
            f"{out}: not paid with {stays}; no modifier is true here",
            policies.instead(out, stays),
        )
    if any(line.given_not_distinct() for line in lines):
        if not any(line.given_not_distinct() for line in column1):
            denied = [line for line in column2 if line.given_not_distinct() or line in denied]
        else:
            denied = column2
        says += ", and no modifier is true where the services were not distinct"
        return _Outcome(denied, says, f"{short}; given as not distinct", alone)
    if denied:
        how, fix = _how_to_open(applied, row)
        says += " unless a modifier says that they were distinct"
        return _Outcome(denied, says, f"{short} unless distinct", fix, how)
    return _Outcome(
        denied,
        f"the edit between {row.column1} and {row.column2} is bypassed by the modifier that was typed",
        f"{row.column2} with {row.column1}: your modifier opens the edit",
        "Document that they were distinct.",
        bypassed=True,
    )


def _doubt(day: Day, row: Pair, edition: str | None, fits: Fit) -> str:
    if fits == "older":
        return (
            f" That is the newest table on file; none for {day.service_date} is: import CMS's file of that quarter "
            "(cpt data import) to be sure."
        )
    if fits == "newer":
        return f" No table for {day.service_date} is on file, only the later one of {edition}."
    return f" Since when the edit applies is not known; it was in the table of {edition}."


def _opened(applied: EditContext, second: Line, firsts: Sequence[Line]) -> bool:
    """Return whether a modifier opens the edit for one column 2 line against every column 1 line."""
    day, either = applied.day, _either(applied)
    return all(_opens(day, second) or (either and _opens(day, first)) for first in firsts)


def _place(applied: EditContext) -> BypassPlace:
    """Return on which line of a pair the modifier may be on that day."""
    day = applied.day.service_date
    started = [each for each in applied.family.bypass if (each.effective or day) <= day]
    return started[-1] if started else BypassPlace(line="column_two", sources=())


def _either(applied: EditContext) -> bool:
    return _place(applied).line == "either"


def _opens(day: Day, line: Line) -> bool:
    for modifier in line.given.modifiers:
        known = day.book.modifier(modifier)
        if known and known.bypasses_edits and (not known.only_on or in_ranges(line.code, known.only_on)):
            return True
    return False


def _how_to_open(applied: EditContext, row: Pair) -> tuple[str, str]:
    """Return how a modifier opens the edit of a pair, in full and in a few words."""
    policy = next(
        (
            each
            for each in applied.policies
            if each.outcome == "modifier" and policies.concerns(each, row.column1, row.column2)
        ),
        None,
    )
    names = either(policy.modifiers) if policy else "59 or an X modifier"
    record = policy.record if policy and policy.record else "that the services were distinct"
    elsewhere = _place(applied).elsewhere and not applied.day.by_fee_schedule
    code = None if _either(applied) and not elsewhere else row.column2
    if policy and policy.modifier_on != "either":
        own = in_ranges(row.column1, policy.codes) == (policy.modifier_on == "codes")
        code = row.column1 if own else row.column2
    place = f"the {code} line" if code else "either line"
    return (
        f"If the record shows {record}: {names} on {place}. Otherwise bill {row.column1} alone.",
        f"{names} on {code or place} if {policies.condition(policy)}.",
    )


def _lines(day: Day, one: str, other: str) -> list[Line]:
    return [line for line in day.claimed() if line.code in (one, other)]


def _named(edition: Edition | None) -> str | None:
    return edition.edition if edition else None


def _numbers(lines: Iterable[Line]) -> tuple[int, ...]:
    return tuple(line.number for line in lines)
