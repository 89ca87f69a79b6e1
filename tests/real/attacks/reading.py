"""Attacks by reading: learning what one may not know, or making others believe what is not so."""

from __future__ import annotations

from tests.real.attacks.world import World


def probing_by_filter(world: World) -> None:
    image_id = world.bound("alice")
    queries = (
        f"?instance_id={world.instance}",
        f"?server={world.instance}",
        f"?nova_installation_uuid={world.cloud.installation}&instance_id={world.instance}",
        f"?nova_installation_uuid={world.cloud.installation.upper()}&instance_id={world.instance}",
        f"?instance_id={world.instance}&limit=1&visibility=all",
        f"?instance_id={world.instance}&owner={world.cloud.project('alice')}",
        f"?instance_id={world.instance}&id={image_id}",
        f"?instance_id={world.instance}&id=in:{image_id}",
        f"?instance_id={world.instance}&member_status=all&visibility=shared",
    )
    for query in queries:
        assert world.cloud.ids(world.cloud.glance("gunicorn"), "alice", query) in ([image_id], []), query
        answer = world.call("bob", "GET", f"/v2/images{query}")
        world.holds(image_id not in answer.text.partition('"first"')[0], f"bob is told of it by {query}")
        world.expect(answer, 200, None)
        assert answer.json()["images"] == []
        assert "next" not in answer.json(), "a next would tell that there is something"


def foreign_marker(world: World) -> None:
    theirs = world.bound("alice")
    for query in ("", f"&instance_id={world.instance}", f"&nova_installation_uuid={world.cloud.installation}"):
        path = f"/v2/images?marker={theirs}{query}"
        stock = world.cloud.call(world.stock, "bob", "GET", f"/v2/images?marker={theirs}")
        answer = world.call("bob", "GET", path)
        world.holds(answer.status == stock.status, f"{path} was answered {answer.status}, by stock {stock.status}")
        world.expect(answer, 403, None)


def customer_by_member(world: World) -> None:
    theirs = world.bound("bob")
    for query in ("", f"&instance_id={world.instance}", "&visibility=private"):
        path = f"/v2/images?customer={world.cloud.project('bob')}{query}"
        answer = world.call("alice", "GET", path)
        world.holds(theirs not in answer.text, f"alice is told of {theirs} by {path}")
        world.expect(answer, 200, None)
    mine = world.image("alice", customer=world.instance)
    found = world.cloud.ids(world.glance, "alice", f"?customer={world.instance}", **world.with_undo({}))
    world.holds(found == [mine], "it is stock's own property filter")


def customer_through_service(world: World) -> None:
    """A service token lends its service's work to a customer, never its rights."""
    theirs = world.image("bob")
    answer = world.call("alice", "GET", f"/v2/images?customer={world.cloud.project('bob')}", service_token="nova")
    world.holds(theirs not in answer.text, f"alice is told of {theirs}")
    world.expect(answer, 200, None)


def customer_by_admin(world: World) -> None:
    """The same images to the byte that bob himself sees: nothing of admin's, nothing that bob has not accepted."""
    bob = world.cloud.project("bob")
    made = {
        "bob's": world.image("bob"),
        "bob's hidden": world.image("bob", os_hidden=True),
        "alice's private": world.image("alice", visibility="private"),
        "alice's community": world.image("alice", visibility="community"),
        "admin's private": world.image("admin", visibility="private"),
        "pending": world.image("alice", visibility="shared"),
        "accepted": world.image("alice", visibility="shared"),
    }
    for name in ("pending", "accepted"):
        share = world.cloud.call(world.stock, "alice", "POST", f"/v2/images/{made[name]}/members", json={"member": bob})
        assert share.status == 200, share
    path = f"/v2/images/{made['accepted']}/members/{bob}"
    assert world.cloud.call(world.stock, "bob", "PUT", path, json={"status": "accepted"}).status == 200
    queries = ("", "&limit=2", "&visibility=private", "&visibility=community", "&visibility=all", "&os_hidden=true",
               "&visibility=shared&member_status=all", "&visibility=shared&member_status=pending",
               f"&owner={world.cloud.project('alice')}", "&sort=name:asc,id:desc")  # fmt: skip
    for query in queries:
        own = world.cloud.call(world.cloud.glance("gunicorn"), "bob", "GET", f"/v2/images?limit=500{query}")
        for who in ("admin", "scheduler"):
            seen = world.call(who, "GET", f"/v2/images?customer={bob}&limit=500{query}")
            world.holds(seen.json()["images"] == own.json()["images"], f"{who} sees another list with {query}")


def native_property_shown(world: World) -> None:
    """Such a property may have come in before we did, or by a task."""
    image_id = world.image("alice", **world.tuple)
    assert world.cloud.native(image_id) == world.tuple
    for path in (f"/v2/images/{image_id}", "/v2/images?limit=1", f"/v2/images?id={image_id}"):
        world.names_no_instance(world.call("alice", "GET", path))
    renamed = world.patch("alice", image_id, [{"op": "replace", "path": "/name", "value": "renamed"}])
    world.names_no_instance(renamed)
    world.expect(renamed, 200, None)
    assert world.cloud.native(image_id) == world.tuple, "and what Glance has of it stays"


def native_property_matched(world: World) -> None:
    image_id = world.image("alice", **world.tuple)
    assert world.cloud.ids(world.stock, "alice", f"?instance_id={world.instance}") == [image_id]
    for query in (
        f"?instance_id={world.instance}",
        f"?nova_installation_uuid={world.cloud.installation}&instance_id={world.instance}",
        f"?instance_id={world.instance}&instance_id={world.instance}",
    ):
        found = world.cloud.ids(world.glance, "alice", query, **world.with_undo({}))
        world.holds(found == [], f"{query} has matched {found}")


def tuple_shown_to_nova(world: World) -> None:
    image_id = world.bound("alice")
    for path in (f"/v2/images/{image_id}", f"/v2/images?id={image_id}", f"/v2/images?instance_id={world.instance}"):
        for services in ("nova", "cinder", "alice"):
            answer = world.call("alice", "GET", path, service_token=services)
            tuple_ = answer.text.partition('"first"')[0]
            world.holds(world.instance not in tuple_, f"{services} is shown it by {path}")
            world.expect(answer, 200, None)
    world.holds(world.instance not in world.call("nova", "GET", f"/v2/images/{image_id}").text, "nova is shown it")
    shown = world.call("alice", "GET", f"/v2/images/{image_id}", service_token="scheduler")
    assert shown.json()["instance_id"] == world.instance, "a trusted program sees it"


def near_misses(world: World) -> None:
    image_id = world.bound("alice")
    assert world.cloud.ids(world.glance, "alice", f"?instance_id={world.instance}") == [image_id]
    one = world.instance
    for value in (
        one.upper(),
        f"{one}%20",
        f"%20{one}",
        f"{one}%00",
        f"in:{one}",
        f"eq:{one}",
        f"%22{one}%22",
        "",
        "%25",
    ):
        found = world.cloud.ids(world.glance, "alice", f"?instance_id={value}", **world.with_undo({}))
        world.holds(found == [], f"{value!r} has matched")
