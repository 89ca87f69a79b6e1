"""${message}"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from glance_related.db.alembic.steps import create_index, create_table, insert

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    ${upgrades if upgrades else "raise NotImplementedError"}
