"""Files of servers in a folder: by which name, and replaced in one step, so that a reader has the old or the new.

A file is written under ``.new`` beside its place, by the name of what it becomes: what somebody who was killed has left
there, which may hold secrets, goes when the same file is written the next time, or removed. Both are on the disk, not
only on their way there, before anybody is told; what is written at the same time is brought there together.
"""

from __future__ import annotations

import errno
import functools
import hashlib
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from glance_related.deliveries.delivery import Unavailable
from glance_related.deliveries.lane import waited
from glance_related.instance_ref import InstanceRef
from glance_related.package_menu.drivers.together import Together

#: They may hold secrets: for who works with the folder, and for its group.
_MODE, _FOLDER_MODE = 0o640, 0o750
_NEW = ".new"
#: How often a file is tried, and the first and the longest pause in between, in seconds.
_TRIES, _PAUSES = 10, (0.002, 0.2)
#: From here on a file is named by a hash: no name may be longer than 255 bytes.
_NAME_MAX = 200
#: Of so many folders, one for each Nova, what is written at the same time is known.
_FOLDERS = 100


def name_of(ref: InstanceRef) -> str:
    """The name of a server's file, which leads nowhere else."""
    name = quote(ref.instance_id, safe="")
    if len(name) > _NAME_MAX or name.startswith("."):
        return hashlib.sha256(ref.instance_id.encode()).hexdigest()
    return name


def replace(path: Path, content: bytes) -> None:
    """Write a file, in a folder that is made where it is not there.

    :raises OSError:
    """
    put(path, content, os.replace)


def put(path: Path, content: bytes, move: Callable[[str, Path], None]) -> None:
    """Write a file beside its place, then let it be put there.

    :param move: from its first name, which is removed where it is left
    :raises OSError:
    """
    for turn in range(_TRIES):
        try:
            _put(path, content, move)
        except FileNotFoundError:  # another who writes the same file took what was written for left behind
            if turn == _TRIES - 1:
                raise
            time.sleep(waited(turn + 1, *_PAUSES))
        else:
            return


def _put(path: Path, content: bytes, move: Callable[[str, Path], None]) -> None:
    new = path.parent / _NEW
    for folder in (path.parent, new):
        folder.mkdir(mode=_FOLDER_MODE, exist_ok=True)
    _clear(path)
    handle, name = tempfile.mkstemp(dir=new, prefix=f"{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            os.fchmod(file.fileno(), _MODE)
            file.flush()
            os.fsync(file.fileno())
        move(name, path)
        _settling(path.parent)()
    finally:
        Path(name).unlink(missing_ok=True)


def remove(path: Path) -> None:
    """Remove a file, and what was to become it.

    :raises OSError:
    """
    _clear(path)
    path.unlink(missing_ok=True)
    _settling(path.parent)()


def _clear(path: Path) -> None:
    """Remove what others have begun to write, and were killed; who is still at it does so again."""
    mine = re.compile(rf"{re.escape(path.name)}\.[a-z0-9_]{{8}}")
    try:
        with os.scandir(path.parent / _NEW) as entries:
            left = [entry.path for entry in entries if mine.fullmatch(entry.name)]
    except FileNotFoundError:
        return
    for name in left:
        Path(name).unlink(missing_ok=True)


@functools.lru_cache(maxsize=_FOLDERS)
def _settling(folder: Path) -> Together:
    return Together(functools.partial(_settle, folder))


def _settle(folder: Path) -> None:
    """Let what was done in a folder outlast a loss of power."""
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        return
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # not every volume knows this of a folder
            raise
    finally:
        os.close(handle)


@contextmanager
def needing(folder: Path) -> Iterator[None]:
    """A context in which a folder that cannot be used is a receiver that does not answer."""
    if not folder.is_dir():  # nothing can be removed from a volume that is away, and nothing is written in its place
        raise Unavailable(f"The folder {folder} is not there")
    try:
        yield
    except OSError as error:
        raise Unavailable(f"{folder} cannot be used: {error.strerror}") from None


def trouble_with(folder: Path) -> list[str]:
    """What an operator should know of a folder."""
    if not folder.is_dir():
        return [f"The folder {folder} does not exist; create it for the user of glance-related-worker."]
    if not os.access(folder, os.W_OK | os.X_OK):
        return [f"The folder {folder} cannot be written by this user."]
    return []
