"""`InstanceRef`, the one identity that runs through the whole suite."""

from __future__ import annotations

import re
from dataclasses import dataclass

_UUID = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}", re.IGNORECASE | re.ASCII)

#: Longest instance id that is stored, in characters.
INSTANCE_ID_MAX = 255

# A class of the regular expression, not a look at each character: every id of every listed image passes here.
_INSTANCE = re.compile(rf"[^\x00-\x1f\x7f-\x9f\ud800-\udfff]{{1,{INSTANCE_ID_MAX}}}")


@dataclass(frozen=True)
class InstanceRef:
    """A server of one Nova.

    Instance ids are unique only within one Nova, and many Novas may share one Glance.

    :param nova_installation_uuid: the Nova, as a canonical (lower-case, hyphenated) UUID
    :param instance_id: the server within it; text of 1 to 255 characters
    """

    nova_installation_uuid: str
    instance_id: str


def canonical_uuid(text: str) -> str | None:
    """The lower-case, hyphenated spelling of a UUID.

    :param text: 32 hexadecimal digits, in any case, with or without the four hyphens
    :returns: the canonical spelling, or None where ``text`` is not a UUID
    """
    if not _UUID.fullmatch(text):
        return None
    digits = text.replace("-", "").lower()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def is_instance_id(text: str) -> bool:
    """Whether ``text`` can name a server: 1 to 255 characters, no control characters, no half of a surrogate pair.

    NUL and lone surrogates cannot be stored by every database, and other control characters
    would let a name in a log or a terminal look like something else.
    """
    return _INSTANCE.fullmatch(text) is not None
