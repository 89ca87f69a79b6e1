"""`Api`: what the page knows, it asks of our own HTTP API, with the user's token and no other right.

Each question enters Nova's pipeline at its head: authtoken says whose the token is, Nova what he sees, our filter what
he may change. Nothing of that is judged here a second time.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

from glance_related.instance_ref import canonical_uuid
from glance_related.wsgi.application import Asked, enter
from glance_related.wsgi.reply import Reply

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication, WSGIEnvironment

#: The oldest that shows whether a server is locked; every Nova of today has it.
MICROVERSION = "compute 2.9"
#: Servers on one page.
SERVERS = 50
#: Most pages of a list that are asked for; a menu has fewer.
_PAGES = 50
_TRIES = 3
_TAG = re.compile(r'(?:W/)?"([^"]*)"')
#: A state that nothing ever is in: a change of it is refused, for want of a right or else because it is not so.
NEVER = "-"

Document = dict[str, Any]


class LoggedOut(Exception):
    """The token is not good any more.

    :param challenge: what authtoken says with it
    """

    def __init__(self, challenge: str) -> None:
        super().__init__("the token has ended")
        self.challenge = challenge


class Refused(Exception):
    """The API, or Nova, has refused; the text is for the user to read.

    :param code: ours, where it is ours
    :param faults: what is wrong with single entries, by name
    """

    def __init__(self, status: int, code: str, text: str, faults: Mapping[str, str]) -> None:
        super().__init__(text)
        self.status = status
        self.code = code
        self.text = text
        self.faults = faults


@dataclass(frozen=True)
class Settings:
    """What a server has.

    :param tag: of which state that is
    :param entries: what is offered to it, as the API shows each
    :param chosen: what it has of its own, as it may be sent back; also what is not offered any more
    """

    tag: str
    entries: list[Document]
    chosen: Document
    problems: list[Document] = field(default_factory=list)
    deliveries: list[Document] = field(default_factory=list)


class Api:
    """See the module.

    :param app: Nova's pipeline
    :param environ: of the request at hand
    :param script_name: where that pipeline is known to stand
    """

    def __init__(self, app: WSGIApplication, environ: WSGIEnvironment, script_name: str, token: str) -> None:
        self._app = app
        self._environ = environ
        self._script_name = script_name
        self._token = token

    # -- servers

    def servers(self, sought: str, marker: str) -> tuple[list[Document], str | None]:
        """Some servers of the project, the newest first, and the marker of the last where there are more.

        :param sought: in their names
        """
        asked = {"limit": str(SERVERS)}
        if sought:
            asked["name"] = _as_pattern(sought)
        if marker:
            asked["marker"] = marker
        document = self._got("/servers/detail", asked)
        servers = [_server(one) for one in document.get("servers", [])]
        more = any(link.get("rel") == "next" for link in document.get("servers_links", []))
        return servers, servers[-1]["id"] if more and servers else None

    def server(self, server_id: str) -> Document:
        """A server as Nova shows it, as far as the page does."""
        return _server(self._got(f"/servers/{server_id}")["server"])

    def settings(self, server_id: str) -> Settings:
        """What a server has, all of it as of one state."""
        entries, document, tag = self._whole(f"/servers/{server_id}/packages", "server_packages", "entries")
        return Settings(tag, entries, document["chosen"], document["problems"], document["deliveries"])

    def deliveries(self, server_id: str) -> tuple[str, list[Document]]:
        """How far a server's settings have come, and as of which state."""
        reply = self._asked("GET", f"/servers/{server_id}/packages", {"limit": "1"})
        return _tag(reply), _document(reply)["server_packages"]["deliveries"]

    def replace(self, server_id: str, document: Document, tag: str) -> None:
        """All that a server has of its own."""
        self._asked("PUT", f"/servers/{server_id}/packages", {}, document, tag)

    def history(self, server_id: str, marker: str) -> tuple[list[Document], str | None]:
        """Who changed what, and the marker of the last change where there are more."""
        asked = {"limit": "50"} | ({"marker": marker} if marker else {})
        document = self._got(f"/servers/{server_id}/packages/history", asked)
        return document.get("history", []), _next(document.get("history_links"))

    def why_not_change_server(self, server_id: str) -> str | None:
        """Why the user may not change what a server has, in the API's words; None: he may."""
        return self._why_not(f"/servers/{server_id}/packages", {})

    # -- the project's menu

    def project_menu(self, project_id: str) -> tuple[str, list[Document]]:
        """All of a project's menu, as of one state."""
        entries, _, tag = self._whole(f"/package-menu/projects/{project_id}", None, "project_packages")
        return tag, entries

    def say(self, project_id: str, name: str, document: Document | None, tag: str) -> None:
        """What a project makes of an entry; None: nothing any more."""
        path = f"/package-menu/projects/{project_id}/{name}"
        self._asked("DELETE" if document is None else "PUT", path, {}, document, tag)

    def why_not_change_project(self, project_id: str) -> str | None:
        """The same as of servers."""
        return self._why_not(f"/package-menu/projects/{project_id}/any", {"state": "default"})

    # -- parts

    def _why_not(self, path: str, document: Document) -> str | None:
        try:
            self._asked("PUT", path, {}, document, NEVER)
        except Refused as refused:
            return refused.text if refused.status == 403 else None
        return None

    def _whole(self, path: str, key: str | None, of: str) -> tuple[list[Document], Document, str]:
        """A list of entries to its end, and the document it stands in; begun anew where it has changed meanwhile."""
        for _ in range(_TRIES):
            found: list[Document] = []
            document: Document = {}
            marker, first_tag = "", None
            for _ in range(_PAGES):
                reply = self._asked("GET", path, {"marker": marker} if marker else {})
                whole = _document(reply)
                document = whole[key] if key is not None else whole
                found += document[of]
                if first_tag is None:
                    first_tag = _tag(reply)
                elif first_tag != _tag(reply):
                    break
                following = _next(document.get(f"{of}_links"))
                if following is None:
                    return found, document, first_tag
                marker = following
        raise Refused(409, "", "This changes faster than it can be read; try again.", {})

    def _got(self, path: str, query: Mapping[str, str] | None = None) -> Document:
        return _document(self._asked("GET", path, query or {}))

    def _asked(
        self, method: str, path: str, query: Mapping[str, str], document: Document | None = None, tag: str | None = None
    ) -> Reply:
        """:raises LoggedOut: :raises Refused:"""
        headers = {
            "HTTP_ACCEPT": "application/json",
            "HTTP_OPENSTACK_API_VERSION": MICROVERSION,
            "HTTP_USER_AGENT": "glance_related package-menu-ui",
            "HTTP_X_AUTH_TOKEN": self._token,
        }
        body = b""
        if document is not None:
            headers["CONTENT_TYPE"] = "application/json"
            body = json.dumps(document, ensure_ascii=False).encode("utf-8")
        if tag is not None:
            headers["HTTP_IF_MATCH"] = f'"{tag}"'
        asked = Asked(method, path, urlencode(query), headers, body)
        reply = enter(self._app, self._environ, self._script_name, asked)
        if reply.code == 401:
            raise LoggedOut(reply.header("WWW-Authenticate"))
        if reply.code >= 300:
            raise _refusal(reply)
        return reply


