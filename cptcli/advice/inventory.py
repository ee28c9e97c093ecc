"""What the rule base covers, from which date, how sure it is, and its known gaps."""

from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import get_args

from msgspec import Struct

from ..model.common import Evidence
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
    devices = [device for key in book.keys("devices") if (device := book.device(key))]
    codes = [code for key in book.keys("codes") if (code := book.code(key))]
    modalities = [modality for key in book.keys("modalities") if (modality := book.modality(key))]
    payers = [payer for key in book.keys("payers") if (payer := book.payer(key))]
    sources = {key: source for key in book.keys("sources") if (source := book.source(key))}
    tables = [table for key in book.keys("tables") if (table := book.table(key))]
    with_rules = {rule.payer for rule in rules}
    without_rules = [each.id for each in payers if each.id not in with_rules and each.jurisdiction is None]
    of_payers = (_strongest(rule.evidence for rule in book.rules_of(payer.id)) for payer in payers)
    of_codes = (_strongest(sources[key].evidence for key in code.sources if key in sources) for code in codes)
    return (
        InventoryLine(
            "payers",
            len(payers),
            _count(of_payers),
            {},
            _span(rule.checked for rule in rules),
            min((rule.effective for rule in rules if rule.effective), default=None),
            {"no rule of its own is known": tuple(without_rules)},
        ),
        InventoryLine(
            "rules",
            len(rules),
            _count(rule.evidence for rule in rules),
            _count(rule.confidence for rule in rules),
            _span(rule.checked for rule in rules),
            min((rule.effective for rule in rules if rule.effective), default=None),
            {
                "first day not known": tuple(rule.id for rule in rules if rule.effective is None),
                "position not known": tuple(rule.id for rule in rules if rule.position_unknown),
                "says more than the format can": tuple(rule.id for rule in rules if rule.not_modelled),
                "disputed": tuple(rule.id for rule in rules if rule.disputed),
                "weak": tuple(rule.id for rule in rules if is_weak(rule)),
            },
        ),
        InventoryLine(
            "devices",
            len(devices),
            _count(device.evidence for device in devices),
            _count(device.confidence for device in devices),
            _span(device.checked for device in devices),
            None,
            {
                "nothing published by the manufacturer was found": tuple(
                    device.id for device in devices if device.recommendation.stance == "none_found"
                ),
                "no document was found": tuple(device.id for device in devices if not device.sources),
            },
        ),
        InventoryLine(
            "modalities",
            len(modalities),
            _count(modality.evidence for modality in modalities),
            _count(modality.confidence for modality in modalities),
            _span(modality.checked for modality in modalities),
            None,
            {
                "no source was found": tuple(modality.id for modality in modalities if not modality.sources),
                "says more than the format can": tuple(each.id for each in modalities if each.not_modelled),
            },
        ),
        InventoryLine(
            "codes",
            len(codes),
            _count(of_codes),
            _count(code.confidence for code in codes),
            _span(code.checked for code in codes),
            min((code.effective for code in codes if code.effective), default=None),
            {"first day not known": tuple(code.code for code in codes if code.effective is None)},
        ),
        InventoryLine(
            "sources",
            len(sources),
            _count(source.evidence for source in sources.values()),
            {},
            None,
            None,
            {"not read, or the title alone": tuple(key for key, each in sources.items() if each.read in _NOT_READ)},
        ),
        InventoryLine(
            "tables",
            len(tables),
            {},
            _count(table.confidence for table in tables),
            None,
            min((table.effective for table in tables), default=None),
            {},
        ),
    )


_GRADES = get_args(Evidence)  # strongest first
_NOT_READ = ("title only", "cited only")


def _strongest(grades: Iterable[Evidence | None]) -> Evidence | None:
    return min(filter(None, grades), key=_GRADES.index, default=None)


def _count(values: Iterable[str | None]) -> dict[str, int]:
    return dict(Counter(filter(None, values)).most_common())


def _span(days: Iterable[date]) -> tuple[date, date] | None:
    ordered = sorted(days)
    return (ordered[0], ordered[-1]) if ordered else None
