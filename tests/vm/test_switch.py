# SPDX-License-Identifier: GPL-2.0-only
"""Our line worker against Asterisk as the exchange, by ISDN and by R2 (libopenr2's), over DAHDI's kernel drivers."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from appliance.signalling.pri.link import Side as PriSide
from appliance.wire import legs
from appliance.wire.legs import ReleasedBy
from dsp.g711 import alaw_decode
from tests.media.rig import until
from tests.vm.box import box
from tests.vm.cable import FAR, JITTER_MS, NEAR, SECONDS, Cable
from tests.vm.office import SPAN, Office, office
from tests.vm.switch import PRI, R2, Switch, switch
from tests.wire.conformance import Attachment, attached

pytestmark = [pytest.mark.vm, pytest.mark.timeout(600)]

TONE_HZ = 1004
BLOCK = 160
BLOCKS = 150
SETTLES = 75
FILLING = JITTER_MS // 5 * 3
"""Ticks; laying out has one of its own, and a tick may lie between two readings of the counters."""
Story = Callable[[Switch, Office, Attachment], Awaitable[None]]


@asynccontextmanager
async def by_isdn(folder: Path, cable: Cable, exchange: Switch) -> AsyncIterator[tuple[Office, Attachment]]:
    """The user's side in service, and a controller."""
    async with (
        office(folder, cable, NEAR, PriSide.USER) as branch,
        attached(branch) as client,
    ):
        await branch.in_service(client)
        await asyncio.to_thread(exchange.wait, "pri show spans", "Up, Active")
        yield branch, client


@asynccontextmanager
async def by_r2(folder: Path, cable: Cable, exchange: Switch) -> AsyncIterator[tuple[Office, Attachment]]:
    """A branch's R2 in service, and a controller."""
    cable.ends[NEAR].close()
    async with (
        box(folder / "branch", cable, NEAR, "signalling: r2, variant: br, dnis_digits: 4") as branch,
        attached(branch) as client,
    ):
        await branch.in_service(client)
        await asyncio.to_thread(exchange.wait, "mfcr2 show channels", "IDLE     IDLE")
        yield branch, client


@pytest.fixture(params=[(PRI, by_isdn), (R2, by_r2)], ids=["isdn", "r2"])
def tell(request: pytest.FixtureRequest, tmp_path: Path, cable: Cable) -> Callable[[Story], None]:
    """Run a story with the exchange and the line in service and a controller attached."""
    trunk, in_service = request.param
    cable.ends[FAR].close()  # they are the exchange's

    async def scene(story: Story, exchange: Switch) -> None:
        async with in_service(tmp_path, cable, exchange) as (branch, client):
            await story(exchange, branch, client)
            assert await client.snapshot() == {}

    def run(story: Story) -> None:
        with switch(tmp_path, cable, FAR, trunk) as exchange:
            asyncio.run(scene(story, exchange))

    return run


def purity(octets: bytes) -> float:
    """Share of a block's power that is the tone."""
    sound = alaw_decode(octets)
    angles = [2 * math.pi * TONE_HZ / 8000 * i for i in range(len(sound))]
    cosine = sum(s * math.cos(a) for s, a in zip(sound, angles, strict=True))
    sine = sum(s * math.sin(a) for s, a in zip(sound, angles, strict=True))
    power = sum(s * s for s in sound) or 1
    return 2 * (cosine**2 + sine**2) / len(sound) / power


async def hears_tone(branch: Office, leg: legs.Leg) -> None:
    """Three seconds of the exchange's tone, once its buffers are full: in every block of 20 ms.

    We lose nothing: as many ticks were received as sent, but for those of filling.
    """
    assert leg.port is not None
    branch.side.recorder.engine.record(1, leg.port, leg.port, 0)
    end = branch.side.engine.samples + (BLOCKS + SETTLES + 5) * BLOCK
    await asyncio.to_thread(until, lambda: branch.side.engine.samples >= end, SECONDS)
    branch.side.recorder.engine.stop_recording(1)
    sound = branch.side.recorder.left(1)
    heard = [purity(sound[at : at + BLOCK]) for at in range(0, len(sound) - BLOCK, BLOCK)]
    assert len(heard) >= BLOCKS + SETTLES
    counted = branch.side.engine.span_status(SPAN).counters
    assert [n for n, share in enumerate(heard[-BLOCKS:]) if share < 0.9] == [], counted
    assert (counted.lost, counted.slips, counted.resyncs) == (0, 0, 1)
    assert counted.sent - counted.received <= FILLING


async def hang_up(client: Attachment, leg: str) -> None:
    await client.done(legs.ReleaseLeg(leg=leg))
    released = await client.expect(legs.LegReleased, leg)
    assert (released.cause, released.by) == (16, ReleasedBy.US)


def test_the_exchange_calls_and_its_tone_is_heard(tell: Callable[[Story], None]) -> None:
    async def story(exchange: Switch, branch: Office, client: Attachment) -> None:
        exchange.calls("7001")
        leg = (await client.expect(legs.LegOffered)).leg
        assert leg.dnis == "7001"
        await client.done(legs.AnswerLeg(leg=leg.leg))
        await client.expect(legs.LegAnswered, leg.leg)
        await hears_tone(branch, leg)
        await hang_up(client, leg.leg)

    tell(story)


def test_the_exchange_is_called_and_its_tone_is_heard(tell: Callable[[Story], None]) -> None:
    async def story(_: Switch, branch: Office, client: Attachment) -> None:
        name = client.ids.leg()
        await client.done(legs.PlaceLeg(leg=name, to="5551234", contact="contact-1", clid="7001"))
        leg = (await client.expect(legs.LegPlaced, name)).leg
        await client.expect(legs.LegAnswered, name)
        await hears_tone(branch, leg)
        await hang_up(client, name)

    tell(story)


def test_q850_17_a_busy_subscriber_of_the_exchange(tell: Callable[[Story], None]) -> None:
    async def story(_: Switch, __: Office, client: Attachment) -> None:
        name = client.ids.leg()
        await client.done(legs.PlaceLeg(leg=name, to="95588", contact="contact-1", clid="7001"))
        released = await client.expect(legs.LegReleased, name)
        assert (released.cause, released.by) == (17, ReleasedBy.PEER)

    tell(story)
