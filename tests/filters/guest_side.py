"""Nova with the filters of `glance_related.guest`: its API, and its metadata service, over one database."""

from __future__ import annotations

import base64
import gzip
import hashlib
import hmac
import json
import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import webob
import webob.exc
import webtest

from glance_related.guest import meta_filter, vendordata_filter
from tests.filters import menu_side
from tests.filters.acting_nova import OWN_ID, ActingNova
from tests.filters.conftest import MEMBER
from tests.filters.menu_side import MenuSide

#: Who asks in Nova's name: the user of ``[vendordata_dynamic_auth]``.
SERVICE = {"X-User-Id": "nova", "X-Project-Id": "service-project", "X-Roles": "service", "X-Auth-Token": "nova's token"}
SECRET = b"between neutron and nova"
SETTINGS = "/openstack/glance-related/v1/settings"
REPORT = "/openstack/glance-related/v1/report"
DRIVERS = "[package_menu]\npackage_management_driver = file, guest\n[package_menu_guest]\ninterval_seconds = 600\n"


class WatchedNova:
    """A Nova that tells what of a server's record it was asked, and shows it as the real one does.

    :param nova: that makes the servers
    """

    def __init__(self, nova: ActingNova) -> None:
        self.nova = nova
        #: The environs of the questions about servers' actions.
        self.asked: list[dict[str, Any]] = []
        #: Whether its record answers.
        self.tells = True

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path.endswith("/os-instance-actions"):
            self.asked.append(dict(environ))
            server = self.nova.servers.get(path.split("/")[-2])
            is_shown = (
                server is not None
                and environ["HTTP_X_PROJECT_ID"] == server.tenant_id
                and environ["HTTP_X_ROLES"] == "reader"
            )
            if not self.tells or not is_shown:
                return webob.exc.HTTPNotFound()(environ, start_response)
        return self.nova(environ, start_response)


class FakeMetadata:
    """Nova's metadata service behind Neutron's proxy: it believes signatures, as its handler does.

    `tests.filters.test_guest_of_nova` asks the real handler the same.

    :param nova: whose servers they are
    """

    def __init__(self, nova: ActingNova) -> None:
        self.nova = nova
        self.calls: list[str] = []
        self.bodies: list[bytes] = []

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        request = webob.Request(environ)
        self.calls.append(f"{request.method} {request.path_info}")
        self.bodies.append(request.body)
        try:
            answer = self._answer(request)
        except webob.exc.HTTPException as refusal:
            answer = refusal
        return answer(environ, start_response)  # type: ignore[no-any-return]

    def _answer(self, request: webob.Request) -> webob.Response:
        instance_id, tenant_id = request.headers.get("X-Instance-ID"), request.headers.get("X-Tenant-ID")
        signature = request.headers.get("X-Instance-ID-Signature")
        if instance_id is None or tenant_id is None or signature is None:
            raise webob.exc.HTTPBadRequest("a header is missing")
        if not hmac.compare_digest(signed(instance_id), signature):
            raise webob.exc.HTTPForbidden("Invalid proxy request signature.")
        server = self.nova.servers.get(instance_id)
        if server is None or server.tenant_id != tenant_id:
            raise webob.exc.HTTPNotFound()
        if request.path_info != "/openstack/latest/meta_data.json":
            raise webob.exc.HTTPNotFound()
        return webob.Response(json={"uuid": server.id, "project_id": server.tenant_id, "name": "one"})


def signed(instance_id: str) -> str:
    return hmac.new(SECRET, instance_id.encode(), hashlib.sha256).hexdigest()


@dataclass
class GuestSide:
    """See the module; `menu` is the filter of the menu, behind which the servers are made."""

    menu: MenuSide
    watched: WatchedNova
    metadata: FakeMetadata
    app: Any
    meta: Any

    def ask(self, question: Any, *, who: dict[str, str] = SERVICE, path: str = "/vendordata", **extra: Any) -> Any:
        """What Nova asks its vendordata target."""
        headers = {"X-Identity-Status": "Confirmed", **who}
        environ = {"keystone.token_auth": object(), OWN_ID: f"req-{uuid.uuid4()}", **extra.pop("environ", {})}
        body = question if isinstance(question, bytes) else json.dumps(question).encode()
        return self.app.post(
            path, body, headers=headers, extra_environ=environ, content_type="application/json", status="*", **extra
        )

    def about(self, server_id: str, **more: Any) -> dict[str, Any]:
        """The question of a server, as Nova asks it."""
        return {
            "project-id": MEMBER["X-Project-Id"],
            "instance-id": server_id,
            "image-id": menu_side.IMAGE,
            "user-data": None,
            "hostname": "one",
            "metadata": {},
            "boot-roles": "reader,member",
            **more,
        }

    def booted(self, server_id: str, **more: Any) -> Any:
        """What a server's first boot is to have, by our script; None: it is to ask."""
        reply = self.ask(self.about(server_id, **more))
        assert reply.status_int == 200, reply.text
        (script,) = reply.json
        return unpacked(script).get("settings")

    def guest(self, server_id: str, project_id: str = "", **more: str) -> dict[str, str]:
        """The headers of a guest's request, as Neutron's proxy makes them."""
        return {
            "X-Instance-ID": server_id,
            "X-Tenant-ID": project_id or MEMBER["X-Project-Id"],
            "X-Instance-ID-Signature": signed(server_id),
            "X-Forwarded-For": "10.0.0.3",
            **more,
        }

    def pull(self, server_id: str, have: str | None = None, **more: Any) -> Any:
        """A guest asks for its settings."""
        params = {} if have is None else {"have": have}
        return self.meta.get(SETTINGS, params, headers=self.guest(server_id, **more), status="*")

    def report(self, server_id: str, document: Any = None, body: bytes | None = None, query: str = "") -> Any:
        """A guest reports."""
        sent = body if body is not None else json.dumps(document).encode()
        query = query or f"length={len(sent)}&sha256={hashlib.sha256(sent).hexdigest()}"
        return self.meta.post(
            f"{REPORT}?{query}", sent, headers=self.guest(server_id), content_type="application/json", status="*"
        )

    def delivery(self, server_id: str) -> dict[str, Any]:
        """How far it has come to the guest, as the API shows it."""
        shown = self.menu.settings(server_id)["deliveries"]
        (found,) = [one for one in shown if one["driver"] == "guest"]
        return dict(found)


def make(tmp_path: Path, options: str = "") -> GuestSide:
    menu = menu_side.make(tmp_path, DRIVERS + options)
    config = menu.suite.settings.config_file
    watched = WatchedNova(menu.nova)
    menu.app.app.app = watched  # behind the menu's filter
    middleware = vendordata_filter.filter_factory({}, config_file=config)(menu.app.app)
    metadata = FakeMetadata(menu.nova)
    meta = meta_filter.filter_factory({}, config_file=config)(metadata)
    return GuestSide(menu, watched, metadata, webtest.TestApp(middleware, lint=True), webtest.TestApp(meta, lint=True))


def unpacked(script: str) -> dict[str, Any]:
    """What a script of ours brings, by name; the settings as JSON."""
    found = re.findall(r"(?m)^unpack (\w+) <<'END'\n([A-Za-z0-9+/=\n]+)\nEND$", script)
    contents = {name: gzip.decompress(base64.b64decode(text)) for name, text in found}
    return {name: json.loads(one) if name == "settings" else one for name, one in contents.items()}
