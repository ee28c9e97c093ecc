"""Checks NCCI policies that no table has: codes not reported together, modifiers needed, units in all."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import NamedTuple

from ..cms.entries import AddOn
from ..findings.phrases import codes_of, either, in_short, listed, weak_mark
from ..findings.report import Point, Words
from ..model.rules import EditFamily, Policy
from ..model.visit import Severity
from ..plan.edits import CodePlan, in_ranges, spans
from ..rulebook.names import normalized
from ..rulebook.precedence import is_weak
from .day import Line, carries
from .edit_context import NEVER, EditContext, downgrade


class Exclusion(NamedTuple):
    """Why two codes cannot both be billed, whatever their modifiers. `code` is the one to drop; None: either."""

    policy: Policy
    code: str | None
    lines: frozenset[int]  # the numbers of the lines it is true of


RuledOut = Mapping[frozenset[str], Exclusion]  # two codes -> why not both


class PolicyPair(NamedTuple):
    """Two lines that a policy is about, the one of its own codes first; open: its conditions may be met."""

    one: Line
    other: Line
    holds: str  # yes, open

    @property
    def codes(self) -> frozenset[str]:
        """The two codes, whichever is which."""
        return frozenset((self.one.code, self.other.code))

    @property
    def given_distinct(self) -> bool:
        """Return whether one of them says why it is a separate service, and neither that it is not."""
        return bool(self.one.given.distinct or self.other.given.distinct) and not self.given_not_distinct

    @property
    def given_not_distinct(self) -> bool:
        """Return whether one of them was given as not a separate service."""
        return self.one.given_not_distinct() or self.other.given_not_distinct()


class TablePair(NamedTuple):
    """What the table of edits says of two codes of the day."""

    state: str
    indicator: str | None
    edition: str | None


Meetings = Mapping[str, Sequence[PolicyPair]]  # id of a policy -> the lines that it is about


def meetings(edits: EditContext, between: Iterable[Policy]) -> Meetings:
    """Return every two lines of two codes that a policy is about, by policy, where its conditions may be met.

    `between` are the policies about two codes of the day.
    """
    met: dict[str, Sequence[PolicyPair]] = {}
    by_code = edits.by_code
    not_distinct = any(line.given_not_distinct() for line in by_code)
    for policy in between:
        may_hold = not_distinct or not policy.only_if_not_distinct
        if may_hold and (every := [*_meetings(edits, policy, by_code)]):
            met[policy.id] = every
    return met


def _meetings(edits: EditContext, policy: Policy, by_code: Sequence[Line]) -> Iterator[PolicyPair]:
    own = [line for line in by_code if in_ranges(line.code, policy.codes)]
    beside = [line for line in by_code if own and in_ranges(line.code, policy.together_with)]
    for one, other in product(own, beside):
        if one.code != other.code and (holds := _holds(edits, policy, one, other)) != "no":
            yield PolicyPair(one, other, holds)


def ruled_out(edits: EditContext, between: Iterable[Policy], met_by: Meetings) -> RuledOut:
    """Return the pairs of the day of which only one code is reported, by a policy and what is given of the lines."""
    found: dict[frozenset[str], Exclusion] = {}
    reached: dict[frozenset[str], set[int]] = {}
    for policy in between:
        every = met_by.get(policy.id)
        for met in every or ():
            if met.holds == "yes" and _not_both(policy, met):
                reached.setdefault(met.codes, set()).update((met.one.number, met.other.number))
        for met in _strictest(edits, policy, every) if every else ():
            if met.holds == "yes" and _not_both(policy, met):
                before = found.get(met.codes)  # a policy that names the code to remove comes first
                if before is None or (_alike(before.policy, met) and not _alike(policy, met)):
                    found[met.codes] = Exclusion(policy, _goes(policy, met), frozenset())
    return {codes: each._replace(lines=frozenset(reached[codes])) for codes, each in found.items()}


def _goes(policy: Policy, met: PolicyPair) -> str | None:
    """Return the code to remove: the policy's own; where it treats both alike, the one given as not separate."""
    if not _alike(policy, met):
        return met.one.code
    not_distinct = [line.code for line in (met.one, met.other) if line.given_not_distinct()]
    return not_distinct[0] if len(not_distinct) == 1 else None


