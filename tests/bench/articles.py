"""How long an import of the Medicare Coverage Database takes, and how much memory, beside `csv` reading the same rows.

    python tests/bench/articles.py [--share N] [--keep DIR] [--strict]

Makes a download of current articles of full size in CMS's layout: the tables and rows that were counted in 2026, a ZIP
in a ZIP. Measured in processes of their own: the import for the codes on file and with --all, `csv` reading the same
tables out of the same ZIP and nothing else, the peak memory of each and of an import of a tenth, and the size of the
store. With --strict the exit code is 1 when a row is over its bound.
"""

import argparse
import io
import os
import random
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parent.parent
sys.path.insert(0, str(TESTS))

import mcd  # noqa: E402

ARTICLES = 2_002
ROWS = {  # counted in CMS's download in 2026
    "article_x_hcpc_code": 18_158, "article_x_hcpc_code_group": 1_875, "article_x_icd10_covered": 431_120,
    "article_x_icd10_covered_group": 2_373, "article_x_icd10_noncovered": 45_352,
    "article_x_icd10_noncovered_group": 1_215, "article_x_contractor": 27_064, "article_related_documents": 6_572,
    "article_related_ncd_documents": 4_690, "article_future_retire": 46,
}  # fmt: skip
OTHER_ROWS = 40_000  # of tables that cpt does not read; together 575,000
RATIO = 4.0  # times csv reading alone
_READS = """import csv, io, sys, zipfile
csv.field_size_limit(1 << 26)
inner = zipfile.ZipFile(io.BytesIO(zipfile.ZipFile(sys.argv[1]).read("current_article_csv.zip")))
for name in inner.namelist():
    with inner.open(name) as file:
        for row in csv.reader(io.TextIOWrapper(file, "utf-8-sig", newline="")):
            pass
"""
_RUN = "import sys; from cptcli.__main__ import main; sys.argv[0] = 'cpt'; main()"
_MEASURED = """import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], capture_output=True, text=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(done.returncode, used.ru_utime + used.ru_stime, used.ru_maxrss // 1024)
print(done.stdout, done.stderr, file=sys.stderr)
"""


def words(chance: random.Random, count: int) -> str:
    """Return that many words, which pack about as well as prose."""
    return " ".join("".join(chance.choices("etaoinshrdlucm", k=chance.randint(2, 9))) for _ in range(count))


def made_codes(chance: random.Random) -> list[str]:
    """Return codes of every kind, with those of the clinic among them."""
    clinic = [
        "97110", "97112", "97140", "97530", "97035", "97032", "97012", "97016", "97161", "97162", "98940", "98941",
        "98942", "92507", "97597", "G0283",
    ]  # fmt: skip
    numbers = {f"{number:05d}" for number in chance.sample(range(10_000, 99_999), 4_000)}
    return [*clinic, *sorted(numbers | {f"J{number:04d}" for number in chance.sample(range(9999), 800)})]


def made_diagnoses(chance: random.Random) -> list[str]:
    """Return codes in the form of ICD-10-CM."""
    return sorted(
        {
            f"{chance.choice('ACEGIJKLMNRSTZ')}{chance.randint(0, 99):02d}.{chance.randint(0, 9999)}"
            for _ in range(60_000)
        }
    )


