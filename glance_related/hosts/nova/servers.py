"""`Servers`: Nova's servers and images as the caller of a request sees them, asked through the rest of the pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from glance_related.wsgi.filter import Request
from glance_related.wsgi.reply import Reply
from glance_related.wsgi.upstream import Upstream


def _at(microversion: str) -> dict[str, str | None]:
    return {
        "HTTP_OPENSTACK_API_VERSION": f"compute {microversion}",
        "HTTP_X_OPENSTACK_NOVA_API_VERSION": None,
    }


#: Most of what is asked here is there from the first microversion on, and images are only in the first ones.
MICROVERSION = _at("2.1")
#: In which a server is shown with its hostname, whether it is locked, and its image's properties; and what an older
#: Nova has of that.
_DESCRIBING = (_at("2.98"), _at("2.9"), MICROVERSION)


@dataclass(frozen=True)
class Image:
    """What Nova shows of an image.

    :param id: as Glance spells it
    :param properties: by name; those that the caller may see
    """

    id: str
    properties: Mapping[str, str]


class NotAnswered(Exception):
    """Nova answers neither yes nor no; its reply is what the customer should be told."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


class Servers:
    """A Nova, asked as the caller of a request.

    :param request: whose path says whether a project stands in front
    """

    def __init__(self, request: Request) -> None:
        self._upstream = request.upstream
        project = request.names.get("project_id")
        self._prefix = f"/{project}" if project else ""

    def server(self, server_id: str) -> Reply:
        """GET /servers/{server_id}."""
        return self._get("servers", server_id)

    def is_gone(self, server_id: str) -> bool:
        """Whether there is no such server, to the caller.

        Nova says 404 of a server that lives, too, where a path or an id is not spelt as it spells them: so it is asked
        by the one spelling that is certain.
        """
        return self._upstream.get(f"/servers/{server_id}", headers=MICROVERSION).code == 404

    def described(self, server_id: str) -> Reply:
        """GET /servers/{server_id}, with all that this Nova tells of it."""
        return described(self._upstream, f"{self._prefix}/servers/{server_id}")

    def request_ids(self, server_id: str) -> frozenset[str] | None:
        """Nova's own ids of the requests that it has recorded of a server; None where it does not tell."""
        return request_ids_in(self._get("servers", server_id, "/os-instance-actions"))

    def image(self, image_id: str) -> Image | None:
        """An image, through Nova's own proxy of Glance; None where there is no such image to the caller.

        :raises NotAnswered: Nova, or Glance behind it, fails
        """
        reply = self._get("images", image_id)
        if reply.code == 404:
            return None
        document = reply.document() if reply.code == 200 else None
        image: Any = document.get("image") if isinstance(document, dict) else None
        if not isinstance(image, dict):
            raise NotAnswered(reply)
        return Image(image["id"], image.get("metadata", {}))

    def _get(self, collection: str, one: str, behind: str = "") -> Reply:
        return self._upstream.get(f"{self._prefix}/{collection}/{one}{behind}", headers=MICROVERSION)


def described(upstream: Upstream, path: str) -> Reply:
    """What Nova answers of a server, with all that it tells; it may be an older one."""
    for microversion in _DESCRIBING:
        reply = upstream.get(path, headers=microversion)
        if reply.code != 406:
            break
    return reply


def shown_in(reply: Reply) -> dict[str, Any] | None:
    """The server in Nova's answer; None where it is none."""
    document = reply.document() if reply.code == 200 else None
    server = document.get("server") if isinstance(document, dict) else None
    return server if isinstance(server, dict) else None


def request_ids_in(reply: Reply) -> frozenset[str] | None:
    """The ids of requests in Nova's answer about a server's actions; None where it is none."""
    document = reply.document() if reply.code == 200 else None
    actions = document.get("instanceActions") if isinstance(document, dict) else None
    return None if actions is None else frozenset(action["request_id"] for action in actions)
