"""Every answer that a page is made from, apart from a day's and `cpt data`'s."""

from .answer import Answer
from .articles import DiagnosisCard, DocumentCard
from .comparison import Comparison
from .lookup import CodeCard, EntryCard, Hits, Listing, PolicyCard, RuleCard, TopicCard

# What a page is made from.
Lookup = CodeCard | DiagnosisCard | DocumentCard | Hits | RuleCard | PolicyCard | EntryCard | TopicCard
Shown = Answer | Comparison | Listing | Lookup
