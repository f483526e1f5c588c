# SPDX-License-Identifier: GPL-2.0-only
"""RTP ports that speak G.722, G.726 and Opus: the sound of two of them in one engine, and a peer's packets."""

from __future__ import annotations

import contextlib
import itertools
import struct
import time
from collections.abc import Iterator
from functools import partial

import numpy as np
import pytest

from appliance.media.events import Client, Codec, CommandKind, CommandRefused, DigitsCollected, DigitsSent
from appliance.media.segment import Segment
from tests.media.codec_sound import CODED, DYNAMIC, UNITS, alone, payloads
from tests.media.rig import Side, engine_process, engine_thread, until
from tests.media.rtp_peer import RtpPacket, RtpPeer
from tests.media.virtual import virtual_engine
from tests.ports import HOST
from tests.sound import alaw
from tests.sound.compare import compare, pesq_narrowband
from tests.sound.loss import ours
from tests.sound.speech import speech

pytestmark = [pytest.mark.system, pytest.mark.timeout(60)]

FIRST, EVENTS, SECONDS = 256, 101, 3.0
COSTS_MOS = 0.1


@pytest.fixture
def side() -> Iterator[Side]:
    with engine_thread() as host:
        yield Side(host)


def talk_in(side: Side, number: int, codec: Codec, packet_ms: int = 20) -> tuple[int, int]:
    """Two ports of the engine that talk to each other in a codec."""
    ports = FIRST + 2 * number, FIRST + 2 * number + 1
    for port, other in (ports, ports[::-1]):
        remote = (HOST, side.host.rtp_base + 2 * (other - FIRST))
        side.engine.open_rtp(port, remote, codec, packet_ms, EVENTS, payload_type=DYNAMIC.get(codec))
    return ports


def test_speech_through_two_ports_is_as_good_as_through_the_codec_alone(side: Side) -> None:
    said = speech(SECONDS)
    sound = side.arena.add_alaw(alaw.encode(said))
    talks = [
        (codec, packet_ms) for codec in CODED for packet_ms in (20, 10, 5) if (codec, packet_ms) != (Codec.OPUS, 5)
    ]
    for number, (codec, packet_ms) in enumerate(talks):
        teller, hearer = talk_in(side, number, codec, packet_ms)
        side.engine.record(number, hearer, hearer, 0)
        side.engine.play(teller, number, [sound])
    until(lambda: len(side.recorder.left(0)) > 8000 * (SECONDS + 0.3), SECONDS + 2)
    quality: dict[Codec, float] = {}
    for number, (codec, packet_ms) in enumerate(talks):
        heard = alaw.decode(side.recorder.left(number))
        status = side.engine.port_status(FIRST + 2 * number + 1)
        scores = pesq_narrowband(said, heard), pesq_narrowband(said, alone(codec, said, packet_ms))
        print(codec.name, packet_ms, scores, status.mos_lq)
        assert status.codec is codec
        assert status.rtp.lost == status.rtp.bad == status.rtp.concealed_samples == 0
        quality[codec] = status.mos_lq
        assert scores[0] > scores[1] - COSTS_MOS, (codec, packet_ms, scores)
    by_quality = [Codec.G722, Codec.G726_40, Codec.OPUS, Codec.G726_32, Codec.G726_24, Codec.G726_16]
    assert sorted(quality, key=quality.__getitem__, reverse=True) == by_quality, "by G.113"


def stream(codec: Codec, sound: alaw.Linear, packet_ms: int = 20) -> list[RtpPacket]:
    """Packets of a peer; numbers and timestamps wrap early."""
    step, kind = 8 * packet_ms * UNITS.get(codec, 1), DYNAMIC.get(codec, 9)
    return [
        RtpPacket(0xFFF8 + n, 0xFFFFF000 + n * step, payload, marker=n == 0, payload_type=kind)
        for n, payload in enumerate(payloads(codec, alaw.ideal_pass(sound), packet_ms))
    ]


@contextlib.contextmanager
def peers_of(side: Side) -> Iterator[dict[Codec, RtpPeer]]:
    """A peer and a recorded port for each codec."""
    with contextlib.ExitStack() as stack:
        peers = {}
        for number, codec in enumerate(CODED):
            peer = peers[codec] = stack.enter_context(RtpPeer(side.host.rtp_base + 2 * number))
            side.engine.open_rtp(FIRST + number, peer.address, codec, payload_type=DYNAMIC.get(codec))
            side.engine.record(number, FIRST + number, FIRST + number, 0)
        until(lambda: all(side.engine.port_status(FIRST + n).kind == "rtp" for n in range(len(CODED))))
        yield peers


