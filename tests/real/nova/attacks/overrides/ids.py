"""Attacks by request ids: those of boots that were seen somewhere, and those that a client chooses himself."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from glance_related.props_override import problems
from tests.real.nova.attacks.overrides.stage import PERMITTED
from tests.real.nova.attacks.overrides.world import REQUEST_ID, OverrideWorld
from tests.real.nova.attacks.stage import COLLEAGUE
from tests.real.nova.overridden import kept, machine, said_by_nova
from tests.real.wire import Answer

if TYPE_CHECKING:
    from cloud.glance import Glance

_AT_ONCE = 4


def stolen_by_somebody_else(world: OverrideWorld, form: str) -> None:
    """As a nova-api without our filter would hand it on, with Nova's own service token."""
    who = COLLEAGUE if form == "another user of the project" else "bob"
    image = world.stage.image if form == "a member of the image" else None
    rider = world.stage.noted("alice", image=image) if image else world.stage.rider("alice")
    world.plain(world.image_shown(who, "nova", rider, image=image))
    if world.exact:
        _is_merged(world.image_shown("alice", "nova", rider, image=image))
        world.plain(world.image_shown("alice", "nova", f"req-{uuid.uuid4()}", image=image))


def stolen_without_nova(world: OverrideWorld, form: str) -> None:
    """After the boot, by her whose boot it was; under Glance's default any good token passes as a service's."""
    service = "alice" if form == "one's own as service token" else None
    glance = world.stage.undone_glance
    world.plain(world.image_shown("alice", service, world.stage.rider("alice"), on=glance))
    if world.exact:
        world.plain(world.image_shown("bob", service and "bob", world.stage.rider("alice"), on=glance))
        world.plain(world.image_shown("nova", None, world.stage.rider("alice"), on=glance))
        _is_merged(world.image_shown("alice", "nova", world.stage.rider("alice"), on=glance))


def stolen_by_another_service(world: OverrideWorld, service: str) -> None:
    world.plain(world.image_shown("alice", service, world.stage.rider("alice")))


def stolen_for_another_image(world: OverrideWorld) -> None:
    rider = world.stage.rider("alice")
    world.plain(world.image_shown("alice", "nova", rider, image=world.stage.image))
    if world.exact:
        below = world.stage.noted("alice", rescue=world.stage.image)
        _is_merged(world.image_shown("alice", "nova", below, image=world.stage.image))
        absent = world.image_shown("alice", "nova", rider, image=str(uuid.uuid4()))
        assert (absent.status, absent.code) == (404, None), absent


def stolen_for_a_list(world: OverrideWorld) -> None:
    """By Nova itself, so that nothing but what is asked for stands in the way."""
    rider = world.stage.noted("alice", image=world.stage.image)

    def asked(path: str) -> Answer:
        answer = world.cloud.call(world.stolen_at, "alice", "GET", f"/v2/images{path}", service_token="nova",
                                  headers={REQUEST_ID: rider})  # fmt: skip
        assert answer.status == 200, answer
        return answer

    listed = [image for image in asked("?visibility=shared").json()["images"] if image["id"] == world.stage.image]
    assert len(listed) == 1
    world.none_of_it(listed[0])
    if world.exact:
        data = asked(f"/{world.stage.image}/file").body
        for _ in range(2):  # the second time out of the cache, where there is one
            again = asked(f"/{world.stage.image}/file")
            assert (again.body, len(data) > 0) == (data, True)
            _is_merged(asked(f"/{world.stage.image}"))
            for who in ("alice", "bob", "admin"):
                world.none_of_it(world.cloud.shown(who, world.stage.image, on=world.stolen_at))
        assert set(PERMITTED) - set(world.properties(world.stage.image)) == set(PERMITTED)
        assert "quiet" not in asked(f"/{world.stage.image}/members").text


