"""Branches: where the code depends on something not given, one answer for each case."""

from collections.abc import Callable, Iterable, Sequence
from shlex import quote
from typing import TypeVar

from msgspec import Struct, structs

from ..errors import AmbiguousName, Meaning
from ..model.answer import Answer, Branch, Coverage, Question, Remark, UnitsAnswer
from ..model.common import Verdict
from ..model.devices import Choice, Modality
from .code_decision import CodeDecision
from .question import ATTENDANCE, Typed, read_answer

T = TypeVar("T")
VERIFICATION = "--coding-verification"
_DEEPEST = 4  # names with several meanings, one after another
_NOT_DECIDED = "no code decided: it depends on what is not given"


class Case(Struct, frozen=True):
    """One case: its condition in words, the option that picks it, and the answer under it."""

    condition: str
    option: str
    answer: Answer


Ask = Callable[[Question], Answer]


def by_answer(modality: Modality, question: Question, ask: Ask) -> Answer:
    """Return an answer with a branch for each answer to the modality's question."""
    assert modality.decide is not None
    cases = [
        Case(
            choice.answer,
            f"--{choice.answer}" if choice.answer in ATTENDANCE else f"--answer {quote(_brief(modality, choice))}",
            ask(structs.replace(question, answers=(*question.answers, choice.answer))),
        )
        for choice in modality.decide.answers
    ]
    return branched(modality.decide.ask, cases, question, modality.name)


def _brief(modality: Modality, choice: Choice) -> str:
    """Return the shortest beginning of an answer, in whole words, that no other answer shares."""
    words = choice.answer.split()
    begun = (" ".join(words[:n]) for n in range(1, len(words)))
    return next((each for each in begun if read_answer(modality, each) == choice), choice.answer)


def by_verification(draft: CodeDecision, ask: Ask) -> Answer:
    """Return an answer with a branch for each equipment code that the coding verification may name."""
    question = draft.question
    cases = [
        Case(
            f"verified as {_named(draft, code)}",
            f"{VERIFICATION} {code}",
            ask(structs.replace(question, coding_verification=code)),
        )
        for code in draft.several
    ]
    return branched("Which code does the product's PDAC coding verification name?", cases, question)


def _named(draft: CodeDecision, code: str) -> str:
    known = draft.book.code(code)
    return known.name if known else code


def by_meaning(typed: Typed, ask: Callable[[Typed], Answer], deep: int = 0) -> Answer:
    """Return the answer to what was typed, with a branch for each meaning of a name that has several."""
    try:
        return ask(typed)
    except AmbiguousName as several:
        if deep >= _DEEPEST:
            raise
        meanings = [(each, structs.replace(typed, **each.options)) for each in several.meanings]
        cases = [Case(each.name, _option(each), by_meaning(asked, ask, deep + 1)) for each, asked in meanings]
        which = " ".join(several.which) or f"{several.asked!r} can mean more than one {several.kind}."
        answer = branched(which, cases, about=f"{several.asked}, any of {len(cases)}")
        unset = {several.kind: None} if several.kind in Question.__struct_fields__ else {}
        return structs.replace(answer, question=structs.replace(answer.question, **unset))


def _option(meaning: Meaning) -> str:
    return " ".join(f"--{option} {quote(value)}" for option, value in meaning.options.items())


