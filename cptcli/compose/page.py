"""The page of an answer: its sheet, and how many lines the first screen has."""

from msgspec import Struct

from ..model.answer import Answer
from ..model.articles import DiagnosisCard, DocumentCard
from ..model.comparison import Comparison
from ..model.lookup import CodeCard, EntryCard, Hits, Listing, PolicyCard, RuleCard, TopicCard
from ..model.shown import Shown
from .layout import LINES
from .sheet import Sheet


class Page(Struct, frozen=True):
    """A sheet; `lines` is how many its first screen has, None for no limit; `full` shows it in full always."""

    sheet: Sheet
    lines: int | None = LINES
    full: bool = False


def page_of(shown: Shown) -> Page:
    """Return the page of an answer. Modules are imported when needed, to keep start-up fast."""
    match shown:
        case Answer():
            from .answer import answer_sheet

            return Page(answer_sheet(shown))
        case Comparison():
            from .comparison import compare_sheet

            return Page(compare_sheet(shown))
        case CodeCard():
            from .code_card import code_sheet

            return Page(code_sheet(shown))
        case DiagnosisCard():
            from .articles import diagnosis_sheet

            return Page(diagnosis_sheet(shown))
        case DocumentCard():
            from .articles import document_sheet

            return Page(document_sheet(shown), full=True)
        case Hits():
            from .listing import hits_sheet

            return Page(hits_sheet(shown))
        case Listing():
            from .listing import listing_sheet

            return Page(listing_sheet(shown), lines=None)
        case TopicCard():
            from .topic import topic_sheet

            return Page(topic_sheet(shown), lines=None)
        case RuleCard() | PolicyCard() | EntryCard():
            return _entry(shown)


def _entry(shown: RuleCard | PolicyCard | EntryCard) -> Page:
    from .entry import entry_sheet, policy_sheet, rule_sheet

    match shown:
        case RuleCard():
            return Page(rule_sheet(shown), full=True)
        case PolicyCard():
            return Page(policy_sheet(shown), full=True)
        case EntryCard():
            return Page(entry_sheet(shown), full=True)
