"""No decision changes unawares: a sample of random days and questions is decided as tests/digests/sample.txt has it.

Where a change is meant, as after a new or corrected rule, look at what it does to the named cases and some more, then
write the sample anew and say in the commit which source the change has:

    git worktree add --detach /tmp/before HEAD
    python tests/digests.py compare tests/digests/sample.txt --before /tmp/before
    python tests/digests.py sample

Words may be bettered: that they changed is only reported, as a warning of the run.
"""

import warnings

import pytest
from days import Days
from digests import DECISIONS, SAMPLE, Desk, apart, ask, document_of, read


@pytest.fixture(scope="module")
def desk():
    return Desk()


@pytest.fixture(scope="module")
def days(desk):
    return Days(desk.book)


def test_a_seeded_sample_of_days_and_questions_is_decided_as_before(desk, days):
    decided, worded = [], []
    for key, stored in read(SAMPLE).items():
        digest = ask(desk, key, document_of(days, key)).digest
        if digest.decision != stored.decision:
            decided.append(key)
        elif digest.words != stored.words:
            worded.append(key)
    if worded:
        warnings.warn(f"the words of {len(worded)} cases of the sample changed, as of {worded[:3]}", stacklevel=1)
    assert not decided, f"{len(decided)} decisions changed; tests/digests.py show {' '.join(map(repr, decided[:5]))}"


def test_the_sample_has_days_that_are_answered_and_some_that_are_refused(desk, days):
    asked = [ask(desk, f"day {number}", days.day(f"day {number}")) for number in range(60)]
    assert not any(each.crashed for each in asked)
    assert 40 < sum("error" not in each.decision for each in asked) < 60
    assert len({each.digest for each in asked}) > 50


def test_other_words_are_another_digest_of_the_words_and_the_same_decision():
    whole = {"lines": [{"code": "97110", "units": 2, "says": "two", "findings": [{"severity": "warn", "says": "one"}]}]}
    other = {"lines": [{"code": "97110", "units": 2, "says": "2", "findings": [{"severity": "warn", "says": "one"}]}]}
    worse = {
        "lines": [{"code": "97110", "units": 2, "says": "two", "findings": [{"severity": "block", "says": "one"}]}]
    }
    assert apart(whole)[0] == apart(other)[0]
    assert apart(whole)[1] != apart(other)[1]
    assert apart(whole)[0] != apart(worse)[0]
    assert apart(whole)[1] == apart(worse)[1]


def test_a_new_key_of_an_answer_and_the_hash_of_the_rules_touch_no_decision():
    assert "severity" in DECISIONS
    assert apart({"code": "97110", "seen_since": "2026", "rulebook": {"sha256": "0"}}) == (
        {"code": "97110"},
        {"seen_since": "2026"},
    )


def test_a_day_hangs_on_its_key_alone(desk, days):
    again = Days(desk.book)
    assert [days.day(f"day {number}") for number in (7, 3)] == [again.day(f"day {number}") for number in (7, 3)]
    assert days.day("day 3") != Days(desk.book, seed=12).day("day 3")
