"""What was typed of a visit -> a Visit: short lines, as behind cpt check 97140-59:20, or a YAML or JSON document."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, get_type_hints

import msgspec
from msgspec import Struct, structs

from ..errors import AmbiguousName, BadValue, CptError, UnknownName
from ..rulebook.fit import Fitter, expected_of
from ..rulebook.names import upright
from ..rulebook.yaml_strict import Node, Problem, Refused, read_tree
from ..visit_model import Money, Visit, VisitLine, YearToDate

_CODE = r"[0-9]{5}|[0-9]{4}[A-Z]|[A-Z][0-9]{4}"
_LINE = re.compile(
    r"(?P<code>[^\s:,-]+?)(?P<modifiers>([\s,-]+[^\s:,-]{1,3})*)(:(?P<minutes>[^:]*?))?(?<!-)([x×*](?P<units>[^x×*:]*))?",
    re.IGNORECASE,
)
FORM = "CODE[-MODIFIER...][:MINUTES][xUNITS], as in: cpt check 97140-59:20 97110:30x2"
MOST_MINUTES = 1439  # of one day
MOST_LINES = 200
LETTERS = "ABCDEFGHIJKL"  # of the diagnoses on a claim form


class BadLine(CptError):
    """A line that is not of the form."""

    def __init__(self, asked: str, what: str, expected: str) -> None:
        super().__init__(f"{asked!r}: {what}; expected {expected}.", line=asked)


class VisitUnreadable(CptError):
    """A visit's document with problems; holds all of them, each as file:line:column."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(["The visit cannot be read.", *map(str, problems)]), problems=[*map(str, problems)])


def read_line(typed: str) -> VisitLine:
    """A short line: code, modifiers, minutes and units. Raises BadLine."""
    form = _LINE.fullmatch(typed.strip())
    if form is None:
        raise BadLine(typed, "not a line", FORM)
    code, attached = _apart(upright(form["code"]))
    return VisitLine(
        code=code,
        modifiers=(*attached, *(upright(each) for each in re.findall(r"[^\s,-]+", form["modifiers"] or ""))),
        minutes=_number(typed, "minutes", form["minutes"], MOST_MINUTES),
        units=_number(typed, "units", form["units"], 9999),
    )


def _apart(code: str) -> tuple[str, tuple[str, ...]]:
    """A code and the modifiers that stand on it without a hyphen, as in cpt check 97110GP."""
    attached = re.fullmatch(rf"({_CODE})((?:[A-Z0-9]{{2}})+)", code)
    if attached and not code.isdecimal():
        return attached[1], tuple(re.findall("..", attached[2]))
    return code, ()


def _number(typed: str, what: str, text: str | None, most: int) -> int | None:
    if text is None:
        return None
    if not re.fullmatch("[0-9]{1,6}", text.strip()) or int(text) > most:
        raise BadLine(typed, f"{what} {text.strip()!r}", f"a whole number from 0 to {most}")
    return int(text)


class ToldVisit(NamedTuple):
    """A visit as it was told, and where in its document each key stands: none of the command line's."""

    visit: Visit
    places: Mapping[str, str]  # key -> file:line:column


def in_document(error: CptError, places: Mapping[str, str]) -> CptError:
    """An error about a value that stands in a document: it names the place, and the key instead of an option."""
    option, asked = str(error.facts.get("option", "")), error.facts.get("asked")
    key = {"--diagnosis": "diagnoses"}.get(option, option.removeprefix("--").replace("-", "_"))
    if isinstance(error, UnknownName | AmbiguousName):
        key = error.kind
    if key not in places or not isinstance(asked, str):
        return error
    return CptError(f"{places[key]}: {str(error).replace(option, key, 1) if option else error}", **error.facts)


