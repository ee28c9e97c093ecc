"""Several threads, or several processes, that check days at once get the bytes that one alone gets."""

from concurrent.futures import ThreadPoolExecutor

import msgspec
from days import Days
from digests import Desk, ask, digests, document_of


def _answers(desk, documents, pool):
    return [*pool.map(lambda document: msgspec.json.encode(desk.check(document)), documents)]


def test_threads_that_share_the_tables_check_days_as_one_alone_does():
    alone, shared = Desk(), Desk()
    days = Days(alone.book)
    documents = [days.medicare_day(f"at once {number}") for number in range(40)]
    shared.check(documents[0])  # by the thread that opened the tables
    expected = [msgspec.json.encode(alone.check(document)) for document in documents]
    with ThreadPoolExecutor(4) as pool:
        assert _answers(shared, documents, pool) == expected
    assert msgspec.json.encode(shared.check(documents[0])) == expected[0]


def test_processes_check_days_as_this_one_does():
    desk = Desk()
    days = Days(desk.book)
    keys = [f"day {number}" for number in range(70)]
    assert [digest for _, digest, _ in digests(keys)] == [ask(desk, key, document_of(days, key)).digest for key in keys]
