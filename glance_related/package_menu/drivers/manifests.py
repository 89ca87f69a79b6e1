"""`Manifests`: a folder in which one of Puppet's manifests is kept for each server.

Puppet compiles all of a folder's manifests at once, and two of the same node are the end of every compilation: so a
manifest is named by its node, is made only where no other is, and says in its first line whose it is. Under
``.servers`` stands by which names a server is known here; Puppet does not read that.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from glance_related.deliveries.delivery import Refused
from glance_related.instance_ref import InstanceRef
from glance_related.package_menu.drivers import folder

_NAME_MAX = 240


class Manifests:
    """See the module.

    :param path: the folder
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def put(self, ref: InstanceRef, certname: str, text: str) -> None:
        """Let a server have this manifest, and no other.

        :raises Refused: another has the name
        :raises Unavailable:
        """
        if len(certname) > _NAME_MAX:
            raise Refused(f"{certname} is too long a name for a manifest's file.")
        with folder.needing(self._path):
            known = self._names(ref)
            self._check_owner(ref, certname)
            if certname not in known:  # first, so that none is forgotten
                self._note(ref, [*known, certname])
            self._place(ref, certname, f"{_mark(ref)}\n{text}".encode())
            for other in known:
                if other != certname:
                    self._drop(ref, other)
            if known not in ([], [certname]):
                self._note(ref, [certname])

    def remove(self, ref: InstanceRef) -> None:
        """Let a server have none.

        :raises Unavailable:
        """
        with folder.needing(self._path):
            for certname in self._names(ref):
                self._drop(ref, certname)
            folder.remove(self._index(ref))

    def get(self, ref: InstanceRef) -> str | None:
        """The manifest of a server."""
        for certname in self._names(ref):
            content = _content(self._file(certname))
            if content is not None and _is_of(ref, content):
                return content.decode()
        return None

    def check(self) -> list[str]:
        """What an operator should know of the folder."""
        return folder.trouble_with(self._path)

    def _place(self, ref: InstanceRef, certname: str, content: bytes) -> None:
        path = self._file(certname)
        if _content(path) == content:
            return  # Puppet would read it anew
        try:
            folder.put(path, content, os.link)
        except FileExistsError:
            self._check_owner(ref, certname)
            folder.replace(path, content)

    def _check_owner(self, ref: InstanceRef, certname: str) -> None:
        content = _content(self._file(certname))
        if content is not None and not _is_of(ref, content):
            raise Refused(f"The name {certname} is another's to Puppet: a manifest of that name is there already.")

    def _drop(self, ref: InstanceRef, certname: str) -> None:
        path = self._file(certname)
        content = _content(path)
        if content is None or _is_of(ref, content):  # what is not there yet may have been begun
            folder.remove(path)

    def _file(self, certname: str) -> Path:
        return self._path / f"{certname}.pp"

    # -- by which names a server is known

    def _index(self, ref: InstanceRef) -> Path:
        return self._path / ".servers" / f"{ref.nova_installation_uuid}-{folder.name_of(ref)}"

    def _names(self, ref: InstanceRef) -> list[str]:
        content = _content(self._index(ref))
        return content.decode().split() if content is not None else []

    def _note(self, ref: InstanceRef, names: Sequence[str]) -> None:
        folder.replace(self._index(ref), "\n".join(names).encode())


def _mark(ref: InstanceRef) -> str:
    return f"# Kept by glance-related-worker for server {folder.name_of(ref)} of Nova {ref.nova_installation_uuid}."


def _is_of(ref: InstanceRef, content: bytes) -> bool:
    return content.partition(b"\n")[0] == _mark(ref).encode()


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
