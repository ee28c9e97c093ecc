"""The nouns of the rule base and of an answer: frozen, with no behavior beyond reading themselves.

Here: the shape of everything in `rules/*.yaml` (the YAML keys are these field names) and of what `suggest` and
`lookup` return. Not here: loading, deciding, wording, rendering.

msgspec structs, not dataclasses: they are defined five times faster at start-up, validate YAML against the
annotations, and give the compiled form and the JSON Schema at no extra cost.
"""

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta, Struct

Evidence = Literal["primary", "secondary", "anecdotal", "inferred"]
Confidence = Literal["high", "medium", "low"]
Verdict = Literal["covered", "conditional", "bundled", "investigational", "not_covered", "unknown"]
Setting = Literal["clinic", "home"]
Layer = Literal["code_set", "manufacturer", "payer", "clinic"]
Stance = Literal["recommends", "recommends_as_reported", "lists", "lists_without_recommending", "none_found"]
Provider = Literal[
    "physical_therapist",
    "occupational_therapist",
    "speech_language_pathologist",
    "chiropractor",
    "physician",
    "npp",  # a non-physician practitioner: nurse practitioner, physician assistant, clinical nurse specialist
]
Claim = Literal["professional", "institutional"]
Notice = Literal["none", "mandatory", "voluntary"]  # the signed ABN (Advance Beneficiary Notice), or none
Care = Literal["active", "maintenance"]

