"""`FileDriver`: one JSON document for each server, in a folder that whoever configures servers reads.

``json``
    ``{"version": 1, "generation": 3, "instance": {...}, "packages": {"web": "apache2"}, "variables": {"port": 80}}``:
    packages by their names on the menu, with what they are here.
``chef-json``
    for ``chef-client -j``: ``{"run_list": ["recipe[apache::ssl]"], "apache": {"port": 80}, "role": "web"}``. A
    variable that belongs to packages is an attribute of their cookbooks, any other one at the top. None may be called
    ``run_list`` or ``recipes``, by which Chef knows what to run.

A document is replaced in one step: whoever reads it reads the old one or the new one. It holds secrets as they are, so
its mode is 0640, and the folder should let in only who needs them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from glance_related.deliveries.delivery import Done, Refused
from glance_related.instance_ref import InstanceRef
from glance_related.package_menu.drivers import folder
from glance_related.package_menu.drivers.driver import Instance, Package, PackageDriver, Variable, put_value
from glance_related.settings.options import ConfigError


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
        with folder.needing(self._folder):
            folder.replace(self._path(instance.ref), json.dumps(document, ensure_ascii=False, indent=1).encode())
        return Done()

    def remove(self, instance: Instance) -> Done:
        with folder.needing(self._folder):
            folder.remove(self._path(instance.ref))
        return Done()

    def check(self) -> list[str]:
        return folder.trouble_with(self._folder)

    def read_back(self, instance: Instance) -> Mapping[str, Any] | None:
        try:
            document: Mapping[str, Any] = json.loads(self._path(instance.ref).read_bytes())
        except (OSError, ValueError):
            return None
        return document

    def _path(self, ref: InstanceRef) -> Path:
        return self._folder / ref.nova_installation_uuid / f"{folder.name_of(ref)}.json"


def _plain(instance: Instance, packages: Sequence[Package], variables: Sequence[Variable]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for variable in variables:
        put_value(values, variable)
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
        "variables": values,
    }


_RUN_LIST = "run_list"
#: By these names Chef takes what to run from a document; of one that has both it refuses all.
_WHAT_TO_RUN = frozenset({_RUN_LIST, "recipes"})


def _for_chef(_instance: Instance, packages: Sequence[Package], variables: Sequence[Variable]) -> dict[str, Any]:
    attributes: dict[str, dict[str, Any]] = {}
    alone: dict[str, Any] = {}
    for variable in variables:
        if not variable.packages:
            put_value(alone, variable)
        for cookbook in dict.fromkeys(package.partition("::")[0] for package in variable.packages):
            put_value(attributes.setdefault(cookbook, {}), variable)
    for name in (*attributes, *alone):
        if name in _WHAT_TO_RUN or (name in alone and name in attributes):
            raise Refused(f"{name} cannot be an attribute's name: it means something else to Chef here")
    return {_RUN_LIST: [f"recipe[{package.realised}]" for package in packages], **alone, **attributes}
