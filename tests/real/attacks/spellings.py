"""Attacks by other spellings: a request that Glance takes for one of its own and a filter might not."""

from __future__ import annotations

from glance_related.instance_aware import problems
from tests.real.attacks.world import World
from tests.real.wire import Answer

_NOT_ALLOWED = problems.NOT_ALLOWED.code
_PATCH = "application/openstack-images-v2.1-json-patch"


def _posted(world: World, path: str, **extra: object) -> Answer:
    answer = world.call("alice", "POST", path, json={"name": "mine", **world.tuple}, **extra)
    world.nothing_bound()
    return answer


def _patched(world: World, path: str, **extra: object) -> Answer:
    image_id = world.image("alice")
    headers = {"Content-Type": _PATCH}
    answer = world.call("alice", "PATCH", path.format(id=image_id), json=world.tuple_changes, headers=headers, **extra)
    world.unbound(image_id)
    return answer


def slashes(world: World) -> None:
    for path in ("//v2//images", "/v2///images", "//v2/images", f"http://{world.glance.url[7:]}/v2/images"):
        world.expect(_posted(world, path), 403, _NOT_ALLOWED)
    for path in ("//v2//images//{id}", "/v2/images//{id}"):
        world.expect(_patched(world, path), 403, _NOT_ALLOWED)
    # what is no route of Glance's binds nothing either, whatever it is answered
    for path in ("/v2/images/", "/v2/./images", "/v2/images;a=b", "/v2/images/../images", "/V2/images"):
        _posted(world, path)


def escapes(world: World) -> None:
    for path in ("/v2%2Fimages", "/v2/%69mages", "/%76%32/images", "/v2/images%2f%2e%2e/images"):
        answer = _posted(world, path)
        if "%2e" not in path:
            world.expect(answer, 403, _NOT_ALLOWED)
    for path in ("/v2/images%2F{id}", "/%76%32/images/{id}", "/v2/images/%2F{id}"):
        world.expect(_patched(world, path), 403, _NOT_ALLOWED)


def versions(world: World) -> None:
    for version in ("v2.0", "v2.5", "v2.9", "v2.17"):
        world.expect(_posted(world, f"/{version}/images"), 403, _NOT_ALLOWED)
        world.expect(_patched(world, f"/{version}/images/{{id}}"), 403, _NOT_ALLOWED)
    for version in ("v1", "v2.99"):
        world.expect(_posted(world, f"/{version}/images"), 300, None)


def media_type_versioning(world: World) -> None:
    for version in ("v2", "v2.9"):
        headers = {"Accept": f"application/vnd.openstack.images-{version}"}
        world.expect(_posted(world, "/images", headers=headers), 403, _NOT_ALLOWED)
    world.expect(_posted(world, "/v2/images", headers=headers), 404, None)


def method_in_query(world: World) -> None:
    """Routes, in Glance, lets the query name another method than the request's own."""
    image_id = world.image("alice")
    stock = world.cloud.call(world.stock, "alice", "POST", f"/v2/images/{world.image('alice')}?_method=DELETE")
    assert stock.status == 204, "Glance minds _method; were it no longer so, this test could go"
    for method in ("PATCH", "patch"):
        answer = world.call(
            "alice", "POST", f"/v2/images/{image_id}?_method={method}", json=world.tuple_changes,
            headers={"Content-Type": _PATCH},
        )  # fmt: skip
        world.unbound(image_id)
        world.expect(answer, 403, _NOT_ALLOWED)
    for path in ("/v2/images?_method=POST", "/v2/images?_method=GET&_method=POST"):
        answer = world.call("alice", "PATCH", path, json={"name": "mine", **world.tuple})
        world.nothing_bound()
        world.expect(answer, 403, _NOT_ALLOWED)
    headers = {"X-HTTP-Method-Override": "PATCH", "Content-Type": _PATCH}
    world.call("alice", "POST", f"/v2/images/{image_id}", json=world.tuple_changes, headers=headers)
    world.unbound(image_id)


def method_in_form(world: World) -> None:
    """A posted form may name another method too: a list asked for that way would show what Glance has stored."""
    world.image("alice", **{**world.tuple, "_method": "GET"})
    bound = world.bound("alice")
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = world.call("alice", "POST", "/v2/images", body=b"_method=GET&limit=1", headers=headers)
    world.names_no_instance(answer)
    world.expect(answer, 400, ...)
    for path in (f"/v2/images/{bound}", f"/v2/images/{bound}?x=y"):
        answer = world.call("alice", "POST", path, body=b"_method=DELETE", headers=headers)
        world.expect(answer, 400, None)
    assert world.cloud.call(world.stock, "alice", "GET", f"/v2/images/{bound}").status == 200
    world.still_bound(bound)


def form_behind_a_list(world: World) -> None:
    """Of a POST that says that it is a GET, Glance reads a list's filters from the form as well."""
    image_id = world.image("alice", **{**world.tuple, "_method": "GET"})
    another = world.image("alice", _method="GET")
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    form = f"instance_id={world.instance}".encode()
    answer = world.call("alice", "POST", "/v2/images?_method=GET&limit=2", body=form, headers=headers)
    found = [image["id"] for image in answer.json()["images"]] if answer.status == 200 else []
    world.holds(found != [image_id], "a native property was matched")
    world.expect(answer, 200, None)
    assert found == [another, image_id], "the form says nothing here"
