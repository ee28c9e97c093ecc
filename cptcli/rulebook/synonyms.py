"""Compiles rules/synonyms.yaml and the words of every name, and reports problems in the file."""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

import msgspec

from .load import Parts
from .names import normalized
from .shapes import SameWords, WordList
from .words import Lexicon, phrase

LISTS = ("treatments", "payers")  # the two word lists; every shelf but that of the payers uses the first


def list_of(shelf: str) -> str:
    """Return the word list for the names of a shelf."""
    return "payers" if shelf == "payers" else "treatments"


def compile_words(parts: Parts, names: Mapping[str, Mapping[str, object]]) -> dict[str, bytes]:
    """Return the lexicons by word list, and as "words of SHELF" the words of each of `names`: shelf -> {name: ids}."""
    packed: dict[str, bytes] = {}
    for part in LISTS:
        listed = getattr(parts.synonyms, part) if parts.synonyms else WordList()
        by_shelf = tuple((shelf, tuple(names[shelf])) for shelf in names if list_of(shelf) == part)
        packed |= _words_of(part, listed, by_shelf)
    return packed


@lru_cache(maxsize=4)  # both lists with and without your rules: a rule adds no name
def _words_of(part: str, listed: WordList, names: tuple[tuple[str, tuple[str, ...]], ...]) -> dict[str, bytes]:
    """Return the lexicon of one word list and the words of its names by shelf."""
    lexicon = lexicon_of(listed, (name for _, each in names for name in each))
    packed = {part: msgspec.msgpack.encode(lexicon, order="deterministic")}  # sets have no order of their own
    for shelf, each in names:
        packed[f"words of {shelf}"] = msgspec.msgpack.encode({name: lexicon.words(name) for name in each})
    return packed


def lexicon_of(listed: WordList, names: Iterable[str]) -> Lexicon:
    """Return the lexicon of one word list, with the vocabulary of its names."""
    groups = [each.same for each in (*listed.same, *listed.places)]
    ignored = frozenset(map(normalized, listed.ignored))
    texts = (*names, *(text for group in groups for text in group), *listed.fillers, *listed.activities)
    bare = Lexicon(ignored=ignored)
    plain = Lexicon(ignored=ignored, vocabulary=frozenset(word for text in texts for word in bare.tokens(text)))
    heads = [(" ".join(plain.tokens(group[0])), [plain.tokens(text) for text in group]) for group in groups]
    fillers = [plain.tokens(text) for text in listed.fillers]
    heads += [(" ".join(words), [words]) for words in fillers if len(words) > 1]
    phrases = {words[0]: head for head, members in heads for words in members if len(words) == 1}
    read = Lexicon(phrases, ignored)
    longer = [(words, head) for head, members in heads for words in members if len(words) > 1]
    for words, head in sorted(longer, key=lambda pair: len(pair[0])):
        inner = read.canonical(words)
        if len(inner) > 1:
            phrases.setdefault(phrase(inner), head)
    return Lexicon(
        phrases,
        ignored,
        fillers=frozenset(word for text in listed.fillers for word in read.canonical(plain.tokens(text))),
        activities=frozenset(word for text in listed.activities for word in read.canonical(plain.tokens(text))),
        places=frozenset(" ".join(plain.tokens(each.same[0])) for each in listed.places),
        vocabulary=plain.vocabulary,
    )


def check_synonyms(parts: Parts) -> None:
    """Append the problems of the word lists to parts.problems."""
    for part in LISTS if parts.synonyms else ():
        listed: WordList = getattr(parts.synonyms, part)
        first: dict[str, SameWords] = {}
        for group, text in _phrases(listed):
            place = f"samewords:{group.id}"
            words = normalized(text)
            if not words:
                parts.problem(place, f"{text!r} has no word", "letters or digits", "delete it")
            elif first.setdefault(words, group) is not group:
                what = f"{text!r} in two groups of {part!r}"
                parts.problem(place, what, "each phrase once", f"join it to the group of {first[words].id!r}")


def _phrases(listed: WordList) -> Iterator[tuple[SameWords, str]]:
    yield from ((group, text) for group in (*listed.same, *listed.places) for text in group.same)
