"""Images know the server they came from: the backup scheduler's story, and who may not write in it."""

from __future__ import annotations

import secrets
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cloud import web
from cloud.stage import Stage, ids
from demos import _instance_aware_nova

NAMES = ("nova_installation_uuid", "instance_id")

# A reader of the table sees at once which rows are a demo's.
_PREFIX = "demo-"


def play(stage: Stage) -> None:
    story = Story(stage)
    try:
        story.bind()
        story.list_by_instance()
        story.share_with_alice()
        story.refuse_bob()
        story.drop_from_nova()
        story.change()
        story.list_per_customer()
        story.delete()
    finally:
        story.tidy()
    if stage.novas:
        _instance_aware_nova.play(stage)


class Story:
    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        # Each telling is about servers of its own, so that what others have made cannot disturb it.
        telling = secrets.token_hex(4)
        self.server = f"{_PREFIX}{telling}-web"
        self.other = f"{_PREFIX}{telling}-db"
        self.made: list[tuple[str, str]] = []
        self.backups: list[str] = []

    def bind(self) -> None:
        self.stage.scene("The backup scheduler makes two images of one server and one of another")
        for name, server in (("monday", self.server), ("tuesday", self.server), ("monday", self.other)):
            image = self._create("scheduler", name, self._tuple(server)).json()
            self.stage.expect("the tuple in the reply", self._pair(image), self._tuple(server))
            self.backups.append(image["id"])
        for image_id, server in zip(self.backups, (self.server, self.server, self.other), strict=True):
            self.stage.expect("our row", self._our_row(image_id), self._tuple(server))
            self._show_glances_row(image_id)
        self._glance_knows_nothing()

    def list_by_instance(self) -> None:
        self.stage.scene("One question finds the images of one server, in Glance's order")
        order = ids(self.stage.ask("scheduler", "GET", "/v2/images?limit=1000", status=200).json()["images"])
        wanted = [image_id for image_id in order if image_id in self.backups[:2]]
        reply = self.stage.ask("scheduler", "GET", self._question(self.server), status=200).json()
        self.stage.expect("the list of that server's images", ids(reply["images"]), wanted)

        first = self._question(self.server) + "&limit=1"
        path, walked = first, []
        while path:
            page = self.stage.ask("scheduler", "GET", path, status=200).json()
            walked += ids(page["images"])
            path = page.get("next")
            if path:
                words = parse_qs(urlsplit(path).query)
                words.pop("marker")
                self.stage.expect("the link to the next page", words, parse_qs(urlsplit(first).query))
        self.stage.expect("the same list, walked page by page", walked, wanted)

    def share_with_alice(self) -> None:
        self.stage.scene("Alice sees a backup of her server once it is shared with her, and only then")
        question, backup = self._question(self.server), self.backups[0]
        hers = self.stage.ask("alice", "GET", question, status=200).json()
        self.stage.expect("what alice sees before", ids(hers["images"]), [])
        alice = self.stage.projects["alice"]
        members = f"/v2/images/{backup}/members"
        self.stage.ask("scheduler", "POST", members, {"member": alice}, status=200)
        self.stage.ask("alice", "PUT", f"{members}/{alice}", {"status": "accepted"}, status=200)
        hers = self.stage.ask("alice", "GET", question, status=200).json()
        self.stage.expect("what alice sees after", ids(hers["images"]), [backup])

    def refuse_bob(self) -> None:
        self.stage.scene("Bob, a customer, may not say which server an image is of")
        before = self._count(), self._bobs_images()
        forged = {"name": "forged", **self._tuple(self.server)}
        self.stage.ask("bob", "POST", "/v2/images", forged, status=403)
        self.stage.expect("rows of ours and bob's images in Glance", (self._count(), self._bobs_images()), before)
        own = self._create("bob", "his own", {}).json()["id"]
        self._patch("bob", own, [{"op": "add", "path": f"/{name}", "value": value}
                                 for name, value in self._tuple(self.server).items()], status=403)  # fmt: skip
        self.stage.expect("our row of bob's image", self._our_row(own), None)
        self._glance_knows_nothing()

    def drop_from_nova(self) -> None:
        self.stage.scene("What Nova's own service user sends may be a customer's words: dropped, not believed")
        image = self._create("nova", "snapshot", self._tuple(self.server)).json()
        self.stage.expect("the tuple in Nova's reply", self._pair(image), {})
        self.stage.expect("our row of Nova's image", self._our_row(image["id"]), None)
        self._glance_knows_nothing()

    def change(self) -> None:
        self.stage.scene("The scheduler takes a tuple away and gives another")
        image_id = self.backups[1]
        gone = self._patch("scheduler", image_id, [{"op": "remove", "path": f"/{name}"} for name in NAMES])
        self.stage.expect("the tuple after its removal", self._pair(gone), {})
        self.stage.expect("our row", self._our_row(image_id), None)
        moved = self._patch(
            "scheduler",
            image_id,
            [{"op": "add", "path": f"/{name}", "value": value} for name, value in self._tuple(self.other).items()],
        )
        self.stage.expect("the tuple in the reply", self._pair(moved), self._tuple(self.other))
        for server, wanted in ((self.server, self.backups[:1]), (self.other, self.backups[1:])):
            reply = self.stage.ask("scheduler", "GET", self._question(server), status=200).json()
            self.stage.expect(f"the images of {server}", sorted(ids(reply["images"])), sorted(wanted))
        self._glance_knows_nothing()

    def list_per_customer(self) -> None:
        self.stage.scene("An admin lists what Alice would see; for Bob the word means nothing")
        self._create("alice", "her own", {})
        hers = self.stage.ask("alice", "GET", "/v2/images", status=200).json()["images"]
        per_customer = f"/v2/images?customer={self.stage.projects['alice']}"
        seen = self.stage.ask("admin", "GET", per_customer, status=200).json()["images"]
        self.stage.expect("the admin's list in alice's place", seen, hers)
        stolen = self.stage.ask("bob", "GET", per_customer, status=200).json()["images"]
        self.stage.expect("what bob gets of it", ids(stolen), [])

    def delete(self) -> None:
        self.stage.scene("With an image goes its row")
        for image_id in self.backups:
            self.stage.ask("scheduler", "DELETE", f"/v2/images/{image_id}", status=204)
            self.stage.expect("our row", self._our_row(image_id), None)
        for server in (self.server, self.other):
            reply = self.stage.ask("scheduler", "GET", self._question(server), status=200).json()
            self.stage.expect(f"the images of {server}", ids(reply["images"]), [])
            self.stage.expect(f"places in our database that name {server}", self.stage.places("suite", server), [])

    def tidy(self) -> None:
        """Nothing of the story stays, however it ended."""
        for who, image_id in self.made:
            self.stage.request(who, "DELETE", f"/v2/images/{image_id}")

    def _create(self, who: str, name: str, tuple_: dict[str, str]) -> web.Reply:
        reply = self.stage.ask(who, "POST", "/v2/images", {"name": name, **tuple_}, status=201)
        self.made.append((who, reply.json()["id"]))
        return reply

    def _patch(self, who: str, image_id: str, operations: list[Any], status: int = 200) -> dict[str, Any]:
        kind = {"Content-Type": "application/openstack-images-v2.1-json-patch"}
        reply = self.stage.ask(who, "PATCH", f"/v2/images/{image_id}", operations, status=status, headers=kind)
        image: dict[str, Any] = reply.json()
        return image

    def _tuple(self, server: str) -> dict[str, str]:
        return dict(zip(NAMES, (self.stage.installation, server), strict=True))

    def _question(self, server: str) -> str:
        return f"/v2/images?nova_installation_uuid={self.stage.installation}&instance_id={server}"

    def _pair(self, image: dict[str, Any]) -> dict[str, str]:
        return {name: image[name] for name in NAMES if name in image}

    def _our_row(self, image_id: str) -> dict[str, str] | None:
        query = f"SELECT {', '.join(NAMES)} FROM glance_related_image_instances WHERE image_id = ?"
        rows = self.stage.rows("suite", query, image_id)
        self.stage.told("our table", f"{rows[0] if rows else 'no row'} for {image_id}")
        return rows[0] if rows else None

    def _show_glances_row(self, image_id: str) -> None:
        image = self.stage.rows("glance", "SELECT id, name, owner FROM images WHERE id = ?", image_id)
        query = "SELECT name, value FROM image_properties WHERE image_id = ?"
        properties = self.stage.rows("glance", query, image_id)
        self.stage.told("Glance's tables", f"images: {image[0]}; image_properties: {properties}")

    def _count(self) -> int:
        query = "SELECT count(*) AS n FROM glance_related_image_instances"
        counted: int = self.stage.rows("suite", query)[0]["n"]
        return counted

    def _bobs_images(self) -> int:
        query = "SELECT count(*) AS n FROM images WHERE owner = ?"
        counted: int = self.stage.rows("glance", query, self.stage.projects["bob"])[0]["n"]
        return counted

    def _glance_knows_nothing(self) -> None:
        """No cell of Glance's whole database holds the server or the installation."""
        for text in (self.server, self.other, self.stage.installation):
            found = self.stage.places("glance", text)
            self.stage.expect(f"places in Glance's own database that hold {text}", found, [])
        self.stage.told("Glance's tables", "hold neither the installation nor the servers, in no cell of any table")
