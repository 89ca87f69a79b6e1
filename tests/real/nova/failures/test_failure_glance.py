"""A Glance that refuses or is slow while Nova tries again: each try makes an image of its own, and all are bound.

The faults stand in front of our filter. Nova tries four times, a second apart, and waits five seconds for an
answer here.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.real.nova.failures.kills import body_of
from tests.real.nova.failures.places import ACTIONS, ACTIVE, DONE, INTERRUPTED, State
from tests.real.nova.failures.servers import Servers, images_named, riders_of, rows_of, shelved_image
from tests.real.nova.failures.site import PATIENCE, Site

_SLOW = PATIENCE + 3

#: What happens to Nova's tries; after these Glance is well again.
FAULTS = {
    "503 once": ("503 before",),
    "503 twice": ("503 before", "503 before"),
    "503 over what was done": ("503 after",),
    "503 over what was done, twice": ("503 after", "503 after"),
    "slow, and then it does it": (f"{_SLOW} before",),
    "it does it, and then is slow": (f"{_SLOW} after",),
    "slow, and then 503": (f"{_SLOW} after", "503 before", "503 after"),
}

#: All that Nova tries.
DOWN = ("503 before",) * 4


@pytest.fixture(scope="module")
def tried(ours):
    """For each fault and action: the server, its image's name, and Nova's answer; all is settled."""
    cases = [(fault, action) for fault in FAULTS for action in ACTIONS]
    servers = Servers.active(ours.cloud, len(cases), "hindered")
    asked = dict(zip(cases, servers.names, strict=True))

    def act(case: tuple[str, str]) -> Any:
        fault, action = case
        return _act(ours, servers, asked[case], action, FAULTS[fault])

    with ThreadPoolExecutor(3) as together:
        answers = dict(zip(cases, together.map(act, cases), strict=True))
    for (_, action), server in asked.items():
        servers.expected[server] = DONE[action]
    assert servers.settle() == []
    yield {case: (asked[case], _image(servers, asked[case], case[1]), answers[case]) for case in cases}
    servers.delete()


def _image(servers: Servers, server: str, action: str) -> str:
    name = servers.names[server]
    return f"{name}-shelved" if action == "shelve" else f"{name}: image"


def _act(site: Site, servers: Servers, server: str, action: str, faults: Sequence[str]) -> Any:
    image = _image(servers, server, action)
    site.glance.tell(image, *faults)
    return site.act(server, body_of(action, image))


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("fault", FAULTS)
def test_nova_tries_again_and_every_image_that_it_made_is_bound(ours, tried, fault, action):
    server, name, answer = tried[fault, action]
    assert answer.status == 202, answer
    done = ours.glance.tries(name)
    assert [told for _, told in done[: len(FAULTS[fault])]] == list(FAULTS[fault])
    images = {image["id"]: image["status"] for image in images_named(ours.basis, name)}
    refused = sum(told == "503 before" for _, told in done)
    assert len(images) == len(done) - refused, "one for each try that Glance has carried out"
    told = answer.json()["image_id"] if answer.body else shelved_image(ours.basis, server)
    assert images[told] == "active"
    assert all(ours.basis.stored(one) == (ours.cloud.installation, server) for one in images)
    assert rows_of(ours.basis, [server]).keys() == images.keys(), "no row points to nothing"
    shown = ours.basis.shown(told)
    assert (shown["nova_installation_uuid"], shown["instance_id"]) == (ours.cloud.installation, server)


@pytest.mark.parametrize("which", ["stock", "ours"])
def test_where_no_try_succeeds_a_server_is_left_as_by_nova_alone(which, request):
    """A server whose shelving has begun is lost to Nova's own way of noting the task first."""
    site = request.getfixturevalue(which)
    servers = Servers.active(site.cloud, len(ACTIONS), f"refused {which}")
    ends: dict[str, State] = {**dict.fromkeys(ACTIONS, ACTIVE), "shelve": INTERRUPTED["shelve"]}
    answers = {}
    for action, server in zip(ACTIONS, servers.names, strict=True):
        servers.expected[server] = ends[action]
        answers[action] = _act(site, servers, server, action, DOWN)
        assert len(site.glance.tries(_image(servers, server, action))) == len(DOWN)
    assert {action: answer.status for action, answer in answers.items()} == dict.fromkeys(ACTIONS, 500)
    assert servers.settle() == []
    assert rows_of(site.basis, servers.names) == {}
    assert riders_of(site.basis, servers.names) == 0, "what rode on a refused request is forgotten"
    servers.delete()
