"""What the apps keep about a user: all of it handed out, or all of it erased.

The account does not know the library. Every app that owns rows about a user registers here, once, how to read and how
to erase them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from apps.authentication.models import User

Rows = Iterable[Mapping[str, Any]]
Export = Callable[["User"], Mapping[str, Rows]]
Erase = Callable[["User"], None]


@dataclass(frozen=True)
class Owner:
    """Rows may be lazy: each name's are read once, in one go, in the order in which they are to be written."""

    export: Export
    erase: Erase


_owners: dict[str, Owner] = {}


def register(app_label: str, *, export: Export, erase: Erase) -> None:
    """Answer for every row about a user in this app's tables.

    ``export(user)`` gives plain rows by the name of their file; ``erase(user)`` runs in the transaction that also ends
    the account, and leaves the account itself alone.
    """
    _owners[app_label] = Owner(export, erase)


def registered_apps() -> frozenset[str]:
    return frozenset(_owners)


def personal_rows(user: User) -> Iterator[tuple[str, Rows]]:
    """All that is kept about the user, by file name in alphabetical order."""
    files = {name: rows for owner in _owners.values() for name, rows in owner.export(user).items()}
    yield from sorted(files.items(), key=lambda file: file[0])


def personal_rows_erase(user: User) -> None:
    for owner in _owners.values():
        owner.erase(user)
