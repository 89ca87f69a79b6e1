"""The programs of a Nova: two that answer HTTP, three that listen to RabbitMQ."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from cloud import Trouble
from cloud.nova_config import paste_ini, program_conf
from cloud.processes import HOST, Service, clean_environment, last_line
from cloud.secret import write_private
from cloud.servers import gunicorn, pyuwsgi

if TYPE_CHECKING:
    from cloud.nova import Nova

# On a busy machine a dozen programs start at once.
_SECONDS = 180

# What a program logs once it listens to its queue.
_LISTENS = "Join ServiceGroup membership"


class Program:
    """What all of them can: stop(), kill9(), and say which processes they are."""

    def __init__(self, nova: Nova, name: str) -> None:
        self.nova = nova
        self.name = name
        self.log = nova.logs / f"{name}.log"
        self.service = Service(name, nova.root / "run", nova.logs / f"{name}.out")

    @property
    def pid(self) -> int | None:
        return self.service.pid

    def worker_pids(self) -> list[int]:
        """The processes that do the work, where the main one only minds them."""
        return self.service.worker_pids()

    def stop(self) -> None:
        self.service.stop()

    def kill9(self) -> None:
        """The whole program at once, without a goodbye; start() may follow."""
        self.service.kill9()

    def write_config(self) -> None:
        raise NotImplementedError

    def start(self, wait: bool = True) -> None:
        raise NotImplementedError

    def wait(self) -> None:
        raise NotImplementedError

    def environment(self, **more: str) -> dict[str, str]:
        if self.nova.pythonpath:
            more["PYTHONPATH"] = ":".join(self.nova.pythonpath)
        return clean_environment(self.nova.venv, self.nova.root / "home", **more)


class Api(Program):
    """nova-api or nova-metadata under gunicorn or pyuwsgi, with a paste file and options of its own."""

    def __init__(
        self,
        nova: Nova,
        name: str,
        port: int,
        *,
        application: str = "nova.wsgi.osapi_compute:application",
        filters: str = "",
        before: str = "",
        after: str = "",
        paste_extra: str = "",
        conf_extra: str = "",
        suite_conf: Path | None = None,
        metadata_filters: str = "",
        page: bool = False,
        server: str = "gunicorn",
        workers: int = 1,
        threads: int = 8,
    ) -> None:
        """`filters`, `before`, `after` are words of the pipeline: ours, right after `authtoken`; what stands
        outside of ours; what stands inside. Empty `filters` make a stock Nova. `metadata_filters` are ours in front
        of the metadata service, and `page` says whether the page of the package menu stands beside the API."""
        if (filters or metadata_filters) and suite_conf is None:
            raise ValueError("our filters need suite_conf")
        super().__init__(nova, name)
        self.port = port
        self.application = application
        self.words = " ".join(f"{before} {filters} {after}".split())
        self.paste_extra = paste_extra
        self.conf_extra = conf_extra
        self.suite_conf = suite_conf
        self.metadata_filters = metadata_filters
        self.page = page
        self.server = server
        self.workers = workers
        self.threads = threads
        self.etc = nova.root / "etc" / name
        self.access_log = nova.logs / f"{name}.access"

    @property
    def url(self) -> str:
        """Where it answers; paths of the API start with /v2.1."""
        return f"http://{HOST}:{self.port}"

    def write_config(self) -> None:
        paste = self.etc / "api-paste.ini"
        write_private(self.etc / "program.conf", program_conf(self.log, self.conf_extra))
        paste.write_text(
            paste_ini(
                self.nova.venv, self.words, self.suite_conf, self.paste_extra,
                metadata_words=self.metadata_filters, page=self.page,
            )
        )  # fmt: skip

    def start(self, wait: bool = True) -> None:
        if self.server == "gunicorn":
            argv, more = gunicorn(
                self.nova.venv, self.etc / "gunicorn.conf.py", self.port, self.application, self.access_log,
                workers=self.workers, threads=self.threads,
            )  # fmt: skip
        else:
            argv, more = pyuwsgi(
                self.nova.venv, self.port, self.application, self.access_log,
                workers=self.workers, threads=self.threads,
            )  # fmt: skip
        more["OS_NOVA_CONFIG_DIR"] = str(self.etc)
        # The first one is what it gives to PasteDeploy.
        more["OS_NOVA_CONFIG_FILES"] = f"api-paste.ini;{self.nova.conf};{self.nova.databases_conf};program.conf"
        self.service.spawn(argv, self.environment(**more))
        if wait:
            self.wait()

    def wait(self) -> None:
        self.service.wait_http(f"{self.url}/", _SECONDS)


class Daemon(Program):
    """nova-conductor, nova-scheduler or nova-compute."""

    def __init__(self, nova: Nova, name: str, command: list[str], files: list[Path]) -> None:
        """`files` are the configuration files that it shares with others."""
        super().__init__(nova, name)
        self.command = command
        self.conf = nova.etc / f"{name}.conf"
        self.files = [*files, self.conf]
        self._said_before = 0

    def write_config(self) -> None:
        write_private(self.conf, program_conf(self.log))

    def start(self, wait: bool = True) -> None:
        self._said_before = self.log.stat().st_size if self.log.exists() else 0
        words = [word for file in self.files for word in ("--config-file", str(file))]
        self.service.spawn([*self.command, *words], self.environment())
        if wait:
            self.wait()

    def wait(self, seconds: float = _SECONDS) -> None:
        """Until it listens to its queue: what is sent before is lost."""
        deadline = time.monotonic() + seconds
        while not self._listens():
            if self.pid is None:
                raise Trouble(f"{self.name} stopped while starting: {last_line(self.service.log)} (log: {self.log})")
            if time.monotonic() > deadline:
                raise Trouble(f"{self.name} is not ready after {seconds:.0f} s (log: {self.log})")
            time.sleep(0.1)

    def _listens(self) -> bool:
        if not self.log.exists():
            return False
        with self.log.open(errors="replace") as said:
            said.seek(self._said_before)
            return _LISTENS in said.read()
