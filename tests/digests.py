"""Two digests of every answer to seeded days and questions: of what is decided, and of the words around it.

    python tests/digests.py write FILE [--days N]
    python tests/digests.py compare FILE [--days N] [--before CHECKOUT]
    python tests/digests.py sample
    python tests/digests.py show [--before CHECKOUT] KEY...

`write` keeps a digest by case: N random days (20,000) and every question of tests/days.py, one line each. `compare`
asks the first N of the days that a file has and all of its questions again, counts what is equal and what changed, and
shows the first cases whose decision changed: what was asked, and both decisions where the checkout that wrote the file
is named. Exit 1 where a decision changed. `sample` writes the file that the suite compares with. `show` prints cases.

A decision is what a claim rests on: codes, units, modifiers, verdicts, severities, rule ids, lines, edits, amounts. The
words are everything else of the JSON but the hash of the rule base. A new key of an answer counts as words until
DECISIONS names it.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from datetime import date
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from days import SEED, Days, Document

from cptcli.cms.tables import Tables, open_tables
from cptcli.errors import CptError
from cptcli.rulebook.book import RuleBook
from cptcli.rulebook.compiled import open_rules

try:
    from cptcli.advice.question import Typed
    from cptcli.api import decision
    from cptcli.model.visit import Visit
    from cptcli.plan.plans import Plans
    from cptcli.plan.questions import Questions
    from cptcli.visit.check import answer
    from cptcli.visit.decide import decide
    from cptcli.visit.tidying import tidied
except ImportError:  # an older checkout, which tests/bench/decide.py measures beside this one
    from cptcli.advice.asking import Typed, understand
    from cptcli.visit_model import Visit

    from cptcli.advice.suggest import suggest
    from cptcli.visit.check import check
    from cptcli.visit.reading import tidied

    Plans = None

TODAY = date(2026, 11, 23)
SAMPLE = Path(__file__).parent / "digests" / "sample.txt"
DAYS = 20_000
_SAMPLED = (300, 200)  # days and questions of the sample
_SHOWN = 5
_PROCESSES = 2

# The keys of an answer that are decisions, wherever they stand; a list or an object under one is looked into.
DECISIONS = frozenset((
    "allowed", "amount", "amounts", "answered_by", "applied", "branches", "bucket", "candidate", "chain", "charge",
    "chosen", "claim_code", "claim_lines", "code", "codes", "column1", "column2", "conversion_factor", "coverage",
    "decided", "denied", "diagnoses", "discipline", "disputed", "edition", "edits", "fee", "findings",
    "given_modifiers", "given_units", "hit", "id", "indicator", "layer", "line", "lines", "locality", "minutes",
    "modifier", "modifiers", "one_of", "option", "options", "over", "paid", "patient", "payer", "reduced_units",
    "release", "replaces", "required", "resolved", "revenue_code", "review", "rule", "ruled_by_payer", "rules",
    "severity", "state", "steps", "table", "tables", "thresholds", "ties", "timed", "timed_minutes", "timed_units",
    "today", "total_minutes", "unit_rule", "unit_rules", "units", "usual", "verdict", "weak", "year_to_date",
))  # fmt: skip
_WHETHER = frozenset(("weak", "resolved"))  # words whose being there is the decision
_WHOLE = frozenset(("units",))  # objects whose keys are codes


class Digest(NamedTuple):
    """What a file keeps of a case."""

    decision: str
    words: str


class Asked(NamedTuple):
    """A case with its answer in two parts; `crashed` when it ended in an error that is no user's."""

    key: str
    document: Document
    decision: Any
    words: Any
    crashed: bool

    @property
    def digest(self) -> Digest:
        """The digests of both parts."""
        return Digest(_digest(self.decision), _digest(self.words))


