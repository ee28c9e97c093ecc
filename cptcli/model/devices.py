"""What `rules/modalities/` and `rules/devices/` say: treatments, manufacturers and their devices."""

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta

from .common import CodeNote, CodeText, Confidence, Evidence, Id, Noun, Setting, Short, Stance, Text


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
