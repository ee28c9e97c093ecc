"""The policies around the pairs of a table: what is not reported together, what needs a modifier, how many in all."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import permutations
from typing import NamedTuple

from ..model import EditFamily, Policy
from ..rulebook.names import normalized
from ..rulebook.precedence import is_weak
from ..visit_model import EditAnswer, Severity
from .applied import NEVER, Applied, milder
from .day import Line, in_ranges


class Ruling(NamedTuple):
    """Why two codes are not both reported, whatever modifier stands on them; `code` goes, either where it is None."""

    policy: Policy
    code: str | None
    lines: frozenset[int]  # the numbers of those of which that is so


RuledOut = Mapping[frozenset[str], Ruling]  # two codes -> why not both


class Meeting(NamedTuple):
    """Two lines that a policy is about, the one of its own codes first, and whether its conditions hold for them."""

    one: Line
    other: Line
    holds: str  # yes, no, open

    @property
    def codes(self) -> frozenset[str]:
        """The two codes, whichever is which."""
        return frozenset((self.one.code, self.other.code))

    @property
    def told_distinct(self) -> bool:
        """Whether one of them says why it is a service apart, and none that it is none."""
        return bool(self.one.told.distinct or self.other.told.distinct) and not self.told_not_distinct

    @property
    def told_not_distinct(self) -> bool:
        """Whether one of them was told to be no service apart."""
        return self.one.told_not_distinct() or self.other.told_not_distinct()


def ruled_out(applied: Applied) -> RuledOut:
    """Of which two codes of the day only one is reported, by a policy and by what was told of the lines."""
    found: dict[frozenset[str], Ruling] = {}
    reached: dict[frozenset[str], set[int]] = {}
    for policy in applied.policies:
        for met in _every_meeting(applied, policy):
            if met.holds == "yes" and _not_both(policy, met):
                reached.setdefault(met.codes, set()).update((met.one.number, met.other.number))
        for met in _meetings(applied, policy):
            if met.holds == "yes" and _not_both(policy, met):
                before = found.get(met.codes)  # one that names which of two goes comes before one that takes them alike
                if before is None or (_alike(before.policy, met) and not _alike(policy, met)):
                    found[met.codes] = Ruling(policy, _goes(policy, met), frozenset())
    return {codes: each._replace(lines=frozenset(reached[codes])) for codes, each in found.items()}


def _goes(policy: Policy, met: Meeting) -> str | None:
    """Which of two codes goes: the policy's own; where it takes them alike, the one told to be no separate service."""
    if not _alike(policy, met):
        return met.one.code
    told = [line.code for line in (met.one, met.other) if line.told_not_distinct()]
    return told[0] if len(told) == 1 else None


def _not_both(policy: Policy, met: Meeting) -> bool:
    """Whether a policy takes no modifier for two lines: none at all, or none that would be true of them."""
    doubted = policy.unless_distinct and met.told_distinct
    return (policy.outcome == "never" and not doubted) or (policy.outcome == "modifier" and met.told_not_distinct)


def hold_against_policy(
    applied: Applied, policy: Policy, ruled_out: RuledOut, edits: Mapping[frozenset[str], EditAnswer]
) -> None:
    """Find what a policy says of the day's lines; `edits` are those of the table, by their two codes."""
    if policy.outcome == "add_ons":
        _add_ons(applied, policy)
    elif policy.outcome == "at_most":
        _at_most(applied, policy)
    for met in _meetings(applied, policy):
        if met.holds == "open" and policy.same_practitioner:
            codes = " and ".join(sorted(met.codes))
            applied.day.leave_out(f"{codes}: {policy.says} Who furnished each was not told. ({policy.id})")
        elif met.holds == "open":
            where = f"Which region each of {met.one.code} and {met.other.code} was given in was not told in words known"
            fix = "Tell the region of both lines."
            applied.find(milder(applied.worst), f"{policy.says} {where} here.", [met.one, met.other], policy, fix)
        elif met.holds == "yes" and _not_both(policy, met):
            _one_goes(applied, policy, met, ruled_out[met.codes].code)
        elif met.holds == "yes" and policy.outcome == "never":
            says = f"{_says(policy, met)} A line was told to be a service apart."
            fix = "Have the record show that one had nothing to do with the other."
            applied.find(milder(_severity(applied, policy)), says, [met.one, met.other], policy, fix)
        elif met.holds == "yes":
            _needs_a_modifier(applied, policy, met, edits.get(met.codes))


