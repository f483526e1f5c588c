# SPDX-License-Identifier: GPL-2.0-only
"""The record of two headquarters: call events are in a stream before a branch hears so; each box makes its own of it.

How far a box has come stands in the same transaction as the events, with the last of them: so each is stored once, and
whoever takes over knows which of them the router was not told of.
"""

import asyncio
import functools
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import structlog
from sqlalchemy.exc import SQLAlchemyError

from appliance.headquarters.duplex.stream import NoQuorumError, Stored, Stream
from appliance.headquarters.reports.positions import Position
from appliance.headquarters.reports.writer import Keeper, read_batch
from appliance.wire.envelope import Envelope, UnknownMessageError

LOOK_S = 0.05
RETRY_S = 1.0

T = TypeVar("T")
log = structlog.get_logger()


class Calls:
    """`on_stored(events, position)` is told what is new in this box's record; `on_trouble` what ails it."""

    def __init__(self, stream: Stream, writer: Keeper, on_trouble: Callable[[str | None], None]) -> None:
        self.disk = ThreadPoolExecutor(1, "record")
        self.on_stored: Callable[[list[Envelope], int], Coroutine[Any, Any, None]] | None = None
        self.stream = stream
        self.turn = asyncio.Lock()
        """Whoever has it knows that nothing is stored meanwhile."""
        self._writer = writer
        self._on_trouble = on_trouble
        self._more = asyncio.Event()
        self._refused = False
        self._made = ""
        self._position = 0

    async def begin(self) -> None:
        """Go on where this box has come to; in another stream from its beginning.

        Raises NoQuorumError, SQLAlchemyError.
        """
        await self.stream.make()
        self._made = (await self.stream.extent()).made
        self._position = await self.write(functools.partial(self._writer.follow, self._made))

    async def write(self, work: Callable[[], T]) -> T:
        """In the record's thread."""
        return await asyncio.get_running_loop().run_in_executor(self.disk, work)

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
        return self._writer.missed(told)

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
        at = Position(self._made, message.position)
        new = await self.write(functools.partial(self._writer.store, batch, at))
        self._position = message.position
        if self.on_stored is not None:
            await self.on_stored(new, message.position)
