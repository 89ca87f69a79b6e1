"""Who tries to log in, as far as it is known before Keystone is asked: his name, from where, and with which browser."""

from __future__ import annotations

import datetime
import hashlib
import ipaddress
import json
import re
import unicodedata
from typing import TYPE_CHECKING

from glance_related.db.models import utcnow
from glance_related.package_menu.page.sessions import fresh
from glance_related.settings.keys import Keys, Undecipherable

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

#: For how long a browser is known, in seconds.
DEVICE_SECONDS = 365 * 86400
_DEVICE_MAX = 1024
#: Kinds of characters that databases pass over when they compare names: marks and what is not shown.
_PASSED_OVER = ("M", "C")
_WITH_PORT = re.compile(r"\[(?P<six>[^\]]*)\](:\d+)?|(?P<four>[0-9.]+)(:\d+)?")


def spelt(name: str) -> str:
    """A name in a spelling that it has in common with all others that a database may take for the same."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", name).casefold())
    return "".join(one for one in plain if not unicodedata.category(one).startswith(_PASSED_OVER)).strip()


def address_of(environ: WSGIEnvironment) -> str | None:
    """From where a request is, by the word of whoever is nearest to us; None where that is no address.

    Of several that proxies have named one after the other the last is the one that a client cannot have made up.
    """
    text = str(environ.get("REMOTE_ADDR", "")).rpartition(",")[2].strip().strip('"')
    found = _WITH_PORT.fullmatch(text)
    try:
        address = ipaddress.ip_address((found["six"] or found["four"]) if found else text)
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


def network_of(address: str | None) -> str:
    """What one customer has of addresses, as it is counted: of IPv6 he has as many as he wants."""
    if address is None or ":" not in address:
        return address or ""
    return str(ipaddress.ip_network((address.partition("%")[0], 64), strict=False))


class Devices:
    """Browsers in which somebody has logged in before, by a cookie that the suite's keys have sealed.

    It lets nobody in; what is guessed with it is only counted by itself.
    """

    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    def given(self, user: str) -> str:
        """What a browser shall keep in which this user has logged in.

        :raises NoKeys:
        """
        about = {"device": fresh(), "user": _digest(user), "at": utcnow().isoformat(timespec="seconds")}
        return self._keys.seal(json.dumps(about))

    def known(self, value: str | None, user: str) -> str | None:
        """Which browser this is; None: none of this user's.

        :raises NoKeys:
        """
        if value is None or len(value) > _DEVICE_MAX:
            return None
        try:
            about = json.loads(self._keys.open(value))
            age = utcnow() - datetime.datetime.fromisoformat(about["at"])
            is_his = about["user"] == _digest(user) and age.total_seconds() <= DEVICE_SECONDS
            return str(about["device"]) if is_his else None
        except (Undecipherable, ValueError, TypeError, KeyError):
            return None


def _digest(user: str) -> str:
    return hashlib.sha256(user.encode("utf-8", "replace")).hexdigest()