def _not_both(policy: Policy, met: PolicyPair) -> bool:
    """Return whether no modifier helps two lines under a policy: none at all, or none that is true of them."""
    doubted = policy.unless_distinct and met.given_distinct
    return (policy.outcome == "never" and not doubted) or (policy.outcome == "modifier" and met.given_not_distinct)


def check_policy(
    edits: EditContext,
    policy: Policy,
    every: Sequence[PolicyPair],
    ruled_out: RuledOut,
    in_table: Mapping[frozenset[str], TablePair],
) -> set[int]:
    """Find what a policy says of the day's lines; return the numbers of those it denies for certain.

    `every` is the lines it is about, `in_table` what the table says of two codes.
    """
    denied: set[int] = set()
    for met in _strictest(edits, policy, every):
        lines = (met.one, met.other)
        if met.holds == "open" and policy.same_practitioner:
            edits.report.note_unchecked(_who_unknown, policy, met)
        elif met.holds == "open":
            edits.find(downgrade(edits.most), lines, policy, _region_unknown, policy, met)
        elif met.holds == "yes" and _not_both(policy, met):
            denied |= _find_excluded(edits, policy, met, ruled_out[met.codes].code)
        elif met.holds == "yes" and policy.outcome == "never":
            edits.find(downgrade(_severity(edits, policy)), lines, policy, _given_as_separate, policy, met)
        elif met.holds == "yes":
            _find_modifier(edits, policy, met, in_table.get(met.codes))
    return denied


def _find_excluded(edits: EditContext, policy: Policy, met: PolicyPair, goes: str | None) -> set[int]:
    gone = [line for line in (met.one, met.other) if goes in (line.code, None)]
    severity = _severity(edits, policy)
    edits.find(severity, gone, policy, _not_together, policy, met, goes)
    return {line.number for line in gone} if goes and severity == "block" else set()


def _find_modifier(edits: EditContext, policy: Policy, met: PolicyPair, table: TablePair | None) -> None:
    """Find two lines of which one needs a modifier that says that they were distinct."""
    one, other, severity = met.one, met.other, downgrade(_severity(edits, policy))
    if _has_modifier(edits, policy, one, other):
        if policy.region and one.given.diagnoses and {*one.given.diagnoses} == {*other.given.diagnoses}:
            edits.find(severity, (one, other), policy, _same_diagnosis, policy, met)
    elif table and table.state == "fails" and table.indicator == NEVER:
        edits.find("info", (one, other), policy, _never_opened, policy, met)
    else:
        without = table.edition or "None" if table and table.state == "passes" else None
        edits.find("info" if without else severity, (one, other), policy, _needs_modifier, policy, met, without)


def check_at_most(edits: EditContext, policy: Policy) -> None:
    """Find more units of a policy's codes than it allows in all."""
    lines = [line for line in edits.claimed if in_ranges(line.code, policy.codes)]
    reached = sum([units_wanted(edits, line) for line in lines])
    if policy.at_most is not None and reached > policy.at_most:
        edits.find(_severity(edits, policy), lines, policy, _over_in_all, policy, lines)


def units_wanted(edits: EditContext, line: Line) -> int:
    """Return the units of a line; of an untimed one those typed, as the claim line has no more than its code has."""
    if line.service.timed is False and line.given.units is not None:
        return line.given.units
    return edits.units[line.number - 1] or 0


def check_add_ons(edits: EditContext, policy: Policy, codes: Mapping[str, CodePlan]) -> None:
    """Find an add-on code without a code that it adds to, for the same patient and day."""
    for code, plan in codes.items():
        known = plan.add_on
        if known is None or not known.primaries:
            continue
        edits.report.use(known.edition)
        if not any(other in known.primaries for other in codes):
            severity = edits.most if known.fits == "day" else downgrade(edits.most)
            edits.find(severity, edits.of_codes(code), policy, _add_on_alone, policy, code, known)


