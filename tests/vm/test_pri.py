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
from tests.vm.cable import FAR, NEAR, Cable
from tests.vm.office import hears, office, talk
from tests.wire.conformance import attached

pytestmark = [pytest.mark.vm, pytest.mark.timeout(180)]


def test_q931_5_1_a_call_each_way_with_sound(tmp_path: Path, cable: Cable) -> None:
    async def scene() -> None:
        async with (
            office(tmp_path, cable, NEAR, PriSide.USER) as branch,
            office(tmp_path, cable, FAR, PriSide.NETWORK) as exchange,
            attached(branch) as user,
            attached(exchange) as network,
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
            attached(branch) as user,
            attached(exchange) as network,
        ):
            await branch.in_service(user)
            await exchange.in_service(network)
            await asyncio.to_thread(cable.simulate, NEAR, LineAlarm.RED)
            await user.expect(AlarmRaised)
            await asyncio.to_thread(cable.simulate, NEAR, LineAlarm(0))
            await user.expect(AlarmCleared)
            await branch.in_service(user)

    asyncio.run(scene())
