"""Checks NCCI policies that no table has: codes not reported together, modifiers needed, units in all."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import NamedTuple

from ..model.rules import EditFamily, Policy
from ..model.visit import EditAnswer, Severity
from ..rulebook.names import normalized
from ..rulebook.precedence import is_weak
from .day import Line, in_ranges
from .edit_context import NEVER, EditContext, downgrade
from .phrases import codes_of, either, in_short, listed, weak_mark


class Exclusion(NamedTuple):
    """Why two codes cannot both be billed. `code` is the one to drop; None means either."""

    policy: Policy
    code: str | None
    lines: frozenset[int]  # the numbers of the lines it is true of


RuledOut = Mapping[frozenset[str], Exclusion]  # two codes -> why not both


class PolicyPair(NamedTuple):
    """Two lines that a policy applies to: `one` has one of its own codes. `holds`: whether its conditions are met."""

    one: Line
    other: Line
    holds: str  # yes, no, open

    @property
    def codes(self) -> frozenset[str]:
        """The two codes, whichever is which."""
        return frozenset((self.one.code, self.other.code))

    @property
    def told_distinct(self) -> bool:
        """Return whether one of them says why it is a separate service, and neither that it is not."""
        return bool(self.one.given.distinct or self.other.given.distinct) and not self.given_not_distinct

    @property
    def given_not_distinct(self) -> bool:
        """Return whether one of them was given as not a separate service."""
        return self.one.given_not_distinct() or self.other.given_not_distinct()


def ruled_out(applied: EditContext) -> RuledOut:
    """Return the pairs of the day of which only one code is reported, by a policy and what is given of the lines."""
    found: dict[frozenset[str], Exclusion] = {}
    reached: dict[frozenset[str], set[int]] = {}
    for policy in applied.policies:
        for met in _every_pair(applied, policy):
            if met.holds == "yes" and _not_both(policy, met):
                reached.setdefault(met.codes, set()).update((met.one.number, met.other.number))
        for met in _policy_pairs(applied, policy):
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
    doubted = policy.unless_distinct and met.told_distinct
    return (policy.outcome == "never" and not doubted) or (policy.outcome == "modifier" and met.given_not_distinct)


def check_policy(
    applied: EditContext, policy: Policy, ruled_out: RuledOut, edits: Mapping[frozenset[str], EditAnswer]
) -> None:
    """Report what a policy says of the day's lines; `edits` are those of the table, by their two codes."""
    if policy.outcome == "add_ons":
        _add_ons(applied, policy)
    elif policy.outcome == "at_most":
        _at_most(applied, policy)
    for met in _policy_pairs(applied, policy):
        if met.holds == "open" and policy.same_practitioner:
            codes = " and ".join(sorted(met.codes))
            applied.day.note_unchecked(f"{codes}: {policy.says} Who provided each is not given. ({policy.id})",
                                       "who provided {} (add --provider)", codes)  # fmt: skip
        elif met.holds == "open":
            regions = f"Which region each of {met.one.code} and {met.other.code} was in is not given in words we know."
            applied.find(downgrade(applied.max_severity), f"{policy.says} {regions}", [met.one, met.other], policy,
                         "Add the region of both lines.",
                         [f"{_both(met)}: same region? It is not given in words we know."])  # fmt: skip
        elif met.holds == "yes" and _not_both(policy, met):
            _one_goes(applied, policy, met, ruled_out[met.codes].code)
        elif met.holds == "yes" and policy.outcome == "never":
            says = f"{_says(policy, met)} A line is given as a separate service. Have the record show that one had "
            says += "nothing to do with the other."
            applied.find(downgrade(_severity(applied, policy)), says, [met.one, met.other], policy,
                         "Have the record show it.",
                         [f"{each} Given as separate." for each in _in_short(policy, met, "do not report both")],
                         )  # fmt: skip
        elif met.holds == "yes":
            _needs_a_modifier(applied, policy, met, edits.get(met.codes))


def _one_goes(applied: EditContext, policy: Policy, met: PolicyPair, goes: str | None) -> None:
    gone = [line for line in (met.one, met.other) if goes in (line.code, None)]
    (stays,) = met.codes - {goes} if goes else ("",)
    fix = instead(goes, stays) if goes else "Bill one of the two."
    severity = _severity(applied, policy)
    applied.find(severity, _says(policy, met), gone, policy, fix, _in_short(policy, met, "do not report both"))
    for line in gone if goes and severity == "block" else ():
        line.denied = True


def _needs_a_modifier(applied: EditContext, policy: Policy, met: PolicyPair, edit: EditAnswer | None) -> None:
    one, other, says, severity = met.one, met.other, _says(policy, met), downgrade(_severity(applied, policy))
    if _has_modifier(policy, one, other):
        if policy.region and one.given.diagnoses and {*one.given.diagnoses} == {*other.given.diagnoses}:
            says += " Both lines point to the same diagnosis. Point each to the diagnosis of its own region."
            applied.find(severity, says, [one, other], policy, "Point each to its own region's diagnosis.",
                         [f"{_both(met)}: both lines point to the same diagnosis."])  # fmt: skip
    elif edit and edit.state == "fails" and edit.indicator == NEVER:
        says += " By the table no modifier opens the pair. Where each was given by its own specialty, ask the "
        says += "contractor."
        applied.find("info", says, [one, other], policy, "Bill one of the two.",
                     [f"{_both(met)}: no modifier opens the edit. Ask the contractor if two specialties."])  # fmt: skip
    else:
        place = {"codes": one.code, "together_with": other.code, "either": f"{one.code} or {other.code}"}
        names, on = either(policy.modifiers), place[policy.modifier_on]
        how = f"If the record shows {policy.record or 'that they were distinct'}: {names} on {on}. Otherwise not both."
        without = ""
        if edit and edit.state == "passes":
            severity, without = "info", f" The table of {edit.edition} has no edit between them."
        applied.find(severity, f"{says}{without} {how}", [one, other], policy,
                     f"{names} on {on} if {condition(policy)}.",
                     _in_short(policy, met, "not both without a modifier"))  # fmt: skip


