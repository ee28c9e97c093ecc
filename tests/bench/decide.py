"""How fast days and questions are decided in a warm process, against reading and writing a charge file, in one run.

    python tests/bench/decide.py [--days N] [--questions N] [--before CHECKOUT] [--runs N] [--profile]
    python tests/bench/decide.py --memory N

The floor is a line of a charge file: ten columns read with csv, one look-up in a dict, written with csv to a file. A
day has four lines at Medicare or a contractor, with payers, places, quarters, codes, providers and diagnoses at random.
`decide` is its decision without words, `day` its whole answer encoded as JSON; the days that are measured were not
asked before. `question` is one of `cpt suggest` that was not asked before; `again` one that was asked before, of
another day. With --before the same documents are asked of another checkout too, by turns, so that a busy moment of the
machine touches both alike. Times are the processor's, of each document that of the fastest of N runs. --profile prints
where the time of the days goes; --memory decides N random days in one process and prints its memory as it goes.
"""

import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import msgspec
from days import Days, Document
from digests import Desk

LINES = 4  # of a day
_WARM = 4_000  # days that are asked before the clock starts, so that the plans have met most codes
_WARM_BEFORE = 200  # the same of a checkout without plans


def floor(lines: int) -> float:
    """Seconds for a line of a charge file that is read, looked up and written."""
    chance = Random(lines)
    prices = {f"{code}": str(code) for code in range(97000, 97800)}
    with tempfile.TemporaryDirectory() as folder:
        charges, out = Path(folder, "charges.csv"), Path(folder, "out.csv")
        with charges.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(
                (
                    number,
                    "DOE, J",
                    "1950-01-02",
                    "2026-03-02",
                    chance.randrange(97000, 97800),
                    "GP",
                    15,
                    1,
                    "90.00",
                    "medicare",
                )
                for number in range(lines)
            )
        start = time.process_time()
        with (
            charges.open(newline="", encoding="utf-8") as given,
            out.open("w", newline="", encoding="utf-8") as written,
        ):
            writer = csv.writer(written)
            for row in csv.reader(given):
                writer.writerow([*row, prices.get(row[4])])
        return (time.process_time() - start) / lines


def asked_of(number: int, questions: int) -> dict[str, list[Document]]:
    """The documents of a run."""
    days = Days(Desk().book)
    return {
        "day": [days.medicare_day(f"bench {each}") for each in range(number + _WARM)],
        "question": [days.clinic_question(f"bench {each}") for each in range(questions)],
    }


def measure(asked: dict[str, list[Document]]) -> dict[str, list[float]]:
    """Seconds of each document of each kind."""
    desk = Desk()
    warm = _WARM if desk.plans else _WARM_BEFORE
    days, questions = asked["day"], asked["question"]
    for document in days[:warm]:
        _whole(desk.check, document)
    taken = {"day": _seconds(lambda each: _whole(desk.check, each), days[_WARM:])}
    if desk.plans:
        taken["decide"] = _seconds(lambda each: _decided(desk, each), days[_WARM:])
    for document in questions[:50]:
        _whole(desk.suggest, {**document, "payer": "other"})
    taken["question"] = _seconds(lambda each: _whole(desk.suggest, each), questions)
    other_day = [{**each, "on": f"2026-11-{1 + place % 20:02}"} for place, each in enumerate(questions)]
    for document in other_day:
        _whole(desk.suggest, {**document, "on": "2026-11-23"})
    taken["again"] = _seconds(lambda each: _whole(desk.suggest, each), other_day)
    return taken


def _seconds(ask: Callable[[Document], object], documents: list[Document]) -> list[float]:
    taken = []
    for document in documents:
        start = time.process_time()
        ask(document)
        taken.append(time.process_time() - start)
    return taken


def _decided(desk: Desk, document: Document) -> object:
    """The decision without words."""
    from cptcli.errors import CptError

    try:
        return desk.decide(document)
    except (CptError, msgspec.ValidationError) as error:
        return error


def memory(days: int) -> None:
    """Decide so many random days in one process and print its memory every tenth of the way."""
    import resource

    desk, chance = Desk(), Days(Desk().book)
    for number in range(days):
        _decided(desk, chance.day(f"memory {number}"))
        if (number + 1) % max(1, days // 10) == 0:
            used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(f"{number + 1:>12,} days {used:>8.0f} MB", flush=True)


def _whole(ask: Callable[[Document], msgspec.Struct], document: Document) -> bytes:
    """The whole answer, encoded; what a user would be told is an answer too."""
    from cptcli.errors import CptError

    try:
        return msgspec.json.encode(ask(document))
    except CptError as error:
        return str(error).encode()


def _least(runs: list[list[float]]) -> float:
    """Seconds of a document on average, of each the run in which it was fastest."""
    return statistics.fmean(map(min, zip(*runs, strict=True)))


def measured_in(checkout: Path, asked: dict[str, list[Document]]) -> dict[str, list[float]]:
    """The same of the code and rules of a checkout, in a process of its own."""
    env = {**os.environ, "PYTHONPATH": str(checkout.resolve())}
    ran = subprocess.run(
        [sys.executable, __file__, "--measure"], input=json.dumps(asked).encode(), env=env, stdout=subprocess.PIPE,
        check=True,
    )  # fmt: skip
    taken: dict[str, list[float]] = json.loads(ran.stdout)
    return taken


def profile(asked: dict[str, list[Document]]) -> None:
    """Print the functions in which the time of the days goes."""
    import cProfile
    import pstats

    desk = Desk()
    for document in asked["day"][:_WARM]:
        _decided(desk, document)
    profiler = cProfile.Profile()
    profiler.enable()
    for document in asked["day"][_WARM:]:
        _decided(desk, document)
    profiler.disable()
    for order in ("cumulative", "tottime"):
        pstats.Stats(profiler).strip_dirs().sort_stats(order).print_stats(25)


def main() -> int:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=200)
    parser.add_argument("--questions", type=int, default=400)
    parser.add_argument("--before", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--memory", type=int, metavar="N")
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(json.load(sys.stdin))))
        return 0
    if options.memory:
        memory(options.memory)
        return 0
    asked = asked_of(options.days, options.questions)
    if options.profile:
        profile(asked)
        return 0
    here = Path(__file__).resolve().parent.parent.parent
    checkouts = {"now": here, **({"before": options.before} if options.before else {})}
    taken: dict[str, list[dict[str, list[float]]]] = {name: [] for name in checkouts}
    lines = []
    for _ in range(options.runs):
        lines.append(floor(50_000))
        for name, checkout in checkouts.items():
            taken[name].append(measured_in(checkout, asked))
    one = min(lines)
    best = {name: {kind: _least([run[kind] for run in runs]) for kind in runs[0]} for name, runs in taken.items()}
    print(f"floor, a line: {one * 1e6:.2f} microseconds, {1 / one:,.0f} a second\n")
    heads = f"{'':<9}{'':<10}{'a second':>12}{'microseconds':>14}{'floors a line':>15}"
    print(heads + ("   times before" if options.before else ""))
    for kind in ("decide", "day", "question", "again"):
        for name, rates in best.items():
            if kind in rates:
                seconds = rates[kind]
                old = best["before"]["day" if kind == "decide" else kind] if options.before else 0
                many = LINES if kind in ("day", "decide") else 1
                faster = f"{old / seconds:>15.1f}" if options.before else ""
                print(f"{name:<9}{kind:<10}{1 / seconds:>12,.0f}{seconds * 1e6:>14,.0f}"
                      f"{seconds / many / one:>15,.0f}{faster}")  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
