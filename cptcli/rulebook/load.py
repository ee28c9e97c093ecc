"""Loads rule folders into nouns, each with its file and line. Reports the wrong form; check.py, the wrong content."""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import TypeVar

from msgspec import Struct, structs

from ..model.codes import Code, CodingVerification
from ..model.devices import Manufacturer
from ..model.rulebook import Edition
from ..model.rules import DiagnosisList, EditFamily, Payer, PayerFacts
from . import shapes
from .cms_facts import TABLES, apply_tables
from .entries import Entries
from .files import Files
from .problem import Problem
from .validate import Placed, Validator
from .yaml_strict import Node, Refused, read_tree

T = TypeVar("T")

# The noun in each place of a rule folder.
NOUN_OF_FOLDER: dict[str, type[Struct]] = {
    "sources": shapes.SourceFile,
    "codes": shapes.CodeFamily,
    "modalities": shapes.ModalityFamily,
    "devices": Manufacturer,
    "payers": shapes.PayerFile,
    "diagnoses": DiagnosisList,
    "edits": EditFamily,
}
NOUN_OF_FILE: dict[str, type[Struct]] = {
    "rulebook.yaml": Edition,
    "modifiers.yaml": shapes.ModifierFile,
    "disciplines.yaml": shapes.DisciplineFile,
    "unit-rules.yaml": shapes.UnitRuleFile,
    "claim-forms.yaml": shapes.ClaimFormFile,
    "medicare-status.yaml": shapes.StatusFile,
    "topics.yaml": shapes.TopicFile,
    "coding-verification.yaml": CodingVerification,
    "synonyms.yaml": shapes.SynonymFile,
    TABLES: shapes.TableFile,
}


