"""Medicare's local articles on a code, the lists of a diagnosis, and a document in full -> rows and sheets."""

from collections.abc import Iterable, Iterator

from ..model.articles import (
    ArticleForCode,
    ArticlesFound,
    DiagnosisCard,
    DiagnosisLine,
    DocumentCard,
    DocumentGroup,
    ListShown,
    LocalDocument,
)
from .backing import receipt_text, rules_in_short
from .sheet import Block, Detail, Row, Section, Sheet, Tone

_TITLE = "Billing and Coding: "
_CLAIMS = {
    "professional": "Part B",
    "institutional": "Part A",
    "home_health": "home health",
    "equipment": "equipment",
}
_TONES: dict[str, Tone] = {
    "listed": "good",
    "no_limit": "good",
    "needs_more": "caution",
    "not_known": "unsure",
    "not_listed": "bad",
    "against": "bad",
}
_FORCE = {"yes": "in force", "no": "not in force", "not_known": "not known whether in force"}
_NOT_COVERAGE = "Being on a list is not coverage."
_SHOWN = 40  # codes of a group in a pipe's line


def article_rows(found: ArticlesFound) -> tuple[Row, ...]:
    """Return the rows of the articles on a code, for its page."""
    if not found.imported:
        text = "CMS's articles are not on file. Import them: cpt data import current_article.zip current_lcd.zip"
        return (Row("articles_not_on_file", (text,), "caution", weight=86),)
    rows = [row for each in found.articles for row in _article(each)]
    if not rows and found.known:
        rows.append(Row("no_article", (f"No article on {found.code} for this payer in CMS's file.",), weight=86))
    if any(each.standing in ("listed", "needs_more") for one in found.articles for each in one.diagnoses):
        rows.append(Row("listed_is_not_covered", (_NOT_COVERAGE,), "caution", must=True))
    rows += [_other(each, found.code) for each in found.others]
    rows += [Row("articles_note", (each,), "dim", weight=34) for each in found.notes]
    return tuple(rows)


def _article(article: ArticleForCode) -> Iterator[Row]:
    who = f"{', '.join(article.contractors)}, {_claims(article.claims)}"
    since = f", from {article.effective}" if article.effective else ""
    named = [_document(each) for each in article.documents if each.id[0] in "LN"]
    documents = f"; {', '.join(named)}" if named else ""
    text = f"{article.id}: {_subject(article.title)} ({who}{since}{documents})."
    yield Row("article", (text,), weight=88)
    if article.bearing == "denies":
        yield Row("article_denies", (f"{article.id} does not cover it: {article.why}",), "bad", must=True, under=True)
        return
    if article.diagnoses:
        said: set[str | None] = {None}
        for each in article.diagnoses:
            text = each.says if each.scope in said else f"{each.says} Its list: {each.scope}"
            said.add(each.scope)
            yield Row("diagnosis", (text,), _TONES.get(each.standing, "plain"), must=True, under=True)
        return
    yield from (Row("diagnosis_list", (each,), weight=87, under=True) for each in _lists(article))


def _subject(title: str) -> str:
    return title.removeprefix(_TITLE)


def _claims(claims: Iterable[str]) -> str:
    return " and ".join(sorted(_CLAIMS[each] for each in claims))


def _document(document: LocalDocument) -> str:
    force = "" if document.in_force in ("yes", None) else f", {_FORCE[document.in_force]}"
    number = document.id
    if number[0] == "N":  # CMS's own number says nothing to a biller
        number = document.title.partition(":")[0] if document.title else f"NCD with CMS's id {number[1:]}"
    return f"{number}{force}"


def _lists(article: ArticleForCode) -> Iterator[str]:
    """Yield a sentence for every list that is for the code or may be; one for none."""
    counting = [each for each in article.lists if each.scope in ("this_code", "article")]
    for each in counting:
        yield f"List {each.number}: {_list(each)}"
    if unclear := [each for each in article.lists if each.scope == "unclear"]:
        numbers = ", ".join(f"{each.number}{'' if each.supports else ' (against)'}" for each in unclear)
        yield f"Its lists {numbers}: whether they are for this code, read in their paragraphs: cpt explain {article.id}"
    elif not counting:
        free = any(each.scope == "no_limit" for each in article.lists)
        yield "It sets no diagnosis limit." if free else "It has no diagnosis list for this code."


def _list(listed: ListShown) -> str:
    side = "that support it" if listed.supports else "that do not support it"
    more = f" {listed.short}" if listed.short else ""
    return f"{listed.count:,} {'diagnosis' if listed.count == 1 else 'diagnoses'} {side}.{more}"


def _other(article: ArticleForCode, code: str) -> Row:
    if article.in_force != "yes":
        text = f"{article.id}: not known whether in force on that day: {article.why_not}."
        return Row("article_not_known", (text,), "unsure", weight=84)
    return Row("article_names_it", (f"{article.id} names {code} but is no answer: {article.why}.",), "dim", weight=33)


def article_details(found: ArticlesFound) -> Iterator[Detail]:
    """Yield everything about the articles on a code, for --full."""
    for article in (*found.articles, *found.others):
        states = f"; {', '.join(article.states)}" if article.states else ""
        edition = f"CMS's file of {article.edition}, version {article.version}{states}"
        yield Detail("article", article.id, f"{article.title} ({_FORCE[article.in_force]}). {article.group_says or ''}",
                     edition)  # fmt: skip
        for each in article.lists:
            text = f"{_list(each)[:-1]}; for this code: {each.scope.replace('_', ' ')}. {each.paragraph or ''}"
            yield Detail("diagnosis_list", f"{article.id} list {each.number}", text, each.condition or "")


