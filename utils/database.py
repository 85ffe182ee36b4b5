"""What Django leaves to the database's own dialect."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def no_statement_timeout() -> Iterator[None]:
    """The limit of our settings is for requests; a job may count 32 million ratings in one statement."""
    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        try:
            yield
        finally:
            cursor.execute("RESET statement_timeout")


@contextmanager
def alone(name: str) -> Iterator[bool]:
    """Whether nobody else is at this, in any process; a holder that dies lets go.

    On SQLite, which is for one process, it always is.
    """
    if connection.vendor != "postgresql":
        yield True
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtext(%s))", [name])
        ours: bool = cursor.fetchone()[0]
    try:
        yield ours
    finally:
        if ours:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(hashtext(%s))", [name])


def one_at_a_time(name: str) -> None:
    """Wait until no other transaction is past this line under the same name; it holds until this one ends.

    SQLite needs none: it lets one writer in at a time.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [name])