def talk(peers: dict[Codec, RtpPeer], batches: dict[Codec, list[list[RtpPacket]]]) -> None:
    """Every peer sends its batch every 20 ms."""
    due = time.monotonic()
    for turn in zip(*batches.values(), strict=True):
        for peer, batch in zip(peers.values(), turn, strict=True):
            for packet in batch:
                peer.send(packet.encode())
        due += 0.02
        time.sleep(max(0.0, due - time.monotonic()))


def test_packets_that_overtake_each_other_are_decoded_in_their_order(side: Side) -> None:
    said = speech(2.0)
    with peers_of(side) as peers:
        talk(peers, {codec: [*paired(stream(codec, said))] for codec in peers})
        time.sleep(0.2)
    for number, codec in enumerate(peers):
        rtp = side.engine.port_status(FIRST + number).rtp
        assert (rtp.received, rtp.lost, rtp.late, rtp.bad) == (100, 0, 0, 0), codec
        compared = compare(alaw.encode(alone(codec, said)), side.recorder.left(number))
        assert compared.identical_share > 0.9, (codec, compared.sentence())


def paired(packets: list[RtpPacket]) -> Iterator[list[RtpPacket]]:
    """Behind the first two, each second one comes with and before the one that was sent before it."""
    yield [packets[0]]
    yield [packets[1]]
    for first, second in zip(packets[2::2], packets[3::2], strict=True):
        yield [second, first]
        yield []


def test_three_percent_of_loss_are_concealed(side: Side) -> None:
    """Beside a codec without a memory, ADPCM loses some of what follows, and Opus has said most of it again."""
    said = speech(SECONDS)
    lost = np.arange(round(50 * SECONDS)) % 33 == 11
    with peers_of(side) as peers:
        kept = {codec: [[] if lost[n] else [packet] for n, packet in enumerate(stream(codec, said))] for codec in peers}
        talk(peers, kept)
        time.sleep(0.2)
    for number, codec in enumerate(peers):
        status = side.engine.port_status(FIRST + number)
        heard, best = alaw.decode(side.recorder.left(number)), alone(codec, said)
        score, without_memory = pesq_narrowband(best, heard), pesq_narrowband(best, ours(best, lost))
        print(codec.name, score, without_memory, status.mos_lq)
        assert (status.rtp.lost, status.rtp.late, status.rtp.bad) == (int(lost.sum()), 0, 0), codec
        assert status.rtp.concealed_samples >= 160 * int(lost.sum()), codec
        assert score > without_memory + (0.2 if codec is Codec.OPUS else -0.6), codec
        assert status.loss_percent == pytest.approx(100 * lost.mean(), abs=0.2)


def test_a_killed_engine_goes_on_in_every_codec() -> None:
    tone = (8000 * np.sin(2 * np.pi * 440 * np.arange(8000) / 8000)).astype(np.int16)
    with engine_process() as killed, engine_thread() as other:
        side, far = Side(killed), Side(other)
        for here, there in ((side, far), (far, side)):
            sound = here.arena.add_alaw(alaw.encode(tone))
            for number, codec in enumerate(CODED):
                port, remote = FIRST + number, (HOST, there.host.rtp_base + 2 * number)
                here.engine.open_rtp(port, remote, codec, payload_type=DYNAMIC.get(codec))
                here.engine.play(port, number, [sound], repeat=0)
        ports = range(FIRST, FIRST + len(CODED))
        until(lambda: all(end.engine.port_status(port).rtp.received > 20 for end in (side, far) for port in ports))
        killed.kill()
        killed.start()
        for here in (side, far):
            for number, port in enumerate(ports):
                here.engine.record(number, port, port, here.engine.samples + 4000)
            until(partial(_recorded, here))
            for number, codec in enumerate(CODED):
                heard = alaw.decode(here.recorder.left(number)[:4000]).astype(float)
                assert np.argmax(np.abs(np.fft.rfft(heard))) == 220, codec
                assert alaw.level_dbm0(heard) == pytest.approx(alaw.level_dbm0(tone), abs=1), codec


def _recorded(side: Side) -> bool:
    return len(side.recorder.left(len(CODED) - 1)) >= 4000


