"""One unit's Medicare fee: relative values, a locality's indices and the day's conversion factor, in decimals.

What is not on file for the day's year is not guessed: the answer says which years are.
"""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from msgspec import Struct

from ..cms.entries import Edition, Factor, Fit, Locality, RelativeValues
from ..cms.tables import Tables
from ..errors import BadValue

_CENT = Decimal("0.01")
_WHO = {
    "single": "everyone",
    "non_qpp": "a non-QPP (no qualifying participant in an advanced payment model)",
    "qpp": "a QPP",
}


def cents(amount: Decimal) -> Decimal:
    """Return an amount to the cent, half a cent up."""
    return amount.quantize(_CENT, ROUND_HALF_UP)


class Values(Struct, frozen=True):
    """Relative values of work, practice expense (non-facility) and malpractice, or a locality's indices of them."""

    work: Decimal
    practice_expense: Decimal
    malpractice: Decimal

    @classmethod
    def of(cls, stored: RelativeValues | Locality) -> "Values":
        """Return the three numbers of a code or of a place."""
        return cls(stored.work, stored.practice_expense, stored.malpractice)


def fee(values: Values, indices: Values, factor: Decimal, share: Decimal = Decimal(1)) -> Decimal:
    """Return one unit's fee in dollars, rounded once at the end; `share` is what is paid of the practice expense."""
    total = (
        values.work * indices.work
        + share * values.practice_expense * indices.practice_expense
        + values.malpractice * indices.malpractice
    )
    return cents(total * factor)


class TableValue(Struct, frozen=True):
    """What a table gives for the day, or why it gives nothing; `note` where the edition is not that of the day."""

    relative_values: RelativeValues | None = None
    locality: Locality | None = None
    factor: Factor | None = None
    note: str | None = None


def find_locality(
    tables: Tables, day: date, state: str | None = None, zip5: str | None = None, locality: str | None = None
) -> TableValue:
    """Return the payment locality by contractor and locality, by ZIP code, or by a state with only one.

    Raises BadValue for one that is not in CMS's table, or that contradicts the others.
    """
    if locality:
        contractor, _, number = locality.replace("-", "/").partition("/")
        found = tables.localities(contractor=contractor.zfill(5), locality=number.zfill(2), day=day)
        if not found:
            raise BadValue("--locality", locality, "a contractor and a locality of CMS's table, with / between")
        if state and state != found[0].state and _named(found[0]) not in tables.places_of(state, day):
            raise _elsewhere("--locality", locality, state, found[0])
        place = tables.zip_code(zip5, day) if zip5 else None
        if zip5 and place and (place.contractor, place.locality) != _named(found[0]):
            named = f"{place.contractor}/{place.locality}"
            raise BadValue("--locality", locality, f"{named}, in which the ZIP code {zip5} lies, or no ZIP code")
        return _of_the_year(found[0], day)
    if zip5:
        place = tables.zip_code(zip5, day)
        if place is None:
            raise BadValue("--zip", zip5, "a ZIP code of CMS's table; --locality names the place otherwise")
        found = tables.localities(contractor=place.contractor, locality=place.locality, day=day)
        split = " Its four further digits may name another locality." if place.plus_four else ""
        if not found:
            return TableValue(note=f"No indices are on file for {place.contractor}/{place.locality}.")
        if state and state not in (place.state, found[0].state):
            raise _elsewhere("--zip", zip5, state, found[0])
        stored = _of_the_year(found[0], day)
        if place.fits == "day" and not split:
            return stored
        older = "" if place.fits == "day" else f" ZIP codes are those of {place.edition.edition}."
        return TableValue(locality=stored.locality, note=f"{stored.note or ''}{older}{split}".strip())
    if state is None:
        return TableValue(note="No place is given: add --state, --zip or --locality.")
    found = tables.localities(state=state, day=day)
    for contractor, number in sorted(tables.places_of(state, day) - {*map(_named, found)}):
        found += tables.localities(contractor=contractor, locality=number, day=day)
    if len(found) == 1:
        return _of_the_year(found[0], day)
    if not found:
        return TableValue(note=f"No payment locality of {state} is on file.")
    named = "; ".join(f"{each.contractor}/{each.locality} {each.name}" for each in found[:8])
    more = f" and {len(found) - 8} more" if len(found) > 8 else ""
    return TableValue(note=f"{state} has {len(found)} payment localities: add --zip or --locality ({named}{more}).")


def _named(found: Locality) -> tuple[str, str]:
    return found.contractor, found.locality


def _elsewhere(option: str, given: str, state: str, found: Locality) -> BadValue:
    return BadValue(option, given, f"a place in {state}, the state that was given; that one is of {found.name}")


def _of_the_year(found: Locality, day: date) -> TableValue:
    if same_year(found.edition, found.fits, day):
        return TableValue(locality=found)
    return TableValue(
        note=f"Practice cost indices of {day.year} are not on file; those of {found.edition.edition} are."
    )


def values_on(tables: Tables, code: str, day: date) -> RelativeValues | None:
    """Return a code's relative values in the release for the day, or another of the same year; never another year."""
    found = tables.relative_values(code, day)
    return found if found and same_year(found.edition, found.fits, day) else None


def find_values(tables: Tables, code: str, day: date) -> TableValue:
    """Return a code's relative values as `values_on`, with what has to be said of them, or why there are none."""
    found = tables.relative_values(code, day)
    if found is None:
        edition, fits = tables.edition_on("fee-schedule", day)
        if edition is None or not same_year(edition, fits, day):
            return TableValue(note=_loaded(tables, day, code))
        if tables.knows("fee-schedule", code, day):
            return TableValue(note=f"{code} is not on the fee schedule {edition.edition}.")
        return TableValue(note=f"Our part of the fee schedule {edition.edition} does not have {code}.")
    if found.fits == "day":
        return TableValue(relative_values=found)
    if same_year(found.edition, found.fits, day):
        since = f"{found.edition.first} to {found.edition.last}" if found.edition.last else f"{found.edition.first} on"
        return TableValue(
            relative_values=found,
            note=f"Release {found.edition.edition} ({since}) is used for {day}; that day's release is not on file.",
        )
    return TableValue(note=_loaded(tables, day, code))


def _loaded(tables: Tables, day: date, code: str) -> str:
    years = sorted({each.first.year for each in tables.releases()})
    if day.year in years:
        return f"Our part of the fee schedule of {day.year} does not have {code}."
    loaded = f"those of {', '.join(map(str, years))} are" if years else "none are"
    return f"Relative values for {day.year} are not on file; {loaded}. Import CMS's file of that year: cpt data import."


def find_factor(tables: Tables, day: date) -> TableValue:
    """Return the conversion factor of the day; where participation decides, the non-QPP factor."""
    factors = tables.factors(day)
    if not factors:
        return TableValue(note=f"No conversion factor for {day} is on file.")
    first, *others = factors
    if not others:
        return TableValue(factor=first)
    other = ", ".join(f"{each.factor} for {_WHO[each.participation]}" for each in others)
    return TableValue(factor=first, note=f"Conversion factor {first.factor}, for {_WHO[first.participation]}; {other}.")


def same_year(edition: Edition, fits: Fit, day: date) -> bool:
    """Return whether an edition is for the day, or at least for its year."""
    return fits == "day" or edition.first.year == day.year
