"""A whole cloud with Nova, and beside every part that a snapshot crosses a stock one over the same databases."""

from __future__ import annotations

import contextlib
import random
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.client import Answer, Client
from cloud import Trouble
from cloud.accounts import Accounts
from cloud.compute import FLAVOR, Compute
from cloud.glance import Glance
from cloud.images import IMAGE, ensure_image
from cloud.keystone import Keystone
from cloud.nova_programs import Api, Daemon
from cloud.ports import COUNT, Ports
from cloud.processes import port_free
from cloud.suite import Suite

#: Who acts in every measurement.
WHO = "alice"
#: Below this path Nova's metadata service answers without our filter, from the same process.
WITHOUT = "/without"

_EXTRA = 2
_MICROVERSION = "compute 2.90"
_PATIENCE = 300


class Side:
    """A nova-api, a nova-compute and a Glance that know one another only; a server of alice's on that host."""

    def __init__(self, cloud: NovaCloud, api: Api, host: str, glance: Glance) -> None:
        self._cloud = cloud
        self._api = api
        self.host = host
        self._glance = glance
        self._nova_client = Client(api.port)
        self._glance_client = Client(glance.port)
        self.server = ""

    @property
    def glance_url(self) -> str:
        return self._glance.url

    def boot(self, image_id: str, flavor: str) -> None:
        about = {"name": self.host, "flavorRef": flavor, "imageRef": image_id, "networks": "none"}
        made = self.nova("POST", "/servers", {"server": about | {"availability_zone": self.host}}, 202)
        self.server = made.json()["server"]["id"]
        self.settle()

    def nova(self, method: str, path: str, body: Any = None, expected: int = 200) -> Answer:
        """One request of alice's to this side's Nova."""
        headers = {"X-Auth-Token": self._cloud.token(), "OpenStack-API-Version": _MICROVERSION}
        return self._nova_client.request(method, f"/v2.1{path}", headers, body, expected=expected)

    def glance(self, method: str, path: str, expected: int, **headers: str) -> Answer:
        """One request of alice's to this side's Glance."""
        sent = {"X-Auth-Token": self._cloud.token(), **headers}
        return self._glance_client.request(method, path, sent, expected=expected)

    def act(self, body: Any) -> Answer:
        """An action on its server, which must be accepted."""
        return self.nova("POST", f"/servers/{self.server}/action", body, 202)

    def settle(self) -> None:
        """Until nothing is being done to the server."""

        def settled() -> bool:
            server = self.nova("GET", f"/servers/{self.server}").json()["server"]
            if server["status"] == "ERROR":
                raise Trouble(f"server {self.server} is in ERROR: {server.get('fault')}")
            return server["status"] == "ACTIVE" and server["OS-EXT-STS:task_state"] is None

        wait(settled, f"server {self.server} is ACTIVE", pause=0.1)

    def close(self) -> None:
        self._nova_client.close()
        self._glance_client.close()


