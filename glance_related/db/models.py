"""The tables of the suite. Every name begins with ``glance_related_``, because the tables may lie beside Glance's."""

from __future__ import annotations

import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

# MariaDB's other collations equate upper and lower case, or "i1" and "i1 ".
MYSQL_TABLE: Any = {
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    "mysql_collate": "utf8mb4_nopad_bin",
}

# MariaDB's TEXT ends at 64 KiB.
_LONG_TEXT: Any = sa.Text().with_variant(mysql.MEDIUMTEXT(), "mysql")

metadata = sa.MetaData()

#: Facts of this database itself: ``database_id``, by which ``reconcile`` knows that the Glance it asks
#: uses the same tables, and ``swept``, how many rows it has removed.
facts = sa.Table(
    "glance_related_facts",
    metadata,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("value", sa.String(255), nullable=False),
    **MYSQL_TABLE,
)

#: The Novas whose tuples are accepted.
installations = sa.Table(
    "glance_related_installations",
    metadata,
    sa.Column("nova_installation_uuid", sa.String(36), primary_key=True),
    sa.Column("name", sa.String(255), nullable=False, unique=True),
    sa.Column("created_at", sa.DateTime, nullable=False),
    sa.Column("region_name", sa.String(255), nullable=True),
    **MYSQL_TABLE,
)

#: Their service users, and the programs that build tuples themselves.
service_users = sa.Table(
    "glance_related_service_users",
    metadata,
    sa.Column(
        "nova_installation_uuid",
        sa.String(36),
        sa.ForeignKey("glance_related_installations.nova_installation_uuid", ondelete="CASCADE"),
        primary_key=True,
    ),
    sa.Column("user_id", sa.String(64), primary_key=True),
    sa.Column("trusted_program", sa.Boolean, nullable=False),
    sa.Index("glance_related_service_users_user", "user_id"),
    **MYSQL_TABLE,
)

#: Which image came from which instance: system 1's mapping.
image_instances = sa.Table(
    "glance_related_image_instances",
    metadata,
    sa.Column("image_id", sa.String(36), primary_key=True),
    sa.Column("nova_installation_uuid", sa.String(36), nullable=False),
    sa.Column("instance_id", sa.String(255), nullable=False),
    sa.Column("created_at", sa.DateTime, nullable=False),
    sa.Index("glance_related_image_instances_instance", "instance_id", "nova_installation_uuid", "image_id"),
    sa.Index("glance_related_image_instances_installation", "nova_installation_uuid", "image_id"),
    **MYSQL_TABLE,
)

#: Attempts to create an image under an id that the client chose; neither shown nor matched until Glance
#: has said 201, because the id may be somebody else's.
pending_images = sa.Table(
    "glance_related_pending_images",
    metadata,
    sa.Column("attempt_id", sa.String(36), primary_key=True),
    sa.Column("image_id", sa.String(36), nullable=False),
    sa.Column("owner", sa.String(255), nullable=True),
    sa.Column("nova_installation_uuid", sa.String(36), nullable=False),
    sa.Column("instance_id", sa.String(255), nullable=False),
    sa.Column("created_at", sa.DateTime, nullable=False),
    sa.Index("glance_related_pending_images_created", "created_at"),
    **MYSQL_TABLE,
)


#: Images of a Nova without a filter of ours, by the instance that their own properties name; neither shown nor
#: matched until that Nova's record of the instance's actions has proved it.
adoptions = sa.Table(
    "glance_related_adoptions",
    metadata,
    sa.Column("image_id", sa.String(36), primary_key=True),
    sa.Column("nova_installation_uuid", sa.String(36), nullable=False),
    sa.Column("instance_id", sa.String(255), nullable=False),
    sa.Column("request_id", sa.String(64), nullable=False),
    sa.Column("owner", sa.String(255), nullable=True),
    sa.Column("created_at", sa.DateTime, nullable=False),
    **MYSQL_TABLE,
)

