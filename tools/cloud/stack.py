"""The whole cloud of tools/serve: environment, Keystone, Glance, the suite, people and their rc files."""

from __future__ import annotations

import fcntl
import json
import os
import time
import uuid
from pathlib import Path
from typing import IO, Any

from cloud import Trouble, rc
from cloud.accounts import CUSTOMERS, Accounts
from cloud.environment import CLIENTS, SERVICES, Environment
from cloud.glance import Glance
from cloud.keystone import Keystone
from cloud.processes import Service, need_port
from cloud.progress import Progress
from cloud.suite import Suite

INSTALLATION = "nova-of-tools-serve"

# The commands that a person needs, so that no PATH has to change.
_COMMANDS = ("openstack", "glance-related-manage")


class Stack:
    """prepare() makes what is missing, start() brings it up, watch() waits for the first thing to break."""

    def __init__(self, var: Path, keystone_port: int, glance_port: int, progress: Progress) -> None:
        self.var = var.absolute()
        self.progress = progress
        self.logs = self.var / "log"
        self.environment = Environment(self.var / "venv", self.logs, progress)
        venv = self.environment.path
        self.keystone = Keystone(self.var, keystone_port, venv)
        self.suite = Suite(self.var, venv, self.keystone)
        self.glance = Glance(self.var, "glance", glance_port, venv, self.keystone, suite_conf=self.suite.conf)
        self.accounts = Accounts(self.keystone)
        self.installation = ""
        self._lock: IO[str] | None = None
        self._ready = self.var / "ready"

    @property
    def services(self) -> list[Service]:
        return [self.keystone.service, self.glance.service]

    def claim(self) -> None:
        """The folder is ours alone, what a killed run left there is stopped, and the ports are free."""
        self.var.mkdir(parents=True, exist_ok=True)
        self._lock = (self.var / "lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Trouble(f"another tools/serve runs in {self.var}: stop it, or choose another --var") from None
        self._ready.unlink(missing_ok=True)
        for service in self.services:
            if service.pid is not None:
                self.progress.say(f"stopping {service.name}, left by an earlier run (pid {service.pid})")
                service.stop()
        remedy = "stop what listens there, or choose other ports with --port-base"
        need_port(self.keystone.port, "Keystone", remedy)
        need_port(self.glance.port, "Glance", remedy)

    def prepare(self) -> None:
        """Everything up to the first start; what an earlier run has done is not done again."""
        self.environment.make([*SERVICES, *CLIENTS])
        self._write_commands()
        # Tables hold for the packages that made them; with newer ones they are brought up to date.
        made, state = self.environment.made(), self._state()
        if state.get("third_party") != made["third_party"]:
            with self.progress.step("preparing Keystone"):
                self.keystone.prepare()
            with self.progress.step("preparing Glance"):
                self.glance.write_config()
                self.glance.db_sync()
        if state.get("suite") != made["suite"]:
            with self.progress.step("preparing the suite's tables (glance-related-manage db upgrade)"):
                self.suite.write_config()
                self.suite.db_upgrade()
        self._remember(**made)
        # Written anew each time: another --port-base changes them.
        self.keystone.write_config()
        self.glance.write_config()
        self.suite.write_config()

    def start(self) -> None:
        with self.progress.step(
            f"starting Keystone on port {self.keystone.port} and Glance on port {self.glance.port}"
        ):
            self.keystone.start(wait=False)
            self.glance.start(wait=False)
            self.keystone.wait()
            self._make_accounts()
            self.glance.wait()

    def announce(self) -> None:
        """var/ready: all is up, and where."""
        about = {
            "pid": os.getpid(),
            "keystone": self.keystone.url,
            "glance": self.glance.url,
            "nova_installation_uuid": self.installation,
            "projects": self.accounts.projects,
            "glance_database": str(self.glance.database_file),
            "suite_database": str(self.suite.database_file),
        }
        fresh = self._ready.with_name("ready.new")
        fresh.write_text(json.dumps(about, indent=1) + "\n")
        fresh.replace(self._ready)

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
        for service in reversed(self.services):
            service.stop()

    def _make_accounts(self) -> None:
        """People, catalogue, the registered installation, rc files; an earlier run's hold where they fit."""
        image_url = self.glance.url
        wanted = {"keystone": self.keystone.url, "glance": image_url}
        state = self._state()
        if state.get("accounts_for") != wanted:
            self.progress.say("making projects, users, roles and the catalogue")
            self.accounts.standard(image_url)
            self._remember(accounts_for=wanted, projects=self.accounts.projects, users=self.accounts.users)
        else:
            self.accounts.projects = state["projects"]
            self.accounts.users = state["users"]
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

    def _write_rc_files(self) -> None:
        for name in ("admin", *CUSTOMERS):
            rc.write(self.var / f"rc-{name}", self.keystone, name, name)
        for name in ("nova", "scheduler"):
            path = self.var / f"rc-{name}"
            rc.write(path, self.keystone, name, "service", NOVA_INSTALLATION_UUID=self.installation)

    def _write_commands(self) -> None:
        """var/bin: the venv's commands, without the warnings that are none of the user's business."""
        folder = self.var / "bin"
        folder.mkdir(exist_ok=True)
        for name in _COMMANDS:
            more = f" --config-file '{self.suite.conf}'" if name == "glance-related-manage" else ""
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
