"""Situations from public questions, each with its authority: what the page must say, and which days are not clean.

The cases are kept outside the project; where they are not, these tests are skipped.
"""

import shlex

import pytest
import yaml
from conftest import TESTS

_CASES = TESTS.parent.parent / "shared" / "cases"
_SAYS = {  # id: which of its commands, the exit code, what the page says, what it does not say
    "PC2-M-006": (1, 0, ["97110; GP 59; x1"], ["Add GP"]),
    "PC2-M-008": (0, 1, ["if 20560 is covered", "by a PT, OT or SLP: not paid"], []),
    "PC2-M-013": (0, 1, ["Add 97551:15."], []),
    "PC2-M-017": (1, 0, ["cpt explain 95"], []),
    "PC2-M-018": (0, 1, ["KX if necessary, GA only if not", "97110-GP-KX"], ["Add GP"]),
    "PC2-M-026": (0, 1, ["Replaced by: G0515."], ["97127"]),
    "PC2-M-035": (0, 1, ["no modifier opens it"], ["Add GP"]),
    "PC2-M-046": (0, 1, ["99213-25 if distinct"], ["59 or an X modifier"]),
    "PC2-M-047": (0, 1, ["76 does not belong on 97110"], []),
    "PC2-M-053": (0, 1, ["status R"], []),
    "PC2-M-063": (0, 1, ["72100: GY", "excluded by law"], ["not in our list, so not checked"]),
    "PC2-M-065": (1, 1, ["99213; GY", "excluded by law"], ["59 or an X modifier", "99213-25"]),
    "PC2-D-039": (0, 1, ["E0769", "not covered"], []),
    "PC2-D-042": (0, 1, ["not covered"], []),
    "PC2-D-053": (0, 1, ["not covered"], []),
    "PC2-D-062": (0, 0, ["code: G0283", "WEAK"], []),
}


def _cases():
    files = sorted(_CASES.glob("public-*.yaml")) if _CASES.is_dir() else []
    return {case["id"]: case for file in files for case in yaml.safe_load(file.read_text(encoding="utf-8"))}


@pytest.mark.skipif(not _CASES.is_dir(), reason="the public cases are not beside the project")
@pytest.mark.parametrize("name", _SAYS)
def test_a_public_question_gets_what_its_authority_says(name, cpt):
    case, (number, code, says, says_not) = _cases()[name], _SAYS[name]
    ran = cpt(*shlex.split(case["command"][number])[1:])
    assert ran.code == code, (case["authority"], ran.stdout)
    assert [each for each in says if each not in ran.stdout] == [], (case["authority"], ran.stdout)
    assert [each for each in says_not if each in ran.stdout] == [], (case["authority"], ran.stdout)
