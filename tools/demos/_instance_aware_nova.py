"""The part of the story that is played through Nova: nobody says of which server an image is, and it is known."""

from __future__ import annotations

import time

from cloud.nova_stage import NovaStage
from cloud.stage import Stage, ids

# Of backups of one type so many are kept.
_ROTATION = 2


def play(stage: Stage) -> None:
    """On each Nova that there is, and then over all of them."""
    stories = [NovaStory(stage, nova) for nova in stage.novas]
    try:
        for story in stories:
            story.boot()
            story.snapshot()
            story.back_up()
            story.shelve()
            story.refuse_bob()
        _ask_one_question(stage, stories)
    finally:
        for story in stories:
            story.tidy()


def _ask_one_question(stage: Stage, stories: list[NovaStory]) -> None:
    stage.scene("The backup scheduler asks one question, whichever Nova it was")
    customer = stage.projects["alice"]
    for story in stories:
        question = story.question(story.server) + f"&customer={customer}&limit=1000"
        answer = stage.ask("scheduler", "GET", question, status=200).json()["images"]
        stage.expect(f"the images of {story.server}", sorted(ids(answer)), sorted(story.images))
        for image in answer:
            stage.expect("its installation", image["nova_installation_uuid"], story.installation)
        for other in stories:
            if other is not story:
                elsewhere = stage.ask("alice", "GET", other.question(story.server), status=200).json()["images"]
                stage.expect(f"that server's images in {other.name}", ids(elsewhere), [])


class NovaStory:
    """A server of alice's on one Nova, and one of bob's beside it."""

    def __init__(self, stage: Stage, nova: dict[str, str]) -> None:
        self.stage = stage
        self.name = nova["name"]
        self.nova = NovaStage(stage, nova)
        self.installation = nova["nova_installation_uuid"]
        self.server = ""
        self.images: list[str] = []

    def question(self, server_id: str) -> str:
        return f"/v2/images?nova_installation_uuid={self.installation}&instance_id={server_id}"

    # -- scenes

    def boot(self) -> None:
        self.stage.scene(f"Alice makes a server on {self.name}, as ever")
        self.server = self.nova.boot("alice", "demo-web")

    def snapshot(self) -> None:
        self.stage.scene("She has a snapshot made, and says nothing of a server's id or an installation")
        body = {"createImage": {"name": "demo-snapshot"}}
        image_id = self.nova.act("alice", self.server, body, 202).json()["image_id"]
        self.nova.settle("alice", self.server, "ACTIVE")
        self._keep(image_id)

    def back_up(self) -> None:
        self.stage.scene(f"She makes backups, of which Nova keeps {_ROTATION}: the oldest goes, with its row")
        made = []
        for number in range(_ROTATION + 1):
            about = {"name": f"demo-backup-{number}", "backup_type": "daily", "rotation": _ROTATION}
            made.append(self.nova.act("alice", self.server, {"createBackup": about}, 202).json()["image_id"])
            self.nova.settle("alice", self.server, "ACTIVE")
            # Glance keeps whole seconds on MariaDB, and of backups of the same one Nova may remove any.
            time.sleep(1)
        self.nova.wait(lambda: not self._row(made[0]), f"the row of {made[0]} goes")
        self.stage.ask("alice", "GET", f"/v2/images/{made[0]}", status=404)
        for image_id in made[1:]:
            self._keep(image_id)

    def shelve(self) -> None:
        self.stage.scene("She shelves the server, and finds by its id what it lies in")
        self.nova.act("alice", self.server, {"shelve": None}, 202)
        self.nova.settle("alice", self.server, "SHELVED_OFFLOADED")
        reply = self.stage.ask("alice", "GET", self.question(self.server), status=200).json()
        found = [image["id"] for image in reply["images"] if image["id"] not in self.images]
        self.stage.expect("images that are new", len(found), 1)
        self._keep(found[0])
        stolen = self.stage.ask("bob", "GET", self.question(self.server), status=200).json()
        self.stage.expect("what bob sees of them", ids(stolen["images"]), [])

    def refuse_bob(self) -> None:
        self.stage.scene("Bob snapshots his own server and says that it is alice's: refused")
        own = self.nova.boot("bob", "demo-bobs")
        for name, value in (("instance_id", self.server), ("instance_uuid", self.server),
                            ("nova_installation_uuid", self.installation)):  # fmt: skip
            body = {"createImage": {"name": "demo-forged", "metadata": {name: value}}}
            refused = self.nova.act("bob", own, body, 400)
            code = refused.headers.get("x-glance-related-code")
            self.stage.expect("the reason", code, "instance_aware.reserved_metadata")
        made = self.stage.rows("glance", "SELECT id FROM images WHERE name = 'demo-forged' AND deleted = 0")
        self.stage.expect("images that came of it", made, [])

    def tidy(self) -> None:
        """Nothing of the story stays, however it ended."""
        self.nova.tidy()
        for image_id in self.images:
            self.stage.request("alice", "DELETE", f"/v2/images/{image_id}")

    # -- what they are made of

    def _keep(self, image_id: str) -> None:
        """An image that is there to stay knows its server; Glance's own tables do not know of the installation."""
        self.images.append(image_id)
        wanted = {"nova_installation_uuid": self.installation, "instance_id": self.server}
        shown = self.stage.ask("alice", "GET", f"/v2/images/{image_id}", status=200).json()
        self.stage.expect("the tuple that alice sees", {name: shown.get(name) for name in wanted}, wanted)
        row = self._row(image_id)
        self.stage.told("our table", f"{row} for {image_id}")
        self.stage.expect("our row", row, wanted)
        self.stage.expect("places in Glance's own database", self.stage.places("glance", self.installation), [])

    def _row(self, image_id: str) -> dict[str, str] | None:
        query = "SELECT nova_installation_uuid, instance_id FROM glance_related_image_instances WHERE image_id = ?"
        rows = self.stage.rows("suite", query, image_id)
        return rows[0] if rows else None
