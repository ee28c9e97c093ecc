"""The words that every noun is made of: kinds of text, levels, sources and notes.

msgspec structs, not dataclasses: they are defined five times faster at start-up, validate YAML against the
annotations, and give the compiled form and the JSON Schema at no extra cost.
"""

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
    "student",
    "aide",
    "athletic_trainer",
    "massage_therapist",
]
Claim = Literal["professional", "institutional"]
Notice = Literal["none", "mandatory", "voluntary"]  # the signed ABN (Advance Beneficiary Notice), or none
Care = Literal["active", "maintenance"]
OtherCare = Literal["none", "home_health", "snf_part_a", "snf_part_b", "hospice"]  # that may take over the payment
Place = Annotated[str, Meta(pattern=r"^[0-9]{2}$", description="a place of service of two digits such as '02'")]
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


class Example(Noun, frozen=True):
    """A question and what its answer must have; run by `cpt rules test`."""

    asks: dict[str, str | bool | list[str]]
    gives: dict[str, str | list[str] | None]
    because: str | None = None
