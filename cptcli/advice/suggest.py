"""One question -> one answer: the code, coverage apart from it, then modifiers, warnings and what to prepare."""

from datetime import date

from ..model.answer import Answer, PayerAnswer, Question, UnitsAnswer
from ..model.codes import Code
from ..model.common import Verdict
from ..model.tables import Table
from ..rulebook.book import RuleBook
from ..rulebook.precedence import is_weak
from ..rulebook.table_ids import FEE_SCHEDULES
from . import branches, layers, notes
from .citations import tables_of
from .code_decision import CodeDecision
from .coverage import NEGATIVE, CoverageDecision, decide_coverage
from .payer_path import PayerPath, name_of, short_name_of
from .question import Typed, device_note, understand
from .wording import VERDICTS, sureness, units_in_short, units_in_words, weakness_in_short


def is_finding(answer: Answer) -> bool:
    """Return whether the answer is a finding: no code, or a service that will not be paid."""
    return answer.code is None or answer.coverage.verdict in NEGATIVE


def decide(book: RuleBook, question: Question, path: PayerPath | None = None) -> tuple[CodeDecision, CoverageDecision]:
    """Return the code, layer by layer, and its coverage, for a treatment, a device or a billed code.

    `path` is that of the question's payer, unless another is given.

    Raises MissingOption without modality, device or code, or without a payer; NeedsAnswer where the code depends on a
    question with no answer yet; BadValue for an answer that fits no question.
    """
    draft = CodeDecision(book, question, path)
    layers.code_set(draft)
    layers.manufacturer(draft)
    layers.payers(draft)
    layers.hold_back_equipment(draft)
    layers.withdraw_what_does_not_hold(draft)
    return draft, decide_coverage(book, draft.chain, draft.case(), draft.code or draft.candidate)


def advise(book: RuleBook, typed: Typed, today: date) -> Answer:
    """Return the answer to what was typed; a name with several meanings gives a branch for each.

    Raises UnknownName or BadValue for names not found, MissingOption as `decide`.
    """
    return branches.by_meaning(typed, lambda each: suggest(book, understand(book, each), today))


def suggest(book: RuleBook, question: Question, today: date) -> Answer:
    """Return the code for the question with every step, or branches where it depends on something not given.

    `today` is used only for the age of facts. Raises MissingOption and BadValue as `decide`.
    """

    def ask(each: Question) -> Answer:
        return suggest(book, each, today)

    try:
        draft, decided = decide(book, question)
    except layers.NeedsAnswer as needs:
        return branches.by_answer(needs.modality, question, ask)
    if draft.several and question.coding_verification is None:
        return branches.by_verification(draft, ask)
    return _answer(draft, decided, today)


def _answer(draft: CodeDecision, decided: CoverageDecision, today: date) -> Answer:
    book, question = draft.book, draft.question
    named = draft.code or draft.candidate
    known = book.code(named) if named else None
    if note := device_note(book, question):
        draft.warn(note, note, must=True)
    notes.warn_beside(draft, decided)
    notes.warn(draft, decided, today)
    notes.prepare(draft, decided, known)
    last = draft.last_word()
    sure = sureness(last.evidence, last.confidence, is_weak(last)) if last and draft.code else "no code given"
    ruled = notes.is_ruled_by_payer(draft, decided)
    of_code_alone = bool(last and draft.code and question.payer and not ruled)
    return Answer(
        question=question,
        payer=payer_answer(book, draft.path) if question.payer else None,
        code=draft.code,
        candidate=draft.candidate if draft.code is None else None,
        code_name=known.name if known else None,
        summary=_summary(draft, known, sure, decided.coverage.verdict),
        answered_by=draft.answered_by,
        sure=f"{sure}; no rule of the payer on it" if of_code_alone else sure,
        weak=_weak(draft),
        disputed=_is_disputed(draft),
        ruled_by_payer=ruled,
        about=_about(draft),
        coverage=decided.coverage,
        units=_units(known),
        modifiers=notes.modifiers(draft, decided, known),
        claim_needs=tuple(dict.fromkeys([*(known.claim_needs if known else ()), *draft.claim_needs])),
        attach=known.attach if known else None,
        steps=tuple(draft.steps),
        ask=None,
        branches=(),
        warnings=tuple(draft.warnings),
        before_you_bill=tuple(draft.before_you_bill),
        remarks=tuple(dict.fromkeys(draft.remarks)),
        tables=_tables(draft, known),
        rulebook=book.receipt,
    )


