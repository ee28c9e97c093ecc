"""Charge exports: which column is what, how a cell is read, which rows are no service lines, and the bytes of a row."""

import csv
import gzip
import io
import os
import sys
import zipfile
from contextlib import ExitStack
from pathlib import Path

import pytest

from cptcli.claims import cells, columns, layouts, tables, workbook_rows
from cptcli.claims.lines import ClaimFileUnreadable, MissingExtra, ServiceLine
from cptcli.claims.recognize import Input, Kind, NotAClaimFile, open_input

HERE = Path(__file__).parent
SHARED = HERE.parent.parent / "shared" / "claims" / "csv"
EXPORTS = {
    "cms1500_lines.csv": 137, "minutes_not_units.csv": 137, "one_row_per_claim_wide.csv": 137,
    "openemr_billing.csv": 137, "tebra_charges.csv": 137, "tuva_medical_claim.csv": 2727,
    "webpt_billing_charges_extract.csv": 137, "webpt_charges_extract.csv": 137, "charges_excel.xlsx": 138,
    "charges.parquet": 137,
}  # fmt: skip
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the shared samples are not here")


def read(content: bytes, layout: layouts.Layout | None = None) -> tuple[list[ServiceLine], list[str], columns.Found]:
    table = tables.open_table(Input("file.csv", "table", io.BytesIO(content), ExitStack()))
    found = columns.find(table.head(), "file.csv", layout)
    reader = found.bind("file.csv", table.oddities)
    lines, raws = [], []
    for row in table:
        raws.append(row.raw)
        lines += reader(row)
    assert content == b"".join(raws)
    return lines, [*map(str, table.oddities)], found


def read_file(path: Path) -> list[ServiceLine]:
    with open_input(str(path)) as opened:
        table = tables.open_table(opened)
        reader = columns.find(table.head(), path.name).bind(path.name, table.oddities)
        return [line for row in table for line in reader(row)]


def facts(line: ServiceLine) -> tuple[object, ...]:
    return line.code, line.modifiers, line.date_from, line.date_to, line.qty or line.minutes


@needs_shared
@pytest.mark.parametrize(("name", "lines"), EXPORTS.items())
def test_every_row_of_a_public_layout_gives_its_line(name: str, lines: int) -> None:
    if name.endswith(".xlsx"):
        pytest.importorskip("python_calamine")
    if name.endswith(".parquet"):
        pytest.importorskip("pyarrow")
    assert lines == len(read_file(SHARED / name))


@needs_shared
@pytest.mark.parametrize(
    "name",
    [
        "one_row_per_claim_wide.csv", "openemr_billing.csv", "tebra_charges.csv", "webpt_billing_charges_extract.csv",
        "webpt_charges_extract.csv", "charges_excel.xlsx", "charges.parquet",
    ],
)  # fmt: skip
def test_the_same_charges_in_nine_layouts_are_the_same_lines(name: str) -> None:
    if name.endswith(".xlsx"):
        pytest.importorskip("python_calamine")
    if name.endswith(".parquet"):
        pytest.importorskip("pyarrow")
    expected = [facts(line) for line in read_file(SHARED / "cms1500_lines.csv")]
    assert expected == [facts(line) for line in read_file(SHARED / name)][: len(expected)]


def test_titles_totals_blanks_and_a_second_header_are_named_by_row_and_are_no_lines() -> None:
    lines, oddities, found = read((HERE / "claims" / "title-and-totals.csv").read_bytes())
    assert found.row == 3
    assert [line.code for line in lines] == ["97110", "01992", "97140", "97530", "97012"]
    assert [line.place for line in lines] == [4, 5, 6, 7, 8]
    assert [line.modifiers for line in lines] == [("GP", "KX"), ("AA",), ("GP", "59"), ("GP", "59"), ()]
    assert [line.charge for line in lines] == ["1090.00", "300", "-42.50", "48.00", "30"]
    assert [line.date_from for line in lines] == ["20260102", "20260103", "20260103", "20260105", "13/45/2026"]
    assert oddities == [
        "a title above the header, not a service line (row 1)",
        "code 1992 read as 01992: a spreadsheet drops zeros in front (row 5)",
        "the date is not a day of the calendar, written year-month-day or month/day/year (row 8)",
        "the header again, not a service line (row 9)",
        "a row of totals, not a service line (row 10)",
    ]


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("begin", [b"", b"\xef\xbb\xbf"])
def test_delimiter_line_ending_and_byte_order_mark_make_no_difference(
    delimiter: str, ending: str, begin: bytes
) -> None:
    text = "CPT,Mod1,Units,DOS,Patient\n97110,GP,2,2026-01-02,M\xfcller\n97140,,1,2026-01-02,Ann\n"
    content = begin + text.replace(",", delimiter).replace("\n", ending).encode("cp1252")
    lines, oddities, _ = read(content)
    assert [(line.code, line.modifiers, line.qty) for line in lines] == [("97110", ("GP",), "2"), ("97140", (), "1")]
    assert oddities == []


