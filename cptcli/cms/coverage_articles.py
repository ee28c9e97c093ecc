"""The imported Medicare Coverage Database, as an answer needs it: documents in force on a day, their groups, places.

Nothing here decides: advice/articles.py says what a list means for a code.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date
from typing import Literal

from ..model.common import Noun
from .coverage_records import (
    TABLE_OF,
    ClaimKind,
    DocumentKind,
    StoredContractor,
    StoredDocument,
    StoredGroup,
    read_contractor,
    read_document,
    read_group,
)
from .editions import StoredEdition
from .entries import Edition
from .tables import Tables

InForce = Literal["yes", "no", "not_known"]
_KINDS: dict[str, DocumentKind] = {"A": "article", "L": "lcd", "N": "ncd"}
_ACTIVE, _PROPOSED = "A", "P"
_CELLS = "id, version, kind, number, entries, body"


class DocumentOn(Noun, frozen=True, omit_defaults=False):
    """The version of a document for a day. `why` says why it is not in force, or why that is not known."""

    document: StoredDocument
    in_force: InForce
    why: str | None
    edition: Edition
    part: int


class Place(Noun, frozen=True, omit_defaults=False):
    """Where and how a claim is made. No states: all of them. `names` are the contractor's, as CMS may write them."""

    states: frozenset[str] = frozenset()
    claims: frozenset[ClaimKind] = frozenset(("professional", "institutional"))
    names: tuple[str, ...] = ()
    label: str = ""  # the contractor as a biller calls it