def payer_answer(book: RuleBook, path: PayerPath) -> PayerAnswer:
    """Return the payer whose rules answered."""
    key = path.chain[-1]
    return PayerAnswer(
        id=key, name=name_of(book, key), short_name=short_name_of(book, key), chain=path.chain, resolved=path.resolved
    )


def _summary(draft: CodeDecision, known: Code | None, sure: str, verdict: Verdict) -> str:
    if draft.code is None:
        if draft.candidate and known:
            return f"No code yet: {known.code} ({known.name}) is the candidate, once the product's coding is verified."
        return "No code can be given; the warnings say why."
    last = draft.last_word()
    rule = draft.book.rule(last.rule) if last and last.rule else None
    payer = draft.payer_name(rule.payer) if rule else draft.payer
    who = {
        "code_set": "the code set; no rule of the manufacturer or the payer on the code was found",
        "manufacturer": "the manufacturer; no payer rule changes it",
        "payer": f"{payer}, which accepts it" if rule and not rule.code else f"{payer}: the payer has the final say",
        "clinic": "your own rule",
    }[draft.answered_by or "code_set"]
    if draft.contested:
        who = f"the {(draft.answered_by or 'code_set').replace('_', ' ')}, contested: see the warnings"
    described = known.name if known else "not described here"
    return f"Use {draft.code} ({described}), by {who} ({sure}). Coverage: {VERDICTS[verdict]}."


def _weak(draft: CodeDecision) -> str | None:
    """Return why the code is weak, in a few words; None if it is not weak or there is no code."""
    last = draft.last_word()
    if last is None or not is_weak(last):
        return None
    return last.caveat_short or weakness_in_short(last.evidence)


def _is_disputed(draft: CodeDecision) -> bool:
    last = draft.last_word()
    rule = draft.book.rule(last.rule) if last and last.rule else None
    return draft.contested or bool(rule and rule.disputed)


def _about(draft: CodeDecision) -> str:
    """Return the name of the device or treatment, or the code as billed."""
    if draft.device:
        return draft.device.name
    modality = draft.book.modality(draft.settled.modality or draft.modality)
    if modality is None:
        return f"{draft.question.code}, as billed"
    choice = draft.settled.choice
    return f"{modality.name}, {choice.answer}" if choice else modality.name


def _tables(draft: CodeDecision, known: Code | None) -> tuple[Table, ...]:
    """Return the CMS tables that the answer uses; for a payer other than Medicare often only the units table."""
    by_schedule = any((payer := draft.book.payer(key)) and payer.fee_schedule for key in draft.chain)
    by_therapy = any(rule.applies.therapy for rule, _ in draft.rules(draft.case()))
    unused = {**dict.fromkeys(FEE_SCHEDULES, not by_schedule), "medicare-therapy": not by_therapy}
    used = [table for table in tables_of(draft.book, known, draft.question.service_date) if not unused.get(table.id)]
    return (*used, *([draft.path.contractors] if draft.path.contractors else []))


def _units(code: Code | None) -> UnitsAnswer:
    if code is None or code.units is None:
        return UnitsAnswer(timed=None, usual=None, says="not known", short=None)
    units = code.units
    return UnitsAnswer(timed=units.timed, usual=units.usual, says=units_in_words(units), short=units_in_short(units))
