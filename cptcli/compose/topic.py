"""What `cpt help` shows -> a sheet: one topic, or the list of them."""

from ..model.lookup import TopicCard
from ..model.rulebook import Topic
from .backing import rules_in_short, source_line
from .sheet import Block, Detail, Row, Section, Sheet, counted


def topic_sheet(card: TopicCard) -> Sheet:
    """Return the sheet of one topic, or a list with a row for each of several."""
    if len(card.topics) == 1:
        return _one(card, card.topics[0])
    rows = tuple(Row("topic", (each.id, each.name, ", ".join(each.also_called[:3]))) for each in card.topics)
    return Sheet(
        title=("", "Topics: cpt help TOPIC. Commands: cpt -h, cpt COMMAND -h.", ""),
        blocks=(Block("", rows),),
        stamp=rules_in_short(card.rulebook),
    )


def _one(card: TopicCard, topic: Topic) -> Sheet:
    sources = tuple(Detail("source", "", source_line(each)) for each in card.sources)
    return Sheet(
        title=(topic.id, topic.name, ""),
        blocks=(
            Block("", tuple(Row("text", (text,)) for text in topic.text)),
            Block("Try", tuple(Row("command", (each,)) for each in topic.commands), apart=True),
        ),
        facts=(("topic", topic.id),),
        sections=(Section("Sources", sources, listed=True),) if sources else (),
        more=(counted(len(sources), "source"),) if sources else (),
        stamp=rules_in_short(card.rulebook),
    )
