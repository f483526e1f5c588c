# SPDX-License-Identifier: GPL-2.0-only
"""RTP ports against a peer of our own making on a real socket."""

from __future__ import annotations

import itertools
import random
import socket
import time
from collections.abc import Iterator

import pytest

from appliance.media.events import Client, Codec, CommandKind, CommandRefused, DigitsCollected, Profile, RtpTimedOut
from appliance.media.segment import Segment
from tests.media.rig import Listener, Side, engine_thread, noise, until
from tests.media.rtp_peer import RtpPacket, RtpPeer, packets
from tests.ports import HOST

pytestmark = pytest.mark.system

PORT = 256
Ends = tuple[Side, RtpPeer]


@pytest.fixture
def ends() -> Iterator[Ends]:
    with engine_thread() as host, RtpPeer(host.rtp_base) as peer:
        side = Side(host)
        side.engine.open_rtp(PORT, peer.address)
        side.engine.record(1, PORT, PORT, 0)
        until(lambda: side.engine.port_status(PORT).kind == "rtp")
        yield side, peer


def encoded(stream: list[RtpPacket]) -> list[list[bytes]]:
    return [[packet.encode()] for packet in stream]


def test_sound_in_is_bit_exact(ends: Ends) -> None:
    side, peer = ends
    sound = noise(2)
    peer.talk(encoded(packets(sound)))
    until(lambda: sound in side.recorder.left(1))
    rtp = side.engine.port_status(PORT).rtp
    assert (rtp.received, rtp.lost, rtp.late, rtp.duplicates, rtp.bad, rtp.stray) == (100, 0, 0, 0, 0, 0)
    assert 35 <= side.engine.port_status(PORT).delay_ms <= 80


@pytest.mark.parametrize("packet_ms", [5, 10, 20])
def test_rfc3550_5_1_sound_out_is_bit_exact(ends: Ends, packet_ms: int) -> None:
    side, peer = ends
    sound = noise(1)
    side.engine.close_port(PORT)
    side.engine.open_rtp(PORT, peer.address, packet_ms=packet_ms)
    side.engine.play(PORT, 1, [side.arena.add_alaw(sound)])
    until(lambda: sound in b"".join(packet.payload for packet in peer.hear()))
    heard = [packet for packet in peer.received if len(packet.payload) == packet_ms * 8]
    stream = [packet for packet in heard if packet.ssrc == heard[-1].ssrc]
    assert [packet.marker for packet in stream] == [True] + [False] * (len(stream) - 1)
    assert {later.sequence - earlier.sequence & 0xFFFF for earlier, later in itertools.pairwise(stream)} == {1}
    steps = {later.timestamp - earlier.timestamp & 0xFFFFFFFF for earlier, later in itertools.pairwise(stream)}
    assert steps == {packet_ms * 8}
    assert {packet.payload_type for packet in stream} == {8}


@pytest.mark.parametrize("codec", [Codec.PCMA, Codec.G722, Codec.OPUS])
def test_packets_of_another_length_begin_where_those_before_end(ends: Ends, codec: Codec) -> None:
    """Changed at every tick of a packet, so amid it too: Opus has no frames of 15 ms. The stream is the same."""
    side, peer = ends
    sound, units = noise(3), 6 if codec is Codec.OPUS else 1
    side.engine.open_rtp(PORT, peer.address, codec, payload_type=111 if codec is Codec.OPUS else None)
    side.engine.play(PORT, 1, [side.arena.add_alaw(sound)])
    until(lambda: side.engine.port_status(PORT).codec is codec)
    peer.hear().clear()
    for n in range(24):
        side.engine.set_rtp_remote(PORT, peer.address, 10 if n % 2 else 20)
        peer.talk([[]], pace_s=0.045)
    heard = peer.hear()
    steps = {later.timestamp - earlier.timestamp & 0xFFFFFFFF for earlier, later in itertools.pairwise(heard)}
    assert steps == {80 * units, 160 * units}
    assert {later.sequence - earlier.sequence & 0xFFFF for earlier, later in itertools.pairwise(heard)} == {1}
    assert not [packet for packet in heard[1:] if packet.marker]
    if codec is Codec.PCMA:
        assert b"".join(packet.payload for packet in heard).strip(b"\xd5") in sound


