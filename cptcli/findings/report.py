"""What the checks of a day find: data while it is decided, words only where an answer is shown."""

from collections.abc import Callable, Iterable, Sequence
from typing import Literal, NamedTuple, Protocol

from msgspec import Struct

from ..advice.citations import refs
from ..cms.entries import Edition
from ..model.answer import SourceRef
from ..model.visit import Finding, Severity, TableUsed
from ..rulebook.book import RuleBook
from .phrases import cut_to_fit, listed, where

SEVERITIES: tuple[Severity, ...] = ("block", "warn", "info")
_MOST_ITEMS = 4  # of one point that was not checked, on the first screen


class Entry(Protocol):
    """An entry of the rule base that a finding cites: a rule, a policy, a code, a modifier, a claim form."""

    @property
    def id(self) -> str:
        """Return the id for `cpt explain`."""

    @property
    def sources(self) -> tuple[str, ...]:
        """Return the ids of its sources."""


class Words(NamedTuple):
    """The words of a finding: in full, then in short, of several texts the first that fits in two lines of a page."""

    says: str
    short: str | Sequence[str]
    fix: str | None = None
    sources: Sequence[str] = ()  # besides those of its entry
    about: Literal["coverage"] | None = None


class Found(NamedTuple):
    """A finding before it is worded: `words` makes its text of `given`. `lines` are numbers from 1; none: the day.

    No entry is named for what was typed and means nothing, contradicts itself, or is not in the rule base.
    """

    severity: Severity
    lines: tuple[int, ...]
    entry: Entry | None
    words: Callable[..., Words]
    given: tuple[object, ...]


class Point(NamedTuple):
    """What was not checked, in full and in short; what it is `about` takes the place of {} in `short`.

    With no `short` it is shown with --full only: no code of the day makes it matter. `lacks_table`: an edit or limit
    that the payer applies, and no table on file has: such a day is not clean.
    """

    says: str
    short: str | None
    about: tuple[str, ...] = ()
    lacks_table: bool = False


class Unchecked(NamedTuple):
    """A point that was not checked, before it is worded."""

    words: Callable[..., Point]
    given: tuple[object, ...]


class Report:
    """What is found, what was not checked and which tables were used, in the order of the checks."""

    def __init__(self) -> None:
        self.found: list[Found] = []
        self.unchecked: list[Unchecked] = []
        self.editions: dict[tuple[str, str, str | None], Edition] = {}

    def find(
        self,
        severity: Severity,
        lines: tuple[int, ...],
        entry: Entry | None,
        words: Callable[..., Words],
        *given: object,
    ) -> None:
        """Add a finding about some lines, or about the day, and the entry of the rule base that it rests on."""
        self.found.append(Found(severity, lines, entry, words, given))

    def note_unchecked(self, words: Callable[..., Point], *given: object) -> None:
        """Add what was not checked."""
        self.unchecked.append(Unchecked(words, given))

    def use(self, edition: Edition | None) -> None:
        """Name a table's edition in the answer."""
        if edition is not None:
            self.editions.setdefault((edition.table, edition.edition, edition.claim), edition)


class Worded(Struct, frozen=True):
    """A report in words: the findings by severity and line, each once, and what was not checked."""

    findings: tuple[Finding, ...]
    not_checked: tuple[str, ...]
    unchecked: tuple[str, ...]
    without_table: tuple[str, ...]
    tables: tuple[TableUsed, ...]


def worded(book: RuleBook, report: Report) -> Worded:
    """Return a report in words."""
    findings = dict.fromkeys(_finding(book, each) for each in report.found)
    not_checked: dict[str, None] = {}
    in_short: dict[str, dict[str, None]] = {}
    lacking: set[str] = set()
    for each in report.unchecked:
        point = each.words(*each.given)
        not_checked.setdefault(point.says)
        if point.short:
            in_short.setdefault(point.short, {}).update(dict.fromkeys(point.about))
            lacking.update([point.short] if point.lacks_table else [])
    unchecked = {short: short.replace("{}", listed([*about], _MOST_ITEMS)) for short, about in in_short.items()}
    return Worded(
        tuple(sorted(findings, key=_gravity)),
        tuple(not_checked),
        tuple(unchecked.values()),
        tuple([text for short, text in unchecked.items() if short in lacking]),
        tuple(map(_table_used, report.editions.values())),
    )


def _finding(book: RuleBook, found: Found) -> Finding:
    words = found.words(*found.given)
    texts = (words.short,) if isinstance(words.short, str) else words.short
    return Finding(
        severity=found.severity,
        rule=found.entry.id if found.entry else None,
        says=words.says,
        fix=words.fix,
        lines=found.lines,
        sources=_sources(book, found.entry.sources if found.entry else (), tuple(words.sources)),
        short=cut_to_fit(where(found.lines), texts, f" -> {words.fix}" if words.fix else ""),
        about=words.about,
    )


def _sources(book: RuleBook, of_entry: tuple[str, ...], further: tuple[str, ...]) -> tuple[SourceRef, ...]:
    """Return the sources of a finding, each once; many findings share them."""
    key = ("sources of a finding", of_entry, further)
    found: tuple[SourceRef, ...] | None = book.plans.get(key)
    if found is None:
        found = refs(book, dict.fromkeys((*of_entry, *further)))
        book.plans.keep({key: found})
    return found


def _gravity(finding: Finding) -> tuple[int, tuple[int, ...]]:
    """Return what findings are sorted by: the most severe first, then by line."""
    return SEVERITIES.index(finding.severity), finding.lines


def _table_used(edition: Edition) -> TableUsed:
    return TableUsed(
        table=edition.table,
        edition=edition.edition,
        first=edition.first,
        last=edition.last,
        imported=edition.imported,
        caveat=edition.caveat,
        claim=edition.claim,
    )


def numbers(lines: Iterable["Numbered"]) -> tuple[int, ...]:
    """Return the numbers of some lines."""
    return tuple([line.number for line in lines])


class Numbered(Protocol):
    """Anything with the number of a line."""

    @property
    def number(self) -> int:
        """Return the number, from 1."""
