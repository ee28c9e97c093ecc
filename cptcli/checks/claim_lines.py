"""Builds the claim lines: one for each code and discipline, the assistant's units on a separate line."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import structs

from ..findings.report import Report, Words, numbers
from ..model.claim import ClaimForm
from ..model.visit import ClaimLine
from .assistant import Assisted, by_whom
from .day import Day, Line, Lines, in_order
from .required_modifiers import Modifiers

Kind = tuple[Sequence[Line], int | None]  # lines that differ only in minutes, and their units


def claim_lines(
    day: Day, lines: Lines, modifiers: Modifiers, units: Sequence[int | None], assisted: Assisted
) -> tuple[ClaimLine, ...]:
    """Return every claim line with its units and modifiers; a code that earned no unit is not on the claim."""
    built: list[ClaimLine] = []
    rule = lines.rules.threshold  # its modifier comes last, and is on all lines of a bucket or on none
    late = rule.threshold.modifier if rule and rule.threshold else None
    for group in lines.groups:
        first, share = group[0], assisted.get(group[0].group)
        if len(group) == 1 and share is None:
            number = units[first.number - 1]
            if number != 0:
                built.append(_built(day, group, number, modifiers[first.number - 1]))
            continue
        kinds = [*_alike(group, modifiers, units, late, share is not None)]
        for (alike, number), with_modifier in zip(kinds, _by_assistant(kinds, modifiers, share), strict=True):
            built += _split(day, alike, modifiers, number, with_modifier)
    return tuple(built)


def units_on_claim(lines: Lines, claim: Sequence[ClaimLine], units: Sequence[int | None]) -> tuple[int | None, ...]:
    """Return the units of each line as they are on the claim: those of a claim line stand at the first of its lines.

    Where a code is on one line, these are its `units`.
    """
    several = {line.number for group in lines.groups if len(group) > 1 for line in group}
    placed: dict[int, int | None] = dict.fromkeys(several, 0)
    for each in claim:
        first = min(each.lines)
        if first in placed:
            before = placed[first]
            placed[first] = None if each.units is None or before is None else before + each.units
    return tuple([placed.get(number, each) for number, each in enumerate(units, 1)])


def _by_assistant(kinds: list[Kind], modifiers: Modifiers, assisted: int | None) -> list[int | None]:
    """Return how many units of each kind of line have the assistant's modifier, most assistant minutes first."""
    shares: list[int | None] = [None] * len(kinds)
    if assisted is None:
        return shares

    def most_first(place: int) -> tuple[float, list[str]]:
        lines = kinds[place][0]
        minutes = [*map(by_whom, lines)]
        of_assistant = sum(each[1] for each in minutes) / (sum(map(sum, minutes)) or 1)
        return -of_assistant, sorted(modifiers[lines[0].number - 1])

    for place in sorted(range(len(kinds)), key=most_first):
        shares[place] = taken = min(assisted, kinds[place][1] or 0)
        assisted -= taken
    return shares


def _split(
    day: Day, lines: Sequence[Line], modifiers: Modifiers, units: int | None, assisted: int | None
) -> Iterator[ClaimLine]:
    """One claim line, or one with the assistant's modifier and one without, each of the lines with its minutes."""
    if assisted is None:
        yield _built(day, lines, units, _of_all(lines, modifiers))
        return
    assistant = lines[0].discipline.assistant_modifier if lines[0].discipline else None
    for whose, number in ((1, assisted), (0, (units or 0) - assisted)):
        own = [line for line in lines if by_whom(line)[whose] or not by_whom(line)[1 - whose]] or lines
        plain = [modifier for modifier in _of_all(own, modifiers) if modifier != assistant]
        if number:
            yield _built(day, own, number, [*plain, *([assistant] if whose and assistant else [])])


def _of_all(lines: Iterable[Line], modifiers: Modifiers) -> list[str]:
    return [modifier for line in lines for modifier in modifiers[line.number - 1]]


