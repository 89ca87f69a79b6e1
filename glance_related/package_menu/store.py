"""`MenuStore`: the cloud's menu and what projects make of it.

A change is judged against what was read, and written only where that is still what it was (`Stale`): two writers at
once do not overwrite each other, and need no lock. What was read is remembered by its version, which a server's
settings are asked with: a menu of a thousand entries is read again only when it has changed.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from oslo_db import exception as db_exception

from glance_related.db.database import Database
from glance_related.db.models import (
    package_entries,
    package_instance_states,
    package_instances,
    package_project_states,
    package_scopes,
)
from glance_related.db.upsert import upsert
from glance_related.deliveries.fanouts import begin
from glance_related.package_menu.entry import Entry
from glance_related.package_menu.rules import Menu, ProjectMenu, ProjectState
from glance_related.package_menu.stored import columns_of, entry_of, value_of, written

#: The word of this system in the outbox.
SYSTEM = "package_menu"
#: The scope of the cloud's menu; every other is a project.
CLOUD = ""
#: How many entries are remembered, of all projects' menus together: 100,000 take about 14 MiB.
_REMEMBERED = 100_000
#: How many rows go in one transaction.
BATCH = 500

_SCOPES, _ENTRIES, _STATES = package_scopes.c, package_entries.c, package_project_states.c

# Built once: SQLAlchemy takes as long to build a statement as the database to answer it.
_COUNTS = sa.select(package_scopes).where(_SCOPES.scope.in_((CLOUD, sa.bindparam("asked_project"))))
_ALL_COUNTS = sa.select(package_scopes).where(_SCOPES.scope.in_(sa.bindparam("scopes", expanding=True)))
_EVERYTHING = sa.select(package_entries)
_OF_PROJECT = sa.select(_STATES.name, _STATES.state, _STATES.default_value).where(
    _STATES.project_id == sa.bindparam("asked_project")
)
# Both in one question, where nothing is remembered.
_BOTH = sa.select(
    package_entries, _STATES.state.label("project_state"), _STATES.default_value.label("project_value")
).outerjoin(
    package_project_states,
    sa.and_(_STATES.name == _ENTRIES.name, _STATES.project_id == sa.bindparam("asked_project")),
)


class Stale(Exception):
    """What a change was judged against is not what is there any more."""


@dataclass(frozen=True)
class Counts:
    """How far a scope has come.

    :param version: counts every change
    :param generation: counts those that may change what a server has
    """

    version: int = 0
    generation: int = 0


@dataclass(frozen=True)
class AsOf:
    """A project's menu, and how far the two scopes that it is made of have come."""

    menu: ProjectMenu
    cloud: Counts
    project: Counts

    @property
    def generation(self) -> int:
        """What the two contribute to the generation of a server's settings."""
        return self.cloud.generation + self.project.generation

    @property
    def tag(self) -> str:
        """By which somebody who edits the project's menu knows what he has read."""
        return f"{self.cloud.version}.{self.project.version}"


