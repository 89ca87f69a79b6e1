"""A package menu: published by the administrator, chosen from by alice, handed over by a worker, and seen to arrive."""

from __future__ import annotations

import configparser
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

from cloud import web
from cloud.nova_stage import NovaStage
from cloud.paste import PAGE
from cloud.stage import Stage

ENTRIES = [
    {"name": "demo-apache", "kind": "package", "title": "Apache", "category": "demo"},
    {"name": "demo-port", "kind": "variable", "type": "integer", "default": 80, "min": 1, "max": 65535,
     "packages": ["demo-apache"], "on_by_default": True},
    {"name": "demo-token", "kind": "variable", "type": "secret", "packages": ["demo-apache"], "on_by_default": True},
    {"name": "demo-logs", "kind": "package", "on_by_default": True},
]  # fmt: skip


def play(stage: Stage) -> None:
    """On the first Nova; without one there is nothing to boot."""
    if not stage.novas:
        stage.scene("Servers have packages, and here is no Nova: start tools/serve --cloud")
        return
    story = Story(stage, NovaStage(stage, stage.novas[0]))
    try:
        story.publish()
        story.offer()
        story.boot()
        story.refuse()
        story.change()
        story.change_the_default()
        story.come_for_it()
        story.browse()
        story.keep_secrets()
        story.delete()
    finally:
        story.tidy()


