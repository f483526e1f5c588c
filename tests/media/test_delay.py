# SPDX-License-Identifier: GPL-2.0-only
"""One-way delay TDM port to TDM port through two engines and RTP between them."""

from __future__ import annotations

import contextlib
import time
from statistics import median

import pytest

from appliance.media.segment import Segment
from drivers.model import Alarm, Timeslot
from drivers.vpair import VpairDriver, VpairSettings
from tests.media.late_path import LatePath
from tests.media.rig import Host, Side, engine_process, noise, until

pytestmark = [pytest.mark.system, pytest.mark.timeout(60)]

TICK_MS = 5.0
MOST_MS = 65.0  # at 20 ms packets and 10 ms jitter
JITTER_MS = 10.0
PACKETS_MS = (20, 10, 5)
SETTLE_S, VOICE_S = 5.0, 3.0
MARK = 160


def caller(talk: int) -> int:
    return Timeslot(0, 1 + talk).port


def leg(talk: int) -> int:
    return Timeslot(1, 1 + talk).port


def box(host: Host) -> Side:
    """An engine whose callers stand beyond a pair of spans, one tick from their legs."""
    side = Side(host)
    driver = VpairDriver(side.engine)
    driver.configure(0, VpairSettings(partner=1), None)
    driver.configure(1, VpairSettings(partner=0), None)
    until(lambda: driver.alarms(0) == driver.alarms(1) == Alarm.NONE)
    for talk, packet_ms in enumerate(PACKETS_MS):
        side.engine.open_timeslot(caller(talk))
        side.engine.open_timeslot(leg(talk))
        side.engine.open_rtp(256 + talk, None, packet_ms=packet_ms)
        side.engine.connect(leg(talk), 256 + talk)
    return side


def began_ms(side: Side) -> float:
    """When sample 0 of the engine's clock was, on the machine's monotonic clock: the earliest of some looks."""
    segment = Segment(side.host.segment_fd)
    looks: list[float] = []
    for _ in range(60):
        before = segment.header.samples
        while segment.header.samples == before:
            pass
        looks.append(1000 * time.monotonic() - segment.header.samples / 8)
    return min(looks)


def delay_ms(near: Side, far: Side, talk: int, voice: bytes) -> float:
    """From the octets' coming in at one box's port to their going out at the other's."""
    said, heard = near.recorder.sounds(talk)[-1], far.recorder.sounds(talk)[-1]
    marks = [voice[at : at + MARK] for at in range(0, len(voice) - MARK, 10 * MARK)]
    delays = [(heard.left.index(mark) - said.left.index(mark)) / 8 for mark in marks if mark in heard.left]
    assert len(delays) > len(marks) // 2
    between = began_ms(far) - began_ms(near) + (heard.sample - said.sample) / 8 - TICK_MS  # the pair's
    return median(delays) + between + TICK_MS  # a tick's octets came in before it began


def test_one_way_delay_from_line_to_line_over_two_boxes() -> None:
    with contextlib.ExitStack() as stack:
        hosts = [stack.enter_context(engine_process()) for _ in range(2)]
        near, far = (box(host) for host in hosts)
        settling, voice = noise(SETTLE_S, 1), noise(VOICE_S, 2)
        for talk in range(len(PACKETS_MS)):
            path = stack.enter_context(LatePath(("127.0.0.1", hosts[1].rtp_base + 2 * talk), JITTER_MS, talk))
            near.engine.set_rtp_remote(256 + talk, path.door)
            far.engine.set_rtp_remote(256 + talk, path.door)
            near.recorder.engine.record(talk, leg(talk), leg(talk), 0)
            far.recorder.engine.record(talk, caller(talk), caller(talk), 0)
            near.ivr.engine.play(caller(talk), talk, [near.arena.add_alaw(settling), near.arena.add_alaw(voice)])
        time.sleep(SETTLE_S + VOICE_S + 0.5)
        # First: what looks for the delays keeps the paths' threads waiting.
        heard = [far.engine.port_status(256 + talk).rtp for talk in range(len(PACKETS_MS))]
        delays = [delay_ms(near, far, talk, voice) for talk in range(len(PACKETS_MS))]
    for packet_ms, delay, rtp in zip(PACKETS_MS, delays, heard, strict=True):
        print(f"{packet_ms} ms packets: {delay:.1f} ms, {rtp.late} of {rtp.received} packets late")
        assert packet_ms < delay <= MOST_MS
        assert rtp.late <= rtp.received / 100, "no delay is saved by what is not heard"
