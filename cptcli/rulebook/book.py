"""The rule base as the rest of the program reads it: immutable, indexed, each entry decoded only when needed.

The compiled form is a header and packed sections; a section is an index of packed entries. A start reads the header and
the few sections and entries it needs, so its cost does not grow with the rule base.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from msgspec import Struct

from ..bounded_cache import BoundedCache
from ..model.claim import ClaimForm, Discipline, Modifier, UnitRule
from ..model.codes import Code, CodingVerification, StatusIndicator
from ..model.common import Claim, Source
from ..model.devices import Device, Manufacturer, Modality, SharedName
from ..model.rulebook import Edition, Receipt, Topic
from ..model.rules import DiagnosisList, EditFamily, Payer, Policy, Rule
from ..model.tables import Table
from .names import Found, find_exact, normalized

if TYPE_CHECKING:
    from .words import Finder, Lexicon

T = TypeVar("T", bound=Struct)
R = TypeVar("R")
Names = Mapping[str, tuple[str, ...]]

# The shelves, and the noun of their entries.
SHELVES: dict[str, type[Struct]] = {
    "sources": Source,
    "codes": Code,
    "modalities": Modality,
    "manufacturers": Manufacturer,
    "devices": Device,
    "shared_names": SharedName,
    "payers": Payer,
    "rules": Rule,
    "diagnoses": DiagnosisList,
    "modifiers": Modifier,
    "statuses": StatusIndicator,
    "disciplines": Discipline,
    "unit_rules": UnitRule,
    "claim_forms": ClaimForm,
    "edits": EditFamily,
    "tables": Table,
    "topics": Topic,
}
# The shelves that can be searched by name.
NAMED = ("codes", "modalities", "manufacturers", "devices", "shared_names", "payers", "topics")


class Compiled(Struct, frozen=True):
    """The header, which every start reads, and the sections, which are read when needed."""

    sha256: str
    folder: str | None
    edition: Edition
    coding_verification: bytes
    shelves: dict[str, memoryview]  # shelf -> packed {id: packed entry}
    names: dict[str, memoryview]  # shelf -> packed {normalized name: ids}
    words: memoryview  # packed {"words of SHELF": packed {name: words}, "treatments", "payers": packed Lexicon}
    links: dict[str, memoryview]  # name of a relation -> packed {id: ids}
    places: memoryview  # packed {"kind:id": "file:line:column"}
    clinic_rules: frozenset[str]


# Raised when a compiled form is damaged, shortened or foreign.
DAMAGED = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, LookupError)

_HEADER = msgspec.msgpack.Decoder(Compiled)
_INDEX = msgspec.msgpack.Decoder(dict[str, memoryview])
_LINKS = msgspec.msgpack.Decoder(dict[str, tuple[str, ...]])
_PLACES = msgspec.msgpack.Decoder(dict[str, str])


class RuleBook:
    """One rule base. Every accessor returns None for an unknown id and never guesses."""

    def __init__(self, encoded: bytes, anew: Callable[[], bytes] | None = None) -> None:
        """Open a compiled rule base. Raises one of DAMAGED if it is not one.

        Reads only the header. If a section turns out to be damaged later, `anew` compiles the rules again.
        """
        self._base = _HEADER.decode(encoded)
        self._anew = anew
        self._shelves: dict[str, dict[str, memoryview]] = {}
        self._names: dict[str, Names] = {}
        self._finders: dict[str, Finder] = {}
        self._lexicons: dict[str, Lexicon] = {}
        self._relations: dict[str, dict[str, tuple[str, ...]]] = {}
        self._entries: dict[tuple[str, str], Any] = {}
        self._rules_of: dict[tuple[str, str], tuple[Rule, ...]] = {}
        self._chains: dict[tuple[str, str], tuple[str, ...]] = {}
        self._rules_about: BoundedCache[tuple[str, str, frozenset[str]], tuple[Rule, ...]] = BoundedCache()
        self.plans: BoundedCache[object, Any] = (
            BoundedCache()
        )  # what is worked out of the rules alone, by the deciding code

    def _sound(self, read: Callable[[], R]) -> R:
        """Run `read` and return its result; if the compiled book is corrupt, recompile once and retry."""
        try:
            return read()
        except DAMAGED:
            if self._anew is None:
                raise
            anew, self._anew = self._anew, None
            self._base = _HEADER.decode(anew())
            by_need = (self._shelves, self._names, self._finders, self._lexicons, self._relations, self._entries)
            for cache in (*by_need, self._rules_of, self._chains, self._rules_about, self.plans):
                cache.clear()
            return read()

    def _shelf(self, shelf: str) -> dict[str, memoryview]:
        if shelf not in self._shelves:
            self._shelves[shelf] = self._sound(lambda: _INDEX.decode(self._base.shelves[shelf]))
        return self._shelves[shelf]

    def _get(self, shelf: str, noun: type[T], key: str) -> T | None:
        known: T | None = self._entries.get((shelf, key))
        if known is None:
            if key not in self._shelf(shelf):
                return None
            known = self._sound(lambda: msgspec.msgpack.decode(self._shelf(shelf)[key], type=noun))
            self._entries[shelf, key] = known
        return known

    def linked(self, relation: str, key: str) -> tuple[str, ...]:
        """Return the ids that a relation links to `key`, if any. compiled.py lists the relations."""
        if relation not in self._relations:
            self._relations[relation] = self._sound(lambda: _LINKS.decode(self._base.links[relation]))
        return self._relations[relation].get(key, ())

    @property
    def edition(self) -> Edition:
        """Return the version and the facts about the rule base as a whole."""
        return self._base.edition

    @property
    def receipt(self) -> Receipt:
        """Return what an answer shows about its rule base."""
        return Receipt(version=self.edition.version, sha256=self._base.sha256, folder=self._base.folder)

    @property
    def coding_verification(self) -> CodingVerification:
        """Return what is needed before a home-equipment code is given."""
        known: CodingVerification | None = self._entries.get(("coding_verification", ""))
        if known is None:
            known = self._sound(lambda: msgspec.msgpack.decode(self._base.coding_verification, type=CodingVerification))
            self._entries["coding_verification", ""] = known
        return known

    def table(self, key: str) -> Table | None:
        """Return one of CMS's tables by id: its edition, first day, origin and caveat."""
        return self._get("tables", Table, key)

    def source(self, key: str) -> Source | None:
        """Return a source by id."""
        return self._get("sources", Source, key)

    def code(self, key: str) -> Code | None:
        """Return a code by its five characters."""
        return self._get("codes", Code, key)

    def modality(self, key: str | None) -> Modality | None:
        """Return a modality by id; None without an id."""
        return self._get("modalities", Modality, key) if key else None

    def manufacturer(self, key: str) -> Manufacturer | None:
        """Return a manufacturer by id."""
        return self._get("manufacturers", Manufacturer, key)

    def device(self, key: str) -> Device | None:
        """Return a device by id."""
        return self._get("devices", Device, key)

    def shared_name(self, key: str) -> SharedName | None:
        """Return a name shared by several products, by id."""
        return self._get("shared_names", SharedName, key)

    def payer(self, key: str) -> Payer | None:
        """Return a payer by id."""
        return self._get("payers", Payer, key)

    def rule(self, key: str) -> Rule | None:
        """Return a rule by id."""
        return self._get("rules", Rule, key)

    def diagnosis_list(self, key: str) -> DiagnosisList | None:
        """Return a diagnosis list by id."""
        return self._get("diagnoses", DiagnosisList, key)

    def modifier(self, key: str) -> Modifier | None:
        """Return a modifier by its two characters."""
        return self._get("modifiers", Modifier, key)

    def discipline(self, key: str) -> Discipline | None:
        """Return a discipline by id, such as PT."""
        return self._get("disciplines", Discipline, key)

    def disciplines(self) -> tuple[Discipline, ...]:
        """Return every discipline."""
        every: tuple[Discipline, ...] | None = self._entries.get(("disciplines", ""))
        if every is None:
            every = tuple(known for key in self.keys("disciplines") if (known := self.discipline(key)))
            self._entries["disciplines", ""] = every
        return every

    def unit_rule(self, key: str) -> UnitRule | None:
        """Return a unit rule by id: how minutes become units."""
        return self._get("unit_rules", UnitRule, key)

    def claim_form(self, key: str) -> ClaimForm | None:
        """Return a claim form by id: the room that a line has on one claim type."""
        return self._get("claim_forms", ClaimForm, key)

    def form_of(self, claim: Claim) -> ClaimForm | None:
        """Return the claim form of a claim type; None if unknown."""
        forms = map(self.claim_form, self.keys("claim_forms"))
        return next((each for each in forms if each and each.claim == claim), None)

    def edit_family(self, key: str) -> EditFamily | None:
        """Return an edit family by id: the pairs, limits and policies under one name."""
        return self._get("edits", EditFamily, key)

    def policies(self) -> Iterator[tuple[EditFamily, Policy]]:
        """Yield every policy with its edit family."""
        for key in self.keys("edits"):
            family = self.edit_family(key)
            assert family is not None
            yield from ((family, policy) for policy in family.policies)

    def topic(self, key: str) -> Topic | None:
        """Return a page of `cpt help` by id."""
        return self._get("topics", Topic, key)

    def status(self, letter: str | None) -> StatusIndicator | None:
        """Return the meaning of a fee schedule status letter."""
        return self._get("statuses", StatusIndicator, letter) if letter else None

    def keys(self, shelf: str) -> tuple[str, ...]:
        """Return the ids of every entry on a shelf."""
        return tuple(self._shelf(shelf))

    def manufacturer_of(self, device: str) -> str:
        """Return the id of a device's manufacturer."""
        return self._sound(lambda: self.linked("manufacturer_of_device", device)[0])

    def rules_of(self, payer: str) -> tuple[Rule, ...]:
        """Return a payer's own rules, without inherited ones."""
        return self._all_rules("rules_of_payer", payer)

    def service_rules_of(self, payer: str, about: frozenset[str] | None = None) -> tuple[Rule, ...]:
        """Return those of a payer's own rules that affect a single service; `about` as in `visit_rules_of`."""
        return self._rules("service_rules_of_payer", payer, about)

    def visit_rules_of(self, payer: str, about: frozenset[str] | None = None) -> tuple[Rule, ...]:
        """Return those of a payer's own rules that affect a patient's whole day.

        With `about`, those that name one of these codes and modalities, or that name none: no other can apply to them.
        """
        return self._rules("visit_rules_of_payer", payer, about)

    def _rules(self, relation: str, payer: str, about: frozenset[str] | None) -> tuple[Rule, ...]:
        if about is None:
            return self._all_rules(relation, payer)
        rules = self._all_rules(relation, payer)
        key = (relation, payer, about)
        return self._rules_about.once(key, lambda: tuple(rule for rule in rules if may_be_about(rule, about)))

    def _all_rules(self, relation: str, payer: str) -> tuple[Rule, ...]:
        if (relation, payer) not in self._rules_of:
            read = self._sound(lambda: tuple(map(self._linked_rule, self.linked(relation, payer))))
            self._rules_of[relation, payer] = read
        return self._rules_of[relation, payer]

    def _linked_rule(self, key: str) -> Rule:
        rule = self.rule(key)
        if rule is None:
            raise LookupError(key)
        return rule

    def is_clinic_rule(self, rule: str) -> bool:
        """Return whether a rule or policy comes from the user's own folder."""
        return rule in self._base.clinic_rules

    def payer_chain(self, payer: str) -> tuple[str, ...]:
        """Return the payer and those it inherits from, the widest first: medicare, palmetto, palmetto-jm."""
        return self._chain("parent_of_payer", payer)[::-1]

    def children(self, payer: str) -> Iterator[str]:
        """Yield every payer below this one, at any depth."""
        yield from self._sound(lambda: [*self._descend("children_of_payer", payer)])

    def _descend(self, relation: str, start: str) -> Iterator[str]:
        for below in self.linked(relation, start):
            yield below
            yield from self._descend(relation, below)

    def modality_chain(self, modality: str) -> tuple[str, ...]:
        """Return the modality and the wider ones it is a kind of, the narrowest first."""
        return self._chain("kind_of_modality", modality)

    def _chain(self, relation: str, start: str) -> tuple[str, ...]:
        """Return the ids that a relation leads to from an id, nearest first; cached for each id."""
        climbed = self._chains.get((relation, start))
        if climbed is None:
            climbed = self._chains[relation, start] = self._sound(lambda: tuple(self._climb(relation, start)))
        return climbed

    def _climb(self, relation: str, start: str) -> Iterator[str]:
        climbed: list[str] = []
        current: tuple[str, ...] = (start,)
        while current:
            if current[0] in climbed:  # the checks refuse circles
                raise LookupError(current[0])
            climbed.append(current[0])
            yield current[0]
            current = self.linked(relation, current[0])

    def find(self, shelf: str, asked: str) -> Found:
        """Return what a name means on one of the shelves of NAMED: letter by letter, else by its words."""
        return find_exact(asked, self.names(shelf)) or self.finder(shelf).find(asked)

    def exact(self, shelf: str, asked: str) -> tuple[str, ...]:
        """Return the ids that a name means letter by letter; reads no words."""
        found = find_exact(asked, self.names(shelf))
        return found.ids if found else ()

    def finder(self, shelf: str) -> "Finder":
        """Return the search by words on one of the shelves of NAMED."""
        if shelf not in self._finders:
            self._finders[shelf] = self._sound(lambda: self._read_finder(shelf))
        return self._finders[shelf]

    def _read_finder(self, shelf: str) -> "Finder":
        from .words import Finder, Lexicon  # only a name that is not exact pays for it

        packed = _INDEX.decode(self._base.words)
        part = "payers" if shelf == "payers" else "treatments"
        if part not in self._lexicons:
            self._lexicons[part] = msgspec.msgpack.decode(packed[part], type=Lexicon)
        related: dict[str, Callable[[str], set[str]]] = {"payers": self._of_payer, "modalities": self._of_modality}
        further = (related[shelf],) if shelf in related else ()
        words = _LINKS.decode(packed[f"words of {shelf}"])
        return Finder(self.names(shelf), words, self._lexicons[part], shelf not in ("codes", "modalities"), *further)

    def _of_payer(self, key: str) -> set[str]:
        """Return the words that may be typed beside a payer's name: the payers it inherits from, and its states."""
        finder, payer = self.finder("payers"), self.payer(key)
        states = {word for state in (payer.states if payer else ()) for word in finder.words(state)}
        return states.union(*map(finder.bag, self.payer_chain(key)))

    def _of_modality(self, key: str) -> set[str]:
        """Return the words of the wider modalities that a modality is a kind of."""
        return set().union(*map(self.finder("modalities").bag, self.modality_chain(key)))

    def names(self, shelf: str) -> Names:
        """Return every normalized name on a shelf with the ids it means."""
        if shelf not in self._names:
            self._names[shelf] = self._sound(lambda: _LINKS.decode(self._base.names[shelf]))
        return self._names[shelf]

    def differing(self, other: "RuleBook", shelf: str) -> set[str]:
        """Return the ids on a shelf that differ between two rule bases, or are in only one."""
        mine, theirs = self._shelf(shelf), other._shelf(shelf)
        return {key for key in mine.keys() | theirs.keys() if mine.get(key) != theirs.get(key)}

    def place(self, kind: str, key: str) -> str | None:
        """Return `file:line:column` of an entry in its rule folder."""
        return self._sound(lambda: _PLACES.decode(self._base.places)).get(f"{kind}:{key}")


def may_be_about(rule: Rule, about: frozenset[str]) -> bool:
    """Return whether a rule names one of these codes and modalities, or none at all."""
    named = (*rule.applies.codes, *rule.applies.modalities)
    return not named or not about.isdisjoint(named)


def called(*names: str | None) -> list[str]:
    """Return the distinct normalized forms of some names."""
    return [*dict.fromkeys(normalized(name) for name in names if name)]
