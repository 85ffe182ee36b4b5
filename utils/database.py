"""What Django leaves to the database's own dialect."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.models import BooleanField, F, Func, TextField, Value

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models.sql.compiler import SQLCompiler, _AsSqlType


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


class Among(Func):
    """Whether a key is one of ``listed`` keys, which go to the database as one parameter.

    Of ``pk__in`` each key is one: Django took longer to pass 500 of them on than the database to find the rows.
    """

    output_field = BooleanField()

    def __init__(self, key: str, keys: str) -> None:
        super().__init__(F(key), Value(keys, TextField()))

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> _AsSqlType:
        joiner = " IN (SELECT value FROM json_each("
        return self.as_sql(compiler, connection, template="%(expressions)s))", arg_joiner=joiner, **context)

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any) -> _AsSqlType:
        return self.as_sql(compiler, connection, template="%(expressions)s::bigint[])", arg_joiner=" = ANY(", **context)


def listed(keys: Iterable[int]) -> str:
    """Keys as ``Among`` takes them."""
    inner = ",".join(map(str, keys))
    return f"{{{inner}}}" if connection.vendor == "postgresql" else f"[{inner}]"
