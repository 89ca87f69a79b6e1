"""The decisions of `props_override`, as plain functions on plain data: no I/O, no clock.

Where an override stands in a request (`take`), whether there is an image that it can be of (`image_of_boot`), what
is wrong with it (`judge`), and what a rebuild that does not place a server anew may not change (`moved`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from glance_related.hosts.nova.boots import strays
from glance_related.instance_ref import canonical_uuid
from glance_related.problem import Problem
from glance_related.props_override import problems

#: Where an override stands in the body of a boot or a rebuild, and in what is shown of a server.
KEY = "image_props_override"

_OF_VOLUMES = ("volume", "snapshot")

# By these Nova chooses a server's host, counts what it takes there, and lays it out; it does so when the server is
# made, moved, or rebuilt from another image, but not when it is rebuilt from the same one.
_PLACING = re.compile(
    r"trait:|hw_numa_|hw_cpu_(?:policy|thread_policy|realtime_mask)$|hw_mem_|hw_locked_memory$|hw_pci_numa_affinity|"
    r"hw_maxphysaddr_|hw_tpm_|hw_(?:emulation_)?architecture$|hw_vm_mode$|img_hv_|hw_ephemeral_encryption|"
    r"hw_virtio_packed_ring$|hw_sound_model$"
)


class Table(Protocol):
    """What is asked here of `glance_related.hosts.nova.image_properties.ImageProperties`."""

    def names_of(self, name: str) -> tuple[str, ...]:
        """Every name that a property goes by, the one that Nova uses first; none where it is unknown."""

    def nearest(self, name: str) -> str | None:
        """The real name that somebody may have meant."""

    def why_not(self, name: str, value: str) -> str | None:
        """Why a property cannot have a value; None where it can."""

    def why_not_together(self, properties: Mapping[str, str]) -> Mapping[str, str]:
        """Why properties cannot be as they are beside the others, by name."""


class Rights(Protocol):
    """What a caller may do, as `glance_related.props_override.rights` finds out."""

    def is_offered(self, names: Sequence[str]) -> bool:
        """Whether the operator lets a property be overridden at all, by all the names that it goes by."""

    def may(self, operation: str, name: str) -> bool:
        """Whether Glance's protections let the caller create, read or update a property."""


@dataclass(frozen=True)
class Fault:
    """What is wrong with one property of an override.

    :param name: as the customer spelled it
    :param code: stable; what programs read
    :param text: what is wrong, behind the name
    """

    name: str
    code: str
    text: str


#: The codes of a `Fault`.
UNKNOWN, TWO_NAMES, NO_TEXT, BAD_VALUE = "unknown", "two_names", "no_text", "bad_value"
NOT_OFFERED, PROTECTED, PLACED = "not_offered", "protected", "placed"
#: Those that say that somebody else might.
_ABOUT_RIGHTS = (NOT_OFFERED, PROTECTED)


def take(document: Mapping[str, Any], inside: str) -> dict[str, Any] | None:
    """Take the override out of a request.

    :param document: the body; what it holds under ``inside`` is changed
    :returns: None where there is none
    :raises Problem: 400 where it is no object, or stands where nobody would read it
    """
    if strays(document, inside, (KEY,)):
        raise problems.ELSEWHERE(inside=inside)
    within = document.get(inside)
    if not isinstance(within, dict) or KEY not in within:
        return None
    given = within.pop(KEY)
    if not isinstance(given, dict):
        raise problems.NOT_PROPERTIES()
    return given


def image_of_boot(server: Mapping[str, Any]) -> str:
    """The image that a server is to be booted from, as the request spells it.

    :param server: what stands under ``server`` in the body
    :raises Problem: 400 where its root disk is a volume, or where there is no image
    """
    mappings = server.get("block_device_mapping_v2")
    if isinstance(mappings, list) and any(_is_root_volume(one) for one in mappings if isinstance(one, dict)):
        raise problems.FROM_VOLUME()
    image = server.get("imageRef")
    # the older form names disks by their device, and which of them Nova boots from it alone can tell
    if server.get("block_device_mapping") or (mappings and not image):
        raise problems.FROM_VOLUME()
    if not isinstance(image, str) or canonical_uuid(image) is None:
        raise problems.NO_IMAGE()
    return image


