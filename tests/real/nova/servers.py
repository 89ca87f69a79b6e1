"""What runs for the tests of this folder: one Keystone, one Glance, one Nova or two.

Everything is started from the environment that runs pytest, in a temporary folder, on ports of the loopback,
and stopped by its pid at the end.
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from cloud import paste, ports
from cloud.accounts import Accounts
from cloud.compute import Compute, Site
from cloud.glance import Glance
from cloud.images import IMAGE, ensure_image
from cloud.keystone import Keystone
from cloud.nova import Nova
from cloud.nova_programs import Api
from cloud.ports import Ports
from cloud.processes import stop_together
from cloud.suite import Suite
from cloud.worker import Worker
from tests.servers.ports import free_port, free_ports


class Servers:
    """What runs; `NovaCloud` is how tests speak to it.

    `nova` is of user `nova`, in RegionOne, and registered as `installation`, to which the trusted program
    `scheduler` belongs too; `nova2` is of user `nova2`, in RegionTwo, and registered as `installation2`.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.venv = Path(sys.prefix)
        numbers = Ports.of(free_ports(ports.COUNT))
        self.keystone = Keystone(root, numbers.keystone, self.venv)
        self.accounts = Accounts(self.keystone)
        self.compute = Compute(root, numbers, self.venv, self.keystone, second_nova=True)
        mark_key, database = self.compute.mark_key, self.compute.suite_database
        self.suite = Suite(root, self.venv, self.keystone, database=database, mark_key=mark_key, with_menu=True)
        self.glance = Glance(
            root, "glance", numbers.glance, self.venv, self.keystone, suite_conf=self.suite.conf,
            database=self.compute.glance_database, filters=" ".join(paste.IN_GLANCE),
        )  # fmt: skip
        self.images_by_name: dict[str, str] = {}
        self._extra: dict[str, Glance | Api] = {}
        self._started: list[Site] = []
        self._worker = Worker(self.suite)

    def start(self) -> None:
        """All but the second Nova, which starts when it is first asked for."""
        self.suite.write_config()
        self.glance.write_config()
        self.compute.write_config()
        self.compute.start_servers(wait=False)
        with ThreadPoolExecutor() as together:
            keystone = together.submit(self.keystone.prepare)
            self.compute.wait_servers()
            tables = (self.glance.db_sync, self.compute.sites[0].db_sync, self.suite.db_upgrade)
            for one in (keystone, *map(together.submit, tables)):
                one.result()
        self.suite.make_keys()
        self.keystone.start(wait=False)
        self.glance.start(wait=False)
        self.keystone.wait()
        self.accounts.standard(self.glance.url)
        self.glance.wait()
        self._start_nova(self.compute.sites[0])
        self.images_by_name[IMAGE] = ensure_image(self.glance.url, self.keystone.token("admin"), IMAGE)

    def stop(self) -> None:
        self._worker.stop()
        stop_together(one.service for one in (*self._extra.values(), self.glance, self.keystone))
        self.compute.stop()

    @property
    def nova(self) -> Nova:
        return self.compute.sites[0].nova

    @property
    def nova2(self) -> Nova:
        """Another Nova on the same Glance, started when it is first asked for."""
        second = self.compute.sites[1]
        if second not in self._started:
            second.db_sync()
            self._start_nova(second)
        return second.nova

    @property
    def worker(self) -> Worker:
        """Who hands over what servers have of the package menu, started when it is first asked for."""
        if self._worker.pid is None:
            self._worker.start()
        return self._worker

    def dismiss_worker(self) -> None:
        """Until it is asked for again, nobody asks Nova for its servers, and finds out what they were made with."""
        self._worker.stop()

    @property
    def installation(self) -> str:
        """The UUID by which the suite knows `nova`."""
        return self.compute.sites[0].installation

    @property
    def installation2(self) -> str:
        """The UUID by which the suite knows `nova2`."""
        return self.compute.sites[1].installation

    @property
    def stock_nova(self) -> Api:
        """A nova-api without our filter, of `nova` itself: the same databases, the same servers."""
        return self.extra_api("stock-nova-api")

    @property
    def stock_glance(self) -> Glance:
        """A Glance without our filter over the same database and store."""
        return self.extra_glance("stock-glance", filters="")

    def extra_api(self, name: str, **options: Any) -> Api:
        """One more nova-api of `nova`, started once; `options` are those of `cloud.nova_programs.Api`."""
        if name not in self._extra:
            self._extra[name] = self.nova.extra_api(name, free_port(), **options)
        extra = self._extra[name]
        assert isinstance(extra, Api)
        if extra.pid is None:
            extra.start()
        return extra

    def extra_glance(self, name: str, **options: Any) -> Glance:
        """One more Glance over the same database and store, started once."""
        if name not in self._extra:
            shared = {"database": self.glance.database, "store": self.glance.store, "suite_conf": self.suite.conf}
            made = Glance(self.root, name, free_port(), self.venv, self.keystone, **shared | options)
            made.write_config()
            self._extra[name] = made
        extra = self._extra[name]
        assert isinstance(extra, Glance)
        if extra.pid is None:
            extra.start()
        return extra

    def _start_nova(self, site: Site) -> None:
        site.accounts(self.accounts, self.glance.url)
        programs = [self.accounts.users["scheduler"]] if site is self.compute.sites[0] else []
        users = [self.accounts.users[site.user]]
        self.suite.add_installation(site.installation, site.name, users, programs, site.region)
        self.compute.start_novas([site])
        self._started.append(site)
