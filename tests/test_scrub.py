"""`cpt scrub`: every line annotated, none lost, a patient's day judged together, nothing of a patient told."""

import csv
import io
import json
import signal
import time
from datetime import date
from pathlib import Path

import pytest
from conftest import TODAY
from hypothesis import HealthCheck, given, settings
from test_claims_bad_input import broken

from cptcli.claims.lines import COLUMNS
from cptcli.claims.recognize import open_input
from cptcli.claims.tables import open_table
from cptcli.errors import CptError
from cptcli.model.scrub import ScrubSummary, Terms
from cptcli.scrub.judge import ANNOTATIONS
from cptcli.scrub.run import Choice, Watch, scrub
from cptcli.whole_file import GrowingFile

HERE = Path(__file__).parent
SHARED = HERE.parent.parent / "shared" / "claims"
CHARGES = (HERE / "claims" / "title-and-totals.csv").read_bytes()
THERAPY = (HERE / "claims" / "therapy.837").read_bytes()
HEADER = "claim_id,date_of_service,cpt,modifiers,units,charge,payer,device,patient_name,minutes\n"
DAY = "{},2026-02-02,{},{},{},90.00,{},,NOBODY NEVER,\n"
MEDICARE = Terms(today=TODAY, payer="medicare", state="SC")


def charges(*rows: tuple[str, str, str, int, str]) -> bytes:
    return (HEADER + "".join(DAY.format(*row) for row in rows)).encode()


def scrubbed(content: bytes, path: Path, terms: Terms = MEDICARE, **choice: object) -> tuple[bytes, ScrubSummary]:
    """The annotated bytes and the summary of a file of this content."""
    path.write_bytes(content)
    out = io.BytesIO()
    done = scrub([str(path)], terms, Choice(**choice), lambda name: (out.write, not out.tell()), Watch())
    return out.getvalue(), done


def rows_of(content: bytes) -> list[dict[str, str]]:
    return [*csv.DictReader(io.StringIO(content.decode(), newline=""))]


# ------------------------------------------------------------------------------------------------ what is judged


def test_medicare_line_without_its_therapy_modifier_has_to_be_fixed(tmp_path):
    out, done = scrubbed(charges(("C1", "97110", "", 1, ""), ("C2", "97110", "GP", 1, "")), tmp_path / "a.csv")
    first, second = rows_of(out)
    assert first["cpt_findings"] == "medicare-therapy-modifiers"
    assert "97110: Medicare requires GP or GO." in first["cpt_says"]
    assert (second["cpt_verdict"], second["cpt_code"], second["cpt_modifiers"], second["cpt_findings"]) == (
        "conditional", "97110", "GP", "",
    )  # fmt: skip
    assert (done.lines, done.checked, done.clean, done.block, done.warn) == (2, 2, 1, 1, 0)
    assert (done.charge, done.charge_affected) == ("180.00", "90.00")


def test_ptp_edit_is_found_between_lines_of_a_claim_that_are_not_neighbors(tmp_path):
    apart = charges(("C1", "97530", "GP", 1, ""), ("C2", "97110", "GP", 1, ""), ("C1", "97140", "GP", 1, ""))
    out, done = scrubbed(apart, tmp_path / "a.csv")
    findings = [row["cpt_findings"] for row in rows_of(out)]
    assert findings[0] == findings[2] != ""
    assert findings[1] == ""
    assert any("others between them" in each for each in done.files[0].oddities)


def test_lines_of_two_days_or_two_claims_are_not_edited_against_each_other(tmp_path):
    two_days = charges(("C1", "97530", "GP", 1, ""), ("C1", "97140", "GP", 1, "")).replace(b"02,97140", b"03,97140")
    assert scrubbed(two_days, tmp_path / "a.csv")[1].block == 0
    two_claims = charges(("C1", "97530", "GP", 1, ""), ("C2", "97140", "GP", 1, ""))
    assert not any(row["cpt_findings"] for row in rows_of(scrubbed(two_claims, tmp_path / "b.csv")[0]))


