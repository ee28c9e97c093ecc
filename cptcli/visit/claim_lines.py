"""The lines as they should be typed on the claim: one a code and discipline, split where the assistant's part is."""

from collections.abc import Iterator

from ..visit_model import ClaimLine
from .day import Day, Line, in_order

MOST_MODIFIERS = 4  # places on a line of the claim forms


def groups(day: Day) -> Iterator[list[Line]]:
    """The lines that go on the claim together: of one code and one discipline, in the order in which they came."""
    met: dict[tuple[str | None, str], list[Line]] = {}
    for line in day.billed():
        met.setdefault((line.discipline.id if line.discipline else None, line.code), []).append(line)
    yield from met.values()


def claim_lines(day: Day) -> tuple[ClaimLine, ...]:
    """Every line with its units and modifiers; a code that earned no unit is not on the claim."""
    made: list[ClaimLine] = []
    for lines in groups(day):
        first = lines[0]
        units = first.units
        if units == 0:
            continue
        modifiers = dict.fromkeys(modifier for line in lines for modifier in line.modifiers)
        assistant = first.discipline.assistant_modifier if first.discipline and first.assisted else None
        parts = [(units, False)] if not assistant else [(first.assisted, True), ((units or 0) - first.assisted, False)]
        for number, assisted in parts:
            if number == 0:
                continue
            own = {**modifiers, assistant: None} if assisted and assistant else modifiers
            made.append(_made(day, lines, number, [each for each in own if assisted or each != assistant]))
    return tuple(made)


def _made(day: Day, lines: list[Line], units: int | None, modifiers: list[str]) -> ClaimLine:
    if len(modifiers) > MOST_MODIFIERS:
        day.find(
            "warn",
            f"{len(modifiers)} modifiers on {lines[0].code}; a line has {MOST_MODIFIERS} places.",
            lines,
            fix="On paper 99 and the rest in item 19; ask the payer how electronically.",
        )
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
