"""Reads each line alone: is it a code, whose plan of care it is under, and what it comes to by the payer's rules."""

import re
from collections.abc import Mapping, Sequence

from ..advice.near_codes import CODE, corrected_code, near_codes, no_such_code
from ..advice.payer_path import PayerPath, payer_path
from ..errors import UnknownName
from ..findings.phrases import codes_of, listed
from ..findings.report import Found, Point, Report, Words, numbers
from ..model.answer import Question, Remark
from ..model.claim import Discipline
from ..model.codes import Code
from ..model.common import Setting
from ..model.visit import Visit, VisitLine
from ..plan.plans import Plans
from ..plan.service import Service, ServiceKey, Services
from ..rulebook.book import RuleBook
from .day import Day, Line, Lines, grouped, line_of

_CODE = re.compile(CODE)
_MOST_TYPED = 20  # characters of what was typed that a finding repeats in short


def read_lines(day: Day, diagnoses: Mapping[str, str], report: Report) -> Lines:
    """Return every line with what its code comes to. `diagnoses` are those of the visit by letter."""
    reader = _Reader(day, diagnoses, report)
    every = tuple([reader.line(number, given) for number, given in enumerate(day.visit.lines, 1)])
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


class _Reader:
    """Reads the lines of one day."""

    def __init__(self, day: Day, diagnoses: Mapping[str, str], report: Report) -> None:
        visit = day.visit
        self.day, self.report, self.plans = day, report, day.plans
        self.diagnoses = diagnoses
        self.all_diagnoses = tuple(diagnoses.values())
        self.of_day = (day.state, visit.provider, day.claim, visit.care, visit.abn)  # as plan.service.OF_DAY
        self.paths: dict[Setting, tuple[PayerPath, Services]] = {}

    def line(self, number: int, given: VisitLine) -> Line:
        """Return a line with what its code comes to."""
        day, report, plans, code = self.day, self.report, self.plans, given.code
        known = plans.book.code(code)
        if known is None and not _CODE.fullmatch(code):
            corrected = corrected_code(plans.book, code)
            if corrected is None:
                report.find("block", (number,), None, _no_such_code, plans.book, code)
                return line_of(number, given, Service(code, None), None, None)
            report.find("warn", (number,), None, _corrected, code, corrected)
            code, known = corrected, plans.book.code(corrected)
        discipline = discipline_of(plans.book, day.visit, given, known)
        path, service, diagnoses = self._service(given, code, known, discipline)
        if known is None and not service.negative:
            report.find("warn", (number,), None, _not_in_our_list, day, code)
        for remark in path.remarks if service.known else ():
            if remark.kind == "warning":
                report.find("info", (), None, _remark, remark)
        for about, found in service.findings:
            if about == "line":
                report.found.append(Found(found[0], (number,), *found[2:]))
            elif about == "day":
                report.found.append(found)
            else:
                report.find(*found[:4], *found.given, diagnoses)
        return line_of(number, given, service, discipline, path, given.provider or day.visit.provider)

    def _service(
        self, given: VisitLine, code: str, known: Code | None, discipline: Discipline | None
    ) -> tuple[PayerPath, Service, tuple[str, ...]]:
        """Return whose rules count for a line, what its code comes to by them, and its diagnoses."""
        day, visit = self.day, self.day.visit
        setting: Setting = "home" if known and known.coding_verification else "clinic"
        letters = given.diagnoses
        diagnoses = tuple([self.diagnoses[letter] for letter in letters]) if letters else self.all_diagnoses
        denials = _denials(self.plans, given) if given.modifiers else ()
        assistant = _assisted(given, discipline)
        plan = discipline.id if discipline else None
        provider, care, of_day = given.provider or visit.provider, given.care or visit.care, self.of_day
        if given.provider or given.care:
            of_day = (day.state, provider, day.claim, care, visit.abn)

        def ask() -> ServiceKey:
            question = Question(
                service_date=day.service_date,
                setting=setting,
                payer=day.payer,
                state=day.state,
                diagnoses=diagnoses,
                coding_verification=given.coding_verification,
                code=code,
                provider=provider,
                discipline=plan,
                claim=day.claim,
                care=care,
                abn=visit.abn,
                assistant=assistant,
            )
            return ServiceKey(question, discipline, given.device, denials)

        if setting not in self.paths:
            path = payer_path(self.plans.book, day.payer, day.state, setting, day.service_date)
            self.paths[setting] = path, self.plans.services(path.chain)
        path, services = self.paths[setting]
        if given.device is not None:
            return path, services.for_device(ask()), diagnoses
        of_line = (plan, given.coding_verification, denials, assistant)
        service = services.of(code, day.service_date, of_day, of_line, diagnoses, ask)
        return path, service, diagnoses


def _denials(plans: Plans, given: VisitLine) -> tuple[str, ...]:
    """Return the modifiers typed that say who pays after a denial."""
    known = ((each, plans.book.modifier(each)) for each in given.modifiers)
    return tuple(each for each, modifier in known if modifier and (modifier.denial or modifier.abn))


def discipline_of(book: RuleBook, visit: Visit, given: VisitLine, known: Code | None) -> Discipline | None:
    """Return the discipline of a line's plan of care: its own, its modifier's, else by visit, code, other lines."""
    if given.discipline:
        return book.discipline(given.discipline)
    if visit.discipline and not given.modifiers:
        return book.discipline(visit.discipline)
    every = book.disciplines()
    by_modifier = [each for each in every if each.modifier in given.modifiers]
    if len(by_modifier) == 1:
        return by_modifier[0]
    if visit.discipline:
        return book.discipline(visit.discipline)
    listed = known.therapy_modifiers if known else ()
    by_provider = [each for each in every if (given.provider or visit.provider) in each.providers]
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


def _corrected(typed: str, corrected: str) -> Words:
    as_read = f"{typed} was read as {corrected}: a letter was typed for a digit."
    return Words(as_read, as_read, f"Type {corrected}.")


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
    if not ends and not near and (tables := _tables_that_name(day, code)):
        return Words(
            f"{code} is not in our list: it is outside physical medicine. CMS's tables name it ({tables}) and are "
            "used; its units, modifiers and coverage were not checked.",
            f"{code}: outside physical medicine; only CMS's tables were used ({tables}).",
            "Check units, modifiers and coverage elsewhere.",
        )
    return Words(
        f"{code} is not in our list, which does not make it invalid; its units, modifiers and coverage "
        f"were not checked.{f' The CMS list says that it ended on {ends}.' if ends else ''}{nearest}",
        f"{code}: not in our list, so not checked.{f' CMS list: ended {ends}.' if ends else ''}{nearest}",
        "Look it up elsewhere.",
    )


def _tables_that_name(day: Day, code: str) -> str:
    """Return CMS's tables on file that name a code, in words; of the NCCI edits, those with the day's other codes."""
    tables, on = day.tables, day.service_date
    given = [*dict.fromkeys(line.code for line in day.visit.lines)]
    pairs = tables.pairs_among(day.claim, given, on) if len(given) > 1 else {}
    found = {
        "NCCI edits": any(code in codes and each.rows for codes, each in pairs.items()),
        "MUE": tables.maximum(day.claim, code, on) is not None,
        "fee schedule": tables.relative_values(code, on) is not None,
        "HCPCS list": tables.level2(code, on) is not None,
    }
    return listed([name for name, is_named in found.items() if is_named], len(found))


def _remark(remark: Remark) -> Words:
    return Words(remark.says, remark.short or remark.says)
