# SPDX-License-Identifier: GPL-2.0-only
"""The line process over a real engine and CESoPSN: the leg protocol, a cut E1 with the true T309, kill -9."""

import asyncio
from pathlib import Path

import pytest

from appliance.media.events import Client, ToneKind
from appliance.signalling.pri.link import Profile
from appliance.wire import legs
from appliance.wire.legs import ReleasedBy
from appliance.wire.spans import Alarm, ChannelState, Span, SpanChanged
from tests.line.far_end import NetworkCall
from tests.line.site import SPAN, Site, lines_started, started
from tests.wire import conformance
from tests.wire.conformance import Attachment, attached

pytestmark = pytest.mark.system

LOUD_DBM0 = -30.0


async def talk(site: Site, client: Attachment, channel: int | None = None) -> tuple[legs.Leg, NetworkCall]:
    call = await site.network.call("95588", "02512345678", channel)
    leg = (await client.expect(legs.LegOffered)).leg
    await client.done(legs.AnswerLeg(leg=leg.leg))
    await client.expect(legs.LegAnswered, leg.leg)
    await call.hears("answered")
    return leg, call


async def until(client: Attachment, seconds: float, kind: Alarm | None) -> Span:
    """The span once it has that alarm, or every channel usable or used; within so many seconds."""
    async with asyncio.timeout(seconds):
        while True:
            told = (await client.next()).body
            if not isinstance(told, SpanChanged):
                continue
            if kind in told.span.alarms or (
                kind is None and told.span.d_channel_up and ChannelState.BLOCKED not in told.span.channels.values()
            ):
                return told.span


async def heard_dbm0(site: Site, port: int) -> float:
    """What the box hears on a port, once a second of it has passed."""
    await asyncio.sleep(1.2)
    return site.near.engine(Client.MONITOR).port_status(port).rx_dbm0


PROCESS_RULES = [
    rule
    for rule in conformance.RULES
    if rule not in (conformance.an_orphan_is_released, conformance.a_controller_that_comes_back_in_time_keeps_its_legs)
]  # these two wait for 30 s in the product; test_conformance.py runs them with less


def test_the_process_keeps_the_leg_protocol(tmp_path: Path) -> None:
    async def scene() -> None:
        async with started(tmp_path) as site:
            for rule in PROCESS_RULES:
                await rule(site.network)
            assert site.network.holds == 0

    asyncio.run(scene())


def test_q931_5_8_9_a_cut_of_2_s_is_survived_and_one_of_10_s_clears_with_cause_27(tmp_path: Path) -> None:
    async def scene() -> None:
        async with started(tmp_path) as site, attached(site.network) as client:
            talks = [await talk(site, client, channel) for channel in (1, 17)]
            sounding = talks[0][0].port
            assert sounding is not None
            exchange = site.far.engine
            exchange.open_timeslot(SPAN * 32 + 1)
            exchange.tone(SPAN * 32 + 1, ToneKind.DIAL)
            assert await heard_dbm0(site, sounding) > LOUD_DBM0

            site.relay.cut = True
            await until(client, 1.0, Alarm.RED)
            await asyncio.sleep(1.2)
            site.relay.cut = False
            await until(client, 4.0, None)
            assert len(await client.snapshot()) == 2, "the calls live"
            assert await heard_dbm0(site, sounding) > LOUD_DBM0, "and their sound is back"

            site.relay.cut = True
            began = asyncio.get_running_loop().time()
            for leg, call in talks:
                released = await client.expect(legs.LegReleased, leg.leg)
                assert (released.cause, released.by) == (27, ReleasedBy.FAULT)
                assert await call.hears("released") == 27
            cleared_s = asyncio.get_running_loop().time() - began
            assert 6.0 < cleared_s < 7.5, f"T309 is 6 s and RED comes after 0.5 s; cleared after {cleared_s:.1f} s"
            await asyncio.sleep(10.0 - cleared_s)
            site.relay.cut = False
            await until(client, 5.0, None)
            leg, call = await talk(site, client, 1)
            await client.done(legs.ReleaseLeg(leg=leg.leg))
            await call.hears("released")
            assert site.network.holds == 0

    asyncio.run(scene())


def test_a_t1_of_the_configuration_takes_a_call_and_its_tone_has_its_level(tmp_path: Path) -> None:
    async def scene() -> None:
        async with started(tmp_path, "t1", Profile.NATIONAL) as site, attached(site.network) as client:
            told = await until(client, 5.0, None)
            assert set(told.channels) == set(range(1, 24)), "23 channels, D-channel 24"
            leg, call = await talk(site, client, 23)
            assert leg.port is not None
            exchange = site.far.engine
            exchange.open_timeslot(leg.port)
            exchange.tone(leg.port, ToneKind.DIAL)
            heard = await heard_dbm0(site, leg.port)
            assert heard == pytest.approx(exchange.port_status(leg.port).tx_dbm0, abs=1.0)
            assert heard > LOUD_DBM0
            await client.done(legs.ReleaseLeg(leg=leg.leg))
            await call.hears("released")
            assert site.network.holds == 0

    asyncio.run(scene())


def test_kill_9_ends_the_workers_calls_on_the_far_side_too(tmp_path: Path) -> None:
    async def scene() -> None:
        async with started(tmp_path) as site:
            async with attached(site.network) as client:
                calls = [(await talk(site, client))[1] for _ in range(5)]
                site.network.restarted.clear()
                await site.kill_worker()
            await site.start_worker()
            for call in calls:
                assert await call.hears("released") in (41, 101)
            await site.network.every_channel_restarted()
            async with attached(site.network) as client:
                assert await client.snapshot() == {}
                told = await until(client, 5.0, None)
                assert set(told.channels.values()) == {ChannelState.IDLE}, "0 stuck channels"
                leg, call = await talk(site, client)
                await client.done(legs.ReleaseLeg(leg=leg.leg))
                await call.hears("released")

    asyncio.run(scene())


def test_kill_9_ends_no_call_of_another_span(tmp_path: Path) -> None:
    """Each span's worker is a process of its own; what is heard on the other span goes on meanwhile."""

    async def scene() -> None:
        async with lines_started(tmp_path, 2) as (site, other), attached(other.network) as client:
            leg, call = await talk(other, client, 1)
            assert leg.channel.startswith("span 2 ")
            assert leg.port is not None
            exchange = other.far.engine
            exchange.open_timeslot(SPAN * 32 + 1)
            exchange.tone(SPAN * 32 + 1, ToneKind.DIAL)
            async with attached(site.network) as dying:
                await talk(site, dying)
                await site.kill_worker()
            await site.start_worker()
            await site.network.every_channel_restarted()
            assert await heard_dbm0(other, leg.port) > LOUD_DBM0
            assert list(await client.snapshot()) == [leg.leg]
            await call.release(17)
            assert (await client.expect(legs.LegReleased, leg.leg)).cause == 17

    asyncio.run(scene())
