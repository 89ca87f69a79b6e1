"""Where an attack takes place: one nova-api and the Glance behind it, with all our defences or without one of them."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any

from glance_related.instance_aware import rules
from tests.real.nova.attacks.stage import Stage
from tests.real.nova.attacks.table import Attack
from tests.real.wire import Answer, raw

if TYPE_CHECKING:
    from cloud.glance import Glance
    from cloud.nova_programs import Api


class Succeeded(AssertionError):
    """The attack has reached what it was after."""


class World:
    """What an attack may do, and what it looks at.

    Where things are not `exact`, only what an attack is after is looked at, not how it was answered.
    `undone` says that defences can be taken away here.
    """

    def __init__(self, stage: Stage, *, server: str = "gunicorn", undone: bool = False, exact: bool = True) -> None:
        """`server` is what the nova-api stands under; one whose defences can be taken away is under gunicorn."""
        self.stage = stage
        self.cloud = stage.cloud
        self.undone = undone
        self.exact = exact
        self.api: Api = stage.undone_api if undone else stage.api(server)
        self.glance: Glance = stage.undone_glance if undone else stage.cloud.glance
        #: No other image has it.
        self.name = f"attack-{uuid.uuid4()}"

    @property
    def server(self) -> str:
        return self.stage.server

    @property
    def other_server(self) -> str:
        return self.stage.other_server

    # -- what is done

    @property
    def path(self) -> str:
        return f"/v2.1/servers/{self.server}/action"

    def call(self, who: str, method: str, path: str, **extra: Any) -> Answer:
        """A request to Nova, once nothing is being done to alice's server."""
        if method != "GET" and "/images/" not in path:
            self.cloud.wait_for_server("alice", self.server, "ACTIVE")
        return self.cloud.call(self.api, who, method, path, **extra)

    def act(self, body: Any, who: str = "alice", **extra: Any) -> Answer:
        """POST an action on alice's server."""
        return self.call(who, "POST", self.path, json=body, **extra)

    def act_raw(self, body: bytes, content_type: str = "application/json", **extra: Any) -> Answer:
        headers = {"Content-Type": content_type, **extra.pop("headers", {})}
        return self.call("alice", "POST", self.path, body=body, headers=headers, **extra)

    def raw(self, request: bytes) -> list[Answer]:
        """Exactly these bytes, sent to Nova."""
        self.cloud.wait_for_server("alice", self.server, "ACTIVE")
        return raw(self.api.port, request)

    @property
    def reads_chunks(self) -> bool:
        """Whether a chunked body gets through to Nova, by the server that it stands under."""
        return self.api.server == "gunicorn"

    def create_image(self, **metadata: str) -> dict[str, Any]:
        return {"createImage": {"name": self.name, "metadata": metadata}}

    def create_backup(self, **metadata: str) -> dict[str, Any]:
        about = {"name": self.name, "backup_type": self.name, "rotation": 9, "metadata": metadata}
        return {"createBackup": about}

    def lie(self, name: str) -> str:
        """What would be false of an image of alice's server."""
        others = {"nova_installation_uuid": self.cloud.installation, "instance_owner": self.cloud.project("bob"),
                  "owner": self.cloud.project("bob"), "image_type": "backup", "backup_type": "daily",
                  "id": str(uuid.uuid4())}  # fmt: skip
        return others.get(name.strip().lower(), self.other_server)

    @property
    def tuple(self) -> dict[str, str]:
        """That of the other server."""
        return {name: self.lie(name) for name in rules.NAMES}

    # -- what is there before

    def image(self, **properties: str) -> str:
        """An image of alice's without a tuple."""
        about = {"name": self.name, **properties}
        answer = self.cloud.call(self.cloud.glance, "alice", "POST", "/v2/images", json=about)
        assert answer.status == 201, answer
        return str(answer.json()["id"])

    def bound(self) -> str:
        """An image of alice's that is bound to her server, all defences up."""
        image_id = self.image(team="blue")
        own = {"nova_installation_uuid": self.cloud.installation, "instance_id": self.server}
        changes = [{"op": "add", "path": f"/{name}", "value": value} for name, value in own.items()]
        headers = {"Content-Type": "application/openstack-images-v2.1-json-patch"}
        path = f"/v2/images/{image_id}"
        answer = self.cloud.call(self.cloud.glance, "admin", "PATCH", path, json=changes, headers=headers)
        assert answer.status == 200, answer
        return image_id

    # -- what is looked at

    def holds(self, condition: bool, what: str) -> None:
        """A condition that only a successful attack makes false."""
        if not condition:
            raise Succeeded(what)

    def expect(self, answer: Answer, status: int, code: Any) -> None:
        """How the attacker is answered: with this status, and this code of ours (None: by Nova; ...: either)."""
        if self.exact:
            assert answer.status == status, answer
            assert code is ... or answer.code == code, answer

    def named(self, name: str | None = None) -> list[str]:
        """The ids of all images of that name in Glance's own tables."""
        rows = self.cloud.glance_rows("select id from images where name = %s and deleted = 0", name or self.name)
        return [row["id"] for row in rows]

    def nothing_made(self, answer: Answer) -> None:
        """Glance has no image of it, and nothing rides."""
        self.holds(self.named() == [], f"an image was made: {answer}")
        self.nothing_rides(answer)

    def nothing_rides(self, answer: Answer) -> None:
        riding = self.stage.riding(answer.headers["x-compute-request-id"])
        self.holds(riding == [], f"it is kept that {riding}")

    def rightly_bound(self, image_id: str, server: str | None = None) -> None:
        """To alice's server, by our table; and no native tuple beside."""
        stored = self.cloud.stored(image_id)
        self.holds(stored == (self.cloud.installation, server or self.server), f"{image_id} is bound to {stored}")
        self.no_native_tuple(image_id)

    def unbound(self, image_id: str) -> None:
        """Neither our table nor Glance's own has anything of a tuple for that image."""
        stored = self.cloud.stored(image_id)
        self.holds(stored is None, f"{image_id} is bound to {stored}")
        self.no_native_tuple(image_id)

    def no_native_tuple(self, image_id: str) -> None:
        native = self.properties(image_id)
        self.holds(not native.keys() & set(rules.NAMES), f"Glance holds {native}")

    def properties(self, image_id: str) -> dict[str, str]:
        """What Glance's own tables hold of an image's properties."""
        image = self.cloud.image(image_id)
        assert image is not None, f"{image_id} is gone"
        return dict(image["properties"])

    def adoptions(self, image_id: str) -> list[dict[str, Any]]:
        """What Nova has only said of an image."""
        return self.cloud.suite_rows("select * from glance_related_adoptions where image_id = %s", image_id)


def carry_out(attack: Attack, form: str, world: World, modules: Sequence[ModuleType]) -> None:
    """By the one function of its name in these modules."""
    found = [getattr(module, attack.name) for module in modules if hasattr(module, attack.name)]
    assert len(found) == 1, f"{len(found)} functions are called {attack.name}"
    function: Callable[..., None] = found[0]
    function(world, *([form] if attack.forms else []))


def made(answer: Answer) -> str:
    """The id of the image that an accepted createImage or createBackup has made; in the oldest version its address."""
    assert answer.status == 202, answer
    return answer.headers["location"].rpartition("/")[2]
