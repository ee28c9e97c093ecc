"""The policies around the pairs of a table: what is not reported together, what needs a modifier, how many in all."""

from collections.abc import Collection, Iterable, Mapping
from itertools import combinations
from typing import NamedTuple

from ..model import EditFamily, Policy
from ..rulebook.names import normalized
from ..rulebook.precedence import is_weak
from ..visit_model import Severity
from .applied import Applied, milder
from .day import Day, Line, in_ranges


class Ruling(NamedTuple):
    """Why two codes are not both reported, whatever modifier stands on them; `code` goes, either where it is None."""

    policy: Policy
    code: str | None


RuledOut = Mapping[frozenset[str], Ruling]  # two codes -> why not both


def ruled_out(applied: Applied) -> RuledOut:
    """Of which two codes of the day only one is reported, by a policy and by what was told of the lines."""
    found: dict[frozenset[str], Ruling] = {}
    for policy in applied.policies:
        for one, other in _meetings(applied.day, policy):
            if _not_both(policy, one, other) and _holds(applied.family, policy, one, other) == "yes":
                key, ruling = frozenset((one.code, other.code)), Ruling(policy, _goes(policy, one, other))
                before = found.get(key)  # a policy that names which of two goes comes before one that takes them alike
                if before is None or (_alike(before.policy, one, other) and not _alike(policy, one, other)):
                    found[key] = ruling
    return found


def _goes(policy: Policy, one: Line, other: Line) -> str | None:
    """Which of two codes goes: the policy's own; where it takes them alike, the one told to be no separate service."""
    if not _alike(policy, one, other):
        return one.code
    told = [line.code for line in (one, other) if line.told_not_distinct()]
    return told[0] if len(told) == 1 else None


def _not_both(policy: Policy, one: Line, other: Line) -> bool:
    """Whether a policy takes no modifier for two lines: none at all, or none that would be true of them."""
    not_distinct = one.told_not_distinct() or other.told_not_distinct()
    return policy.outcome == "never" or (policy.outcome == "modifier" and not_distinct)


def hold_against_policy(
    applied: Applied,
    policy: Policy,
    ruled_out: RuledOut,
    free: Mapping[frozenset[str], str | None],
    closed: Collection[frozenset[str]],
) -> None:
    """Find what a policy says of the day's lines.

    `free` has the pairs without an edit, by the edition that says so; `closed` those that no modifier opens.
    """
    if policy.outcome == "add_ons":
        _add_ons(applied, policy)
    elif policy.outcome == "at_most":
        _at_most(applied, policy)
    else:
        for one, other in _meetings(applied.day, policy):
            _meeting(applied, policy, one, other, ruled_out, free, closed)


def _meeting(
    applied: Applied,
    policy: Policy,
    one: Line,
    other: Line,
    ruled_out: RuledOut,
    free: Mapping[frozenset[str], str | None],
    closed: Collection[frozenset[str]],
) -> None:
    both = frozenset((one.code, other.code))
    holds = _holds(applied.family, policy, one, other)
    says = f"{one.code} beside {other.code}: {policy.says}{caveat_of(policy)}"
    severity = _severity(applied, policy)
    if holds == "open":
        where = f"Which region each of {one.code} and {other.code} was given in was not told in words known here."
        says = f"{policy.says} {where}"
        applied.find(milder(applied.worst), says, [one, other], policy, "Tell the region of both lines.")
    elif holds == "yes" and _not_both(policy, one, other):
        goes = ruled_out[both].code
        gone = [line for line in (one, other) if goes in (line.code, None)]
        fix = instead(goes, other.code if goes == one.code else one.code) if goes else "Bill one of the two."
        applied.find(severity, says, gone, policy, fix)
        for line in gone if goes and severity == "block" else ():
            line.denied = True
    elif holds == "yes" and not _has_modifier(policy, one, other) and both in closed:
        says += " By the table no modifier opens the pair."
        applied.find("info", says, [one, other], policy, "Ask the contractor, where both were given by their own kind.")
    elif holds == "yes" and not _has_modifier(policy, one, other):
        place = {"codes": one.code, "together_with": other.code, "either": f"{one.code} or {other.code}"}
        if both in free:
            says += f" The table of {free[both]} has no edit between them."
        names, record = " or ".join(policy.modifiers), policy.record or "that they were distinct"
        fix = f"If the record shows {record}: {names} on {place[policy.modifier_on]}. Otherwise not both."
        applied.find("info" if both in free else milder(severity), says, [one, other], policy, fix)
    elif holds == "yes" and policy.region and one.told.diagnoses and {*one.told.diagnoses} == {*other.told.diagnoses}:
        fix = "Point each of the two lines to the diagnosis of its own region."
        applied.find(milder(severity), f"{says} Both lines point to the same diagnosis.", [one, other], policy, fix)


