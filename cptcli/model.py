"""The nouns of the rule base and of an answer: frozen, without behaviour beyond reading themselves.

What belongs here: the shape of everything in `rules/*.yaml` (the YAML keys are these field names) and the
shape of what `suggest` and `lookup` return. What does not: loading, deciding, wording, rendering.

msgspec structs rather than dataclasses: they define five times faster at start-up, validate YAML against the
annotations, and are the compiled form and the JSON Schema at no further cost.
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
Notice = Literal["none", "mandatory", "voluntary"]  # an Advance Beneficiary Notice (ABN) that the patient signed
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
    """A document somebody read, named once and cited by id."""

    id: Id
    title: Text
    publisher: str | None = None
    date: str | None = None  # the document's own date, as precise as it is known
    url: str | None = None
    evidence: Evidence | None = None  # what it is by itself: primary, or somebody reporting
    read: str | None = None  # how much of it was read: full, excerpt, title only, cited only
    note: str | None = None


class Note(Noun, frozen=True):
    """One sentence of knowledge with its own confidence, where it differs from the entry around it."""

    says: Text
    confidence: Confidence
    sources: tuple[Id, ...] = ()


class CodeNote(Noun, frozen=True):
    """A code and one sentence about it: a look-alike, a code not to use, a code the manufacturer names."""

    code: CodeText
    says: Text
    sources: tuple[Id, ...] = ()
    short: Short | None = None


class ModifierNote(Noun, frozen=True):
    """A modifier and when it goes on the line."""

    modifier: ModifierText
    says: Text
    sources: tuple[Id, ...] = ()


class Clash(Noun, frozen=True):
    """Modifiers that a modifier never shares a line with, from a day on where the source gives one."""

    modifiers: tuple[ModifierText, ...]
    says: Text
    sources: tuple[Id, ...]
    effective: date | None = None


class Modifier(Noun, frozen=True):
    """What a modifier tells the payer, in our own words, and what it may share a line with."""

    modifier: ModifierText
    says: Text
    sources: tuple[Id, ...]
    confidence: Confidence
    order: int = 5  # its place on the line, by custom: the lower first
    effective: date | None = None
    ends: date | None = None
    bypasses_edits: bool = False  # one of the modifiers with which an edit of indicator 1 lets both codes pay
    only_with: tuple[ModifierText, ...] = ()  # the line carries one of these too
    never_with: tuple[Clash, ...] = ()
    only_on: tuple[CodeRange, ...] = ()
    never_on: tuple[CodeRange, ...] = ()
    abn: Notice | None = None  # the notice, or its absence, that this modifier reports
    denial: Literal["not_necessary", "excluded"] | None = None  # it says that the line is expected to be denied, so
    liable: Literal["patient", "provider"] | None = None  # who bears that denial
    untimed_only: bool = False  # true: it has no place on a code that is counted by time
    care: Care | None = None  # the care that it says
    caveat: str | None = None
    short: Short | None = None  # the headline on the first screen, where the long text has over 90 characters
    caveat_short: Short | None = None  # the caveat in one line

    @property
    def id(self) -> str:
        """Its two characters."""
        return self.modifier


class Discipline(Noun, frozen=True):
    """A kind of therapy: its modifiers, the yearly bucket it counts to, and who furnishes it."""

    id: Word
    name: Text
    modifier: ModifierText
    bucket: Word  # the disciplines of one bucket share a yearly threshold
    providers: tuple[Provider, ...]
    revenue_codes: tuple[str, ...]  # how the revenue codes that go with it on institutional claims begin
    sources: tuple[Id, ...]
    assistant_modifier: ModifierText | None = None  # none where Medicare knows no assistant for it


class UnitRule(Noun, frozen=True):
    """How the minutes of timed codes become units."""

    id: Word
    name: Text
    says: Text
    minutes_per_unit: int
    least_minutes: int  # the fewest that earn a unit, and the fewest beyond full units that earn one more
    pooled: bool  # true: the day's minutes of a discipline are added first; false: each code stands alone
    evidence: Evidence
    confidence: Confidence
    sources: tuple[Id, ...]
    checked: date
    caveat: str | None = None
    caveat_short: Short | None = None  # the caveat in one line


class ClaimForm(Noun, frozen=True):
    """The places that a line has on one kind of claim, on paper and electronically."""

    id: Id
    claim: Claim
    name: Text
    modifiers: int
    narrative: int  # characters
    more_modifiers: Text  # what is done where a line needs more of them than there are places
    evidence: Evidence
    confidence: Confidence
    sources: tuple[Id, ...]
    checked: date
    diagnoses: int | None = None  # none where a line points to no diagnosis
    caveat: str | None = None
    caveat_short: Short | None = None  # the caveat in one line


# ----------------------------------------------------------------------------------------------------- codes


class Units(Noun, frozen=True):
    """How a code is counted: `usual` units a day, None when the minutes decide."""

    timed: bool
    unit: Text
    usual: int | None = None
    minutes_per_unit: int | None = None
    medicare_maximum: int | None = None  # MUE: most units Medicare normally accepts for one patient and day
    maximum_reason: str | None = None
    maximum_edition: str | None = None  # of the table it comes from
    says: str | None = None
    confidence: Confidence | None = None
    sources: tuple[Id, ...] = ()


class Attendance(Noun, frozen=True):
    """Whether somebody has to stay with the patient."""

    level: Literal["supervised", "constant", "depends", "none"]
    says: Text


class Therapy(Noun, frozen=True):
    """How Medicare's therapy plan treats a code; `disposition` stands here only where the table has none."""

    confidence: Confidence
    says: Text
    disposition: Literal["always", "sometimes", "none", "not_on_medicare_list", "uncertain", "unknown"] = "unknown"
    edition: str | None = None  # of the table it comes from
    sources: tuple[Id, ...] = ()


