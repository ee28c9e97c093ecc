"""Each line by itself: is it a code, which code does the payer want, will it be paid, and who pays if it is not."""

import re
from collections.abc import Iterable, Iterator
from datetime import date

from msgspec import structs

from ..advice import around
from ..advice.asking import resolve_device
from ..advice.coverage import NEGATIVE
from ..advice.draft import Draft
from ..advice.layers import NeedsAnswer
from ..advice.lookup import CODE, mended_code, near_codes, no_such_code
from ..advice.receipts import existence
from ..advice.suggest import decide
from ..advice.wording import VERDICTS, weakness
from ..errors import AmbiguousName, BadValue, UnknownName
from ..model import Discipline, Question, Rule, Verdict
from ..rulebook.precedence import is_in_force, is_weak
from ..visit_model import Severity, VisitLine
from .day import Day, Line

_ASK = "Ask cpt suggest what to bill instead, or the payer."


def resolve(day: Day, diagnoses: dict[str, str], today: date) -> None:
    """Look every line up and ask, for each, what `cpt suggest` would be asked."""
    for number, told in enumerate(day.visit.lines, 1):
        line = Line(number, told, told.code)
        day.lines.append(line)
        _read_code(day, line)
        if not line.valid:
            continue
        line.discipline = discipline_of(day, told, line)
        pointed = [diagnoses[letter] for letter in told.diagnoses] or [*diagnoses.values()]
        line.question = Question(
            service_date=day.service_date,
            setting="home" if line.known and line.known.coding_verification else "clinic",
            payer=day.payer,
            state=day.state,
            diagnoses=tuple(pointed),
            coding_verification=told.coding_verification,
            code=line.code,
            provider=day.visit.provider,
            discipline=line.discipline.id if line.discipline else None,
            claim=day.claim,
            care=day.visit.care,
            abn=day.visit.abn,
            assistant=_assisted(told, line.discipline),
        )
        line.draft, line.decided = decide(day.book, line.question)
        day.chain = line.draft.chain
        if told.device:
            _device(day, line, line.question, told.device)
        _payers_code(day, line)
        _coverage(day, line, today)
    if day.uncovered:
        codes = ", ".join(dict.fromkeys(day.uncovered))
        day.leave_out(
            f"Whether {codes} will be paid: no rule of {day.book_name(day.chain[-1])} is known, which is not a yes."
        )


def _read_code(day: Day, line: Line) -> None:
    book, typed = day.book, line.told.code
    line.valid = re.fullmatch(CODE, typed) is not None
    if not line.valid and (mended := mended_code(book, typed)):
        day.find("warn", f"{typed} was read as {mended}: a letter stands where the code has a digit.", [line],
                 fix=f"Type {mended}.")  # fmt: skip
        line.valid, line.code = True, mended
    if not line.valid:
        day.find("block", str(no_such_code(book, typed, typed)), [line], fix="Type the code that was meant.")
        return
    line.known = book.code(line.code)
    if line.known is None:
        near = near_codes(book, line.code)
        named = f" Nearest: {', '.join(near)}." if near else ""
        level2 = day.tables.level2(line.code, day.service_date)
        ended = f" CMS's list says that it ended on {level2.ends}." if level2 and level2.ends else ""
        day.find(
            "warn",
            f"{line.code} is not in this rule base, which does not make it invalid; its units, modifiers and coverage "
            f"were not checked.{ended}{named}",
            [line],
            fix="Look the code up elsewhere.",
        )
    elif gone := existence(day.book, line.known, day.service_date):
        line.off_claim = True
        day.find("block", gone, [line], rule=line.known, fix="Bill what was in force on that day.")


