"""Search by words among codes, modalities, devices, manufacturers and payers, best match first."""

from collections.abc import Iterable, Iterator

from msgspec import Struct

from ..errors import UnknownName
from ..model.lookup import Hit, Hits
from ..rulebook.book import Names, RuleBook, called
from ..rulebook.names import SURE, normalized
from ..rulebook.words import CLOSE
from .naming import devices_called, shared_by
from .text_search import said_of

_MOST = 15
_EXACT = 4.0  # the whole name, exactly
_BEGINS = 3.0  # the beginning of a name; below it, sentences of the rule base are searched too
# By words: the whole name, the name without filler words, its initials, the name and more of it, most of its words.
_BY_WORDS = {"same": 3.9, "alike": 3.8, "initials": 3.7, "around": 3.6, "words": 1.5}
# The shelves to search, in the order in which equal matches are shown, and the noun for one of each.
_SHELVES = {
    "modalities": "modality",
    "devices": "device",
    "manufacturers": "manufacturer",
    "payers": "payer",
    "codes": "code",
}


class _Match(Struct, frozen=True):
    score: float
    shelf: str
    id: str
    name: str  # the name that matched

    @property
    def rank(self) -> tuple[object, ...]:
        """Return the sort key: best score, order of shelves, then the shorter id, so a device before its variants."""
        return -self.score, [*_SHELVES].index(self.shelf), len(self.id), self.id


def search(book: RuleBook, asked: str) -> Hits:
    """Return everything the words may mean; if no name matches, the nearest names with a note that says so.

    Raises UnknownName if no name is near.
    """
    wanted = normalized(asked)
    matches = _best(_called(book, wanted))
    if wanted and not (matches and matches[0].score >= _EXACT):
        matches = _best([*_called(book, wanted), *_by_words(book, asked)])
    nearly = not matches
    said = said_of(book, asked) if nearly or matches[0].score < _BEGINS else []
    if nearly and said:
        why = f"nothing is called {asked.strip()!r}; the rule base says this of it"
        return Hits(asked=asked, note=why, matches=tuple(said[:_MOST]), rulebook=book.receipt)
    if nearly:
        matches = _best(_nearly(book, asked))
    if not matches:
        raise UnknownName("code, modality, device or payer", asked.strip(), (), "Try fewer or other words.")
    hits = (_hit(book, _SHELVES[each.shelf], each.id, each.name, nearly) for each in matches)
    first = matches[0]
    branded = first.shelf in ("devices", "manufacturers")
    known = (book.device(first.id) or book.manufacturer(first.id)) if branded else None
    misspelled = known and first.name in called(*known.misspelled)
    note = f"nothing is called {asked.strip()!r}; the nearest names follow" if nearly else None
    if misspelled and known:
        note = f"{asked.strip()!r} is how people misspell {known.name}"
    if several := shared_by(book, asked):
        note = f"{asked.strip()!r} covers several products. {several.ask.rstrip('.')}"
    return Hits(asked=asked, note=note, matches=(*hits, *said)[:_MOST], rulebook=book.receipt)


def _best(matches: Iterable[_Match]) -> list[_Match]:
    """Return each entry once, with its best match."""
    best: dict[tuple[str, str], _Match] = {}
    for match in matches:
        before = best.setdefault((match.shelf, match.id), match)
        if match.score > before.score:
            best[match.shelf, match.id] = match
    return sorted(best.values(), key=lambda each: each.rank)[:_MOST]


def _called(book: RuleBook, wanted: str) -> Iterator[_Match]:
    for shelf in _SHELVES:
        for name, ids in _possible(wanted, book.names(shelf)):
            if score := _score(wanted, name):
                yield from (_Match(score, shelf, key, name) for key in ids)
    for name, ids in _possible(wanted, book.names("shared_names")):
        if score := _score(wanted, name):
            products = [product for key in ids if (shared := book.shared_name(key)) for product in shared.products]
            yield from (_Match(score, "devices", each.device, name) for each in products if each.device)
            yield from (_Match(score, "modalities", each.modality, name) for each in products if each.modality)


