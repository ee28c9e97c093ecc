"""Search by words: plural, word order, filler words, synonyms and joined words make no difference.

Used for names that have no exact match. The synonyms are in rules/synonyms.yaml; the words of every name are compiled,
so that a search splits only what was typed.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from math import log

from msgspec import Struct

from .names import BEGINNING, Found, normalized

Words = tuple[str, ...]

_LONGEST = 40  # words read of what was typed
_PHRASE = 8  # words of the longest phrase
_MANY = 6  # near names offered
_NEAR = 0.5  # a near name has more than this share of what was typed, weighed by rarity; or all of it was typed
CLOSE = 0.8  # share of the nearest name's score that another one needs to be offered too
_VOWELS = "aeiouy"
_SHORT = 3  # letters at least of a word that can decide a match


class Lexicon(Struct, frozen=True):
    """Which words count as equal, compiled from one part of synonyms.yaml."""

    phrases: dict[str, str] = {}  # words sorted and joined by | -> the word for their whole group
    ignored: frozenset[str] = frozenset()  # the, of, and
    fillers: frozenset[str] = frozenset()  # optional in a name, but they distinguish names that are otherwise equal
    activities: frozenset[str] = frozenset()  # fillers too, but an activity does not name a machine
    places: frozenset[str] = frozenset()  # not a name alone; another place is another payer
    vocabulary: frozenset[str] = frozenset()  # every word of every name and synonym

    def words(self, text: str) -> Words:
        """Return the words of a name or of what was typed, each once, for comparison."""
        return self.canonical(self.tokens(text))

    def tokens(self, text: str) -> list[str]:
        """Return the words: singular, numbers split from letters, joined where the rule base joins them."""
        found = re.findall(r"[^\W\d_]+|\d+", normalized(re.sub("['’`]", "", text)))[:_LONGEST]
        inside = [word for place, word in enumerate(found)
                  if word not in self.ignored or place in (0, len(found) - 1)]  # fmt: skip
        glued = self._together([singular(word, self.vocabulary) for word in inside])
        return [part for word in glued for part in self._apart(word)]

    def canonical(self, tokens: list[str]) -> Words:
        """Return the words with one for each group of synonyms, without ignored ones; short phrases first."""
        read = [self.phrases.get(word, word) for word in tokens]
        size = 2
        while size <= min(_PHRASE, len(read)):
            starts = range(len(read) - size + 1)
            found = next((at for at in starts if phrase(read[at : at + size]) in self.phrases), None)
            if found is None:
                size += 1
            else:
                read[found : found + size] = [self.phrases[phrase(read[found : found + size])]]
                size = 2
        last = len(read) - 1  # the last word may be a letter that counts: Part A, DME MAC A
        return tuple(dict.fromkeys(word for at, word in enumerate(read) if at == last or word not in self.ignored))

    def core(self, words: Iterable[str]) -> frozenset[str]:
        """Return the words that are not fillers."""
        return frozenset(words) - self.fillers - self.activities

    def without_fillers(self, text: str) -> str:
        """Return the normalized text without its filler words."""
        words = normalized(text).split()
        return " ".join(word for word in words if singular(word, self.vocabulary) not in self.fillers)

    def fits(self, words: frozenset[str], other: frozenset[str], thing: bool) -> bool:
        """Return whether two names with the same core are alike: a "lift device" is not a "lifting training"."""
        return not ((thing or words & self.fillers) and (words ^ other) & self.activities)

    def _together(self, words: list[str]) -> list[str]:
        """Return the words with two joined where the rule base writes one: shock wave, e stim."""
        glued: list[str] = []
        for word in words:
            if glued and glued[-1].isalpha() and word.isalpha() and glued[-1] + word in self.vocabulary:
                glued[-1] += word
            else:
                glued.append(word)
        return glued

    def _apart(self, word: str) -> list[str]:
        """Return the two words in a joined one: an unknown one, as redlight, or one with a state, as bcbsnj."""
        if not word.isalpha() or len(word) > 30:
            return [word]
        for cut in range(len(word) - 2, _SHORT - 1, -1):
            first, second = word[:cut], word[cut:]
            with_place = first in self.phrases and self.phrases.get(second) in self.places
            unknown = word not in self.vocabulary and len(second) > _SHORT and second in self.vocabulary
            if with_place or (unknown and first in self.vocabulary):
                return [first, second]
        return [word]


def phrase(words: Iterable[str]) -> str:
    """Return the key of some words in any order."""
    return "|".join(sorted(words))


def singular(word: str, vocabulary: frozenset[str] = frozenset()) -> str:
    """Return the word without a plural ending or -ing: packs, batteries, taping, cupping, needling."""
    return _without_ing(_without_s(word, vocabulary))


def _without_s(word: str, vocabulary: frozenset[str]) -> str:
    if not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "xes", "sses")):
        return word[:-2]
    return word[:-1] if len(word) > 4 or (len(word) == 4 and word[:-1] in vocabulary) else word


def _without_ing(word: str) -> str:
    root = word[:-3]
    if not word.endswith("ing") or len(root) < 3 or not any(letter in _VOWELS for letter in root):
        return word
    last, before = root[-1], root[-2]
    if last == before and last not in "lsz":
        return root[:-1]  # cupping
    if last == "l" and before not in "aeiouylrw":
        return root + "e"  # needling
    syllables = len(re.findall(f"[{_VOWELS}]+", root))
    closed = last not in _VOWELS + "wx" and before in _VOWELS and (len(root) < 3 or root[-3] not in _VOWELS)
    if closed and (syllables == 1 or last in "gzsvc"):
        return root + "e"  # taping, massaging
    return root


class _Name(Struct, frozen=True):
    """One name of the rule base, with its words."""

    name: str
    words: Words
    all: frozenset[str]
    core: frozenset[str]
    ids: tuple[str, ...]


class Finder:
    """Finds entries of one kind by the words of their names.

    `proper`: names of firms and products, which people shorten; a treatment's name needs its last word, which says what
    it is. `related` gives other words that people type with an entry's name.
    """

    def __init__(
        self,
        names: Mapping[str, tuple[str, ...]],
        words: Mapping[str, Words],
        lexicon: Lexicon,
        proper: bool,
        related: Callable[[str], Iterable[str]] = lambda key: (),
    ) -> None:
        self.lexicon = lexicon
        self._names = [
            _Name(name, words[name], frozenset(words[name]), lexicon.core(words[name]), ids)
            for name, ids in names.items()
        ]
        self._proper = proper
        self._related = related
        self._bags: dict[str, set[str]] = {}
        for each in self._names:
            for key in each.ids:
                self._bags.setdefault(key, set()).update(each.core)

    def words(self, asked: str) -> Words:
        """Return the words of what was typed."""
        return self.lexicon.words(asked)

    def bag(self, key: str) -> frozenset[str]:
        """Return every word of an entry's names."""
        return frozenset(self._bags.get(key, ()))

    def inside(self, core: frozenset[str]) -> list[tuple[frozenset[str], tuple[str, ...]]]:
        """Return words and ids of each name that is a part of what was typed."""
        return [(each.core, each.ids) for each in self._names
                if each.core < core and any(map(self._carries, each.core))]  # fmt: skip

    def find(self, asked: str, thing: bool = False) -> Found:
        """Return what was typed, found by its words; `thing` where it was typed as a device."""
        text = normalized(asked)
        reordered = self._reordered(text)
        if reordered.ids:
            return reordered
        words = self.words(asked)
        for found in (self.match(words, text, thing), self._abbreviated(asked), self._in_place(words)):
            if found.ids:
                return found
        return Found((), "nothing")

    def match(self, words: Words, text: str = "", thing: bool = False) -> Found:
        """Return the match of the words: a whole name, or enough of one to be clear. `text`: how a name begins."""
        core = self.lexicon.core(words)
        named = bool(core) and not core <= self.lexicon.places
        if named:
            for how, fitting in (
                ("same", [each for each in self._names if each.all == frozenset(words)]),
                ("alike", self._alike(frozenset(words), core, thing)),
                ("initials", self._initials(text)),
            ):
                if fitting:
                    return Found(_ids(fitting), how)
            if within := self._names_within(core):
                return Found(_ids(within), "around")
        return self._partly(core, text, named)

    def _partly(self, core: frozenset[str], text: str, named: bool) -> Found:
        """Return the names that begin with the text, or that have all the words and more."""
        if not core or 0 < len(text) < BEGINNING:
            return Found((), "nothing")
        begun = [each for each in self._names if text and each.name.startswith(text)]
        within = [each for each in self._names if self._is_part(core, each)]
        ids = _ids([*begun, *within])
        if not ids:
            return Found((), "nothing")
        clear = named and any(self._is_enough(core, each, text) for each in (*begun, *within))
        how = "beginning" if len(_ids(begun)) == len(ids) else "words"
        return Found(ids, how if clear or len(ids) > 1 else "part")

    def near(self, asked: str, thing: bool = False) -> tuple[str, ...]:
        """Return the ids of the nearest names, best first; `thing` where it was typed as a device."""
        return tuple(dict.fromkeys(key for _, _, ids in self.scored(asked, thing) for key in ids))[:_MANY]

    def closest(self, key: str, words: Words) -> str:
        """Return the name of an entry that is most like some words."""
        wanted = frozenset(words)
        return max(
            (each for each in self._names if key in each.ids),
            key=lambda each: (len(each.all & wanted) / len(each.all | wanted or {key}), -len(each.name)),
        ).name

    def scored(self, asked: str, thing: bool = False) -> list[tuple[float, str, tuple[str, ...]]]:
        """Return score, name and ids of names that share rare enough words with what was typed, best first.

        A single misspelled word only matches a whole name: compex is not complex lymphedema therapy.
        """
        tokens = self.lexicon.tokens(asked)
        spelled = [self._spelled(word) for word in tokens]
        words = self.lexicon.canonical(spelled)
        core = self.lexicon.core(words)
        misspelled = spelled != tokens
        rarity = self._rarity()
        rarest = log(1 + len(self._bags))
        fitting = [each for each in self._names if self.lexicon.fits(frozenset(words), each.all, thing)]
        fitting = [each for each in fitting if not misspelled or each.core <= core or len(each.core & core) > 1]
        scores = [(self._score(core, each, rarity, rarest), each) for each in fitting]
        least = max((score for score, _ in scores), default=0.0) * CLOSE
        near = [(score, each.name, each.ids) for score, each in scores
                if score > 0 and (score >= least or each.core <= core)]  # fmt: skip
        return sorted(near, key=lambda each: (-each[0], len(each[1]), each[1]))

    def _reordered(self, text: str) -> Found:
        wanted = sorted(text.split())
        fitting = [each for each in self._names if len(each.name) == len(text) and sorted(each.name.split()) == wanted]
        return Found(_ids(fitting), "same" if fitting else "nothing")

    def _alike(self, words: frozenset[str], core: frozenset[str], thing: bool) -> list[_Name]:
        """Return the names equal except for fillers; of several entries, those nearest to the fillers typed."""
        fitting = [each for each in self._names if each.core == core and self.lexicon.fits(words, each.all, thing)]
        least = min((len(each.all ^ words) for each in fitting), default=0)
        return fitting if len(_ids(fitting)) == 1 else [each for each in fitting if len(each.all ^ words) == least]

    def _initials(self, text: str) -> list[_Name]:
        """Return the names with these initials, as WBV for whole body vibration."""
        if len(text) < 3 or not text.isalpha() or text in self.lexicon.vocabulary:
            return []
        return [each for each in self._names if text in _abbreviations(each.name, self.lexicon.ignored)]

    def _is_part(self, core: frozenset[str], each: _Name) -> bool:
        return bool(core) and core < each.all and any(len(word) >= _SHORT for word in core)

    def _is_enough(self, core: frozenset[str], each: _Name, text: str) -> bool:
        """Return whether part of a name is enough to mean it."""
        whole = f"{each.name} ".startswith(f"{text} ")
        begun = bool(text) and each.name.startswith(text)
        if begun and (self._proper or not whole):
            return True
        missing = each.core - core
        ends = [word for word in each.words if word in each.core][-1:]
        several = len(core) > 1 or (" " in text and any(" " in word for word in core))
        return several and not missing & self.lexicon.places and (self._proper or core.issuperset(ends))

    def _names_within(self, core: frozenset[str]) -> list[_Name]:
        """Return the longest names within what was typed, where the other words are about the same entry."""
        found: list[_Name] = []
        for each in self._names:
            if each.core < core and any(self._carries(word) for word in each.core):
                ids = tuple(key for key in each.ids if core - each.core <= self._known_of(key))
                if ids:
                    found.append(_Name(each.name, each.words, each.all, each.core, ids))
        longest = max((len(each.core) for each in found), default=0)
        return [each for each in found if len(each.core) == longest]

    def _known_of(self, key: str) -> set[str]:
        return self._bags[key].union(self._related(key))

    def _carries(self, word: str) -> bool:
        return len(word) >= _SHORT and not word.isdigit() and word not in self.lexicon.places

    def _abbreviated(self, asked: str) -> Found:
        """Return the match of a name with its abbreviation in parentheses, either first, where one of them is known."""
        parts = re.fullmatch(r"\s*([^()]+)\(([^()]+)\)\s*", asked)
        if parts:
            outside, inside = normalized(parts[1]), normalized(parts[2])
            ignored = self.lexicon.ignored
            if inside in _abbreviations(outside, ignored) or outside in _abbreviations(inside, ignored):
                found = [self.match(self.words(part), part) for part in (outside, inside)]
                clear = {each.clear for each in found} - {None}
                if len(clear) == 1:
                    return Found((str(clear.pop()),), "words")
        return Found((), "nothing")

    def _in_place(self, words: Words) -> Found:
        """Return the payers of a kind in a place, as 'bcbs georgia'."""
        core = self.lexicon.core(words)
        places = core & self.lexicon.places
        kind = core - places
        if not places or not kind or not kind <= {*self.lexicon.phrases.values()}:
            return Found((), "nothing")
        ids = (key for each in self._names if kind <= each.core for key in each.ids)
        there = tuple(dict.fromkeys(key for key in ids if places <= self._known_of(key)))
        return Found(there, "words" if there else "nothing")

    def _rarity(self) -> dict[str, float]:
        """Return the weight of each word: low where many entries share it."""
        count: dict[str, int] = {}
        for bag in self._bags.values():
            for word in bag:
                count[word] = count.get(word, 0) + 1
        return {word: log(1 + len(self._bags) / many) for word, many in count.items()}

    def _score(self, core: frozenset[str], each: _Name, rarity: Mapping[str, float], rarest: float) -> float:
        """Return how near a name is: 0 where it shares no distinctive word, or names another place."""
        shared = core & each.core
        if not any(self._carries(word) for word in shared):
            return 0.0
        places = self.lexicon.places
        if (core - each.core) & places and (each.core - core) & places:
            return 0.0
        weight = sum(rarity[word] for word in shared)
        of_asked = weight / sum(rarity.get(word, rarest) for word in core)
        of_name = weight / sum(rarity[word] for word in each.core)
        if of_asked <= _NEAR and shared != each.core:
            return 0.0
        return 2 * of_asked * of_name / (of_asked + of_name)

    def _spelled(self, word: str) -> str:
        """Return the known word nearest to a misspelled one; the word itself where none is close."""
        if word in self.lexicon.vocabulary or not word.isalpha() or not 4 <= len(word) <= 30:
            return word
        most = 2 if len(word) >= 8 else 1
        close: list[tuple[int, str]] = []
        for known in self._spellings():
            if abs(len(known) - len(word)) <= most and {known[0], word[0]} <= {*word[:2]} & {*known[:2]}:
                slips = distance(word, known)
                if slips <= most and (len(word) > 4 or sorted(word) == sorted(known)):
                    close.append((slips, known))
        return min(close)[1] if close else word

    def _spellings(self) -> Iterator[str]:
        return (word for word in self.lexicon.vocabulary if len(word) >= 4)


def _abbreviations(name: str, ignored: frozenset[str]) -> set[str]:
    """Return the initials of a name of three words or more, with and without ignored words."""
    words = name.split()
    kept = [word for word in words if word not in ignored]
    return {"".join(word[0] for word in each) for each in (words, kept) if len(each) > 2}


def _ids(names: Iterable[_Name]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(key for each in names for key in each.ids))


def distance(one: str, other: str) -> int:
    """Return how many letters to change, add, drop or swap with a neighbor to get the other word."""
    last: list[int] = []
    before: list[int] = []
    row: list[int] = [*range(len(other) + 1)]
    for place, letter in enumerate(one, 1):
        before, last, row = row, before, [place]
        for at, wanted in enumerate(other, 1):
            cost = min(before[at] + 1, row[at - 1] + 1, before[at - 1] + (letter != wanted))
            if place > 1 and at > 1 and letter == other[at - 2] and one[place - 2] == wanted:
                cost = min(cost, last[at - 2] + 1)
            row.append(cost)
    return row[-1]