def discipline_of(day: Day, told: VisitLine, line: Line) -> Discipline | None:
    """Whose plan of care a line belongs to: by its modifier, else by the visit, its code, or the day's others."""
    every = day.book.disciplines()
    by_modifier = [each for each in every if each.modifier in told.modifiers]
    if len(by_modifier) == 1:
        return by_modifier[0]
    if day.visit.discipline:
        return day.book.discipline(day.visit.discipline)
    listed = line.known.therapy_modifiers if line.known else ()
    by_provider = [each for each in every if day.visit.provider in each.providers]
    by_code = [each for each in every if listed == (each.modifier,)]
    typed = [each for each in every if any(each.modifier in other.modifiers for other in day.visit.lines)]
    by_day = [each for each in typed if len(typed) == 1 and each.modifier in listed]
    return next(iter(by_provider or by_code or by_day), None)


def _assisted(told: VisitLine, discipline: Discipline | None) -> bool | None:
    """Whether an assistant did part of it, by minutes or by the modifier that was typed; None when it was not told."""
    if discipline and discipline.assistant_modifier in told.modifiers:
        return True
    if told.assistant_minutes is not None:
        return told.assistant_minutes > 0
    return False if told.therapist_minutes is not None else None


def _device(day: Day, line: Line, question: Question, asked: str) -> None:
    """What the payer wants for the device on the line, held against the code that was typed."""
    try:
        key = resolve_device(day.book, asked, question.setting)
        held = day.book.device(key)
        modality = day.book.modality_chain(held.modality)[-1] if held else None
        draft, decided = decide(day.book, structs.replace(question, code=None, device=key, modality=modality))
    except (UnknownName, AmbiguousName, NeedsAnswer, BadValue) as error:
        day.find("warn", f"What the device on the line means for its code was not checked. {error}", [line])
        return
    if draft.code and draft.code != line.code and held:
        who = _speaker(draft)
        day.find(
            "warn",
            f"For {held.name} the code is {draft.code}, not {line.code}, by {who}.",
            [line],
            rule=_last_rule(draft),
            fix=f"Bill {draft.code}, or be able to show why {line.code} is right.",
        )
    if draft.code is None:
        line.off_claim = True
        says = f"No code can be given for {asked}: {' '.join(draft.warnings)}"
        day.find("block", says, [line], rule=_refusing(draft), fix=_ASK)
    line.draft, line.decided = draft, decided


def _payers_code(day: Day, line: Line) -> None:
    """The payer's own code in the place of the one that was typed, or why it takes none."""
    draft = line.draft
    assert draft is not None
    if draft.code is None or draft.code == line.code:
        if draft.code is None and line.known and not line.off_claim:
            line.off_claim = True
            if draft.candidate:
                why, fix = day.book.coding_verification.says, " ".join(draft.before_you_bill[:1])
            else:
                why = " ".join(text for text in draft.warnings if line.code in text)
                fix = _ASK
            refusing = _refusing(draft)
            if refusing:
                why = f"{why} {refusing.says}"
            day.find("block", f"{line.code} is not given: {why}", [line], rule=refusing or line.known, fix=fix)
        return
    rule = _last_rule(draft)
    weak = bool(rule and is_weak(rule))
    if not line.told.device:
        day.find(
            "warn" if weak else "block",
            f"{draft.payer_name(rule.payer) if rule else draft.payer} wants {draft.code} instead of {line.code}"
            f"{_how_weak(rule.evidence, rule.confidence) if rule and weak else ''}: "
            f"{rule.says if rule else ''}",
            [line],
            rule=rule,
            fix=f"Bill {draft.code}.",
        )
    line.code, line.known = draft.code, day.book.code(draft.code)


def _how_weak(evidence: str, confidence: str) -> str:
    return f" (weak: {weakness(evidence, confidence)})"


def _speaker(draft: Draft) -> str:
    if rule := _last_rule(draft):
        return f"{draft.payer_name(rule.payer)}{_how_weak(rule.evidence, rule.confidence) if is_weak(rule) else ''}"
    last = draft.last_word()
    return (last.layer if last else "code_set").replace("_", " ")


