# SPDX-License-Identifier: GPL-2.0-only
"""The record's process, as headquarters reaches it: requests one after another, many in a transaction under load.

It has an interpreter of its own, so that no route answer waits while it writes and counts.
"""

import asyncio
import math
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import structlog
from sqlalchemy.exc import SQLAlchemyError

from appliance.headquarters.reports.inbox import Inbox
from appliance.headquarters.reports.lots import Lots
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

    def __init__(self, path: Path, writer: Writer, inbox: Inbox | None = None) -> None:
        self._path = path
        self._writer = writer
        self._lots = Lots(writer, inbox, self.done)
        self._opened = asyncio.Event()
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
        works = [asyncio.create_task(work) for work in (self._count(), self._settle_on())]
        try:
            await self._server.serve_forever()
        finally:
            for work in works:
                work.cancel()

    async def _settle_on(self) -> None:
        """Write what is open when it is time, for ever."""
        while True:
            wait_s = self._lots.wait_s
            if wait_s is None:
                self._opened.clear()
                await self._opened.wait()
            elif wait_s > 0:
                await asyncio.sleep(wait_s)
            elif not await self._settled():
                await asyncio.sleep(RETRY_S)

    async def _settled(self) -> bool:
        """Whether all that was answered is committed; else it is in the inbox. As it closes `close` sees to it."""
        if self._server is None or not self._server.is_serving():
            return False
        try:
            await asyncio.get_running_loop().run_in_executor(self._disk, self._lots.settle)
        except SQLAlchemyError as error:
            log.error("record.lot.refused", error=str(error))
            return False
        return True

    async def _count(self) -> None:
        loop = asyncio.get_running_loop()
        told_s, more = -math.inf, True
        while more:
            try:
                more = await loop.run_in_executor(self._disk, self._count_on)
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

    def _count_on(self) -> bool:
        """In a transaction of its own, which may fail."""
        self._lots.settle()
        return self._writer.count_on()

    async def close(self) -> None:
        """Finish what is being written."""
        if self._server is not None:
            self._server.close()
        await asyncio.get_running_loop().run_in_executor(self._disk, self._lots.close)
        await asyncio.to_thread(self._disk.shutdown)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        await self._settled()  # it reads what the last one was not told of
        try:
            while True:
                length = int.from_bytes(await reader.readexactly(LENGTH))
                octets = await reader.readexactly(length)
                answer = await loop.run_in_executor(self._disk, self._answer, octets)
                self._opened.set()
                writer.write(framed(answer))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            log.info("record.client.gone")
        finally:
            writer.close()
            await self._settled()  # for the next one, which begins by reading

    def _answer(self, octets: bytes) -> Answer:
        try:
            return self._lots.answer(octets)
        except SQLAlchemyError as error:
            log.error("record.request.refused", error=str(error))
            return Failed(str(error))
        except Exception as error:  # ours; the next request is not to be lost for it
            log.exception("record.request.failed")
            return Failed(f"{type(error).__name__}: {error}")

    def done(self, request: Request) -> Answer:
        """What the writer says to it. Raises what it raises."""
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