class Coverage:
    """The imported documents. Rows are read when needed; every method may raise StoreUnusable or StoreBusy."""

    def __init__(self, tables: Tables) -> None:
        self._editions = {
            kind: [each for each in tables.stored() if each.edition.table == table] for kind, table in TABLE_OF.items()
        }
        self._naming: dict[tuple[str, str], tuple[str, ...]] = {}
        self._versions: dict[str, list[tuple[StoredDocument, StoredEdition, int]]] = {}
        self._rows: dict[str, list[tuple[StoredDocument, StoredEdition, int]]] = {}
        self._contractors: dict[tuple[str, int, str], StoredContractor | None] = {}
        self._named: dict[tuple[Place, date], bool] = {}
        self._groups: dict[tuple[str, int, str, int], tuple[StoredGroup, ...]] = {}

    def edition(self, kind: DocumentKind, day: date) -> Edition | None:
        """Return the edition to use for a day; None if none is on file."""
        chosen = self._for_day(kind, day)
        return chosen[0].edition if chosen else None

    def knows(self, code: str, day: date) -> bool:
        """Return whether the articles on a code are on file, if there are any: an import keeps those on some codes."""
        chosen = self._for_day("article", day)
        return any(stored.holds is None or code in stored.holds.codes for stored in chosen)

    def _for_day(self, kind: DocumentKind, day: date) -> list[StoredEdition]:
        """Return the editions to use for a day, those of one date: the first on or after it, else the newest."""
        stored = self._editions[kind]
        dates = {each.edition.first for each in stored}
        chosen = min((each for each in dates if each >= day), default=max(dates, default=None))
        return [each for each in stored if each.edition.first == chosen]

    # ------------------------------------------------------------------------------------------------ documents

    def naming(self, code: str) -> tuple[str, ...]:
        """Return the ids of the documents that name a code in a code group, in any version."""
        return self._having(("codes",), code)

    def listing(self, diagnosis: str) -> tuple[str, ...]:
        """Return the ids of the articles with a diagnosis on one of their lists, in any version."""
        return self._having(("covered", "noncovered"), diagnosis)

    def _having(self, kinds: Sequence[str], code: str) -> tuple[str, ...]:
        key = (kinds[0], code)
        if key not in self._naming:
            found: dict[str, None] = {}
            for stored in [each for of_kind in self._editions.values() for each in of_kind]:
                query = (
                    f"SELECT DISTINCT id FROM coverage WHERE part IN ({_marks(stored.parts)}) AND kind IN "
                    f"({_marks(kinds)}) AND (instr(entries, ?) OR instr(entries, ?))"
                )
                cells = (*(part.part for part in stored.parts), *kinds, f" {code} ", f" {code}* ")
                with stored.source.reads():
                    found |= {str(row[0]): None for row in stored.source.connection.execute(query, cells)}
            self._naming[key] = tuple(sorted(found))
        return self._naming[key]

    def document(self, key: str, day: date) -> DocumentOn | None:
        """Return the version of a document for a day; None if no version is on file.

        A day before the present version asks for an older one, and only CMS's files of all versions have those: without
        it, whether and what was in force is not known.
        """
        versions = self._versions_of(key)
        if not versions:
            return None
        started = [each for each in versions if each[0].effective and each[0].effective <= day]
        undated = [each for each in versions if each[0].effective is None]
        document, stored, part = (started or undated or versions[:1])[-1]
        state, why = in_force(document, day)
        later = [other for other, _, _ in versions if other.version > document.version]
        if not started and document.effective:
            state, why = self._before_first(document)
        elif state == "yes" and not self._is_certain(document, later, key, day):
            state, why = "not_known", "the version for that day is not on file"
        elif state == "no" and any(other.effective is None for other in later):
            state, why = "not_known", "a later version has no first day"
        return DocumentOn(document, state, why, stored.edition, part)

    @staticmethod
    def _before_first(document: StoredDocument) -> tuple[InForce, str]:
        if document.status == _PROPOSED:
            return "no", "proposed"
        return "not_known", f"no version before {document.effective} is on file"

    def _is_certain(self, document: StoredDocument, later: Sequence[StoredDocument], key: str, day: date) -> bool:
        """Return whether no version that is not on file can have been in force instead of this one."""
        ends = min((each for each in (document.ends, document.retired) if each), default=None)
        if ends and day <= ends:
            return True
        if later:
            return later[0].version == document.version + 1 and later[0].effective is not None
        chosen = {each.edition.id for each in self._for_day(document.kind, day)}
        return any(stored.edition.id in chosen for _, stored, _ in self._all_rows(key))

    def _versions_of(self, key: str) -> list[tuple[StoredDocument, StoredEdition, int]]:
        """Return the versions of a document, oldest first, each as the newest edition has it; proposed ones last."""
        if key not in self._versions:
            newest: dict[int, tuple[StoredDocument, StoredEdition, int]] = {}
            for each in self._all_rows(key):
                newest[each[0].version] = each
            drafts = [each for each in newest.values() if each[0].status == _PROPOSED]
            real = [each for each in newest.values() if each[0].status != _PROPOSED]
            self._versions[key] = sorted(real or drafts, key=lambda each: each[0].version)
        return self._versions[key]

    def _all_rows(self, key: str) -> list[tuple[StoredDocument, StoredEdition, int]]:
        """Return every row of a document, in the order of the editions."""
        if key not in self._rows:
            self._rows[key] = [*self._read_rows(key)]
        return self._rows[key]

    def _read_rows(self, key: str) -> Iterator[tuple[StoredDocument, StoredEdition, int]]:
        kind = _KINDS.get(key[:1])
        for stored in sorted(self._editions[kind] if kind else (), key=lambda each: each.edition.first):
            with stored.source.reads():
                for part in stored.parts:
                    query = "SELECT body FROM coverage WHERE part = ? AND id = ? AND kind = 'document'"
                    for (body,) in stored.source.connection.execute(query, (part.part, key)).fetchall():
                        yield read_document(body), stored, part.part

    def groups(self, on: DocumentOn) -> tuple[StoredGroup, ...]:
        """Return the code groups and diagnosis lists of a document."""
        document = on.document
        key = (document.id, document.version, on.edition.id, on.part)
        if key not in self._groups:
            stored = self._stored(document.kind, on.edition.id)
            query = (
                f"SELECT {_CELLS} FROM coverage WHERE part = ? AND id = ? AND version = ? AND kind <> 'document' "
                "ORDER BY kind, number"
            )
            with stored.source.reads():
                rows = stored.source.connection.execute(query, (on.part, document.id, document.version)).fetchall()
                self._groups[key] = tuple(read_group(row) for row in rows)
        return self._groups[key]

    def _stored(self, kind: DocumentKind, edition: str) -> StoredEdition:
        return next(each for each in self._editions[kind] if each.edition.id == edition)

    # ---------------------------------------------------------------------------------------------- contractors

    def contractors(self, on: DocumentOn) -> tuple[StoredContractor, ...]:
        """Return the contractors of a document."""
        found = (self._contractor(on, key) for key in on.document.contractors)
        return tuple(each for each in found if each)

    def _contractor(self, on: DocumentOn, key: str) -> StoredContractor | None:
        kept = (on.edition.id, on.part, key)
        if kept not in self._contractors:
            stored = self._stored(on.document.kind, on.edition.id)
            query = "SELECT body FROM coverage WHERE part = ? AND id = ? AND kind = 'contractor'"
            with stored.source.reads():
                row = stored.source.connection.execute(query, (on.part, key)).fetchone()
                self._contractors[kept] = read_contractor(row[0]) if row else None
        return self._contractors[kept]

    def contractors_at(self, on: DocumentOn, place: Place, day: date) -> tuple[StoredContractor, ...]:
        """Return the contractors of a document that decide claims at a place."""
        named = bool(place.names) and self.is_named(place, day)
        return tuple(
            each
            for each in self.contractors(on)
            if serves(each, place) and (not named or is_called(each.name, place.names))
        )

    def is_named(self, place: Place, day: date) -> bool:
        """Return whether one of the contractors of a place, by state and claim, has one of the names given.

        Then only those with the name are meant: some contractors have claims from everywhere. Without one, all are: a
        name alone never decides, since CMS renames contractors.
        """
        key = (place, day)
        if key not in self._named:
            known = [found for each in self._for_day("article", day) for found in self._all_contractors(each)]
            self._named[key] = any(serves(each, place) and is_called(each.name, place.names) for each in known)
        return self._named[key]

    def _all_contractors(self, stored: StoredEdition) -> Iterator[StoredContractor]:
        with stored.source.reads():
            for part in stored.parts:
                query = "SELECT body FROM coverage WHERE part = ? AND kind = 'contractor'"
                for (body,) in stored.source.connection.execute(query, (part.part,)).fetchall():
                    yield read_contractor(body)


