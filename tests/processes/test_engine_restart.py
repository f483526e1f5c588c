# SPDX-License-Identifier: GPL-2.0-only
"""The real media engine under the supervisor.

Killed, it is ticking again from its table within 300 ms; stuck, it is killed, and a peer hears it again within 1.5 s.
"""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path

import pytest

from appliance.config import Branch
from appliance.config.files import load_role
from appliance.media.engine import Engine
from appliance.media.events import Client
from appliance.processes.supervisor import Held, branch_children
from appliance.supervisor.crashes import kept
from appliance.supervisor.states import State
from appliance.supervisor.supervisor import Supervisor
from appliance.wire.envelope import Sealer
from appliance.wire.ids import Identity
from tests.media.rtp_peer import RtpPeer
from tests.processes.site import write_site

LIMIT_S, STUCK_LIMIT_S = 0.3, 1.5
PORT = 256
GOOD_LIFE_S = 2.2
POLL_S = 0.002


@pytest.mark.system
@pytest.mark.timeout(30)
def test_a_killed_engine_ticks_again_within_300_ms(tmp_path: Path) -> None:
    took = asyncio.run(_kill_engine(tmp_path, (signal.SIGKILL, signal.SIGKILL, signal.SIGSEGV)))
    assert max(took) < LIMIT_S, [f"{seconds * 1000:.0f} ms" for seconds in took]
    report, _ = kept(tmp_path / "state" / "crashes")
    assert report.ended == "ended by signal 11"
    assert any("bl_engine_run" in line for line in report.lines), "where its C was"


def _moved(monitor: Engine, generation: int) -> bool:
    """A new life has begun, and its clock has gone on in it."""
    if monitor.generation == generation:
        return False
    before = monitor.samples
    time.sleep(0.006)  # one tick and a little
    return monitor.samples != before


async def _until(holds: Callable[[], bool]) -> None:
    while not holds():  # noqa: ASYNC110  # another process's memory sets no Event
        await asyncio.sleep(POLL_S)


@contextlib.asynccontextmanager
async def _engine(folder: Path) -> AsyncIterator[tuple[Supervisor, Engine, int]]:
    """A branch's engine under its supervisor, a client of it, and its first UDP port."""
    write_site(folder / "etc")
    branch = load_role(folder / "etc/branch.yaml", Branch)
    spec = branch_children(branch, folder / "state", Held(branch, folder / "state"))[0]
    supervisor = Supervisor([spec], folder / "state", Sealer(Identity.take(branch.box, "supervisor")))
    ready = asyncio.Event()
    task = asyncio.create_task(supervisor.run(ready.set))
    await ready.wait()
    yield supervisor, Engine(spec.fds["segment"], spec.fds["monitor"], Client.MONITOR), branch.engine.rtp_base
    supervisor.stop()
    assert await task == 0
    for fd in spec.fds.values():
        os.close(fd)


async def _kill_engine(folder: Path, kills: tuple[signal.Signals, ...]) -> list[float]:
    took = []
    async with _engine(folder) as (supervisor, monitor, _):
        for number in kills:
            await asyncio.sleep(GOOD_LIFE_S)
            pid = supervisor.children[0].pid
            assert pid is not None
            moved = partial(_moved, monitor, monitor.generation)
            killed = time.monotonic()
            os.kill(pid, number)
            await _until(moved)
            took.append(time.monotonic() - killed)
    return took


async def _stop_engine(folder: Path) -> float:
    async with _engine(folder) as (supervisor, engine, rtp_base):
        with RtpPeer(rtp_base) as peer:
            engine.open_rtp(PORT, peer.address)
            await _until(lambda: len(peer.hear()) > 5)
            stream, pid = peer.received[-1].ssrc, supervisor.children[0].pid
            assert pid is not None
            os.kill(pid, signal.SIGSTOP)
            stopped = time.monotonic()
            heard = len(peer.hear())
            await _until(lambda: len(peer.hear()) > heard + 5)
            took = time.monotonic() - stopped
            assert {packet.ssrc for packet in peer.received} == {stream}, "the port is the same"
        await _until(lambda: supervisor.children[0].state is State.RUNNING)
        assert supervisor.children[0].starts == 2
        assert supervisor.children[0].ended == "did not move for 0.5 s and was killed"
    return took


@pytest.mark.system
@pytest.mark.timeout(30)
def test_a_stuck_engine_is_killed_and_heard_again_within_1500_ms(tmp_path: Path) -> None:
    assert asyncio.run(_stop_engine(tmp_path)) < STUCK_LIMIT_S
