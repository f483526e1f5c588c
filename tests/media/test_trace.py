# SPDX-License-Identifier: GPL-2.0-only
"""The engine's trace: frames, bits and packets both ways; what it forgets, and what outlives a death."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest

from appliance.media.events import FrameReceived
from appliance.media.trace import EngineTrace
from drivers.model import Cas, Timeslot
from drivers.vpair import VpairDriver, VpairSettings
from dsp.srtp import MasterKey, Suite
from tests.media.rig import Side, engine_process, until
from tests.media.rtp_peer import RtpPacket, RtpPeer
from tests.media.virtual import TICKS_A_SECOND, VirtualEngine, virtual_engine

pytestmark = [pytest.mark.system, pytest.mark.timeout(30)]

EVER = 2**62
PORT, TICK_NS = 256, 5_000_000
BITS_KEPT = 65536
BEARERS = [timeslot for timeslot in range(1, 32) if timeslot != 16]


@pytest.fixture
def host() -> Iterator[VirtualEngine]:
    with virtual_engine() as host:
        yield host


def cable(side: Side, d_channel: int | None, cas: Cas | None = None) -> None:
    """Spans 0 and 1, joined."""
    driver = VpairDriver(side.engine)
    driver.configure(0, VpairSettings(partner=1), d_channel, cas)
    driver.configure(1, VpairSettings(partner=0), d_channel, cas)


def test_frames_of_a_d_channel_are_kept_both_ways_with_their_times(host: VirtualEngine) -> None:
    side, trace = Side(host), EngineTrace(host.segment_fd)
    cable(side, 16)
    host.tick(2)
    side.engine.send_frame(0, b"\x02\x01\x7f")
    side.engine.send_frame(1, bytes(range(200)) + bytes(100))
    host.tick(20)
    side.engine.send_frame(0, b"last")
    host.tick(20)
    (sabme, last), (came,) = (
        [frame for frame in trace.frames(0, 0, EVER) if frame.sent is way] for way in (True, False)
    )
    assert (sabme.octets, last.octets, came.octets) == (b"\x02\x01\x7f", b"last", bytes(range(200)) + bytes(100))
    assert last.at_ns - sabme.at_ns == pytest.approx(20 * TICK_NS, abs=TICK_NS / 10)
    assert sabme.at_ns < came.at_ns <= last.at_ns + 20 * TICK_NS
    assert [frame.octets for frame in trace.frames(1, 0, EVER) if not frame.sent] == [sabme.octets, last.octets]
    assert trace.frames(0, sabme.at_ns + 1, came.at_ns) == [came], "the window is the reader's"
    assert trace.frames(2, 0, EVER) == []


def test_bits_are_kept_as_they_change_and_no_oftener(host: VirtualEngine) -> None:
    side, trace = Side(host), EngineTrace(host.segment_fd)
    cable(side, None, Cas(0b1101))
    host.tick(4)
    near, far = Timeslot(0, 5).port, Timeslot(1, 5).port
    for abcd in (0b0001, 0b0001, 0b1001):
        side.engine.set_bits(near, abcd)
        host.tick(4)
    assert [(bits.sent, bits.abcd) for bits in trace.bits(near, 0, EVER)] == [
        (False, 0b1101),
        (True, 0b0001),
        (True, 0b1001),
    ]
    assert [bits.abcd for bits in trace.bits(far, 0, EVER) if not bits.sent] == [0b1101, 0b0001, 0b1001]


def test_bits_of_the_dead_that_rest_already_are_no_change() -> None:
    with virtual_engine(orphan_s=1.0) as host:
        side, trace = Side(host), EngineTrace(host.segment_fd)
        cable(side, None, Cas(0b1101))
        host.tick(4)
        for timeslot, abcd in ((5, 0b1101), (6, 0b0001)):
            side.engine.set_bits(Timeslot(0, timeslot).port, abcd)
        host.tick(3 * TICKS_A_SECOND)  # in which nobody reads an event
        sent = [[bits.abcd for bits in trace.bits(timeslot, 0, EVER) if bits.sent] for timeslot in (5, 6)]
        assert sent == [[], [0b0001, 0b1101]]


def test_headers_of_rtp_are_kept_both_ways_and_nothing_that_was_said(host: VirtualEngine) -> None:
    side, trace = Side(host), EngineTrace(host.segment_fd)
    with RtpPeer(host.rtp_base) as phone, RtpPeer(host.rtp_base) as stranger:
        side.engine.open_rtp(PORT, phone.address)
        host.tick(1)
        sent = [RtpPacket(n, 160 * n, b"\x55" * 160).encode() for n in range(3)]
        for octets in sent:
            phone.send(octets)
            host.tick(4)
        stranger.send(RtpPacket(7, 7, b"\x99" * 80, ssrc=99).encode())
        stranger.send(b"too short")
        host.tick(4)
        kept = trace.rtp(PORT, 0, EVER)
        came = [packet for packet in kept if not packet.sent]
        assert [packet.header for packet in came[:3]] == [octets[:12] for octets in sent]
        assert [(packet.remote, packet.octets) for packet in came] == [(phone.address, 172)] * 3 + [
            (stranger.address, 92)
        ]
        heard = [packet.encode()[:12] for packet in phone.hear()]
        assert [packet.header for packet in kept if packet.sent] == heard
        assert len(heard) >= 3
    assert trace.rtp(PORT + 1, 0, EVER) == []
    assert trace.rtp_address == ("127.0.0.1", host.rtp_base)


def test_srtp_is_kept_as_it_is_on_the_wire(host: VirtualEngine) -> None:
    side, trace = Side(host), EngineTrace(host.segment_fd)
    key = MasterKey.new(Suite.AES_CM_128_HMAC_SHA1_80)
    with RtpPeer(host.rtp_base) as phone:
        side.engine.open_rtp(PORT, phone.address)
        side.engine.secure(PORT, key, key)
        host.tick(9)
        phone.send(RtpPacket(1, 1, b"\x55" * 170).encode())
        host.tick(1)
    kept = trace.rtp(PORT, 0, EVER)
    assert {packet.octets for packet in kept if packet.sent} == {12 + 160 + 10}
    assert [packet.octets for packet in kept if not packet.sent] == [182], "what is forged came nevertheless"


def test_the_oldest_give_way_and_a_reader_sees_whole_records_alone(host: VirtualEngine) -> None:
    side, trace = Side(host), EngineTrace(host.segment_fd)
    cable(side, None, Cas(0))
    changes = 0
    while changes < BITS_KEPT + 1000:
        changes += len(BEARERS)
        for timeslot in BEARERS:
            side.engine.set_bits(Timeslot(0, timeslot).port, changes // len(BEARERS) % 16)
        host.tick(1)
    kept = [bits for timeslot in range(64) for bits in trace.bits(timeslot, 0, EVER)]
    assert len(kept) == BITS_KEPT - 1, "all but the one whose place is the next one's"
    newest = max(bits.at_ns for bits in kept)
    oldest = min(bits.at_ns for bits in kept)
    assert newest - oldest < (changes // len(BEARERS)) * TICK_NS, "the first ticks are gone"
    assert [bits.abcd for bits in trace.bits(1, newest, EVER) if bits.sent] == [changes // len(BEARERS) % 16]


def test_a_killed_engine_s_trace_is_read_and_its_next_life_adds_to_it() -> None:
    with engine_process() as host:
        side, trace = Side(host), EngineTrace(host.segment_fd)
        cable(side, 16)
        side.engine.send_frame(0, b"before")
        until(lambda: any(event.frame == b"before" for event in side.line.all(FrameReceived)))
        host.kill()
        assert [frame.octets for frame in trace.frames(1, 0, EVER)] == [b"before"]
        host.start()
        side.engine.send_frame(0, b"after")
        until(lambda: any(event.frame == b"after" for event in side.line.all(FrameReceived)))
        frames = trace.frames(1, 0, EVER)
        assert [frame.octets for frame in frames] == [b"before", b"after"]
        assert abs(time.monotonic_ns() - frames[-1].at_ns) < 1_000_000_000, "the machine's own clock"


def test_a_reader_cannot_write(host: VirtualEngine) -> None:
    fd = os.open(f"/proc/self/fd/{host.segment_fd}", os.O_RDONLY)
    try:
        assert EngineTrace(fd).frames(0, 0, EVER) == []
    finally:
        os.close(fd)
