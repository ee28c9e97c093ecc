"""What Medicare pays: held against CMS's own payment file, and against worked sums of years that no table here has."""

import csv
from datetime import date
from decimal import Decimal

import pytest
from conftest import TESTS

from cptcli.checks.amounts import Unit, paid_in_full
from cptcli.cms.tables import open_tables
from cptcli.plan.unit_fee import Values, cents, fee
from cptcli.visit.fees import fee_of

# CMS's payment file for South Carolina, January 2025. Its osteopathic codes are not in the part that ships: their
# values (work, practice expense, malpractice) are those of release RVU25A, of which nothing else is held.
_PAID = [*csv.DictReader((TESTS / "cms" / "pfs-payment-sc-2025a.csv").read_text(encoding="utf-8").splitlines())]
_NOT_HELD = {
    "98925": ("0.46", "0.45", "0.03"),
    "98926": ("0.71", "0.61", "0.04"),
    "98927": ("0.96", "0.76", "0.05"),
    "98928": ("1.21", "0.88", "0.06"),
    "98929": ("1.46", "1.00", "0.07"),
}
_ONE = Values(Decimal(1), Decimal(1), Decimal(1))


def _values(*numbers):
    return Values(*map(Decimal, numbers))


@pytest.fixture(scope="module")
def tables():
    with open_tables(shipped_alone=True) as held:
        yield held


@pytest.mark.parametrize("row", [row for row in _PAID if row["hcpcs"] not in _NOT_HELD], ids=lambda row: row["hcpcs"])
def test_a_fee_equals_cms_s_own_payment_file_to_the_cent(book, tables, row):
    answer = fee_of(book, tables, row["hcpcs"], date(2025, 10, 15), "SC", None, None)
    assert answer.locality == f"{row['mac_contractor_number']}/{row['locality']}"
    assert answer.amount == row["nonfac_fee"]
    if row["mult_proc"] == "5":
        assert answer.reduced_amount == row["therapy_reduced_fee_noninstitutional"]
    else:
        assert answer.reduced_amount is None


@pytest.mark.parametrize("row", [row for row in _PAID if row["hcpcs"] in _NOT_HELD], ids=lambda row: row["hcpcs"])
def test_a_fee_of_values_that_do_not_ship_equals_the_payment_file_too(tables, row):
    (place,) = tables.localities(contractor="11202", locality="01", day=date(2025, 1, 1))
    (factor,) = tables.factors(date(2025, 1, 1))
    assert str(fee(_values(*_NOT_HELD[row["hcpcs"]]), Values.of(place), factor.factor)) == row["nonfac_fee"]


@pytest.mark.parametrize("code", sorted(_NOT_HELD))
def test_a_code_outside_the_part_that_ships_has_no_amount_and_says_so(book, tables, code):
    answer = fee_of(book, tables, code, date(2025, 10, 15), "SC", None, None)
    assert answer.amount is None
    assert any("Our part of the fee schedule" in each for each in answer.warnings)


@pytest.mark.parametrize(
    ("day", "factor", "amount"),
    [("2024-03-08", "32.7442", "27.56"), ("2024-03-09", "33.2875", "28.02"), ("2024-12-31", "33.2875", "28.02")],
)
def test_the_day_picks_between_the_two_factors_of_2024(book, tables, day, factor, amount):
    answer = fee_of(book, tables, "97110", date.fromisoformat(day), "SC", None, None)
    assert (answer.conversion_factor, answer.amount) == (factor, amount)


def test_a_year_that_is_not_held_has_no_amount_and_names_the_years_that_are(book, tables):
    answer = fee_of(book, tables, "97110", date(2027, 1, 1), "SC", None, None)
    assert (answer.amount, answer.estimate_from, answer.conversion_factor) == (None, None, None)
    assert any("2027 are not on file" in each and "2026" in each for each in answer.warnings)


def test_the_release_of_a_year_stands_in_for_an_earlier_day_of_it_and_says_so(book, tables):
    answer = fee_of(book, tables, "97110", date(2025, 1, 15), "SC", None, None)
    assert (answer.amount, answer.estimate_from) == ("27.52", "RVU25D")
    assert any("is used for 2025-01-15" in each for each in answer.warnings)


