"""What the rule base covers, from which date, how sure it is, and its known gaps."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import get_args

from msgspec import Struct

from ..model.codes import Code
from ..model.common import Evidence, Source
from ..model.devices import Device, Modality
from ..model.rules import Rule
from ..model.tables import Table
from ..rulebook.book import RuleBook
from ..rulebook.precedence import is_weak


class InventoryLine(Struct, frozen=True):
    """One kind of entry: its count by evidence and confidence, first and last check, and known gaps.

    A payer is counted under the strongest evidence of its own rules, a code under that of its sources.
    """

    kind: str
    count: int
    evidence: dict[str, int]
    confidence: dict[str, int]
    checked: tuple[date, date] | None
    since: date | None  # the earliest first day
    missing: dict[str, tuple[str, ...]]  # gap -> the ids that have it


def inventory(book: RuleBook) -> tuple[InventoryLine, ...]:
    """Return the counts of the rule base with its known gaps."""
    rules = [rule for key in book.keys("rules") if (rule := book.rule(key))]
    sources = {key: source for key in book.keys("sources") if (source := book.source(key))}
    return (
        _payers(book, rules),
        _rules(rules),
        _devices([device for key in book.keys("devices") if (device := book.device(key))]),
        _modalities([modality for key in book.keys("modalities") if (modality := book.modality(key))]),
        _codes([code for key in book.keys("codes") if (code := book.code(key))], sources),
        _sources(sources),
        _tables([table for key in book.keys("tables") if (table := book.table(key))]),
    )


def _payers(book: RuleBook, rules: Sequence[Rule]) -> InventoryLine:
    payers = [payer for key in book.keys("payers") if (payer := book.payer(key))]
    with_rules = {rule.payer for rule in rules}
    without_rules = (payer.id for payer in payers if payer.id not in with_rules and payer.jurisdiction is None)
    return InventoryLine(
        "payers",
        len(payers),
        _count(_strongest(rule.evidence for rule in book.rules_of(payer.id)) for payer in payers),
        {},
        _span(rule.checked for rule in rules),
        _earliest(rules),
        {"no rule of its own is known": tuple(without_rules)},
    )


def _rules(rules: Sequence[Rule]) -> InventoryLine:
    missing = {
        "first day not known": tuple(rule.id for rule in rules if rule.effective is None),
        "position not known": tuple(rule.id for rule in rules if rule.position_unknown),
        "says more than the format can": tuple(rule.id for rule in rules if rule.not_modelled),
        "disputed": tuple(rule.id for rule in rules if rule.disputed),
        "weak": tuple(rule.id for rule in rules if is_weak(rule)),
    }
    return _graded("rules", rules, _earliest(rules), missing)


def _devices(devices: Sequence[Device]) -> InventoryLine:
    unpublished = (device.id for device in devices if device.recommendation.stance == "none_found")
    missing = {
        "nothing published by the manufacturer was found": tuple(unpublished),
        "no document was found": tuple(device.id for device in devices if not device.sources),
    }
    return _graded("devices", devices, None, missing)


def _modalities(modalities: Sequence[Modality]) -> InventoryLine:
    missing = {
        "no source was found": tuple(modality.id for modality in modalities if not modality.sources),
        "says more than the format can": tuple(modality.id for modality in modalities if modality.not_modelled),
    }
    return _graded("modalities", modalities, None, missing)


def _graded(
    kind: str, facts: Sequence[Rule | Device | Modality], since: date | None, missing: dict[str, tuple[str, ...]]
) -> InventoryLine:
    """Return the line of a kind whose entries have evidence and confidence of their own."""
    evidence, confidence = _count(fact.evidence for fact in facts), _count(fact.confidence for fact in facts)
    return InventoryLine(kind, len(facts), evidence, confidence, _span(fact.checked for fact in facts), since, missing)


def _codes(codes: Sequence[Code], sources: Mapping[str, Source]) -> InventoryLine:
    return InventoryLine(
        "codes",
        len(codes),
        _count(_strongest(sources[key].evidence for key in code.sources if key in sources) for code in codes),
        _count(code.confidence for code in codes),
        _span(code.checked for code in codes),
        _earliest(codes),
        {"first day not known": tuple(code.code for code in codes if code.effective is None)},
    )


def _sources(sources: Mapping[str, Source]) -> InventoryLine:
    unread = tuple(key for key, source in sources.items() if source.read in _NOT_READ)
    evidence = _count(source.evidence for source in sources.values())
    return InventoryLine("sources", len(sources), evidence, {}, None, None, {"not read, or the title alone": unread})


def _tables(tables: Sequence[Table]) -> InventoryLine:
    confidence = _count(table.confidence for table in tables)
    return InventoryLine("tables", len(tables), {}, confidence, None, _earliest(tables), {})


_GRADES = get_args(Evidence)  # strongest first
_NOT_READ = ("title only", "cited only")


def _strongest(grades: Iterable[Evidence | None]) -> Evidence | None:
    return min(filter(None, grades), key=_GRADES.index, default=None)


def _count(values: Iterable[str | None]) -> dict[str, int]:
    return dict(Counter(filter(None, values)).most_common())


def _earliest(facts: Iterable[Rule | Code | Table]) -> date | None:
    return min((fact.effective for fact in facts if fact.effective), default=None)


def _span(days: Iterable[date]) -> tuple[date, date] | None:
    ordered = sorted(days)
    return (ordered[0], ordered[-1]) if ordered else None