def _possible(wanted: str, names: Names) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Return the names that can match: those with the first word in them, or equal except for blanks."""
    first, joined = wanted.partition(" ")[0], wanted.replace(" ", "")
    for name, ids in names.items():
        if first in name or (name[:1] == joined[:1] and name.replace(" ", "") == joined):
            yield name, ids


def _by_words(book: RuleBook, asked: str) -> Iterator[_Match]:
    """Return the entries that the words name in another order or form."""
    for shelf in _SHELVES:
        finder = book.finder(shelf)
        words = finder.words(asked)
        found = devices_called(book, asked)[0] if shelf == "devices" else finder.find(asked)
        score = _BY_WORDS.get(found.how, 0.0) if found.how in SURE else 0.0
        yield from (_Match(score, shelf, key, finder.closest(key, words)) for key in found.ids if score)


def _nearly(book: RuleBook, asked: str) -> list[_Match]:
    """Return the names nearest in meaning or spelling, over all shelves."""
    near = [
        _Match(score, shelf, key, name)
        for shelf in _SHELVES
        for score, name, ids in book.finder(shelf).scored(asked)
        for key in ids
    ]
    least = max((each.score for each in near), default=0.0) * CLOSE
    return [each for each in near if each.score >= least]


def _score(wanted: str, name: str) -> float:
    """Return how well a name matches: whole name, its beginning, a whole word of it, all words in it; 0 for none."""
    if not wanted:
        return 0.0
    if name == wanted or name.replace(" ", "") == wanted.replace(" ", ""):
        return _EXACT
    if name.startswith(wanted):
        return 3.0 + len(wanted) / len(name) / 2
    if f" {wanted} " in f" {name} ":
        return 2.0 + len(wanted) / len(name) / 2
    words = wanted.split()
    if len(words) > 1 and all(f" {word}" in f" {name}" for word in words):
        return 1.0 + len(wanted) / (len(name) + len(wanted))
    return 0.0


def _hit(book: RuleBook, kind: str, key: str, matched: str, nearly: bool) -> Hit:
    match kind:
        case "code":
            code = book.code(key)
            assert code is not None
            return Hit(kind="code", id=key, name=code.name, says=code.summary, ask_on=f"cpt lookup {key}",
                       matched=matched, nearly=nearly)  # fmt: skip
        case "modality":
            modality = book.modality(key)
            assert modality is not None
            codes = [modality.code] if modality.code else []
            codes += [each.code for each in modality.decide.answers if each.code] if modality.decide else []
            leads = " or ".join(dict.fromkeys(codes)) or "see its question"
            asks = f" ({modality.decide.ask})" if modality.decide else ""
            return Hit(kind="modality", id=key, name=modality.name, says=f"{leads}{asks}",
                       ask_on=f"cpt suggest --modality {key}", matched=matched, nearly=nearly)  # fmt: skip
        case "device":
            device = book.device(key)
            assert device is not None
            manufacturer = book.manufacturer(book.manufacturer_of(key))
            recommendation = device.recommendation
            codes = list(dict.fromkeys(each.code for each in recommendation.codes))
            stance = recommendation.stance.replace("_", " ")
            says = f"{stance} {', '.join(codes)}" if codes else "no recommendation found"
            maker = manufacturer.name if manufacturer else ""
            return Hit(kind="device", id=key, name=device.name, says=f"{maker}: {says}",
                       ask_on=f"cpt suggest --device {key}", matched=matched, nearly=nearly)  # fmt: skip
        case "manufacturer":
            manufacturer = book.manufacturer(key)
            assert manufacturer is not None
            devices = ", ".join(device.name for device in manufacturer.devices)
            return Hit(kind="manufacturer", id=key, name=manufacturer.name, says=f"makes {devices}",
                       ask_on=f"cpt devices {key}", matched=matched, nearly=nearly)  # fmt: skip
        case _:
            payer = book.payer(key)
            assert payer is not None
            count = sum(1 for _ in book.rules_of(key))
            states = f", {', '.join(payer.states)}" if payer.states else ""
            return Hit(kind="payer", id=key, name=payer.name,
                       says=f"{payer.kind}{states}; {count} rule{'' if count == 1 else 's'} of its own",
                       ask_on=f"cpt suggest --payer {key}", matched=matched, nearly=nearly)  # fmt: skip