# ------------------------------------------------------------------------------------------- what a policy is about


def _alike(policy: Policy, met: PolicyPair) -> bool:
    """Return whether a policy treats two codes alike, and does not say which to remove."""
    return spans(policy, met.other.code, met.one.code)  # as it does the other way round


def _severity(edits: EditContext, policy: Policy) -> Severity:
    return downgrade(edits.most) if is_weak(policy) or policy.caveat else edits.most


def _strictest(edits: EditContext, policy: Policy, every: Sequence[PolicyPair]) -> list[PolicyPair]:
    """Return each pair of codes the policy is about once, by the lines for which it is strictest."""
    if len(every) < 2:
        return [*every]
    strictest: dict[frozenset[str], tuple[tuple[bool, ...], PolicyPair]] = {}
    for met in every:
        opened = _has_modifier(edits, policy, met.one, met.other)
        mild = (met.holds != "yes", met.holds != "open", met.given_distinct, not met.given_not_distinct, opened)
        if met.codes not in strictest or mild < strictest[met.codes][0]:
            strictest[met.codes] = mild, met
    return [met for _, met in strictest.values()]


def _holds(edits: EditContext, policy: Policy, one: Line, other: Line) -> str:
    """Return whether two lines meet the policy's conditions: yes, no, or open."""
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
    if policy.only_if_not_distinct and not (one.given_not_distinct() or other.given_not_distinct()):
        return "no"
    if policy.same_practitioner:
        if None in (one.provider, other.provider):
            return "open"
        return "yes" if one.provider == other.provider else "no"
    if policy.region:
        regions = _regions(edits.family, one), _regions(edits.family, other)
        if not all(regions) and not _same_words(one, other):
            return "open" if policy.outcome == "never" else "no"
        same_region = _same_words(one, other) or bool(regions[0] & regions[1])
        return "yes" if same_region == (policy.region == "same") else "no"
    return "yes"


def _regions(family: EditFamily, line: Line) -> set[str]:
    """Return the known regions that a line names; none where it names none."""
    if not line.given.region:
        return set()
    text = f" {normalized(line.given.region)} "
    return {region for region, names in family.regions.items() for name in names if f" {normalized(name)} " in text}


def _same_words(one: Line, other: Line) -> bool:
    words = normalized(one.given.region or "").strip()
    return bool(words) and words == normalized(other.given.region or "").strip()


def _has_modifier(edits: EditContext, policy: Policy, one: Line, other: Line) -> bool:
    places = {"codes": (one,), "together_with": (other,), "either": (one, other)}[policy.modifier_on]
    return any(carries(edits.modifiers[line.number - 1], policy.modifiers) for line in places)


# ------------------------------------------------------------------------------------------------------ in words


def condition(policy: Policy | None) -> str:
    """Return when a modifier is true, in a few words."""
    if policy is None or not policy.record:
        return "distinct"
    return "separate region" if policy.region == "different" else "documented"


def caveat_of(policy: Policy) -> str:
    """Return what is not certain about a policy, to be shown with it."""
    return f" Caveat: {policy.caveat}" if policy.caveat else ""


def instead(goes: str, stays: str) -> str:
    """Return what to do about two codes of which one is removed."""
    return f"Bill {stays} without {goes}."


def _both(met: PolicyPair) -> str:
    return f"{met.one.code} with {met.other.code}"


def _says(policy: Policy, met: PolicyPair) -> str:
    return f"{_both(met)}: {policy.says}{caveat_of(policy)}"


