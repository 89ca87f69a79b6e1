"""Our database is gone, or hangs, on one of the two sides: images are made all the same, and bound afterwards."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.real.failures.outages import BREAKER, FIRST
from tests.real.nova.failures.basis import Basis
from tests.real.nova.failures.kills import body_of
from tests.real.nova.failures.places import ACTIONS, DONE
from tests.real.nova.failures.proxy import WAYS
from tests.real.nova.failures.reconciling import reconcile
from tests.real.nova.failures.servers import Servers, images_named, riders_of, shelved_image
from tests.real.nova.failures.sides import SIDES
from tests.real.nova.failures.site import Site

if TYPE_CHECKING:
    from tests.real.wire import Answer

#: Seconds that Nova and Glance may need for it themselves, on a busy machine.
_THEIRS = 15


def _act(site: Site, servers: Servers) -> dict[str, tuple[str, str, Answer]]:
    """Each action of a server of its own, in bounded time: {action: (server, image's name, answer)}."""
    done = {}
    for action, server in zip(ACTIONS, servers.names, strict=True):
        servers.expected[server] = DONE[action]
        name = f"{servers.names[server]}-shelved" if action == "shelve" else f"{servers.names[server]}: image"
        began = time.monotonic()
        # an id of the customer's own, which Nova hands on to Glance where none of ours is
        own = {"X_OpenStack_Request_ID": "req-11111111-2222-4333-8444-555555555555"} if action == "createBackup" else {}
        answer = site.act(server, body_of(action, name), **own)
        took = time.monotonic() - began
        assert answer.status == 202, answer
        assert took < FIRST + _THEIRS, f"{action} took {took:.1f} s"
        done[action] = server, name, answer
    return done


def _only_image(basis: Basis, server: str, name: str, answer: Any) -> str:
    """The image that came of it, which is the one that somebody was told of."""
    (image,) = images_named(basis, name)
    assert image["status"] == "active"
    assert image["id"] == (answer.json()["image_id"] if answer.body else shelved_image(basis, server))
    return str(image["id"])


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("side", SIDES)
def test_images_are_made_while_our_database_is_down_and_bound_afterwards(outages, side, way):
    site, basis = outages.site, outages.site.basis
    servers = Servers.active(site.cloud, len(ACTIONS), f"{side} {way}")
    with outages.ways[side].failing(way):
        done = _act(site, servers)
        assert servers.settle() == [], "shelve ends where it always ends"
        images = {server: _only_image(basis, server, name, answer) for server, name, answer in done.values()}
        assert [basis.stored(image) for image in images.values()] == [None] * len(images)
        shown = [basis.shown(image) for image in images.values()]
        assert not any("instance_id" in image for image in shown), "nothing is shown that is not proved"
    said = reconcile(basis, servers.names)
    for server, image in images.items():
        assert basis.stored(image) == (site.cloud.installation, server), said
        assert basis.shown(image)["instance_id"] == server
    assert riders_of(basis, servers.names) == 0
    servers.delete()


@pytest.mark.parametrize("side", SIDES)
def test_a_side_finds_its_database_again_without_a_restart(outages, side):
    site, basis = outages.site, outages.site.basis
    servers = Servers.active(site.cloud, 2, f"{side} again")
    before, after = servers.names
    workers = outages.workers(side)
    with outages.ways[side].failing("refuses"):
        answer = site.act(before, body_of("createImage", f"{side}: in the outage"))
        assert answer.status == 202, answer
        unbound = answer.json()["image_id"]
        assert basis.stored(unbound) is None
    time.sleep(BREAKER + 1)
    answer = site.act(after, body_of("createImage", f"{side}: after the outage"))
    assert answer.status == 202, answer
    assert basis.stored(answer.json()["image_id"]) == (site.cloud.installation, after), "bound at once"
    assert outages.workers(side) == workers
    assert servers.settle() == []
    reconcile(basis, servers.names)
    assert basis.stored(unbound) == (site.cloud.installation, before)
    servers.delete()
