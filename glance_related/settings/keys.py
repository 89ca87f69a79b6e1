"""`Keys`: what is secret is kept encrypted; a folder of keys, as Keystone's Fernet repository.

=================  =====================================================================
file in the folder  what it is
=================  =====================================================================
``0``               *staged*: known, and nothing is encrypted with it yet
the highest number  *primary*: everything new is encrypted with it
every other         *old*: what was encrypted with it can still be read
=================  =====================================================================

A new key is staged, the folder copied to every host that reads it, and only then promoted: so nobody ever meets a
secret that he cannot read. The folder is read again when anything in it has changed, in whatever way it is copied; as
long as what is there cannot be read, as while it is copied, the keys that were read last are used on. nova-api,
nova-metadata and the workers read it; compute hosts never do.
"""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from glance_related.settings.options import ConfigError

LOG = logging.getLogger(__name__)

STAGED = 0
#: How often a folder is looked at for which nobody has any use, in seconds.
_NOW_AND_THEN = 10.0

#: Of each key in a folder: its name, and what changes with its content.
Stamp = tuple[tuple[str, int, int, int], ...]


class NoKeys(Exception):
    """There is no folder of keys, or nothing in it: secrets cannot be kept."""


class Undecipherable(Exception):
    """None of the keys fits: one was taken away too early, or this host has others."""


@dataclass(frozen=True)
class Key:
    """One of the folder.

    :param fingerprint: what tells it from others without telling it
    """

    number: int
    role: str
    fingerprint: str


class Keys:
    """The keys of a folder, for any number of threads.

    :param folder: None: there are none
    :param on_change: told the fingerprints of all keys whenever they were read, that of the primary first; False: it
        must be told again
    :param clock: monotonic seconds
    """

    def __init__(
        self,
        folder: str | None,
        on_change: Callable[[tuple[str, ...]], bool] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder = Path(folder) if folder else None
        self._on_change = on_change
        self._clock = clock
        self._looked_at = float("-inf")
        self._stamp: Stamp = ()
        self._keys: MultiFernet | None = None
        self._primary: Fernet | None = None
        self._untold: tuple[str, ...] | None = None
        self._lock = threading.Lock()

    def seal(self, text: str) -> str:
        """A secret, encrypted with the primary key.

        :raises NoKeys:
        """
        return self._current().encrypt(text.encode()).decode("ascii")

    def open(self, token: str) -> str:
        """A secret that was encrypted with any of the keys.

        :raises NoKeys:
        :raises Undecipherable:
        """
        try:
            return self._current().decrypt(token.encode()).decode()
        except InvalidToken:
            raise Undecipherable from None

    def sealed_anew(self, token: str) -> str | None:
        """The same secret, encrypted with the primary key; None where it is already.

        :raises NoKeys:
        :raises Undecipherable:
        """
        text = self.open(token)
        assert self._primary is not None
        try:
            self._primary.decrypt(token.encode())
        except InvalidToken:
            return self.seal(text)
        return None

    def refresh(self) -> None:
        """Read the folder where it has changed; nothing happens where there is none.

        :raises ConfigError: there have never been any keys, and what is there cannot be read
        """
        try:
            self._current()
        except NoKeys:
            return
        if self._untold is not None:
            self._tell(self._untold)

    def keep_fresh(self) -> None:
        """The same now and then, for whoever may have no secret to do with for long: cheap enough for every request."""
        now = self._clock()
        if self._folder is None or now - self._looked_at < _NOW_AND_THEN:
            return
        self._looked_at = now
        try:
            self.refresh()
        except ConfigError as error:
            LOG.error("%s", error)

    def _current(self) -> MultiFernet:
        if self._folder is None:
            raise NoKeys
        stamp, changed = _stamp(self._folder), None
        with self._lock:
            if stamp != self._stamp or self._keys is None:
                found = self._read(self._folder)
                self._stamp = stamp  # what cannot be read is read again when it has changed
                if found:
                    ordered = [Fernet(key) for _, key in _in_order(found)]
                    self._keys, self._primary = MultiFernet(ordered), ordered[0]
                    changed = tuple(fingerprint(key) for _, key in _in_order(found))
            keys = self._keys
        if keys is None:
            raise NoKeys
        if changed is not None:
            self._tell(changed)
        return keys

    def _read(self, folder: Path) -> dict[int, bytes]:
        """What is there; nothing where that cannot be read, and others have been."""
        try:
            found = read_folder(folder)
        except ConfigError as error:
            if self._keys is None:
                raise
            LOG.error("%s Until then the keys that were read before are used.", error)
            return {}
        if not found and self._keys is not None:
            LOG.error("There are no keys in %s any more; the keys that were read before are used.", folder)
        return found

    def _tell(self, changed: tuple[str, ...]) -> None:
        is_told = self._on_change is None or self._on_change(changed)
        self._untold = None if is_told else changed


def _stamp(folder: Path) -> Stamp:
    """What tells a folder from what it was: keys may be replaced in place, which changes nothing about the folder."""
    try:
        with os.scandir(folder) as entries:
            found = [(entry.name, entry.stat()) for entry in entries if entry.name.isdecimal()]
    except OSError:
        return ()
    return tuple(sorted((name, about.st_mtime_ns, about.st_size, about.st_ino) for name, about in found))


def _in_order(found: dict[int, bytes]) -> list[tuple[int, bytes]]:
    """The primary first: it encrypts. The staged key last."""
    return sorted(found.items(), reverse=True)


def read_folder(folder: Path) -> dict[int, bytes]:
    """The keys of a folder, by number.

    :raises ConfigError: one cannot be read, or is no key
    """
    found: dict[int, bytes] = {}
    try:
        paths = [path for path in folder.iterdir() if path.name.isdecimal()]
        for path in paths:
            key = path.read_bytes().strip()
            Fernet(key)
            found[int(path.name)] = key
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ConfigError(
            f"The keys in {folder} cannot be read ({error.strerror}); mend owner and mode of the folder."
        ) from None
    except ValueError:
        raise ConfigError(f"{path} is no key; put back what 'glance-related-manage keys' has written.") from None
    if set(found) == {STAGED}:
        raise ConfigError(f"{folder} has a staged key only; make it the primary with 'keys promote'.")
    return found


def fingerprint(key: bytes) -> str:
    """What tells one key from another without telling the key."""
    return hashlib.sha256(b"glance_related" + key).hexdigest()[:12]


def describe(folder: Path) -> list[Key]:
    """The keys of a folder, by number.

    :raises ConfigError:
    """
    found = read_folder(folder)
    return [Key(number, _role(number, found), fingerprint(key)) for number, key in sorted(found.items())]


def _role(number: int, found: dict[int, bytes]) -> str:
    if number == max(found):
        return "primary"
    return "staged" if number == STAGED else "old"


def write_key(folder: Path, number: int) -> str:
    """Put a new key into a folder; its fingerprint. It belongs to whom the folder belongs.

    :raises OSError:
    """
    key = Fernet.generate_key()
    owner = folder.stat()
    handle, name = tempfile.mkstemp(dir=folder, prefix=".")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(key)
            os.fchmod(file.fileno(), owner.st_mode & 0o440 or 0o400)
            if os.geteuid() == 0:
                os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
            os.fsync(file.fileno())
        os.replace(name, folder / str(number))
    except BaseException:
        os.unlink(name)
        raise
    return fingerprint(key)
