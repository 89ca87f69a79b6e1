"""`Keys`: what is secret is kept encrypted; a folder of keys, as Keystone's Fernet repository.

=================  =====================================================================
file in the folder  what it is
=================  =====================================================================
``0``               *staged*: known, and nothing is encrypted with it yet
the highest number  *primary*: everything new is encrypted with it
every other         *old*: what was encrypted with it can still be read
=================  =====================================================================

A new key is staged, the folder copied to every host that reads it, and only then promoted: so nobody ever meets a
secret that he cannot read. The folder is read again when it has changed. nova-api, nova-metadata and the workers read
it; compute hosts never do.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from glance_related.settings.options import ConfigError

STAGED = 0


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
    :param on_change: told the fingerprints of all keys whenever they were read
    """

    def __init__(self, folder: str | None, on_change: Callable[[tuple[str, ...]], None] | None = None) -> None:
        self._folder = Path(folder) if folder else None
        self._on_change = on_change
        self._stamp: tuple[int, ...] = ()
        self._fernet: MultiFernet | None = None
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

    def sealed_anew(self, token: str) -> str:
        """The same secret, encrypted with the primary key.

        :raises NoKeys:
        :raises Undecipherable:
        """
        return self.seal(self.open(token))

    def refresh(self) -> None:
        """Read the folder where it has changed; nothing happens where there is none."""
        try:
            self._current()
        except NoKeys:
            return

    def _current(self) -> MultiFernet:
        if self._folder is None:
            raise NoKeys
        stamp = _stamp(self._folder)
        with self._lock:
            if stamp != self._stamp or self._fernet is None:
                found = read_folder(self._folder)
                if not found:
                    raise NoKeys
                self._fernet = MultiFernet([Fernet(key) for _, key in _in_order(found)])
                self._stamp = stamp
                changed = tuple(fingerprint(key) for key in found.values())
            else:
                changed = None
            fernet = self._fernet
        if changed is not None and self._on_change is not None:
            self._on_change(changed)
        return fernet


def _stamp(folder: Path) -> tuple[int, ...]:
    try:
        about = folder.stat()
    except OSError:
        return ()
    return about.st_mtime_ns, about.st_ino


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