#: What rides on a request to Nova, under the marked id that Nova hands on to Glance.
riders = sa.Table(
    "glance_related_riders",
    metadata,
    sa.Column("request_id", sa.String(64), primary_key=True),
    sa.Column("kind", sa.String(32), primary_key=True),
    sa.Column("own_request_id", sa.String(64), nullable=False),
    sa.Column("nova_installation_uuid", sa.String(36), nullable=False),
    sa.Column("project_id", sa.String(255), nullable=False),
    sa.Column("user_id", sa.String(255), nullable=False),
    sa.Column("content", _LONG_TEXT, nullable=False),
    sa.Column("created_at", sa.DateTime, nullable=False),
    # no Boolean: no default of one is written alike in all databases
    sa.Column("is_open", sa.SmallInteger, nullable=False, server_default="0"),
    sa.Index("glance_related_riders_created", "created_at"),
    sa.Index("glance_related_riders_open", "is_open", "kind", "project_id"),
    **MYSQL_TABLE,
)

#: Which image properties a server was booted or rebuilt with that its image has not: system 2. A row without any says
#: that the server has none any more, whatever an older request that is still open may say.
server_overrides = sa.Table(
    "glance_related_server_overrides",
    metadata,
    sa.Column("nova_installation_uuid", sa.String(36), primary_key=True),
    sa.Column("instance_id", sa.String(255), primary_key=True),
    sa.Column("project_id", sa.String(255), nullable=False),
    sa.Column("image_id", sa.String(36), nullable=False),
    sa.Column("rescue_image_id", sa.String(36), nullable=False),
    sa.Column("properties", _LONG_TEXT, nullable=False),
    sa.Column("request_id", sa.String(64), nullable=False),
    sa.Column("made_at", sa.DateTime, nullable=False),
    sa.Index("glance_related_server_overrides_request", "request_id"),
    **MYSQL_TABLE,
)

#: How far the menu of the cloud (the scope "") and of each project has come. ``version`` counts every change,
#: ``generation`` those that may change what a server has: that of a server is the sum of its scopes' and its own.
#: ``said`` counts, of the cloud, what projects have said: a cluster's nodes see of each other's transactions only
#: what they write.
package_scopes = sa.Table(
    "glance_related_package_scopes",
    metadata,
    sa.Column("scope", sa.String(255), primary_key=True),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("generation", sa.BigInteger, nullable=False),
    sa.Column("said", sa.BigInteger, nullable=False),
    **MYSQL_TABLE,
)

