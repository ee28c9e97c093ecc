"""A change of the store, whole or not at all."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .store import Part, create, user_error


@contextmanager
def transaction(connection: sqlite3.Connection, store: Path) -> Iterator[None]:
    """Commit everything done inside, or nothing, however it ends."""
    try:
        connection.execute("BEGIN IMMEDIATE")
        try:
            create(connection)
            yield
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
    except sqlite3.Error as error:
        raise user_error(error, str(store)) from None


def parts_of(connection: sqlite3.Connection, edition: str) -> list[Part]:
    """Return the parts of an edition, the oldest first; none if it is not in the store."""
    query = "SELECT parts.* FROM parts JOIN editions ON parts.edition = editions.number WHERE id = ? ORDER BY part"
    return [Part(*row) for row in connection.execute(query, (edition,))]
