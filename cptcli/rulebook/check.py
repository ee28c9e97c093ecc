"""Checks on a rule base whose files are well formed: unknown ids, conflicts, rules without effect.

One run reports all problems. Running the examples of the rules takes the deciding part: visit/examples.py.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import cache
from typing import get_args

from msgspec import Struct, structs

from ..model.devices import Device, Modality
from ..model.rulebook import Topic
from ..model.rules import Payer, Rule
from .book import called
from .check_conflicts import check_conflicts
from .check_visit import TooMany, check_visit_parts, unknown
from .effects import SERVICE_EFFECTS, VISIT_EFFECTS, affects_service, affects_visit
from .headlines import check_headlines
from .load import Parts
from .problem import Problem
from .synonyms import check_synonyms
from .yaml_strict import MOST_PROBLEMS

_LISTED = MOST_PROBLEMS + 100  # leaves room for those that say where reading stopped
_LONGEST_CHAIN = 10  # parents above a payer or modality; the shipped ones have three


def check_parts(parts: Parts) -> None:
    """Append every problem to parts.problems."""
    broken = {problem.file for problem in parts.problems}  # a file with problems is not missing
    if parts.edition is None and "rulebook.yaml" not in broken:
        parts.problem("rulebook.yaml", "no rulebook.yaml", "the version of the rule base", "add the file")
    if parts.coding_verification is None and "coding-verification.yaml" not in broken:
        parts.problem("coding-verification.yaml", "no coding-verification.yaml", "one such file", "add the file")
    with suppress(TooMany):
        for check in _CHECKS:
            check(parts)
    _keep_few(parts)


def _keep_few(parts: Parts) -> None:
    """Keep the first problems by file and line, as many as a person can use, and count the others."""
    problems = sorted({*parts.problems})
    if (more := len(problems) - _LISTED) > 0:
        what = f"{more:,} further problems, which are not listed"
        parts.problems[:] = problems[:_LISTED]
        parts.problems.append(Problem("\N{HORIZONTAL ELLIPSIS}", 1, 1, what, "fewer", "fix those listed first"))


def _sources(parts: Parts) -> None:
    """Report every source id that is not known: each fact needs a source."""
    shelves: list[tuple[str, Mapping[str, Struct]]] = [
        ("code", parts.codes),
        ("modality", parts.modalities),
        ("manufacturer", parts.manufacturers),
        ("rule", parts.rules),
        ("diagnosislist", parts.diagnoses),
        ("modifier", parts.modifiers),
        ("discipline", parts.disciplines),
        ("unitrule", parts.unit_rules),
        ("claimform", parts.claim_forms),
        ("editfamily", parts.edits),
        ("table", parts.tables),
        ("topic", parts.topics),
    ]
    named = [(f"{kind}:{key}", noun) for kind, shelf in shelves for key, noun in shelf.items()]
    named += [("medicare-status.yaml", noun) for noun in parts.statuses.values()]
    if parts.coding_verification:
        named.append(("coding-verification.yaml", parts.coding_verification))
    for place, noun in named:
        for source in dict.fromkeys(sources_of(noun)):
            if source not in parts.sources:
                unknown(parts, place, "source", source, parts.sources)


def sources_of(noun: object) -> Iterator[str]:
    """Yield the source ids of a noun and of the nouns in it."""
    if isinstance(noun, tuple):
        for each in noun:
            yield from sources_of(each)
    elif isinstance(noun, Struct):
        for name in _citing(type(noun)):
            value = getattr(noun, name)
            yield from value if name == "sources" else sources_of(value)


@cache
def _citing(noun: type[Struct]) -> tuple[str, ...]:
    """Return the fields of a kind of noun that are sources, or have nouns with sources in them."""
    return tuple(
        field.name
        for field in structs.fields(noun)
        if field.name == "sources" or any(map(_citing, _nouns_in(field.type)))
    )


def _nouns_in(annotation: object) -> Iterator[type[Struct]]:
    """Yield every kind of noun in a type, as Choice in tuple[Choice, ...] | None."""
    if isinstance(annotation, type) and issubclass(annotation, Struct):
        yield annotation
    for part in get_args(annotation):
        yield from _nouns_in(part)


def _references(parts: Parts) -> None:
    def codes(place: str, named: tuple[str | None, ...]) -> None:
        for code in named:
            if code is not None and code not in parts.codes:
                unknown(parts, place, "code", code, parts.codes)

    for modality in parts.modalities.values():
        place = f"modality:{modality.id}"
        codes(place, (modality.code, *modality.home_codes))
        _decision(parts, modality, place, codes)
    for device in parts.devices.values():
        place = f"device:{device.id}"
        if device.modality not in parts.modalities:
            unknown(parts, place, "modality", device.modality, parts.modalities)
        codes(place, tuple(start.code for start in device.starting_codes))
        codes(place, (*device.home_codes, *device.coding_verification.codes))
        if device.recommendation.stance in ("recommends", "recommends_as_reported"):
            codes(place, tuple(each.code for each in device.recommendation.codes))
        if not device.settings:
            parts.problem(place, "a device used nowhere", "settings: [clinic] or [home] or both", "add the settings")
    for shared in parts.shared_names.values():
        place = f"sharedname:{shared.id}"
        for each in shared.products:
            if (each.device is None) == (each.modality is None):
                what = f"{each.name!r} is not one of a device and a modality"
                parts.problem(place, what, "'device', or 'modality' where it has no entry", "write one of the two")
            if each.device and each.device not in parts.devices:
                unknown(parts, place, "device", each.device, parts.devices)
            if each.modality and each.modality not in parts.modalities:
                unknown(parts, place, "modality", each.modality, parts.modalities)
    for code in parts.codes.values():
        codes(f"code:{code.code}", (*code.home_equipment, *(each.code for each in code.replaced_by)))
        if code.effective and code.ends and code.ends < code.effective:
            parts.problem(
                f"code:{code.code}", "it ends before it starts", "ends on or after effective", "fix one of the dates"
            )
    if parts.edition:
        for misprint, meant in parts.edition.misprints.items():
            codes("rulebook.yaml", (meant,))
            if misprint in parts.codes:
                parts.problem("rulebook.yaml", f"the misprint {misprint} is a code", "what no code is", "delete it")
        for key in parts.edition.common_modalities:
            if key not in parts.modalities:
                unknown(parts, "rulebook.yaml", "modality", key, parts.modalities)
        for key in parts.edition.common_payers:
            if key not in parts.payers:
                unknown(parts, "rulebook.yaml", "payer", key, parts.payers)
        if parts.edition.home_payer not in parts.payers:
            unknown(parts, "rulebook.yaml", "payer", parts.edition.home_payer, parts.payers)


def _decision(
    parts: Parts, modality: Modality, place: str, codes: Callable[[str, tuple[str | None, ...]], None]
) -> None:
    decide = modality.decide
    if decide is None:
        return
    answers = [choice.answer for choice in decide.answers]
    if decide.assume is not None and decide.assume not in answers:
        parts.problem(place, f"it assumes {decide.assume!r}", f"one of its answers {answers}", "write one of them")
    if len({*map(str.casefold, answers)}) < len(answers):
        parts.problem(place, "two answers alike", "answers that differ", "rename one")
    for choice in decide.answers:
        codes(place, (choice.code,))
        if choice.modality is not None and choice.modality not in parts.modalities:
            unknown(parts, place, "modality", choice.modality, parts.modalities)
        if choice.code and choice.modality:
            parts.problem(place, f"{choice.answer!r} leads to a code and a modality", "one of them", "delete one")
        if choice.modality == modality.id:
            parts.problem(place, f"{choice.answer!r} leads back to itself", "another modality", "name the code")


def _chains(parts: Parts) -> None:
    for kind, parents, known in (
        ("payer", {each.id: each.parent for each in parts.payers.values()}, parts.payers),
        ("modality", {each.id: each.kind_of for each in parts.modalities.values()}, parts.modalities),
    ):
        for start, parent in parents.items():
            if parent is not None and parent not in known:
                unknown(parts, f"{kind}:{start}", kind, parent, known)
            seen, current = [start], parent
            while current is not None and current in parents:
                chain = " -> ".join([*seen, current])
                if current in seen:
                    what = f"it is its own parent ({chain})"
                    parts.problem(f"{kind}:{start}", what, "a chain that ends", "break the circle")
                    break
                if len(seen) > _LONGEST_CHAIN:
                    what = f"{len(seen)} {kind} ids above one another ({chain})"
                    parts.problem(f"{kind}:{start}", what, f"at most {_LONGEST_CHAIN}", "shorten the chain")
                    break
                seen.append(current)
                current = parents[current]


def _rules(parts: Parts) -> None:
    for rule in parts.rules.values():
        place = f"rule:{rule.id}"
        if rule.payer not in parts.payers:
            unknown(parts, place, "payer", str(rule.payer), parts.payers)
        _effects(parts, rule, place)
        _replacement(parts, rule, place)
        named: list[tuple[str, tuple[str, ...], Mapping[str, object]]] = [
            ("device", rule.applies.devices, parts.devices),
            ("manufacturer", rule.applies.manufacturers, parts.manufacturers),
            ("modality", rule.applies.modalities, parts.modalities),
            ("code", rule.applies.codes, parts.codes),
            ("code", rule.applies.other_than, parts.codes),
            ("diagnosis list", rule.applies.diagnoses, parts.diagnoses),
            ("diagnosis list", (rule.first_diagnosis,) if rule.first_diagnosis else (), parts.diagnoses),
            ("discipline", rule.applies.disciplines, parts.disciplines),
            ("unit rule", tuple(filter(None, (rule.unit_rule,))), parts.unit_rules),
            ("edit family", tuple(filter(None, (rule.edits,))), parts.edits),
            ("code", tuple(filter(None, (rule.code, *rule.accepts))), parts.codes),
            (
                "modifier",
                (
                    *rule.modifiers,
                    *rule.one_of_modifiers,
                    *(each.modifier for each in rule.liability),
                    *((rule.threshold.modifier,) if rule.threshold else ()),
                ),
                parts.modifiers,
            ),
        ]
        for kind, keys, known in named:
            for key in keys:
                if key not in known:
                    unknown(parts, place, kind, key, known)


def _effects(parts: Parts, rule: Rule, place: str) -> None:
    """Report a rule that does nothing, contradicts itself, or never applies."""
    if not (affects_service(rule) or affects_visit(rule)):
        effects = ", ".join((*SERVICE_EFFECTS, *VISIT_EFFECTS))
        parts.problem(place, "a rule that does nothing", f"one of {effects}", "add what it does")
    if both := sorted({*rule.accepts, *filter(None, [rule.code])} & {*rule.refuses}):
        what = f"it accepts and refuses {', '.join(both)}"
        parts.problem(place, what, "one or the other", "delete it from 'refuses', or from 'accepts' or 'code'")
    if rule.verdict == "unknown":
        parts.problem(place, "verdict: unknown", "a verdict that says something", "use position_unknown: true")
    if rule.effective and rule.ends and rule.ends < rule.effective:
        parts.problem(place, "it ends before it starts", "ends on or after effective", "fix one of the dates")


def _replacement(parts: Parts, rule: Rule, place: str) -> None:
    """Report a rule that replaces nothing, itself, or what it may not replace."""
    if rule.code and not rule.replaces:
        parts.problem(place, "a code that replaces nothing", "'replaces' with a code or rule", "add 'replaces'")
    if rule.replaces and not (rule.code or rule.verdict):
        parts.problem(place, "'replaces' without a code or verdict", "what takes its place", "delete 'replaces'")
    if rule.id in _replaced_rules(parts, rule):
        parts.problem(
            place, "it replaces itself, directly or through others", "a rule that comes first", "break the circle"
        )
    for replaced in rule.replaces:
        if parts.edition and replaced in parts.edition.dropped and replaced not in parts.rules:
            version = parts.edition.dropped[replaced]
            what = f"it replaces {replaced!r}, which version {version} of the shipped rules dropped"
            parts.problem(place, what, "a rule of this version", "read the changelog, then delete or rewrite it")
        elif replaced not in parts.codes and replaced not in parts.rules:
            unknown(parts, place, "code or rule", replaced, {**parts.codes, **parts.rules})
        elif replaced in parts.rules and parts.rules[replaced].binding:
            what = f"it replaces {replaced!r}, which is binding"
            parts.problem(place, what, "a rule that may be overruled", "delete that 'replaces'")


def _replaced_rules(parts: Parts, rule: Rule) -> set[str]:
    """Return every rule that a rule replaces, directly or through other rules."""
    found: set[str] = set()
    ahead = [key for key in rule.replaces if key in parts.rules]
    while ahead:
        key = ahead.pop()
        if key not in found:
            found.add(key)
            ahead += [each for each in parts.rules[key].replaces if each in parts.rules]
    return found


def _names(parts: Parts) -> None:
    """Report names with two meanings, except two devices with different settings."""
    claims: dict[tuple[str, str], str] = {}
    nouns: list[tuple[str, Mapping[str, Payer | Modality | Topic]]] = [
        ("topic", parts.topics),
        ("payer", parts.payers),
        ("modality", parts.modalities),
    ]
    for kind, shelf in nouns:
        for noun in shelf.values():
            for name in called(noun.id, noun.name, *noun.also_called):
                first = claims.setdefault((kind, name), noun.id)
                if first != noun.id:
                    where = parts.places.get(f"{kind}:{first}", "another file")
                    what = f"the name {name!r} belongs to {first!r} too ({where})"
                    parts.problem(f"{kind}:{noun.id}", what, "a name for one thing", "make one of them longer")
    devices: dict[str, list[Device]] = {}
    for device in parts.devices.values():
        for name in called(device.id, device.name, *device.models, *device.also_called, *device.misspelled):
            for other in devices.setdefault(name, []):
                if {*device.settings} & {*other.settings}:
                    where = parts.places.get(f"device:{other.id}", "another file")
                    what = f"the name {name!r} belongs to {other.id!r} too ({where})"
                    expected = "a name for one device, or settings that differ"
                    parts.problem(f"device:{device.id}", what, expected, "make one of them longer")
            devices[name].append(device)
    shared_by: dict[str, str] = {}
    for shared in parts.shared_names.values():
        for name in called(shared.id, shared.name, *shared.also_called):
            taken = [f"the device {each.id!r}" for each in devices.get(name, ())]
            if (first := shared_by.setdefault(name, shared.id)) != shared.id:
                taken.append(f"{first!r}")
            for owner in taken:
                what = f"the shared name {name!r} belongs to {owner} too"
                parts.problem(f"sharedname:{shared.id}", what, "a name for all its products", "make one longer")


_CHECKS = (
    _sources,
    _references,
    _chains,
    _rules,
    check_visit_parts,
    _names,
    check_synonyms,
    check_conflicts,
    check_headlines,
)
