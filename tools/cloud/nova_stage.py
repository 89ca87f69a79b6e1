"""What a demo plays on where there is a Nova: asked as the people of the cloud, servers made and taken away again."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from cloud import rc, web
from cloud.compute import FLAVOR
from cloud.images import IMAGE
from cloud.keystone import issue
from cloud.stage import Stage, Surprise

_MICROVERSION = "compute 2.90"

# A real cloud takes seconds for what a customer sees as one step.
_PATIENCE = 120


class NovaStage:
    """One Nova of the stage; what is done is printed as it happens."""

    def __init__(self, stage: Stage, nova: dict[str, str]) -> None:
        self.stage = stage
        self.name = nova["name"]
        self._url = nova["url"]
        self._tokens: dict[str, str] = {}
        self._servers: list[tuple[str, str]] = []

    def image(self, who: str) -> str:
        """The id of the image that is there for everybody."""
        found = self.stage.request(who, "GET", f"/v2/images?name={IMAGE}&visibility=public").json()["images"]
        return str(found[0]["id"])

    def boot(self, who: str, name: str, **more: Any) -> str:
        """A server that becomes ACTIVE; its id. `more` stands in the body beside the usual."""
        reply = self.try_to_boot(who, name, 202, **more)
        server_id = str(reply.json()["server"]["id"])
        self._servers.append((who, server_id))
        self.settle(who, server_id, "ACTIVE")
        return server_id

    def try_to_boot(self, who: str, name: str, status: int, **more: Any) -> web.Reply:
        """POST /servers, which must be answered `status`."""
        flavors = self.request(who, "GET", "/flavors").json()["flavors"]
        (flavor,) = [one["id"] for one in flavors if one["name"] == FLAVOR]
        about = {"name": name, "flavorRef": flavor, "imageRef": self.image(who), "networks": "none", **more}
        return self.ask(who, "POST", "/servers", {"server": about}, status)

    def act(self, who: str, server_id: str, body: Any, status: int) -> web.Reply:
        return self.ask(who, "POST", f"/servers/{server_id}/action", body, status)

    def settle(self, who: str, server_id: str, status: str) -> None:
        """Until the server has that status and nothing is being done to it."""

        def settled() -> bool:
            server = self.request(who, "GET", f"/servers/{server_id}").json()["server"]
            if server["status"] == "ERROR":
                raise Surprise(f"server {server_id} is in ERROR: {server.get('fault')}")
            return server["status"] == status and server["OS-EXT-STS:task_state"] is None

        self.wait(settled, f"server {server_id} is {status}")
        self.stage.told(self.name, f"server {server_id} is {status}")

    def wait(self, happens: Callable[[], bool], what: str) -> None:
        until = time.monotonic() + _PATIENCE
        while not happens():
            if time.monotonic() > until:
                raise Surprise(f"after {_PATIENCE} s it is not so that {what}")
            time.sleep(0.3)

    def ask(self, who: str, method: str, path: str, body: Any, status: int) -> web.Reply:
        """One request to Nova, which must be answered `status`."""
        self.stage.told(who, f"{method} /v2.1{path}" + ("" if body is None else f" {body}"))
        reply = self.request(who, method, path, body)
        said = reply.text if reply.status >= 400 else ""
        self.stage.told("", f"-> {reply.status} {said}")
        self.stage.expect(f"the status of {who}'s {method} /v2.1{path}", reply.status, status)
        return reply

    def request(
        self, who: str, method: str, path: str, body: Any = None, microversion: str = _MICROVERSION
    ) -> web.Reply:
        """The same, unseen and whatever the answer."""
        headers = {"OpenStack-API-Version": microversion}
        url = f"{self._url}/v2.1{path}"
        return web.request(method, url, token=self._token(who), json_body=body, headers=headers)

    def tidy(self) -> None:
        """No server of the story stays."""
        for who, server_id in self._servers:
            self.request(who, "DELETE", f"/servers/{server_id}")

    def _token(self, who: str) -> str:
        if who not in self._tokens:
            known = rc.read(self.stage.var / f"rc-{who}")
            words = ("OS_AUTH_URL", "OS_USERNAME", "OS_PASSWORD", "OS_PROJECT_NAME")
            self._tokens[who] = issue(*(known[word] for word in words))
        return self._tokens[who]
