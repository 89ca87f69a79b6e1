"""The tables of instance_aware, and the facts of the database itself."""

from __future__ import annotations

import uuid
from typing import Any

import sqlalchemy as sa

from glance_related.db.alembic.steps import create_index, create_table, insert

revision = "0001"
down_revision = None

# Written out, not imported: a revision says what was, whatever the models say later.
MYSQL_TABLE: Any = {
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    "mysql_collate": "utf8mb4_nopad_bin",
}


def upgrade() -> None:
    create_table(
        "glance_related_facts",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("value", sa.String(255), nullable=False),
        **MYSQL_TABLE,
    )
    create_table(
        "glance_related_installations",
        sa.Column("nova_installation_uuid", sa.String(36), primary_key=True),
        sa.Column("name", sa.String(255), nullable=False, unique=True),
        sa.Column("created_at", sa.DateTime, nullable=False),
        **MYSQL_TABLE,
    )
    create_table(
        "glance_related_service_users",
        sa.Column(
            "nova_installation_uuid",
            sa.String(36),
            sa.ForeignKey("glance_related_installations.nova_installation_uuid", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("user_id", sa.String(64), primary_key=True),
        sa.Column("trusted_program", sa.Boolean, nullable=False),
        **MYSQL_TABLE,
    )
    create_index("glance_related_service_users_user", "glance_related_service_users", ["user_id"])
    create_table(
        "glance_related_image_instances",
        sa.Column("image_id", sa.String(36), primary_key=True),
        sa.Column("nova_installation_uuid", sa.String(36), nullable=False),
        sa.Column("instance_id", sa.String(255), nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        **MYSQL_TABLE,
    )
    create_index(
        "glance_related_image_instances_instance",
        "glance_related_image_instances",
        ["instance_id", "nova_installation_uuid", "image_id"],
    )
    create_index(
        "glance_related_image_instances_installation",
        "glance_related_image_instances",
        ["nova_installation_uuid", "image_id"],
    )
    create_table(
        "glance_related_pending_images",
        sa.Column("attempt_id", sa.String(36), primary_key=True),
        sa.Column("image_id", sa.String(36), nullable=False),
        sa.Column("owner", sa.String(255), nullable=True),
        sa.Column("nova_installation_uuid", sa.String(36), nullable=False),
        sa.Column("instance_id", sa.String(255), nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        **MYSQL_TABLE,
    )
    create_index("glance_related_pending_images_created", "glance_related_pending_images", ["created_at"])
    facts = [{"name": "database_id", "value": str(uuid.uuid4())}, {"name": "swept", "value": "0"}]
    insert("glance_related_facts", "name", facts)
