"""The package menu, the outbox, and who is logged in on the page."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from glance_related.db.alembic.steps import create_index, create_table

revision = "0004"
down_revision = "0003"

# Written out, not imported: a revision says what was, whatever the models say later.
MYSQL_TABLE: Any = {
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    "mysql_collate": "utf8mb4_nopad_bin",
}
LONG_TEXT: Any = sa.Text().with_variant(mysql.MEDIUMTEXT(), "mysql")


def upgrade() -> None:
    create_table(
        "glance_related_package_scopes",
        sa.Column("scope", sa.String(255), primary_key=True),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("generation", sa.BigInteger, nullable=False),
        sa.Column("said", sa.BigInteger, nullable=False),
        **MYSQL_TABLE,
    )
    create_table(
        "glance_related_package_entries",
        sa.Column("name", sa.String(255), primary_key=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("title", sa.String(255), nullable=False),
        sa.Column("description", LONG_TEXT, nullable=False),
        sa.Column("category", sa.String(255), nullable=False),
        sa.Column("type", sa.String(16), nullable=True),
        sa.Column("default_value", LONG_TEXT, nullable=True),
        sa.Column("required", sa.SmallInteger, nullable=False),
        sa.Column("on_by_default", sa.SmallInteger, nullable=False),
        sa.Column("enabled", sa.SmallInteger, nullable=False),
        sa.Column("details", LONG_TEXT, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        **MYSQL_TABLE,
    )
    create_table(
        "glance_related_package_project_states",
        sa.Column("project_id", sa.String(255), primary_key=True),
        sa.Column("name", sa.String(255), primary_key=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("default_value", LONG_TEXT, nullable=True),
        **MYSQL_TABLE,
    )
    create_index("glance_related_package_project_states_name", "glance_related_package_project_states", ["name"])
    create_table(
        "glance_related_package_instances",
        sa.Column("nova_installation_uuid", sa.String(36), primary_key=True),
        sa.Column("instance_id", sa.String(255), primary_key=True),
        sa.Column("project_id", sa.String(255), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("hostname", sa.String(255), nullable=False),
        sa.Column("os_distro", sa.String(255), nullable=False),
        sa.Column("generation", sa.BigInteger, nullable=False),
        sa.Column("request_id", sa.String(64), nullable=False),
        sa.Column("created_at", sa.DateTime, nullable=False),
        **MYSQL_TABLE,
    )
    create_index(
        "glance_related_package_instances_project",
        "glance_related_package_instances",
        ["project_id", "nova_installation_uuid", "instance_id"],
    )
    create_index("glance_related_package_instances_hostname", "glance_related_package_instances", ["hostname"])
    create_index("glance_related_package_instances_request", "glance_related_package_instances", ["request_id"])
    create_table(
        "glance_related_package_instance_states",
        sa.Column("nova_installation_uuid", sa.String(36), primary_key=True),
        sa.Column("instance_id", sa.String(255), primary_key=True),
        sa.Column("name", sa.String(255), primary_key=True),
        sa.Column("state", sa.String(16), nullable=True),
        sa.Column("is_on", sa.SmallInteger, nullable=True),
        sa.Column("value", LONG_TEXT, nullable=True),
        **MYSQL_TABLE,
    )
    create_index("glance_related_package_instance_states_name", "glance_related_package_instance_states", ["name"])
    create_table(
        "glance_related_package_history",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("nova_installation_uuid", sa.String(36), nullable=False),
        sa.Column("instance_id", sa.String(255), nullable=False),
        sa.Column("generation", sa.BigInteger, nullable=False),
        sa.Column("user_id", sa.String(255), nullable=False),
        sa.Column("changes", LONG_TEXT, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        **MYSQL_TABLE,
    )
    create_index(
        "glance_related_package_history_instance",
        "glance_related_package_history",
        ["instance_id", "nova_installation_uuid", "created_at", "id"],
    )
    create_index("glance_related_package_history_created", "glance_related_package_history", ["created_at"])
    create_table(
        "glance_related_deliveries",
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
        sa.Column("applied", LONG_TEXT, nullable=True),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("wished_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.Column("read_at", sa.BigInteger, nullable=True),
        sa.Column("confirmed_at", sa.BigInteger, nullable=True),
        **MYSQL_TABLE,
    )
    create_index(
        "glance_related_deliveries_receiver",
        "glance_related_deliveries",
        ["nova_installation_uuid", "instance_id", "driver", "item"],
        unique=True,
    )
    create_index("glance_related_deliveries_due", "glance_related_deliveries", ["driver", "due_at", "wished_at"])
    create_index(
        "glance_related_deliveries_failed", "glance_related_deliveries", ["state", "driver"], where="state = 'failed'"
    )
    create_table(
        "glance_related_fanouts",
        sa.Column("system", sa.String(32), primary_key=True),
        sa.Column("scope", sa.String(255), primary_key=True),
        sa.Column("marker", sa.String(300), nullable=False),
        sa.Column("claim", sa.String(36), nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        **MYSQL_TABLE,
    )
    create_table(
        "glance_related_page_sessions",
        sa.Column("id_hash", sa.String(64), primary_key=True),
        sa.Column("content", LONG_TEXT, nullable=False),
        sa.Column("expires_at", sa.DateTime, nullable=False),
        **MYSQL_TABLE,
    )
    create_index("glance_related_page_sessions_expires", "glance_related_page_sessions", ["expires_at"])
