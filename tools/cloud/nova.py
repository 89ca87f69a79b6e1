"""A real Nova: api, metadata, conductor, scheduler, and compute on a hypervisor that only pretends."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cloud import Trouble, web
from cloud.keystone import REGION, Keystone
from cloud.mariadb import MariaDB
from cloud.nova_config import databases_conf, nova_conf
from cloud.nova_programs import Api, Daemon, Program
from cloud.processes import need, stop_together
from cloud.rabbitmq import RabbitMQ
from cloud.secret import write_private

#: What its user at Keystone may do, as on many clouds.
ROLES = ("service", "admin")

_DATABASES = ("api", "cell0", "cell1")
_HYPERVISOR = Path(__file__).with_name("hypervisor") / "nova_compute.py"


class Nova:
    """write_config(), db_sync(), start(), discover(), stop(); each of `programs` starts and stops alone too."""

    def __init__(
        self,
        root: Path,
        name: str,
        port: int,
        metadata_port: int,
        venv: Path,
        keystone: Keystone,
        mariadb: MariaDB,
        rabbitmq: RabbitMQ,
        *,
        region: str = REGION,
        user: str = "nova",
        send_service_user_token: bool = True,
        service_token_roles_required: bool = True,
        conf_extra: str = "",
        pythonpath: Sequence[Path | str] = (),
        **api: Any,
    ) -> None:
        """Nothing is written or started yet; `api` are options of `Api`, as filters and suite_conf.

        Its databases and its virtual host at RabbitMQ bear its name. `user` is what all its programs are at
        Keystone.
        """
        self.root = root.absolute()
        self.name = name
        self.venv = venv.absolute()
        self.keystone = keystone
        self.rabbitmq = rabbitmq
        self.region = region
        self.user = user
        self.send_service_user_token = send_service_user_token
        self.service_token_roles_required = service_token_roles_required
        self.conf_extra = conf_extra
        self.pythonpath = [str(folder) for folder in pythonpath]
        self.host = f"host-of-{name}"
        self.etc = self.root / "etc" / name
        self.data = self.root / "data" / name
        self.logs = self.root / "log"
        self.conf = self.etc / "nova.conf"
        self.databases_conf = self.etc / "databases.conf"
        self.metadata_secret = keystone.passwords[f"{name}-metadata"]
        self._mariadb = mariadb
        for wanted, there in ((databases_of(name), mariadb.databases), ([name], rabbitmq.vhosts)):
            there.extend(one for one in wanted if one not in there)
        self.api = Api(self, f"{name}-api", port, **api)
        self.metadata = Api(
            self, f"{name}-metadata", metadata_port, application="nova.wsgi.metadata:application", threads=4,
            metadata_filters=self.api.metadata_filters, suite_conf=self.api.suite_conf,
        )  # fmt: skip
        self.conductor = self._daemon("conductor")
        self.scheduler = self._daemon("scheduler")
        command = [f"{self.venv}/bin/python", str(_HYPERVISOR)]
        self.compute = Daemon(self, f"{name}-compute", command, [self.conf])

    @property
    def url(self) -> str:
        """Where its API answers; paths start with /v2.1."""
        return self.api.url

    @property
    def programs(self) -> list[Program]:
        return [self.conductor, self.scheduler, self.api, self.metadata, self.compute]

    def database(self, which: str) -> str:
        """The SQLAlchemy URL of `api`, `cell0` or `cell1`."""
        return self._mariadb.url(f"{_word(self.name)}_{which}")

    def extra_api(self, name: str, port: int, **options: Any) -> Api:
        """One more nova-api of this Nova, not yet started; without `filters` a stock one."""
        api = Api(self, name, port, **options)
        api.write_config()
        return api

    def write_config(self) -> None:
        (self.data / "lock").mkdir(parents=True, exist_ok=True)
        (self.data / "instances").mkdir(exist_ok=True)
        self.logs.mkdir(parents=True, exist_ok=True)
        write_private(self.conf, nova_conf(self))
        write_private(self.databases_conf, databases_conf(self))
        write_private(self.etc / "manage.conf", f"[DEFAULT]\nlog_file = {self.logs}/{self.name}-manage.log\n")
        for program in self.programs:
            program.write_config()

    def db_sync(self) -> None:
        """Tables and cells; may be run again at any time."""
        self._manage("api_db", "sync")
        self._manage("cell_v2", "map_cell0", "--database_connection", self.database("cell0"))
        if not (self.data / "cell-made").exists():
            self._manage("cell_v2", "create_cell", "--name", "cell1", may_exist=True)
            (self.data / "cell-made").touch()
        self._manage("db", "sync")

    def start(self, wait: bool = True) -> None:
        """Everything, in the order in which one needs the other."""
        for program in (self.conductor, self.scheduler, self.api, self.metadata):
            program.start(wait=False)
        # nova-compute asks the conductor once, and waits for long where nobody listens yet.
        self.conductor.wait()
        self.compute.start(wait=False)
        if wait:
            self.wait()

    def wait(self) -> None:
        """Until servers can be made."""
        for program in self.programs:
            program.wait()
        self.discover()
        self._wait_up()

    def discover(self) -> None:
        """The compute host is put into its cell, once."""
        done = self.data / "host-discovered"
        if not done.exists():
            self._manage("cell_v2", "discover_hosts")
            done.touch()

    def stop(self) -> None:
        stop_together(program.service for program in reversed(self.programs))

    def call(self, method: str, path: str, body: Any = None, *, user: str = "admin") -> web.Reply:
        """One request to its API (`path` as in /servers) as somebody in the project of his name."""
        token = self.keystone.token(user)
        headers = {"OpenStack-API-Version": "compute 2.90"}
        return web.request(method, f"{self.url}/v2.1{path}", token=token, json_body=body, headers=headers)

    def ensure_flavor(self, name: str, memory: int = 64) -> None:
        flavors = self.call("GET", "/flavors").json()["flavors"]
        if name in [flavor["name"] for flavor in flavors]:
            return
        flavor = {"name": name, "ram": memory, "vcpus": 1, "disk": 1}
        reply = self.call("POST", "/flavors", {"flavor": flavor})
        if reply.status != 200:
            raise Trouble(f"{self.name} makes no flavor {name}: {reply.status} {reply.text}")

    def _wait_up(self, seconds: float = 120) -> None:
        """Until the scheduler counts on nova-compute: it wants to have heard of it within the last minute."""
        deadline = time.monotonic() + seconds
        seen = "nothing"
        while time.monotonic() < deadline:
            reply = self.call("GET", "/os-services?binary=nova-compute")
            seen = reply.text
            if reply.status == 200 and any(service["state"] == "up" for service in reply.json()["services"]):
                return
            time.sleep(0.3)
        raise Trouble(f"{self.compute.name} is not up after {seconds:.0f} s: {seen} (log: {self.compute.log})")

    def _daemon(self, what: str) -> Daemon:
        command = [f"{self.venv}/bin/nova-{what}"]
        return Daemon(self, f"{self.name}-{what}", command, [self.conf, self.databases_conf])

    def _manage(self, *words: str, may_exist: bool = False) -> None:
        argv = [
            f"{self.venv}/bin/nova-manage", "--config-file", str(self.conf),
            "--config-file", str(self.databases_conf), "--config-file", f"{self.etc}/manage.conf", *words,
        ]  # fmt: skip
        env = self.api.environment()
        log = self.logs / f"{self.name}-prepare.log"
        try:
            need(argv, f"nova-manage {words[0]} {words[1]}", env=env, log=log)
        except Trouble:
            # Made, and killed before it was noted.
            if not (may_exist and "already exists" in log.read_text()[-2000:]):
                raise


def databases_of(name: str) -> list[str]:
    return [f"{_word(name)}_{which}" for which in _DATABASES]


def _word(name: str) -> str:
    return name.replace("-", "_")
