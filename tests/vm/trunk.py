# SPDX-License-Identifier: GPL-2.0-only
"""A line worker on timeslots with CAS of one end of the cable: sound by the engine, bits beside it."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

from appliance.line.cas import CasLine
from appliance.line.channels import Order
from appliance.line.circuits import CircuitMaker
from appliance.line.switch import TrunkPlan
from appliance.line.worker import LineEngine, LineWorker
from appliance.media.engine import Engine
from appliance.media.events import BitsChanged, EngineEvent
from appliance.media.host import start_thread
from appliance.wire.envelope import Sealer
from appliance.wire.ids import Identity
from appliance.wire.spans import ChannelState, SpanChanged
from drivers.dahdi import DahdiDriver, DahdiSettings, E1Line, SpanChannels
from drivers.dahdi.abi import Use
from drivers.model import TIMESLOTS_PER_SPAN
from tests.media.rig import Side
from tests.ports import free_rtp_base
from tests.vm.cable import JITTER_MS, NEAR, Cable
from tests.vm.office import SPAN, Office
from tests.wire.conformance import Attachment

TIMESLOTS = (1, 2)
LOOK_S = 0.01


class BitsByHand:
    """An engine whose driver carries no bits: those of `timeslots` are read and set beside it."""

    def __init__(self, engine: Engine, channels: SpanChannels, timeslots: Collection[int]) -> None:
        self._engine = engine
        self._channels = channels
        self._seen: dict[int, int | None] = dict.fromkeys(timeslots)
        self._new: list[BitsChanged] = []

    def __getattr__(self, name: str) -> Any:
        """All else is the engine's."""
        return getattr(self._engine, name)

    def set_bits(self, port: int, abcd: int) -> None:
        """Send them."""
        if port % TIMESLOTS_PER_SPAN in self._seen:
            self._channels.send_bits(port % TIMESLOTS_PER_SPAN, abcd)

    def bits_status(self, port: int) -> None:
        """None yet: they are told as they are seen."""

    def take_events(self) -> Sequence[EngineEvent]:
        """And the bits that have changed."""
        new, self._new = self._new, []
        return [*self._engine.take_events(), *new]

    async def look(self) -> None:
        """For ever."""
        while True:
            for timeslot, seen in self._seen.items():
                abcd = self._channels.bits(timeslot)
                if abcd != seen:
                    self._seen[timeslot] = abcd
                    self._new.append(BitsChanged(timeslot, abcd, self._engine.samples))
                    os.eventfd_write(self._engine.event_fd, 1)
            await asyncio.sleep(LOOK_S)


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
    DahdiDriver(side.engine).configure(SPAN, settings, None)
    engine = BitsByHand(side.engine, channels, TIMESLOTS)
    line = CasLine(SPAN, "trunk", circuit, TrunkPlan(), Order.ROUND_ROBIN, number)
    socket = folder / "trunk.sock"
    sealer = Sealer(Identity.take("BR-0001", "line1"))
    worker = LineWorker(socket, sealer, cast("LineEngine", engine), [line], folder / "performance")
    await worker.start()
    looking = asyncio.create_task(engine.look())
    try:
        yield TrunkOffice(socket, side)
    finally:
        looking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await looking
        await worker.close()
        thread.close()