class StatusSpan(Noun, frozen=True):
    """The days for which releases of the fee schedule gave a code one letter; both inclusive."""

    status: str
    first: date
    last: date
    release: str  # the last release that said so


class MedicareStatus(Noun, frozen=True):
    """A code on the Medicare physician fee schedule; `status` and `seen` only where the table does not hold it."""

    status: str | None = None  # null: not on the fee schedule
    seen: tuple[str, ...] = ()  # "2025-10: R", one entry per release read
    history: tuple[StatusSpan, ...] = ()  # from rules/tables, the oldest first
    notes: tuple[Note, ...] = ()
    therapy: Therapy | None = None
    confidence: Confidence | None = None


class DatedEvent(Noun, frozen=True):
    """Something that happened to a code; `date` is as precise as the source."""

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
    claim_needs: tuple[str, ...] = ()  # what an unlisted code must carry
    home_equipment: tuple[CodeText, ...] = ()
    coding_verification: bool = False  # true: never given without a coding verification of the product
    look_alikes: tuple[CodeNote, ...] = ()
    dates: tuple[DatedEvent, ...] = ()
    effective: date | None = None
    ends: date | None = None
    replaced_by: tuple[CodeNote, ...] = ()
    notes: tuple[str, ...] = ()
    short: Short | None = None  # the headline on the first screen, where the long text has over 90 characters
    attach: Short | None = None  # in one line what the claim or the record needs; claim_needs and documentation in full

    @property
    def id(self) -> str:
        """Its five characters."""
        return self.code


class Holds(Noun, frozen=True):
    """The codes about which a subset of a table has everything: what it lacks about them is not in the whole either.

    Of a table of pairs, `pairs` says whether one or both codes of a pair active in that edition have to be listed for
    it to be here, `history` the same of pairs that ended before.
    """

    codes: Annotated[tuple[CodeRange, ...], Meta(min_length=1)]
    pairs: Literal["either", "both"] | None = None
    history: Literal["either", "both"] | None = None


class Table(Noun, frozen=True):
    """One of CMS's tables under `rules/tables/`: its edition, where it was taken from, and the hash of its file."""

    id: Id
    title: Text
    edition: Text
    file: Text
    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$", description="64 hexadecimal digits, in quotes")]
    taken_from: Text
    effective: date  # the first day it speaks of
    confidence: Confidence
    caveat: Text
    sources: tuple[Id, ...]
    holds: Holds | None = None  # null: the whole of what CMS publishes in that edition
    caveat_short: Short | None = None  # the caveat in one line


