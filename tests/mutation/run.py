"""Mutation run of the deciding modules: how many small changes of them some test notices.

    python tests/mutation/run.py [--number N] [--seed N] [--module checks/units.py]... [--processes N] [--log FILE]

Draws N mutants (600), each in a process of its own, which is split off from one that has everything but cptcli loaded:
it imports cptcli with the one change and asks the quick tests of oracle.py. What survives has to be listed in
survivors.yaml with the reason why no test can or need notice it; exit 1 where one is not, or where fewer than 90
percent of the mutants that are not listed there are noticed.
"""

import argparse
import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import resource
import select
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import mutants
import oracle
import yaml
from mutants import MODULES, Mutant, number_of_mutants, sample

SURVIVORS = Path(__file__).parent / "survivors.yaml"
LEAST = 90  # percent
_SECONDS = 120  # of the processor, several times what all tests take: a mutant that never ends is noticed
_BYTES = 4 * 2**30


class _Loader(importlib.machinery.SourceFileLoader):
    """Loads one module of cptcli from a changed text."""

    def __init__(self, name: str, file: str, text: str) -> None:
        super().__init__(name, file)
        self._text = text

    def get_code(self, fullname: str) -> CodeType:
        return compile(self._text, self.path, "exec")


class _Finder(importlib.abc.MetaPathFinder):
    """Finds the changed module before the file is found."""

    def __init__(self, module: str, text: str) -> None:
        self._name = "cptcli." + module.removesuffix(".py").replace("/", ".")
        self._file, self._text = str(mutants.PACKAGE / module), text

    def find_spec(self, name: str, path: object, target: ModuleType | None = None) -> Any:
        if name != self._name:
            return None
        return importlib.util.spec_from_loader(name, _Loader(name, self._file, self._text))


def _try(mutant: Mutant | None) -> str | None:
    """What notices a mutant, asked in this process; for None, the code as it is."""
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (_BYTES, _BYTES))
    if mutant:
        sys.meta_path.insert(0, _Finder(mutant.module, mutant.source()))
    try:
        return oracle.first_difference(mutant.module if mutant else "advice/")
    except BaseException as error:
        return f"crash: {type(error).__name__}" if mutant else traceback.format_exc()


def _ask(mutant: Mutant | None) -> tuple[int, int]:
    """A process that tries a mutant, and where its answer is read."""
    reads, writes = os.pipe()
    process = os.fork()
    if process:
        os.close(writes)
        return process, reads
    os.close(reads)
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    os.dup2(silent, 2)
    os.write(writes, json.dumps(_try(mutant)).encode())
    os._exit(0)


def _told(process: int, reads: int) -> str | None:
    with os.fdopen(reads, "rb") as pipe:
        said = pipe.read()
    os.waitpid(process, 0)
    return json.loads(said) if said else "crash: it did not end, or took too much memory"


def outcomes(drawn: list[Mutant], processes: int) -> Iterator[tuple[Mutant, str | None]]:
    """Every mutant with what notices it; None: nothing does."""
    asked: dict[int, tuple[Mutant, int]] = {}  # by the pipe that its answer comes through
    waiting = iter(drawn)
    while True:
        while len(asked) < processes and (mutant := next(waiting, None)):
            process, reads = _ask(mutant)
            asked[reads] = mutant, process
        if not asked:
            return
        for reads in select.select([*asked], [], [])[0]:
            mutant, process = asked.pop(reads)
            yield mutant, _told(process, reads)


def _listed() -> dict[tuple[str, ...], str]:
    """The reasons of survivors.yaml by mutant."""
    every = yaml.safe_load(SURVIVORS.read_text(encoding="utf-8")) or [] if SURVIVORS.exists() else []
    return {(each["module"], each["function"], each["was"], each["becomes"]): each["reason"] for each in every}


def _known(log: Path) -> dict[str, str]:
    """What notices a mutant by the digest of its text, of a log; what survived is to be tried again."""
    lines = map(json.loads, log.read_text(encoding="utf-8").splitlines() if log.exists() else ())
    return {each["digest"]: each["noticed"] for each in lines if each["noticed"]}


def _table(counts: dict[str, Counter[str]]) -> int:
    """Print the table by module; the percent that a test notices of the mutants that are not listed as equivalent."""
    columns = ("mutants", "killed", "survived", "equivalent")
    print(f"\n{'module':<32}" + "".join(f"{each:>12}" for each in columns))
    counts["in all"] = sum(counts.values(), Counter())
    for name, number in counts.items():
        number["mutants"] = number["killed"] + number["survived"] + number["equivalent"]
        print(f"{name:<32}" + "".join(f"{number[each]:>12}" for each in columns))
    whole = counts["in all"]
    return 100 * whole["killed"] // max(whole["killed"] + whole["survived"], 1)


def main() -> int:
    """Run the sample; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--number", type=int, default=600)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--module", action="append", choices=[each for some in MODULES.values() for each in some])
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--log", type=Path, help="keep what notices each mutant; one that it has is not tried again")
    given = parser.parse_args()
    start = time.monotonic()
    sys.path.insert(0, str(oracle.TESTS))
    sys.path.insert(0, str(mutants.PACKAGE.parent))
    import msgspec  # noqa: F401 -- before a process is split off, so that none has to load it
    import pytest  # noqa: F401
    import typer  # noqa: F401

    if wrong := _told(*_ask(None)):
        print(f"The code as it is fails: {wrong}")
        return 2
    drawn = sample(given.number, given.seed, given.module)
    print(f"{len(drawn)} of {number_of_mutants()} mutants, seed {given.seed}")
    listed, unlisted = _listed(), 0
    counts: dict[str, Counter[str]] = {module: Counter() for some in MODULES.values() for module in some}
    known = _known(given.log) if given.log else {}
    log = given.log.open("a") if given.log else None
    for mutant, noticed in chain(
        ((each, known[each.digest]) for each in drawn if each.digest in known),
        outcomes([each for each in drawn if each.digest not in known], given.processes),
    ):
        reason = listed.get(mutant.key)
        counts[mutant.module]["killed" if noticed else "equivalent" if reason else "survived"] += 1
        if log and mutant.digest not in known:
            log.write(json.dumps({**mutant._asdict(), "noticed": noticed}) + "\n")
            log.flush()
        if not noticed and not reason:
            unlisted += 1
            print(
                f"\n{mutant.module}:{mutant.line} {mutant.function}\n  - {mutant.was}\n  + {mutant.becomes}", flush=True
            )
        elif noticed and reason:
            print(f"\n{mutant.module}:{mutant.line} is listed as a survivor, and {noticed} notices it", flush=True)
    percent = _table(counts)
    print(f"{percent} percent in {time.monotonic() - start:.0f} s; {unlisted} survivors not listed")
    return 1 if unlisted or percent < LEAST else 0


if __name__ == "__main__":
    sys.exit(main())
