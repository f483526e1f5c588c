# SPDX-License-Identifier: GPL-2.0-only
"""The record of two headquarters: call events are in a stream before a branch hears so; each box makes its own of it.

How far a box has come stands in the same transaction as the events, with the last of them: so each is stored once, and
whoever takes over knows which of them the router was not told of.
"""

import asyncio
import functools
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import structlog
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Integer,
    MetaData,
    String,
    Table,
    delete,
    func,
    insert,
    select,
)
from sqlalchemy.exc import SQLAlchemyError

from appliance.headquarters.duplex.stream import NoQuorumError, Stored, Stream
from appliance.headquarters.reports import schema
from appliance.headquarters.reports.writer import Writer, read_batch
from appliance.wire.envelope import Envelope, UnknownMessageError, decode

LOOK_S = 0.05
RETRY_S = 1.0
KEPT = 100_000

log = structlog.get_logger()
_tables = MetaData()
_projected = Table(
    "projected",
    _tables,
    Column("position", BigInteger, primary_key=True, autoincrement=False),  # in the stream
    Column("place", Integer, nullable=False),  # of the last event in the record then
    Column("stream", String, nullable=False),
)


class Calls:
    """`on_stored(events, position)` is told what is new in this box's record; `on_trouble` what ails it."""

    def __init__(
        self, stream: Stream, engine: Engine, writer: Writer, on_trouble: Callable[[str | None], None]
    ) -> None:
        self.disk = ThreadPoolExecutor(1, "record")
        self.on_stored: Callable[[list[Envelope], int], Coroutine[Any, Any, None]] | None = None
        self.stream = stream
        self.turn = asyncio.Lock()
        """Whoever has it knows that nothing is stored meanwhile."""
        self._engine = engine
        self._writer = writer
        self._on_trouble = on_trouble
        self._more = asyncio.Event()
        self._refused = False
        self._made = ""
        self._position = 0
        _tables.create_all(engine)

    async def begin(self) -> None:
        """Go on where this box has come to; in another stream from its beginning.

        Raises NoQuorumError, SQLAlchemyError.
        """
        await self.stream.make()
        self._made = (await self.stream.extent()).made
        with self._engine.begin() as store:
            store.execute(delete(_projected).where(_projected.c.stream != self._made))
            known = store.execute(select(func.max(_projected.c.position))).scalar()
            if known is None:
                _put(store, 0, self._made)  # what the record has of before was told long ago
            self._position = int(known or 0)

    async def put(self, box: str, payload: bytes) -> None:
        """A batch that can be read: returns when a majority has it. Raises NoQuorumError."""
        await self.stream.append(f"batch.{box}", payload)
        self._more.set()

    async def drain(self) -> None:
        """Until all that was acknowledged so far is in this box's record. Raises NoQuorumError, SQLAlchemyError."""
        last = (await self.stream.extent()).last
        while self._position < last and await self._project():
            pass

    def missed(self, told: int) -> list[Envelope]:
        """Events beyond that position, in order. Raises SQLAlchemyError."""
        place, event = _projected.c.place, schema.event.c
        before = select(func.max(place)).where(_projected.c.position <= told).scalar_subquery()
        oldest = select(func.min(place)).scalar_subquery()
        query = select(event.envelope).where(event.place > func.coalesce(before, oldest, 0)).order_by(event.place)
        with self._engine.connect() as store:
            return [decode(row[0].encode()) for row in store.execute(query)]

    async def run(self) -> None:
        """Make the record of what comes, for ever; cancel to end."""
        while True:
            try:
                if await self._project():
                    continue
            except NoQuorumError:
                await asyncio.sleep(RETRY_S)  # the router's stream tells of it
            except SQLAlchemyError as error:
                log.error("duplex.record.refused", error=str(error))
                self._on_trouble(f"the record cannot be written ({error}); call events wait in the message servers")
                await asyncio.sleep(RETRY_S)
                self._refused = True
            try:
                await asyncio.wait_for(self._more.wait(), LOOK_S)
            except TimeoutError:
                continue
            self._more.clear()

    async def _project(self) -> bool:
        async with self.turn:
            messages = await self.stream.read(self._position)
            if messages and messages[0].position > self._position + 1:
                gone = f"messages {self._position + 1} to {messages[0].position - 1} of the record's stream are gone"
                log.error("duplex.record.gap", error=gone)
                self._on_trouble(f"{gone}: this box was away too long; its record lacks calls that the other's has")
            for message in messages:
                await self._store(message)
            if messages and self._refused:
                self._refused = False
                self._on_trouble(None)
            return bool(messages)

    async def _store(self, message: Stored) -> None:
        try:
            batch = read_batch(message.payload, message.subject.rpartition(".")[2])
        except UnknownMessageError as error:
            log.error("duplex.batch.unknown", position=message.position, error=str(error))
            batch = []
        beside = functools.partial(_put, position=message.position, made=self._made)
        store = functools.partial(self._writer.store, batch, beside)
        new = await asyncio.get_running_loop().run_in_executor(self.disk, store)
        self._position = message.position
        if self.on_stored is not None:
            await self.on_stored(new, message.position)


def _put(store: Connection, position: int, made: str) -> None:
    place = select(func.coalesce(func.max(schema.event.c.place), 0)).scalar_subquery()
    store.execute(insert(_projected).values(position=position, place=place, stream=made))
    store.execute(delete(_projected).where(_projected.c.position < position - KEPT))
