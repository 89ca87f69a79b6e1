"""How many menus a process remembers: as many as have room together, and at least the one that was asked for last."""

from __future__ import annotations

from pathlib import Path

import pytest

from glance_related.db import migration
from glance_related.db.database import Database, DatabaseSettings
from glance_related.package_menu import store as module
from glance_related.package_menu.entry import Entry
from glance_related.package_menu.store import CLOUD, MenuStore
from glance_related.testing.statements import questions, statements


@pytest.fixture
def database(tmp_path: Path) -> Database:
    made = Database(DatabaseSettings(f"sqlite:///{tmp_path}/ours.sqlite"))
    migration.upgrade(made.engine)
    menu = MenuStore(made)
    menu.publish(menu.of_project(CLOUD).cloud, [Entry(f"p{number}", "package") for number in range(9)])
    return made


@pytest.mark.parametrize(("room", "remembered"), [(100, 10), (35, 3), (1, 1)])
def test_as_many_are_remembered_as_have_room(
    database: Database, monkeypatch: pytest.MonkeyPatch, room: int, remembered: int
) -> None:
    monkeypatch.setattr(module, "_REMEMBERED", room)
    menu, projects = MenuStore(database), [f"project-{number}" for number in range(20)]
    for project in projects:
        menu.of_project(project)
    for number, project in enumerate(reversed(projects[-remembered:])):
        with statements(database) as asked:
            menu.of_project(project)
        assert questions(asked) == 1, number
    with statements(database) as asked:
        menu.of_project(projects[-remembered - 1])
    assert questions(asked) > 1


def test_one_that_has_changed_is_counted_once(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_REMEMBERED", 25)
    menu, writer = MenuStore(database), MenuStore(database)
    for title in ("a", "b", "c"):
        writer.publish(writer.of_project(CLOUD).cloud, [Entry("p1", "package", title=title)])
        for project in ("one", "two"):
            menu.of_project(project)
    with statements(database) as asked:
        menu.of_project("one")
    assert questions(asked) == 1
