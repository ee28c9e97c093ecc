"""Reads a visit: short lines, as in cpt check 97140-59:20, or a YAML or JSON document."""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date
from typing import Any, NamedTuple, get_args, get_type_hints

import msgspec
from msgspec import Struct, structs

from ..advice.clock import read_clock, read_times
from ..advice.typed import each_of, joined_code, read_day, read_minutes
from ..errors import BadValue, CptError
from ..model.common import OtherCare
from ..model.visit import Money, Visit, VisitLine, YearToDate
from ..rulebook.names import upright
from ..rulebook.problem import Problem
from ..rulebook.validate import Validator, expected_of
from ..rulebook.yaml_strict import Node, Refused, read_tree
from .short_facts import read_facts
from .tidying import VisitUnreadable, apart, tidied

_LINE = re.compile(
    r"(?P<code>[^\s:,@-]+?)"
    r"(?P<modifiers>((\s+(?![x×*]\s*[0-9]+$)|\s*[,-][\s,-]*)[^\s:,@-]{1,3})*)"  # ` x2` is units, `-X2` a modifier
    r"(:(?P<minutes>[^@]*?))?(@(?P<times>[^@x×*]*?))?(?<!-)(\s*[x×*](?P<units>[^x×*:@]*))?",
    re.IGNORECASE,
)
# Two escapes for one character, after an even number of backslashes.
_PAIR = re.compile(rb"((?<!\\)(?:\\\\)*)\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")
FORM = "CODE[-MODIFIER...][:MINUTES][@START[-END]][xUNITS][+FACT...], as in: cpt check 97140-59:20 97110:30@9:00x2"
MOST_MINUTES = 1439  # of one day
MOST_UNITS = 9999
LETTERS = "ABCDEFGHIJKL"  # of the diagnoses on a claim form


class BadLine(CptError):
    """A line that does not have the form."""

    def __init__(self, asked: str, what: str, expected: str) -> None:
        super().__init__(f"{asked!r}: {what}; expected {expected}.", line=asked)


def read_line(typed: str) -> VisitLine:
    """Return a short line: code, modifiers, minutes, times, units and facts. Raises BadLine."""
    head, *facts = joined_code(typed.strip().lstrip("+")).strip().split("+")  # code books print + before an add-on
    form = _LINE.fullmatch(head.strip())
    if form is None:
        raise BadLine(typed, "not a line", FORM)
    code, attached = apart(upright(form["code"]))
    return VisitLine(
        code=code,
        modifiers=(*attached, *(upright(each) for each in re.findall(r"[^\s,-]+", form["modifiers"] or ""))),
        minutes=_minutes(typed, form["minutes"]),
        units=_units(typed, form["units"]),
        **(_further(typed, form["times"], facts) if facts or form["times"] is not None else {}),
    )


def _further(typed: str, times: str | None, facts: Sequence[str]) -> dict[str, Any]:
    """Return what a line says after @ and after +, by key."""
    known, refused = read_facts(facts)
    if refused:
        raise BadLine(typed, f"+{refused[0].strip()}", refused[1])
    read = {} if times is None else read_times(times)
    if read is None:
        raise BadLine(typed, f"time {str(times).strip()!r}", "a start, or start and end, as @9:00 or @9:00-9:45")
    return {**known, **read}


def _minutes(typed: str, text: str | None) -> int | None:
    minutes = None if text is None else read_minutes(text)
    if text is not None and (minutes is None or minutes > MOST_MINUTES):
        clock = re.fullmatch(r"\s*[0-9]{1,2}:[0-9]{2}\s*", text) and minutes is None
        what = f"minutes {text.strip()!r}{', which reads like a time of day' if clock else ''}"
        raise BadLine(typed, what, f"a whole number from 0 to {MOST_MINUTES}, or hours and minutes as 1:05 or 1h05")
    return minutes


def _units(typed: str, text: str | None) -> int | None:
    if text is None:
        return None
    if not re.fullmatch("[0-9]{1,4}", text.strip()):
        raise BadLine(typed, f"units {text.strip()!r}", f"a whole number from 0 to {MOST_UNITS}")
    return int(text)


class GivenVisit(NamedTuple):
    """A visit as given, and the place of each key in its document; no places for a command line."""

    visit: Visit
    places: Mapping[str, str]  # key -> file:line:column


