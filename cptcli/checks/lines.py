"""Reads each line alone: is it a code, whose plan of care it is under, and what it comes to by the payer's rules."""

import re
from collections.abc import Mapping, Sequence

from ..advice.near_codes import CODE, mended_code, near_codes, no_such_code
from ..advice.payer_path import PayerPath, payer_path
from ..errors import UnknownName
from ..findings.phrases import codes_of
from ..findings.report import Point, Report, Words, numbers
from ..model.answer import Question, Remark
from ..model.claim import Discipline
from ..model.codes import Code
from ..model.common import Setting
from ..model.visit import Visit, VisitLine
from ..plan.plans import Plans
from ..plan.service import Service, ServiceKey
from ..rulebook.book import RuleBook
from .day import Day, Line, Lines, grouped, line_of

_CODE = re.compile(CODE)
_MOST_TYPED = 20  # characters of what was typed that a finding repeats in short


def read_lines(day: Day, diagnoses: Mapping[str, str], report: Report) -> Lines:
    """Return every line with what its code comes to. `diagnoses` are those of the visit by letter."""
    paths: dict[Setting, PayerPath] = {}
    every = tuple(
        [_line(day, number, given, diagnoses, paths, report) for number, given in enumerate(day.visit.lines, 1)]
    )
    billed = tuple([line for line in every if line.valid and not line.service.off_claim])
    path = _path(day, every, report)
    uncovered = tuple([line.code for line in every if line.service.uncovered])
    if uncovered:
        report.note_unchecked(_coverage_unknown, uncovered, day.payer_name(path.chain[-1]))
    return Lines(every, billed, grouped(billed), day.plans.day_rules([line.service for line in billed]), path)


def _path(day: Day, lines: Sequence[Line], report: Report) -> PayerPath:
    """Return the path of the clinic's lines, else of the equipment; find that a day has both."""
    paths = [(line.path, line) for line in lines if line.path]
    own = [(path, line) for path, line in paths if not _is_equipment(line)]
    path = (own or paths)[0][0] if paths else day.path
    elsewhere = [line for other, line in paths if other is not path and other.chain != path.chain]
    if elsewhere:
        other = elsewhere[0].path or path
        report.find("warn", numbers(elsewhere), None, _two_claims, day, elsewhere, other.chain[-1], path.chain[-1])
    return path


def _is_equipment(line: Line) -> bool:
    return line.known is not None and line.known.coding_verification


def _line(
    day: Day,
    number: int,
    given: VisitLine,
    diagnoses: Mapping[str, str],
    paths: dict[Setting, PayerPath],
    report: Report,
) -> Line:
    plans, code = day.plans, given.code
    known = plans.book.code(code)
    if known is None and not _CODE.fullmatch(code):
        mended = mended_code(plans.book, code)
        if mended is None:
            report.find("block", (number,), None, _no_such_code, plans.book, code)
            return line_of(number, given, Service(code, None), None, None)
        report.find("warn", (number,), None, _mended, code, mended)
        code, known = mended, plans.book.code(mended)
    discipline = discipline_of(plans.book, day.visit, given, known)
    question = _question(day, given, code, known, discipline, diagnoses)
    path = paths.get(question.setting)
    if path is None:
        path = payer_path(plans.book, day.payer, day.state, question.setting, day.service_date)
        paths[question.setting] = path
    service = plans.service(path.chain, ServiceKey(question, discipline, given.device, _denials(plans, given)))
    for remark in path.remarks if service.known else ():
        if remark.kind == "warning":
            report.find("info", (), None, _remark, remark)
    if known is None and not service.negative:
        report.find("warn", (number,), None, _not_in_our_list, day, code)
    for of_line, found in service.findings:
        report.found.append(found._replace(lines=(number,)) if of_line else found)
    return line_of(number, given, service, discipline, path)


def _question(
    day: Day,
    given: VisitLine,
    code: str,
    known: Code | None,
    discipline: Discipline | None,
    diagnoses: Mapping[str, str],
) -> Question:
    """Return the question of `cpt suggest` about a line."""
    visit = day.visit
    pointed = [diagnoses[letter] for letter in given.diagnoses] if given.diagnoses else [*diagnoses.values()]
    return Question(
        service_date=day.service_date,
        setting="home" if known and known.coding_verification else "clinic",
        payer=day.payer,
        state=day.state,
        diagnoses=tuple(pointed),
        coding_verification=given.coding_verification,
        code=code,
        provider=visit.provider,
        discipline=discipline.id if discipline else None,
        claim=day.claim,
        care=visit.care,
        abn=visit.abn,
        assistant=_assisted(given, discipline),
    )


