"""A real Glance under gunicorn, with our filters or stock, that takes callers from the headers authtoken would set.

Without authtoken no Keystone answers for every request, so that nothing but Glance and our filters is timed.
"""

from __future__ import annotations

import re
from pathlib import Path

from benchmarks.client import Client
from benchmarks.databases import free_port
from benchmarks.measure import processor_time
from cloud import Trouble
from cloud.processes import HOST, Service, clean_environment, need
from cloud.servers import gunicorn

_CONF = """\
[DEFAULT]
log_file = {logs}/{name}.log
worker_self_reference_url = http://{host}:{port}
enabled_backends = fs:file
[database]
connection = {database}
[glance_store]
default_backend = fs
[fs]
filesystem_store_datadir = {data}/images
[os_glance_staging_store]
filesystem_store_datadir = {data}/staging
[os_glance_tasks_store]
filesystem_store_datadir = {data}/tasks
[paste_deploy]
flavor = bench
config_file = {etc}/glance-api-paste.ini
[oslo_concurrency]
lock_path = {data}
[oslo_messaging_notifications]
driver = noop
"""

_PASTE = """
[composite:glance-api-bench]
paste.composite_factory = glance.api:root_app_factory
{paths}

{pipelines}
[filter:instance_aware]
use = egg:glance_related#instance_aware
config_file = {suite_conf}

[filter:props_override]
use = egg:glance_related#props_override
config_file = {suite_conf}
"""

_PIPELINE = """\
[pipeline:bench-{number}]
pipeline = {before} context {filters} rootapp
"""

#: Our filters in a pipeline: that of system 1, those of both systems, none.
SYSTEM_1, BOTH_SYSTEMS, STOCK = "instance_aware", "instance_aware props_override", ""

#: Where the second pipeline of a Glance is: its sides differ in nothing that one process has and another has not.
BESIDE = "/beside"

#: By which the filters know marked request ids.
MARK_KEY = "a key that every Glance of a bench has"

_SUITE_CONF = "glance-related.conf"


def suite_conf(folder: Path, database: str) -> Path:
    """The configuration file of the suite."""
    conf = folder / _SUITE_CONF
    conf.parent.mkdir(parents=True, exist_ok=True)
    conf.write_text(f"[database]\nconnection = {database}\n[riders]\nmark_keys = {MARK_KEY}\n")
    return conf


def db_upgrade(root: Path, name: str, venv: Path, database: str) -> None:
    """Our tables, as an operator makes them (and not in this process: alembic knows no threads)."""
    conf = suite_conf(root / "etc" / name, database)
    argv = [f"{venv}/bin/glance-related-manage", "--config-file", str(conf), "db", "upgrade"]
    log = root / "log" / f"{name}-db_upgrade.log"
    need(argv, "glance-related-manage db upgrade", env=clean_environment(venv, root / "home"), log=log)


class Glance:
    """prepare(), db_sync(), start(), client(), stop().

    :param filters: `SYSTEM_1`, `BOTH_SYSTEMS` or `STOCK`
    :param beside: the same, of a second pipeline in the same process, at `BESIDE`
    """

    def __init__(
        self, root: Path, name: str, venv: Path, database: str, *, filters: str, beside: str | None = None
    ) -> None:
        self.venv = venv
        self.home = root / "home"
        self.port = free_port()
        self.etc = root / "etc" / name
        self.data = root / "glance"
        self.logs = root / "log"
        self.access_log = self.logs / f"{name}.access"
        self.name = name
        self.database = database
        self.pipelines = {"/": filters} if beside is None else {"/": filters, BESIDE: beside}
        self.service = Service(name, root / "run", self.logs / f"{name}.out")
        self._clients: list[Client] = []

    def prepare(self) -> None:
        for folder in (self.etc, self.logs, *(self.data / name for name in ("images", "staging", "tasks"))):
            folder.mkdir(parents=True, exist_ok=True)
        conf = {key: getattr(self, key) for key in ("logs", "name", "port", "database", "data", "etc")}
        (self.etc / "glance-api.conf").write_text(_CONF.format(host=HOST, **conf))
        suite_conf(self.etc, self.database)
        (self.etc / "glance-api-paste.ini").write_text(self._paste())

    def db_sync(self) -> None:
        """Glance's tables."""
        argv = [f"{self.venv}/bin/glance-manage", "--config-file", f"{self.etc}/glance-api.conf", "db_sync"]
        need(argv, "glance-manage db_sync", env=self._environment(), log=self.logs / f"{self.name}-db_sync.log")

    def start(self) -> None:
        argv, more = gunicorn(
            self.venv, self.etc / "gunicorn.conf.py", self.port, "glance.wsgi.api:application", self.access_log,
            workers=1, threads=4,
        )  # fmt: skip
        self.service.spawn(argv, self._environment(**more))

    def client(self) -> Client:
        """A connection of its own, once Glance answers; closed by stop()."""
        self.service.wait_http(f"http://{HOST}:{self.port}/", 120)
        client = Client(self.port)
        self._clients.append(client)
        return client

    def worker(self) -> int:
        """The process that serves requests."""
        return self.service.worker_pids()[0]

    def computed(self) -> float:
        """Milliseconds of processor time that the worker has had, in all its threads, since it started."""
        return processor_time(self.worker())

    def stop(self) -> None:
        for client in self._clients:
            client.close()
        self.service.stop()

    def _paste(self) -> str:
        """Glance's stock file with pipelines more: that of keystone without authtoken, with our filters or none."""
        stock = (self.venv / "etc" / "glance" / "glance-api-paste.ini").read_text()
        found = re.findall(r"(?m)^keystone = (.*) authtoken context rootapp$", stock)
        if len(found) != 1:
            raise Trouble("this Glance's paste file has no line `keystone = ... authtoken context rootapp`")
        paths, pipelines = [], []
        for number, (path, filters) in enumerate(self.pipelines.items()):
            paths.append(f"{path}: bench-{number}")
            pipelines.append(_PIPELINE.format(number=number, before=found[0], filters=filters))
        conf = self.etc / _SUITE_CONF
        return stock + _PASTE.format(paths="\n".join(paths), pipelines="\n".join(pipelines), suite_conf=conf)

    def _environment(self, **more: str) -> dict[str, str]:
        return clean_environment(self.venv, self.home, OS_GLANCE_CONFIG_DIR=str(self.etc), **more)
