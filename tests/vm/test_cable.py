# SPDX-License-Identifier: GPL-2.0-only
"""Our engine on DAHDI's kernel drivers: sound, D-channel, alarms, a killed engine."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from appliance.media.engine import Engine
from appliance.media.events import BitsStatus, FrameReceived
from drivers.dahdi import CardFramer, DahdiDriver, DahdiError, DahdiSettings, E1Line, SpanChannels
from drivers.dahdi.abi import LineAlarm, Use
from drivers.model import Alarm, Cas, LineErrors, Loop
from drivers.protocol import FramerRefusedError
from dsp import g711
from tests.media.rig import Listener, Side, engine_process, engine_thread, noise, until
from tests.vm.cable import FAR, JITTER_MS, NEAR, SECONDS, Cable, gaps, in_service, ports

pytestmark = [pytest.mark.vm, pytest.mark.timeout(180)]

TIMESLOTS = (1, 15, 17, 31)
TALK_S = 20.0


def say(side: Side, port: int, sound: bytes, heard_at: int, recording: int) -> None:
    side.engine.open_timeslot(port)
    side.engine.open_timeslot(heard_at)
    side.recorder.engine.record(recording, heard_at, port, 0)
    side.ivr.engine.play(port, recording, [side.arena.add_alaw(sound)])


def talked(side: Side, seconds: float) -> None:
    """Let the engine's clock run; looking at the sound all the while would take the guest's only processor."""
    end = side.engine.samples + int(seconds * 8000)
    until(lambda: side.engine.samples >= end, seconds + SECONDS)


def heard(engine: Engine, timeslots: Iterable[int]) -> list[int | None]:
    """The abcd that are received there."""
    return [status.received if (status := engine.bits_status(port)) else None for port in timeslots]


def test_configured_spans_are_described_and_without_alarm(cable: Cable) -> None:
    for number in cable.spans:
        span = cable.control.span(number)
        assert (span.number, span.timeslots, span.alarms) == (number, 31, LineAlarm(0))
    assert sorted(cable.ends[NEAR].descriptors) == list(range(1, 32))


def test_sound_is_octet_for_octet_for_twenty_seconds_on_both_ways(cable: Cable) -> None:
    with engine_thread() as host:
        side = Side(host)
        driver = cable.join(side)
        said = {}
        for n, timeslot in enumerate(TIMESLOTS):
            near, far = ports(timeslot)
            said[n] = noise(TALK_S, n)
            say(side, *((near, said[n], far) if n % 2 else (far, said[n], near)), n)
        before = gaps(driver)
        talked(side, TALK_S + 1)
        assert gaps(driver) == before, [driver.status(end) for end in (NEAR, FAR)]
        assert [sound in side.recorder.left(n) for n, sound in said.items()] == [True] * len(said)


def test_q921_frames_pass_under_load(cable: Cable) -> None:
    with engine_thread() as host:
        side = Side(host)
        driver = cable.join(side)
        for n, timeslot in enumerate(TIMESLOTS):
            near, far = ports(timeslot)
            say(side, near, noise(10, n), far, n)
        frames = [bytes([n]) * (3 + n * 13 % 258) for n in range(100)]  # Q.921 §2.9: 3 octets at least
        listener = Listener(side.engine)
        for n, frame in enumerate(frames):
            side.engine.send_frame(NEAR, frame)
            side.engine.send_frame(FAR, frame)
            until(lambda n=n: len(listener.all(FrameReceived)) > 2 * n, SECONDS)  # type: ignore[misc]
        until(lambda: len(listener.all(FrameReceived)) == 2 * len(frames), SECONDS)
        for end in (NEAR, FAR):
            assert [event.frame for event in listener.all(FrameReceived) if event.span == end] == frames
            counted = driver.counters(end)
            assert (counted.fcs_errors, counted.frame_errors) == (0, 0)


@pytest.mark.parametrize(
    ("told", "meant"),
    [
        (LineAlarm.RED, Alarm.LOS | Alarm.RED),
        (LineAlarm.RED | LineAlarm.LFA, Alarm.LFA | Alarm.RED),
        (LineAlarm.BLUE, Alarm.AIS),
        (LineAlarm.YELLOW, Alarm.RAI),
    ],
)
def test_g775_alarms_of_the_card_are_told_and_cleared(cable: Cable, told: LineAlarm, meant: Alarm) -> None:
    with engine_thread() as host:
        driver = cable.join(Side(host))
        cable.simulate(NEAR, told)
        until(lambda: driver.alarms(NEAR) == meant, SECONDS)
        cable.simulate(NEAR, LineAlarm(0))
        in_service(driver)


def test_a_span_without_hardware_has_counted_nothing_and_says_that_it_cannot_loop(cable: Cable) -> None:
    framer = CardFramer(cable.spans[NEAR], "e1")
    assert framer.errors() == LineErrors()
    with pytest.raises(FramerRefusedError, match="LOCAL_LOOP: the card's driver cannot do that"):
        framer.loop(Loop.LOCAL)
    cable.take_out(NEAR)
    assert framer.errors() is None


def test_a_card_that_is_taken_out_is_in_fault_and_the_other_span_serves(cable: Cable) -> None:
    with engine_thread() as host:
        side = Side(host)
        driver = cable.join(side)
        cable.take_out(NEAR)
        until(lambda: driver.alarms(NEAR) == Alarm.LOS | Alarm.FAULT | Alarm.RED, SECONDS)
        before = driver.counters(FAR).sent
        until(lambda: driver.counters(FAR).sent > before + 200, SECONDS)
        assert Alarm.FAULT not in driver.alarms(FAR)


def test_channels_outlive_a_killed_engine(cable: Cable) -> None:
    with engine_process(cable.descriptors) as host:
        side = Side(host)
        driver = cable.join(side)
        near, far = ports(1)
        side.engine.open_timeslot(near)
        side.engine.open_timeslot(far)
        host.kill()
        host.start()
        resumed = [driver.counters(end).received for end in (NEAR, FAR)]
        until(lambda: all(driver.counters(end).received > resumed[end] + 200 for end in (NEAR, FAR)), SECONDS)
        in_service(driver)
        sound = noise(2, 7)
        say(side, near, sound, far, 7)
        talked(side, 3)
        assert sound in side.recorder.left(7), [driver.status(end) for end in (NEAR, FAR)]


def test_g704_bits_of_timeslot_16_are_heard_at_the_far_end(cable: Cable) -> None:
    for end in cable.ends:
        end.close()
    for span in cable.spans:
        cable.control.configure(span, E1Line(signalling="cas"), Use.CAS)
    ends = [SpanChannels(cable.control, span) for span in cable.spans]
    assert all(sorted(end.descriptors) == [*range(1, 16), *range(17, 32)] for end in ends)
    try:
        with engine_thread() as host:
            engine = Side(host).engine
            driver = DahdiDriver(engine)
            for number, end in enumerate(ends):
                settings = DahdiSettings(end.descriptors, end.reference, jitter_ms=JITTER_MS)
                driver.configure(number, settings, None, Cas(0b1101))
            in_service(driver)
            for timeslot in (1, 15, 17, 31):
                for abcd in (0b1001, 0b0001, 0b1101, 0b0101):
                    sent = dict(zip(ports(timeslot), (abcd, abcd ^ 0b1000), strict=True))
                    for port, bits in sent.items():
                        engine.set_bits(port, bits)
                    until(lambda sent=sent: heard(engine, sent) == [*reversed(sent.values())], SECONDS)  # type: ignore[misc]
            assert heard(engine, ports(2)) == [0b1101, 0b1101], "those of others rest"
    finally:
        for end in ends:
            end.close()


def test_a_program_that_has_the_channels_is_named(cable: Cable) -> None:
    with pytest.raises(DahdiError, match=r"timeslot 1 \(channel \d+\): another program has it open"):
        SpanChannels(cable.control, cable.spans[NEAR])


def test_g711_sound_of_a_t1_is_mu_law_in_the_kernel_and_a_law_in_the_engine(t1: Cable) -> None:
    assert sorted(t1.ends[NEAR].descriptors) == list(range(1, 25))
    with engine_thread() as host:
        side = Side(host)
        t1.join(side)
        near, far = ports(23)
        sound = noise(5, 23)
        say(side, near, sound, far, 23)
        side.engine.send_frame(NEAR, b"SETUP")
        talked(side, 6)
        assert g711.ulaw_to_alaw(g711.alaw_to_ulaw(sound)) in side.recorder.left(23)
        assert [event.frame for event in Listener(side.engine).all(FrameReceived)] == [b"SETUP"]


def test_bits_of_timeslots_reach_the_far_engine(trunk: Cable) -> None:
    with engine_thread() as host:
        side = Side(host)
        trunk.join(side, Cas(0b1001))
        for timeslot in (1, 15, 17, 24):
            near, far = ports(timeslot)
            until(lambda p=far: side.engine.bits_status(p) == BitsStatus(0b1001, 0b1001), SECONDS)  # type: ignore[misc]
            side.engine.set_bits(near, 0b0101)
            until(lambda p=far: side.engine.bits_status(p) == BitsStatus(0b1001, 0b0101), SECONDS)  # type: ignore[misc]
