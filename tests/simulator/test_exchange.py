# SPDX-License-Identifier: GPL-2.0-only
"""The exchange against a bare subscriber over CESoPSN on loopback: real engines, real libpri, real sound."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import pytest

from appliance.signalling.pri import events
from appliance.simulator.caller import (
    BUSY,
    NO_ANSWER,
    Answerer,
    AwaitAnswer,
    AwaitCue,
    AwaitQuiet,
    AwaitRelease,
    AwaitSound,
    HangUp,
    Key,
    Rest,
    Script,
    Talk,
)
from appliance.simulator.channels import BEARERS
from appliance.simulator.exchange import Exchange, ExchangeSettings
from appliance.simulator.relay import Faults, Relay
from appliance.wire.legs import Direction, ReleasedBy
from drivers.model import Alarm
from tests.ports import HOST, free_port
from tests.simulator.subscriber import ANSWERED, REFUSED, RINGING, SILENT, Subscriber
from tests.sound.alaw import encode
from tests.sound.compare import compare
from tests.sound.speech import speech, write_wav

pytestmark = pytest.mark.system

CLID = "02512345678"
STALL_MS = 8
"""A tick later than this, in threads without real-time priority, may use up the 10 ms jitter buffer: measured again."""
Story = Callable[[Exchange, Subscriber], Awaitable[None]]


def play_out(story: Story, *, relay: Faults | None = None, t309_s: float = 6.0) -> None:
    """Run one story on a line of its own."""
    asyncio.run(_play_out(story, relay, t309_s))


async def _play_out(story: Story, faults: Faults | None, t309_s: float) -> None:
    near, far = (HOST, free_port()), (HOST, free_port())
    relay = Relay(near, far, seed=7) if faults is not None else None
    to_far, to_near = (relay.door_a, relay.door_b) if relay else (far, near)
    exchange = Exchange(ExchangeSettings(near, to_far, t309_s=t309_s, settling_s=0))
    subscriber = Subscriber(far, to_near, t309_s)
    try:
        await exchange.start()
        await exchange.in_service()
        await _until(lambda: subscriber.established)
        if relay and faults:
            relay.faults = faults
        await story(exchange, subscriber)
    finally:
        await exchange.close()
        await subscriber.close()
        if relay:
            relay.close()


def _stall_ms(exchange: Exchange, subscriber: Subscriber) -> float:
    return max(end.engine_status().worst_lateness_us for end in (exchange, subscriber)) / 1000


def _play_out_in_time(story: Story, told: list[str]) -> None:
    """Again, up to three times, as long as the story has told of a stall and judged nothing."""
    for _ in range(3):
        told.clear()
        play_out(story)
        if not told:
            return
    pytest.fail(f"the machine stalled for more than {STALL_MS} ms three times: {told}")


async def _until(true: Callable[[], bool], within_s: float = 5.0) -> None:
    async with asyncio.timeout(within_s):
        while not true():  # noqa: ASYNC110 - what is waited for belongs to no event loop
            await asyncio.sleep(0.01)


def test_q931_5_1_call_to_the_branch_with_clid_and_dnis() -> None:
    async def story(exchange: Exchange, subscriber: Subscriber) -> None:
        result = await exchange.call(ANSWERED, CLID, Script((AwaitAnswer(), Rest(0.1), HangUp(31))))
        offered = next(event for event in subscriber.log if isinstance(event, events.SetupReceived))
        assert (offered.dnis, offered.clid, offered.channel) == (ANSWERED, CLID, result.timeslot)
        assert result.unmet is None
        assert result.proceeding
        assert result.alerting
        assert result.answered
        moments = (result.began, result.proceeding, result.alerting, result.answered, result.released, result.cleared)
        assert [m.ns for m in moments] == sorted(m.ns for m in moments)
        assert [m.sample for m in moments] == sorted(m.sample for m in moments)
        assert result.answered.ns - result.began.ns < 500e6
        assert result.released.sample - result.answered.sample == pytest.approx(800, abs=160)
        assert (result.cause, result.by, result.direction) == (31, ReleasedBy.US, Direction.INCOMING)
        assert subscriber.causes(events.DisconnectReceived) == [31]
        assert exchange.busy_channels() == ()
        assert subscriber.active() == 0

    play_out(story)


def test_q931_5_3_the_branch_clears_and_the_robot_learns_the_cause() -> None:
    async def story(exchange: Exchange, subscriber: Subscriber) -> None:
        subscriber.clears_after_s = 0.1
        result = await exchange.call(ANSWERED, CLID, Script((AwaitAnswer(), AwaitRelease())))
        assert (result.cause, result.by, result.unmet) == (31, ReleasedBy.PEER, None)
        await exchange.all_cleared()

    play_out(story)


@pytest.mark.parametrize("cause", [1, 17, 34])
def test_q931_5_2_5_the_branch_refuses(cause: int) -> None:
    async def story(exchange: Exchange, _: Subscriber) -> None:
        result = await exchange.call(f"{REFUSED}{cause:02}", CLID, Script((AwaitAnswer(),)))
        assert (result.cause, result.by) == (cause, ReleasedBy.PEER)
        assert result.unmet == "step 1 AwaitAnswer: released while calling"
        assert result.answered is None
        assert exchange.busy_channels() == ()

    play_out(story)


def test_a_caller_gives_up_on_a_branch_that_does_not_answer() -> None:
    async def story(exchange: Exchange, subscriber: Subscriber) -> None:
        ringing = await exchange.call(RINGING, CLID, Script((AwaitAnswer(within_s=0.3),)))
        assert ringing.unmet == "step 1 AwaitAnswer: timed out while calling"
        assert (ringing.alerting is not None, ringing.by) == (True, ReleasedBy.US)
        abandoned = await exchange.call(SILENT, CLID, Script((Rest(0.2), HangUp(16))))
        assert (abandoned.unmet, abandoned.alerting, abandoned.cause) == (None, None, 16)
        assert subscriber.active() == 0

    play_out(story)


def test_sound_both_ways_is_octet_identical(tmp_path: Path) -> None:
    caller, agent = speech(4, "caller"), speech(4, "agent")
    wav = str(write_wav(tmp_path / "caller.wav", caller))
    told: list[str] = []

    async def story(exchange: Exchange, subscriber: Subscriber) -> None:
        subscriber.says = encode(agent)
        script = Script((AwaitAnswer(), Talk((wav,)), Rest(0.4), HangUp()), record=True)
        result = await exchange.call(ANSWERED, None, script)
        await asyncio.sleep(0.1)
        assert result.unmet is None
        assert result.heard is not None
        assert result.heard.lost == 0
        assert result.said[0].octets == len(caller)
        # the record covers the call, seizure to release, sample by sample
        length = result.released.sample - result.began.sample
        assert len(result.heard.octets) == pytest.approx(length, abs=160)
        (heard_by_subscriber,) = subscriber.heard.values()
        ways = [compare(encode(agent), result.heard.octets), compare(encode(caller), bytes(heard_by_subscriber))]
        stall_ms = _stall_ms(exchange, subscriber)
        told.append(f"{' / '.join(way.sentence() for way in ways)}; worst tick {stall_ms} ms late")
        if stall_ms > STALL_MS:
            return
        for way in ways:
            assert way.identical_share >= 0.99, told[-1]
            assert way.slips == (), told[-1]
            assert way.level_db == pytest.approx(0, abs=0.05)
        told.clear()

    _play_out_in_time(story, told)


def test_prompt_heard_digits_keyed_and_digits_heard(tmp_path: Path) -> None:
    prompt = encode(speech(1.5, "agent"))
    wav = str(write_wav(tmp_path / "short.wav", speech(0.5)))

    async def story(exchange: Exchange, subscriber: Subscriber) -> None:
        subscriber.says = prompt
        script = Script(
            (AwaitAnswer(), AwaitSound(), AwaitQuiet(quiet_ms=800), Key("0123456789*#"), AwaitCue(), Talk((wav,)))
        )
        call = exchange.place(ANSWERED, CLID, script)
        await _until(lambda: subscriber.digits.get(call.party.port) == "0123456789*#", 10)
        assert call.answered is not None
        assert time.monotonic_ns() - call.answered.ns > (1.5 + 0.7) * 1e9  # not before the prompt's end
        subscriber.key(call.party.port, "5521")
        await _until(lambda: call.circuit.digits == "5521")
        call.cue()
        result = await call.result()
        assert (result.digits, result.unmet, result.heard) == ("5521", None, None)

    play_out(story)


def test_the_branch_calls_and_robots_answer_refuse_or_ring(tmp_path: Path) -> None:
    greeting = speech(1.0)
    wav = str(write_wav(tmp_path / "greeting.wav", greeting))
    told: list[str] = []

    async def story(exchange: Exchange, subscriber: Subscriber) -> None:
        exchange.answer("10086", Answerer(Script((Talk((wav,)), HangUp(31)), record=True), answer_s=0.2))
        exchange.answer("10010", BUSY)
        exchange.answer("10000", NO_ANSWER)
        subscriber.dial(3, "10086", "8001")
        answered = await asyncio.wait_for(exchange.answered.get(), 10)
        assert (answered.direction, answered.dialled, answered.clid) == (Direction.OUTGOING, "10086", "8001")
        assert (answered.timeslot, answered.cause, answered.by) == (3, 31, ReleasedBy.US)
        assert any(isinstance(event, events.ConnectReceived) for event in subscriber.log)
        assert next(e for e in subscriber.log if isinstance(e, events.AlertingReceived)).inband
        await asyncio.sleep(0.1)
        heard, stall_ms = compare(encode(greeting), bytes(subscriber.heard[1])), _stall_ms(exchange, subscriber)
        if stall_ms > STALL_MS:
            told.append(f"{heard.sentence()}; worst tick {stall_ms} ms late")
            return
        assert heard.identical_share >= 0.99, heard.sentence()

        for dnis, cause in (("10010", 17), ("404", 1)):
            subscriber.dial(4, dnis, "8001")
            await _until(partial(_cleared, subscriber, cause))
        ringing = subscriber.dial(5, "10000", "8001")
        await _until(lambda: any(getattr(e, "call", None) == ringing for e in subscriber.log[-1:]))
        await asyncio.sleep(0.2)
        subscriber.release(ringing, 16)
        results = [await asyncio.wait_for(exchange.answered.get(), 5) for _ in range(3)]
        assert [(r.cause, r.by) for r in results] == [(17, ReleasedBy.US), (1, ReleasedBy.US), (16, ReleasedBy.PEER)]
        await exchange.all_cleared()

    _play_out_in_time(story, told)


def _cleared(subscriber: Subscriber, cause: int) -> bool:
    return cause in subscriber.causes(events.CallCleared)


def test_thirty_calls_at_once_leave_no_channel_stuck() -> None:
    async def story(exchange: Exchange, subscriber: Subscriber) -> None:
        calls = [
            exchange.place(ANSWERED, f"025{place:08}", Script((AwaitAnswer(), Key(f"{place:02}"), AwaitCue())))
            for place in range(30)
        ]
        assert sorted(call.party.timeslot for call in calls) == list(BEARERS)
        await _until(lambda: len(subscriber.digits) == 30 and all(len(d) == 2 for d in subscriber.digits.values()), 10)
        for place, call in enumerate(calls):
            assert subscriber.digits[call.party.port] == f"{place:02}"
            call.cue()
        results = await asyncio.gather(*(call.result() for call in calls))
        assert {(r.cause, r.by, r.unmet) for r in results} == {(16, ReleasedBy.US, None)}
        assert exchange.busy_channels() == ()
        assert subscriber.active() == 0
        again = await exchange.call(ANSWERED, CLID, Script((AwaitAnswer(), HangUp())))
        assert again.unmet is None

    play_out(story)


def test_cut_shorter_than_t309_keeps_the_call_and_its_sound_returns() -> None:
    sound = encode(speech(20, "agent"))

    async def story(exchange: Exchange, subscriber: Subscriber) -> None:
        subscriber.says = sound
        call = exchange.place(ANSWERED, CLID, Script((AwaitAnswer(), AwaitCue()), record=True))
        await _until(lambda: call.answered is not None)
        await asyncio.sleep(0.5)
        began = time.monotonic()
        exchange.cut()
        await _until(lambda: any(Alarm.RED in alarms for alarms in subscriber.alarms))
        assert time.monotonic() - began < 1.0
        await asyncio.sleep(2.0 - (time.monotonic() - began))
        exchange.restore()
        await exchange.in_service()
        await _until(lambda: subscriber.established)
        await asyncio.sleep(1.5)
        call.cue()
        result = await call.result()
        assert (result.cause, result.by, result.unmet) == (16, ReleasedBy.US, None)
        assert result.heard is not None
        tail = result.heard.octets[-8000:]
        assert compare(tail, sound).identical_share > 0.95  # the last second heard is the subscriber's sound again
        assert subscriber.causes(events.DisconnectReceived) == [16]

    play_out(story)


def test_q931_5_8_9_cut_longer_than_t309_clears_with_27_on_both_sides() -> None:
    async def story(exchange: Exchange, subscriber: Subscriber) -> None:
        call = exchange.place(ANSWERED, CLID, Script((AwaitAnswer(), AwaitRelease())))
        await _until(lambda: call.answered is not None)
        exchange.cut()
        result = await asyncio.wait_for(call.result(), 6)
        assert (result.cause, result.by) == (27, ReleasedBy.FAULT)
        await _until(lambda: 27 in subscriber.causes(events.CallCleared))
        exchange.restore()
        await exchange.in_service()
        await _until(lambda: subscriber.established)
        again = await exchange.call(ANSWERED, CLID, Script((AwaitAnswer(), HangUp())))
        assert again.unmet is None
        assert exchange.busy_channels() == ()

    play_out(story, t309_s=1.5)


def test_calls_live_through_a_bad_path() -> None:
    async def story(exchange: Exchange, _: Subscriber) -> None:
        script = Script((AwaitAnswer(), Rest(1), HangUp()))
        calls = [exchange.place(ANSWERED, CLID, script) for _ in range(5)]
        results = await asyncio.gather(*(call.result() for call in calls))
        assert [result.unmet for result in results] == [None] * 5
        await exchange.all_cleared()
        counters = exchange.span_status().counters
        assert counters.malformed > 0
        assert counters.lost > 0

    play_out(story, relay=Faults(drop=0.002, reorder=0.01, shorten=0.002))


def test_q931_5_5_restart_makes_every_channel_idle_on_both_sides() -> None:
    async def story(exchange: Exchange, subscriber: Subscriber) -> None:
        call = exchange.place(ANSWERED, CLID, Script((AwaitAnswer(), AwaitRelease())))
        await _until(lambda: call.answered is not None)
        await exchange.restart()
        assert (await call.result()).cause == 41
        assert subscriber.active() == 0
        assert sum(isinstance(event, events.RestartReceived) for event in subscriber.log) == 30

    play_out(story)
