"""`RiderSuite`: the whole contract of `RiderStore`, as tests that any database must pass.

Inherit it in a test module, and say which databases it is to run on::

    class TestOnMyDatabase(RiderSuite):
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
from dataclasses import replace
from typing import Any

import pytest

from glance_related.db.database import Database
from glance_related.db.models import utcnow
from glance_related.instance_aware.register import Installation
from glance_related.instance_aware.store import Store
from glance_related.riders.rider import Rider
from glance_related.riders.store import RiderStore

NOVA = "11111111-2222-3333-4444-555555555555"
CONTENTS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "every kind of JSON": {"a": None, "b": [1, 2.5, True], "c": {"d": ""}},
    "every kind of text": {"name": "Z\u00fcrich \U0001f600 \u0000 ' \" \\ %s :id"},
    "a megabyte": {"big": "x" * 1_000_000},
}
DAY = datetime.timedelta(days=1)


def rider(**different: Any) -> Rider:
    """A rider on a request of its own."""
    usual = Rider(
        request_id=f"req-{uuid.uuid4()}",
        kind="snapshot",
        own_request_id=f"req-{uuid.uuid4()}",
        nova_installation_uuid=NOVA,
        project_id="alice-project",
        user_id="alice",
        content={"instance_id": "server-1"},
        created_at=utcnow(),
    )
    return replace(usual, **different)


class RiderSuite:
    """See the module."""

    @pytest.fixture
    def databases(self) -> Sequence[Database]:
        """At least two ways to the same, empty tables, of different nodes where there are some."""
        raise NotImplementedError("say which databases the suite is to run on")

    @pytest.fixture
    def riders(self, databases: Sequence[Database]) -> RiderStore:
        """The one that writes, as the filter in front of Nova."""
        return RiderStore(databases[0])

    @pytest.fixture
    def others(self, databases: Sequence[Database]) -> RiderStore:
        """The one that reads, as the filter in front of Glance."""
        return RiderStore(databases[-1])

    def test_what_rides_on_a_request_is_read_again_at_once(self, riders: RiderStore, others: RiderStore) -> None:
        for _ in range(20):
            one = rider()
            riders.add(one)
            assert others.get(one.request_id, "snapshot") == one

    def test_a_rider_is_kept_once_however_often_it_is_written(self, riders: RiderStore, others: RiderStore) -> None:
        """As where a lost connection hides that it was written: an error here would refuse somebody's snapshot."""
        one = rider()
        riders.add(one)
        riders.add(one)
        assert others.get(one.request_id, "snapshot") == one
        assert others.count() == 1

    def test_nothing_rides_on_another_request(self, riders: RiderStore, others: RiderStore) -> None:
        one = rider()
        riders.add(one)
        assert others.get(f"req-{uuid.uuid4()}", "snapshot") is None
        assert others.get(one.request_id.upper(), "snapshot") is None
        assert others.get(f"{one.request_id} ", "snapshot") is None

    def test_two_kinds_ride_on_one_request_apart(self, riders: RiderStore, others: RiderStore) -> None:
        snapshot = rider()
        override = replace(snapshot, kind="override", content={"hw_disk_bus": "scsi"})
        riders.add(snapshot)
        riders.add(override)
        assert others.get(snapshot.request_id, "snapshot") == snapshot
        assert others.get(snapshot.request_id, "override") == override
        assert others.get(snapshot.request_id, "Snapshot") is None

    @pytest.mark.parametrize("kind", sorted(CONTENTS))
    def test_the_content_comes_back_as_it_was(self, riders: RiderStore, others: RiderStore, kind: str) -> None:
        one = rider(content=CONTENTS[kind])
        riders.add(one)
        kept = others.get(one.request_id, one.kind)
        assert kept is not None
        assert kept.content == CONTENTS[kind]

    def test_only_the_rider_that_is_removed_goes(self, riders: RiderStore, others: RiderStore) -> None:
        gone, stays = rider(), rider()
        other_kind = replace(gone, kind="override")
        for one in (gone, stays, other_kind):
            riders.add(one)
        riders.remove(gone.request_id, gone.kind)
        riders.remove(gone.request_id, gone.kind)
        assert others.get(gone.request_id, "snapshot") is None
        assert others.get(gone.request_id, "override") == other_kind
        assert others.get(stays.request_id, "snapshot") == stays
        assert others.count() == 2

    def test_only_what_is_older_is_purged(self, riders: RiderStore, others: RiderStore) -> None:
        now = utcnow()
        old, edge, young = (rider(created_at=at) for at in (now - DAY - DAY, now - DAY, now))
        for one in (old, edge, young):
            riders.add(one)
        assert riders.purge(now - DAY) == 1
        assert others.get(old.request_id, "snapshot") is None
        assert others.get(edge.request_id, "snapshot") == edge
        assert others.get(young.request_id, "snapshot") == young

    def test_what_is_open_is_found_by_its_project_and_stays_until_it_is_closed(
        self, riders: RiderStore, others: RiderStore
    ) -> None:
        old = utcnow() - DAY
        later, first = rider(is_open=True, created_at=old + DAY / 2), rider(is_open=True, created_at=old)
        for one in (later, first, rider(created_at=old), rider(is_open=True, project_id="bob-project", created_at=old)):
            riders.add(one)
        riders.add(rider(is_open=True, kind="override", created_at=old))
        assert others.open_of("snapshot", NOVA, ["alice-project"]) == [first, later]
        assert others.open_of("snapshot", NOVA.replace("1", "2"), ["alice-project"]) == []
        assert [one.project_id for one in others.open_before("snapshot", old + DAY / 4)].count("bob-project") == 1
        assert riders.purge(utcnow()) == 1
        riders.close(first.request_id, "override")
        riders.close(first.request_id, "snapshot")
        assert others.open_of("snapshot", NOVA, ["alice-project"]) == [later]
        assert others.get(first.request_id, "snapshot") == replace(first, is_open=False)
        assert riders.purge(utcnow()) == 1

    def test_what_is_open_is_counted_and_read_in_part(self, riders: RiderStore, others: RiderStore) -> None:
        assert others.open_number() == 0
        now = utcnow()
        first, second, third = (rider(is_open=True, created_at=now - age) for age in (3 * DAY, 2 * DAY, DAY))
        for one in (third, first, second, rider(), rider(is_open=True, kind="override", created_at=now - DAY)):
            riders.add(one)
        assert (others.open_number(), others.open_number("snapshot")) == (4, 3)
        assert others.open_before("snapshot", now, 2) == [first, second]
        assert others.open_before("snapshot", now) == [first, second, third]
        riders.close(first.request_id, "snapshot")
        assert others.open_number() == 3

    def test_a_rider_is_told_with_whether_the_service_that_asks_is_of_its_own_nova(
        self, databases: Sequence[Database], riders: RiderStore, others: RiderStore
    ) -> None:
        other = NOVA.replace("1", "2")
        Store(databases[0]).add_installation(Installation(NOVA, "east", ("nova",), ("scheduler",)))
        Store(databases[0]).add_installation(Installation(other, "west", ("nova-west",), ()))
        one = rider()
        riders.add(one)
        assert others.asked(one.request_id, "snapshot", "nova") == (one, True)
        for stranger in ("nova-west", "scheduler", "cinder", "Nova", "nova "):
            assert others.asked(one.request_id, "snapshot", stranger) == (one, False)
        assert others.asked(one.request_id, "override", "nova") is None
        assert others.asked(f"req-{uuid.uuid4()}", "snapshot", "nova") is None

    def test_a_purge_forgets_some_at_a_time_and_says_how_many(self, riders: RiderStore, others: RiderStore) -> None:
        now = utcnow()
        for _ in range(5):
            riders.add(rider(created_at=now - DAY))
        young = rider()
        riders.add(young)
        assert [riders.purge(now, 2), riders.purge(now, 2), riders.purge(now, 2)] == [2, 2, 1]
        assert riders.purge(now, 2) == 0
        assert others.count() == 1
        assert others.get(young.request_id, "snapshot") == young
