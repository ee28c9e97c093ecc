"""Opens rule folders as a RuleBook, through a cache keyed by content. The YAML stays the only source of truth.

The cache is data (msgpack, checked against its own hash and the rules it was built from), never code; one that is
damaged, cut short, of other rules or of another user is built again.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from ..errors import RulesUnreadable
from ..model.codes import Code
from ..model.devices import Device, Manufacturer, Modality, SharedName
from ..model.rules import Payer
from .book import DAMAGED, NAMED, SHELVES, Compiled, RuleBook, called
from .effects import affects_service, affects_visit

if TYPE_CHECKING:
    from .files import Files
    from .load import Parts

Named = Code | Modality | Manufacturer | Device | SharedName | Payer
RELATIONS = (
    "manufacturer_of_device",
    "shared_names_of_device",
    "rules_of_payer",
    "service_rules_of_payer",
    "visit_rules_of_payer",
    "parent_of_payer",
    "children_of_payer",
    "payers_of_state",
    "kind_of_modality",
    "rules_about_code",
    "modalities_of_code",
    "devices_of_code",
)
BUILT = ".compiled"  # next to the YAML in a wheel; a dot-file is not read as a rule file


def shipped_folder() -> Path:
    """Return the folder of the rules that came with this installation: in the wheel, or in a checkout."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "_rules"
    return installed if installed.is_dir() else package.parent / "rules"


def open_rules(folder: Path | None = None, whole: Path | None = None) -> RuleBook:
    """Return the shipped rules, or a `whole` rule base of another version, with a clinic `folder` added.

    Raises RulesUnreadable naming every problem.
    """
    if folder is None and whole is None and (built := _built_with_the_wheel()):
        return built
    from ..cache import code_hash, keep
    from .files import Files

    shipped = Files(whole or shipped_folder())
    clinic = Files(folder) if folder else None
    sha256 = f"{shipped.sha256}+{clinic.sha256}" if clinic else shipped.sha256
    unreadable = shipped.unreadable or (clinic and clinic.unreadable)
    here = Path(__file__).parent
    code = code_hash(*sorted(here.parent.glob("model/*.py")), *sorted(here.glob("*.py")))
    name = f"{sha256}-{code}-{folder or ''}"

    def compiled() -> bytes:
        encoded = compile_files(shipped, clinic, sha256)
        keep(name, "rules", encoded)
        return encoded

    if not unreadable and (cached := _from_cache(name, compiled)):
        receipt = cached.receipt
        if (receipt.sha256, receipt.folder) == (sha256, str(folder) if folder else None):
            return cached
    return RuleBook(compiled())


def compile_files(shipped: "Files", clinic: "Files | None", sha256: str) -> bytes:
    """Return the compiled form of a rule folder, with a clinic's added. Raises RulesUnreadable."""
    from .load import loaded  # imports YAML, so only when something must be compiled

    parts = loaded(shipped)
    if clinic:
        parts.add(clinic, clinic=True)
    return compile_parts(parts, sha256, str(clinic.folder) if clinic else None)


def _built_with_the_wheel() -> RuleBook | None:
    """Return the rules that the wheel's build compiled; None in a checkout, or where they are damaged."""

    def compiled() -> bytes:
        from .files import Files

        files = Files(shipped_folder())
        return compile_files(files, None, files.sha256)

    try:
        return RuleBook((Path(__file__).parent.parent / "_rules" / BUILT).read_bytes(), compiled)
    except (OSError, *DAMAGED):
        return None


def compile_parts(parts: "Parts", sha256: str, folder: str | None) -> bytes:
    """Return the compiled form of checked parts. Raises RulesUnreadable with their problems."""
    from .check import check_parts  # only when something must be compiled

    check_parts(parts)
    if parts.problems or parts.edition is None or parts.coding_verification is None:
        raise RulesUnreadable(folder or "the installation", sorted(parts.problems))
    from .synonyms import compile_words

    pack = msgspec.msgpack.encode
    names = {shelf: _names(getattr(parts, shelf).values()) for shelf in NAMED}
    return pack(
        Compiled(
            sha256=sha256,
            folder=folder,
            edition=parts.edition,
            coding_verification=pack(parts.coding_verification),
            shelves={
                shelf: memoryview(pack({key: pack(noun) for key, noun in getattr(parts, shelf).items()}))
                for shelf in SHELVES
            },
            names={shelf: memoryview(pack(named)) for shelf, named in names.items()},
            words=memoryview(pack(compile_words(parts, names))),
            links={relation: memoryview(pack(links)) for relation, links in _links(parts).items()},
            places=memoryview(pack(parts.places)),
            clinic_rules=frozenset(parts.clinic_rules),
        )
    )


def _names(nouns: "Iterable[Named]") -> dict[str, list[str]]:
    """Return every normalized name of some nouns, with the ids it means."""
    names: dict[str, list[str]] = {}
    for noun in nouns:
        key = noun.id
        for name in called(
            key,
            noun.name,
            *getattr(noun, "models", ()),
            *getattr(noun, "also_called", ()),
            *getattr(noun, "misspelled", ()),
        ):
            names.setdefault(name, []).append(key)
    return names


def _links(parts: "Parts") -> dict[str, dict[str, list[str]]]:
    """Return the relations needed at a start, so that none has to read a whole shelf."""
    # Dicts for sets that keep their order.
    links: dict[str, dict[str, dict[str, None]]] = {relation: {} for relation in RELATIONS}

    def link(relation: str, key: str, *values: str) -> None:
        links[relation].setdefault(key, {}).update(dict.fromkeys(values))

    for device, manufacturer in parts.manufacturer_of.items():
        link("manufacturer_of_device", device, manufacturer)
    for shared in parts.shared_names.values():
        for product in filter(None, (product.device for product in shared.products)):
            link("shared_names_of_device", product, shared.id)
    for each in parts.devices.values():
        for named in each.recommendation.codes:
            link("devices_of_code", named.code, each.id)
    for payer in parts.payers.values():
        if payer.parent:
            link("parent_of_payer", payer.id, payer.parent)
            link("children_of_payer", payer.parent, payer.id)
        for state in payer.states:
            link("payers_of_state", state, payer.id)
    for modality in parts.modalities.values():
        if modality.kind_of:
            link("kind_of_modality", modality.id, modality.kind_of)
        choices = modality.decide.answers if modality.decide else ()
        for code in filter(None, (modality.code, *(choice.code for choice in choices))):
            link("modalities_of_code", code, modality.id)
    for rule in parts.rules.values():
        link("rules_of_payer", rule.payer or "", rule.id)
        if affects_visit(rule):
            link("visit_rules_of_payer", rule.payer or "", rule.id)
        if affects_service(rule):
            link("service_rules_of_payer", rule.payer or "", rule.id)
        about = rule.applies.codes or (*(each for each in parts.codes if rule.applies.other_than),)
        about = tuple(each for each in about if each not in rule.applies.other_than)
        for code in filter(None, (rule.code, *rule.replaces, *about, *rule.accepts, *rule.refuses)):
            link("rules_about_code", code, rule.id)
    return {relation: {key: [*ids] for key, ids in keys.items()} for relation, keys in links.items()}


def _from_cache(name: str, anew: Callable[[], bytes]) -> RuleBook | None:
    from ..cache import kept

    encoded = kept(name, "rules")
    if encoded is None:
        return None
    try:
        return RuleBook(encoded, anew)
    except DAMAGED:
        return None
