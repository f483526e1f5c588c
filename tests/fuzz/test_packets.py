# SPDX-License-Identifier: GPL-2.0-only
"""CESoPSN datagrams that are damaged, cut short, doubled, late or lost, on a real line with calls.

Engine and line worker live through it; then every channel is idle, and a call passes. The relay's seed is always one.
"""

import asyncio
from pathlib import Path

import pytest

from appliance.media.events import Client
from appliance.simulator.relay import Faults
from appliance.wire import legs
from appliance.wire.spans import ChannelState, SpanChanged
from tests.line.far_end import NetworkCall
from tests.line.site import Site, started
from tests.wire.conformance import Attachment, attached

pytestmark = [pytest.mark.system, pytest.mark.timeout(120)]

SECONDS, SOAK_SECONDS = 2.0, 600.0
ROUND_S = 2.0
SETTLED_S = 60.0
BAD = Faults(drop=0.05, double=0.05, reorder=0.05, damage=0.3, shorten=0.1)


async def talk(site: Site, client: Attachment) -> NetworkCall:
    """A call from the exchange, answered."""
    call = await site.network.call("95588", "02512345678")
    leg = (await client.expect(legs.LegOffered)).leg
    await client.done(legs.AnswerLeg(leg=leg.leg))
    await call.hears("answered")
    return call


async def idle(client: Attachment) -> None:
    """Every channel, once all legs are let go."""
    async with asyncio.timeout(SETTLED_S):
        for leg in await client.snapshot():
            await client.done(legs.ReleaseLeg(leg=leg))
        while True:
            told = (await client.expect(SpanChanged)).span
            if told.d_channel_up and set(told.channels.values()) == {ChannelState.IDLE}:
                return


async def trouble(site: Site, client: Attachment, seconds: float) -> None:
    """For so long, with talks and with calls that come and go as they can."""
    for _ in range(3):
        await talk(site, client)
    site.relay.faults = BAD
    for _ in range(int(seconds / 0.2)):
        call = await site.network.call("95588", "02512345678")
        await asyncio.sleep(0.2)
        await call.release()
    site.relay.faults = Faults()
    await idle(client)
    call = await talk(site, client)
    await call.release()
    await call.hears("released")
    await idle(client)


async def scene(folder: Path, seconds: float) -> None:
    """Rounds of it."""
    async with started(folder) as site, attached(site.network) as client:
        for _ in range(max(1, int(seconds / ROUND_S))):
            await trouble(site, client, ROUND_S)
        assert site.near.engine(Client.MONITOR).span_status(0).counters.malformed > 0
        assert site.process is not None
        assert site.process.returncode is None


def test_no_datagram_ends_a_process_or_keeps_a_channel(tmp_path: Path) -> None:
    asyncio.run(scene(tmp_path, SECONDS))


@pytest.mark.soak
@pytest.mark.timeout(SOAK_SECONDS + 600)
def test_none_of_ten_minutes_does_either(tmp_path: Path) -> None:
    asyncio.run(scene(tmp_path, SOAK_SECONDS))
