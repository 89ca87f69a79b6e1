"""`Marks`: request ids that carry a keyed mark.

A request id is ``req-`` and a UUID, of which OpenStack asks nothing but the spelling. Ours are UUIDs of version 8,
the one whose bits are their maker's own (RFC 9562): 59 random bits, one that says whether Glance's answers depend
on what rides under the id, and 62 of a keyed hash of all that. Who has the key knows an id of ours, and nobody else
can make one; an ordinary id is told apart by its version, at no cost.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence

#: Shortest key, in characters.
KEY_MIN = 32

_ID = re.compile(r"req-([0-9a-f]{8})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{12})")
_HALF = 8  # bytes
#: Where the version stands in the text, and which is ours.
_VERSION_AT, _VERSION = 18, "8"
#: The bit that says that answers depend on the rider: of the last digit of the third group.
_DECIDES_AT, _DECIDES = 7, 0x01


class Marks:
    """Makes marked request ids, and knows them again.

    :param keys: secrets of `KEY_MIN` characters or more; the first makes marks, every one knows its own, so
        that a new key can be given to every host before anyone makes marks with it
    """

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = tuple(hashlib.sha256(key.encode()).digest() for key in keys)

    def __bool__(self) -> bool:
        """Whether there is any key."""
        return bool(self._keys)

    def new_id(self, *, decides: bool = False) -> str:
        """A fresh request id, ``req-8-4-4-4-12`` in lower case; needs a key.

        :param decides: Glance's answers will depend on what rides under it, so that they must not be given
            where the rider cannot be read
        """
        random = bytearray(secrets.token_bytes(_HALF))
        random[6] = 0x80 | random[6] & 0x0F
        random[_DECIDES_AT] = random[_DECIDES_AT] & ~_DECIDES | (_DECIDES if decides else 0)
        nonce = bytes(random)
        text = (nonce + _mark(self._keys[0], nonce)).hex()
        return "req-" + "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))

    def is_ours(self, request_id: str) -> bool:
        """Whether an id was made with one of the keys."""
        return self._nonce(request_id) is not None

    def decides(self, request_id: str) -> bool:
        """Whether an id was made with one of the keys, for something on which Glance's answers depend."""
        nonce = self._nonce(request_id)
        return nonce is not None and bool(nonce[_DECIDES_AT] & _DECIDES)

    def fingerprints(self) -> tuple[str, ...]:
        """What tells one key from another without telling the key, for ``config check``."""
        return tuple(hmac.new(key, b"fingerprint", hashlib.sha256).hexdigest()[:16] for key in self._keys)

    def _nonce(self, request_id: str) -> bytes | None:
        """The half that is not the mark; None where the mark is none of ours."""
        if request_id[_VERSION_AT : _VERSION_AT + 1] != _VERSION or not self._keys:
            return None
        found = _ID.fullmatch(request_id)
        if found is None:
            return None
        octets = bytes.fromhex("".join(found.groups()))
        nonce, mark = octets[:_HALF], octets[_HALF:]
        return nonce if any(hmac.compare_digest(_mark(key, nonce), mark) for key in self._keys) else None


def _mark(key: bytes, nonce: bytes) -> bytes:
    digest = hmac.digest(key, nonce, "sha256")
    return bytes((0x80 | digest[0] & 0x3F,)) + digest[1:_HALF]
