"""`PuppetDriver`: Puppet asks what a server has, or finds a manifest for each.

*Puppet asks*: ``glance-related-enc`` is its ``external_nodes`` (`glance_related.cmd.enc`), and is told
``{"classes": {"apache": {"port": 8080}}, "parameters": {"role": "web"}, "environment": "production"}``. A package is a
class, a variable that belongs to packages a parameter of their classes, any other one a variable of the top scope.
Puppet says by itself when it has asked; what it makes of the answer its own report tells.

*A manifest for each* (option ``manifests``): a folder, ``manifests/servers`` of an environment for example, where
``CERTNAME.pp`` says ``node 'CERTNAME' { ... }``; variables are those of the node's scope. A site that has nodes at all
needs ``node default {}`` for the others, and one whose ``environment_timeout`` is not 0 sees a change only as late.

With ``compile`` a worker has the catalog compiled after each change, in either form, and what Puppet complains of, as
a class that is not there or a parameter of the wrong type, is what the customer reads. The settings are in place all
the same: the server's own run ends with the same words.

By which name Puppet knows a server (``certname``) must be nobody else's. Customers choose hostnames: where there is no
more to it, one who takes another's name is refused a manifest, and makes a question ambiguous. Secrets stand in
manifests and in catalogs as they are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from glance_related.deliveries.delivery import Done, Refused
from glance_related.package_menu.drivers.certname import Certnames
from glance_related.package_menu.drivers.compilation import Compilation
from glance_related.package_menu.drivers.driver import Instance, Package, PackageDriver, Variable
from glance_related.package_menu.drivers.manifests import Manifests
from glance_related.package_menu.drivers.masking import secrets_of
from glance_related.package_menu.drivers.puppet_text import manifest, node_settings
from glance_related.settings.options import ConfigError

_GROUP = "[package_menu_puppet]"
_ENVIRONMENT = re.compile(r"[a-z0-9_]+")


class PuppetDriver(PackageDriver):
    """Entry point ``glance_related.package_management_drivers``, name ``puppet``; see the module."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        super().__init__(settings)
        self._certnames = Certnames(settings["certname"], f"{_GROUP} certname")
        folder, command = settings["manifests"], settings["compile"]
        self._manifests = Manifests(Path(folder)) if folder else None
        self._compilation = Compilation(command, settings["compile_seconds"], f"{_GROUP} compile") if command else None
        self._environment = settings["environment"]
        if self._environment and folder:
            raise ConfigError(
                f"{_GROUP} environment is told with glance-related-enc only; take it out, or manifests: a manifest is "
                "of the environment that its folder lies in."
            )
        if self._environment and not _ENVIRONMENT.fullmatch(self._environment):
            raise ConfigError(f"{_GROUP} environment must have small letters, digits and _ only.")

    @property
    def is_pulled(self) -> bool:
        return self._manifests is None and self._compilation is None

    @property
    def certnames(self) -> Certnames | None:
        return self._certnames if self._manifests is None else None

    def configure_packages(
        self, instance: Instance, packages: Sequence[Package], variables: Sequence[Variable]
    ) -> Done:
        certname, settings = self._certnames.needed(instance), node_settings(packages, variables)
        if self._manifests is not None:
            self._manifests.put(instance.ref, certname, manifest(certname, settings))
        if self._compilation is not None:
            self._compilation.run(certname, secrets_of(variables))
        return Done()

    def remove(self, instance: Instance) -> Done:
        if self._manifests is not None:
            self._manifests.remove(instance.ref)
        return Done()

    def check(self) -> list[str]:
        found = self._certnames.check()
        if self._manifests is not None:
            found += self._manifests.check()
        if self._compilation is not None:
            found += self._compilation.check()
        return found

    def read_back(self, instance: Instance) -> Mapping[str, Any] | None:
        text = self._manifests.get(instance.ref) if self._manifests is not None else None
        return None if text is None else {"manifest": text}

    def document(
        self, instance: Instance, packages: Sequence[Package], variables: Sequence[Variable]
    ) -> Mapping[str, Any]:
        if self._manifests is not None:
            raise Refused("Puppet has a manifest for each server here, and asks for none")
        settings = node_settings(packages, variables)
        told: dict[str, Any] = {
            "classes": {name: dict(values) or None for name, values in settings.classes.items()},
            "parameters": dict(settings.variables),
        }
        return {**told, "environment": self._environment} if self._environment else told