def test_packets_that_a_port_cannot_send_are_refused_and_it_goes_on_as_before(ends: Ends) -> None:
    side, peer = ends
    side.engine.open_rtp(PORT, peer.address, Codec.OPUS, payload_type=111)
    side.engine.set_rtp_remote(PORT, (HOST, 9), 5)
    assert side.line.wait(CommandRefused).kind is CommandKind.SET_RTP_REMOTE
    peer.hear().clear()
    peer.talk([[]] * 10)
    assert {later.timestamp - earlier.timestamp for earlier, later in itertools.pairwise(peer.hear())} == {960}
    with pytest.raises(ValueError, match="packet_ms=15: 5, 10 or 20"):
        side.engine.set_rtp_remote(PORT, peer.address, 15)


def test_loss_reorder_and_duplicates(ends: Ends) -> None:
    side, peer = ends
    side.engine.set_profile(PORT, Profile.CLEAR)
    sound = noise(2)
    stream = packets(sound)
    batches = encoded(stream)
    batches[20] = []  # lost
    batches[40], batches[41] = [], [stream[41].encode(), stream[40].encode()]  # reordered
    batches[60] = [stream[60].encode(), stream[60].encode(), stream[59].encode()]  # duplicates
    peer.talk(batches)
    expected = sound[: 20 * 160] + b"\xd5" * 160 + sound[21 * 160 :]
    until(lambda: expected in side.recorder.left(1))
    rtp = side.engine.port_status(PORT).rtp
    assert (rtp.received, rtp.lost, rtp.duplicates, rtp.late) == (99, 1, 2, 0)


def test_late_packets_deepen_the_buffer_and_nothing_else(ends: Ends) -> None:
    side, peer = ends
    stream = packets(noise(3))
    batches = encoded(stream)
    for n in (30, 31, 32, 33, 34):
        batches[n] = []
    batches[35] = [packet.encode() for packet in stream[30:36]]  # 100 ms late
    peer.talk(batches)
    assert 0 < side.engine.port_status(PORT).rtp.late <= 4
    assert 80 <= side.engine.port_status(PORT).delay_ms <= 160
    tail = b"".join(packet.payload for packet in stream[36:])
    until(lambda: tail in side.recorder.left(1))


def test_pause_and_new_ssrc_lay_the_buffer_out_anew(ends: Ends) -> None:
    side, peer = ends
    side.engine.set_profile(PORT, Profile.CLEAR)
    first, second = noise(0.5, 1), noise(0.5, 2)
    peer.talk(encoded(packets(first)))
    peer.talk([[]] * 15)
    peer.talk(encoded(packets(second, 100, 5, ssrc=0x9999)))
    until(lambda: second[160:] in side.recorder.left(1))
    assert first in side.recorder.left(1)
    assert side.engine.port_status(PORT).rtp.stray == 1, "the first packet of a new SSRC is on probation"


def test_port_holds_its_source_and_ssrc(ends: Ends) -> None:
    side, peer = ends
    side.engine.set_profile(PORT, Profile.CLEAR)
    sound = noise(1)
    stream = packets(sound)
    with RtpPeer(peer.engine[1]) as stranger:

        def with_strangers() -> Iterator[list[bytes]]:
            for n, packet in enumerate(stream):
                stranger.send(packet.encode())
                yield [packet.encode(), RtpPacket(n, n * 160, b"\x00" * 160, ssrc=7).encode()]

        peer.send(stream[0].encode())
        peer.talk(with_strangers())
        until(lambda: sound in side.recorder.left(1))
        assert side.engine.port_status(PORT).rtp.stray == 100
        assert not stranger.hear()
        assert side.engine.port_status(PORT).remote == peer.address


