# SPDX-License-Identifier: GPL-2.0-only
"""The line worker on a span of kind R2: every rule of the leg protocol, and what only such a span does."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from appliance.line.channels import Order
from appliance.media.events import ToneKind
from appliance.wire import legs
from appliance.wire.legs import Bearer, ReleasedBy
from appliance.wire.spans import ChannelState, Span, SpanChanged
from drivers.model import Timeslot
from tests.line.r2_exchange import ExchangeCall, R2Bench, started
from tests.wire import conformance
from tests.wire.conformance import CLID, DNIS, Attachment, attached

pytestmark = pytest.mark.system


@pytest.mark.parametrize("rule", conformance.RULES, ids=conformance.name)
def test_line_worker_of_r2(rule: conformance.Rule, tmp_path: Path) -> None:
    @asynccontextmanager
    async def far_end() -> AsyncIterator[conformance.FarEnd]:
        async with started(tmp_path) as bench:
            yield bench.exchange
            await asyncio.wait_for(bench.exchange.idle(), 10)
            assert not bench.engine.open, "a port was left open"

    conformance.check(rule, far_end)


def run(story: Callable[[R2Bench, Attachment], Awaitable[None]], folder: Path) -> None:
    """A story with a worker in service and a controller attached; it leaves no call behind."""

    async def scene() -> None:
        async with started(folder) as bench, attached(bench.exchange) as client:
            await story(bench, client)
            await bench.exchange.idle()
            assert await client.snapshot() == {}
            assert not bench.engine.open

    asyncio.run(scene())


async def span(client: Attachment, wanted: Callable[[Span], bool]) -> Span:
    """The first SpanChanged that is as wanted."""
    while True:
        told = (await client.expect(SpanChanged)).span
        if wanted(told):
            return told


async def talk(bench: R2Bench, client: Attachment) -> tuple[legs.Leg, ExchangeCall]:
    call = await bench.exchange.call(DNIS, CLID)
    leg = (await client.expect(legs.LegOffered)).leg
    await client.done(legs.AnswerLeg(leg=leg.leg))
    await call.hears("answered")
    return leg, call


def test_the_caller_s_number_is_presented_and_billed(tmp_path: Path) -> None:
    async def story(bench: R2Bench, client: Attachment) -> None:
        leg, call = await talk(bench, client)
        assert (leg.dnis, leg.clid, leg.ani, leg.category) == (DNIS, CLID, CLID, "ordinary")
        assert bench.engine.plans[leg.port or 0] == (64, 0.0, 0.0)
        assert not bench.engine.limits
        assert leg.channel == f"span 1 timeslot {call.timeslot}"
        await call.release(16)
        await client.expect(legs.LegReleased, leg.leg)

    run(story, tmp_path)


def test_a_number_that_r2_cannot_say_is_refused(tmp_path: Path) -> None:
    async def story(_: R2Bench, client: Attachment) -> None:
        for to, complete in (("95*88", True), ("9558", False)):
            place = legs.PlaceLeg(leg=client.ids.leg(), to=to, contact="contact-1", complete=complete)
            await client.refused(place, "leg.number")

    run(story, tmp_path)


def test_the_register_allows_no_sound_of_ours(tmp_path: Path) -> None:
    async def story(bench: R2Bench, client: Attachment) -> None:
        call = await bench.exchange.call(DNIS, CLID)
        leg = (await client.expect(legs.LegOffered)).leg
        await client.refused(legs.ProceedLeg(leg=leg.leg, contact="contact-1", inband=True), "leg.state")
        await client.refused(legs.ReleaseLeg(leg=leg.leg, cause=1, inband=True), "leg.state")
        await client.done(legs.AlertLeg(leg=leg.leg, inband=True))
        await call.hears("alerting")
        assert not bench.engine.tones, "the far end's own tone is bridged to the caller"
        await call.release(16)
        await client.expect(legs.LegReleased, leg.leg)

    run(story, tmp_path)


def test_the_caller_hears_the_country_s_ringing_tone_from_the_alert_to_the_answer(tmp_path: Path) -> None:
    async def story(bench: R2Bench, client: Attachment) -> None:
        call = await bench.exchange.call(DNIS, CLID)
        leg = (await client.expect(legs.LegOffered)).leg
        assert not bench.engine.tones
        await client.done(legs.AlertLeg(leg=leg.leg))
        assert bench.engine.tones == {leg.port: (ToneKind.RINGBACK, "cn")}
        await client.done(legs.AnswerLeg(leg=leg.leg))
        await call.hears("answered")
        assert not bench.engine.tones
        await call.release(16)
        await client.expect(legs.LegReleased, leg.leg)

    run(story, tmp_path)


def test_a_data_call_is_refused_for_r2_has_no_bearer_capability(tmp_path: Path) -> None:
    async def story(_: R2Bench, client: Attachment) -> None:
        place = legs.PlaceLeg(leg=client.ids.leg(), to="10086", contact="c", bearer=Bearer.UNRESTRICTED)
        await client.done(place)
        assert (await client.expect(legs.LegReleased, place.leg)).cause == 65

    run(story, tmp_path)


def test_the_called_end_reads_our_number_and_the_caller_s(tmp_path: Path) -> None:
    async def story(bench: R2Bench, client: Attachment) -> None:
        leg, call = await conformance.placed(client, bench.exchange)
        assert call.offered is not None  # type: ignore[attr-defined]
        assert (call.offered.dnis, call.offered.clid) == ("10086", "8001")  # type: ignore[attr-defined]
        await client.done(legs.ReleaseLeg(leg=leg.leg))
        await client.expect(legs.LegReleased, leg.leg)

    run(story, tmp_path)


def test_red_ends_every_leg_with_cause_27_and_blocks_all_until_bits_come_again(tmp_path: Path) -> None:
    async def story(bench: R2Bench, client: Attachment) -> None:
        leg, call = await talk(bench, client)
        bench.engine.cut()
        released = await client.expect(legs.LegReleased, leg.leg)
        assert (released.cause, released.by) == (27, ReleasedBy.FAULT)
        await span(client, lambda told: set(told.channels.values()) == {ChannelState.BLOCKED})
        await call.release(16)
        bench.engine.mend()
        for timeslot in bench.exchange.channels:
            bench.engine.tell_bits_again(Timeslot(0, timeslot).port)
        await span(client, lambda told: set(told.channels.values()) == {ChannelState.IDLE})

    run(story, tmp_path)


def test_a_restarted_worker_lets_go_of_its_calls_and_frees_the_channels(tmp_path: Path) -> None:
    async def story() -> None:
        async with started(tmp_path) as bench:
            async with attached(bench.exchange) as client:
                _, call = await talk(bench, client)
            await bench.restart_worker()
            async with attached(bench.exchange) as client:
                await call.hears("released")
                told = await span(client, lambda told: set(told.channels.values()) == {ChannelState.IDLE})
                assert told.d_channel_up
                leg, call = await talk(bench, client)
                await client.done(legs.ReleaseLeg(leg=leg.leg))
                await call.hears("released")

    asyncio.run(story())


@pytest.mark.parametrize(("order", "taken"), [(Order.ASCENDING, [1, 2]), (Order.DESCENDING, [31, 30])])
def test_calls_out_take_circuits_in_the_span_s_order(tmp_path: Path, order: Order, taken: list[int]) -> None:
    async def scene() -> None:
        async with started(tmp_path, order=order) as bench, attached(bench.exchange) as client:
            placed = [await conformance.placed(client, bench.exchange) for _ in taken]
            assert [leg.channel for leg, _ in placed] == [f"span 1 timeslot {timeslot}" for timeslot in taken]
            for leg, call in placed:
                await client.done(legs.ReleaseLeg(leg=leg.leg))
                await client.expect(legs.LegReleased, leg.leg)
                await call.hears("released")

    asyncio.run(scene())


def test_a_seized_channel_is_busy_before_its_number_has_come(tmp_path: Path) -> None:
    async def story(bench: R2Bench, client: Attachment) -> None:
        bench.exchange.mute = True
        call = await bench.exchange.call(DNIS, CLID)
        await span(client, lambda told: told.channels[call.timeslot] is ChannelState.BUSY)
        await call.release(16)
        await span(client, lambda told: set(told.channels.values()) == {ChannelState.IDLE})
        await client.quiet(legs.LegOffered)

    run(story, tmp_path)
