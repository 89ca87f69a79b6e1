"""A real Placement, which knows what each compute host has room for."""

from __future__ import annotations

from pathlib import Path

from cloud.keystone import REGION, Keystone
from cloud.processes import HOST, Service, clean_environment, need
from cloud.secret import write_private
from cloud.servers import gunicorn

#: Its user at Keystone, in project `service`, and what he may do there: have tokens checked.
USER = "placement"
ROLES = ("service",)


class Placement:
    """One Placement: write_config(), db_sync(), start(), stop(); `database` is a SQLAlchemy URL."""

    def __init__(
        self, root: Path, name: str, port: int, venv: Path, keystone: Keystone, database: str, region: str = REGION
    ) -> None:
        self.root = root.absolute()
        self.name = name
        self.port = port
        self.venv = venv.absolute()
        self.keystone = keystone
        self.database = database
        self.region = region
        self.etc = self.root / "etc" / name
        self.logs = self.root / "log"
        self.service = Service(name, self.root / "run", self.logs / f"{name}.out")

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def pid(self) -> int | None:
        return self.service.pid

    def write_config(self) -> None:
        write_private(
            self.etc / "placement.conf",
            f"""\
[DEFAULT]
log_file = {self.logs}/{self.name}.log
[api]
auth_strategy = keystone
[placement_database]
connection = {self.database}
{self.keystone.authtoken(USER, self.region)}
""",
        )

    def db_sync(self) -> None:
        argv = [f"{self.venv}/bin/placement-manage", "--config-file", f"{self.etc}/placement.conf", "db", "sync"]
        log = self.logs / f"{self.name}-prepare.log"
        need(argv, "placement-manage db sync", env=self._environment(), log=log)

    def start(self, wait: bool = True) -> None:
        argv, more = gunicorn(
            self.venv, self.etc / "gunicorn.conf.py", self.port, "placement.wsgi.api:application",
            self.logs / f"{self.name}.access",
        )  # fmt: skip
        self.service.spawn(argv, self._environment(**more))
        if wait:
            self.wait()

    def wait(self) -> None:
        self.service.wait_http(f"{self.url}/", 120)

    def stop(self) -> None:
        self.service.stop()

    def kill9(self) -> None:
        """At once, without a goodbye; start() may follow."""
        self.service.kill9()

    def _environment(self, **more: str) -> dict[str, str]:
        return clean_environment(self.venv, self.root / "home", OS_PLACEMENT_CONFIG_DIR=str(self.etc), **more)
