# SPDX-License-Identifier: GPL-2.0-only
"""Tables of the record. `event` is the truth, its key unique for ever; the others could be made again from it.

How they came to be so, from one version of the record to the next, is in `migrations/`.

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

from appliance.headquarters.reports.intervals.figures import FIELDS

metadata = MetaData()
PLACE = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts up an INTEGER only

event = Table(
    "event",
    metadata,
    Column("place", PLACE, primary_key=True, autoincrement=True),
    Column("box", String, nullable=False),
    Column("process", String, nullable=False),
    Column("incarnation", String, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("contact", String, nullable=False, index=True),
    Column("type", String, nullable=False),
    Column("at_ns", BigInteger, nullable=False, index=True),
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
    Column("callback", String),
    Column("origin", String, index=True),
)
Index("contact_open", contact.c.ended_ns, contact.c.began_ns)
Index("contact_clid", contact.c.clid, contact.c.began_ns)
Index("contact_ani", contact.c.ani, contact.c.began_ns)

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
    Column("place", PLACE, primary_key=True, autoincrement=False),
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
    Column("queues", Text),
    Column("callback", String),
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

# Messages of callers; not `kept`: none, after all. None: its end was never told.
voicemail = Table(
    "voicemail",
    metadata,
    Column("recording", String, primary_key=True),
    Column("contact", String, index=True),
    Column("mailbox", String, index=True),
    Column("at_ns", BigInteger),
    Column("kept", Boolean),
    Column("heard_ns", BigInteger),
    Column("deleted_ns", BigInteger),
)


def _figures() -> list[Column[int]]:
    return [Column(name, BigInteger, nullable=False) for name in FIELDS]


# What one contact contributes to an interval, so that it can be taken away again when more is heard of it.
fact = Table(
    "fact",
    metadata,
    Column("contact", String, primary_key=True),
    Column("kind", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("start_ns", BigInteger, primary_key=True),
    *_figures(),
)
Index("fact_interval", fact.c.start_ns, fact.c.kind, fact.c.name)

# `revision` counts the commits that changed the row.
interval = Table(
    "interval",
    metadata,
    Column("start_ns", BigInteger, primary_key=True),
    Column("kind", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("revision", BigInteger, nullable=False),
    *_figures(),
)

threshold = Table(
    "threshold",
    metadata,
    Column("kind", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("since_ns", BigInteger, primary_key=True),
    Column("service_level_s", BigInteger, nullable=False),
    Column("short_call_s", BigInteger, nullable=False),
)

# `seq` is the router's journal's, `place` the change's among those of one entry; `contact`: whose wrap-up begins.
# What a branch has told of its agents has the event's place as a negative `seq`, and the state '' from when
# headquarters knows again.
agent_move = Table(
    "agent_move",
    metadata,
    Column("at_ns", BigInteger, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("place", Integer, primary_key=True),
    Column("agent", String, nullable=False),
    Column("state", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("contact", String, index=True),
)
Index("agent_move_seq", agent_move.c.seq)
Index("agent_move_agent", agent_move.c.agent, agent_move.c.at_ns)

# What the administrator has written, by a hash of it, and what was in force when ('': nothing of that name).
text = Table(
    "text",
    metadata,
    Column("name", String, primary_key=True),
    Column("version", String, primary_key=True),
    Column("text", Text, nullable=False),
)

text_use = Table(
    "text_use",
    metadata,
    Column("since_ns", BigInteger, primary_key=True),
    Column("name", String, primary_key=True),
    Column("version", String, nullable=False),
)

# By which rules `fact` and `interval` are counted; no row: not at all yet. Where that is under way intervals are
# compared with their facts after `checked_ns`, then contacts counted anew after `upto`; NULL: all of them are.
counting = Table(
    "counting",
    metadata,
    Column("rules", Integer, primary_key=True, autoincrement=False),
    Column("checked_ns", BigInteger),
    Column("upto", String),
)