def test_export_that_was_put_together_twice_is_judged_as_once(tmp_path):
    header, _, once = charges(("C1", "97110", "GP", 1, ""), ("C2", "97140", "GP", 1, "")).partition(b"\n")
    out, _ = scrubbed(header + b"\n" + once * 3, tmp_path / "a.csv")
    assert {row["cpt_findings"] for row in rows_of(out)} == {""}


def test_device_column_gets_the_rules_of_the_device(tmp_path):
    content = charges(("C1", "97026", "GP", 1, "palmetto")).replace(b"palmetto,,", b"palmetto,anodyne,")
    out, _ = scrubbed(content, tmp_path / "a.csv", Terms(today=TODAY))
    assert rows_of(out)[0]["cpt_code"] == "97799"


def test_minutes_column_is_counted_under_the_payers_unit_rule(tmp_path):
    content = charges(("C1", "97110", "GP", 1, "")).replace(b"NEVER,\n", b"NEVER,38\n")
    row = rows_of(scrubbed(content, tmp_path / "a.csv")[0])[0]
    assert row["cpt_units"] == "3"


def test_timed_code_billed_in_minutes_is_a_finding_and_not_38_units(tmp_path):
    content = THERAPY.replace(b"97110:GP:KX*90*UN*2", b"97110:GP:KX*90*MJ*38")
    row = rows_of(scrubbed(content, tmp_path / "a.837")[0])[0]
    assert "billed in minutes" in row["cpt_says"]
    assert row["cpt_units"] != "38"


def test_payer_of_the_file_is_used_unless_payer_is_given(tmp_path):
    content = charges(("C1", "97110", "", 1, "Aetna"))
    assert scrubbed(content, tmp_path / "a.csv", Terms(today=TODAY))[1].payers[0].name == "Aetna"
    assert scrubbed(content, tmp_path / "a.csv", MEDICARE)[1].payers[0].name == "Medicare"
    usual = Terms(today=TODAY, usual_payer="medicare")
    assert scrubbed(content, tmp_path / "a.csv", usual)[1].payers[0].name == "Aetna"
    assert scrubbed(charges(("C1", "97110", "", 1, "")), tmp_path / "a.csv", usual)[1].block == 1


def test_payer_kind_of_the_claim_is_used_where_its_name_is_not_in_our_list(tmp_path):
    content = THERAPY.replace(b"SBR*S*18*******WC", b"SBR*S*18*******MB")
    done = scrubbed(content, tmp_path / "a.837", Terms(today=TODAY))[1]
    assert [each.name for each in done.payers] == ["Medicare"]


def test_payer_that_is_not_in_our_list_is_said_to_be_unchecked(tmp_path):
    done = scrubbed(charges(("C1", "97110", "", 1, "Made Up Mutual")), tmp_path / "a.csv", Terms(today=TODAY))[1]
    assert any("'Made Up Mutual'" in each.name for each in done.unchecked)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (b"2026-02-02", b"", "no date of service"),
        (b"2026-02-02", b"2026-13-45", "date of service not readable"),
        (b"97110", b"", "no procedure code"),
        (b"97110", b"85025", "outside physical medicine"),
        (b",1,90", b",1.5,90", "units not a whole number"),
        (b"NEVER,\n", b"NEVER,2000\n", "minutes not a whole number"),
    ],
)
def test_line_that_cannot_be_checked_says_why_and_is_not_clean(old, new, why, tmp_path):
    out, done = scrubbed(charges(("C1", "97110", "GP", 1, "")).replace(old, new), tmp_path / "a.csv")
    row = rows_of(out)[0]
    assert row["cpt_verdict"] == "not_checked"
    assert why in row["cpt_says"]
    assert (done.checked, done.clean) == (0, 0)
    assert why in done.not_checked[0].name


def test_line_without_any_payer_is_not_checked(tmp_path):
    done = scrubbed(charges(("C1", "97110", "GP", 1, "")), tmp_path / "a.csv", Terms(today=TODAY))[1]
    assert done.not_checked[0].name == "no payer: add --payer"


def test_voided_claim_is_not_checked(tmp_path):
    done = scrubbed(THERAPY.replace(b"11:B:1", b"11:B:8"), tmp_path / "a.837")[1]
    assert (done.checked, done.not_checked[0].name) == (0, "claim voided (frequency 8)")


