"""What has no tuple is answered as by a Glance without us under the same server: status, headers, bytes."""

from __future__ import annotations

import pytest

_OWN = ("date", "x-openstack-request-id", "location")


def _comparable(answer):
    return answer.status, {name: text for name, text in answer.headers.items() if name not in _OWN}, answer.body


@pytest.mark.parametrize("accept", ["application/json", "*/*", "text/html", None])
def test_refusals_and_replies_are_the_same_to_the_byte(cloud, glance, stock_alike, accept):
    image_id = cloud.image(stock_alike, "bob", name="of bob", os_distro="debian", tags=["a"])
    asked = [
        ("GET", f"/v2/images/{image_id}"),
        ("GET", "/v2/images/00000000-0000-0000-0000-000000000000"),
        ("GET", "/v2/images?limit=1&tag=a"),
        ("GET", "/v2/images?limit=-1"),
        ("GET", "/v2/images?marker=nothing"),
        ("GET", "/v2/images?changes-since=1"),
        ("GET", "/v2/images?customer=somebody"),
        ("GET", "/v2/images?os_distro=%FF"),
        ("GET", f"/v2/images/{image_id}/"),
        ("GET", "/v2/nothing"),
        ("GET", "/v2.9/schemas/member"),
        ("HEAD", f"/v2/images/{image_id}"),
        ("PUT", f"/v2/images/{image_id}"),
        ("DELETE", "/v2/images"),
        ("POST", "/v2/images"),
        ("PATCH", f"/v2/images/{image_id}"),
    ]
    for method, path in asked:
        ours, theirs = (
            cloud.call(one, "bob", method, path, headers={"Accept": accept}) for one in (glance, stock_alike)
        )
        assert _comparable(ours) == _comparable(theirs), f"{method} {path}"


def test_without_a_token_the_answer_is_stocks(cloud, glance, stock_alike):
    for method, path in (("GET", "/v2/images"), ("POST", "/v2/images"), ("GET", "/v2/images?instance_id=i")):
        ours, theirs = (cloud.call(one, None, method, path) for one in (glance, stock_alike))
        assert (ours.status, ours.body) == (theirs.status, theirs.body)
        assert ours.status == 401


def test_creates_edits_and_deletes_without_a_tuple_are_stocks(cloud, glance, stock_alike):
    images = {}
    for one in (glance, stock_alike):
        made = cloud.call(one, "bob", "POST", "/v2/images", json={"name": "plain", "team": "blue"})
        assert made.status == 201
        image_id = made.json()["id"]
        edited = cloud.patch(one, "bob", image_id, [{"op": "remove", "path": "/team"}])
        deleted = cloud.call(one, "bob", "DELETE", f"/v2/images/{image_id}")
        gone = cloud.call(one, "bob", "GET", f"/v2/images/{image_id}")
        images[one.name] = [_shape(made), _shape(edited), deleted.status, deleted.body, gone.status]
    assert images[glance.name] == images[stock_alike.name]


def _shape(answer):
    same = {name: text for name, text in answer.json().items() if name not in ("id", "created_at", "updated_at",
            "self", "file")}  # fmt: skip
    return answer.status, sorted(answer.headers), list(answer.json()), same


def test_bodies_that_glance_refuses_are_refused_by_glance(cloud, glance, stock_alike):
    """And none of them harms the next request: an owner that is none once opened the breaker for everybody."""
    unknown = "11111111-1111-4111-8111-111111111111"
    for image in ({"owner": ["x"]}, {"id": unknown, "owner": ["x"]}, {"id": unknown, "owner": "x" * 256},
                  {"id": 5}, {"id": "x"}, {"name": 7}, {"tags": "no list"}):  # fmt: skip
        theirs = cloud.call(stock_alike, "admin", "POST", "/v2/images", json=image)
        ours = cloud.call(glance, "admin", "POST", "/v2/images", json={**image, **cloud.tuple("i-refused")})
        assert (ours.status, ours.code) == (theirs.status, None) == (400, None), image
    assert cloud.suite_rows("select 1 from glance_related_image_instances where instance_id = 'i-refused'") == []
    assert cloud.suite_rows("select 1 from glance_related_pending_images where instance_id = 'i-refused'") == []
    assert cloud.call(glance, "bob", "GET", "/v2/images?instance_id=i-refused").status == 200


def test_a_long_query_is_answered_as_by_stock_and_the_server_goes_on(cloud, glance, stock_alike):
    for query in ("x" * 60_000, "&".join(["instance_id=i"] * 4_000), "a=b&" * 900 + "x=y", "id=in:" + "a," * 30_000):
        theirs = cloud.call(stock_alike, "bob", "GET", f"/v2/images?instance_id={query}")
        ours = cloud.call(glance, "bob", "GET", f"/v2/images?instance_id={query}")
        assert ours.status == theirs.status, query[:40]
    assert cloud.call(glance, "bob", "GET", "/v2/images?instance_id=i").json()["images"] == []
