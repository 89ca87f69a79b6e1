"""An API of Nova's with our filters whose Glance does not do its part: the filter is missing, or does not fit.

Its database is its own, in which no filter has ever started in front of Glance.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

from cloud.glance import Glance
from cloud.paste import IN_NOVA
from cloud.processes import HOST
from tests.real.nova.failures.basis import Basis
from tests.real.nova.failures.proxy import Proxy
from tests.real.nova.failures.site import FailingApi
from tests.servers.ports import free_port

_DATABASE = "failing_one_sided"
_OTHER_KEY = "another key of at least thirty-two characters"

# nova-compute asks the same Glance.
_PASTE = """
[filter:told]
paste.filter_factory = tests.real.nova.failures.told:outside
folder = {folder}
glance = {glance}
calm_glance = {there}
"""


class OneSided:
    """`api`, running, and a Glance behind it for as long as a test wants one; `stop` ends them."""

    def __init__(self, basis: Basis) -> None:
        self._basis = basis
        self.cloud = cloud = basis.cloud
        cloud.nova_rows(f"create database {_DATABASE} character set utf8mb3")
        self.suite = basis.suite_with("one-sided", database=_DATABASE)
        self._other = basis.suite_with("one-sided-other-key", database=_DATABASE, mark_key=_OTHER_KEY)
        self.suite.db_upgrade()
        self.register("scheduler")
        self._way = Proxy(0)
        there = f"http://{HOST}:{self._way.port}"
        self.api = FailingApi(
            cloud.nova, "one-sided-api", free_port(), filters=" ".join(IN_NOVA), suite_conf=self.suite.conf,
            conf_extra=f"[glance]\nendpoint_override = {there}", before="told",
            paste_extra=_PASTE.format(folder=cloud.root, glance=cloud.glance.url, there=there),
        )  # fmt: skip
        self.api.write_config()
        self.api.start()

    def stop(self) -> None:
        self.api.stop()
        self._way.close()

    def register(self, *users: str) -> None:
        """These, and nobody else, are the service users of the Nova."""
        self.suite.manage("installation", "remove", self.cloud.installation)
        self.suite.add_installation(self.cloud.installation, "nova", [self.cloud.accounts.users[one] for one in users])

    @contextmanager
    def glance(self, filters: str, *, other_key: bool = False) -> Iterator[None]:
        """A Glance with these filters is behind the API."""
        basis = self._basis
        suite = self._other if other_key else self.suite
        glance = Glance(
            self.cloud.root, "one-sided-glance", free_port(), self.cloud.venv, self.cloud.keystone, filters=filters,
            suite_conf=suite.conf, database=basis.glance.database, store=basis.store,
        )  # fmt: skip
        glance.write_config()
        glance.start()
        self._way.target = glance.port
        try:
            yield
        finally:
            glance.stop()

    def found(self) -> dict[str, str]:
        """What ``config check`` finds on Nova's hosts: the severity of each code."""
        nova = ["--nova-conf", str(self.cloud.nova.conf), "--nova-paste", str(self.api.etc / "api-paste.ini")]
        done = self.suite.manage("config", "check", *nova, "-f", "json")
        return {row["code"]: row["severity"] for row in json.loads(done.stdout)}

    def riders(self) -> int:
        """How many riders are kept."""
        return int(self._basis.rows(f"select count(*) as number from {_DATABASE}.glance_related_riders")[0]["number"])