class Parts(Entries):
    """Everything in one or more rule folders, read file by file, before it is checked and compiled."""

    def copied(self) -> "Parts":
        """Return the same parts, to add a folder to without changing these."""
        parts = Parts()
        for name, value in vars(self).items():
            setattr(parts, name, value.copy() if isinstance(value, dict | set | list) else value)
        return parts

    def add(self, files: Files, clinic: bool = False) -> None:
        """Add a folder. A clinic folder may add entries, and override the shipped ones only by a rule."""
        for each in files.unreadable:
            self.problems.append(
                Problem(each.file, 1, 1, f"cannot be read ({each.why})", "a readable file or folder", each.todo)
            )
        for name, content in files.contents.items():
            if name.startswith("tables/") and clinic:
                self.problems.append(
                    Problem(name, 1, 1, "a table in your folder", "the shipped tables only", "move it away")
                )
                continue
            if name.startswith("tables/") and name.endswith(".csv"):
                self.table_files[name.removeprefix("tables/")] = content
                continue
            noun = NOUN_OF_FILE.get(name) or NOUN_OF_FOLDER.get(name.partition("/")[0] if "/" in name else "")
            if noun is None or not name.endswith(".yaml"):
                expected = f"{', '.join(NOUN_OF_FILE)}, or a .yaml file in {', '.join(f'{f}/' for f in NOUN_OF_FOLDER)}"
                self.problems.append(Problem(name, 1, 1, "no place for rules", expected, "move or rename it"))
                continue
            try:
                tree = read_tree(content, name, self.problems)
            except Refused as refused:
                self.problems.append(refused.problem)
                continue
            fitted = Validator(name, self.problems, self._placer(name, clinic)).validate(tree, noun)
            if fitted is not None:
                self._take(fitted, name, clinic)
        for payer_file, name in self._extended:
            if payer_file.extends not in self.payers:
                near = get_close_matches(str(payer_file.extends), self.payers, 1)
                todo = f"did you mean {near[0]!r}?" if near else "give it 'id', 'name' and 'kind' instead"
                what = f"no payer {payer_file.extends!r} to extend"
                self.problems.append(Problem(name, 1, 1, what, "the id of a payer in the rule base", todo))
                continue
            self._rules(payer_file, str(payer_file.extends), name, clinic)
        self._extended.clear()
        if not clinic:
            apply_tables(self)

    def _placer(self, file: str, clinic: bool) -> Placed:
        def placed(noun: Struct, node: Node) -> None:
            key = getattr(noun, "id", None)
            kind = "payer" if isinstance(noun, shapes.PayerFile) else type(noun).__name__.lower()
            if isinstance(key, str):
                place = f"{kind}:{key}"
                if clinic and place not in self.places:
                    self.own.add(place)
                self.places.setdefault(place, f"{file}:{node.line}:{node.column}")

        return placed

    def _take(self, noun: object, file: str, clinic: bool) -> None:
        match noun:
            case shapes.SourceFile():
                self._put_all("source", self.sources, [(each.id, each) for each in noun.sources], file)
            case shapes.CodeFamily():
                self._put_all("code", self.codes, [(each.code, _in_family(each, noun)) for each in noun.codes], file)
            case shapes.ModalityFamily():
                self._put_all("modality", self.modalities, [(each.id, each) for each in noun.modalities], file)
            case Manufacturer():
                self._put_all("manufacturer", self.manufacturers, [(noun.id, noun)], file)
                self._put_all("device", self.devices, [(each.id, each) for each in noun.devices], file)
                self.manufacturer_of.update({device.id: noun.id for device in noun.devices})
                self._put_all("sharedname", self.shared_names, [(each.id, each) for each in noun.shared_names], file)
            case shapes.PayerFile():
                self._payer(noun, file, clinic)
            case DiagnosisList():
                self._put_all("diagnosislist", self.diagnoses, [(noun.id, noun)], file)
            case shapes.ModifierFile():
                self._put_all("modifier", self.modifiers, [(each.modifier, each) for each in noun.modifiers], file)
            case shapes.DisciplineFile():
                self._put_all("discipline", self.disciplines, [(each.id, each) for each in noun.disciplines], file)
            case shapes.UnitRuleFile():
                self._put_all("unitrule", self.unit_rules, [(each.id, each) for each in noun.unit_rules], file)
            case shapes.ClaimFormFile():
                self._put_all("claimform", self.claim_forms, [(each.id, each) for each in noun.claim_forms], file)
            case EditFamily():
                self._put_all("editfamily", self.edits, [(noun.id, noun)], file)
                if clinic:
                    self.clinic_rules.update(policy.id for policy in noun.policies)
                self._put_all("policy", self.policies, [(each.id, each) for each in noun.policies], file)
            case shapes.StatusFile():
                self._put_all("status", self.statuses, [(each.status, each) for each in noun.status_indicators], file)
            case shapes.TopicFile():
                self._put_all("topic", self.topics, [(each.id, each) for each in noun.topics], file)
            case shapes.TableFile():
                self._put_all("table", self.tables, [(each.id, each) for each in noun.tables], file)
            case Edition():
                self.edition = self._only(self.edition, noun, file)
            case shapes.SynonymFile():
                self.synonyms = self._only(self.synonyms, noun, file)
            case CodingVerification():
                self.coding_verification = self._only(self.coding_verification, noun, file)

    def _put_all(self, kind: str, shelf: dict[str, T], new: Sequence[tuple[str, T]], file: str) -> None:
        for key, noun in new:
            if key in shelf:
                first = self.places.get(f"{kind}:{key}", "another file")
                self.problems.append(
                    Problem(
                        file,
                        1,
                        1,
                        f"the {kind} {key!r} a second time (first at {first})",
                        f"each {kind} once",
                        "rename one, or add to the first",
                    )
                )
            else:
                shelf[key] = noun

    def _only(self, first: T | None, new: T, file: str) -> T:
        """Return the only entry of its kind; a clinic folder may not replace it."""
        if first is not None:
            self.problems.append(
                Problem(file, 1, 1, f"{file} a second time", "one such file, the shipped one", "delete it")
            )
        return first or new

    def _payer(self, noun: shapes.PayerFile, file: str, clinic: bool) -> None:
        if noun.extends is not None:
            further = [
                field.name
                for field in structs.fields(noun)
                if field.name not in ("extends", "rules") and getattr(noun, field.name) != field.default
            ]
            if further:
                what = f"a payer file with 'extends' and with {', '.join(map(repr, further))}"
                expected = "'extends' and 'rules'; a known payer is not changed"
                self.problems.append(Problem(file, 1, 1, what, expected, "keep 'extends' alone to add rules"))
            self._extended.append((noun, file))
            return
        if noun.id is None or noun.name is None or noun.kind is None:
            what = "a payer file without 'id', 'name' or 'kind'"
            self.problems.append(Problem(file, 1, 1, what, "all three, or 'extends: PAYER'", "add what is missing"))
            return
        payer = Payer(
            id=noun.id,
            name=noun.name,
            kind=noun.kind,
            **{field: getattr(noun, field) for field in PayerFacts.__struct_fields__},
        )
        parts = [part if part.parent else structs.replace(part, parent=payer.id) for part in noun.jurisdictions]
        self._put_all("payer", self.payers, [(each.id, each) for each in (payer, *parts)], file)
        self._rules(noun, payer.id, file, clinic)

    def _rules(self, noun: shapes.PayerFile, payer: str, file: str, clinic: bool) -> None:
        rules = [rule if rule.payer else structs.replace(rule, payer=payer) for rule in noun.rules]
        self._put_all("rule", self.rules, [(rule.id, rule) for rule in rules], file)
        if clinic:
            self.clinic_rules.update(rule.id for rule in rules)


_loaded: dict[tuple[object, ...], Parts] = {}  # one rule base: the shipped one, under every folder that is opened


def loaded(files: Files) -> Parts:
    """Return the parts of a whole rule base, not checked yet: read once in a process, for each caller a copy."""
    key = (files.folder, files.sha256, *files.unreadable)
    parts = _loaded.get(key)
    if parts is None:
        parts = Parts()
        parts.add(files)
        _loaded.clear()
        _loaded[key] = parts
    return parts.copied()


def _in_family(code: Code, family: shapes.CodeFamily) -> Code:
    """Return the code with its family's values where it has none of its own."""
    inherited = {
        field: getattr(family, field)
        for field in ("performers", "attendance", "other_modifiers")
        if not getattr(code, field)
    }
    return structs.replace(code, **inherited)
