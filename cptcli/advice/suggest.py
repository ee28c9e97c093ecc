"""One question -> one answer: the code, then coverage apart from it, then what goes around both."""

from datetime import date

from ..model import Answer, Code, PayerAnswer, Question, Table, UnitsAnswer, Verdict
from ..rulebook.book import RuleBook
from ..rulebook.precedence import is_weak
from . import around, layers
from .coverage import NEGATIVE, Decided, decide_coverage
from .draft import Draft
from .receipts import tables_of
from .wording import VERDICTS, sureness, units_in_words


def is_finding(answer: Answer) -> bool:
    """Whether the answer is one to worry about: no code, or a service that will not be paid."""
    return answer.code is None or answer.coverage.verdict in NEGATIVE


def decide(book: RuleBook, question: Question) -> tuple[Draft, Decided]:
    """The code, layer by layer, and its coverage: what every command asks, for a treatment, a device or a billed code.

    Raises as `suggest` does.
    """
    draft = Draft(book, question)
    layers.code_set(draft)
    layers.manufacturer(draft)
    layers.payers(draft)
    layers.hold_back_equipment(draft)
    layers.withdraw_what_does_not_hold(draft)
    return draft, decide_coverage(book, draft.chain, draft.case(), draft.code or draft.candidate)


def suggest(book: RuleBook, question: Question, today: date) -> Answer:
    """The code for the question with every step behind it. `today` only tells how old the facts are.

    Raises MissingOption where modality, device or payer is missing, NeedsAnswer where a modality asks something
    that nobody answered, BadValue for an answer to nothing.
    """
    draft, decided = decide(book, question)
    named = draft.code or draft.candidate
    known = book.code(named) if named else None
    around.warn_beside(draft, decided)
    around.warn(draft, decided, today)
    around.prepare(draft, decided, known)
    payer = book.payer(draft.chain[-1]) if question.payer else None
    last = draft.last_word()
    sure = sureness(last.evidence, last.confidence, is_weak(last)) if last and draft.code else "no code is given"
    return Answer(
        question=question,
        payer=PayerAnswer(id=payer.id, name=payer.name, chain=draft.chain, resolved=draft.resolved) if payer else None,
        code=draft.code,
        candidate=draft.candidate if draft.code is None else None,
        code_name=known.name if known else None,
        summary=_summary(draft, known, sure, decided.coverage.verdict),
        answered_by=draft.answered_by,
        sure=sure,
        coverage=decided.coverage,
        units=_units(known),
        modifiers=around.modifiers(draft, decided, known),
        claim_needs=tuple(dict.fromkeys([*(known.claim_needs if known else ()), *draft.claim_needs])),
        steps=tuple(draft.steps),
        warnings=tuple(dict.fromkeys(draft.warnings)),
        before_you_bill=tuple(dict.fromkeys(draft.before_you_bill)),
        tables=_tables(draft, known),
        rulebook=book.receipt,
    )


def _summary(draft: Draft, known: Code | None, sure: str, verdict: Verdict) -> str:
    if draft.code is None:
        if draft.candidate and known:
            return f"No code yet: {known.code} ({known.name}) is the candidate, once the product's coding is verified."
        return "No code can be given; the warnings say why."
    last = draft.last_word()
    rule = draft.book.rule(last.rule) if last and last.rule else None
    payer = draft.payer_name(rule.payer) if rule else draft.payer
    who = {
        "code_set": "the code set; neither manufacturer nor payer is known to say otherwise",
        "manufacturer": "the manufacturer; no payer rule known changes it",
        "payer": f"{payer}, which takes it" if rule and not rule.code else f"{payer}: the payer has the final say",
        "clinic": "your clinic's own rule",
    }[draft.answered_by or "code_set"]
    if draft.contested:
        who = f"the {(draft.answered_by or 'code_set').replace('_', ' ')}, contested: see the warnings"
    described = known.name if known else "not described here"
    return f"Use {draft.code} ({described}), by {who} ({sure}). Coverage: {VERDICTS[verdict]}."


def _tables(draft: Draft, known: Code | None) -> tuple[Table, ...]:
    """CMS's tables that the answer leans on: a payer that is not Medicare may use none but the units."""
    by_schedule = any((payer := draft.book.payer(key)) and payer.fee_schedule for key in draft.chain)
    by_therapy = any(rule.applies.therapy for rule, _ in draft.rules(draft.case()))
    unused = {"medicare-fee-schedule": not by_schedule, "medicare-therapy": not by_therapy}
    held = [table for table in tables_of(draft.book, known) if not unused.get(table.id)]
    return (*held, *([draft.contractors] if draft.contractors else []))


def _units(code: Code | None) -> UnitsAnswer:
    if code is None or code.units is None:
        return UnitsAnswer(timed=None, usual=None, says="not known")
    return UnitsAnswer(timed=code.units.timed, usual=code.units.usual, says=units_in_words(code.units))