def read_document(raw: bytes, file: str, today: date) -> GivenVisit:
    """Return a visit from YAML or JSON, every value as typed. Raises VisitUnreadable naming all problems.

    `today` is what a date such as `yesterday` counts from.
    """
    problems: list[Problem] = []
    places: list[tuple[int, int]] = []

    def placed(noun: Struct, node: Node) -> None:
        if isinstance(noun, VisitLine):
            places.append((node.line, node.column))

    try:
        json = raw.lstrip().startswith(b"{")
        tree = read_tree(_PAIR.sub(_one_character, raw) if json else raw, file, problems, guess=False)
        _spell_out(tree, today)
        visit = Validator(file, problems, placed, strict=False, echo=False).validate(tree, Visit)
    except Refused as refused:
        raise VisitUnreadable([*problems, refused.problem]) from None
    if visit is None or problems:
        raise VisitUnreadable(sorted(problems))
    tree_keys = tree.value if isinstance(tree.value, dict) else {}
    keys = {key: f"{file}:{node.line}:{node.column}" for key, node in tree_keys.items()}
    return GivenVisit(tidied(visit, file, places), keys)


def _one_character(pair: re.Match[bytes]) -> bytes:
    """Return the character that JSON writes as two escapes, which YAML does not know."""
    return pair[1] + bytes.fromhex((pair[2] + pair[3]).decode()).decode("utf-16-be").encode()


def _spell_out(tree: Node, today: date) -> None:
    """Convert dates, minutes and times of a document: 11/27/26 to 2026-11-27, 1h05 to 65, 1:30 pm to 13:30.

    Other values stay, for the format's own message at their place.
    """
    keys = tree.value if isinstance(tree.value, dict) else {}
    if (day := keys.get("service_date")) and isinstance(day.value, str):
        with suppress(BadValue):
            day.value = read_day("service_date", day.value, today).isoformat()
    lines = keys["lines"].value if "lines" in keys else None
    for line in lines if isinstance(lines, list) else ():
        for key, node in line.value.items() if isinstance(line.value, dict) else ():
            if key.endswith("minutes") and isinstance(node.value, str):
                minutes = read_minutes(node.value)
                node.value = node.value if minutes is None else str(minutes)
            elif key in ("start", "end") and isinstance(node.value, str):
                node.value = read_clock(node.value) or node.value


def with_options(visit: Visit, **options: Any) -> Visit:
    """Return a visit with the options of the command line, each read as in a visit's document.

    Raises BadValue for a value that does not have its form.
    """
    hints = get_type_hints(Visit, include_extras=True)
    given = {name: value for name, value in options.items() if value not in (None, [])}
    if diagnoses := each_of(given.pop("diagnoses", ())):
        if len(diagnoses) > len(LETTERS):
            raise BadValue("--diagnosis", diagnoses[-1], f"at most {len(LETTERS)} diagnoses")
        given["diagnoses"] = dict(zip(LETTERS, diagnoses, strict=False))
    if amounts := given.pop("year_to_date", None):
        given["year_to_date"] = _year_to_date(amounts)
    if care := given.pop("other_care", None):
        given["other_care"] = _other_care(each_of(care))
    for name, value in given.items():
        option = f"--{name.replace('_', '-')}"
        try:
            given[name] = msgspec.convert(value, hints[name], strict=False)
        except msgspec.ValidationError:
            raise BadValue(option, str(value), expected_of(hints[name])) from None
    return structs.replace(visit, **given)


def _other_care(typed: Sequence[str]) -> tuple[str, ...]:
    """Return the other care of an option: home-health is home_health. Raises BadValue."""
    known = get_args(OtherCare)
    for each in typed:
        if each.casefold().replace("-", "_") not in known:
            raise BadValue("--other-care", each, f"one of {', '.join(known)}")
    return tuple(each.casefold().replace("-", "_") for each in typed)


def _year_to_date(amounts: Sequence[str]) -> YearToDate:
    buckets = YearToDate.__struct_fields__
    given: dict[str, str] = {}
    for each in amounts:
        bucket, _, amount = each.partition("=")
        try:
            if bucket not in buckets:
                raise msgspec.ValidationError
            given[bucket] = msgspec.convert(amount, Money)
        except msgspec.ValidationError:
            wanted = f"BUCKET=USD, a bucket of {' or '.join(buckets)}, as {buckets[0]}=2400"
            raise BadValue("--year-to-date", each, wanted) from None
    return YearToDate(**given)
