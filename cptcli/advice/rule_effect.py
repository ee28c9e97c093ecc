"""What a new rule changes: its examples, the answer before and after, and every other answer that changes."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta

from msgspec import Struct, structs

from ..model.answer import Question
from ..model.common import Example
from ..model.rules import Rule
from ..rulebook.book import RuleBook
from .new_rule import ways
from .rule_words import answered_with
from .rules_diff import Change, changes
from .suggest import suggest
from .typed_rule import Asks, NewRule

Gives = tuple[str, str | list[str] | None]


class Seen(Struct, frozen=True):
    """The essence of an answer: the code and who decided it, the coverage verdict, and the required modifiers."""

    code: str | None
    candidate: str | None
    answered_by: str | None
    verdict: str
    modifiers: tuple[str, ...]
    rules: tuple[str, ...]  # the rules that decided it

    def __str__(self) -> str:
        code = self.code or (f"candidate {self.candidate}" if self.candidate else "no code")
        by = f" ({(self.answered_by or '').replace('_', ' ')})" if self.answered_by else ""
        needs = f", {' '.join(self.modifiers)}" if self.modifiers else ""
        covered = "coverage not known" if self.verdict == "unknown" else self.verdict.replace("_", " ")
        return f"{code}{by}, {covered}{needs}"


class Effect(Struct, frozen=True):
    """What a rule changes: its own question before and after, and the other answers."""

    question: Question
    before: Seen
    after: Seen
    decides: bool  # the rule is used in the answer to its own question
    others: tuple[Change, ...]  # of the same payer
    below: tuple[str, ...]  # the payers that inherit the rule


def effect(old: RuleBook, new: RuleBook, added: NewRule, today: date) -> Effect:
    """Return what changes between the rule base without the rule and with it."""
    question = added.question
    before, after = seen(old, question, today), seen(new, question, today)
    found = changes(old, new, question.service_date, [question.payer or ""])
    others = tuple(each for each in found if not _is_asked(each, question))
    below = tuple(new.children(question.payer or ""))
    return Effect(question, before, after, added.rule.id in after.rules, others, below)


def seen(book: RuleBook, question: Question, today: date) -> Seen:
    """Return the essence of the answer to a question. Raises as `suggest`."""
    answer = suggest(book, question, today)
    rules = [step.rule for step in answer.steps if step.rule and step.applied]
    rules += [step.rule for step in answer.coverage.steps if step.decided]
    rules += [each.rule for each in answer.modifiers if each.rule and each.required]
    return Seen(
        code=answer.code,
        candidate=answer.candidate,
        answered_by=answer.answered_by,
        verdict=answer.coverage.verdict,
        modifiers=tuple(each.modifier for each in answer.modifiers if each.required),
        rules=tuple(dict.fromkeys(rules)),
    )


def _is_asked(change: Change, question: Question) -> bool:
    """Return whether a change is to the rule's own question; for a device, its modality is not compared."""

    def key(each: Question) -> tuple[object, ...]:
        return each.payer, each.device or each.modality, each.setting, each.answers, each.state

    return key(change.question) == key(question) and not change.diagnoses


# ----------------------------------------------------------------------------------------------- its examples


def probes(book: RuleBook, added: NewRule) -> tuple[Example, ...]:
    """Return examples that each expect one thing; those that pass become the examples of the rule (`proven`)."""
    rule, asks = added.rule, added.asks
    by_line = "lines" in asks
    found = [Example(asks, dict([each])) for each in ([("finding", rule.id)] if by_line else _gives(rule))]
    if by_line and (treatment := _as_treatment(book, added.question, asks)):
        found += [Example(treatment, dict([each])) for each in _gives(rule)]
    key = "not_finding" if by_line else "not_rule"
    other = book.edition.other_payer
    return (*found, *(Example(each, {key: rule.id}, because) for each, because in _elsewhere(asks, rule, other)))


def proven(examples: Sequence[Example], failures: Sequence[str | None], before: Seen) -> tuple[Example, ...]:
    """Return the examples that pass, merged by question: first one that the rule answers, then the others.

    `before` is the answer without the rule. An example names the rule only where the answer does not change without it.
    """
    together: dict[tuple[str, str | None], Example] = {}
    for example, failure in zip(examples, failures, strict=True):
        if failure is None:
            key = (repr(example.asks), example.because)
            first = together.get(key, structs.replace(example, gives={}))
            together[key] = structs.replace(first, gives={**first.gives, **example.gives})
    answered = [each for each in together.values() if each.because is None]
    shown = [_shortened(each, before) for each in answered[:1]]
    return (*shown, *(each for each in together.values() if each not in answered))


def _shortened(example: Example, before: Seen) -> Example:
    """Return the example without `rule` where its other expectations already show the change."""
    rest = {key: value for key, value in example.gives.items() if key != "rule"}
    return structs.replace(example, gives=rest) if any(_is_new(*each, before) for each in rest.items()) else example


def _is_new(key: str, value: str | list[str] | None, before: Seen) -> bool:
    """Return whether one expectation of an example differs from the answer before."""
    if key == "modifier":
        return not {*([value] if isinstance(value, str) else value or [])} <= {*before.modifiers}
    return bool(value != getattr(before, key, value))


def _as_treatment(book: RuleBook, question: Question, asks: Asks) -> Asks | None:
    """Return the question about a code as one about a treatment billed with it; None where there is none."""
    rest = {key: value for key, value in asks.items() if key != "lines"}
    if question.setting == "home":
        for key in book.keys("modalities"):
            if (found := book.modality(key)) and question.code in found.home_codes:
                return {"modality": key, **rest, "setting": "home"}
        return None
    for key in book.linked("modalities_of_code", question.code or ""):
        for answers, code in ways(book, key):
            if code == question.code:
                return {"modality": key, **answered_with(answers), **rest}
    return None


def _gives(rule: Rule) -> Iterator[Gives]:
    """Return what the answer to the rule's own question has where the rule decides it."""
    if rule.code or rule.accepts:
        code = rule.code or rule.accepts[0]
        yield "code", code
        yield "candidate", code
        yield "answered_by", "clinic"
    elif rule.refuses:
        yield "code", None
    if rule.verdict:
        yield "verdict", rule.verdict
    if rule.modifiers:
        yield "modifier", [*rule.modifiers] if len(rule.modifiers) > 1 else rule.modifiers[0]
    yield "rule", rule.id


def _elsewhere(asks: Asks, rule: Rule, other: str) -> Iterable[tuple[Asks, str]]:
    """Return questions that the rule does not answer: on the day before and after it, else for another payer."""
    if rule.effective and rule.effective > date.min:
        yield {**asks, "service_date": (rule.effective - timedelta(1)).isoformat()}, "the day before it starts"
    if rule.ends and rule.ends < date.max:
        yield {**asks, "service_date": (rule.ends + timedelta(1)).isoformat()}, "the day after it ends"
    if not (rule.effective or rule.ends):
        yield {**asks, "payer": other}, "another payer"