def _in_short(policy: Policy, met: PolicyPair, else_says: str) -> list[str]:
    """Return a policy's headline, or its effect where there is no room; marked where it is not certain."""
    sure = weak_mark(policy) or (" (not certain)" if policy.caveat else "")
    headline = in_short(policy).rstrip(".")
    named = headline if any(code in headline for code in met.codes) else f"{_both(met)}: {headline}"
    return [f"{named}{sure}.", f"{_both(met)}: {else_says}{sure}."]


def _who_unknown(policy: Policy, met: PolicyPair) -> Point:
    codes = " and ".join(sorted(met.codes))
    return Point(f"{codes}: {policy.says} Who provided each is not given. ({policy.id})",
                 "who provided {} (add --provider)", (codes,))  # fmt: skip


def _region_unknown(policy: Policy, met: PolicyPair) -> Words:
    regions = f"Which region each of {met.one.code} and {met.other.code} was in is not given in words we know."
    return Words(f"{policy.says} {regions}", [f"{_both(met)}: same region? It is not given in words we know."],
                 "Add the region of both lines.")  # fmt: skip


def _given_as_separate(policy: Policy, met: PolicyPair) -> Words:
    says = f"{_says(policy, met)} A line is given as a separate service. Have the record show that one had "
    says += "nothing to do with the other."
    short = [f"{each} Given as separate." for each in _in_short(policy, met, "do not report both")]
    return Words(says, short, "Have the record show it.")


def _not_together(policy: Policy, met: PolicyPair, goes: str | None) -> Words:
    (stays,) = met.codes - {goes} if goes else ("",)
    fix = instead(goes, stays) if goes else "Bill one of the two."
    return Words(_says(policy, met), _in_short(policy, met, "do not report both"), fix)


def _same_diagnosis(policy: Policy, met: PolicyPair) -> Words:
    says = _says(policy, met)
    says += " Both lines point to the same diagnosis. Point each to the diagnosis of its own region."
    return Words(says, [f"{_both(met)}: both lines point to the same diagnosis."],
                 "Point each to its own region's diagnosis.")  # fmt: skip


def _never_opened(policy: Policy, met: PolicyPair) -> Words:
    says = _says(policy, met) + " By the table no modifier opens the pair. Where each was given by its own specialty, "
    says += "ask the contractor."
    return Words(says, [f"{_both(met)}: no modifier opens the edit. Ask the contractor if two specialties."],
                 "Bill one of the two.")  # fmt: skip


def _needs_modifier(policy: Policy, met: PolicyPair, without: str | None) -> Words:
    one, other = met.one.code, met.other.code
    names = either(policy.modifiers)
    on = {"codes": one, "together_with": other, "either": f"{one} or {other}"}[policy.modifier_on]
    how = f"If the record shows {policy.record or 'that they were distinct'}: {names} on {on}. Otherwise not both."
    no_edit = f" The table of {without} has no edit between them." if without else ""
    return Words(f"{_says(policy, met)}{no_edit} {how}", _in_short(policy, met, "not both without a modifier"),
                 f"{names} on {on} if {condition(policy)}.")  # fmt: skip


def _over_in_all(policy: Policy, lines: Sequence[Line]) -> Words:
    codes = ", ".join(dict.fromkeys(line.code for line in lines))
    return Words(f"{codes}: {policy.says}",
                 [f"{in_short(policy)}{weak_mark(policy)}", f"{codes_of(lines)}: {policy.at_most} in all per day."],
                 f"Bill {policy.at_most} in all.")  # fmt: skip


def _add_on_alone(policy: Policy, code: str, known: AddOn) -> Words:
    shown = ", ".join(known.primaries[:6]) + (" and others" if len(known.primaries) > 6 else "")
    return Words(
        f"{code} adds to {shown}, and none of them is on the claim ({known.edition.edition}). {policy.says} "
        f"Bill the code that {code} adds to where it was done, or leave {code} out.",
        [
            f"{code}: an add-on to {listed(known.primaries, 3)}, not on the claim ({known.edition.edition}).",
            f"{code}: no code that it adds to is on the claim.",
        ],
        "Add that code, or leave this one out.",
    )
