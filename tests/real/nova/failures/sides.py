"""A site whose two sides each reach our database by a way of their own, which can be closed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import make_url

from tests.real.failures.outages import CONF
from tests.real.nova.failures.basis import Basis
from tests.real.nova.failures.proxy import Proxy
from tests.real.nova.failures.site import Side, Site

SIDES = ("nova", "glance")


@dataclass(frozen=True)
class Outages:
    """`site`, running, and the ways of its sides; `stop` ends all of them."""

    site: Site
    ways: dict[str, Proxy]

    @classmethod
    def started(cls, basis: Basis, folder: Path) -> Outages:
        ways = {side: Proxy(make_url(basis.suite.database).port or 0) for side in SIDES}
        confs = {
            f"{side}_conf": basis.suite_with(f"unsure-{side}", database_port=way.port, extra=CONF).conf
            for side, way in ways.items()
        }
        made = cls(Site(folder, "unsure", basis, workers=1, **confs), ways)
        try:
            made.site.start()
        except BaseException:
            made.stop()
            raise
        return made

    def stop(self) -> None:
        self.site.stop()
        for way in self.ways.values():
            way.close()

    def workers(self, side: str) -> list[int]:
        """Who serves requests on this side."""
        one: Side = getattr(self.site, side)
        return one.server.worker_pids()
