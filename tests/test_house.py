"""The rooms of the program: imports go down only, as the README draws them, and deciding needs no page and no YAML."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "cptcli"
BASE = {
    "errors",
    "bounded_cache",
    "cache",
    "settings",
    "whole_file",
    "__init__",
    "__main__",
}  # below or above all rooms


def rooms():
    """The rooms in the order of the README, the highest first."""
    section = (ROOT / "README.md").read_text("utf-8").partition("## How it is built")[2]
    block = section.partition("```text\n")[2].partition("```")[0]
    return [re.split(r"[/. ]", line)[0] for line in block.splitlines()]


def imports():
    """Every import within the package as (file, room, imported room), function-level ones too."""
    for file in sorted(PACKAGE.rglob("*.py")):
        parts = file.relative_to(PACKAGE).with_suffix("").parts
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if not isinstance(node, ast.ImportFrom) or not node.level:
                continue
            base = parts[: len(parts) - node.level]
            path = (*base, *(node.module.split(".") if node.module else ()))
            for target in [path] if path else [(alias.name,) for alias in node.names]:
                yield file.relative_to(ROOT), parts[0], target[0]


def test_every_room_of_the_program_is_in_the_readme():
    found = {each.stem for each in PACKAGE.iterdir() if each.suffix == ".py" or (each / "__init__.py").is_file()}
    assert found - BASE == {*rooms()}


def test_imports_go_down_only():
    order = {room: place for place, room in enumerate(rooms())}
    up = [
        f"{file}: {room} imports {target}"
        for file, room, target in imports()
        if room in order and target in order and order[target] < order[room]
    ]
    assert up == []


def test_no_file_of_the_program_is_longer_than_400_lines():
    long = {file.name: count for file in PACKAGE.rglob("*.py") if (count := len(file.read_text().splitlines())) > 400}
    assert long == {}


@pytest.mark.parametrize(
    "ask", ["desk.decide(day)", "desk.check(day)", "desk.suggest(device='anodyne', payer='palmetto')"]
)
def test_deciding_imports_no_page_no_yaml_and_no_workbook_reader(ask):
    code = f"""
import sys
from datetime import date
from cptcli import api
desk = api.open(date(2026, 11, 23))
day = {{"payer": "palmetto", "state": "SC", "discipline": "PT", "lines": [{{"code": "97110", "minutes": 25}}]}}
{ask}
print(*sorted({{"typer", "rich", "yaml", "openpyxl", "jinja2", "tomlkit"}} & {{*sys.modules}}))
"""
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)  # compiles the rules where it must
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert ran.stdout.strip() == ""
