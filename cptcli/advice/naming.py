"""Names of treatments, codes, devices and payers -> ids. A name with several meanings is never guessed."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from re import fullmatch

from msgspec import Struct

from ..errors import AmbiguousName, Meaning, UnknownName
from ..model.common import Setting
from ..model.devices import Product, SharedName
from ..rulebook.book import RuleBook
from ..rulebook.names import SURE, Found, normalized, upright

NOT_LISTED = ("other", "not listed", "other not listed", "none", "unlisted")  # typed for a device not in our list
_BRANDS = ("devices", "shared_names", "manufacturers")
_TREATMENTS = "cpt modalities lists the treatments."
_SHELF = {"modality": "modalities", "payer": "payers", "device": "devices"}
_PLAIN = ("exact", "same", "alike")  # the whole name, in any word order, with any filler words


class Meant(Struct, frozen=True):
    """What a name means: a device, a treatment, or a code as billed."""

    device: str | None = None
    modality: str | None = None
    code: str | None = None
    brand: bool = False  # a device name was typed as the treatment
    other: bool = False  # a device that is not in our list


# ------------------------------------------------------------------------------------------ treatments and codes


def read_treatment(book: RuleBook, asked: str, day: date) -> Meant:
    """Return the modality that `asked` names, else the code; `brand` is set where it names a device.

    Raises AmbiguousName with every meaning, or UnknownName with the nearest names.
    """
    if len(ids := book.exact("modalities", asked)) == 1:
        return Meant(modality=ids[0])
    if is_brand(book, asked):
        return Meant(brand=True)
    exact = book.exact("codes", asked)
    if exact and exact[0].casefold() == "".join(normalized(asked).split()):
        return Meant(code=exact[0])
    found, codes = book.find("modalities", asked), _codes_called(book, asked, day)
    if found.clear and (found.how in _PLAIN or codes.how not in _PLAIN):
        return Meant(modality=found.clear)
    several = found.how in SURE and len(found.ids) > 1
    if codes.clear and (codes.how in _PLAIN or not several):
        return Meant(code=codes.clear)
    if not several and _is_device(book, asked):
        return Meant(brand=True)
    _refuse_code(book, asked)
    said = codes.how == "beginning" or (codes.how in SURE and " " in normalized(asked))
    if not several and (said or (codes.ids and not found.ids)):
        found = codes
    return Meant(modality=_not_clear(book, "modality", asked, found, _TREATMENTS))


def _refuse_code(book: RuleBook, asked: str) -> None:
    """Raise UnknownName where what was typed has the form of a code but is not in our list."""
    from .near_codes import CODE, unlisted_code  # imported only for a name that was not found

    key = "".join(upright(asked).split())
    if fullmatch(CODE, key):
        raise unlisted_code(book, asked, key)


def resolve_modality(book: RuleBook, asked: str) -> str:
    """Return the id of the modality that `asked` names. Raises UnknownName or AmbiguousName."""
    if len(ids := book.exact("modalities", asked)) == 1:
        return ids[0]
    found = book.find("modalities", asked)
    todo = f"It is a device: --device {_quoted(asked)}." if is_brand(book, asked) else _TREATMENTS
    return found.clear or _not_clear(book, "modality", asked, found, todo)


def is_brand(book: RuleBook, asked: str) -> bool:
    """Return whether it is exactly the name of a device or of a manufacturer."""
    return any(book.exact(shelf, asked) for shelf in _BRANDS)


def _is_device(book: RuleBook, asked: str) -> bool:
    """Return whether the words name a device, or a manufacturer and a kind of device."""
    found, elsewhere = devices_called(book, asked)
    return found.how in SURE or bool(elsewhere) or brand_and_kind(book, asked)[1] is not None


def _codes_called(book: RuleBook, asked: str, day: date) -> Found:
    """Return the codes with that name, without those deleted before the date of service."""
    found = book.find("codes", asked)
    ids = tuple(key for key in found.ids if (code := book.code(key)) and not (code.ends and code.ends < day))
    return Found(ids, found.how if ids else "nothing")


def _quoted(text: str) -> str:
    """Return the text quoted for a command line."""
    from shlex import quote  # imported only for an error

    return quote(text)


# ---------------------------------------------------------------------------------------------------------- payers


def resolve_payer(book: RuleBook, asked: str, state: str | None = None) -> str:
    """Return the id of the payer that `asked` names; the state helps where the name fits several.

    Where all matches are jurisdictions of one contractor, that contractor is meant.
    """
    found = book.find("payers", asked)
    if found.clear is None and found.how in SURE:
        for each in found.ids:
            if all(each in book.payer_chain(other) for other in found.ids):
                return each
    if found.clear is None and state:
        there = book.find("payers", f"{asked} {state}")
        found = there if there.how in _PLAIN else _in_state(book, found, state)
    todo = "For a payer not in our list: --payer other."
    return found.clear or _not_clear(book, "payer", asked, found, todo, f"{asked} {state or ''}")


def _in_state(book: RuleBook, found: Found, state: str) -> Found:
    """Return the matches that work in the state, of several; none if no match does."""
    there = book.linked("payers_of_state", state.strip().upper())
    if len(found.ids) < 2 or not there:
        return found
    ids = tuple(key for key in found.ids if key in there)
    return Found(ids, found.how if ids else "nothing")


# --------------------------------------------------------------------------------------------------------- devices


def read_device(
    book: RuleBook, asked: str, setting: Setting | None, modality: str | None, further: Callable[[], str] = str
) -> Meant:
    """Return what was typed as a device: a device, a treatment, or, with a treatment given, a device not in our list.

    `further` gives the other options for the suggested command. Raises AmbiguousName, or UnknownName with that command.
    """
    kinds, name = Found((), "nothing"), asked
    if not is_brand(book, asked):
        exact = book.exact("modalities", asked)
        kinds = Found(exact, "exact") if exact else book.finder("modalities").find(asked, thing=True)
        bare = book.finder("devices").lexicon.without_fillers(asked) if not exact else ""
        if is_brand(book, bare):
            name = bare
        elif kinds.clear and kinds.how in _PLAIN:
            return Meant(modality=kinds.clear)
    found, elsewhere = devices_called(book, name, modality)
    if found.how in SURE or elsewhere:
        return Meant(device=_one_of(book, asked, found, elsewhere, setting, modality))
    if kinds.clear and kinds.how != "beginning":
        return Meant(modality=kinds.clear)
    if kind := brand_and_kind(book, asked)[1]:
        return Meant(modality=kind, other=True)
    if modality:
        fitting = [key for key in found.ids if found.how == "part" and _same_treatment(book, key, modality)]
        return Meant(device=fitting[0]) if len(fitting) == 1 else Meant(other=True)
    if len(kinds.ids) > 1:
        meanings = [Meaning(each.name, {**each.options, "device": NOT_LISTED[0]})
                    for each in (_meaning(book, "modality", key) for key in kinds.ids)]  # fmt: skip
        raise AmbiguousName("device", asked, meanings)
    return Meant(device=_not_clear(book, "device", asked, found, _without_it(book, asked, further())))


def resolve_device(book: RuleBook, asked: str, setting: Setting | None = None, modality: str | None = None) -> str:
    """Return the id of the device with that product or manufacturer name, in that setting and for that modality.

    A name of several products is never read as one of them unless setting or modality decides.
    """
    found, elsewhere = devices_called(book, asked, modality)
    if found.how in SURE or elsewhere:
        return _one_of(book, asked, found, elsewhere, setting, modality)
    return _not_clear(book, "device", asked, found, _without_it(book, asked))


def devices_called(book: RuleBook, asked: str, modality: str | None = None) -> tuple[Found, list[Product]]:
    """Return the devices with that product, manufacturer, or brand and kind; and the products without an entry."""
    if ids := book.exact("devices", asked):
        return Found(ids, "exact"), []
    manufacturers, shared = book.exact("manufacturers", asked), book.exact("shared_names", asked)
    found = Found(_devices_of(book, manufacturers), "exact") if manufacturers else Found((), "nothing")
    if manufacturers or shared:
        return _with_shared(book, found, Found(shared, "exact"), modality)
    found = book.find("devices", asked)
    by_manufacturer = book.find("manufacturers", asked)
    if by_manufacturer.how in SURE and by_manufacturer.rank <= found.rank:
        found = Found(_devices_of(book, by_manufacturer.ids), by_manufacturer.how)
    named = book.find("shared_names", asked)
    if named.how in SURE and named.rank <= found.rank:
        return _with_shared(book, found, named, modality)
    if found.how not in SURE and (of_kind := brand_and_kind(book, asked)[0]):
        found = Found(of_kind, "words")
    return found, []


def _with_shared(book: RuleBook, found: Found, shared: Found, modality: str | None) -> tuple[Found, list[Product]]:
    """Return the devices found together with the products that share the name."""
    products = [each for key in shared.ids if (known := book.shared_name(key)) for each in known.products]
    ids = dict.fromkeys(found.ids if found.how in SURE else ())
    ids |= dict.fromkeys(each.device for each in products if each.device)
    elsewhere = [each for each in products if each.modality and _kind_fits(book, each.modality, modality)]
    return Found(tuple(ids), "exact" if shared.how == "exact" else "words"), elsewhere


def brand_and_kind(book: RuleBook, asked: str) -> tuple[tuple[str, ...], str | None]:
    """Return a brand's devices of one kind, as in 'zimmer shockwave'; the kind alone if the brand has no such device.

    The longest brand name typed counts; the other words have to name a treatment or be part of the device's names.
    """
    finder, kinds = book.finder("devices"), book.finder("modalities")
    words = finder.words(asked)
    core = finder.lexicon.core(words)
    brands = [(name, _devices_of(book, ids)) for name, ids in book.finder("manufacturers").inside(core)]
    brands += finder.inside(core)
    missing: str | None = None
    for name, devices in sorted(brands, key=lambda brand: -len(brand[0])):
        if kinds.match(tuple(name)).how in _PLAIN:
            continue  # the name of a treatment is not a brand
        rest = tuple(word for word in words if word not in name)
        kind = kinds.match(rest).clear
        others = finder.lexicon.core(rest)
        if kind:
            fitting = tuple(key for key in devices if _same_treatment(book, key, kind))
            missing = missing or kind
        else:
            fitting = tuple(key for key in devices if others <= _words_about(book, key))
        if fitting:
            return fitting, kind
    return (), missing


def _words_about(book: RuleBook, device: str) -> frozenset[str]:
    """Return the words of a device's names, its manufacturer's names and its modality's names."""
    known = book.device(device)
    chain = book.modality_chain(known.modality) if known else ()
    words = [book.finder("modalities").bag(key) for key in chain]
    words.append(book.finder("manufacturers").bag(book.manufacturer_of(device)))
    return book.finder("devices").bag(device).union(*words)


