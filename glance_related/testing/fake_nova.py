"""`FakeNova`: a Nova that answers what a test has told it to, remembers what it was asked, and knows some servers.

::

    nova = FakeNova()
    nova.answers("POST", "/v2.1/servers/1/action", status="202 Accepted")   # as with `FakeGlance`
    nova.has_server("f1d8...", project_id="alice-project")
    nova.acted("f1d8...", "createImage", started_at=datetime.datetime(2024, 1, 1))
    ...
    assert nova.get("/servers/f1d8.../os-instance-actions").status == 200

Contract: a request that somebody registered is answered so. Else ``GET /servers/{id}``, its
``os-instance-actions`` (all, a page, since a time) and ``os-instance-actions/{request id}`` are answered as
Nova 34 answers an administrator at microversion 2.58, with or without ``/v2.1`` before them; a server that was
deleted still tells its actions. Whatever else is asked is Nova's 404. `get` asks as
`glance_related.hosts.nova.account.NovaAccount` does, so that a fake can stand in its place.
"""

from __future__ import annotations

import datetime
import io
import json
import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

from glance_related.hosts.account import Answer
from glance_related.testing.fake_glance import FakeGlance

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

#: Most actions that one answer holds.
MAX_LIMIT = 1000

_SERVER = re.compile(r"(?:/v2\.1)?/servers/([^/]+)(/os-instance-actions(?:/([^/]+))?)?")
_LIST = re.compile(r"(?:/v2\.1)?/servers")
_STATUS = {200: "200 OK", 403: "403 Forbidden", 404: "404 Not Found"}


@dataclass
class _Server:
    id: str
    project_id: str
    is_deleted: bool = False
    actions: list[dict[str, Any]] = field(default_factory=list)


class FakeNova(FakeGlance):
    """See the module.

    :param url: where its catalog says that it is; None where it says nothing
    """

    def __init__(self, url: str | None = "http://nova.example/v2.1") -> None:
        super().__init__()
        self.url = url
        #: Whether whoever asks is an administrator; to others a server of another project is not there.
        self.is_admin = True
        self._servers: dict[str, _Server] = {}

    # -- what a test tells it

    def has_server(self, server_id: str, *, project_id: str = "alice-project") -> None:
        """There is such a server; MariaDB finds it under upper-case letters too."""
        self._servers[server_id.lower()] = _Server(server_id, project_id)

    def delete_server(self, server_id: str) -> None:
        """The server is gone, its record is not."""
        self._servers[server_id.lower()].is_deleted = True

    def acted(
        self,
        server_id: str,
        action: str,
        *,
        started_at: datetime.datetime,
        request_id: str | None = None,
        project_id: str | None = None,
        user_id: str = "alice",
    ) -> str:
        """Nova has recorded an action of a server.

        :param started_at: UTC
        :param request_id: Nova's own id of the request; a fresh one where None
        :param project_id: of who asked; the server's where None
        :returns: the request id
        """
        server = self._servers[server_id.lower()]
        own = request_id or f"req-{uuid.uuid4()}"
        row = {
            "action": action,
            "instance_uuid": server.id,
            "request_id": own,
            "user_id": user_id,
            "project_id": project_id or server.project_id,
            "start_time": started_at.isoformat(timespec="microseconds"),
            "updated_at": started_at.isoformat(timespec="microseconds"),
            "message": None,
        }
        server.actions.insert(0, row)
        return own

    # -- what it answers

    def get(self, path: str) -> Answer:
        """Asked as the suite's own account asks."""
        parts = urlsplit(path)
        told: list[tuple[str, list[tuple[str, str]]]] = []
        environ: Any = {
            "REQUEST_METHOD": "GET",
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote(parts.path),
            "QUERY_STRING": parts.query,
            "wsgi.input": io.BytesIO(),
        }
        body = b"".join(self(environ, lambda status, headers, _=None: told.append((status, headers))))  # type: ignore[arg-type]
        status, headers = told[0]
        document = json.loads(body) if dict(headers).get("Content-Type") == "application/json" else None
        return Answer(int(status[:3]), {name.lower(): value for name, value in headers}, document)

    def endpoint(self) -> str | None:
        """Where the catalog says that it is."""
        return self.url

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Any:
        key = (environ["REQUEST_METHOD"], environ["PATH_INFO"])
        if key in self._answers:
            return super().__call__(environ, start_response)
        status, document = self._usual(*key, environ.get("QUERY_STRING", ""))
        headers = {"X-Openstack-Request-Id": f"req-{uuid.uuid4()}"}
        self.answers(*key, status=_STATUS[status], json=document, headers=headers)
        try:
            return super().__call__(environ, start_response)
        finally:
            del self._answers[key]

    def _usual(self, method: str, path: str, query: str) -> tuple[int, dict[str, Any]]:
        if method == "GET" and _LIST.fullmatch(path) and "status=deleted" in query:
            return (200, {"servers": []}) if self.is_admin else _error(403, "Only administrators may list them")
        found = _SERVER.fullmatch(path)
        server = self._servers.get(found[1].lower()) if found and self.is_admin and method == "GET" else None
        if found is None or server is None:
            return _error(404, "Instance could not be found.")
        if found[3]:
            return _one(server.actions, found[3])
        if found[2]:
            return 200, _page(server.actions, parse_qs(query))
        if server.is_deleted:
            return _error(404, "Instance could not be found.")
        return 200, {"server": {"id": server.id, "tenant_id": server.project_id}}


def _one(actions: Iterable[dict[str, Any]], request_id: str) -> tuple[int, dict[str, Any]]:
    for action in actions:
        if action["request_id"] == request_id:
            return 200, {"instanceAction": {**action, "events": []}}
    return _error(404, "Action not found")


def _page(actions: list[dict[str, Any]], query: dict[str, list[str]]) -> dict[str, Any]:
    since = query.get("changes-since", [""])[0].removesuffix("Z")
    shown = [action for action in actions if action["updated_at"] >= since]
    if "marker" in query:
        ids = [action["request_id"] for action in shown]
        shown = shown[ids.index(query["marker"][0]) + 1 :]
    limit = min(int(query.get("limit", ["1000"])[0]), MAX_LIMIT)
    more = {"links": [{"rel": "next", "href": "http://nova.example/"}]} if len(shown) >= limit else {}
    return {"instanceActions": shown[:limit], **more}


def _error(status: int, message: str) -> tuple[int, dict[str, Any]]:
    name = {403: "forbidden", 404: "itemNotFound"}[status]
    return status, {name: {"code": status, "message": message}}