def _is_root_volume(mapping: Mapping[str, Any]) -> bool:
    try:
        is_root = int(mapping.get("boot_index", -1)) == 0  # as Nova reads "00" and 0.0
    except (TypeError, ValueError, OverflowError):
        is_root = False
    is_volume = mapping.get("destination_type") == "volume" or mapping.get("source_type") in _OF_VOLUMES
    return is_root and is_volume


def is_of_a_volume(image: Mapping[str, str]) -> bool:
    """Whether a server of this image would boot from a volume, by the image's own properties."""
    return "block_device_mapping" in image or "img_block_device_mapping" in image


def judge(
    given: Mapping[str, Any], table: Table, rights: Rights, present: Mapping[str, str], limit: int
) -> dict[str, str]:
    """What an override comes to, under the names that Nova uses.

    :param given: as the customer sent it
    :param present: the properties of the image
    :param limit: most properties of one server
    :raises Problem: with everything that is wrong; 403 where nothing but the caller's rights is, 400 otherwise
    """
    if len(given) > limit:
        raise problems.TOO_MANY(number=len(given), limit=limit)
    faults: list[Fault] = []
    properties: dict[str, str] = {}
    spelt: dict[str, str] = {}
    for name, value in given.items():
        names = table.names_of(name)
        text = _text(value)
        fault = _fault(name, names, text, table, rights, present, spelt)
        if names:
            spelt.setdefault(names[0], name)
        if fault is not None:
            faults.append(fault)
        else:
            assert text is not None
            properties[names[0]] = text
    for name, why in table.why_not_together({**present, **properties}).items():
        if name in properties:
            faults.append(Fault(spelt[name], BAD_VALUE, why))
    if faults:
        raise refusal(faults)
    return properties


def _text(value: Any) -> str | None:
    """A value as Glance would keep it; None where it cannot."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    return value if isinstance(value, str) else None


def _fault(
    name: str,
    names: Sequence[str],
    text: str | None,
    table: Table,
    rights: Rights,
    present: Collection[str],
    spelt: Mapping[str, str],
) -> Fault | None:
    if not names:
        nearest = table.nearest(name)
        return Fault(name, UNKNOWN, "Nova knows no such property" + (f"; did you mean {nearest}?" if nearest else ""))
    if names[0] in spelt:
        return Fault(name, TWO_NAMES, f"it is the same property as {spelt[names[0]]}")
    if text is None:
        return Fault(name, NO_TEXT, "its value must be a text, a whole number, true or false")
    if not rights.is_offered(names):
        return Fault(name, NOT_OFFERED, "the operator of this cloud does not let it be overridden")
    if not _is_permitted(names, rights, present):
        return Fault(name, PROTECTED, "it is protected, and you may not set it")
    why = table.why_not(name, text)
    return None if why is None else Fault(name, BAD_VALUE, why)


def _is_permitted(names: Sequence[str], rights: Rights, present: Collection[str]) -> bool:
    """Whether the caller might have set a property himself.

    It comes back as a property of later snapshots, so creating it must be allowed; where the image has it, under
    any of its names, changing it too. What the caller cannot read the image may have.
    """
    if not rights.may("create", names[0]):
        return False
    has = [name for name in names if name in present or (name == names[0] and not rights.may("read", name))]
    return all(rights.may("update", name) for name in has)


def moved(before: Mapping[str, str], after: Mapping[str, str]) -> list[Fault]:
    """What of a change Nova would not carry out, because it does not place the server anew.

    :param before: all properties that the server was made with, the image's own among them
    """
    changed = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
    text = "it decides where and how a server is placed, which a rebuild from the same image leaves as it is"
    return [Fault(name, PLACED, text) for name in changed if _PLACING.match(name)]


def refusal(faults: Sequence[Fault]) -> Problem:
    """All faults in one problem."""
    parts = [{"property": one.name, "code": f"props_override.{one.code}", "message": one.text} for one in faults]
    told = "; ".join(f"{one.name}: {one.text}" for one in faults)
    if all(one.code in _ABOUT_RIGHTS for one in faults):
        return problems.NO_RIGHT(parts, faults=told)
    return problems.REFUSED(parts, faults=told)
