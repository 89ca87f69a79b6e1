"""Which image belongs to which server and project: formulas, so that ten million rows need no memory.

Ids rise with the number of the image, so that they go into an index in its order, and yet nothing
else does: the images of one server, and those of one day, lie scattered over all ids.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from math import gcd

PROJECTS = 100

#: Servers with more images than a page of 25 holds; all others have `SMALL`.
BIG_SERVERS = 40
BIG = 30
SMALL = 4

#: One image in so many is public.
PUBLIC = 1000

_INSTALLATIONS = 8
_SCATTER = 7368787
_FIRST_TIME = 1_700_000_000
_SPAN = 60_000_000
_BASE_DIGITS = 2**48


@dataclass(frozen=True)
class Population:
    """So many images: `BIG_SERVERS` servers with `BIG` images each, the others with `SMALL`."""

    images: int

    def __post_init__(self) -> None:
        if self.images < BIG_SERVERS * BIG or gcd(_SCATTER, self.images) != 1:
            raise ValueError(f"{self.images}: at least {BIG_SERVERS * BIG}, and no multiple of {_SCATTER}")

    def image_id(self, number: int) -> str:
        """A UUID whose first twelve digits rise with the number."""
        rising = f"{number * _BASE_DIGITS // self.images:012x}"
        digits = hashlib.md5(b"image%d" % number, usedforsecurity=False).hexdigest()
        return f"{rising[:8]}-{rising[8:]}-4{digits[:3]}-8{digits[3:6]}-{digits[6:18]}"

    def server_of(self, number: int) -> int:
        """The number of the server that an image was made of."""
        place = number * _SCATTER % self.images
        if place < BIG_SERVERS * BIG:
            return place // BIG
        return BIG_SERVERS + (place - BIG_SERVERS * BIG) // SMALL

    def images_of(self, server: int) -> list[int]:
        """The numbers of a big server's images."""
        back = pow(_SCATTER, -1, self.images)
        return sorted(place * back % self.images for place in range(server * BIG, (server + 1) * BIG))

    def created_at(self, number: int) -> str:
        """When the image was made, UTC; no two in the same second while there are enough seconds."""
        place = (number * _SCATTER + self.images // 3) * _SCATTER % self.images
        return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(_FIRST_TIME + place * _SPAN // self.images))


def server_id(server: int) -> str:
    """Nova's id of a server."""
    return _uuid(b"server%d" % server)


def installation_of(server: int) -> str:
    """The Nova that a server lives in."""
    return _uuid(b"nova%d" % (server % _INSTALLATIONS))


def project_of(server: int) -> str:
    """The project that a server and its images belong to."""
    return project(server % PROJECTS)


def project(number: int) -> str:
    return hashlib.md5(b"project%d" % number, usedforsecurity=False).hexdigest()


def _uuid(name: bytes) -> str:
    digits = hashlib.md5(name, usedforsecurity=False).hexdigest()
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-8{digits[17:20]}-{digits[20:]}"
