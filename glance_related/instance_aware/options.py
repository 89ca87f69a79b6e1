"""The options of `glance_related.instance_aware`, group ``[instance_aware]``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from oslo_config import cfg

from glance_related.instance_ref import canonical_uuid

GROUP = "instance_aware"

OPTS = [
    cfg.BoolOpt(
        "allow_unknown_installations",
        default=False,
        help="Accept tuples of Nova installations that nobody registered with "
        "'glance-related-manage installation add'. Leave this off where customers have any say over a tuple.",
    ),
    cfg.BoolOpt(
        "allow_no_auth",
        default=False,
        help="Serve a Glance that knows no callers (its pipelines without authtoken), where everyone is an "
        "administrator, or a v1 registry, where identity headers are believed as they come. Without it such a "
        "pipeline does not start, or is answered 403.",
    ),
    cfg.StrOpt(
        "nova_installation_uuid",
        help="Which installation the Nova is that instance_aware_nova stands in front of: a UUID that "
        "'glance-related-manage generate-installation-uuid' has made. Glance's side does not read it.",
    ),
    cfg.ListOpt(
        "customer_roles",
        default=["member", "reader"],
        help="The roles that a user of the project is taken to have when ?customer= asks what that user would see.",
    ),
    cfg.IntOpt(
        "max_body_bytes",
        default=4 * 1024 * 1024,
        min=64 * 1024,
        help="Longest body of POST and PATCH of an image, in bytes. Image data is never read and has no limit here.",
    ),
    cfg.IntOpt(
        "grace_seconds",
        default=3600,
        min=60,
        help="How old a row must be before reconcile may find that its image is not there, in seconds. It must be "
        "longer than any request to Glance can take.",
    ),
    cfg.FloatOpt(
        "registrations_seconds",
        default=10.0,
        min=0.0,
        max=300.0,
        help="How long a worker may use what it has read of the registered service users to decide whether a GET "
        "is shown tuples, in seconds. What is written is always judged by the database itself.",
    ),
]


@dataclass(frozen=True)
class InstanceAwareSettings:
    """``[instance_aware]``, frozen; the options above say what each means."""

    allow_unknown_installations: bool = False
    allow_no_auth: bool = False
    nova_installation_uuid: str | None = None
    customer_roles: tuple[str, ...] = ("member", "reader")
    max_body_bytes: int = 4 * 1024 * 1024
    grace_seconds: int = 3600
    registrations_seconds: float = 10.0


def read(conf: Any) -> InstanceAwareSettings:
    """The settings in a parsed configuration.

    :raises ValueError: the installation is no UUID
    """
    group = conf[GROUP]
    installation = group.nova_installation_uuid
    if installation and canonical_uuid(installation) is None:
        raise ValueError(f"[{GROUP}] nova_installation_uuid is no UUID")
    return InstanceAwareSettings(
        allow_unknown_installations=group.allow_unknown_installations,
        allow_no_auth=group.allow_no_auth,
        nova_installation_uuid=canonical_uuid(installation) if installation else None,
        customer_roles=tuple(group.customer_roles),
        max_body_bytes=group.max_body_bytes,
        grace_seconds=group.grace_seconds,
        registrations_seconds=group.registrations_seconds,
    )
