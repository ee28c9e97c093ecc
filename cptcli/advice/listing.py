"""Lists of the rule base: devices, payers and modalities; and one rule or other entry in full."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Literal

from ..errors import UnknownName
from ..model.claim import ClaimForm, Discipline, Modifier, UnitRule
from ..model.lookup import (
    CodeCard,
    DeviceLine,
    EntryCard,
    Hits,
    Listing,
    ModalityLine,
    PayerLine,
    PolicyCard,
    RuleCard,
    TopicCard,
)
from ..model.rules import EditFamily, Policy
from ..model.tables import Table
from ..rulebook.book import RuleBook
from ..rulebook.names import nearest, normalized
from ..rulebook.precedence import is_in_force
from .lookup import effect_of, lookup
from .question import resolve_modality, resolve_state, shared_by

_ONE = {"devices": "device", "payers": "payer", "modalities": "modality"}


def devices(book: RuleBook, words: str, modality: str | None) -> Listing:
    """Return the devices with these words in name, manufacturer or modality; of one modality if given."""
    wanted = resolve_modality(book, modality) if modality else None
    lines: list[DeviceLine] = []
    for key in book.keys("devices"):
        device = book.device(key)
        assert device is not None
        manufacturer = book.manufacturer(book.manufacturer_of(key))
        name = manufacturer.name if manufacturer else ""
        if wanted and wanted not in book.modality_chain(device.modality):
            continue
        shared = (book.shared_name(each) for each in book.linked("shared_names_of_device", key))
        also = (other for each in shared if each for other in (each.name, *each.also_called))
        if _matches(words, key, device.name, name, device.modality, *device.models, *device.also_called, *also):
            recommendation = device.recommendation
            lines.append(
                DeviceLine(
                    id=key,
                    name=device.name,
                    manufacturer=name,
                    modality=device.modality,
                    settings=device.settings,
                    stance=recommendation.stance,
                    codes=tuple(dict.fromkeys(each.code for each in recommendation.codes)),
                    refused_codes=tuple(each.code for each in device.refused_codes),
                    fda=device.fda,
                    evidence=device.evidence,
                    confidence=device.confidence,
                    checked=device.checked,
                )
            )
    lines.sort(key=lambda line: (line.modality, line.name.casefold()))
    return _listing(book, "devices", words, lines)


def payers(book: RuleBook, words: str, state: str | None, kind: str | None) -> Listing:
    """Return the payers with these words in name or kind; for a state, also the payers tied to no state."""
    where = resolve_state(book, state) if state else None
    lines: list[PayerLine] = []
    for key in book.keys("payers"):
        payer = book.payer(key)
        assert payer is not None
        if (where and not _is_in(book, key, where)) or (kind and not _matches(kind, payer.kind)):
            continue
        if _matches(words, key, payer.name, payer.kind, *payer.also_called):
            rules = [*book.rules_of(key)]
            lines.append(
                PayerLine(
                    id=key,
                    name=payer.name,
                    kind=payer.kind,
                    parent=payer.parent,
                    states=payer.states,
                    rules=len(rules),
                    checked=min((rule.checked for rule in rules), default=None),
                )
            )
    lines.sort(key=lambda line: line.name.casefold())
    tables = [table] if where and (table := book.table("medicare-contractors")) else []
    return _listing(book, "payers", words, lines, tables)


def _is_in(book: RuleBook, payer: str, state: str) -> bool:
    """Return whether the payer, or one below it, works in the state; a payer tied to no state works in all."""
    states = [known.states for key in (payer, *book.children(payer)) if (known := book.payer(key)) and known.states]
    return not states or any(state in each for each in states)


def _of_brand(book: RuleBook, words: str) -> set[str]:
    """Return the modalities of the devices with this name, so that a brand finds its treatment."""
    if not words:
        return set()
    devices, shared = book.find("devices", words), shared_by(book, words)
    found = [book.device(key) for key in devices.ids if devices.how in ("exact", "beginning")]
    products = shared.products if shared else ()
    found += [book.device(product.device) for product in products if product.device]
    return {each.modality for each in found if each} | {each.modality for each in products if each.modality}


def modalities(book: RuleBook, words: str) -> Listing:
    """Return the modalities with these words in a name, and those of the devices with this name."""
    lines: list[ModalityLine] = []
    named = _of_brand(book, words)
    for key in book.keys("modalities"):
        modality = book.modality(key)
        assert modality is not None
        if key in named or _matches(words, key, modality.name, *modality.also_called):
            answers = modality.decide.answers if modality.decide else ()
            lines.append(
                ModalityLine(
                    id=key,
                    name=modality.name,
                    also_called=modality.also_called,
                    kind_of=modality.kind_of,
                    code=modality.code,
                    ask=modality.decide.ask if modality.decide else None,
                    answers=tuple((each.answer, each.code or each.modality or "no code") for each in answers),
                    checked=modality.checked,
                )
            )
    lines.sort(key=lambda line: line.name.casefold())
    return _listing(book, "modalities", words, lines)


def topics(book: RuleBook, asked: str) -> TopicCard:
    """Return the topic asked for, or all topics. Raises UnknownName with the list of topics."""
    keys = book.keys("topics")
    if asked.strip():
        found = book.find("topics", asked)
        if found.how not in ("exact", "beginning", "words"):
            raise UnknownName("topic", asked, keys, "cpt lookup WORDS searches codes, treatments, devices and payers.")
        keys = found.ids
    every = tuple(topic for key in keys if (topic := book.topic(key)))
    cited = dict.fromkeys(key for topic in every for key in topic.sources)
    return TopicCard(topics=every, sources=tuple(filter(None, map(book.source, cited))), rulebook=book.receipt)


def explain(book: RuleBook, asked: str, day: date, today: date) -> RuleCard | PolicyCard | EntryCard | CodeCard | Hits:
    """Return a rule, policy, other entry or code in full. Raises UnknownName with the nearest ids."""
    rule = book.rule(asked.strip())
    if rule is None:
        policies = {policy.id: (family, policy) for family, policy in book.policies()}
        if asked.strip() in policies:
            return _policy_card(book, *policies[asked.strip()], day)
        if card := _entry_card(book, asked.strip()):
            return card
        if book.code(asked.strip().upper()):
            return lookup(book, asked, day, today)
        near = nearest(asked.strip().casefold(), (*book.keys("rules"), *policies))
        raise UnknownName("rule", asked, near, "Answers and cpt lookup name the rules they used.")
    payer = book.payer(rule.payer or "")
    cited = dict.fromkeys((*rule.sources, *(each for fact in rule.facts for each in fact.sources)))
    return RuleCard(
        rule=rule,
        payer_name=payer.name if payer else rule.payer or "",
        effect=effect_of(rule),
        place=book.place("rule", rule.id),
        in_force=is_in_force(rule, day),
        own=book.is_clinic_rule(rule.id),
        sources=tuple(source for key in cited if (source := book.source(key))),
        rulebook=book.receipt,
    )


def _policy_card(book: RuleBook, family: EditFamily, policy: Policy, day: date) -> PolicyCard:
    rules = (rule for key in book.keys("rules") if (rule := book.rule(key)) and rule.edits == family.id)
    return PolicyCard(
        policy=policy,
        family=family.id,
        family_name=family.name,
        payers=tuple(dict.fromkeys(rule.payer for rule in rules if rule.payer)),
        place=book.place("policy", policy.id),
        in_force=is_in_force(policy, day),
        own=book.is_clinic_rule(policy.id),
        sources=tuple(source for key in policy.sources if (source := book.source(key))),
        rulebook=book.receipt,
    )


def _entry_card(book: RuleBook, key: str) -> EntryCard | None:
    lookups: dict[str, Callable[[str], Modifier | Discipline | UnitRule | ClaimForm | EditFamily | None]] = {
        "modifier": book.modifier,
        "discipline": book.discipline,
        "unit_rule": book.unit_rule,
        "claim_form": book.claim_form,
        "edits": book.edit_family,
    }
    for kind, look in lookups.items():
        if entry := look(key) or look(key.upper()):
            return EntryCard(
                kind=kind,
                entry=entry,
                place=book.place(type(entry).__name__.lower(), entry.id),
                sources=tuple(source for each in entry.sources if (source := book.source(each))),
                rulebook=book.receipt,
            )
    return None


def _matches(words: str, *names: str) -> bool:
    """Return whether every word starts a word in the names."""
    text = " " + " ".join(normalized(name) for name in names)
    return all(f" {word}" in text for word in normalized(words).split())


def _listing(
    book: RuleBook,
    kind: Literal["devices", "payers", "modalities"],
    words: str,
    lines: Sequence[DeviceLine | PayerLine | ModalityLine],
    tables: Sequence[Table] = (),
) -> Listing:
    if not lines:
        raise UnknownName(_ONE[kind], words.strip() or "so", (), f"cpt {kind} lists all; remove a filter to see more.")
    return Listing(kind=kind, lines=tuple(lines), tables=tuple(tables), rulebook=book.receipt)
