"""`SecretSuite`: the whole contract of `SecretStore`, as tests that any database must pass.

Inherit it in a test module as `glance_related.testing.menu_suite.MenuSuite`; the tables must be there, and empty, for
each test.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from glance_related.db.database import Database
from glance_related.db.models import utcnow
from glance_related.package_menu.books import carried, choices_of
from glance_related.package_menu.entry import Entry, Sealed
from glance_related.package_menu.instance_store import InstanceStore
from glance_related.package_menu.page.session_store import SessionStore
from glance_related.package_menu.rules import DEFAULT, Choice, ProjectState
from glance_related.package_menu.secret_store import SecretStore
from glance_related.package_menu.servers import PACKAGES
from glance_related.package_menu.store import CLOUD, MenuStore, Stale
from glance_related.riders.rider import Rider
from glance_related.riders.store import RiderStore
from glance_related.settings.keys import Undecipherable
from glance_related.testing.instance_suite import ALICE, NOVA, kept

PORT = Entry("port", "variable", type="integer", default=80, on_by_default=True)
WORD = Entry("word", "variable", type="secret", default=Sealed("token"), on_by_default=True)
HOUR = datetime.timedelta(hours=1)
LOST = "of nobody's key"


def anew(token: str) -> str | None:
    """As `Keys.sealed_anew`."""
    if token == LOST:
        raise Undecipherable
    return None if token.startswith("new-") else f"new-{token}"


def rider(request_id: str, *, is_open: bool = True, **choices: Choice) -> Rider:
    content = {"server_id": None, "several": False, "most": 1, "choices": carried(choices)}
    return Rider(request_id, PACKAGES, "req-own", NOVA, ALICE, "alice", content, utcnow(), is_open)


class SecretSuite:
    """See the module."""

    @pytest.fixture
    def databases(self) -> Sequence[Database]:
        """At least two ways to the same, empty tables, of different nodes where there are some."""
        raise NotImplementedError("say which databases the suite is to run on")

    @pytest.fixture
    def menu(self, databases: Sequence[Database]) -> MenuStore:
        """The menu, which has secrets."""
        made = MenuStore(databases[0])
        made.publish(made.of_project(CLOUD).cloud, [WORD, PORT])
        states = {"word": ProjectState(DEFAULT, Sealed("of-project")), "port": ProjectState(DEFAULT, 81)}
        made.say(ALICE, made.of_project(ALICE), states)
        return made

    @pytest.fixture
    def secrets(self, databases: Sequence[Database]) -> SecretStore:
        """Who encrypts them anew."""
        return SecretStore(databases[0])

    def test_every_secret_is_encrypted_anew_and_nothing_else_is_changed(
        self, databases: Sequence[Database], menu: MenuStore, secrets: SecretStore
    ) -> None:
        store, other = InstanceStore(databases[0]), InstanceStore(databases[-1])
        one = kept(choices={"word": Choice(value=Sealed("of-server")), "port": Choice(value=82)})
        store.add(one, [])
        remembered = MenuStore(databases[-1])
        assert remembered.of_project(ALICE).menu.menu.entries["word"].default == Sealed("token")
        told: list[int] = []
        assert secrets.rewrite(anew, told.append) == 3
        assert max(told) == 3
        fresh = remembered.of_project(ALICE)
        assert fresh.menu.menu.entries["word"].default == Sealed("new-token")
        assert fresh.menu.states == {
            "word": ProjectState(DEFAULT, Sealed("new-of-project")),
            "port": ProjectState(DEFAULT, 81),
        }
        read = other.get(one.ref)
        assert read is not None
        assert read.choices == {"word": Choice(value=Sealed("new-of-server")), "port": Choice(value=82)}
        assert secrets.rewrite(anew, told.append) == 0

    def test_what_rides_on_requests_that_are_open_is_encrypted_anew(
        self, databases: Sequence[Database], secrets: SecretStore
    ) -> None:
        riders = RiderStore(databases[0])
        own: dict[str, Any] = {
            "word": Choice(value=Sealed("of-boot")),
            "port": Choice(value=82),
            "web": Choice(is_on=True),
        }
        riders.add(rider("req-open", **own))
        riders.add(rider("req-plain", port=Choice(value=83)))
        riders.add(rider("req-closed", is_open=False, word=Choice(value=Sealed(LOST))))
        riders.add(replace(rider("req-other"), kind="snapshot", content={"choices": "of another system"}))
        assert secrets.rewrite(anew, lambda _: None) == 1
        read = {one.request_id: choices_of(one.content["choices"]) for one in self._open(databases)}
        assert read == {
            "req-open": {**own, "word": Choice(value=Sealed("new-of-boot"))},
            "req-plain": {"port": Choice(value=83)},
        }

    @staticmethod
    def _open(databases: Sequence[Database]) -> list[Rider]:
        return RiderStore(databases[-1]).open_before(PACKAGES, utcnow() + HOUR)

    def test_whoever_is_logged_in_stays_so(self, databases: Sequence[Database], secrets: SecretStore) -> None:
        store, other = SessionStore(databases[0]), SessionStore(databases[-1])
        store.add("a", "of-session", utcnow() + HOUR)
        store.add("b", LOST, utcnow() + HOUR)
        assert secrets.rewrite(anew, lambda _: None) == 1
        assert (other.get("a"), other.get("b")) == ("new-of-session", LOST)

    def test_what_comes_back_meanwhile_is_encrypted_anew_too(
        self, databases: Sequence[Database], menu: MenuStore, secrets: SecretStore
    ) -> None:
        """Somebody changes the menu, and keeps a secret of it that he has read before."""
        reader = MenuStore(databases[-1])
        seen = reader.of_project(CLOUD)
        brought_back: list[Any] = []

        def meanwhile(_: int) -> None:
            if not brought_back:
                brought_back.append(reader.publish(seen.cloud, [replace(WORD, title="Word")]))

        assert secrets.rewrite(anew, meanwhile) == 3
        entry = reader.of_project(CLOUD).menu.menu.entries["word"]
        assert (entry.title, entry.default) == ("Word", Sealed("new-token"))
        with pytest.raises(Stale):
            reader.publish(seen.cloud, [WORD])
        with pytest.raises(Stale):
            reader.publish(brought_back[0], [WORD])

    def test_a_secret_that_nobody_can_read_is_told(self, menu: MenuStore, secrets: SecretStore) -> None:
        menu.publish(menu.of_project(CLOUD).cloud, [replace(WORD, default=Sealed(LOST))])
        with pytest.raises(Undecipherable):
            secrets.rewrite(anew, lambda _: None)
