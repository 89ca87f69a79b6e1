"""What servers were booted with that their image has not, and riders of which it is not yet known whose they are."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from glance_related.db.alembic.steps import add_column, create_index, create_table

revision = "0003"
down_revision = "0002"

# Written out, not imported: a revision says what was, whatever the models say later.
MYSQL_TABLE: Any = {
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    "mysql_collate": "utf8mb4_nopad_bin",
}


def upgrade() -> None:
    add_column("glance_related_riders", sa.Column("is_open", sa.SmallInteger, nullable=False, server_default="0"))
    create_index("glance_related_riders_open", "glance_related_riders", ["is_open", "kind", "project_id"])
    create_table(
        "glance_related_server_overrides",
        sa.Column("nova_installation_uuid", sa.String(36), primary_key=True),
        sa.Column("instance_id", sa.String(255), primary_key=True),
        sa.Column("project_id", sa.String(255), nullable=False),
        sa.Column("image_id", sa.String(36), nullable=False),
        sa.Column("rescue_image_id", sa.String(36), nullable=False),
        sa.Column("properties", sa.Text().with_variant(mysql.MEDIUMTEXT(), "mysql"), nullable=False),
        sa.Column("request_id", sa.String(64), nullable=False),
        sa.Column("made_at", sa.DateTime, nullable=False),
        **MYSQL_TABLE,
    )
    create_index("glance_related_server_overrides_request", "glance_related_server_overrides", ["request_id"])
