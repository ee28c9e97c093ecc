"""How fast days and questions are decided in a warm process, against reading and writing a charge file, in one run.

    python tests/bench/decide.py [--days N] [--questions N] [--before CHECKOUT] [--runs N] [--profile]

The floor is a line of a charge file: ten columns read with csv, one look-up in a dict, written with csv. A day has four
lines at Medicare or a contractor, with payers, places, quarters, codes, providers and diagnoses at random; its whole
answer is encoded as JSON. A question is one of `cpt suggest`. With --before the same documents are asked of another
checkout too, by turns, so that a busy moment of the machine touches both alike. Times are the processor's, of
each document that of the fastest of N runs. --profile prints where the time of the days goes.
"""

import argparse
import csv
import io
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import msgspec
from days import Days, Document
from digests import Desk

LINES = 4  # of a day
_WARM = 200  # days and questions that are asked before the clock starts: a plan holds what a state and a release have


def floor(lines: int) -> float:
    """Seconds for a line of a charge file that is read, looked up and written."""
    chance = Random(lines)
    codes = [f"{chance.randrange(97000, 97800)}" for _ in range(lines)]
    file = io.StringIO()
    csv.writer(file).writerows(
        (number, "DOE, J", "2026-03-02", code, "GP", "", 15, 1, "90.00", "medicare")
        for number, code in enumerate(codes)
    )
    prices = {f"{code}": str(code) for code in range(97000, 97800)}
    file.seek(0)
    start = time.process_time()
    out = csv.writer(io.StringIO())
    for row in csv.reader(file):
        out.writerow([*row, prices.get(row[3])])
    return (time.process_time() - start) / lines


def asked_of(number: int, questions: int) -> dict[str, list[Document]]:
    """The documents of a run."""
    days = Days(Desk().book)
    return {
        "day": [days.medicare_day(f"bench {each}") for each in range(number + _WARM)],
        "question": [days.clinic_question(f"bench {each}") for each in range(questions + _WARM)],
    }


def measure(asked: dict[str, list[Document]]) -> dict[str, list[float]]:
    """Seconds of each document of each kind; each is asked once."""
    desk = Desk()
    taken: dict[str, list[float]] = {}
    for kind, ask in {"day": desk.check, "question": desk.suggest}.items():
        for document in asked[kind][:_WARM]:
            _whole(ask, document)
        taken[kind] = []
        for document in asked[kind][_WARM:]:
            start = time.process_time()
            _whole(ask, document)
            taken[kind].append(time.process_time() - start)
    return taken


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
        _whole(desk.check, document)
    profiler = cProfile.Profile()
    profiler.enable()
    for document in asked["day"][_WARM:]:
        _whole(desk.check, document)
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
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(json.load(sys.stdin))))
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
    best = {name: {kind: _least([run[kind] for run in runs]) for kind in asked} for name, runs in taken.items()}
    print(f"floor, a line: {one * 1e6:.2f} microseconds, {1 / one:,.0f} a second\n")
    heads = f"{'':<9}{'a second':>22}{'lines a second':>16}{'floors a line':>15}"
    print(heads + ("   times before" if options.before else ""))
    for kind, many in (("day", LINES), ("question", 1)):
        for name, rates in best.items():
            seconds = rates[kind]
            faster = f"{best['before'][kind] / seconds:>15.2f}" if options.before else ""
            rate = f"{1 / seconds:>12,.0f}{many / seconds:>16,.0f}{seconds / many / one:>15,.0f}"
            print(f"{name:<9}{kind:<10}{rate}{faster}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