class MenuStore:
    """Every method is one short transaction or less, and may raise `glance_related.db.database.DatabaseDown`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._menu = Menu(0, {})
        self._projects: OrderedDict[str, tuple[tuple[int, int], ProjectMenu]] = OrderedDict()
        self._remembered = 0

    # -- reading

    def of_project(self, project_id: str) -> AsOf:
        """A project's menu; the cloud's own where it is "", with nobody's states."""
        return self._database.read(lambda connection: self.as_of(connection, project_id))

    def of_projects(self, project_ids: Collection[str]) -> dict[str, AsOf]:
        """The menus of some projects: one statement where all are remembered."""

        def work(connection: sa.Connection) -> dict[str, AsOf]:
            asked = {"scopes": [CLOUD, *project_ids]}
            rows = {row.scope: Counts(row.version, row.generation) for row in connection.execute(_ALL_COUNTS, asked)}
            return {one: self._as_of(connection, one, rows) for one in project_ids}

        return self._database.read(work)

    def as_of(self, connection: sa.Connection, project_id: str) -> AsOf:
        """The same of one, on a connection that is there: one statement where it is remembered, two where it is not."""
        asked = {"asked_project": project_id}
        rows = {row.scope: Counts(row.version, row.generation) for row in connection.execute(_COUNTS, asked)}
        return self._as_of(connection, project_id, rows)

    def _as_of(self, connection: sa.Connection, project_id: str, rows: Mapping[str, Counts]) -> AsOf:
        cloud = rows.get(CLOUD, Counts())
        project = Counts() if project_id == CLOUD else rows.get(project_id, Counts())
        with self._lock:
            known = self._projects.get(project_id)
            if known is not None and known[0] == (cloud.version, project.version):
                self._projects.move_to_end(project_id)
                return AsOf(known[1], cloud, project)
        made = self._made(connection, project_id, cloud.version)
        self._remember(project_id, (cloud.version, project.version), made)
        return AsOf(made, cloud, project)

    def _remember(self, project_id: str, versions: tuple[int, int], made: ProjectMenu) -> None:
        """Remember a menu, and forget those that nobody has asked for for longest where there is no room."""
        with self._lock:
            before = self._projects.pop(project_id, None)
            self._remembered += _size(made) - (_size(before[1]) if before is not None else 0)
            self._projects[project_id] = (versions, made)
            while self._remembered > _REMEMBERED and len(self._projects) > 1:
                _, (_, oldest) = self._projects.popitem(last=False)
                self._remembered -= _size(oldest)

    def _made(self, connection: sa.Connection, project_id: str, version: int) -> ProjectMenu:
        asked = {"asked_project": project_id}
        menu = self._menu
        if menu.version == version:
            states = connection.execute(_OF_PROJECT, asked).all() if project_id != CLOUD else []
            return ProjectMenu(menu, {row.name: ProjectState(row.state, value_of(row.default_value)) for row in states})
        rows = connection.execute(_BOTH, asked).mappings().all()
        menu = Menu(version, {row["name"]: entry_of(row) for row in rows})
        self._menu = menu
        said = {
            row["name"]: ProjectState(row["project_state"], value_of(row["project_value"]))
            for row in rows
            if row["project_state"] is not None and project_id != CLOUD
        }
        return ProjectMenu(menu, said)

    def projects(self, marker: str = "", limit: int = 100) -> list[str]:
        """The projects that have said something, from behind one on."""
        query = (
            sa.select(_STATES.project_id).where(_STATES.project_id > marker).distinct().order_by(_STATES.project_id)
        ).limit(limit)
        return self._database.read(lambda connection: list(connection.execute(query).scalars()))

    # -- who uses an entry

    def is_used(self, connection: sa.Connection, name: str) -> bool:
        """Whether a project or a server has said anything of an entry."""
        for column in (_STATES.name, package_instance_states.c.name):
            if connection.execute(sa.select(sa.literal(1)).where(column == name).limit(1)).first() is not None:
                return True
        return False

    def users(self, name: str) -> tuple[int, int]:
        """How many projects have an entry available or as a default, and how many servers have a choice of it."""
        saying = sa.select(sa.func.count()).select_from(package_project_states)
        saying = saying.where(_STATES.name == name, _STATES.state != "unavailable")
        choosing = sa.select(sa.func.count()).select_from(package_instance_states)
        choosing = choosing.where(package_instance_states.c.name == name)

        def work(connection: sa.Connection) -> tuple[int, int]:
            return int(connection.execute(saying).scalar_one()), int(connection.execute(choosing).scalar_one())

        return self._database.read(work)

    # -- changing the cloud's menu

    def publish(self, seen: Counts, entries: Collection[Entry], gone: Collection[str] = ()) -> Counts:
        """Put entries on the menu, new or with other words, and take some off it.

        :param seen: what the change was judged against
        :returns: how far the cloud has come with it
        :raises Stale:
        """

        touched: dict[str, bool] = {}

        def work(connection: sa.Connection) -> None:
            _count(connection, CLOUD, seen)
            before = self._rows(connection, {*(entry.name for entry in entries), *gone})
            touched.clear()
            for entry in entries:
                if _changes_settings(before.get(entry.name), entry):
                    touched[entry.name] = self._may_have(before.get(entry.name), entry)
                upsert(connection, package_entries, {**columns_of(entry), "version": seen.version + 1})
            for name in gone:
                touched[name] = self._may_have(before.get(name), None)
                connection.execute(sa.delete(package_entries).where(_ENTRIES.name == name))

        def reaches(connection: sa.Connection) -> bool:
            return any(touched.values()) or any(self.is_used(connection, name) for name in touched)

        return self._changed(CLOUD, seen, work, reaches)

    def _rows(self, connection: sa.Connection, names: Collection[str]) -> dict[str, Entry]:
        query = sa.select(package_entries).where(_ENTRIES.name.in_(sa.bindparam("names", expanding=True)))
        rows = connection.execute(query, {"names": list(names)}).mappings()
        return {row["name"]: entry_of(row) for row in rows}

    @staticmethod
    def _may_have(before: Entry | None, after: Entry | None) -> bool:
        """Whether servers may have an entry of which nobody has said anything."""
        return bool((before and before.on_by_default) or (after and after.on_by_default))

    def forget_choices(self, name: str) -> int:
        """Forget what projects and servers have said of an entry that is gone, some at a time; how much went.

        A new entry of the same name would be theirs otherwise.
        """
        choices = package_instance_states

        def work(connection: sa.Connection) -> int:
            key = (choices.c.nova_installation_uuid, choices.c.instance_id)
            some = connection.execute(sa.select(*key).where(choices.c.name == name).limit(BATCH)).all()
            for row in some:
                this = (key[0] == row[0], key[1] == row[1], choices.c.name == name)
                connection.execute(sa.delete(choices).where(*this))
            if some:
                return len(some)
            return connection.execute(sa.delete(package_project_states).where(_STATES.name == name)).rowcount

        return self._database.write(work)

    # -- changing a project's menu

    def say(self, project_id: str, seen: AsOf, states: Mapping[str, ProjectState | None]) -> Counts:
        """Let a project say something of some entries; None: nothing any more.

        :param seen: what the change was judged against
        :raises Stale:
        """
        after_states = {name: state for name, state in {**seen.menu.states, **states}.items() if state is not None}
        after_menu = ProjectMenu(seen.menu.menu, after_states)

        def work(connection: sa.Connection) -> None:
            # written, not only read: whoever publishes at the same time judges by what nobody has said
            noted = sa.update(package_scopes).where(_SCOPES.scope == CLOUD, _SCOPES.version == seen.cloud.version)
            if not connection.execute(noted.values(said=_SCOPES.said + 1)).rowcount:
                raise Stale
            _count(connection, project_id, seen.project)
            for name, state in states.items():
                key = {"project_id": project_id, "name": name}
                if state is None:
                    this = (_STATES.project_id == project_id, _STATES.name == name)
                    connection.execute(sa.delete(package_project_states).where(*this))
                else:
                    said = {"state": state.state, "default_value": written(state.value)}
                    upsert(connection, package_project_states, {**key, **said})

        def reaches(connection: sa.Connection) -> bool:
            is_other = after_states != seen.menu.states
            return is_other and (_gives_other(seen.menu, after_menu) or self._deviates(connection, project_id))

        return self._changed(project_id, seen.project, work, reaches)

    def _deviates(self, connection: sa.Connection, project_id: str) -> bool:
        """Whether a server of a project has chosen anything.

        Of what it has chosen nothing need be spoken of: a package that it has turned on brings variables into play, and
        a bundle packages.
        """
        servers, choices = package_instances, package_instance_states
        of_server = sa.and_(
            choices.c.nova_installation_uuid == servers.c.nova_installation_uuid,
            choices.c.instance_id == servers.c.instance_id,
        )
        query = (
            sa.select(sa.literal(1))
            .select_from(choices.join(servers, of_server))
            .where(servers.c.project_id == project_id)
            .limit(1)
        )
        return connection.execute(query).first() is not None

    def _changed(
        self,
        scope: str,
        seen: Counts,
        work: Callable[[sa.Connection], None],
        reaches: Callable[[sa.Connection], bool],
    ) -> Counts:
        """Make a change of a scope, and let it reach servers where it may change what they have.

        Whether it may is asked last, and once more when the change is there for everybody: what a server chose at the
        same time may have been handed over by the menu of before.
        """

        def whole(connection: sa.Connection) -> bool:
            work(connection)
            return reaches(connection) and _reach(connection, scope)

        try:
            has_reached = self._database.write(whole)
        except db_exception.DBDuplicateEntry:  # of the scope's first row
            raise Stale from None
        if not has_reached and self._database.read(reaches):
            has_reached = self._database.write(lambda connection: _reach(connection, scope))
        return Counts(seen.version + 1, seen.generation + has_reached)


