"""The whole cloud of tools/serve: environment, Keystone, Glance, the suite, Novas, people and their rc files."""

from __future__ import annotations

import fcntl
import json
import os
import time
import uuid
from pathlib import Path
from typing import IO, Any

from cloud import Trouble, debian, paste, rc
from cloud.accounts import CUSTOMERS, Accounts
from cloud.compute import Compute, Site
from cloud.environment import CLIENTS, COMPUTE, SERVICES, Environment
from cloud.glance import Glance
from cloud.images import IMAGE, ensure_image
from cloud.keystone import Keystone
from cloud.ports import Ports
from cloud.processes import Service, need_port
from cloud.progress import Progress
from cloud.secret import write_private
from cloud.suite import Suite
from cloud.worker import Worker

INSTALLATION = "nova-of-tools-serve"

# The commands that a person needs, so that no PATH has to change.
_COMMANDS = ("openstack", "glance-related-manage", "glance-related-worker")


class Stack:
    """prepare() makes what is missing, start() brings it up, watch() waits for the first thing to break."""

    def __init__(self, var: Path, ports: Ports, progress: Progress, novas: int = 0) -> None:
        """With no Nova, one, or two."""
        self.var = var.absolute()
        self.ports = ports
        self.progress = progress
        self.novas = novas
        self.logs = self.var / "log"
        # One for each kind of cloud: who changes between them waits for neither to be made again.
        venv = self.var / ("venv-cloud" if novas else "venv")
        self.environment = Environment(venv, self.logs, progress)
        self.keystone = Keystone(self.var, ports.keystone, venv)
        self.compute = Compute(self.var, ports, venv, self.keystone, second_nova=novas > 1) if novas else None
        self.suite = self._suite(venv)
        self.glance = Glance(
            self.var, "glance", ports.glance, venv, self.keystone, suite_conf=self.suite.conf,
            database=self._glance_database(), filters=" ".join(paste.IN_GLANCE) if novas else paste.IN_GLANCE[0],
        )  # fmt: skip
        self.worker = Worker(self.suite) if novas else None
        self.accounts = Accounts(self.keystone)
        self.installation = ""
        self._lock: IO[str] | None = None
        self._ready = self.var / "ready"

    def _suite(self, venv: Path) -> Suite:
        """Its tables are where the Novas' are, if there are any: many processes write them then."""
        if self.compute is None:
            return Suite(self.var, venv, self.keystone)
        its = {"database": self.compute.suite_database, "mark_key": self.compute.mark_key}
        return Suite(self.var, venv, self.keystone, **its, with_menu=True)

    def _glance_database(self) -> str | None:
        """Where the Novas' are, too; but a cloud with Nova that was made on SQLite keeps that, for its images' sake."""
        if self.compute is None:
            return None
        database, state = self.compute.glance_database, self._state()
        was_made_before = f"tables_of_{self.sites[0].name}" in state and _tables("glance", database) not in state
        return None if was_made_before else database

    @property
    def sites(self) -> list[Site]:
        """The Novas, each with what it has for itself."""
        return self.compute.sites if self.compute else []

    @property
    def services(self) -> list[Service]:
        """All that must run, in the order in which one needs the other."""
        servers = self.compute.servers() if self.compute else []
        novas = [service for site in self.sites for service in site.services()]
        workers = [self.worker.service] if self.worker else []
        return [*servers, self.keystone.service, self.glance.service, *novas, *workers]

    def claim(self) -> None:
        """The folder is ours alone, what a killed run left there is stopped, and the ports are free."""
        self.var.mkdir(parents=True, exist_ok=True)
        self._lock = (self.var / "lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Trouble(f"another tools/serve runs in {self.var}: stop it, or choose another --var") from None
        self._ready.unlink(missing_ok=True)
        for pidfile in sorted((self.var / "run").glob("*.pid")):
            # Whatever that run was: it may have been one with more servers.
            service = Service(pidfile.stem, pidfile.parent, self.logs / f"{pidfile.stem}.out")
            if service.pid is not None:
                self.progress.say(f"stopping {service.name}, left by an earlier run (pid {service.pid})")
                service.stop()
        for port, whose in self.ports.used(self.novas):
            need_port(port, whose, "stop what listens there, or choose other ports with --port-base")

    def prepare(self) -> None:
        """Everything up to the first start; what an earlier run has done is not done again."""
        if self.compute:
            debian.need(debian.COMPUTE, self.progress, self.logs / "install.log")
        self.environment.make([*SERVICES, *(COMPUTE if self.compute else ()), *CLIENTS])
        self._write_commands()
        if self.compute:
            with self.progress.step("starting MariaDB and RabbitMQ"):
                self.compute.start_servers()
        # Tables hold for the packages that made them; with newer ones they are brought up to date.
        made, state = self.environment.made(), self._state()
        if state.get("third_party") != made["third_party"]:
            with self.progress.step("preparing Keystone"):
                self.keystone.prepare()
            self._remember(third_party=made["third_party"])
        glance = _tables("glance", self.glance.database)
        if state.get(glance) != made["third_party"]:
            with self.progress.step("preparing Glance"):
                self.glance.write_config()
                self.glance.db_sync()
            self._remember(**{glance: made["third_party"]})
        # Written anew each time: another --port-base changes them.
        self.keystone.write_config()
        self.glance.write_config()
        self.suite.write_config()
        for site in self.sites:
            self._prepare_site(site, made["third_party"])
        suite = _tables("suite", self.suite.database)
        if state.get(suite) != made["suite"]:
            with self.progress.step("preparing the suite's tables (glance-related-manage db upgrade)"):
                self.suite.db_upgrade()
            self._remember(**{suite: made["suite"]})
        if self.suite.with_menu:
            self.suite.make_keys()

    def _prepare_site(self, site: Site, packages: str) -> None:
        site.write_config()
        tables = f"tables_of_{site.name}"
        if self._state().get(tables) != packages:
            with self.progress.step(f"preparing {site.name} and {site.placement.name} (nova-manage, placement-manage)"):
                site.db_sync()
            self._remember(**{tables: packages})

    def start(self) -> None:
        with self.progress.step(
            f"starting Keystone on port {self.keystone.port} and Glance on port {self.glance.port}"
        ):
            self.keystone.start(wait=False)
            self.glance.start(wait=False)
            self.keystone.wait()
            self._make_accounts()
            self.glance.wait()
        if self.compute:
            names = " and ".join(f"{site.name} on port {site.nova.api.port}" for site in self.sites)
            with self.progress.step(f"starting {names}"):
                self.compute.start_novas()
            if self.worker:
                self.worker.start()
            ensure_image(self.glance.url, self.keystone.token("admin"), IMAGE)

    def announce(self) -> None:
        """var/ready: all is up, and where."""
        about = {
            "pid": os.getpid(),
            "keystone": self.keystone.url,
            "glance": self.glance.url,
            "nova_installation_uuid": self.installation,
            "python": f"{self.environment.path}/bin/python",
            "projects": self.accounts.projects,
            "glance_database": _place(self.glance),
            "suite_database": _place(self.suite),
            "novas": [site.about() for site in self.sites],
        }
        # The addresses of databases hold a password.
        write_private(self._ready, json.dumps(about, indent=1) + "\n")

    def watch(self) -> None:
        """Return never; the first service that stops by itself is a Trouble."""
        while True:
            for service in self.services:
                if service.pid is None:
                    code = service.exit_code
                    raise Trouble(f"{service.name} has stopped by itself (exit code {code}): see {service.log}")
            time.sleep(0.5)

    def stop(self) -> None:
        """In the order that leaves no request without an answer; never fails."""
        self._ready.unlink(missing_ok=True)
        novas = [service for site in self.sites for service in site.services()]
        # All at once: each Nova takes seconds to say goodbye to its queues.
        for service in novas:
            service.ask_to_stop()
        for service in reversed(self.services):
            service.stop()

    def _make_accounts(self) -> None:
        """People, catalogue, the registered installations, rc files; an earlier run's hold where they fit."""
        image_url = self.glance.url
        wanted = {"keystone": self.keystone.url, "glance": image_url}
        wanted |= {site.name: f"{site.nova.url} {site.placement.url}" for site in self.sites}
        state = self._state()
        if state.get("accounts_for") != wanted:
            self.progress.say("making projects, users, roles and the catalogue")
            self.accounts.standard(image_url)
            for site in self.sites:
                site.accounts(self.accounts, image_url)
            self._remember(accounts_for=wanted, projects=self.accounts.projects, users=self.accounts.users)
        else:
            self.accounts.projects = state["projects"]
            self.accounts.users = state["users"]
        if self.sites:
            self.installation = self.sites[0].installation
            for site in self.sites:
                self._register_site(site)
        else:
            self.installation = state.get("installation") or self._register()
        self._write_rc_files()

    def _register(self) -> str:
        """The Nova installation that both service users belong to."""
        self.progress.say("registering a Nova installation (glance-related-manage installation add)")
        users = self.accounts.users
        # Chosen and kept before it is registered: if we are killed in between, the next run goes on with it.
        installation: str = self._state().get("installation_to_be") or str(uuid.uuid4())
        self._remember(installation_to_be=installation)
        self.suite.add_installation(installation, INSTALLATION, [users["nova"]], [users["scheduler"]])
        self._remember(installation=installation)
        return installation

    def _register_site(self, site: Site) -> None:
        done = f"registered_{site.name}"
        if self._state().get(done) == site.installation:
            return
        self.progress.say(f"registering {site.name} (glance-related-manage installation add)")
        users = self.accounts.users
        # The backup scheduler is a program of the first Nova's.
        programs = [users["scheduler"]] if site is self.sites[0] else []
        self.suite.add_installation(site.installation, site.name, [users[site.user]], programs, site.region)
        self._remember(**{done: site.installation})

    def _write_rc_files(self) -> None:
        for name in ("admin", *CUSTOMERS):
            rc.write(self.var / f"rc-{name}", self.keystone, name, name)
            for second in self.sites[1:]:
                path = self.var / f"rc-{name}-region-two"
                rc.write(path, self.keystone, name, name, OS_REGION_NAME=second.region)
        for name in ("nova", "scheduler"):
            path = self.var / f"rc-{name}"
            rc.write(path, self.keystone, name, "service", NOVA_INSTALLATION_UUID=self.installation)
        for second in self.sites[1:]:
            more = {"OS_REGION_NAME": second.region, "NOVA_INSTALLATION_UUID": second.installation}
            rc.write(self.var / f"rc-{second.user}", self.keystone, second.user, "service", **more)

    def _write_commands(self) -> None:
        """var/bin: the venv's commands, without the warnings that are none of the user's business."""
        folder = self.var / "bin"
        folder.mkdir(exist_ok=True)
        for name in _COMMANDS:
            more = f" --config-file '{self.suite.conf}'" if name.startswith("glance-related-") else ""
            command = folder / name
            command.write_text(
                "#!/bin/sh\n"
                'export PYTHONWARNINGS=ignore NO_PROXY="127.0.0.1,$NO_PROXY" no_proxy="127.0.0.1,$no_proxy"\n'
                f"exec '{self.environment.path}/bin/{name}'{more} \"$@\"\n"
            )
            command.chmod(0o755)

    def _state(self) -> dict[str, Any]:
        """What earlier runs have done."""
        try:
            state: dict[str, Any] = json.loads((self.var / "state.json").read_text())
        except (OSError, ValueError):
            return {}
        return state

    def _remember(self, **done: Any) -> None:
        fresh = self.var / "state.json.new"
        fresh.write_text(json.dumps(self._state() | done, indent=1))
        fresh.replace(self.var / "state.json")


def _tables(whose: str, database: str) -> str:
    """The name under which is remembered for which packages the tables there were made."""
    return f"{whose}_in_{database.partition(':')[0]}"


def _place(server: Glance | Suite) -> str:
    """Where its tables are, as `rows` is told it: a URL, or a file."""
    return str(server.database_file) if server.database.startswith("sqlite") else server.database
