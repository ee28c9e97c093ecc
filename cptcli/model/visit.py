"""The nouns of a patient's day: what is given of a visit, and what `cpt check` and `cpt fee` say about it.

A start which asks about one service does not import them.
"""

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta, field

from .answer import PayerAnswer, SourceRef
from .common import Care, Claim, Notice, Noun, OtherCare, Place, Provider, Verdict
from .rulebook import Receipt

Severity = Literal["block", "warn", "info"]
EditState = Literal["fails", "bypassed", "passes", "not_checked"]
AssistantMethod = Literal["exact", "simple", "percentage"]

Minutes = Annotated[int, Meta(ge=0, lt=1440, description="whole minutes of one day, 0 to 1439, as 25, 1:05 or 1h05")]
Day = Annotated[  # the same words as advice.typed.DAY_FORMS
    date, Meta(description="a date such as 2026-11-27 or 11/27/2026 (month first), or today, yesterday or -3d")
]
Count = Annotated[int, Meta(ge=0, le=9999, description="a whole number of units, 0 to 9999")]
Money = Annotated[str, Meta(pattern=r"^[0-9]{1,9}(\.[0-9]{1,2})?$", description="US dollars such as 90.00")]
LocalityText = Annotated[
    str, Meta(pattern=r"^[0-9]{1,5}[/-][0-9]{1,2}$", description="a contractor and a locality with / between")
]
Clock = Annotated[
    str, Meta(pattern=r"^([01]?[0-9]|2[0-3]):[0-5][0-9]$", description="a time of day such as 9:00, 13:30 or 1:30 pm")
]
Patients = Annotated[int, Meta(ge=1, le=99, description="a whole number of patients, 1 to 99")]
Letter = Annotated[str, Meta(pattern=r"^[A-L]$", description="a letter from A to L")]

# ------------------------------------------------------------------------------------------------- what is given


class VisitLine(Noun, frozen=True):
    """One line as it was typed: a code, its minutes or units, and what else is known of it."""

    code: Annotated[str, Meta(min_length=1, max_length=40, description="a code")]
    minutes: Minutes | None = None
    therapist_minutes: Minutes | None = None
    assistant_minutes: Minutes | None = None  # without the therapist
    joint_minutes: Minutes | None = None  # of both together; they count as the therapist's
    student_minutes: Minutes | None = None  # by a student, without the therapist in the room directing
    aide_minutes: Minutes | None = None  # by an aide or anyone else who is no therapist or assistant
    shared_minutes: Minutes | None = None  # in which another discipline treated the patient too
    units: Count | None = None
    modifiers: tuple[str, ...] = ()
    diagnoses: tuple[Letter, ...] = ()  # pointers to the visit's diagnoses
    device: str | None = None
    region: str | None = None
    distinct: str | None = None  # why it is a separate service; 'no' when it was none
    revenue_code: Annotated[str, Meta(pattern="^[0-9]{3,4}$", description="three or four digits")] | None = None
    charge: Money | None = None  # for the whole line
    narrative: str | None = None  # what was done, for an unlisted code
    coding_verification: str | None = None
    start: Clock | None = None
    end: Clock | None = None
    patients_at_once: Patients | None = None
    patient_present: bool | None = None
    place_of_service: Place | None = None  # as these four, that of the visit where the line has none
    discipline: str | None = None
    provider: Provider | None = None
    care: Care | None = None


class YearToDate(Noun, frozen=True):
    """What a patient's therapy of the year has come to before this visit, by bucket."""

    PT_SLP: Money | None = None
    OT: Money | None = None


