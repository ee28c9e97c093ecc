"""The id, sentence and headline of a new rule, and its question as an example asks it."""

from collections.abc import Sequence

from ..model.answer import Question
from ..model.common import Verdict
from ..model.rules import Payer
from ..rulebook.book import RuleBook
from ..rulebook.own_rules import id_of, unused
from .typed_rule import Asks, RuleEffects, TypedCodes, TypedRule

_COVERAGE: dict[Verdict, str] = {
    "covered": "is covered",
    "conditional": "is covered under conditions",
    "bundled": "is bundled, not paid separately",
    "investigational": "is investigational: not paid",
    "not_covered": "is not covered",
}
_HEADLINE = 90  # characters; model.common.Short says the same


def subjects(codes: TypedCodes) -> tuple[str, ...]:
    """Return the codes that a rule without device and treatment is about."""
    return (codes.about,) if codes.about else (*codes.accepts, *codes.refuses)


def asks_of(question: Question, typed: TypedRule) -> Asks:
    """Return the question as an example asks it; with a date only where the rule has one."""
    asks: Asks = {"lines": [question.code]} if question.code else {}
    asks |= {"device": question.device} if question.device else {}
    if question.modality and (not question.device or typed.modality):
        asks["modality"] = question.modality
    asks |= answered_with(question.answers)
    asks["payer"] = question.payer or ""
    asks |= {"state": question.state} if question.state else {}
    if not question.code and (typed.setting or question.setting == "home"):
        asks["setting"] = question.setting
    if typed.effective or typed.ends:
        asks["service_date"] = question.service_date.isoformat()
    return asks


def answered_with(answers: Sequence[str]) -> Asks:
    """Return the answers as an example has them."""
    return {"answer": answers[0] if len(answers) == 1 else [*answers]} if answers else {}


def rule_id(book: RuleBook, question: Question, codes: TypedCodes, effects: RuleEffects) -> str:
    """Return an id for the rule that no rule or policy has yet."""
    words = ["our", question.payer or "", question.device or question.modality or codes.about or ""]
    words += [codes.use or "", effects.verdict or "", *effects.modifiers]
    words += [word for name in ("accepts", "refuses") if getattr(codes, name) for word in (name, *getattr(codes, name))]
    taken = {*book.keys("rules"), *(policy.id for _, policy in book.policies())}
    return unused(id_of(*words, question.state or ""), taken)


def names_of(book: RuleBook, payer: Payer, question: Question, codes: TypedCodes) -> tuple[str, str]:
    """Return the names of the payer and of what its rule is about."""
    device = book.device(question.device) if question.device else None
    modality = book.modality(question.modality)
    what = device.name if device else modality.name if modality else ", ".join(subjects(codes))
    return payer.short_name or payer.name, what


def sentence_of(who: str, what: str, question: Question, codes: TypedCodes, effects: RuleEffects) -> str:
    """Return what the payer said in one sentence."""
    where = f" in {question.state}" if question.state else ""
    parts = []
    if codes.use:
        instead = f", not {codes.about or ' or '.join(effects.replaces)}" if effects.replaces else ""
        parts.append(f"bill {what} as {codes.use}{instead}")
    subject = f" for {what}" if question.modality or codes.about else ""
    if codes.accepts:
        parts.append(f"accepts {', '.join(codes.accepts)}{subject}")
    if codes.refuses:
        parts.append(f"does not accept {', '.join(codes.refuses)}{subject}")
    if effects.verdict:
        parts.append(f"{what} {_COVERAGE[effects.verdict]}")
    if effects.modifiers:
        parts.append(f"{what} needs {', '.join(effects.modifiers)}")
    return f"{who}{where}: {'; '.join(parts)}."


def headline_of(*sentences: str) -> str:
    """Return the first sentence that fits a headline (90 characters), else the last one, cut at a word."""
    last = sentences[-1][: _HEADLINE - 4]
    return next((each for each in sentences if len(each) <= _HEADLINE), f"{last.rpartition(' ')[0] or last} ...")
