"""Checks the codes of a day against each other by the table of NCCI edits (PTP).

A pair that is not found is "no NCCI edit (QUARTER)", never "allowed". No modifier is added here: one that would open
an edit is named with what the record has to show.
"""

from collections.abc import Sequence
from typing import NamedTuple

from ..cms.entries import Edition, Fit, Pair, Pairs
from ..findings.phrases import either, listed
from ..findings.report import Point, Words, numbers
from ..model.claim import Modifier
from ..model.rules import BypassPlace, Policy
from ..model.visit import EditAnswer, EditState, Severity
from ..plan.edits import PairPlan, concerns, fits_on, in_ranges
from ..rulebook.precedence import is_in_force
from .day import Day, Line, claim_text
from .edit_context import NEVER, EditContext, downgrade, table_doubt
from .policies import Exclusion, RuledOut, condition, instead


class Outcome(NamedTuple):
    """The result of an edit between two codes: which lines are denied, and why."""

    kind: str  # never, excluded, not_distinct, open or bypassed
    denied: Sequence[Line]
    exclusion: Exclusion | None = None


class PairResult(NamedTuple):
    """A pair of codes of the day, its row in force if there is one, and what comes of it."""

    plan: PairPlan
    state: EditState
    row: Pair | None = None
    certain: bool = False
    lines: tuple[int, ...] = ()  # with a row
    denied: tuple[int, ...] = ()
    outcome: Outcome | None = None


def check_ptp(edits: EditContext, ruled_out: RuledOut, pairs: Sequence[PairPlan]) -> tuple[PairResult, ...]:
    """Return every pair of codes of the day with its state."""
    policy = edits.plan.table_policy
    if policy is None:
        return ()
    day, results, edition = edits.day, [], None
    unsure: dict[tuple[object, ...], list[PairPlan]] = {}
    for plan in pairs:
        found = plan.pairs
        row, certain = plan.row(day.service_date) if found.rows else (None, False)
        if row:
            results.append(_edit(edits, policy, plan, row, certain, ruled_out))
        elif plan.passes:
            results.append(PairResult(plan, "passes"))
        else:
            results.append(PairResult(plan, "not_checked"))
            unsure.setdefault((found.edition and found.edition.id, found.fits, found.covered), []).append(plan)
        if found.edition is not edition:
            edition = found.edition
            edits.report.use(edition)
    for several in unsure.values():
        edits.report.note_unchecked(_pairs_not_checked, day, several, edits.apply)
    return tuple(results)


def check_nothing_to_open(edits: EditContext) -> None:
    """Find a modifier for a distinct service where the claim has no other code."""
    lines = edits.claimed
    for line in lines if len({each.code for each in lines}) == 1 else ():
        for modifier in line.given.modifiers:
            known = edits.day.book.modifier(modifier)
            if known and known.bypasses_edits and known.never_with:
                severity: Severity = "warn" if len(lines) > 1 and edits.apply else "info"  # a duplicate of its own code
                edits.report.find(severity, (line.number,), known, _nothing_to_open, line, known)


def _edit(
    edits: EditContext, policy: Policy, plan: PairPlan, row: Pair, certain: bool, ruled_out: RuledOut
) -> PairResult:
    severity = edits.most if certain else downgrade(edits.most)
    lines = edits.of_codes(row.column1, row.column2)
    found = _outcome(edits, row, lines, ruled_out.get(frozenset((row.column1, row.column2))))
    bypassed = found.kind == "bypassed"
    state: EditState = "bypassed" if bypassed else "fails"
    result = PairResult(plan, state, row, certain, numbers(lines), numbers(found.denied), found)
    elsewhere = _place(edits).elsewhere if bypassed and not edits.day.by_fee_schedule else None
    if elsewhere and not all(_opens(edits.day, line) for line in lines if line.code == row.column2):
        edits.find(downgrade(edits.most), lines, policy, _column_two, edits, result, row, elsewhere)
    elif bypassed:
        edits.find("info", lines, policy, _worded, edits, result, row)
    else:
        edits.find(severity, found.denied, policy, _worded, edits, result, row)
    return result


def denied_by(edits: EditContext, results: Sequence[PairResult]) -> set[int]:
    """Return the numbers of the lines that an edit denies for certain."""
    return {number for each in results if each.certain and edits.most == "block" for number in each.denied}


def _outcome(edits: EditContext, row: Pair, lines: Sequence[Line], exclusion: Exclusion | None) -> Outcome:
    """Return the result of the edit of a pair on its lines."""
    column1, column2 = ([line for line in lines if line.code == code] for code in (row.column1, row.column2))
    denied = [line for line in column2 if not _opened(edits, line, column1)]
    if row.indicator == NEVER:
        return Outcome("never", column2)
    if exclusion:
        out = exclusion.code or row.column2
        gone = [line for line in lines if (line.code == out and line.number in exclusion.lines) or line in denied]
        return Outcome("excluded", gone, exclusion)
    if any(line.given_not_distinct() for line in lines):
        if any(line.given_not_distinct() for line in column1):
            return Outcome("not_distinct", column2)
        return Outcome("not_distinct", [line for line in column2 if line.given_not_distinct() or line in denied])
    return Outcome("open", denied) if denied else Outcome("bypassed", denied)


