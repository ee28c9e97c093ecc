"""Checks each line alone: is it a code, which code does the payer require, is it covered, who pays if it is not."""

import re
from collections.abc import Iterable, Iterator
from datetime import date

from msgspec import structs

from ..advice import around
from ..advice.asking import resolve_device
from ..advice.coverage import NEGATIVE, Decided
from ..advice.draft import Draft
from ..advice.layers import NeedsAnswer
from ..advice.lookup import CODE, mended_code, near_codes, no_such_code
from ..advice.receipts import existence
from ..advice.suggest import decide
from ..advice.wording import VERDICTS, weakness
from ..errors import AmbiguousName, BadValue, CptError, UnknownName
from ..model import CoverageStep, Discipline, Notice, Question, Rule, Verdict
from ..rulebook.book import RuleBook
from ..rulebook.precedence import is_in_force, is_weak
from ..visit_model import Severity, VisitLine
from .day import Day, Line
from .phrases import code_first, in_short, listed, weak_mark

_ASK = "Try cpt suggest, or ask the payer."
_MOST_TYPED = 20  # characters of what was typed that a finding repeats in short


def resolve(day: Day, diagnoses: dict[str, str], today: date) -> None:
    """Look up every line, and answer for each the question of `cpt suggest`."""
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
        payer = day.book_name(day.chain[-1])
        day.leave_out(f"Coverage of {codes}: no rule found for {payer}. Ask the payer.", "coverage of {}",
                      *day.uncovered)  # fmt: skip


def _read_code(day: Day, line: Line) -> None:
    book, typed = day.book, line.told.code
    line.valid = re.fullmatch(CODE, typed) is not None
    if not line.valid and (mended := mended_code(book, typed)):
        as_read = f"{typed} was read as {mended}: a letter was typed for a digit."
        day.find("warn", as_read, [line], fix=f"Type {mended}.", short=as_read)
        line.valid, line.code = True, mended
    if not line.valid:
        unknown = no_such_code(book, typed, typed)
        shown = typed if len(typed) <= _MOST_TYPED else f"{typed[:_MOST_TYPED]}..."
        day.find("block", str(unknown), [line], fix="Type the right code.",
                 short=f"{shown}: no such code.{_nearest(unknown)}")  # fmt: skip
        return
    line.known = book.code(line.code)
    if line.known is None:
        _not_in_our_list(day, line)
    elif gone := existence(day.book, line.known, day.service_date):
        line.off_claim = True
        day.find("block", gone, [line], rule=line.known, fix="Bill a code valid that day.", short=gone)


def _nearest(unknown: UnknownName) -> str:
    """Return the nearest codes, without their names."""
    nearest = unknown.facts.get("nearest")
    codes = [str(each).partition(" ")[0] for each in nearest] if isinstance(nearest, list) else []
    return f" Nearest: {', '.join(codes)}." if codes else ""


def _not_in_our_list(day: Day, line: Line) -> None:
    near = near_codes(day.book, line.code)
    nearest = f" Nearest: {', '.join(near)}." if near else ""
    level2 = day.tables.level2(line.code, day.service_date)
    ends = level2.ends if level2 else None
    says = f"{line.code} is not in our list, which does not make it invalid; its units, modifiers and coverage "
    says += f"were not checked.{f' The CMS list says that it ended on {ends}.' if ends else ''}{nearest}"
    short = f"{line.code}: not in our list, so not checked.{f' CMS list: ended {ends}.' if ends else ''}{nearest}"
    fix = "Look it up elsewhere."
    if not ends and not near and (tables := _tables_that_name(day, line.code)):
        says = f"{line.code} is not in our list: it is outside physical medicine. CMS's tables name it ({tables}) and "
        says += "are used; its units, modifiers and coverage were not checked."
        short = f"{line.code}: outside physical medicine; only CMS's tables were used ({tables})."
        fix = "Check units, modifiers and coverage elsewhere."
    day.find("warn", says, [line], fix=fix, short=short)


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


def discipline_of(day: Day, given: VisitLine, line: Line) -> Discipline | None:
    """Return the discipline of a line's plan of care: by its modifier, else the visit, its code, or the other lines."""
    every = day.book.disciplines()
    by_modifier = [each for each in every if each.modifier in given.modifiers]
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


def _assisted(given: VisitLine, discipline: Discipline | None) -> bool | None:
    """Return whether an assistant did part of it, by minutes or by the modifier typed; None when not given."""
    if discipline and discipline.assistant_modifier in given.modifiers:
        return True
    if given.assistant_minutes is not None:
        return given.assistant_minutes > 0
    return False if given.therapist_minutes is not None else None


