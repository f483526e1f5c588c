# SPDX-License-Identifier: GPL-2.0-only
"""What an agent does for a contact beside the talk: hold, and wrap-up, which a change of state says of which contact.

How far the record is counted by today's rules is kept too, so that counting it anew keeps nobody waiting.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Two figures more, which are counted anew; wrap-up from now on, as older changes of state tell no contact."""
    for table in ("fact", "interval"):
        for figure in ("hold_ms", "wrap_up_ms"):
            op.add_column(table, sa.Column(figure, sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("agent_move", sa.Column("contact", sa.String()))
    op.create_index("ix_agent_move_contact", "agent_move", ["contact"])
    op.add_column("counting", sa.Column("checked_ns", sa.BigInteger()))
    op.add_column("counting", sa.Column("upto", sa.String()))
