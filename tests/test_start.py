"""What a start does before it answers: modules that are put off work as if they had been loaded at once."""

import subprocess
import sys

import pytest

from cptcli.later import UNUSED

USED = """
import importlib, sys
from types import ModuleType
from cptcli.later import put_off
put_off()
name = sys.argv[1]
first, second = importlib.import_module(name), importlib.import_module(name)
assert first is second
assert type(first) is not ModuleType, "it was loaded at once"
assert [each for each in vars(first) if each[:1] != "_"], "nothing in it"
assert type(first) is ModuleType, "it was used, and is still put off"
print(*sorted(each for each in dir(first) if each[:2] != "__"))
"""
LOADED = """
import importlib, sys
print(*sorted(each for each in dir(importlib.import_module(sys.argv[1])) if each[:2] != "__"))
"""


@pytest.mark.parametrize("name", UNUSED)
def test_a_module_that_was_put_off_holds_what_it_always_holds(name: str) -> None:
    ran = [
        subprocess.run([sys.executable, "-c", script, name], capture_output=True, text=True, check=True).stdout
        for script in (USED, LOADED)
    ]
    assert ran[0] == ran[1]
