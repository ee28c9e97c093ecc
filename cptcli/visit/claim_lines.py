"""Builds the claim lines: one for each code and discipline, the assistant's units on a separate line."""

from collections.abc import Iterable, Iterator

from msgspec import structs

from ..model.claim import ClaimForm
from ..model.visit import ClaimLine
from .day import Day, Line, in_order


def claim_lines(day: Day) -> tuple[ClaimLine, ...]:
    """Return every claim line with its units and modifiers; a code that earned no unit is not on the claim."""
    built: list[ClaimLine] = []
    rule = day.first("threshold")  # its modifier comes last, and is on all lines of a bucket or on none
    kx_modifier = rule.threshold.modifier if rule and rule.threshold else None
    for group in day.services():
        kinds = [*_alike(group, kx_modifier)]
        for (lines, units), assisted in zip(kinds, _by_assistant(kinds, group[0].assisted), strict=True):
            built += _split(day, lines, units, assisted)
    return tuple(built)


Kind = tuple[list[Line], int | None]  # lines that differ only in minutes, and their units


def _by_assistant(kinds: list[Kind], assisted: int | None) -> list[int | None]:
    """Return how many units of each kind of line have the assistant's modifier, most assistant minutes first."""
    shares: list[int | None] = [None] * len(kinds)
    if assisted is None:
        return shares

    def most_first(place: int) -> tuple[float, list[str]]:
        lines = kinds[place][0]
        minutes = [line.minutes_by_provider for line in lines]
        return -sum(each[1] for each in minutes) / (sum(map(sum, minutes)) or 1), sorted(lines[0].modifiers)

    for place in sorted(range(len(kinds)), key=most_first):
        shares[place] = taken = min(assisted, kinds[place][1] or 0)
        assisted -= taken
    return shares


def _split(day: Day, lines: list[Line], units: int | None, assisted: int | None) -> Iterator[ClaimLine]:
    """Yield one claim line, or one with the assistant's modifier and one without, each of its own lines."""
    if assisted is None:
        yield _claim_line(day, lines, units, [modifier for line in lines for modifier in line.modifiers])
        return
    assistant = lines[0].discipline.assistant_modifier if lines[0].discipline else None
    for whose, number in ((1, assisted), (0, (units or 0) - assisted)):
        own = [
            line for line in lines if line.minutes_by_provider[whose] or not line.minutes_by_provider[1 - whose]
        ] or lines
        modifiers = [modifier for line in own for modifier in line.modifiers if modifier != assistant]
        if number:
            yield _claim_line(day, own, number, [*modifiers, *([assistant] if whose and assistant else [])])


def _alike(group: list[Line], kx_modifier: str | None) -> Iterator[Kind]:
    """Return the lines of a code that differ only in minutes, with their share of its units.

    `kx_modifier` makes no difference. Nor does the assistant's where the split is known: the split adds it again.
    """
    kinds: dict[object, list[Line]] = {}
    for line in group:
        worked_out = line.discipline if group[0].assisted is not None else None
        aside = (kx_modifier, worked_out.assistant_modifier if worked_out else None)
        modifiers = frozenset(each for each in line.modifiers if each not in aside)
        kinds.setdefault((modifiers, line.given.revenue_code, line.given.narrative), []).append(line)
    known = [line.units for line in group if line.units is not None]
    units = sum(known) if len(known) == len(group) else None
    if len(kinds) == 1 or units is None:
        yield from ((lines, units) for lines in kinds.values() if units != 0)
        return
    shares = _shares(units, [*kinds.values()])
    yield from ((lines, share) for lines, share in zip(kinds.values(), shares, strict=True) if share)


def _shares(units: int, kinds: list[list[Line]]) -> list[int]:
    """Return a code's units by kind of line: as typed where that adds up, else by minutes, else as counted."""
    typed = [sum(line.given.units or 0 for line in lines) for lines in kinds]
    if sum(typed) == units:
        return typed
    minutes = [sum(line.minutes or 0 for line in lines) for lines in kinds]
    if not all(minutes):
        return [sum(line.units or 0 for line in lines) for lines in kinds]
    total = sum(minutes)
    shares = [units * each // total for each in minutes]
    left = sorted(
        range(len(kinds)), key=lambda place: (-(units * minutes[place] % total), sorted(kinds[place][0].modifiers))
    )
    for place in left[: units - sum(shares)]:
        shares[place] += 1
    return shares


def finished(day: Day, claim_lines: Iterable[ClaimLine]) -> tuple[ClaimLine, ...]:
    """Return the claim lines with the modifier that depends on amounts; report what a claim line has no room for."""
    built, form = [], day.book.form_of(day.claim)
    for each in claim_lines:
        lines = [line for line in day.lines if line.number in each.lines]
        kx_modifier = [line.kx_modifier for line in lines if line.kx_modifier]
        modifiers = dict.fromkeys([*each.modifiers, *kx_modifier])
        if form and len(modifiers) > form.modifiers:
            says = f"{len(modifiers)} modifiers on {each.code}; a line has {form.modifiers} places."
            day.find("warn", _with_caveat(says, form), lines, rule=form, fix=form.more_modifiers,
                     short=f"{each.code}: {len(modifiers)} modifiers; a line has {form.modifiers} places.")  # fmt: skip
        if form and form.diagnoses and len(each.diagnoses) > form.diagnoses:
            says = f"{each.code} points to {len(each.diagnoses)} diagnoses; a line has {form.diagnoses} places."
            fix = f"Keep the {form.diagnoses} that best say why it was done."
            day.find("block", _with_caveat(says, form), lines, rule=form, fix=fix, short=says)
        built.append(structs.replace(each, modifiers=in_order(day.book, [*modifiers])))
    return tuple(built)


def _with_caveat(says: str, form: ClaimForm) -> str:
    return f"{says} Caveat: {form.caveat}" if form.caveat else says


def _claim_line(day: Day, lines: list[Line], units: int | None, modifiers: list[str]) -> ClaimLine:
    given = [line.given for line in lines]
    return ClaimLine(
        code=lines[0].code,
        modifiers=in_order(day.book, dict.fromkeys(modifiers)),
        units=units,
        lines=tuple(line.number for line in lines),
        diagnoses=tuple(dict.fromkeys(letter for each in given for letter in each.diagnoses)),
        revenue_code=next((each.revenue_code for each in given if each.revenue_code), None),
        narrative=next((each.narrative for each in given if each.narrative), None),
    )
