"""`StoreSuite`: the whole contract of `instance_aware`'s `Store`, as tests that any database must pass.

Inherit it in a test module, and say which stores it is to run on::

    class TestOnMyDatabase(StoreSuite):
        @pytest.fixture
        def stores(self):
            return [Store(Database(DatabaseSettings(URL))) for _ in range(2)]

What one store has written, another must see at once: so the suite writes through the first and reads
through the last, and where there are several nodes, each store should speak to a different one. The
tables must be there, and empty, for each test.
"""

from __future__ import annotations

import datetime
import threading
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from glance_related.db.models import utcnow
from glance_related.instance_aware.register import Conflict, Installation
from glance_related.instance_aware.rules import Registration, Wanted
from glance_related.instance_aware.store import Store
from glance_related.instance_ref import InstanceRef

NOVA = "11111111-2222-3333-4444-555555555555"
OTHER_NOVA = "99999999-8888-7777-6666-555555555555"
SERVER = InstanceRef(NOVA, "server-1")
MOVED = InstanceRef(NOVA, "server-moved")
THIRD = InstanceRef(NOVA, "server-3")
LATER = datetime.timedelta(hours=1)

#: Instance ids that some database or collation takes for the same.
LOOKALIKES = [
    pytest.param("i-1", "I-1", id="case"),
    pytest.param("i-1", "i-1 ", id="a trailing space"),
    pytest.param("i-1", " i-1", id="a leading space"),
    pytest.param("i-\u00e9", "i-e", id="an accent"),
    pytest.param("i-\u00e9", "i-e\u0301", id="composed and decomposed"),
    pytest.param("stra\u00dfe", "strasse", id="sharp s"),
    pytest.param("\U0001f600", "\U0001f601", id="two characters beyond the BMP"),
    pytest.param("\U0001f600" * 255, "\U0001f600" * 254 + "\U0001f601", id="255 characters beyond the BMP"),
    pytest.param("x" * 255, "x" * 254, id="255 characters"),
    pytest.param("1", "01", id="numbers"),
    pytest.param("1", "1.0", id="equal numbers"),
    pytest.param("it's", "it''s", id="quotes"),
    pytest.param("%", "a", id="a wildcard"),
    pytest.param("i_1", "ia1", id="another wildcard"),
    pytest.param("a\\'b", "a'b", id="a backslash"),
    pytest.param(":id %s ${x}", ":id", id="placeholders"),
]


