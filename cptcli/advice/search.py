"""What some words may mean among codes, modalities, devices, manufacturers and payers: best first."""

from collections.abc import Iterator
from difflib import SequenceMatcher

from msgspec import Struct

from ..errors import UnknownName
from ..model import Hit, Hits
from ..rulebook.book import Names, RuleBook, called
from ..rulebook.names import nearest, normalized
from .asking import shared_by

_MOST = 15
# The shelves that are searched, in the order in which equals are shown, and what one of each is called.
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
        """The best first; among equals the shelf's order, then the shorter id: a device before its variants."""
        return -self.score, [*_SHELVES].index(self.shelf), len(self.id), self.id


def search(book: RuleBook, asked: str) -> Hits:
    """Everything the words may mean; where nothing is called that, what is nearest, and a note that says so.

    Raises UnknownName for words that nothing comes near.
    """
    wanted = normalized(asked)
    matches = _best(_called(book, wanted))
    nearly = not matches
    if nearly:
        matches = _best(_nearly(book, wanted))
    if not matches:
        raise UnknownName("code, modality, device or payer", asked.strip(), (), "Try fewer or other words.")
    hits = (_hit(book, _SHELVES[each.shelf], each.id, each.name, nearly) for each in matches)
    first = matches[0]
    held = book.device(first.id) or book.manufacturer(first.id) if first.shelf in ("devices", "manufacturers") else None
    misspelled = held and first.name in called(*held.misspelled)
    note = f"nothing is called {asked.strip()!r}; the nearest names follow" if nearly else None
    if misspelled and held:
        note = f"{asked.strip()!r} is how people misspell {held.name}"
    if several := shared_by(book, asked):
        note = f"{asked.strip()!r} covers several products. {several.ask.rstrip('.')}"
    return Hits(asked=asked, note=note, matches=tuple(hits), rulebook=book.receipt)


def _best(matches: Iterator[_Match]) -> list[_Match]:
    """Each thing once, by the name that fits best."""
    best: dict[tuple[str, str], _Match] = {}
    for match in matches:
        held = best.setdefault((match.shelf, match.id), match)
        if match.score > held.score:
            best[match.shelf, match.id] = match
    return sorted(best.values(), key=lambda each: each.rank)[:_MOST]


def _called(book: RuleBook, wanted: str) -> Iterator[_Match]:
    for shelf in _SHELVES:
        for name, ids in _possible(wanted, book.names(shelf)):
            if score := _score(wanted, name):
                yield from (_Match(score, shelf, key, name) for key in ids)
    for name, ids in _possible(wanted, book.names("shared_names")):
        if score := _score(wanted, name):
            products = [product for key in ids if (held := book.shared_name(key)) for product in held.products]
            yield from (_Match(score, "devices", each.device, name) for each in products if each.device)
            yield from (_Match(score, "modalities", each.modality, name) for each in products if each.modality)


def _possible(wanted: str, names: Names) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The names that can fit at all: those with the first word in them, or the same but for blanks."""
    first, joined = wanted.partition(" ")[0], wanted.replace(" ", "")
    for name, ids in names.items():
        if first in name or (name[:1] == joined[:1] and name.replace(" ", "") == joined):
            yield name, ids


def _nearly(book: RuleBook, wanted: str) -> Iterator[_Match]:
    for shelf in _SHELVES:
        names = book.names(shelf)
        for name in nearest(wanted, names):
            score = SequenceMatcher(None, wanted, name).ratio()
            yield from (_Match(score, shelf, key, name) for key in names[name])


def _score(wanted: str, name: str) -> float:
    """How well a name fits: the whole name, its beginning, a whole word of it, all words in it."""
    if not wanted:
        return 0.0
    if name == wanted or name.replace(" ", "") == wanted.replace(" ", ""):
        return 4.0
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
            told = device.recommendation
            codes = list(dict.fromkeys(each.code for each in told.codes))
            says = f"{told.stance.replace('_', ' ')} {', '.join(codes)}" if codes else "no recommendation found"
            made_by = manufacturer.name if manufacturer else ""
            return Hit(kind="device", id=key, name=device.name, says=f"{made_by}: {says}",
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
