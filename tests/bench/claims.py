"""How long reading an 837P takes, as a ratio to splitting the same file and touching each element, in one run.

    python tests/bench/claims.py [FILE] [--copies N] [--runs N] [--strict]

FILE is an 837P; without one, a made-up month of therapy claims with different patients, days and charges is used. The
floor splits the text on its terminator and every segment on its element separator, and touches each element. Both read
the same bytes from memory; each number is the least processor time of N runs, taken in turns. Memory is the highest
that Python allocated while reading one copy and ten. With --strict the exit code is 1 when a bound is broken.
"""

import argparse
import io
import random
import sys
import time
import tracemalloc
from pathlib import Path

from cptcli.claims.x12 import Reader

FEES = (("97110:GP", 45), ("97140:GP:59", 42), ("97530:GP", 48), ("97112:GP:KX", 46), ("G0283:GP", 18))
MOST = 1.6  # times the floor
MOST_MEMORY = 1.1  # ten copies against one


def made_up(claims: int) -> bytes:
    """Return an 837P of therapy claims; every name and number is invented."""
    pick = random.Random(7)
    isa = "ISA*00*          *00*          *ZZ*MADEUP         *ZZ*MADEUP         *260105*0930*^*00501*000000001*0*T*:~"
    parts = [isa, "GS*HC*MADEUP*MADEUP*20260105*0930*1*X*005010X222A1~", "ST*837*0001*005010X222A1~"]
    parts += ["BHT*0019*00*B1*20260105*0930*CH~", "HL*1**20*1~", "NM1*85*2*MADE UP*****XX*1234567893~"]
    for number in range(claims):
        lines = pick.randint(2, 5)
        billed = [(*pick.choice(FEES), pick.randint(1, 4)) for _ in range(lines)]
        parts += [
            f"HL*{number + 2}*1*22*0~", "SBR*P*18*******MB~", f"NM1*IL*1*TEST{number}*MADEUP****MI*T{number:08}~",
            f"N3*{number} TEST WAY~", "N4*TESTVILLE*OH*43215~", "DMG*D8*19500101*F~",
            "NM1*PR*2*TEST PAYER*****PI*MADEUP1~",
            f"CLM*C{number}*{sum(fee * units for _, fee, units in billed)}***11:B:1*Y*A*Y*Y~",
            f"HI*ABK:M54{pick.randint(10, 99)}*ABF:M25{pick.randint(100, 999)}~",
            "NM1*82*1*TEST*MADEUP****XX*1111111111~", "PRV*PE*PXC*225100000X~",
        ]  # fmt: skip
        for line, (code, fee, units) in enumerate(billed, 1):
            parts += [
                f"LX*{line}~", f"SV1*HC:{code}*{fee * units}*UN*{units}***{pick.choice(('1', '1:2', '2'))}~",
                f"DTP*472*D8*202601{pick.randint(1, 31):02}~", f"REF*6R*C{number}-{line}~",
            ]  # fmt: skip
    parts += [f"SE*{len(parts) - 1}*0001~", "GE*1*1~", "IEA*1*000000001~"]
    return "\n".join(parts).encode()


def floor(content: bytes) -> int:
    """Return the number of characters in all elements: what the split and one touch of each cost."""
    text = content.decode()
    element, terminator = text[3], text[105]
    touched = 0
    for segment in text.split(terminator):
        for value in segment.split(element):
            touched += len(value)
    return touched


def light_floor(content: bytes) -> int:
    """Return the number of elements: the split alone."""
    text = content.decode()
    element, terminator = text[3], text[105]
    return sum(len(segment.split(element)) for segment in text.split(terminator))


def read(content: bytes) -> tuple[int, int]:
    """Return how many segments and service lines the reader finds."""
    reader = Reader(io.BytesIO(content), "bench")
    lines = sum(1 for _ in reader)
    return reader.segments, lines


def best(function: object, content: bytes) -> float:
    """Return how long one call takes."""
    start = time.process_time()
    function(content)  # type: ignore[operator]
    return time.process_time() - start


def highest(content: bytes) -> int:
    """Return the most bytes that Python allocated while reading."""
    tracemalloc.start()
    read(content)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak


def main() -> int:
    """Print the table; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", nargs="?", type=Path)
    parser.add_argument("--copies", type=int, default=1)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--strict", action="store_true")
    given = parser.parse_args()
    content = (given.file.read_bytes() if given.file else made_up(6000)) * given.copies
    times: dict[str, float] = {}
    for _ in range(given.runs):
        for name, function in (("split and touch", floor), ("split alone", light_floor), ("read lines", read)):
            times[name] = min(times.get(name, 1e9), best(function, content))
    segments, lines = read(content)
    print(f"{len(content):,} bytes, {segments:,} segments, {lines:,} service lines")
    for name, seconds in times.items():
        ratio = seconds / times["split and touch"]
        print(f"{name:16} {segments / seconds:12,.0f} segments/s   {ratio:5.2f} of split and touch")
    small = made_up(9000)
    read(small)  # fills what is kept, which is bounded
    memory = highest(small * 10) / highest(small)
    print(f"memory, ten copies against one: {memory:.2f}")
    ratio = times["read lines"] / times["split and touch"]
    return int(given.strict and (ratio > MOST or memory > MOST_MEMORY))


if __name__ == "__main__":
    sys.exit(main())
