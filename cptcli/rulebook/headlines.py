"""Checks that every text on the first screen has a headline that fits."""

from collections.abc import Iterator

from msgspec import Struct

from ..model.devices import Device
from .load import Parts

LONGEST = 90  # characters of a headline, as in model.common.Short
_LONG_TEXTS = (("short", "says"), ("short", "summary"), ("caveat_short", "caveat"))


def check_headlines(parts: Parts) -> None:
    """Report each shipped entry whose text is too long for the first screen and has no headline.

    Your own rules need none: their text is then shown with --full.
    """
    shelves: list[tuple[str, dict[str, Struct]]] = [
        ("rule", {**parts.rules}),
        ("policy", {**parts.policies}),
        ("modality", {**parts.modalities}),
        ("device", {**parts.devices}),
        ("code", {**parts.codes}),
        ("modifier", {**parts.modifiers}),
        ("payer", {**parts.payers}),
        ("unitrule", {**parts.unit_rules}),
        ("claimform", {**parts.claim_forms}),
        ("table", {**parts.tables}),
        ("diagnosislist", {**parts.diagnoses}),
    ]
    for kind, shelf in shelves:
        for key, noun in shelf.items():
            if f"{kind}:{key}" not in parts.own:
                for name, text in missing_headlines(noun):
                    what = f"{text[:40]!r}... has {len(text)} characters and no {name!r}"
                    expected = f"{name!r} with at most {LONGEST} characters"
                    parts.problem(f"{kind}:{key}", what, expected, f"add {name!r}")


def missing_headlines(noun: Struct) -> Iterator[tuple[str, str]]:
    """Yield each missing headline of an entry or its parts, with the text that is too long."""
    for short, long in _LONG_TEXTS:
        if short in noun.__struct_fields__:
            text = getattr(noun, long, None)
            if text and len(text) > LONGEST and getattr(noun, short) is None:
                yield short, text
    if isinstance(noun, Device):
        yield from missing_headlines(noun.recommendation)
        for each in (*noun.refused_codes, *noun.disputes):
            yield from missing_headlines(each)
