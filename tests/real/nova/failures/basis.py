"""What all sites of these tests stand on, and nobody kills: a Glance and a database of ours, apart from the cloud's.

What these tests make older, and leave behind, is seen by no other test.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy.engine import make_url

from cloud.glance import Glance
from cloud.images import DATA
from cloud.paste import IN_GLANCE
from cloud.suite import Suite
from tests.servers.ports import free_port

if TYPE_CHECKING:
    from tests.real.nova.nova_cloud import NovaCloud

#: The customer of these tests.
WHO = "carol@carol"

#: The databases: Glance's, and ours.
GLANCE, OURS = "failing_glance", "failing_glance_related"


class Basis:
    """start(), stop(); `glance` is where nova-compute's uploads go, `suite` what reconciles."""

    def __init__(self, cloud: NovaCloud) -> None:
        self.cloud = cloud
        port = free_port()
        self.suite = self.suite_with("failing", glance_port=port)
        self.glance = Glance(
            cloud.root, "failing-calm-glance", port, cloud.venv, cloud.keystone, suite_conf=self.suite.conf,
            database=self.database(GLANCE), filters=" ".join(IN_GLANCE),
        )  # fmt: skip

    def start(self) -> None:
        for name in (GLANCE, OURS):
            self.cloud.nova_rows(f"create database {name} character set utf8mb3")
        self.cloud.accounts.user(*WHO.split("@"))
        self.suite.db_upgrade()
        users = [self.cloud.accounts.users[self.cloud.nova.user]]
        self.suite.add_installation(self.cloud.installation, "nova", users)
        self.glance.write_config()
        self.glance.db_sync()
        self.glance.start()

    def stop(self) -> None:
        self.glance.stop()

    def database(self, name: str, port: int | None = None) -> str:
        """The SQLAlchemy URL of a database; by this port, where there is another way to it."""
        url = make_url(self.cloud.suite.database)
        return url.set(database=name, port=port or url.port).render_as_string(hide_password=False)

    def suite_with(
        self,
        name: str,
        *,
        glance_port: int | None = None,
        database_port: int | None = None,
        database: str = OURS,
        mark_key: str | None = None,
        extra: str = "",
    ) -> Suite:
        """A configuration of our side for both of its places, written."""
        account = f"[account]\nglance_endpoint = http://127.0.0.1:{glance_port}\n" if glance_port else ""
        cloud = self.cloud
        suite = Suite(
            cloud.root, cloud.venv, cloud.keystone, name=name, database=self.database(database, database_port),
            mark_key=mark_key or cloud.suite.mark_key, installation=cloud.installation, with_menu=True,
            conf_extra=f"{account}{extra}",
        )  # fmt: skip
        suite.write_config()
        return suite

    @property
    def store(self) -> Path:
        """Where Glance's data lies."""
        return self.glance.store

    def upload(self) -> str:
        """A public image without properties; its id."""
        about = {"name": "bare", "disk_format": "raw", "container_format": "bare", "visibility": "public"}
        answer = self.cloud.call(self.glance, "admin", "POST", "/v2/images", json=about)
        assert answer.status == 201, answer
        image_id = str(answer.json()["id"])
        sent = self.cloud.call(
            self.glance, "admin", "PUT", f"/v2/images/{image_id}/file", body=DATA,
            headers={"Content-Type": "application/octet-stream"},
        )  # fmt: skip
        assert sent.status == 204, sent
        return image_id

    # -- what was stored

    def rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        """Rows of the one server; names of tables stand behind that of their database, or are Nova's."""
        return self.cloud.nova_rows(query, *values)

    def stored(self, image_id: str) -> tuple[str, str] | None:
        """What our table holds of an image: (installation, instance)."""
        rows = self.rows(f"select * from {OURS}.glance_related_image_instances where image_id = %s", image_id)
        return (rows[0]["nova_installation_uuid"], rows[0]["instance_id"]) if rows else None

    def shown(self, image_id: str) -> dict[str, Any]:
        """The image as the customer sees it."""
        return self.cloud.shown(WHO, image_id, on=self.glance)