class StatusIndicator(Noun, frozen=True):
    """What a Medicare fee-schedule status letter means for payment; `verdict` where the letter settles it."""

    status: str
    says: Text
    sources: tuple[Id, ...]
    verdict: Verdict | None = None
    valid: bool = True  # false: a payer that pays by this schedule rejects the code
    priced: bool = False  # true: the schedule's relative values set the payment


class CodingBody(Noun, frozen=True):
    """A contractor that verified, or verifies, which HCPCS code a product is."""

    id: Id
    name: Text
    says: Text
    sources: tuple[Id, ...]
    confidence: Confidence
    caveat: str | None = None
    caveat_short: Short | None = None  # the caveat in one line


class CodingVerification(Noun, frozen=True):
    """Why a home-equipment code needs a verification, who gives it, and what to ask the manufacturer for."""

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
    """The question on which a modality's code hangs; `assume` is the answer taken, and shown, when not asked."""

    ask: Text
    answers: tuple[Choice, ...]
    assume: str | None = None


class Modality(Noun, frozen=True):
    """A treatment as people name it, and the code set's own answer to it."""

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
    short: Short | None = None  # the headline on the first screen, where the long text has over 90 characters


class Recommendation(Noun, frozen=True):
    """What the manufacturer publishes about coding its device; stance none_found when nothing was seen."""

    stance: Stance
    says: Text
    codes: tuple[CodeNote, ...] = ()
    published: str | None = None
    caveat: str | None = None
    sources: tuple[Id, ...] = ()
    evidence: Evidence | None = None
    confidence: Confidence | None = None
    short: Short | None = None  # the headline on the first screen, where the long text has over 90 characters
    caveat_short: Short | None = None  # the caveat in one line


class StartingCode(Noun, frozen=True):
    """The code to start from for this device where it differs from its modality's; None means no claim."""

    code: CodeText | None
    says: Text
    evidence: Evidence
    sources: tuple[Id, ...] = ()
    setting: Setting = "clinic"


class DeviceVerification(Noun, frozen=True):
    """Whether a coding verification of this product is known."""

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
    misspelled: tuple[str, ...] = ()  # how people write its name by mistake; found, and said to be so
    models: tuple[str, ...] = ()
    fda: str | None = None
    starting_codes: tuple[StartingCode, ...] = ()
    home_codes: tuple[CodeText, ...] = ()
    refused_codes: tuple[CodeNote, ...] = ()  # published somewhere, contradicts the code's own meaning
    disputes: tuple[Dispute, ...] = ()
    caveat: str | None = None
    short: Short | None = None  # the headline on the first screen, where the long text has over 90 characters
    caveat_short: Short | None = None  # the caveat in one line


class Product(Noun, frozen=True):
    """One of the things that a shared name means: a device here, or one without an entry, by its modality."""

    name: Text
    device: Id | None = None
    modality: Id | None = None


class SharedName(Noun, frozen=True):
    """A name that covers several products; `ask` tells them apart. Shown and asked, never taken for one of them."""

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
    """When a rule applies; every key given must hold. Devices beat manufacturers, these beat modalities and codes."""

    devices: tuple[Id, ...] = ()
    manufacturers: tuple[Id, ...] = ()
    modalities: tuple[Id, ...] = ()
    codes: tuple[CodeText, ...] = ()
    diagnoses: tuple[Id, ...] = ()  # ids of diagnosis lists
    settings: tuple[Setting, ...] = ()
    states: tuple[State, ...] = ()
    therapy: Literal["always", "sometimes"] | None = None  # how Medicare's therapy plan counts the code
    providers: tuple[Provider, ...] = ()  # who furnishes it
    disciplines: tuple[Word, ...] = ()  # whose plan of care it belongs to
    claims: tuple[Claim, ...] = ()
    care: Care | None = None
    abn: Notice | None = None
    assistant: bool = False  # true: only where an assistant did part of it
    condition: str | None = None  # what no question can tell; shown, and makes the verdict conditional


