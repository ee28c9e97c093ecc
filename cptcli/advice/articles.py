"""Medicare's local articles on a code, and the diagnosis lists in them. Data only; no clock, no I/O of its own.

Being on a list is not coverage. An article about something else that names a code is no answer. A list for which the
paragraph does not plainly say that it is for the code is never read as a yes or a no.
"""

from collections.abc import Sequence
from datetime import date

from ..cms.coverage_articles import Coverage, DocumentOn, Place
from ..cms.coverage_records import StoredContractor, StoredGroup, is_about
from ..model.articles import (
    ArticleForCode,
    ArticlesFound,
    Bearing,
    LocalDocument,
)
from .diagnosis_standing import list_shown, lists_for, standing_of
from .list_scope import denial, relation, short


def articles_for(
    coverage: Coverage, subjects: Sequence[str], code: str, day: date, place: Place, diagnoses: Sequence[str] = ()
) -> ArticlesFound:
    """Return the articles on a code in force on a day at a place, with the standing of each diagnosis in them.

    `subjects` are the phrases in the title of a document on this field. Articles that only name the code, or whose
    version for the day is not known, are under `others`. Raises StoreUnusable and StoreBusy.
    """
    edition = coverage.edition("article", day)
    articles: list[ArticleForCode] = []
    others: list[ArticleForCode] = []
    named = coverage.is_named(place, day) if edition and place.names else False
    for key in coverage.naming(code) if edition else ():
        on = coverage.document(key, day)
        if on is None or on.document.kind != "article" or on.in_force == "no":
            continue
        here = coverage.contractors_at(on, place, day)
        groups = coverage.groups(on)
        if not here or not any(each.kind == "codes" and each.has(code) for each in groups):
            continue
        found = _article(coverage, subjects, code, day, place, diagnoses, on, here, groups)
        answers = found.bearing != "names" and found.in_force == "yes"
        (articles if answers else others).append(found)
    return ArticlesFound(
        code=code,
        service_date=day,
        imported=edition is not None,
        known=coverage.knows(code, day),
        edition=edition.edition if edition else None,
        articles=tuple(sorted(articles, key=_order)),
        others=tuple(sorted(others, key=_order)),
        notes=tuple(_notes(coverage, code, day, place, named)),
    )


def sentences_of(found: ArticlesFound) -> tuple[str, ...]:
    """Return what the articles in force say of a claim line: of each diagnosis, or that they do not cover the code."""
    said: dict[str, None] = {}
    for article in found.articles:
        if article.bearing == "denies":
            said[f"{article.id} ({', '.join(article.contractors)}) does not cover {found.code}: {article.why}."] = None
        said |= {each.says: None for each in article.diagnoses}
    return tuple(said)


def _order(article: ArticleForCode) -> tuple[bool, bool, str]:
    return article.in_force != "yes", article.bearing == "names", article.id


def _notes(coverage: Coverage, code: str, day: date, place: Place, named: bool) -> list[str]:
    edition = coverage.edition("article", day)
    if edition is None:
        return []
    notes = []
    if not coverage.knows(code, day):
        notes.append(f"The import kept no articles on {code}. Import current_article.zip again with --replace.")
    if edition.first < day:
        notes.append(f"Articles as of {edition.first}; CMS publishes them every week.")
    if place.names and not named:
        notes.append(f"No contractor called {place.label or place.names[0]} in CMS's file: matched by state alone.")
    return notes


def _article(
    coverage: Coverage,
    subjects: Sequence[str],
    code: str,
    day: date,
    place: Place,
    diagnoses: Sequence[str],
    on: DocumentOn,
    here: Sequence[StoredContractor],
    groups: Sequence[StoredGroup],
) -> ArticleForCode:
    document = on.document
    own = [each for each in groups if each.kind == "codes" and each.has(code)]
    bearing, why = _bearing(subjects, document.title, own, code)
    lists = lists_for(groups, code) if bearing == "rules" else ()
    label = place.label if place.label and coverage.is_named(place, day) else here[0].name
    if {claim for each in coverage.contractors(on) for claim in each.claims} == {"institutional"}:
        label += ", Part A"  # a list for these claims alone is easily taken for one for all
    if bearing == "rules" and on.in_force == "yes":
        standings = tuple(standing_of(document.id, label, code, each, lists) for each in diagnoses)
    else:
        standings = ()
    return ArticleForCode(
        id=document.id,
        version=document.version,
        title=document.title,
        bearing=bearing,
        why=why,
        in_force=on.in_force,
        why_not=on.why,
        effective=document.effective,
        ends=min((each for each in (document.ends, document.retired) if each), default=None),
        contractors=tuple(dict.fromkeys(each.name for each in here)),
        claims=claims_of(here, place),
        states=states_of(here, place),
        documents=documents_of(coverage, on, day),
        groups=tuple(each.number for each in own),
        group_says=next(filter(None, (short(each.text.paragraph) for each in own)), None),
        lists=tuple(map(list_shown, lists)),
        diagnoses=standings,
        edition=on.edition.edition,
        edition_day=on.edition.first,
    )


def claims_of(contractors: Sequence[StoredContractor], place: Place) -> tuple[str, ...]:
    """Return the kinds of claim that contractors decide, of those of a place."""
    return tuple(sorted({claim for each in contractors for claim in each.claims if claim in place.claims}))


def states_of(contractors: Sequence[StoredContractor], place: Place) -> tuple[str, ...]:
    """Return the states of contractors, with the part of a state that is divided; those of the place, if it has any."""
    found = {(state, part) for each in contractors for state, part in each.states
             if not place.states or state in place.states}  # fmt: skip
    return tuple(f"{state} ({part})" if part else state for state, part in sorted(found))


def documents_of(coverage: Coverage, on: DocumentOn, day: date) -> tuple[LocalDocument, ...]:
    """Return the LCDs, NCDs and articles that a document belongs to; their titles if they are on file."""
    found = []
    for key in on.document.related:
        other = coverage.document(key, day)
        title, force = (other.document.title, other.in_force) if other else (None, None)
        found.append(LocalDocument(key, title, force))
    return tuple(found)


def _bearing(subjects: Sequence[str], title: str, own: Sequence[StoredGroup], code: str) -> tuple[Bearing, str | None]:
    """Return what an article is to a code, and why it is not an answer or denies it."""
    if not is_about(title, subjects):
        return "names", f"its subject is {title.rpartition(': ')[2] or 'not given'}"
    if why := relation(own):
        return "names", why
    denials = [denial(each, code) for each in own]
    return ("denies", next(filter(None, denials))) if any(denials) else ("rules", None)
