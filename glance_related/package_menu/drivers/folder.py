"""Files of servers in a folder: by which name, and replaced in one step, so that a reader has the old or the new."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from glance_related.deliveries.delivery import Unavailable
from glance_related.instance_ref import InstanceRef

#: They may hold secrets: for who works with the folder, and for its group.
_MODE, _FOLDER_MODE = 0o640, 0o750
#: From here on a file is named by a hash: no name may be longer than 255 bytes.
_NAME_MAX = 200


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
    path.parent.mkdir(mode=_FOLDER_MODE, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".new")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            os.fchmod(file.fileno(), _MODE)
            file.flush()
            os.fsync(file.fileno())
        move(name, path)
    finally:
        Path(name).unlink(missing_ok=True)


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