def _alike(
    group: Sequence[Line], modifiers: Modifiers, units: Sequence[int | None], late: str | None, worked_out: bool
) -> Iterator[Kind]:
    """Return the lines of a code that differ only in minutes, with their share of its units.

    A `late` modifier makes no difference. Nor does the assistant's where the split is known: the split adds it again.
    """
    kinds: dict[object, list[Line]] = {}
    for line in group:
        plan = line.discipline if worked_out else None
        aside = (late, plan.assistant_modifier if plan else None)
        alike = frozenset(each for each in modifiers[line.number - 1] if each not in aside)
        kinds.setdefault((alike, line.given.revenue_code, line.given.narrative), []).append(line)
    known = [number for line in group if (number := units[line.number - 1]) is not None]
    total = sum(known) if len(known) == len(group) else None
    if len(kinds) == 1 or total is None:
        yield from ((lines, total) for lines in kinds.values() if total != 0)
        return
    shares = _shares(total, [*kinds.values()], modifiers, units)
    yield from ((lines, share) for lines, share in zip(kinds.values(), shares, strict=True) if share)


def _shares(total: int, kinds: list[list[Line]], modifiers: Modifiers, units: Sequence[int | None]) -> list[int]:
    """Return a code's units over its kinds of lines: as typed where that adds up, else by minutes, else in place.

    A timed line without minutes has no share: its modifiers are about nothing that was done.
    """
    typed = [sum(line.given.units or 0 for line in lines) for lines in kinds]
    if sum(typed) == total:
        return typed
    minutes = [sum(line.minutes or 0 for line in lines) for lines in kinds]
    if not kinds[0][0].service.timed or not any(minutes):
        return [sum(units[line.number - 1] or 0 for line in lines) for lines in kinds]
    in_all = sum(minutes)
    shares = [total * each // in_all for each in minutes]
    left = sorted(
        range(len(kinds)),
        key=lambda place: (-(total * minutes[place] % in_all), sorted(modifiers[kinds[place][0].number - 1])),
    )
    for place in left[: total - sum(shares)]:
        shares[place] += 1
    return shares


def _built(day: Day, lines: Sequence[Line], units: int | None, modifiers: Sequence[str]) -> ClaimLine:
    given = [line.given for line in lines]
    return ClaimLine(
        code=lines[0].code,
        modifiers=in_order(day.book, dict.fromkeys(modifiers)),
        units=units,
        lines=numbers(lines),
        diagnoses=tuple(dict.fromkeys([letter for each in given for letter in each.diagnoses])),
        revenue_code=next((each.revenue_code for each in given if each.revenue_code), None),
        narrative=next((each.narrative for each in given if each.narrative), None),
    )


def finished(day: Day, claim: Sequence[ClaimLine], late: Mapping[int, str], report: Report) -> tuple[ClaimLine, ...]:
    """Return the claim lines with the modifier that depends on amounts; find what a claim line has no room for.

    `late` is that modifier by the number of a line.
    """
    form, built = day.book.form_of(day.claim), []
    for each in claim:
        added = [late[number] for number in each.lines if number in late] if late else ()
        modifiers = dict.fromkeys([*each.modifiers, *added]) if added else each.modifiers
        if form and len(modifiers) > form.modifiers:
            report.find("warn", each.lines, form, _modifiers_over, each, len(modifiers), form)
        if form and form.diagnoses and len(each.diagnoses) > form.diagnoses:
            report.find("block", each.lines, form, _diagnoses_over, each, form)
        built.append(structs.replace(each, modifiers=in_order(day.book, modifiers)) if added else each)
    return tuple(built)


def _modifiers_over(each: ClaimLine, modifiers: int, form: ClaimForm) -> Words:
    says = f"{modifiers} modifiers on {each.code}; a line has {form.modifiers} places."
    return Words(_with_caveat(says, form), f"{each.code}: {modifiers} modifiers; a line has {form.modifiers} places.",
                 form.more_modifiers)  # fmt: skip


def _diagnoses_over(each: ClaimLine, form: ClaimForm) -> Words:
    says = f"{each.code} points to {len(each.diagnoses)} diagnoses; a line has {form.diagnoses} places."
    return Words(_with_caveat(says, form), says, f"Keep the {form.diagnoses} that best say why it was done.")


def _with_caveat(says: str, form: ClaimForm) -> str:
    return f"{says} Caveat: {form.caveat}" if form.caveat else says
