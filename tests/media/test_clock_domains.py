# SPDX-License-Identifier: GPL-2.0-only
"""Spans of two clocks in one box, in virtual time: what is heard, what slips, who leads.

Cable 0-1 runs 50 ppm fast and leads, cable 2-3 runs 50 ppm slow and is a clock domain of its own; the second span of
each is the far end.
"""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator

import msgspec
import numpy as np
import pytest

from appliance.media.events import FrameReceived, Profile
from drivers.cesopsn import CesopsnSettings
from drivers.model import SpanStatus, Timeslot
from drivers.vpair import VpairDriver, VpairSettings
from tests.media.rig import Listener, Side, engine_process, noise, until
from tests.media.tones import RATE, Tone, judge, sine
from tests.media.virtual import TICKS_A_SECOND, VirtualEngine, virtual_engine
from tests.ports import HOST, free_port
from tests.sound import alaw

pytestmark = [pytest.mark.system, pytest.mark.timeout(60)]

LEADER, LEADERS_FAR, APART, APARTS_FAR = range(4)
PPM, APART_PPM = 50.0, -50.0
HZ = 1000.0
SETTLED_S = 15
CLICK_DB = -28.0
"""What four codings in A-law leave is −32 dB; an octet left out +2 at this tone, twenty to thirty of a block's peak."""
DELAY_MS = 0.02
STORE_MS = 2.125
FRAME_MS = 0.125
EARLY_MS = 6.0
SLIP_A_SECOND = RATE * (PPM - APART_PPM) * 1e-6


def settings(span: int, **others: object) -> VpairSettings:
    """Of one of the four spans."""
    first, apart = span % 2 == 0, span >= APART
    usual = VpairSettings(
        partner=span + 1 if first else span - 1,
        clock_domain=2 if apart else 1,
        clock_priority=(2 if apart else 1) if first else 8,
        far_ppm=APART_PPM if apart else PPM,
    )
    return msgspec.structs.replace(usual, **others)


def lay(side: Side) -> VpairDriver:
    """Both cables."""
    driver = VpairDriver(side.engine)
    for span in range(4):
        driver.configure(span, settings(span), 16)
    return driver


class Box:
    """A side with both cables and a port of each span."""

    def __init__(self, host: VirtualEngine) -> None:
        self.host = host
        self.side = Side(host)
        self.driver = lay(self.side)
        self.seconds(0.01)

    def seconds(self, seconds: float) -> None:
        """Let them pass, with all that clients have to do."""
        left = round(seconds * TICKS_A_SECOND)
        while left:
            ticks = min(left, 5 * TICKS_A_SECOND)
            self.host.tick(ticks)
            self.side.recorder.sounds(1)
            left -= ticks

    def open(self, *spans: int, profile: Profile = Profile.VOICE) -> list[int]:
        """Ports of timeslot 1 of these spans."""
        ports = [Timeslot(span, 1).port for span in spans]
        for port in ports:
            self.side.engine.open_timeslot(port)
            self.side.engine.set_profile(port, profile)
        self.seconds(0.01)
        return ports

    def say(self, port: int, sound: bytes, repeat: int = 1) -> None:
        """Play on a port from the next tick on."""
        self.side.ivr.engine.play(port, 1, [self.side.arena.add_alaw(sound)], repeat)

    def record(self, port: int) -> None:
        """As recording 1."""
        self.side.recorder.engine.record(1, port, port, 0)

    def heard(self) -> bytes:
        """All of it."""
        return self.side.recorder.left(1)

    def status(self) -> list[SpanStatus]:
        """All four spans."""
        return [self.driver.status(span) for span in range(4)]

    def leaders(self) -> list[int]:
        """The span that leads."""
        return [status.span for status in self.status() if status.leads]


@pytest.fixture
def box() -> Iterator[Box]:
    """An engine with both cables."""
    with virtual_engine() as host:
        yield Box(host)


def whole(tone: Tone, after: int = 0) -> None:
    """No click, no fade, no step in it."""
    assert tone.rest_db[after:].max() < CLICK_DB
    assert np.ptp(tone.level_db[after:]) < 0.7
    assert np.ptp(tone.delay_ms[after:]) < DELAY_MS


@pytest.mark.parametrize("profile", [Profile.VOICE, Profile.VBD])
def test_a_bridge_between_two_clocks_neither_slips_nor_clicks(box: Box, profile: Profile) -> None:
    far, leg, other, ear = box.open(LEADERS_FAR, LEADER, APART, APARTS_FAR, profile=profile)
    box.side.engine.connect(leg, other)
    box.say(far, sine(HZ, RATE), repeat=0)
    box.seconds(SETTLED_S)
    box.record(ear)
    box.seconds(120)
    whole(judge(box.heard(), HZ))
    for status in box.status():
        assert (status.counters.slips, status.counters.slips_sent, status.counters.resyncs) == (0, 0, 1)
        assert status.buffer_ms == pytest.approx(EARLY_MS, abs=0.05)
        assert status.store_ms == pytest.approx(STORE_MS, abs=0.125)
    apart = box.status()[APART]
    assert apart.skew_ppm == pytest.approx(APART_PPM - PPM, abs=1)
    assert apart.clock_ppm == pytest.approx(APART_PPM, abs=1)
    assert apart.clock_locked


