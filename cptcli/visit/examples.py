"""Runs the examples of rules and policies, to prove that each does what it says.

An example with `lines` asks about a whole day, any other about one service.
"""

from collections.abc import Callable, Iterator
from datetime import date
from itertools import zip_longest

from msgspec import structs

from ..advice.examples import Outcome, failure, odd_keys
from ..cms.tables import open_tables
from ..errors import CptError
from ..model.common import Example
from ..model.visit import Visit, VisitAnswer
from ..plan.plans import Plans
from ..rulebook.book import RuleBook
from .check import check
from .reading import read_line, with_options
from .tidying import tidied

_OPTIONS = ("payer", "state", "discipline", "provider", "claim", "care", "abn", "unit_rule", "service_date",
            "other_care", "place_of_service")  # fmt: skip
_ASKS = frozenset((*_OPTIONS, "lines", "regions", "distinct", "diagnosis"))
_GIVES = frozenset(("finding", "not_finding", "unit_rule", "claim_line"))


def run_examples(book: RuleBook, today: date, wanted: Callable[[str], bool] = lambda _: True) -> Iterator[Outcome]:
    """Yield the outcome of every example of the rules and policies chosen by id, in the order of the files.

    They are run against the shipped tables alone.
    """
    with open_tables(shipped_alone=True) as tables:
        plans = Plans(book, tables, today)
        for key in filter(wanted, book.keys("rules")):
            rule = book.rule(key)
            yield from _outcomes(plans, key, rule.examples if rule else ())
        for _, policy in book.policies():
            if wanted(policy.id):
                yield from _outcomes(plans, policy.id, policy.examples)


def _outcomes(plans: Plans, rule: str, examples: tuple[Example, ...]) -> Iterator[Outcome]:
    for number, example in enumerate(examples, 1):
        about_a_day = "lines" in example.asks
        failed = _failure(plans, example) if about_a_day else failure(plans.book, example, plans.today)
        yield Outcome(rule, number, example, failed)


def _failure(plans: Plans, example: Example) -> str | None:
    if odd := odd_keys(example, _ASKS, _GIVES):
        return odd
    try:
        answer = check(plans, visit_of(example))
    except CptError as error:
        return f"not answered: {error}"
    wrong = []
    for key, expected in example.gives.items():
        each = [expected] if isinstance(expected, str) or expected is None else [*expected]
        got = _got(answer, key)
        found = [one in got for one in each]
        if any(found) if key == "not_finding" else not all(found):
            wrong.append(f"{key} is {', '.join(map(str, got)) or 'nothing'}, expected {expected!r}")
    return "; ".join(wrong) or None


def visit_of(example: Example) -> Visit:
    """Return the visit that an example with `lines` asks about."""

    def many(key: str) -> list[str]:
        value = example.asks.get(key, [])
        return [str(each) for each in value] if isinstance(value, list | tuple) else [str(value)]

    lines = [
        structs.replace(read_line(typed), region=region, distinct=str(example.asks.get("distinct", "")) or None)
        for typed, region in zip_longest(many("lines"), many("regions"))
    ]
    options = {key: example.asks.get(key) for key in _OPTIONS} | {"other_care": many("other_care") or None}
    return with_options(tidied(Visit(lines=tuple(lines)), "the example"), **options, diagnoses=many("diagnosis"))


def _got(answer: VisitAnswer, key: str) -> list[str | None]:
    match key:
        case "unit_rule":
            return [answer.unit_rule]
        case "claim_line":
            return [f"{'-'.join((line.code, *line.modifiers))} x{line.units}" for line in answer.claim_lines]
        case _:
            return [finding.rule for finding in answer.findings]
