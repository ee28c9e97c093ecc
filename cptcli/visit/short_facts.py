"""Reads the facts that a short line says after +, as in cpt check 97530:15+patients=2."""

from collections.abc import Iterable
from typing import Any, get_type_hints

import msgspec

from ..advice.typed import read_minutes
from ..model.visit import VisitLine
from ..rulebook.validate import expected_of

# The word after + -> the key of a visit's line. A word without a value says yes.
WORDS = {
    "therapist": "therapist_minutes",
    "assistant": "assistant_minutes",
    "joint": "joint_minutes",
    "student": "student_minutes",
    "aide": "aide_minutes",
    "shared": "shared_minutes",
    "patients": "patients_at_once",
    "pos": "place_of_service",
    "discipline": "discipline",
    "provider": "provider",
    "care": "care",
    "distinct": "distinct",
}
ABSENT, PRESENT = "absent", "present"  # of the patient


def read_facts(typed: Iterable[str]) -> tuple[dict[str, Any], tuple[str, str] | None]:
    """Return the facts by key of a line, and the first that cannot be read with what was expected in its place."""
    hints = get_type_hints(VisitLine, include_extras=True)
    facts: dict[str, Any] = {}
    for each in typed:
        word, is_given, value = each.strip().partition("=")
        name, value = word.strip().casefold(), value.strip()
        if name in (ABSENT, PRESENT) and not is_given:
            facts["patient_present"] = name == PRESENT
            continue
        key = WORDS.get(name)
        if key is None or not value:
            return facts, (each, f"one of {', '.join(f'{word}=...' for word in WORDS)}, {ABSENT}, {PRESENT}")
        if key.endswith("minutes") and (minutes := read_minutes(value)) is not None:
            value = str(minutes)
        try:
            facts[key] = msgspec.convert(value, hints[key], strict=False)
        except msgspec.ValidationError:
            return facts, (each, expected_of(hints[key]).removesuffix(" or null"))
    return facts, None
