"""What only a database with concurrent writers shows."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection, connections

concurrent_writers = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        connection.vendor != "postgresql", reason="SQLite lets one writer in at a time: set DATABASE_URL to PostgreSQL"
    ),
]


def at_once(call, arguments):
    """The answers to calls that begin together, each on its own connection."""
    barrier = Barrier(len(arguments))

    def run(argument):
        barrier.wait(timeout=10)
        try:
            return call(argument)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(arguments)) as pool:
        return list(pool.map(run, arguments))