class Desk:
    """The one place where the tests of deciding ask: what is opened once, and how a document is answered."""

    def __init__(self) -> None:
        self.book: RuleBook = open_rules()
        self.tables: Tables = open_tables(shipped_alone=True)
        self.plans = Plans(self.book, self.tables, TODAY) if Plans else None
        self.questions = Questions(self.book, TODAY) if Plans else None

    def check(self, document: Document) -> msgspec.Struct:
        """The answer about a day."""
        visit = tidied(msgspec.convert(document, Visit), "the visit")
        return answer(decide(self.plans, visit)) if self.plans else check(self.book, self.tables, visit, TODAY)

    def decide(self, document: Document) -> object:
        """The decision about a day, without words."""
        return decision(decide(self.plans, tidied(msgspec.convert(document, Visit), "the visit")))

    def suggest(self, document: Document) -> msgspec.Struct:
        """The answer to a question."""
        typed = msgspec.convert(document, Typed)
        return self.questions.answer(typed) if Plans else suggest(self.book, understand(self.book, typed), TODAY)


# ----------------------------------------------------------------------------------------------------- two parts


def apart(value: Any) -> tuple[Any, Any]:
    """A JSON value as what is decided of it, and the rest."""
    if isinstance(value, list | tuple):
        both = [apart(each) for each in value]
        return [one for one, _ in both], [other for _, other in both]
    if not isinstance(value, dict):
        return value, None
    decision, words = {}, {}
    for key, held in value.items():
        if key == "rulebook":
            continue
        if key not in DECISIONS:
            words[key] = held
        elif key in _WHETHER and not isinstance(held, bool):
            decision[key], words[key] = held is not None, held
        elif key in _WHOLE and _is_by_code(held):
            decision[key] = held
        else:
            decision[key], rest = apart(held)
            if isinstance(held, dict | list | tuple):
                words[key] = rest
    return decision, words


def _is_by_code(value: Any) -> bool:
    return isinstance(value, dict) and "timed" not in value


def _digest(value: Any) -> str:
    raw = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.blake2b(raw.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()


def document_of(days: Days, key: str) -> Document:
    """What a case asks, by its key."""
    return days.question(key) if key.startswith("suggest ") else days.day(key)


def ask(desk: Desk, key: str, document: Document) -> Asked:
    """The answer to a case, or the error that it is told."""
    try:
        answer = (desk.suggest if key.startswith("suggest ") else desk.check)(document)
    except (CptError, msgspec.ValidationError) as error:
        facts = getattr(error, "facts", {})
        decision = {"error": type(error).__name__, "kind": getattr(error, "kind", None), "option": facts.get("option")}
        return Asked(key, document, decision, {"says": str(error), "facts": repr(facts)}, crashed=False)
    except Exception as error:  # a fault; it is a case like any other
        return Asked(key, document, {"crash": type(error).__name__}, {"says": str(error)}, crashed=True)
    return Asked(key, document, *apart(msgspec.to_builtins(answer)), crashed=False)


# --------------------------------------------------------------------------------------------- many, on two processes

_desk: Desk | None = None
_days: Days | None = None


def _open() -> None:
    global _desk, _days
    _desk = Desk()
    _days = Days(_desk.book)


def _one(key: str) -> tuple[str, Digest, bool]:
    assert _desk is not None
    assert _days is not None
    asked = ask(_desk, key, document_of(_days, key))
    return key, asked.digest, asked.crashed


def digests(keys: Iterable[str]) -> Iterator[tuple[str, Digest, bool]]:
    """Every case with its digests, in order, and whether it crashed."""
    with get_context("spawn").Pool(_PROCESSES, _open) as pool:
        yield from pool.imap(_one, keys, chunksize=64)


def all_keys(days: Days, number: int) -> list[str]:
    """The keys of so many random days and of every question."""
    return [*(f"day {each}" for each in range(number)), *days.questions()]


def sample_keys(days: Days) -> list[str]:
    """The keys of the suite's sample."""
    number, questions = _SAMPLED
    chosen = days.chance("sample").sample([*days.questions()], questions)
    return [*(f"day {each}" for each in range(number)), *sorted(chosen)]


def read(file: Path) -> dict[str, Digest]:
    """The digests of a file by key."""
    lines = (line.rsplit(" ", 2) for line in file.read_text().splitlines() if not line.startswith("#"))
    return {key: Digest(decision, words) for key, decision, words in lines}


def write(file: Path, keys: list[str]) -> int:
    """Write the digests of some cases; the number of those that crashed."""
    file.parent.mkdir(parents=True, exist_ok=True)
    crashes = []
    with file.open("w", newline="\n") as out:
        out.write(f"# seed {SEED}, today {TODAY}: key, digest of the decision, digest of the words\n")
        for key, digest, crashed in digests(keys):
            out.write(f"{key} {digest.decision} {digest.words}\n")
            crashes += [key] if crashed else []
    print(f"{file}: {len(keys):,} cases" + (f"; crashed: {', '.join(crashes[:_SHOWN])}" if crashes else ""))
    return len(crashes)


def compare(file: Path, most_days: int, before: Path | None) -> int:
    """Ask the cases of a file again and print what changed; the number of changed decisions."""
    stored = read(file)
    keys = [key for key in stored if not key.startswith("day ") or int(key[4:]) < most_days]
    decided, worded, crashes = [], [], []
    for key, digest, crashed in digests(keys):
        if digest.decision != stored[key].decision:
            decided.append(key)
        elif digest.words != stored[key].words:
            worded.append(key)
        crashes += [key] if crashed else []
    equal = len(keys) - len(decided) - len(worded)
    print(f"{equal:,} equal, {len(decided):,} decision changed, {len(worded):,} words alone changed")
    for what, some in (("decision changed", decided), ("words alone changed", worded), ("crashed", crashes)):
        if some:
            print(f"{what}: {', '.join(some[:_SHOWN])}{', ...' if len(some) > _SHOWN else ''}")
    show(decided[:_SHOWN], before)
    return len(decided)


# ------------------------------------------------------------------------------------------------- to look at


def answers_of(checkout: Path, cases: list[tuple[str, Document]]) -> list[Asked]:
    """What the code and rules of another checkout answer to the same documents."""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(checkout.resolve()), str(Path(__file__).parent)])}
    ran = subprocess.run(
        [sys.executable, __file__, "answer"], input=json.dumps(cases).encode(), env=env, capture_output=True, check=True
    )
    return [Asked(*each) for each in json.loads(ran.stdout)]


