"""The words for verdicts and for how sure a fact is: one place, so that weak is never worded as fact."""

from ..model import Confidence, Evidence, Units, Verdict

VERDICTS: dict[Verdict, str] = {
    "covered": "covered",
    "conditional": "depends on conditions",
    "bundled": "bundled, not paid on its own line",
    "investigational": "treated as investigational and not paid",
    "not_covered": "not covered",
    "unknown": "not known",
}


def weakness(evidence: str, confidence: str) -> str:
    """How weak evidence is worded wherever it is shown."""
    if evidence == "anecdotal":
        return f"reported, not confirmed by the payer; anecdotal, {confidence} confidence"
    if evidence == "inferred":
        return "inferred, no document says it"
    return f"not certain; {evidence} evidence, {confidence} confidence"


def sureness(evidence: str, confidence: str, weak: bool) -> str:
    """How sure a fact is, with `weak` in front where it is weak."""
    if weak:
        return "weak: " + weakness(evidence, confidence)
    return f"{evidence} evidence, {confidence} confidence"


_EVIDENCE: tuple[Evidence, ...] = ("primary", "secondary", "anecdotal", "inferred")
_CONFIDENCE: tuple[Confidence, ...] = ("high", "medium", "low")


def weaker(one: Evidence, other: Evidence) -> Evidence:
    """The weaker of two grades of evidence: a fact is no surer than what it rests on."""
    return max(one, other, key=_EVIDENCE.index)


def less_sure(one: Confidence, other: Confidence) -> Confidence:
    """The lower of two confidences."""
    return max(one, other, key=_CONFIDENCE.index)


def units_in_words(units: Units) -> str:
    """How a code is counted, and the most that Medicare normally accepts."""
    timed = "timed" if units.timed else "untimed"
    parts = [units.unit if timed in units.unit else f"{timed}, {units.unit}"]
    if units.says:
        parts.append(units.says.rstrip("."))
    elif units.usual is not None:
        parts.append(f"usually {units.usual} a day")
    if units.medicare_maximum is not None:
        edition = f" {units.maximum_edition}" if units.maximum_edition else ""
        reason = f"; reason: {units.maximum_reason}" if units.maximum_reason else ""
        most = f"at most {units.medicare_maximum}" if units.medicare_maximum else "none"
        parts.append(f"Medicare normally accepts {most} a day (MUE{edition}{reason})")
    return ", ".join(parts)
