"""A real Glance with our filters in its stock paste file, under gunicorn or pyuwsgi."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from cloud import Trouble, paste
from cloud.keystone import Keystone
from cloud.processes import HOST, Service, clean_environment, need
from cloud.servers import gunicorn, pyuwsgi


class Glance:
    """One Glance: write_config(), db_sync(), start(), stop(), kill9().

    Two of them (say, one under each server) may share `database` and `store`.
    """

    def __init__(
        self,
        root: Path,
        name: str,
        port: int,
        venv: Path,
        keystone: Keystone,
        *,
        server: str = "gunicorn",
        filters: str = "instance_aware",
        before: str = "",
        after: str = "",
        paste_extra: str = "",
        conf_extra: str = "",
        flavor: str = "keystone",
        service_token_roles_required: bool = True,
        suite_conf: Path | None = None,
        database: str | None = None,
        store: Path | None = None,
        pythonpath: Sequence[Path | str] = (),
        workers: int = 1,
        threads: int = 8,
    ) -> None:
        """Nothing is written or started yet.

        `filters`, `before` and `after` are words of the pipeline: ours, right after `context`; what stands
        outside of ours; what stands inside. Empty `filters` make a stock Glance. `paste_extra` and
        `conf_extra` are appended to the paste file (sections of new names only) and to glance-api.conf (a
        setting given twice: the last one holds). `suite_conf` is the configuration file of our filters.
        """
        if server not in ("gunicorn", "pyuwsgi"):
            raise ValueError(f"no such WSGI server: {server}")
        if filters and suite_conf is None:
            raise ValueError("our filters need suite_conf")
        self.root = root.absolute()
        self.name = name
        self.port = port
        self.venv = venv.absolute()
        self.keystone = keystone
        self.server = server
        self.words = " ".join(f"{before} {filters} {after}".split())
        self.filters = filters
        self.paste_extra = paste_extra
        self.conf_extra = conf_extra
        self.flavor = flavor
        self.service_token_roles_required = service_token_roles_required
        self.suite_conf = suite_conf
        self.pythonpath = [str(folder) for folder in pythonpath]
        self.workers = workers
        self.threads = threads
        self.etc = self.root / "etc" / name
        self.data = self.root / "data" / name
        self.logs = self.root / "log"
        self.log = self.logs / f"{name}.log"
        self.access_log = self.logs / f"{name}.access"
        self.database_file = self.data / "glance.sqlite"
        self.database = database or f"sqlite:///{self.database_file}?timeout=30"
        self.store = (store or self.data / "store").absolute()
        self.service = Service(name, self.root / "run", self.logs / f"{name}.out")

    @property
    def url(self) -> str:
        """Where it answers; paths of the API start with /v2."""
        return f"http://{HOST}:{self.port}"

    @property
    def pid(self) -> int | None:
        return self.service.pid

    def worker_pids(self) -> list[int]:
        """The processes that serve requests."""
        return self.service.worker_pids()

    def write_config(self) -> None:
        for folder in (self.etc, self.store, self.data / "staging", self.data / "tasks", self.logs):
            folder.mkdir(parents=True, exist_ok=True)
        (self.etc / "glance-api.conf").write_text(self._glance_api_conf())
        (self.etc / "glance-api-paste.ini").write_text(self._paste_ini())

    def db_sync(self) -> None:
        """Glance's own tables (ours are `Suite.db_upgrade`)."""
        argv = [f"{self.venv}/bin/glance-manage", "--config-file", f"{self.etc}/glance-api.conf", "db_sync"]
        log = self.logs / f"{self.name}-prepare.log"
        need(argv, "glance-manage db_sync", env=self._environment(), log=log)

    def start(self, wait: bool = True) -> None:
        application = "glance.wsgi.api:application"
        if self.server == "gunicorn":
            argv, more = gunicorn(
                self.venv, self.etc / "gunicorn.conf.py", self.port, application, self.access_log,
                workers=self.workers, threads=self.threads,
            )  # fmt: skip
        else:
            argv, more = pyuwsgi(
                self.venv, self.port, application, self.access_log, workers=self.workers, threads=self.threads
            )
        self.service.spawn(argv, self._environment(**more))
        if wait:
            self.wait()

    def wait(self) -> None:
        self.service.wait_http(f"{self.url}/")

    def stop(self) -> None:
        self.service.stop()

    def kill9(self) -> None:
        """The whole server at once, without a goodbye; start() may follow."""
        self.service.kill9()

    def _environment(self, **more: str) -> dict[str, str]:
        if self.pythonpath:
            more["PYTHONPATH"] = ":".join(self.pythonpath)
        return clean_environment(self.venv, self.root / "home", OS_GLANCE_CONFIG_DIR=str(self.etc), **more)

    def _glance_api_conf(self) -> str:
        return f"""\
[DEFAULT]
log_file = {self.log}
worker_self_reference_url = {self.url}
enabled_backends = fs:file
[database]
connection = {self.database}
[glance_store]
default_backend = fs
[fs]
filesystem_store_datadir = {self.store}
[os_glance_staging_store]
filesystem_store_datadir = {self.data}/staging
[os_glance_tasks_store]
filesystem_store_datadir = {self.data}/tasks
[paste_deploy]
flavor = {self.flavor}
config_file = {self.etc}/glance-api-paste.ini
[oslo_concurrency]
lock_path = {self.data}
[oslo_messaging_notifications]
driver = noop
{self.keystone.authtoken("glance", service_token_roles_required=self.service_token_roles_required)}
{self.conf_extra}
"""

    def _paste_ini(self) -> str:
        """Glance's stock file with our words after `context` in every pipeline that asks Keystone."""
        text = (self.venv / "etc" / "glance" / "glance-api-paste.ini").read_text()
        if self.words:
            text = insert_words(text, self.words)
        if self.filters:
            text = self._with_healthcheck(text) + paste.sections(self.filters, self.suite_conf)
        return f"{text}\n{self.paste_extra}\n"

    def _with_healthcheck(self, text: str) -> str:
        """Our plugin beside the stock one, with its detail shown."""
        stock = "backends = disable_by_file\n"
        ours = (
            "backends = disable_by_file, glance_related\n"
            f"glance_related_config_file = {self.suite_conf}\n"
            "detailed = true\n"
        )
        if stock not in text:
            raise Trouble("this Glance's paste file has another [app:healthcheck] than the one that we know")
        return text.replace(stock, ours)


def insert_words(text: str, words: str) -> str:
    """A paste file with `words` right after `context` in every line `keystone... = ...`."""
    changed, count = re.subn(r"(?m)^(keystone\S* = .*\bauthtoken context)\b", rf"\1 {words}", text)
    if not count:
        raise Trouble("this Glance's paste file has no line `keystone = ... context ...`")
    return changed