class Visit(Noun, frozen=True):
    """One patient's day at one billing provider, as it was given; names are not yet looked up."""

    lines: tuple[VisitLine, ...]
    payer: str | None = None
    state: str | None = None
    service_date: Day | None = None
    discipline: str | None = None
    provider: Provider | None = None
    claim: Claim | None = None
    unit_rule: str | None = None
    year_to_date: YearToDate | None = None
    abn: Notice | None = None
    care: Care | None = None
    other_care: tuple[OtherCare, ...] = ()  # that the patient is under; none: asked, and there is none
    place_of_service: Place | None = None
    diagnoses: dict[Letter, str] = field(default_factory=dict)
    locality: LocalityText | None = None
    zip: Annotated[str, Meta(pattern=r"^[0-9]{5}$", description="five digits")] | None = None
    assistant_method: AssistantMethod = "exact"


# --------------------------------------------------------------------------------------------------- what is said


class Finding(Noun, frozen=True, omit_defaults=False):
    """Something to know before the claim goes out; `lines` counts from 1, none where it is about the day."""

    severity: Severity
    rule: str | None
    says: str
    fix: str | None
    lines: tuple[int, ...]
    sources: tuple[SourceRef, ...] = ()
    short: str = ""  # the same in a few words: with `fix`, two lines of the first screen
    about: Literal["coverage"] | None = None


class LineAnswer(Noun, frozen=True, omit_defaults=False):
    """One line as it was typed, with what it should be: `units` and `modifiers` are null or empty where not known."""

    line: int
    code: str  # as typed
    claim_code: str  # as it goes on the claim: another one where the payer's rules require it
    name: str | None
    discipline: str | None
    timed: bool | None
    minutes: int | None
    given_units: int | None
    units: int | None
    given_modifiers: tuple[str, ...]
    modifiers: tuple[str, ...]
    verdict: Verdict
    verdict_says: str
    findings: tuple[Finding, ...]


class ClaimLine(Noun, frozen=True, omit_defaults=False):
    """A line as it should be typed on the claim; `lines` are those it was made of."""

    code: str
    modifiers: tuple[str, ...]
    units: int | None
    lines: tuple[int, ...]
    diagnoses: tuple[str, ...]
    revenue_code: str | None
    narrative: str | None


class Tie(Noun, frozen=True, omit_defaults=False):
    """Codes with equal left-over minutes for fewer units than there are codes: the clinician chooses."""

    discipline: str | None
    codes: tuple[str, ...]
    units: int  # to be given among them
    chosen: tuple[str, ...]
    says: str


class UnitCount(Noun, frozen=True, omit_defaults=False):
    """The day's units under one unit rule."""

    unit_rule: str
    says: str
    timed_minutes: int
    timed_units: int | None  # None where the minutes of a code are not given
    units: dict[str, int | None]
    ties: tuple[Tie, ...]


class EditAnswer(Noun, frozen=True, omit_defaults=False):
    """A pair of codes checked against the table of edits."""

    column1: str
    column2: str
    state: EditState
    indicator: str | None
    lines: tuple[int, ...]
    denied: tuple[int, ...]  # the lines that would not be paid
    edition: str | None
    rationale: str | None
    says: str


class TableUsed(Noun, frozen=True, omit_defaults=False):
    """An edition of a table that took part in the answer."""

    table: str
    edition: str
    first: date
    last: date | None
    imported: bool
    caveat: str | None
    claim: Literal["professional", "institutional", "equipment"] | None = None  # None: the table serves every claim


class AgedTable(Noun, frozen=True, omit_defaults=False):
    """A table on file that does not reach the date of service; `files` are CMS's, to import from `page`."""

    table: str
    name: str
    on_file: str
    wanted: str
    files: str
    page: str
    says: str


class ThresholdAnswer(Noun, frozen=True, omit_defaults=False):
    """A bucket's yearly threshold and where this day brings it."""

    bucket: str
    amount: str
    review: str | None
    modifier: str
    year_to_date: str | None
    today: str | None  # what the day's lines of the bucket come to
    over: bool | None  # None: not known
    rule: str
    says: str