Id = Annotated[str, Meta(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", description="lower-case words joined by hyphens")]
CodeText = Annotated[
    str, Meta(pattern=r"^([0-9]{5}|[0-9]{4}T|[A-Z][0-9]{4})$", description="five characters, in quotes")
]
ModifierText = Annotated[str, Meta(pattern=r"^[A-Z0-9]{2}$", description="two characters, in quotes")]
CodeRange = Annotated[
    str,
    Meta(
        pattern=r"^([0-9]{5}|[0-9]{4}T|[A-Z][0-9]{4})(-([0-9]{5}|[0-9]{4}T|[A-Z][0-9]{4}))?$",
        description="a code, or the first and last of a span with - between, in quotes",
    ),
]
State = Annotated[str, Meta(pattern=r"^[A-Z]{2}$", description="a two-letter US state or territory, in quotes")]
Word = Annotated[str, Meta(pattern=r"^[A-Za-z]+(_[A-Za-z]+)*$", description="words joined by underscores")]
Share = Annotated[str, Meta(pattern=r"^(0\.[0-9]+|1)$", description="a share of 1 such as '0.20', in quotes")]
Dollars = Annotated[
    str, Meta(pattern=r"^[0-9]{1,9}(\.[0-9]{2})?$", description="US dollars such as '2480.00', in quotes")
]
Text = Annotated[str, Meta(min_length=1, pattern=r"\S")]
Short = Annotated[
    str, Meta(min_length=1, max_length=90, pattern=r"\S", description="a headline of at most 90 characters")
]
ShortName = Annotated[str, Meta(min_length=1, max_length=32, description="a name of at most 32 characters")]


class Noun(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Base of every noun: immutable, no unknown keys."""


# ---------------------------------------------------------------------------------------- shared by many rules


class Source(Noun, frozen=True):
    """A document that we cite: described once, cited by id."""

    id: Id
    title: Text
    publisher: str | None = None
    date: str | None = None  # the document's own date, as precise as it is known
    url: str | None = None
    evidence: Evidence | None = None  # of the document itself: primary, or a report
    read: str | None = None  # how much of it was read: full, excerpt, title only, cited only
    note: str | None = None


class Note(Noun, frozen=True):
    """One fact with its own confidence, where that differs from its entry's."""

    says: Text
    confidence: Confidence
    sources: tuple[Id, ...] = ()


class CodeNote(Noun, frozen=True):
    """A code and a note on it: a look-alike, a code not to use, a code the manufacturer names."""

    code: CodeText
    says: Text
    sources: tuple[Id, ...] = ()
    short: Short | None = None


class ModifierNote(Noun, frozen=True):
    """A modifier and when to add it."""

    modifier: ModifierText
    says: Text
    sources: tuple[Id, ...] = ()


class Clash(Noun, frozen=True):
    """Modifiers that a modifier cannot share a line with, from a date if the source gives one."""

    modifiers: tuple[ModifierText, ...]
    says: Text
    sources: tuple[Id, ...]
    effective: date | None = None


class Modifier(Noun, frozen=True):
    """What a modifier tells the payer, in our own words, and the modifiers and codes it goes with."""

    modifier: ModifierText
    says: Text
    sources: tuple[Id, ...]
    confidence: Confidence
    order: int = 5  # its usual position on the line: lowest first
    effective: date | None = None
    ends: date | None = None
    bypasses_edits: bool = False  # with it, an edit with indicator 1 lets both codes pay
    only_with: tuple[ModifierText, ...] = ()  # the line must have one of these too
    never_with: tuple[Clash, ...] = ()
    only_on: tuple[CodeRange, ...] = ()
    never_on: tuple[CodeRange, ...] = ()
    abn: Notice | None = None  # the ABN, or its absence, that this modifier reports
    denial: Literal["not_necessary", "excluded"] | None = None  # why it expects a denial
    liable: Literal["patient", "provider"] | None = None  # who pays after that denial
    untimed_only: bool = False  # true: not for timed codes
    care: Care | None = None  # the kind of care it reports
    caveat: str | None = None
    short: Short | None = None  # the headline on the first screen, if the text is over 90 characters
    caveat_short: Short | None = None  # the caveat in one line

    @property
    def id(self) -> str:
        """Return its two characters."""
        return self.modifier


class Discipline(Noun, frozen=True):
    """A kind of therapy: its modifiers, its yearly threshold bucket, and who provides it."""

    id: Word
    name: Text
    modifier: ModifierText
    bucket: Word  # disciplines in one bucket share a yearly threshold
    providers: tuple[Provider, ...]
    revenue_codes: tuple[str, ...]  # the first digits of its revenue codes on institutional claims
    sources: tuple[Id, ...]
    assistant_modifier: ModifierText | None = None  # null: Medicare has no assistant for it


class UnitRule(Noun, frozen=True):
    """How the minutes of timed codes become units."""

    id: Word
    name: Text
    says: Text
    minutes_per_unit: int
    least_minutes: int  # the fewest for one unit, and beyond full units for one more
    pooled: bool  # true: the day's minutes of a discipline are added up first; false: each code by itself
    evidence: Evidence
    confidence: Confidence
    sources: tuple[Id, ...]
    checked: date
    caveat: str | None = None
    caveat_short: Short | None = None  # the caveat in one line


class ClaimForm(Noun, frozen=True):
    """The fields that a line has on one kind of claim, on paper and electronically."""

    id: Id
    claim: Claim
    name: Text
    modifiers: int
    narrative: int  # characters
    more_modifiers: Text  # what to do if a line needs more modifiers than fit
    evidence: Evidence
    confidence: Confidence
    sources: tuple[Id, ...]
    checked: date
    diagnoses: int | None = None  # null: a line points to no diagnosis
    caveat: str | None = None
    caveat_short: Short | None = None  # the caveat in one line


# ----------------------------------------------------------------------------------------------------- codes


class Units(Noun, frozen=True):
    """How a code is counted: `usual` units per day, None if the minutes decide."""

    timed: bool
    unit: Text
    usual: int | None = None
    minutes_per_unit: int | None = None
    medicare_maximum: int | None = None  # MUE: most units Medicare normally accepts per patient per day
    maximum_reason: str | None = None
    maximum_edition: str | None = None  # of the table it comes from
    says: str | None = None
    confidence: Confidence | None = None
    sources: tuple[Id, ...] = ()


class Attendance(Noun, frozen=True):
    """Whether the code needs constant attendance or supervision."""

    level: Literal["supervised", "constant", "depends", "none"]
    says: Text


class Therapy(Noun, frozen=True):
    """How Medicare's therapy code list treats a code; `disposition` is used only if the table has none."""

    confidence: Confidence
    says: Text
    disposition: Literal["always", "sometimes", "none", "not_on_medicare_list", "uncertain", "unknown"] = "unknown"
    edition: str | None = None  # of the table it comes from
    sources: tuple[Id, ...] = ()


class StatusSpan(Noun, frozen=True):
    """The first and last day (inclusive) on which the fee schedule gave a code this status."""

    status: str
    first: date
    last: date
    release: str  # the last release with this status


class MedicareStatus(Noun, frozen=True):
    """A code on the Medicare physician fee schedule; `status` and `seen` only if it is not in the table."""

    status: str | None = None  # null: not on the fee schedule
    seen: tuple[str, ...] = ()  # "2025-10: R", one entry per release read
    history: tuple[StatusSpan, ...] = ()  # from rules/tables, the oldest first
    notes: tuple[Note, ...] = ()
    therapy: Therapy | None = None
    confidence: Confidence | None = None


class DatedEvent(Noun, frozen=True):
    """An event in the history of a code; `date` is as precise as the source."""

    date: str
    event: Text
    confidence: Confidence
    sources: tuple[Id, ...] = ()


class Code(Noun, frozen=True):
    """A CPT or HCPCS code in our own words; CPT descriptors belong to the AMA and are never here."""

    code: CodeText
    code_set: Literal["CPT", "CPT Category III", "HCPCS Level II"]
    kind: Text
    name: Text
    summary: Text
    sources: tuple[Id, ...]
    confidence: Confidence
    checked: date
    what_is_done: str | None = None
    purposes: tuple[str, ...] = ()
    performers: tuple[str, ...] = ()
    units: Units | None = None
    attendance: Attendance | None = None
    medicare: MedicareStatus | None = None
    therapy_modifiers: tuple[ModifierText, ...] = ()
    other_modifiers: tuple[str, ...] = ()
    modifier_note: str | None = None
    documentation: tuple[str, ...] = ()
    claim_needs: tuple[str, ...] = ()  # what the claim must have for an unlisted code
    home_equipment: tuple[CodeText, ...] = ()
    coding_verification: bool = False  # true: only with a coding verification of the product
    look_alikes: tuple[CodeNote, ...] = ()
    dates: tuple[DatedEvent, ...] = ()
    effective: date | None = None
    ends: date | None = None
    replaced_by: tuple[CodeNote, ...] = ()
    notes: tuple[str, ...] = ()
    short: Short | None = None  # the headline on the first screen, if the text is over 90 characters
    attach: Short | None = None  # claim_needs and documentation in one line

    @property
    def id(self) -> str:
        """Return its five characters."""
        return self.code


class Holds(Noun, frozen=True):
    """The codes for which a partial table is complete: what is missing for them is not in the whole table either.

    For a table of pairs, `pairs` says whether either or both codes of an active pair have to be among these codes;
    `history` says the same for pairs that ended before that edition.
    """

    codes: Annotated[tuple[CodeRange, ...], Meta(min_length=1)]
    pairs: Literal["either", "both"] | None = None
    history: Literal["either", "both"] | None = None


class Table(Noun, frozen=True):
    """A CMS table in `rules/tables/`: its edition, where it was taken from, and the hash of its file."""

    id: Id
    title: Text
    edition: Text
    file: Text
    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$", description="64 hexadecimal digits, in quotes")]
    taken_from: Text
    effective: date  # the first day it covers
    confidence: Confidence
    caveat: Text
    sources: tuple[Id, ...]
    holds: Holds | None = None  # null: complete, as CMS published that edition
    caveat_short: Short | None = None  # the caveat in one line


class StatusIndicator(Noun, frozen=True):
    """What a Medicare fee-schedule status means for payment; `verdict` if the status settles it."""

    status: str
    says: Text
    sources: tuple[Id, ...]
    verdict: Verdict | None = None
    valid: bool = True  # false: a payer that pays by this schedule rejects the code
    priced: bool = False  # true: paid by the schedule's relative values


class CodingBody(Noun, frozen=True):
    """A contractor that verifies, or used to verify, the HCPCS code of a product."""

    id: Id
    name: Text
    says: Text
    sources: tuple[Id, ...]
    confidence: Confidence
    caveat: str | None = None
    caveat_short: Short | None = None  # the caveat in one line


class CodingVerification(Noun, frozen=True):
    """Why a home-equipment code needs a coding verification, who issues it, and what to ask the manufacturer for."""

    says: Text
    ask_for: tuple[Text, ...]
    is_not: Text
    bodies: tuple[CodingBody, ...]
    sources: tuple[Id, ...]
    confidence: Confidence
    caveat: str | None = None
    caveat_short: Short | None = None  # the caveat in one line


# ------------------------------------------------------------------------------------------ modalities, devices


class Choice(Noun, frozen=True):
    """One answer to a modality's question, and where it leads: a code, another modality, or no code."""

    answer: Text
    code: CodeText | None = None
    modality: Id | None = None
    says: str | None = None


class Decision(Noun, frozen=True):
    """The question that a modality's code depends on; `assume` is the answer used, and shown, if none is given."""

    ask: Text
    answers: tuple[Choice, ...]
    assume: str | None = None


class Modality(Noun, frozen=True):
    """A treatment with its names, and the code set's answer for it."""

    id: Id
    name: Text
    checked: date
    confidence: Confidence
    sources: tuple[Id, ...]
    evidence: Evidence
    also_called: tuple[str, ...] = ()
    kind_of: Id | None = None
    code: CodeText | None = None
    decide: Decision | None = None
    home_codes: tuple[CodeText, ...] = ()
    do_not_use: tuple[CodeNote, ...] = ()
    medicare_note: str | None = None
    other_payers_note: str | None = None
    says: str | None = None
    not_modelled: str | None = None
    short: Short | None = None  # the headline on the first screen, if the text is over 90 characters


class Recommendation(Noun, frozen=True):
    """What the manufacturer publishes about coding its device; stance is none_found if we found nothing."""

    stance: Stance
    says: Text
    codes: tuple[CodeNote, ...] = ()
    published: str | None = None
    caveat: str | None = None
    sources: tuple[Id, ...] = ()
    evidence: Evidence | None = None
    confidence: Confidence | None = None
    short: Short | None = None  # the headline on the first screen, if the text is over 90 characters
    caveat_short: Short | None = None  # the caveat in one line


class StartingCode(Noun, frozen=True):
    """The code to start from for this device if it is not its modality's; a null code means no claim."""

    code: CodeText | None
    says: Text
    evidence: Evidence
    sources: tuple[Id, ...] = ()
    setting: Setting = "clinic"


class DeviceVerification(Noun, frozen=True):
    """Whether we know of a coding verification of this product."""

    status: Literal["known", "unknown", "manufacturer_must_show", "required_by_medicare", "not_applicable"]
    says: str | None = None
    codes: tuple[CodeText, ...] = ()


class Dispute(Noun, frozen=True):
    """A party that rejects, refuses or contradicts a code for a device."""

    party: Text
    says: Text
    sources: tuple[Id, ...] = ()
    short: Short | None = None


class Device(Noun, frozen=True):
    """A product of a manufacturer: its modality, where it is used, and what is published about its code."""

    id: Id
    name: Text
    modality: Id
    settings: tuple[Setting, ...]
    recommendation: Recommendation
    coding_verification: DeviceVerification
    says: Text
    sources: tuple[Id, ...]
    evidence: Evidence
    confidence: Confidence
    checked: date
    also_called: tuple[str, ...] = ()
    misspelled: tuple[str, ...] = ()  # common misspellings; found, with a note
    models: tuple[str, ...] = ()
    fda: str | None = None
    starting_codes: tuple[StartingCode, ...] = ()
    home_codes: tuple[CodeText, ...] = ()
    refused_codes: tuple[CodeNote, ...] = ()  # published somewhere, but contradict the code's own meaning
    disputes: tuple[Dispute, ...] = ()
    caveat: str | None = None
    short: Short | None = None  # the headline on the first screen, if the text is over 90 characters
    caveat_short: Short | None = None  # the caveat in one line


class Product(Noun, frozen=True):
    """One product of a shared name: a device in our list, or a modality for one that is not."""

    name: Text
    device: Id | None = None
    modality: Id | None = None


class SharedName(Noun, frozen=True):
    """A name of several products; `ask` tells them apart. It is never read as one of them."""

    id: Id
    name: Text
    ask: Text
    products: Annotated[tuple[Product, ...], Meta(min_length=2)]
    also_called: tuple[str, ...] = ()


class Manufacturer(Noun, frozen=True):
    """One file of `rules/devices/`: a manufacturer and its devices."""

    id: Id
    name: Text
    devices: tuple[Device, ...]
    also_called: tuple[str, ...] = ()
    misspelled: tuple[str, ...] = ()
    says: str | None = None
    shared_names: tuple[SharedName, ...] = ()


# --------------------------------------------------------------------------------------------- payers, rules


class Applies(Noun, frozen=True):
    """When a rule applies: every key given must match. Devices beat manufacturers, these beat modalities and codes."""

    devices: tuple[Id, ...] = ()
    manufacturers: tuple[Id, ...] = ()
    modalities: tuple[Id, ...] = ()
    codes: tuple[CodeText, ...] = ()
    diagnoses: tuple[Id, ...] = ()  # ids of diagnosis lists
    settings: tuple[Setting, ...] = ()
    states: tuple[State, ...] = ()
    therapy: Literal["always", "sometimes"] | None = None  # how Medicare's therapy code list has the code
    providers: tuple[Provider, ...] = ()  # who provides it
    disciplines: tuple[Word, ...] = ()  # the discipline of the plan of care
    claims: tuple[Claim, ...] = ()
    care: Care | None = None
    abn: Notice | None = None
    assistant: bool = False  # true: only where an assistant did part of it
    condition: str | None = None  # no option answers it: it is shown, and the verdict is conditional


class Example(Noun, frozen=True):
    """A question and what its answer must have; run by `cpt rules test`."""

    asks: dict[str, str | bool | list[str]]
    gives: dict[str, str | list[str] | None]
    because: str | None = None


class AssistantShare(Noun, frozen=True):
    """When an assistant's part of a service requires the assistant's modifier on its line."""

    more_than: Share  # of the minutes of the service or unit
    minutes_alone: int | None = (
        None  # a therapist who alone provides these minutes of the last unit bills it without the modifier
    )
    exempt_providers: tuple[Provider, ...] = ()


class Threshold(Noun, frozen=True):
    """The yearly therapy amount per patient and bucket above which a line needs a modifier."""

    amount: Dollars
    modifier: ModifierText
    review: Dollars | None = None  # above it, claims may be selected for medical review
    accepts_kind: Text | None = None  # the kind of code accepted above it without the modifier


class Rates(Noun, frozen=True):
    """Shares that turn an allowed amount into a payment; several rules may each give some of them."""

    coinsurance: Share | None = None  # of the allowed amount after the deductible, paid by the patient
    assistant: Share | None = None  # of the payer's part, paid with the assistant's modifier
    sequestration: Share | None = None  # of the payer's part, withheld
    practice_expense: Share | None = None  # share of it paid on every therapy unit but the day's first (MPPR)


class Rule(Noun, frozen=True):
    """What one payer says from `effective` to `ends` (inclusive); None means that date is not known.

    Effects: `code` (with `replaces`), `accepts`, `refuses`, `verdict`, `modifiers`,
    `one_of_modifiers`, `unit_limit`, `prior_authorization`, `payment`, `position_unknown`, and for a visit `unit_rule`,
    `edits`, `assistant`, `threshold`, `rates`; at least one.
    """

    id: Id
    says: Text
    applies: Applies
    evidence: Evidence
    confidence: Confidence
    sources: Annotated[tuple[Id, ...], Meta(min_length=1)]
    checked: date
    effective: date | None = None
    ends: date | None = None
    payer: Id | None = None  # filled in by the loader with the payer of the file

    replaces: tuple[str, ...] = ()  # codes that its code replaces, or ids of rules it overrules
    code: CodeText | None = None
    accepts: tuple[CodeText, ...] = ()
    refuses: tuple[CodeText, ...] = ()
    verdict: Verdict | None = None  # on coverage
    modifiers: tuple[ModifierText, ...] = ()  # all of them
    one_of_modifiers: tuple[ModifierText, ...] = ()  # one of them, depending on discipline or provider
    unit_limit: str | None = None
    most_units: int | None = None  # of everything the rule applies to, per day
    prior_authorization: str | None = None
    payment: str | None = None
    position_unknown: bool = False
    unit_rule: Word | None = None  # how timed minutes become units; an id of unit-rules.yaml
    edits: Id | None = None  # the edits this payer applies; an id of edits/
    limits_a_line: bool = False  # true: all their unit limits are per claim line, whatever the table says
    assistant: AssistantShare | None = None
    threshold: Threshold | None = None
    rates: Rates | None = None

    binding: bool = False  # no contractor or plan below may overrule it (a national determination)
    liability: tuple[ModifierNote, ...] = ()  # who pays after a denial, and the modifier that says so
    claim_needs: tuple[str, ...] = ()
    exceptions: tuple[str, ...] = ()
    policy: str | None = None
    source_date: str | None = None
    caveat: str | None = None
    disputed: str | None = None  # the other side, where sources disagree
    not_modelled: str | None = None
    facts: tuple[Note, ...] = ()
    examples: tuple[Example, ...] = ()
    short: Short | None = None  # the headline on the first screen, if the text is over 90 characters
    caveat_short: Short | None = None  # the caveat in one line


class Policy(Noun, frozen=True):
    """A rule on codes billed together for one patient on one date of service, beyond the pairs of a table.

    `pairs`, `units`, `add_ons`: codes are checked against CMS's tables of pairs, of maximum units, and of the primary
    codes of an add-on code.
    `never`: `codes` are not reported with `together_with`. `modifier`: both are, if the service was distinct and one of
    `modifiers` says so. `at_most`: the most units of all `codes` together.
    """

    id: Id
    says: Text
    outcome: Literal["pairs", "units", "add_ons", "never", "modifier", "at_most"]
    evidence: Evidence
    confidence: Confidence
    sources: Annotated[tuple[Id, ...], Meta(min_length=1)]
    checked: date
    codes: tuple[CodeRange, ...] = ()
    together_with: tuple[CodeRange, ...] = ()
    modifiers: tuple[ModifierText, ...] = ()
    modifier_on: Literal["codes", "together_with", "either"] = "codes"
    at_most: int | None = None
    record: str | None = None  # what the record must show to support the modifier
    region: Literal["same", "different"] | None = None  # of the body, if it matters
    same_discipline: bool | None = None
    only_if_not_distinct: bool = False  # applies only if a line says that it was not a separate service
    unless_distinct: bool = False  # only a warning if a line says why it was a separate service
    same_practitioner: bool = False  # applies only if one practitioner provided both
    disciplines: tuple[Word, ...] = ()
    claims: tuple[Claim, ...] = ()
    effective: date | None = None
    ends: date | None = None
    caveat: str | None = None
    not_modelled: str | None = None
    examples: tuple[Example, ...] = ()
    short: Short | None = None  # the headline on the first screen, if the text is over 90 characters
    caveat_short: Short | None = None  # the caveat in one line


class BypassPlace(Noun, frozen=True):
    """Which line of a pair may have the modifier, and from which date."""

    line: Literal["column_two", "either"]
    sources: tuple[Id, ...]
    effective: date | None = None
    elsewhere: str | None = None  # for payers that do not pay by Medicare's fee schedule


class EditFamily(Noun, frozen=True):
    """One file of `rules/edits/`: the pairs and unit limits that a payer applies, with their policies."""

    id: Id
    name: Text
    says: Text
    policies: tuple[Policy, ...]
    sources: tuple[Id, ...]
    evidence: Evidence
    confidence: Confidence
    checked: date
    bypass: tuple[BypassPlace, ...] = ()
    regions: dict[str, tuple[str, ...]] = {}  # a region of the spine or body -> how people write it
    denial: str | None = None  # who pays after the denial of an edit
    caveat: str | None = None
    not_modelled: str | None = None
    caveat_short: Short | None = None  # the caveat in one line


class PayerFacts(Noun, frozen=True, kw_only=True):
    """The facts of a payer besides id, name and kind."""

    also_called: tuple[str, ...] = ()
    parent: Id | None = None
    states: tuple[State, ...] = ()  # () means not tied to states
    jurisdiction: str | None = None
    settings: tuple[Setting, ...] = ("clinic", "home")  # a DME contractor decides for the home only
    ends: date | None = None
    says: str | None = None
    caveat: str | None = None
    ask_state: bool = False  # true: a contractor decides, by state, what this payer leaves open
    fee_schedule: bool = False  # true: the Medicare status of a code settles payment if no rule does
    caveat_short: Short | None = None  # the caveat in one line
    short_name: ShortName | None = None  # the usual short name


class Payer(PayerFacts, frozen=True, kw_only=True):
    """Who pays or decides: a program, a contractor, a plan."""

    id: Id
    name: Text
    kind: Text


class ListedDiagnosis(Noun, frozen=True):
    """An ICD-10-CM code, or its beginning, on a diagnosis list."""

    icd10: Annotated[str, Meta(pattern=r"^[A-Z][0-9][0-9A-Z](\.[0-9A-Z]{1,4})?$")]
    group: Text
    says: Text
    confidence: Confidence
    match: Literal["exact", "prefix"] = "exact"
    uncertain: bool = False  # fits the wording, but is not on the list it was rebuilt from
    derived_from: str | None = None


class DiagnosisList(Noun, frozen=True):
    """One file of `rules/diagnoses/`: the diagnoses that a rule depends on, and how sure the list is."""

    id: Id
    name: Text
    says: Text
    caveat: Text
    sources: tuple[Id, ...]
    evidence: Evidence
    confidence: Confidence
    checked: date
    diagnoses: tuple[ListedDiagnosis, ...]
    caveat_short: Short | None = None  # the caveat in one line


class Topic(Noun, frozen=True):
    """A page of `cpt help`: paragraphs, and commands to try."""

    id: Id
    name: Text
    text: Annotated[tuple[Text, ...], Meta(min_length=1)]
    commands: Annotated[tuple[Text, ...], Meta(min_length=1)]
    also_called: tuple[str, ...] = ()
    sources: tuple[Id, ...] = ()


class Edition(Noun, frozen=True):
    """`rules/rulebook.yaml`: the version of the rule base and its defaults."""

    version: Text
    stale_after_days: int
    other_payer: Id  # used for a payer that is not in our list
    home_payer: Id  # used for home equipment if no payer is given
    common_modalities: tuple[Id, ...] = ()  # offered first in prompts
    common_payers: tuple[Id, ...] = ()
    misprints: dict[str, CodeText] = {}  # what documents print by mistake -> the code they mean
    dropped: dict[Id, str] = {}  # rules that are no longer here -> the version that dropped them


# ------------------------------------------------------------------------------------------- question, answer


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


class Receipt(Noun, frozen=True, omit_defaults=False):
    """Which rule base answered; `folder` is the clinic's own rule folder if it was used."""

    version: str
    sha256: str
    folder: str | None


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


# -------------------------------------------------------------------------------------------------- look-ups


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


class Hit(Noun, frozen=True, omit_defaults=False):
    """One match of a search: what it is, and the command to try."""

    kind: Literal["code", "modality", "device", "manufacturer", "payer"]
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


# ------------------------------------------------------------------------------------------------ comparisons


class ComparedCase(Noun, frozen=True, omit_defaults=False):
    """The code of a row for one case, where it depends on something not given; `option` picks the case."""

    condition: str
    option: str
    code: str | None
    candidate: str | None


class ComparedRow(Noun, frozen=True, omit_defaults=False):
    """One payer or treatment with the answer of `cpt suggest`; cases with different coverage have a row each.

    `code` is None if none can be given, or if it depends on the case: then `cases` has the code of each.
    """

    payer: Id  # whose rules answered
    modality: Id | None
    device: Id | None
    name: str
    condition: str | None  # the cases of this row, if the name has several rows
    code: str | None
    candidate: str | None
    cases: tuple[ComparedCase, ...]
    sure: str  # how sure the code is
    weak: bool  # the code
    disputed: bool
    verdict: Verdict
    verdict_weak: bool
    ruled_by_payer: bool  # False: no rule of the payer on it was found
    rule: str | None  # the coverage rule that decides; None if none was found
    short: str | None  # that rule in one line
    code_rule: str | None  # the payer's rule on the code, or yours
    code_short: str | None
    watch: tuple[str, ...]  # what must stay on the first screen of the answer
    coverage: Coverage


class Comparison(Noun, frozen=True, omit_defaults=False):
    """The answer of `cpt compare`: rows sorted by verdict, then name; and how many were left out, and why."""

    by: Literal["payer", "treatment"]  # what a row is
    about: str  # what all rows share: the treatment, device or payer
    question: Question
    rows: tuple[ComparedRow, ...]
    asks: tuple[str, ...]  # options that would settle a conditional verdict
    ask_on: str  # the command that says how to bill a row
    without_rule: int  # left out because no rule on them was found
    said_elsewhere: int  # left out: another row has it, of the payer above or of a kind of the treatment
    tables: tuple[Table, ...]  # the CMS tables that the answers use
    rulebook: Receipt


# What a page is made from.
Shown = Answer | Comparison | CodeCard | Hits | Listing | RuleCard | PolicyCard | EntryCard | TopicCard
