"""One image, many machines: a server booted with image properties of its own, and what becomes of them."""

from __future__ import annotations

import json
from typing import Any

from cloud.nova_stage import NovaStage
from cloud.stage import Stage

FIRST = {"hw_video_model": "virtio", "os_command_line": "console=ttyS0 quiet"}
SECOND = {"hw_disk_bus": "scsi"}
KEY = "image_props_override"


def play(stage: Stage) -> None:
    """On the first Nova; without one there is nothing to boot."""
    if not stage.novas:
        stage.scene("Image properties are overridden at boot, and here is no Nova: start tools/serve --cloud")
        return
    story = Story(stage, NovaStage(stage, stage.novas[0]))
    try:
        story.offer()
        story.boot()
        story.keep_the_image()
        story.refuse()
        story.rebuild()
        story.snapshot()
    finally:
        story.tidy()


class Story:
    """Alice's server."""

    def __init__(self, stage: Stage, nova: NovaStage) -> None:
        self.stage = stage
        self.nova = nova
        self.server = ""
        self.images: list[str] = []

    def offer(self) -> None:
        self.stage.scene("What may alice override?")
        schema = self.nova.ask("alice", "GET", "/image-props-override", None, 200).json()
        self.stage.told("", f"{len(schema['properties'])} properties, of which hw_video_model may be "
                            f"{', '.join(schema['properties']['hw_video_model']['enum'])}")  # fmt: skip

    def boot(self) -> None:
        self.stage.scene("She boots the image that everybody boots, with another video model and command line")
        self.server = self.nova.boot("alice", "demo-override", **{KEY: FIRST})
        self._has(FIRST)

    def keep_the_image(self) -> None:
        self.stage.scene("The image is what it was, and nobody else sees anything of it")
        image_id = self.nova.image("alice")
        for who in ("alice", "bob", "admin"):
            image = self.stage.ask(who, "GET", f"/v2/images/{image_id}", status=200).json()
            self.stage.expect(f"what {who} sees of it", [name for name in FIRST if name in image], [])
        self.stage.expect("places in Glance's own database", self.stage.places("glance", FIRST["os_command_line"]), [])

    def refuse(self) -> None:
        self.stage.scene("What is wrong with an override is told at once, and no server is made")
        wrong = {"hw_os_command_line": "x", "hw_video_model": "paper", "hw_cpu_cores": "many"}
        refused = self.nova.try_to_boot("alice", "demo-refused", 400, **{KEY: wrong})
        parts = refused.json()["badRequest"]["glance_related_problems"]
        self.stage.expect("what is wrong", [part["property"] for part in parts], list(wrong))
        servers = self.nova.request("alice", "GET", "/servers?name=demo-refused").json()["servers"]
        self.stage.expect("servers that came of it", servers, [])

    def rebuild(self) -> None:
        image = {"imageRef": self.nova.image("alice")}
        for title, asked, left in (
            ("A rebuild from the same image has what the server had, without a word", image, FIRST),
            ("A rebuild with an override has that one from then on", {**image, KEY: SECOND}, SECOND),
            ("And with an empty one the image's own", {**image, KEY: {}}, {}),
        ):
            self.stage.scene(title)
            self.nova.act("alice", self.server, {"rebuild": asked}, 202)
            self.nova.settle("alice", self.server, "ACTIVE")
            self._has(left)

    def snapshot(self) -> None:
        self.stage.scene("A snapshot carries what the server has, as properties of its own")
        self.nova.act("alice", self.server, {"rebuild": {"imageRef": self.nova.image("alice"), KEY: SECOND}}, 202)
        self.nova.settle("alice", self.server, "ACTIVE")
        made = self.nova.act("alice", self.server, {"createImage": {"name": "demo-overridden"}}, 202).json()["image_id"]
        self.images.append(made)
        self.nova.settle("alice", self.server, "ACTIVE")
        image = self.stage.ask("alice", "GET", f"/v2/images/{made}", status=200).json()
        self.stage.expect("its properties", {name: image.get(name) for name in SECOND}, SECOND)

    def tidy(self) -> None:
        self.nova.tidy()
        for image_id in self.images:
            self.stage.request("alice", "DELETE", f"/v2/images/{image_id}")

    def _has(self, override: dict[str, str]) -> None:
        """By our word, by our table, and by Nova's own."""
        shown: dict[str, Any] = self.nova.ask("alice", "GET", f"/servers/{self.server}", None, 200).json()["server"]
        self.stage.expect("what is shown", shown.get(KEY, {}), override)
        query = "SELECT properties FROM glance_related_server_overrides WHERE instance_id = ?"
        (row,) = self.stage.rows("suite", query, self.server)
        self.stage.told("our table", row["properties"])
        self.stage.expect("our row", json.loads(row["properties"]), override)
        server = self.nova.request("alice", "GET", f"/servers/{self.server}", microversion="compute 2.98")
        said = server.json()["server"]["image"]["properties"]
        names = {*FIRST, *SECOND} & set(said)
        self.stage.told(self.nova.name, f"its own properties of the image: {said}")
        self.stage.expect("what Nova says", {name: said[name] for name in names}, override)
