# SPDX-License-Identifier: GPL-2.0-only
"""The standby's router: reads the stream of the active's journal, decides the same, and so holds the same state.

The local journal is written as well, behind the stream and never before it. Where it does not join the stream (a disk
that was away too long, another stream) the last whole state in the stream is taken instead. What a full disk refuses
waits in memory, of more than UNWRITTEN entries the state alone.
"""

import asyncio
import sqlite3
import time
from pathlib import Path

import structlog

from appliance.headquarters.duplex.batch import Batch, Mark
from appliance.headquarters.duplex.quorum import STATE
from appliance.headquarters.duplex.stream import CHUNK, Extent, Stored, Stream
from appliance.router.apply import ENGINE
from appliance.router.journal import Entry, Journal, Snapshot, decide, digest, encoded
from appliance.router.state import EMPTY, State

UNWRITTEN = 200_000
RETRY_S = 1.0

log = structlog.get_logger()


class Follower:
    """`ahead_ns`: what the active's clock is ahead of our steady one by, None where that is not known.

    `heard_ns`: the active's time when it wrote what was read last. `differs`: the first entry that was decided
    otherwise here, 0 where none was. `unwritten` are entries up to `seq` that the disk has `refused`, with a `gap` even
    older ones.
    """

    def __init__(self, journal: Journal, recalled: tuple[State, int], stream: Stream, extent: Extent) -> None:
        self.journal = journal
        self.state, self.at_ns = recalled
        self.mark = Mark.decoded(journal.mark())
        self.ahead_ns: int | None = None
        self.heard_ns = 0
        self.differs = 0
        self.seq = journal.seq
        self.unwritten: list[Entry] = []
        self.gap = False
        self.refused = ""
        self._retry_s = 0.0
        self._stream = stream
        self._current = False  # what is read was written just now
        self._joined = self.mark.stream == extent.made and self.mark.position <= extent.last
        if not self._joined:
            self.mark = Mark(stream=extent.made)

    @classmethod
    async def opened(cls, path: Path, stream: Stream) -> "Follower":
        """With what the last life of this box has kept. Raises NoQuorumError, sqlite3.Error."""
        extent = await stream.extent()
        journal, recalled = await asyncio.to_thread(Journal.opened, path)
        return cls(journal, recalled, stream, extent)

    async def follow(self) -> bool:
        """Decide what has come; False where nothing had. Raises NoQuorumError."""
        current, self._current = self._current, False
        messages = await self._stream.read(self.mark.position)
        for message in messages:
            batch = _batch(message)
            if batch is None or not self._joins(batch):
                await self._join(message)
                break
            self._take(batch)
            self.mark = Mark(self.mark.stream, message.position, batch.epoch, batch.told)
            self.heard_ns = batch.at_ns
            if current:
                self.ahead_ns = batch.at_ns - time.monotonic_ns()
        else:
            self._current = len(messages) < CHUNK
        await self._keep()
        return bool(messages)

    def close(self) -> None:
        """Close the journal."""
        self.journal.close()

    def _joins(self, batch: Batch) -> bool:
        return self._joined and all(entry.seq <= self.seq + 1 for entry in batch.entries[:1])

    def _take(self, batch: Batch) -> None:
        """Entries that were not known, decided."""
        for entry in batch.entries:
            if entry.seq > self.seq:
                self._decide(entry)
                self.unwritten.append(entry)
                self.seq = entry.seq
        if len(self.unwritten) > UNWRITTEN:
            self.gap = True
            self.unwritten.clear()

    async def _keep(self) -> None:
        """In the local journal, once the disk takes it."""
        if not (self.unwritten or self.gap) or time.monotonic() < self._retry_s:
            return
        try:
            await asyncio.to_thread(self._write)
        except sqlite3.OperationalError as error:  # a damaged file is put aside by the next life
            if not self.refused:
                log.error("duplex.journal.refused", error=str(error))
            self.refused, self._retry_s = str(error), time.monotonic() + RETRY_S
            return
        if self.refused:
            log.info("duplex.journal.written")
        self.refused, self.gap = "", False
        self.unwritten.clear()

    def _write(self) -> None:
        if self.gap:
            snapshot = Snapshot(self.seq, ENGINE, self.at_ns, encoded(self.state))
            self.journal.restart(snapshot, self.mark.encoded())
        else:
            self.journal.follow(self.unwritten, self.mark.encoded())

    def _decide(self, entry: Entry) -> None:
        self.state, effects = decide(self.state, entry)
        self.at_ns = entry.at_ns
        if entry.engine == ENGINE and digest(effects) != entry.decided and not self.differs:
            self.differs = entry.seq
            log.error("duplex.decision.differs", seq=entry.seq)

    async def _join(self, message: Stored) -> None:
        """From the last whole state on, in this message or a later one; without one from nothing, until one comes."""
        found = await self._stream.last(STATE)
        batch = _batch(found) if found and found.position >= message.position else None
        if found and batch and batch.snapshot:
            self._joined = True
            self._restart(batch.snapshot, batch, found.position)
            log.info("duplex.state.taken", seq=batch.snapshot.seq, position=found.position)
            return
        self._joined = False
        batch = _batch(message) or Batch("", self.mark.epoch, self.at_ns, self.mark.told)
        seq = batch.entries[-1].seq if batch.entries else self.seq
        self._restart(Snapshot(seq, ENGINE, batch.at_ns, encoded(EMPTY)), batch, message.position)
        log.error("duplex.state.missing", seq=seq, position=message.position)

    def _restart(self, snapshot: Snapshot, batch: Batch, position: int) -> None:
        self.state, self.at_ns, self.differs = snapshot.decoded(), snapshot.at_ns, 0
        self.mark = Mark(self.mark.stream, position, batch.epoch, batch.told)
        self.seq, self.gap = snapshot.seq, True
        self.unwritten.clear()


def _batch(message: Stored) -> Batch | None:
    """None where it is not one that this version can read."""
    try:
        return Batch.decoded(message.payload)
    except ValueError as error:
        log.error("duplex.batch.unknown", position=message.position, error=str(error))
        return None