class AmountLine(Noun, frozen=True, omit_defaults=False):
    """What Medicare is expected to allow and pay for a claim line; null where a value is not on file."""

    code: str
    modifiers: tuple[str, ...]
    units: int | None
    reduced_units: int | None  # paid with less practice expense
    fee: str | None  # by the fee schedule, after the reduction
    charge: str | None
    allowed: str | None
    patient: str | None
    paid: str | None
    work: tuple[str, ...]  # the arithmetic, step by step
    says: str | None  # why there is no amount, or what to know about it
    estimate_from: str | None = None  # the release used where that of the day is not on file


class Amounts(Noun, frozen=True, omit_defaults=False):
    """The expected payment of the day; totals are null as soon as one line's amount is not known."""

    locality: str | None
    locality_name: str | None
    conversion_factor: str | None
    release: str | None
    lines: tuple[AmountLine, ...]
    allowed: str | None
    patient: str | None
    paid: str | None
    says: tuple[str, ...]
    order: tuple[str, ...]  # the steps in the order in which they are taken
    if_covered: tuple[str, ...] = ()  # codes with an amount that a rule not yet decided may deny, or of no known rule
    estimate_from: str | None = None  # the releases used where those of the day are not on file


class VisitAsked(Noun, frozen=True, omit_defaults=False):
    """The visit as it was understood."""

    payer: str
    state: str | None
    service_date: date
    discipline: str | None
    provider: Provider | None
    claim: Claim
    unit_rule: str | None
    year_to_date: YearToDate | None
    abn: Notice | None
    care: Care | None
    diagnoses: dict[str, str]
    locality: str | None
    assistant_method: AssistantMethod
    from_settings: tuple[str, ...] = ()  # what was not typed, and comes from the clinic's own settings
    other_care: tuple[OtherCare, ...] = ()
    place_of_service: str | None = None


class VisitAnswer(Noun, frozen=True, omit_defaults=False):
    """The whole answer of `cpt check`."""

    visit: VisitAsked
    payer: PayerAnswer
    summary: str
    unit_rule: str | None  # None: not known, and both are in `unit_rules`
    unit_rule_name: str | None
    timed_minutes: int
    timed_units: int | None
    total_minutes: int | None
    units: dict[str, int | None]
    unit_rules: tuple[UnitCount, ...]
    ties: tuple[Tie, ...]
    lines: tuple[LineAnswer, ...]
    claim_lines: tuple[ClaimLine, ...]
    edits: tuple[EditAnswer, ...]
    thresholds: tuple[ThresholdAnswer, ...]
    amount: str | None  # the expected allowed amount of the day
    amounts: Amounts | None  # None where the payer does not pay by Medicare's fee schedule
    findings: tuple[Finding, ...]
    not_checked: tuple[str, ...]
    unchecked: tuple[str, ...]  # those that matter for the codes of the day, in a few words each
    without_table: tuple[str, ...]  # of these, the edits and limits that no table on file has
    tables: tuple[TableUsed, ...]
    rulebook: Receipt
    aged: tuple[AgedTable, ...] = ()  # tables used that do not reach the date of service


# ------------------------------------------------------------------------------------------------------- one fee


class FeeAnswer(Noun, frozen=True, omit_defaults=False):
    """What Medicare's fee schedule allows for one unit of a code, before any share is taken; null if not on file."""

    code: str
    name: str | None
    descriptor: str | None  # only from the user's own import, under the user's license
    service_date: date
    locality: str | None
    locality_name: str | None
    status: str | None
    status_says: str | None
    release: str | None
    relative_values: dict[str, str] | None  # work, practice expense (non-facility), malpractice
    indices: dict[str, str] | None
    conversion_factor: str | None
    amount: str | None
    rate: Literal["non_facility"]  # at which outpatient therapy is paid in every setting (cms-104-c5)
    reduced_amount: str | None  # the same for a unit whose practice expense is reduced
    coinsurance: str | None
    work: tuple[str, ...]
    warnings: tuple[str, ...]
    tables: tuple[TableUsed, ...]
    rulebook: Receipt
    from_settings: tuple[str, ...] = ()
    estimate_from: str | None = None  # the release used where that of the day is not on file
    aged: tuple[AgedTable, ...] = ()