def _device(day: Day, line: Line, question: Question, asked: str) -> None:
    """Check the code that was typed against what the payer requires for the device on the line."""
    try:
        key = resolve_device(day.book, asked, question.setting)
        device = day.book.device(key)
        modality = day.book.modality_chain(device.modality)[-1] if device else None
        draft, decided = decide(day.book, structs.replace(question, code=None, device=key, modality=modality))
    except (UnknownName, AmbiguousName, NeedsAnswer, BadValue) as error:
        day.find("warn", f"What the device on the line means for its code was not checked. {error}", [line],
                 fix=_how_to_name(error), short=f"{line.code}: device not checked: {error}")  # fmt: skip
        return
    if draft.code and draft.code != line.code and device:
        rule = _last_rule(draft)
        who = f"{day.short_name(rule.payer)}{weak_mark(rule)}" if rule else _layer(draft)
        day.find(
            "warn",
            f"{device.name}: the code is {draft.code}, not {line.code}, by {_who_decided(draft)}.",
            [line],
            rule=rule,
            fix=f"Bill {draft.code}, or document why {line.code}.",
            short=(
                f"{line.code}: {device.name} is {draft.code}, by {who}.",
                f"{line.code}: the device is {draft.code}, by {who}.",
            ),
        )
    if draft.code is None:
        line.off_claim = True
        says = f"No code can be given for {asked}: {' '.join(draft.warnings)}"
        day.find("block", says, [line], rule=_refusing(draft), fix="Try cpt suggest --device.",
                 short=(f"{line.code}: no code for the device: {_why_none(draft)}",
                        f"{line.code}: no code: {_why_none(draft)}"))  # fmt: skip
    line.draft, line.decided = draft, decided


def _how_to_name(error: CptError) -> str:
    """Return the command that shows the names of devices, or what else the code depends on."""
    return "Try cpt devices." if isinstance(error, UnknownName | AmbiguousName) else "Try cpt suggest --device."


def _payers_code(day: Day, line: Line) -> None:
    """Replace the code that was typed by the payer's own, or say why none may be billed."""
    draft = line.draft
    assert draft is not None
    if draft.code is None:
        if line.known and not line.off_claim:
            _no_code(day, line, draft)
        return
    if draft.code == line.code:
        return
    rule = _last_rule(draft)
    weak = bool(rule and is_weak(rule))
    if not line.told.device:
        day.find(
            "warn" if weak else "block",
            f"{draft.payer_name(rule.payer) if rule else draft.payer} requires {draft.code} instead of {line.code}"
            f"{_how_weak(rule.evidence, rule.confidence) if rule and weak else ''}: "
            f"{rule.says if rule else ''}",
            [line],
            rule=rule,
            fix=f"Bill {draft.code}.",
            short=f"{line.code}: {day.short_name(rule.payer if rule else draft.chain[-1])} requires {draft.code} "
            f"instead{weak_mark(rule) if rule else ''}.",
        )
    line.code, line.known = draft.code, day.book.code(draft.code)


def _no_code(day: Day, line: Line, draft: Draft) -> None:
    """Find that no code may be billed: no coding verification for equipment, or the payer rejects it."""
    line.off_claim = True
    refusing = _refusing(draft)
    if draft.candidate:
        why = " ".join([day.book.coding_verification.says, *draft.before_you_bill[:1]])
        short = f"{line.code}: equipment needs a coding verification; none is given."
        fix = "Ask the manufacturer; add coding_verification."
    else:
        why = " ".join(text for text in draft.warnings if line.code in text)
        short, fix = _why_none(draft), _ASK
    if refusing:
        why = f"{why} {refusing.says}"
    day.find("block", f"{line.code} is not given: {why}", [line], rule=refusing or line.known, fix=fix,
             short=code_first(line.code, short))  # fmt: skip


def _why_none(draft: Draft) -> str:
    """Why there is no code, in short: the rule that rejects it, else the last word on it."""
    if refusing := _refusing(draft):
        return f"{in_short(refusing)}{weak_mark(refusing)}"
    warnings = [each for each in draft.remarks if each.kind == "warning"]
    about = [each for each in warnings if draft.question.code and draft.question.code in each.says]
    last = next(reversed(about or [each for each in warnings if each.must] or warnings), None)
    return (last.short or last.says) if last else "none may be billed."


def _how_weak(evidence: str, confidence: str) -> str:
    return f" (weak: {weakness(evidence, confidence)})"


def _who_decided(draft: Draft) -> str:
    if rule := _last_rule(draft):
        return f"{draft.payer_name(rule.payer)}{_how_weak(rule.evidence, rule.confidence) if is_weak(rule) else ''}"
    return _layer(draft)


def _layer(draft: Draft) -> str:
    last = draft.last_word()
    return (last.layer if last else "code_set").replace("_", " ")


