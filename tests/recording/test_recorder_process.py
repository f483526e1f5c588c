# SPDX-License-Identifier: GPL-2.0-only
"""The recorder's process under kill -9 and on a disk that fills up; the outbox, log and files are real."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from appliance.wire.alarms import AlarmCleared, AlarmRaised
from appliance.wire.calls import RecordingFailed, RecordingSealed
from appliance.wire.client import Client
from appliance.wire.envelope import Envelope, Sealer, decode
from appliance.wire.ids import Identity
from appliance.wire.outbox import OutboxReader
from tests.recording.alaw_wav import read_wav
from tests.recording.recorder_life import RECORDINGS, SPEED, sound

pytestmark = [pytest.mark.system, pytest.mark.timeout(30)]

ROOT = Path(__file__).parents[2]
LIFE = Path(__file__).with_name("recorder_life.py")


class Recorder:
    """Lives of one recorder, one after another, on one state folder."""

    def __init__(self, state: Path, ring: Path, reserve: int = 0) -> None:
        self._arguments = [str(state), str(ring), str(time.monotonic_ns()), str(reserve)]
        self.state = state
        self._process: subprocess.Popen[bytes] | None = None
        ring.write_bytes(bytes(8))

    def start(self) -> None:
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        self._process = subprocess.Popen([sys.executable, str(LIFE), *self._arguments], env=environment)

    def end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(10)
            self._process = None

    def events(self) -> list[object]:
        if not (self.state / "outbox.db").exists():
            return []
        reader = OutboxReader(self.state / "outbox.db")
        with contextlib.closing(reader):
            return [decode(octets).body for _, octets in reader.pending(limit=1000)]

    def sealed(self) -> list[RecordingSealed]:
        return [event for event in self.events() if isinstance(event, RecordingSealed)]

    def logged_octets(self) -> int:
        return sum(path.stat().st_size for path in (self.state / "recording-log").glob("*.log"))


def until(holds: Callable[[], object], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 4 MB; only root can make one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "none", str(disk)], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("only root can mount a small disk")
    try:
        yield disk
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_kill_9_at_any_moment_loses_at_most_1_s_and_every_recording_is_sealed_once(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    recorder = Recorder(state, tmp_path / "ring")
    before = 0
    for pause_s in (0.0, 0.13, 0.37):
        recorder.start()
        until(lambda least=before: recorder.logged_octets() > least)  # type: ignore[misc]
        time.sleep(pause_s)
        recorder.end(signal.SIGKILL)
        before = recorder.logged_octets()
    recorder.start()
    (state / "end").touch()
    until(lambda: len(recorder.sealed()) == len(RECORDINGS))
    recorder.end(signal.SIGKILL)
    recorder.start()
    time.sleep(0.7)
    recorder.end(signal.SIGTERM)
    assert sorted(event.recording for event in recorder.sealed()) == [f"{n:016x}" for n in RECORDINGS]
    for event in recorder.sealed():
        heard = read_wav(state / "recordings" / f"{event.recording}.wav")
        assert len(heard.left) == event.samples
        assert event.lost_samples <= 8000 * SPEED  # a second of this engine, for all three kills together
        kept = sum(mine == said for mine, said in zip(heard.left, sound(0, event.samples), strict=True))
        assert kept >= event.samples - event.lost_samples
        assert heard.right[:1000] == sound(50, 1000)


def test_a_full_disk_is_an_alarm_and_a_failed_recording_and_is_over_when_there_is_room(
    small_disk: Path, tmp_path: Path
) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(2_000_000))
    state = small_disk / "state"
    state.mkdir()
    recorder = Recorder(state, tmp_path / "ring", reserve=1_000_000)
    recorder.start()
    try:
        asyncio.run(_hear(state, AlarmRaised, "recorder.disk-full"))
        until(lambda: any(isinstance(event, RecordingFailed) for event in recorder.events()))
        full = recorder.logged_octets()
        time.sleep(0.3)
        assert recorder.logged_octets() == full
        ballast.unlink()
        asyncio.run(_hear(state, AlarmCleared, "recorder.disk-full"))
        until(lambda: recorder.logged_octets() > full)
        (state / "end").touch()
        until(lambda: len(recorder.sealed()) == len(RECORDINGS))
    finally:
        recorder.end(signal.SIGTERM)
    failed = [event for event in recorder.events() if isinstance(event, RecordingFailed)]
    assert {event.recording for event in failed} == {f"{n:016x}" for n in RECORDINGS}
    for event in recorder.sealed():
        heard = read_wav(state / "recordings" / f"{event.recording}.wav")
        assert len(heard.left) == event.samples
        assert 0 < event.lost_samples < event.samples
        assert heard.left[-200:] == sound(event.samples - 200, 200)


async def _hear(state: Path, kind: type[AlarmRaised | AlarmCleared], code: str) -> None:
    """Attach and wait for an alarm, or until it does not stand (any more)."""
    heard: asyncio.Queue[Envelope] = asyncio.Queue()
    standing: set[str] = set()
    sealer = Sealer(Identity.take("BR-0001", "test"))
    task = asyncio.create_task(Client(state / "run/recorder.sock", sealer, heard.put_nowait, role="observer").run())
    async with asyncio.timeout(10):
        while True:
            body = (await heard.get()).body
            if isinstance(body, AlarmRaised):
                standing.add(body.code)
            elif isinstance(body, AlarmCleared):
                standing.discard(body.code)
            if (code in standing) is (kind is AlarmRaised):
                break
    task.cancel()
