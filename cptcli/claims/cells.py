"""One cell of a charge export -> the value in the notation of ServiceLine. Results are kept, within a bound.

A value that cannot be read stays as it is, so that a check can name it; nothing is dropped.
"""

import re
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Final

_KEPT: Final = 8192
_WHOLE = re.compile(r"(-?[0-9]+)\.0*")
_SHORT_CODE = re.compile(r"[1-9][0-9]{2,3}")
_BETWEEN = re.compile(r"[\s,;:/|+]+")
_BETWEEN_DX = re.compile(r"[\s,;:|]+")
_DX_LABEL = re.compile(r"ICD-?(?:9|10)(?:-?CM)?", re.IGNORECASE)
_MONEY = re.compile(r"-?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]*)(?:\.[0-9]*)?")
_DECIMAL_COMMA = re.compile(r"(-?[0-9]{1,3}(?:\.[0-9]{3})*|-?[0-9]+),([0-9]{1,2})")
_NUMERIC_DAY = re.compile(r"([0-9]{1,2})[/-]([0-9]{1,2})[/-]([0-9]{4}|[0-9]{2})")
_NAMED_DAY = ("%d-%b-%Y", "%d-%b-%y", "%d%b%Y", "%b %d, %Y", "%d %b %Y")
_FIRST_DAY, _LAST_DAY = date(2000, 1, 1), date(2099, 12, 31)  # read from Excel's number of a day
_EXCEL_ZERO: Final = date(1899, 12, 30)


def plain(text: str) -> str:
    """Return a cell without blanks around it, and a whole number without its decimals: `500.0` is `500`."""
    if text.isalnum():
        return text
    text = text.strip().strip("\xa0")
    found = _WHOLE.fullmatch(text)
    return found[1] if found else text


@lru_cache(_KEPT)
def code(text: str) -> tuple[str, str]:
    """Return a procedure code, and what was repaired: a spreadsheet drops a zero in front and adds `.0`."""
    value = plain(text)
    if _SHORT_CODE.fullmatch(value):
        return value.zfill(5), f"code {value} read as {value.zfill(5)}: a spreadsheet drops zeros in front"
    return value, ""


@lru_cache(_KEPT)
def modifiers(*cells: str) -> tuple[str, ...]:
    """Return the modifiers of one cell or several: `GP:59`, `GP,59`, `GP 59` and `GP/59` are the same."""
    return tuple(plain(part) for cell in cells for part in _BETWEEN.split(cell) if part.strip())


@lru_cache(_KEPT)
def diagnoses(*cells: str) -> tuple[str, ...]:
    """Return diagnosis codes without dots, and without the `ICD10|` that OpenEMR writes before each."""
    parts = (part for cell in cells for part in _BETWEEN_DX.split(cell) if part)
    return tuple(part.replace(".", "").upper() for part in parts if not _DX_LABEL.fullmatch(part))


@lru_cache(_KEPT)
def pointers(dx_count: int, *cells: str) -> tuple[str, ...]:
    """Return pointers as numbers from 1: `AC`, `A,C`, `1:3` and `13` (of fewer than 13 diagnoses) are 1 and 3."""
    found: list[str] = []
    for part in (plain(part) for cell in cells for part in _BETWEEN.split(cell) if part):
        if part.isascii() and part.isalpha():
            found += (str(ord(letter) - 64) for letter in part.upper())
        elif part.isascii() and part.isdigit() and int(part[:4]) > max(dx_count, 1):
            found += part
        else:
            found.append(part)
    return tuple(found)


@lru_cache(_KEPT)
def money(text: str) -> str:
    """Return an amount without sign of currency and thousands: `$1,234.00` is 1234.00, `(5.00)` is -5.00."""
    value = text.strip().replace("$", "").replace(" ", "")
    if value.startswith("(") and value.endswith(")"):
        value = f"-{value[1:-1]}"
    if found := _DECIMAL_COMMA.fullmatch(value):
        return f"{found[1].replace('.', '')}.{found[2]}"
    return value.replace(",", "") if _MONEY.fullmatch(value) else text.strip()


@lru_cache(_KEPT)
def quantity(text: str) -> str:
    """Return units or minutes without useless decimals: `2.0000` is 2, `1.50` is 1.5."""
    value = text.strip()
    if "." in value and value.replace(".", "", 1).lstrip("-").isdigit():
        value = value.rstrip("0").rstrip(".")
        return value if value not in ("", "-") else "0"
    return value


@lru_cache(_KEPT)
def day(text: str) -> tuple[str, str]:
    """Return a date as YYYYMMDD, and what is wrong with it; month before day where it is written in numbers."""
    value = plain(text)
    if not value:
        return "", ""
    head = re.split(r"[T ](?=[0-9]{1,2}:)", value, maxsplit=1)[0]
    try:
        if head.isascii() and head.isdigit():
            return _digits(head)
        if found := _NUMERIC_DAY.fullmatch(head):
            month, number, year = map(int, found.groups())
            return f"{date(year + 2000 if year < 100 else year, month, number):%Y%m%d}", ""
        if "-" in head[4:5] or "/" in head[4:5]:
            return f"{date(*map(int, re.split('[-/]', head))):%Y%m%d}", ""
    except (ValueError, TypeError):
        return value, "the date is not a day of the calendar, written year-month-day or month/day/year"
    for form in _NAMED_DAY:
        try:
            return f"{datetime.strptime(head, form):%Y%m%d}", ""  # noqa: DTZ007 - a day, not an instant
        except ValueError:
            continue
    return value, "the date is not a day of the calendar, written year-month-day or month/day/year"


def _digits(head: str) -> tuple[str, str]:
    """Return a date written without separators. Raises ValueError."""
    if len(head) == 5 and _FIRST_DAY <= (found := _EXCEL_ZERO + timedelta(int(head))) <= _LAST_DAY:
        return f"{found:%Y%m%d}", "a date that is Excel's number of a day, read as such"
    if len(head) != 8:
        raise ValueError(head)
    return f"{date(int(head[:4]), int(head[4:6]), int(head[6:])):%Y%m%d}", ""


@lru_cache(_KEPT)
def place_of_service(text: str) -> str:
    """Return a place of service with two digits: `11.0` is 11, `2` is 02."""
    value = plain(text)
    return value.zfill(2) if value.isascii() and value.isdigit() else value
