"""`ActingNova`: a Nova that makes servers in memory, and asks Glance for their images as the real one does.

It refuses keys that it does not know, hands the request id that it finds in its environ on to Glance with its own
service token, answers a 400 of Glance's with its text, and records a server's actions under its own request id.
"""

from __future__ import annotations

import datetime
import json
import re
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import webob
import webob.exc

from tests.filters.conftest import NOVAS

#: By what Glance knows that it is Nova that is asking in a customer's name.
SERVICE = {name: value for name, value in NOVAS.items() if name.startswith("X-Service")}

OWN_ID = "openstack.request_id"
GLOBAL_ID = "openstack.global_request_id"


#: What may stand in front of a path: the ids of Keystone, and those of these tests.
_PROJECT = re.compile("[0-9a-f-]+|[a-z]+-project")


@dataclass
class Server:
    """What such a Nova stores of a server."""

    id: str
    tenant_id: str
    image_id: str
    properties: dict[str, str]
    created: str
    actions: list[str] = field(default_factory=list)
    rescued_with: dict[str, str] | None = None
    is_volume_backed: bool = False
    name: str = ""
    is_locked: bool = False

    def shown(self) -> dict[str, Any]:
        image: Any = "" if self.is_volume_backed else {"id": self.image_id}
        return {"id": self.id, "tenant_id": self.tenant_id, "image": image, "created": self.created, "status": "ACTIVE"}

    def shown_at(self, microversion: str) -> dict[str, Any]:
        about = self.shown()
        if microversion == "2.98":
            about |= {"name": self.name, "locked": self.is_locked, "OS-EXT-SRV-ATTR:hostname": self.name.lower()}
            if about["image"]:
                about["image"]["properties"] = self.properties
        return about


