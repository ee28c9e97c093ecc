"""What the shell offers as completion: names of the rule base, each with a few words."""

import os
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from ..model.rules import Payer
    from ..rulebook.book import RuleBook

Offered = tuple[str, str]
_LONGEST = 60  # characters of a description


def _listed(offered: Iterable[Offered]) -> list[Offered]:
    """Return what is offered in the form the shell can show.

    bash shows names alone, so each of several names is followed by its words; bash inserts only what they share.
    """
    listed = [*offered]
    if os.environ.get("_CPT_COMPLETE") == "complete_bash" and len(listed) > 1:
        widest = max(len(name) for name, _ in listed)
        return [(f"{name:{widest}}  ({words})", words) for name, words in listed]
    return listed


def _book() -> "RuleBook | None":
    """Return the rule base; None where it cannot be read, as completion has no place for an error."""
    from ..errors import CptError
    from .options import open_book

    try:
        return open_book(None)
    except CptError:
        return None


def _offer(shelf: str, incomplete: str) -> Iterator[Offered]:
    book = _book()
    if book is None:
        return
    get: Callable[[str], object] = {
        "codes": book.code,
        "modalities": book.modality,
        "devices": book.device,
        "payers": book.payer,
        "rules": book.rule,
        "modifiers": book.modifier,
        "disciplines": book.discipline,
        "unit_rules": book.unit_rule,
        "claim_forms": book.claim_form,
        "edits": book.edit_family,
        "topics": book.topic,
    }[shelf]
    begun = incomplete.casefold()
    for key in book.keys(shelf):
        if key.casefold().startswith(begun):
            noun = get(key)
            yield key, getattr(noun, "name", None) or _begun(getattr(noun, "says", ""))


def codes(incomplete: str) -> list[Offered]:
    """Return codes."""
    return _listed(_offer("codes", incomplete))


def _other(incomplete: str) -> Iterator[Offered]:
    if "other".startswith(incomplete.casefold()):
        yield "other", "not listed"


def _begun(says: str) -> str:
    """Return the first words of what a rule says."""
    return says if len(says) <= _LONGEST else says[:_LONGEST].rpartition(" ")[0] + " ..."


def modalities(incomplete: str) -> list[Offered]:
    """Return ids of modalities."""
    return _listed(_offer("modalities", incomplete))


def devices(incomplete: str) -> list[Offered]:
    """Return ids of devices, and `other`."""
    return _listed([*_offer("devices", incomplete), *_other(incomplete)])


def payers(incomplete: str) -> list[Offered]:
    """Return ids of payers, and `other`."""
    return _listed([*_offer("payers", incomplete), *_other(incomplete)])


def topics(incomplete: str) -> list[Offered]:
    """Return ids of topics."""
    return _listed(_offer("topics", incomplete))


def _policies(incomplete: str) -> Iterator[Offered]:
    book, begun = _book(), incomplete.casefold()
    policies = (policy for _, policy in book.policies()) if book else ()
    yield from ((each.id, _begun(each.says)) for each in policies if each.id.startswith(begun))


def explained(incomplete: str) -> list[Offered]:
    """Return ids of what `cpt explain` explains, without the codes: there are too many."""
    shelves = ("rules", "edits", "unit_rules", "claim_forms", "disciplines", "modifiers")
    offered = (each for shelf in shelves for each in _offer(shelf, incomplete))
    return _listed([*offered, *_policies(incomplete)])


def states(incomplete: str) -> list[Offered]:
    """Return states in which a payer works, each with one such payer."""
    payer_in = {state: payer.name for payer in _payers() for state in payer.states}
    return _listed((state, name) for state, name in sorted(payer_in.items()) if state.startswith(incomplete.upper()))


def kinds(incomplete: str) -> list[Offered]:
    """Return kinds of payers, each with one such payer."""
    payer_of = {payer.kind: payer.name for payer in _payers()}
    begun = incomplete.casefold()
    return _listed((kind, name) for kind, name in sorted(payer_of.items()) if kind.casefold().startswith(begun))


def overridden(context: typer.Context, incomplete: str) -> list[Offered]:
    """Return payers for `cpt rules new override`; nothing for other kinds."""
    return payers(incomplete) if context.params.get("kind") == "override" else []


def _payers() -> "list[Payer]":
    book = _book()
    return [payer for key in book.keys("payers") if (payer := book.payer(key))] if book else []


def anything(incomplete: str) -> list[Offered]:
    """Return what `cpt lookup` finds: codes, modalities, devices, payers."""
    shelves = ("codes", "modalities", "devices", "payers")
    return _listed(offered for shelf in shelves for offered in _offer(shelf, incomplete))


def editions(incomplete: str) -> list[Offered]:
    """Return ids of the editions that the user imported."""
    from ..cms.tables import open_tables
    from ..errors import CptError

    try:
        with open_tables() as tables:
            imported = [each for each in tables.editions() if each.imported]
    except CptError:
        return []  # as above
    return _listed((each.id, each.source or "") for each in imported if each.id.startswith(incomplete.casefold()))
