"""What `cpt lookup` and `cpt explain` show of the imported articles."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING

from msgspec import structs

if TYPE_CHECKING:
    from ..cms.coverage_articles import Coverage
    from ..model.articles import DiagnosisCard, DocumentCard
    from ..model.lookup import CodeCard
    from ..rulebook.book import RuleBook

_DIAGNOSIS = r"[A-Z][0-9][0-9A-Z]\.[0-9A-Z]{1,4}"  # with its dot, so that it is no code
_CATEGORY = r"[A-Z][0-9][0-9A-Z]"  # a whole code where it has no digits after the dot


@contextmanager
def open_coverage() -> Iterator["Coverage"]:
    """Give the imported articles. Raises StoreUnusable and StoreBusy."""
    from ..cms.coverage_articles import Coverage
    from ..cms.tables import open_tables

    with open_tables() as tables:
        yield Coverage(tables)


def is_diagnosis(asked: str) -> bool:
    """Return whether what was typed is an ICD-10-CM code with its dot."""
    return "." in asked and bool(re.fullmatch(_DIAGNOSIS, asked.strip(), re.IGNORECASE))


def may_be_diagnosis(asked: str) -> bool:
    """Return whether what was typed has the form of an ICD-10-CM code of three characters, as J40."""
    return bool(re.fullmatch(_CATEGORY, asked.strip(), re.IGNORECASE))


def with_articles(
    book: "RuleBook", card: "CodeCard", payer: str | None, state: str | None, diagnoses: Sequence[str], day: date
) -> "CodeCard":
    """Return the card of a code with the payer's rules and its contractors' articles, or a note that none apply."""
    from ..advice.article_places import place_of
    from ..advice.articles import articles_for
    from ..advice.payer_path import pays_by_fee_schedule
    from ..advice.question import read_diagnosis, resolve_payer, resolve_state

    where = resolve_state(book, state) if state else None
    key = resolve_payer(book, payer, where) if payer else None
    card = structs.replace(card, payer=key)
    if theirs := _family(book, key):
        rules = (each for each in card.rules if each.payer in theirs)
        above = book.payer_chain(key)[:-1] if key else ()  # a payer's own rules come before those it inherits
        card = structs.replace(card, rules=tuple(sorted(rules, key=lambda each: each.payer in above)))
    place = place_of(book, key, where, equipment=bool(card.code.home_equipment))
    if place is None and key and not diagnoses and not pays_by_fee_schedule(book, book.payer_chain(key)):
        return card  # articles of Medicare are no news about a payer that pays by rates of its own
    if place is None:
        known = book.payer(key or "")
        name = (known.short_name or known.name) if known else payer
        there = f" in {where}" if where else ""
        note = f"{name}: no local Medicare articles are for its claims{there}."
        return structs.replace(card, warnings=(*card.warnings, note))
    typed = tuple(dict.fromkeys(read_diagnosis(each) for each in diagnoses))
    with open_coverage() as coverage:
        found = articles_for(coverage, book.edition.article_subjects, card.code.code, day, place, typed)
    return structs.replace(card, articles=found)


def _family(book: "RuleBook", payer: str | None) -> frozenset[str] | None:
    """Return a payer with those whose rules it inherits and its own jurisdictions; None for no payer."""
    return frozenset((*book.payer_chain(payer), *book.children(payer))) if payer else None


def diagnosis_card(book: "RuleBook", asked: str, payer: str | None, state: str | None, day: date) -> "DiagnosisCard":
    """Return the lists that a diagnosis is on, in the articles of the payer's contractors or in all of them."""
    from ..advice.article_cards import diagnosis_card as card_of
    from ..advice.article_places import place_of
    from ..advice.question import read_diagnosis, resolve_payer, resolve_state

    where = resolve_state(book, state) if state else None
    key = resolve_payer(book, payer, where) if payer else None
    with open_coverage() as coverage:
        return card_of(book, coverage, read_diagnosis(asked), day, place_of(book, key, where), _family(book, key))


def document_card(book: "RuleBook", asked: str, day: date) -> "DocumentCard | None":
    """Return an article, LCD or NCD by its number; None where something else was typed. Raises UnknownName."""
    from ..advice.article_cards import document_card as card_of
    from ..advice.article_cards import document_id

    key = document_id(asked)
    if key is None or book.rule(asked.strip()):
        return None
    with open_coverage() as coverage:
        if key[0] == "N" and coverage.document(key, day) is None:
            return None  # NCDs have numbers of their own, which look like other things
        return card_of(book, coverage, key, day)
