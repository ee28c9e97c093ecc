"""FHIR Claim and ExplanationOfBenefit -> service lines: one resource, a bundle, a list, or NDJSON.

`for line in Reader(stream, name)` yields a ServiceLine for every item; afterwards `reader.oddities` lists what is
unusual, by the number of the resource, and `reader.resources` counts claims. A line whose code is neither CPT nor HCPCS
keeps the code, with the code system as `qual`, so that a check can say that it was not checked. R4 and STU3.
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any, BinaryIO, Final
from urllib.parse import unquote

import msgspec

from .cells import quantity
from .lines import TEXT_ERRORS, ClaimFileUnreadable, Oddities, ServiceLine

_LARGEST: Final = 1 << 29  # bytes of one JSON text; NDJSON may have any number of them
_CLAIMS: Final = ("Claim", "ExplanationOfBenefit")
_CODE_SYSTEMS: Final = (  # CPT and HCPCS, as public writers name them
    "http://www.ama-assn.org/go/cpt",
    "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets",
    "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets",
    "https://bluebutton.cms.gov/resources/codesystem/hcpcs",
    "http://terminology.hl7.org/CodeSystem/HCPCS",
    "urn:oid:2.16.840.1.113883.6.12",
    "urn:oid:2.16.840.1.113883.6.285",
)
_NPI: Final = "http://hl7.org/fhir/sid/us-npi"
_MINUTES: Final = ("min", "mins", "minute", "minutes")
_RENDERING: Final = ("rendering", "performing", "primary")
_decode: Final = msgspec.json.Decoder(float_hook=str).decode


class Reader:
    """The service lines of one FHIR file. Iterate over it once."""

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self.oddities = Oddities("resource")
        self.resources = 0
        self.other_resources = 0
        self.unread = 0  # lines of NDJSON that could not be read
        self._stream = stream
        self._name = name

    def __iter__(self) -> Iterator[ServiceLine]:
        number = 0
        for text in self._texts():
            for resource in _resources(text):
                number += 1
                if resource.get("resourceType") not in _CLAIMS:
                    self.other_resources += 1
                    continue
                self.resources += 1
                yield from _Claim(resource, number, self._name, self.oddities).lines()
        if not self.resources:
            self.oddities.add("no Claim and no ExplanationOfBenefit in this file: nothing to check")

    def _texts(self) -> Iterator[Any]:
        """Yield what each JSON text holds: that of the whole file, or that of each line. Raises ClaimFileUnreadable."""
        first = self._stream.readline(_LARGEST)
        value, is_whole = self._decoded(first)
        if not is_whole:
            rest = self._stream.read(_LARGEST - len(first))
            if self._stream.read(1):
                raise ClaimFileUnreadable(self._name, f"more than {_LARGEST:,} bytes of JSON", "Export it as NDJSON.")
            value, is_whole = self._decoded(first + rest)
            if not is_whole:
                yield from self._lines((first + rest).split(b"\n"))
                return
        yield value
        yield from self._lines(iter(lambda: self._stream.readline(_LARGEST), b""), 2)

    def _lines(self, lines: Iterable[bytes], start: int = 1) -> Iterator[Any]:
        """Yield each line of NDJSON; one that is no JSON is reported by the number of its line."""
        were_read = start > 1
        for number, line in enumerate(lines, start):
            if not line.strip():
                continue
            value, _ = self._decoded(line)
            if isinstance(value, dict) and "resourceType" in value:
                were_read = True
                yield value
            else:
                self.unread += 1
                self.oddities.add("a line that is no FHIR resource or is cut off, and was not read", number)
        if not were_read:
            raise ClaimFileUnreadable(self._name, "JSON that is damaged or cut off", "Export it again.")

    def _decoded(self, text: bytes) -> tuple[Any, bool]:
        """Return the value of a JSON text, and whether it is one."""
        try:
            return _decode(text.decode("utf-8", TEXT_ERRORS).lstrip("\ufeff")), True
        except (msgspec.DecodeError, RecursionError, UnicodeError):
            return None, False


class _Claim:
    """One Claim or ExplanationOfBenefit."""

    def __init__(self, resource: dict[str, Any], number: int, name: str, oddities: Oddities) -> None:
        self._resource = resource
        self._number = number
        self._name = name
        self._oddities = oddities
        self._contained = {_text(each.get("id")): each for each in _dicts(resource.get("contained"))}
        self._dx = self._diagnoses()

    def lines(self) -> Iterator[ServiceLine]:
        """Yield a line for every item, and for every detail of one."""
        resource = self._resource
        identifiers = [_text(each.get("value")) for each in _dicts(resource.get("identifier"))]
        claim = _text(resource.get("id")) or next(filter(None, identifiers), "")
        payers = [_dict(each.get("coverage")) for each in _dicts(resource.get("insurance"))]
        payer = next(
            filter(None, (_text(each.get("display")) for each in [*payers, _dict(resource.get("insurer"))])), ""
        )
        billing = self._npi(resource.get("provider"))
        patient = _text(_dict(resource.get("patient")).get("reference"))
        items = _dicts(resource.get("item"))
        if not items:
            self._odd("a claim without items")
        seen: set[str] = set()
        for item in items:
            lx = _text(item.get("sequence"))
            if lx in seen:
                self._odd("two items have the same sequence number")
            seen.add(lx)
            yield self._line(item, claim, lx, billing, payer, patient)
            if item.get("detail"):
                self._odd("an item has details, which were not read")

    def _line(self, item: dict[str, Any], claim: str, lx: str, billing: str, payer: str, patient: str) -> ServiceLine:
        qual, code = self._code(item)
        first, last = self._dates(item)
        amount = _dict(item.get("quantity"))
        qty = _number(amount.get("value"))
        unit = "" if not qty else "MJ" if _text(amount.get("unit") or amount.get("code")).lower() in _MINUTES else "UN"
        pointers = tuple(map(_text, _list(item.get("diagnosisSequence") or item.get("diagnosisLinkId"))))
        dx = tuple(self._dx[pointer] for pointer in pointers if self._dx.get(pointer))
        if len(dx) != len(pointers):
            self._odd("a diagnosis sequence without a diagnosis code")
        modifiers = [
            _text(coding.get("code"))
            for concept in _dicts(item.get("modifier"))
            for coding in _dicts(concept.get("coding"))
        ]
        return ServiceLine(
            file=self._name, claim=claim, lx=lx, qual=qual, code=code, modifiers=tuple(filter(None, modifiers)),
            charge=self._charge(item, unit, qty), unit=unit, qty=qty,
            pointers=pointers, dx=dx, date_from=first, date_to=last, pos=_coding(item.get("locationCodeableConcept")),
            billing=billing, rendering=self._rendering(item), place=self._number, payer=payer, patient=patient,
        )  # fmt: skip

    def _code(self, item: dict[str, Any]) -> tuple[str, str]:
        """Return HC and the CPT or HCPCS code; without one the first code and its system."""
        codings = _dicts(_dict(item.get("productOrService") or item.get("service")).get("coding"))
        for coding in codings:
            if _text(coding.get("system")).rstrip("/") in _CODE_SYSTEMS and (code := _text(coding.get("code"))):
                return "HC", code
        for coding in codings:
            if code := _text(coding.get("code")):
                system = _text(coding.get("system"))
                self._odd(f"coded in {system[:80] or 'no named system'}, neither CPT nor HCPCS: nothing to check")
                return system, code
        self._odd("an item without a code")
        return "", ""

    def _dates(self, item: dict[str, Any]) -> tuple[str, str]:
        """Return the first and last day of an item; those of the whole claim where it has none."""
        if day := _day(item.get("servicedDate")):
            return day, day
        period = _dict(item.get("servicedPeriod"))
        if not period and (period := _dict(self._resource.get("billablePeriod"))):
            self._odd("an item without a date; the claim's billablePeriod was taken")
        first, last = _day(period.get("start")), _day(period.get("end"))
        if not first and not last:
            self._odd("an item without a date of service")
        return first or last, last or first

    def _charge(self, item: dict[str, Any], unit: str, qty: str) -> str:
        """Return what was charged: net, the submitted amount, or unit price times units; "" where none is given."""
        if net := _text(_dict(item.get("net")).get("value")):
            return net
        for each in _dicts(item.get("adjudication")):
            kinds = _dicts(_dict(each.get("category")).get("coding"))
            if any(_text(coding.get("code")) == "submitted" for coding in kinds):
                return _text(_dict(each.get("amount")).get("value"))
        price = _text(_dict(item.get("unitPrice")).get("value"))
        if not price or unit == "MJ":  # minutes are no units
            return ""
        try:
            return str(Decimal(price) * Decimal(qty or "1"))
        except ArithmeticError:
            return ""

    def _rendering(self, item: dict[str, Any]) -> str:
        """Return the NPI of who rendered an item: of its care team, else of the claim's."""
        wanted = {_text(each) for each in _list(item.get("careTeamSequence") or item.get("careTeamLinkId"))}
        for member in _dicts(self._resource.get("careTeam")):
            if wanted and _text(member.get("sequence")) not in wanted:
                continue
            roles = {_text(coding.get("code")) for coding in _dicts(_dict(member.get("role")).get("coding"))}
            if (roles & {*_RENDERING} or not roles) and (npi := self._npi(member.get("provider"))):
                return npi
        return ""

    def _npi(self, reference: Any) -> str:
        """Return the NPI that a reference gives, in itself, in a contained resource or in a search."""
        reference = _dict(reference)
        where = _text(reference.get("reference"))
        contained = self._contained.get(where[1:], {}) if where.startswith("#") else {}
        identifiers = [_dict(reference.get("identifier")), *_dicts(contained.get("identifier"))]
        for each in identifiers:
            if _text(each.get("system")) == _NPI or _coding(each.get("type")).lower() == "npi":
                return _text(each.get("value"))
        system, _, value = unquote(where).partition("|")
        return value if system.endswith(_NPI) else ""

    def _diagnoses(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for each in _dicts(self._resource.get("diagnosis")):
            sequence = _text(each.get("sequence"))
            if sequence in found:
                self._odd("two diagnoses have the same sequence number; the first is used")
                continue
            found[sequence] = _coding(each.get("diagnosisCodeableConcept")).replace(".", "").upper()
        return found

    def _odd(self, what: str) -> None:
        self._oddities.add(what, self._number)


def _resources(value: Any) -> Iterator[dict[str, Any]]:
    """Yield the resources in a JSON value: itself, those of a bundle, those of a list."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, list):
            waiting.extend(reversed(each))
        elif isinstance(each, dict) and each.get("resourceType") == "Bundle":
            waiting.extend(entry.get("resource") for entry in reversed(_dicts(each.get("entry"))))
        elif isinstance(each, dict):
            yield each


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [each for each in _list(value) if isinstance(each, dict)]


def _text(value: Any) -> str:
    return (
        value
        if isinstance(value, str)
        else ""
        if value is None or isinstance(value, bool | dict | list)
        else str(value)
    )


def _number(value: Any) -> str:
    """Return a number without useless decimals."""
    return quantity(_text(value))


def _coding(concept: Any) -> str:
    """Return the first code of a concept."""
    return next(filter(None, (_text(each.get("code")) for each in _dicts(_dict(concept).get("coding")))), "")


def _day(value: Any) -> str:
    """Return the day of a date or instant as YYYYMMDD."""
    return _text(value)[:10].replace("-", "")