def tables(share: int) -> Iterator[tuple[str, Iterator[mcd.Row]]]:
    """Yield every table with its rows: the share of the full size is one in `share`."""
    chance = random.Random(13)
    count = ARTICLES // share
    articles = [{"article_id": 50_000 + number, "article_version": chance.randint(1, 60)} for number in range(count)]
    codes, diagnoses = made_codes(chance), made_diagnoses(chance)
    clinic = articles[:: max(1, count // 45)]  # about 45 articles on codes of the clinic

    def spread(total: int, among: list[dict[str, int]] = articles) -> Iterator[dict[str, int]]:
        each = max(1, total // share // len(among))
        yield from (key for key in among for _ in range(each))

    def documents() -> Iterator[mcd.Row]:
        for key in articles:
            text = f"<p>{words(chance, 30)}</p>" * 4 + f"<p>{words(chance, 900)} &ldquo;so&rdquo;</p>" * 3
            long = f"<p>{words(chance, 25_000)}</p>" if key["article_id"] % 500 == 0 else ""
            yield {**key, "title": f"Billing and Coding: {words(chance, 5)}", "status": "A", "description": text + long,
                   "article_eff_date": "2025-01-01 00:00:00", "article_type": 6,
                   "history_exp": f"<p>{words(chance, 300)}</p>"}  # fmt: skip

    def listed_codes() -> Iterator[mcd.Row]:
        for key in clinic:
            for code in codes[:16]:
                yield {**key, "hcpc_code_id": code, "hcpc_code_version": 3, "hcpc_code_group": 1, "range": "N"}
        for number, key in enumerate(spread(ROWS["article_x_hcpc_code"] - 16 * 45)):
            yield {**key, "hcpc_code_id": chance.choice(codes[16:]), "hcpc_code_version": 3,
                   "hcpc_code_group": number % 2 + 1, "range": "N", "long_description": words(chance, 9),
                   "short_description": words(chance, 3), "last_updated": "2025-12-11 10:11:12.113"}  # fmt: skip

    def diagnoses_of(side: str) -> Iterator[mcd.Row]:
        keys = spread(ROWS[f"article_x_icd10_{side}"], articles[: max(1, count * 2 // 3)])
        for place, key in enumerate(keys):
            yield {**key, "icd10_code_id": diagnoses[place % len(diagnoses)], "icd10_code_version": 9,
                   f"icd10_{side}_group": place // 150 % 3 + 1, "range": "N", "sort_order": place, "asterisk": "N",
                   "description": words(chance, 8), "last_updated": "2025-12-11 10:11:12.113"}  # fmt: skip

    def paragraphs(table: str, group: str) -> Iterator[mcd.Row]:
        for number, key in enumerate(spread(ROWS[table])):
            yield {**key, group: number % 3 + 1, "paragraph": f"<p>{words(chance, 60)}</p>"}

    yield "article", documents()
    yield "article_x_hcpc_code", listed_codes()
    yield "article_x_hcpc_code_group", paragraphs("article_x_hcpc_code_group", "hcpc_code_group")
    for side in ("covered", "noncovered"):
        yield f"article_x_icd10_{side}", diagnoses_of(side)
        name = f"icd10_{side}_group"
        yield f"article_x_{name}", paragraphs(f"article_x_{name}", name)
    places: mcd.Tables = mcd.empty(*mcd.ARTICLE_TABLES)
    mcd.places(places)
    triples = [
        (row["contractor_id"], row["contractor_type_id"], row["contractor_version"]) for row in places["contractor"]
    ]

    def contractors() -> Iterator[mcd.Row]:
        names = ("contractor_id", "contractor_type_id", "contractor_version")
        for number, key in enumerate(spread(ROWS["article_x_contractor"])):
            yield {**key, **dict(zip(names, triples[number % len(triples)], strict=True)), "article_type": 6}

    yield "article_x_contractor", contractors()
    yield "article_related_documents", ({**key, "related_num": 1, "r_article_id": 0, "r_lcd_id": 33631}
                                        for key in spread(ROWS["article_related_documents"]))  # fmt: skip
    yield "article_related_ncd_documents", ({**key, "related_num": 1, "r_ncd_id": 0}
                                            for key in spread(ROWS["article_related_ncd_documents"]))  # fmt: skip
    yield "article_future_retire", iter([{"article_id": 50_001, "retire_dt": "2027-01-01 00:00:00"}])
    for name in ("contractor", "contractor_jurisdiction", "contractor_type_lookup", "state_lookup", "update_period"):
        yield name, iter(places[name])


def make(folder: Path, share: int) -> tuple[Path, int, int]:
    """Return a download, its rows and the bytes of its tables."""
    folder.mkdir(parents=True, exist_ok=True)
    packed, count, size = io.BytesIO(), 0, 0
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as inner:
        for name, rows in tables(share):
            held = [*rows]
            content = mcd.as_csv(name, held)
            inner.writestr(f"{name}.csv", content)
            count, size = count + len(held), size + len(content)
        chance = random.Random(7)
        rows = [
            f"{number},1,{number},2025-01-01 00:00:00,<p>{words(chance, 40)}</p>"
            for number in range(OTHER_ROWS // share)
        ]
        content = "\r\n".join(["article_id,article_version,rev_hist_num,rev_hist_date,rev_hist_exp", *rows]).encode()
        inner.writestr("article_x_revision_history.csv", content)
        count, size = count + len(rows), size + len(content)
    path = folder / "current_article.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as outer:
        outer.writestr("current_article_csv.zip", packed.getvalue())
    return path, count, size


def measured(environment: dict[str, str], *command: str) -> tuple[float, int]:
    """Return the seconds of the processor and the megabytes that a command takes."""
    done = subprocess.run([sys.executable, "-c", _MEASURED, sys.executable, *command], env=environment,
                          capture_output=True, text=True, check=True)  # fmt: skip
    code, seconds, memory = done.stdout.split()
    if code != "0":
        raise SystemExit(done.stderr)
    return float(seconds), int(memory)


def main() -> None:
    """Measure, print a table, and end with 1 if a bound is passed and --strict was given."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--share", type=int, default=1, help="one in so many of the rows of CMS's download")
    parser.add_argument("--keep", type=Path, help="keep the download in this folder")
    parser.add_argument("--strict", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        whole, count, size = make(folder / "whole", options.share)
        tenth, fewer, _ = make(folder / "tenth", options.share * 10)
        environment = {**os.environ, "PYTHONPATH": str(TESTS.parent)}
        alone, read_memory = min(measured(environment, "-c", _READS, str(whole)) for _ in range(3))
        nothing, _ = min(measured(environment, "-c", _RUN, "--version") for _ in range(3))
        print(f"{count:,} rows, {size / 1e6:.1f} MB of CSV, {whole.stat().st_size / 1e6:.1f} MB packed")
        print(f"{'':28}{'seconds':>9}{'times csv':>11}{'MB memory':>11}{'MB store':>10}")
        print(f"{'csv alone':28}{alone:9.2f}{1:11.1f}{read_memory:11}")
        over = False
        runs = (("codes on file", whole, []), ("--all", whole, ["--all"]), (f"--all, {fewer:,} rows", tenth, ["--all"]))
        for label, path, all_ in runs:
            store = Path(tempfile.mkdtemp(dir=temporary))
            told = ["-c", _RUN, "data", "import", *all_, str(path)]
            seconds, memory = measured({**environment, "CPT_DATA": str(store)}, *told)
            stored = (store / "cms.sqlite").stat().st_size
            ratio = seconds / alone if path == whole else 0
            over = over or ratio > RATIO
            shown = f"{ratio:11.1f}" if ratio else f"{'':11}"
            print(f"{label:28}{seconds:9.2f}{shown}{memory:11}{stored / 1e6:10.1f}")
        print(f"{'cpt --version':28}{nothing:9.2f}")
    sys.exit(1 if options.strict and over else 0)


if __name__ == "__main__":
    main()
