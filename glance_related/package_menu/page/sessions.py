"""`Sessions`: who is logged in, by a cookie that says nothing; and the proof that a form was ours.

The browser has 256 random bits, the database their hash, and with it, encrypted, what they stand for. So neither the
database alone nor the keys alone let anybody in, and what is kept of one session cannot take the place of another's.
"""

from __future__ import annotations

import base64
import binascii
import datetime
import hashlib
import hmac
import json
import re
import secrets
from dataclasses import asdict, dataclass, field

from glance_related.db.models import utcnow
from glance_related.hosts.login import LoggedIn
from glance_related.package_menu.page.session_store import SessionStore
from glance_related.settings.keys import Keys, Undecipherable

_BYTES = 32
_COOKIE = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True)
class Session:
    """Somebody who is logged in.

    :param secret: by which his forms are known
    """

    token: str = field(repr=False)
    user_id: str
    user_name: str
    project_id: str
    project_name: str
    secret: str = field(repr=False)


class Sessions:
    """See the module.

    :param seconds: how long a session lasts at most
    """

    def __init__(self, store: SessionStore, keys: Keys, seconds: int) -> None:
        self._store = store
        self._keys = keys
        self._seconds = seconds

    def check(self) -> None:
        """:raises NoKeys: nobody can log in"""
        self._keys.seal("")

    def start(self, user: LoggedIn) -> str:
        """What the browser shall keep; always something new.

        :raises NoKeys:
        :raises DatabaseDown:
        """
        value = fresh()
        session = Session(user.token, user.user_id, user.user_name, user.project_id, user.project_name, fresh())
        ends = min(user.expires_at, utcnow() + datetime.timedelta(seconds=self._seconds))
        content = json.dumps({"of": _hash(value), **asdict(session)})
        self._store.add(_hash(value), self._keys.seal(content), ends)
        return value

    def find(self, value: str | None) -> Session | None:
        """Whose cookie this is; None: nobody's any more.

        :raises NoKeys:
        :raises DatabaseDown:
        """
        if not is_fresh(value):
            return None
        content = self._store.get(_hash(value))
        if content is None:
            return None
        try:
            kept = json.loads(self._keys.open(content))
        except Undecipherable:
            return None
        return Session(**kept) if kept.pop("of") == _hash(value) else None

    def end(self, value: str | None) -> None:
        """:raises DatabaseDown:"""
        if is_fresh(value):
            self._store.remove(_hash(value))

    def purge(self) -> None:
        """Forget those that are over.

        :raises DatabaseDown:
        """
        self._store.purge()


def fresh() -> str:
    """256 random bits, as a cookie may carry them."""
    return secrets.token_urlsafe(_BYTES)


def is_fresh(value: str | None) -> bool:
    """Whether a text can be such bits."""
    return value is not None and _COOKIE.fullmatch(value) is not None


def _hash(value: str | None) -> str:
    return hashlib.sha256((value or "").encode()).hexdigest()


# -- forms


def form_token(secret: str) -> str:
    """What every form carries; another text each time, so that nothing can be learnt from how well a page is packed."""
    mask = secrets.token_bytes(_BYTES)
    return base64.urlsafe_b64encode(mask + _mixed(mask, _proof(secret))).decode("ascii")


def is_form_token(secret: str, token: str) -> bool:
    """Whether a form was ours, and this session's."""
    try:
        said = base64.urlsafe_b64decode(token.encode("ascii"))
    except (ValueError, binascii.Error):
        return False
    if len(said) != 2 * _BYTES or base64.urlsafe_b64encode(said).decode("ascii") != token:
        return False
    return hmac.compare_digest(_mixed(said[:_BYTES], said[_BYTES:]), _proof(secret))


def _proof(secret: str) -> bytes:
    return hmac.digest(secret.encode(), b"a form of the package menu", "sha256")


def _mixed(one: bytes, other: bytes) -> bytes:
    return bytes(left ^ right for left, right in zip(one, other, strict=True))
