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