def show(keys: list[str], before: Path | None) -> None:
    """Print what some cases ask and decide; with another checkout, what it decided, line by line."""
    from difflib import unified_diff

    if not keys:
        return
    desk = Desk()
    days = Days(desk.book)
    cases = [(key, document_of(days, key)) for key in keys]
    now = [ask(desk, *case) for case in cases]
    old = answers_of(before, cases) if before else [None] * len(now)
    for each, was in zip(now, old, strict=True):
        print(f"\n== {each.key}\n{json.dumps(each.document)}")
        if was is None:
            print(_pretty(each.decision))
        else:
            print("\n".join(unified_diff(_pretty(was.decision).splitlines(), _pretty(each.decision).splitlines(),
                                         "before", "now", lineterm="", n=4)) or "the same decision")  # fmt: skip
    if not before:
        print("\nFor what was decided before: --before CHECKOUT, one of the commit that wrote the digests.")


def _pretty(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False)


def main() -> int:
    """Do what is asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("write", "compare", "sample", "show", "answer"))
    parser.add_argument("names", nargs="*", metavar="FILE|KEY")
    parser.add_argument("--days", type=int, default=DAYS)
    parser.add_argument("--before", type=Path)
    asked = parser.parse_args()
    if asked.what == "answer":  # of this checkout to another one's `show`
        desk = Desk()
        print(json.dumps([ask(desk, key, document) for key, document in json.load(sys.stdin)]))
        return 0
    if asked.what == "show":
        show(asked.names, asked.before)
        return 0
    days = Days(open_rules())
    if asked.what == "sample":
        return int(write(SAMPLE, sample_keys(days)) > 0)
    (file,) = map(Path, asked.names)
    if asked.what == "write":
        return int(write(file, all_keys(days, asked.days)) > 0)
    return int(compare(file, asked.days, asked.before) > 0)


if __name__ == "__main__":
    sys.exit(main())
