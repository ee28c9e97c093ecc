"""The question of `cpt suggest` and its answer."""

from datetime import date
from typing import Literal

from .common import (
    Care,
    Claim,
    CodeText,
    Confidence,
    Evidence,
    Id,
    Layer,
    Notice,
    Noun,
    Provider,
    Setting,
    State,
    Verdict,
    Word,
)
from .rulebook import Receipt
from .tables import Table


class Question(Noun, frozen=True):
    """The question, with ids of the rule base; `service_date` is the date of service."""

    service_date: date
    setting: Setting = "clinic"
    modality: Id | None = None
    device: Id | None = None
    other_device: bool = False  # the device is not in our list
    device_typed: str | None = None  # the device as typed, if it is a treatment or not in our list
    payer: Id | None = None
    state: State | None = None
    answers: tuple[str, ...] = ()  # to the questions that a modality's code depends on
    diagnoses: tuple[str, ...] = ()
    coding_verification: str | None = None
    code: CodeText | None = None  # as billed; used instead of a treatment
    provider: Provider | None = None
    discipline: Word | None = None
    claim: Claim | None = None
    care: Care | None = None
    abn: Notice | None = None
    assistant: bool | None = None  # whether an assistant did part of it
    from_settings: tuple[Word, ...] = ()  # the values taken from the clinic's settings


class SourceRef(Noun, frozen=True, omit_defaults=False):
    """A source as an answer shows it."""

    id: str
    title: str
    url: str | None
    date: str | None
    publisher: str | None


class Step(Noun, frozen=True, omit_defaults=False):
    """What one layer says about the code; kept even if a later layer overrules it."""

    layer: Layer
    rule: str | None
    code: str | None
    replaces: str | None
    says: str
    short: str | None  # the same in one line of the first screen
    evidence: Evidence
    confidence: Confidence
    effective: date | None
    ends: date | None
    checked: date
    applied: bool
    caveat: str | None
    caveat_short: str | None
    sources: tuple[SourceRef, ...]


class CoverageStep(Noun, frozen=True, omit_defaults=False):
    """A coverage rule that decided or may apply; `conditions` says when it applies, `options` how to answer."""

    rule: str
    payer: str
    verdict: Verdict
    decided: bool
    policy: str | None  # the payer's name for the document
    says: str
    short: str | None  # the same in one line of the first screen
    conditions: tuple[str, ...]
    options: tuple[str, ...]
    hit: str | None  # the diagnosis on the rule's list
    evidence: Evidence
    confidence: Confidence
    effective: date | None
    ends: date | None
    checked: date | None
    caveat: str | None
    sources: tuple[SourceRef, ...]


class Coverage(Noun, frozen=True, omit_defaults=False):
    """Will it be paid? Decided apart from the code. `unknown` never means covered."""

    verdict: Verdict
    says: str
    rules: tuple[str, ...]
    steps: tuple[CoverageStep, ...]


class UnitsAnswer(Noun, frozen=True, omit_defaults=False):
    """How the suggested code is counted."""

    timed: bool | None
    usual: int | None
    says: str
    short: str | None  # the same in a few words; None if not known


class ModifierAnswer(Noun, frozen=True, omit_defaults=False):
    """A modifier for the line: `required`, or only if what `says` states is true."""

    modifier: str
    says: str
    required: bool
    rule: str | None
    one_of: tuple[str, ...] = ()  # one of these is enough


class Remark(Noun, frozen=True, omit_defaults=False):
    """A warning, or what to do before you bill; `short` is its line on the first screen, None for --full only."""

    kind: Literal["warning", "before_you_bill"]
    says: str
    short: str | None
    must: bool = False  # never left off the first screen
    row: Literal["watch", "next"] = "watch"  # where it is on the first screen


class Branch(Noun, frozen=True, omit_defaults=False):
    """One of several answers, where the code depends on something not given; `option` picks it."""

    condition: str
    option: str
    code: str | None
    candidate: str | None
    code_name: str | None
    sure: str
    weak: bool
    coverage: Coverage
    short: str | None  # a note on it, in one line


class PayerAnswer(Noun, frozen=True, omit_defaults=False):
    """The payer whose rules answered, and those it inherits from, the widest first."""

    id: str
    name: str
    short_name: str
    chain: tuple[str, ...]
    resolved: str | None  # how it was found, if it is not the payer given


class Answer(Noun, frozen=True, omit_defaults=False):
    """The whole answer of `cpt suggest`.

    `code` is None if none can be given; then `candidate` is the code that would follow once its coding is verified, or
    `branches` has the code of each case.
    """

    question: Question
    payer: PayerAnswer | None
    code: str | None
    candidate: str | None
    code_name: str | None
    summary: str
    answered_by: Layer | None
    sure: str
    weak: str | None  # why the code is weak, in a few words; None if it is not
    disputed: bool  # sources disagree, or a rule may ask for another code
    ruled_by_payer: bool  # False: no rule of the payer on this code or treatment was found
    about: str  # the device or treatment as it was understood
    coverage: Coverage
    units: UnitsAnswer
    modifiers: tuple[ModifierAnswer, ...]
    claim_needs: tuple[str, ...]
    attach: str | None  # what the claim or the record needs, in one line
    steps: tuple[Step, ...]
    ask: str | None  # the question that the branches answer
    branches: tuple[Branch, ...]
    warnings: tuple[str, ...]
    before_you_bill: tuple[str, ...]
    remarks: tuple[Remark, ...]  # warnings and before_you_bill again, each with its line on the first screen
    tables: tuple[Table, ...]  # the CMS tables that the answer uses
    rulebook: Receipt
