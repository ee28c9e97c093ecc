"""Checks for two rules that give two answers to one question on one day."""

from collections.abc import Iterator, Mapping

from msgspec import structs

from ..model.devices import Modality
from ..model.rules import Applies, Rule
from .check_visit import enough
from .load import Parts
from .precedence import ends_before, is_weak, specificity, starts

_MOST_AT_ONCE = 200  # rules of one rank about one thing in force on one day
_MOST_COMPARED = 2_000_000  # combinations of an answer and a thing it is about, over all rules


def check_conflicts(parts: Parts) -> None:
    """Report two rules of one payer and rank that would answer the same question differently on the same day.

    Rules are compared only with rules about the same thing, so a rule base of a hundred thousand rules can be checked.
    """
    narrower = _narrower(parts)
    together: dict[tuple[object, ...], list[tuple[Rule, str]]] = {}
    compared = 0
    for rule in parts.rules.values():
        if rule.applies.condition:
            continue  # it never decides by itself, so it contradicts nothing
        own = rule.id in parts.clinic_rules
        rank = (rule.payer, own, rule.binding, is_weak(rule), specificity(rule.applies))
        about, answers = _about(parts, rule.applies, narrower), [*_answers(rule)]
        compared += len(about) * len(answers)
        if compared > _MOST_COMPARED:
            what = "the rules up to this one name too many codes to compare them all"
            parts.problem(f"rule:{rule.id}", what, f"at most {_MOST_COMPARED:,} answers", "use fewer codes per rule")
            return
        for each in about:
            for effect, says in answers:
                if says:
                    together.setdefault((rank, effect, each), []).append((rule, says))
    reported: set[tuple[str, str]] = set()
    for (_, _, thing), said_of_it in together.items():
        for (one, said), (other, says) in _on_the_same_days(parts, said_of_it):
            if str(thing).startswith("by ") and one.applies.modalities and other.applies.modalities:
                continue
            named = one.id in other.replaces or other.id in one.replaces or (one.id, other.id) in reported
            if named or not _can_meet(one.applies, other.applies):
                continue
            reported.add((one.id, other.id))
            enough(parts)
            where = parts.places.get(f"rule:{one.id}", one.id)
            parts.problem(
                f"rule:{other.id}",
                f"{says} where {one.id!r} ({where}) says {said} on the same days",
                "one answer from rules of the same rank",
                "end one, narrow one, or name the other in 'replaces'",
            )


_Says = tuple[Rule, str]


def _on_the_same_days(parts: Parts, answers: list[_Says]) -> Iterator[tuple[_Says, _Says]]:
    """Yield every two different answers in force on the same day, in the order of the rules.

    Goes through them by first day, and compares each with those that have not ended by then.
    """
    if len({says for _, says in answers}) < 2:
        return
    order = {id(rule): place for place, (rule, _) in enumerate(answers)}
    running: list[_Says] = []
    for new in sorted(answers, key=lambda answer: starts(answer[0])):
        running = [each for each in running if not ends_before(each[0], new[0])]
        for each in running:
            if each[0] is not new[0] and each[1] != new[1]:  # a rule against itself is another check
                yield (each, new) if order[id(each[0])] < order[id(new[0])] else (new, each)
        running.append(new)
        if len(running) > _MOST_AT_ONCE:
            what = f"more than {_MOST_AT_ONCE} rules of this payer about one thing are in force at once"
            parts.problem(f"rule:{new[0].id}", what, "fewer", "merge rules that say the same")
            return


def _answers(rule: Rule) -> Iterator[tuple[str, str | None]]:
    """Yield the answers of a rule by effect, as text to compare and to show."""
    yield "verdict", rule.verdict
    yield from ((key, rule.code) for key in rule.replaces)
    yield from ((f"accepting {code}", f"{code} is accepted") for code in {*rule.accepts, *filter(None, [rule.code])})
    yield from ((f"accepting {code}", f"{code} is refused") for code in rule.refuses)
    yield "unit_rule", rule.unit_rule
    yield "edits", rule.edits
    if rule.situation:
        yield f"situation.{rule.situation.given}", f"{rule.situation.given} is {rule.situation.then}"
    for effect in ("assistant", "threshold", "rates"):
        for name, value in structs.asdict(getattr(rule, effect)).items() if getattr(rule, effect) else ():
            yield f"{effect}.{name}", f"{name} {value}" if value else None


def _about(parts: Parts, applies: Applies, narrower: Mapping[str, set[str]]) -> set[str]:
    """Return what a rule is about: its devices or manufacturers, else every treatment and code."""
    if applies.devices or applies.manufacturers:
        made = {device for device, made_by in parts.manufacturer_of.items() if made_by in applies.manufacturers}
        return {*applies.devices} | made | {f"manufacturer {key}" for key in applies.manufacturers}
    treatments = {each for key in applies.modalities for each in narrower.get(key, {key})}
    leads = {code for key in treatments if key in parts.modalities for code in _leads(parts.modalities[key])}
    return treatments | {*applies.codes} | {f"by {code}" for code in leads | {*applies.codes}} or {"anything"}


def _leads(modality: Modality) -> Iterator[str]:
    choices = modality.decide.answers if modality.decide else ()
    yield from filter(None, (modality.code, *modality.home_codes, *(choice.code for choice in choices)))


def _narrower(parts: Parts) -> dict[str, set[str]]:
    """Return, for every modality, itself and all that are a kind of it."""
    below: dict[str, set[str]] = {}
    for key in parts.modalities:
        for wider in _family(parts, key):
            below.setdefault(wider, set()).add(key)
    return below


def _can_meet(one: Applies, other: Applies) -> bool:
    """Return whether the other conditions of two rules about one thing can be true together."""
    for name in ("settings", "states", "providers", "disciplines", "claims"):
        mine, theirs = getattr(one, name), getattr(other, name)
        if mine and theirs and not {*mine} & {*theirs}:
            return False
    for name in ("therapy", "care", "abn"):
        if None not in (mine := getattr(one, name), theirs := getattr(other, name)) and mine != theirs:
            return False
    if one.devices or one.manufacturers:  # both name devices or manufacturers: their treatments still count
        for named, also in ((one.modalities, other.modalities), (one.codes, other.codes)):
            if named and also and not {*named} & {*also}:
                return False
    return True


def _family(parts: Parts, modality: str) -> Iterator[str]:
    seen: set[str] = set()
    current: str | None = modality
    while current and current in parts.modalities and current not in seen:
        seen.add(current)
        yield current
        current = parts.modalities[current].kind_of
