"""A real Puppet whose classifier is ``glance-related-enc``, our filter, a worker, and a Nova that makes servers."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from glance_related.deliveries.worker import Worker
from glance_related.instance_ref import InstanceRef
from glance_related.package_menu.carrier import PackageCarrier
from tests.filters.conftest import ADMIN, NOVA
from tests.filters.menu_side import MenuSide, make
from tests.servers.puppet import LoadedPuppet, Puppet
from tests.unit.cmd.enc_api import Api

ENC = Path(sys.executable).with_name("glance-related-enc")

WEB = """
class web(Integer $port = 80, Array[String] $hosts = [], Optional[String] $password = undef) {
  notify { 'web': message => "${port} ${join($hosts, ',')}" }
}
"""
SITE = "node default { if defined('$role') { notify { 'role': message => $role } } }\n"


class FilteredApi(Api):
    """The compute API, where our filter answers of nodes."""

    def __init__(self) -> None:
        super().__init__()
        self.side: MenuSide | None = None
        self.who = ADMIN

    def _usual(self, request: Any) -> tuple[int, dict[str, str], Any]:
        if not request.path.startswith("/v2.1/"):
            return super()._usual(request)
        assert self.side is not None
        headers = {name: value for name, value in request.headers.items() if name == "If-None-Match"}
        reply = self.side.ask("GET", request.path.removeprefix("/v2.1"), who=self.who, headers=headers)
        return reply.status_int, dict(reply.headers), reply.body


@dataclass
class PuppetSide:
    """See the module."""

    menu: MenuSide
    puppet: Puppet
    api: FilteredApi

    def booted(self, hostname: str = "", **more: Any) -> str:
        server_id = self.menu.booted(**more)
        self.menu.books.instances.describe(InstanceRef(NOVA, server_id), hostname=hostname)
        return server_id

    def set(self, server_id: str, **values: Any) -> None:
        """Set some of a server's variables."""
        for name, value in values.items():
            reply = self.menu.ask("PUT", f"/servers/{server_id}/packages/{name}", {"value": value})
            assert reply.status_int == 200, reply.text

    def delivery(self, server_id: str) -> tuple[str, str]:
        """How far it has come, and in which words."""
        (found,) = self.menu.settings(server_id)["deliveries"]
        return found["state"], found["message"]

    def worker(self) -> Worker:
        """A worker, to be led step by step."""
        menu = self.menu
        return Worker(menu.deliveries, [PackageCarrier(menu.books)], menu.suite.settings.deliveries, "w")

    def enc(self, **options: str) -> Path:
        """The configuration of ``glance-related-enc``."""
        path = self.puppet.root.parent / "enc.conf"
        lines = {
            "auth_url": f"{self.api.url}/v3",
            "application_credential_id": "the-id",
            "application_credential_secret": "the-secret",
            "cache_folder": str(path.with_name("cache")),
            "timeout_seconds": "10",
            **options,
        }
        path.write_text("[enc]\n" + "".join(f"{name} = {value}\n" for name, value in lines.items()))
        return path


def make_puppet_side(tmp_path: Path, api: FilteredApi, loaded: LoadedPuppet, options: str = "") -> PuppetSide:
    """Puppet asks us, with `options` of the driver; ``PUPPET`` in them is its command.

    :param loaded: whose forks its commands are
    """
    puppet = Puppet(tmp_path / "puppet", f"{ENC} --config-file {tmp_path}/enc.conf", loaded)
    puppet.site(SITE)
    puppet.module("web", WEB)
    compiled = options.replace("PUPPET", puppet.command("catalog", "compile", "{certname}"))
    compiled = compiled.replace("SERVERS", str(puppet.servers))
    driver = f"[package_menu]\npackage_management_driver = puppet\n[package_menu_puppet]\n{compiled}\n"
    api.side = make(tmp_path, driver)
    side = PuppetSide(api.side, puppet, api)
    side.enc()
    return side
