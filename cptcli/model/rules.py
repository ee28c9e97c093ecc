"""What `rules/payers/`, `rules/edits/` and `rules/diagnoses/` say: payers, rules, policies, diagnosis lists."""

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta, field

from .common import (
    Care,
    Claim,
    CodeRange,
    CodeText,
    Confidence,
    Dollars,
    Evidence,
    Example,
    Id,
    ModifierNote,
    ModifierText,
    Note,
    Notice,
    Noun,
    OtherCare,
    Place,
    Provider,
    Setting,
    Share,
    Short,
    ShortName,
    State,
    Text,
    Verdict,
    Word,
)


class Applies(Noun, frozen=True):
    """When a rule applies: every key given must match. Devices beat manufacturers, these beat modalities and codes."""

    devices: tuple[Id, ...] = ()
    manufacturers: tuple[Id, ...] = ()
    modalities: tuple[Id, ...] = ()
    codes: tuple[CodeText, ...] = ()
    other_than: tuple[CodeText, ...] = ()  # every code but these, also one that is not in the rule base
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


Fact = Literal[
    "assistant",  # an assistant provided it, or a part of it
    "student",  # a student without the therapist in the room directing
    "aide",  # an aide, an athletic trainer, a massage therapist, or anyone else who is no therapist or assistant
    "several_patients",
    "one_patient",
    "patient_absent",
    "patient_present",
    "same_time",  # two services in the same minutes of the patient
    "telehealth",
    "audio_only",  # telehealth by sound alone
    OtherCare,
]


class Situation(Noun, frozen=True):
    """What a rule makes of a fact that is given about a line or the day.

    `not_billed`: the line, or that part of its minutes, is not on the claim. `not_paid`: the line is denied.
    `counted_once`: minutes that two lines share count for one of them. `review`: the sources leave it open.
    """

    given: Fact
    then: Literal["not_billed", "not_paid", "counted_once", "review", "allowed"]
    fix: Short | None = None  # what to do, in a few words
    unless_modifiers: tuple[ModifierText, ...] = ()  # with one of them on the line the rule does not apply
    unless_providers: tuple[Provider, ...] = ()
    only_providers: tuple[Provider, ...] = ()
    places: tuple[Place, ...] = ()  # places of service that say it
    modifiers: tuple[ModifierText, ...] = ()  # modifiers that say it
    not_given: Short | None = None  # what was not checked where the day does not say


class Rule(Noun, frozen=True):
    """What one payer says from `effective` to `ends` (inclusive); None means that date is not known.

    Effects: `code` (with `replaces`), `accepts`, `refuses`, `verdict`, `modifiers`,
    `one_of_modifiers`, `first_diagnosis`, `unit_limit`, `prior_authorization`, `payment`, `position_unknown`, and for a
    visit `unit_rule`, `edits`, `assistant`, `threshold`, `rates`, `situation`; at least one.
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
    first_diagnosis: Id | None = None  # id of the list that a line's first diagnosis must be on
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
    situation: Situation | None = None

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
    regions: dict[str, tuple[str, ...]] = field(default_factory=dict)  # of the spine or body -> how people write it
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
