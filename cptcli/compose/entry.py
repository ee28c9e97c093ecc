"""What `cpt explain` shows -> a sheet: a rule, a policy or another entry in full."""

from collections.abc import Iterable, Iterator

from ..model.claim import Clash
from ..model.common import Example
from ..model.lookup import EntryCard, PolicyCard, RuleCard
from ..model.rules import BypassPlace, Policy
from .backing import receipt_text, source_line, span
from .sheet import Detail, Row, Section, Sheet

Fact = tuple[str, str]


def rule_sheet(card: RuleCard) -> Sheet:
    """Return the sheet of a payer's rule."""
    force = "" if card.in_force else "not in force on that day"
    lead = (
        Row("payer", (card.payer_name,)),
        Row("effect", (card.effect, force) if force else (card.effect,), "strong"),
    )
    return _sheet(("rule", card.rule.id), lead, rule_facts(card), card)


def policy_sheet(card: PolicyCard) -> Sheet:
    """Return the sheet of a policy of an edit family."""
    return _sheet(("policy", card.policy.id), (Row("family", (card.family_name,)),), policy_facts(card), card)


def entry_sheet(card: EntryCard) -> Sheet:
    """Return the sheet of a modifier, discipline, unit rule, claim form or edit family."""
    return _sheet((card.kind, card.entry.id), (), entry_facts(card), card)


def _sheet(head: Fact, lead: tuple[Row, ...], facts: Iterable[Fact], card: RuleCard | PolicyCard | EntryCard) -> Sheet:
    kind, key = head
    sources = tuple(Detail("source", "", source_line(each)) for each in card.sources)
    return Sheet(
        title=(key, kind.replace("_", " "), ""),
        lead=lead,
        facts=(head,),
        sections=(
            Section("", tuple(Detail(name, name.replace("_", " "), text) for name, text in facts)),
            Section("Sources", sources, listed=True),
            Section("Rule base", (Detail("rulebook", "version", receipt_text(card.rulebook)),)),
        ),
    )


def rule_facts(card: RuleCard) -> Iterator[Fact]:
    """Return everything a rule says, in reading order."""
    rule = card.rule
    yield "says", rule.says
    for name, values in (
        ("devices", rule.applies.devices),
        ("manufacturers", rule.applies.manufacturers),
        ("modalities", rule.applies.modalities),
        ("codes", rule.applies.codes),
        ("other_than", rule.applies.other_than),
        ("diagnoses", rule.applies.diagnoses),
        ("settings", rule.applies.settings),
        ("states", rule.applies.states),
        ("providers", rule.applies.providers),
        ("disciplines", rule.applies.disciplines),
        ("claims", rule.applies.claims),
        ("care", filter(None, (rule.applies.care,))),
        ("abn", filter(None, (rule.applies.abn,))),
        ("assistant", ("an assistant's part",) if rule.applies.assistant else ()),
    ):
        if given := ", ".join(values):
            yield f"applies_to_{name}", given
    if rule.applies.therapy:
        yield "applies_to_therapy", rule.applies.therapy
    if rule.applies.condition:
        yield "only_if", rule.applies.condition
    for name in ("unit_limit", "prior_authorization", "payment", "policy", "source_date", "caveat", "disputed",
                 "not_modelled"):  # fmt: skip
        if value := getattr(rule, name):
            yield name, value
    yield from (("claim_needs", each) for each in rule.claim_needs)
    yield from (("exception", each) for each in rule.exceptions)
    yield from (("liability", f"{each.modifier}: {each.says}") for each in rule.liability)
    yield from (("fact", f"{each.says} [{each.confidence} confidence]") for each in rule.facts)
    yield "how_sure", f"{rule.evidence} evidence, {rule.confidence} confidence"
    yield "in_force", f"{'yes' if card.in_force else 'no'} on that day: {span(rule)}"
    if rule.binding:
        yield "binding", "no contractor or plan below may overrule it"
    yield from _written_in(card)
    yield from examples(rule.examples)


def _written_in(card: RuleCard | PolicyCard | EntryCard) -> Iterator[Fact]:
    if card.place:
        own = not isinstance(card, EntryCard) and card.own
        yield "written_in", f"{'your folder, ' if own else ''}{card.place}"


def examples(listed: tuple[Example, ...]) -> Iterator[Fact]:
    """Return the examples of a rule or policy."""
    for example in listed:
        asks = ", ".join(f"{key} {value}" for key, value in example.asks.items())
        gives = ", ".join(f"{key} {value}" for key, value in example.gives.items())
        yield "example", f"{asks} -> {gives}{f' ({example.because})' if example.because else ''}"


def policy_facts(card: PolicyCard) -> Iterator[Fact]:
    """Return everything a policy says, in reading order."""
    policy = card.policy
    yield "says", policy.says
    yield "codes", ", ".join(policy.codes)
    if policy.together_with:
        yield "together_with", ", ".join(policy.together_with)
    outcome = policy.outcome.replace("_", " ")
    yield "outcome", f"{outcome} {policy.at_most}" if policy.at_most is not None else outcome
    if policy.modifiers:
        yield "modifiers", f"{' or '.join(policy.modifiers)} on {policy.modifier_on.replace('_', ' ')}"
    for name in ("record", "region", "caveat", "not_modelled"):
        if value := getattr(policy, name):
            yield name, value
    if policy.same_discipline is not None:
        yield "same_discipline", "yes" if policy.same_discipline else "no"
    if policy.only_if_not_distinct:
        yield "only_if", "a line says that it was not a separate service"
    for name, values in (("disciplines", policy.disciplines), ("claims", policy.claims), ("payers", card.payers)):
        if values:
            yield name, ", ".join(values)
    yield "how_sure", f"{policy.evidence} evidence, {policy.confidence} confidence"
    yield "in_force", f"{'yes' if card.in_force else 'no'} on that day: {span(policy)}"
    yield from _written_in(card)
    yield from examples(policy.examples)


def entry_facts(card: EntryCard) -> Iterator[Fact]:
    """Return everything an entry says, in the order written, without empty fields."""
    aside = ("id", "order", "sources", "evidence", "confidence")
    for name in card.entry.__struct_fields__:
        value = getattr(card.entry, name)
        if name not in aside and value and value != card.entry.id:
            yield name, _in_words(value)
    graded = [f"{getattr(card.entry, grade)} {grade}" for grade in aside[-2:] if hasattr(card.entry, grade)]
    if graded:
        yield "how_sure", ", ".join(graded)
    yield from _written_in(card)


def _in_words(value: object) -> str:
    match value:
        case True:
            return "yes"
        case Clash():
            since = f" (from {value.effective})" if value.effective else ""
            return f"{', '.join(value.modifiers)}: {value.says}{since}"
        case BypassPlace():
            return f"{value.line.replace('_', ' ')} from {value.effective or 'the beginning'}"
        case Policy():
            return value.id
        case tuple() | dict():
            return ("; " if isinstance(value, tuple) and isinstance(value[0], Clash) else ", ").join(
                map(_in_words, value)
            )
        case _:
            return str(value)
