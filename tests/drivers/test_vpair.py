# SPDX-License-Identifier: GPL-2.0-only
"""Two spans back to back in one engine: sound, D-channel, alarms, a killed engine."""

import time
from collections.abc import Iterator

import pytest

from appliance.media.events import CommandRefused, FrameReceived, TapSound
from drivers.model import SPANS, Alarm, Timeslot
from drivers.vpair import VpairDriver, VpairSettings
from tests.media.rig import Listener, Side, engine_process, engine_thread, noise, until

pytestmark = [pytest.mark.system, pytest.mark.timeout(30)]

D_CHANNEL = 16


@pytest.fixture
def side() -> Iterator[Side]:
    """One engine whose spans 2 and 5 are joined."""
    with engine_thread() as host:
        side = Side(host)
        joined(side)
        yield side


def joined(side: Side) -> VpairDriver:
    driver = VpairDriver(side.engine)
    driver.configure(2, VpairSettings(partner=5), D_CHANNEL)
    driver.configure(5, VpairSettings(partner=2), D_CHANNEL)
    until(lambda: driver.alarms(2) == driver.alarms(5) == Alarm.NONE)
    return driver


def test_every_octet_arrives_five_milliseconds_later(side: Side) -> None:
    first, last = Timeslot(2, 1).port, Timeslot(5, 1).port
    side.engine.open_timeslot(first)
    side.engine.open_timeslot(last)
    voice = noise(0.5, 1)
    side.recorder.engine.record(7, last, first, 0)
    side.ivr.engine.play(first, 1, [side.arena.add_alaw(voice)])
    until(lambda: voice in side.recorder.left(7))
    (piece,) = side.recorder.sounds(7)
    assert isinstance(piece, TapSound)


def test_frames_of_the_d_channel_pass_both_ways(side: Side) -> None:
    listener = Listener(side.engine)
    side.engine.send_frame(2, b"from two")
    side.engine.send_frame(5, b"from five")
    listener.wait(FrameReceived, 2)
    assert {(event.span, event.frame) for event in listener.all(FrameReceived)} == {(5, b"from two"), (2, b"from five")}


def test_closed_partner_is_los_then_red_and_the_return_clears_it(side: Side) -> None:
    driver = VpairDriver(side.engine)
    driver.close(5)
    until(lambda: driver.alarms(2) == Alarm.LOS | Alarm.RED)
    driver.configure(5, VpairSettings(partner=2), D_CHANNEL)
    until(lambda: Alarm.RAI in driver.alarms(5))
    until(lambda: driver.alarms(2) == driver.alarms(5) == Alarm.NONE)


def test_partner_that_names_another_span_is_los(side: Side) -> None:
    driver = VpairDriver(side.engine)
    driver.configure(5, VpairSettings(partner=3), D_CHANNEL)
    until(lambda: Alarm.LOS in driver.alarms(2))
    assert Alarm.LOS in driver.alarms(5)


def test_span_cannot_be_its_own_partner(side: Side) -> None:
    side.engine.open_span(4, VpairSettings(partner=4), None)
    time.sleep(0.05)  # some ticks
    assert not side.engine.span_status(4).open


def test_opening_anew_that_is_refused_leaves_the_span_as_it_was(side: Side) -> None:
    driver, port = VpairDriver(side.engine), Timeslot(5, 1).port
    side.engine.open_timeslot(port)
    before = driver.status(5).counters.received
    driver.configure(5, VpairSettings(partner=5), D_CHANNEL)
    assert side.line.wait(CommandRefused).error == "EINVAL"
    until(lambda: driver.status(5).counters.received > before + 10)
    assert driver.status(5).open
    side.recorder.engine.record(7, port, port, 0)
    side.ivr.engine.open_timeslot(Timeslot(2, 1).port)
    side.ivr.engine.play(Timeslot(2, 1).port, 1, [side.arena.add_alaw(noise(0.2, 1))])
    until(lambda: noise(0.2, 1) in side.recorder.left(7))


@pytest.mark.parametrize(
    "settings",
    [
        {"partner": SPANS},
        {"partner": -1},
        {"partner": 1, "trim_ppm": 201.0},
        {"partner": 1, "far_ppm": 301.0},
        {"partner": 1, "fault": "rai"},
    ],
)
def test_settings_out_of_range_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="="):
        VpairSettings(**settings)  # type: ignore[arg-type]


def test_killed_engine_takes_the_pair_up_again() -> None:
    with engine_process() as host:
        side = Side(host)
        driver = joined(side)
        host.kill()
        host.start()
        until(lambda: driver.alarms(2) == driver.alarms(5) == Alarm.NONE)
        received = driver.counters(5).received
        until(lambda: driver.counters(5).received > received)
