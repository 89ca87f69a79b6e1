"""`MenuSuite`: the whole contract of `MenuStore` and `SecretStore`, as tests that any database must pass.

Inherit it in a test module, and say which databases it is to run on::

    class TestOnMyDatabase(MenuSuite):
        @pytest.fixture
        def databases(self):
            return [Database(DatabaseSettings(URL)) for _ in range(2)]

The suite writes through the first and reads through the last, which should be another node where there are
several. The tables must be there, and empty, for each test.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from glance_related.db.database import Database
from glance_related.deliveries.fanouts import FanoutStore
from glance_related.deliveries.store import DeliveryStore
from glance_related.package_menu import instance_store
from glance_related.package_menu.entry import Contents, Entry, Sealed
from glance_related.package_menu.instance_store import InstanceStore, is_in_use
from glance_related.package_menu.rules import AVAILABLE, DEFAULT, UNAVAILABLE, Choice, ProjectState
from glance_related.package_menu.store import CLOUD, MenuStore, Stale
from glance_related.testing.instance_suite import ALICE, BOB, kept, wish
from glance_related.testing.statements import questions, statements
from glance_related.testing.store_suite import at_once

WEB = Entry("web", "package", title="Web \U0001f600", category="http")
PORT = Entry("port", "variable", type="integer", default=80, minimum=1, packages=("web",), on_by_default=True)
BUNDLE = Entry("lamp", "bundle", contents=Contents(("web",), {"port": 8080}))
WORD = Entry("word", "variable", type="secret", default=Sealed("token"), on_by_default=True)


class HeldUp(MenuStore):
    """A process to which something happens while it judges whether a project's word reaches servers.

    :param meanwhile: the first time
    """

    def __init__(self, database: Database, meanwhile: Callable[[], object]) -> None:
        super().__init__(database)
        self._meanwhile = [meanwhile]

    def _deviates(self, connection: Any, project_id: str) -> bool:
        deviates = super()._deviates(connection, project_id)
        if self._meanwhile:
            self._meanwhile.pop()()
        return deviates


class MenuSuite:
    """See the module."""

    @pytest.fixture
    def databases(self) -> Sequence[Database]:
        """At least two ways to the same, empty tables, of different nodes where there are some."""
        raise NotImplementedError("say which databases the suite is to run on")

    @pytest.fixture
    def menu(self, databases: Sequence[Database]) -> MenuStore:
        """The menu, for the one who writes."""
        return MenuStore(databases[0])

    @pytest.fixture
    def other_menu(self, databases: Sequence[Database]) -> MenuStore:
        """The same, for another process."""
        return MenuStore(databases[-1])

    @pytest.fixture
    def store(self, databases: Sequence[Database]) -> InstanceStore:
        """Servers, for the one who writes."""
        return InstanceStore(databases[0])

    @pytest.fixture
    def other(self, databases: Sequence[Database]) -> InstanceStore:
        """The same, for another process."""
        return InstanceStore(databases[-1])

    @pytest.fixture
    def fanouts(self, databases: Sequence[Database]) -> FanoutStore:
        """Changes on their way."""
        return FanoutStore(databases[-1])

    def publish(self, menu: MenuStore, *entries: Entry) -> None:
        menu.publish(menu.of_project(CLOUD).cloud, entries)

    def say(self, menu: MenuStore, **states: ProjectState | None) -> None:
        menu.say(ALICE, menu.of_project(ALICE), states)

    # -- the cloud's menu

    def test_what_is_published_is_read_as_it_was_written(self, menu: MenuStore, other_menu: MenuStore) -> None:
        assert other_menu.of_project(CLOUD).menu.menu.entries == {}
        entries = (WEB, PORT, BUNDLE, WORD)
        after = menu.publish(menu.of_project(CLOUD).cloud, entries)
        read = other_menu.of_project(CLOUD)
        assert read.cloud == after
        assert {entry.name: entry for entry in read.menu.menu.entries.values()} == {
            entry.name: Entry(**{**vars(entry), "version": after.version}) for entry in entries
        }

    def test_a_change_that_was_judged_by_an_older_menu_is_not_made(
        self, menu: MenuStore, other_menu: MenuStore
    ) -> None:
        seen = menu.of_project(CLOUD).cloud
        menu.publish(seen, [WEB])
        for first in (True, False):
            with pytest.raises(Stale):
                other_menu.publish(seen, [PORT])
            if first:
                seen = menu.of_project(CLOUD).cloud
                menu.publish(seen, [WORD])
        assert set(menu.of_project(CLOUD).menu.menu.entries) == {"web", "word"}

    def test_of_two_who_publish_at_once_one_is_told_to_look_again(self, menu: MenuStore, other_menu: MenuStore) -> None:
        seen = menu.of_project(CLOUD).cloud
        results = at_once(lambda: menu.publish(seen, [WEB]), lambda: other_menu.publish(seen, [PORT]))
        assert sorted(type(one).__name__ for one in results) == ["Counts", "Stale"]
        assert len(menu.of_project(CLOUD).menu.menu.entries) == 1

    def test_an_entry_is_changed_and_taken_off(self, menu: MenuStore, other_menu: MenuStore) -> None:
        self.publish(menu, WEB, PORT)
        self.publish(menu, Entry("web", "package", title="other"))
        assert other_menu.of_project(CLOUD).menu.menu.entries["web"].title == "other"
        menu.publish(menu.of_project(CLOUD).cloud, [], ["web"])
        assert set(other_menu.of_project(ALICE).menu.menu.entries) == {"port"}

    def test_only_what_may_change_what_servers_have_reaches_them(
        self, menu: MenuStore, store: InstanceStore, fanouts: FanoutStore
    ) -> None:
        def generation() -> int:
            return menu.of_project(ALICE).generation

        self.publish(menu, WEB)
        assert (generation(), fanouts.count()) == (0, 0), "nobody can have it yet"
        self.publish(menu, PORT)
        assert (generation(), fanouts.count()) == (1, 1), "it is on by default"
        self.publish(menu, Entry(**{**vars(PORT), "title": "Port"}))
        assert generation() == 1, "words for people change nothing"
        self.say(menu, web=ProjectState(AVAILABLE))
        assert (generation(), fanouts.count()) == (1, 1), "nobody has it on"
        self.publish(menu, Entry(**{**vars(WEB), "enabled": False}))
        assert generation() == 2, "a project has said something of it"
        menu.publish(menu.of_project(CLOUD).cloud, [], ["web"])
        assert generation() == 3

    # -- a project's

    def test_a_project_says_something_and_nothing_any_more(self, menu: MenuStore, other_menu: MenuStore) -> None:
        self.publish(menu, WEB, PORT, WORD)
        self.say(
            menu, web=ProjectState(DEFAULT), port=ProjectState(DEFAULT, 8080), word=ProjectState(DEFAULT, Sealed("x"))
        )
        assert other_menu.of_project(ALICE).menu.states == {
            "web": ProjectState(DEFAULT),
            "port": ProjectState(DEFAULT, 8080),
            "word": ProjectState(DEFAULT, Sealed("x")),
        }
        assert other_menu.of_project(BOB).menu.states == {}
        assert other_menu.of_project(CLOUD).menu.states == {}
        assert other_menu.projects() == [ALICE]
        self.say(menu, port=None, web=ProjectState(UNAVAILABLE))
        assert other_menu.of_project(ALICE).menu.states == {
            "web": ProjectState(UNAVAILABLE),
            "word": ProjectState(DEFAULT, Sealed("x")),
        }

    def test_a_project_that_was_judged_by_an_older_menu_says_nothing(
        self, menu: MenuStore, other_menu: MenuStore
    ) -> None:
        self.publish(menu, WEB, PORT)
        seen = menu.of_project(ALICE)
        menu.say(ALICE, seen, {"web": ProjectState(AVAILABLE)})
        with pytest.raises(Stale):
            other_menu.say(ALICE, seen, {"port": ProjectState(DEFAULT, 1)})
        seen = menu.of_project(ALICE)
        self.publish(menu, WORD)
        with pytest.raises(Stale):
            other_menu.say(ALICE, seen, {"port": ProjectState(DEFAULT, 1)})
        first = menu.of_project(BOB)
        results = at_once(
            lambda: menu.say(BOB, first, {"web": ProjectState(AVAILABLE)}),
            lambda: other_menu.say(BOB, first, {"web": ProjectState(DEFAULT)}),
        )
        assert sorted(type(one).__name__ for one in results) == ["Counts", "Stale"]

    def test_a_projects_word_reaches_its_servers_where_they_have_something_else(
        self, menu: MenuStore, store: InstanceStore, fanouts: FanoutStore
    ) -> None:
        self.publish(menu, WEB)
        self.say(menu, web=ProjectState(AVAILABLE))
        assert menu.of_project(ALICE).project.generation == 0
        store.add(kept(choices={"web": Choice(is_on=True)}), [])
        self.say(menu, web=ProjectState(UNAVAILABLE))
        assert menu.of_project(ALICE).project.generation == 1, "a server had chosen it"
        self.say(menu, web=ProjectState(DEFAULT))
        assert menu.of_project(ALICE).project.generation == 2
        fanout = fanouts.claim("package_menu", 60)
        assert fanout is not None
        assert fanout.scope == ALICE
        assert menu.of_project(BOB).generation == 0

    def test_a_projects_word_reaches_servers_into_which_others_of_their_choices_bring_it(
        self, menu: MenuStore, store: InstanceStore, fanouts: FanoutStore
    ) -> None:
        self.publish(menu, WEB, PORT, BUNDLE)
        self.say(menu, web=ProjectState(UNAVAILABLE), lamp=ProjectState(AVAILABLE))
        before = menu.of_project(ALICE).project.generation
        self.say(menu, port=ProjectState(DEFAULT, 8081))
        assert menu.of_project(ALICE).project.generation == before, "nobody has the package that it belongs to"
        store.add(kept(BOB, choices={"lamp": Choice(is_on=True)}), [])
        self.say(menu, port=ProjectState(DEFAULT, 8082))
        assert menu.of_project(ALICE).project.generation == before, "nobody of this project has it"
        store.add(kept(choices={"lamp": Choice(is_on=True)}), [])
        self.say(menu, web=ProjectState(AVAILABLE))
        assert menu.of_project(ALICE).project.generation == before + 1, "the bundle turns it on"
        self.say(menu, port=ProjectState(DEFAULT, 8083))
        assert menu.of_project(ALICE).project.generation == before + 2, "and its package brings it into play"
        self.say(menu, port=ProjectState(DEFAULT, 8083))
        assert menu.of_project(ALICE).project.generation == before + 2, "this is no other word"

    def test_of_a_project_and_a_cloud_that_change_one_entry_at_once_one_knows_of_the_other(
        self, databases: Sequence[Database], menu: MenuStore
    ) -> None:
        """Neither alone gives servers anything: who turns a variable on, and who gives it a value."""
        self.publish(menu, Entry("size", "variable", type="integer"))
        publishing = threading.Thread(
            target=lambda: menu.publish(
                menu.of_project(CLOUD).cloud, [Entry("size", "variable", type="integer", default=5)]
            )
        )

        def meanwhile() -> None:
            publishing.start()
            publishing.join(1)  # it may have to wait

        slow = HeldUp(databases[-1], meanwhile)
        for _ in range(2):
            try:
                slow.say(ALICE, slow.of_project(ALICE), {"size": ProjectState(DEFAULT)})
                break
            except Stale:
                continue
        publishing.join(30)
        read = slow.of_project(ALICE)
        assert read.menu.base.settings["size"].value == 5
        assert read.generation == 1

    def test_what_a_server_chooses_while_its_project_says_something_is_reached_too(
        self, databases: Sequence[Database], menu: MenuStore, store: InstanceStore, fanouts: FanoutStore
    ) -> None:
        self.publish(menu, WEB, PORT)
        before = menu.of_project(ALICE).project.generation
        one = kept(choices={"web": Choice(is_on=True)})

        def meanwhile() -> None:
            if databases[0].engine.dialect.name != "sqlite":  # where one writes no other does
                store.add(one, [])

        HeldUp(databases[-1], meanwhile).say(ALICE, menu.of_project(ALICE), {"port": ProjectState(DEFAULT, 81)})
        was_there = store.get(one.ref) is not None
        assert menu.of_project(ALICE).project.generation == before + was_there
        scopes = set()
        while (fanout := fanouts.claim("package_menu", 60)) is not None:
            scopes.add(fanout.scope)
        assert (ALICE in scopes) == was_there

    def test_many_menus_are_told_at_once_and_each_as_it_is(self, menu: MenuStore, other_menu: MenuStore) -> None:
        self.publish(menu, WEB)
        self.say(menu, web=ProjectState(DEFAULT))
        both = other_menu.of_projects({ALICE, BOB})
        assert both[ALICE].menu.base.settings["web"].is_on
        assert not both[BOB].menu.base.settings["web"].is_on
        assert other_menu.of_projects(set()) == {}

    def test_a_menu_of_a_thousand_entries_is_asked_for_with_at_most_two_statements(
        self, databases: Sequence[Database], menu: MenuStore
    ) -> None:
        self.publish(menu, *(Entry(f"package-{number}", "package") for number in range(1000)))
        self.say(menu, **{"package-1": ProjectState(AVAILABLE)})
        fresh = MenuStore(databases[-1])
        with statements(databases[-1]) as asked:
            assert len(fresh.of_project(ALICE).menu.menu.entries) == 1000
            assert questions(asked) == 2
            fresh.of_project(ALICE)
            assert questions(asked) == 3

    def test_who_uses_an_entry_is_counted_and_what_they_said_forgotten(
        self, menu: MenuStore, store: InstanceStore
    ) -> None:
        self.publish(menu, WEB)
        self.say(menu, web=ProjectState(DEFAULT))
        menu.say(BOB, menu.of_project(BOB), {"web": ProjectState(UNAVAILABLE)})
        servers = [kept(choices={"web": Choice(is_on=False), "port": Choice(value=1)}) for _ in range(3)]
        for one in servers:
            store.add(one, [])
        assert menu.users("web") == (1, 3)
        while menu.forget_choices("web"):
            continue
        assert menu.users("web") == (0, 0)
        assert menu.of_project(BOB).menu.states == {} or menu.projects() == []
        assert store.some([one.ref for one in servers])[servers[0].ref].choices == {"port": Choice(value=1)}

    def test_a_change_of_many_servers_is_turned_into_deliveries_page_by_page(
        self, databases: Sequence[Database], menu: MenuStore, store: InstanceStore, fanouts: FanoutStore
    ) -> None:
        for _ in range(3):
            store.add(kept(), [])
        store.add(kept(BOB), [])
        self.publish(menu, WEB)
        self.say(menu, web=ProjectState(DEFAULT))
        fanout = fanouts.claim("package_menu", 60)
        assert fanout is not None
        assert store.fan_out(fanouts, fanout, lambda page: [wish(one, 5) for one in page], 60) is None
        assert fanouts.count() == 0
        assert {row.project_id for row in DeliveryStore(databases[-1]).some()} == {ALICE}
        assert len(DeliveryStore(databases[-1]).some()) == 3

    def test_whoever_is_at_a_change_of_very_many_servers_goes_on_with_it_at_once(
        self, databases: Sequence[Database], menu: MenuStore, store: InstanceStore, fanouts: FanoutStore,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:  # fmt: skip
        monkeypatch.setattr(instance_store, "BATCH", 2)
        for _ in range(5):
            store.add(kept(), [])
        self.publish(menu, WEB)
        self.say(menu, web=ProjectState(DEFAULT))
        fanout = fanouts.claim("package_menu", 60)
        reached = []
        while fanout is not None:
            assert fanouts.claim("package_menu", 60) is None
            fanout = store.fan_out(fanouts, fanout, lambda page: [wish(one, 5) for one in page], 60)
            reached.append(len(DeliveryStore(databases[-1]).some()))
        assert (reached, fanouts.count()) == ([2, 4, 5], 0)

    def test_it_is_known_whether_anybody_uses_a_menu(
        self, databases: Sequence[Database], menu: MenuStore, store: InstanceStore
    ) -> None:
        assert not is_in_use(databases[-1])
        store.add(kept(), [])
        assert is_in_use(databases[-1])
        self.publish(menu, WEB)
        assert is_in_use(databases[-1])
