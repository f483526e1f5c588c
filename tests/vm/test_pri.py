# SPDX-License-Identifier: GPL-2.0-only
"""Calls between two of our own line workers, user and network, over DAHDI's kernel drivers."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from appliance.signalling.pri.link import Side as PriSide
from appliance.wire import legs
from appliance.wire.alarms import AlarmCleared, AlarmRaised
from appliance.wire.legs import ReleasedBy
from drivers.dahdi.abi import LineAlarm
from tests.media.rig import noise, until
from tests.vm.cable import FAR, NEAR, SECONDS, Cable
from tests.vm.office import Office, office
from tests.wire.conformance import Attachment, attached

pytestmark = [pytest.mark.vm, pytest.mark.timeout(180)]


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
    """What is played at one end comes out at the other, octet for octet."""
    sound = noise(2, seed)
    assert leg.port is not None
    assert other.port is not None
    there.side.recorder.engine.record(seed, other.port, other.port, 0)
    here.side.ivr.engine.play(leg.port, seed, [here.side.arena.add_alaw(sound)])
    end = there.side.engine.samples + 3 * 8000
    await asyncio.to_thread(until, lambda: there.side.engine.samples >= end, SECONDS)
    assert sound in there.side.recorder.left(seed)


def test_q931_5_1_a_call_each_way_with_sound(tmp_path: Path, cable: Cable) -> None:
    async def scene() -> None:
        async with (
            office(tmp_path, cable, NEAR, PriSide.USER) as branch,
            office(tmp_path, cable, FAR, PriSide.NETWORK) as exchange,
            attached(branch) as user,  # type: ignore[arg-type]
            attached(exchange) as network,  # type: ignore[arg-type]
        ):
            await branch.in_service(user)
            await exchange.in_service(network)
            for caller, called, seed in ((network, user, 1), (user, network, 2)):
                ends = (exchange, branch) if seed == 1 else (branch, exchange)
                placed, offered = await talk(caller, called)
                await hears(ends[0], placed, ends[1], offered, seed)
                await caller.done(legs.ReleaseLeg(leg=placed.leg))
                released = await called.expect(legs.LegReleased, offered.leg)
                assert (released.cause, released.by) == (16, ReleasedBy.PEER)
                await caller.expect(legs.LegReleased, placed.leg)

    asyncio.run(scene())


def test_a_card_in_red_takes_the_channels_out_of_service_and_they_return(tmp_path: Path, cable: Cable) -> None:
    async def scene() -> None:
        async with (
            office(tmp_path, cable, NEAR, PriSide.USER) as branch,
            office(tmp_path, cable, FAR, PriSide.NETWORK) as exchange,
            attached(branch) as user,  # type: ignore[arg-type]
            attached(exchange) as network,  # type: ignore[arg-type]
        ):
            await branch.in_service(user)
            await exchange.in_service(network)
            await asyncio.to_thread(cable.simulate, NEAR, LineAlarm.RED)
            await user.expect(AlarmRaised)
            await asyncio.to_thread(cable.simulate, NEAR, LineAlarm(0))
            await user.expect(AlarmCleared)
            await branch.in_service(user)

    asyncio.run(scene())
