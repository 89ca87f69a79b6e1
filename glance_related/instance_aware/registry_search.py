"""Finding the images of an instance in a registry's list, which cannot be asked for certain ids."""

from __future__ import annotations

from glance_related.hosts.registry.images import Image
from glance_related.instance_aware.conduct import Conduct
from glance_related.instance_aware.rules import Wanted
from glance_related.instance_ref import InstanceRef

#: Most images of an instance that are remembered while a list is walked; of more, each page is looked up.
KNOWN_MAX = 10_000


class Bound:
    """The images that a list by instance asks for, as they come by in a walk."""

    def __init__(self, conduct: Conduct, wanted: Wanted) -> None:
        self._conduct = conduct
        self._wanted = wanted
        known = conduct.needing_database(lambda: conduct.store.images_of(wanted, KNOWN_MAX + 1))
        self._known = known if len(known) <= KNOWN_MAX else None
        self._left = set(known)
        self.refs: dict[str, InstanceRef] = {}

    def among(self, rows: list[Image]) -> list[Image]:
        """Those of these images."""
        ids = [row["id"] for row in rows]
        hits = self._hits(ids)
        self.refs |= hits
        self._left.difference_update(hits)
        return [row for row in rows if row["id"] in hits]

    def found_all(self) -> bool:
        """Whether all have come by."""
        return self._known is not None and not self._left

    def _hits(self, ids: list[str]) -> dict[str, InstanceRef]:
        known = self._known
        if known is not None:
            return {image_id: known[image_id] for image_id in ids if image_id in known}
        found = self._conduct.needing_database(lambda: self._conduct.store.refs(ids))
        return {image_id: ref for image_id, ref in found.items() if self._wanted.matches(ref)}
