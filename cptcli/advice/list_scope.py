"""What a paragraph of an article says about the codes and diagnoses of its group.

CMS's tables do not link a diagnosis list to codes: groups of equal number do not belong together. Only the paragraph
says for which codes a list is. Where it is not plain, the answer is `unclear` and the paragraph is shown.
"""

import re
from collections.abc import Iterator, Sequence

from ..cms.coverage_records import StoredGroup
from ..model.articles import Scope

_SHORT = 160  # characters of a paragraph in short
_CODE = r"(?:[0-9]{4}[0-9AFMTU]|[A-V][0-9]{4})"
_RANGE = re.compile(rf"\b({_CODE})\b(?!\.[0-9])(?:\s*(?:-|\u2013|\u2014|through|thru|to)\s*({_CODE})\b(?!\.[0-9]))?")
_SENTENCE = re.compile(r"(?<=[.;!?])\s+|\n")
_ANY = re.IGNORECASE
_NO_LIMIT = re.compile(
    r"\b(no|not|without)\b[^.;]*\b(diagnos[^.;]*\b(limit|restrict)|(limit|restrict)[^.;]*\bdiagnos)", _ANY
)
_EXCEPTION = re.compile(
    r"\b(except|exception|other than|exclud\w+|not appl\w+|not require|all others?|any other|remaining|unless)\b"
    r"|\bgroups?\s+[0-9]",
    _ANY,
)
_EVERY = re.compile(
    r"\b(all|any|other|each|every)( other)?( (listed|remaining|cpt|hcpcs|procedure|therapy))* (codes?|services)\b"
    r"|\b(all|any) others?\b|\bremaining\b",
    _ANY,
)
_FOR_ONLY = re.compile(r"\bfor\b[^.;]*\bonly\b|\bonly for\b", _ANY)
_LIMITED = re.compile(r"\blimited to\b|\bfollowing\b|\bbelow\b|\bbut\b", _ANY)
_LISTS = re.compile(r"\b(following|below|listed|limited|support\w*)\b", _ANY)  # ties the codes named to the list
_DO_NOT_SUPPORT = re.compile(r"\bnot support\b|\bnon-?\s?covered\b|\bnot covered\b", _ANY)
_SUPPORT = re.compile(r"\bnot support\b|\bnon-?\s?covered\b|\bnot covered\b", _ANY)
_SUPPORT = re.compile(r"\bsupports?\b", _ANY)
_DENIED = re.compile(
    r"\bnon-?\s?covered\b|\bnot covered\b|\bnot support\b|\bnot (considered )?(medically )?(reasonable|necessary)\b"
    r"|\bdenied\b|\bnot payable\b|\bstatus N\b|\bnot meet\b|\binvestigational\b|\bexperimental\b",
    _ANY,
)
_NOT_THESE = re.compile(
    r"\bnot (listed|included|on|in)\b|\bother than\b|\b(any|all) others?\b|\bunless\b|\bif\b|\bwhen\b", _ANY
)
_THESE = re.compile(r"\b(following|these|below|listed|codes?|procedures?|group)\b", _ANY)
_RELATED = re.compile(
    r"\b(other|additional|related|associated)\b[^.;]*\bcodes?\b[^.;]*\b(related|associated)\b"
    r"|\b(related|associated|informational) (cpt |hcpcs |procedure )?codes?\b|\binformational (purposes )?only\b",
    _ANY,
)
_SECONDARY = re.compile(r"\bsecondary\b", _ANY)
_MORE = re.compile(
    r"\bsecondary\b|\bin addition\b|\b(requires?|required|must|and)\b[^.;]*\b(code|diagnosis|one) from\b|\bboth\b"
    r"|\b(dual|two) diagnos\w+|\breported (together )?with\b|\baccompanied\b|\bprimary diagnosis\b",
    _ANY,
)


def short(paragraph: str) -> str | None:
    """Return a paragraph on one line, cut at a word; None for an empty one."""
    text = " ".join(paragraph.split())
    if len(text) <= _SHORT:
        return text or None
    return f"{text[:_SHORT].rpartition(' ')[0]} ..."


def spans_in(text: str) -> Iterator[tuple[str, str]]:
    """Yield the codes and ranges of codes that a text names, each as its first and last code."""
    for found in _RANGE.finditer(text):
        first, last = found[1], found[2] or found[1]
        yield from [(first, last)] if first <= last else [(first, first), (last, last)]


