# SPDX-License-Identifier: GPL-2.0-only
"""A TDM highway by ALSA: its settings, and on snd-aloop two spans whose devices are each other's far end."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from appliance.media.events import FrameReceived, SpanAlarmChanged
from drivers.model import Alarm, Timeslot
from drivers.spi.tdm import TdmSettings
from tests.media.rig import EngineProcess, Listener, Side, engine_process, engine_thread, noise, until

D_CHANNEL = 16
WAIT_MS = 60
ALOOP = Path("/sys/bus/platform/drivers/snd_aloop")
CARD = "snd_aloop.0"


def loopback_card() -> int:
    """Number of snd-aloop's card."""
    (card,) = (
        path for path in Path("/sys/class/sound").glob("card*") if (path / "id").read_text().strip() == "Loopback"
    )
    return int(card.name.removeprefix("card"))


def crossed(side: Side) -> None:
    """Open spans 0 and 1 on the two ends of the kernel's loopback."""
    card = loopback_card()
    for span in (0, 1):
        side.engine.open_span(span, TdmSettings(card, span, wait_ms=WAIT_MS, clock_priority=span + 1), D_CHANNEL)
    until(lambda: all(side.engine.span_status(span).open for span in (0, 1)))
    until(lambda: alarms(side) == [Alarm.NONE] * 2, 10)


def alarms(side: Side) -> list[Alarm]:
    return [side.engine.span_status(span).alarms for span in (0, 1)]


def gaps(side: Side) -> list[int]:
    """How often each span was laid out anew, shifted, short of frames or of room for them."""
    counted = (side.engine.span_status(span).counters for span in (0, 1))
    return [c.resyncs + c.slips + c.slips_sent + c.lost + c.send_errors for c in counted]


def say(side: Side, timeslot: int, seconds: float) -> list[bytes]:
    """Sound both ways in a timeslot; what is heard at span 1 is the recording's left side."""
    here, there = Timeslot(0, timeslot).port, Timeslot(1, timeslot).port
    sounds = [noise(seconds, timeslot), noise(seconds, -timeslot)]
    for port, sound in zip((here, there), sounds, strict=True):
        side.engine.open_timeslot(port)
        side.ivr.engine.play(port, port, [side.arena.add_alaw(sound)])
    side.recorder.engine.record(timeslot, there, here, 0)
    return sounds


def heard(side: Side, timeslot: int, sounds: list[bytes]) -> bool:
    """Octet for octet, both ways."""
    there, back = sounds
    return there in side.recorder.left(timeslot) and back in side.recorder.right(timeslot)


def talked(side: Side, seconds: float) -> None:
    """Let the engine's clock run; looking at the sound all the while would take the machine's only processor."""
    end = side.engine.samples + int(seconds * 8000)
    until(lambda: side.engine.samples >= end, seconds + 10)


@pytest.fixture
def side() -> Iterator[Side]:
    with engine_thread() as host:
        side = Side(host)
        crossed(side)
        yield side


@pytest.fixture
def unbind() -> Iterator[Callable[[], threading.Thread]]:
    """Takes the card away: the thread ends when nobody holds its devices. To be asked for before the engine."""
    going = threading.Thread(target=(ALOOP / "unbind").write_text, args=(CARD,))

    def start() -> threading.Thread:
        going.start()
        return going

    yield start
    going.join()
    if not (ALOOP / CARD).exists():
        (ALOOP / "bind").write_text(CARD)


@pytest.fixture
def process() -> Iterator[EngineProcess]:
    with engine_process() as host:
        yield host


