"""The card of a code, or a search by words."""

import re
from collections.abc import Iterable
from datetime import date

from msgspec import structs

from ..model.answer import SourceRef
from ..model.codes import Code
from ..model.lookup import CodeCard, Hits, RuleLine
from ..model.rules import Rule
from ..rulebook.book import RuleBook
from ..rulebook.names import upright
from ..rulebook.precedence import is_in_force
from .citations import existence, refs, stale, status_on, tables_of
from .near_codes import CODE, corrected_code, no_such_code, unlisted_code
from .wording import first_sentence, headline, units_in_short, units_in_words

_WITH_MODIFIERS = rf"(?P<code>{CODE})(?P<rest>([ ,:-]*[A-Z0-9]{{2}})+)"
_CODE_LIKE = r"(?=.*[0-9])[A-Z]?[0-9OIL]{3,}[A-Z]?"


def lookup(book: RuleBook, asked: str, day: date, today: date) -> CodeCard | Hits:
    """Return the card of the code asked for, or what the words may mean.

    Raises UnknownName for a malformed code, for a code that is not in our list, and for words that match nothing.
    """
    text = upright(asked)
    compact = re.sub(r"\s", "", text)
    if re.fullmatch(CODE, compact):
        note = None if compact == asked else f"read as {compact}"
        return _card(book, asked, compact, note, (), day, today)
    if (taken := re.fullmatch(_WITH_MODIFIERS, text)) and (
        book.code(taken["code"]) or re.search("[ ,:-]", taken["rest"])
    ):
        modifiers = tuple(re.findall("[A-Z0-9]{2}", taken["rest"]))
        note = f"read as {taken['code']} with {', '.join(modifiers)}"
        return _card(book, asked, taken["code"], note, modifiers, day, today)
    if re.fullmatch(_CODE_LIKE, compact):
        return _nearly_a_code(book, asked, compact, day, today)
    return _search(book, asked)


def _search(book: RuleBook, asked: str) -> Hits:
    from .search import search  # not needed for a code

    return search(book, asked)


def _nearly_a_code(book: RuleBook, asked: str, compact: str, day: date, today: date) -> CodeCard | Hits:
    if code := corrected_code(book, compact):
        letters = sorted({*compact} & {*"OIL"} - {*code})
        note = f"read as {code}: {' and '.join(letters)} is a letter, the code has a digit there"
        return _card(book, asked, code, note, (), day, today)
    if any(book.find(shelf, asked).clear for shelf in ("devices", "manufacturers")):
        return _search(book, asked)
    raise no_such_code(book, asked, compact)


def _card(
    book: RuleBook, asked: str, key: str, note: str | None, modifiers: Iterable[str], day: date, today: date
) -> CodeCard:
    code = book.code(key)
    if code is None:
        raise unlisted_code(book, asked, key)
    rules = _rules_about(book, key, day)
    status, seen = status_on(code, day)
    indicator = book.status(status)
    verification = book.coding_verification if code.coding_verification or code.home_equipment else None
    modifiers = tuple(modifiers)
    old = stale(book, f"{key}", code.checked, today)
    sources: dict[str, SourceRef] = {each.id: each for each in refs(book, code.sources)}
    return CodeCard(
        asked=asked,
        read_as=note,
        modifiers=tuple(known for each in modifiers if (known := book.modifier(each))),
        unknown_modifiers=tuple(each for each in modifiers if book.modifier(each) is None),
        service_date=day,
        code=code,
        on_that_day=existence(book, code, day),
        units_says=units_in_words(code.units) if code.units else "not known",
        units_short=units_in_short(code.units) if code.units else None,
        status=status,
        status_says=f"{indicator.says if indicator else _no_status(code)} ({seen})",
        status_short=first_sentence(indicator.says if indicator else _no_status(code)) or "see --full",
        modalities=_modalities_of(book, key),
        devices=_devices_of(book, key),
        rules=rules,
        coding_verification=verification,
        sources=tuple(sources.values()),
        warnings=(old,) if old else (),
        tables=tables_of(book, code, day),
        rulebook=book.receipt,
    )


def _no_status(code: Code) -> str:
    """Return why there is no status: not on the fee schedule; for a deleted code, we have no release of its time."""
    return "not known for its dates" if code.ends else "not on the fee schedule"


def _modalities_of(book: RuleBook, code: str) -> tuple[str, ...]:
    return tuple(modality.name for key in book.linked("modalities_of_code", code) if (modality := book.modality(key)))


def _devices_of(book: RuleBook, code: str) -> tuple[str, ...]:
    return tuple(
        f"{device.name} ({device.recommendation.stance.replace('_', ' ')})"
        for key in book.linked("devices_of_code", code)
        if (device := book.device(key))
    )


def _rules_about(book: RuleBook, code: str, day: date) -> tuple[RuleLine, ...]:
    lines = []
    for key in book.linked("rules_about_code", code):
        if rule := book.rule(key):
            payer = book.payer(rule.payer or "")
            lines.append(
                RuleLine(
                    rule=rule.id,
                    payer=rule.payer or "",
                    payer_name=payer.name if payer else rule.payer or "",
                    effect=effect_of(rule),
                    policy=rule.policy,
                    says=rule.says,
                    short=headline(rule),
                    payer_short=(payer.short_name or payer.name) if payer else rule.payer or "",
                    verdict=rule.verdict,
                    evidence=rule.evidence,
                    confidence=rule.confidence,
                    effective=rule.effective,
                    ends=rule.ends,
                    in_force=is_in_force(rule, day),
                    checked=rule.checked,
                    sources=refs(book, rule.sources),
                    providers=rule.applies.providers,
                )
            )
    return tuple(sorted(lines, key=lambda line: (not line.in_force, line.payer_name.casefold(), line.rule)))


def effect_of(rule: Rule) -> str:
    """Return what a rule does, in a few words."""
    effects = []
    if rule.code:
        effects.append(f"{rule.code} instead of {', '.join(rule.replaces)}")
    if rule.accepts:
        effects.append(f"accepts {', '.join(rule.accepts)}")
    if rule.refuses:
        effects.append(f"refuses {', '.join(rule.refuses)}")
    if rule.verdict:
        effects.append(rule.verdict.replace("_", " "))
    if rule.modifiers:
        effects.append(f"needs {' and '.join(rule.modifiers)}")
    if rule.one_of_modifiers:
        effects.append(f"needs {' or '.join(rule.one_of_modifiers)}")
    if rule.unit_rule:
        effects.append(f"units by {rule.unit_rule}")
    if rule.edits:
        effects.append(f"edits of {rule.edits}")
    if rule.assistant:
        effects.append(f"assistant's modifier above {rule.assistant.more_than}")
    if rule.threshold:
        effects.append(f"{rule.threshold.modifier} above {rule.threshold.amount}")
    if rule.rates:
        effects += [f"{name.replace('_', ' ')} {share}" for name, share in structs.asdict(rule.rates).items() if share]
    if rule.situation:
        effects.append(f"{rule.situation.given}: {rule.situation.then}".replace("_", " "))
    others = ("unit_limit", "prior_authorization", "payment", "position_unknown")
    effects += [name.replace("_", " ") for name in others if getattr(rule, name)]
    return ", ".join(effects)