@pytest.mark.parametrize(
    ("day", "estimate_from", "on_file"),
    [
        ("2026-01-01", "RVU26D", ["RVU26D"]),
        ("2026-09-30", "RVU26D", ["RVU26D"]),
        ("2026-10-01", None, []),
        ("2026-12-31", None, []),
    ],
)
def test_a_fee_of_2026_is_an_estimate_before_october(book, tables, day, estimate_from, on_file):
    answer = fee_of(book, tables, "97110", date.fromisoformat(day), "SC", None, None)
    assert (answer.amount, answer.release, answer.conversion_factor) == ("27.97", "RVU26D", "33.4009")
    assert answer.estimate_from == estimate_from
    assert [each.on_file for each in answer.aged] == on_file


def test_a_code_that_the_contractor_prices_has_no_amount_and_so_no_estimate(book, tables):
    answer = fee_of(book, tables, "97039", date(2026, 3, 1), "SC", None, None)
    assert (answer.amount, answer.estimate_from) == (None, None)


def test_a_state_of_several_localities_is_not_guessed(book, tables):
    answer = fee_of(book, tables, "97110", date(2025, 10, 15), "CA", None, None)
    assert answer.amount is None
    assert any("29 payment localities" in each for each in answer.warnings)


def test_one_unit_in_arizona_in_2013():
    """webpt-mppr-felder: 15.31 + 15.97 + 0.35 = 31.63."""
    parts = [cents(Decimal(rvu) * Decimal(gpci) * Decimal("34.023"))
             for rvu, gpci in (("0.45", "1.000"), ("0.48", "0.978"), ("0.01", "1.015"))]  # fmt: skip
    assert parts == [Decimal("15.31"), Decimal("15.97"), Decimal("0.35")]
    values, indices = _values("0.45", "0.48", "0.01"), _values("1.000", "0.978", "1.015")
    assert fee(values, indices, Decimal("34.023")) == Decimal("31.63")
    assert fee(values, indices, Decimal("34.023"), Decimal("0.5")) == Decimal("23.64")


def test_a_national_fee_is_the_total_of_relative_values_times_the_factor():
    """rvudoc-cf: 3.79 x 33.4009 = 126.59."""
    assert fee(_values("3.79", "0", "0"), _ONE, Decimal("33.4009")) == Decimal("126.59")


@pytest.mark.parametrize(("share", "total"), [("1", "56.00"), ("0.75", "51.50"), ("0.50", "47.00")])
def test_the_unit_with_the_highest_practice_expense_is_paid_in_full_and_the_others_reduced(share, total):
    """novitas-mppr: two units of work 7, expense 10, malpractice 1, and one of 11, 8 and 1."""
    procedures = [_values("7", "10", "1"), _values("7", "10", "1"), _values("11", "8", "1")]
    fees = [fee(each, _ONE, Decimal(1)) for each in procedures]
    first = paid_in_full([Unit(n, each.practice_expense, fees[n]) for n, each in enumerate(procedures)])
    assert first == 0
    paid = [full if n == first else fee(each, _ONE, Decimal(1), Decimal(share))
            for n, (each, full) in enumerate(zip(procedures, fees, strict=True))]  # fmt: skip
    assert sum(paid) == Decimal(total)


def test_equal_practice_expense_leaves_the_higher_fee_whole():
    assert paid_in_full([Unit(0, Decimal("0.4"), Decimal(20)), Unit(1, Decimal("0.4"), Decimal(25))]) == 1


def test_a_second_unit_in_texas_in_2011_lost_a_fifth_of_its_practice_expense():
    """hrs-mppr: the first unit of 97110 was paid 28.74, the second 26.12; its practice expense was 13.10."""
    whole, expense = Decimal("28.74"), Decimal("13.10")
    assert fee(_values(whole - expense, expense, "0"), _ONE, Decimal(1), Decimal("0.80")) == Decimal("26.12")