def _last_rule(draft: Draft) -> Rule | None:
    """Return the rule that named the code last; None where a manufacturer or the treatment did."""
    last = draft.last_word()
    return draft.book.rule(last.rule) if last and last.rule else None


def _refusing(draft: Draft) -> Rule | None:
    """Return the rule that removed the code; None where none did."""
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
        says = f"{line.code}: {decided.coverage.says}{' The modifier says who pays.' if accepted else ''}"
        day.find(severity, says, [line], rule=rule, fix=_fix(verdict, accepted), sources=sources,
                 short=_verdict_in_short(day.book, line.code, decided), about="coverage")  # fmt: skip
    elif verdict == "conditional":
        day.find("info", f"{line.code}: {decided.coverage.says}", [line], rule=rule, sources=sources,
                 short=_verdict_in_short(day.book, line.code, decided), about="coverage")  # fmt: skip
    elif verdict == "unknown" and not line.off_claim:
        day.uncovered.append(line.code)
    around.warn(draft, decided, today)
    for remark in draft.remarks:
        if remark.kind == "warning" and not any(remark.says in finding.says for finding in line.findings):
            day.find("info", remark.says, short=remark.short or remark.says)
    for each, found in draft.rules(draft.case(frozenset([line.code]))):
        for text in around.limits(draft, each, found):
            what = text.partition(": ")[0]
            day.find("info", text, rule=each, short=(text, f"{what}{weak_mark(each)}: {in_short(each)}"))


def _verdict_in_short(book: RuleBook, code: str, decided: Decided) -> str:
    """Return a line's verdict in short, and the option that settles it.

    A rule that waits for an option comes first, then the rule that decides, then one that waits for something else.
    """
    steps, verdict = decided.coverage.steps, decided.coverage.verdict
    pending = [step for step in steps if step.options] if verdict not in NEGATIVE else []
    step = next((each for each in (*pending, *sorted(steps, key=lambda each: not each.decided)) if each.short), None)
    if step is None:
        return f"{code}: {decided.coverage.says}"
    options = ", ".join(dict.fromkeys(option for each in pending for option in each.options))
    mark = "WEAK: " if is_weak(step) or _on_weak_list(book, step) else ""
    if book.rule(step.rule) is None:  # the fee schedule's letter, which does not say what it means
        mark += f"{VERDICTS[verdict]}. "
    return f"{code_first(code, f'{mark}{step.short}')}{f' Add {options}.' if options else ''}"


def _on_weak_list(book: RuleBook, step: CoverageStep) -> bool:
    """Return whether the diagnosis that decides is on a weak list."""
    rule = book.rule(step.rule) if step.hit else None
    lists = map(book.diagnosis_list, rule.applies.diagnoses) if rule else ()
    return any(each is not None and each.confidence == "low" for each in lists)


def _excluding(day: Day, line: Line) -> Iterator[Rule]:
    """Return the rules by which a service is not a benefit: the modifier for "not necessary" does not belong on it."""
    rules = line.draft.rules(line.draft.case(frozenset([line.code]))) if line.draft else ()
    for rule, found in rules:
        denials = [known for each in rule.modifiers if (known := day.book.modifier(each)) and known.denial]
        if denials and found.truth == "yes":
            yield rule


def _liability(day: Day, line: Line, rules: Iterable[Rule]) -> bool:
    """Put the modifier that says who pays on the line, by the ABN that was given; return whether one is on it."""
    notes = [
        (note.modifier, rule, known.abn)
        for rule in rules
        for note in rule.liability
        if (known := day.book.modifier(note.modifier)) and is_in_force(known, day.service_date)
    ]
    typed = [modifier for modifier, _, _ in notes if modifier in line.told.modifiers]
    for modifier, _, notice in notes if not typed else ():
        if notice and notice == day.visit.abn:
            line.added.append(modifier)
            typed.append(modifier)
    if notes and not typed and day.visit.abn is None:
        choices = "; ".join(f"{modifier}{_if_abn(notice)}" for modifier, _, notice in notes)
        severity: Severity = "info" if notes[0][1].modifiers else "warn"  # the rule's own modifiers say it already
        says = f"{line.code} needs the modifier that says who pays: {choices}."
        day.find(severity, says, [line], rule=notes[0][1], fix="Add --abn none, mandatory or voluntary.",
                 short=f"{line.code}: who pays? {choices}.")  # fmt: skip
    return bool(typed)


def _if_abn(notice: Notice | None) -> str:
    if notice is None:
        return ""
    return " if no ABN is signed" if notice == "none" else f" if a {notice} ABN is signed"


def _fix(verdict: Verdict, accepted: bool) -> str:
    if accepted:
        return "Expect the denial."
    return "Expect no payment." if verdict == "bundled" else "Tell the patient first."
