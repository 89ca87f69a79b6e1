"""Alembic's entry: one connection, given by `glance_related.db.migration`, and a version table of our own."""

from alembic import context

from glance_related.db.migration import VERSION_TABLE
from glance_related.db.models import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    render_as_batch=connection.dialect.name == "sqlite",
    include_name=lambda name, kind, _: kind != "table" or bool(name and name.startswith("glance_related_")),
)
with context.begin_transaction():
    context.run_migrations()