class Example(Noun, frozen=True):
    """A question and what the answer must hold; run by `cpt rules test`."""

    asks: dict[str, str | bool | list[str]]
    gives: dict[str, str | list[str] | None]
    because: str | None = None


class AssistantShare(Noun, frozen=True):
    """When an assistant's part of a service puts the assistant's modifier on its line."""

    more_than: Share  # of the minutes of the service or unit
    minutes_alone: int | None = (
        None  # a therapist who reaches them in the last unit alone keeps it free of the modifier
    )
    exempt_providers: tuple[Provider, ...] = ()


class Threshold(Noun, frozen=True):
    """What a patient's therapy of a year may come to before a line needs a modifier, each bucket by itself."""

    amount: Dollars
    modifier: ModifierText
    review: Dollars | None = None  # above it, claims may be picked for medical review
    accepts_kind: Text | None = None  # the kind of code that is accepted above it without the modifier


class Rates(Noun, frozen=True):
    """Shares that turn an allowed amount into a payment; one rule may give some and another the rest."""

    coinsurance: Share | None = None  # of the allowed amount after the deductible, the patient's
    assistant: Share | None = None  # of the payer's part, what is paid where the assistant's modifier stands
    sequestration: Share | None = None  # of the payer's part, what is held back
    practice_expense: Share | None = None  # what is paid of it on every unit but the day's first, for therapy


class Rule(Noun, frozen=True):
    """What one payer says from `effective` to `ends` (inclusive); None means the day is not known.

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

    replaces: tuple[str, ...] = ()  # codes this rule's code stands in for, or ids of rules it overrules
    code: CodeText | None = None
    accepts: tuple[CodeText, ...] = ()
    refuses: tuple[CodeText, ...] = ()
    verdict: Verdict | None = None  # on coverage
    modifiers: tuple[ModifierText, ...] = ()  # all of them
    one_of_modifiers: tuple[ModifierText, ...] = ()  # one of them, by the discipline or who treated
    unit_limit: str | None = None
    most_units: int | None = None  # of all that the rule applies to, in one day
    prior_authorization: str | None = None
    payment: str | None = None
    position_unknown: bool = False
    unit_rule: Word | None = None  # how timed minutes become units; an id of unit-rules.yaml
    edits: Id | None = None  # the edits this payer applies; an id of edits/
    limits_a_line: bool = False  # true: their unit limits all hold a claim line, whatever the table says
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
    short: Short | None = None  # the headline on the first screen, where the long text has over 90 characters
    caveat_short: Short | None = None  # the caveat in one line


class Policy(Noun, frozen=True):
    """What holds for codes billed for one patient on one day, beyond the pairs of a table.

    `pairs`, `units`, `add_ons`: codes are held against CMS's tables of pairs, of the most units, and of what an add-on
    code stands beside.
    `never`: `codes` are not reported beside `together_with`. `modifier`: both are, where the service was distinct and
    one of `modifiers` says so. `at_most`: so many units of all `codes` together.
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
    record: str | None = None  # what the record must show for the modifier
    region: Literal["same", "different"] | None = None  # of the body, where that decides
    same_discipline: bool | None = None
    only_if_not_distinct: bool = False  # holds only where a line says that it was no separate service
    unless_distinct: bool = False  # is no more than a doubt where a line says why it was a separate service
    same_practitioner: bool = False  # holds only where one practitioner furnished both
    disciplines: tuple[Word, ...] = ()
    claims: tuple[Claim, ...] = ()
    effective: date | None = None
    ends: date | None = None
    caveat: str | None = None
    not_modelled: str | None = None
    examples: tuple[Example, ...] = ()
    short: Short | None = None  # the headline on the first screen, where the long text has over 90 characters
    caveat_short: Short | None = None  # the caveat in one line


class BypassPlace(Noun, frozen=True):
    """From which day on which of a pair's two lines may carry the modifier."""

    line: Literal["column_two", "either"]
    sources: tuple[Id, ...]
    effective: date | None = None
    elsewhere: str | None = None  # what is said of payers that do not pay by Medicare's fee schedule


