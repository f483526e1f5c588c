# SPDX-License-Identifier: GPL-2.0-only
"""The record's process, as headquarters reaches it: requests one after another, each a transaction.

It has an interpreter of its own, so that no route answer waits while it writes and counts.
"""

import asyncio
import math
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import structlog
from sqlalchemy.exc import SQLAlchemyError

from appliance.headquarters.reports.requests import (
    LENGTH,
    Answer,
    Done,
    Failed,
    Follow,
    Followed,
    Here,
    Hold,
    Marked,
    MarkMessage,
    Moved,
    Request,
    Store,
    Stored,
    Texts,
    framed,
)
from appliance.headquarters.reports.writer import Writer
from appliance.wire.envelope import decode

PAUSE_S = 0.01
"""Between two lots that are counted anew: requests are not to wait for all of them."""
TELL_S = 10.0
RETRY_S = 1.0

log = structlog.get_logger()


class Service:
    """Listens at `path`, mode 0600; a socket file that a dead predecessor left is replaced."""

    def __init__(self, path: Path, writer: Writer) -> None:
        self._path = path
        self._writer = writer
        self._disk = ThreadPoolExecutor(1, "record")
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Bind."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.unlink(missing_ok=True)
        mask = os.umask(0o177)
        try:
            self._server = await asyncio.start_unix_server(self._serve, self._path)
        finally:
            os.umask(mask)

    async def run(self) -> None:
        """Serve, for ever; cancel to end. What other rules have counted is counted anew between requests."""
        if self._server is None:
            return
        counting = asyncio.create_task(self._count())
        try:
            await self._server.serve_forever()
        finally:
            counting.cancel()

    async def _count(self) -> None:
        loop = asyncio.get_running_loop()
        told_s, more = -math.inf, True
        while more:
            try:
                more = await loop.run_in_executor(self._disk, self._writer.count_on)
                if more and time.monotonic() - told_s > TELL_S:
                    done = await loop.run_in_executor(self._disk, self._writer.counted)
                    log.info("record.statistics.recounted", share=f"{float(done or 0):.2f}")
                    told_s = time.monotonic()
            except SQLAlchemyError as error:
                log.error("record.statistics.delayed", error=str(error))
                await asyncio.sleep(RETRY_S)
            await asyncio.sleep(PAUSE_S)
        if told_s > 0:
            log.info("record.statistics.recounted", share="1.00")

    async def close(self) -> None:
        """Finish what is being written."""
        if self._server is not None:
            self._server.close()
        await asyncio.to_thread(self._disk.shutdown)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        try:
            while True:
                length = int.from_bytes(await reader.readexactly(LENGTH))
                octets = await reader.readexactly(length)
                answer = await loop.run_in_executor(self._disk, self._answer, octets)
                writer.write(framed(answer))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            log.info("record.client.gone")
        finally:
            writer.close()

    def _answer(self, octets: bytes) -> Answer:
        try:
            return self._done(msgspec.msgpack.decode(octets, type=Request))
        except SQLAlchemyError as error:
            log.error("record.request.refused", error=str(error))
            return Failed(str(error))
        except Exception as error:  # ours; the next request is not to be lost for it
            log.exception("record.request.failed")
            return Failed(f"{type(error).__name__}: {error}")

    def _done(self, request: Request) -> Answer:
        match request:
            case Store():
                return self._stored(request)
            case Follow():
                return Followed(self._writer.follow(request.stream))
            case Hold():
                self._writer.hold({(kind, name): threshold for kind, name, threshold in request.thresholds})
            case Here():
                self._writer.recording_here(request.recording, request.contact)
            case Moved():
                self._writer.agents_moved(request.entries)
            case MarkMessage():
                return Marked(self._writer.mark(request.recording, request.mark, request.at_ns))
            case Texts():
                self._writer.texts(request.written)
        return Done()

    def _stored(self, request: Store) -> Stored:
        batch = [decode(envelope) for envelope in request.envelopes]
        before = self._writer.last_place()
        new = {id(envelope) for envelope in self._writer.store(batch, request.at)}
        numbers = [number for number, envelope in enumerate(batch) if id(envelope) in new]
        return Stored(numbers, before, self._writer.last_place())