def _last_rule(draft: Draft) -> Rule | None:
    """The rule that named the code last; None where a maker or the treatment did."""
    last = draft.last_word()
    return draft.book.rule(last.rule) if last and last.rule else None


def _refusing(draft: Draft) -> Rule | None:
    """The rule that took the code away; None where none did."""
    steps = (step.rule for step in reversed(draft.steps) if step.applied and step.rule and draft.refused)
    return next((rule for rule in map(draft.book.rule, steps) if rule and draft.refused in rule.refuses), None)


def _coverage(day: Day, line: Line, today: date) -> None:
    draft, decided = line.draft, line.decided
    assert draft is not None
    assert decided is not None
    if line.known is None:
        return
    verdict = decided.coverage.verdict
    settled = [step.rule for step in decided.coverage.steps if step.decided and verdict in NEGATIVE]
    rules = map(day.book.rule, [*settled, *decided.coverage.rules])
    rule = next(filter(None, rules), None) or line.known  # where a letter of the fee schedule decides
    sources = [each.id for step in decided.coverage.steps if step.decided for each in step.sources]
    if verdict in NEGATIVE:
        deciding = [each.rule for each in decided.rules if each.match.truth == "yes"]
        accepted = _liability(day, line, [*_excluding(day, line)] or deciding)
        severity: Severity = "warn" if verdict == "bundled" or accepted else "block"
        says, fix = f"{line.code}: {decided.coverage.says}", _fix(verdict, accepted)
        day.find(severity, says, [line], rule=rule, fix=fix, sources=sources)
    elif verdict == "conditional":
        day.find("info", f"{line.code}: {decided.coverage.says}", [line], rule=rule, sources=sources)
    elif verdict == "unknown" and not line.off_claim:
        day.uncovered.append(line.code)
    around.warn(draft, decided, today)
    for text in draft.warnings:
        if not any(text in finding.says for finding in line.findings):
            day.find("info", text)
    for each, held in draft.rules(draft.case(frozenset([line.code]))):
        for text in around.limits(draft, each, held):
            day.find("info", text, rule=each)


def _excluding(day: Day, line: Line) -> Iterator[Rule]:
    """The rules by which a service is no benefit: no modifier of one that is not necessary belongs on it."""
    rules = line.draft.rules(line.draft.case(frozenset([line.code]))) if line.draft else ()
    for rule, held in rules:
        said = [known for each in rule.modifiers if (known := day.book.modifier(each)) and known.denial]
        if said and held.truth == "yes":
            yield rule


def _liability(day: Day, line: Line, rules: Iterable[Rule]) -> bool:
    """Put the modifier that says who pays on the line, by the notice that was told; whether one is there."""
    notes = [
        (note.modifier, rule, held.abn)
        for rule in rules
        for note in rule.liability
        if (held := day.book.modifier(note.modifier)) and is_in_force(held, day.service_date)
    ]
    typed = [modifier for modifier, _, _ in notes if modifier in line.told.modifiers]
    for modifier, _, notice in notes if not typed else ():
        if notice and notice == day.visit.abn:
            line.added.append(modifier)
            typed.append(modifier)
    if notes and not typed and day.visit.abn is None:
        choices = "; ".join(f"{modifier} where the notice is {notice}" for modifier, _, notice in notes)
        severity: Severity = "info" if notes[0][1].modifiers else "warn"  # the rule's own modifiers say it already
        day.find(severity, f"{line.code} needs the modifier that says who pays: {choices}.", [line], rule=notes[0][1],
                 fix="Tell the notice: --abn none, mandatory or voluntary.")  # fmt: skip
    return bool(typed)


def _fix(verdict: Verdict, accepted: bool) -> str:
    if accepted:
        return "The modifier says who pays; expect the denial."
    if verdict == "bundled":
        return "Expect no payment for the line."
    return f"Expect no payment ({VERDICTS[verdict]}), and tell the patient before the treatment."
