# SPDX-License-Identifier: GPL-2.0-only
"""Comfort noise (RFC 3389) of RTP ports: pauses that a peer tells, and silence that a port does not send."""

from __future__ import annotations

import dataclasses
import itertools
import struct
from collections.abc import Iterator

import numpy as np
import pytest

from appliance.media.events import Codec, ComfortNoise, DigitsSent, PlayEnded, Profile
from tests.media.codec_sound import payloads
from tests.media.rig import Side, engine_thread, until
from tests.media.rtp_peer import RtpPacket, RtpPeer
from tests.media.virtual import virtual_engine
from tests.ports import HOST
from tests.sound import alaw
from tests.sound.compare import find_delay, pesq_narrowband
from tests.sound.speech import speech

pytestmark = [pytest.mark.system, pytest.mark.timeout(60)]

PORT, SENDER, HEARER, NOISE = 256, 257, 258, 13
DBM0_OF_0_DBOV = 6.1  # a square wave at the limit
QUIET_DBM0 = -60.0


@pytest.fixture
def side() -> Iterator[Side]:
    with engine_thread() as host:
        yield Side(host)


def row(codec: Codec, sound: alaw.Linear) -> list[RtpPacket]:
    """Packets of 20 ms from number and time 0."""
    coded = (
        [alaw.encode(sound[at : at + 160]) for at in range(0, len(sound), 160)]
        if codec is Codec.PCMA
        else payloads(codec, sound)
    )
    kind = 8 if codec is Codec.PCMA else 9
    return [RtpPacket(n, 160 * n, octets, payload_type=kind) for n, octets in enumerate(coded)]


@pytest.mark.parametrize(("codec", "pause"), [(Codec.PCMA, 50), (Codec.G722, 5)])
def test_rfc3389_pause_of_a_peer_is_noise_at_its_level_and_nothing_is_lost(
    side: Side, codec: Codec, pause: int
) -> None:
    """A pause of a second, and one shorter than the jitter buffer takes for a pause."""
    tone = (6000 * np.sin(2 * np.pi * 500 * np.arange(16000) / 8000)).astype(np.int16)
    with RtpPeer(side.host.rtp_base) as peer:
        side.engine.open_rtp(PORT, peer.address, codec, noise=ComfortNoise())
        side.engine.record(1, PORT, PORT, 0)
        until(lambda: side.engine.port_status(PORT).kind == "rtp")
        talk = row(codec, tone)
        spurts = [
            dataclasses.replace(packet, sequence=packet.sequence + 1, timestamp=packet.timestamp + 160 * pause)
            for packet in talk[50:]
        ]
        told = RtpPacket(50, 160 * 50, bytes([50]), payload_type=NOISE)
        peer.talk([[packet.encode()] for packet in talk[:50]])
        laid_out = side.engine.port_status(PORT).rtp.silence_samples
        peer.talk([[told.encode()], *[[] for _ in range(pause - 1)]])
        peer.talk([[packet.encode()] for packet in spurts])
        rtp = side.engine.port_status(PORT).rtp
        assert (rtp.lost, rtp.other_payload) == (0, 0)
        missing = rtp.concealed_samples, rtp.silence_samples - laid_out
        assert max(missing) <= 160 * rtp.late, "what this machine itself was late with, at most"
        heard = alaw.decode(side.recorder.left(1))
        began = find_delay(tone[:8000], heard[: 8000 * 2])
        silence = heard[began + 8000 + 160 : began + 8000 + 160 * (pause - 1)]
        assert alaw.level_dbm0(silence) == pytest.approx(DBM0_OF_0_DBOV - 50, abs=1.5 if pause > 10 else 3)
        again = heard[began + 8000 + 160 * (pause + 2) :][:6400]
        assert alaw.level_dbm0(again) == pytest.approx(alaw.level_dbm0(tone), abs=0.5)


def test_rfc3550_6_6_noise_of_a_stream_that_has_said_bye_is_over() -> None:
    with virtual_engine() as host, RtpPeer(host.rtp_base) as peer:
        side = Side(host)
        side.engine.open_rtp(PORT, peer.address, noise=ComfortNoise())
        host.tick()
        peer.send(RtpPacket(1, 160, bytes([40]), payload_type=NOISE).encode())
        host.tick(40)
        peer.send(struct.pack(">BBHIBBHI", 0x80, 201, 1, 0x1234, 0x81, 203, 1, 0x1234))
        host.tick()
        side.engine.record(1, PORT, PORT, 0)
        host.tick(100)
        assert set(side.recorder.left(1)) == {alaw.IDLE}


