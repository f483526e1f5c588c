# SPDX-License-Identifier: GPL-2.0-only
"""Our trunks and analogue lines against Asterisk as the exchange, over DAHDI's kernel drivers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from appliance.line.circuits import CircuitMaker
from appliance.signalling.cas.channel import Wants
from appliance.signalling.cas.circuit import trunks
from appliance.signalling.cas.station_circuit import stations
from appliance.signalling.cas.variant import load
from appliance.signalling.fxo.settings import Answer, CallerId, HangUp, Settings
from appliance.wire import legs
from appliance.wire.legs import ReleasedBy
from tests.vm.cable import FAR, Cable
from tests.vm.switch import Switch, Trunk, switch
from tests.vm.test_switch import hang_up, hears_tone
from tests.vm.trunk import TIMESLOTS, TrunkOffice, prepare, trunk_office
from tests.wire.conformance import Attachment, attached

pytestmark = [pytest.mark.vm, pytest.mark.timeout(600)]

OWN = "7001"
E_M = Trunk(
    "loadzone=us\ndefaultzone=us\ne&m={bearers}\n",
    "[channels]\nsignalling = em_w\ncontext = line\ngroup = 1\nechocancel = no\nchannel => {bearers}\n",
)
EXCHANGE = Trunk(
    "loadzone=us\ndefaultzone=us\nfxoks={bearers}\n",
    "[channels]\nsignalling = fxo_ks\ncontext = line\ngroup = 1\nechocancel = no\nusecallerid = yes\n"
    "cidsignalling = bell\nansweronpolarityswitch = no\nchannel => {bearers}\n",
)
EM = trunks(load("em_wink_e1"), Wants(dnis_digits=4), "us")
LINE = stations(
    load("fxo_loop_e1"),
    Settings(zone="us", caller_id=CallerId.BELL202, answer=Answer.DIALLED, hang_up=(HangUp.CPC, HangUp.TONE)),
)
Story = Callable[[Switch, TrunkOffice, Attachment], Awaitable[None]]


def run(story: Story, folder: Path, cable: Cable, spoken: Trunk, circuit: CircuitMaker) -> None:
    """A story with the exchange and the line in service and a controller attached."""
    channels = prepare(cable)

    async def scene(exchange: Switch) -> None:
        async with (
            trunk_office(folder, channels, circuit, OWN) as branch,
            attached(branch) as client,
        ):
            await branch.in_service(client)
            await story(exchange, branch, client)
            assert await client.snapshot() == {}

    try:
        with switch(folder, cable, FAR, spoken, TIMESLOTS) as exchange:
            exchange.wait("dahdi show channels", "line")
            asyncio.run(scene(exchange))
    finally:
        channels.close()


async def is_called(exchange: Switch, branch: TrunkOffice, client: Attachment) -> None:
    calling = asyncio.create_task(asyncio.to_thread(exchange.calls, OWN))
    leg = (await client.expect(legs.LegOffered)).leg
    assert leg.dnis == OWN
    await client.done(legs.AnswerLeg(leg=leg.leg))
    await client.expect(legs.LegAnswered, leg.leg)
    await hears_tone(branch, leg)
    await hang_up(client, leg.leg)
    await calling


async def calls(_: Switch, branch: TrunkOffice, client: Attachment) -> None:
    name = client.ids.leg()
    await client.done(legs.PlaceLeg(leg=name, to="5551", contact="contact-1", clid=OWN))
    leg = (await client.expect(legs.LegPlaced, name)).leg
    await client.expect(legs.LegAnswered, name)
    await hears_tone(branch, leg)
    await hang_up(client, name)


async def is_rung(exchange: Switch, branch: TrunkOffice, client: Attachment) -> None:
    calling = asyncio.create_task(asyncio.to_thread(exchange.rings))
    leg = (await client.expect(legs.LegOffered)).leg
    assert (leg.dnis, leg.clid, leg.name) == (OWN, "02512345678", "WANG")
    await client.done(legs.AnswerLeg(leg=leg.leg))
    await client.expect(legs.LegAnswered, leg.leg)
    await hears_tone(branch, leg)
    await asyncio.to_thread(exchange.told, "channel request hangup all")
    released = await client.expect(legs.LegReleased, leg.leg)
    assert (released.cause, released.by) == (16, ReleasedBy.PEER)
    await calling


@pytest.mark.parametrize("story", [is_called, calls])
def test_an_e_and_m_trunk(tmp_path: Path, cable: Cable, story: Story) -> None:
    run(story, tmp_path, cable, E_M, EM)


@pytest.mark.parametrize("story", [is_rung, calls])
def test_an_analogue_line(tmp_path: Path, cable: Cable, story: Story) -> None:
    run(story, tmp_path, cable, EXCHANGE, LINE)