def condition(policy: Policy | None) -> str:
    """Return when a modifier is true, in a few words."""
    if policy is None or not policy.record:
        return "distinct"
    return "separate region" if policy.region == "different" else "documented"


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


def instead(goes: str, stays: str) -> str:
    """Return what to do about two codes of which one is removed."""
    return f"Bill {stays} without {goes}."


def concerns(policy: Policy, one: str, other: str) -> bool:
    """Return whether a policy is about two codes, in either order."""
    return _spans(policy, one, other) or _spans(policy, other, one)


def _alike(policy: Policy, met: PolicyPair) -> bool:
    """Return whether a policy treats two codes alike, and does not say which to remove."""
    return _spans(policy, met.other.code, met.one.code)  # as it does the other way round


def _spans(policy: Policy, own: str, beside: str) -> bool:
    return in_ranges(own, policy.codes) and in_ranges(beside, policy.together_with)


def caveat_of(policy: Policy) -> str:
    """Return what is not certain about a policy, to be shown with it."""
    return f" Caveat: {policy.caveat}" if policy.caveat else ""


def _severity(applied: EditContext, policy: Policy) -> Severity:
    return downgrade(applied.max_severity) if is_weak(policy) or policy.caveat else applied.max_severity


def _policy_pairs(applied: EditContext, policy: Policy) -> Iterable[PolicyPair]:
    """Yield each pair of codes the policy is about once, by the lines for which it is strictest."""
    strictest: dict[frozenset[str], tuple[tuple[bool, ...], PolicyPair]] = {}
    for met in _every_pair(applied, policy):
        opened = _has_modifier(policy, met.one, met.other)
        mild = (met.holds != "yes", met.holds != "open", met.told_distinct, not met.given_not_distinct, opened)
        if met.codes not in strictest or mild < strictest[met.codes][0]:
            strictest[met.codes] = mild, met
    return [met for _, met in strictest.values()]


def _every_pair(applied: EditContext, policy: Policy) -> Iterator[PolicyPair]:
    """Yield every two lines of two codes that the policy is about."""
    own = [line for line in applied.claimed if in_ranges(line.code, policy.codes)]
    beside = [line for line in applied.claimed if own and in_ranges(line.code, policy.together_with)]
    for one, other in product(own, beside):
        if one.code != other.code:
            yield PolicyPair(one, other, _holds(applied, policy, one, other))


def _holds(applied: EditContext, policy: Policy, one: Line, other: Line) -> str:
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
        return "yes" if applied.day.visit.provider else "open"
    if policy.region:
        regions = _regions(applied.family, one), _regions(applied.family, other)
        if not all(regions) and not _same_words(one, other):
            return "open" if policy.outcome == "never" else "no"
        same_region = _same_words(one, other) or bool(regions[0] & regions[1])
        return "yes" if same_region == (policy.region == "same") else "no"
    return "yes"


def _regions(family: EditFamily, line: Line) -> set[str]:
    """Return the known regions that a line names; none where it names none."""
    text = f" {normalized(line.given.region or '')} "
    return {
        region
        for region, names in family.regions.items()
        for name in names
        if f" {normalized(name)} " in text
    }  # fmt: skip


def _same_words(one: Line, other: Line) -> bool:
    words = normalized(one.given.region or "").strip()
    return bool(words) and words == normalized(other.given.region or "").strip()


def _has_modifier(policy: Policy, one: Line, other: Line) -> bool:
    places = {"codes": (one,), "together_with": (other,), "either": (one, other)}[policy.modifier_on]
    return any(line.carries(policy.modifiers) for line in places)


def _at_most(applied: EditContext, policy: Policy) -> None:
    lines = [line for line in applied.day.claimed() if in_ranges(line.code, policy.codes)]
    typed = sum((line.given.units if line.given.units is not None else line.units or 0) for line in lines)
    if policy.at_most is not None and typed > policy.at_most:
        codes = ", ".join(dict.fromkeys(line.code for line in lines))
        fix = f"Bill {policy.at_most} in all."
        short = [f"{in_short(policy)}{weak_mark(policy)}", f"{codes_of(lines)}: {policy.at_most} in all per day."]
        applied.find(_severity(applied, policy), f"{codes}: {policy.says}", lines, policy, fix, short)


def _add_ons(applied: EditContext, policy: Policy) -> None:
    """Report an add-on code without a code that it adds to, for the same patient and day."""
    day = applied.day
    codes = [*dict.fromkeys(line.code for line in day.claimed())]
    for code in codes:
        known = day.tables.add_ons(code, day.service_date)
        if known is None or not known.primaries:
            continue
        day.use(known.edition)
        if {*known.primaries} & {*codes}:
            continue
        shown = ", ".join(known.primaries[:6]) + (" and others" if len(known.primaries) > 6 else "")
        applied.find(
            applied.max_severity if known.fits == "day" else downgrade(applied.max_severity),
            f"{code} adds to {shown}, and none of them is on the claim ({known.edition.edition}). {policy.says} "
            f"Bill the code that {code} adds to where it was done, or leave {code} out.",
            [line for line in day.claimed() if line.code == code],
            policy,
            "Add that code, or leave this one out.",
            [
                f"{code}: an add-on to {listed(known.primaries, 3)}, not on the claim ({known.edition.edition}).",
                f"{code}: no code that it adds to is on the claim.",
            ],
        )
