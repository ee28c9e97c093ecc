"""The words of the trade: what a biller would have to read twice stays out of pages, help, rules and docstrings."""

import ast
import re
import tokenize
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from conftest import TESTS, read_yaml

TOP = TESTS.parent
_LIST = read_yaml(TESTS / "words.yaml")
ODD = [(re.compile(each["leave"], re.IGNORECASE), each["use"], bool(each.get("rules_only"))) for each in _LIST]
# A document's own title and address, ids and file names are not our words.
_NOT_OURS = re.compile(r"^\s*(- )?(title|id|url|publisher|file|taken_from|policy): |not_modelled:")
FILES = [*sorted((TOP / "cptcli").rglob("*.py")), *sorted((TOP / "rules").rglob("*.yaml")),
         *sorted((TOP / "rules").rglob("*.md")), TOP / "README.md"]  # fmt: skip


def texts(path: Path) -> Iterator[tuple[int, str]]:
    """Line number and text of whatever a person reads in a file: all of it, or the strings and comments of Python."""
    content = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        for number, line in enumerate(content.splitlines(), 1):
            if not _NOT_OURS.search(line):
                yield number, re.sub(r"\{?id: [a-z0-9-]+", "", line)
        return
    for node in ast.walk(ast.parse(content)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value.strip():
            yield node.lineno, node.value
    for token in tokenize.generate_tokens(StringIO(content).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def odd_phrases(path: Path) -> list[str]:
    """Every odd phrase of a file as `file:line: phrase -> what to write instead`."""
    return [
        f"{path}:{number}: {found.group(0)!r} -> {use}"
        for number, text in texts(path)
        for odd, use, rules_only in ODD
        if not (rules_only and path.suffix == ".py")
        for found in odd.finditer(text)
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(TOP)))
def test_a_biller_never_reads_an_odd_phrase(path):
    assert odd_phrases(path) == []


def test_every_odd_phrase_of_the_list_is_found_where_it_is_used(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("2 to mend. It hangs on the maker, who was not told and takes no code.\n", encoding="utf-8")
    assert len(odd_phrases(page)) == 5