@pytest.mark.unit
@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"sound_card": 32}, "sound_card=32: 0 to 31"),
        ({"sound_card": 0, "device": -1}, "device=-1: 0 to 31"),
        ({"sound_card": 0, "wait_ms": 9}, "wait_ms=9: 10 to 60"),
        ({"sound_card": 0, "wait_ms": 61}, "wait_ms=61"),
        ({"sound_card": 0, "channels": 9}, "channels=9: 1 to 8"),
        ({"sound_card": 0, "trim_ppm": 201.0}, "trim_ppm"),
        ({"sound_card": 0, "clock_domain": 9}, "clock_domain"),
    ],
)
def test_settings_out_of_range_are_refused(wrong: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        TdmSettings(**wrong)  # type: ignore[arg-type]


@pytest.mark.unit
def test_octets_for_the_engine() -> None:
    assert TdmSettings(2, 3, wait_ms=40).encode() == bytes([2, 3, 40, 8, 0])
    assert TdmSettings(2, channels=1, analogue=True).encode() == bytes([2, 0, 12, 1, 1])


@pytest.mark.system
@pytest.mark.timeout(30)
def test_a_span_whose_device_is_missing_is_red_and_so_after_the_engine_s_death() -> None:
    with engine_process() as host:
        engine = Side(host).engine
        engine.open_span(0, TdmSettings(31, 31), D_CHANNEL)
        until(lambda: engine.span_status(0).alarms == Alarm.LOS | Alarm.RED)
        host.kill()
        host.start()
        generation, ticks = engine.generation, engine.status().ticks
        until(lambda: engine.status().ticks > ticks + 10)
        assert engine.generation == generation
        assert engine.span_status(0).open
        assert engine.span_status(0).alarms == Alarm.LOS | Alarm.RED


@pytest.mark.system
@pytest.mark.timeout(30)
def test_lines_whose_device_is_missing_are_in_fault() -> None:
    with engine_thread() as host:
        side = Side(host)
        side.engine.open_span(0, TdmSettings(31, 31, analogue=True), None)
        until(lambda: side.engine.span_status(0).open)
        until(lambda: side.engine.span_status(0).alarms == Alarm.LOS | Alarm.FAULT | Alarm.RED)
        assert side.line.all(SpanAlarmChanged)[0].alarms == Alarm.LOS | Alarm.FAULT
        side.engine.close_span(0)
        until(lambda: not side.engine.span_status(0).open)


@pytest.mark.loopback
@pytest.mark.timeout(60)
@pytest.mark.parametrize("channels", [1, 8])
def test_the_first_and_the_last_line_of_a_narrow_and_of_a_full_highway_are_heard(channels: int) -> None:
    card, slots = loopback_card(), (1, min(31, 4 * channels))
    with engine_thread() as host:
        side = Side(host)
        for span in (0, 1):
            lines = TdmSettings(card, span, WAIT_MS, channels, analogue=True, clock_priority=span + 1)
            side.engine.open_span(span, lines, None)
        until(lambda: alarms(side) == [Alarm.NONE] * 2, 10)
        said = {slot: say(side, slot, 0.3) for slot in slots}
        talked(side, 1)
        assert [heard(side, slot, sounds) for slot, sounds in said.items()] == [True, True]


@pytest.mark.loopback
@pytest.mark.timeout(60)
def test_every_octet_passes_both_ways_for_ten_seconds(side: Side) -> None:
    before = gaps(side)
    said = {timeslot: say(side, timeslot, 10) for timeslot in (1, 31)}
    talked(side, 11)
    assert gaps(side) == before, [side.engine.span_status(span) for span in (0, 1)]
    assert [heard(side, timeslot, sounds) for timeslot, sounds in said.items()] == [True, True]


@pytest.mark.loopback
@pytest.mark.timeout(60)
def test_an_engine_late_by_less_than_frames_wait_loses_none(process: EngineProcess) -> None:
    side = Side(process)
    crossed(side)
    before, pid = gaps(side), side.engine.status().pid
    sounds = say(side, 1, 4)
    for _ in range(10):
        os.kill(pid, signal.SIGSTOP)
        time.sleep((WAIT_MS - 15) / 1000)
        os.kill(pid, signal.SIGCONT)
        talked(side, 0.3)
    talked(side, 1)
    assert gaps(side) == before, [side.engine.span_status(span) for span in (0, 1)]
    assert heard(side, 1, sounds)


@pytest.mark.loopback
@pytest.mark.timeout(60)
def test_the_clock_settles_on_the_devices_which_is_the_machines(side: Side) -> None:
    until(lambda: side.engine.span_status(0).clock_locked, 40)
    status = side.engine.span_status(0)
    assert abs(status.clock_ppm) < 25, status
    assert status.counters.slips == 0, status


@pytest.mark.loopback
@pytest.mark.timeout(60)
def test_an_engine_that_stood_still_starts_its_devices_anew(process: EngineProcess) -> None:
    side = Side(process)
    crossed(side)
    before = side.line.all(SpanAlarmChanged)
    pid = side.engine.status().pid
    os.kill(pid, signal.SIGSTOP)
    time.sleep(0.5)  # longer than the devices' buffers
    os.kill(pid, signal.SIGCONT)
    until(lambda: side.engine.span_status(0).counters.resyncs > 1 and alarms(side) == [Alarm.NONE] * 2, 10)
    assert side.engine.span_status(0).counters.slips_sent >= 1
    told = [event.alarms for event in side.line.all(SpanAlarmChanged)[len(before) :] if event.span == 0]
    assert (told[0], told[-1]) == (Alarm.LOS, Alarm.NONE), told
    sounds = say(side, 5, 0.3)
    until(lambda: heard(side, 5, sounds), 10)


@pytest.mark.loopback
@pytest.mark.timeout(60)
def test_timeslots_stay_apart(side: Side) -> None:
    sounds = {slot: noise(0.2, slot) for slot in (1, 2, 3, 4, 15, 17, 30, 31)}
    for slot, sound in sounds.items():
        side.engine.open_timeslot(Timeslot(0, slot).port)
        side.engine.open_timeslot(Timeslot(1, slot).port)
        side.recorder.engine.record(slot, Timeslot(1, slot).port, Timeslot(0, slot).port, 0)
        side.ivr.engine.play(Timeslot(0, slot).port, slot, [side.arena.add_alaw(sound)])
    for slot, sound in sounds.items():
        until(lambda slot=slot, sound=sound: sound in side.recorder.left(slot), 10)  # type: ignore[misc]


@pytest.mark.loopback
@pytest.mark.timeout(60)
def test_frames_of_the_d_channel_pass_both_ways(side: Side) -> None:
    listener = Listener(side.engine)
    side.engine.send_frame(0, b"from nought")
    side.engine.send_frame(1, b"from one")
    listener.wait(FrameReceived, 2, 10)
    assert {(e.span, e.frame) for e in listener.all(FrameReceived)} == {(1, b"from nought"), (0, b"from one")}


@pytest.mark.loopback
@pytest.mark.timeout(60)
def test_a_closed_span_lets_both_devices_go(side: Side) -> None:
    side.engine.close_span(0)
    until(lambda: not side.engine.span_status(0).open)
    crossed(side)


@pytest.mark.loopback
@pytest.mark.timeout(60)
def test_a_killed_engine_takes_its_devices_up_again(process: EngineProcess) -> None:
    side = Side(process)
    crossed(side)
    process.kill()
    process.start()
    received = side.engine.span_status(1).counters.received
    until(lambda: side.engine.span_status(1).counters.received > received + 100, 10)
    assert side.engine.span_status(1).alarms == Alarm.NONE


@pytest.mark.loopback
@pytest.mark.timeout(60)
def test_a_card_that_goes_away_is_los_and_comes_back(unbind: Callable[[], threading.Thread], side: Side) -> None:
    resyncs = [side.engine.span_status(span).counters.resyncs for span in (0, 1)]
    going = unbind()
    until(lambda: alarms(side) == [Alarm.LOS | Alarm.RED] * 2, 10)
    going.join(10)
    assert not (ALOOP / CARD).exists(), "the engine holds the devices of a card that has gone"
    assert all(side.engine.span_status(span).counters.send_errors for span in (0, 1))
    (ALOOP / "bind").write_text(CARD)
    until(lambda: alarms(side) == [Alarm.NONE] * 2, 10)
    assert [side.engine.span_status(span).counters.resyncs for span in (0, 1)] == [n + 1 for n in resyncs]
    sounds = say(side, 9, 1)
    talked(side, 2)
    assert heard(side, 9, sounds)


@pytest.mark.loopback
@pytest.mark.timeout(60)
def test_an_engine_that_dies_while_the_card_is_away_takes_it_up_when_it_is_back(
    unbind: Callable[[], threading.Thread], process: EngineProcess
) -> None:
    side = Side(process)
    crossed(side)
    going = unbind()
    until(lambda: alarms(side) == [Alarm.LOS | Alarm.RED] * 2, 10)
    process.kill()
    process.start()
    going.join(10)
    (ALOOP / "bind").write_text(CARD)
    until(lambda: alarms(side) == [Alarm.NONE] * 2, 10)
    sounds = say(side, 9, 1)
    talked(side, 2)
    assert heard(side, 9, sounds)