def test_port_latches_to_where_a_peer_behind_a_translator_comes_from(ends: Ends) -> None:
    side, peer = ends
    with RtpPeer(peer.engine[1]) as behind_nat:
        behind_nat.talk(encoded(packets(noise(0.2))))
        until(lambda: side.engine.port_status(PORT).remote == behind_nat.address)
        until(lambda: len(behind_nat.hear()) > 5)
        peer.talk(encoded(packets(noise(0.04), ssrc=5)))
        until(lambda: side.engine.port_status(PORT).remote == peer.address)


def test_stranger_with_fewer_packets_in_a_row_hears_nothing(ends: Ends) -> None:
    side, peer = ends
    with RtpPeer(peer.engine[1]) as stranger:
        stream = packets(noise(1))
        stranger.talk(encoded(stream[:3]))
        stranger.talk(encoded(stream[10:13]))
        until(lambda: side.engine.port_status(PORT).rtp.stray == 6)
        assert side.engine.port_status(PORT).remote == peer.address
        assert not stranger.hear()


def test_late_packets_of_the_phone_before_a_transfer_are_not_believed(ends: Ends) -> None:
    side, peer = ends
    stream = packets(noise(1))
    peer.talk(encoded(stream[:10]))
    with RtpPeer(peer.engine[1]) as second:
        side.engine.set_rtp_remote(PORT, second.address)
        until(lambda: side.engine.port_status(PORT).remote == second.address)
        peer.talk(encoded(stream[10:20]))
        until(lambda: side.engine.port_status(PORT).rtp.stray == 10)
        assert side.engine.port_status(PORT).remote == second.address
        second.talk(encoded(packets(noise(0.1), ssrc=77)))
        until(lambda: side.engine.port_status(PORT).rtp.received >= 15)


def test_damaged_and_foreign_packets_are_counted_and_dropped(ends: Ends) -> None:
    side, peer = ends
    good = RtpPacket(1, 160, b"\x55" * 160).encode()
    bad = [
        b"",
        b"\x80",
        good[:11],
        good[:12],
        b"\x00" + good[1:],
        b"\x8f" + good[1:20],
        b"\x90" + good[1:12] + b"\x00\x00\xff\xff",
        b"\xa0" + good[1:-1] + b"\x00",
        b"\xa0" + good[1:-1] + b"\xff",
        RtpPacket(1, 160, bytes(481)).encode(),
        RtpPacket(1, 160, bytes(1900)).encode(),
    ]
    for octets in bad:
        peer.send(octets)
    peer.send(RtpPacket(1, 160, b"\x01\x0a\x00\xa0", payload_type=101).encode())
    until(lambda: side.engine.port_status(PORT).rtp.bad == len(bad))
    rtp = side.engine.port_status(PORT).rtp
    assert (rtp.received, rtp.other_payload) == (0, 1)
    assert set(side.recorder.left(1)) == {0xD5}


def test_fuzzed_packets_never_stop_the_port(ends: Ends) -> None:
    side, peer = ends
    chance = random.Random(3550)  # noqa: S311 - a reproducible walk
    for n in range(3000):
        octets = bytearray(RtpPacket(n, n * 160, b"\x2a" * chance.choice([0, 1, 80, 160, 480])).encode())
        for _ in range(chance.randrange(4)):
            octets[chance.randrange(min(len(octets), 16))] = chance.randrange(256)
        peer.send(bytes(octets[: chance.randrange(len(octets) + 1)] if n % 3 == 0 else octets))
    peer.talk([[]] * 30)
    side.engine.set_rtp_remote(PORT, peer.address)
    peer.talk([[]])
    sound = noise(0.3)
    peer.talk(encoded(packets(sound, ssrc=0x4444)))
    until(lambda: sound in side.recorder.left(1))


def test_rtcp_is_bound_and_counted(ends: Ends) -> None:
    side, peer = ends
    peer.socket.sendto(b"\x80\xc9\x00\x01\x00\x00\x00\x01", (HOST, peer.engine[1] + 1))
    until(lambda: side.engine.port_status(PORT).rtp.rtcp == 1)


