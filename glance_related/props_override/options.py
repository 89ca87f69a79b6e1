"""The options of `glance_related.props_override`, group ``[props_override]``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from oslo_config import cfg

GROUP = "props_override"

# What says what an image is and who made it, not on what machine it runs.
_NOT_OF_A_MACHINE = (
    "img_bdm_v2",
    "img_owner_id",
    "img_root_device_name",
    "img_signature*",
    "cinder_encryption_key_*",
)

OPTS = [
    cfg.StrOpt(
        "property_protection_file",
        help="Glance's own file of property protections, or a copy of it, on the hosts of nova-api: what it forbids a "
        "customer to set on an image he cannot override either. Not set: Glance has none, and nothing is protected.",
    ),
    cfg.StrOpt(
        "property_protection_rule_format",
        default="roles",
        choices=["roles", "policies"],
        help="How that file says who may, as in Glance's own configuration.",
    ),
    cfg.StrOpt(
        "property_protection_policy_file",
        help="For the format 'policies': Glance's policy file, or a copy of it, with the rules that protections name.",
    ),
    cfg.ListOpt(
        "allowed",
        default=["*"],
        help="Which properties may be overridden at all, as shell patterns; on top of the protections, for everyone.",
    ),
    cfg.ListOpt(
        "denied",
        default=list(_NOT_OF_A_MACHINE),
        help="Which of those may not be, as shell patterns. A property goes by every name that Nova knows it by.",
    ),
    cfg.IntOpt(
        "max_properties",
        default=64,
        min=1,
        max=1024,
        help="Most properties that one server may override. They come back as properties of its snapshots, of which "
        "Glance takes image_property_quota (128) in all, with those that Nova adds.",
    ),
    cfg.IntOpt(
        "max_body_bytes",
        default=1024 * 1024,
        min=64 * 1024,
        help="Longest body of a request to Nova that may override properties, in bytes; Nova's own limit is lower.",
    ),
]


@dataclass(frozen=True)
class PropsOverrideSettings:
    """``[props_override]``, frozen; the options above say what each means."""

    property_protection_file: str | None = None
    property_protection_rule_format: str = "roles"
    property_protection_policy_file: str | None = None
    allowed: tuple[str, ...] = ("*",)
    denied: tuple[str, ...] = _NOT_OF_A_MACHINE
    max_properties: int = 64
    max_body_bytes: int = 1024 * 1024


def read(conf: Any) -> PropsOverrideSettings:
    """The settings in a parsed configuration."""
    group = conf[GROUP]
    return PropsOverrideSettings(
        property_protection_file=group.property_protection_file or None,
        property_protection_rule_format=group.property_protection_rule_format,
        property_protection_policy_file=group.property_protection_policy_file or None,
        allowed=tuple(group.allowed),
        denied=tuple(group.denied),
        max_properties=group.max_properties,
        max_body_bytes=group.max_body_bytes,
    )
