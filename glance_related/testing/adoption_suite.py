"""`AdoptionSuite`: the whole contract of `AdoptionStore`, as tests that any database must pass.

Inherit it in a test module, and say which databases it is to run on::

    class TestOnMyDatabase(AdoptionSuite):
        @pytest.fixture
        def databases(self):
            return [Database(DatabaseSettings(URL)) for _ in range(2)]

The suite writes through the first and reads through the last, which should be another node where there are
several. The tables must be there, and empty, for each test.
"""

from __future__ import annotations

import datetime
import threading
import uuid
from collections.abc import Sequence
from dataclasses import replace

import pytest

from glance_related.db.database import Database
from glance_related.db.models import utcnow
from glance_related.instance_aware.adoptions import Adoption, AdoptionStore
from glance_related.instance_aware.store import Store
from glance_related.instance_ref import InstanceRef

NOVA = "11111111-2222-3333-4444-555555555555"
SERVER = "aaaaaaaa-2222-3333-4444-555555555555"
REQUEST = "req-11111111-2222-3333-4444-555555555555"
OTHER = InstanceRef(NOVA, "another-server")


def adoption(
    image_id: str | None = None, *, request_id: str = REQUEST, owner: str | None = "alice-project"
) -> Adoption:
    """What Nova says of an image; of a new one where no id is given."""
    return Adoption(image_id or str(uuid.uuid4()), NOVA, SERVER, request_id, owner, utcnow())