def test_rfc5761_rtcp_of_strangers_does_not_move_ours(ends: Ends) -> None:
    side, peer = ends
    segment = Segment(side.host.segment_fd)
    rtp = segment.c.rtp[0]
    report = b"\x80\xc9\x00\x01\x00\x00\x00\x01"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.bind(("127.0.0.2", 0))
        stranger.sendto(report, peer.engine)
        until(lambda: side.engine.port_status(PORT).rtp.stray == 1)
    peer.send(report[:3] + b"\x77" + report[4:])
    until(lambda: side.engine.port_status(PORT).rtp.bad == 1)
    assert not rtp.mux
    peer.send(report)
    until(lambda: side.engine.port_status(PORT).rtp.rtcp == 2)
    assert rtp.mux
    side.engine.set_rtp_remote(PORT, (HOST, peer.address[1] + 1))
    until(lambda: not rtp.mux)


def test_sequence_of_a_new_ssrc_is_no_loss(ends: Ends) -> None:
    side, peer = ends
    peer.talk(encoded(packets(noise(0.2))))
    peer.talk([[]] * 5)
    peer.talk(encoded(packets(noise(0.2), 700, 5, ssrc=0x9999)))
    until(lambda: side.engine.port_status(PORT).rtp.received == 19)
    assert side.engine.port_status(PORT).loss_percent == 0


def test_a_port_in_use_is_refused(ends: Ends) -> None:
    side, peer = ends
    with RtpPeer(0) as other:
        other.socket.close()
        other.socket = peer.socket.__class__(peer.socket.family, peer.socket.type)
        other.socket.bind((HOST, peer.engine[1] + 2))
        side.engine.open_rtp(PORT + 1, None)
        refused = side.line.wait(CommandRefused)
    assert (refused.port, refused.error) == (PORT + 1, "EADDRINUSE")


def test_refused_opening_leaves_the_port_as_it_was(ends: Ends) -> None:
    side, peer = ends
    segment = Segment(side.host.segment_fd)
    command = segment.command(CommandKind.OPEN_RTP, PORT)
    command.rtp.packet_ms = 7
    segment.push(Client.LINE1, command)
    assert side.line.wait(CommandRefused).error == "EINVAL"
    sound = noise(0.2)
    peer.talk(encoded(packets(sound)))
    until(lambda: sound in side.recorder.left(1))


def test_ten_seconds_without_a_packet_are_told_once(ends: Ends) -> None:
    side, peer = ends
    sip = Listener(side.host.engine(Client.SIP))
    peer.talk(encoded(packets(noise(0.1))))
    assert not sip.all(RtpTimedOut)
    segment = Segment(side.host.segment_fd)
    entry = segment.c.rtp[0]
    entry.last_packet = (entry.last_packet - 79_000) % 2**64  # as if 9.9 s had passed
    assert sip.wait(RtpTimedOut).port == PORT
    peer.talk([[]] * 5)
    assert len(sip.all(RtpTimedOut)) == 1


def test_digits_in_the_sound_of_a_phone_are_collected() -> None:
    with engine_thread() as phone_host, engine_thread() as branch_host:
        phone, branch = Side(phone_host), Side(branch_host)
        phone.engine.open_rtp(PORT, (HOST, branch_host.rtp_base))
        branch.engine.open_rtp(PORT, (HOST, phone_host.rtp_base))
        branch.ivr.engine.collect(PORT, 1, 3, 3000, 3000)
        until(lambda: branch.engine.port_status(PORT).rtp.received > 5)
        phone.engine.send_digits(PORT, 1, "0*9", on_ms=60, off_ms=60)
        assert branch.ivr.wait(DigitsCollected).digits == "0*9"


def test_port_that_is_opened_anew_refuses_no_packet(ends: Ends) -> None:
    """A peer that has begun to speak would take one refusal for nobody being there."""
    side, peer = ends
    peer.socket.connect(peer.engine)
    until_s = time.monotonic() + 1
    opened = 0
    while time.monotonic() < until_s:
        if time.monotonic() > until_s - 1 + 0.02 * opened:
            side.engine.open_rtp(PORT, peer.address, codec=Codec(opened % 2))
            opened += 1
        peer.socket.send(b"no RTP")
    assert side.engine.port_status(PORT).rtp.bad > 0
    assert opened > 40
