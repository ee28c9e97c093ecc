"""An imported article, LCD or NCD in full; and the lists that a diagnosis is on: in articles, and shipped."""

import re
from collections.abc import Iterator
from datetime import date

from ..cms.coverage_articles import Coverage, DocumentOn, Place
from ..cms.coverage_records import MARK, StoredGroup, is_about
from ..errors import UnknownName
from ..model.articles import DiagnosisCard, DiagnosisLine, DocumentCard, DocumentGroup
from ..model.rules import DiagnosisList
from ..rulebook.book import RuleBook
from ..rulebook.precedence import is_in_force
from .articles import claims_of, documents_of, states_of
from .diagnosis_standing import ListFor, lists_for
from .list_scope import short
from .wording import headline

_DOCUMENT = re.compile(r"([ALN])\s?0*([1-9][0-9]{0,8})")
_EVERYWHERE = Place(claims=frozenset(("professional", "institutional", "home_health", "equipment")))


def document_id(asked: str) -> str | None:
    """Return the id of an article, LCD or NCD as typed, 'a56566' as A56566; None for anything else."""
    found = _DOCUMENT.fullmatch(asked.strip().upper())
    return f"{found[1]}{found[2]}" if found and (found[1] == "N" or len(found[2]) > 4) else None


def document_card(book: RuleBook, coverage: Coverage, key: str, day: date) -> DocumentCard:
    """Return an article, LCD or NCD in its version for a day. Raises UnknownName if it is not on file."""
    on = coverage.document(key, day)
    if on is None:
        file = {"A": "current_article.zip", "L": "current_lcd.zip", "N": "ncd.zip"}[key[0]]
        raise UnknownName("document", key, (), f"Import CMS's file: cpt data import {file}")
    document = on.document
    return DocumentCard(
        id=document.id,
        version=document.version,
        kind=document.kind,
        title=document.title,
        service_date=day,
        in_force=on.in_force,
        why_not=on.why,
        effective=document.effective,
        ends=document.ends,
        retired=document.retired,
        contractors=tuple(_contractors(coverage, on)),
        documents=documents_of(coverage, on, day),
        groups=tuple(_group(each) for each in coverage.groups(on)),
        texts=document.texts,
        edition=on.edition.edition,
        files=on.edition.source or "",
        rulebook=book.receipt,
    )


def _contractors(coverage: Coverage, on: DocumentOn) -> Iterator[str]:
    for each in coverage.contractors(on):
        states = ", ".join(states_of([each], _EVERYWHERE)) or "no state"
        yield f"{each.name} {each.number} ({each.type or 'type not given'}): {states}"


def _group(group: StoredGroup) -> DocumentGroup:
    return DocumentGroup(
        kind=group.kind,
        number=group.number,
        paragraph=group.text.paragraph or None,
        condition=group.text.note or None,
        no_limit=group.text.no_limit,
        entries=tuple(group.entries.split()),
    )


# ------------------------------------------------------------------------------------------------- a diagnosis


def diagnosis_card(
    book: RuleBook, coverage: Coverage, diagnosis: str, day: date, place: Place | None, payers: frozenset[str] | None
) -> DiagnosisCard:
    """Return the lists that a diagnosis is on: in the articles in force at a place or everywhere, and those that ship.

    Only articles about this field count. `place` None: a payer without local articles. `payers` None: all.
    """
    edition = coverage.edition("article", day)
    at = _EVERYWHERE if payers is None and not (place and place.states) else place
    ids = coverage.listing(diagnosis) if at else ()
    lines = [line for key in ids for line in _lines(book, coverage, key, diagnosis, day, at or _EVERYWHERE)]
    shipped = _shipped(book, diagnosis, day, payers)
    notes = [] if edition else ["CMS's articles are not on file: cpt data import current_article.zip"]
    if edition and edition.first < day:
        notes.append(f"Articles as of {edition.first}; CMS publishes them every week.")
    return DiagnosisCard(
        diagnosis=diagnosis,
        service_date=day,
        imported=edition is not None,
        edition=edition.edition if edition else None,
        lines=(*lines, *shipped),
        notes=tuple(notes),
        rulebook=book.receipt,
    )


def _lines(
    book: RuleBook, coverage: Coverage, key: str, diagnosis: str, day: date, place: Place
) -> Iterator[DiagnosisLine]:
    """Yield a line for every list of an article that a diagnosis is on, with our codes for which the list counts."""
    on = coverage.document(key, day)
    if on is None or on.in_force == "no" or not is_about(on.document.title, book.edition.article_subjects):
        return
    here = coverage.contractors_at(on, place, day)
    groups = coverage.groups(on)
    if not here:
        return
    listed = {code for each in groups if each.kind == "codes" for code in each.entries.split()}
    codes = sorted(code for code in listed if book.code(code))
    lists = {code: lists_for(groups, code) for code in codes}
    for group in groups:
        if group.kind == "codes" or not group.has(diagnosis):
            continue
        counting = {code: each for code in codes for each in lists[code] if each.group is group}
        certain = [code for code, each in counting.items() if each.scope in ("this_code", "article")]
        yield DiagnosisLine(
            id=key,
            title=on.document.title,
            contractors=tuple(dict.fromkeys(each.name for each in here)),
            claims=claims_of(here, place),
            states=states_of(here, place),
            supports=group.kind == "covered",
            codes=tuple(certain),
            short=short(group.text.paragraph),
            condition=_condition(group, diagnosis, next(iter(counting.values()), None)),
            in_force=on.in_force,
            why_not=on.why,
            shipped=False,
        )


def _condition(group: StoredGroup, diagnosis: str, listed: ListFor | None) -> str | None:
    if group.is_marked(diagnosis):
        return short(group.text.note) or f"it has an asterisk ({MARK}); read the article"
    return listed.condition if listed else None


def _shipped(book: RuleBook, diagnosis: str, day: date, payers: frozenset[str] | None) -> Iterator[DiagnosisLine]:
    """Yield a line for every rule in force that depends on a list with a diagnosis; of some payers, or of all."""
    lists = {key: listed for key in book.keys("diagnoses") if (listed := book.diagnosis_list(key))}
    holding = {key: _condition_shipped(listed, diagnosis) for key, listed in lists.items()}
    for key in book.keys("rules"):
        rule = book.rule(key)
        if rule is None or not is_in_force(rule, day) or (payers is not None and rule.payer not in payers):
            continue
        for list_id in rule.applies.diagnoses:
            on, condition = holding.get(list_id, (False, None))
            payer = book.payer(rule.payer or "")
            if on:
                yield DiagnosisLine(
                    id=rule.id,
                    title=lists[list_id].name,
                    contractors=((payer.short_name or payer.name) if payer else rule.payer or "",),
                    claims=(),
                    states=(),
                    supports=None,
                    codes=rule.applies.codes,
                    short=headline(rule) or rule.says,
                    condition=condition,
                    in_force="yes",
                    why_not=None,
                    shipped=True,
                )


def _condition_shipped(listed: DiagnosisList, diagnosis: str) -> tuple[bool, str | None]:
    """Return whether a diagnosis is on a list that ships, and the caution that goes with it."""
    entries = [each for each in listed.diagnoses
               if diagnosis == each.icd10 or (each.match == "prefix" and diagnosis.startswith(each.icd10))]  # fmt: skip
    certain = any(not each.uncertain for each in entries)
    return bool(entries), listed.caveat_short if certain else "uncertain: given by category"
