# SPDX-License-Identifier: GPL-2.0-only
"""Messages that callers have left."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """A table of its own; no record before this has told of any."""
    op.create_table(
        "voicemail",
        sa.Column("recording", sa.String(), primary_key=True),
        sa.Column("contact", sa.String(), index=True),
        sa.Column("mailbox", sa.String(), index=True),
        sa.Column("at_ns", sa.BigInteger()),
        sa.Column("kept", sa.Boolean()),
        sa.Column("heard_ns", sa.BigInteger()),
        sa.Column("deleted_ns", sa.BigInteger()),
    )
