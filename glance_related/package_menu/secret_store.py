"""`SecretStore`: every secret that is kept, encrypted anew where the keys change.

Secrets lie in the menu's tables, in what rides on requests of which it is not known yet which servers they made, and
whoever is logged in on the page has a session. What is changed meanwhile by somebody who has read it before may come
back as it was: so everything is looked through until nothing is found any more, and the menus' versions are counted
each time, that nobody writes what he has read before.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from glance_related.db.database import Database
from glance_related.db.models import (
    package_entries,
    package_instance_states,
    package_project_states,
    package_scopes,
    page_sessions,
    riders,
)
from glance_related.db.paging import is_behind
from glance_related.package_menu.books import carried, choices_of
from glance_related.package_menu.entry import Sealed
from glance_related.package_menu.servers import PACKAGES
from glance_related.package_menu.stored import value_of, written
from glance_related.settings.keys import Undecipherable

#: Told an encrypted text, returns another of the same secret; None where it need not be another.
Anew = Callable[[str], str | None]

_BATCH = 200


@dataclass(frozen=True)
class _Place:
    """Where secrets lie.

    :param rows: which rows may have some
    :param rewritten: told what stands there, returns what shall; None where that is the same
    """

    table: sa.Table
    column: str
    rows: sa.ColumnElement[bool]
    rewritten: Callable[[str, Anew], str | None]


def _sealed(value: Any, anew: Anew) -> Sealed | None:
    token = anew(value.token) if isinstance(value, Sealed) else None
    return None if token is None else Sealed(token)


def _value(text: str, anew: Anew) -> str | None:
    sealed = _sealed(value_of(text), anew)
    return None if sealed is None else written(sealed)


def _rider(text: str, anew: Anew) -> str | None:
    content = json.loads(text)
    choices = choices_of(content["choices"])
    others = {
        name: choice._replace(value=sealed)
        for name, choice in choices.items()
        if (sealed := _sealed(choice.value, anew)) is not None
    }
    return json.dumps({**content, "choices": carried(choices | others)}) if others else None


def _session(text: str, anew: Anew) -> str | None:
    try:
        return anew(text)
    except Undecipherable:  # nobody is logged in by it any more
        return None


def _values(table: sa.Table, column: str) -> _Place:
    return _Place(table, column, table.c[column].startswith('{"sealed"'), _value)


_PLACES = (
    _values(package_entries, "default_value"),
    _values(package_project_states, "default_value"),
    _values(package_instance_states, "value"),
    _Place(riders, "content", sa.and_(riders.c.kind == PACKAGES, riders.c.is_open == 1), _rider),
    _Place(page_sessions, "content", sa.true(), _session),
)


class SecretStore:
    """Every method may raise `glance_related.db.database.DatabaseDown`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def rewrite(self, anew: Anew, progress: Callable[[int], None]) -> int:
        """Encrypt anew what has to be, one in each transaction, until there is nothing more; how many there were.

        :raises Undecipherable: whatever ``anew`` raises, but for sessions, which are over then
        """
        done = 0
        while found := self._looked_through(anew, done, progress):
            done += found
            self._database.write(_count_versions)
        return done

    def _looked_through(self, anew: Anew, before: int, progress: Callable[[int], None]) -> int:
        found = 0
        for place in _PLACES:
            marker: tuple[Any, ...] | None = None
            while rows := self._database.read(functools.partial(_some, place, marker)):
                for row in rows:
                    *key, text = row
                    marker = tuple(key)
                    other = place.rewritten(text, anew)
                    if other is not None:
                        self._database.write(functools.partial(_replace, place, marker, text, other))
                        found += 1
                progress(before + found)
        return found


def _count_versions(connection: sa.Connection) -> None:
    """Whoever remembers a menu by its version remembers secrets that may soon be unreadable."""
    connection.execute(sa.update(package_scopes).values(version=package_scopes.c.version + 1))


def _some(place: _Place, marker: tuple[Any, ...] | None, connection: sa.Connection) -> list[Any]:
    key = list(place.table.primary_key.columns)
    query = sa.select(*key, place.table.c[place.column]).where(place.rows).order_by(*key)
    if marker is not None:
        query = query.where(is_behind(connection.dialect.name, key, marker))
    return list(connection.execute(query.limit(_BATCH)))


def _replace(place: _Place, marker: tuple[Any, ...], text: str, other: str, connection: sa.Connection) -> None:
    """Where it is still what it was: what was changed meanwhile is looked at the next time."""
    column = place.table.c[place.column]
    this = [one == value for one, value in zip(place.table.primary_key.columns, marker, strict=True)]
    connection.execute(sa.update(place.table).where(*this, column == text).values({place.column: other}))
