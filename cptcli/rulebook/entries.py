"""What the files of a rule folder hold, entry by entry, as load.py reads them and cms_facts.py completes them."""

from ..model.claim import ClaimForm, Discipline, Modifier, UnitRule
from ..model.codes import Code, CodingVerification, StatusIndicator
from ..model.common import Source
from ..model.devices import Device, Manufacturer, Modality, SharedName
from ..model.rulebook import Edition, Topic
from ..model.rules import DiagnosisList, EditFamily, Payer, Policy, Rule
from ..model.tables import Table
from . import shapes
from .problem import Problem


class Entries:
    """The entries of one or more rule folders, where each is written, and the problems found so far."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.own: set[str] = set()  # "kind:id" of each entry that the user's own folder adds
        self.places: dict[str, str] = {}
        self.edition: Edition | None = None
        self.coding_verification: CodingVerification | None = None
        self.synonyms: shapes.SynonymFile | None = None
        self.sources: dict[str, Source] = {}
        self.codes: dict[str, Code] = {}
        self.modalities: dict[str, Modality] = {}
        self.manufacturers: dict[str, Manufacturer] = {}
        self.devices: dict[str, Device] = {}
        self.manufacturer_of: dict[str, str] = {}
        self.shared_names: dict[str, SharedName] = {}
        self.payers: dict[str, Payer] = {}
        self.rules: dict[str, Rule] = {}
        self.clinic_rules: set[str] = set()
        self.diagnoses: dict[str, DiagnosisList] = {}
        self.modifiers: dict[str, Modifier] = {}
        self.statuses: dict[str, StatusIndicator] = {}
        self.disciplines: dict[str, Discipline] = {}
        self.unit_rules: dict[str, UnitRule] = {}
        self.claim_forms: dict[str, ClaimForm] = {}
        self.edits: dict[str, EditFamily] = {}
        self.policies: dict[str, Policy] = {}
        self.tables: dict[str, Table] = {}
        self.topics: dict[str, Topic] = {}
        self.table_files: dict[str, bytes] = {}
        self._extended: list[tuple[shapes.PayerFile, str]] = []

    def problem(self, place: str, what: str, expected: str, todo: str) -> None:
        """Report a problem at the place of a noun, as in places["rule:some-id"]."""
        file, line, column = self.places.get(place, f"{place}:1:1").rsplit(":", 2)
        self.problems.append(Problem(file, int(line), int(column), what, expected, todo))
