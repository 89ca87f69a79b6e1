"""The options of `glance_related.deliveries`, group ``[deliveries]``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from oslo_config import cfg

GROUP = "deliveries"

OPTS = [
    cfg.IntOpt(
        "concurrency",
        default=8,
        min=1,
        max=256,
        help="How many deliveries each worker hands to one driver at a time.",
    ),
    cfg.FloatOpt(
        "poll_seconds",
        default=1.0,
        min=0.05,
        max=60.0,
        help="How long a worker that finds nothing to do waits before it looks again, in seconds.",
    ),
    cfg.FloatOpt(
        "lease_seconds",
        default=60.0,
        min=1.0,
        max=3600.0,
        help="After how many seconds without a sign of life what a worker has taken up is taken up by another.",
    ),
    cfg.FloatOpt(
        "retry_seconds",
        default=5.0,
        min=0.1,
        max=3600.0,
        help="How long the first failure of a delivery is waited out, in seconds; each further one twice as long.",
    ),
    cfg.FloatOpt(
        "retry_seconds_max",
        default=600.0,
        min=1.0,
        max=86400.0,
        help="The longest that a failure is waited out, in seconds.",
    ),
    cfg.IntOpt(
        "max_attempts",
        default=100,
        min=1,
        help="After how many attempts a delivery counts as failed, until its settings change or somebody retries it. "
        "While a receiver answers nobody, none is counted.",
    ),
]


@dataclass(frozen=True)
class DeliveriesSettings:
    """``[deliveries]``, frozen; the options above say what each means."""

    concurrency: int = 8
    poll_seconds: float = 1.0
    lease_seconds: float = 60.0
    retry_seconds: float = 5.0
    retry_seconds_max: float = 600.0
    max_attempts: int = 100


def read(conf: Any) -> DeliveriesSettings:
    """The settings in a parsed configuration."""
    group = conf[GROUP]
    return DeliveriesSettings(
        concurrency=group.concurrency,
        poll_seconds=group.poll_seconds,
        lease_seconds=group.lease_seconds,
        retry_seconds=group.retry_seconds,
        retry_seconds_max=group.retry_seconds_max,
        max_attempts=group.max_attempts,
    )
