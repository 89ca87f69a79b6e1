"""The decisions of `instance_aware`, as plain functions on plain data: no I/O, no clock.

Who may bind (`judge_binding`), what a body or a PATCH makes of a tuple (`read_tuple`), what a
query asks for (`wanted`), and to whom a tuple is shown (`is_shown_to`).
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from glance_related.instance_aware import problems
from glance_related.instance_ref import InstanceRef, canonical_uuid, is_instance_id
from glance_related.wsgi.caller import Caller
from glance_related.wsgi.query import Pairs, last

INSTALLATION = "nova_installation_uuid"
INSTANCE = "instance_id"
#: The two properties of an image that are ours.
NAMES = (INSTALLATION, INSTANCE)
#: Nova's image proxy asked with this name; as a filter it is the same as `INSTANCE`.
SERVER = "server"
CUSTOMER = "customer"

# What Nova itself says of an image that it makes, or what would make the image another's.
_TOLD_BY_NOVA = frozenset(
    (
        *NAMES,
        "instance_uuid",
        "instance_owner",
        "image_type",
        "backup_type",
        "base_image_ref",
        "id",
        "owner",
    )
)
_IMAGE_TYPES = ("snapshot", "backup")
_OF_VOLUMES = ("block_device_mapping", "bdm_v2")


@dataclass(frozen=True)
class Registration:
    """A service user of a Nova installation.

    :param installation: canonical UUID of the installation
    :param user_id: Keystone's id of the user
    :param trusted_program: the user builds tuples itself and is believed; False for Nova's own
        service users, whose bodies a customer has a hand in
    """

    installation: str
    user_id: str
    trusted_program: bool


class Standing(enum.Enum):
    """As whom a request that carries a tuple is judged."""

    NOVA = "Nova itself: the tuple in the body is dropped"
    PROGRAM = "a trusted program: believed for its own installations"
    OTHER = "everyone else: believed where the policy says so"


def standing(caller: Caller, registrations: Collection[Registration]) -> Standing:
    """As whom a caller is judged.

    The service that made the request counts before the user in whose name it did. One registration
    as Nova's service user makes a user Nova's, whatever else it is.

    :param registrations: those of the caller's user and of its service's user
    """
    speaker = caller.service_user_id or caller.user_id
    own = [registration for registration in registrations if registration.user_id == speaker]
    if any(not registration.trusted_program for registration in own):
        return Standing.NOVA
    if own and caller.program_id == speaker:
        return Standing.PROGRAM
    return Standing.OTHER


def judge_binding(
    before: InstanceRef | None,
    after: InstanceRef | None,
    caller: Caller,
    registrations: Collection[Registration],
    *,
    policy_allows: bool,
    program_may: bool,
) -> None:
    """Whether a caller who is not Nova may make one tuple of another; None is no tuple.

    :param registrations: those of the caller's user and of its service's user
    :param policy_allows: what policy ``instance_aware:bind`` says of the caller's own roles
    :param program_may: what policy ``instance_aware:bind_as_program`` says of the image's owner
    :raises Problem: 403
    """
    if standing(caller, registrations) is Standing.PROGRAM:
        # its own registrations only, not those of the user in whose name it asks
        own = {one.installation for one in registrations if one.user_id == caller.program_id}
        for ref in (before, after):
            if ref is not None and ref.nova_installation_uuid not in own:
                raise problems.FOREIGN_INSTALLATION(installation=ref.nova_installation_uuid)
        if not program_may:
            raise problems.NOT_ALLOWED()
        return
    # what a service that nobody registered puts into a body are not the words of the user behind it
    if caller.has_service_token or not policy_allows:
        raise problems.NOT_ALLOWED()


def is_shown_to(caller: Caller, programs: Collection[str], nova_users: Collection[str]) -> bool:
    """Whether a GET of this caller is shown tuples.

    What Nova is shown becomes metadata of the server it boots and is handed on to later images.

    :param programs: users of trusted programs
    :param nova_users: Nova's own service users
    """
    if caller.has_service_token:
        return caller.service_user_id in programs
    return caller.user_id not in nova_users


def read_tuple(properties: Mapping[str, Any]) -> InstanceRef | None:
    """The tuple in some properties: both halves or neither.

    :raises Problem: 400 for one half, or for a value that is no UUID or no instance id
    """
    if not any(name in properties for name in NAMES):
        return None
    for name in NAMES:
        if name not in properties:
            raise problems.HALF_TUPLE(missing=name)
    installation, instance = properties[INSTALLATION], properties[INSTANCE]
    uuid = canonical_uuid(installation) if isinstance(installation, str) else None
    if uuid is None:
        raise problems.BAD_INSTALLATION()
    if not isinstance(instance, str) or not is_instance_id(instance):
        raise problems.BAD_INSTANCE()
    return InstanceRef(uuid, instance)


def as_properties(ref: InstanceRef | None) -> dict[str, str]:
    """A tuple as the properties that show it."""
    return {} if ref is None else {INSTALLATION: ref.nova_installation_uuid, INSTANCE: ref.instance_id}


def is_told_by_nova(name: str) -> bool:
    """Whether a customer who gives an image this property would say what only Nova may say.

    MariaDB takes upper and lower case for the same, and does not look at trailing spaces: what a customer
    calls ``Instance_UUID`` would be found as ``instance_uuid``.
    """
    return name.strip().lower() in _TOLD_BY_NOVA


def claimed_instance(image: Mapping[str, Any]) -> str | None:
    """The server that the body of a Nova's POST names, or None where it is not Nova's word.

    Of a volume-backed server Nova names none: what stands there was inherited from the image of its volume.
    """
    if image.get("image_type") not in _IMAGE_TYPES or any(name in image for name in _OF_VOLUMES):
        return None
    instance = image.get("instance_uuid")
    return canonical_uuid(instance) if isinstance(instance, str) else None


@dataclass(frozen=True)
class Wanted:
    """Which images a query asks for.

    :param installation: canonical UUID, or None for every installation
    :param instance: instance id, or None for every instance
    :param nothing: no image can match, as where two values differ or one can never be stored
    """

    installation: str | None
    instance: str | None
    nothing: bool

    def matches(self, ref: InstanceRef) -> bool:
        """Whether an image with this tuple is asked for."""
        return (
            not self.nothing
            and self.installation in (None, ref.nova_installation_uuid)
            and self.instance in (None, ref.instance_id)
        )


def wanted(query: Pairs) -> Wanted | None:
    """What a query asks for, or None where it does not speak of instances.

    Values are compared literally, of a repeated key the last one counts, and ``server`` is another
    name of ``instance_id``, all as with Glance's own property filters.
    """
    installation, instance, server = (last(query, key) for key in (INSTALLATION, INSTANCE, SERVER))
    if installation is None and instance is None and server is None:
        return None
    uuid = None if installation is None else canonical_uuid(installation)
    one = instance if instance is not None else server
    nothing = (
        (installation is not None and uuid is None)
        or (one is not None and not is_instance_id(one))
        or (server is not None and server != one)
    )
    return Wanted(uuid, one, nothing)


def without(query: Pairs, *keys: str) -> Pairs:
    """A query without some keys."""
    return tuple(pair for pair in query if pair[0] not in keys)
