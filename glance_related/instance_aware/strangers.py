"""Native properties of our names: stored before the filter came, or past it.

They are neither shown nor matched. ``config check`` counts them, and ``reconcile --import`` takes over
those that are a whole, valid tuple of a registered installation.
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from glance_related.db.glance_tables import GlanceTables
from glance_related.instance_aware import problems, rules
from glance_related.instance_aware.store import Store
from glance_related.instance_ref import InstanceRef
from glance_related.problem import Problem


class Kind(enum.Enum):
    """What can be done with a stranger."""

    IMPORTABLE = "a valid tuple of a registered installation"
    BOUND = "the image has a row of ours already, which alone counts"
    UNREGISTERED = "a valid tuple of an installation that nobody registered"
    HALF = "one half of a tuple"
    INVALID = "no UUID, or no instance id"


@dataclass(frozen=True)
class Stranger:
    """An image with native properties of our names.

    :param ref: the tuple, where there is a valid one
    """

    image_id: str
    kind: Kind
    ref: InstanceRef | None


def read_strangers(tables: GlanceTables, store: Store, progress: Callable[[int, int], None]) -> Iterator[Stranger]:
    """Every stranger in Glance's tables, in the order of the images' ids.

    :param progress: told how many of how many images have been looked at
    :raises DatabaseDown: of either database
    """
    registered = {one.nova_installation_uuid for one in store.installations()}
    total, looked_at = tables.images(), 0
    for batch in tables.properties(rules.NAMES):
        named = {image_id: properties for image_id, properties in batch.items() if properties}
        bound = store.refs(list(named))
        for image_id, properties in named.items():
            ref, kind = _judged(properties)
            if image_id in bound:
                kind = Kind.BOUND
            elif ref is not None and ref.nova_installation_uuid not in registered:
                kind = Kind.UNREGISTERED
            yield Stranger(image_id, kind, ref)
        looked_at += len(batch)
        progress(looked_at, total)


def count_strangers(tables: GlanceTables, store: Store, progress: Callable[[int, int], None]) -> Counter[Kind]:
    """How many strangers there are of each kind.

    :raises DatabaseDown: of either database
    """
    return Counter(stranger.kind for stranger in read_strangers(tables, store, progress))


def _judged(properties: Mapping[str, str | None]) -> tuple[InstanceRef | None, Kind]:
    try:
        return rules.read_tuple(properties), Kind.IMPORTABLE
    except Problem as problem:
        return None, Kind.HALF if problem.kind is problems.HALF_TUPLE else Kind.INVALID
