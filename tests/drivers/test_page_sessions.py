"""Who is logged in on the page, on every database."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

import pytest

from glance_related.db.database import Database
from glance_related.db.models import utcnow
from glance_related.package_menu.page.session_store import SessionStore

MINUTE = datetime.timedelta(minutes=1)
ONE, OTHER = "1" * 64, "2" * 64


@pytest.fixture
def stores(databases: Sequence[Database]) -> Sequence[SessionStore]:
    """One for each node."""
    return [SessionStore(database) for database in databases]


def test_a_session_is_there_on_every_node_until_it_is_over(stores: Sequence[SessionStore]) -> None:
    content = "encrypted" * 10_000
    stores[0].add(ONE, content, utcnow() + MINUTE)
    stores[0].add(OTHER, "over", utcnow() - MINUTE)
    assert [store.get(ONE) for store in stores] == [content] * len(stores)
    assert [store.get(OTHER) for store in stores] == [None] * len(stores)
    stores[-1].remove(ONE)
    assert [store.get(ONE) for store in stores] == [None] * len(stores)
    stores[-1].remove(ONE)


def test_what_is_over_is_forgotten_and_nothing_else(stores: Sequence[SessionStore]) -> None:
    stores[0].add(ONE, "stays", utcnow() + MINUTE)
    stores[0].add(OTHER, "over", utcnow() - MINUTE)
    assert stores[-1].purge() == 1
    assert stores[-1].purge() == 0
    assert stores[0].get(ONE) == "stays"


def test_the_same_session_is_not_begun_twice(stores: Sequence[SessionStore]) -> None:
    stores[0].add(ONE, "first", utcnow() + MINUTE)
    with pytest.raises(Exception, match=r"(?i)unique|duplicate"):
        stores[-1].add(ONE, "second", utcnow() + MINUTE)
    assert stores[0].get(ONE) == "first"
