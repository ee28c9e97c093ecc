"""What the rule base holds, as lists: devices, payers, modalities, and one rule or other entry in full."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Literal

from ..errors import UnknownName
from ..model import (
    ClaimForm,
    CodeCard,
    DeviceLine,
    Discipline,
    EditFamily,
    EntryCard,
    Hits,
    Listing,
    ModalityLine,
    Modifier,
    PayerLine,
    Policy,
    PolicyCard,
    RuleCard,
    Table,
    UnitRule,
)
from ..rulebook.book import RuleBook
from ..rulebook.names import nearest, normalized
from ..rulebook.precedence import is_in_force
from .asking import resolve_modality, resolve_state, shared_by
from .lookup import effect_of, lookup

_ONE = {"devices": "device", "payers": "payer", "modalities": "modality"}


def devices(book: RuleBook, words: str, modality: str | None) -> Listing:
    """The devices whose name, manufacturer or modality holds the words, of one modality if asked."""
    wanted = resolve_modality(book, modality) if modality else None
    lines: list[DeviceLine] = []
    for key in book.keys("devices"):
        held = book.device(key)
        assert held is not None
        manufacturer = book.manufacturer(book.manufacturer_of(key))
        name = manufacturer.name if manufacturer else ""
        if wanted and wanted not in book.modality_chain(held.modality):
            continue
        shared = (book.shared_name(each) for each in book.linked("shared_names_of_device", key))
        also = (other for each in shared if each for other in (each.name, *each.also_called))
        if _holds(words, key, held.name, name, held.modality, *held.models, *held.also_called, *also):
            told = held.recommendation
            lines.append(
                DeviceLine(
                    id=key,
                    name=held.name,
                    manufacturer=name,
                    modality=held.modality,
                    settings=held.settings,
                    stance=told.stance,
                    codes=tuple(dict.fromkeys(each.code for each in told.codes)),
                    refused_codes=tuple(each.code for each in held.refused_codes),
                    fda=held.fda,
                    evidence=held.evidence,
                    confidence=held.confidence,
                    checked=held.checked,
                )
            )
    lines.sort(key=lambda line: (line.modality, line.name.casefold()))
    return _listing(book, "devices", words, lines)


def payers(book: RuleBook, words: str, state: str | None, kind: str | None) -> Listing:
    """The payers whose name or kind holds the words; those for one state count payers tied to no state."""
    where = resolve_state(book, state) if state else None
    lines: list[PayerLine] = []
    for key in book.keys("payers"):
        held = book.payer(key)
        assert held is not None
        if (where and not _is_in(book, key, where)) or (kind and not _holds(kind, held.kind)):
            continue
        if _holds(words, key, held.name, held.kind, *held.also_called):
            rules = [*book.rules_of(key)]
            lines.append(
                PayerLine(
                    id=key,
                    name=held.name,
                    kind=held.kind,
                    parent=held.parent,
                    states=held.states,
                    rules=len(rules),
                    checked=min((rule.checked for rule in rules), default=None),
                )
            )
    lines.sort(key=lambda line: line.name.casefold())
    tables = [table] if where and (table := book.table("medicare-contractors")) else []
    return _listing(book, "payers", words, lines, tables)


def _is_in(book: RuleBook, payer: str, state: str) -> bool:
    """Whether the payer, or one below it, works in the state; one tied to no state works in all."""
    states = [held.states for key in (payer, *book.children(payer)) if (held := book.payer(key)) and held.states]
    return not states or any(state in each for each in states)


def _of_brand(book: RuleBook, words: str) -> set[str]:
    """The modalities of the devices that are called by some words: a brand stands for what it does."""
    if not words:
        return set()
    devices, shared = book.find("devices", words), shared_by(book, words)
    held = [book.device(key) for key in devices.ids if devices.how in ("exact", "beginning")]
    products = shared.products if shared else ()
    held += [book.device(product.device) for product in products if product.device]
    return {each.modality for each in held if each} | {each.modality for each in products if each.modality}


def modalities(book: RuleBook, words: str) -> Listing:
    """The modalities one of whose names holds the words, and those of the devices that are called by them."""
    lines: list[ModalityLine] = []
    named = _of_brand(book, words)
    for key in book.keys("modalities"):
        held = book.modality(key)
        assert held is not None
        if key in named or _holds(words, key, held.name, *held.also_called):
            answers = held.decide.answers if held.decide else ()
            lines.append(
                ModalityLine(
                    id=key,
                    name=held.name,
                    also_called=held.also_called,
                    kind_of=held.kind_of,
                    code=held.code,
                    ask=held.decide.ask if held.decide else None,
                    answers=tuple((each.answer, each.code or each.modality or "no code") for each in answers),
                    checked=held.checked,
                )
            )
    lines.sort(key=lambda line: line.name.casefold())
    return _listing(book, "modalities", words, lines)


def explain(book: RuleBook, asked: str, day: date, today: date) -> RuleCard | PolicyCard | EntryCard | CodeCard | Hits:
    """One rule or policy in full, or what else stands behind a finding. Raises UnknownName with the nearest ids."""
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
        sources=tuple(held for key in cited if (held := book.source(key))),
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
        sources=tuple(held for key in policy.sources if (held := book.source(key))),
        rulebook=book.receipt,
    )


def _entry_card(book: RuleBook, key: str) -> EntryCard | None:
    held: dict[str, Callable[[str], Modifier | Discipline | UnitRule | ClaimForm | EditFamily | None]] = {
        "modifier": book.modifier,
        "discipline": book.discipline,
        "unit_rule": book.unit_rule,
        "claim_form": book.claim_form,
        "edits": book.edit_family,
    }
    for kind, look in held.items():
        if entry := look(key) or look(key.upper()):
            return EntryCard(
                kind=kind,
                entry=entry,
                place=book.place(type(entry).__name__.lower(), entry.id),
                sources=tuple(source for each in entry.sources if (source := book.source(each))),
                rulebook=book.receipt,
            )
    return None


def _holds(words: str, *names: str) -> bool:
    """Whether every word is the beginning of a word in the names."""
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
        raise UnknownName(_ONE[kind], words.strip() or "so", (), f"cpt {kind} lists all; without filters, more.")
    return Listing(kind=kind, lines=tuple(lines), tables=tuple(tables), rulebook=book.receipt)
