"""`Override`: what rides on a boot, a rebuild or a rescue, and how it is written as a rider."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from glance_related.instance_ref import InstanceRef
from glance_related.props_override.store import Kept
from glance_related.riders.rider import Rider

#: The kind of rider that says which properties are merged into an image.
OVERRIDE = "override"


@dataclass(frozen=True)
class Override:
    """Image properties of one request to Nova.

    :param properties: under the names that Nova uses; empty: the server shall have none any more
    :param image_id: the image that they are of, as Glance spells it
    :param rescue_image_id: the image that Nova will rescue the server with
    :param server_id: the server that is rebuilt or rescued; None: the request makes servers
    :param several: it may make more than one
    :param most: at most so many, where that is known
    """

    properties: Mapping[str, str]
    image_id: str
    rescue_image_id: str
    server_id: str | None = None
    several: bool = False
    most: int | None = None

    def content(self) -> dict[str, Any]:
        """As a rider carries it."""
        return {
            "properties": dict(self.properties),
            "image_id": self.image_id,
            "rescue_image_id": self.rescue_image_id,
            "server_id": self.server_id,
            "several": self.several,
            "most": self.most,
        }

    def kept_of(self, server_id: str, rider: Rider, project_id: str) -> Kept:
        """What is to be kept of a server that the request was for.

        :param rider: that carries this
        :param project_id: the server's
        """
        return Kept(
            ref=InstanceRef(rider.nova_installation_uuid, server_id),
            project_id=project_id,
            image_id=self.image_id,
            rescue_image_id=self.rescue_image_id,
            properties=self.properties,
            request_id=rider.own_request_id,
            made_at=rider.created_at,
        )


_CARRIED = frozenset(field.name for field in fields(Override))


def read(rider: Rider) -> Override:
    """What a rider of this kind carries; what a newer release has added to it is not for us."""
    return Override(**{name: value for name, value in rider.content.items() if name in _CARRIED})
