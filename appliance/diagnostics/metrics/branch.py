# SPDX-License-Identifier: GPL-2.0-only
"""Metrics of a branch's stores and its floor. What takes longer than a look is looked at every few seconds only."""

import asyncio
import contextlib
import os
import sqlite3
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import structlog

from appliance.config import Branch
from appliance.diagnostics.metrics.exposition import Sample, sample
from appliance.router.journal import path_of as journal_path
from appliance.wire.agents import AgentNow, FloorAsked, FloorTold, QueueNow
from appliance.wire.envelope import Sealer, UnknownMessageError, decode, encode
from appliance.wire.ids import IdSource
from appliance.wire.link import LinkNow

LOOK_S = 5.0
FLOOR_S = 15.0
COUNTS = {
    "outbox_events": ("outbox.db", "SELECT count(*) FROM event"),
    "outbox_recordings": ("outbox.db", "SELECT count(*) FROM upload"),
    "contacts": ("outbox.db", "SELECT count(*) FROM kept WHERE process = 'call'"),
    "phones_registered": ("kamailio/location.sqlite", "SELECT count(DISTINCT username) FROM location"),
}
ENTRIES = "SELECT coalesce(max(seq), 0) FROM entry"

log = structlog.get_logger()


class Stores:
    """What a branch has on its disk, and its agents; `run` looks again and again."""

    def __init__(self, branch: Branch, state: Path, sealer: Sealer) -> None:
        self._branch, self._state, self._sealer = branch, state, sealer
        self._ids = IdSource(sealer.identity)
        self._counted: list[Sample] = []
        self._floor: list[Sample] = []

    async def run(self) -> None:
        """For ever; cancel to end."""
        asked = 0.0
        while True:
            self._counted = await asyncio.to_thread(lambda: list(self._count()))
            if time.monotonic() - asked >= FLOOR_S:
                asked = time.monotonic()
                self._floor = await self._ask_floor()
            await asyncio.sleep(LOOK_S)

    def samples(self, link: LinkNow | None) -> Iterator[Sample]:
        """As they were last seen."""
        yield sample("phones_configured", len(self._branch.extensions))
        yield from self._counted
        yield from self._floor
        if link is not None:
            yield sample("uplink_up", int(link.up))
            for who in ("headquarters", "branch", "nobody"):
                yield sample("uplink_decides", int(link.decides == who), who)
            if link.round_trip_ms is not None:
                yield sample("uplink_round_trip_seconds", link.round_trip_ms / 1000)

    def _count(self) -> Iterator[Sample]:
        for name, (store, query) in COUNTS.items():
            yield from counted(name, self._state / store, query)
        yield from counted("router_entries_total", journal_path(self._state), ENTRIES)
        sealed = list(_sizes(self._state / "recordings", ".wav"))
        yield sample("recordings", len(sealed))
        yield sample("recordings_bytes", sum(sealed))
        yield sample("recording_log_bytes", sum(_sizes(self._state / "recording-log", "")))

    async def _ask_floor(self) -> list[Sample]:
        """From the uplink; nothing while it is away."""
        try:
            told = await asyncio.wait_for(self._floor_told(), FLOOR_S)
        except (OSError, TimeoutError, UnknownMessageError) as error:
            log.info("metrics.floor.silent", error=str(error))
            return []
        return list(floor(told.agents, told.queues)) if told is not None else []

    async def _floor_told(self) -> FloorTold | None:
        reader, writer = await asyncio.open_unix_connection(self._state / "run" / "floor.sock", limit=1 << 22)
        try:
            asked = self._sealer.seal(FloorAsked(), message_id=self._ids.command())
            writer.write(encode(asked) + b"\n")
            _, told = [decode(await reader.readline()).body for _ in range(2)]
        finally:
            writer.close()
        return told if isinstance(told, FloorTold) else None


def counted(name: str, store: Path, query: str) -> Iterator[Sample]:
    """A number from a store that another process writes; nothing where it is not there."""
    if not store.exists():
        return
    found: list[Sample] = []
    with contextlib.suppress(sqlite3.Error):
        opened = sqlite3.connect(f"file:{store}?mode=ro", uri=True, timeout=0.5)
        with contextlib.closing(opened):
            found.append(sample(name, opened.execute(query).fetchone()[0]))
    yield from found


def floor(agents: Iterable[AgentNow], queues: Iterable[QueueNow]) -> Iterator[Sample]:
    """Agents by state, and each queue."""
    for state, count in sorted(Counter(agent.state for agent in agents).items()):
        yield sample("agents", count, state)
    for queue in queues:
        yield sample("queue_waiting", queue.waiting, queue.name)
        yield sample("queue_callbacks", queue.callbacks, queue.name)
        oldest_s = 0.0 if queue.oldest_ns is None else max(0.0, time.time() - queue.oldest_ns / 1e9)
        yield sample("queue_oldest_wait_seconds", oldest_s, queue.name)
        if queue.expected_s is not None:
            yield sample("queue_expected_wait_seconds", queue.expected_s, queue.name)
        for state in ("staffed", "free", "busy"):
            yield sample("queue_agents", getattr(queue, state), queue.name, state)


def _sizes(folder: Path, ending: str) -> Iterator[int]:
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(ending):
                with contextlib.suppress(OSError):
                    yield entry.stat().st_size