@pytest.mark.soak
@pytest.mark.timeout(300)
def test_an_hour_of_it(box: Box) -> None:
    far, leg, other, ear = box.open(LEADERS_FAR, LEADER, APART, APARTS_FAR)
    box.side.engine.connect(leg, other)
    box.say(far, sine(HZ, RATE), repeat=0)
    box.seconds(SETTLED_S)
    for _ in range(60):
        box.record(ear)
        box.seconds(60)
        box.side.recorder.engine.stop_recording(1)
        box.seconds(0.1)
        whole(judge(box.heard(), HZ))
        box.side.recorder.taps.clear()
    assert [status.counters.resyncs for status in box.status()] == [1] * 4


def test_inside_the_leader_s_domain_a_voice_is_octet_for_octet(box: Box) -> None:
    far, leg = box.open(LEADERS_FAR, LEADER)
    box.record(leg)
    voice = noise(2)
    box.say(far, voice)
    box.seconds(3)
    assert voice in box.heard()


def slips(said: bytes, heard: bytes) -> tuple[int, int]:
    """Octets left out and octets said twice; AssertionError where anything else is wrong."""
    at, left_out, twice = 0, 0, 0
    for place, octet in enumerate(heard):
        if said[at] == octet:
            at += 1
        elif heard[place : place + 8] == said[at + 1 : at + 9]:
            at, left_out = at + 2, left_out + 1
        else:
            assert octet == said[at - 1], f"at {place}"
            twice += 1
    return left_out, twice


def test_g822_a_clear_timeslot_slips_as_often_as_is_counted_and_as_the_clocks_say(box: Box) -> None:
    far, leg = box.open(APARTS_FAR, APART, profile=Profile.CLEAR)
    box.seconds(SETTLED_S)
    box.record(leg)
    said, seconds = noise(60), 50
    before = [status.counters for status in box.status()]
    box.say(far, said)
    box.seconds(seconds)
    after = [status.counters for status in box.status()]
    heard = box.heard()[800:]  # the idle octets before it, and how long they are on the way
    begin = said.index(heard[:16])
    left_out, twice = slips(said[begin:], heard)
    assert abs(left_out - (after[APARTS_FAR].slips_sent - before[APARTS_FAR].slips_sent)) <= 1
    assert abs(twice - (after[APART].slips - before[APART].slips)) <= 1
    for count in (left_out, twice):
        assert count == pytest.approx(SLIP_A_SECOND * seconds, abs=2)


def test_q921_the_d_channel_of_another_clock_loses_no_frame(box: Box) -> None:
    line, chance = Listener(box.side.engine), random.Random(921)  # noqa: S311 - a reproducible load
    said: dict[int, list[bytes]] = {APART: [], APARTS_FAR: []}
    box.seconds(1)
    for _ in range(60 * TICKS_A_SECOND):
        for span, frames in said.items():
            frames.append(chance.randbytes(30))  # with flags, FCS and zeros nearly all that a tick carries
            box.side.engine.send_frame(span, frames[-1])
        box.host.tick()
        line.seen += line.engine.take_events()
    box.seconds(1)
    came = line.all(FrameReceived)
    for span, frames in said.items():
        assert [event.frame for event in came if event.span == span ^ 1] == frames
        counters = box.status()[span].counters
        assert (counters.fcs_errors, counters.frame_errors) == (0, 0)


def fault(box: Box, what: str) -> None:
    """Of the leader."""
    if what == "closed":
        box.driver.close(LEADER)
    else:
        box.driver.configure(LEADERS_FAR, settings(LEADERS_FAR, fault=what), 16)


def mend(box: Box, what: str) -> None:
    """The leader is well again."""
    span = LEADER if what == "closed" else LEADERS_FAR
    box.driver.configure(span, settings(span), 16)


@pytest.mark.parametrize("what", ["clock_stopped", "ais", "closed"])
def test_g781_when_the_leader_fails_the_other_clock_leads_and_nobody_hears_it(box: Box, what: str) -> None:
    far, leg = box.open(APARTS_FAR, APART)
    box.say(far, sine(HZ, RATE), repeat=0)
    box.seconds(60)
    assert box.leaders() == [LEADER]
    box.record(leg)
    box.seconds(1)
    fault(box, what)
    box.seconds(1)
    assert box.leaders() == [APART]
    box.seconds(30)
    assert box.side.engine.status().clock_ppm == pytest.approx(APART_PPM, abs=1)
    mend(box, what)
    box.seconds(9)
    assert box.leaders() == [APART]
    box.seconds(2)
    assert box.leaders() == [LEADER]
    box.seconds(30)
    assert box.side.engine.status().clock_ppm == pytest.approx(PPM, abs=10)
    whole(judge(box.heard(), HZ))
    assert box.status()[APART].counters.resyncs == 1


