# SPDX-License-Identifier: GPL-2.0-only
"""What only a line does: channels, glare, progress, restarts, alarms, T309. An exchange by hand at the far end."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from appliance.signalling.pri.link import Link
from appliance.wire import legs
from appliance.wire.alarms import AlarmCleared, AlarmRaised
from appliance.wire.legs import Bearer, LegState, ReleasedBy
from appliance.wire.spans import Alarm, ChannelState, Span, SpanChanged
from drivers.model import Timeslot
from tests.line.bench import TIMERS, Bench, started
from tests.line.far_end import BEARERS, NetworkCall
from tests.wire.conformance import Attachment, attached

pytestmark = pytest.mark.system

Story = Callable[[Bench, Attachment], Awaitable[None]]


@pytest.fixture
def tell(tmp_path: Path) -> Callable[[Story], None]:
    """Run a story with a worker in service and a controller attached."""

    def run(story: Story) -> None:
        async def scene() -> None:
            async with started(tmp_path) as bench, attached(bench.network) as client:
                await story(bench, client)
                assert bench.network.holds == 0
                assert await client.snapshot() == {}
                assert not bench.engine.open

        asyncio.run(scene())

    return run


async def span(client: Attachment, wanted: Callable[[Span], bool]) -> Span:
    """The first SpanChanged that is as wanted."""
    while True:
        told = (await client.expect(SpanChanged)).span
        if wanted(told):
            return told


def in_service(told: Span) -> bool:
    return set(told.channels.values()) == {ChannelState.IDLE} and told.d_channel_up


async def talk(bench: Bench, client: Attachment, channel: int | None = None) -> tuple[legs.Leg, NetworkCall]:
    """A call from the network, answered."""
    call = await bench.network.call("95588", "1001", channel)
    leg = (await client.expect(legs.LegOffered)).leg
    await client.done(legs.AnswerLeg(leg=leg.leg))
    await client.expect(legs.LegAnswered, leg.leg)
    await call.hears("answered")
    return leg, call


async def hang_up(client: Attachment, leg: legs.Leg, call: NetworkCall) -> None:
    await client.done(legs.ReleaseLeg(leg=leg.leg))
    await client.expect(legs.LegReleased, leg.leg)
    await call.hears("released")


def test_call_proceeding_goes_out_at_once_even_with_nobody_above(tmp_path: Path) -> None:
    async def scene() -> None:
        async with started(tmp_path) as bench:
            call = await bench.network.call("95588", "1001")
            await call.hears("proceeding")
            await call.release(16)
            await call.hears("released")

    asyncio.run(scene())


def test_a_leg_is_told_with_timeslot_port_and_numbers(tell: Callable[[Story], None]) -> None:
    async def story(bench: Bench, client: Attachment) -> None:
        call = await bench.network.call("95588", "02512345678", 17, verified=True)
        leg = (await client.expect(legs.LegOffered)).leg
        assert (leg.port, leg.channel) == (Timeslot(0, 17).port, "span 1 timeslot 17")
        assert (leg.dnis, leg.clid, leg.ani) == ("95588", "02512345678", "02512345678")
        assert leg.port in bench.engine.open, "the port is open before the leg is announced"
        await hang_up(client, leg, call)

    tell(story)


def test_q931_4_5_10_a_restricted_number_is_no_clid_but_still_ani(tell: Callable[[Story], None]) -> None:
    async def story(bench: Bench, client: Attachment) -> None:
        call = await bench.network.call("95588", "02512345678", presented=False, verified=True)
        leg = (await client.expect(legs.LegOffered)).leg
        assert (leg.clid, leg.ani) == (None, "02512345678")
        await hang_up(client, leg, call)

    tell(story)


@pytest.mark.parametrize(("channel", "cause"), [(5, 44), (16, 82)], ids=["busy", "the D-channel"])
def test_q931_5_2_3_a_channel_that_cannot_be_had(tell: Callable[[Story], None], channel: int, cause: int) -> None:
    async def story(bench: Bench, client: Attachment) -> None:
        leg, first = await talk(bench, client, 5)
        second = await bench.network.call("95588", "1002", channel)
        assert await second.hears("released") == cause
        assert list(await client.snapshot()) == [leg.leg], "no double leg"
        await hang_up(client, leg, first)

    tell(story)


def test_q931_5_2_3_a_preferred_channel_is_changed(tell: Callable[[Story], None]) -> None:
    async def story(bench: Bench, client: Attachment) -> None:
        leg, first = await talk(bench, client, 5)
        second = await bench.network.call("95588", "1002", 5, exclusive=False)
        other = (await client.expect(legs.LegOffered)).leg
        assert other.port != leg.port
        await hang_up(client, other, second)
        await hang_up(client, leg, first)

    tell(story)


def test_a_data_call_is_refused(tell: Callable[[Story], None]) -> None:
    async def story(bench: Bench, client: Attachment) -> None:
        call = await bench.network.call("95588", "1001", bearer=Bearer.UNRESTRICTED)
        assert await call.hears("released") == 65
        await client.quiet(legs.LegOffered)

    tell(story)


def test_q931_5_7_in_glare_the_call_from_the_network_goes_first(tell: Callable[[Story], None]) -> None:
    async def story(bench: Bench, client: Attachment) -> None:
        on_the_way: list[bytes] = []
        bench.engine.far = on_the_way.append
        placed = client.ids.leg()
        await client.done(legs.PlaceLeg(leg=placed, to="10086", contact="contact-1"))
        assert (await client.expect(legs.LegPlaced)).leg.channel == "span 1 timeslot 31"
        call = await bench.network.call("95588", "1001", 31)
        leg = (await client.expect(legs.LegOffered)).leg
        assert leg.channel == "span 1 timeslot 31"
        bench.engine.far = bench.network.receive
        for frame in on_the_way:
            bench.network.receive(frame)
        await (await bench.network.called()).release(44)
        assert (await client.expect(legs.LegReleased, placed)).cause == 44
        await client.done(legs.AnswerLeg(leg=leg.leg))
        await call.hears("answered")
        await hang_up(client, leg, call)

    tell(story)


def test_progress_indicator_8_is_sound_before_the_answer(tell: Callable[[Story], None]) -> None:
    async def story(bench: Bench, client: Attachment) -> None:
        leg = client.ids.leg()
        await client.done(legs.PlaceLeg(leg=leg, to="10086", contact="contact-1", clid="95588"))
        call = await bench.network.called()
        assert call.dnis == "10086"
        await call.proceed()
        await client.expect(legs.LegProceeding, leg)
        await call.alert(inband=True)
        assert (await client.expect(legs.LegAlerting, leg)).inband
        await call.release(16)
        await client.expect(legs.LegReleased, leg)

    tell(story)


def test_no_channel_is_cause_34(tell: Callable[[Story], None]) -> None:
    async def story(bench: Bench, client: Attachment) -> None:
        talks = [await talk(bench, client) for _ in range(30)]
        leg = client.ids.leg()
        await client.done(legs.PlaceLeg(leg=leg, to="10086", contact="contact-1"))
        released = await client.expect(legs.LegReleased, leg)
        assert (released.cause, released.by) == (34, ReleasedBy.FAULT)
        for one, call in talks:
            await hang_up(client, one, call)
        await span(client, in_service)

    tell(story)


def test_a_transfer_is_asked_for_two_answered_legs_and_loses_nothing(tell: Callable[[Story], None]) -> None:
    """This exchange has no transfer: both legs stay as they are."""

    async def story(bench: Bench, client: Attachment) -> None:
        leg, call = await talk(bench, client, 5)
        other, second = await talk(bench, client, 6)
        await client.done(legs.TransferLeg(leg=leg.leg, to=other.leg))
        ringing = await bench.network.call("95588", "1003", 7)
        third = (await client.expect(legs.LegOffered)).leg
        await client.refused(legs.TransferLeg(leg=leg.leg, to=third.leg), "leg.transfer")
        await client.refused(legs.TransferLeg(leg=leg.leg, to=leg.leg), "leg.transfer")
        await client.refused(legs.TransferLeg(leg=leg.leg, to="nobody"), "leg.unknown")
        assert {told.state for name, told in (await client.snapshot()).items() if name != third.leg} == {
            LegState.ANSWERED
        }
        for one, far in ((leg, call), (other, second), (third, ringing)):
            await hang_up(client, one, far)

    tell(story)


@pytest.mark.parametrize(
    ("order", "code"),
    [
        (legs.PlaceLeg(leg="l", to="10086", contact="c", trunk="nowhere"), "leg.trunk"),
        (legs.PlaceLeg(leg="l", to="9" * 40, contact="c"), "leg.number"),
    ],
)
def test_an_order_that_cannot_be_is_refused(tell: Callable[[Story], None], order: legs.PlaceLeg, code: str) -> None:
    async def story(_: Bench, client: Attachment) -> None:
        await client.refused(order, code)

    tell(story)


def test_q931_5_1_3_a_number_grows_until_it_proceeds(tell: Callable[[Story], None]) -> None:
    async def story(bench: Bench, client: Attachment) -> None:
        leg = client.ids.leg()
        await client.done(legs.PlaceLeg(leg=leg, to="100", contact="contact-1", complete=False))
        call = await bench.network.called()
        assert call.dnis == "100"
        bench.network.do(lambda link: link.setup_acknowledge(call.number))
        await client.done(legs.DialLeg(leg=leg, digits="8"))
        await client.refused(legs.DialLeg(leg=leg, digits="A"), "leg.number")
        await client.done(legs.DialLeg(leg=leg, digits="6", complete=True))
        assert call.dnis == "10086"
        await call.proceed()
        await client.expect(legs.LegProceeding, leg)
        await client.refused(legs.DialLeg(leg=leg, digits="1"), "leg.state")
        await client.refused(legs.DialLeg(leg="nobody", digits="1"), "leg.unknown")
        await call.release(16)
        await client.expect(legs.LegReleased, leg)

    tell(story)


def test_a_user_s_side_has_sound_before_the_answer_and_none_after_its_release(tell: Callable[[Story], None]) -> None:
    async def story(bench: Bench, client: Attachment) -> None:
        call = await bench.network.call("95588", "1001", 5)
        leg = (await client.expect(legs.LegOffered)).leg
        await client.done(legs.ProceedLeg(leg=leg.leg, contact="contact-1", inband=True))
        await call.hears("progress")
        assert (await client.snapshot())[leg.leg].contact == "contact-1"
        await client.refused(legs.ReleaseLeg(leg=leg.leg, cause=1, inband=True), "leg.state")
        await client.done(legs.AlertLeg(leg=leg.leg, inband=True))
        await call.hears("alerting")
        await client.refused(legs.ProceedLeg(leg=leg.leg, contact="contact-1", inband=True), "leg.state")
        await hang_up(client, leg, call)
        await client.done(legs.ReleaseLeg(leg=leg.leg, inband=True))

    tell(story)


def test_a_hundred_calls_on_thirty_channels_leave_nothing_stuck(tell: Callable[[Story], None]) -> None:
    async def story(bench: Bench, client: Attachment) -> None:
        for batch in range(4):
            talks = [await talk(bench, client) for _ in range(25)]
            for n, (leg, call) in enumerate(talks):
                if (n + batch) % 2:
                    await call.release(16)
                    await client.expect(legs.LegReleased, leg.leg)
                else:
                    await hang_up(client, leg, call)
        told = await span(client, in_service)
        assert set(told.channels) == BEARERS

    tell(story)


def test_q931_5_5_2_a_restart_from_the_exchange_ends_the_channels_leg(tell: Callable[[Story], None]) -> None:
    async def story(bench: Bench, client: Attachment) -> None:
        leg, _ = await talk(bench, client, 5)
        kept, call = await talk(bench, client, 6)
        bench.network.do(lambda link: link.restart([5]))
        released = await client.expect(legs.LegReleased, leg.leg)
        assert (released.cause, released.by) == (41, ReleasedBy.FAULT)
        await hang_up(client, kept, call)

    tell(story)


def test_a_full_command_ring_delays_and_loses_nothing(tell: Callable[[Story], None]) -> None:
    async def story(bench: Bench, client: Attachment) -> None:
        bench.engine.busy = True
        call = await bench.network.call("95588", "1001", 5)
        leg = (await client.expect(legs.LegOffered)).leg
        await client.done(legs.AnswerLeg(leg=leg.leg))
        bench.engine.busy = False
        await call.hears("answered")
        assert bench.engine.log == [("open", 5)]
        assert bench.engine.plans == {5: (64, -3.0, 1.5)}
        assert bench.engine.limits == {5: ("NTT", -38.0)}
        await hang_up(client, leg, call)

    tell(story)


def test_a_port_that_the_engine_cannot_open_ends_the_leg(tell: Callable[[Story], None]) -> None:
    async def story(bench: Bench, client: Attachment) -> None:
        bench.engine.refuse_open = True
        call = await bench.network.call("95588", "1001", 5)
        leg = (await client.expect(legs.LegOffered)).leg
        released = await client.expect(legs.LegReleased, leg.leg)
        assert (released.cause, released.by) == (41, ReleasedBy.FAULT)
        assert await call.hears("released") == 41

    tell(story)


class TestLineFailure:
    """Q.931 §5.8.9 with T309 = 0.6 s and RED after 0.1 s."""

    def test_a_short_cut_blocks_idle_channels_and_keeps_the_call(self, tell: Callable[[Story], None]) -> None:
        async def story(bench: Bench, client: Attachment) -> None:
            leg, call = await talk(bench, client, 5)
            bench.engine.cut()
            told = await span(client, lambda told: Alarm.RED in told.alarms)
            assert told.channels[5] is ChannelState.BUSY
            assert {told.channels[other] for other in BEARERS - {5}} == {ChannelState.BLOCKED}
            assert (await client.expect(AlarmRaised)).code == "span.red"
            await asyncio.sleep(TIMERS.t309_s / 2)
            bench.engine.mend()
            assert (await client.expect(AlarmCleared)).code == "span.red"
            await span(client, lambda told: told.d_channel_up)
            assert (await client.snapshot())[leg.leg].state is LegState.ANSWERED
            assert not call.heard("released")
            await hang_up(client, leg, call)
            await span(client, in_service)

        tell(story)

    def test_t309_clears_every_call_on_both_sides_with_cause_27(self, tell: Callable[[Story], None]) -> None:
        async def story(bench: Bench, client: Attachment) -> None:
            talks = [await talk(bench, client, channel) for channel in (1, 2, 31)]
            restarted = len(bench.network.restarted)
            bench.engine.cut()
            for leg, call in talks:
                released = await client.expect(legs.LegReleased, leg.leg)
                assert (released.cause, released.by) == (27, ReleasedBy.FAULT)
                assert await call.hears("released") == 27
            assert not bench.engine.open
            bench.engine.mend()
            await span(client, in_service)
            assert bench.network.restarted[restarted:] == [1, 2, 31], "channels in doubt are restarted"
            leg, call = await talk(bench, client)
            await hang_up(client, leg, call)

        tell(story)

    def test_a_ringing_call_ends_at_once(self, tell: Callable[[Story], None]) -> None:
        async def story(bench: Bench, client: Attachment) -> None:
            call = await bench.network.call("95588", "1001", 5)
            leg = (await client.expect(legs.LegOffered)).leg
            bench.engine.cut()
            released = await client.expect(legs.LegReleased, leg.leg)
            assert (released.cause, released.by) == (27, ReleasedBy.FAULT)
            await call.hears("released")
            bench.engine.mend()
            await span(client, in_service)

        tell(story)

    def test_a_call_out_finds_no_channel(self, tell: Callable[[Story], None]) -> None:
        async def story(bench: Bench, client: Attachment) -> None:
            bench.engine.cut()
            await span(client, lambda told: Alarm.RED in told.alarms)
            leg = client.ids.leg()
            await client.done(legs.PlaceLeg(leg=leg, to="10086", contact="contact-1"))
            assert (await client.expect(legs.LegReleased, leg)).cause == 34
            bench.engine.mend()
            await span(client, in_service)

        tell(story)

    def test_alarms_stand_in_the_snapshot(self, tell: Callable[[Story], None]) -> None:
        async def story(bench: Bench, client: Attachment) -> None:
            bench.engine.cut()
            await client.expect(AlarmRaised)
            async with attached(bench.network, "observer") as late:
                assert (await late.expect(AlarmRaised)).address == "span 1"
            bench.engine.mend()
            await span(client, in_service)

        tell(story)


def test_after_the_workers_death_the_far_end_lets_go_of_its_calls(tmp_path: Path) -> None:
    async def scene() -> None:
        async with started(tmp_path) as bench:
            async with attached(bench.network) as client:
                calls = [(await talk(bench, client))[1] for _ in range(5)]
                bench.network.restarted.clear()
                await bench.restart_worker()
            for call in calls:
                assert await call.hears("released") in (41, 101)  # by RESTART, or by STATUS of a call we do not know
            await bench.in_service()
            assert not bench.engine.open, "the predecessor's ports are closed"
            async with attached(bench.network) as client:
                assert await client.snapshot() == {}
                await span(client, in_service)
                leg, call = await talk(bench, client, 1)
                await hang_up(client, leg, call)
            assert bench.network.holds == 0

    asyncio.run(scene())


def test_a_call_on_a_channel_that_waits_for_its_restart_is_taken(tmp_path: Path) -> None:
    async def scene() -> None:
        async with started(tmp_path) as bench:
            bench.network.restarted.clear()
            bench.network.up.clear()
            bench.network.do(Link.deactivate)
            bench.network.do(Link.activate)
            await bench.restart_worker()
            await bench.network.up.wait()
            call = await bench.network.call("95588", "1001", 31)
            await call.hears("proceeding")
            assert 31 not in bench.network.restarted
            await call.release(16)
            await call.hears("released")

    asyncio.run(scene())
