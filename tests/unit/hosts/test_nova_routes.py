"""A request is ours exactly where Nova's own router takes it for an action, or for its proxy of Glance."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys

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


METHODS = ("GET", "POST", "PUT", "DELETE")


def taken(paths: list[str]) -> dict[tuple[str, str], str | None]:
    """Which route of its table Nova's router takes for each request."""
    if importlib.util.find_spec("nova") is None:
        pytest.skip("the package nova is not installed")
    asked = [(method, path) for method in METHODS for path in paths]
    answer = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.unit.hosts.novas_router"],
        input=json.dumps(asked), capture_output=True, text=True, check=True,
    )  # fmt: skip
    return dict(zip(asked, json.loads(answer.stdout), strict=True))


@pytest.fixture(scope="module")
def novas() -> dict[tuple[str, str], str | None]:
    return taken(PATHS)


def test_nova_knows_nothing_of_what_is_ours_alone() -> None:
    named = {"project_id": PROJECT, "server_id": SERVER}
    paths = [re.sub(r"\{(\w+)\}", lambda found: named.get(found[1], "web"), path) for path in sorted(routes.OWN)]
    assert set(taken(paths).values()) == {None}
    novas_own = [path.format(**named) for path in routes.SERVERS + routes.SERVER_ACTION]
    assert taken(novas_own)["POST", f"/{PROJECT}/servers/{SERVER}/action"] == "/servers/{id}/action"


@pytest.mark.parametrize("method", METHODS)
def test_a_path_is_ours_where_novas_router_says_so(novas: dict[tuple[str, str], str | None], method: str) -> None:
    mine = RouteTable(InstanceAwareNovaMiddleware.routes)
    theirs = {path for path in PATHS if novas[method, path] in OURS and method in ("POST", "PUT")}
    ours = {path for path in PATHS if mine.match({"REQUEST_METHOD": method, "PATH_INFO": path})}
    assert ours == theirs
    assert bool(theirs) is (method in ("POST", "PUT"))


@pytest.mark.parametrize("path", [f"//servers/{SERVER}/action", f"/servers//{SERVER}//action"])
def test_doubled_slashes_are_one(path: str) -> None:
    match = RouteTable(InstanceAwareNovaMiddleware.routes).match({"REQUEST_METHOD": "POST", "PATH_INFO": path})
    assert match
    assert (match[0].path, match[1]) == (routes.SERVER_ACTION[0], {"server_id": SERVER})


@pytest.mark.parametrize("query", ["_method=POST", "x=1&_method=post"])
def test_another_method_in_the_query_is_the_one_that_counts(query: str) -> None:
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": f"/servers/{SERVER}/action", "QUERY_STRING": query}
    assert RouteTable(InstanceAwareNovaMiddleware.routes).match(environ)