# ------------------------------------------------------------------------------------------------- a diagnosis


def diagnosis_sheet(card: DiagnosisCard) -> Sheet:
    """Return the sheet of a diagnosis."""
    articles = tuple(_line(each) for each in card.lines if not each.shipped)
    shipped = tuple(_line(each) for each in card.lines if each.shipped)
    nothing = () if card.lines else (Row("none", (f"{card.diagnosis} is on no list on file.",), "unsure", must=True),)
    blocks = (
        Block("", nothing),
        Block("Articles", articles),
        Block("Payers", shipped),
        Block("Note", (*((Row("note", (_NOT_COVERAGE,), "caution", must=True),) if card.lines else ()),
                       *(Row("note", (each,), "dim", weight=70) for each in card.notes))),
        Block("Next", (Row("next", (f"cpt suggest --modality CODE --payer NAME --dx {card.diagnosis}",), weight=75),)),
    )  # fmt: skip
    return Sheet(
        title=(card.diagnosis, "lists for and against it", "ICD-10-CM"),
        blocks=tuple(block for block in blocks if block.rows),
        facts=(("diagnosis", card.diagnosis),),
        sections=(Section("Lists in full", tuple(_line_detail(each) for each in card.lines)),) if card.lines else (),
        stamp=f"DOS {card.service_date}  {rules_in_short(card.rulebook)}",
    )


def _line(line: DiagnosisLine) -> Row:
    condition = f"; {line.condition}" if line.condition and line.condition != line.short else ""
    if line.shipped:
        text = f"{(line.short or line.title).rstrip('.')} [{line.id}]{condition}"
        return Row("payer_rule", (", ".join(line.contractors), text), "caution" if condition else "plain", weight=60)
    who = f" ({', '.join(line.contractors)}, {_claims(line.claims)})"
    side = "for" if line.supports else "against"
    plain: Tone = "good" if line.supports else "bad"
    codes = _cut(line.codes) if line.codes else "codes that its paragraph has to say"
    force = "" if line.in_force == "yes" else f"; {_FORCE[line.in_force]}: {line.why_not}"
    scope = f": {line.short}" if line.short else ""
    tone: Tone = "unsure" if not line.codes or force else "caution" if line.condition else plain
    return Row("article", (f"{side} {codes}", f"{line.id}{who}{scope}{condition}{force}"), tone, weight=62)


def _cut(codes: tuple[str, ...], most: int = 6) -> str:
    more = f" and {len(codes) - most} more" if len(codes) > most else ""
    return f"{', '.join(codes[:most])}{more}"


def _line_detail(line: DiagnosisLine) -> Detail:
    text = f"{line.title}: {', '.join(line.codes) or line.short or ''}"
    return Detail("list", line.id, text, ", ".join(line.states))


# -------------------------------------------------------------------------------------------------- a document


def document_sheet(card: DocumentCard) -> Sheet:
    """Return the sheet of an article, LCD or NCD."""
    force = _FORCE[card.in_force] + (f" ({card.why_not})" if card.why_not else "")
    days = [f"from {card.effective}" if card.effective else "first day not given"]
    days += [f"{word} {day}" for word, day in (("to", card.ends), ("retired", card.retired)) if day]
    lead = (Row("in_force", (f"{force} on {card.service_date}: {', '.join(days)}; version {card.version}.",),
                "plain" if card.in_force == "yes" else "unsure", must=True),)  # fmt: skip
    sections = (
        Section("Contractors", tuple(Detail("contractor", "", each) for each in card.contractors), listed=True),
        Section("Belongs to", tuple(Detail("document", "", _with_title(each)) for each in card.documents), listed=True),
        *(Section(title, tuple(_group(each) for each in card.groups if each.kind == kind))
          for title, kind in _GROUPS),
        Section("Text", tuple(Detail(name, name.replace("_", " "), text) for name, text in card.texts)),
        Section("On file", (Detail("edition", "edition", f"CMS's file of {card.edition} ({card.files})"),
                            Detail("rulebook", "rules", receipt_text(card.rulebook)))),
    )  # fmt: skip
    return Sheet(
        title=(card.id, _subject(card.title), card.kind if card.kind == "article" else card.kind.upper()),
        lead=lead,
        facts=((card.kind, card.id), ("title", card.title)),
        sections=tuple(each for each in sections if each.details),
    )


_GROUPS = (
    ("Codes", "codes"),
    ("Diagnoses that support", "covered"),
    ("Diagnoses that do not support", "noncovered"),
)


def _with_title(document: LocalDocument) -> str:
    return f"{_document(document)}: {document.title}" if document.title else f"{_document(document)}: not on file"


def _group(group: DocumentGroup) -> Detail:
    entries = " ".join(group.entries[:_SHOWN])
    more = f" and {len(group.entries) - _SHOWN:,} more" if len(group.entries) > _SHOWN else ""
    limit = "no diagnosis limit" if group.no_limit else ""
    paragraph = " ".join((group.paragraph or "").split())
    text = " ".join(filter(None, (paragraph, limit, f"{entries}{more}")))
    return Detail(group.kind, f"group {group.number}", text, f"* {group.condition}" if group.condition else "")