def _server(server: Mapping[str, Any]) -> Document:
    return {
        "id": server["id"],
        "name": server.get("name") or server["id"],
        "status": str(server.get("status") or "").lower(),
        "locked": bool(server.get("locked")),
        "project_id": server["tenant_id"],
    }


def _document(reply: Reply) -> Document:
    document = reply.document()
    return document if isinstance(document, dict) else {}


def _tag(reply: Reply) -> str:
    found = _TAG.fullmatch(reply.header("ETag"))
    return found.group(1) if found else ""


def _next(links: Any) -> str | None:
    for link in links or []:
        if link.get("rel") == "next":
            return dict(parse_qsl(str(link.get("href", "")).partition("?")[2])).get("marker")
    return None


def _refusal(reply: Reply) -> Refused:
    """What the API has to say, in Nova's shape or in that of a filter before it."""
    fault: Any = next(iter(_document(reply).values()), None)
    if not isinstance(fault, dict):
        fault = _document(reply)
    code = str(fault.get("glance_related_code", ""))
    text = str(fault.get("message") or "")
    parts: dict[str, str] = {}
    for part in fault.get("glance_related_problems", []):
        name, message = str(part.get("name", "")), str(part.get("message", ""))
        parts[name] = f"{parts[name]}; {message}" if name in parts else message
    if reply.code == 413 and not code:
        text = ""  # a filter's that is no sentence
    return Refused(reply.code, code, text or _OF_STATUS.get(reply.code, _ANY), parts)


_OF_STATUS = {
    403: "You may not do this.",
    404: "There is nothing here.",
    413: "This is more than Nova takes in one request; change less at a time, or use the command line.",
    503: "Nova does not answer, or not now; try again later.",
}
_ANY = "Nova has not answered as it should; its log says why."


def _as_pattern(text: str) -> str:
    """A text as Nova's filter by name takes it, which is a regular expression to databases of several kinds."""
    return re.sub(r"([.^$*+?{}\[\]\\|()])", r"\\\1", text)


def server_id_of(text: str) -> str | None:
    """The id that a text spells; None: it can be no server's."""
    return canonical_uuid(text.strip())