class EditFamily(Noun, frozen=True):
    """One file of `rules/edits/`: whose pairs and unit limits a payer applies, and the policies around them."""

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
    denial: str | None = None  # who bears the denial of an edit
    caveat: str | None = None
    not_modelled: str | None = None
    caveat_short: Short | None = None  # the caveat in one line


class PayerFacts(Noun, frozen=True, kw_only=True):
    """What can be said of a payer beside its name."""

    also_called: tuple[str, ...] = ()
    parent: Id | None = None
    states: tuple[State, ...] = ()  # () means not tied to states
    jurisdiction: str | None = None
    settings: tuple[Setting, ...] = ("clinic", "home")  # a DME contractor decides for the home only
    ends: date | None = None
    says: str | None = None
    caveat: str | None = None
    ask_state: bool = False  # true: a contractor by state decides what this payer leaves open
    fee_schedule: bool = False  # true: the Medicare status letter of a code settles payment where no rule does
    caveat_short: Short | None = None  # the caveat in one line
    short_name: ShortName | None = None  # how the trade says it, where the name is longer


class Payer(PayerFacts, frozen=True, kw_only=True):
    """Who pays or decides: a programme, a contractor, a plan."""

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
    uncertain: bool = False  # within the wording, but not on the list it was rebuilt from
    derived_from: str | None = None


class DiagnosisList(Noun, frozen=True):
    """One file of `rules/diagnoses/`: the diagnoses a rule names, with how sure the list is."""

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


class Edition(Noun, frozen=True):
    """`rules/rulebook.yaml`: the rule base's version and what holds for all of it."""

    version: Text
    stale_after_days: int
    other_payer: Id  # the payer that stands for every one that is not listed
    home_payer: Id  # the payer whose home-equipment rules are shown when none is named
    misprints: dict[str, CodeText] = {}  # what documents print by mistake -> the code they mean
    dropped: dict[Id, str] = {}  # rules that are no longer here -> the version that dropped them


# ------------------------------------------------------------------------------------------- question, answer


class Question(Noun, frozen=True):
    """What was asked, by ids of the rule base; `service_date` is the day of service."""

    service_date: date
    setting: Setting = "clinic"
    modality: Id | None = None
    device: Id | None = None
    other_device: bool = False  # the device is none of those in the rule base
    payer: Id | None = None
    state: State | None = None
    answers: tuple[str, ...] = ()  # to the questions on which a modality's code hangs
    diagnoses: tuple[str, ...] = ()
    coding_verification: str | None = None
    code: CodeText | None = None  # as billed; the layers then start from it instead of a treatment
    provider: Provider | None = None
    discipline: Word | None = None
    claim: Claim | None = None
    care: Care | None = None
    abn: Notice | None = None
    assistant: bool | None = None  # whether an assistant did part of it


class SourceRef(Noun, frozen=True, omit_defaults=False):
    """A source as an answer shows it."""

    id: str
    title: str
    url: str | None
    date: str | None
    publisher: str | None


class Step(Noun, frozen=True, omit_defaults=False):
    """What one layer said about the code; kept also when a later layer overruled it."""

    layer: Layer
    rule: str | None
    code: str | None
    replaces: str | None
    says: str
    evidence: Evidence
    confidence: Confidence
    effective: date | None
    ends: date | None
    checked: date
    applied: bool
    caveat: str | None
    sources: tuple[SourceRef, ...]


class CoverageStep(Noun, frozen=True, omit_defaults=False):
    """One coverage rule that was weighed, whether it decided or only might."""

    rule: str
    payer: str
    verdict: Verdict
    decided: bool
    policy: str | None  # the document by the name the payer gives it
    says: str
    evidence: Evidence
    confidence: Confidence
    effective: date | None
    ends: date | None
    checked: date | None
    caveat: str | None
    sources: tuple[SourceRef, ...]


class Coverage(Noun, frozen=True, omit_defaults=False):
    """Will it be paid: decided apart from the code. `unknown` never means allowed."""

    verdict: Verdict
    says: str
    rules: tuple[str, ...]
    steps: tuple[CoverageStep, ...]


class UnitsAnswer(Noun, frozen=True, omit_defaults=False):
    """How the suggested code is counted."""

    timed: bool | None
    usual: int | None
    says: str


