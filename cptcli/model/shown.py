"""Every answer that a page is made from, apart from a day's and `cpt data`'s."""

from .answer import Answer
from .comparison import Comparison
from .lookup import CodeCard, EntryCard, Hits, Listing, PolicyCard, RuleCard, TopicCard

# What a page is made from.
Shown = Answer | Comparison | CodeCard | Hits | Listing | RuleCard | PolicyCard | EntryCard | TopicCard
