"""What `cpt lookup`, `cpt explain`, `cpt help` and the lists return."""

from datetime import date
from typing import Literal

from .answer import SourceRef
from .articles import ArticlesFound
from .claim import ClaimForm, Discipline, Modifier, UnitRule
from .codes import Code, CodingVerification
from .common import Confidence, Evidence, Noun, Provider, Setting, Source, Stance, Text, Verdict
from .rulebook import Receipt, Topic
from .rules import EditFamily, Policy, Rule
from .tables import Table


class RuleLine(Noun, frozen=True, omit_defaults=False):
    """A payer's rule in a look-up."""

    rule: str
    payer: str
    payer_name: str
    effect: str
    policy: str | None  # the payer's name for the document
    says: str
    short: str | None  # the same in one line
    payer_short: str
    verdict: Verdict | None
    evidence: Evidence
    confidence: Confidence
    effective: date | None
    ends: date | None
    in_force: bool
    checked: date
    sources: tuple[SourceRef, ...]
    providers: tuple[Provider, ...] = ()  # the only ones that it is about


class CodeCard(Noun, frozen=True, omit_defaults=False):
    """Everything the rule base has about one code on one date."""

    asked: str
    read_as: str | None  # how the code was read, if more than the plain code was typed
    modifiers: tuple[Modifier, ...]  # those typed with the code
    unknown_modifiers: tuple[str, ...]
    service_date: date
    code: Code
    on_that_day: str | None  # set if the code did not exist on that day
    units_says: str
    units_short: str | None
    status: str | None  # on that day
    status_says: str
    status_short: str
    modalities: tuple[str, ...]
    devices: tuple[str, ...]
    rules: tuple[RuleLine, ...]
    coding_verification: CodingVerification | None
    sources: tuple[SourceRef, ...]
    warnings: tuple[str, ...]
    tables: tuple[Table, ...]  # the CMS tables that the card uses
    rulebook: Receipt
    articles: ArticlesFound | None = None  # of Medicare's contractors; None if no payer with such articles was given
    payer: str | None = None  # the id of the payer that was given


class Hit(Noun, frozen=True, omit_defaults=False):
    """One match of a search: what it is, and the command to try."""

    kind: Literal["code", "modality", "device", "manufacturer", "payer", "topic", "modifier", "rule"]
    id: str
    name: str
    says: str
    ask_on: str  # the command to try
    matched: str
    nearly: bool


class Hits(Noun, frozen=True, omit_defaults=False):
    """The matches of a search, best first."""

    asked: str
    note: str | None  # set if no name matched and these are only near
    matches: tuple[Hit, ...]
    rulebook: Receipt


class DeviceLine(Noun, frozen=True, omit_defaults=False):
    """A device as `cpt devices` lists it."""

    id: str
    name: str
    manufacturer: str
    modality: str
    settings: tuple[Setting, ...]
    stance: Stance
    codes: tuple[str, ...]  # the codes that the manufacturer names
    refused_codes: tuple[str, ...]
    fda: str | None
    evidence: Evidence
    confidence: Confidence
    checked: date


class PayerLine(Noun, frozen=True, omit_defaults=False):
    """A payer as `cpt payers` lists it; `rules` counts its own, without those it inherits."""

    id: str
    name: str
    kind: str
    parent: str | None
    states: tuple[str, ...]
    rules: int
    checked: date | None


class ModalityLine(Noun, frozen=True, omit_defaults=False):
    """A modality as `cpt modalities` lists it, with the code for each answer to its question."""

    id: str
    name: str
    also_called: tuple[str, ...]
    kind_of: str | None
    code: str | None
    ask: str | None
    answers: tuple[tuple[str, str], ...]
    checked: date


class Listing(Noun, frozen=True, omit_defaults=False):
    """What `cpt devices`, `cpt payers` or `cpt modalities` found."""

    kind: Literal["devices", "payers", "modalities"]
    lines: tuple[DeviceLine | PayerLine | ModalityLine, ...]
    tables: tuple[Table, ...]  # the CMS tables that the list uses
    rulebook: Receipt


class RuleCard(Noun, frozen=True, omit_defaults=False):
    """One rule with everything the rule base says about it."""

    rule: Rule
    payer_name: str
    effect: str
    place: str | None
    in_force: bool
    own: bool  # from the clinic's folder
    sources: tuple[Source, ...]
    rulebook: Receipt


class PolicyCard(Noun, frozen=True, omit_defaults=False):
    """One policy of an edit family with everything the rule base says about it."""

    policy: Policy
    family: str
    family_name: str
    payers: tuple[str, ...]  # the payers whose rules apply the family
    place: str | None
    in_force: bool
    own: bool  # from the clinic's folder
    sources: tuple[Source, ...]
    rulebook: Receipt


class EntryCard(Noun, frozen=True, omit_defaults=False):
    """Another entry that a finding names, with everything the rule base says about it."""

    kind: Text
    entry: Modifier | Discipline | UnitRule | ClaimForm | EditFamily
    place: str | None
    sources: tuple[Source, ...]
    rulebook: Receipt


class TopicCard(Noun, frozen=True, omit_defaults=False):
    """One topic of `cpt help`, or all topics."""

    topics: tuple[Topic, ...]
    sources: tuple[Source, ...]
    rulebook: Receipt
