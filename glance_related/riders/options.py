"""The options of `glance_related.riders`, group ``[riders]``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from oslo_config import cfg

from glance_related.riders.mark import KEY_MIN

GROUP = "riders"

OPTS = [
    cfg.ListOpt(
        "mark_keys",
        default=[],
        secret=True,
        help="Secrets by which the filters in front of Nova and of Glance know each other's request ids; the same on "
        "every host of both. 'glance-related-manage generate-mark-key' prints one. The first makes marks, all are "
        "known: to change it, append the new one everywhere, then put it first everywhere, then take the old one out.",
    ),
    cfg.IntOpt(
        "lifetime_seconds",
        default=3600,
        min=60,
        help="How long what rides on a request to Nova is believed, in seconds: longer than Nova may take over a "
        "request that it has begun.",
    ),
]


@dataclass(frozen=True)
class RidersSettings:
    """``[riders]``, frozen; the options above say what each means."""

    mark_keys: tuple[str, ...] = field(default=(), repr=False)
    lifetime_seconds: int = 3600


def read(conf: Any) -> RidersSettings:
    """The settings in a parsed configuration.

    :raises ValueError: a key is too short
    """
    group = conf[GROUP]
    if any(len(key) < KEY_MIN for key in group.mark_keys):
        raise ValueError(
            f"[{GROUP}] mark_keys has a key of less than {KEY_MIN} characters; make one with "
            "'glance-related-manage generate-mark-key'"
        )
    return RidersSettings(mark_keys=tuple(group.mark_keys), lifetime_seconds=group.lifetime_seconds)
