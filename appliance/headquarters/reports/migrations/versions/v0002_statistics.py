# SPDX-License-Identifier: GPL-2.0-only
"""Statistics. Intervals are counted from the events when the writer begins (`intervals/counting.py`)."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_FIGURES = (
    "offered",
    "answered",
    "abandoned_ivr",
    "abandoned_queue",
    "abandoned_ringing",
    "short",
    "overflow",
    "redirected",
    "callback",
    "released",
    "waiting",
    "level_offered",
    "level_answered",
    "level_abandoned",
    "answer_wait_ms",
    "abandon_wait_ms",
    "talk_samples",
    "longest_answer_wait_ms",
    "longest_abandon_wait_ms",
    "longest_talk_samples",
)


def upgrade() -> None:
    """What each contact contributes, the intervals, the thresholds by which they are counted; agents' states."""
    op.create_index("ix_event_at_ns", "event", ["at_ns"])
    op.create_table(
        "fact",
        sa.Column("contact", sa.String(), primary_key=True),
        sa.Column("kind", sa.String(), primary_key=True),
        sa.Column("name", sa.String(), primary_key=True),
        sa.Column("start_ns", sa.BigInteger(), primary_key=True, autoincrement=False),
        *_figures(),
    )
    op.create_index("fact_interval", "fact", ["start_ns", "kind", "name"])
    op.create_table(
        "interval",
        sa.Column("start_ns", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("kind", sa.String(), primary_key=True),
        sa.Column("name", sa.String(), primary_key=True),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        *_figures(),
    )
    op.create_table(
        "threshold",
        sa.Column("kind", sa.String(), primary_key=True),
        sa.Column("name", sa.String(), primary_key=True),
        sa.Column("since_ns", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("service_level_s", sa.BigInteger(), nullable=False),
        sa.Column("short_call_s", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "agent_move",
        sa.Column("at_ns", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("seq", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("place", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("agent", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
    )
    op.create_index("agent_move_seq", "agent_move", ["seq"])
    op.create_index("agent_move_agent", "agent_move", ["agent", "at_ns"])
    op.create_table("counting", sa.Column("rules", sa.Integer(), primary_key=True, autoincrement=False))


def _figures() -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger(), nullable=False) for name in _FIGURES]
