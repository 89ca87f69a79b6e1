"""What Nova has made of image properties: asked of its databases, its API, its driver and its scheduler, not of us."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.real.nova.nova_cloud import NovaCloud
from tests.real.wire import Answer

if TYPE_CHECKING:
    from cloud.nova import Nova
    from cloud.nova_programs import Api

KEY = "image_props_override"


def boot(cloud: NovaCloud, who: str, override: Any, *, microversion: str | None = "2.90", **more: Any) -> Answer:
    """POST /servers with an override, whatever the answer."""
    networks = {"networks": "none"} if (microversion or "2.1") >= "2.37" else {}
    about = {"name": "overridden", "imageRef": cloud.images_by_name["tiny"], "flavorRef": cloud.flavor(), **networks}
    about |= {KEY: override, **more}
    on: Api | Nova | None = about.pop("on", None)
    return cloud.compute_call(who, "POST", "/servers", {"server": about}, on=on, microversion=microversion)


def booted(cloud: NovaCloud, who: str, override: Any, **more: Any) -> str:
    """The id of a server that must become ACTIVE."""
    return cloud.boot(who, "overridden", **{KEY: override}, **more)


def stored(cloud: NovaCloud, server_id: str) -> dict[str, str]:
    """The image's properties in Nova's own record of the server (``instance_system_metadata``)."""
    query = "select `key`, value from instance_system_metadata where instance_uuid = %s and deleted = 0"
    rows = {row["key"]: row["value"] for row in cloud.nova_rows(query, server_id)}
    return {key.removeprefix("image_"): value for key, value in rows.items() if key.startswith("image_")}


def placed_by(cloud: NovaCloud, server_id: str) -> dict[str, Any]:
    """The image's properties by which the scheduler has chosen, and will choose again, a host (the request spec)."""
    rows = cloud.api_rows("select spec from request_specs where instance_uuid = %s", server_id)
    image = json.loads(rows[0]["spec"])["nova_object.data"]["image"]["nova_object.data"]
    return dict(image["properties"]["nova_object.data"])


def machine(cloud: NovaCloud, server_id: str, name: str = "machine") -> dict[str, Any]:
    """What the driver was told when it last defined the server's machine."""
    folder = cloud.nova.data / "instances" / server_id
    return dict(json.loads((folder / f"{name}.json").read_text()))


def said_by_nova(cloud: NovaCloud, who: str, server_id: str) -> dict[str, str]:
    """``image.properties``, which Nova shows from microversion 2.98 on."""
    answer = cloud.compute_call(who, "GET", f"/servers/{server_id}", microversion="2.98")
    assert answer.status == 200, answer
    return dict(answer.json()["server"]["image"]["properties"])


def shown(cloud: NovaCloud, who: str, server_id: str, microversion: str | None = "2.90") -> Any:
    """Our own ``image_props_override``."""
    answer = cloud.compute_call(who, "GET", f"/servers/{server_id}", microversion=microversion)
    assert answer.status == 200, answer
    return answer.json()["server"].get(KEY)


def kept(cloud: NovaCloud, server_id: str) -> dict[str, Any] | None:
    """Our own row of a server."""
    rows = cloud.suite_rows("select * from glance_related_server_overrides where instance_id = %s", server_id)
    return {**rows[0], "properties": json.loads(rows[0]["properties"])} if rows else None


def assert_has(cloud: NovaCloud, who: str, server_id: str, override: dict[str, str]) -> None:
    """A server has these properties: stored, said and shown, by Nova and by us."""
    assert_stored(cloud, server_id, override)
    said = said_by_nova(cloud, who, server_id)
    assert {name: said.get(name) for name in override} == override
    assert shown(cloud, who, server_id) == (override or None)


def assert_stored(cloud: NovaCloud, server_id: str, override: dict[str, str]) -> None:
    """In Nova's own database."""
    in_nova = stored(cloud, server_id)
    assert {name: in_nova.get(name) for name in override} == override


def servers_of(cloud: NovaCloud, who: str) -> int:
    """How many servers a project has ever had."""
    query = "select count(*) as n from instances where project_id = %s"
    return int(cloud.nova_rows(query, cloud.project(who))[0]["n"])
