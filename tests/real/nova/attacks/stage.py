"""What the attacks of one run share: servers, riders, people, and a Nova and a Glance to take defences away from."""

from __future__ import annotations

import contextlib
import copy
import functools
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glance_related.riders.mark import Marks
from tests.real.nova.attacks.undo import NO_FILTERS
from tests.real.nova.nova_cloud import NovaCloud
from tests.servers.ports import free_port

if TYPE_CHECKING:
    from cloud.glance import Glance
    from cloud.nova_programs import Api

#: Services in project `service`; only `other-nova` is registered, for an installation of its own.
MORE_SERVICES = {
    "cinder": ("service", "member"),
    "unheard-of": ("service", "admin"),
    "other-nova": ("service", "admin"),
}

#: A second member of alice's project.
COLLEAGUE = "carol@alice"

_PASTE = """
[filter:undo]
paste.filter_factory = {undo}:filter_factory
file = {file}
"""
_PROJECT = Path(__file__).parents[4]
_HUGE = 1 << 26


#: The installation of `other-nova`; every stage says so anew.
_OTHER = str(uuid.uuid5(uuid.NAMESPACE_DNS, "other-nova"))


class Stage:
    """Made once; stop() what it has started."""

    #: Our words in the pipelines that are attacked.
    IN_GLANCE, IN_NOVA = "instance_aware", "instance_aware_nova"
    #: What takes their defences away.
    UNDO = "tests.real.nova.attacks.undo"
    #: What the names of its servers begin with.
    PREFIX = ""

    def __init__(self, cloud: NovaCloud) -> None:
        self.cloud = cloud
        self.marks = Marks((cloud.compute.mark_key,))
        self._undone_file = cloud.root / f"{self.PREFIX}undone"
        self._undone_api: Api | None = None
        for name, roles in MORE_SERVICES.items():
            cloud.accounts.user(name, "service", roles)
        cloud.accounts.user("carol", "alice")
        # in a region of its own: reconcile believes no Nova that two installations lead to
        users = [cloud.accounts.users["other-nova"]]
        cloud.suite.add_installation(_OTHER, "other-nova", users, region="RegionNowhere")

    def stop(self) -> None:
        if self._undone_api is not None:
            self._undone_api.stop()

    # -- whose servers there are

    @functools.cached_property
    def _servers(self) -> list[str]:
        owners = ("alice", "alice", "bob")
        boots = [self.cloud.boot(who, "attacked", wait=False) for who in owners]
        for who, server in zip(owners, boots, strict=True):
            self.cloud.wait_for_server(who, server, "ACTIVE")
        return boots

    @property
    def server(self) -> str:
        """Alice's, which is attacked."""
        return self._servers[0]

    @property
    def other_server(self) -> str:
        """Alice's too."""
        return self._servers[1]

    @property
    def bobs_server(self) -> str:
        return self._servers[2]

    # -- where they attack

    def api(self, server: str) -> Api:
        """The nova-api with our filter that stands under this server."""
        if server == self.cloud.nova.api.server:
            return self.cloud.nova.api
        return self.cloud.extra_api(f"{server}-nova-api", server=server, filters=self.IN_NOVA, suite_conf=self.conf)

    def stock_api(self, server: str) -> Api:
        """One without a filter of ours, under this server."""
        return self.cloud.extra_api(f"{server}-stock-nova-api", server=server)

    @property
    def conf(self) -> Path:
        """What our filters in front of Nova are told."""
        return self.cloud.compute.sites[0].suite.conf

    @property
    def more_of_glance(self) -> dict[str, Any]:
        """What the Glance has besides whose defences can be taken away; as in `cloud.glance.Glance`."""
        return {}

    # -- a Nova and a Glance whose defences can be taken away; one thread each: it is done to the whole process

    @property
    def undone_glance(self) -> Glance:
        """Here, as by Glance's own default, any good token passes as a service token."""
        return self.cloud.extra_glance(
            f"{self.PREFIX}undone-glance", before="undo", filters=self.IN_GLANCE, threads=1,
            service_token_roles_required=False, pythonpath=[_PROJECT], paste_extra=self._paste, **self.more_of_glance,
        )  # fmt: skip

    @property
    def undone_api(self) -> Api:
        """A nova-api that asks that Glance, and leaves the length of bodies to us."""
        if self._undone_api is None:
            nova = copy.copy(self.cloud.nova)
            nova.pythonpath = [str(_PROJECT)]
            api = nova.extra_api(
                f"{self.PREFIX}undone-nova-api", free_port(), before="undo", filters=self.IN_NOVA, threads=1,
                suite_conf=self.conf, paste_extra=self._paste,
                conf_extra=f"[glance]\nendpoint_override = {self.undone_glance.url}\n"
                f"[oslo_middleware]\nmax_request_body_size = {_HUGE}",
            )  # fmt: skip
            self._undone_api = api
            api.start()
        return self._undone_api

    @property
    def _paste(self) -> str:
        return _PASTE.format(undo=self.UNDO, file=self._undone_file)

    @contextlib.contextmanager
    def without(self, defence: str | None) -> Iterator[None]:
        """The two without a defence; None: with all."""
        self._undone_file.write_text(defence or "")
        try:
            yield
        finally:
            self._undone_file.write_text("")

    # -- what attackers have

    def rider(self, whose: str) -> str:
        """The marked id of a snapshot that was made: alice's of her other server, or bob's."""
        return self._riders[whose]

    @functools.cached_property
    def _riders(self) -> dict[str, str]:
        return {who: self._snapshot(who, server) for who, server in
                (("alice", self.other_server), ("bob", self.bobs_server))}  # fmt: skip

    def _snapshot(self, who: str, server: str) -> str:
        answer = self.cloud.action(who, server, {"createImage": {"name": "a snapshot"}})
        assert answer.status == 202, answer
        self.cloud.wait_for_image(answer.json()["image_id"])  # until then Nova goes on asking Glance under it
        self.cloud.wait_for_server(who, server, "ACTIVE")
        (rider,) = self.riding(answer.headers["x-compute-request-id"])
        return str(rider["request_id"])

    def old_rider(self) -> str:
        """Alice's, as if it had been noted yesterday; each one new, for reconcile removes such."""
        old = self.marks.new_id()
        self.cloud.suite_rows(
            "insert into glance_related_riders (request_id, kind, own_request_id, nova_installation_uuid, project_id,"
            " user_id, content, created_at) select %s, kind, own_request_id, nova_installation_uuid, project_id,"
            " user_id, content, created_at - interval 1 day from glance_related_riders where request_id = %s",
            old, self.rider("alice"),
        )  # fmt: skip
        return old

    def riding(self, own_request_id: str) -> list[dict[str, Any]]:
        """What is kept of a request, by the id under which Nova answered it."""
        return self.cloud.suite_rows("select * from glance_related_riders where own_request_id = %s", own_request_id)

    @functools.cached_property
    def lying_server(self) -> str:
        """A server of alice's from before we came, of an image with native properties of our names."""
        lies = {"nova_installation_uuid": self.cloud.installation, "instance_id": self.other_server,
                "instance_uuid": self.other_server}  # fmt: skip
        self.undone_api  # noqa: B018 (it starts)
        with self.without(NO_FILTERS):
            about = {"name": "it lies", "disk_format": "raw", "container_format": "bare", **lies}
            answer = self.cloud.call(self.undone_glance, "alice", "POST", "/v2/images", json=about)
            assert answer.status == 201, answer
            image_id = answer.json()["id"]
            headers = {"Content-Type": "application/octet-stream"}
            path = f"/v2/images/{image_id}/file"
            self.cloud.call(self.undone_glance, "alice", "PUT", path, body=b"x" * 4096, headers=headers)
            server = self.cloud.boot("alice", "it lies", image_id, on=self.undone_api)
        kept = self.system_metadata(server)
        assert {name: kept.get(f"image_{name}") for name in lies} == lies, "Nova keeps them, to hand them on"
        return server

    def system_metadata(self, server: str) -> dict[str, str]:
        """What Nova keeps of the image that a server was booted from."""
        query = "select * from instance_system_metadata where instance_uuid = %s and deleted = 0"
        return {row["key"]: row["value"] for row in self.cloud.nova_rows(query, server)}
