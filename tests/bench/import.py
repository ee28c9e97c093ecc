"""How long an import of the procedure-to-procedure edits takes, and how much memory, beside `csv` reading the same;
and whether `cpt check` starts as fast on what was imported as on what ships.

    python tests/bench/import.py [--rows N] [--keep DIR] [--strict]

Makes a set of four files as CMS publishes one for practitioners: its layout, its order, and as many pairs of one
column-1 code, dates and rationales as there are in 2024 Q3; 2.6 million rows by default. Measured in processes of their
own: the import of all four, `csv` reading all four and nothing else, the peak memory of an import of a tenth, and a
check of eight lines with the store and without. With --strict the exit code is 1 when a row is over its bound.
"""

import argparse
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROWS = 2_600_000
_READS = """import csv, sys
for name in sys.argv[1:]:
    with open(name, newline="", encoding="cp1252") as file:
        for row in csv.reader(file, delimiter="\\t"):
            pass
"""
_CHECK = [
    "check", "97110:25", "97140:15", "97530:15", "97112:15", "97116:15", "97035:10", "97012", "G0283",
    "--payer", "medicare", "--state", "SC", "--discipline", "PT", "--on", "2026-08-03",
]  # fmt: skip
_IMPORTS = "import sys; from cptcli.__main__ import main; sys.argv[0] = 'cpt'; main()"
_HEADER = (
    "CPT only copyright 2025 American Medical Association.  All rights reserved.\t\t\t\t\t\t\r\n"
    "Column1/Column2 Edits\t\t\t\t\t\t\r\n"
    "Column 1\tColumn 2\t*=in existence\tEffective\tDeletion\tModifier\tPTP Edit Rationale\r\n"
    "\t\tprior to 1996\tDate\tDate\t0=not allowed\t\r\n"
    "\t\t\t\t*=no data\t1=allowed\t\r\n"
    "\t\t\t\t\t9=not applicable\t\r\n"
)
_WHY = (
    "CPT Manual or CMS manual coding instruction", "Misuse of Column Two code with Column One code",
    "Standards of medical/surgical practice", "Standard preparation/monitoring services for anesthesia",
    "HCPCS/CPT procedure code definition", "Mutually exclusive procedures", "More extensive procedure",
    "CPT Separate procedure definition", "Anesthesia service included in surgical procedure", "Sequential procedure",
    "Laboratory panel", "Gender-specific procedures",
)  # fmt: skip


def made_codes(chance: random.Random) -> list[str]:
    """Some 14,000 codes of every shape, in the order of CMS's files."""
    numbers = {f"{number:05d}" for number in chance.sample(range(100, 99999), 10_000)}
    letters = {f"{letter}{number:04d}" for letter in "CDGJLQ" for number in chance.sample(range(9999), 600)}
    return sorted(numbers | letters | {f"{number:04d}{letter}" for letter in "AFMTU" for number in range(1, 120)})


def made_rows(codes: list[str], share: range, chance: random.Random) -> Iterator[str]:
    """The rows of some column-1 codes: quarters since 1996, a third of them ended, most pairs added together."""
    quarters = [f"{year}{month}01" for year in range(1996, 2027) for month in ("01", "04", "07", "10")][:123]
    ends = [f"{year}{day}" for year in range(1997, 2026) for day in ("0331", "0630", "0930", "1231")]
    for place in share:
        kinds = [
            (chance.choice(quarters), chance.choice(ends) if chance.random() < 0.33 else "*", chance.choice("001"),
             chance.choices(_WHY, range(len(_WHY), 0, -1))[0])
            for _ in range(24)
        ]  # fmt: skip
        for column2 in sorted(chance.sample(codes, 185)):
            starts, ended, indicator, why = chance.choice(kinds)
            old = "*" if starts == "19960101" and chance.random() < 0.5 else ""
            yield f"{codes[place]}\t{column2}\t{old}\t{starts}\t{ended}\t{indicator}\t{why}\r\n"


