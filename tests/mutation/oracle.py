"""What a mutant has to fail: the quick tests of deciding, in this process, the first difference ends it.

In order: the decisions of tests/digests/sample.txt, the worked days of tests/cases/visits.yaml, the examples beside
the rules, then the test files that name a behavior.
"""

import contextlib
import io
import json
import os
from collections.abc import Callable
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
FILES = ("test_boundaries.py", "test_amounts.py")
MORE = {  # by the module that they are about
    "advice/": ("test_precedence.py", "test_cases.py"),
    "advice/layers.py": ("test_golden.py",),
    "plan/": ("test_precedence.py", "test_day_rules.py"),
    "rulebook/": ("test_precedence.py", "test_day_rules.py"),
}


def first_difference(module: str) -> str | None:
    """What a changed module fails; None where nothing notices."""
    stages: tuple[Callable[[], str | None], ...] = (_sample, _worked_days, _examples)
    for stage in stages:
        if failed := stage():
            return failed
    more = [file for start, files in MORE.items() if module.startswith(start) for file in files]
    return _tests([*FILES, *more])


def _sample() -> str | None:
    from days import Days
    from digests import SAMPLE, Desk, ask, document_of, read

    desk = Desk()
    days = Days(desk.book)
    for key, stored in read(SAMPLE).items():
        if ask(desk, key, document_of(days, key)).digest.decision != stored.decision:
            return f"sample: {key}"
    return None


def _worked_days() -> str | None:
    import msgspec
    from digests import TODAY, Desk
    from test_visits import _CASES, _as_written, _got

    from cptcli.visit.check import answer as answer_of
    from cptcli.visit.decide import decide
    from cptcli.visit.reading import read_document

    desk = Desk()
    for case in _CASES:
        for asked in case.get("visits", ()):
            visit = read_document(json.dumps(asked["visit"], default=str).encode(), "the visit", TODAY).visit
            answer = msgspec.to_builtins(answer_of(decide(desk.plans, visit)))
            for key, value in asked["gives"].items():
                if key != "exit" and _got(answer, key, _as_written(key, value)) != _as_written(key, value):
                    return f"worked day: {case['id']}, {key}"
    return None


def _examples() -> str | None:
    from digests import TODAY

    from cptcli.rulebook.compiled import open_rules
    from cptcli.visit.examples import run_examples

    failed = (each for each in run_examples(open_rules(), TODAY) if each.failure)
    return next((f"example: {each.rule} {each.number}" for each in failed), None)


def _tests(files: list[str]) -> str | None:
    import pytest

    os.chdir(TESTS.parent)
    said = io.StringIO()
    arguments = ["-n0", "-x", "-q", "--no-header", "--tb=no", "-p", "no:cacheprovider", "-p", "no:warnings"]
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = pytest.main([*arguments, *(str(TESTS / file) for file in files)])
    failed = [line.removeprefix("FAILED tests/") for line in said.getvalue().splitlines() if line.startswith("FAILED")]
    return None if code == 0 else f"test: {failed[0] if failed else f'pytest ended with {code}'}"
