"""Somebody who binds images again and again while others fail, and remembers what was acknowledged."""

from __future__ import annotations

import http.client
import itertools
import threading
from typing import TYPE_CHECKING

from glance_related.instance_ref import InstanceRef
from tests.real.failures.site import Site, as_properties, tuple_of

if TYPE_CHECKING:
    from cloud.glance import Glance

_PAUSE = 0.03


class Writer(threading.Thread):
    """Moves its images from instance to instance, one after the other, until `stop`.

    What it sends changes nothing of Glance's own: Glance's tables are on SQLite here, and two workers
    that write to them at once would now and then find them locked.

    `acknowledged` counts the answers 200, `broken` the requests whose worker died under them, and `refused` are
    the answers of any other status.
    """

    def __init__(self, site: Site, glance: Glance, word: str = "writer", images: int = 5) -> None:
        super().__init__(daemon=True)
        self._site, self._glance, self._word = site, glance, word
        self._stopping = threading.Event()
        self._may: dict[str, set[InstanceRef]] = {}
        self.acknowledged = self.broken = 0
        self.refused: list[int] = []
        for number in range(images):
            ref = site.ref(f"{word}-first-{number}")
            made = site.create(glance, {"name": f"{word} {number}", **as_properties(ref)})
            assert made.status == 201, made
            self._may[made.json()["id"]] = {ref}

    def run(self) -> None:
        for number, image_id in enumerate(itertools.cycle(self._may)):
            if self._stopping.wait(_PAUSE):
                return
            self._move(image_id, self._site.ref(f"{self._word}-{number}"))

    def stop(self) -> None:
        self._stopping.set()
        self.join()

    def wrong(self, glance: Glance) -> list[str]:
        """The images that do not show what was acknowledged last, or a later request that nobody answered."""
        found = []
        for image_id, may in self._may.items():
            shown = tuple_of(self._site.show(glance, image_id).json())
            if shown not in may:
                found.append(f"{image_id} shows {shown}, allowed is {may}")
        return found

    def _move(self, image_id: str, ref: InstanceRef) -> None:
        changes = [{"op": "replace", "path": f"/{name}", "value": value} for name, value in as_properties(ref).items()]
        try:
            answer = self._site.patch(self._glance, image_id, changes)
        except (OSError, http.client.HTTPException):
            self.broken += 1
            self._may[image_id].add(ref)
            return
        if answer.status == 200:
            self.acknowledged += 1
            self._may[image_id] = {ref}
            return
        self.refused.append(answer.status)
        # a database that is lost in the middle of a COMMIT leaves it unsaid whether it was one
        self._may[image_id].add(ref)