def _opened(edits: EditContext, second: Line, firsts: Sequence[Line]) -> bool:
    """Return whether a modifier opens the edit for one column 2 line against every column 1 line."""
    day, either_line = edits.day, _place(edits).line == "either"
    return all(_opens(day, second) or (either_line and _opens(day, first)) for first in firsts)


def _place(edits: EditContext) -> BypassPlace:
    """Return on which line of a pair the modifier may be on that day."""
    day = edits.day.service_date
    started = [each for each in edits.family.bypass if (each.effective or day) <= day]
    return started[-1] if started else BypassPlace(line="column_two", sources=())


def _opens(day: Day, line: Line) -> bool:
    for modifier in line.given.modifiers:
        known = day.book.modifier(modifier)
        if known and known.bypasses_edits and fits_on(known, line.code):
            return True
    return False


# ------------------------------------------------------------------------------------------------------ in words


def edit_answer(edits: EditContext, result: PairResult) -> EditAnswer:
    """Return a pair as an answer shows it."""
    row, pairs = result.row, result.plan.pairs
    edition = _named(pairs.edition)
    if row is None or result.outcome is None:
        lines, says = edits.of_codes(result.plan.one, result.plan.other), _no_edit_says(edits.day, pairs)
        return EditAnswer(
            column1=result.plan.one, column2=result.plan.other, state=result.state, indicator=None,
            lines=numbers(lines), denied=(), edition=edition, rationale=None, says=says,
        )  # fmt: skip
    text = _text(edits, row, result.outcome)
    doubt = "" if result.certain else _doubt(edits.day, edition, pairs.fits)
    return EditAnswer(
        column1=row.column1, column2=row.column2, state=result.state, indicator=row.indicator, lines=result.lines,
        denied=result.denied, edition=edition, rationale=row.rationale, says=text.says + doubt,
    )  # fmt: skip


class _Text(NamedTuple):
    """The words of an edit's outcome: in full, in short, what to do in a few words, and in full where that is more."""

    says: str
    short: str
    fix: str
    how: str = ""


def _text(edits: EditContext, row: Pair, found: Outcome) -> _Text:
    says, short = f"{row.column2} is denied with {row.column1}", f"{row.column2}: denied with {row.column1}"
    alone = f"Bill {row.column1} alone."
    if found.kind == "never":
        return _Text(f"{says}, and no modifier opens the pair", f"{short}; no modifier opens it", alone)
    if found.exclusion:
        out = found.exclusion.code or row.column2
        stays = row.column1 if out == row.column2 else row.column2
        return _Text(
            f"{row.column1} and {row.column2} are not both paid, and none of the modifiers that open the pair is true "
            f"here ({found.exclusion.policy.id})",
            f"{out}: not paid with {stays}; no modifier is true here",
            instead(out, stays),
        )
    if found.kind == "not_distinct":
        says += ", and no modifier is true where the services were not distinct"
        return _Text(says, f"{short}; given as not distinct", alone)
    if found.kind == "open":
        how, fix = _how_to_open(edits, row, found.denied[0])
        says += " unless a modifier says that they were distinct"
        return _Text(says, f"{short} unless distinct", fix, how)
    return _Text(
        f"the edit between {row.column1} and {row.column2} is bypassed by the modifier that was typed",
        f"{row.column2} with {row.column1}: your modifier opens the edit",
        "Document that they were distinct.",
    )


def _in_full(edits: EditContext, result: PairResult, row: Pair, text: _Text) -> str:
    edition = _named(result.plan.pairs.edition)
    doubt = "" if result.certain else _doubt(edits.day, edition, result.plan.pairs.fits)
    return f"{text.says[:1].upper()}{text.says[1:]} ({edition}: {row.rationale.lower()}).{doubt}"


def _worded(edits: EditContext, result: PairResult, row: Pair) -> Words:
    """Return the words of an edit: it denies a code, or a modifier opens it."""
    assert result.outcome is not None
    text, edition = _text(edits, row, result.outcome), _named(result.plan.pairs.edition)
    fits = result.plan.pairs.fits
    sure = "" if result.certain or fits == "older" else table_doubt(fits) or "start not known"
    cited = [f"NCCI {edition}, indicator {row.indicator}", f"NCCI {edition}", str(edition), ""]
    short = [f"{text.short} ({', '.join(filter(None, (each, sure)))})." for each in cited if each or sure]
    words = _in_full(edits, result, row, text)
    if result.state == "fails":
        words = " ".join(filter(None, (words, text.how, edits.family.denial)))
    return Words(words, short, text.fix)