def pressed(digit: int, sequence: int, begun: int, units: int) -> list[RtpPacket]:
    """A key of 100 ms by RFC 4733: reports every 20 ms, the end three times."""
    durations = [160 * units * n for n in (1, 2, 3, 4, 5, 5, 5)]
    return [
        RtpPacket(sequence + n, begun, struct.pack(">BBH", digit, (n > 3) << 7 | 10, duration), payload_type=EVENTS)
        for n, duration in enumerate(durations)
    ]


@pytest.mark.parametrize("codec", [Codec.G722, Codec.OPUS])
def test_rfc4733_events_at_the_clock_of_the_codec_are_digits_both_ways(side: Side, codec: Codec) -> None:
    """They stand in one row of numbers with the sound, which goes on behind them."""
    units, said = UNITS.get(codec, 1), speech(1.0)
    with RtpPeer(side.host.rtp_base) as peer:
        side.engine.open_rtp(FIRST, peer.address, codec, event_type=EVENTS, payload_type=DYNAMIC.get(codec))
        side.ivr.engine.collect(FIRST, 1, 2, 5000, 3000)
        until(lambda: side.engine.port_status(FIRST).kind == "rtp")
        sound, row = stream(codec, said), 0xFFF8 + 50
        peer.talk([[packet.encode()] for packet in sound])
        for digit in (7, 3):
            begun = sound[-1].timestamp + 160 * units * (row - 0xFFF8 - 49)
            peer.talk([[packet.encode()] for packet in pressed(digit, row, begun, units)])
            peer.talk([[]] * 10)
            row += 7
        assert side.ivr.wait(DigitsCollected).digits == "73"
        peer.hear()
        peer.received.clear()
        side.engine.send_digits(FIRST, 5, "9", on_ms=100, off_ms=60)
        side.line.wait(DigitsSent)
        until(lambda: peer.hear()[-1].payload_type != EVENTS)
        rtp = side.engine.port_status(FIRST).rtp
        assert (rtp.lost, rtp.late, rtp.bad) == (0, 0, 0)
    events = [packet for packet in peer.received if packet.payload_type == EVENTS]
    durations = sorted({struct.unpack(">BBH", packet.payload)[2] for packet in events})
    assert durations[-1] == 800 * units
    assert {later.timestamp - earlier.timestamp for earlier, later in itertools.pairwise(sounding(peer))} <= {
        160 * units * n for n in range(1, 12)
    }


def test_rfc4733_2_1_second_sending_of_digits_is_at_the_clock_of_the_codec_too() -> None:
    with virtual_engine() as host, RtpPeer(host.rtp_base) as peer:
        side = Side(host)
        side.engine.open_rtp(FIRST, peer.address, Codec.OPUS, event_type=EVENTS, payload_type=DYNAMIC[Codec.OPUS])
        for sending in (1, 2):
            peer.received.clear()
            side.engine.send_digits(FIRST, sending, "9", on_ms=100, off_ms=60)
            host.tick(100)
            events = [packet.payload for packet in peer.hear() if packet.payload_type == EVENTS]
            assert max(struct.unpack(">BBH", payload)[2] for payload in events) == 4800, sending


def sounding(peer: RtpPeer) -> list[RtpPacket]:
    return [packet for packet in peer.received if packet.payload_type != EVENTS]


@pytest.mark.parametrize(
    "wrong",
    [
        {"codec": 8},
        {"codec": Codec.OPUS, "payload_type": 9},
        {"noise_type": 8},
        {"codec": Codec.OPUS, "packet_ms": 5},
    ],
)
def test_codec_that_makes_no_sense_is_refused_and_the_port_stays(side: Side, wrong: dict[str, int]) -> None:
    """A client that does not ask Python's opinion."""
    segment = Segment(side.host.segment_fd)
    side.engine.open_rtp(FIRST, None, Codec.G722)
    until(lambda: side.engine.port_status(FIRST).kind == "rtp")
    command = segment.command(CommandKind.OPEN_RTP, FIRST)
    for name, value in {"codec": Codec.PCMA, "payload_type": 8, "packet_ms": 20, **wrong}.items():
        setattr(command.rtp, name, value)
    segment.push(Client.CALL, command)
    assert side.call.wait(CommandRefused).error == "EINVAL"
    assert side.engine.port_status(FIRST).codec is Codec.G722
