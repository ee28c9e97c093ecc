"""Worked days from tests/cases/visits.yaml, each through the public command: `cpt check`, `cpt fee`, `cpt lookup`."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest
import yaml
from conftest import TESTS, TODAY, read_yaml

from cptcli.advice.listing import explain

_CASES = read_yaml(TESTS / "cases" / "visits.yaml")
_SHARED = TESTS.parent.parent / "shared" / "domain" / "cases.yaml"


def _each(kind):
    return [
        pytest.param(asked, id=f"{case['id']} {case['topic']}{f' {number}' if number else ''}")
        for case in _CASES
        for number, asked in enumerate(case.get(kind, ()))
    ]


def _modifiers(answer):
    """The modifiers of each code over all its claim lines."""
    found = {}
    for line in answer["claim_lines"]:
        found.setdefault(line["code"], set()).update(line["modifiers"])
    return found


def _states(answer):
    return {pair: edit["state"] for edit in answer["edits"] for pair in _either_way(edit["column1"], edit["column2"])}


def _either_way(one, other):
    return f"{one}/{other}", f"{other}/{one}"


def _got(answer, key, wanted):
    """What the answer holds for a key of `gives`, in the form in which the key is written."""
    said = "\n".join(f"{each['says']} {each['fix']}" for each in answer["findings"])
    rules = {each["rule"] for each in answer["findings"]}
    amounts = (answer["amounts"] or {}).get("lines", [])
    match key:
        case "units" | "timed_minutes" | "timed_units":
            return answer[key]
        case "units_any_of":
            return wanted if answer["units"] in wanted else answer["units"]
        case "modifiers":
            return {code: sorted(_modifiers(answer).get(code, ())) for code in wanted}
        case "modifiers_any_of":
            held = {code: sorted(_modifiers(answer).get(code, ())) for code in wanted}
            return {code: wanted[code] if held[code] in wanted[code] else held[code] for code in wanted}
        case "claim_lines":
            return sorted(
                ({"code": each["code"], "units": each["units"], "modifiers": sorted(each["modifiers"])}
                 for each in answer["claim_lines"]), key=str)  # fmt: skip
        case "findings" | "findings_not":
            return [rule for rule in wanted if (rule in rules) == (key == "findings")]
        case "says" | "says_not":
            return [words for words in wanted if (words in said) == (key == "says")]
        case "states":
            return {pair: _states(answer).get(pair) for pair in wanted}
        case "verdicts":
            return {line["code"]: line["verdict"] for line in answer["lines"] if line["code"] in wanted}
        case "threshold":
            (held,) = answer["thresholds"]
            return {name: held[name] for name in wanted}
        case "amounts":
            return {name: answer["amounts"][name] for name in wanted}
        case "reducible":
            return {each["code"]: each["reduced_units"] is not None for each in amounts}
        case "full_unit":
            (full,) = [each["code"] for each in amounts if each["reduced_units"] is not None
                       and each["reduced_units"] < each["units"]]  # fmt: skip
            return full
        case "reduced_units":
            return sum(each["reduced_units"] or 0 for each in amounts)
        case "order":
            steps = answer["amounts"]["order"]
            return sorted(wanted, key=lambda words: next(n for n, step in enumerate(steps) if words in step))
    raise AssertionError(f"no such key: {key}")


def _as_written(key, wanted):
    if key == "claim_lines":
        return sorted(({**each, "modifiers": sorted(each["modifiers"])} for each in wanted), key=str)
    if key == "modifiers":
        return {code: sorted(each) for code, each in wanted.items()}
    return wanted


# Findings behind which no entry of the rule base can stand: what was typed means nothing, contradicts itself, or is not
# in the rule base, or what a payer does is not known.
_NO_ENTRY = re.compile(
    "No code called|is no modifier|is not in our list|was read as|; a day has|counts units is not known"
    "|earns a unit|What the device on the line means|No code can be given for"
)


@pytest.mark.parametrize("asked", _each("visits"))
def test_a_worked_day(cpt, tmp_path, asked, book):
    """The day comes to what its source says, and each thing to mend names an entry that `cpt explain` shows."""
    (tmp_path / "visit.yaml").write_text(yaml.safe_dump(asked["visit"]), encoding="utf-8")
    ran = cpt("check", "visit.yaml", "--json")
    answer, gives = json.loads(ran.stdout), dict(asked["gives"])
    assert ran.code == gives.pop("exit", ran.code)
    wanted = {key: _as_written(key, value) for key, value in gives.items()}
    assert {key: _got(answer, key, value) for key, value in wanted.items()} == wanted
    for finding in answer["findings"]:
        if finding["rule"]:
            assert explain(book, finding["rule"], TODAY, TODAY)
        elif finding["severity"] != "info":
            assert _NO_ENTRY.search(finding["says"]), finding
        assert finding["fix"] or finding["severity"] == "info", finding


@pytest.mark.parametrize("asked", _each("fee"))
def test_a_worked_fee(cpt, asked):
    answer = json.loads(cpt("fee", asked["code"], "--state", "SC", "--on", asked["on"], "--json").stdout)
    assert answer["conversion_factor"] == asked["conversion_factor"]


@pytest.mark.parametrize("asked", _each("lookup"))
def test_a_worked_look_up(cpt, asked):
    shown = cpt("lookup", asked["code"], "--plain").stdout.casefold()
    assert [words for words in asked["says"] if words not in shown] == []


def test_every_worked_case_is_asked_or_says_why_it_cannot_be():
    ways = Counter(way for case in _CASES for way in ("visits", "fee", "lookup", "not_expressible") if way in case)
    assert ways.total() == len(_CASES)
    assert ways["not_expressible"] < 12
    assert all(len(case["not_expressible"]) > 20 for case in _CASES if "not_expressible" in case)


@pytest.mark.skipif(not Path(_SHARED).exists(), reason="the collected notes are not beside the project")
def test_no_collected_case_was_lost():
    collected = read_yaml(_SHARED)["cases"]
    ours = [(case["id"], case["topic"]) for case in _CASES if case["id"].startswith("VC-")]
    assert ours == [(case["id"], case["topic"]) for case in collected]