def in_force(document: StoredDocument, day: date) -> tuple[InForce, str | None]:
    """Return whether a version is in force on a day, and why not.

    The last day is inclusive. On the day of a retirement itself it is not known: CMS does not say which it is.
    """
    if document.status == _PROPOSED:
        return "no", "proposed"
    if document.effective and document.effective > day:
        return "no", f"in force from {document.effective}"
    if document.ends and document.ends < day:
        return "no", f"ended on {document.ends}"
    if document.retired and document.retired < day:
        return "no", f"retired on {document.retired}"
    if document.status != _ACTIVE and not document.retired:
        return ("no", "retired") if document.status == "R" else ("not_known", f"status {document.status or 'missing'}")
    if document.retired == day:
        return "not_known", "retired on that day"
    if document.effective is None:
        return "not_known", "no first day"
    return "yes", None


def serves(contractor: StoredContractor, place: Place) -> bool:
    """Return whether a contractor decides claims of a kind in one of the states of a place."""
    states = {state for state, _ in contractor.states}
    return bool(place.claims & {*contractor.claims}) and bool(states & place.states if place.states else states)


def is_called(name: str, names: Iterable[str]) -> bool:
    """Return whether a contractor's name has one of these names in it, as whole words."""
    within = f" {_words(name)} "
    return any(f" {_words(each)} " in within for each in names if _words(each))


def _words(name: str) -> str:
    return " ".join("".join(sign if sign.isalnum() else " " for sign in name.casefold()).split())


def _marks(values: Collection[object]) -> str:
    return ", ".join("?" * len(values))