def test_line_over_several_days_is_not_checked(tmp_path):
    row = rows_of(scrubbed(THERAPY, tmp_path / "a.837")[0])[1]
    assert "spans several days" in row["cpt_says"]


# --------------------------------------------------------------------------------------------------- what is written


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_table_comes_back_byte_for_byte_with_six_columns(ending, tmp_path):
    text = "\ufeffclaim_id,date_of_service,cpt,modifiers,units,note,payer\n" + (
        'C1,2026-02-02,97110,GP,1,"a ""quoted"", note",Medicare\nC1,2026-02-02,97140,59 GP,1,é,Medicare'
    )
    content = text.replace("\n", ending).encode()
    out, _ = scrubbed(content, tmp_path / "a.csv")
    lines = out.split(ending.encode())
    for before, after in zip(content.split(ending.encode()), lines, strict=True):
        assert after.startswith(before + b",")
    assert lines[0].endswith(",".join(ANNOTATIONS).encode())
    assert {len(row) for row in csv.reader(io.StringIO(out.decode()))} == {13}


def test_cp1252_table_stays_cp1252(tmp_path):
    content = charges(("C1", "97110", "GP", 1, "")).replace(b"NOBODY", "MÜLLER".encode("cp1252"))
    out, _ = scrubbed(content, tmp_path / "a.csv")
    assert "MÜLLER" in out.decode("cp1252")


def test_titles_totals_and_short_rows_keep_their_places(tmp_path):
    out, done = scrubbed(CHARGES, tmp_path / "a.csv")
    rows = [*csv.reader(io.StringIO(out.decode(), newline=""))]
    assert rows[2][-6:] == [*ANNOTATIONS]
    assert rows[0] == ["Charges of January 2026", "", "", "", "", ""]
    assert rows[-1] == ["Total", "", "", "", "8", "$1510.50"]
    assert (done.files[0].rows, done.lines) == (10, 5)
    short = HEADER.encode() + b"C1,2026-02-02,97110,GP\n"
    row = [*csv.reader(io.StringIO(scrubbed(short, tmp_path / "b.csv")[0].decode()))][1]
    assert row[:4] + row[4:10] + row[10:12] == ["C1", "2026-02-02", "97110", "GP", *[""] * 6, "conditional", "97110"]


def test_several_lines_across_one_row_share_its_cells(tmp_path):
    content = b"Claim #,Payer,DOS 1,CPT 1,Units 1,DOS 2,CPT 2,Units 2\nC1,Medicare,1/2/2026,97110,1,1/2/2026,97140,1\n"
    row = rows_of(scrubbed(content, tmp_path / "a.csv")[0])[0]
    assert row["cpt_code"] == "97110 | 97140"


@pytest.mark.parametrize("cell", ["=1+1", "@SUM(A1)", "+cmd", "-x"])
def test_added_cell_never_starts_a_formula(cell, tmp_path):
    out, _ = scrubbed(THERAPY.replace(b"CLM*A1*", f"CLM*{cell}*".encode()), tmp_path / "a.837")
    assert {row["claim"] for row in rows_of(out)} == {f"'{cell}"}


def test_claims_give_a_table_with_a_row_for_each_line(tmp_path):
    out, _ = scrubbed(THERAPY, tmp_path / "a.837")
    rows = rows_of(out)
    assert [*rows[0]] == [*COLUMNS, *ANNOTATIONS]
    assert [row["code"] for row in rows] == ["97110", "97140", "97530"]
    lines, _ = scrubbed(THERAPY, tmp_path / "a.837", form="jsonl")
    assert [json.loads(line) for line in lines.splitlines()] == rows


def test_two_processes_write_the_same_bytes_as_one(tmp_path):
    rows = [(f"C{number // 3}", code, "GP", 1, "") for number, code in enumerate(["97110", "97140", "97530"] * 4000)]
    one, of_one = scrubbed(charges(*rows), tmp_path / "a.csv")
    two, of_two = scrubbed(charges(*rows), tmp_path / "a.csv", jobs=2)
    assert one == two
    assert of_one.findings == of_two.findings
    assert (of_one.lines, of_one.block, of_one.charge) == (of_two.lines, of_two.block, of_two.charge)


