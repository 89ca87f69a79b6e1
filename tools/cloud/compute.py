"""The compute half of the cloud: MariaDB, RabbitMQ, the network stub, and one or two complete Novas.

Each Nova has a region of the catalogue, a Placement, databases, a virtual host at RabbitMQ, a user at
Keystone and a configuration file of the suite for itself; both have the same Glance and the suite's one
database. Glance's own tables are in this MariaDB too: SQLite answers some of those who write at once that it
is locked.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from cloud import paste, placement
from cloud.accounts import Accounts
from cloud.keystone import REGION, Keystone
from cloud.mariadb import MariaDB
from cloud.network import Network
from cloud.nova import ROLES, Nova
from cloud.placement import Placement
from cloud.ports import Ports
from cloud.processes import Service, stop_together
from cloud.rabbitmq import RabbitMQ
from cloud.suite import Suite

SECOND_REGION = "RegionTwo"
FLAVOR = "m1.tiny"

_SUITE_DATABASE = "glance_related"
_GLANCE_DATABASE = "glance"


class Site:
    """One Nova, and what only this Nova has: `placement`, `nova`, `suite`, `region`, `user`, `installation`."""

    def __init__(
        self, half: Compute, name: str, region: str, ports: tuple[int, int, int], nova_options: dict[str, Any]
    ) -> None:
        """`ports` are those of Placement, of Nova and of its metadata service."""
        self.half = half
        self.name = name
        self.region = region
        self.user = name
        keystone = half.keystone
        self.suite = Suite(
            half.root, half.venv, keystone, name=f"glance-related-{name}", database=half.suite_database,
            mark_key=half.mark_key, with_menu=True,
        )  # fmt: skip
        database = name.replace("nova", "placement")
        half.mariadb.databases.append(database)
        self.placement = Placement(
            half.root, database, ports[0], half.venv, keystone, half.mariadb.url(database), region
        )
        ours = {"filters": " ".join(paste.IN_NOVA), "metadata_filters": " ".join(paste.IN_METADATA), "page": True}
        options = {**ours, "suite_conf": self.suite.conf} | nova_options
        self.nova = Nova(
            half.root, name, ports[1], ports[2], half.venv, keystone, half.mariadb, half.rabbitmq,
            region=region, user=self.user, **options,
        )  # fmt: skip

    @property
    def installation(self) -> str:
        """The UUID by which the suite knows this Nova: chosen once, then kept."""
        kept = self.nova.data / "installation"
        if not kept.exists():
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_text(str(uuid.uuid4()))
        return kept.read_text()

    def write_config(self) -> None:
        self.suite.installation = self.installation
        self.suite.write_config()
        self.placement.write_config()
        self.nova.write_config()

    def db_sync(self) -> None:
        self.placement.db_sync()
        self.nova.db_sync()

    def accounts(self, accounts: Accounts, image_url: str) -> None:
        """Its user, its region of the catalogue."""
        accounts.user(self.user, "service", ROLES)
        accounts.user(placement.USER, "service", placement.ROLES)
        accounts.region(self.region)
        for service_type, name, url in (
            ("identity", "keystone", self.half.keystone.url),
            ("image", "glance", image_url),
            ("compute", "nova", f"{self.nova.url}/v2.1"),
            ("placement", "placement", self.placement.url),
            ("network", "neutron", self.half.network.url),
        ):
            accounts.endpoint(service_type, name, url, self.region)

    def about(self) -> dict[str, str]:
        """What others need to know of it, for var/ready."""
        return {
            "name": self.name,
            "url": self.nova.url,
            "metadata": self.nova.metadata.url,
            "region": self.region,
            "nova_installation_uuid": self.installation,
            "database": self.nova.database("cell1"),
            "instances": str(self.nova.data / "instances"),
        }

    def services(self) -> Iterator[Service]:
        """In the order in which they start."""
        yield self.placement.service
        for program in self.nova.programs:
            yield program.service


class Compute:
    """start_servers(), start_novas(), stop(); `sites` are the Novas with their own, the first one first."""

    def __init__(
        self,
        root: Path,
        ports: Ports,
        venv: Path,
        keystone: Keystone,
        *,
        second_nova: bool = False,
        **nova_options: Any,
    ) -> None:
        """`nova_options` are those of `Nova` and `Api`, for each of the Novas."""
        self.root = root.absolute()
        self.venv = venv
        self.keystone = keystone
        self.mariadb = MariaDB(root, ports.mariadb, keystone.passwords, [_SUITE_DATABASE, _GLANCE_DATABASE])
        self.rabbitmq = RabbitMQ(root, ports.rabbitmq, ports.rabbitmq_dist, ports.epmd, keystone.passwords)
        self.network = Network(root, ports.network)
        self.sites = [
            Site(self, "nova", REGION, (ports.placement, ports.nova, ports.nova_metadata), nova_options),
        ]
        if second_nova:
            its = (ports.placement2, ports.nova2, ports.nova2_metadata)
            self.sites.append(Site(self, "nova2", SECOND_REGION, its, nova_options))

    @property
    def suite_database(self) -> str:
        """The suite's one database, a SQLAlchemy URL."""
        return self.mariadb.url(_SUITE_DATABASE)

    @property
    def glance_database(self) -> str:
        """That of the one Glance, the same."""
        return self.mariadb.url(_GLANCE_DATABASE)

    @property
    def mark_key(self) -> str:
        """The secret by which the two sides of the suite know each other's request ids."""
        return self.keystone.passwords.key("mark-key")

    def servers(self) -> list[Service]:
        """What the Novas stand on, in the order in which they start."""
        return [self.mariadb.service, self.rabbitmq.epmd, self.rabbitmq.service, self.network.service]

    def start_servers(self, wait: bool = True) -> None:
        """What the Novas stand on."""
        self.mariadb.prepare()
        self.mariadb.start(wait=False)
        self.rabbitmq.start(wait=False)
        self.network.start(wait=False)
        if wait:
            self.wait_servers()

    def wait_servers(self) -> None:
        self.mariadb.wait()
        self.rabbitmq.wait()
        self.network.wait()

    def write_config(self) -> None:
        for site in self.sites:
            site.write_config()

    def start_novas(self, sites: Sequence[Site] = ()) -> None:
        """All of them or these, until servers can be made; Keystone, with all accounts, and Glance must run."""
        sites = sites or self.sites
        for site in sites:
            site.placement.start(wait=False)
        for site in sites:
            site.placement.wait()
            site.nova.start(wait=False)
        for site in sites:
            site.nova.wait()
            site.nova.ensure_flavor(FLAVOR)

    def stop(self) -> None:
        """Never fails."""
        stop_together(service for site in self.sites for service in site.services())
        self.network.stop()
        self.rabbitmq.stop()
        self.mariadb.stop()
