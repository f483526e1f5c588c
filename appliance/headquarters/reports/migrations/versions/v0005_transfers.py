# SPDX-License-Identifier: GPL-2.0-only
"""What was answered and then handed on is counted."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """A figure more; all is counted anew at the next start."""
    for table in ("fact", "interval"):
        op.add_column(table, sa.Column("transferred", sa.BigInteger(), nullable=False, server_default="0"))