class NovaCloud:
    """start(), stop(); `ours` and `stock` are its two sides."""

    def __init__(self, root: Path) -> None:
        self.root = root
        venv = Path(sys.prefix)
        base = _free_row()
        numbers = Ports.behind(base)
        self.keystone = Keystone(root, numbers.keystone, venv)
        self.accounts = Accounts(self.keystone)
        self.compute = Compute(root, numbers, venv, self.keystone)
        self.database = self.compute.glance_database
        mark_key, suite_database = self.compute.mark_key, self.compute.suite_database
        self._suite = Suite(root, venv, self.keystone, database=suite_database, mark_key=mark_key)
        shared = {"database": self.database, "store": root / "data" / "images", "suite_conf": self._suite.conf}
        self._glance = Glance(root, "glance", numbers.glance, venv, self.keystone, **shared)
        self._stock_glance = Glance(
            root, "stock-glance", base + COUNT + 1, venv, self.keystone, filters="", **shared
        )  # fmt: skip
        nova = self.compute.sites[0].nova
        alone = f"[glance]\nendpoint_override = {self._stock_glance.url}\n"
        self._stock_api = Api(nova, "stock-nova-api", base + COUNT + 2, conf_extra=alone)
        self._stock_compute = _StockCompute(nova.compute, alone)
        self._sides: list[Side] = []

    @property
    def ours(self) -> Side:
        return self._sides[0]

    @property
    def stock(self) -> Side:
        return self._sides[1]

    def token(self, user: str = WHO, project: str = WHO) -> str:
        return self.keystone.token(user, project)

    def start(self) -> None:
        """Both sides, with a server on each."""
        site = self.compute.sites[0]
        self._suite.write_config()
        self.compute.write_config()
        site.suite.make_keys()  # for the page's sessions
        _add_stock_pipeline(site.nova.metadata.etc / "api-paste.ini")
        for glance in (self._glance, self._stock_glance):
            glance.write_config()
        self.compute.start_servers()
        self.keystone.prepare()
        self._glance.db_sync()
        self._suite.db_upgrade()
        site.db_sync()
        self.keystone.start()
        self.accounts.standard(self._glance.url)
        site.accounts(self.accounts, self._glance.url)
        self._suite.add_installation(site.installation, site.name, [self.accounts.users[site.user]])
        for glance in (self._glance, self._stock_glance):
            glance.start()
        self.compute.start_novas()
        self._start_stock_nova()
        self._make_sides()

    def stop(self) -> None:
        for side in self._sides:
            side.close()
        for program in (self._stock_api, self._stock_compute, self.compute, self._glance, self._stock_glance):
            program.stop()
        self.keystone.stop()

    def _start_stock_nova(self) -> None:
        for program in (self._stock_api, self._stock_compute):
            program.write_config()
            program.start()
        nova = self.compute.sites[0].nova
        (nova.data / "host-discovered").unlink()
        nova.discover()

    def _make_sides(self) -> None:
        nova = self.compute.sites[0].nova
        self._sides = [
            Side(self, nova.api, nova.host, self._glance),
            Side(self, self._stock_api, self._stock_compute.host, self._stock_glance),
        ]
        image_id = ensure_image(self._glance.url, self.token("admin", "admin"), IMAGE)
        flavors = nova.call("GET", "/flavors").json()["flavors"]
        (flavor,) = [one["id"] for one in flavors if one["name"] == FLAVOR]
        for side in self._sides:
            self._make_zone(side.host)
            side.boot(image_id, flavor)

    def _make_zone(self, host: str) -> None:
        """A zone of that name with the host alone in it: how a customer chooses one."""
        wait(lambda: self._is_up(host), f"nova-compute of {host} is up")
        nova = self.compute.sites[0].nova
        made = nova.call("POST", "/os-aggregates", {"aggregate": {"name": host, "availability_zone": host}})
        number = made.json()["aggregate"]["id"]
        added = nova.call("POST", f"/os-aggregates/{number}/action", {"add_host": {"host": host}})
        if added.status != 200:
            raise Trouble(f"there is no zone of {host}: {added.status} {added.text}")

    def _is_up(self, host: str) -> bool:
        reply = self.compute.sites[0].nova.call("GET", f"/os-services?binary=nova-compute&host={host}")
        return any(service["state"] == "up" for service in reply.json()["services"])


class _StockCompute(Daemon):
    """A second compute host of the same Nova, whose Glance has no filter."""

    host = "stock-host"

    def __init__(self, ours: Daemon, alone: str) -> None:
        super().__init__(ours.nova, "nova-compute-stock", ours.command, ours.files[:-1])
        self._alone = alone

    def write_config(self) -> None:
        super().write_config()
        state = self.nova.data.with_name("stock-host")
        (state / "lock").mkdir(parents=True, exist_ok=True)
        (state / "instances").mkdir(exist_ok=True)
        own = f"[DEFAULT]\nhost = {self.host}\nstate_path = {state}\n[oslo_concurrency]\nlock_path = {state}/lock\n"
        self.conf.write_text(self.conf.read_text() + own + self._alone)


def _add_stock_pipeline(paste: Path) -> None:
    """Beside the pipeline of Nova's metadata service a stock one, below a path of its own."""
    text = paste.read_text()
    found = re.search(r"(?m)^\[pipeline:meta\]\npipeline = (.*) guest_meta (.*)$", text)
    if found is None or text.count("\n/: meta\n") != 1:
        raise Trouble(f"{paste} has no pipeline with guest_meta in it")
    without = f"\n[pipeline:stock_meta]\npipeline = {found[1]} {found[2]}\n"
    paste.write_text(text.replace("\n/: meta\n", f"\n/: meta\n{WITHOUT}: stock_meta\n") + without)


def wait(happens: Callable[[], bool], what: str, pause: float = 0.3) -> None:
    """Until it happens; one sentence where it does not."""
    until = time.monotonic() + _PATIENCE
    while not happens():
        if time.monotonic() > until:
            raise Trouble(f"after {_PATIENCE} s it is not so that {what}")
        time.sleep(pause)


def _free_row() -> int:
    """A number with a row of free ports behind it, below those that clients get."""
    count = COUNT + _EXTRA
    for base in random.sample(range(23000, 31000, count + 1), 100):
        with contextlib.suppress(OSError):
            if all(port_free(port) for port in range(base + 1, base + count + 1)):
                return base
    raise Trouble("no row of free ports")
