# SPDX-License-Identifier: GPL-2.0-only
"""Boxes, what each says, pushes, and who did what."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """All of them."""
    op.create_table("fleet_text", sa.Column("fingerprint", sa.String(), primary_key=True), sa.Column("text", sa.Text()))
    op.create_table(
        "fleet_box",
        sa.Column("box", sa.String(), primary_key=True),
        *(sa.Column(name, sa.String()) for name in ("name", "software", "fingerprint", "author", "comment", "at")),
        sa.Column("version", sa.Integer()),
        sa.Column("heard_ns", sa.BigInteger()),
        sa.Column("pushed", sa.String()),
    )
    op.create_table(
        "fleet_push",
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("made", sa.Text()),
        sa.Column("course", sa.String()),
        sa.Column("wave", sa.Integer()),
        sa.Column("reason", sa.Text()),
        sa.Column("forgiven", sa.Integer()),
    )
    op.create_table(
        "fleet_push_box",
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("box", sa.String(), primary_key=True),
        sa.Column("wave", sa.Integer()),
        *(sa.Column(name, sa.String()) for name in ("base", "after", "stage")),
        *(sa.Column(name, sa.Text()) for name in ("sentence", "amiss")),
    )
    op.create_table(
        "fleet_push_source",
        sa.Column("number", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("name", sa.String(), primary_key=True),
        sa.Column("fingerprint", sa.String()),
    )
    op.create_table(
        "fleet_audit",
        sa.Column("id", _SERIAL, primary_key=True, autoincrement=True),
        sa.Column("at_ns", sa.BigInteger(), index=True),
        sa.Column("box", sa.String(), index=True),
        sa.Column("push", sa.Integer(), index=True),
        *(sa.Column(name, sa.String()) for name in ("by", "origin", "what", "before", "after")),
        sa.Column("sentence", sa.Text()),
    )
