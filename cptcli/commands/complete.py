"""What the shell offers to complete: names of the rule base, each with a few words. Reads no more than it offers."""

from collections.abc import Callable, Iterator

Offered = tuple[str, str]


def _offer(shelf: str, incomplete: str) -> Iterator[Offered]:
    from ..errors import CptError
    from .options import open_book

    try:
        book = open_book(None)
    except CptError:
        return  # a shell asking for names is no place to report a broken rule folder
    held: Callable[[str], object] = {
        "codes": book.code,
        "modalities": book.modality,
        "devices": book.device,
        "payers": book.payer,
        "rules": book.rule,
    }[shelf]
    begun = incomplete.casefold()
    for key in book.keys(shelf):
        if key.casefold().startswith(begun):
            noun = held(key)
            yield key, getattr(noun, "name", None) or getattr(noun, "says", "")[:60]


def modalities(incomplete: str) -> list[Offered]:
    """Ids of modalities."""
    return [*_offer("modalities", incomplete)]


def devices(incomplete: str) -> list[Offered]:
    """Ids of devices, and the word for one that is not listed."""
    return [*_offer("devices", incomplete), ("other", "not listed")]


def payers(incomplete: str) -> list[Offered]:
    """Ids of payers."""
    return [*_offer("payers", incomplete)]


def rules(incomplete: str) -> list[Offered]:
    """Ids of rules."""
    return [*_offer("rules", incomplete)]


def anything(incomplete: str) -> list[Offered]:
    """Whatever a look-up finds: codes, modalities, devices, payers."""
    return [offered for shelf in ("codes", "modalities", "devices", "payers") for offered in _offer(shelf, incomplete)]
