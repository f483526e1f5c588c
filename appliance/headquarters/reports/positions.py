# SPDX-License-Identifier: GPL-2.0-only
"""How far the record has come: in itself, by the place of its last event, and in the stream of a duplex.

The position in a stream is kept in the transaction that stores what stood there: so each event is stored once, and
whoever takes over knows which of them the router was not told of.
"""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Integer,
    MetaData,
    Select,
    String,
    Table,
    delete,
    func,
    insert,
    select,
)

from appliance.headquarters.reports import schema
from appliance.wire.calls import ContactEnded, TalkBegan
from appliance.wire.envelope import Envelope, decode

KEPT = 100_000

_tables = MetaData()
_projected = Table(
    "projected",
    _tables,
    Column("position", BigInteger, primary_key=True, autoincrement=False),  # in the stream
    Column("place", Integer, nullable=False),  # of the last event in the record then
    Column("stream", String, nullable=False),
)
_LAST = select(func.coalesce(func.max(schema.event.c.place), 0))
_ENVELOPES = select(schema.event.c.envelope).order_by(schema.event.c.place)


class Position(NamedTuple):
    """In a stream, which is named by when it was made."""

    stream: str
    number: int


def begin(store: Connection, stream: str) -> int:
    """The position up to which the record has this stream; positions in another one are forgotten."""
    _tables.create_all(store)
    store.execute(delete(_projected).where(_projected.c.stream != stream))
    known = store.execute(select(func.max(_projected.c.position))).scalar()
    if known is None:
        put(store, Position(stream, 0))  # what the record has of before was told long ago
    return int(known or 0)


def put(store: Connection, at: Position) -> None:
    """The record has come so far; what is stored again was here before."""
    if store.execute(select(_projected.c.position).where(_projected.c.position == at.number)).first() is not None:
        return
    store.execute(insert(_projected).values(position=at.number, place=_LAST.scalar_subquery(), stream=at.stream))
    store.execute(delete(_projected).where(_projected.c.position < at.number - KEPT))


def last_place(store: Connection) -> int:
    """Of the last event; 0: there is none."""
    return int(store.execute(_LAST).scalar_one())


def beyond(engine: Engine, position: int) -> list[Envelope]:
    """Events beyond that position of the stream, in order. Raises SQLAlchemyError."""
    place = _projected.c.place
    before = select(func.max(place)).where(_projected.c.position <= position).scalar_subquery()
    oldest = select(func.min(place)).scalar_subquery()
    return _read(engine, _ENVELOPES.where(schema.event.c.place > func.coalesce(before, oldest, 0)))


def between(engine: Engine, after: int, until: int) -> list[Envelope]:
    """Events of these places, in order. Raises SQLAlchemyError."""
    place = schema.event.c.place
    return _read(engine, _ENVELOPES.where(place > after, place <= until)) if until > after else []


def ends_of(engine: Engine, contacts: Iterable[str]) -> list[Envelope]:
    """That they have talked, and how they ended, in order. Raises SQLAlchemyError."""
    kinds = (TalkBegan.__name__, ContactEnded.__name__)
    return _read(engine, _ENVELOPES.where(schema.event.c.contact.in_(list(contacts)), schema.event.c.type.in_(kinds)))


def _read(engine: Engine, query: Select[str]) -> list[Envelope]:
    with engine.connect() as store:
        return [decode(row[0].encode()) for row in store.execute(query)]
