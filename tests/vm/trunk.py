# SPDX-License-Identifier: GPL-2.0-only
"""A line worker on timeslots with CAS of one end of the cable."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from appliance.line.cas import CasLine
from appliance.line.channels import Order
from appliance.line.circuits import CircuitMaker
from appliance.line.switch import TrunkPlan
from appliance.line.worker import LineWorker
from appliance.media.host import start_thread
from appliance.wire.envelope import Sealer
from appliance.wire.ids import Identity
from appliance.wire.spans import ChannelState, SpanChanged
from drivers.dahdi import DahdiDriver, DahdiSettings, E1Line, SpanChannels
from drivers.dahdi.abi import Use
from drivers.model import Cas
from tests.media.rig import Side
from tests.ports import free_rtp_base
from tests.vm.cable import JITTER_MS, NEAR, Cable
from tests.vm.office import SPAN, Office
from tests.wire.conformance import Attachment

TIMESLOTS = (1, 2)


class TrunkOffice(Office):
    """One end."""

    async def in_service(self, client: Attachment) -> None:
        """Wait until the timeslots are idle."""
        while True:
            channels = (await client.expect(SpanChanged)).span.channels
            if {channels[timeslot] for timeslot in TIMESLOTS} == {ChannelState.IDLE}:
                return


def prepare(cable: Cable) -> SpanChannels:
    """Both ends with CAS; ours open, the other's closed."""
    for end in cable.ends:
        end.close()
    for span in cable.spans:
        cable.control.configure(span, E1Line(signalling="cas"), Use.CAS)
    return SpanChannels(cable.control, cable.spans[NEAR])


@asynccontextmanager
async def trunk_office(
    folder: Path, channels: SpanChannels, circuit: CircuitMaker, number: str = ""
) -> AsyncIterator[TrunkOffice]:
    """A worker that serves our end."""
    thread = start_thread(free_rtp_base())
    side = Side(thread)
    settings = DahdiSettings(channels.descriptors, channels.reference, jitter_ms=JITTER_MS)
    DahdiDriver(side.engine).configure(SPAN, settings, None, Cas())
    line = CasLine(SPAN, "trunk", circuit, TrunkPlan(), Order.ROUND_ROBIN, number)
    socket = folder / "trunk.sock"
    sealer = Sealer(Identity.take("BR-0001", "line1"))
    worker = LineWorker(socket, sealer, side.engine, [line], folder / "performance")
    await worker.start()
    try:
        yield TrunkOffice(socket, side)
    finally:
        await worker.close()
        thread.close()
