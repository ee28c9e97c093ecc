"""The lines as they should be typed on the claim: one a code and discipline, split where the assistant's part is."""

from collections.abc import Collection, Iterable, Iterator, Mapping

from msgspec import structs

from ..visit_model import ClaimLine
from .day import Day, Line, in_order

MOST_MODIFIERS = 4  # places on a line of the claim forms


def claim_lines(day: Day) -> tuple[ClaimLine, ...]:
    """Every line with its units and modifiers; a code that earned no unit is not on the claim."""
    made: list[ClaimLine] = []
    for group in day.services():
        for lines, units in _alike(group):
            modifiers = dict.fromkeys(modifier for line in lines for modifier in line.modifiers)
            assistant = lines[0].discipline.assistant_modifier if lines[0].discipline and group[0].assisted else None
            assisted = group[0].assisted
            parts = [(units, False)] if not assistant else [(assisted, True), ((units or 0) - assisted, False)]
            for number, by_assistant in parts:
                if number == 0:
                    continue
                own = {**modifiers, assistant: None} if by_assistant and assistant else modifiers
                made.append(_made(day, lines, number, [each for each in own if by_assistant or each != assistant]))
    return tuple(made)


def _alike(group: list[Line]) -> Iterator[tuple[list[Line], int | None]]:
    """The lines of a code that differ in nothing but their minutes, with their units of the code's.

    Where the assistant's part was worked out, its modifier makes no difference: the split gives it back.
    """
    kinds: dict[object, list[Line]] = {}
    for line in group:
        assistant = line.discipline.assistant_modifier if line.discipline and group[0].assisted else None
        modifiers = frozenset(each for each in line.modifiers if each != assistant)
        alone = None if group[0].assisted else (modifiers, line.told.revenue_code, line.told.narrative)
        kinds.setdefault(alone, []).append(line)
    known = [line.units for line in group if line.units is not None]
    units = sum(known) if len(known) == len(group) else None
    if len(kinds) == 1 or units is None:
        yield from ((lines, units) for lines in kinds.values() if units != 0)
        return
    shares = _shares(units, [*kinds.values()])
    yield from ((lines, share) for lines, share in zip(kinds.values(), shares, strict=True) if share)


def _shares(units: int, kinds: list[list[Line]]) -> list[int]:
    """A code's units over its kinds of lines: as typed where that adds up, else by minutes, else where they stand."""
    typed = [sum(line.told.units or 0 for line in lines) for lines in kinds]
    if sum(typed) == units:
        return typed
    minutes = [sum(line.minutes or 0 for line in lines) for lines in kinds]
    if not all(minutes):
        return [sum(line.units or 0 for line in lines) for lines in kinds]
    total = sum(minutes)
    shares = [units * each // total for each in minutes]
    left = sorted(range(len(kinds)), key=lambda place: units * minutes[place] % total, reverse=True)
    for place in left[: units - sum(shares)]:
        shares[place] += 1
    return shares


def alike_after(claim_lines: Iterable[ClaimLine], late: Mapping[int, Collection[str]]) -> bool:
    """Whether late modifiers leave two claim lines with no difference."""
    seen = [
        (each.code, frozenset([*each.modifiers, *(late[each.lines[0]])]), each.revenue_code, each.narrative)
        for each in claim_lines
    ]
    return len({*seen}) < len(seen) and any(late.values())


def finished(day: Day, claim_lines: Iterable[ClaimLine], late: Mapping[int, Collection[str]]) -> tuple[ClaimLine, ...]:
    """The claim lines with the modifiers that came `late`, by line: those that hang on what the lines come to."""
    made = []
    for each in claim_lines:
        lines = [line for line in day.lines if line.number in each.lines]
        modifiers = dict.fromkeys([*each.modifiers, *(modifier for line in lines for modifier in late[line.number])])
        if len(modifiers) > MOST_MODIFIERS:
            day.find(
                "warn",
                f"{len(modifiers)} modifiers on {each.code}; a line has {MOST_MODIFIERS} places.",
                lines,
                fix="On paper 99 and the rest in item 19; ask the payer how electronically.",
            )
        made.append(structs.replace(each, modifiers=in_order(day.book, [*modifiers])))
    return tuple(made)


def _made(day: Day, lines: list[Line], units: int | None, modifiers: list[str]) -> ClaimLine:
    told = [line.told for line in lines]
    return ClaimLine(
        code=lines[0].code,
        modifiers=in_order(day.book, modifiers),
        units=units,
        lines=tuple(line.number for line in lines),
        diagnoses=tuple(dict.fromkeys(letter for each in told for letter in each.diagnoses)),
        revenue_code=next((each.revenue_code for each in told if each.revenue_code), None),
        narrative=next((each.narrative for each in told if each.narrative), None),
    )
