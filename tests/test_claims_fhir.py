"""FHIR claims: which items become service lines, and what is said where there is nothing to check."""

import io
import json
from pathlib import Path

import pytest

from cptcli.claims.fhir import Reader
from cptcli.claims.lines import ClaimFileUnreadable, ServiceLine

HERE = Path(__file__).parent
SHARED = HERE.parent.parent / "shared" / "claims" / "fhir"
LINES = {
    "bfd-eob-carrier-carinbb.json": 4, "bfd-eob-carrier-stu3.json": 1, "hcc-sample_eob_1.json": 2,
    "made-therapy-bundle.json": 7, "synthea-claim-eob-bundle.json": 4,
}  # fmt: skip


def read(content: bytes) -> tuple[list[ServiceLine], list[str]]:
    reader = Reader(io.BytesIO(content), "file.json")
    return [*reader], [*map(str, reader.oddities)]


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared samples are not here")
@pytest.mark.parametrize(("name", "lines"), LINES.items())
def test_every_item_of_a_published_claim_is_a_line(name: str, lines: int) -> None:
    content = (SHARED / name).read_bytes()
    value = json.loads(content)
    resources = [entry["resource"] for entry in value["entry"]] if value["resourceType"] == "Bundle" else [value]
    assert lines == len(read(content)[0]) == sum(len(each["item"]) for each in resources)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared samples are not here")
def test_modifiers_in_one_concept_or_in_several_are_the_same() -> None:
    lines, _ = read((SHARED / "made-therapy-bundle.json").read_bytes())
    assert lines[0].modifiers == ("GP", "KX")
    assert (lines[-1].unit, lines[-1].qty) == ("MJ", "38")


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared samples are not here")
def test_stu3_names_of_fields_are_read() -> None:
    line = read((SHARED / "bfd-eob-carrier-stu3.json").read_bytes())[0][0]
    assert (
        line.code,
        line.modifiers,
        line.pointers,
        line.rendering,
        line.pos,
    ) == ("92999", ("LT",), ("5",), "1923124", "11")


def test_ndjson_is_read_line_by_line_and_a_damaged_line_is_named() -> None:
    lines, oddities = read((HERE / "claims" / "claims.ndjson").read_bytes())
    first = lines[0]
    assert (first.qual, first.code, first.modifiers, first.charge) == ("HC", "97110", ("GP", "KX"), "90.50")
    assert (first.pointers, first.dx, first.date_from, first.billing) == (("1",), ("M5450",), "20260102", "1234567893")
    assert [line.claim for line in lines] == ["N1", "N3"]
    assert "a line that is no FHIR resource or is cut off, and was not read (resource 3)" in oddities


def test_snomed_codes_are_said_to_be_not_checkable() -> None:
    lines, oddities = read((HERE / "claims" / "claims.ndjson").read_bytes())
    assert (lines[-1].qual, lines[-1].code) == ("http://snomed.info/sct", "162673000")
    assert any("coded in http://snomed.info/sct, neither CPT nor HCPCS" in oddity for oddity in oddities)


def test_json_without_a_claim_is_said_to_have_nothing_to_check() -> None:
    lines, oddities = read(b'{"resourceType": "Patient"}')
    assert lines == []
    assert oddities == ["no Claim and no ExplanationOfBenefit in this file: nothing to check"]


@pytest.mark.parametrize("content", [b'{"resourceType": "Claim", "item": [', b"[" * 100_000, b"{", b"\xff\x00{"])
def test_damaged_json_is_refused(content: bytes) -> None:
    with pytest.raises(ClaimFileUnreadable, match="damaged or cut off"):
        read(content)


@pytest.mark.parametrize(
    "wrong", [None, 5, "x", [], {}, [None], [5], [[]], {"coding": 5}, {"coding": [None, {"code": 9}]}]
)
@pytest.mark.parametrize(
    "field",
    ["productOrService", "modifier", "quantity", "diagnosisSequence", "servicedPeriod", "adjudication", "sequence"],
)
def test_a_field_of_the_wrong_type_loses_no_line(field: str, wrong: object) -> None:
    claim = {"resourceType": "Claim", "item": [{"sequence": 1, field: wrong}, {"sequence": 2}]}
    assert len(read(json.dumps(claim).encode())[0]) == 2
