# SPDX-License-Identifier: GPL-2.0-only
"""A line worker on one end of the cable, with an engine of its own and a controller by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from appliance.line.span import PriLine
from appliance.line.switch import TrunkPlan
from appliance.line.worker import LineWorker
from appliance.media.host import start_thread
from appliance.signalling.pri.link import Link, Timers
from appliance.signalling.pri.link import Side as PriSide
from appliance.wire.envelope import Sealer
from appliance.wire.ids import Identity
from appliance.wire.spans import ChannelState, SpanChanged
from drivers.dahdi import DahdiDriver
from tests.media.rig import Side
from tests.ports import free_rtp_base
from tests.vm.cable import D_CHANNEL, Cable
from tests.wire.conformance import Attachment

SPAN = 0
TIMERS = Timers(t316_s=10.0)


@dataclass(frozen=True, slots=True)
class Office:
    """One end."""

    socket: Path
    side: Side

    async def in_service(self, client: Attachment) -> None:
        """Wait until the D-channel is up and every channel was restarted."""
        while True:
            span = (await client.expect(SpanChanged)).span
            if span.d_channel_up and set(span.channels.values()) == {ChannelState.IDLE}:
                return


@asynccontextmanager
async def office(folder: Path, cable: Cable, end: int, pri: PriSide) -> AsyncIterator[Office]:
    """A worker that serves one end of the cable."""
    thread = start_thread(free_rtp_base())
    side = Side(thread)
    DahdiDriver(side.engine).configure(SPAN, cable.settings(end), D_CHANNEL)
    socket = folder / f"{pri.name.lower()}.sock"
    line = PriLine(SPAN, pri.name, D_CHANNEL, Link(pri, TIMERS), TrunkPlan())
    sealer = Sealer(Identity.take("BR-0001", "line1"))
    worker = LineWorker(socket, sealer, side.engine, [line], folder / f"{pri.name.lower()}-performance")
    await worker.start()
    try:
        yield Office(socket, side)
    finally:
        await worker.close()
        thread.close()
