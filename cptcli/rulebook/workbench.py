"""For people who write rules: new files from templates, the JSON Schema of the format, old facts."""

import re
from datetime import date
from pathlib import Path

import msgspec
from msgspec import Struct

from ..errors import BadValue, CptError
from ..model.codes import Code
from ..model.devices import Device, Modality
from ..model.rules import DiagnosisList, Rule
from .book import RuleBook
from .compiled import shipped_folder
from .load import NOUN_OF_FILE, NOUN_OF_FOLDER
from .names import normalized
from .validate import BLANK

KINDS = ("payer", "device", "override")


class FileExists(CptError):
    """A file that would have been overwritten."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} already exists: nothing was written. Edit it, or choose another name.")


def id_from(name: str) -> str:
    """Return the id for a name. Raises BadValue for one without letters or digits."""
    key = "-".join(normalized(name).split())
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", key):
        raise BadValue("NAME", name, "a name with plain letters or digits")
    return key


def new_files(kind: str, key: str, name: str, folder: Path, today: date) -> list[Path]:
    """Return the paths of commented files written for a new payer, device or override in a clinic folder.

    Raises FileExists rather than overwriting anything.
    """
    file = key if key != BLANK else kind
    source = f"our-{key}-source" if kind == "override" else f"{key}-source"
    place = f"{'devices' if kind == 'device' else 'payers'}/{file}.yaml"
    quoted = name if kind == "override" else msgspec.json.encode(name).decode()
    written = {place: kind, f"sources/{source.replace(BLANK, file)}.yaml": "source"}
    for path in written:
        if (folder / path).exists():
            raise FileExists(folder / path)
    templates = shipped_folder() / ".templates"
    for path, template in written.items():
        blank = (templates / f"{template}.yaml").read_text(encoding="utf-8")
        text = blank.format(id=key, name=quoted, today=today.isoformat(), source=source)
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    return [folder / path for path in written]


def schema(kind: str | None) -> dict[str, object]:
    """Return the JSON Schema of one kind of rule file, or of all of them by kind."""
    nouns: dict[str, type[Struct]] = {
        **NOUN_OF_FOLDER,
        **{name.rpartition("/")[2].removesuffix(".yaml"): noun for name, noun in NOUN_OF_FILE.items()},
    }
    if kind is None:
        return {name: _on_one_line(msgspec.json.schema(noun)) for name, noun in nouns.items()}
    if kind not in nouns:
        raise BadValue("KIND", kind, f"one of {', '.join(nouns)}")
    described = _on_one_line(msgspec.json.schema(nouns[kind]))
    assert isinstance(described, dict)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **described}


def _on_one_line(value: object) -> object:
    """Return a schema with each description on one line: Python versions indent docstrings differently."""
    if isinstance(value, dict):
        return {
            key: " ".join(each.split()) if key == "description" and isinstance(each, str) else _on_one_line(each)
            for key, each in value.items()
        }
    return [_on_one_line(each) for each in value] if isinstance(value, list) else value


class OldFact(Struct, frozen=True):
    """A fact not checked for a while."""

    checked: date
    days: int
    kind: str
    id: str
    place: str
    links: tuple[str, ...]


def stale_facts(book: RuleBook, days: int, today: date) -> list[OldFact]:
    """Return every fact last checked more than `days` days before `today`, oldest first."""
    found: list[OldFact] = []
    shelves: tuple[tuple[str, str], ...] = (
        ("rules", "rule"), ("codes", "code"), ("modalities", "modality"), ("devices", "device"),
        ("diagnoses", "diagnosislist"),
    )  # fmt: skip
    get = {
        "rules": book.rule, "codes": book.code, "modalities": book.modality, "devices": book.device,
        "diagnoses": book.diagnosis_list,
    }  # fmt: skip
    for shelf, kind in shelves:
        for key in book.keys(shelf):
            fact = get[shelf](key)
            assert isinstance(fact, Rule | Code | Modality | Device | DiagnosisList)
            age = (today - fact.checked).days
            if age > days:
                sources = (book.source(each) for each in fact.sources)
                links = tuple(each.url or each.id for each in sources if each)
                place = book.place(kind, key) or ""
                found.append(OldFact(fact.checked, age, kind, key, place, links))
    return sorted(found, key=lambda fact: (fact.checked, fact.kind, fact.id))
