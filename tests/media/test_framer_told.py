# SPDX-License-Identifier: GPL-2.0-only
"""What a framer beside the card says: alarms that stand, frames that are none, bits ABCD that came."""

import pytest

from appliance.media.events import BitsChanged, CommandRefused, SpanAlarmChanged
from drivers.model import Alarm, Cas, Timeslot
from drivers.vpair import VpairDriver, VpairSettings
from tests.media.rig import Listener, Side, engine_process, engine_thread, noise, until

pytestmark = [pytest.mark.system, pytest.mark.timeout(30)]

NEAR, FAR = 2, 5


def joined(side: Side, cas: Cas | None = None) -> VpairDriver:
    driver = VpairDriver(side.engine)
    for span, partner in ((NEAR, FAR), (FAR, NEAR)):
        driver.configure(span, VpairSettings(partner=partner), None, cas)
    until(lambda: all(driver.counters(span).received > 2 for span in (NEAR, FAR)))
    until(lambda: driver.alarms(NEAR) == driver.alarms(FAR) == Alarm.NONE)
    return driver


@pytest.mark.parametrize("alarm", [Alarm.LOS, Alarm.LFA])
def test_g732_a_framer_s_alarm_is_the_span_s_and_red_after_500_ms(alarm: Alarm) -> None:
    with engine_thread() as host:
        side = Side(host)
        driver = joined(side)
        side.engine.tell_framer(NEAR, alarm, {})
        until(lambda: driver.alarms(NEAR) == alarm)
        until(lambda: driver.alarms(NEAR) == alarm | Alarm.RED)
        side.engine.tell_framer(NEAR, Alarm.NONE, {})
        until(lambda: driver.alarms(NEAR) == Alarm.RED)
        until(lambda: driver.alarms(NEAR) == Alarm.NONE)
        told = [event.alarms for event in side.line.all(SpanAlarmChanged) if event.span == NEAR][-4:]
        assert told == [alarm, alarm | Alarm.RED, Alarm.RED, Alarm.NONE]


def test_frames_of_a_line_that_failed_are_idle() -> None:
    with engine_thread() as host:
        side = Side(host)
        driver = joined(side)
        near, far = Timeslot(NEAR, 1).port, Timeslot(FAR, 1).port
        for port in (near, far):
            side.engine.open_timeslot(port)
        side.engine.tell_framer(NEAR, Alarm.AIS, {})
        until(lambda: driver.alarms(NEAR) == Alarm.AIS)
        sound = noise(0.3)
        side.recorder.engine.record(1, near, far, 0)
        side.ivr.engine.play(far, 1, [side.arena.add_alaw(sound)])
        until(lambda: len(side.recorder.left(1)) > 4000)
        assert set(side.recorder.left(1)) == {0xD5}
        side.engine.tell_framer(NEAR, Alarm.RAI, {})
        until(lambda: driver.alarms(NEAR) == Alarm.RAI)
        side.ivr.engine.play(far, 2, [side.arena.add_alaw(sound)])
        until(lambda: sound in side.recorder.left(1))


def test_bits_that_a_framer_tells_are_those_that_came() -> None:
    with engine_thread() as host:
        side = Side(host)
        joined(side, Cas(0b1101))
        port = Timeslot(NEAR, 7).port
        assert side.engine.sent_bits(NEAR) == dict.fromkeys((*range(1, 16), *range(17, 32)), 0b1101)
        side.engine.tell_framer(NEAR, Alarm.NONE, {7: 0b0101})
        until(lambda: any((e.port, e.abcd) == (port, 0b0101) for e in side.line.all(BitsChanged)))
        status = side.engine.bits_status(port)
        other = side.engine.bits_status(port + 1)
        assert status is not None
        assert other is not None
        assert (status.received, other.received) == (0b0101, 0b1101)


def test_what_was_told_stands_in_the_engine_s_next_life_and_not_in_the_span_s() -> None:
    with engine_process() as host:
        side = Side(host)
        driver = joined(side)
        side.engine.tell_framer(NEAR, Alarm.LOS | Alarm.FAULT, {})
        until(lambda: Alarm.FAULT in driver.alarms(NEAR))
        host.kill()
        host.start()
        sent = driver.counters(NEAR).sent
        until(lambda: driver.counters(NEAR).sent > sent + 10)
        assert Alarm.FAULT in driver.alarms(NEAR)
        driver.configure(NEAR, VpairSettings(partner=FAR), None)
        until(lambda: driver.alarms(NEAR) == Alarm.NONE)


def test_a_span_that_is_closed_and_alarms_that_are_none_of_a_framer_s_are_refused() -> None:
    with engine_thread() as host:
        side = Side(host)
        joined(side)
        listener = Listener(side.engine)
        side.engine.tell_framer(0, Alarm.LOS, {})
        assert listener.wait(CommandRefused).error == "ENOTCONN"
        with pytest.raises(ValueError, match="span=8: 0 to 7"):
            side.engine.tell_framer(8, Alarm.LOS, {})
