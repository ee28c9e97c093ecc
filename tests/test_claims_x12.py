"""The 837P reader: which lines it finds, in which context, and what it says of files that are not as they should be."""

import csv
import io
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from cptcli.claims.lines import COLUMNS, ClaimFileUnreadable, ServiceLine
from cptcli.claims.x12 import Reader

HERE = Path(__file__).parent
SHARED = HERE.parent.parent / "shared" / "claims"
THERAPY = (HERE / "claims" / "therapy.837").read_bytes()


def read(content: bytes) -> tuple[list[ServiceLine], list[str]]:
    reader = Reader(io.BytesIO(content), "file.837")
    return [*reader], [*map(str, reader.oddities)]


def samples() -> list[object]:
    return [*_samples()]


def _samples() -> Iterator[object]:
    for folder in ("837p", "837p-made"):
        if not (SHARED / folder).is_dir():
            yield pytest.param(None, "", 0, marks=pytest.mark.skip(reason="the shared samples are not here"))
            continue
        with (SHARED / folder / "expected_notes.csv").open(newline="") as notes:
            for note in csv.DictReader(notes):
                yield pytest.param(SHARED / folder, note["file"], int(note["lines"]), id=note["file"])


@pytest.mark.parametrize(("folder", "name", "lines"), samples())
def test_every_service_line_of_a_published_837p_is_read_as_independent_parsers_read_it(
    folder: Path, name: str, lines: int
) -> None:
    with (folder / "expected_lines.csv").open(newline="") as file:
        expected = [row for row in csv.DictReader(file) if row["file"] == name]
    with (folder / name).open("rb") as stream:
        reader = Reader(stream, name)
        if not lines:
            with pytest.raises(ClaimFileUnreadable, match="no ISA"):
                next(iter(reader))
            return
        found = [*reader]
    assert lines == len(found)
    for want, line in zip(expected, found, strict=False):
        row = dict(zip(COLUMNS, line.row(), strict=True))
        row |= {"other_payers": str(line.other_payers), "notes": " / ".join(line.notes)}
        assert want == row


def test_another_payers_loops_never_touch_the_line() -> None:
    lines, oddities = read(THERAPY)
    assert [line.filing for line in lines] == ["WC", "WC", "WC"]
    assert (lines[0].payer, lines[0].payer_id, lines[0].other_payers) == ("MADE UP COMP", "COMP1", 1)
    assert [line.rendering for line in lines] == ["1111111111", "1333333333", "1111111111"]
    assert [line.date_from for line in lines] == ["20260102", "20260102", "20260102"]
    assert oddities == []


def test_place_of_service_of_the_line_is_used_before_that_of_the_claim() -> None:
    assert [line.pos for line in read(THERAPY)[0]] == ["11", "12", "11"]


def test_a_range_of_dates_gives_first_and_last_day() -> None:
    line = read(THERAPY)[0][1]
    assert (line.date_from, line.date_to) == ("20260102", "20260103")


def test_minutes_in_notes_are_kept_with_the_line() -> None:
    assert read(THERAPY)[0][0].notes == ("ADD:TOTAL TIMED MINUTES 53",)


@pytest.mark.parametrize(
    ("element", "component", "terminator"),
    [("|", ">", "\n"), ("~", "^", "_"), ("\x1d", "\x1f", "\x1e"), ("+", ";", "'"), ("\t", "\\", "\r")],
)
def test_delimiters_come_from_the_isa(element: str, component: str, terminator: str) -> None:
    text = THERAPY.decode().replace("\n", "").replace("^", "!")
    swapped = text.translate(str.maketrans({"*": element, ":": component, "~": terminator}))
    assert read(THERAPY)[0] == read(swapped.encode())[0]


@pytest.mark.parametrize("again", ["\n", "\r\n", "\n    ", "\n\t\t"])
def test_line_breaks_and_indentation_after_a_terminator_mean_nothing(again: str) -> None:
    assert read(THERAPY) == read(THERAPY.replace(b"\n", again.encode()))


def test_a_second_interchange_may_use_other_delimiters() -> None:
    second = THERAPY.translate(bytes.maketrans(b"*:~", b"~>\x1e"))
    lines, oddities = read(b"\xef\xbb\xbf" + THERAPY + second)
    assert len(lines) == 6
    assert [line.row() for line in lines[:3]] == [line.row() for line in lines[3:]]
    assert oddities == []


def test_an_interchange_that_begins_inside_a_cut_off_segment_is_read() -> None:
    cut = THERAPY[: THERAPY.index(b"LX*2")]
    lines, oddities = read(cut + b"SV1*HC:97140" + THERAPY)
    assert [line.code for line in lines] == ["97110", "97140", "97110", "97140", "97530"]
    assert any(oddity.startswith("last segment has no terminator") for oddity in oddities)


