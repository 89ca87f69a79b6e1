"""What is wrong with ``[riders] mark_keys``: none on this host, or other ones than on the other side."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from glance_related.cmd.check.findings import Finding, error, warning
from glance_related.db.database import Database
from glance_related.instance_aware.register import Installation
from glance_related.riders.keys import GLANCE, NOVA, recorded_mark_keys
from glance_related.riders.mark import Marks


@dataclass(frozen=True)
class Side:
    """Glance, or one of the Novas.

    :param where: as the operator is told of it, "in front of ..."
    :param started: the fingerprints of the keys that its filter has started with last; None: it never has, or the
        database cannot be asked
    :param is_here: whether the filter stands on this host
    """

    where: str
    started: tuple[str, ...] | None
    is_here: bool


def read_sides(
    stands: Collection[str], own: str | None, registered: list[Installation] | None, database: Database
) -> tuple[Side, list[Side]]:
    """Glance, and every Nova that is registered or stands on this host.

    :param stands: the sides on which a filter of ours stands on this host
    :param own: which Nova this host is of, as its configuration has it
    :param registered: None where the database cannot be asked
    :raises DatabaseDown:
    """
    if registered is None:
        glance, novas = None, []
    else:
        glance = recorded_mark_keys(database, GLANCE)
        novas = [
            Side(
                f"in front of Nova '{one.name}'",
                recorded_mark_keys(database, NOVA, one.nova_installation_uuid),
                NOVA in stands and one.nova_installation_uuid == own,
            )
            for one in registered
        ]
    if NOVA in stands and not any(nova.is_here for nova in novas):
        novas.append(Side("in front of this host's Nova", None, True))
    return Side("in front of Glance", glance, GLANCE in stands), novas


def check_mark_keys(marks: Marks, glance: Side, novas: Sequence[Side]) -> Iterator[Finding]:
    """Whether marks that are made in front of each Nova are known in front of Glance.

    :param marks: the keys of this host's configuration
    """
    here = marks.fingerprints()
    sides = [glance, *novas]
    if not here and any(side.is_here for side in sides) and any(nova.is_here or nova.started for nova in novas):
        yield error(
            "riders.no_keys",
            "[riders] mark_keys is not set, so images that Nova makes are not bound; set it to what "
            "'glance-related-manage generate-mark-key' prints, the same on every host of Nova's and Glance's side.",
        )
        return
    if here:
        yield from _not_loaded(here, sides)
    for nova in novas:
        yield from _unknown(here, glance, nova)
    if any(nova.is_here for nova in novas) and not glance.is_here and glance.started is None:
        yield warning(
            "riders.glance_unseen",
            "the filter in front of Glance has not started with this database yet, so whether it knows this host's "
            "[riders] mark_keys was not checked; install it there, restart glance-api, and check again.",
        )


def _not_loaded(here: tuple[str, ...], sides: Sequence[Side]) -> Iterator[Finding]:
    for side in sides:
        if side.is_here and side.started is not None and side.started != here:
            yield warning(
                "riders.other_keys",
                f"[riders] mark_keys of this host are not those that the filter {side.where} has started with last; "
                "make them the same on every host, in the same order, and restart the service.",
            )


def _unknown(here: tuple[str, ...], glance: Side, nova: Side) -> Iterator[Finding]:
    """The key that makes marks, on this host or by what was recorded, must be one that Glance's side knows."""
    making = {keys[0] for keys in (nova.started, here if nova.is_here else ()) if keys}
    knowing = [keys for keys in (glance.started, here if glance.is_here and here else None) if keys is not None]
    if any(key not in keys for key in making for keys in knowing):
        yield error(
            "riders.different_keys",
            f"the first of [riders] mark_keys {nova.where} is not among those in front of Glance, so images that this "
            "Nova makes are not bound; make mark_keys the same on every host, and restart glance-api, then nova-api.",
        )
