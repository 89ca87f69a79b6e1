"""`OverrideSuite`: the whole contract of `OverrideStore`, as tests that any database must pass.

Inherit it in a test module, and say which databases it is to run on::

    class TestOnMyDatabase(OverrideSuite):
        @pytest.fixture
        def databases(self):
            return [Database(DatabaseSettings(URL)) for _ in range(2)]

The suite writes through the first and reads through the last, which should be another node where there are
several. The tables must be there, and empty, for each test.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from glance_related.db.database import Database
from glance_related.db.models import utcnow
from glance_related.instance_ref import InstanceRef
from glance_related.props_override.store import Kept, OverrideStore

NOVA = "11111111-2222-3333-4444-555555555555"
OTHER_NOVA = "99999999-2222-3333-4444-555555555555"
MINUTE = datetime.timedelta(minutes=1)
VALUES = {"os_command_line": "ks=\u00fc \U0001f600 ' \" \\ %s :id", "trait:CUSTOM_A": "required"}


def kept(instance_id: str | None = None, **different: Any) -> Kept:
    """What is kept of a server of its own."""
    usual = Kept(
        ref=InstanceRef(NOVA, instance_id or str(uuid.uuid4())),
        project_id="alice-project",
        image_id=str(uuid.uuid4()),
        rescue_image_id=str(uuid.uuid4()),
        properties=VALUES,
        request_id=f"req-{uuid.uuid4()}",
        made_at=utcnow(),
    )
    return replace(usual, **different)


class OverrideSuite:
    """See the module."""

    @pytest.fixture
    def databases(self) -> Sequence[Database]:
        """At least two ways to the same, empty tables, of different nodes where there are some."""
        raise NotImplementedError("say which databases the suite is to run on")

    @pytest.fixture
    def store(self, databases: Sequence[Database]) -> OverrideStore:
        """The one that writes."""
        return OverrideStore(databases[0])

    @pytest.fixture
    def other(self, databases: Sequence[Database]) -> OverrideStore:
        """The one that reads."""
        return OverrideStore(databases[-1])

    def test_what_is_kept_is_read_again_at_once(self, store: OverrideStore, other: OverrideStore) -> None:
        for _ in range(20):
            one = kept()
            store.keep(one)
            assert other.get(one.ref) == one

    def test_a_server_is_another_nova_s_or_another_spelling_s_no_more(
        self, store: OverrideStore, other: OverrideStore
    ) -> None:
        one = kept("server-a")
        store.keep(one)
        assert other.get(InstanceRef(OTHER_NOVA, "server-a")) is None
        assert other.get(InstanceRef(NOVA, "SERVER-A")) is None
        assert other.get(InstanceRef(NOVA, "server-a ")) is None

    def test_a_later_request_counts_in_whichever_order_they_are_kept(
        self, store: OverrideStore, other: OverrideStore
    ) -> None:
        now = utcnow()
        earlier = kept("server-a", made_at=now - MINUTE)
        later = replace(earlier, properties={}, made_at=now, request_id="req-later")
        for first, second in ((earlier, later), (later, earlier)):
            store.forget(earlier.ref)
            store.keep(first)
            store.keep(second)
            assert other.get(earlier.ref) == later

    def test_the_same_may_be_kept_twice(self, store: OverrideStore, other: OverrideStore) -> None:
        one = kept()
        store.keep(one)
        store.keep(one)
        assert other.get(one.ref) == one
        assert other.count() == 1

    def test_many_writers_at_once_leave_the_latest(self, databases: Sequence[Database]) -> None:
        now = utcnow()
        stores = [OverrideStore(database) for database in databases]
        with ThreadPoolExecutor(8) as together:
            for name in ("server-a", "server-b", "server-c", "server-d", "server-e", "server-f"):
                ones = [kept(name, made_at=now + MINUTE * number) for number in range(8)]
                keeping = [together.submit(stores[number % len(stores)].keep, one) for number, one in enumerate(ones)]
                for one in keeping:
                    one.result()
                assert stores[-1].get(ones[0].ref) == ones[-1]

    def test_some_are_read_together_with_the_others_left_out(self, store: OverrideStore, other: OverrideStore) -> None:
        ones = [kept() for _ in range(3)]
        for one in ones:
            store.keep(one)
        ids = [one.ref.instance_id for one in ones]
        assert other.of(NOVA, [*ids[:2], "another"]) == {one.ref.instance_id: one for one in ones[:2]}
        assert other.of(OTHER_NOVA, ids) == {}
        assert other.of(NOVA, []) == {}

    def test_only_the_server_that_is_gone_is_forgotten(self, store: OverrideStore, other: OverrideStore) -> None:
        gone, stays = kept("server-a"), kept("server-b")
        store.keep(gone)
        store.keep(stays)
        assert store.forget(gone.ref)
        assert not store.forget(gone.ref)
        assert other.get(gone.ref) is None
        assert other.get(stays.ref) == stays

    def test_all_of_a_nova_s_are_walked_in_the_order_of_their_ids(
        self, store: OverrideStore, other: OverrideStore
    ) -> None:
        for name in ("c", "a", "b"):
            store.keep(kept(name))
        store.keep(kept("d", ref=InstanceRef(OTHER_NOVA, "d")))
        first = other.after(InstanceRef(NOVA, ""), 2)
        assert [one.ref.instance_id for one in first] == ["a", "b"]
        assert [one.ref.instance_id for one in other.after(first[-1].ref, 2)] == ["c"]
        assert other.after(InstanceRef(NOVA, "c"), 2) == []