def test_run_without_what_is_remembered_says_the_same(tmp_path):
    content = charges(*[(f"C{number // 3}", "97110", "", 1, "") for number in range(300)])
    assert scrubbed(content, tmp_path / "a.csv")[0] == scrubbed(content, tmp_path / "a.csv", remember=False)[0]


@settings(max_examples=40, deadline=None, suppress_health_check=[*HealthCheck])
@given(broken(CHARGES + charges(("C1", "97110", "GP", 1, ""), ("C1", "97140", "", 2, "Aetna")), b"\n"))
def test_no_row_of_a_broken_table_is_lost_or_doubled(tmp_path, content):
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    try:
        out, done = scrubbed(content, path)
    except CptError:
        return
    with open_input(str(path)) as opened:
        raws = [raw for raw, _ in open_table(opened).pairs()] if opened.kind == "table" else []
    at = 0
    for raw in raws:
        body = raw.rstrip(b"\r\n")
        ending = raw[len(body) :]
        assert out.startswith(body, at)
        at = out.index(ending, at + len(body)) + len(ending) if ending else len(out)
    assert at == len(out) or not raws
    assert not raws or done.files[0].rows == len(raws)


@settings(max_examples=40, deadline=None, suppress_health_check=[*HealthCheck])
@given(broken(THERAPY, b"~"))
def test_no_line_of_a_broken_837_is_lost_or_doubled(tmp_path, content):
    path = tmp_path / "a.837"
    try:
        out, done = scrubbed(content, path)
        read, _ = scrubbed(content, path, read_only=True)
    except CptError:
        return
    if done.files[0].kind == "837p":
        annotated = [{name: row[name] for name in COLUMNS} for row in rows_of(out)]
        assert annotated == rows_of(read)
        assert done.lines == len(annotated)


# --------------------------------------------------------------------------------------------------- the command


@pytest.fixture
def month(tmp_path) -> Path:
    path = tmp_path / "month.csv"
    path.write_bytes(charges(("C1", "97110", "", 1, ""), ("C2", "97110", "GP", 1, "")))
    return path


def test_without_out_the_table_goes_to_stdout_and_the_summary_to_stderr(month, cpt):
    ran = cpt("scrub", "month.csv", "--payer", "medicare", "--state", "SC")
    assert [row["cpt_findings"] for row in csv.DictReader(io.StringIO(ran.stdout))] == [
        "medicare-therapy-modifiers",
        "",
    ]
    assert "2 lines read" in ran.stderr
    assert "1 clean, 1 to fix, 0 to review" in ran.stderr
    assert "$90.00 of $180.00" in ran.stderr
    assert ran.code == 1


def test_standard_input_is_read_as_a_file_is(month, cpt):
    options = ("--payer", "medicare", "--state", "SC")
    by_name = cpt("scrub", "month.csv", *options).stdout
    assert cpt("scrub", "-", *options, stdin=month.read_bytes()).stdout == by_name


def test_settings_fill_in_payer_and_state(month, cpt, tmp_path):
    env = {"XDG_CONFIG_HOME": str(tmp_path / "own")}
    cpt("settings", "set", "payer", "medicare", env=env)
    ran = cpt("scrub", "month.csv", env=env)
    assert "payer: your settings" in ran.stderr
    assert "1 to fix" in ran.stderr
    assert "NOTHING TO CHECK" in cpt("scrub", "month.csv", "--no-settings", env=env).stderr


@pytest.mark.parametrize(("fail_on", "code"), [("block", 1), ("warn", 1), ("never", 0)])
def test_fail_on_decides_the_exit_code(fail_on, code, month, cpt):
    assert cpt("scrub", "month.csv", "--payer", "medicare", "--fail-on", fail_on).code == code


def test_finding_to_review_fails_only_where_that_was_asked(tmp_path, cpt):
    (tmp_path / "a.csv").write_bytes(charges(("C1", "97010", "GP", 1, "")))
    options = ("scrub", "a.csv", "--payer", "medicare", "--state", "SC", "--fail-on")
    assert [cpt(*options, each).code for each in ("warn", "block")] == [1, 0]