def _one_of(
    book: RuleBook,
    asked: str,
    found: Found,
    elsewhere: Sequence[Product],
    setting: Setting | None,
    modality: str | None,
) -> str:
    """Return the one device for setting and modality; without a setting, the clinic's. Raises AmbiguousName."""
    fitting = found.ids
    if setting is not None:
        fitting = _narrowed(fitting, lambda key: setting in _settings(book, key))
    if modality is not None:
        fitting = _narrowed(fitting, lambda key: _same_treatment(book, key, modality))
    if setting is None:
        fitting = _narrowed(fitting, lambda key: "clinic" in _settings(book, key))
    if len(fitting) == 1 and not elsewhere:
        return fitting[0]
    meanings = [_meaning(book, "device", key) for key in fitting]
    meanings += [Meaning(each.name, {"modality": each.modality or "", "device": NOT_LISTED[0]}) for each in elsewhere]
    raise AmbiguousName("device", asked, meanings, which_of(book, fitting))


def shared_by(book: RuleBook, asked: str) -> SharedName | None:
    """Return the shared product name that was typed; None where it is none."""
    ids = book.exact("shared_names", asked)
    return book.shared_name(ids[0]) if ids and not book.exact("devices", asked) else None


def which_of(book: RuleBook, devices: Sequence[str]) -> tuple[str, ...]:
    """Return the questions that tell devices with a shared name apart; none where they share no name."""
    shared = [frozenset(book.linked("shared_names_of_device", key)) for key in devices]
    together = frozenset.intersection(*shared) if shared else frozenset()
    return tuple(known.ask for key in sorted(together) if (known := book.shared_name(key)))


