"""Broken claim files: never a traceback, never a lost or doubled row, whatever was done to the bytes."""

import io
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cptcli.claims import columns, fhir, tables, x12
from cptcli.claims.lines import TEXT_ERRORS
from cptcli.claims.recognize import Input, open_input, recognize
from cptcli.errors import CptError

HERE = Path(__file__).parent
SHARED = HERE.parent.parent / "shared" / "claims"
THERAPY = (HERE / "claims" / "therapy.837").read_bytes()
ISA = 106  # bytes
CHARGES = (HERE / "claims" / "title-and-totals.csv").read_bytes()
NDJSON = (HERE / "claims" / "claims.ndjson").read_bytes()
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def broken(draw: st.DrawFn, content: bytes, separator: bytes) -> bytes:
    """Return the content with up to four things done to it."""
    for _ in range(draw(st.integers(0, 4))):
        kind = draw(st.sampled_from(("cut", "flip", "swap", "repeat", "drop", "quote", "nul")))
        at = draw(st.integers(0, max(0, len(content) - 1)))
        pieces = content.split(separator)
        piece = draw(st.integers(0, len(pieces) - 1))
        if kind == "cut":
            content = content[:at]
        elif kind == "flip":
            content = content[:at] + draw(st.binary(min_size=1, max_size=1)) + content[at + 1 :]
        elif kind == "swap":
            a, b = draw(st.lists(st.sampled_from(b'*:~>|,;\t"\n'), min_size=2, max_size=2))
            content = content[:at] + content[at:].translate(bytes.maketrans(bytes([a, b]), bytes([b, a])))
        elif kind == "repeat":
            content = separator.join([*pieces[:piece], pieces[piece], *pieces[piece:]])
        elif kind == "drop":
            content = separator.join([*pieces[:piece], *pieces[piece + 1 :]])
        elif kind == "quote":
            content = content[:at] + b'"' + content[at:]
        else:
            content = content[:at] + b"\0" + content[at:]
    return content


@QUICK
@given(broken(THERAPY[ISA:], b"~"))
def test_every_sv1_of_a_broken_837p_is_one_line(body: bytes) -> None:
    text = body.decode("utf-8", TEXT_ERRORS).replace("\n", "").replace("\r", "")
    services = [segment for segment in map(str.strip, text.split("~")) if segment.startswith("SV1")]
    reader = x12.Reader(io.BytesIO(THERAPY[:ISA] + body), "file")
    lines = [*reader]
    if not any(str(oddity).startswith("ST: a") for oddity in reader.oddities):
        assert len(services) == len(lines)
    places = [line.place for line in lines]
    assert sorted({*places}) == places
    for line in lines:
        line.row()


@QUICK
@given(broken(THERAPY, b"~"))
def test_an_837p_with_a_broken_isa_is_read_or_refused(content: bytes) -> None:
    with suppress(CptError):
        for line in x12.Reader(io.BytesIO(content), "file"):
            line.row()


@QUICK
@given(broken(CHARGES, b"\n") | st.binary())
def test_the_rows_of_a_broken_csv_are_its_bytes_and_each_is_read_once(content: bytes) -> None:
    table = tables.open_table(Input("file", "table", io.BytesIO(content), ExitStack()))
    rows = [*table.head()]
    again = [*table]
    assert rows == again[: len(rows)]
    assert content == b"".join(row.raw for row in again)
    assert [*range(1, len(again) + 1)] == [row.number for row in again]
    try:
        found = columns.find(again[:30], "file")
    except columns.NoCodeColumn:
        return
    reader = found.bind("file", table.oddities)
    lines = [line for row in again for line in reader(row)]
    no_lines = sum(oddity.count for oddity in table.oddities if "not a service line" in str(oddity))
    if all("{n}" not in name for name in found.layout.columns["code"]):
        quiet = sum(1 for row in again if row.number < found.row and not any(row.cells))
        assert len(again) == len(lines) + no_lines + quiet + 1


@QUICK
@given(broken(NDJSON, b"\n") | broken(NDJSON.splitlines()[0], b","))
def test_broken_json_is_read_or_refused(content: bytes) -> None:
    with suppress(CptError):
        for line in fhir.Reader(io.BytesIO(content), "file"):
            line.row()


@QUICK
@given(st.binary(max_size=300) | broken(THERAPY[:300], b"~"))
def test_any_bytes_are_of_some_kind_or_refused(head: bytes) -> None:
    with suppress(CptError):
        recognize(head, "file")


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared samples are not here")
@pytest.mark.parametrize("name", ["csv/charges_excel.xlsx", "csv/charges.parquet"])
def test_a_workbook_or_parquet_file_with_wrong_bytes_is_read_or_refused(name: str, tmp_path: Path) -> None:
    pytest.importorskip("python_calamine" if name.endswith("xlsx") else "pyarrow")
    content = (SHARED / name).read_bytes()
    for at in range(0, len(content), max(1, len(content) // 40)):
        for wrong in (content[:at], content[:at] + bytes([content[at] ^ 0x55]) + content[at + 1 :]):
            (tmp_path / "file").write_bytes(wrong)
            with suppress(CptError), open_input(str(tmp_path / "file")) as opened:
                if opened.kind != "table":
                    assert sum(1 for _ in tables.open_table(opened))


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared samples are not here")
def test_every_published_837p_cut_at_every_five_hundredth_byte_keeps_its_lines() -> None:
    for path in [*(SHARED / "837p-made").glob("*.edi"), SHARED / "837p" / "ims-x12_complex.txt"]:
        content = path.read_bytes()
        for cut in range(200, len(content), 500):
            reader = x12.Reader(io.BytesIO(content[:cut]), "file")
            text = content[:cut].decode()
            end = text[105]
            assert sum(each.strip().startswith("SV1") for each in text.split(end)) == len([*reader])
