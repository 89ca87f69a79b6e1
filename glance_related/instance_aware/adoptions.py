"""`AdoptionStore`: images whose instance Nova has only named, until ``reconcile`` has asked Nova.

What is kept here is shown to nobody and matches no filter. Every method is one short transaction, and every
write may be repeated.
"""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass

import sqlalchemy as sa
from oslo_db import exception as db_exception

from glance_related.db.database import Database
from glance_related.db.models import adoptions, image_instances, utcnow
from glance_related.db.upsert import upsert
from glance_related.instance_ref import InstanceRef, is_instance_id

_ADOPTIONS = adoptions.c
_IMAGES = image_instances.c

# The only ids that Nova gives to requests; what else a client has chosen proves nothing.
_REQUEST_ID = re.compile(r"req-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.ASCII)


@dataclass(frozen=True)
class Adoption:
    """An image that a Nova has made, and the instance that Nova's words about it name.

    :param installation: canonical UUID of that Nova
    :param request_id: under which Nova asked Glance for it; empty where that proves nothing
    :param owner: the image's project
    :param created_at: UTC, when Glance had made it
    """

    image_id: str
    installation: str
    instance_id: str
    request_id: str
    owner: str | None
    created_at: datetime.datetime

    @property
    def ref(self) -> InstanceRef:
        """The tuple that the image would have."""
        return InstanceRef(self.installation, self.instance_id)


class AdoptionStore:
    """Every method may raise `glance_related.db.database.DatabaseDown`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def note(self, adoption: Adoption) -> None:
        """Keep what Nova says of an image; of one image the last word counts."""
        values = {
            "image_id": adoption.image_id,
            "nova_installation_uuid": adoption.installation,
            "instance_id": adoption.instance_id,
            "request_id": adoption.request_id if _REQUEST_ID.fullmatch(adoption.request_id) else "",
            "owner": adoption.owner if adoption.owner and is_instance_id(adoption.owner) else None,
            "created_at": adoption.created_at,
        }
        self._database.write(lambda connection: upsert(connection, adoptions, values))

    def after(self, image_id: str, limit: int) -> list[Adoption]:
        """What awaits its proof in the order of the images' ids, from behind one on."""
        query = sa.select(adoptions).where(_ADOPTIONS.image_id > image_id).order_by(_ADOPTIONS.image_id).limit(limit)
        return self._database.read(
            lambda connection: [
                Adoption(
                    row.image_id,
                    row.nova_installation_uuid,
                    row.instance_id,
                    row.request_id,
                    row.owner,
                    row.created_at,
                )
                for row in connection.execute(query)
            ]
        )

    def count(self) -> int:
        """How many images await the proof of their instance."""
        query = sa.select(sa.func.count()).select_from(adoptions)
        return self._database.read(lambda connection: int(connection.execute(query).scalar_one()))

    def settle(self, adoption: Adoption, bind: bool) -> bool:
        """Forget what awaited its proof, and where it was found bind the image, all at once.

        :param adoption: with the instance's id as Nova spells it
        :param bind: bind the image where it has no tuple
        :returns: whether the image has this tuple now; one that it has already is never changed
        """

        def work(connection: sa.Connection) -> bool:
            has_it = bind and _bind_unbound(connection, adoption)
            connection.execute(sa.delete(adoptions).where(_ADOPTIONS.image_id == adoption.image_id))
            return has_it

        try:
            return self._database.write(work)
        except db_exception.DBDuplicateEntry:  # another writer has bound it, and now the first look sees that
            return self._database.write(work)

    def forget(self, image_id: str) -> None:
        """The image is gone, or nothing proves what was said of it."""
        statement = sa.delete(adoptions).where(_ADOPTIONS.image_id == image_id)
        self._database.write(lambda connection: connection.execute(statement))


def _bind_unbound(connection: sa.Connection, adoption: Adoption) -> bool:
    tuples = sa.select(_IMAGES.nova_installation_uuid, _IMAGES.instance_id)
    row = connection.execute(tuples.where(_IMAGES.image_id == adoption.image_id)).first()
    if row is not None:
        return InstanceRef(row[0], row[1]) == adoption.ref
    values = {
        "image_id": adoption.image_id,
        "nova_installation_uuid": adoption.installation,
        "instance_id": adoption.instance_id,
        "created_at": utcnow(),
    }
    connection.execute(sa.insert(image_instances).values(values))
    return True