def test_a_cell_over_two_lines_is_one_row() -> None:
    lines, oddities, _ = read(b'code,units,note\n97110,2,"one\ntwo, three"\n97140,1,\n')
    assert [line.place for line in lines] == [2, 3]
    assert oddities == []


@pytest.mark.parametrize("stray", [b'"', b'5" band'])
def test_a_quote_that_is_never_closed_swallows_no_row(stray: bytes) -> None:
    rows = b"".join(b"97110,2,2026-01-%02d,note\n" % day for day in range(1, 29))
    content = b"code,units,dos,note\n" + b"97140,1,2026-01-01," + stray + b"\n" + rows
    lines, oddities, _ = read(content)
    assert len(lines) == 29
    assert (stray == b'"') == any("quote is not closed" in oddity for oddity in oddities)


def test_two_stray_quotes_do_not_join_the_rows_between_them() -> None:
    content = b'code,units,dos,note\n97140,1,2026-01-01,"x\n97110,2,2026-01-02,y\n97112,1,2026-01-03,z"\n'
    assert [line.code for line in read(content)[0]] == ["97140", "97110", "97112"]


def test_rows_that_are_longer_or_shorter_than_the_header_are_named_and_read() -> None:
    lines, oddities, _ = read(b"code,units,dos\n97110,2\n97140,1,2026-01-02,more\n97530\n")
    assert [line.code for line in lines] == ["97110", "97140", "97530"]
    assert oddities == [
        "a row with fewer cells than the header's 3 (row 2, 4)", "a row with more cells than the header's 3 (row 3)"
    ]  # fmt: skip


def test_a_row_without_a_code_is_a_line_that_says_so() -> None:
    lines, oddities, _ = read(b"code,units\n97110,2\n,1\n")
    assert [line.code for line in lines] == ["97110", ""]
    assert oddities == ["a row without a procedure code (row 3)"]


def test_a_column_map_names_the_columns_and_a_guess_can_be_saved_as_one() -> None:
    content = b"Svc,When,How many,M1,M2\n97110,1/2/26,2,GP,59\n"
    given = layouts.read_map(b"code: Svc\ndate: When\nunits: how MANY\nmodifiers: [M1, M2]\n", "map.yaml")
    lines, _, found = read(content, given)
    assert (
        lines[0].code,
        lines[0].modifiers,
        lines[0].date_from,
        lines[0].qty,
    ) == ("97110", ("GP", "59"), "20260102", "2")
    assert found.how == "given"
    guessed = read((HERE / "claims" / "title-and-totals.csv").read_bytes())[2].layout
    assert guessed.columns == layouts.read_map(guessed.as_yaml().encode(), "saved.yaml").columns


def test_a_column_map_that_does_not_fit_names_the_missing_columns_and_no_cell() -> None:
    given = layouts.read_map(b"code: Svc\ndate: When\n", "map.yaml")
    with pytest.raises(columns.NoCodeColumn, match="missing: When") as raised:
        read(b"Svc,Patient\n97110,NOBODY\n", given)
    assert "NOBODY" not in str(raised.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [(b"units: Units\n", "has no `code`"), (b"code: A\ncodes: B\n", "no field called 'codes'"),
     (b"- a\n", "a field a line"), (b"code: A\ncode: B\n", "code"), (b"code: [\n", "YAML"),
     (b"code: {a: b}\n", "the name of a column")],
)  # fmt: skip
def test_a_column_map_with_a_mistake_says_which(text: bytes, says: str) -> None:
    with pytest.raises(layouts.MapUnreadable, match=says):
        layouts.read_map(text, "map.yaml")