def instead(goes: str, stays: str) -> str:
    """What to do about two codes of which one goes."""
    return f"Bill {stays} without {goes}."


def concerns(policy: Policy, one: str, other: str) -> bool:
    """Whether a policy is about two codes, whichever stands first."""
    return _spans(policy, one, other) or _spans(policy, other, one)


def _about(policy: Policy, one: Line, other: Line) -> bool:
    return _spans(policy, one.code, other.code)


def _alike(policy: Policy, one: Line, other: Line) -> bool:
    """Whether a policy takes two codes alike, and does not say which of them goes."""
    return _about(policy, one, other) and _about(policy, other, one)


def _spans(policy: Policy, own: str, beside: str) -> bool:
    return in_ranges(own, policy.codes) and in_ranges(beside, policy.together_with)


def caveat_of(policy: Policy) -> str:
    """What is not certain of a policy, to be shown in the same breath."""
    return f" Caveat: {policy.caveat}" if policy.caveat else ""


def _severity(applied: Applied, policy: Policy) -> Severity:
    return milder(applied.worst) if is_weak(policy) or policy.caveat else applied.worst


def _meetings(day: Day, policy: Policy) -> Iterable[tuple[Line, Line]]:
    """Every two lines that the policy is about, the one of its own codes first, each code once."""
    seen: set[tuple[str, str]] = set()
    lines = sorted(day.claimed(), key=lambda line: (line.code, line.told.region is None, line.told.region or ""))
    for first, second in combinations(lines, 2):  # in whichever order they were typed, those whose region was told
        for one, other in ((first, second), (second, first)):
            key = (one.code, other.code)
            if _about(policy, one, other) and one.code != other.code and key not in seen and key[::-1] not in seen:
                seen.add(key)
                yield one, other


def _holds(family: EditFamily, policy: Policy, one: Line, other: Line) -> str:
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


def _at_most(applied: Applied, policy: Policy) -> None:
    lines = [line for line in applied.day.claimed() if in_ranges(line.code, policy.codes)]
    typed = sum((line.told.units if line.told.units is not None else line.units or 0) for line in lines)
    if policy.at_most is not None and typed > policy.at_most:
        codes = ", ".join(dict.fromkeys(line.code for line in lines))
        fix = f"Bill {policy.at_most} in all."
        applied.find(_severity(applied, policy), f"{codes}: {policy.says}", lines, policy, fix)


def _add_ons(applied: Applied, policy: Policy) -> None:
    """An add-on code without one of the codes that it adds to, for the same patient and day."""
    day = applied.day
    codes = [*dict.fromkeys(line.code for line in day.claimed())]
    for code in codes:
        listed = day.tables.add_ons(code, day.service_date)
        if listed is None or not listed.primaries:
            continue
        day.use(listed.edition)
        if {*listed.primaries} & {*codes}:
            continue
        shown = ", ".join(listed.primaries[:6]) + (" and others" if len(listed.primaries) > 6 else "")
        applied.find(
            applied.worst if listed.fits == "day" else milder(applied.worst),
            f"{code} adds to {shown}, and none of them is on the claim ({listed.edition.edition}). {policy.says}",
            [line for line in day.claimed() if line.code == code],
            policy,
            f"Bill the code that {code} adds to where it was done, or leave {code} out.",
        )
