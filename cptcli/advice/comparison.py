"""One treatment against payers, or one payer against treatments: a row for each answer of `cpt suggest`.

Two rule folders are compared in rules_diff.py.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from shlex import quote
from typing import Literal

from msgspec import Struct, structs

from ..errors import AmbiguousName, BadValue, MissingOption
from ..model.answer import Answer, Branch, Coverage, CoverageStep, Step
from ..model.common import Verdict
from ..model.comparison import ComparedCase, ComparedRow, Comparison
from ..rulebook.book import RuleBook
from ..rulebook.precedence import is_weak, specificity
from .branches import VERIFICATION
from .coverage import NEGATIVE
from .question import Typed, resolve_modality, resolve_payer
from .suggest import advise

_ORDER: dict[Verdict, int] = {"covered": 0, "conditional": 1, "unknown": 2}
_NOT_PAID = 3


class Asked(Struct, frozen=True, kw_only=True):
    """What to compare, as typed: `typed` is shared by all rows; `every` adds the rows without a rule."""

    typed: Typed
    payers: tuple[str, ...] = ()
    modalities: tuple[str, ...] = ()
    every: bool = False


class _Item(Struct, frozen=True):
    """One payer or treatment by id, its answer and its rows."""

    key: str
    answer: Answer
    rows: tuple[ComparedRow, ...]

    @property
    def has_rule(self) -> bool:
        """Return whether the payer has a rule on it."""
        return any(row.ruled_by_payer for row in self.rows)


def compare(book: RuleBook, asked: Asked, today: date) -> Comparison:
    """Return one treatment compared across payers, or one payer across treatments.

    Raises MissingOption where neither is given, BadValue where several of both are, UnknownName for a name not in our
    list, AmbiguousName for a name of several payers where one is needed.
    """
    if asked.typed.device or (len(asked.modalities) == 1 and len(asked.payers) != 1):
        return _payers(book, asked, today)
    if len(asked.payers) > 1:
        raise BadValue("--payer", ", ".join(asked.payers), "one payer, or one --device or --modality for several")
    if not asked.payers:
        raise MissingOption(["--payer" if asked.modalities else "--device or --modality or --payer"])
    return _treatments(book, asked, today)


# ---------------------------------------------------------------------------------- one treatment against payers


def _payers(book: RuleBook, asked: Asked, today: date) -> Comparison:
    if len(asked.modalities) > 1:
        raise BadValue("--modality", ", ".join(asked.modalities), "one treatment with --device")
    typed = structs.replace(asked.typed, modality=next(iter(asked.modalities), None))

    def item(key: str) -> _Item:
        answer = advise(book, structs.replace(typed, payer=key), today)
        return _Item(key, answer, tuple(_rows(book, answer, _payer_name(book, key, answer))))

    if asked.payers:
        named = dict.fromkeys(key for each in asked.payers for key in _meant(each, "payer", resolve_payer, book))
        given = _once(book, map(item, named))
        return _comparison(book, typed, "payer", given, given)
    every = _once(book, (item(key) for key in book.keys("payers") if key != book.edition.other_payer))
    fitting = [each for each in every if _decides(book, each)]
    if asked.every:
        return _comparison(book, typed, "payer", fitting, every)
    by_key = {each.key: each for each in every}
    ruled = [each for each in fitting if each.has_rule or _asks_state(book, each.key)]
    shown = [each for each in ruled if not _is_as_parent(book, each, by_key)]
    return structs.replace(
        _comparison(book, typed, "payer", shown, every),
        without_rule=len(fitting) - len(ruled),
        said_elsewhere=len(ruled) - len(shown),
    )


def _payer_name(book: RuleBook, key: str, answer: Answer) -> str:
    """Return the payer's name, followed by the state's contractor where that one decides."""
    known = book.payer(key)
    name = (known.short_name or known.name) if known else key
    return name if answer.payer is None or answer.payer.id == key else f"{name}: {answer.payer.short_name}"


def _meant(asked: str, kind: str, resolve: Callable[[RuleBook, str], str], book: RuleBook) -> Iterator[str]:
    """Return every id that a name can mean. Raises UnknownName."""
    try:
        yield resolve(book, asked)
    except AmbiguousName as several:
        yield from (each.options[kind] for each in several.meanings)


def _once(book: RuleBook, items: Iterable[_Item]) -> list[_Item]:
    """Return each payer once: where a state is given, Medicare and its contractor are one row, named Medicare."""
    by_payer: dict[str, _Item] = {}
    for each in items:
        key = each.answer.payer.id if each.answer.payer else each.key
        before = by_payer.setdefault(key, each)
        if len(book.payer_chain(each.key)) < len(book.payer_chain(before.key)):
            by_payer[key] = each
    return [*by_payer.values()]


def _asks_state(book: RuleBook, payer: str | None) -> bool:
    """Return whether a contractor by state decides for the payer, as for Medicare."""
    known = book.payer(payer) if payer else None
    return known is not None and known.ask_state


def _decides(book: RuleBook, each: _Item) -> bool:
    """Return whether the payer decides for this setting, state and date of service."""
    payer, question = book.payer(each.key), each.answer.question
    if payer is None or question.setting not in payer.settings or (payer.ends and payer.ends < question.service_date):
        return False
    below = [known for key in book.children(each.key) if (known := book.payer(key))]
    states = {state for known in (payer, *below) if question.setting in known.settings for state in known.states}
    return not states or question.state is None or question.state in states


def _is_as_parent(book: RuleBook, each: _Item, by_key: dict[str, _Item]) -> bool:
    """Return whether a contractor's rows are the same as those of the payer above it."""
    *above, _ = book.payer_chain(each.key)
    parent = by_key.get(above[-1]) if any(_asks_state(book, key) for key in above) else None
    return parent is not None and [*map(_outcome, each.rows)] == [*map(_outcome, parent.rows)]