def test_a_table_without_a_code_column_is_refused_with_what_to_do() -> None:
    with pytest.raises(columns.NoCodeColumn, match="--map"):
        read(b"name,amount\nNOBODY,12\n")


def test_an_unknown_preset_lists_those_that_there_are() -> None:
    with pytest.raises(layouts.UnknownPreset, match=r"webpt-charges, .*tebra"):
        layouts.preset("nope")


def test_every_preset_has_its_fields_and_is_found_by_its_own_columns() -> None:
    for each in layouts.presets():
        assert {*each.columns} <= {*layouts.FIELDS}
        header = [name.replace("{n}", "1").replace("#", "1") for names in each.columns.values() for name in names]
        row = tables.Row(1, b"", list(dict.fromkeys([*header, *each.by])))
        assert each.name == columns.find([row], "file").layout.name


def test_several_lines_across_one_row_are_counted_and_empty_ones_left_out() -> None:
    header = b"HCPCS_CD_1,HCPCS_CD_2,HCPCS_CD_3,CLM_FROM_DT,DESYNPUF_ID,CLM_ID\n"
    content = header + b"97110,,97140,20100105,P,C1\n,,,20100105,P,C2\n"
    lines, oddities, _ = read(content)
    assert [(line.code, line.lx) for line in lines] == [("97110", "1"), ("97140", "3")]
    assert oddities == ["a row without a procedure code (row 3)"]


@pytest.mark.parametrize(
    ("text", "day"),
    [("2026-01-02", "20260102"), ("2026-01-02 00:00:00", "20260102"), ("2026-01-02T10:00:00Z", "20260102"),
     ("1/2/2026", "20260102"), ("01/02/26", "20260102"), ("02-Jan-2026", "20260102"), ("20260102", "20260102"),
     ("46024", "20260102"), ("46024.0", "20260102"), ("31/01/2026", "31/01/2026"), ("soon", "soon"), ("", "")],
)  # fmt: skip
def test_a_date_is_read_in_every_notation_that_exports_use(text: str, day: str) -> None:
    assert day == cells.day(text)[0]


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("$1,234.00", "1234.00"),
        ("1.234,50", "1234.50"),
        ("12,5", "12.5"),
        ("(5.00)", "-5.00"),
        ("45", "45"),
        ("n/a", "n/a"),
    ],
)
def test_an_amount_is_read_without_its_dress(text: str, amount: str) -> None:
    assert amount == cells.money(text)


def test_pointers_as_letters_and_glued_digits_are_numbers() -> None:
    assert ("1", "3") == cells.pointers(3, "AC") == cells.pointers(3, "A,C") == cells.pointers(3, "1:3")
    assert cells.pointers(3, "13") == ("1", "3")
    assert cells.pointers(12, "12") == ("12",)


def test_a_pointer_counts_the_diagnosis_columns_by_their_letter_also_empty_ones() -> None:
    lines, oddities, _ = read(b"code,pointers,dx_b,dx_a,dx_c\n97110,C,,M54.50,R26.2\n97140,B,,M54.50,\n")
    assert [line.dx for line in lines] == [("R262",), ()]
    assert oddities == ["a diagnosis pointer without a diagnosis (row 3)"]


def test_two_columns_called_modifier_give_two_modifiers() -> None:
    lines, oddities, _ = read(b"code,modifier,modifier\n97140,GP,59\n")
    assert lines[0].modifiers == ("GP", "59")
    assert "two columns have the same name" in oddities[0]


def test_a_total_in_the_column_of_codes_is_no_line() -> None:
    lines, oddities, _ = read(b"CPT,Units\n97110,2\nTotal,2\n")
    assert len(lines) == 1
    assert oddities == ["a row of totals, not a service line (row 3)"]


def test_openemr_justify_gives_diagnoses() -> None:
    assert cells.diagnoses("ICD10|S13.4XXA:ICD10|M62.81:") == ("S134XXA", "M6281")


def test_equal_keys_give_equal_lines() -> None:
    content = b"code,units,dos,name\n97110,2,2026-01-02,A\n97110,2,2026-01-02,B\n97110,1,2026-01-02,A\n"
    table = tables.open_table(Input("f", "table", io.BytesIO(content), ExitStack()))
    reader = columns.find(table.head(), "f").bind("f", table.oddities)
    keys = [reader.key(row) for row in table]
    assert keys[1] == keys[2] != keys[3]


