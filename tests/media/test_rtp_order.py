# SPDX-License-Identifier: GPL-2.0-only
"""Numbers and times of a peer that are not as they should be: a new row, a straggler, a flood. In virtual time."""

from __future__ import annotations

import struct
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
import pytest

from appliance.media.events import Codec, ComfortNoise
from tests.media.codec_sound import DYNAMIC, UNITS, payloads
from tests.media.rig import Side
from tests.media.rtp_peer import RtpPacket, RtpPeer
from tests.media.virtual import VirtualEngine, virtual_engine
from tests.sound import alaw

pytestmark = [pytest.mark.system, pytest.mark.timeout(30)]

PORT, EVENTS, NOISE, PACKET, PACKET_TICKS = 256, 101, 13, 160, 4
CODECS = [Codec.PCMA, Codec.G722, Codec.OPUS]
TONE = (8000 * np.sin(2 * np.pi * 440 * np.arange(PACKET * 150) / 8000)).astype(np.int16)


class Call:
    """A port of an engine in virtual time and its peer, who speaks a codec."""

    def __init__(self, host: VirtualEngine, peer: RtpPeer, codec: Codec) -> None:
        self.host, self.peer, self.codec = host, peer, codec
        self.side = Side(host)
        noise = None if codec is Codec.OPUS else ComfortNoise()
        self.side.engine.open_rtp(
            PORT, peer.address, codec, event_type=EVENTS, payload_type=DYNAMIC.get(codec), noise=noise
        )
        self.side.engine.record(1, PORT, PORT, 0)
        host.tick()

    def says(self, packets: int, number: int = 1000, place: int = 0) -> list[RtpPacket]:
        """A tone from a number and a place in time on, in packets."""
        if self.codec is Codec.PCMA:
            coded = [alaw.encode(TONE[at : at + PACKET]) for at in range(0, len(TONE), PACKET)]
        else:
            coded = payloads(self.codec, TONE)
        kind, step = DYNAMIC.get(self.codec, {Codec.PCMA: 8}.get(self.codec, 9)), PACKET * UNITS.get(self.codec, 1)
        return [
            RtpPacket(number + n, (place + n) * step, coded[n % len(coded)], payload_type=kind) for n in range(packets)
        ]

    def hears(self, turns: Iterable[list[RtpPacket]]) -> None:
        """What comes every 20 ms."""
        for packets in turns:
            for packet in packets:
                self.peer.send(packet.encode())
            self.host.tick(PACKET_TICKS)


@pytest.fixture(params=CODECS, ids=[codec.name for codec in CODECS])
def call(request: pytest.FixtureRequest) -> Iterator[Call]:
    with virtual_engine() as host, RtpPeer(host.rtp_base) as peer:
        yield Call(host, peer, request.param)


@pytest.fixture
def plain() -> Iterator[Call]:
    """A call in G.711."""
    with virtual_engine() as host, RtpPeer(host.rtp_base) as peer:
        yield Call(host, peer, Codec.PCMA)


def each(packets: list[RtpPacket]) -> list[list[RtpPacket]]:
    return [[packet] for packet in packets]


def test_rfc3550_a_1_sender_that_numbers_anew_is_heard_from_its_second_packet_on(call: Call) -> None:
    """As some phones do after a hold; the time goes on."""
    call.hears(each(call.says(150)))
    before = len(call.side.recorder.left(1))
    call.hears(each(call.says(50, number=1150 - 120, place=150)))
    heard = alaw.decode(call.side.recorder.left(1)[before + 1600 :])
    levels = [alaw.level_dbm0(heard[at : at + 800]) for at in range(0, len(heard) - 800, 800)]
    assert levels == pytest.approx([alaw.level_dbm0(TONE)] * len(levels), abs=3)
    rtp = call.side.engine.port_status(PORT).rtp
    assert (rtp.received, rtp.lost, rtp.duplicates) == (199, 0, 0)


@pytest.mark.parametrize("turns", [30, 50])
def test_straggler_costs_nothing_but_itself(call: Call, turns: int) -> None:
    """One that comes when the buffer is long past its place: 0.6 s, and a second."""
    stream = each(call.says(150))
    stream[50 + turns].append(stream[50].pop())
    call.hears(stream)
    rtp = call.side.engine.port_status(PORT).rtp
    assert (rtp.received, rtp.lost, rtp.late, rtp.resyncs) == (150, 0, 1, 0)
    assert rtp.concealed_samples == PACKET


def test_flood_is_decoded_no_further_than_it_could_be_heard() -> None:
    """Sixty packets every tick cost hardly more in Opus than in G.711, where nothing is decoded."""
    plain_s, opus_s = (cost_of_flood(codec) for codec in (Codec.PCMA, Codec.OPUS))
    print(f"{1000 * plain_s:.2f} ms, Opus {1000 * opus_s:.2f} ms")
    assert opus_s < 3 * plain_s


def cost_of_flood(codec: Codec, in_a_tick: int = 60) -> float:
    """Seconds of processor time."""
    with virtual_engine() as host, RtpPeer(host.rtp_base) as peer:
        call, spent_s = Call(host, peer, codec), 0.0
        stream = call.says(20 * in_a_tick)
        for at in range(0, len(stream), in_a_tick):
            for packet in stream[at : at + in_a_tick]:
                peer.send(packet.encode())
            begun_s = time.thread_time()
            host.tick()
            spent_s += time.thread_time() - begun_s
        assert call.side.engine.port_status(PORT).rtp.received == len(stream)
        return spent_s


def test_what_a_stall_of_the_network_held_back_is_decoded(call: Call) -> None:
    """400 ms at once."""
    stream = each(call.says(150))
    stream[50:71] = [*[[] for _ in range(20)], [packet for turn in stream[50:71] for packet in turn]]
    call.hears(stream)
    rtp = call.side.engine.port_status(PORT).rtp
    assert (rtp.received, rtp.lost, rtp.bad) == (150, 0, 0)
    heard = alaw.decode(call.side.recorder.left(1)[-PACKET * 60 :])
    assert alaw.level_dbm0(heard) == pytest.approx(alaw.level_dbm0(TONE), abs=1)


@pytest.mark.parametrize(
    "silent",
    [
        RtpPacket(1020, 20 * PACKET, bytes([40]), payload_type=NOISE),
        RtpPacket(1020, 20 * PACKET, struct.pack(">BBH", 5, 10, 160), payload_type=EVENTS),
    ],
    ids=["noise", "event"],
)
def test_packet_lost_before_one_without_sound_is_lost(plain: Call, silent: RtpPacket) -> None:
    spoken = plain.says(39, number=1000)
    plain.hears(each(spoken[:19]))
    plain.hears([[silent]])
    plain.hears(each([replace(packet, sequence=packet.sequence + 1) for packet in spoken[20:]]))
    status = plain.side.engine.port_status(PORT)
    assert status.rtp.lost == 1
    assert status.loss_percent == pytest.approx(100 / 40, abs=0.3)


def test_rfc3550_a_8_event_says_nothing_of_jitter(plain: Call) -> None:
    """All its packets have one timestamp, that of its beginning (RFC 4733 §2.2)."""
    plain.hears(each(plain.says(50)))
    plain.hears(
        [RtpPacket(1050 + n, 50 * PACKET, struct.pack(">BBH", 5, 10, 160 * (n + 1)), payload_type=EVENTS)]
        for n in range(25)
    )
    assert plain.side.engine.port_status(PORT).jitter_ms == 0
    plain.hears(each(plain.says(10, number=1075, place=75)))
    assert plain.side.engine.port_status(PORT).jitter_ms == 0
