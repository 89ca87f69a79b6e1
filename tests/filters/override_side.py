"""Both filters of system 2 with what stands behind each: a Nova that makes servers, a Glance with two images."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import webtest

from glance_related.instance_ref import InstanceRef
from glance_related.props_override.props_override_filter import filter_factory as glance_factory
from glance_related.props_override.props_override_nova_filter import filter_factory as nova_factory
from glance_related.props_override.store import Kept, OverrideStore
from glance_related.riders.store import RiderStore
from glance_related.testing.fake_glance import FakeContext, FakeGlance
from tests.filters.acting_nova import GLOBAL_ID, OWN_ID, ActingNova
from tests.filters.conftest import MEMBER, NOVA, Setup
from tests.filters.conftest import make as make_setup

IMAGE = "0a1b2c3d-1111-4222-8333-444455556666"
OTHER_IMAGE = "0a1b2c3d-1111-4222-8333-777788889999"
KEY = "k" * 32
IMAGES = {
    IMAGE: {"id": IMAGE, "name": "cirros", "status": "active", "owner": "alice-project", "hw_disk_bus": "virtio"},
    OTHER_IMAGE: {"id": OTHER_IMAGE, "name": "debian", "status": "active", "owner": "alice-project"},
}
OPTIONS = f"[instance_aware]\nnova_installation_uuid = {NOVA}\n[riders]\nmark_keys = {KEY}\n"


@dataclass
class OverrideSide:
    """Nova with our filter, which asks the Glance with ours."""

    nova: ActingNova
    glance: FakeGlance
    setup: Setup
    riders: RiderStore
    store: OverrideStore
    app: Any
    glance_app: Any

    def ask(
        self,
        method: str,
        path: str,
        document: Any = None,
        *,
        who: dict[str, str] = MEMBER,
        own_id: str | None = None,
        inbound: str | None = None,
        **extra: Any,
    ) -> Any:
        """One request to Nova."""
        headers = {"X-Identity-Status": "Confirmed", **who, **extra.pop("headers", {})}
        environ = {"keystone.token_auth": object(), OWN_ID: own_id or f"req-{uuid.uuid4()}", **extra.pop("environ", {})}
        if inbound is not None:
            environ[GLOBAL_ID] = inbound
        if document is not None:
            extra |= {"body": json.dumps(document).encode(), "content_type": "application/json"}
        return self.app.request(path, method=method, headers=headers, environ=environ, status="*", **extra)

    def boot(self, override: Any = None, *, who: dict[str, str] = MEMBER, path: str = "/servers", **more: Any) -> Any:
        about = {"name": "one", "imageRef": IMAGE, **more}
        if override is not None:
            about["image_props_override"] = override
        return self.ask("POST", path, {"server": about}, who=who)

    def booted(self, override: Any = None, **more: Any) -> str:
        """A server that must be made; its id."""
        reply = self.boot(override, **more)
        assert reply.status_int == 202, reply.text
        return str(reply.json["server"]["id"])

    def act(self, server_id: str, document: Any, **extra: Any) -> Any:
        return self.ask("POST", f"/servers/{server_id}/action", document, **extra)

    def kept(self, server_id: str) -> Kept | None:
        return self.store.get(InstanceRef(NOVA, server_id))

    def shown(self, server_id: str, **extra: Any) -> Any:
        """``image_props_override``, as GET of the server shows it."""
        reply = self.ask("GET", f"/servers/{server_id}", **extra)
        assert reply.status_int == 200, reply.text
        return reply.json["server"].get("image_props_override")

    def image(self, image_id: str, headers: dict[str, str]) -> tuple[int, str, Any]:
        """GET of an image at Glance, whoever asks."""
        context = FakeContext(user_id=headers.get("X-User-Id"))
        reply = self.glance_app.get(
            f"/v2/images/{image_id}",
            headers={"X-Identity-Status": "Confirmed", **headers},
            extra_environ={"webob.adhoc_attrs": {"context": context}},
            status="*",
        )
        return reply.status_int, reply.text, reply.json if reply.status_int == 200 else None


def make(tmp_path: Path, options: str = "") -> OverrideSide:
    setup = make_setup(tmp_path, OPTIONS + options)
    config = setup.suite.settings.config_file
    glance = FakeGlance()
    for image_id, image in IMAGES.items():
        glance.answers("GET", f"/v2/images/{image_id}", json=image)
    glance_app = webtest.TestApp(glance_factory({}, config_file=config)(glance), lint=True)
    side = OverrideSide(
        nova=ActingNova(lambda image_id, headers: side.image(image_id, headers)),
        glance=glance,
        setup=setup,
        riders=RiderStore(setup.suite.database),
        store=OverrideStore(setup.suite.database),
        app=None,
        glance_app=glance_app,
    )
    side.app = webtest.TestApp(nova_factory({}, config_file=config)(side.nova), lint=True)
    return side


def lose_database(side: OverrideSide) -> None:
    """It goes away after the filters have started."""
    file = Path(side.setup.suite.database.engine.url.database or "")
    side.setup.suite.database.dispose()
    file.unlink()
    file.mkdir()  # no SQLite opens a folder