def test_silence_of_a_voice_is_described_and_the_voice_stays(side: Side) -> None:
    words, random = speech(1.5), np.random.default_rng(1)
    said = np.concatenate([words, np.zeros(12000, np.int16), speech(1.5, "agent")]).astype(float)
    said += random.normal(0, alaw.FULL_SCALE / np.sqrt(2) * 10 ** ((QUIET_DBM0 - alaw.FULL_SCALE_DBM0) / 20), len(said))
    with RtpPeer(side.host.rtp_base) as peer:
        base = side.host.rtp_base
        side.engine.open_rtp(PORT, peer.address)
        side.engine.open_rtp(SENDER, (HOST, base + 4), noise=ComfortNoise(sent=True))
        side.engine.open_rtp(HEARER, (HOST, base + 2), noise=ComfortNoise())
        side.engine.connect(PORT, SENDER)
        for number, port in enumerate((PORT, HEARER)):
            side.engine.record(number, port, port, 0)
        until(lambda: side.engine.port_status(PORT).source == "bridge")
        peer.talk([[packet.encode()] for packet in row(Codec.PCMA, said.astype(np.int16))])
    sender, hearer = (side.engine.port_status(port).rtp for port in (SENDER, HEARER))
    assert sender.sent < 0.8 * len(said) / 160, "a third of it is silence"
    assert (hearer.lost, hearer.late, hearer.concealed_samples) == (0, 0, 0)
    before, after = (alaw.decode(side.recorder.left(number)) for number in range(2))
    whole = before[find_delay(said, before) :][: len(said)]
    behind = after[max(0, find_delay(whole, after)) :]
    assert pesq_narrowband(whole, after) > 3.5
    quiet = slice(len(words) + 4000, len(words) + 11000)
    assert alaw.level_dbm0(behind[quiet]) == pytest.approx(alaw.level_dbm0(whole[quiet]), abs=2)


def test_rfc3551_4_1_first_packet_of_a_talk_spurt_is_marked(side: Side) -> None:
    words = speech(0.6)
    with RtpPeer(side.host.rtp_base) as peer, RtpPeer(side.host.rtp_base + 2) as far:
        side.engine.open_rtp(PORT, peer.address)
        side.engine.open_rtp(SENDER, far.address, noise=ComfortNoise(sent=True))
        side.engine.connect(PORT, SENDER)
        until(lambda: side.engine.port_status(PORT).source == "bridge")
        silence = np.zeros(4800, np.int16)
        peer.talk([[packet.encode()] for packet in row(Codec.PCMA, np.concatenate([words, silence, words, silence]))])
        came = far.hear()
    kinds = [packet.payload_type for packet in came]
    assert {later.sequence - earlier.sequence for earlier, later in itertools.pairwise(came)} == {1}
    begun = [n for n in range(1, len(kinds)) if kinds[n - 1] == NOISE and kinds[n] == 8]
    assert [n for n in range(1, len(kinds)) if came[n].marker] == begun
    assert begun, "it spoke again"


def test_what_a_port_plays_its_digits_and_what_is_no_voice_are_sent_whole(side: Side) -> None:
    """Even if it is silence: a prompt's pauses have their length, and a tone is no voice."""
    with RtpPeer(side.host.rtp_base + 2) as far:
        side.engine.open_rtp(SENDER, far.address, noise=ComfortNoise(sent=True))
        side.engine.play(SENDER, 1, [side.arena.add_alaw(bytes([alaw.IDLE]) * 4000)])
        side.line.wait(PlayEnded)
        side.engine.send_digits(SENDER, 2, "15", on_ms=100, off_ms=100)
        side.line.wait(DigitsSent)
        assert len(sounding(far)) >= 24 + 19, "half a second, and two digits of 0.2 s"
        until(lambda: bool(far.hear()) and far.received[-1].payload_type == NOISE)
        before = len(sounding(far))
        side.engine.set_profile(SENDER, Profile.VBD)
        until(lambda: len(sounding(far)) > before + 10)
        assert {packet.payload_type for packet in far.received[-10:]} == {8}


def sounding(peer: RtpPeer) -> list[RtpPacket]:
    return [packet for packet in peer.hear() if packet.payload_type == 8]