def _outcome(row: ComparedRow) -> tuple[object, ...]:
    return row.code, row.candidate, row.cases, row.weak, row.disputed, row.verdict, row.coverage.rules, row.code_rule


# ---------------------------------------------------------------------------------- one payer against treatments


def _treatments(book: RuleBook, asked: Asked, today: date) -> Comparison:
    typed = structs.replace(asked.typed, payer=resolve_payer(book, asked.payers[0]))

    def item(key: str) -> _Item:
        answer = advise(book, structs.replace(typed, modality=key), today)
        modality = book.modality(key)
        return _Item(key, answer, tuple(_rows(book, answer, modality.name if modality else key)))

    named = [key for each in asked.modalities for key in _meant(each, "modality", resolve_modality, book)]
    every = [*map(item, dict.fromkeys(named or book.keys("modalities")))]
    if named or asked.every:
        return _comparison(book, typed, "treatment", every, every)
    ruled = [each for each in every if each.has_rule]
    shown = [each for each in ruled if not _has_only_others(book, each)]
    return structs.replace(
        _comparison(book, typed, "treatment", shown, every),
        without_rule=len(every) - len(ruled),
        said_elsewhere=len(ruled) - len(shown),
    )


def _has_only_others(book: RuleBook, each: _Item) -> bool:
    """Return whether the payer's rules are all on cases that have their own treatment row."""
    modality = book.modality(each.key)
    choices = modality.decide.answers if modality and modality.decide else ()
    others = {choice.answer for choice in choices if choice.modality}
    cases = [case.condition for row in each.rows if row.ruled_by_payer for case in row.cases]
    return bool(cases) and all(case.partition(": ")[0] in others for case in cases)


# --------------------------------------------------------------------------------------------------- the rows


def _comparison(
    book: RuleBook, typed: Typed, by: Literal["payer", "treatment"], shown: Sequence[_Item], every: Sequence[_Item]
) -> Comparison:
    """Return the comparison with the rows of the `shown` items; `every` includes those left out."""
    first = every[0].answer
    if by == "payer":
        about, question = first.about, structs.replace(first.question, payer=None)
    else:
        about = first.payer.short_name if first.payer else ""
        question = structs.replace(first.question, modality=None)
    return Comparison(
        by=by,
        about=about,
        question=question,
        rows=tuple(sorted((row for each in shown for row in each.rows), key=_place)),
        asks=tuple(dict.fromkeys(_asks(book, shown))),
        ask_on=_ask_on(typed),
        without_rule=0,
        said_elsewhere=0,
        tables=tuple(dict.fromkeys(table for each in shown for table in each.answer.tables)),
        rulebook=book.receipt,
    )


def _ask_on(typed: Typed) -> str:
    """Return the `cpt suggest` command for a row, with the options that all rows share."""
    treatment = (
        f"--modality {quote(typed.modality)}" if typed.modality else "" if typed.device else "--modality TREATMENT"
    )
    parts = [
        "cpt suggest",
        f"--device {quote(typed.device)}" if typed.device else "",
        treatment,
        f"--payer {typed.payer or 'PAYER'}",
        f"--state {quote(typed.state)}" if typed.state else "",
        f"--setting {typed.setting}" if typed.setting else "",
    ]
    return " ".join(filter(None, parts))


