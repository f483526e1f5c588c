# SPDX-License-Identifier: GPL-2.0-only
"""The record as it was before its versions were numbered; what such a one has already is left as it is."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_PLACE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Events, contacts, legs, decisions, recordings."""
    op.create_table(
        "event",
        sa.Column("place", _PLACE, primary_key=True, autoincrement=True),
        sa.Column("box", sa.String(), nullable=False),
        sa.Column("process", sa.String(), nullable=False),
        sa.Column("incarnation", sa.String(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("contact", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("at_ns", sa.BigInteger(), nullable=False),
        sa.Column("mono_ns", sa.BigInteger(), nullable=False),
        sa.Column("stored_ns", sa.BigInteger(), nullable=False),
        sa.Column("envelope", sa.Text(), nullable=False),
        sa.UniqueConstraint("box", "process", "incarnation", "seq", name="event_once"),
        if_not_exists=True,
    )
    op.create_table(
        "contact",
        sa.Column("contact", sa.String(), primary_key=True),
        sa.Column("box", sa.String(), nullable=False),
        sa.Column("began_ns", sa.BigInteger()),
        sa.Column("ended_ns", sa.BigInteger()),
        sa.Column("channel", sa.String()),
        sa.Column("dnis", sa.String()),
        sa.Column("clid", sa.String()),
        sa.Column("ani", sa.String()),
        sa.Column("ced", sa.String()),
        sa.Column("stage", sa.String()),
        sa.Column("stage_ns", sa.BigInteger()),
        sa.Column("call_type", sa.String()),
        sa.Column("agent", sa.String()),
        sa.Column("queued_ns", sa.BigInteger()),
        sa.Column("talk_ns", sa.BigInteger()),
        sa.Column("talk_samples", sa.BigInteger()),
        sa.Column("cause", sa.Integer()),
        sa.Column("by", sa.String()),
        if_not_exists=True,
    )
    op.create_table(
        "leg",
        sa.Column("leg", sa.String(), primary_key=True),
        sa.Column("contact", sa.String(), nullable=False),
        sa.Column("direction", sa.String()),
        sa.Column("channel", sa.String()),
        sa.Column("to", sa.String()),
        sa.Column("agent", sa.String()),
        sa.Column("began_ns", sa.BigInteger()),
        sa.Column("connected_ns", sa.BigInteger()),
        sa.Column("connected_sample", sa.BigInteger()),
        sa.Column("ended_ns", sa.BigInteger()),
        sa.Column("ended_sample", sa.BigInteger()),
        sa.Column("cause", sa.Integer()),
        sa.Column("by", sa.String()),
        if_not_exists=True,
    )
    op.create_table(
        "decision",
        sa.Column("place", _PLACE, primary_key=True, autoincrement=False),
        sa.Column("contact", sa.String(), nullable=False),
        sa.Column("at_ns", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("latency_ms", sa.Float(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("call_type", sa.String(), nullable=False),
        sa.Column("script", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("compared", sa.Text(), nullable=False),
        if_not_exists=True,
    )
    op.create_table(
        "recording",
        sa.Column("recording", sa.String(), primary_key=True),
        sa.Column("contact", sa.String()),
        sa.Column("samples", sa.BigInteger()),
        sa.Column("octets", sa.BigInteger()),
        sa.Column("sha256", sa.String()),
        sa.Column("lost_samples", sa.BigInteger()),
        sa.Column("failure", sa.Text()),
        sa.Column("here", sa.Boolean()),
        if_not_exists=True,
    )
    for table, columns in _INDEXES:
        op.create_index(f"ix_{table}_{columns[0]}", table, columns, if_not_exists=True)
    op.create_index("contact_open", "contact", ["ended_ns", "began_ns"], if_not_exists=True)


_INDEXES = (
    ("event", ["contact"]),
    ("contact", ["began_ns"]),
    ("leg", ["contact"]),
    ("leg", ["ended_ns"]),
    ("decision", ["contact"]),
    ("recording", ["contact"]),
)