def test_file_with_nothing_to_check_is_never_called_clean(tmp_path, cpt):
    (tmp_path / "lab.csv").write_bytes(charges(("C1", "85025", "", 1, "")))
    ran = cpt("scrub", "lab.csv", "--payer", "medicare", "--fail-on", "block")
    assert "NOTHING TO CHECK (code not in our list" in ran.stderr
    assert ran.code == 1


def test_json_is_the_summary_alone(month, cpt):
    ran = cpt("scrub", "month.csv", "--payer", "medicare", "--json", "--out", "out.csv")
    assert json.loads(ran.stdout)["findings"][0]["rule"] == "medicare-therapy-modifiers"
    assert (month.parent / "out.csv").exists()


def test_guessed_columns_are_printed_and_saved_and_can_be_used(month, cpt):
    ran = cpt("scrub", "month.csv", "--payer", "medicare", "--save-map", "map.yaml")
    assert 'code: "cpt"' in ran.stderr
    again = cpt("scrub", "month.csv", "--payer", "medicare", "--map", "map.yaml")
    assert again.stdout == ran.stdout
    assert "columns guessed" not in again.stderr
    assert cpt("scrub", "month.csv", "--preset", "nosuch").code == 2


def test_several_tables_go_into_a_folder(month, cpt, tmp_path):
    (tmp_path / "b.csv").write_bytes(month.read_bytes())
    assert cpt("scrub", "month.csv", "b.csv", "--payer", "medicare").code == 2
    (tmp_path / "out").mkdir()
    assert cpt("scrub", "month.csv", "b.csv", "--payer", "medicare", "--out", "out").code == 1
    assert sorted(each.name for each in (tmp_path / "out").iterdir()) == ["b-scrubbed.csv", "month-scrubbed.csv"]


def test_several_claim_files_share_one_table(cpt, tmp_path):
    for name in ("a.837", "b.837"):
        (tmp_path / name).write_bytes(THERAPY)
    ran = cpt("scrub", "a.837", "b.837", "--payer", "medicare")
    assert [row["file"] for row in csv.DictReader(io.StringIO(ran.stdout))] == ["a.837"] * 3 + ["b.837"] * 3


def test_read_only_writes_the_lines_of_every_kind_without_checks(month, cpt, tmp_path):
    (tmp_path / "a.837").write_bytes(THERAPY)
    ran = cpt("scrub", "a.837", str(month), "--read-only")
    rows = [*csv.DictReader(io.StringIO(ran.stdout))]
    assert [*rows[0]] == [*COLUMNS]
    assert [row["code"] for row in rows] == ["97110", "97140", "97530", "97110", "97110"]
    assert ran.code == 0


def test_remittance_is_refused_by_name(cpt, tmp_path):
    (tmp_path / "a.835").write_bytes(THERAPY.replace(b"ST*837*", b"ST*835*"))
    ran = cpt("scrub", "a.835")
    assert "remittance (835)" in ran.stderr
    assert ran.code == 2


