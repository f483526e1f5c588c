# SPDX-License-Identifier: GPL-2.0-only
"""The router's journal as it grows: written in a thread, all that has come meanwhile in one commit.

A disk that refuses is an alarm, and routing goes on: what is not written stays in memory (beyond UNWRITTEN only the
state) and is written first when it can be. With a quorum nothing leaves that it has not acknowledged.
"""

import asyncio
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import structlog

from appliance.headquarters.desk.copies import Copies
from appliance.headquarters.duplex.quorum import Succession
from appliance.router.apply import ENGINE
from appliance.router.events import Effect, Event
from appliance.router.journal import Journal, Snapshot, encoded
from appliance.router.state import State

RETRY_S = 1.0
SNAPSHOT_ENTRIES = 5_000
UNWRITTEN = 200_000
"""Entries that wait in memory for a disk that refuses; of more only the state is written, once it can be."""
MEND = "make room on headquarters' data disk; calls are routed, but a restart would not know of them"

log = structlog.get_logger()


class Commits:
    """`on_trouble` is told what ails the journal, None when it is over."""

    def __init__(self, journal: Journal, succession: Succession, on_trouble: Callable[[str | None], None]) -> None:
        self.quorum = succession.quorum
        self.told = self.quorum.mark.told if self.quorum else 0
        """How far the router was told of the record's stream."""
        self._journal = journal
        self._disk = ThreadPoolExecutor(1, "journal")
        self._copies = Copies(journal)
        self._on_trouble = on_trouble
        self._unwritten = list(succession.unwritten)
        self._snapshot_at = journal.seq + (0 if self.quorum else SNAPSHOT_ENTRIES)
        self._retry_s: float | None = None  # the disk has refused
        self.took_s = 0.0
        """What the disk took for the last commit."""
        self._gap = succession.gap  # for so long that entries were let go

    @property
    def refused(self) -> bool:
        """Whether the disk refuses what is to be written."""
        return self._retry_s is not None

    @property
    def over(self) -> bool:
        """Whether somebody else is the router now."""
        return self.quorum is not None and self.quorum.over

    def add(self, event: Event, effects: tuple[Effect, ...]) -> int:
        """The next entry, for the next commit; its number."""
        entry = self._journal.entry(event, effects)
        self._unwritten.append(entry)
        return entry.seq

    async def write(self, state: State) -> None:
        """All there is, in one commit; `state` is the one after it. Raises DeposedError."""
        count, snapshot = len(self._unwritten), self._snapshot(state)
        if self.quorum is not None:
            await self.quorum.put(self._unwritten[:count], self.told, snapshot)
        if count and (self._retry_s is None or self._retry_s <= time.monotonic()):
            await self._commit(count, snapshot)

    async def close(self, state: State) -> None:
        """Write what is left, unless somebody else is the router now."""
        self._retry_s = 0.0 if self._retry_s is not None else None
        if not self.over:
            await self.write(state)
        self._disk.shutdown()
        self._copies.close()
        self._journal.close()

    def _snapshot(self, state: State) -> Snapshot | None:
        """Of the state now, where one is due."""
        if not self._unwritten or not (self._gap or self._unwritten[-1].seq >= self._snapshot_at):
            return None
        last = self._unwritten[-1]
        self._snapshot_at = last.seq + SNAPSHOT_ENTRIES
        return Snapshot(last.seq, ENGINE, last.at_ns, encoded(state))

    async def _commit(self, count: int, snapshot: Snapshot | None) -> None:
        entries = tuple(self._unwritten[:count])
        mark, gap = self.quorum.mark.encoded() if self.quorum else b"", self._gap

        def write() -> None:
            if gap and snapshot is not None:
                if mark:
                    self._journal.restart(snapshot, mark)
                else:
                    self._journal.keep(snapshot.state, snapshot.seq, snapshot.at_ns)
                return
            self._journal.append(entries, mark)
            self._copies.finish()
            if snapshot is not None:
                try:
                    self._journal.keep(snapshot.state, snapshot.seq, snapshot.at_ns)
                except sqlite3.Error as error:
                    log.error("router.snapshot.refused", error=str(error))  # the next one does as well
                self._copies.begin()

        began_s = time.monotonic()
        try:
            await asyncio.get_running_loop().run_in_executor(self._disk, write)
        except sqlite3.Error as error:
            if self._retry_s is None:
                log.error("router.journal.refused", error=str(error))
                self._on_trouble(f"the router's journal cannot be written ({error}): {MEND}")
            self._retry_s = time.monotonic() + RETRY_S
            if len(self._unwritten) > UNWRITTEN:
                self._gap = True
                self._unwritten.clear()
            return
        self._gap, self.took_s = False, time.monotonic() - began_s
        del self._unwritten[: len(entries)]
        if self._retry_s is not None:
            self._retry_s = None
            log.info("router.journal.written")
            self._on_trouble(None)
