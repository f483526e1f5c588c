# SPDX-License-Identifier: GPL-2.0-only
"""What a phone says and hears goes on while its port is re-pointed, held, switched: packet by packet, sample by sample.

In virtual time, with real sockets: the phone sends its packets between the ticks, at its own pace.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from appliance.media.engine import NULL_FIRST
from appliance.media.events import Codec, CommandRefused, Profile
from dsp.g711 import alaw_to_ulaw
from tests.media.rig import Side, noise
from tests.media.rtp_peer import OCTETS, RtpPacket, RtpPeer
from tests.media.tones import RATE, judge, sine
from tests.media.virtual import TICK_SAMPLES, TICKS_A_SECOND, VirtualEngine, virtual_engine
from tests.sound import alaw

pytestmark = [pytest.mark.system, pytest.mark.timeout(30)]

PORT, OTHER, MUSIC = 256, 257, NULL_FIRST
TICKS, BEGIN, END = 800, 283, 521
ON_THE_WAY = 13.7
"""Samples; packets come between two ticks."""
HZ = 1020.0
CLICK_DB = -28.0
"""A-law alone leaves −37 dB; a sample that is missing or doubled in 20 ms −14."""


class Phone:
    """Talks with a port of the engine."""

    def __init__(self, host: VirtualEngine, peer: RtpPeer, codec: Codec = Codec.PCMA) -> None:
        self.host, self.peer, self.side = host, peer, Side(host)
        self.sent = 0
        self.type = 0 if codec is Codec.PCMU else 8
        self.side.engine.open_rtp(PORT, peer.address, codec)
        self.side.engine.record(1, PORT, PORT, 0)

    def talk(self, sound: bytes, deeds: dict[int, Callable[[], None]], ppm: float = 0.0) -> bytes:
        """Say the sound, its clock so far off, while deeds are done at ticks; returns what the engine has heard."""
        for tick in range(TICKS):
            if tick in deeds:
                deeds[tick]()
            while (self.sent + 1) * OCTETS / (1 + ppm * 1e-6) <= tick * TICK_SAMPLES + ON_THE_WAY:
                payload = sound[self.sent * OCTETS : (self.sent + 1) * OCTETS]
                self.peer.send(RtpPacket(self.sent, self.sent * OCTETS, payload, payload_type=self.type).encode())
                self.sent += 1
            self.host.tick()
        assert not self.side.line.all(CommandRefused)
        rtp = self.side.engine.port_status(PORT).rtp
        assert (rtp.lost, rtp.late, rtp.bad, rtp.stray, rtp.resyncs) == (0, 0, 0, 0, 0)
        (piece,) = self.side.recorder.sounds(1)
        return piece.left


@pytest.fixture
def host() -> Iterator[VirtualEngine]:
    with virtual_engine() as host:
        yield host


@pytest.fixture
def peer(host: VirtualEngine) -> Iterator[RtpPeer]:
    with RtpPeer(host.rtp_base) as peer:
        yield peer


def switched(phone: Phone, profile: Profile, between: Profile) -> dict[int, Callable[[], None]]:
    engine = phone.side.engine
    return {
        0: lambda: engine.set_profile(PORT, profile),
        BEGIN: lambda: engine.set_profile(PORT, between),
        END: lambda: engine.set_profile(PORT, profile),
    }


def without_pause(heard: bytes) -> bytes:
    """From the first sound on."""
    return heard.lstrip(bytes([alaw.IDLE]))


@pytest.mark.parametrize("profile", [Profile.VOICE, Profile.CLEAR])
@pytest.mark.parametrize("between", list(Profile))
def test_change_of_profile_there_and_back_loses_and_doubles_no_octet(
    host: VirtualEngine, peer: RtpPeer, profile: Profile, between: Profile
) -> None:
    phone, said = Phone(host, peer), noise(TICKS / TICKS_A_SECOND, 3)
    heard = without_pause(phone.talk(said, switched(phone, profile, between)))
    assert len(heard) > (TICKS - 20) * TICK_SAMPLES
    assert heard == without_pause(said)[: len(heard)]


@pytest.mark.parametrize("between", [Profile.VOICE, Profile.CLEAR])
def test_mu_law_goes_through_a_change_of_profile_too(host: VirtualEngine, peer: RtpPeer, between: Profile) -> None:
    """A-law values that mu-law has, so that all of it can be told."""
    phone, said = Phone(host, peer, Codec.PCMU), sine(HZ, TICKS * TICK_SAMPLES)
    heard = without_pause(phone.talk(alaw_to_ulaw(said), switched(phone, between, Profile.VBD)))
    assert len(heard) > (TICKS - 20) * TICK_SAMPLES
    difference = alaw.decode(heard).astype(int) - alaw.decode(without_pause(said)[: len(heard)])
    assert np.abs(difference).max() <= np.abs(alaw.decode(said)).max() // 16, "a step of the code"


@pytest.mark.parametrize("ppm", [-100.0, 0.0, 100.0])
def test_v152_a_far_clock_s_tone_keeps_its_phase_through_a_change_of_profile(
    host: VirtualEngine, peer: RtpPeer, ppm: float
) -> None:
    """Long enough in between that the resampler stands between two samples."""
    phone = Phone(host, peer)
    said = sine(HZ, 2 * TICKS * TICK_SAMPLES)
    heard = without_pause(phone.talk(said, switched(phone, Profile.VOICE, Profile.VBD), ppm))
    tone = judge(heard[TICK_SAMPLES:], HZ)
    assert len(tone.delay_ms) > 180
    assert tone.rest_db.max() < CLICK_DB
    assert np.abs(tone.level_db).max() < 0.3
    samples = np.diff(tone.delay_ms) * RATE / 1000
    assert np.abs(samples).max() < 1, "of what is missing or doubled"


def stream(received: list[RtpPacket]) -> bytes:
    """Sound of packets that are one stream without a gap."""
    assert {packet.ssrc for packet in received} == {received[0].ssrc}
    for earlier, later in itertools.pairwise(received):
        assert later.sequence - earlier.sequence & 0xFFFF == 1
        assert later.timestamp - earlier.timestamp & 0xFFFFFFFF == OCTETS
    return b"".join(packet.payload for packet in received)


def test_re_pointed_port_goes_on_at_the_new_address_with_the_next_packet(host: VirtualEngine, peer: RtpPeer) -> None:
    side = Side(host)
    said = noise(TICKS / TICKS_A_SECOND, 4)
    with RtpPeer(host.rtp_base) as other:
        side.engine.open_rtp(PORT, peer.address)
        side.engine.play(PORT, 1, [side.arena.add_alaw(said)])
        for remote in (other, peer, other):
            host.tick(101)
            side.engine.set_rtp_remote(PORT, remote.address)
        host.tick(101)
        first, last = peer.hear(), other.hear()
        parts = sorted(first + last, key=lambda packet: packet.sequence - first[0].sequence & 0xFFFF)
        assert stream(parts) == said[: len(parts) * OCTETS]
        assert len(parts) == 404 // 4
        assert [len(first), len(last)] == [25 + 25, 25 + 26]
        assert [packet.marker for packet in parts].count(True) == 4, "the first that each hears"


def test_re_pointed_phone_is_heard_on_when_it_comes_from_its_new_address(host: VirtualEngine, peer: RtpPeer) -> None:
    """The same stream, as of a phone that has changed its network: not one octet is missing."""
    with RtpPeer(host.rtp_base) as roamed:
        phone, said = Phone(host, peer), noise(TICKS / TICKS_A_SECOND, 5)

        def roam() -> None:
            phone.side.engine.set_rtp_remote(PORT, roamed.address)
            phone.peer = roamed

        heard = without_pause(phone.talk(said, {BEGIN: roam}))
        assert heard == without_pause(said)[: len(heard)]
        assert len(heard) > (TICKS - 20) * TICK_SAMPLES
        assert stream(peer.hear() + roamed.hear())


def test_held_phone_hears_music_and_then_the_talk_in_one_stream(host: VirtualEngine, peer: RtpPeer) -> None:
    """Re-pointed in the middle of it, as a hold by re-INVITE does; what it says meanwhile is recorded whole."""
    phone, said = Phone(host, peer), noise(TICKS / TICKS_A_SECOND, 6)
    engine, arena = phone.side.engine, phone.side.arena
    talk, music = noise(TICKS / TICKS_A_SECOND, 7), sine(443.7, TICKS * TICK_SAMPLES)
    for port, sound in ((NULL_FIRST + 1, talk), (MUSIC, music)):
        engine.open_null(port)
        engine.play(port, port, [arena.add_alaw(sound)])
    engine.listen(PORT, NULL_FIRST + 1)

    def resume() -> None:
        engine.set_rtp_remote(PORT, peer.address)
        engine.listen(PORT, NULL_FIRST + 1)

    heard = without_pause(phone.talk(said, {BEGIN: lambda: engine.listen(PORT, MUSIC), END: resume}))
    assert heard == without_pause(said)[: len(heard)]
    begin, end = BEGIN * TICK_SAMPLES, END * TICK_SAMPLES
    due = bytes([alaw.IDLE]) * TICK_SAMPLES
    due += talk[: begin - TICK_SAMPLES] + music[begin - TICK_SAMPLES : end - TICK_SAMPLES] + talk[end - TICK_SAMPLES :]
    assert stream(peer.hear()) == due[: TICKS * TICK_SAMPLES]
