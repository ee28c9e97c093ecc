"""Which contractors' articles a claim to a payer is under: its states, its kinds of claim, the contractor's names."""

from collections.abc import Iterable, Iterator

from ..cms.coverage_articles import Place
from ..cms.coverage_records import ClaimKind
from ..model.rules import Payer
from ..rulebook.book import RuleBook
from .payer_path import contractor_for

_BOTH: frozenset[ClaimKind] = frozenset(("professional", "institutional"))
_EQUIPMENT: frozenset[ClaimKind] = frozenset(("equipment",))


def place_of(
    book: RuleBook, payer: str | None, state: str | None, claim: ClaimKind | None = None, equipment: bool = False
) -> Place | None:
    """Return where and how claims to a payer are made; None for a payer whose claims no local article is for.

    Only the program whose contractors decide by state, and those contractors, have local articles. Without a claim
    kind, professional and institutional claims are meant; for home equipment and its contractors, equipment.
    """
    program = _program(book, payer)
    if program is None:
        return None
    known = book.payer(payer or program)
    at_home = equipment or (known is not None and known.settings == ("home",))
    claims = frozenset((claim,)) if claim else _EQUIPMENT if at_home else _BOTH
    if payer in (None, program):
        decides = contractor_for(book, program, state, "home" if at_home else "clinic") if state else None
        contractor = book.payer(decides or "")
        names = tuple(_names(book, contractor, program)) if contractor else ()
        label = _label(contractor) if contractor else ""
        return Place(states=frozenset(filter(None, (state,))), claims=claims, names=names, label=label)
    assert known is not None
    states = {each for part in _parts(book, known, at_home) for each in part.states}
    if not states or (state and state not in states):
        return None  # of a contractor for claims from everywhere, it is not known which articles it follows
    return Place(
        states=frozenset((state,)) if state else frozenset(states),
        claims=claims,
        names=tuple(_names(book, known, program)),
        label=_label(known),
    )


def _program(book: RuleBook, payer: str | None) -> str | None:
    """Return the payer whose contractors decide by state: the one given, one above it, or any where none is given."""
    chain: Iterable[str] = book.payer_chain(payer) if payer else book.keys("payers")
    return next((key for key in chain if (known := book.payer(key)) and known.ask_state), None)


def _parts(book: RuleBook, payer: Payer, at_home: bool) -> Iterator[Payer]:
    """Yield a contractor's jurisdictions for a setting, or the payer itself if it is one."""
    setting = "home" if at_home else "clinic"
    for key in (payer.id, *book.children(payer.id)):
        part = book.payer(key)
        if part and part.jurisdiction and setting in part.settings:
            yield part


def _label(payer: Payer) -> str:
    """Return the short name without brackets of its own."""
    return (payer.short_name or payer.name).translate({ord("("): None, ord(")"): None})


def _names(book: RuleBook, payer: Payer, program: str) -> Iterator[str]:
    """Yield the names of a contractor and of those above it, without their program and without a jurisdiction's."""
    for key in book.payer_chain(payer.id):
        above = book.payer(key)
        if above and key != program and not above.jurisdiction:
            yield from (above.name, *above.also_called)
