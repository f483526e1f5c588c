# SPDX-License-Identifier: GPL-2.0-only
"""The line process on a span that is configured for R2, over a real engine and CESoPSN: calls both ways."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from appliance.media.engine import Engine
from appliance.media.events import BitsChanged, Client, SignalHeard, SignalKind
from appliance.media.host import EngineThread, start_thread
from appliance.media.trace import EngineTrace
from appliance.trace.call import packets
from appliance.trace.legs import of_call
from drivers.cesopsn import CesopsnDriver, CesopsnSettings
from drivers.model import Cas, Timeslot
from tests.line.fake_engine import SPAN
from tests.line.r2_exchange import BEARERS, R2Exchange
from tests.line.site import CONFIGURATION, LINE
from tests.ports import HOST, free_port, free_rtp_base
from tests.wire import conformance

pytestmark = [pytest.mark.system, pytest.mark.timeout(60)]

BITS = [  # of the first rule's call, as its trace has them
    "received ABCD 0011",  # seized
    "sent ABCD 1111",
    "sent ABCD 0111",  # answered
    "sent ABCD 1111",  # cleared back
    "received ABCD 1011",
    "sent ABCD 1011",  # idle
]
RULES = [conformance.an_incoming_leg_lives_and_we_release_it, conformance.an_outgoing_leg_is_busy]


class RealWire:
    """What R2Exchange needs of an engine, by an engine of its own: every timeslot hears both directions."""

    def __init__(self, thread: EngineThread, settings: CesopsnSettings) -> None:
        self.far_bits: Callable[[int, int], None] = lambda _port, _abcd: None
        self.far_signal: Callable[[int, SignalKind, int], None] = lambda _port, _kind, _signal: None
        self._engine: Engine = thread.engine(Client.LINE1)
        CesopsnDriver(self._engine).configure(SPAN, settings, None, Cas())
        for timeslot in BEARERS:
            port = Timeslot(SPAN, timeslot).port
            self._engine.open_timeslot(port)
            self._engine.hear_signals(port, [SignalKind.R2_FORWARD, SignalKind.R2_BACKWARD])
        asyncio.get_running_loop().add_reader(self._engine.event_fd, self._told)

    def show_bits(self, port: int, abcd: int) -> None:
        """To the box."""
        self._engine.set_bits(port, abcd)

    def sound(self, port: int, kind: SignalKind, signal: int) -> None:
        """To the box."""
        self._engine.send_signal(port, kind, signal)

    def close(self) -> None:
        """Hear nothing more."""
        asyncio.get_running_loop().remove_reader(self._engine.event_fd)

    def _told(self) -> None:
        for event in self._engine.take_events():
            match event:
                case BitsChanged(port=port, abcd=abcd):
                    self.far_bits(port, abcd)
                case SignalHeard(port=port, kind=kind, code=code, on=on):
                    self.far_signal(port, kind, code if on else 0)


@asynccontextmanager
async def worker(folder: Path, near: EngineThread, name: str = "line1") -> AsyncIterator[asyncio.subprocess.Process]:
    """The line process, until it is killed."""
    fds = {"segment": near.segment_fd, name: near.event_fds[Client[name.upper()]]}
    for fd in fds.values():
        os.set_inheritable(fd, True)  # noqa: FBT003 - the standard library's own
    environment = {
        **os.environ,
        "BRANCHLINE_CONFIG": str(folder / "branch.yaml"),
        "BRANCHLINE_STATE": str(folder),
        "BRANCHLINE_FDS": ",".join(f"{name}={fd}" for name, fd in fds.items()),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "appliance.processes.line", name, env=environment, pass_fds=(*fds.values(),)
    )
    try:
        yield process
    finally:
        process.kill()
        await process.wait()


@asynccontextmanager
async def started(folder: Path) -> AsyncIterator[tuple[R2Exchange, EngineTrace]]:
    """A branch's R2 line in service, and its engine's trace."""
    local, far = (HOST, free_port()), (HOST, free_port())
    secret = folder / "token"
    secret.touch(mode=0o600)
    line = LINE.format(
        name="telco", local="{}:{}".format(*local), remote="{}:{}".format(*far), t309_s=6, kind="e1", profile="euroisdn"
    )
    r2 = line + "    signalling: r2\n    variant: cn\n    dnis_digits: 5\n    jitter_ms: 60\n"
    (folder / "branch.yaml").write_text(CONFIGURATION.format(spans=r2, prompts=folder, secret=secret))
    near, there = start_thread(free_rtp_base()), start_thread(free_rtp_base())
    wire = RealWire(there, CesopsnSettings(far, local, clock="local", jitter_ms=60))
    exchange = R2Exchange(wire, "CN", folder / "run" / "leg.line1.sock")
    try:
        async with worker(folder, near):
            await exchange.idle()
            yield exchange, EngineTrace(near.segment_fd)
    finally:
        exchange.close()
        wire.close()
        for thread in (near, there):
            thread.close()


def test_the_process_calls_and_is_called_over_cesopsn(tmp_path: Path) -> None:
    async def scene() -> None:
        async with started(tmp_path) as (exchange, trace):
            for rule in RULES:
                await rule(exchange)
            await exchange.idle()
            (incoming,) = {leg.leg.leg for leg in of_call(tmp_path, "contact-7") if leg.incoming}
            told = sorted(packets(tmp_path, incoming, trace), key=lambda packet: packet.at_ns)
        texts = [packet.octets.partition(b">")[2].decode() for packet in told]
        assert [text.partition("1 timeslot 1 ")[2] for text in texts if "ABCD" in text][-6:] == BITS
        assert f"{incoming} LegOffered on span 1 timeslot 1" in texts

    asyncio.run(scene())