def used_too_late(world: OverrideWorld) -> None:
    """An image without what was asked for would be as bad: Nova is refused, and makes no server."""
    answer = world.image_shown("alice", "nova", world.stage.old_rider())
    world.holds(answer.status != 200, f"Glance answers {answer.text}")
    world.expect(answer, 400, problems.FORGOTTEN.code)
    if world.exact:
        made = world.image_shown("alice", "nova", world.stage.marks.new_id(decides=True))
        assert (made.status, made.code) == (400, problems.FORGOTTEN.code), made
        world.plain(world.image_shown("bob", None, world.stage.old_rider()))


# -- ids in requests to Nova


def marked_id_in_a_boot(world: OverrideWorld, form: str) -> None:
    marked = {
        "used before": lambda: world.stage.rider("alice"),
        "another project's": lambda: world.stage.rider("bob"),
        "made with the key": lambda: world.stage.marks.new_id(decides=True),
    }[form]()
    before = _arrivals(world.glance, marked)
    answer = world.boot(None, headers={REQUEST_ID: marked})
    for server in world.booted():
        world.none_of_it(said_by_nova(world.cloud, "alice", server))
    world.holds(_arrivals(world.glance, marked) == before, "the client's id reached Glance")
    assert answer.status == 202, answer
    world.nothing_rides(answer)
    if world.exact:
        assert kept(world.cloud, answer.json()["server"]["id"]) is None


def marked_id_through_image_proxy(world: OverrideWorld) -> None:
    image = world.cloud.images_by_name["tiny"]
    for path in (f"/v2.1/images/{image}", "/v2.1/images/detail?name=tiny", f"/v2.1/images/{image}/metadata"):
        answer = world.call("alice", "GET", path, headers={REQUEST_ID: world.stage.rider("alice")})
        assert answer.status == 200, answer
        world.holds(PERMITTED["os_command_line"] not in answer.text, f"{path} shows {answer.text}")


def own_id_in_a_boot(world: OverrideWorld) -> None:
    """What Nova does next under that id is another request, and the customer's boots without an override are, too."""
    ordinary = f"req-{uuid.uuid4()}"
    answer = world.boot(PERMITTED, headers={REQUEST_ID: ordinary})
    assert answer.status == 202, answer
    (rider,) = world.stage.riding(answer.headers["x-compute-request-id"])
    world.plain(world.image_shown("alice", "nova", ordinary))
    assert rider["request_id"] != ordinary
    (server,) = world.booted()
    said = said_by_nova(world.cloud, "alice", server)
    assert PERMITTED.items() <= said.items(), "it has what it was sent with all the same"
    if world.exact:
        again = world.boot(None, headers={REQUEST_ID: ordinary})
        world.none_of_it(said_by_nova(world.cloud, "alice", again.json()["server"]["id"]))


def boots_in_flight(world: OverrideWorld) -> None:
    """Sent at once by one user; what Nova keeps, and what nova-compute is told later, is each one's own."""
    world.cloud.token("alice")
    lines = [f"number={number}" for number in range(_AT_ONCE)]
    with ThreadPoolExecutor(_AT_ONCE) as together:
        answers = list(together.map(lambda line: world.boot({"os_command_line": line}), lines))
    made = {}
    for line, answer in zip(lines, answers, strict=True):
        assert answer.status == 202, answer
        made[answer.json()["server"]["id"]] = line
    for server, line in made.items():
        said = said_by_nova(world.cloud, "alice", server)
        world.holds(said.get("os_command_line") == line, f"a server with {line} has {said}")
    if world.exact:
        for server, line in made.items():
            world.cloud.wait_for_server("alice", server, "ACTIVE")
            assert machine(world.cloud, server)["os_command_line"] == line
            assert (kept(world.cloud, server) or {}).get("properties") == {"os_command_line": line}


def _is_merged(answer: Answer) -> None:
    assert PERMITTED.items() <= answer.json().items(), "to Nova it is shown"


def _arrivals(glance: Glance, request_id: str) -> int:
    """How often Nova has shown this id to Glance, by the access log of the server that Glance stands under."""
    return glance.access_log.read_text().count(f"rid={request_id}")
