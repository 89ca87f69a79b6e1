"""`SecretStore`: every secret that is kept, encrypted anew where the keys change."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from glance_related.db.database import Database
from glance_related.db.models import (
    package_entries,
    package_instance_states,
    package_project_states,
    package_scopes,
)
from glance_related.db.paging import is_behind
from glance_related.package_menu.entry import Sealed
from glance_related.package_menu.stored import value_of, written

#: Where values lie: a table, and its column.
_PLACES = (
    (package_entries, "default_value"),
    (package_project_states, "default_value"),
    (package_instance_states, "value"),
)
_BATCH = 200


class SecretStore:
    """Every method may raise `glance_related.db.database.DatabaseDown`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def rewrite(self, anew: Callable[[str], str], progress: Callable[[int], None]) -> int:
        """Encrypt every secret anew, some in each transaction; how many there are.

        One that is changed meanwhile stays as it was changed: that was encrypted with the primary key.

        :param anew: told an encrypted text, returns another of the same secret
        """
        done = 0
        for table, column in _PLACES:
            key = list(table.primary_key.columns)
            marker: tuple[Any, ...] | None = None
            while rows := self._database.read(functools.partial(self._some, table, column, marker)):
                for row in rows:
                    marker = tuple(row[: len(key)])
                    self._rewrite_one(table, column, marker, row[len(key)], anew)
                    done += 1
                progress(done)
        # whoever remembers a menu by its version remembers secrets that may soon be unreadable
        anew_read = sa.update(package_scopes).values(version=package_scopes.c.version + 1)
        self._database.write(lambda connection: connection.execute(anew_read))
        return done

    @staticmethod
    def _some(table: sa.Table, column: str, marker: tuple[Any, ...] | None, connection: sa.Connection) -> list[Any]:
        key = list(table.primary_key.columns)
        query = sa.select(*key, table.c[column]).where(table.c[column].startswith('{"sealed"')).order_by(*key)
        if marker is not None:
            query = query.where(is_behind(connection.dialect.name, key, marker))
        return list(connection.execute(query.limit(_BATCH)))

    def _rewrite_one(
        self, table: sa.Table, column: str, marker: tuple[Any, ...], text: str, anew: Callable[[str], str]
    ) -> None:
        secret = value_of(text)
        assert isinstance(secret, Sealed)
        this = [one == value for one, value in zip(table.primary_key.columns, marker, strict=True)]
        statement = (
            sa.update(table).where(*this, table.c[column] == text).values({column: written(Sealed(anew(secret.token)))})
        )
        self._database.write(lambda connection: connection.execute(statement))