# Other kinds of files


def test_gzip_of_a_csv_is_unpacked_and_its_damage_is_named(tmp_path: Path) -> None:
    packed = gzip.compress((HERE / "claims" / "title-and-totals.csv").read_bytes() + os.urandom(100_000).hex().encode())
    (tmp_path / "charges").write_bytes(packed)
    with open_input(str(tmp_path / "charges")) as opened:
        assert opened.kind == "table"
    (tmp_path / "charges").write_bytes(packed[:-20])
    with open_input(str(tmp_path / "charges")) as opened, pytest.raises(ClaimFileUnreadable, match="gzip is damaged"):
        opened.stream.read()


@pytest.mark.parametrize(
    ("content", "kind"),
    [((HERE / "claims" / "therapy.837").read_bytes(), "837p"), (b"  [ {}]", "fhir"), (b'{"a":1}', "fhir"),
     (b"PAR1", "parquet"), (b"PK\x03\x04..xl/workbook.xml", "xlsx"), (b"code\tunits", "table"),
     (b"ST*837*1~SV1*HC:97110", "837p"), (b"ST,ZIP,CPT\nOH,43215,97110", "table")],
)  # fmt: skip
def test_the_kind_is_told_by_content_and_not_by_name(tmp_path: Path, content: bytes, kind: str) -> None:
    path = tmp_path / "export.pdf"
    path.write_bytes(content)
    with open_input(str(path)) as opened:
        assert kind == opened.kind


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"ISA*00*~GS*HP*~ST*835*0001~BPR*I~", "remittance"), (b"PK\x03\x04a.csv", "a zip"), (b"%PDF-1.7", "a PDF"),
     (b"\xff\xfec\0o\0", "UTF-16"), (b"\xd0\xcf\x11\xe0", "old .xls"), (b"<html>", "web page"),
     (bytes(range(32)), "neither")],
)  # fmt: skip
def test_what_is_no_claim_file_is_named(tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(NotAClaimFile, match=says):
        open_input(str(tmp_path / "file"))


def test_an_empty_or_missing_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b" \n")
    for name in ("empty", "missing", ""):
        with pytest.raises(ClaimFileUnreadable):
            open_input(str(tmp_path / name))


@pytest.mark.parametrize(("module", "extra"), [("python_calamine", "excel"), ("pyarrow", "parquet")])
def test_a_missing_extra_says_the_one_command(monkeypatch: pytest.MonkeyPatch, module: str, extra: str) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    kind: Kind = "xlsx" if extra == "excel" else "parquet"
    table = tables.open_table(Input("f", kind, io.BytesIO(), ExitStack()))
    with pytest.raises(MissingExtra, match=rf"pip install 'cpt-helper\[{extra}\]'"):
        table.head()


def test_a_workbook_that_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("python_calamine")
    monkeypatch.setattr(workbook_rows, "_MOST_UNPACKED", 1 << 20)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b" " * (1 << 21))
    with pytest.raises(ClaimFileUnreadable, match="unpacks to over"):
        next(workbook_rows.workbook_rows(content, "f", tables.Oddities("row")))


def test_a_workbook_with_one_far_cell_is_refused_before_room_is_made_for_all_between() -> None:
    pytest.importorskip("python_calamine")
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b'<c r="A1"/><c s="1" r="XFD1048576"/>')
    with pytest.raises(ClaimFileUnreadable, match="reaches to row 1,048,576"):
        next(workbook_rows.workbook_rows(content, "f", tables.Oddities("row")))


def test_rows_of_parquet_come_as_csv_to_be_written_again(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    parquet.write_table(
        pyarrow.table({"cpt": ["97110", None], "mods": [["GP", "59"], []], "units": [2.0, 1.5]}), tmp_path / "p"
    )
    with open_input(str(tmp_path / "p")) as opened:
        rows = [*tables.open_table(opened)]
    assert [row.cells for row in rows] == [["cpt", "mods", "units"], ["97110", "GP 59", "2"], ["", "", "1.5"]]
    assert [row.cells for row in rows] == [*csv.reader(b"".join(row.raw for row in rows).decode().splitlines())]