def _denials(plans: Plans, given: VisitLine) -> tuple[str, ...]:
    """Return the modifiers typed that say who pays after a denial."""
    if not given.modifiers:
        return ()
    known = ((each, plans.book.modifier(each)) for each in given.modifiers)
    return tuple(each for each, modifier in known if modifier and (modifier.denial or modifier.abn))


def discipline_of(book: RuleBook, visit: Visit, given: VisitLine, known: Code | None) -> Discipline | None:
    """Return the discipline of a line's plan of care: by its modifier, else the visit, its code, or the other lines."""
    if visit.discipline and not given.modifiers:
        return book.discipline(visit.discipline)
    every = book.disciplines()
    by_modifier = [each for each in every if each.modifier in given.modifiers]
    if len(by_modifier) == 1:
        return by_modifier[0]
    if visit.discipline:
        return book.discipline(visit.discipline)
    listed = known.therapy_modifiers if known else ()
    by_provider = [each for each in every if visit.provider in each.providers]
    by_code = [each for each in every if listed == (each.modifier,)]
    typed = [each for each in every if any(each.modifier in other.modifiers for other in visit.lines)]
    by_day = [each for each in typed if len(typed) == 1 and each.modifier in listed]
    return next(iter(by_provider or by_code or by_day), None)


def _assisted(given: VisitLine, discipline: Discipline | None) -> bool | None:
    """Return whether an assistant did part of it, by minutes or by the modifier typed; None when not given."""
    if discipline and discipline.assistant_modifier in given.modifiers:
        return True
    if given.assistant_minutes is not None:
        return given.assistant_minutes > 0
    return False if given.therapist_minutes is not None else None


# ------------------------------------------------------------------------------------------------------ in words


def _coverage_unknown(codes: tuple[str, ...], payer: str) -> Point:
    named = ", ".join(dict.fromkeys(codes))
    return Point(f"Coverage of {named}: no rule found for {payer}. Ask the payer.", "coverage of {}", codes)


def _two_claims(day: Day, lines: Sequence[Line], payer: str, others: str) -> Words:
    codes = codes_of(lines)
    return Words(
        f"{codes}: equipment goes to {day.payer_name(payer)}, the rest of the day to {day.payer_name(others)}: two "
        "contractors, two claims.",
        (f"{codes}: equipment goes to {day.short_name(payer)}, the rest to {day.short_name(others)}: two claims.",
         f"{codes}: equipment goes to another contractor: two claims."),
        "Send two claims.",
    )  # fmt: skip


def _mended(typed: str, mended: str) -> Words:
    as_read = f"{typed} was read as {mended}: a letter was typed for a digit."
    return Words(as_read, as_read, f"Type {mended}.")


def _no_such_code(book: RuleBook, typed: str) -> Words:
    unknown = no_such_code(book, typed, typed)
    shown = typed if len(typed) <= _MOST_TYPED else f"{typed[:_MOST_TYPED]}..."
    return Words(str(unknown), f"{shown}: no such code.{_nearest(unknown)}", "Type the right code.")


def _nearest(unknown: UnknownName) -> str:
    """Return the nearest codes, without their names."""
    nearest = unknown.facts.get("nearest")
    codes = [str(each).partition(" ")[0] for each in nearest] if isinstance(nearest, list) else []
    return f" Nearest: {', '.join(codes)}." if codes else ""


def _not_in_our_list(day: Day, code: str) -> Words:
    near = near_codes(day.book, code)
    nearest = f" Nearest: {', '.join(near)}." if near else ""
    level2 = day.tables.level2(code, day.service_date)
    ends = level2.ends if level2 else None
    return Words(
        f"{code} is not in our list, which does not make it invalid; its units, modifiers and coverage "
        f"were not checked.{f' The CMS list says that it ended on {ends}.' if ends else ''}{nearest}",
        f"{code}: not in our list, so not checked.{f' CMS list: ended {ends}.' if ends else ''}{nearest}",
        "Look it up elsewhere.",
    )


def _remark(remark: Remark) -> Words:
    return Words(remark.says, remark.short or remark.says)
