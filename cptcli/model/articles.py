"""The nouns of Medicare's local documents: the articles on a code, the lists of a diagnosis, a document in full."""

from datetime import date
from typing import Literal

from .common import Noun
from .rulebook import Receipt

# What an article is to a code. rules: it is about this field and has the code in a group. denies: the same, and the
# group's paragraph says that the code is not covered. names: it is about something else, or lists the code as related:
# never an answer.
Bearing = Literal["rules", "denies", "names"]
# What a diagnosis list is to a code. this_code: its paragraph names the code. article: it names no code, and the
# article has one group of codes. no_limit: no diagnosis limits this code. other_codes: it is for other codes. unclear:
# the paragraph has to be read.
Scope = Literal["this_code", "article", "no_limit", "other_codes", "unclear"]
# What an article says of a diagnosis for a code. listed: on a list that supports it. needs_more: on it, with a further
# condition. not_listed: there is a list of supporting diagnoses, and it is not on it. against: on a list of diagnoses
# that do not support the code. not_against: only such a list exists, and it is not on it. no_limit: the article sets no
# diagnosis limit. no_list: no list is for this code. not_known: read the paragraph.
Standing = Literal["listed", "needs_more", "not_listed", "against", "not_against", "no_limit", "no_list", "not_known"]


class ListShown(Noun, frozen=True, omit_defaults=False):
    """A diagnosis list of an article, as it is for one code; `short` is its paragraph in short."""

    number: int
    supports: bool  # False: its diagnoses do not support the code
    scope: Scope
    count: int
    short: str | None
    paragraph: str | None
    condition: str | None  # what more than being on it is needed, in short


class DiagnosisStanding(Noun, frozen=True, omit_defaults=False):
    """What an article says of a diagnosis for a code. Being listed is not coverage."""

    diagnosis: str
    standing: Standing
    lists: tuple[int, ...]  # the numbers of the lists that it is on and that count here
    says: str
    scope: str | None  # the paragraph of the deciding list, in short


class LocalDocument(Noun, frozen=True, omit_defaults=False):
    """An LCD or NCD that an article belongs to. `in_force` None: not on file."""

    id: str
    title: str | None
    in_force: Literal["yes", "no", "not_known"] | None


class ArticleForCode(Noun, frozen=True, omit_defaults=False):
    """An article that has a code in one of its groups, for a place and a day."""

    id: str
    version: int
    title: str
    bearing: Bearing
    why: str | None  # of denies and names, in short
    in_force: Literal["yes", "no", "not_known"]
    why_not: str | None
    effective: date | None
    ends: date | None
    contractors: tuple[str, ...]
    claims: tuple[str, ...]  # kinds of claim that it is for, at this place
    states: tuple[str, ...]  # of those contractors, with the part of a state
    documents: tuple[LocalDocument, ...]
    groups: tuple[int, ...]  # that have the code
    group_says: str | None  # their paragraph in short
    lists: tuple[ListShown, ...]  # those for other codes as well
    diagnoses: tuple[DiagnosisStanding, ...]
    edition: str
    edition_day: date


class ArticlesFound(Noun, frozen=True, omit_defaults=False):
    """The articles on a code. `imported`: whether CMS's articles are on file. `known`: whether those on this code are.

    `others` name the code without ruling on it, or are not in force.
    """

    code: str
    service_date: date
    imported: bool
    known: bool
    edition: str | None
    articles: tuple[ArticleForCode, ...]
    others: tuple[ArticleForCode, ...]
    notes: tuple[str, ...]


class DiagnosisLine(Noun, frozen=True, omit_defaults=False):
    """A list that a diagnosis is on, in an article or shipped: for or against which codes."""

    id: str
    title: str
    contractors: tuple[str, ...]
    claims: tuple[str, ...]
    states: tuple[str, ...]
    supports: bool | None  # None: the list that ships does not say
    codes: tuple[str, ...]  # on file, for which the list counts; empty where its paragraph has to be read
    short: str | None
    condition: str | None
    in_force: Literal["yes", "no", "not_known"]
    why_not: str | None
    shipped: bool


class DiagnosisCard(Noun, frozen=True, omit_defaults=False):
    """The lists that a diagnosis is on, for or against codes: in the imported articles, and those that ship."""

    diagnosis: str
    service_date: date
    imported: bool
    edition: str | None
    lines: tuple[DiagnosisLine, ...]
    notes: tuple[str, ...]
    rulebook: Receipt


class DocumentGroup(Noun, frozen=True, omit_defaults=False):
    """A code group or a diagnosis list of a document, in full."""

    kind: Literal["codes", "covered", "noncovered"]
    number: int
    paragraph: str | None
    condition: str | None  # of the entries with an asterisk
    no_limit: bool
    entries: tuple[str, ...]


class DocumentCard(Noun, frozen=True, omit_defaults=False):
    """An article, LCD or NCD as imported."""

    id: str
    version: int
    kind: Literal["article", "lcd", "ncd"]
    title: str
    service_date: date
    in_force: Literal["yes", "no", "not_known"]
    why_not: str | None
    effective: date | None
    ends: date | None
    retired: date | None
    contractors: tuple[str, ...]  # with kinds of claim and states
    documents: tuple[LocalDocument, ...]
    groups: tuple[DocumentGroup, ...]
    texts: tuple[tuple[str, str], ...]
    edition: str
    files: str
    rulebook: Receipt
