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
    sa.Column("content", sa.Text().with_variant(mysql.MEDIUMTEXT(), "mysql"), nullable=False),
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
    sa.Column("properties", sa.Text().with_variant(mysql.MEDIUMTEXT(), "mysql"), nullable=False),
    sa.Column("request_id", sa.String(64), nullable=False),
    sa.Column("made_at", sa.DateTime, nullable=False),
    sa.Index("glance_related_server_overrides_request", "request_id"),
    **MYSQL_TABLE,
)


def utcnow() -> datetime.datetime:
    """Now, as the tables keep it: UTC, naive, whole seconds."""
    return datetime.datetime.now(datetime.UTC).replace(tzinfo=None, microsecond=0)
