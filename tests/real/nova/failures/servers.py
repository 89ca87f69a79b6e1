"""Servers of the customer of these tests, and what is looked at of them and of their images."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

from tests.real.nova.failures.basis import GLANCE, OURS, WHO, Basis
from tests.real.nova.failures.places import ACTIVE, State

if TYPE_CHECKING:
    from tests.real.nova.nova_cloud import NovaCloud

_SECONDS = 180


class Servers:
    """A number of them, made at once; `names` by id.

    A server is lent to one who does something with it, and comes back if it is then as it was.
    """

    def __init__(self, cloud: NovaCloud, count: int, name: str) -> None:
        self._cloud = cloud
        self._free = threading.Condition()
        about = {"min_count": count, "max_count": count, "return_reservation_id": True}
        self.names = _made(cloud, name, about)
        self._idle = deque(self.names)
        #: What each is to be in the end, as its Nova alone would leave it.
        self.expected: dict[str, State] = dict.fromkeys(self.names, ACTIVE)

    @classmethod
    def active(cls, cloud: NovaCloud, count: int, name: str) -> Self:
        """All of them active already."""
        made = cls(cloud, count, name)
        assert made.settle() == []
        return made

    @contextmanager
    def lent(self, wanted: str | None = None) -> Iterator[str]:
        """The id of one that is active, and with which nothing is being done.

        :param wanted: no other one
        """
        server_id = self._take(wanted)
        self.wait_for(server_id, ACTIVE)
        yield server_id
        if self.expected[server_id] == ACTIVE:
            with self._free:
                self._idle.append(server_id)
                self._free.notify_all()

    def _take(self, wanted: str | None) -> str:
        with self._free:
            there = self._free.wait_for(lambda: wanted in self._idle if wanted else self._idle, _SECONDS)
            assert there, "no server is left"
            server_id = wanted or self._idle[0]
            self._idle.remove(server_id)
            return server_id

    def is_used_up(self, server_id: str) -> bool:
        """Whether it will not be active again."""
        return self.expected[server_id] != ACTIVE

    def state(self, server_id: str) -> State:
        """What Nova says of it."""
        server = self._cloud.server(WHO, server_id)
        return server["status"], server["OS-EXT-STS:task_state"]

    def wait_for(self, server_id: str, state: State) -> None:
        """Until it is in this state."""
        self._cloud.wait_for(lambda: self.state(server_id) == state, f"server {server_id} is not {state}", _SECONDS)

    def settle(self) -> list[str]:
        """Wait until every server is as expected, or nothing moves any more; what is wrong."""
        end = time.monotonic() + _SECONDS
        while True:
            states = {server_id: self.state(server_id) for server_id in self.names}
            wrong = [one for one, state in states.items() if state != self.expected[one]]
            if not wrong or time.monotonic() > end:
                return [f"server {one} is {states[one]}, and with Nova alone {self.expected[one]}" for one in wrong]
            time.sleep(1)

    def delete(self) -> None:
        """Nova is asked to remove all of them."""
        for server_id in self.names:
            self._cloud.compute_call(WHO, "DELETE", f"/servers/{server_id}")


def _made(cloud: NovaCloud, name: str, about: dict[str, Any]) -> dict[str, str]:
    flavor = cloud.compute_call(WHO, "GET", "/flavors").json()["flavors"][0]["id"]
    image = next(iter(cloud.images_by_name.values()))
    asked = {"name": name, "flavorRef": flavor, "imageRef": image, "networks": "none", **about}
    answer = cloud.compute_call(WHO, "POST", "/servers", {"server": asked})
    assert answer.status == 202, answer
    path = f"/servers?reservation_id={answer.json()['reservation_id']}"

    def all_there() -> list[dict[str, Any]]:
        made: list[dict[str, Any]] = cloud.compute_call(WHO, "GET", path).json()["servers"]
        return made if len(made) == about["min_count"] else []

    return {one["id"]: one["name"] for one in cloud.wait_for(all_there, "servers are missing", _SECONDS)}


# -- their images


def images_named(basis: Basis, name: str) -> list[dict[str, Any]]:
    """Glance's images of that name, with "server": the one that Nova itself says they are of."""
    query = f"""select i.id, i.status, p.value as server
        from {GLANCE}.images i left join {GLANCE}.image_properties p
        on p.image_id = i.id and p.name = 'instance_uuid' and p.deleted = 0
        where i.name = %s and i.deleted = 0 order by i.created_at"""
    return basis.rows(query, name)


def points_to_nothing(basis: Basis, servers: Collection[str]) -> list[str]:
    """The images that our table speaks of and that Glance has not."""
    query = f"select id from {GLANCE}.images where deleted = 0"
    return sorted(rows_of(basis, servers).keys() - {row["id"] for row in basis.rows(query)})


def shelved_image(basis: Basis, server_id: str) -> str | None:
    """The image from which Nova would unshelve a server."""
    query = """select value from instance_system_metadata where instance_uuid = %s and deleted = 0
        and `key` = 'shelved_image_id'"""
    rows = basis.rows(query, server_id)
    return rows[0]["value"] if rows else None


# -- what our tables hold of them


def rows_of(basis: Basis, servers: Collection[str]) -> dict[str, str]:
    """The server of every image that is bound to one of them, by image id."""
    query = f"""select image_id, instance_id from {OURS}.glance_related_image_instances
        where nova_installation_uuid = %s and instance_id in ({marks(servers)})"""
    return {row["image_id"]: row["instance_id"] for row in basis.rows(query, basis.cloud.installation, *servers)}


def riders_of(basis: Basis, servers: Collection[str]) -> int:
    """How many riders are kept for them."""
    query = f"""select count(*) as number from {OURS}.glance_related_riders
        where json_value(content, '$.instance_id') in ({marks(servers)})"""
    return int(basis.rows(query, *servers)[0]["number"])


def marks(values: Collection[str]) -> str:
    """As many %s as there are values."""
    return ", ".join(["%s"] * len(values))
