# SPDX-License-Identifier: GPL-2.0-only
"""The recorder process: the engine's taps, the disk, recorder.sock and the outbox around one Recorder."""

import asyncio
import contextlib
import signal
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import structlog

from appliance.config import Branch, load_or_exit
from appliance.media.engine import Engine
from appliance.media.events import Client, EngineEvent, Tap
from appliance.processes.environment import state_directory
from appliance.recording.recorder import Recorder
from appliance.recording.room import Room, free_octets
from appliance.recording.segments import SegmentLog
from appliance.supervisor import logs, notify
from appliance.wire.alarms import AlarmCleared, AlarmRaised
from appliance.wire.envelope import Body, Envelope, Sealer
from appliance.wire.ids import Identity
from appliance.wire.outbox import Outbox, connect
from appliance.wire.service import CommandRefusedError, Service

DRAIN_S = 0.1
SYNC_S = 0.5
SEAL_S = 0.2

log = structlog.get_logger()


class TapSource(Protocol):
    """What the recorder needs of the media engine's handle."""

    @property
    def samples(self) -> int:
        """Its clock."""

    def take_taps(self) -> list[Tap]:
        """Everything in the tap ring."""

    def take_events(self) -> list[EngineEvent]:
        """Everything in our event ring."""


class Alarms:
    """What stands on recorder.sock."""

    def __init__(self, run: Path, sealer: Sealer) -> None:
        self._standing: dict[str, AlarmRaised] = {}
        self._service = Service(run / "recorder.sock", sealer, "recordings", _refuse, self._snapshot)

    async def start(self) -> None:
        """Serve."""
        await self._service.start()

    def change(self, code: str, sentence: str | None) -> None:
        """Raise with a sentence, clear with None."""
        if sentence is None:
            self._standing.pop(code, None)
            self._service.publish(AlarmCleared(code=code, address="recorder"))
        else:
            self._standing[code] = AlarmRaised(code=code, address="recorder", sentence=sentence)
            self._service.publish(self._standing[code])

    def _snapshot(self) -> Iterator[Body]:
        yield from self._standing.values()


class Committed:
    """Keys that the outbox has on disk for us; the last known ones where it cannot be asked."""

    def __init__(self, path: Path) -> None:
        self._store = connect(path)
        self._known: set[str] = set()

    def __call__(self) -> set[str]:
        """Ask now."""
        try:
            rows = self._store.execute("SELECT key FROM kept WHERE process = 'recorder'").fetchall()
        except sqlite3.Error as error:
            log.warning("recording.outbox.unreadable", error=str(error))
        else:
            self._known = {str(key) for (key,) in rows}
        return self._known


async def run(engine: TapSource, box: str, state: Path, reserve_octets: int) -> None:
    """Record until cancelled."""
    alarms = Alarms(state / "run", Sealer(Identity.take(box, "recorder")))
    await alarms.start()
    outbox = Outbox(state / "outbox.db", Sealer(Identity.take(box, "recorder")))
    segments = SegmentLog(state / "recording-log")
    room = Room(reserve_octets, lambda: free_octets(state))
    committed = Committed(state / "outbox.db")
    recorder = Recorder(segments, state / "recordings", outbox, committed, room, alarms.change)
    recorder.recover(engine.samples)
    notify.ready()
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(notify.keep_alive())
            tasks.create_task(_drain(engine, recorder))
            tasks.create_task(_sync(segments, recorder, room))
            tasks.create_task(_seal(recorder))
    finally:
        recorder.take(engine.take_taps(), engine.samples)
        for track in recorder.ended():
            recorder.sealed(track, recorder.seal(track))
        segments.close()
        outbox.close()


async def _drain(engine: TapSource, recorder: Recorder) -> None:
    while True:
        engine.take_events()  # the ring must not stand full; nothing in it concerns sound
        recorder.take(engine.take_taps(), engine.samples)
        await asyncio.sleep(DRAIN_S)


async def _sync(segments: SegmentLog, recorder: Recorder, room: Room) -> None:
    while True:
        try:
            await asyncio.to_thread(segments.sync)
        except OSError as error:
            log.error("recording.log.unsynced", error=str(error))
            room.refused()
        recorder.look_at_disk()
        recorder.tidy()
        await asyncio.sleep(SYNC_S)


async def _seal(recorder: Recorder) -> None:
    while True:
        for track in recorder.ended():
            recorder.sealed(track, await asyncio.to_thread(recorder.seal, track))
        await asyncio.sleep(SEAL_S)


def _refuse(_: Envelope) -> None:
    raise CommandRefusedError("recordings.command", "the recorder takes no commands; the engine tells it what to keep")


async def until_terminated(engine: TapSource, box: str, state: Path, reserve_octets: int) -> None:
    """Record until SIGTERM."""
    task = asyncio.create_task(run(engine, box, state, reserve_octets))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task


def main() -> None:
    """Start from the environment (BRANCHLINE_CONFIG, BRANCHLINE_STATE, BRANCHLINE_FDS)."""
    logs.configure("recorder")
    branch = load_or_exit(Branch)
    engine = Engine.from_environment(Client.RECORDER)
    engine.attach()
    asyncio.run(until_terminated(engine, branch.box, state_directory(), branch.recording.reserve_mb * 1_000_000))


if __name__ == "__main__":
    main()
