"""What attacks on overrides share: protections, overridden servers, what rides, and Novas that go by all that."""

from __future__ import annotations

import datetime
import functools
import json
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cloud.suite import Suite
from glance_related.db.models import utcnow
from glance_related.props_override.override import OVERRIDE, Override
from tests.real.nova.attacks.stage import Stage
from tests.real.nova.nova_cloud import NovaCloud
from tests.real.nova.overridden import KEY

if TYPE_CHECKING:
    from cloud.glance import Glance
    from cloud.nova_programs import Api

#: An administrator in alice's project: what she may not set he may.
OPERATOR = "operator@alice"

#: What anybody may override, and what the protections keep from customers.
PERMITTED = {"os_command_line": "quiet", "hw_disk_bus": "scsi"}
PROTECTED = {"hw_video_model": "virtio"}

_FOR_OPERATORS = "create = {role}\nread = @\nupdate = {role}\ndelete = {role}\n"
_NO_CHANGES = "create = @\nread = @\nupdate = admin\ndelete = admin\n"

# The first expression is found in the middle of a name; one role is spelt as nobody has it.
_PROTECTIONS = (
    f"[video]\n{_FOR_OPERATORS.format(role='admin')}"
    f"[^hw_vm_mode$]\n{_FOR_OPERATORS.format(role='admin')}"
    f"[^hw_rng_model$]\n{_FOR_OPERATORS.format(role='Reviewer, ADMIN')}"
    f"[^hw_cdrom_bus$]\n{_NO_CHANGES}"
    f"[^ipxe_boot$]\n{_NO_CHANGES}"
    "[.*]\ncreate = @\nread = @\nupdate = @\ndelete = @\n"
)


class OverrideStage(Stage):
    """As any stage, with both systems in both pipelines, and with property protections."""

    IN_GLANCE = "instance_aware props_override"
    IN_NOVA = "instance_aware_nova props_override_nova"
    UNDO = "tests.real.nova.attacks.overrides.undo"
    PREFIX = "overriding-"

    def __init__(self, cloud: NovaCloud) -> None:
        super().__init__(cloud)
        cloud.accounts.user("operator", "alice", ("member", "admin"))
        self._protections = cloud.root / "etc" / "overriding-protections.conf"
        self._protections.write_text(_PROTECTIONS)
        self._suite = Suite(
            cloud.root, cloud.venv, cloud.keystone, name="overriding", database=cloud.suite.database,
            mark_key=cloud.compute.mark_key, installation=cloud.installation,
            conf_extra=f"[props_override]\nproperty_protection_file = {self._protections}\n",
        )  # fmt: skip
        self._suite.write_config()

    # -- where they attack

    @property
    def conf(self) -> Path:
        return self._suite.conf

    def api(self, server: str) -> Api:
        name = f"{self.PREFIX}{server}-nova-api"
        return self.cloud.extra_api(name, server=server, filters=self.IN_NOVA, suite_conf=self.conf)

    @property
    def more_of_glance(self) -> dict[str, Any]:
        """A cache of images, and Glance's own protections, by which Nova may do what its customers may not."""
        return self._with_cache("undone") | {"flavor": "keystone+caching"}

    def glance(self, server: str) -> Glance:
        """Where ids are shown past Nova: the cloud's own, or one under the other server, with a cache of images."""
        if server == self.cloud.glance.server:
            return self.cloud.glance
        return self.cloud.extra_glance(
            f"{self.PREFIX}{server}-glance", server=server, filters=self.IN_GLANCE, flavor="keystone+caching",
            **self._with_cache(server),
        )  # fmt: skip

    def _with_cache(self, name: str) -> dict[str, str]:
        folder = self.cloud.root / "data" / f"{self.PREFIX}{name}-cache"
        folder.mkdir(parents=True, exist_ok=True)
        return {
            "conf_extra": f"[DEFAULT]\nimage_cache_dir = {folder}\nimage_cache_driver = xattr\n"
            f"property_protection_file = {self._protections}\n"
        }

    # -- what is there

    @functools.cached_property
    def _servers(self) -> list[str]:
        boots = [
            self.cloud.boot(who, "overridden", wait=False, **{KEY: override})
            for who, override in (("alice", PERMITTED), (OPERATOR, PROTECTED))
        ]
        for server in boots:
            self.cloud.wait_for_server("alice", server, "ACTIVE")
        return boots

    @property
    def operators_server(self) -> str:
        """In alice's project, with properties that she may not set."""
        return self._servers[1]

    @functools.cached_property
    def image(self) -> str:
        """Alice's own, of which bob is a member."""
        image_id = self.cloud.upload("alice")
        path, bob = f"/v2/images/{image_id}/members", self.cloud.project("bob")
        for who, method, where, body in (
            ("alice", "POST", path, {"member": bob}),
            ("bob", "PUT", f"{path}/{bob}", {"status": "accepted"}),
        ):
            answer = self.cloud.call(self.cloud.glance, who, method, where, json=body)
            assert answer.status == 200, answer
        return image_id

    # -- what attackers have

    @functools.cached_property
    def _riders(self) -> dict[str, str]:
        """The marked id of alice's boot, as it rode; and one as bob's boot of the same image would have."""
        rows = self.cloud.suite_rows(
            "select r.request_id from glance_related_riders r join glance_related_server_overrides o"
            " on o.request_id = r.own_request_id where r.kind = %s and o.instance_id = %s",
            OVERRIDE, self.server,
        )  # fmt: skip
        (alices,) = (row["request_id"] for row in rows)
        return {"alice": alices, "bob": self.noted("bob")}

    def old_rider(self) -> str:
        return self.noted("alice", since=utcnow() - datetime.timedelta(days=1))

    def noted(
        self, who: str, *, image: str | None = None, rescue: str | None = None, since: datetime.datetime | None = None
    ) -> str:
        """A marked id under which what anybody may override rides, as if `who` had booted with it; no server has it.

        :param image: of which it is; by default the one that all boot from
        :param rescue: the image below it
        """
        image = image or self.cloud.images_by_name["tiny"]
        request_id = self.marks.new_id(decides=True)
        content = Override(PERMITTED, image, rescue or image).content()
        self.cloud.suite_rows(
            "insert into glance_related_riders (request_id, kind, own_request_id, nova_installation_uuid, project_id,"
            " user_id, content, created_at) values (%s, %s, %s, %s, %s, %s, %s, %s)",
            request_id, OVERRIDE, f"req-{uuid.uuid4()}", self.cloud.installation, self.cloud.project(who),
            self.cloud.accounts.users[who.partition("@")[0]], json.dumps(content), since or utcnow(),
        )  # fmt: skip
        return request_id