def test_a_cut_off_last_claim_still_gives_its_incomplete_line() -> None:
    lines, oddities = read(THERAPY[: THERAPY.index(b"*82.50")])
    assert (lines[-1].code, lines[-1].charge) == ("97530", "")
    assert "last segment has no terminator (segment 32)" in oddities
    assert "ISA is never closed (segment 32)" in oddities


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (b"SE*32", b"SE*31", "SE: wrong count of segments (segment 34)"),
        (b"SE*32*0001", b"SE*32*0002", "SE: its control number is not that of ST (segment 34)"),
        (b"IEA*1", b"IEA*2", "IEA: wrong count of groups (segment 36)"),
        (b"CLM*A1*215", b"CLM*A1*200", "CLM: its total charge is not the sum of its lines (segment 12)"),
        (b"LX*2~\n", b"", "SV1: SV1 without LX (segment 27)"),
        (b"LX*3", b"LX*4", "LX: it does not count 1, 2, 3 (segment 31)"),
        (b"***2~", b"***3~", "SV1: diagnosis pointer '3' has no HI code (segment 32)"),
        (b"AMT*D", b"XYZ*D", "a segment that an 837P does not have (segment 17)"),
        (b"20260102-20260103", b"20260103-20260102", "DTP: the range of dates ends before it begins (segment 29)"),
        (b"HC:97530:GP", b"HC>97530>GP", "SV1: component separator '>' used, ISA16 declares ':' (segment 32)"),
        (b"XX*1111111111", b"24*111111111", "NM1*82: identified by something other than an NPI (segment 15)"),
        (
            b"HL*2*1*22",
            b"HL*2*1*99",
            "HL: its level is not 20, 22 or 23; provider and payer of what follows are not known",
        ),
    ],
)
def test_an_oddity_is_reported_with_its_segment_and_no_line_is_lost(old: bytes, new: bytes, says: str) -> None:
    assert old in THERAPY
    lines, oddities = read(THERAPY.replace(old, new, 1))
    assert [line.code for line in lines] == ["97110", "97140", "97530"]
    assert any(oddity.startswith(says) for oddity in oddities), oddities


def test_a_social_security_number_of_a_provider_is_not_kept() -> None:
    lines, _ = read(THERAPY.replace(b"XX*1111111111", b"34*111111111"))
    assert lines[0].rendering == ""


def test_a_missing_hl_does_not_give_a_patient_the_payer_of_the_one_before() -> None:
    start, end = THERAPY.index(b"SBR*S"), THERAPY.index(b"SE*32")
    next_patient = THERAPY[start:end].replace(b"*WC~", b"*CI~").replace(b"CLM*A1", b"CLM*A2")
    lines, oddities = read(THERAPY[:end] + next_patient + THERAPY[end:])
    assert [line.filing for line in lines] == ["WC"] * 3 + ["CI"] * 3
    assert any("without an HL" in oddity for oddity in oddities)


def test_institutional_lines_are_counted_as_not_read() -> None:
    reader = Reader(io.BytesIO(THERAPY.replace(b"SV1*HC:97530:GP*82.50", b"SV2*0420*HC:97530:GP*82.50")), "file")
    assert len([*reader]) == 2
    assert reader.unread == 1


def test_a_remittance_between_claims_is_said_to_be_no_claim() -> None:
    remittance = (
        b"GS*HP*A*B*20260105*0930*2*X*005010X221A1~ST*835*0009~CLP*A1*1*90*60~SVC*HC:97110*90*60~SE*4*0009~GE*1*2~"
    )
    end = THERAPY.index(b"IEA*")
    lines, oddities = read(THERAPY[:end] + remittance + THERAPY[end:].replace(b"IEA*1", b"IEA*2"))
    assert len(lines) == 3
    assert oddities == ["ST: a 835 is not a claim and was not read (segment 37)"]


@pytest.mark.parametrize("content", [b"GS*HC*A~SV1*HC:97110*1~", b"ISA*00*", b"code,units\n97110,1\n"])
def test_a_file_without_a_readable_isa_is_refused(content: bytes) -> None:
    with pytest.raises(ClaimFileUnreadable):
        read(content)


def test_service_lines_before_the_only_isa_are_not_passed_over_silently() -> None:
    with pytest.raises(ClaimFileUnreadable, match="no ISA segment at its start"):
        read(b"ST*837*1~SV1*HC:97110*90*UN*2~" + THERAPY)


def test_an_isa_that_is_one_character_short_is_read_and_reported() -> None:
    lines, oddities = read(THERAPY.replace(b"MADEUP         *ZZ", b"MADEUP        *ZZ", 1))
    assert len(lines) == 3
    assert oddities == ["ISA: it has 105 characters, expected 106 (segment 1)"]


def test_no_name_or_birth_date_of_a_patient_is_in_an_oddity() -> None:
    body = THERAPY[106:]
    for wrong in (
        body.replace(b"*", b"~"),
        body.replace(b"*", b" "),
        body.replace(b"~", b""),
        body.replace(b":", b"*"),
    ):
        _, oddities = read(THERAPY[:106] + wrong)
        assert oddities
        assert not any(word in oddity for oddity in oddities for word in ("NOBODY", "19500101", "NEVER", "T1"))


class Endless(io.RawIOBase):
    """An ISA, and then one segment that does not end for many megabytes."""

    def __init__(self, size: int) -> None:
        self._left = size
        self._begin = THERAPY[: THERAPY.index(b"NTE*")] + b"NTE*ADD*"

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if self._begin:
            part, self._begin = self._begin, b""
            return part
        part = b"X" * min(size, self._left)
        self._left -= len(part)
        if not part and self._left == 0:
            self._left = -1
            return THERAPY[THERAPY.index(b"~\nHI*") :]
        return part if self._left >= 0 else b""


def test_one_endless_segment_costs_no_memory_and_no_line() -> None:
    tracemalloc.start()
    reader = Reader(Endless(40_000_000), "file")  # type: ignore[arg-type]
    lines = [*reader]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(lines) == 3
    assert peak < 4_000_000
    assert any("more than 65,536 characters" in str(oddity) for oddity in reader.oddities)