#: What is on the menu: packages, variables and bundles of them. What is no plain text is JSON.
package_entries = sa.Table(
    "glance_related_package_entries",
    metadata,
    sa.Column("name", sa.String(255), primary_key=True),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("title", sa.String(255), nullable=False),
    sa.Column("description", _LONG_TEXT, nullable=False),
    sa.Column("category", sa.String(255), nullable=False),
    sa.Column("type", sa.String(16), nullable=True),
    sa.Column("default_value", _LONG_TEXT, nullable=True),
    sa.Column("required", sa.SmallInteger, nullable=False),
    sa.Column("on_by_default", sa.SmallInteger, nullable=False),
    sa.Column("enabled", sa.SmallInteger, nullable=False),
    sa.Column("details", _LONG_TEXT, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    **MYSQL_TABLE,
)

#: What a project makes of an entry.
package_project_states = sa.Table(
    "glance_related_package_project_states",
    metadata,
    sa.Column("project_id", sa.String(255), primary_key=True),
    sa.Column("name", sa.String(255), primary_key=True),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("default_value", _LONG_TEXT, nullable=True),
    sa.Index("glance_related_package_project_states_name", "name"),
    **MYSQL_TABLE,
)

#: The servers that have settings, and what is needed of them to deliver these.
package_instances = sa.Table(
    "glance_related_package_instances",
    metadata,
    sa.Column("nova_installation_uuid", sa.String(36), primary_key=True),
    sa.Column("instance_id", sa.String(255), primary_key=True),
    sa.Column("project_id", sa.String(255), nullable=False),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("hostname", sa.String(255), nullable=False),
    sa.Column("os_distro", sa.String(255), nullable=False),
    sa.Column("generation", sa.BigInteger, nullable=False),
    sa.Column("request_id", sa.String(64), nullable=False),
    sa.Column("created_at", sa.DateTime, nullable=False),
    sa.Index("glance_related_package_instances_project", "project_id", "nova_installation_uuid", "instance_id"),
    sa.Index("glance_related_package_instances_hostname", "hostname"),
    sa.Index("glance_related_package_instances_request", "request_id"),
    **MYSQL_TABLE,
)

#: Where a server differs from its project.
package_instance_states = sa.Table(
    "glance_related_package_instance_states",
    metadata,
    sa.Column("nova_installation_uuid", sa.String(36), primary_key=True),
    sa.Column("instance_id", sa.String(255), primary_key=True),
    sa.Column("name", sa.String(255), primary_key=True),
    sa.Column("state", sa.String(16), nullable=True),
    sa.Column("is_on", sa.SmallInteger, nullable=True),
    sa.Column("value", _LONG_TEXT, nullable=True),
    sa.Index("glance_related_package_instance_states_name", "name"),
    **MYSQL_TABLE,
)

#: Who changed what of a server's settings; what is secret is not here.
package_history = sa.Table(
    "glance_related_package_history",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("nova_installation_uuid", sa.String(36), nullable=False),
    sa.Column("instance_id", sa.String(255), nullable=False),
    sa.Column("generation", sa.BigInteger, nullable=False),
    sa.Column("user_id", sa.String(255), nullable=False),
    sa.Column("changes", _LONG_TEXT, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Index("glance_related_package_history_instance", "instance_id", "nova_installation_uuid", "created_at", "id"),
    sa.Index("glance_related_package_history_created", "created_at"),
    **MYSQL_TABLE,
)

#: The outbox: what must reach somebody else, one row for each receiver and thing, and how far it has come. Times are
#: milliseconds of the database's own clock; what may be taken up by a worker has a ``due_at``. Each delivery is written
#: twice, and each index with it: there are no more than workers need, and one of what has failed.
deliveries = sa.Table(
    "glance_related_deliveries",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("nova_installation_uuid", sa.String(36), nullable=False),
    sa.Column("instance_id", sa.String(255), nullable=False),
    sa.Column("driver", sa.String(64), nullable=False),
    sa.Column("item", sa.String(255), nullable=False),
    sa.Column("system", sa.String(32), nullable=False),
    sa.Column("project_id", sa.String(255), nullable=False),
    sa.Column("action", sa.String(16), nullable=False),
    sa.Column("is_pulled", sa.SmallInteger, nullable=False),
    sa.Column("generation", sa.BigInteger, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("losses", sa.Integer, nullable=False),
    sa.Column("due_at", sa.BigInteger, nullable=True),
    sa.Column("claim", sa.String(36), nullable=False),
    sa.Column("claimed_by", sa.String(255), nullable=False),
    sa.Column("claimed_generation", sa.BigInteger, nullable=False),
    sa.Column("applied_generation", sa.BigInteger, nullable=True),
    sa.Column("applied", _LONG_TEXT, nullable=True),
    sa.Column("message", sa.Text, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("wished_at", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
    sa.Column("read_at", sa.BigInteger, nullable=True),
    sa.Column("confirmed_at", sa.BigInteger, nullable=True),
    sa.Index(
        "glance_related_deliveries_receiver", "nova_installation_uuid", "instance_id", "driver", "item", unique=True
    ),
    sa.Index("glance_related_deliveries_due", "driver", "due_at", "wished_at"),
    sa.Index(
        "glance_related_deliveries_failed",
        "state",
        "driver",
        # MariaDB has everything in it
        postgresql_where=sa.text("state = 'failed'"),
        sqlite_where=sa.text("state = 'failed'"),
    ),
    **MYSQL_TABLE,
)

#: Changes that reach many servers, and how far each has been turned into deliveries.
fanouts = sa.Table(
    "glance_related_fanouts",
    metadata,
    sa.Column("system", sa.String(32), primary_key=True),
    sa.Column("scope", sa.String(255), primary_key=True),
    sa.Column("marker", sa.String(300), nullable=False),
    sa.Column("claim", sa.String(36), nullable=False),
    sa.Column("due_at", sa.BigInteger, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    **MYSQL_TABLE,
)

#: Who is logged in on the page; the token is encrypted, the cookie's id only as its hash.
page_sessions = sa.Table(
    "glance_related_page_sessions",
    metadata,
    sa.Column("id_hash", sa.String(64), primary_key=True),
    sa.Column("content", _LONG_TEXT, nullable=False),
    sa.Column("expires_at", sa.DateTime, nullable=False),
    sa.Index("glance_related_page_sessions_expires", "expires_at"),
    **MYSQL_TABLE,
)


def utcnow() -> datetime.datetime:
    """Now, as the tables keep it: UTC, naive, whole seconds."""
    return datetime.datetime.now(datetime.UTC).replace(tzinfo=None, microsecond=0)
