# SPDX-License-Identifier: GPL-2.0-only
"""A line worker on one end of the cable, with an engine of its own and a controller by hand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from appliance.line.span import PriLine
from appliance.line.switch import TrunkPlan
from appliance.line.worker import LineWorker
from appliance.media.host import start_thread
from appliance.signalling.pri.link import Link, Profile, Timers
from appliance.signalling.pri.link import Side as PriSide
from appliance.wire import legs
from appliance.wire.envelope import Sealer
from appliance.wire.ids import Identity
from appliance.wire.spans import ChannelState, SpanChanged
from drivers.dahdi import DahdiDriver
from drivers.model import D_CHANNELS, TIMESLOTS
from dsp.g711 import alaw_to_ulaw, ulaw_to_alaw
from tests.media.rig import Side, noise, until
from tests.ports import free_rtp_base
from tests.vm.cable import SECONDS, Cable
from tests.wire.conformance import Attachment

SPAN = 0
TIMERS = Timers(t316_s=10.0)
PROFILES = {"e1": Profile.EUROISDN, "t1": Profile.NATIONAL}


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
    d_channel = D_CHANNELS[cable.kind]
    DahdiDriver(side.engine).configure(SPAN, cable.settings(end), d_channel)
    socket = folder / f"{pri.name.lower()}.sock"
    link = Link(pri, TIMERS, PROFILES[cable.kind])
    line = PriLine(SPAN, pri.name, d_channel, link, TrunkPlan(), timeslots=TIMESLOTS[cable.kind])
    sealer = Sealer(Identity.take("BR-0001", "line1"))
    worker = LineWorker(socket, sealer, side.engine, [line], folder / f"{pri.name.lower()}-performance")
    await worker.start()
    try:
        yield Office(socket, side)
    finally:
        await worker.close()
        thread.close()


async def talk(caller: Attachment, called: Attachment) -> tuple[legs.Leg, legs.Leg]:
    """A call from the one to the other, answered."""
    name = caller.ids.leg()
    await caller.done(legs.PlaceLeg(leg=name, to="95588", contact="contact-1", clid="02512345678"))
    placed = (await caller.expect(legs.LegPlaced, name)).leg
    offered = (await called.expect(legs.LegOffered)).leg
    assert (offered.dnis, offered.clid) == ("95588", "02512345678")
    assert offered.channel == placed.channel
    await called.done(legs.AnswerLeg(leg=offered.leg))
    await called.expect(legs.LegAnswered, offered.leg)
    await caller.expect(legs.LegAnswered, name)
    return placed, offered


async def hears(here: Office, leg: legs.Leg, there: Office, other: legs.Leg, seed: int) -> None:
    """What is played at one end comes out at the other, octet for octet: such octets as a T1's mu-law has too."""
    sound = ulaw_to_alaw(alaw_to_ulaw(noise(2, seed)))
    assert leg.port is not None
    assert other.port is not None
    there.side.recorder.engine.record(seed, other.port, other.port, 0)
    here.side.ivr.engine.play(leg.port, seed, [here.side.arena.add_alaw(sound)])
    end = there.side.engine.samples + 3 * 8000
    await asyncio.to_thread(until, lambda: there.side.engine.samples >= end, SECONDS)
    assert sound in there.side.recorder.left(seed)