def _size(menu: ProjectMenu) -> int:
    return 1 + len(menu.menu.entries)


def _count(connection: sa.Connection, scope: str, seen: Counts) -> None:
    """Count a change of a scope, where it is still what it was; who changes it too has to wait.

    :raises Stale:
    """
    if seen.version == 0:
        connection.execute(sa.insert(package_scopes), {"scope": scope, "version": 1, "generation": 0, "said": 0})
        return
    statement = sa.update(package_scopes).where(_SCOPES.scope == scope, _SCOPES.version == seen.version)
    if not connection.execute(statement.values(version=seen.version + 1)).rowcount:
        raise Stale


def _reach(connection: sa.Connection, scope: str) -> bool:
    """Let what has changed in a scope reach its servers."""
    this = sa.update(package_scopes).where(_SCOPES.scope == scope)
    connection.execute(this.values(generation=_SCOPES.generation + 1))
    begin(connection, SYSTEM, scope)
    return True


_OF_SETTINGS = ("kind", "type", "default", "choices", "minimum", "maximum", "pattern", "packages", "on_by_default",
                "enabled", "realisations", "contents")  # fmt: skip


def _changes_settings(before: Entry | None, after: Entry) -> bool:
    """Whether a change of an entry may change what a server has; its words for people do not."""
    if before is None:
        return True
    return any(getattr(before, name) != getattr(after, name) for name in _OF_SETTINGS)


def _gives_other(before: ProjectMenu, after: ProjectMenu) -> bool:
    """Whether servers that have said nothing have something else."""

    def given(menu: ProjectMenu) -> dict[str, tuple[bool, Any]]:
        return {name: (one.is_on, one.value) for name, one in menu.base.settings.items()}

    return given(before) != given(after)
