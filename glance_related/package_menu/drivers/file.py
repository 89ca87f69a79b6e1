"""`FileDriver`: one JSON document for each server, in a folder that whoever configures servers reads.

``json``
    ``{"version": 1, "generation": 3, "instance": {...}, "packages": {"web": "apache2"}, "variables": {"port": 80}}``:
    packages by their names on the menu, with what they are here.
``chef-json``
    for ``chef-client -j``: ``{"run_list": ["recipe[apache::ssl]"], "apache": {"port": 80}, "role": "web"}``. A
    variable that belongs to packages is an attribute of their cookbooks, any other one at the top.

A document is replaced in one step: whoever reads it reads the old one or the new one. It holds secrets as they are, so
its mode is 0640, and the folder should let in only who needs them.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from glance_related.deliveries.delivery import Done, Refused, Unavailable
from glance_related.instance_ref import InstanceRef
from glance_related.package_menu.drivers.driver import Instance, Package, PackageDriver, Variable
from glance_related.settings.options import ConfigError

_MODE = 0o640
#: From here on a file is named by a hash: no name may be longer than 255 bytes.
_NAME_MAX = 200


class FileDriver(PackageDriver):
    """Entry point ``glance_related.package_management_drivers``, name ``file``; see the module."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        super().__init__(settings)
        if not settings["folder"]:
            raise ConfigError(
                "[package_menu_file] folder is not set; name a folder on a volume that all workers share, or take the "
                "driver file out of [package_menu] package_management_driver."
            )
        self._folder = Path(settings["folder"])
        self._document = {"json": _plain, "chef-json": _for_chef}[settings["format"]]

    def configure_packages(
        self, instance: Instance, packages: Sequence[Package], variables: Sequence[Variable]
    ) -> Done:
        document = self._document(instance, packages, variables)
        path = self._path(instance.ref)
        try:
            _replace(path, json.dumps(document, ensure_ascii=False, indent=1).encode())
        except OSError as error:
            raise Unavailable(f"{path.parent} cannot be written: {error.strerror}") from None
        return Done()

    def remove(self, instance: Instance) -> Done:
        path = self._path(instance.ref)
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise Unavailable(f"{path.parent} cannot be written: {error.strerror}") from None
        return Done()

    def check(self) -> list[str]:
        if not self._folder.is_dir():
            return [f"The folder {self._folder} does not exist; create it for the user of glance-related-worker."]
        if not os.access(self._folder, os.W_OK | os.X_OK):
            return [f"The folder {self._folder} cannot be written by this user."]
        return []

    def read_back(self, instance: Instance) -> Mapping[str, Any] | None:
        try:
            document: Mapping[str, Any] = json.loads(self._path(instance.ref).read_bytes())
        except (OSError, ValueError):
            return None
        return document

    def _path(self, ref: InstanceRef) -> Path:
        name = quote(ref.instance_id, safe="")
        if len(name) > _NAME_MAX:
            name = hashlib.sha256(ref.instance_id.encode()).hexdigest()
        return self._folder / ref.nova_installation_uuid / f"{name}.json"


def _replace(path: Path, content: bytes) -> None:
    path.parent.mkdir(mode=0o750, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".new")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            os.fchmod(file.fileno(), _MODE)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def _plain(instance: Instance, packages: Sequence[Package], variables: Sequence[Variable]) -> dict[str, Any]:
    return {
        "version": 1,
        "generation": instance.generation,
        "instance": {
            "nova_installation_uuid": instance.ref.nova_installation_uuid,
            "instance_id": instance.ref.instance_id,
            "project_id": instance.project_id,
            "name": instance.name,
            "hostname": instance.hostname,
            "os_distro": instance.os_distro,
        },
        "packages": {package.name: package.realised for package in packages},
        "variables": {variable.realised: variable.value for variable in variables},
    }


_RUN_LIST = "run_list"


def _for_chef(_instance: Instance, packages: Sequence[Package], variables: Sequence[Variable]) -> dict[str, Any]:
    attributes: dict[str, Any] = {}
    for variable in variables:
        for cookbook in dict.fromkeys(package.partition("::")[0] for package in variable.packages):
            attributes.setdefault(cookbook, {})[variable.realised] = variable.value
    alone = {variable.realised: variable for variable in variables if not variable.packages}
    for name in (*attributes, *alone):
        if name == _RUN_LIST or (name in alone and name in attributes):
            raise Refused(f"{name} cannot be an attribute's name: it means something else to Chef here")
    values = {name: variable.value for name, variable in alone.items()}
    return {_RUN_LIST: [f"recipe[{package.realised}]" for package in packages], **values, **attributes}
