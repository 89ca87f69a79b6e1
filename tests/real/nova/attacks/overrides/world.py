"""Where an attack on overrides takes place."""

from __future__ import annotations

import json as json_
import re
from typing import TYPE_CHECKING, Any

from tests.real.nova.attacks.overrides.stage import PERMITTED, OverrideStage
from tests.real.nova.attacks.world import World
from tests.real.nova.overridden import KEY
from tests.real.wire import Answer

if TYPE_CHECKING:
    from cloud.glance import Glance

#: Behind these Nova drops what it does not know without a word.
LENIENT = "/v2/servers"
STRICT = "/v2.1/servers"

REQUEST_ID = "X-OpenStack-Request-ID"

_ACTION = re.compile(r"servers/+([0-9a-fA-F-]{36})/+action")


class OverrideWorld(World):
    """`stolen_at` is the Glance at which ids are shown past Nova."""

    stage: OverrideStage

    def __init__(
        self, stage: OverrideStage, *, server: str = "gunicorn", undone: bool = False, exact: bool = True
    ) -> None:
        super().__init__(stage, server=server, undone=undone, exact=exact)
        self.stolen_at: Glance = stage.undone_glance if undone else stage.glance(server)

    # -- what is done

    def call(self, who: str, method: str, path: str, **extra: Any) -> Answer:
        """A request to Nova, once nothing is being done to the server that it is about."""
        found = _ACTION.search(path)
        if found:
            self.cloud.wait_for_server("alice", found[1].lower(), "ACTIVE")
        return self.cloud.call(self.api, who, method, path, **extra)

    def about(self, override: Any = None, **more: Any) -> dict[str, Any]:
        """What stands under `server` in the body of a boot; None: without an override."""
        flavor, image = self.cloud.flavor(), self.cloud.images_by_name["tiny"]
        about = {"name": self.name, "imageRef": image, "flavorRef": flavor}
        return about | ({} if override is None else {KEY: override}) | more

    def boot(self, override: Any, *, path: str = LENIENT, about: Any = None, **extra: Any) -> Answer:
        """POST a boot of alice's; `about` stands in its body besides."""
        return self.call("alice", "POST", path, json={"server": self.about(override, **about or {})}, **extra)

    def boot_raw(self, body: Any, content_type: str = "application/json", path: str = LENIENT, **extra: Any) -> Answer:
        """POST this body, in letters or as what it says."""
        text = body if isinstance(body, bytes) else json_.dumps(body).encode()
        headers = {"Content-Type": content_type, **extra.pop("headers", {})}
        return self.call("alice", "POST", path, body=text, headers=headers, **extra)

    def image_shown(
        self, who: str, service: str | None, request_id: str, *, image: str | None = None, on: Glance | None = None
    ) -> Answer:
        """GET an image of Glance's under this request id, with the service token of `service`."""
        path = f"/v2/images/{image or self.cloud.images_by_name['tiny']}"
        return self.cloud.call(on or self.stolen_at, who, "GET", path, headers={REQUEST_ID: request_id},
                               service_token=service)  # fmt: skip

    def tidy(self) -> None:
        """No server stays of what was tried."""
        for server in self.booted():
            self.cloud.compute_call("alice", "DELETE", f"/servers/{server}")

    # -- what is looked at

    def booted(self) -> list[str]:
        """The servers that came of it."""
        answer = self.cloud.compute_call("alice", "GET", f"/servers?name={self.name}")
        assert answer.status == 200, answer
        return [server["id"] for server in answer.json()["servers"]]

    def active(self, number: int) -> list[str]:
        """The servers that came of it, once so many are active; Nova's API is not asked, for there we would look on."""
        query = "select * from instances where display_name like %s and deleted = 0"

        def seen() -> list[str]:
            rows = self.cloud.nova_rows(query, f"{self.name}%")
            ready = [row["uuid"] for row in rows if row["vm_state"] == "active" and row["task_state"] is None]
            return ready if len(ready) == number else []

        return list(self.cloud.wait_for(seen, f"{number} servers are not there"))

    def refused(self, answer: Answer, status: int, code: Any) -> None:
        """No server came of it; and how the attacker is answered."""
        self.holds(self.booted() == [], f"a server was made: {answer}")
        self.nothing_rides(answer)
        self.expect(answer, status, code)

    def plain(self, answer: Answer) -> None:
        """An image as it is for everybody."""
        assert answer.status == 200, answer
        self.none_of_it(answer.json())

    def none_of_it(self, properties: dict[str, str]) -> None:
        """Nothing of what is overridden is among these properties."""
        self.holds(not PERMITTED.items() & properties.items(), f"it shows: {properties}")

    def nothing_rides(self, answer: Answer) -> None:
        if "x-compute-request-id" in answer.headers:
            super().nothing_rides(answer)