def _column_two(edits: EditContext, result: PairResult, row: Pair, elsewhere: str) -> Words:
    assert result.outcome is not None
    words = _in_full(edits, result, row, _text(edits, row, result.outcome))
    return Words(
        f"{words} {elsewhere}",
        [f"{row.column2} with {row.column1}: {elsewhere}",
         f"{row.column2} with {row.column1}: the modifier may have to be on column 2."],
        f"Put the modifier on the {row.column2} line.",
    )  # fmt: skip


def _doubt(day: Day, edition: str | None, fits: Fit) -> str:
    if fits == "older":
        return f" No table for {day.service_date} is on file; {edition} is the newest."
    if fits == "newer":
        return f" No table for {day.service_date} is on file, only the later one of {edition}."
    return f" Since when the edit applies is not known; it was in the table of {edition}."


def _how_to_open(edits: EditContext, row: Pair, denied: Line) -> tuple[str, str]:
    """Return how a modifier opens the edit of a pair: in full, and as the finished line."""
    policy = next(
        (
            each
            for each in edits.plan.between
            if each.outcome == "modifier" and concerns(each, row.column1, row.column2)
        ),
        None,
    )
    record = policy.record if policy and policy.record else "that the services were distinct"
    place = _place(edits)
    elsewhere = place.elsewhere and not edits.day.by_fee_schedule
    code = None if place.line == "either" and not elsewhere else row.column2
    if policy and policy.modifier_on != "either":
        own = in_ranges(row.column1, policy.codes) == (policy.modifier_on == "codes")
        code = row.column1 if own else row.column2
    line = denied if code in (None, denied.code) else next(each for each in edits.of_codes(code or ""))
    fitting = _fitting(edits.day, line, policy.modifiers if policy else ())
    if not fitting:
        return f"No modifier on file fits {line.code} on that day.", f"Bill {row.column1} alone."
    others = f" (or {either(fitting[1:])})" if policy and fitting[1:] else " (or an X modifier)" if fitting[1:] else ""
    named = either(fitting) if policy or len(fitting) == 1 else f"{fitting[0]} or an X modifier"
    on = f"the {code} line" if code else f"the {line.code} line" if len(fitting) == 1 else "either line"
    return (
        f"If the record shows {record}: {named} on {on}. Otherwise bill {row.column1} alone.",
        f"{_finished(edits, line, fitting[:1])}{others} if {condition(policy)}.",
    )


def _fitting(day: Day, line: Line, named: Sequence[str]) -> list[str]:
    """Return the modifiers that belong on a line and open its edits, the usual one first: those named, else any usual
    one with those that say the same more exactly."""
    known = [each for each in map(day.book.modifier, named) if each and fits_on(each, line.code)]
    if not known:
        every = [each for each in map(day.book.modifier, day.book.keys("modifiers")) if each and each.bypasses_edits]
        usual = [each for each in every if each.remedy and fits_on(each, line.code)]
        exact = {name for each in usual for clash in each.never_with for name in clash.modifiers}
        known = [*usual, *(each for each in every if each.modifier in exact and fits_on(each, line.code))]
    return [each.modifier for each in known if is_in_force(each, day.service_date)]


def _finished(edits: EditContext, line: Line, added: Sequence[str]) -> str:
    """Return a line with a modifier that opens its edit, without those that do not belong on its code."""
    book = edits.day.book
    carried = edits.modifiers[line.number - 1]
    off = [each for each in carried if (known := book.modifier(each)) and not fits_on(known, line.code)]
    return claim_text(book, line.code, (*carried, *added), off)


def _no_edit_says(day: Day, pairs: Pairs) -> str:
    edition = _named(pairs.edition)
    if pairs.covered and pairs.fits == "older":
        return f"no NCCI edit ({edition}, the newest table on file; none for {day.service_date})"
    if not pairs.covered and pairs.edition:
        return f"our part of the {edition} table does not have them"
    return f"no NCCI edit ({edition})" if pairs.edition else "no table for that day"


def _not_checked_why(day: Day, pairs: Pairs) -> str:
    """Return why a pair was not checked, in a few words."""
    edition = _named(pairs.edition)
    if edition is None:
        return f"no table for {day.service_date}"
    if not pairs.covered:
        return f"not in our part of the {edition} table"
    return f"{edition} on file" if pairs.fits == "older" else f"only a later table: {edition}"


def _pairs_not_checked(day: Day, several: Sequence[PairPlan], apply: bool) -> Point:
    says, why = _no_edit_says(day, several[0].pairs), _not_checked_why(day, several[0].pairs)
    named = tuple(f"{each.one}/{each.other}" for each in several)
    return Point(f"Pairs {listed(named, 6)}: {says}", f"NCCI edits of {{}} ({why})", named, apply)


def _nothing_to_open(line: Line, known: Modifier) -> Words:
    modifier = known.modifier
    says = f"{modifier} on {line.code}: no other code of this day is here from which it could be distinct."
    return Words(f"{says} Take it off, unless another claim of the day has one.",
                 f"{modifier} on {line.code}: no other code that day to be distinct from.",
                 "Take it off, unless another claim has one.")  # fmt: skip


def _named(edition: Edition | None) -> str | None:
    return edition.edition if edition else None