class StoreSuite:
    """See the module."""

    @pytest.fixture
    def stores(self) -> Sequence[Store]:
        """At least two stores on the same, empty tables, of different nodes where there are some."""
        raise NotImplementedError("say which stores the suite is to run on")

    @pytest.fixture
    def store(self, stores: Sequence[Store]) -> Store:
        """The one that writes."""
        return stores[0]

    @pytest.fixture
    def other(self, stores: Sequence[Store]) -> Store:
        """The one that reads."""
        return stores[-1]

    # -- binding

    def test_a_bound_image_is_found_by_its_id_its_instance_and_its_installation(
        self, store: Store, other: Store
    ) -> None:
        image, elsewhere = new_id(), new_id()
        store.bind(image, SERVER)
        store.bind(elsewhere, InstanceRef(OTHER_NOVA, SERVER.instance_id))
        assert other.refs([image, new_id()]) == {image: SERVER}
        assert other.images_of(Wanted(NOVA, SERVER.instance_id, False), 10) == {image: SERVER}
        assert other.images_of(Wanted(NOVA, None, False), 10) == {image: SERVER}
        assert set(other.images_of(Wanted(None, SERVER.instance_id, False), 10)) == {image, elsewhere}
        assert other.images_of(Wanted(NOVA, "server-2", False), 10) == {}
        assert other.images_of(Wanted(NOVA, SERVER.instance_id, True), 10) == {}

    def test_binding_may_be_repeated(self, store: Store, other: Store) -> None:
        image = new_id()
        for _ in range(3):  # within one second, so that nothing changes
            store.bind(image, SERVER)
        assert other.refs([image]) == {image: SERVER}
        assert other.count() == 1

    def test_binding_anew_replaces_the_tuple(self, store: Store, other: Store) -> None:
        image = new_id()
        store.bind(image, SERVER)
        store.bind(image, InstanceRef(OTHER_NOVA, "server-2"))
        assert other.refs([image]) == {image: InstanceRef(OTHER_NOVA, "server-2")}
        assert other.images_of(Wanted(NOVA, SERVER.instance_id, False), 10) == {}

    @pytest.mark.parametrize(("before", "after"), [(None, SERVER), (SERVER, MOVED), (SERVER, None), (None, None)])
    def test_a_tuple_is_exchanged_where_it_is_what_was_judged(
        self, before: InstanceRef | None, after: InstanceRef | None, store: Store, other: Store
    ) -> None:
        image, kept = new_id(), new_id()
        store.bind(kept, SERVER)
        if before is not None:
            store.bind(image, before)
        for _ in range(2):  # and once more, as where a lost connection hides the answer
            assert store.rebind(image, before, after)
        assert other.refs([image, kept]) == {kept: SERVER, **({image: after} if after else {})}

    @pytest.mark.parametrize(
        ("before", "now", "after"),
        [(None, MOVED, THIRD), (SERVER, MOVED, THIRD), (SERVER, MOVED, None), (SERVER, None, THIRD)],
    )
    def test_a_tuple_that_has_become_another_stays(
        self,
        before: InstanceRef | None,
        now: InstanceRef | None,
        after: InstanceRef | None,
        store: Store,
        other: Store,
    ) -> None:
        image = new_id()
        if now is not None:
            other.bind(image, now)
        assert not store.rebind(image, before, after)
        assert other.refs([image]) == ({image: now} if now else {})

    def test_an_import_binds_only_where_there_is_no_tuple(self, store: Store, other: Store) -> None:
        image = new_id()
        assert store.bind_unbound(image, SERVER)
        assert not store.bind_unbound(image, InstanceRef(OTHER_NOVA, "server-2"))
        assert other.refs([image]) == {image: SERVER}

    def test_unbinding_says_whether_there_was_a_tuple(self, store: Store, other: Store) -> None:
        image, kept = new_id(), new_id()
        store.bind(image, SERVER)
        store.bind(kept, SERVER)
        assert store.unbind(image)
        assert not store.unbind(image)
        assert other.refs([image, kept]) == {kept: SERVER}

    @pytest.mark.parametrize(("one", "another"), LOOKALIKES)
    def test_instance_ids_are_exact(self, one: str, another: str, store: Store, other: Store) -> None:
        image, lookalike = new_id(), new_id()
        store.bind(image, InstanceRef(NOVA, one))
        assert other.images_of(Wanted(NOVA, another, False), 10) == {}
        store.bind(lookalike, InstanceRef(NOVA, another))
        assert other.images_of(Wanted(NOVA, one, False), 10) == {image: InstanceRef(NOVA, one)}
        assert other.images_of(Wanted(None, another, False), 10) == {lookalike: InstanceRef(NOVA, another)}

    def test_image_ids_are_exact(self, store: Store, other: Store) -> None:
        lower, upper = "abcdef11-0000-4000-8000-000000000000", "ABCDEF11-0000-4000-8000-000000000000"
        store.bind(lower, SERVER)
        store.bind(upper, InstanceRef(NOVA, "server-2"))
        assert other.refs([lower, upper]) == {lower: SERVER, upper: InstanceRef(NOVA, "server-2")}
        assert other.refs([lower + " "]) == {}
        store.unbind(upper)
        assert other.refs([lower, upper]) == {lower: SERVER}

    @pytest.mark.parametrize(
        "image_id",
        ["", "a\0b", "\ud800", "x" * 37, "x" * 100_000],
        ids=["empty", "a NUL", "half a surrogate pair", "too long", "much too long"],
    )
    def test_what_cannot_be_an_image_id_has_no_tuple_and_harms_nobody(
        self, image_id: str, store: Store, other: Store
    ) -> None:
        image = new_id()
        store.bind(image, SERVER)
        assert other.refs([image_id, image]) == {image: SERVER}
        assert not store.unbind(image_id)
        assert other.refs([image]) == {image: SERVER}

    def test_three_thousand_images_of_one_server(self, store: Store, other: Store) -> None:
        images = [new_id() for _ in range(3000)]
        for image in images:
            store.bind(image, SERVER)
        assert set(other.images_of(Wanted(NOVA, SERVER.instance_id, False), 10_000)) == set(images)
        assert len(other.images_of(Wanted(NOVA, None, False), 2999)) == 2999
        assert other.refs([*images, *(new_id() for _ in range(500))]) == dict.fromkeys(images, SERVER)

    # -- pending attempts

    def test_an_attempt_is_neither_shown_nor_matched_until_it_is_confirmed(self, store: Store, other: Store) -> None:
        image = new_id()
        attempt = store.begin(image, "alice", SERVER)
        assert other.refs([image]) == {}
        assert other.images_of(Wanted(NOVA, None, False), 10) == {}
        assert [(one.attempt_id, one.image_id, one.owner, one.ref) for one in other.pending()] == [
            (attempt, image, "alice", SERVER)
        ]
        for _ in range(2):
            store.confirm(attempt, image, SERVER)
            assert other.refs([image]) == {image: SERVER}
            assert other.pending() == []

    def test_an_abandoned_attempt_leaves_the_image_as_it_was(self, store: Store, other: Store) -> None:
        image = new_id()
        store.bind(image, SERVER)
        attempt = store.begin(image, None, InstanceRef(OTHER_NOVA, "server-2"))
        kept = store.begin(image, "b\u00f6b", InstanceRef(OTHER_NOVA, "server-3"))
        for _ in range(2):
            store.abandon(attempt)
        assert [(one.attempt_id, one.owner) for one in other.pending()] == [(kept, "b\u00f6b")]
        assert other.refs([image]) == {image: SERVER}

    def test_attempts_of_a_moment_ago_may_be_left_out(self, store: Store, other: Store) -> None:
        began = utcnow()
        store.begin(new_id(), None, SERVER)
        assert len(other.pending(before=began + LATER)) == 1
        assert other.pending(before=began) == []
        assert began <= other.pending()[0].created_at <= utcnow()

    # -- the sweep

    def test_the_sweep_reads_every_row_once_in_pages(self, store: Store, other: Store) -> None:
        images = [new_id() for _ in range(7)]
        for image in images:
            store.bind(image, SERVER)
        seen, last = [], ""
        while page := other.rows_after(last, utcnow() + LATER, 3):
            seen += [row.image_id for row in page]
            last = page[-1].image_id
        assert sorted(seen) == sorted(images)
        assert other.rows_after("", utcnow() - LATER, 3) == []

    def test_a_swept_row_is_gone_and_counted(self, store: Store, other: Store) -> None:
        image = new_id()
        store.bind(image, SERVER)
        (row,) = other.rows_after("", utcnow() + LATER, 10)
        before = int(other.state()["swept"])
        assert store.sweep(row)
        assert not store.sweep(row)
        assert other.refs([image]) == {}
        assert int(other.state()["swept"]) == before + 1

    def test_a_row_that_was_bound_anew_is_not_swept(self, store: Store, other: Store) -> None:
        image = new_id()
        store.bind(image, SERVER)
        (row,) = other.rows_after("", utcnow() + LATER, 10)
        assert not store.sweep(replace(row, created_at=row.created_at - LATER))
        store.bind(image, InstanceRef(NOVA, "server-2"))
        assert not store.sweep(row)
        assert other.refs([image]) == {image: InstanceRef(NOVA, "server-2")}

    # -- installations

    def test_an_installation_and_its_users_are_registered(self, store: Store, other: Store) -> None:
        store.add_installation(Installation(OTHER_NOVA, "Z\u00fcrich", (), ("scheduler",)))
        for _ in range(2):
            store.add_installation(Installation(NOVA, "Geneva", ("nova",), ("scheduler",)))
        store.add_installation(Installation(NOVA, "Geneva", ("nova-2",), ()))
        geneva = Installation(NOVA, "Geneva", ("nova", "nova-2"), ("scheduler",))
        assert other.installations() == [geneva, Installation(OTHER_NOVA, "Z\u00fcrich", (), ("scheduler",))]
        assert other.is_known(NOVA)
        assert not other.is_known(new_id())
        assert other.registrations(["nova", "nobody"]) == [Registration(NOVA, "nova", False)]
        assert other.registrations([]) == []
        assert len(other.registrations()) == 4

    @pytest.mark.parametrize(
        "refused",
        [
            pytest.param(Installation(NOVA, "another name", (), ()), id="its UUID has another name"),
            pytest.param(Installation(OTHER_NOVA, "Geneva", (), ()), id="its name has another UUID"),
            pytest.param(Installation(OTHER_NOVA, "new", ("nova",), ()), id="its user is another Nova's"),
            pytest.param(Installation(OTHER_NOVA, "new", (), ("nova",)), id="its program is a Nova's user"),
            pytest.param(Installation(NOVA, "Geneva", ("scheduler",), ()), id="its user is a program"),
            pytest.param(Installation(OTHER_NOVA, "new", ("both",), ("both",)), id="a user in both parts"),
            pytest.param(Installation(OTHER_NOVA, "n" * 256, (), ()), id="its name is too long"),
            pytest.param(Installation(OTHER_NOVA, "new", ("u" * 65,), ()), id="its user is too long"),
        ],
    )
    def test_an_installation_that_would_blur_who_is_who_is_refused(
        self, refused: Installation, store: Store, other: Store
    ) -> None:
        store.add_installation(Installation(NOVA, "Geneva", ("nova",), ("scheduler",)))
        before = other.installations()
        with pytest.raises(Conflict):
            store.add_installation(refused)
        assert other.installations() == before

    def test_a_removed_installation_leaves_its_images_bound(self, store: Store, other: Store) -> None:
        image = new_id()
        store.add_installation(Installation(NOVA, "Geneva", ("nova",), ()))
        store.bind(image, SERVER)
        assert store.remove_installation(NOVA)
        assert not store.remove_installation(NOVA)
        assert other.installations() == []
        assert other.registrations() == []
        assert other.refs([image]) == {image: SERVER}

    # -- numbers

    def test_images_and_attempts_are_counted(self, store: Store, other: Store) -> None:
        for nova in (NOVA, NOVA, OTHER_NOVA):
            store.bind(new_id(), InstanceRef(nova, "server-1"))
        store.begin(new_id(), None, SERVER)
        assert (other.count(), other.count(NOVA), other.count(new_id())) == (3, 2, 0)
        state = other.state()
        assert state["pending"] == "1"
        assert uuid.UUID(state["database_id"])
        assert state["database_id"] == store.state()["database_id"]

    # -- two writers at once

    def test_many_writers_of_the_same_images_all_succeed_and_one_wins(self, stores: Sequence[Store]) -> None:
        images = [new_id() for _ in range(10)]
        refs = [InstanceRef(NOVA, f"server-{number}") for number in range(6)]

        def binder(store: Store, ref: InstanceRef) -> Callable[[], None]:
            def bind_all() -> None:
                for image in images:
                    store.bind(image, ref)

            return bind_all

        assert at_once(*(binder(stores[i % len(stores)], ref) for i, ref in enumerate(refs))) == [None] * len(refs)
        found = [store.refs(images) for store in stores]
        assert set(found[0]) == set(images)
        assert set(found[0].values()) <= set(refs)
        assert all(one == found[0] for one in found)

    def test_an_attempt_confirmed_twice_at_once_binds_one_image(self, stores: Sequence[Store]) -> None:
        for _ in range(5):
            image = new_id()
            attempt = stores[0].begin(image, None, SERVER)
            both = [partial(store.confirm, attempt, image, SERVER) for store in (stores[0], stores[-1])]
            assert at_once(*both) == [None, None]
            assert stores[0].refs([image]) == {image: SERVER}
            assert stores[0].pending() == []

    def test_an_image_bound_while_it_is_swept_stays_bound(self, stores: Sequence[Store]) -> None:
        anew = InstanceRef(NOVA, "server-2")
        for _ in range(10):
            image = new_id()
            stores[0].bind(image, SERVER)
            (row,) = (row for row in stores[0].rows_after("", utcnow() + LATER, 100) if row.ref == SERVER)
            swept, bound = at_once(partial(stores[0].sweep, row), partial(stores[-1].bind, image, anew))
            assert swept in (True, False)
            assert bound is None
            assert stores[0].refs([image]) == {image: anew}

    def test_one_name_for_two_novas_at_once_goes_to_one_of_them(self, stores: Sequence[Store]) -> None:
        for _ in range(5):
            self._one_is_refused(stores, [Installation(new_id(), "Geneva", (), ()) for _ in range(2)])

    def test_one_user_for_two_novas_at_once_goes_to_one_of_them(self, stores: Sequence[Store]) -> None:
        for _ in range(5):
            asked = [Installation(new_id(), name, ("nova",), ()) for name in ("Geneva", "Basel")]
            self._one_is_refused(stores, asked)

    @staticmethod
    def _one_is_refused(stores: Sequence[Store], asked: Sequence[Installation]) -> None:
        results = at_once(partial(stores[0].add_installation, asked[0]), partial(stores[-1].add_installation, asked[1]))
        (kept,) = stores[0].installations()
        assert kept in asked
        assert [result for result in results if result is not None and not isinstance(result, Conflict)] == []
        assert results.count(None) == 1
        assert stores[-1].remove_installation(kept.nova_installation_uuid)

    def test_the_same_installation_twice_at_once_is_registered_once(self, stores: Sequence[Store]) -> None:
        geneva = Installation(NOVA, "Geneva", ("nova",), ("scheduler",))
        assert at_once(*(partial(store.add_installation, geneva) for store in stores)) == [None] * len(stores)
        assert stores[0].installations() == [geneva]


def new_id() -> str:
    """An id that nothing has yet."""
    return str(uuid.uuid4())


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Make the calls in threads, as much at once as can be; their results, or what they raised."""
    results: list[Any] = [None] * len(calls)
    start = threading.Barrier(len(calls))

    def run(number: int, call: Callable[[], Any]) -> None:
        start.wait(30)
        try:
            results[number] = call()
        except Exception as error:
            results[number] = error

    threads = [threading.Thread(target=run, args=(number, call)) for number, call in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
