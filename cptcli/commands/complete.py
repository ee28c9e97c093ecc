"""What the shell offers to complete: names of the rule base, each with a few words. Reads no more than it offers."""

from collections.abc import Callable, Iterator

Offered = tuple[str, str]
_LONGEST = 60  # signs of a description


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
            yield key, getattr(noun, "name", None) or _begun(getattr(noun, "says", ""))


def codes(incomplete: str) -> list[Offered]:
    """Codes."""
    return [*_offer("codes", incomplete)]


def _begun(says: str) -> str:
    """The first words of what a rule says."""
    return says if len(says) <= _LONGEST else says[:_LONGEST].rpartition(" ")[0] + " ..."


def modalities(incomplete: str) -> list[Offered]:
    """Ids of modalities."""
    return [*_offer("modalities", incomplete)]


def devices(incomplete: str) -> list[Offered]:
    """Ids of devices, and the word for one that is not listed."""
    return [*_offer("devices", incomplete), ("other", "not listed")]


def payers(incomplete: str) -> list[Offered]:
    """Ids of payers."""
    return [*_offer("payers", incomplete)]


def _policies(incomplete: str) -> Iterator[Offered]:
    from ..errors import CptError
    from .options import open_book

    try:
        policies = [policy for _, policy in open_book(None).policies()]
    except CptError:
        return
    yield from ((each.id, each.says[:60]) for each in policies if each.id.startswith(incomplete.casefold()))


def rules(incomplete: str) -> list[Offered]:
    """Ids of rules and of policies."""
    return [*_offer("rules", incomplete), *_policies(incomplete)]


def anything(incomplete: str) -> list[Offered]:
    """Whatever a look-up finds: codes, modalities, devices, payers."""
    return [offered for shelf in ("codes", "modalities", "devices", "payers") for offered in _offer(shelf, incomplete)]


def editions(incomplete: str) -> list[Offered]:
    """Ids of the editions that the user imported."""
    from ..cms.tables import open_tables
    from ..errors import CptError

    try:
        with open_tables() as tables:
            held = [each for each in tables.editions() if each.imported]
    except CptError:
        return []  # as above
    return [(each.id, each.source or "") for each in held if each.id.startswith(incomplete.casefold())]
