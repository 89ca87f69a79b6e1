"""One more front of the real Nova, whose menu goes to receivers of its own: a Puppet, a directory."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy.engine import make_url

from cloud import web
from cloud.paste import IN_NOVA
from cloud.suite import Suite
from cloud.worker import Worker
from tests.real.nova.menu import Menu
from tests.real.nova.nova_cloud import NovaCloud
from tests.real.wire import Answer, exchange
from tests.servers.puppet import LoadedPuppet, Puppet

if TYPE_CHECKING:
    from cloud.nova_programs import Api

#: A class that takes what the menu has for it, and whose resource shows that a variable has reached it.
WEB = """
class web(Integer $port = 80, Array[String] $hosts = [], Optional[String] $password = undef, Integer $workers = 1) {
  notify { 'web': message => "${port} ${join($hosts, ',')} ${role}" }
}
"""

#: What the cloud's administrator publishes for it.
ENTRIES: list[dict[str, Any]] = [
    {"name": "web", "kind": "package", "realisations": {"ldap": {"*": "apache::ssl"}}},
    {"name": "port", "kind": "variable", "type": "integer", "default": 80, "packages": ["web"], "on_by_default": True},
    {"name": "hosts", "kind": "variable", "type": "list", "packages": ["web"], "on_by_default": True},
    {"name": "password", "kind": "variable", "type": "secret", "packages": ["web"], "on_by_default": True},
    {"name": "role", "kind": "variable", "type": "string", "default": "front", "on_by_default": True},
    {"name": "debug", "kind": "variable", "type": "boolean", "on_by_default": True},
    {"name": "ratio", "kind": "variable", "type": "number", "on_by_default": True},
]


class Driven(Menu):
    """Asks at a nova-api of its own, with a configuration, a database and a worker of its own; start(), stop().

    :param name: of all of that
    :param options: of the drivers, lines of the configuration
    """

    def __init__(self, cloud: NovaCloud, name: str, options: str) -> None:
        super().__init__(cloud)
        self.name = name
        self._database = f"{name}_glance_related"
        database = make_url(cloud.suite.database).set(database=self._database)
        self.suite = Suite(
            cloud.root, cloud.venv, cloud.keystone, name=name, database=database.render_as_string(hide_password=False),
            mark_key=cloud.suite.mark_key, installation=cloud.installation,
            conf_extra=f"[keys]\nfolder = {cloud.suite.keys}\n[deliveries]\npoll_seconds = 0.2\n{options}\n",
        )  # fmt: skip
        self.worker = Worker(self.suite, f"{name}-worker")
        self._api: Api | None = None

    def start(self) -> None:
        cloud = self.cloud
        cloud.nova_rows(f"create database {self._database} character set utf8mb3")
        self.suite.write_config()
        self.suite.db_upgrade()
        self.suite.add_installation(cloud.installation, "nova", [cloud.accounts.users[cloud.nova.user]])
        self.worker.start()
        assert self.api.pid is not None

    def stop(self) -> None:
        self.worker.stop()
        if self._api is not None:
            self._api.stop()

    @property
    def api(self) -> Api:
        """In front of the cloud's first Nova; started again where a test has stopped it."""
        name, conf = f"{self.name}-nova-api", self.suite.conf
        self._api = self.cloud.extra_api(name, filters=" ".join(IN_NOVA), suite_conf=conf)
        return self._api

    def ask(self, who: str, method: str, path: str, json: Any = None, **extra: Any) -> Answer:
        return super().ask(who, method, path, json, **{"on": self.api, **extra})

    def boot(self, who: str, name: str = "a server", **more: Any) -> str:
        return self.cloud.boot(who, name, on=self.api, **more)

    def set(self, who: str, server_id: str, **values: Any) -> None:
        """Give some of a server's variables values, while it runs."""
        for name, value in values.items():
            self.need(who, "PUT", f"/servers/{server_id}/packages/{name}", {"value": value})

    def has_come(self, who: str, server_id: str, **states: str) -> dict[str, Any]:
        """How far a server's settings have come, as the API shows it, once that is so with each driver."""

        shown: dict[str, Any] = {}

        def has_come() -> bool:
            shown.update({one["driver"]: one for one in self.settings(who, server_id)["deliveries"]})
            return {name: one["state"] for name, one in shown.items()} == states

        try:
            self.until(has_come, f"it has come to {states}")
        except AssertionError as error:
            raise AssertionError(f"{error}; what is shown is {shown}") from None
        return shown


def resource(catalog: Any, kind: str, title: str) -> dict[str, Any]:
    """The parameters of a resource of a catalog."""
    (found,) = [one for one in catalog["resources"] if (one["type"], one["title"]) == (kind, title)]
    return dict(found.get("parameters", {}))


def classes_of(catalog: Any) -> set[str]:
    """The classes of a catalog, but for those that every one has."""
    return {one["title"] for one in catalog["resources"] if one["type"] == "Class"} - {"Settings", "main", "Main"}


def web_puppet(root: Path, loaded: LoadedPuppet, external_nodes: str | None = None) -> Puppet:
    """A Puppet that has the class, and nothing for those whom it does not know."""
    made = Puppet(root, external_nodes, loaded)
    made.module("web", WEB)
    made.site("node default { }\n")
    return made


class Classifier:
    """``glance-related-enc`` with an application credential of somebody's.

    :param folder: where its configuration stands, and what it remembers
    :param who: whose credential, in the project of that name
    :param role: the one that it has of his
    :param rules: what it may be used for; None: for everything
    """

    def __init__(
        self, cloud: NovaCloud, folder: Path, region: str, who: str, role: str, rules: list[dict[str, str]] | None
    ) -> None:
        self._cloud = cloud
        asked: dict[str, Any] = {"name": folder.name + role, "roles": [{"id": cloud.accounts.role(role)}]}
        if rules is not None:
            asked["access_rules"] = rules
        url = f"{cloud.keystone.url}/users/{cloud.accounts.users[who]}/application_credentials"
        made = web.request("POST", url, token=cloud.token(who), json_body={"application_credential": asked})
        assert made.status == 201, made
        self._credential = made.json()["application_credential"]
        folder.mkdir()
        self._conf = folder / "enc.conf"
        lines = {
            "auth_url": cloud.keystone.url,
            "application_credential_id": self._credential["id"],
            "application_credential_secret": self._credential["secret"],
            "region_name": region,
            "cache_folder": folder.parent / "cache",
        }
        self._conf.write_text("[enc]\n" + "".join(f"{name} = {value}\n" for name, value in lines.items()))

    @property
    def command(self) -> str:
        """What stands in Puppet's configuration."""
        return f"{self._cloud.venv}/bin/glance-related-enc --config-file {self._conf}"

    def run(self, certname: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """The command, as Puppet runs it."""
        argv = [*self.command.split(), certname]
        return subprocess.run(
            argv, env={**os.environ, **environment}, capture_output=True, text=True, check=False, timeout=60
        )

    def token(self) -> str:
        """A token of the credential, as whoever has stolen it gets one."""
        secret = {name: self._credential[name] for name in ("id", "secret")}
        identity = {"methods": ["application_credential"], "application_credential": secret}
        answer = web.request(
            "POST", f"{self._cloud.keystone.url}/auth/tokens", json_body={"auth": {"identity": identity}}
        )
        assert answer.status == 201, answer
        return answer.headers["x-subject-token"]

    def ask(self, api: Api, method: str, target: str, body: bytes | None = None) -> Answer:
        """One request with such a token, the path sent letter by letter."""
        headers = {"X-Auth-Token": self.token(), "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        return exchange(api.port, method, target, headers, body)