def make(folder: Path, rows: int) -> list[Path]:
    """Four files of together so many rows."""
    chance = random.Random(rows)
    codes = made_codes(chance)
    files = []
    for part in range(4):
        each = rows // 4 // 185
        begin = part * (len(codes) // 4)
        file = folder / f"ccipra-v322r0-f{part + 1}.TXT"
        with file.open("w", encoding="cp1252", newline="") as out:
            out.write(_HEADER)
            out.writelines(made_rows(codes, range(begin, begin + min(each, len(codes) // 4)), chance))
        files.append(file)
    return files


def measured(command: list[str], env: dict[str, str]) -> tuple[float, float, float]:
    """Seconds, seconds of processor time and peak memory in MiB of one process."""
    read, write = os.pipe()
    start = time.perf_counter()
    child = os.fork()
    if not child:  # so that the peak is that of this one process, not of the largest child so far
        ran = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        os.write(write, f"{ran.returncode} {used.ru_utime + used.ru_stime} {used.ru_maxrss / 1024}\n".encode())
        os.write(2, ran.stderr if ran.returncode else b"")
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as told:
        code, processor, peak = told.read().split()
    os.waitpid(child, 0)
    seconds = time.perf_counter() - start
    if int(code) > 1:  # 1: checked, with findings
        raise SystemExit(f"{command} ended with {code}")
    return seconds, float(processor), float(peak)


def main() -> int:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--keep", type=Path, help="leave files and store there")
    parser.add_argument("--strict", action="store_true")
    asked = parser.parse_args()
    folder = asked.keep or Path(tempfile.mkdtemp())
    (folder / "tenth").mkdir(parents=True, exist_ok=True)
    whole, tenth = make(folder, asked.rows), make(folder / "tenth", asked.rows // 10)
    rows = sum(1 for file in whole for _ in file.open("rb")) - 24
    size = sum(file.stat().st_size for file in whole)
    env = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache"), "HOME": str(folder)}
    python = [sys.executable, "-c"]

    def imported(files: list[Path], store: str) -> tuple[float, float, float]:
        shutil.rmtree(folder / store, ignore_errors=True)
        command = [*python, _IMPORTS, "data", "import", *map(str, files)]
        return measured(command, {**env, "CPT_DATA": str(folder / store)})

    reads = [*python, _READS, *map(str, whole)]
    measured(reads, env)  # warms the machine's cache
    imported(tenth, "warm")  # and ours
    csv = [measured(reads, env) for _ in range(3)]
    taken = [imported(whole, "store") for _ in range(3)]
    small = imported(tenth, "small")
    store = (folder / "store" / "cms.sqlite").stat().st_size
    checked: dict[str, list[float]] = {"store": [], "none": []}
    for turn in range(12):  # in turn, so that a machine that slows down slows both; the first warms the caches
        for where, times in checked.items():
            took = measured([*python, _IMPORTS, *_CHECK], {**env, "CPT_DATA": str(folder / where)})
            times += [took[1]] if turn else []
    ratio = sorted(each[1] for each in taken)[1] / sorted(each[1] for each in csv)[1]
    grown = taken[0][2] / small[2]
    print(f"{rows:,} rows, {size / 2**20:.0f} MiB in four files; store {store / 2**20:.0f} MiB")
    print(f"{'':<34}{'seconds':>9}{'processor':>11}{'MiB':>7}")
    for what, (seconds, processor, peak) in (
        ("csv reading", sorted(csv)[1]), ("import", sorted(taken)[1]), ("import of a tenth", small),
    ):  # fmt: skip
        print(f"{what:<34}{seconds:>9.2f}{processor:>11.2f}{peak:>7.1f}")
    full, shipped = (sorted(times)[len(times) // 2] for times in checked.values())
    over = [ratio > 4, grown > 1.1, full / shipped > 1.3]
    for what, processor in (("check of eight lines, imported", full), ("check of eight lines, shipped", shipped)):
        print(f"{what:<34}{'':>9}{processor:>11.2f}")
    print(f"{'import to csv reading':<34}{ratio:>9.2f}   at most 4    {'over' if over[0] else 'ok'}")
    print(f"{'peak memory, whole to a tenth':<34}{grown:>9.2f}   at most 1.1  {'over' if over[1] else 'ok'}")
    print(f"{'check, imported to shipped':<34}{full / shipped:>9.2f}   at most 1.3  {'over' if over[2] else 'ok'}")
    if not asked.keep:
        shutil.rmtree(folder)
    return int(asked.strict and any(over))


if __name__ == "__main__":
    sys.exit(main())