def likely_treatments(book: RuleBook, asked: str) -> tuple[str, ...]:
    """Return up to three modalities that the words of a device name suggest, the likeliest first."""
    finder = book.finder("modalities")
    found = finder.find(asked, thing=True)
    ids = () if found.how == "beginning" else found.ids
    return (ids or finder.near(asked, thing=True))[:3]


def _without_it(book: RuleBook, asked: str, further: str = "") -> str:
    """Return what to type for a device that is not in our list."""
    names = [modality.name for key in likely_treatments(book, asked) if (modality := book.modality(key))]
    suggested = f"Its words suggest {' or '.join(names)}. " if names else ""
    typed = f"cpt suggest --device other --modality {_quoted(names[0]) if names else 'TREATMENT'}{further}"
    where = "" if names else " (cpt modalities lists the treatments)"
    return f"{suggested}For a device not in our list: {typed}{where}"


def _narrowed(keys: tuple[str, ...], fits: Callable[[str], bool]) -> tuple[str, ...]:
    """Return the keys that fit; all of them if none fits, so that a later step can say why."""
    return tuple(key for key in keys if fits(key)) or keys


def _devices_of(book: RuleBook, manufacturers: Iterable[str]) -> tuple[str, ...]:
    return tuple(
        device.id
        for key in manufacturers
        if (manufacturer := book.manufacturer(key))
        for device in manufacturer.devices
    )