def _one_goes(applied: Applied, policy: Policy, met: Meeting, goes: str | None) -> None:
    gone = [line for line in (met.one, met.other) if goes in (line.code, None)]
    (stays,) = met.codes - {goes} if goes else ("",)
    fix = instead(goes, stays) if goes else "Bill one of the two."
    severity = _severity(applied, policy)
    applied.find(severity, _says(policy, met), gone, policy, fix)
    for line in gone if goes and severity == "block" else ():
        line.denied = True


def _needs_a_modifier(applied: Applied, policy: Policy, met: Meeting, edit: EditAnswer | None) -> None:
    one, other, says, severity = met.one, met.other, _says(policy, met), milder(_severity(applied, policy))
    if _has_modifier(policy, one, other):
        if policy.region and one.told.diagnoses and {*one.told.diagnoses} == {*other.told.diagnoses}:
            fix = "Point each of the two lines to the diagnosis of its own region."
            applied.find(severity, f"{says} Both lines point to the same diagnosis.", [one, other], policy, fix)
    elif edit and edit.state == "fails" and edit.indicator == NEVER:
        says += " By the table no modifier opens the pair."
        fix = "Bill one of the two; where each was given by its own specialty, ask the contractor."
        applied.find("info", says, [one, other], policy, fix)
    else:
        place = {"codes": one.code, "together_with": other.code, "either": f"{one.code} or {other.code}"}
        names, record = " or ".join(policy.modifiers), policy.record or "that they were distinct"
        fix = f"If the record shows {record}: {names} on {place[policy.modifier_on]}. Otherwise not both."
        if edit and edit.state == "passes":
            severity, says = "info", f"{says} The table of {edit.edition} has no edit between them."
        applied.find(severity, says, [one, other], policy, fix)


def _says(policy: Policy, met: Meeting) -> str:
    return f"{met.one.code} beside {met.other.code}: {policy.says}{caveat_of(policy)}"


def instead(goes: str, stays: str) -> str:
    """What to do about two codes of which one goes."""
    return f"Bill {stays} without {goes}."


def concerns(policy: Policy, one: str, other: str) -> bool:
    """Whether a policy is about two codes, whichever stands first."""
    return _spans(policy, one, other) or _spans(policy, other, one)


def _alike(policy: Policy, met: Meeting) -> bool:
    """Whether a policy takes two codes alike, and does not say which of them goes."""
    return _spans(policy, met.other.code, met.one.code)  # as it does the other way round


def _spans(policy: Policy, own: str, beside: str) -> bool:
    return in_ranges(own, policy.codes) and in_ranges(beside, policy.together_with)


def caveat_of(policy: Policy) -> str:
    """What is not certain of a policy, to be shown in the same breath."""
    return f" Caveat: {policy.caveat}" if policy.caveat else ""


def _severity(applied: Applied, policy: Policy) -> Severity:
    return milder(applied.worst) if is_weak(policy) or policy.caveat else applied.worst


def _meetings(applied: Applied, policy: Policy) -> Iterable[Meeting]:
    """Every two codes that the policy is about, each once: by the lines of them for which it holds most strictly."""
    strictest: dict[frozenset[str], tuple[tuple[bool, ...], Meeting]] = {}
    for met in _every_meeting(applied, policy):
        opened = _has_modifier(policy, met.one, met.other)
        mild = (met.holds != "yes", met.holds != "open", met.told_distinct, not met.told_not_distinct, opened)
        if met.codes not in strictest or mild < strictest[met.codes][0]:
            strictest[met.codes] = mild, met
    return [met for _, met in strictest.values()]


def _every_meeting(applied: Applied, policy: Policy) -> Iterator[Meeting]:
    """Every two lines of two codes that the policy is about."""
    lines = sorted(applied.day.claimed(), key=lambda line: (line.code, line.number))
    for one, other in permutations(lines, 2):
        if one.code != other.code and _spans(policy, one.code, other.code):
            yield Meeting(one, other, _holds(applied, policy, one, other))


def _holds(applied: Applied, policy: Policy, one: Line, other: Line) -> str:
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