class ModifierAnswer(Noun, frozen=True, omit_defaults=False):
    """A modifier for the line: `required`, or only when what it says is the case."""

    modifier: str
    says: str
    required: bool
    rule: str | None


class Receipt(Noun, frozen=True, omit_defaults=False):
    """Which rule base answered; `folder` names the clinic's own rules when they took part."""

    version: str
    sha256: str
    folder: str | None


class PayerAnswer(Noun, frozen=True, omit_defaults=False):
    """Whose rules answered: the payer found from what was asked, and those it inherits from, the widest first."""

    id: str
    name: str
    chain: tuple[str, ...]
    resolved: str | None  # how it was found, when it is not the one that was named


class Answer(Noun, frozen=True, omit_defaults=False):
    """The whole answer of `cpt suggest`. `code` is None when none may be given; `candidate` is then the one
    that would follow once what is missing has been shown."""

    question: Question
    payer: PayerAnswer | None
    code: str | None
    candidate: str | None
    code_name: str | None
    summary: str
    answered_by: Layer | None
    sure: str
    coverage: Coverage
    units: UnitsAnswer
    modifiers: tuple[ModifierAnswer, ...]
    claim_needs: tuple[str, ...]
    steps: tuple[Step, ...]
    warnings: tuple[str, ...]
    before_you_bill: tuple[str, ...]
    tables: tuple[Table, ...]  # CMS's tables that the answer leans on
    rulebook: Receipt


# -------------------------------------------------------------------------------------------------- look-ups


class RuleLine(Noun, frozen=True, omit_defaults=False):
    """A payer's rule as a look-up lists it."""

    rule: str
    payer: str
    payer_name: str
    effect: str
    policy: str | None  # the document by the name the payer gives it
    says: str
    evidence: Evidence
    confidence: Confidence
    effective: date | None
    ends: date | None
    in_force: bool
    checked: date
    sources: tuple[SourceRef, ...]


class CodeCard(Noun, frozen=True, omit_defaults=False):
    """Everything the rule base holds about one code on one day."""

    asked: str
    read_as: str | None  # how what was typed was understood, when it was not the plain code
    modifiers: tuple[Modifier, ...]  # those typed with the code
    unknown_modifiers: tuple[str, ...]
    service_date: date
    code: Code
    on_that_day: str | None  # set when the code did not exist on the day, or no longer
    units_says: str
    status: str | None  # on that day
    status_says: str
    modalities: tuple[str, ...]
    devices: tuple[str, ...]
    rules: tuple[RuleLine, ...]
    coding_verification: CodingVerification | None
    sources: tuple[SourceRef, ...]
    warnings: tuple[str, ...]
    tables: tuple[Table, ...]  # CMS's tables that the card leans on
    rulebook: Receipt


class Hit(Noun, frozen=True, omit_defaults=False):
    """One thing that words found: what it is, and how to ask on."""

    kind: Literal["code", "modality", "device", "manufacturer", "payer"]
    id: str
    name: str
    says: str
    ask_on: str
    matched: str
    nearly: bool


class Hits(Noun, frozen=True, omit_defaults=False):
    """What words found, best first."""

    asked: str
    note: str | None  # set when nothing was called that, and these are only near
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
    codes: tuple[str, ...]  # what the manufacturer names
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
    """A modality as `cpt modalities` lists it, with where its question leads."""

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
    tables: tuple[Table, ...]  # CMS's tables that the list leans on
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
    payers: tuple[str, ...]  # those whose rules say that they apply the family
    place: str | None
    in_force: bool
    own: bool  # from the clinic's folder
    sources: tuple[Source, ...]
    rulebook: Receipt


class EntryCard(Noun, frozen=True, omit_defaults=False):
    """What else a finding names, with everything the rule base says about it."""

    kind: Text
    entry: Modifier | Discipline | UnitRule | ClaimForm | EditFamily
    place: str | None
    sources: tuple[Source, ...]
    rulebook: Receipt


Shown = Answer | CodeCard | Hits | Listing | RuleCard | PolicyCard | EntryCard  # what a renderer takes
