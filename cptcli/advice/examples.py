"""Checks one example of a rule against the answer; visit/examples.py runs them all."""

import re
from datetime import date

from msgspec import Struct

from ..errors import BadValue, CptError
from ..model.answer import Answer
from ..model.common import Example
from ..rulebook.book import RuleBook
from .question import Typed, understand
from .suggest import suggest

_ASKS = frozenset(
    ("modality", "device", "payer", "state", "setting", "answer", "attended", "diagnosis", "service_date",
     "coding_verification", "provider", "discipline", "claim", "care", "abn")
)  # fmt: skip
_GIVES = frozenset(("code", "answered_by", "verdict", "rule", "not_rule", "candidate", "modifier"))


class Outcome(Struct, frozen=True):
    """An example and why it failed; None if it passed."""

    rule: str
    number: int
    example: Example
    failure: str | None


def failure(book: RuleBook, example: Example, today: date) -> str | None:
    """Return why an example about one service fails; None if it passes."""
    if odd := odd_keys(example, _ASKS, _GIVES):
        return odd
    try:
        answer = suggest(book, understand(book, typed_from(example.asks, today)), today)
    except CptError as error:
        return f"not answered: {error}"
    wrong = [
        f"{key} is {got!r}, expected {expected!r}"
        for key, expected in example.gives.items()
        if not _is_as_expected(key, expected, got := _got(answer, key))
    ]
    return "; ".join(wrong) or None


def odd_keys(example: Example, asks: frozenset[str], gives: frozenset[str]) -> str | None:
    """Return what is wrong with an example's keys; None if they are fine."""
    odd = [key for key in example.asks if key not in asks] + [key for key in example.gives if key not in gives]
    if odd:
        return f"no such key: {', '.join(odd)}; asks: {', '.join(sorted(asks))}; gives: {', '.join(sorted(gives))}"
    return None if example.gives else "it expects nothing"


def typed_from(asks: dict[str, str | bool | list[str]], today: date) -> Typed:
    """Return an example's `asks` as typed options."""

    def one(key: str) -> str | None:
        value = asks.get(key)
        return value if isinstance(value, str) else None

    def many(key: str) -> tuple[str, ...]:
        value = asks.get(key, [])
        return tuple(value) if isinstance(value, list | tuple) else (str(value),)

    answers = many("answer")
    if "attended" in asks:
        answers += ("attended" if asks["attended"] else "unattended",)
    on = one("service_date")
    try:
        day = date.fromisoformat(on) if on else today
    except ValueError:
        raise BadValue("service_date", str(on), "a day like 2006-10-24") from None
    return Typed(
        on=day,
        modality=one("modality"),
        device=one("device"),
        payer=one("payer"),
        state=one("state"),
        setting=one("setting"),
        answers=answers,
        diagnoses=many("diagnosis"),
        coding_verification=one("coding_verification"),
        provider=one("provider"),
        discipline=one("discipline"),
        claim=one("claim"),
        care=one("care"),
        abn=one("abn"),
    )


def _got(answer: Answer, key: str) -> object:
    match key:
        case "verdict":
            return answer.coverage.verdict
        case "rule" | "not_rule":
            steps = [step.rule for step in answer.steps]
            modifiers = [each.rule for each in answer.modifiers]
            return [*filter(None, steps), *answer.coverage.rules, *filter(None, modifiers), *answer.warnings,
                    *answer.before_you_bill]  # fmt: skip
        case "modifier":
            return [each.modifier for each in answer.modifiers]
        case _:
            return getattr(answer, key)


def _names(text: object, rule: object) -> bool:
    """Return whether a text names this rule, not one whose id only starts the same."""
    return re.search(rf"rule {re.escape(str(rule))}(?![a-z0-9-])", str(text)) is not None


def _is_as_expected(key: str, expected: object, got: object) -> bool:
    if not isinstance(got, list):
        return expected == got
    each = expected if isinstance(expected, list | tuple) else [expected]
    found = [any(one == item or (key == "rule" and _names(item, one)) for item in got) for one in each]
    return not any(found) if key == "not_rule" else all(found)