def read_document(raw: bytes, file: str) -> ToldVisit:
    """A visit from YAML or JSON, every value as it was typed. Raises VisitUnreadable naming all problems."""
    problems: list[Problem] = []
    places: list[tuple[int, int]] = []

    def placed(noun: Struct, node: Node) -> None:
        if isinstance(noun, VisitLine):
            places.append((node.line, node.column))

    try:
        tree = read_tree(raw, file, problems, guess=False)
        visit = Fitter(file, problems, placed, strict=False, echo=False).fit(tree, Visit)
    except Refused as refused:
        raise VisitUnreadable([*problems, refused.problem]) from None
    if visit is None or problems:
        raise VisitUnreadable(sorted(problems))
    tree_keys = tree.value if isinstance(tree.value, dict) else {}
    keys = {key: f"{file}:{node.line}:{node.column}" for key, node in tree_keys.items()}
    return ToldVisit(tidied(visit, file, places), keys)


def tidied(visit: Visit, where: str, places: Sequence[tuple[int, int]] = ()) -> Visit:
    """A visit with codes and modifiers in capitals. Raises VisitUnreadable for lines that contradict themselves."""
    problems: list[Problem] = []

    def problem(number: int, what: str, expected: str, todo: str) -> None:
        at = places[number - 1] if number <= len(places) else (number, 1)
        problems.append(Problem(where, *at, f"line {number} of the visit: {what}", expected, todo))

    if not visit.lines:
        problem(1, "no line", "at least one line with a code", "add what was done")
    if len(visit.lines) > MOST_LINES:
        problem(MOST_LINES + 1, f"{len(visit.lines)} lines", f"at most {MOST_LINES} in one day", "split the visit")
    for number, line in enumerate(visit.lines, 1):
        parts = (line.therapist_minutes, line.assistant_minutes, line.joint_minutes)
        told = sum(each or 0 for each in parts)
        if line.minutes is not None and any(each is not None for each in parts) and told != line.minutes:
            what = f"{line.minutes} minutes, but {told} by therapist, assistant and both together"
            problem(number, what, "minutes that add up", "mend one of them, or leave 'minutes' out")
        for letter in line.diagnoses:
            if letter not in visit.diagnoses:
                problem(number, f"diagnosis {letter}", "a letter under 'diagnoses'", "add the diagnosis")
    if problems:
        raise VisitUnreadable(problems)
    lines = []
    for line in visit.lines:
        code, attached = _apart(upright(line.code))
        modifiers = (*attached, *(upright(each) for each in line.modifiers))
        lines.append(structs.replace(line, code=code, modifiers=modifiers))
    return structs.replace(visit, lines=tuple(lines))


def with_options(visit: Visit, **options: Any) -> Visit:
    """A visit with what the options of the command line say, each read as a visit's document would be.

    Raises BadValue for a value that is not of its form.
    """
    hints = get_type_hints(Visit, include_extras=True)
    told = {name: value for name, value in options.items() if value not in (None, [])}
    if diagnoses := told.pop("diagnoses", None):
        if len(diagnoses) > len(LETTERS):
            raise BadValue("--diagnosis", diagnoses[-1], f"at most {len(LETTERS)} diagnoses")
        told["diagnoses"] = dict(zip(LETTERS, diagnoses, strict=False))
    if amounts := told.pop("year_to_date", None):
        told["year_to_date"] = _year_to_date(amounts)
    for name, value in told.items():
        option = f"--{name.replace('_', '-')}"
        try:
            told[name] = msgspec.convert(value, hints[name], strict=False)
        except msgspec.ValidationError:
            raise BadValue(option, str(value), expected_of(hints[name])) from None
    return structs.replace(visit, **told)


def _year_to_date(amounts: Sequence[str]) -> YearToDate:
    buckets = YearToDate.__struct_fields__
    told: dict[str, str] = {}
    for each in amounts:
        bucket, _, amount = each.partition("=")
        try:
            if bucket not in buckets:
                raise msgspec.ValidationError
            told[bucket] = msgspec.convert(amount, Money)
        except msgspec.ValidationError:
            wanted = f"BUCKET=USD, a bucket of {' or '.join(buckets)}, as {buckets[0]}=2400"
            raise BadValue("--year-to-date", each, wanted) from None
    return YearToDate(**told)
