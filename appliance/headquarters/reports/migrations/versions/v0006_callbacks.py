# SPDX-License-Identifier: GPL-2.0-only
"""A decision tells that its caller is called back; a contact tries that, and is found by the caller's."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Three columns and an index; all is counted anew at the next start."""
    op.add_column("contact", sa.Column("callback", sa.String()))
    op.add_column("contact", sa.Column("origin", sa.String()))
    op.create_index("ix_contact_origin", "contact", ["origin"])
    op.add_column("decision", sa.Column("callback", sa.String()))
