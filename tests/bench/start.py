"""How long a start of `cpt` takes, as ratios to `python -c pass` in the same run.

    python tests/bench/start.py [CPT] [--runs N] [--strict]

CPT is the executable to measure, by default the one beside this Python, else `python -m cptcli`. Each row is the median
of N runs, all rows taking turns, so that a busy moment of the machine touches them alike. With --strict the exit code
is 1 when a row is over its bound.
"""

import argparse
import fcntl
import os
import pty
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

HELLO = """import typer
app = typer.Typer()
@app.command()
def one(name: str = "you") -> None: print(name)
@app.command()
def two(times: int = 1) -> None: print(times)
app()
"""
ANODYNE = ["suggest", "--device", "anodyne", "--payer", "palmetto"]
EIGHT = [
    "check", "97110:25", "97140:15", "97530:15", "97112:15", "97116:15", "97035:10", "97012", "G0283",
    "--payer", "medicare", "--state", "SC", "--discipline", "PT", "--on", "2025-10-15",
]  # fmt: skip


class Row(NamedTuple):
    """One start to measure, and the most it may take."""

    what: str
    run: Callable[[], None]
    bound: float | None


def piped(command: list[str], env: dict[str, str]) -> None:
    """Run to the end with stdout in a pipe; a check with findings ends in 1."""
    ran = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if ran.returncode > 1:
        raise subprocess.CalledProcessError(ran.returncode, command)


def at_terminal(command: list[str], env: dict[str, str]) -> None:
    """Run to the end at a terminal of 80 columns that shows color."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 80, 0, 0))
    process = subprocess.Popen(command, env=env, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    try:
        while os.read(ours, 65536):
            pass
    except OSError:
        pass  # the end of a terminal whose last process has left
    os.close(ours)
    if process.wait():
        raise subprocess.CalledProcessError(process.returncode, command)


def on_cold_cache(command: list[str], env: dict[str, str]) -> None:
    """Run to the end with nothing compiled before."""
    cold = tempfile.mkdtemp()
    piped(command, env | {"XDG_CACHE_HOME": cold})
    shutil.rmtree(cold)


def rows(python: str, cpt: list[str], folder: Path) -> list[Row]:
    """Every start that is measured; the bounds are those of the design."""
    hello = folder / "hello.py"
    hello.write_text(HELLO)
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "XDG_CACHE_HOME": str(folder / "cache"),
        "TERM": "xterm-256color",
    }
    if "PYTHONPATH" in os.environ:
        env["PYTHONPATH"] = os.environ["PYTHONPATH"]
    completing = env | {"_CPT_COMPLETE": "complete_bash", "COMP_WORDS": "cpt suggest --device ano", "COMP_CWORD": "3"}
    lookup = [*cpt, "lookup", "97026"]
    return [
        Row("python -c pass", lambda: piped([python, "-c", "pass"], env), None),
        Row("typer, two commands", lambda: piped([python, str(hello), "one"], env), None),
        Row("cpt --version", lambda: piped([*cpt, "--version"], env), 7),
        Row("completion of a device", lambda: piped(cpt, completing), 7),
        Row("cpt lookup 97026, piped", lambda: piped(lookup, env), 8.5),
        Row("cpt suggest, piped", lambda: piped([*cpt, *ANODYNE], env), 8.5),
        Row("cpt suggest --json", lambda: piped([*cpt, *ANODYNE, "--json"], env), 8.5),
        Row("cpt check, eight lines, piped", lambda: piped([*cpt, *EIGHT], env), None),
        Row("cpt lookup 97026, at a terminal", lambda: at_terminal(lookup, env), 12),
        Row("cpt suggest, at a terminal", lambda: at_terminal([*cpt, *ANODYNE], env), 12),
        Row("cpt lookup 97026, cold cache", lambda: on_cold_cache(lookup, env), None),
    ]


def main() -> int:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cpt", nargs="?", type=Path, default=Path(sys.executable).parent / "cpt")
    parser.add_argument("--runs", type=int, default=21)
    parser.add_argument("--strict", action="store_true")
    asked = parser.parse_args()
    beside = asked.cpt.parent / "python"
    python = str(beside) if asked.cpt.exists() and beside.exists() else sys.executable
    cpt = [str(asked.cpt)] if asked.cpt.exists() else [sys.executable, "-m", "cptcli"]
    folder = Path(tempfile.mkdtemp())
    measured = rows(python, cpt, folder)
    taken: dict[str, list[float]] = {row.what: [] for row in measured}
    for turn in range(asked.runs + 2):  # the first two warm the machine's caches and ours
        for row in measured:
            start = time.perf_counter()
            row.run()
            if turn > 1:
                taken[row.what].append(time.perf_counter() - start)
    shutil.rmtree(folder)
    medians = {what: statistics.median(times) for what, times in taken.items()}
    one = medians["python -c pass"]
    over = 0
    print(f"{'start':<34}{'ms':>8}{'ratio':>8}{'at most':>9}")
    for row in measured:
        ratio = medians[row.what] / one
        verdict = "" if row.bound is None else "ok" if ratio <= row.bound else "over"
        over += verdict == "over"
        bound = "" if row.bound is None else f"{row.bound:g}"
        print(f"{row.what:<34}{medians[row.what] * 1000:>8.1f}{ratio:>8.2f}{bound:>9}  {verdict}".rstrip())
    print(f"{asked.runs} runs of {' '.join(cpt)}; {over} over")
    return int(asked.strict and over > 0)


if __name__ == "__main__":
    sys.exit(main())
