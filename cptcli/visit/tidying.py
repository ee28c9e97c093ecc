"""Makes a visit ready to decide: codes in capitals, modifiers apart, and no line that contradicts itself."""

import re
from collections.abc import Iterator, Sequence

from msgspec import structs

from ..advice.clock import minute_of
from ..advice.typed import joined_code
from ..errors import CptError
from ..model.visit import Visit, VisitLine
from ..rulebook.names import upright
from ..rulebook.problem import Problem

_CODE = r"[0-9]{5}|[0-9]{4}[A-Z]|[A-Z][0-9]{4}"
MOST_LINES = 200
_SIGNS, _MODIFIER = 5, 2  # characters of a code and of a modifier


class VisitUnreadable(CptError):
    """A visit's document with problems; lists all of them, each as file:line:column."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(["The visit cannot be read.", *map(str, problems)]), problems=[*map(str, problems)])


def tidied(visit: Visit, where: str, places: Sequence[tuple[int, int]] = ()) -> Visit:
    """Return the visit with codes in capitals. Raises VisitUnreadable for lines that contradict themselves."""
    problems: list[Problem] = []

    def problem(number: int, what: str, expected: str, todo: str) -> None:
        at = places[number - 1] if number <= len(places) else (number, 1)
        problems.append(Problem(where, *at, f"line {number} of the visit: {what}", expected, todo))

    if not visit.lines:
        problem(1, "no line", "at least one line with a code", "add what was done")
    if len(visit.lines) > MOST_LINES:
        problem(MOST_LINES + 1, f"{len(visit.lines)} lines", f"at most {MOST_LINES} in one day", "split the visit")
    for number, what, expected, todo in contradictions(visit):
        problem(number, what, expected, todo)
    if problems:
        raise VisitUnreadable(problems)
    if all(map(_is_tidy, visit.lines)):
        return visit
    lines = []
    for line in visit.lines:
        code, attached = apart(upright(joined_code(line.code)))
        modifiers = (*attached, *(upright(each) for each in line.modifiers))
        minutes = line.minutes if line.start is None else _minutes_of(line)
        lines.append(structs.replace(line, code=code, modifiers=modifiers, minutes=minutes))
    return structs.replace(visit, lines=tuple(lines))


def contradictions(visit: Visit) -> Iterator[tuple[int, str, str, str]]:
    """Return the number of each line that contradicts itself or its visit, what does, what was expected, what to do."""
    for number, line in enumerate(visit.lines, 1):
        if what := _contradicts(line):
            yield number, what, "minutes that add up", "fix one of them, or leave 'minutes' out"
        numbers = (line.minutes, line.units, line.therapist_minutes, line.assistant_minutes, line.joint_minutes)
        if any(each is not None and each < 0 for each in numbers):
            yield number, "a number below 0", "minutes and units of 0 or more", "fix the number"
        for letter in line.diagnoses:
            if letter not in visit.diagnoses:
                yield number, f"diagnosis {letter}", "a letter under 'diagnoses'", "add the diagnosis"


def refuse_contradictions(visit: Visit) -> None:
    """Raise VisitUnreadable for a visit that was not read from a file and contradicts itself."""
    found = [Problem("the visit", number, 1, f"line {number} of the visit: {what}", expected, todo)
             for number, what, expected, todo in contradictions(visit)]  # fmt: skip
    if found:
        raise VisitUnreadable(found)


def _is_tidy(line: VisitLine) -> bool:
    """Return whether a line has a plain code of five signs, plain modifiers and no start: nothing to take apart."""
    return line.start is None and all(len(text) == most and text.isascii() and text.isalnum() and text == text.upper()
               for text, most in ((line.code, _SIGNS), *((each, _MODIFIER) for each in line.modifiers)))  # fmt: skip


def _contradicts(line: VisitLine) -> str | None:
    """Return what contradicts the minutes of a line; a student's and an aide's may be a part of them."""
    qualified = (line.therapist_minutes, line.assistant_minutes, line.joint_minutes)
    others = (line.student_minutes, line.aide_minutes)
    given = sum(each or 0 for each in (*qualified, *others))
    minutes = given if line.minutes is None else line.minutes
    if line.shared_minutes and minutes and line.shared_minutes > minutes:
        return f"{minutes} minutes, but {line.shared_minutes} shared with another discipline"
    if line.minutes is None or given == line.minutes:
        return None
    if any(each is not None for each in qualified):
        return f"{line.minutes} minutes, but {given} by therapist, assistant and both together{_and_others(line)}"
    return f"{line.minutes} minutes, but {given} by a student or an aide" if given > line.minutes else None


def _and_others(line: VisitLine) -> str:
    others = (("student", line.student_minutes), ("aide", line.aide_minutes))
    return "".join(f", and {name}" for name, minutes in others if minutes is not None)


def _minutes_of(line: VisitLine) -> int | None:
    """Return the minutes of a line with a start: those given, else those up to its end."""
    parts = (line.therapist_minutes, line.assistant_minutes, line.joint_minutes)
    if line.minutes is not None or parts != (None, None, None) or line.start is None or line.end is None:
        return line.minutes
    between = minute_of(line.end) - minute_of(line.start)
    return between if between > 0 else None  # a check finds an end before the start


def apart(code: str) -> tuple[str, tuple[str, ...]]:
    """Return a code and the modifiers typed after it without a hyphen, as in cpt check 97110GP."""
    attached = re.fullmatch(rf"({_CODE})((?:[A-Z0-9]{{2}})+)", code)
    if attached and not code.isdecimal():
        return attached[1], tuple(re.findall("..", attached[2]))
    return code, ()