def names(text: str, code: str) -> bool:
    """Return whether a text names a code, by itself or in a range."""
    return any(first <= code <= last for first, last in spans_in(text))


def names_any(text: str, groups: Sequence[StoredGroup]) -> bool:
    """Return whether a text names a code of one of these groups."""
    spans = [*spans_in(text)]
    codes = {code for group in groups for code in group.entries.split()} if spans else ()
    return any(first <= code <= last for first, last in spans for code in codes)


def sentences(text: str) -> list[str]:
    """Return the sentences of a paragraph; a line ends one too."""
    return [each for each in _SENTENCE.split(text) if each.strip()]


def is_secondary(group: StoredGroup) -> bool:
    """Return whether a list is for a second diagnosis, to go with one of another list."""
    return bool(_SECONDARY.search(group.text.paragraph))


def scope(group: StoredGroup, code: str, codes: Sequence[StoredGroup], rivals: int) -> Scope:
    """Return what a diagnosis list is to a code of its article.

    `codes` are the article's groups of codes that it does not deny; `rivals` are its other lists of the same kind,
    without those for a second diagnosis. A list is taken for all codes only where there is one group and one list.
    """
    text = group.text.paragraph
    if _is_reversed(group):
        return "unclear"
    about = [each for each in sentences(text) if names(each, code)]
    if about:
        return _scope_by_name(about)
    if naming := [each for each in sentences(text) if any(True for _ in spans_in(each))]:
        return "other_codes" if _is_for_others(text, naming, codes) else "unclear"
    if group.text.no_limit or _NO_LIMIT.search(text):
        return "unclear" if group.count else "no_limit"
    if len(codes) != 1 or (rivals and not is_secondary(group)) or _EXCEPTION.search(text) or _FOR_ONLY.search(text):
        return "unclear"
    return "article"


def _is_for_others(text: str, naming: Sequence[str], codes: Sequence[StoredGroup]) -> bool:
    """Return whether the sentences that name codes plainly say that a list is for these and no others."""
    if not names_any(text, codes):
        return False
    ties = all(_LISTS.search(each) and not (_EXCEPTION.search(each) or _NO_LIMIT.search(each)) for each in naming)
    return ties and not any(_EVERY.search(each) for each in sentences(text))


def _scope_by_name(about: Sequence[str]) -> Scope:
    """Return the scope of a list from the sentences that name the code."""
    if any(_EXCEPTION.search(each) for each in about):
        return "unclear"
    if all(_NO_LIMIT.search(each) and not _LIMITED.search(each) for each in about):
        return "no_limit"
    if any(_NO_LIMIT.search(each) for each in about) or not all(_LISTS.search(each) for each in about):
        return "unclear"
    return "this_code"


def _is_reversed(group: StoredGroup) -> bool:
    """Return whether the paragraph says the opposite of the table that the list is in."""
    text = group.text.paragraph
    if group.kind == "covered":
        against = (each for each in sentences(text) if _DO_NOT_SUPPORT.search(each))
        return bool(group.count) and any(not _NOT_THESE.search(each) for each in against)
    return bool(group.count and _SUPPORT.search(text) and not _DO_NOT_SUPPORT.search(text))


def condition(group: StoredGroup) -> str | None:
    """Return the sentence of a list that asks for more than a diagnosis on it; None if there is none."""
    return next((short(each) for each in sentences(group.text.paragraph) if _MORE.search(each)), None)


def denial(group: StoredGroup, code: str) -> str | None:
    """Return the sentence of a code group that says this code is not covered; None if there is none."""
    text = group.text.paragraph
    for each in sentences(text):
        named = names(each, code)
        of_all = not any(True for _ in spans_in(text)) and not _NOT_THESE.search(each)
        of_all = of_all and bool(_THESE.search(each) or each.strip() == text.strip())
        if _DENIED.search(each) and (named or of_all):
            return short(each)
    return None


def relation(groups: Sequence[StoredGroup]) -> str | None:
    """Return the sentence that lists the codes of all these groups as related only; None if one has none."""
    found = [next((short(each) for each in sentences(group.text.paragraph) if _RELATED.search(each)), None)
             for group in groups]  # fmt: skip
    return found[0] if found and all(found) else None
