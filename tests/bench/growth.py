"""How much slower a start is when the rule base is ten times as large, and what it takes to compile it.

Not a test: `python tests/bench/growth.py` prints a table of ratios within one run. Both rule bases are read in the
form that a wheel carries.
"""

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from msgspec import structs

from cptcli.model.devices import Device, Manufacturer, Modality
from cptcli.model.rules import Payer
from cptcli.rulebook.compiled import BUILT, compile_parts
from cptcli.rulebook.files import Files
from cptcli.rulebook.load import Parts

TOP = Path(__file__).resolve().parents[2]
RUNS = 21
TIMES = 10
BOUND = 1.15
COMMANDS = (
    ["lookup", "97026"],
    ["suggest", "--device", "anodyne", "--payer", "palmetto", "--json"],
    ["lookup", "cold laser"],
)


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        places = []
        for times in (1, TIMES):
            place = Path(folder) / str(times)
            shutil.copytree(TOP / "cptcli", place / "cptcli", ignore=shutil.ignore_patterns("__pycache__"))
            (place / "cptcli" / "_rules").mkdir()
            parts = _times(times)
            start = time.perf_counter()
            encoded = compile_parts(parts, "0" * 64, None)
            took = time.perf_counter() - start
            (place / "cptcli" / "_rules" / BUILT).write_bytes(encoded)
            places.append(place)
            print(f"{times:>3} times: {len(parts.rules):,} rules, {len(encoded):,} bytes, compiled in {took:.2f} s")
        print(f"\n{'a start with the rule base ' + str(TIMES) + ' times as large':<62}{'of itself':>10}{'at most':>9}")
        for command in COMMANDS:
            ratio = _ratio(places, command)
            verdict = "ok" if ratio <= BOUND else "over"
            print(f"{'cpt ' + ' '.join(command):<62}{ratio:>10.2f}{BOUND:>9.2f}  {verdict}")


def _ratio(places: list[Path], command: list[str]) -> float:
    """The median of pairwise ratios, the runs taken in turn."""
    spent: list[list[float]] = [[], []]
    for run in range(RUNS + 2):
        for number, place in enumerate(places):
            start = time.perf_counter()
            subprocess.run([sys.executable, "-m", "cptcli", *command], cwd=place, stdout=subprocess.DEVNULL, check=True)
            if run > 1:
                spent[number].append(time.perf_counter() - start)
    return statistics.median(large / small for small, large in zip(*spent, strict=True))


def _times(times: int) -> Parts:
    """The shipped rules, with copies of every payer, rule, device and treatment under other names."""
    parts = Parts()
    parts.add(Files(TOP / "rules"))
    shipped = [
        dict(shelf) for shelf in (parts.payers, parts.rules, parts.manufacturers, parts.devices, parts.modalities)
    ]
    payers, rules, manufacturers, devices, modalities = shipped
    for copy in range(1, times):
        for key, payer in payers.items():
            parent = f"{payer.parent}-c{copy}" if payer.parent else None
            parts.payers[f"{key}-c{copy}"] = structs.replace(payer, **_called(payer, copy), parent=parent, states=())
        for key, rule in rules.items():
            replaces = tuple(f"{each}-c{copy}" if each in rules else each for each in rule.replaces)
            parts.rules[f"{key}-c{copy}"] = structs.replace(
                rule, id=f"{key}-c{copy}", payer=f"{rule.payer}-c{copy}", replaces=replaces, examples=()
            )
        for key, manufacturer in manufacturers.items():
            parts.manufacturers[f"{key}-c{copy}"] = structs.replace(
                manufacturer, **_called(manufacturer, copy), devices=()
            )
        for key, device in devices.items():
            models = tuple(f"{name} of copy {copy}" for name in device.models)
            parts.devices[f"{key}-c{copy}"] = structs.replace(device, **_called(device, copy), models=models)
            parts.manufacturer_of[f"{key}-c{copy}"] = f"{parts.manufacturer_of[key]}-c{copy}"
        for key, modality in modalities.items():
            parts.modalities[f"{key}-c{copy}"] = structs.replace(modality, **_called(modality, copy))
    return parts


def _called(noun: Payer | Manufacturer | Device | Modality, copy: int) -> dict[str, object]:
    names = tuple(f"{name} of copy {copy}" for name in noun.also_called)
    held: dict[str, object] = {"id": f"{noun.id}-c{copy}", "name": f"{noun.name} of copy {copy}", "also_called": names}
    return held | ({"misspelled": ()} if isinstance(noun, Manufacturer | Device) else {})


if __name__ == "__main__":
    main()
