"""The words for verdicts, weakness and units, in one place, so that a weak fact is never worded as certain."""

from typing import Protocol

from ..model.codes import Units
from ..model.common import Confidence, Evidence, Verdict

VERDICTS: dict[Verdict, str] = {
    "covered": "covered",
    "conditional": "depends on conditions",
    "bundled": "bundled, not paid on its own line",
    "investigational": "investigational: not paid",
    "not_covered": "not covered",
    "unknown": "not known",
}


def weakness(evidence: str, confidence: str) -> str:
    """Return why a fact is weak, as shown everywhere."""
    if evidence == "anecdotal":
        return f"reported, not confirmed by the payer; anecdotal, confidence {confidence}"
    if evidence == "inferred":
        return "inferred, no document says it"
    return f"not certain; {evidence} evidence, confidence {confidence}"


def sureness(evidence: str, confidence: str, weak: bool) -> str:
    """Return how sure a fact is, with `weak` in front where it is weak."""
    if weak:
        return "weak: " + weakness(evidence, confidence)
    return f"{evidence} evidence, confidence {confidence}"


_EVIDENCE: tuple[Evidence, ...] = ("primary", "secondary", "anecdotal", "inferred")
_CONFIDENCE: tuple[Confidence, ...] = ("high", "medium", "low")


def weaker(one: Evidence, other: Evidence) -> Evidence:
    """Return the weaker of two grades of evidence."""
    return max(one, other, key=_EVIDENCE.index)


def less_sure(one: Confidence, other: Confidence) -> Confidence:
    """Return the lower of two confidences."""
    return max(one, other, key=_CONFIDENCE.index)


class Headed(Protocol):
    """An entry with a long text and maybe a headline."""

    @property
    def short(self) -> str | None:
        """Its headline."""

    @property
    def says(self) -> str | None:
        """Its long text."""


LONGEST = 90  # characters of a line on the first screen; as in model.common.Short


def headline(entry: Headed) -> str | None:
    """Return an entry's headline; else its text or first sentence if it fits on a line; else None."""
    return entry.short or (first_sentence(entry.says) if entry.says else None)


def first_sentence(text: str, longest: int = LONGEST) -> str | None:
    """Return the text if it fits on a line, else its first sentence if that does, else None."""
    if len(text) <= longest:
        return text
    first = text.partition(". ")[0] + "."
    return first if len(first) <= longest else None


def units_in_words(units: Units) -> str:
    """Return how a code is counted, and the most units Medicare normally accepts."""
    timed = "timed" if units.timed else "untimed"
    parts = [units.unit if timed in units.unit else f"{timed}, {units.unit}"]
    if units.says:
        parts.append(units.says.rstrip("."))
    elif units.usual is not None:
        parts.append(f"usually {units.usual} per day")
    if units.medicare_maximum is not None:
        edition = f" {units.maximum_edition}" if units.maximum_edition else ""
        reason = f"; reason: {units.maximum_reason}" if units.maximum_reason else ""
        parts.append(f"{_accepted(units.medicare_maximum)} (MUE{edition}{reason})")
    return ", ".join(parts)


def units_in_short(units: Units) -> str:
    """Return how a code is counted, in a few words, and the most units Medicare normally accepts per day."""
    if units.timed:
        first = units.unit.startswith("first") or units.minutes_per_unit is None
        counted = f"timed: {units.unit}" if first else f"timed: 1 unit per {units.minutes_per_unit} minutes"
    elif units.usual == 1:
        counted = "1 unit per day (untimed)"
    else:
        counted = units.unit if "untimed" in units.unit or " " in units.unit else f"per {units.unit}"
    most = units.medicare_maximum
    return counted if most is None else f"{counted}; {_accepted(most)} (MUE)"


def _accepted(most: int) -> str:
    return f"Medicare accepts at most {most} per day" if most else "Medicare accepts none"


def weakness_in_short(evidence: str) -> str:
    """Return why a fact is weak, in a few words."""
    if evidence == "anecdotal":
        return "reported, not confirmed by the payer"
    return "inferred, no document says it" if evidence == "inferred" else "not certain"