def _settings(book: RuleBook, device: str) -> tuple[Setting, ...]:
    known = book.device(device)
    return known.settings if known else ()


def _kind_fits(book: RuleBook, modality: str, asked: str | None) -> bool:
    """Return whether one modality is a kind of the other; every modality fits where none was asked for."""
    return asked is None or asked in book.modality_chain(modality) or modality in book.modality_chain(asked)


def _same_treatment(book: RuleBook, device: str, modality: str) -> bool:
    known = book.device(device)
    return known is not None and _kind_fits(book, known.modality, modality)


# ---------------------------------------------------------------------------------------------- meanings and errors


def _meaning(book: RuleBook, kind: str, key: str) -> Meaning:
    nouns = {"device": book.device, "payer": book.payer, "modality": book.modality}
    known = nouns[kind](key) or (book.code(key) if kind == "modality" else None)
    return Meaning(known.name if known else key, {kind: key})


def _not_clear(book: RuleBook, kind: str, asked: str, found: Found, todo: str, near: str = "") -> str:
    """Raise AmbiguousName with all meanings, or UnknownName with the names nearest to `asked`, or to `near`."""
    ids = found.ids or book.finder(_SHELF[kind]).near(near or asked)
    meanings = [_meaning(book, kind, key) for key in ids]
    if len(found.ids) > 1:
        raise AmbiguousName(kind, asked, meanings, which_of(book, ids) if kind == "device" else ())
    raise UnknownName(kind, asked, [*map(str, meanings)], todo)
