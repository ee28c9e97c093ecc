"""Which modifiers the payer's rules require with a code: all of some, one of several, or some that depend on more."""

from collections.abc import Collection, Iterable

from msgspec import Struct

from ..advice.matching import Match
from ..model.claim import Discipline
from ..model.codes import Code
from ..model.rules import Rule

Choice = tuple[str, ...]  # modifiers of which a line needs one
Requiring = Iterable[tuple[Rule, Match]]


class Needs(Struct, frozen=True):
    """The modifiers that a line lacks, by rule, and the rules that may require some."""

    all_of: tuple[tuple[Rule, Choice], ...] = ()
    one_of: tuple[tuple[Rule, Choice], ...] = ()
    unsure: tuple[tuple[Rule, Match], ...] = ()  # depends on what no option settles
    not_given: tuple[tuple[Rule, Match], ...] = ()  # depends on who provides it, its plan, claim or care


def needs_of(
    requiring: Requiring,
    known: Code | None,
    discipline: Discipline | None,
    modifiers: Collection[str],
    shared_with_assistant: bool = False,
) -> Needs:
    """Return what a line with some modifiers lacks. `requiring` are the rules that ask for a modifier, or may."""
    all_of, one_of, unsure, not_given = [], [], [], []
    for rule, found in requiring:
        if found.truth == "open":
            if (rule.modifiers or rule.one_of_modifiers) and (rule.applies.care or rule.applies.condition):
                unsure.append((rule, found))
            elif found.only_circumstances:
                not_given.append((rule, found))
            continue
        if rule.applies.assistant and shared_with_assistant:
            continue  # from which share on is for the split to say, where the payer's rule gives one
        every = choices(rule, known, discipline, modifiers)
        missing = [each for each in every if each and not any(one in each for one in modifiers)]
        if single := tuple([each[0] for each in missing if len(each) == 1]):
            all_of.append((rule, single))
        one_of += [(rule, choice) for choice in missing if len(choice) > 1]
    return Needs(tuple(all_of), tuple(one_of), tuple(unsure), tuple(not_given))


def choices(rule: Rule, known: Code | None, discipline: Discipline | None, modifiers: Collection[str]) -> list[Choice]:
    """Return the sets of modifiers that a rule requires on a line, one of each set.

    Where a rule names one plan of care and the line has another that the code allows, the line's own counts.
    """
    plans = known.therapy_modifiers if known else ()
    own = discipline.modifier if discipline and discipline.modifier in plans else None
    every: list[Choice] = [(own,) if own and each in plans else (each,) for each in rule.modifiers]
    if rule.one_of_modifiers:
        every.append(_possible(rule, plans, discipline, modifiers))
    return every


def _possible(rule: Rule, listed: Choice, plan: Discipline | None, modifiers: Collection[str]) -> Choice:
    """Return, of modifiers of which a rule requires one, that of the line's discipline, else those its code accepts."""
    if any(each in rule.one_of_modifiers for each in modifiers):
        return ()
    if plan and listed and plan.modifier not in listed:
        return ()  # as is said of the line
    own = (plan.modifier, plan.assistant_modifier) if plan else ()
    fitting = tuple(each for each in rule.one_of_modifiers if each in own)
    return fitting or tuple(each for each in rule.one_of_modifiers if each in listed) or rule.one_of_modifiers
