"""Plans keep a bounded number of things, and give the same when they have just forgotten some."""

from datetime import date

import pytest

from cptcli.bounded_cache import BoundedCache
from cptcli.cms.tables import open_tables
from cptcli.plan.plans import Plans

DAY = date(2024, 8, 1)
CODES = ["97010", "97035", "97110", "97112", "97140", "97530", "98940"]


@pytest.fixture
def plans(book):
    with open_tables(shipped_alone=True) as tables:
        yield Plans(book, tables, DAY)


def test_edits_between_codes_are_all_there_when_the_plan_forgets_while_it_looks_them_up(plans, book):
    """Fault: with its bound reached in the middle of a day, a plan lost the pairs that it had just worked out."""
    (family, *_) = book.keys("edits")
    whole = plans.edits(family, "professional", DAY)
    tight = Plans(book, plans.tables, DAY).edits(family, "professional", DAY)
    tight._pairs = BoundedCache(most=2)
    for codes in (CODES[:3], CODES, CODES[2:], CODES):
        assert tight.pairs(codes) == whole.pairs(codes)
        assert len(whole.pairs(codes)) == len(codes) * (len(codes) - 1) // 2
