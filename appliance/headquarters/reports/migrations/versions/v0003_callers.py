# SPDX-License-Identifier: GPL-2.0-only
"""A caller's calls are found by an index; a decision tells in which queues its contact waits then."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Two indexes and a column."""
    op.create_index("contact_clid", "contact", ["clid", "began_ns"])
    op.create_index("contact_ani", "contact", ["ani", "began_ns"])
    op.add_column("decision", sa.Column("queues", sa.Text()))
