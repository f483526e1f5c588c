# SPDX-License-Identifier: GPL-2.0-only
"""Tables of the record. `event` is the truth, its key unique for ever; the others could be made again from it.

Times are UTC nanoseconds of the origin, samples the engine's clock (8,000 a second). A row may be there before its
beginning was heard (events of two processes arrive in any order), so all but the keys may be NULL.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()

event = Table(
    "event",
    metadata,
    Column("place", Integer, primary_key=True, autoincrement=True),
    Column("box", String, nullable=False),
    Column("process", String, nullable=False),
    Column("incarnation", String, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("contact", String, nullable=False, index=True),
    Column("type", String, nullable=False),
    Column("at_ns", BigInteger, nullable=False),
    Column("mono_ns", BigInteger, nullable=False),
    Column("stored_ns", BigInteger, nullable=False),
    Column("envelope", Text, nullable=False),
    UniqueConstraint("box", "process", "incarnation", "seq", name="event_once"),
)

contact = Table(
    "contact",
    metadata,
    Column("contact", String, primary_key=True),
    Column("box", String, nullable=False),
    Column("began_ns", BigInteger, index=True),
    Column("ended_ns", BigInteger),
    Column("channel", String),
    Column("dnis", String),
    Column("clid", String),
    Column("ani", String),
    Column("ced", String),
    Column("stage", String),
    Column("stage_ns", BigInteger),
    Column("call_type", String),
    Column("agent", String),
    Column("queued_ns", BigInteger),
    Column("talk_ns", BigInteger),
    Column("talk_samples", BigInteger),
    Column("cause", Integer),
    Column("by", String),
)
Index("contact_open", contact.c.ended_ns, contact.c.began_ns)

leg = Table(
    "leg",
    metadata,
    Column("leg", String, primary_key=True),
    Column("contact", String, nullable=False, index=True),
    Column("direction", String),
    Column("channel", String),
    Column("to", String),
    Column("agent", String),
    Column("began_ns", BigInteger),
    Column("connected_ns", BigInteger),
    Column("connected_sample", BigInteger),
    Column("ended_ns", BigInteger, index=True),
    Column("ended_sample", BigInteger),
    Column("cause", Integer),
    Column("by", String),
)

decision = Table(
    "decision",
    metadata,
    Column("place", Integer, primary_key=True),
    Column("contact", String, nullable=False, index=True),
    Column("at_ns", BigInteger, nullable=False),
    Column("by", String, nullable=False),
    Column("latency_ms", Float, nullable=False),
    Column("outcome", String, nullable=False),
    Column("action", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("call_type", String, nullable=False),
    Column("script", String, nullable=False),
    Column("version", String, nullable=False),
    Column("path", Text, nullable=False),
    Column("compared", Text, nullable=False),
)

recording = Table(
    "recording",
    metadata,
    Column("recording", String, primary_key=True),
    Column("contact", String, index=True),
    Column("samples", BigInteger),
    Column("octets", BigInteger),
    Column("sha256", String),
    Column("lost_samples", BigInteger),
    Column("failure", Text),
    Column("here", Boolean),
)