def branched(text: str, cases: Sequence[Case], question: Question | None = None, about: str | None = None) -> Answer:
    """Return one answer with a branch for each case, or the shared answer where all cases agree.

    `text` is the question that the branches answer. `question` and `about` (the treatment) are given where the cases
    differ in them.
    """
    branches = tuple(branch for case in cases for branch in _branches(case))
    every = [case.answer for case in cases]
    first = every[0]
    remarks = tuple(_remarks(cases))
    shared = structs.replace(
        first,
        question=question or first.question,
        payer=_common(answer.payer for answer in every),
        about=about or _common(answer.about.partition(",")[0] for answer in every) or "",
        ask=text,
        warnings=tuple(dict.fromkeys(each.says for each in remarks if each.kind == "warning")),
        before_you_bill=tuple(dict.fromkeys(each.says for each in remarks if each.kind == "before_you_bill")),
        remarks=remarks,
        tables=tuple(dict.fromkeys(table for answer in every for table in answer.tables)),
    )
    if first.code and len({(each.code, each.coverage.verdict, each.weak) for each in branches}) == 1:
        steps = tuple(step for step in first.steps if all(step in answer.steps for answer in every))
        return structs.replace(shared, steps=steps or first.steps[:1])
    return structs.replace(
        shared,
        code=None,
        candidate=None,
        code_name=None,
        summary=f"The code depends on: {text}",
        answered_by=None,
        sure=_NOT_DECIDED,
        weak=None,
        disputed=False,
        ruled_by_payer=all(answer.ruled_by_payer for answer in every),
        coverage=_coverage([branch.coverage for branch in branches]),
        units=_common(answer.units for answer in every) or _UNKNOWN_UNITS,
        modifiers=tuple(each for each in first.modifiers if all(each in answer.modifiers for answer in every)),
        claim_needs=tuple(each for each in first.claim_needs if all(each in answer.claim_needs for answer in every)),
        attach=_common(answer.attach for answer in every),
        steps=(),
        branches=branches,
    )


_UNKNOWN_UNITS = UnitsAnswer(timed=None, usual=None, says="depends on the code", short=None)


def _common(values: Iterable[T]) -> T | None:
    """Return the value if all are equal, else None."""
    first, *others = [*values]
    return first if all(each == first for each in others) else None


def _branches(case: Case) -> list[Branch]:
    """Return the branches of a case: one, or those of its answer, each under both conditions."""
    answer = case.answer
    if answer.branches:
        return [
            structs.replace(
                each, condition=f"{case.condition}: {each.condition}", option=f"{case.option} {each.option}"
            )
            for each in answer.branches
        ]
    return [
        Branch(
            condition=case.condition,
            option=case.option,
            code=answer.code,
            candidate=answer.candidate,
            code_name=answer.code_name,
            sure=answer.sure,
            weak=answer.weak is not None,
            coverage=answer.coverage,
            short=_why_no_code(answer),
        )
    ]


def _why_no_code(answer: Answer) -> str | None:
    """Return why a branch has no code, in one line; None where it has one."""
    if answer.code or answer.candidate:
        return None
    first = next((each.short for each in answer.remarks if each.kind == "warning" and each.must), None)
    steps = (step.short for step in reversed(answer.steps) if step.short)
    return first or next(steps, None)


def _coverage(each_coverage: Sequence[Coverage]) -> Coverage:
    """Return the coverage all branches share; else `unknown` if it is unknown in any branch, else `conditional`."""
    verdicts: list[Verdict] = [each.verdict for each in each_coverage]
    first = each_coverage[0]
    if len(set(verdicts)) == 1 and all(each.rules == first.rules for each in each_coverage):
        return first
    same = verdicts[0] if len(set(verdicts)) == 1 else None
    verdict: Verdict = same or ("unknown" if "unknown" in verdicts else "conditional")
    rules = tuple(dict.fromkeys(rule for each in each_coverage for rule in each.rules))
    steps = tuple(dict.fromkeys(step for each in each_coverage for step in each.steps))
    says = "Depends on the code: see the branches."
    if verdict == "unknown":
        says += " Not known for some: ask the payer."
    return Coverage(verdict=verdict, says=says, rules=rules, steps=steps)


def _remarks(cases: Sequence[Case]) -> Iterable[Remark]:
    """Return the remarks all cases share, then the others under their condition, shown with --full only."""
    shared = [each for each in cases[0].answer.remarks if all(each in case.answer.remarks for case in cases)]
    yield from shared
    for case in cases:
        for each in case.answer.remarks:
            if each not in shared:
                yield structs.replace(each, says=f"{case.condition}: {each.says}", short=None, must=False)
