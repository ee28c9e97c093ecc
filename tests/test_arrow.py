"""Arrow batches say what `cpt scrub` says of the same lines: alone, in Spark, in DuckDB."""

import csv
import doctest
import io
import os
import shutil
import sys
from pathlib import Path

import pytest
from conftest import TODAY
from test_scrub import HEADER, scrubbed

from cptcli.model.scrub import Terms

pa = pytest.importorskip("pyarrow", reason="needs the extra cpt-helper[parquet]")

import cptcli.arrow  # noqa: E402 -- needs pyarrow
from cptcli.arrow import output_schema, scrub_batch, scrub_group  # noqa: E402
from cptcli.scrub.judge import ANNOTATIONS  # noqa: E402

TERMS = {"usual_payer": "medicare", "state": "SC", "today": TODAY}
CODES = ("97110", "97140", "97530", "97010", "85025")
ROWS = "".join(
    f"C{number // 4},2026-02-{number // 4 % 27 + 1:02},{CODES[number % 5]},{'GP' if number % 3 else ''},1,9.00,,,X,\n"
    for number in range(400)
)
CONTENT = (HEADER + ROWS).encode()


def batch() -> "pa.RecordBatch":
    rows = [*csv.DictReader(io.StringIO(CONTENT.decode()))]
    return pa.RecordBatch.from_pylist([{key: value or None for key, value in row.items()} for row in rows])


def added(rows: list[dict[str, str]]) -> list[tuple[str, ...]]:
    return [tuple(row[name] for name in ("claim_id", "cpt", *ANNOTATIONS)) for row in rows]


@pytest.fixture(scope="module")
def expected(tmp_path_factory) -> list[tuple[str, ...]]:
    path = tmp_path_factory.mktemp("scrub") / "charges.csv"
    out, _ = scrubbed(CONTENT, path, Terms(**TERMS))
    return added([*csv.DictReader(io.StringIO(out.decode()))])


def test_example_of_the_module_runs():
    assert doctest.testmod(cptcli.arrow).failed == 0


def test_batch_says_what_a_file_of_the_same_lines_says(expected):
    found = scrub_batch(batch(), **TERMS)
    assert found.schema == output_schema(batch().schema)
    assert added(found.to_pylist()) == expected


def test_columns_can_be_named(expected):
    renamed = batch().rename_columns(["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"])
    names = {"claim": "a", "date": "b", "code": "c", "modifiers": ["d"], "units": "e"}
    found = scrub_batch(renamed, columns=names, **TERMS)
    assert [row["cpt_says"] for row in found.to_pylist()] == [each[-1] for each in expected]


def test_numbers_dates_and_lists_in_cells_are_read_as_text():
    typed = pa.RecordBatch.from_pylist(
        [{"cpt": 97110, "dos": TODAY.replace(month=2), "units": 2.0, "modifiers": ["GP", "59"], "claim_id": 1}]
    )
    row = scrub_batch(typed, **TERMS).to_pylist()[0]
    assert (row["cpt_code"], row["cpt_units"], row["cpt_modifiers"]) == ("97110", "2", "GP 59")


def test_group_is_judged_together_however_it_is_chunked():
    table = pa.Table.from_batches([batch().slice(0, 2), batch().slice(2, 2)])
    whole = scrub_group(table, **TERMS)
    assert whole.to_pylist() == scrub_batch(batch().slice(0, 4), **TERMS).to_pylist()


def test_no_page_and_no_command_line_is_imported_for_a_batch():
    import subprocess

    code = "import sys, cptcli.arrow; print(*sorted({'typer', 'rich', 'jinja2'} & {*sys.modules}))"
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip() == ""


def test_duckdb_scrubs_a_folder_of_parquet(tmp_path, expected):
    duckdb = pytest.importorskip("duckdb", reason="DuckDB is not installed")
    from pyarrow import parquet

    (tmp_path / "charges").mkdir()
    for number in range(2):
        parquet.write_table(
            pa.Table.from_batches([batch().slice(number * 200, 200)]), tmp_path / "charges" / f"{number}.parquet"
        )
    files, out = tmp_path / "charges" / "*.parquet", tmp_path / "scrubbed.parquet"
    reader = duckdb.sql(f"FROM '{files}' ORDER BY claim_id").to_arrow_reader(100_000)
    with parquet.ParquetWriter(out, output_schema(reader.schema)) as writer:
        for each in reader:
            writer.write_batch(scrub_batch(each, **TERMS))
    found = duckdb.sql(f"SELECT * FROM '{out}'").to_arrow_table().to_pylist()
    assert sorted(added(found)) == sorted(expected)


@pytest.fixture(scope="module")
def spark(tmp_path_factory):
    sql = pytest.importorskip("pyspark.sql", reason="needs the extra cpt-helper[spark]")
    if not shutil.which("java") and not os.environ.get("JAVA_HOME"):
        pytest.skip("no JVM here: Debian's default-jre-headless has one")
    os.environ["PYSPARK_PYTHON"] = sys.executable
    os.environ["PYTHONPATH"] = str(Path(cptcli.__file__).parent.parent)
    session = (
        sql.SparkSession.builder.master("local[1]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.sql.warehouse.dir", str(tmp_path_factory.mktemp("spark")))
        .getOrCreate()
    )
    yield session
    session.stop()


def test_spark_says_of_whole_claims_what_one_process_says(spark, expected, tmp_path):
    from pyarrow import parquet
    from pyspark.sql.types import StringType, StructField, StructType

    parquet.write_table(pa.Table.from_batches([batch()]), tmp_path / "charges.parquet")
    lines = spark.read.parquet(str(tmp_path / "charges.parquet"))
    schema = StructType([*lines.schema.fields, *(StructField(name, StringType()) for name in ANNOTATIONS)])
    terms = TERMS

    def one_claim(table):
        from cptcli.arrow import scrub_group

        return scrub_group(table, **terms)

    def whole_batches(batches):
        from cptcli.arrow import scrub_batch

        for each in batches:
            yield scrub_batch(each, **terms)

    grouped = lines.groupBy("claim_id").applyInArrow(one_claim, schema)
    assert sorted(added([row.asDict() for row in grouped.collect()])) == sorted(expected)
    mapped = lines.mapInArrow(whole_batches, schema)
    assert sorted(added([row.asDict() for row in mapped.collect()])) == sorted(expected)
