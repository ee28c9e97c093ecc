"""The Medicare Coverage Database: articles, LCDs and NCDs, as CMS publishes them every week.

Kept are the documents that list a code on file, with all their code groups and diagnosis lists; `--all` keeps every
one. The columns with the AMA's words for codes are never read.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date

import msgspec

from ..model.tables import Holds
from .cells import DOWNLOAD, Given, Load, capitals, shown
from .coverage_records import (
    LETTERS,
    MARK,
    TABLE_OF,
    GroupKind,
    GroupText,
    StoredDocument,
    document_row,
    group_row,
    is_about,
    joined,
)
from .html_text import plain_text
from .mcd_contractors import contractors_of
from .mcd_export import Export, read_date, read_whole
from .reading import Document, Tick
from .store import EditionRow, Row

NO_LIMIT = "XX000"  # CMS's code for "no diagnosis limitation"
_CODE = re.compile("[0-9A-Z]{5}")
_DIAGNOSIS = re.compile(r"[A-Z][0-9A-Z]{2}(\.[0-9A-Z]{1,4})?")
_LISTED = 500  # documents with that many lists are beyond anything CMS publishes
_DATES = {
    "article": ("article_eff_date", "", "article_end_date", "article_rev_end_date", "date_retired"),
    "lcd": ("rev_eff_date", "orig_det_eff_date", "rev_end_date", "ent_det_end_date", "date_retired"),
}
_TEXTS = {
    "article": ("description", "other_comments"),
    "lcd": ("indication", "diagnoses_support", "diagnoses_dont_support", "coding_guidelines", "doc_reqs", "util_guide",
            "associated_info"),
    "ncd": ("itm_srvc_desc", "indctn_lmtn"),
}  # fmt: skip
Key = tuple[str, str]  # id and version, as CMS writes them


def is_export(document: Document) -> bool:
    """Return whether a document is a download of the Medicare Coverage Database."""
    return isinstance(document, Export)


def read_export(document: Document, given: Given, tick: Tick | None) -> list[Load]:
    """Return the documents of a download with their groups and contractors, as one edition."""
    assert isinstance(document, Export)
    if document.kind == "ncd":
        return [_determinations(document, tick)]
    reading = _Reading(document, given, tick)
    several = " all versions" if reading.has_versions else ""
    holds = Holds(codes=tuple(sorted(reading.filter))) if reading.filter and document.kind == "article" else None
    edition = EditionRow(
        TABLE_OF[document.kind], None, f"{reading.day}{several}", reading.day, None,
        holds=msgspec.json.encode(holds).decode() if holds else None,
    )  # fmt: skip
    return [Load(edition, reading.rows(), reading.notes)]


class _Reading:
    """One pass over the tables of a download: the small ones first, then the documents, then the diagnoses."""

    def __init__(self, export: Export, given: Given, tick: Tick | None) -> None:
        self._export, self._tick = export, tick
        self._kind = export.kind
        self._keys = (f"{self._kind}_id", f"{self._kind}_version")
        self.filter = given.codes() if given.codes else None  # None: every document
        self._subjects = given.subjects()
        self._skipped: Counter[str] = Counter()
        self._documents: set[Key] = set()
        self.day = self._edition_day()
        self._wanted: set[str] = set()  # ids of the articles with a code on file
        self._codes: dict[Key, dict[int, list[str]]] = {}
        if self._kind == "article" or export.has("lcd_x_hcpc_code"):
            self._codes = self._read_codes()
        self._contractors, self._of_document = contractors_of(export, self._kept, self._skipped, tick)
        versions = {*self._codes, *self._of_document}
        self.has_versions = len({document for document, _ in versions}) < len(versions)
        self._related = self._read_related()
        self._retired = self._read_future_retirements()

    def _edition_day(self) -> date:
        """Return the last day of the newest period: the file names do not give the edition."""
        days = [
            day
            for (cell,) in self._export.rows("update_period", ("*end_date",), self._tick)
            if (day := read_date(self._export, cell))
        ]
        if not days:
            raise self._export.wrong(None, "update_period.csv has no end date", "the edition", DOWNLOAD)
        return max(days)

    def _read_codes(self) -> dict[Key, dict[int, list[str]]]:
        """Return the codes of the documents to keep, by code group.

        A document is kept in all its versions if one of them lists a code on file: an older version must not answer
        in place of a newer one that dropped the code.
        """
        columns = (*self._keys, "hcpc_code_id", "hcpc_code_group")
        found: dict[Key, dict[int, list[str]]] = {}
        wanted: set[str] = set()
        for document, version, cell, group in self._export.rows(f"{self._kind}_x_hcpc_code", columns, self._tick):
            code = capitals(cell)
            if not _CODE.fullmatch(code):
                self._skipped["rows without a code of five characters"] += 1
                continue
            number = read_whole(self._export, group or "0", "a code group")
            found.setdefault((document, version), {}).setdefault(number, []).append(code)
            if self.filter is None or code in self.filter:
                wanted.add(document)
        if self._kind == "article" and not wanted:
            raise self._export.wrong(None, "no article with a code on file", "articles", "--all keeps every article.")
        self._wanted = wanted
        return {key: groups for key, groups in found.items() if self._kept(key)}

    def _kept(self, key: Key) -> bool:
        """Return whether a document is kept: an article by its codes, every LCD."""
        return self.filter is None or self._kind == "lcd" or key[0] in self._wanted

    def _read_related(self) -> dict[Key, list[str]]:
        """Return the ids of related articles, LCDs and NCDs; links lead to the latest version."""
        related: dict[Key, list[str]] = {}
        table = f"{self._kind}_related_documents"
        for document, version, article, lcd in self._export.rows(
            table, (*self._keys, "r_article_id", "r_lcd_id"), self._tick
        ):
            if self._kept((document, version)):
                ids = [*_linked(article, "A"), *_linked(lcd, "L")]
                related.setdefault((document, version), []).extend(ids)
        table = f"{self._kind}_related_ncd_documents"
        if self._export.has(table):
            for document, version, ncd in self._export.rows(table, (*self._keys, "r_ncd_id"), self._tick):
                if self._kept((document, version)):
                    related.setdefault((document, version), []).extend(_linked(ncd, "N"))
        return related

    def _read_future_retirements(self) -> dict[str, date]:
        table = f"{self._kind}_future_retire"
        if not self._export.has(table):
            return {}
        found: dict[str, date] = {}
        for document, cell in self._export.rows(table, (f"{self._kind}_id", "retire_dt"), self._tick):
            if day := read_date(self._export, cell):
                found[document] = min(day, found.get(document, day))
        return found

    # ------------------------------------------------------------------------------------------------------ rows

    def rows(self) -> Iterator[Row]:
        """Yield the rows to store: the codes that were looked for, contractors, documents, then their groups."""
        wanted = self.filter if self._kind == "article" else None
        yield ("", 0, "filter", 0, joined(wanted or ()), "")
        yield from self._contractors
        yield from self._document_rows()
        if self._codes:
            yield from self._code_groups()
        if self._kind == "article":
            yield from self._lists("covered")
            yield from self._lists("noncovered")

    def _document_rows(self) -> Iterator[Row]:
        texts, dates = _TEXTS[self._kind], [name for name in _DATES[self._kind] if name]
        columns = (*self._keys, "title", "status", *dates, *texts)
        seen: set[tuple[str, int]] = set()
        for document, version, title, status, *cells in self._export.rows(self._kind, columns, self._tick):
            key = (document, version)
            if not self._kept(key):
                continue
            number = (self._id(key), read_whole(self._export, version, "a version"))
            if number in seen:
                raise self._export.bad(f"{document} version {version} a second time", "each once")
            self._documents.add(key)
            seen.add(number)
            values = dict(zip((*dates, *texts), cells, strict=True))
            yield document_row(self._document(key, plain_text(title), capitals(status), values))

    def _document(self, key: Key, title: str, status: str, cells: dict[str, str]) -> StoredDocument:
        first, second, *ends, retired = (
            read_date(self._export, cells[name]) if name else None for name in _DATES[self._kind]
        )
        last = [day for day in (retired, self._retired.get(key[0])) if day]
        with_texts = self._kind == "article" or self.filter is None or is_about(title, self._subjects)
        texts = ((name, plain_text(cells[name])) for name in _TEXTS[self._kind] if with_texts)
        return StoredDocument(
            id=self._id(key),
            version=read_whole(self._export, key[1], "a version"),
            kind=self._kind,
            title=title,
            status=status,
            effective=first or second,
            ends=ends[0] or ends[1],
            retired=min(last, default=None),
            contractors=tuple(dict.fromkeys(self._of_document.get(key, ()))),
            related=tuple(dict.fromkeys(self._related.get(key, ()))),
            texts=tuple((name, text) for name, text in texts if text),
        )

    def _id(self, key: Key) -> str:
        return f"{LETTERS[self._kind]}{read_whole(self._export, key[0], 'the number of a document')}"

    def _code_groups(self) -> Iterator[Row]:
        paragraphs = self._paragraphs("codes", "hcpc_code_group", f"{self._kind}_x_hcpc_code_group")
        for key in {**self._codes, **paragraphs}:
            groups = self._codes.get(key, {})
            words = paragraphs.get(key, {})
            yield from self._groups("codes", key, {n: joined(codes) for n, codes in groups.items()}, words)

    def _lists(self, kind: GroupKind) -> Iterator[Row]:
        """Yield the diagnosis lists of one kind; the table is read once, and what is kept of it is text."""
        name = f"icd10_{kind}_group"
        table = f"article_x_icd10_{kind}"
        with_mark = kind == "covered"
        paragraphs = self._paragraphs(kind, name, f"{table}_group", ("icd10_covered_ast",) if with_mark else ())
        columns = (*self._keys, "icd10_code_id", name, *(("asterisk",) if with_mark else ()))
        lists: dict[Key, dict[int, list[str]]] = {}
        texts: dict[Key, dict[int, str]] = {}
        current: tuple[Key, str] | None = None
        entries: list[str] = []
        for document, version, diagnosis, group, *mark in self._export.rows(table, columns, self._tick):
            key = (document, version)
            if key not in self._documents:
                continue
            if current != (key, group):
                current = (key, group)
                number = read_whole(self._export, group or "0", "a group of diagnoses")
                self._packed(lists, texts)
                entries = lists.setdefault(key, {}).setdefault(number, [])
            entries.append(f"{diagnosis}{MARK}" if mark and mark[0] in ("Y", "y", "1") else diagnosis)
        self._packed(lists, texts)
        for key in {**texts, **paragraphs}:
            if key in self._documents:
                yield from self._groups(kind, key, texts.get(key, {}), paragraphs.get(key, {}))

    def _packed(self, lists: dict[Key, dict[int, list[str]]], texts: dict[Key, dict[int, str]]) -> None:
        """Move the diagnoses read so far into texts, which take a tenth of the memory."""
        for key, groups in lists.items():
            for number, entries in groups.items():
                sound = [each for each in map(capitals, entries) if _DIAGNOSIS.fullmatch(each.rstrip(MARK))]
                without = [each for each in entries if capitals(each).rstrip(MARK) == NO_LIMIT]
                self._skipped["rows without an ICD-10 code"] += len(entries) - len(sound) - len(without)
                lists_of = texts.setdefault(key, {})
                lists_of[number] = joined((*lists_of.get(number, "").split(), *sound, *([NO_LIMIT] if without else [])))
        lists.clear()

    def _paragraphs(
        self, kind: GroupKind, group: str, table: str, notes: tuple[str, ...] = ()
    ) -> dict[Key, dict[int, tuple[str, str]]]:
        """Return the paragraph of every group, and the condition of its asterisk."""
        found: dict[Key, dict[int, tuple[str, str]]] = {}
        if self._kind == "lcd" and not self._export.has(table):
            return found
        for document, version, number, paragraph, *note in self._export.rows(
            table, (*self._keys, group, "paragraph"), self._tick, notes
        ):
            if (document, version) not in self._documents:
                continue
            groups = found.setdefault((document, version), {})
            words = (plain_text(paragraph), plain_text(note[0]) if note else "")
            number_ = read_whole(self._export, number or "0", f"a group of {kind}")
            before = groups.get(number_, ("", ""))
            groups[number_] = ("\n".join(filter(None, (before[0], words[0]))), before[1] or words[1])
        return found

    def _groups(
        self, kind: GroupKind, key: Key, entries: dict[int, str], words: dict[int, tuple[str, str]]
    ) -> Iterator[Row]:
        """Yield the groups of a document; one without codes and without words is nothing."""
        if key not in self._documents:
            self._skipped["groups of a document that is not in the file"] += 1
            return
        if len(entries) + len(words) > _LISTED:
            raise self._export.wrong(None, f"more than {_LISTED} groups of {key[0]}", "a document of CMS's size")
        for number in sorted({**entries, **words}):
            codes, (paragraph, note) = entries.get(number, ""), words.get(number, ("", ""))
            no_limit = kind != "codes" and f" {NO_LIMIT} " in codes
            if no_limit:
                codes = joined(each for each in codes.split() if each != NO_LIMIT)
            if codes or paragraph or no_limit:
                text = GroupText(paragraph=paragraph, note=note, no_limit=no_limit)
                yield group_row(self._id(key), int(key[1]), kind, number, codes, text)

    def notes(self) -> list[str]:
        """Return what was read and left out, for the one who imports."""
        noun = {"article": "articles", "lcd": "LCDs", "ncd": "NCDs"}[self._kind]
        notes = []
        if self.filter is not None and self._kind == "article":
            notes.append(f"{len(self._documents):,} {noun} that list a code on file; --all keeps every one")
        elif self.filter is not None:
            notes.append(f"{len(self._documents):,} {noun}; texts only of those on this field (--all: of every one)")
        else:
            notes.append(f"{len(self._documents):,} {noun}")
        notes += [f"left out: {count:,} {what}" for what, count in self._skipped.items() if count]
        return notes


def _linked(cell: str, letter: str) -> Iterable[str]:
    """Return the id of a linked document; 0 means none."""
    text = cell.strip()
    return [f"{letter}{int(text)}"] if re.fullmatch("[0-9]{1,9}", text) and int(text) else []


# ---------------------------------------------------------------------------------------------------------- NCDs


def _determinations(export: Export, tick: Tick | None) -> Load:
    """Return the national determinations; the edition is the day of the newest change."""
    columns = ("ncd_id", "ncd_vrsn_num", "ncd_mnl_sect", "ncd_mnl_sect_title", "ncd_efctv_dt", "ncd_trmntn_dt",
               "last_updt_tmstmp")  # fmt: skip
    rows: list[Row] = []
    days: list[date] = []
    seen: set[tuple[str, int]] = set()
    for number, version, section, title, first, last, changed, *texts in export.rows(
        "ncd_trkg", columns, tick, _TEXTS["ncd"]
    ):
        key = (f"N{read_whole(export, number, 'the number of an NCD')}", read_whole(export, version, "a version"))
        if key in seen:
            raise export.bad(f"{shown(number)} version {version} a second time", "each once")
        seen.add(key)
        if day := read_date(export, changed):
            days.append(day)
        named = ((name, plain_text(text)) for name, text in zip(_TEXTS["ncd"], texts, strict=True))
        rows.append(
            document_row(
                StoredDocument(
                    id=key[0], version=key[1], kind="ncd", title=f"NCD {section.strip()}: {plain_text(title)}",
                    status="A", effective=read_date(export, first), ends=read_date(export, last), retired=None,
                    texts=tuple((name, text) for name, text in named if text),
                )
            )
        )  # fmt: skip
    if not rows or not days:
        raise export.wrong(None, "no determination with the day of its last change", "CMS's NCDs", DOWNLOAD)
    several = " all versions" if len({number for number, _ in seen}) < len(seen) else ""
    edition = EditionRow(TABLE_OF["ncd"], None, f"{max(days)}{several}", max(days), None)
    return Load(edition, rows, lambda: [f"{len(rows):,} NCDs"])
