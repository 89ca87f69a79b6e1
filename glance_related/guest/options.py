"""The options of `glance_related.guest`, group ``[guest]``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from oslo_config import cfg

GROUP = "guest"

OPTS = [
    cfg.StrOpt(
        "former_vendordata_url",
        help="What the target cloud-init of [api] vendordata_dynamic_targets in nova.conf was before this suite's took "
        "its place: it is asked with the same body and token, and its parts follow ours. Not set: there was none.",
    ),
    cfg.FloatOpt(
        "former_vendordata_seconds",
        default=3.0,
        min=0.1,
        max=60.0,
        help="How long all of its answer is waited for, in seconds: less than [api] vendordata_dynamic_read_timeout "
        "of nova.conf, or what this suite has is lost with it.",
    ),
    cfg.StrOpt(
        "former_vendordata_ca_file",
        help="The certificates by which its own is judged, where it is https; not set: those of the system.",
    ),
    cfg.IntOpt(
        "max_body_bytes",
        default=256 * 1024,
        min=64 * 1024,
        help="Longest question of Nova's, in bytes: it holds the server's user data and metadata.",
    ),
    cfg.IntOpt(
        "max_vendordata_bytes",
        default=128 * 1024,
        min=0,
        help="Most bytes of settings that come along with the first boot; more than that the guest fetches.",
    ),
]


@dataclass(frozen=True)
class GuestSettings:
    """``[guest]``, frozen; the options above say what each means."""

    former_vendordata_url: str | None = None
    former_vendordata_seconds: float = 3.0
    former_vendordata_ca_file: str | None = None
    max_body_bytes: int = 256 * 1024
    max_vendordata_bytes: int = 128 * 1024


def read(conf: Any) -> GuestSettings:
    """The settings in a parsed configuration.

    :raises ValueError: the former target is not spoken to by HTTP
    """
    group = conf[GROUP]
    url = group.former_vendordata_url or None
    if url is not None and not url.startswith(("http://", "https://")):
        raise ValueError(f"[{GROUP}] former_vendordata_url must begin with http:// or https://")
    return GuestSettings(
        former_vendordata_url=url,
        former_vendordata_seconds=group.former_vendordata_seconds,
        former_vendordata_ca_file=group.former_vendordata_ca_file or None,
        max_body_bytes=group.max_body_bytes,
        max_vendordata_bytes=group.max_vendordata_bytes,
    )
