"""What only a cluster can do: two nodes written at once, nodes that die, and a node on the wrong side of a split."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence

import pytest
import sqlalchemy as sa

from glance_related.db import migration
from glance_related.db.database import Database, DatabaseDown, DatabaseSettings
from glance_related.db.models import facts
from glance_related.instance_aware.store import Store
from glance_related.instance_ref import InstanceRef
from glance_related.testing.store_suite import NOVA, SERVER, at_once, new_id
from tests.servers.galera import Galera
from tests.servers.server import wait_until

pytestmark = pytest.mark.real

BREAKER_SECONDS = 0.2


@pytest.fixture
def nodes(galera: Galera) -> Iterator[Sequence[Database]]:
    """The same upgraded database on each node; afterwards the cluster is whole again."""
    settings = [DatabaseSettings(url, timeout=8, breaker_seconds=BREAKER_SECONDS) for url in galera.new_database()]
    databases = [Database(one) for one in settings]
    migration.upgrade(databases[0].engine)
    yield databases
    for database in databases:
        database.dispose()
    galera.restore()


def recovers(database: Database) -> Callable[[], bool]:
    def asked() -> bool:
        try:
            return database.read(lambda connection: connection.execute(sa.select(1)).scalar_one()) == 1
        except DatabaseDown:
            return False

    return asked


def test_what_one_node_has_acknowledged_every_other_shows_at_once(nodes: Sequence[Database]) -> None:
    stores = [Store(database) for database in nodes]
    for number in range(150):
        image, ref = new_id(), InstanceRef(NOVA, f"server-{number}")
        writer, *readers = stores[number % 3 :] + stores[: number % 3]
        writer.bind(image, ref)
        assert [reader.refs([image]) for reader in readers] == [{image: ref}] * 2
        writer.unbind(image)
        assert [reader.refs([image]) for reader in readers] == [{}] * 2


def test_two_nodes_that_write_the_same_row_lose_nothing(nodes: Sequence[Database]) -> None:
    """Each adds a letter to the same value: certification lets one of two pass, the other has to try again."""
    nodes[0].write(lambda connection: connection.execute(sa.insert(facts).values(name="sum", value="")))
    tries = {"a": 0, "b": 0}
    both_have_written = threading.Barrier(2, timeout=30)

    def adder(database: Database, letter: str) -> Callable[[], None]:
        def work(connection: sa.Connection) -> None:
            tries[letter] += 1
            statement = sa.update(facts).where(facts.c.name == "sum").values(value=facts.c.value + letter)
            connection.execute(statement)
            if tries[letter] == 1:  # neither has committed yet, so one of the two cannot
                both_have_written.wait()

        def run() -> None:
            for _ in range(60):
                database.write(work)

        return run

    assert at_once(adder(nodes[0], "a"), adder(nodes[1], "b")) == [None, None]
    query = sa.select(facts.c.value).where(facts.c.name == "sum")
    for database in nodes:
        value = database.read(lambda connection: str(connection.execute(query).scalar_one()))
        assert (value.count("a"), value.count("b")) == (60, 60)
    assert sum(tries.values()) > 120, "no conflict has happened, so nothing was proven"


def test_two_nodes_that_bind_the_same_image_agree_on_one_tuple(nodes: Sequence[Database]) -> None:
    stores = [Store(database) for database in nodes]
    refs = [InstanceRef(NOVA, "server-1"), InstanceRef(NOVA, "server-2")]
    for _ in range(20):
        image = new_id()
        assert at_once(lambda: stores[0].bind(image, refs[0]), lambda: stores[1].bind(image, refs[1])) == [None, None]  # noqa: B023
        found = [store.refs([image]) for store in stores]
        assert found[0][image] in refs
        assert found[1:] == found[:1] * 2


def test_a_killed_node_is_down_the_others_go_on_and_it_comes_back(nodes: Sequence[Database], galera: Galera) -> None:
    stores = [Store(database) for database in nodes]
    before, during = new_id(), new_id()
    stores[2].bind(before, SERVER)
    galera.nodes[2].kill()
    with pytest.raises(DatabaseDown):
        stores[2].refs([before])
    assert stores[0].refs([before]) == {before: SERVER}
    stores[1].bind(during, SERVER)  # waits until the others have given the dead node up
    assert stores[0].refs([during]) == {during: SERVER}
    galera.restore()
    wait_until(recovers(nodes[2]), "the node that came back is still taken for down", 20)
    assert stores[2].refs([before, during]) == {before: SERVER, during: SERVER}


def test_a_node_that_hangs_is_down_within_the_timeout(nodes: Sequence[Database], galera: Galera) -> None:
    quick = Database(DatabaseSettings(nodes[2].engine.url.render_as_string(hide_password=False), timeout=2))
    assert recovers(quick)()
    galera.nodes[2].freeze()
    try:
        began = time.monotonic()
        with pytest.raises(DatabaseDown):
            Store(quick).count()
        assert time.monotonic() - began < 8
        wait_until(recovers(nodes[0]), "the other nodes do not go on", 20)
    finally:
        galera.nodes[2].thaw()
    galera.wait_for_size(3)


def test_the_last_node_of_three_takes_itself_for_down_until_the_others_are_back(
    nodes: Sequence[Database], galera: Galera
) -> None:
    store = Store(nodes[0])
    image = new_id()
    store.bind(image, SERVER)
    galera.nodes[1].kill()
    galera.nodes[2].kill()
    wait_until(lambda: galera.nodes[0].status("cluster_status") == "non-Primary", "the node feels in charge")
    with pytest.raises(DatabaseDown) as refused:
        store.refs([image])
    assert "WSREP has not yet prepared node" in str(refused.value)
    time.sleep(BREAKER_SECONDS)
    with pytest.raises(DatabaseDown):
        store.bind(new_id(), SERVER)
    galera.nodes[0].sql("set global wsrep_provider_options = 'pc.bootstrap=1'")
    galera.restore()
    wait_until(recovers(nodes[0]), "the node is still taken for down", 20)
    assert store.refs([image]) == {image: SERVER}
    assert store.count() == 1
