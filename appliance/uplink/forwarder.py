# SPDX-License-Identifier: GPL-2.0-only
"""Sends the outbox to headquarters: oldest first, in batches, deleted only after headquarters has committed.

A batch without an answer is sent again; headquarters knows each event by its key, so nothing is stored twice. A batch
that is refused is taken apart; an event that is refused alone is set aside with an alarm and holds up no other.
"""

import asyncio
import functools
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import msgspec
import structlog

from appliance.uplink.link import Link, LinkDownError, LinkSilentError
from appliance.uplink.uploads import UploadList
from appliance.wire.calls import RecordingSealed
from appliance.wire.envelope import UnknownMessageError, decode
from appliance.wire.outbox import OutboxReader

POLL_S = 0.025
RETRY_S = 0.25
ANSWER_S = 2.0
BATCH = 100
BATCH_OCTETS = 786_432  # headquarters takes 1 MiB a message

Event = tuple[int, bytes]
T = TypeVar("T")

log = structlog.get_logger()


class Stored(msgspec.Struct, frozen=True):
    """Headquarters' answer: the events of the batch it has, or why it has none."""

    stored: int | None = None
    error: str | None = None


class BatchRefusedError(Exception):
    """Headquarters cannot read the batch and will not."""


class Forwarder:
    """The store is touched from one thread of its own, never from the event loop."""

    def __init__(
        self, reader: OutboxReader, uploads: UploadList, link: Link, on_trouble: Callable[[str | None], None]
    ) -> None:
        self._reader = reader
        self._uploads = uploads
        self._link = link
        self._on_trouble = on_trouble
        self.passing: Callable[[], None] = lambda: None
        """Before events that headquarters has are struck off."""
        self._aside: set[int] = set()
        self._thread = ThreadPoolExecutor(1, "outbox-reader")

    async def run(self) -> None:
        """Forward for ever; cancel to end."""
        seen = -1
        while True:
            try:
                version = await self._in_thread(self._reader.version)
                if version != seen and await self._forward_all():
                    seen = version
                await asyncio.sleep(POLL_S if self._link.up else RETRY_S)
            except (LinkDownError, LinkSilentError) as error:
                log.info("outbox.batch.delayed", why=str(error))
                await asyncio.sleep(RETRY_S)
            except sqlite3.Error as error:
                log.error("outbox.reading.failed", error=str(error))
                self._on_trouble(f"sent call events cannot be struck off ({error}); make room on the data disk")
                await asyncio.sleep(RETRY_S)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def _forward_all(self) -> bool:
        """Until the outbox is empty; False where the link is down."""
        after = 0
        while self._link.up:
            batch = await self._in_thread(functools.partial(self._next, after))
            if not batch:
                return True
            await self._forward(batch)
            after = batch[-1][0]
        return False

    def _next(self, after: int) -> list[Event]:
        batch: list[Event] = []
        octets = 0
        for place, envelope in self._reader.pending(after, BATCH):
            octets += len(envelope) + 1
            if batch and octets > BATCH_OCTETS:
                break
            batch.append((place, envelope))
        return batch

    async def _forward(self, batch: list[Event]) -> None:
        batch = [event for event in batch if event[0] not in self._aside]
        if not batch:
            return
        try:
            await self._send(batch)
        except BatchRefusedError as error:
            await self._apart(batch, str(error))
            return
        self.passing()
        await self._in_thread(functools.partial(self._strike_off, batch))
        self._on_trouble(None)

    async def _send(self, batch: list[Event]) -> None:
        payload = b"[" + b",".join(envelope for _, envelope in batch) + b"]"
        answer = await self._link.ask(f"call.{self._link.identity.box}.record", payload, ANSWER_S)
        try:
            told = msgspec.json.decode(answer, type=Stored)
        except msgspec.DecodeError as error:
            raise LinkSilentError(f"headquarters' answer was not understood: {error}") from error
        if told.error is not None:
            raise BatchRefusedError(told.error)
        if told.stored != len(batch):
            raise LinkSilentError(f"headquarters answered for {told.stored} of {len(batch)} events")

    async def _apart(self, batch: list[Event], why: str) -> None:
        if len(batch) == 1:
            self._aside.add(batch[0][0])
            log.error("outbox.event.refused", place=batch[0][0], why=why)
            self._on_trouble(f"headquarters refused a call event ({why}); it is kept in the outbox")
            return
        middle = len(batch) // 2
        await self._forward(batch[:middle])
        await self._forward(batch[middle:])

    def _strike_off(self, batch: list[Event]) -> None:
        """Recordings are noted for upload before the event that tells of them is gone."""
        for _, envelope in batch:
            if b'"RecordingSealed"' in envelope:
                self._note(envelope)
        self._reader.delete([place for place, _ in batch])

    def _note(self, envelope: bytes) -> None:
        try:
            body = decode(envelope).body
        except UnknownMessageError as error:
            log.error("outbox.event.unknown", error=str(error))
            return
        if isinstance(body, RecordingSealed):
            self._uploads.add(body)
