"""Checks on the rules for a whole claim: modifiers, disciplines, edit families and their policies."""

from collections.abc import Mapping
from difflib import get_close_matches

from ..model.claim import Modifier
from ..model.rules import Policy
from .load import Parts
from .yaml_strict import MOST_PROBLEMS

_SEARCHED = 50  # problems that get a suggestion; searching for the nearest name is slow
_LONGEST = 60  # characters of a name used in that search


class TooMany(Exception):
    """The list of problems is full: nothing more is checked."""


def enough(parts: Parts) -> None:
    """Raise TooMany if the list of problems is full."""
    if len(parts.problems) >= MOST_PROBLEMS:
        raise TooMany


def unknown(parts: Parts, place: str, kind: str, key: str, known: Mapping[str, object]) -> None:
    """Report an unknown id, with the nearest known one. Raises TooMany."""
    enough(parts)
    near = get_close_matches(key[:_LONGEST], known, 1) if len(parts.problems) < _SEARCHED else []
    todo = f"did you mean {near[0]!r}?" if near else f"add the {kind}, or fix the id"
    parts.problem(place, f"no {kind} {key!r}", f"the id of a {kind} in the rule base", todo)


def check_visit_parts(parts: Parts) -> None:
    """Append every problem to parts.problems."""

    def modifiers(place: str, named: tuple[str | None, ...]) -> None:
        for each in named:
            if each is not None and each not in parts.modifiers:
                unknown(parts, place, "modifier", each, parts.modifiers)

    for modifier in parts.modifiers.values():
        clashes = (each for clash in modifier.never_with for each in clash.modifiers)
        modifiers(f"modifier:{modifier.modifier}", (*modifier.only_with, *clashes))
        _ends_after_it_starts(parts, f"modifier:{modifier.modifier}", modifier)
    claimed: dict[str, str] = {}
    for discipline in parts.disciplines.values():
        place = f"discipline:{discipline.id}"
        modifiers(place, (discipline.modifier, discipline.assistant_modifier))
        for provider in discipline.providers:
            first = claimed.setdefault(provider, discipline.id)
            if first != discipline.id:
                what = f"the provider {provider!r} belongs to {first!r} too"
                parts.problem(place, what, "a provider in one discipline", "remove it from one")
    for family in parts.edits.values():
        for policy in family.policies:
            _policy(parts, policy)
            modifiers(f"policy:{policy.id}", policy.modifiers)


def _policy(parts: Parts, policy: Policy) -> None:
    place = f"policy:{policy.id}"
    if policy.id in parts.rules:
        parts.problem(place, f"the id {policy.id!r} of a rule too", "an id of its own", "rename one")
    if policy.outcome == "at_most" and policy.at_most is None:
        parts.problem(place, "outcome at_most without a number", "at_most: 1 or more", "add 'at_most'")
    if policy.outcome in ("never", "modifier", "at_most") and not policy.codes:
        parts.problem(place, f"outcome {policy.outcome} without codes", "'codes'", "add them")
    if policy.outcome in ("never", "modifier") and not policy.together_with:
        parts.problem(place, f"outcome {policy.outcome} without other codes", "'together_with'", "add the codes")
    if policy.outcome == "modifier" and not policy.modifiers:
        parts.problem(place, "outcome modifier without a modifier", "'modifiers'", "add them")
    for each in (*policy.codes, *policy.together_with):
        first, _, last = each.partition("-")
        if last and last < first:
            parts.problem(place, f"the span {each!r} runs backwards", "the lower code first", "swap the two")
    _ends_after_it_starts(parts, place, policy)


def _ends_after_it_starts(parts: Parts, place: str, noun: Policy | Modifier) -> None:
    if noun.effective and noun.ends and noun.ends < noun.effective:
        parts.problem(place, "it ends before it starts", "ends on or after effective", "fix one of the dates")