class Story:
    """Alice's server."""

    def __init__(self, stage: Stage, nova: NovaStage) -> None:
        self.stage = stage
        self.nova = nova
        self.server = ""
        self.project = stage.projects["alice"]

    def publish(self) -> None:
        self.stage.scene("The administrator publishes packages and variables; a file is tried out first")
        for dry_run in (True, False):
            body = {"entries": ENTRIES, "dry_run": dry_run}
            told = self.nova.ask("admin", "POST", "/package-menu", body, 200).json()
            self.stage.expect("what is new", told["created"], sorted(entry["name"] for entry in ENTRIES))

    def offer(self) -> None:
        self.stage.scene("He lets alice's project have Apache; bob's project learns nothing of it")
        path = f"/package-menu/projects/{self.project}"
        self.nova.ask("admin", "PUT", f"{path}/demo-apache", {"state": "available"}, 200)
        self.stage.expect("alice's menu", self._menu("alice", path), sorted(entry["name"] for entry in ENTRIES))
        self.nova.ask("bob", "GET", path, None, 404)
        bobs = self._menu("bob", f"/package-menu/projects/{self.stage.projects['bob']}")
        self.stage.expect("whether bob sees Apache", "demo-apache" in bobs, False)

    def boot(self) -> None:
        self.stage.scene("Alice boots a server with Apache, a port of her own and a secret")
        asked: dict[str, Any] = {
            "packages": ["demo-apache"],
            "package_variables": {"demo-port": 8080, "demo-token": "hush"},
        }
        self.server = self.nova.boot("alice", "demo-packages", **asked)
        self._arrives({"demo-port": 8080, "demo-token": "hush"})
        shown = self.nova.ask("alice", "GET", f"/servers/{self.server}", None, 200).json()["server"]
        self.stage.expect("what Nova's own GET shows", shown["package_variables"]["demo-token"], None)

    def refuse(self) -> None:
        self.stage.scene("What is wrong is told at once, and no server is made")
        wrong = {"packages": ["demo-nothing"], "package_variables": {"demo-port": 0, "demo-logs": "x"}}
        refused = self.nova.try_to_boot("alice", "demo-refused", 400, **wrong)
        parts = refused.json()["badRequest"]["glance_related_problems"]
        names = sorted(part["name"] for part in parts)
        self.stage.expect("what is wrong", names, ["demo-logs", "demo-nothing", "demo-port"])

    def change(self) -> None:
        self.stage.scene("She changes it while the server runs, and sees that it has arrived")
        path = f"/servers/{self.server}/packages"
        self.nova.ask("alice", "PUT", f"{path}/demo-port", {"value": 8081}, 200)
        self._arrives({"demo-port": 8081, "demo-token": "hush"})
        self.nova.wait(self._is_current, "the driver has what she wants")
        (told,) = [one for one in self._settings()["deliveries"] if one["driver"] == "file"]
        self.stage.told("the API", f"driver file: {told['state']}, generation {told['applied_generation']}")
        self.nova.ask("bob", "PUT", f"{path}/demo-port", {"value": 1}, 404)

    def change_the_default(self) -> None:
        self.stage.scene("A changed default of her project reaches the servers that did not deviate")
        self.nova.ask("alice", "DELETE", f"/servers/{self.server}/packages/demo-port", None, 200)
        path = f"/package-menu/projects/{self.project}/demo-port"
        self.nova.ask("admin", "PUT", path, {"state": "default", "default": 8888}, 200)
        self._arrives({"demo-port": 8888, "demo-token": "hush"})

    def come_for_it(self) -> None:
        self.stage.scene("The server itself comes for what it is to have, and says what became of it")
        settings = self._guest("GET", "settings")
        part = settings.json()["parts"]["package_menu"]
        self.stage.told("the guest", f"is to have {[one['package'] for one in part['packages']]}")
        packages = {one["name"]: one["package"] for one in part["packages"]}
        report = {"part": "package_menu", "server": settings.json()["server"], "generation": part["generation"],
                  "ok": True, "packages": packages, "message": ""}  # fmt: skip
        self._guest("POST", "report", json.dumps(report).encode())
        (told,) = [one for one in self._settings()["deliveries"] if one["driver"] == "guest"]
        self.stage.expect("what the API says of the guest", (told["state"], told["is_current"]), ("confirmed", True))
        self.stage.told("the API", f"driver guest: {told['state']}, generation {told['applied_generation']}")

    def browse(self) -> None:
        self.stage.scene("In a browser there is a page for all of this")
        url = f"{self.stage.novas[0]['url']}{PAGE}/login"
        reply = web.request("GET", url)
        self.stage.told("anybody", f"GET {url} -> {reply.status}")
        self.stage.expect("the status of the page", reply.status, 200)

    def keep_secrets(self) -> None:
        self.stage.scene("The secret is in no answer, in no history and not in the tables")
        path = f"/servers/{self.server}/packages"
        for asked in (path, f"{path}/history", f"/servers/{self.server}"):
            reply = self.nova.ask("alice", "GET", asked, None, 200)
            self.stage.expect(f"whether GET {asked} tells it", "hush" in reply.text, False)
        self.stage.expect("where it stands in our tables", self.stage.places("suite", "hush"), [])

    def delete(self) -> None:
        self.stage.scene("The server is deleted, and whoever had its settings forgets it")
        self.nova.ask("alice", "DELETE", f"/servers/{self.server}", None, 204)
        self.nova.wait(lambda: self._document() is None, "the driver has forgotten it")
        self.stage.told("driver file", "has forgotten it")

    def tidy(self) -> None:
        self.nova.tidy()
        for entry in ENTRIES:
            self.nova.request("admin", "DELETE", f"/package-menu/{entry['name']}?force=true")

    def _guest(self, method: str, what: str, body: bytes | None = None) -> web.Reply:
        """What the guest asks of Nova's metadata service, as Neutron's proxy hands it on."""
        nova = self.stage.novas[0]
        conf = configparser.RawConfigParser(strict=False)
        conf.read(Path(self.stage.var) / "etc" / nova["name"] / "nova.conf")
        secret = conf["neutron"]["metadata_proxy_shared_secret"]
        headers = {
            "X-Instance-ID": self.server,
            "X-Tenant-ID": self.project,
            "X-Instance-ID-Signature": hmac.new(secret.encode(), self.server.encode(), hashlib.sha256).hexdigest(),
        }
        query = "" if body is None else f"?length={len(body)}&sha256={hashlib.sha256(body).hexdigest()}"
        path = f"/openstack/glance-related/v1/{what}{query}"
        reply = web.request(method, f"{nova['metadata']}{path}", headers=headers, body=body)
        self.stage.told("the guest", f"{method} {path} -> {reply.status}")
        self.stage.expect(f"the status of the guest's {method}", reply.status, 200)
        return reply

    # -- looking

    def _menu(self, who: str, path: str) -> list[str]:
        shown = self.nova.ask(who, "GET", path, None, 200).json()["project_packages"]
        return sorted(entry["name"] for entry in shown if entry["name"].startswith("demo-"))

    def _settings(self) -> Any:
        return self.nova.request("alice", "GET", f"/servers/{self.server}/packages").json()["server_packages"]

    def _is_current(self) -> bool:
        return all(one["is_current"] for one in self._settings()["deliveries"] if one["driver"] == "file")

    def _document(self) -> Any:
        """What the driver file has of the server."""
        folder = Path(self.stage.var) / "package-menu" / self.stage.novas[0]["nova_installation_uuid"]
        path = folder / f"{self.server}.json"
        return json.loads(path.read_text()) if path.exists() else None

    def _arrives(self, variables: dict[str, Any]) -> None:
        def arrived() -> bool:
            document = self._document()
            return (
                document is not None
                and {name: value for name, value in document["variables"].items() if name.startswith("demo-")}
                == variables
            )

        self.nova.wait(arrived, f"the driver has {variables}")
        document = self._document()
        self.stage.told("driver file", f"packages {', '.join(document['packages'])}; variables {document['variables']}")
