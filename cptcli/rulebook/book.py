"""The rule base as everything above reads it: immutable, indexed, each entry decoded only when asked for.

The compiled form is a header and packed sections; a section is an index of packed entries. A start reads the header
and the few sections and entries it needs, so that it costs the same however large the rule base grows.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from .. import model
from .names import Found, find, normalized

T = TypeVar("T", bound=Struct)
Names = Mapping[str, tuple[str, ...]]

# The shelves of entries, and the noun each holds.
SHELVES: dict[str, type[Struct]] = {
    "sources": model.Source,
    "codes": model.Code,
    "modalities": model.Modality,
    "makers": model.Maker,
    "devices": model.Device,
    "payers": model.Payer,
    "rules": model.Rule,
    "diagnoses": model.DiagnosisList,
    "modifiers": model.Modifier,
    "statuses": model.StatusIndicator,
}
NAMED = ("codes", "modalities", "makers", "devices", "payers")  # the shelves whose entries are found by name


class Compiled(Struct, frozen=True):
    """The header: what every start reads, and the sections that it reads by need."""

    sha256: str
    folder: str | None
    edition: model.Edition
    coding_verification: bytes
    tables: dict[str, date]  # table -> the first day it speaks of
    shelves: dict[str, memoryview]  # shelf -> packed {id: packed entry}
    names: dict[str, memoryview]  # shelf -> packed {normalized name: ids}
    links: dict[str, memoryview]  # name of a relation -> packed {id: ids}
    places: memoryview  # packed {"kind:id": "file:line:column"}
    clinic_rules: frozenset[str]


_HEADER = msgspec.msgpack.Decoder(Compiled)
_INDEX = msgspec.msgpack.Decoder(dict[str, memoryview])
_LINKS = msgspec.msgpack.Decoder(dict[str, tuple[str, ...]])
_PLACES = msgspec.msgpack.Decoder(dict[str, str])


class RuleBook:
    """One rule base. Every accessor returns None for what it does not hold; nothing is ever guessed."""

    def __init__(self, encoded: bytes) -> None:
        """Open a compiled rule base; raises msgspec.DecodeError (ValidationError is one) when it is none."""
        self._base = _HEADER.decode(encoded)
        self._shelves: dict[str, dict[str, memoryview]] = {}
        self._names: dict[str, Names] = {}
        self._relations: dict[str, dict[str, tuple[str, ...]]] = {}
        self._entries: dict[tuple[str, str], Any] = {}

    def _shelf(self, shelf: str) -> dict[str, memoryview]:
        if shelf not in self._shelves:
            self._shelves[shelf] = _INDEX.decode(self._base.shelves[shelf])
        return self._shelves[shelf]

    def _get(self, shelf: str, noun: type[T], key: str) -> T | None:
        known: T | None = self._entries.get((shelf, key))
        if known is None:
            packed = self._shelf(shelf).get(key)
            if packed is None:
                return None
            known = self._entries[shelf, key] = msgspec.msgpack.decode(packed, type=noun)
        return known

    def linked(self, relation: str, key: str) -> tuple[str, ...]:
        """The ids that a relation links to `key`; none where it links none. The relations are in compiled.py."""
        if relation not in self._relations:
            self._relations[relation] = _LINKS.decode(self._base.links[relation])
        return self._relations[relation].get(key, ())

    @property
    def edition(self) -> model.Edition:
        """The version and what holds for the whole rule base."""
        return self._base.edition

    @property
    def receipt(self) -> model.Receipt:
        """What an answer shows of the rule base that gave it."""
        return model.Receipt(version=self.edition.version, sha256=self._base.sha256, folder=self._base.folder)

    @property
    def coding_verification(self) -> model.CodingVerification:
        """What a home-equipment code needs before it is given."""
        return msgspec.msgpack.decode(self._base.coding_verification, type=model.CodingVerification)

    def table_effective(self, table: str) -> date | None:
        """The first day that a table under rules/tables speaks of."""
        return self._base.tables.get(table)

    def source(self, key: str) -> model.Source | None:
        """A source by id."""
        return self._get("sources", model.Source, key)

    def code(self, key: str) -> model.Code | None:
        """A code by its five characters."""
        return self._get("codes", model.Code, key)

    def modality(self, key: str) -> model.Modality | None:
        """A modality by id."""
        return self._get("modalities", model.Modality, key)

    def maker(self, key: str) -> model.Maker | None:
        """A manufacturer by id."""
        return self._get("makers", model.Maker, key)

    def device(self, key: str) -> model.Device | None:
        """A device by id."""
        return self._get("devices", model.Device, key)

    def payer(self, key: str) -> model.Payer | None:
        """A payer by id."""
        return self._get("payers", model.Payer, key)

    def rule(self, key: str) -> model.Rule | None:
        """A rule by id."""
        return self._get("rules", model.Rule, key)

    def diagnosis_list(self, key: str) -> model.DiagnosisList | None:
        """A list of diagnoses by id."""
        return self._get("diagnoses", model.DiagnosisList, key)

    def modifier(self, key: str) -> model.Modifier | None:
        """A modifier by its two characters."""
        return self._get("modifiers", model.Modifier, key)

    def status(self, letter: str | None) -> model.StatusIndicator | None:
        """What a Medicare fee-schedule letter means."""
        return self._get("statuses", model.StatusIndicator, letter) if letter else None

    def keys(self, shelf: str) -> tuple[str, ...]:
        """The ids of every code, modality, maker, device, payer, rule, source, diagnosis list or modifier."""
        return tuple(self._shelf(shelf))

    def maker_of(self, device: str) -> str:
        """The id of a device's manufacturer."""
        return self.linked("maker_of_device", device)[0]

    def rules_of(self, payer: str) -> Iterator[model.Rule]:
        """A payer's own rules, without those it inherits."""
        for key in self.linked("rules_of_payer", payer):
            rule = self.rule(key)
            assert rule is not None
            yield rule

    def is_clinic_rule(self, rule: str) -> bool:
        """Whether the rule comes from the user's own folder."""
        return rule in self._base.clinic_rules

    def payer_chain(self, payer: str) -> tuple[str, ...]:
        """The payer and those it inherits from, the widest first: medicare, palmetto, palmetto-jm."""
        return tuple(reversed([*self._climb("parent_of_payer", payer)]))

    def children(self, payer: str) -> Iterator[str]:
        """Every payer below this one, at any depth."""
        for child in self.linked("children_of_payer", payer):
            yield child
            yield from self.children(child)

    def modality_chain(self, modality: str) -> tuple[str, ...]:
        """The modality and the wider ones it is a kind of, the narrowest first."""
        return tuple(self._climb("kind_of_modality", modality))

    def _climb(self, relation: str, start: str) -> Iterator[str]:
        current: tuple[str, ...] = (start,)
        while current:
            yield current[0]
            current = self.linked(relation, current[0])

    def find(self, shelf: str, asked: str) -> Found:
        """What a name means among codes, modalities, makers, devices or payers."""
        return find(asked, self.names(shelf))

    def names(self, shelf: str) -> Names:
        """Every normalized name on a shelf and the ids it means."""
        if shelf not in self._names:
            self._names[shelf] = _LINKS.decode(self._base.names[shelf])
        return self._names[shelf]

    def differing(self, other: "RuleBook", shelf: str) -> set[str]:
        """The ids on a shelf that only one of two rule bases holds, or that they hold with other words."""
        mine, theirs = self._shelf(shelf), other._shelf(shelf)
        return {key for key in mine.keys() | theirs.keys() if mine.get(key) != theirs.get(key)}

    def place(self, kind: str, key: str) -> str | None:
        """`file:line:column` of an entry within its rule folder."""
        return _PLACES.decode(self._base.places).get(f"{kind}:{key}")


def called(*names: str | None) -> list[str]:
    """The distinct normalized forms of some names."""
    return [*dict.fromkeys(normalized(name) for name in names if name)]
