"""Finds what the rule base says about words that name nothing in it: help topics, modifiers, rules on payment."""

from collections.abc import Iterator

from ..model.lookup import Hit
from ..rulebook.book import RuleBook
from ..rulebook.names import normalized

_SHORTEST = 3  # letters of a word worth a search in sentences


def said_of(book: RuleBook, asked: str) -> list[Hit]:
    """Return the entries whose sentences have the words in a row, help topics first; none for a word too short."""
    wanted = normalized(asked).strip()
    if len(wanted) < _SHORTEST:
        return []
    return [hit for hit, text in _sentences(book) if f" {wanted}" in f" {normalized(text)}"]


def _sentences(book: RuleBook) -> Iterator[tuple[Hit, str]]:
    for key in book.keys("topics"):
        if topic := book.topic(key):
            text = " ".join((topic.name, *topic.text))
            yield _hit("topic", topic.id, topic.name, topic.text[0], f"cpt help {topic.id}"), text
    for known in filter(None, map(book.modifier, book.keys("modifiers"))):
        text = " ".join(filter(None, (known.says, known.caveat)))
        yield _hit("modifier", known.id, f"Modifier {known.id}", known.says, f"cpt explain {known.id}"), text
    for rule in filter(None, map(book.rule, book.keys("rules"))):
        facts = [fact.says for fact in rule.facts]
        text = " ".join(filter(None, (rule.says, rule.caveat, rule.not_modelled, *rule.exceptions, *facts)))
        payer = book.payer(rule.payer or "")
        name = payer.short_name or payer.name if payer else rule.id
        yield _hit("rule", rule.id, name, rule.short or rule.says, f"cpt explain {rule.id}"), text


def _hit(kind: str, key: str, name: str, says: str, ask_on: str) -> Hit:
    match kind:
        case "topic":
            return Hit(kind="topic", id=key, name=name, says=says, ask_on=ask_on, matched=name, nearly=False)
        case "modifier":
            return Hit(kind="modifier", id=key, name=name, says=says, ask_on=ask_on, matched=name, nearly=False)
        case _:
            return Hit(kind="rule", id=key, name=name, says=says, ask_on=ask_on, matched=name, nearly=False)