def _place(row: ComparedRow) -> tuple[object, ...]:
    """Return the sort key of a row: covered, conditional, unknown, then not paid; then by name."""
    return _ORDER.get(row.verdict, _NOT_PAID), not row.ruled_by_payer, row.name.casefold(), row.condition or ""


def _asks(book: RuleBook, shown: Sequence[_Item]) -> Iterator[str]:
    """Return the options that would settle what a row depends on."""
    for each in shown:
        question = each.answer.question
        if question.state is None and _asks_state(book, question.payer):
            yield "--state"
        for row in each.rows:
            if row.verdict not in NEGATIVE:
                yield from (option for step in row.coverage.steps if not step.decided for option in step.options)


def _rows(book: RuleBook, answer: Answer, name: str) -> Iterator[ComparedRow]:
    """Return the rows of an answer: one, or one for each outcome where its branches differ in coverage or weakness."""
    if not answer.branches:
        yield _row(book, answer, name, answer.coverage)
        return
    outcomes: dict[tuple[object, ...], list[Branch]] = {}
    for branch in answer.branches:
        outcomes.setdefault((branch.coverage.verdict, branch.coverage.rules, branch.weak), []).append(branch)
    for branches in outcomes.values():
        row, cases = _row(book, answer, name, branches[0].coverage), tuple(map(_compared_case, branches))
        yield structs.replace(
            row,
            condition=" or ".join(each.condition for each in branches) if len(outcomes) > 1 else None,
            code=_same(each.code for each in cases),
            candidate=_same(each.candidate for each in cases),
            cases=cases,
            sure="; ".join(dict.fromkeys(each.sure for each in branches)),
            weak=branches[0].weak,
            watch=tuple(dict.fromkeys((*row.watch, *(each.short for each in branches if each.short)))),
        )


def _compared_case(branch: Branch) -> ComparedCase:
    """Return a branch as a case; a code that needs a coding verification of the product is only a candidate."""
    held_back = VERIFICATION in branch.option
    return ComparedCase(
        condition=branch.condition,
        option=branch.option,
        code=None if held_back else branch.code,
        candidate=branch.code or branch.candidate if held_back else branch.candidate,
    )


def _same(values: Iterable[str | None]) -> str | None:
    first, *others = [*values]
    return first if all(each == first for each in others) else None


def _row(book: RuleBook, answer: Answer, name: str, coverage: Coverage) -> ComparedRow:
    decides, asked, by_payer = _deciding(coverage), answer.question, _last_of_payer(answer)
    return ComparedRow(
        payer=answer.payer.id if answer.payer else "",
        modality=asked.modality,
        device=asked.device,
        name=name,
        condition=None,
        code=answer.code,
        candidate=answer.candidate,
        cases=(),
        sure=answer.sure,
        weak=answer.weak is not None,
        disputed=answer.disputed,
        verdict=coverage.verdict,
        verdict_weak=any(map(is_weak, _resting_on(coverage))),
        ruled_by_payer=answer.ruled_by_payer or _is_about_it(book, coverage),
        rule=decides.rule if decides else None,
        short=decides.short if decides else None,
        code_rule=by_payer.rule if by_payer else None,
        code_short=by_payer.short if by_payer else None,
        watch=tuple(dict.fromkeys(each.short for each in answer.remarks if each.must and each.short)),
        coverage=coverage,
    )


def _is_about_it(book: RuleBook, coverage: Coverage) -> bool:
    """Return whether a coverage rule names the code or treatment, or its fee-schedule status decides."""
    rules = [book.rule(step.rule) for step in coverage.steps]
    return any(rule is None or specificity(rule.applies)[0] for rule in rules)


def _resting_on(coverage: Coverage) -> Sequence[CoverageStep]:
    """Return the coverage rules that the verdict depends on; for a denial, only the one that decides."""
    decided = [step for step in coverage.steps if step.decided]
    return decided if decided and coverage.verdict in NEGATIVE else coverage.steps


def _deciding(coverage: Coverage) -> CoverageStep | None:
    """Return the first rule that the verdict depends on, an open one first."""
    return next((step for step in _resting_on(coverage) if not step.decided), next(iter(_resting_on(coverage)), None))


def _last_of_payer(answer: Answer) -> Step | None:
    """Return the last step of the payer or of your rules that applied."""
    return next((each for each in reversed(answer.steps) if each.applied and each.layer in ("payer", "clinic")), None)
