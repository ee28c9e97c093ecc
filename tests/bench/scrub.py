"""How long `cpt scrub` takes a line, as a ratio to reading, one look-up and writing of the same file, in one run.

    python tests/bench/scrub.py [FILE] [--lines N] [--runs N] [--jobs] [--memory] [--strict]

The floor reads each row with csv, looks its code up in a dict and writes the row with one more cell. FILE is a charge
export that is repeated to N lines; without one, invented charges of a clinic are used, with patients, days, payers and
amounts at random. Both read and write files. Each number is the least processor time of N runs, taken in turns, start
and rule base included. --memory compares the highest memory of a process for N and for 10 N lines; --jobs the time on
the wall of one and of two processes, which needs two free cores. --strict makes a broken bound exit code 1.
"""

import argparse
import csv
import hashlib
import random
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

from cptcli.claims import columns
from cptcli.claims.recognize import open_input
from cptcli.claims.tables import open_table
from cptcli.model.scrub import ScrubSummary, Terms
from cptcli.scrub.run import Choice, Watch, scrub

TERMS = Terms(today=date(2026, 11, 23), usual_payer="medicare", state="SC")
MOST, MOST_MEMORY, LEAST_SPEEDUP = 2.5, 1.1, 1.7
CODES = (("97110", 45), ("97140", 42), ("97530", 48), ("97112", 46), ("G0283", 18), ("97035", 20), ("97010", 10))
HEADER = (
    "claim_id",
    "patient_id",
    "patient_name",
    "dos",
    "cpt",
    "mod1",
    "mod2",
    "units",
    "charge",
    "dx1",
    "payer",
    "npi",
)
PAYERS = ("Medicare", "Aetna", "Cigna", "Made Up Mutual")


def made_up(path: Path, lines: int) -> None:
    """Write invented charges; every name and number is invented."""
    pick = random.Random(14)
    with path.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(HEADER)
        number = claim = 0
        while number < lines:
            claim += 1
            day, payer = f"2026-{pick.randint(1, 10):02}-{pick.randint(1, 28):02}", pick.choice(PAYERS)
            dx = pick.choice(("M54.50", "M25.561", "S13.4XXA", "M62.81", "R26.2"))
            for code, fee in pick.sample(CODES, pick.randint(2, 5)):
                units = pick.choice((1, 1, 1, 2, 2, 3))
                modifier, charge = pick.choice(("GP", "GP", "GP", "")), fee * units + pick.randint(0, 9)
                of_claim = (f"V{claim}", f"P{claim % 5000}", "TESTLAST, TESTFIRST", day)
                out.writerow([*of_claim, code, modifier, "", units, f"{charge}.00", dx, payer, "1999999999"])
                number += 1


def repeated(source: Path, path: Path, lines: int) -> None:
    """Write the rows of a file again and again, its header once."""
    header, *rows = source.read_bytes().splitlines(keepends=True)
    whole = b"".join(rows)
    with path.open("wb") as file:
        file.write(header)
        for _ in range(max(1, lines // len(rows))):
            file.write(whole)


def code_column(path: Path) -> tuple[int, str]:
    """Return where the code is, and the delimiter, so that the floor looks up the same cell."""
    with open_input(str(path)) as opened:
        table = open_table(opened)
        found = columns.find(table.head(), opened.name)
        return found.bind(opened.name, table.oddities).places("code")[0], table.delimiter


def floor(path: Path, out: Path) -> None:
    """Read, look up, write."""
    at, delimiter = code_column(path)
    known = {code: str(fee) for code, fee in CODES}
    with (
        path.open(newline="", encoding="utf-8", errors="replace") as file,
        out.open("w", newline="", encoding="utf-8") as to,
    ):
        write = csv.writer(to, delimiter=delimiter).writerow
        for row in csv.reader(file, delimiter=delimiter):
            row.append(known.get(row[at] if at < len(row) else "", ""))
            write(row)


def run(path: Path, out: Path, **choice: object) -> ScrubSummary:
    """Check a whole file."""
    with out.open("wb") as to:
        return scrub([str(path)], TERMS, Choice(**choice), lambda name: (to.write, not to.tell()), Watch())


def processor(function: object, *given: object, **options: object) -> float:
    """Return the processor's seconds of one call."""
    start = time.process_time()
    function(*given, **options)  # type: ignore[operator]
    return time.process_time() - start


def highest(path: Path) -> int:
    """Return the highest memory of a process that checks a file, in kB."""
    code = (
        "import resource, sys; from pathlib import Path; sys.path.insert(0, sys.argv[3]); import scrub;"
        "scrub.run(Path(sys.argv[1]), Path(sys.argv[2]));"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    here = str(Path(__file__).parent)
    command = [sys.executable, "-c", code, str(path), str(path.with_suffix(".out")), here]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def wall(path: Path, out: Path, jobs: int) -> tuple[float, str]:
    """Return the seconds of a run on the wall, and the hash of what it wrote."""
    start = time.perf_counter()
    run(path, out, jobs=jobs)
    return time.perf_counter() - start, hashlib.sha256(out.read_bytes()).hexdigest()


def main() -> int:
    """Print the table; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", nargs="?", type=Path)
    parser.add_argument("--lines", type=int, default=200_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--jobs", action="store_true")
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--strict", action="store_true")
    given = parser.parse_args()
    broken = False

    def make(path: Path, lines: int) -> None:
        if given.file:
            repeated(given.file, path, lines)
        else:
            made_up(path, lines)

    with tempfile.TemporaryDirectory() as folder:
        path, out = Path(folder, "charges.csv"), Path(folder, "out.csv")
        make(path, given.lines)
        times: dict[str, float] = {}
        for _ in range(given.runs):
            times["read, look up, write"] = min(times.get("read, look up, write", 1e9), processor(floor, path, out))
            times["cpt scrub"] = min(times.get("cpt scrub", 1e9), processor(run, path, out))
        times["without the cache"] = processor(run, path, out, remember=False)
        done = run(path, out)
        lines, least = done.lines, times["read, look up, write"]
        hits = 1 - done.decided / done.days
        print(f"{lines:,} lines, {done.days:,} days, {done.decided:,} worked out: {hits:.1%} were known")
        for name, seconds in times.items():
            print(
                f"{name:22} {seconds / lines * 1e6:7.2f} us/line {lines / seconds:9,.0f} lines/s {seconds / least:6.2f}"
            )
        broken |= times["cpt scrub"] / least > MOST
        if given.memory:
            ten = Path(folder, "ten.csv")
            make(ten, given.lines * 10)
            few, many = highest(path), highest(ten)
            print(f"memory, ten times the lines: {many / few:.2f} ({few:,} and {many:,} kB)")
            broken |= many / few > MOST_MEMORY
        if given.jobs:
            one, two = wall(path, out, 1), wall(path, out, 2)
            same = "the same" if one[1] == two[1] else "OTHER"
            print(f"two processes: {one[0] / two[0]:.2f} times as fast, {same} bytes")
            broken |= one[0] / two[0] < LEAST_SPEEDUP or one[1] != two[1]
    return int(given.strict and broken)


if __name__ == "__main__":
    sys.exit(main())
