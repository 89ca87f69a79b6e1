"""Riders, images that await the proof of their instance, and where an installation's Nova is found."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from glance_related.db.alembic.steps import add_column, create_index, create_table

revision = "0002"
down_revision = "0001"

# Written out, not imported: a revision says what was, whatever the models say later.
MYSQL_TABLE: Any = {
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    "mysql_collate": "utf8mb4_nopad_bin",
}


def upgrade() -> None:
    create_table(
        "glance_related_riders",
        sa.Column("request_id", sa.String(64), primary_key=True),
        sa.Column("kind", sa.String(32), primary_key=True),
        sa.Column("own_request_id", sa.String(64), nullable=False),
        sa.Column("nova_installation_uuid", sa.String(36), nullable=False),
        sa.Column("project_id", sa.String(255), nullable=False),
        sa.Column("user_id", sa.String(255), nullable=False),
        sa.Column("content", sa.Text().with_variant(mysql.MEDIUMTEXT(), "mysql"), nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        **MYSQL_TABLE,
    )
    create_index("glance_related_riders_created", "glance_related_riders", ["created_at"])
    create_table(
        "glance_related_adoptions",
        sa.Column("image_id", sa.String(36), primary_key=True),
        sa.Column("nova_installation_uuid", sa.String(36), nullable=False),
        sa.Column("instance_id", sa.String(255), nullable=False),
        sa.Column("request_id", sa.String(64), nullable=False),
        sa.Column("owner", sa.String(255), nullable=True),
        sa.Column("created_at", sa.DateTime, nullable=False),
        **MYSQL_TABLE,
    )
    add_column("glance_related_installations", sa.Column("region_name", sa.String(255), nullable=True))
