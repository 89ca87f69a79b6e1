"""`glance-related-manage reconcile` without the hour of patience that it has in an ordinary cloud."""

from __future__ import annotations

from collections.abc import Collection

from tests.real.nova.failures.basis import GLANCE, OURS, Basis
from tests.real.nova.failures.servers import marks

_HOURS = 2

# What is kept of a server, and when it was; riders are believed for an hour, and kept for another.
_KEPT = (
    (f"{OURS}.glance_related_image_instances", "created_at", _HOURS, "instance_id"),
    (f"{OURS}.glance_related_adoptions", "created_at", _HOURS, "instance_id"),
    (f"{OURS}.glance_related_riders", "created_at", _HOURS + 1, "json_value(content, '$.instance_id')"),
    ("instance_actions", "start_time", _HOURS, "instance_uuid"),
)


def reconcile(basis: Basis, servers: Collection[str]) -> str:
    """All that has happened to these servers is made two hours older, then the command is run; what it said."""
    age(basis, servers)
    done = basis.suite.manage("reconcile")
    assert done.returncode == 0, f"reconcile failed: {done.stdout} {done.stderr}"
    return done.stdout


def age(basis: Basis, servers: Collection[str]) -> None:
    """Images, our rows and Nova's record alike, so that which was first stays as it was."""
    theirs = marks(servers)
    for table, column, hours, server in _KEPT:
        basis.rows(
            f"update {table} set {column} = {column} - interval {hours} hour where {server} in ({theirs})", *servers
        )
    images = f"select image_id from {GLANCE}.image_properties where name = 'instance_uuid' and value in ({theirs})"
    basis.rows(
        f"update {GLANCE}.images set created_at = created_at - interval {_HOURS} hour where id in ({images})", *servers
    )
