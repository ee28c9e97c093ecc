"""Days from public questions on Medicare, each with its authority; the cases themselves are not part of the project."""

import pytest
import yaml
from conftest import TESTS
from day_cases import holds

_CASES = TESTS.parent.parent / "shared" / "cases" / "public-medicare.yaml"
_DAYS = yaml.safe_load((TESTS / "cases" / "public-medicare.yaml").read_text(encoding="utf-8"))
_EACH = [
    pytest.param(day, id=f"{key} {number}", marks=[pytest.mark.xfail(reason=day["open"])] if "open" in day else [])
    for key, days in _DAYS.items()
    for number, day in enumerate(days, 1)
]


def test_every_public_case_is_asked_here():
    if not _CASES.exists():
        pytest.skip("the public cases are not here")
    cases = yaml.safe_load(_CASES.read_text(encoding="utf-8"))
    assert {case["id"] for case in cases} == {*_DAYS}


@pytest.mark.parametrize("asked", _EACH)
def test_a_public_day_comes_to_what_its_authority_says(book, asked):
    assert holds(book, asked) == {}