def test_a_second_span_of_the_leader_s_clock_goes_on_while_another_clock_leads(box: Box) -> None:
    leg, far = 4, 5
    for span, partner in ((leg, far), (far, leg)):
        box.driver.configure(span, settings(LEADER, partner=partner, clock_priority=8), 16)
    box.seconds(0.01)
    mouth, ear = box.open(far, leg)
    box.say(mouth, sine(HZ, RATE), repeat=0)
    box.seconds(30)
    box.record(ear)
    box.seconds(1)
    fault(box, "clock_stopped")
    box.seconds(20)
    assert box.leaders() == [APART]
    assert box.driver.status(leg).skew_ppm == pytest.approx(PPM - APART_PPM, abs=1)
    mend(box, "clock_stopped")
    box.seconds(30)
    assert box.leaders() == [LEADER]
    assert box.driver.status(leg).skew_ppm == 0
    tone = judge(box.heard(), HZ)
    assert tone.rest_db.max() < CLICK_DB
    assert np.ptp(tone.delay_ms) < 2 * FRAME_MS
    assert box.driver.counters(leg).resyncs == 1


def test_after_another_has_led_the_leader_s_domain_is_octet_for_octet_again(box: Box) -> None:
    box.seconds(30)
    fault(box, "clock_stopped")
    box.seconds(20)
    mend(box, "clock_stopped")
    box.seconds(30)
    assert [box.status()[span].store_ms for span in (LEADER, LEADERS_FAR)] == [STORE_MS] * 2
    test_inside_the_leader_s_domain_a_voice_is_octet_for_octet(box)


def test_a_voice_that_waits_for_its_echo_is_rid_of_it(box: Box) -> None:
    leg, mouth = box.open(APART, APARTS_FAR)
    box.side.engine.set_profile(leg, Profile.VOICE, 64)
    box.side.engine.listen(mouth, mouth)
    box.side.engine.set_gain(mouth, -12, 0)
    box.say(leg, noise_of_a_voice(30))
    box.seconds(20)
    echo = box.side.engine.port_status(leg).echo
    assert echo is not None
    assert echo.erl_db + echo.erle_db > 30, echo


def noise_of_a_voice(seconds: float) -> bytes:
    """White noise at −16 dBm0, A-law."""
    return alaw.encode(np.rint(np.random.default_rng(1).normal(0, 2500, round(seconds * RATE))).astype(np.int16))


def test_a_timeslot_that_was_closed_is_idle(box: Box) -> None:
    far, leg = box.open(APARTS_FAR, APART)
    box.say(far, sine(HZ, RATE), repeat=0)
    box.seconds(1)
    box.side.engine.close_port(far)
    box.seconds(0.1)
    box.record(leg)
    box.seconds(0.1)
    assert set(box.heard()) == {alaw.IDLE}


def test_boxes_of_one_clock_have_no_border(box: Box) -> None:
    for span in (APART, APARTS_FAR):
        box.driver.close(span)
    box.seconds(0.1)
    far, leg = box.open(LEADERS_FAR, LEADER)
    box.record(leg)
    box.say(far, noise(1))
    box.seconds(2)
    assert noise(1) in box.heard()
    assert box.status()[LEADER].store_ms == 0


def test_an_engine_that_died_goes_on_with_the_clocks_it_knew(box: Box) -> None:
    far, leg = box.open(APARTS_FAR, APART)
    box.say(far, sine(HZ, RATE), repeat=0)
    box.seconds(60)
    box.host.die()
    box.host.start()
    box.seconds(1)
    assert box.leaders() == [LEADER]
    assert box.status()[APART].skew_ppm == pytest.approx(APART_PPM - PPM, abs=2)
    box.record(leg)
    box.seconds(60)
    tone = judge(box.heard(), HZ)
    assert tone.rest_db.max() < CLICK_DB


def test_killed_engine_takes_both_clocks_up_again() -> None:
    with engine_process() as host:
        driver = lay(Side(host))
        until(lambda: driver.status(APART).skew_ppm < -50, 10)
        host.kill()
        host.start()
        until(lambda: driver.status(APART).leads is False and driver.counters(APART).resyncs == 2)
        assert driver.status(APART).skew_ppm < -40
        received = driver.counters(APART).received
        until(lambda: driver.counters(APART).received > received + 100)
        assert driver.counters(APART).resyncs == 2


def test_clock_of_a_span_that_did_not_come_back_has_no_part_in_the_box() -> None:
    """One domain is left, so nothing is delayed."""
    here, there = (HOST, free_port()), (HOST, free_port())
    with virtual_engine() as host, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as usurper:
        engine = Side(host).engine
        for span in (0, 1):
            engine.open_span(span, VpairSettings(partner=1 - span, far_ppm=0.0), 16)
        engine.open_span(2, CesopsnSettings(here, there, clock_domain=2), 16)
        host.tick(2)
        assert engine.span_status(0).store_ms == STORE_MS
        host.die()
        usurper.bind(here)
        host.start()
        host.tick(2)
        assert not engine.span_status(2).open
        assert engine.span_status(0).store_ms == 0