class ActingNova:
    """See the module.

    :param ask_glance: GET of an image through Glance's pipeline, with these headers: status, text, document
    """

    def __init__(self, ask_glance: Callable[[str, dict[str, str]], tuple[int, str, Any]]) -> None:
        self.ask_glance = ask_glance
        self.servers: dict[str, Server] = {}
        #: Every body of a POST that reached it, with the request id under which it went to Glance.
        self.posted: list[tuple[str, Any, str | None]] = []
        #: What is answered instead of acting, and whether the servers are made all the same.
        self.refuses: webob.exc.HTTPException | None = None
        self.acts_all_the_same = False
        #: Whether a server is there for nobody but its project and administrators.
        self.is_discreet = False
        #: Run while a boot is under way, after Glance was asked.
        self.meanwhile: Callable[[], None] = lambda: None

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        request = webob.Request(environ)
        path = [part for part in environ["PATH_INFO"].split("/") if part]
        if path and path[0] not in ("servers", "os-volumes_boot", "images"):
            if not _PROJECT.fullmatch(path[0]):
                return webob.exc.HTTPNotFound()(environ, start_response)  # type: ignore[no-any-return]
            path = path[1:]
        try:
            answer = self._answer(request, path)
        except webob.exc.HTTPException as refusal:
            answer = webob.Response(status=refusal.status, json={"fault": {"message": refusal.detail}})
        return answer(environ, start_response)  # type: ignore[no-any-return]

    def _answer(self, request: webob.Request, path: list[str]) -> webob.Response:
        match (request.method, path):
            case ("GET", ["images", image_id]):
                image = self._image(request, image_id)
                return webob.Response(json={"image": {"id": image["id"], "metadata": _properties(image)}})
            case ("POST", ["servers" | "os-volumes_boot"]):
                return self._boot(request)
            case ("POST", ["servers" | "os-volumes_boot", server_id, "action"]):
                return self._act(request, self._server(server_id))
            case ("GET", ["servers" | "os-volumes_boot", "detail"]):
                return webob.Response(json={"servers": [one.shown() for one in self.servers.values()]})
            case ("GET", ["servers" | "os-volumes_boot", server_id]):
                microversion = request.headers.get("OpenStack-API-Version", "compute 2.1").removeprefix("compute ")
                return webob.Response(json={"server": self._seen(request, server_id).shown_at(microversion)})
            case ("GET", ["servers", server_id, "os-instance-actions"]):
                rows = [{"request_id": one} for one in self._seen(request, server_id).actions]
                return webob.Response(json={"instanceActions": rows})
            case ("DELETE", ["servers" | "os-volumes_boot", server_id]):
                del self.servers[self._server(server_id).id]
                return webob.Response(status=204)
        raise webob.exc.HTTPNotFound("no such thing")

    def _boot(self, request: webob.Request) -> webob.Response:
        asked = self._read(request, {"server"})["server"]
        known = {"name", "imageRef", "min_count", "max_count", "return_reservation_id", "block_device_mapping_v2"}
        if set(asked) - known - {"metadata"}:
            raise webob.exc.HTTPBadRequest("Additional properties are not allowed")
        image = self._image(request, asked["imageRef"])
        self.meanwhile()
        if self.refuses and not self.acts_all_the_same:
            raise self.refuses
        made = []
        for _ in range(int(asked.get("min_count", 1))):
            # Nova keeps the image's id as the request spells it
            about = (request.headers["X-Project-Id"], asked["imageRef"], _properties(image), _now())
            one = Server(str(uuid.uuid4()), *about, name=str(asked.get("name", "")))
            one.actions.append(request.environ[OWN_ID])
            self.servers[one.id] = one
            made.append(one)
        if self.refuses:
            raise self.refuses
        if asked.get("return_reservation_id"):
            return webob.Response(status=202, json={"reservation_id": "r-1"})
        return webob.Response(status=202, json={"server": {"id": made[0].id, "adminPass": "x"}})

    def _act(self, request: webob.Request, server: Server) -> webob.Response:
        ((action, asked),) = self._read(request, {"rebuild", "rescue", "createImage", "shelve"}).items()
        if self.refuses and not self.acts_all_the_same:
            raise self.refuses
        server.actions.append(request.environ[OWN_ID])
        if action == "rebuild":
            if set(asked) - {"imageRef", "name"}:
                raise webob.exc.HTTPBadRequest("Additional properties are not allowed")
            image = self._image(request, asked["imageRef"])
            server.image_id, server.properties = asked["imageRef"], _properties(image)
            if self.refuses:
                raise self.refuses
            return webob.Response(status=202, json={"server": server.shown()})
        if action == "rescue":
            wanted = (asked or {}).get("rescue_image_ref") or server.properties.get("base_image_ref", server.image_id)
            server.rescued_with = _properties(self._image(request, wanted))
            return webob.Response(json={"adminPass": "x"})
        return webob.Response(status=202)

    def _read(self, request: webob.Request, known: set[str]) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(request.body)
        self.posted.append((request.path_info, document, request.environ.get(GLOBAL_ID)))
        if set(document) - known:
            raise webob.exc.HTTPBadRequest("Additional properties are not allowed")
        return document

    def _server(self, server_id: str) -> Server:
        if server_id.lower() not in self.servers:
            raise webob.exc.HTTPNotFound(f"Instance {server_id} could not be found.")
        return self.servers[server_id.lower()]

    def _seen(self, request: webob.Request, server_id: str) -> Server:
        server = self._server(server_id)
        is_seen = request.headers["X-Project-Id"] == server.tenant_id or "admin" in request.headers["X-Roles"]
        if self.is_discreet and not is_seen:
            raise webob.exc.HTTPNotFound(f"Instance {server_id} could not be found.")
        return server

    def _image(self, request: webob.Request, image_id: str) -> dict[str, Any]:
        own = {name: request.headers[name] for name in ("X-User-Id", "X-Project-Id", "X-Roles")}
        request_id = request.environ.get(GLOBAL_ID) or request.environ[OWN_ID]
        status, text, image = self.ask_glance(image_id, {**own, **SERVICE, "X-OpenStack-Request-ID": request_id})
        if status == 400:
            raise webob.exc.HTTPBadRequest(text)
        if status != 200:
            raise webob.exc.HTTPNotFound("Image not found.")
        found: dict[str, Any] = image
        return found


_BASE = ("id", "name", "status", "owner")


def _properties(image: dict[str, Any]) -> dict[str, str]:
    return {name: value for name, value in image.items() if name not in _BASE}


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
