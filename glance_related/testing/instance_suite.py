"""`InstanceSuite`: the whole contract of `InstanceStore`, as tests that any database must pass.

Inherit it in a test module, and say which databases it is to run on::

    class TestOnMyDatabase(InstanceSuite):
        @pytest.fixture
        def databases(self):
            return [Database(DatabaseSettings(URL)) for _ in range(2)]

The suite writes through the first and reads through the last, which should be another node where there are
several. The tables must be there, and empty, for each test.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from glance_related.db.database import Database
from glance_related.db.models import utcnow
from glance_related.deliveries.delivery import PENDING, REMOVE, Done, Wish
from glance_related.deliveries.store import DeliveryStore
from glance_related.instance_ref import InstanceRef
from glance_related.package_menu.entry import Sealed
from glance_related.package_menu.instance_store import InstanceStore, Kept, Record
from glance_related.package_menu.rules import UNAVAILABLE, Choice
from glance_related.package_menu.store import Stale
from glance_related.testing.store_suite import at_once

NOVA = "11111111-2222-3333-4444-555555555555"
OTHER_NOVA = "99999999-2222-3333-4444-555555555555"
ALICE, BOB = "alice-project", "bob-project"


def kept(project_id: str = ALICE, **different: Any) -> Kept:
    """A server of its own."""
    ref = InstanceRef(different.pop("nova", NOVA), different.pop("instance_id", str(uuid.uuid4())))
    usual: dict[str, Any] = {"name": "gr\u00fcn", "hostname": "gruen", "os_distro": "debian", "created_at": utcnow()}
    return Kept(ref, project_id, **{**usual, **different})


def wish(one: Kept, generation: int = 1, action: str = "settings") -> Wish:
    """That the driver file shall have its settings."""
    return Wish(one.ref, "package_menu", "file", one.project_id, generation, action)


class InstanceSuite:
    """See the module."""

    @pytest.fixture
    def databases(self) -> Sequence[Database]:
        """At least two ways to the same, empty tables, of different nodes where there are some."""
        raise NotImplementedError("say which databases the suite is to run on")

    @pytest.fixture
    def store(self, databases: Sequence[Database]) -> InstanceStore:
        """The one that writes."""
        return InstanceStore(databases[0])

    @pytest.fixture
    def other(self, databases: Sequence[Database]) -> InstanceStore:
        """The one that reads."""
        return InstanceStore(databases[-1])

    def test_a_server_is_kept_with_its_choices_its_delivery_and_its_history(
        self, databases: Sequence[Database], store: InstanceStore, other: InstanceStore
    ) -> None:
        choices = {
            "web": Choice(is_on=True),
            "port": Choice(value=8080),
            "word": Choice(value=Sealed("t")),
            "text": Choice(value="gr\u00fcn\n\U0001f600"),
            "list": Choice(value=["a", ""]),
            "flag": Choice(UNAVAILABLE, False),
        }
        one = kept(choices=choices, request_id="req-1")
        assert store.add(one, [wish(one)], Record("alice", [{"name": "web", "before": None, "after": {"on": True}}]))
        assert other.get(one.ref) == one
        assert [row.state for row in DeliveryStore(databases[-1]).of(one.ref)] == [PENDING]
        (record,) = other.history(one.ref, "", 10)
        assert (record.user_id, record.generation) == ("alice", 1)
        assert record.changes == [{"name": "web", "before": None, "after": {"on": True}}]
        assert abs(record.created_at / 1000 - time.time()) < 120
        assert other.made_by(NOVA, "req-1") == 1
        assert other.made_by(OTHER_NOVA, "req-1") == 0

    def test_a_server_that_is_known_is_not_added_again(self, store: InstanceStore, other: InstanceStore) -> None:
        one = kept(choices={"web": Choice(is_on=True)})
        assert store.add(one, [])
        assert not other.add(kept(instance_id=one.ref.instance_id), [])
        assert store.get(one.ref) == one
        results = at_once(*[lambda: store.add(kept(instance_id="same"), [])] * 2)
        assert sorted(map(str, results)) == ["False", "True"]

    def test_ids_are_told_apart_to_the_letter(self, store: InstanceStore) -> None:
        for instance_id in ("a", "A", "a ", "\u00e4"):
            assert store.add(kept(instance_id=instance_id), [])
        assert store.get(InstanceRef(OTHER_NOVA, "a")) is None
        assert len(store.some([InstanceRef(NOVA, one) for one in ("a", "A", "a ", "\u00e4", "b")])) == 4

    def test_a_change_is_counted_and_written_where_nobody_was_faster(
        self, databases: Sequence[Database], store: InstanceStore, other: InstanceStore
    ) -> None:
        one = kept(choices={"web": Choice(is_on=True), "port": Choice(value=1)})
        store.add(one, [wish(one)])
        choices = {"port": Choice(value=2), "word": Choice(value=Sealed("t"))}
        after = store.change(one, choices, [wish(one, 7)], Record("alice", [{"name": "port"}]))
        assert other.get(one.ref) == after
        assert (after.generation, after.choices) == (2, choices)
        assert [row.generation for row in DeliveryStore(databases[-1]).of(one.ref)] == [7]
        with pytest.raises(Stale):
            other.change(one, {}, [wish(one, 9)], Record("bob", [{"name": "port"}]))
        assert store.get(one.ref) == after
        assert [row.generation for row in DeliveryStore(databases[-1]).of(one.ref)] == [7]
        assert [record.user_id for record in store.history(one.ref, "", 10)] == ["alice"]

    def test_a_change_is_handed_over_whatever_was_handed_over_under_the_same_generation(
        self, databases: Sequence[Database], store: InstanceStore
    ) -> None:
        """A menu may change after a change was judged by it, and count for as much."""
        one, deliveries = kept(), DeliveryStore(databases[0])
        store.add(one, [wish(one, 1)])
        deliveries.add([wish(one, 2)])  # the menu's change
        claim, taken = deliveries.claim("file", "w", 10, 60)
        deliveries.finish(claim, [(row, Done()) for row in taken])
        after = store.change(one, {"port": Choice(value=1)}, [wish(one, 2)], None)
        claim, (row,) = deliveries.claim("file", "w", 10, 60)
        assert row.generation == 2
        store.change(after, {}, [wish(one, 1)], None)  # while it is handed over
        deliveries.finish(claim, [(row, Done(generation=3))])
        (row,) = deliveries.of(one.ref)
        assert (row.state, row.generation, row.applied_generation) == (PENDING, 2, 3)

    def test_everybody_who_was_handed_something_forgets_a_server_whoever_deletes_it(
        self, databases: Sequence[Database], store: InstanceStore, other: InstanceStore
    ) -> None:
        """Not everybody who deletes servers need know all receivers."""
        deliveries = DeliveryStore(databases[0])
        one, beside = kept(), kept()
        for server in (one, beside):
            ldap = replace(wish(server), driver="ldap")
            store.add(server, [wish(server), ldap, replace(wish(server), driver="guest", is_pulled=True)])
        assert other.remove(one.ref, [wish(one, 7, REMOVE)])
        rows = [(row.driver, row.action, row.state) for row in deliveries.of(one.ref)]
        assert rows == [("file", REMOVE, PENDING), ("ldap", REMOVE, PENDING)]
        assert {row.action for row in deliveries.of(beside.ref)} == {"settings"}
        assert not other.remove(one.ref, [wish(one, 8, REMOVE)])

    def test_a_server_that_is_seen_again_is_handed_over_whatever_was_handed_over_before(
        self, databases: Sequence[Database], store: InstanceStore
    ) -> None:
        one, deliveries = kept(), DeliveryStore(databases[0])
        deliveries.add([wish(one, 9)])  # of a menu, for a server that had just gone
        claim, taken = deliveries.claim("file", "w", 10, 60)
        deliveries.finish(claim, [(row, Done()) for row in taken])
        store.add(one, [wish(one, 1)])
        assert [row.state for row in deliveries.of(one.ref)] == [PENDING]

    def test_what_becomes_known_of_a_server_comes_with_the_change_that_it_makes(
        self, store: InstanceStore, other: InstanceStore
    ) -> None:
        one = kept(os_distro="", choices={"web": Choice(is_on=True)})
        store.add(one, [])
        after = store.change(one, one.choices, [], None, os_distro="ubuntu", name="two")
        assert (after.os_distro, after.name, after.generation, after.choices) == ("ubuntu", "two", 2, one.choices)
        assert other.get(one.ref) == after
        with pytest.raises(Stale):
            store.change(one, one.choices, [], None, os_distro="debian")
        assert other.get(one.ref) == after

    def test_of_many_who_change_a_server_at_once_each_counts(self, store: InstanceStore, other: InstanceStore) -> None:
        one = kept()
        store.add(one, [])

        def add(mine: InstanceStore, name: str) -> None:
            while True:
                seen = mine.get(one.ref)
                assert seen is not None
                try:
                    mine.change(seen, {**seen.choices, name: Choice(is_on=True)}, [], None)
                except Stale:
                    continue
                return

        names = [f"package-{number}" for number in range(8)]
        results = at_once(*[
            lambda name=name, mine=(store, other)[index % 2]: add(mine, name) for index, name in enumerate(names)
        ])  # fmt: skip
        assert results == [None] * 8
        last = store.get(one.ref)
        assert last is not None
        assert (set(last.choices), last.generation) == (set(names), 9)

    def test_history_is_read_in_pages_the_last_first(self, store: InstanceStore, other: InstanceStore) -> None:
        one = kept()
        store.add(one, [])
        for number in range(5):
            one = store.change(one, {}, [], Record("alice", [{"name": str(number)}]))
            time.sleep(0.002)
        seen: list[str] = []
        marker = ""
        while page := other.history(one.ref, marker, 2):
            marker = page[-1].id
            seen += [record.changes[0]["name"] for record in page]
        assert seen == ["4", "3", "2", "1", "0"]
        assert store.purge(60) == 0
        time.sleep(0.01)
        assert store.purge(0, 2) == 2
        assert store.purge(0) == 3
        assert other.history(one.ref, "", 10) == []

    def test_a_server_that_is_gone_takes_everything_with_it_but_who_must_forget_it(
        self, databases: Sequence[Database], store: InstanceStore, other: InstanceStore
    ) -> None:
        one, bystander = kept(choices={"web": Choice(is_on=True)}), kept(choices={"web": Choice(is_on=True)})
        pulled = Wish(one.ref, "package_menu", "guest", ALICE, 1, is_pulled=True)
        store.add(one, [wish(one), pulled], Record("alice", [{"name": "web"}]))
        store.add(bystander, [wish(bystander)])
        assert store.remove(one.ref, [wish(one, 2, REMOVE)])
        assert other.get(one.ref) is None
        assert other.history(one.ref, "", 10) == []
        rows = DeliveryStore(databases[-1]).of(one.ref)
        assert [(row.driver, row.action) for row in rows] == [("file", REMOVE)]
        assert not store.remove(one.ref, [wish(one, 3, REMOVE)])
        assert other.get(bystander.ref) == bystander
        assert other.choosing("web", InstanceRef("", ""), 10) == [bystander.ref]

    def test_servers_are_read_in_pages_and_by_what_is_known_of_them(
        self, store: InstanceStore, other: InstanceStore
    ) -> None:
        servers = [kept(), kept(), kept(BOB), kept(nova=OTHER_NOVA, hostname="other")]
        for one in servers:
            store.add(one, [])
        seen: list[InstanceRef] = []
        marker = InstanceRef("", "")
        while page := other.after(marker, 2):
            marker = page[-1].ref
            seen += [one.ref for one in page]
        assert seen == sorted(
            (one.ref for one in servers), key=lambda ref: (ref.nova_installation_uuid, ref.instance_id)
        )
        assert [one.ref for one in other.after(InstanceRef("", ""), 10, project_id=BOB)] == [servers[2].ref]
        assert {one.ref for one in other.named(NOVA, {"hostname": ["gruen"]})} == {one.ref for one in servers[:3]}
        assert other.named(NOVA, {"hostname": ["other"]}) == []
        store.describe(servers[0].ref, hostname="new", os_distro="fedora")
        assert [one.os_distro for one in other.named(NOVA, {"hostname": ["new"]})] == ["fedora"]