@pytest.mark.parametrize("out", ["month.csv", "none/out.csv", "out.xlsx", "/dev/null", "map.yaml"])
def test_out_that_must_not_be_written_is_refused_and_nothing_changes(out, month, cpt, tmp_path):
    (tmp_path / "map.yaml").write_text("code: cpt\n")
    before = {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    ran = cpt("scrub", "month.csv", "--payer", "medicare", "--out", out)
    assert "--out" in ran.stderr
    assert ran.code == 2
    assert {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_run_that_ends_early_leaves_the_old_file_and_no_other(error, month, cpt, tmp_path, monkeypatch):
    (tmp_path / "out.csv").write_text("before")

    def write(self: GrowingFile, content: bytes) -> None:
        raise error

    monkeypatch.setattr(GrowingFile, "write", write)
    ran = cpt("scrub", "month.csv", "--payer", "medicare", "--out", "out.csv")
    assert (tmp_path / "out.csv").read_text() == "before"
    assert not [*tmp_path.glob(".cpt-*")]
    if isinstance(error, OSError):
        assert ("No space left on device" in ran.stderr, ran.code) == (True, 2)
    else:
        assert ("lines were read. Nothing was written." in ran.stderr, ran.code) == (True, 130)


def test_run_of_two_processes_that_is_stopped_ends_and_leaves_no_file(month, start_cpt, tmp_path):
    month.write_bytes(charges(*[(f"C{number}", "97110", "GP", number % 999, "") for number in range(20_000)]))
    process = start_cpt("scrub", "month.csv", "--payer", "medicare", "--out", "out.csv", "--jobs", "2")
    while not [*tmp_path.glob(".cpt-*")] and process.poll() is None:
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"Nothing was written." in errors
    assert [each.name for each in tmp_path.iterdir()] == ["month.csv"]


def test_nothing_of_a_patient_is_in_a_message_a_summary_or_a_page(cpt, tmp_path):
    secret = ("NOBODY", "NEVER", "ZEBRA77", "19500101", "1950-01-01")
    table = "patient_name,birth_date,mrn,cpt,units,date_of_service,payer,charge\n" + (
        "NOBODY NEVER,1950-01-01,ZEBRA77,97110,1,2026-02-02,Medicare,9\n"
        "NOBODY NEVER,1950-01-01,ZEBRA77,9711O,x,02/31/2026,Medicare,9\nNOBODY NEVER,1950-01-01,ZEBRA77\n"
    )
    (tmp_path / "a.csv").write_text(table)
    (tmp_path / "a.837").write_bytes(THERAPY.replace(b"T1~", b"ZEBRA77~"))
    for name in ("a.csv", "a.837"):
        ran = cpt("scrub", name, "--out", "out.csv", "--html", "page.html", "--summary", "sum.txt", "--json")
        told = ran.stdout + ran.stderr + (tmp_path / "page.html").read_text() + (tmp_path / "sum.txt").read_text()
        assert [each for each in secret if each in told] == []
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"a.csv", "a.837", "out.csv", "page.html", "sum.txt"}


def test_page_has_the_worst_claims_by_their_own_id(month, cpt, tmp_path):
    cpt("scrub", "month.csv", "--payer", "medicare", "--state", "SC", "--out", "out.csv", "--html", "page.html")
    page = (tmp_path / "page.html").read_text()
    assert '<th role="rowheader" scope="row">C1</th>' in page
    assert "█" in page
    assert "By payer" in page


# --------------------------------------------------------------------------------------------------- shared samples


@pytest.mark.parametrize("folder", ["837p", "837p-made"])
def test_read_only_agrees_with_the_expected_lines_of_the_samples(folder, tmp_path):
    if not (SHARED / folder).is_dir():
        pytest.skip("the shared samples are not here")
    with (SHARED / folder / "expected_lines.csv").open(newline="") as file:
        expected = [*csv.DictReader(file)]
    for name in dict.fromkeys(row["file"] for row in expected):
        out = io.BytesIO()
        choice = Choice(read_only=True)
        path = str(SHARED / folder / name)
        scrub([path], MEDICARE, choice, lambda _, out=out: (out.write, not out.tell()), Watch())
        want = [{key: row[key] for key in COLUMNS} | {"file": path} for row in expected if row["file"] == name]
        assert rows_of(out.getvalue())[: len(want)] == want


def test_every_shared_sample_comes_through_with_all_its_lines(tmp_path):
    if not SHARED.is_dir():
        pytest.skip("the shared samples are not here")
    refused = {}
    for path in sorted(SHARED.glob("*/*.*")):
        if path.suffix in (".md",) or path.name.startswith("expected_"):
            continue
        try:
            out, done = scrubbed(path.read_bytes(), tmp_path / path.name, Terms(today=date(2026, 11, 23)))
        except CptError as error:
            refused[path.name] = str(error)
            continue
        assert done.lines == done.checked + sum(each.lines for each in done.not_checked)
        if done.files[0].kind == "table":
            assert len(out.splitlines()) == len(path.read_bytes().splitlines())
    assert not {name for name, why in refused.items() if "no_isa" not in name and "Run: pip install" not in why}