class AdoptionSuite:
    """See the module."""

    @pytest.fixture
    def databases(self) -> Sequence[Database]:
        """At least two ways to the same, empty tables, of different nodes where there are some."""
        raise NotImplementedError("say which databases the suite is to run on")

    @pytest.fixture
    def adoptions(self, databases: Sequence[Database]) -> AdoptionStore:
        """The one that writes."""
        return AdoptionStore(databases[0])

    @pytest.fixture
    def others(self, databases: Sequence[Database]) -> AdoptionStore:
        """The one that reads."""
        return AdoptionStore(databases[-1])

    @pytest.fixture
    def bound(self, databases: Sequence[Database]) -> Store:
        """The images that are bound."""
        return Store(databases[-1])

    # -- what awaits its proof

    def test_what_is_noted_is_read_again_and_is_no_tuple(
        self, adoptions: AdoptionStore, others: AdoptionStore, bound: Store
    ) -> None:
        noted = adoption()
        adoptions.note(noted)
        assert others.after("", 10) == [noted]
        assert others.count() == 1
        assert bound.refs([noted.image_id]) == {}

    def test_of_one_image_the_last_word_counts(self, adoptions: AdoptionStore, others: AdoptionStore) -> None:
        first = adoption()
        second = replace(first, instance_id="bbbbbbbb-2222-3333-4444-555555555555", owner=None)
        adoptions.note(first)
        adoptions.note(second)
        assert others.after("", 10) == [second]

    def test_pages_have_everything_once_in_the_order_of_the_images(
        self, adoptions: AdoptionStore, others: AdoptionStore
    ) -> None:
        noted = sorted((adoption() for _ in range(7)), key=lambda one: one.image_id)
        for one in reversed(noted):
            adoptions.note(one)
        assert others.after("", 3) == noted[:3]
        assert others.after(noted[2].image_id, 3) == noted[3:6]
        assert others.after(noted[5].image_id, 3) == noted[6:]
        assert others.after(noted[6].image_id, 3) == []

    @pytest.mark.parametrize(
        "request_id",
        ["", "req-1", "my-own-id", REQUEST.upper(), f"{REQUEST} ", f"{REQUEST}1", "req-\udcff", "x" * 300],
    )
    def test_a_request_id_that_nova_never_gives_is_not_kept(
        self, adoptions: AdoptionStore, others: AdoptionStore, request_id: str
    ) -> None:
        adoptions.note(adoption(request_id=request_id))
        assert [one.request_id for one in others.after("", 10)] == [""]

    @pytest.mark.parametrize("owner", ["", "a\x00b", "x" * 300, "\ud800"])
    def test_an_owner_that_cannot_be_stored_is_none(
        self, adoptions: AdoptionStore, others: AdoptionStore, owner: str
    ) -> None:
        adoptions.note(adoption(owner=owner))
        assert [one.owner for one in others.after("", 10)] == [None]

    # -- what becomes of it

    def test_what_is_proved_is_bound_and_awaits_nothing_any_more(
        self, adoptions: AdoptionStore, others: AdoptionStore, bound: Store
    ) -> None:
        proved, waiting = adoption(), adoption()
        adoptions.note(proved)
        adoptions.note(waiting)
        assert adoptions.settle(proved, bind=True)
        assert bound.refs([proved.image_id, waiting.image_id]) == {proved.image_id: proved.ref}
        assert others.after("", 10) == [waiting]

    def test_the_instance_is_bound_as_it_is_spelt_at_last(self, adoptions: AdoptionStore, bound: Store) -> None:
        noted = adoption()
        adoptions.note(noted)
        assert adoptions.settle(replace(noted, instance_id=SERVER.upper()), bind=True)
        assert bound.refs([noted.image_id]) == {noted.image_id: InstanceRef(NOVA, SERVER.upper())}

    def test_a_tuple_that_is_there_is_never_changed(
        self, adoptions: AdoptionStore, others: AdoptionStore, bound: Store
    ) -> None:
        noted = adoption()
        adoptions.note(noted)
        bound.bind(noted.image_id, OTHER)
        assert not adoptions.settle(noted, bind=True)
        assert bound.refs([noted.image_id]) == {noted.image_id: OTHER}
        assert others.count() == 0

    def test_settling_may_be_repeated(self, adoptions: AdoptionStore, bound: Store) -> None:
        noted = adoption()
        adoptions.note(noted)
        assert adoptions.settle(noted, bind=True)
        assert adoptions.settle(noted, bind=True), "the tuple is there, whoever set it"
        assert bound.refs([noted.image_id]) == {noted.image_id: noted.ref}

    def test_what_is_not_proved_is_forgotten_and_not_bound(
        self, adoptions: AdoptionStore, others: AdoptionStore, bound: Store
    ) -> None:
        noted, waiting = adoption(), adoption()
        adoptions.note(noted)
        adoptions.note(waiting)
        assert not adoptions.settle(noted, bind=False)
        assert bound.refs([noted.image_id]) == {}
        assert others.after("", 10) == [waiting]

    def test_only_what_is_forgotten_goes(self, adoptions: AdoptionStore, others: AdoptionStore) -> None:
        gone, waiting = adoption(), adoption()
        adoptions.note(gone)
        adoptions.note(waiting)
        adoptions.forget(gone.image_id)
        adoptions.forget(gone.image_id)
        assert others.after("", 10) == [waiting]

    def test_of_two_that_bind_one_image_at_once_one_wins_and_none_fails(
        self, databases: Sequence[Database], adoptions: AdoptionStore, others: AdoptionStore, bound: Store
    ) -> None:
        for _ in range(10):
            noted = adoption()
            adoptions.note(noted)
            told: dict[str, bool] = {}
            together = threading.Barrier(2)

            def settle(
                noted: Adoption = noted, told: dict[str, bool] = told, wait: threading.Barrier = together
            ) -> None:
                wait.wait()
                told["adoption"] = AdoptionStore(databases[0]).settle(noted, bind=True)

            def bind(noted: Adoption = noted, told: dict[str, bool] = told, wait: threading.Barrier = together) -> None:
                wait.wait()
                told["request"] = Store(databases[-1]).bind_unbound(noted.image_id, OTHER)

            threads = [threading.Thread(target=one) for one in (settle, bind)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert sorted(told.values()) == [False, True]
            winner = noted.ref if told["adoption"] else OTHER
            assert bound.refs([noted.image_id]) == {noted.image_id: winner}
        assert others.count() == 0

    def test_times_are_kept_to_the_second(self, adoptions: AdoptionStore, others: AdoptionStore) -> None:
        noted = replace(adoption(), created_at=datetime.datetime(2024, 2, 29, 23, 59, 59))
        adoptions.note(noted)
        assert [one.created_at for one in others.after("", 10)] == [noted.created_at]
