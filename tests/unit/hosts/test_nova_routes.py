"""A request is ours exactly where Nova's own router takes it for an action, or for its proxy of Glance."""

from __future__ import annotations

import pytest

from glance_related.hosts.nova import routes
from glance_related.instance_aware.instance_aware_nova_filter import InstanceAwareNovaMiddleware
from glance_related.wsgi.filter import RouteTable

SERVER = "0a1b2c3d-1111-4222-8333-444455556666"
PROJECT = "214e214e214e214e214e214e214e214e"
OURS = {
    "/servers/{id}/action",
    "/os-volumes_boot/{id}/action",
    "/images/{image_id}/metadata",
    "/images/{image_id}/metadata/{id}",
}
PATHS = [
    f"{prefix}{path}{behind}"
    for prefix in ("", f"/{PROJECT}", "/a-b", "/x/y")
    for path in (
        f"/servers/{SERVER}/action",
        f"/servers/{SERVER.upper()}/action",
        f"/servers/{SERVER}.json/action",
        f"/servers/{SERVER}\n/action",
        "/servers/%2e/action",
        "/servers/a/b/action",
        f"/SERVERS/{SERVER}/action",
        f"/os-volumes_boot/{SERVER}/action",
        f"/os-volumes_boot/{SERVER}",
        "/images/x/metadata",
        "/images/x/metadata/a key",
        "/images/x/metadata/k.json",
        "/images/x",
        f"/servers/{SERVER}/metadata",
        f"/servers/{SERVER}",
        "/servers",
        "/flavors/1/action",
    )
    for behind in ("", "/", ".json", "\n", "/\n", "\n\n")
]


@pytest.fixture(scope="module")
def novas():  # type: ignore[no-untyped-def]
    """Nova's mapper, with the routes of its table; its controllers would want a message bus."""
    api = pytest.importorskip("nova.api.openstack", reason="the package nova is not installed")
    table = pytest.importorskip("nova.api.openstack.compute.routes").ROUTE_LIST
    mapper = api.ProjectMapper()
    for path, methods in table:
        if isinstance(methods, dict):
            for method in methods:
                mapper.create_route(path, method, path, "x")
    return mapper


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_a_path_is_ours_where_novas_router_says_so(novas, method: str) -> None:  # type: ignore[no-untyped-def]
    mine = RouteTable(InstanceAwareNovaMiddleware.routes)
    wrong = {}
    for path in PATHS:
        found = novas.routematch(path, {"REQUEST_METHOD": method, "PATH_INFO": path})
        theirs = bool(found) and found[0]["controller"] in OURS and method in ("POST", "PUT")
        ours = mine.match({"REQUEST_METHOD": method, "PATH_INFO": path})
        if bool(ours) != theirs:
            wrong[path] = found
    assert not wrong


@pytest.mark.parametrize("path", [f"//servers/{SERVER}/action", f"/servers//{SERVER}//action"])
def test_doubled_slashes_are_one(path: str) -> None:
    match = RouteTable(InstanceAwareNovaMiddleware.routes).match({"REQUEST_METHOD": "POST", "PATH_INFO": path})
    assert match
    assert (match[0].path, match[1]) == (routes.SERVER_ACTION[0], {"server_id": SERVER})


@pytest.mark.parametrize("query", ["_method=POST", "x=1&_method=post"])
def test_another_method_in_the_query_is_the_one_that_counts(query: str) -> None:
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": f"/servers/{SERVER}/action", "QUERY_STRING": query}
    assert RouteTable(InstanceAwareNovaMiddleware.routes).match(environ)
