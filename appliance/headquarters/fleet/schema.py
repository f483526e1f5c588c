# SPDX-License-Identifier: GPL-2.0-only
"""Tables of the fleet. How they came to be so is in `migrations/`. Times are UTC nanoseconds of headquarters.

A text is kept once, by its fingerprint; what was changed by anything is the difference of two of them.
"""

from sqlalchemy import BigInteger, Column, Integer, MetaData, String, Table, Text

VERSION_TABLE = "fleet_version"
metadata = MetaData()
SERIAL = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts up an INTEGER only

text = Table("fleet_text", metadata, Column("fingerprint", String, primary_key=True), Column("text", Text))

box = Table(
    "fleet_box",
    metadata,
    Column("box", String, primary_key=True),
    Column("name", String),
    Column("software", String),
    Column("version", Integer),
    Column("fingerprint", String),
    Column("author", String),
    Column("comment", String),
    Column("at", String),
    Column("heard_ns", BigInteger),
    Column("pushed", String),
)

push = Table(
    "fleet_push",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("made", Text),
    Column("course", String),
    Column("wave", Integer),
    Column("reason", Text),
    Column("forgiven", Integer),
)

entry = Table(
    "fleet_push_box",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("box", String, primary_key=True),
    Column("wave", Integer),
    Column("base", String),
    Column("after", String),
    Column("stage", String),
    Column("sentence", Text),
    Column("amiss", Text),
)

source = Table(
    "fleet_push_source",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("name", String, primary_key=True),
    Column("fingerprint", String),
)

audit = Table(
    "fleet_audit",
    metadata,
    Column("id", SERIAL, primary_key=True, autoincrement=True),
    Column("at_ns", BigInteger, index=True),
    Column("by", String),
    Column("origin", String),
    Column("what", String),
    Column("box", String, index=True),
    Column("push", Integer, index=True),
    Column("sentence", Text),
    Column("before", String),
    Column("after", String),
)
