# SPDX-License-Identifier: GPL-2.0-only
"""V.152: voice-band data from a far clock, ten minutes of it: no slip, no hole, a modem that loses no character."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from appliance.media.events import Client, Profile
from dsp.fsk import FskReceiver, Kind, Modem
from tests.media.rig import Recorder
from tests.media.rtp_peer import OCTETS, RtpPacket, RtpPeer
from tests.media.tones import RATE, judge, sine
from tests.media.virtual import TICK_SAMPLES, TICKS_A_SECOND, VirtualEngine, virtual_engine
from tests.sound import alaw

pytestmark = [pytest.mark.system, pytest.mark.timeout(60)]

PORT = 256
MINUTES_S = 600
SETTLED_S = 1
ON_THE_WAY = 13.7
"""Samples; packets come between two ticks."""
DELAY_MS = 40.0
CLICK_DB = -28.0
"""A-law alone leaves −37 dB, a pace of 300 ppm −34; a slip of 5 ms +3."""
PACE_PPM = 310.0
"""The resampler's 300, and what A-law moves a phase."""


@pytest.fixture
def host() -> Iterator[VirtualEngine]:
    """An engine whose minutes are seconds."""
    with virtual_engine() as host:
        yield host


def heard(host: VirtualEngine, ppm: float, sound: bytes) -> tuple[bytes, list[float]]:
    """What the port receives of a peer whose clock is so far off, from a second on, and its delays."""
    engine, recorder = host.engine(Client.SIP), Recorder(host.engine(Client.RECORDER))
    sent, delays = 0, []
    with RtpPeer(host.rtp_base) as peer:
        engine.open_rtp(PORT, peer.address)
        engine.set_profile(PORT, Profile.VBD)
        host.tick()
        recorder.engine.record(1, PORT, PORT, SETTLED_S * RATE)
        for tick in range(MINUTES_S * TICKS_A_SECOND):
            while (sent + 1) * OCTETS / (1 + ppm * 1e-6) <= tick * TICK_SAMPLES + ON_THE_WAY:
                payload = sound[sent * OCTETS : (sent + 1) * OCTETS]
                peer.send(RtpPacket(sent, sent * OCTETS, payload).encode())
                sent += 1
            host.tick()
            if tick % (10 * TICKS_A_SECOND) == 10 * TICKS_A_SECOND - 1:
                peer.hear().clear()
                recorder.sounds(1)
                delays.append(engine.port_status(PORT).delay_ms)
        rtp = engine.port_status(PORT).rtp
    assert (rtp.lost, rtp.late, rtp.resyncs) == (0, 0, 0)
    assert rtp.silence_samples <= (DELAY_MS + 5) * 8, "a hole"
    return recorder.left(1), delays


@pytest.mark.parametrize(("ppm", "hz"), [(-100.0, 1800.0), (50.0, 2100.0)])
def test_v152_a_far_clock_neither_slips_nor_clicks(host: VirtualEngine, ppm: float, hz: float) -> None:
    octets, delays = heard(host, ppm, sine(hz, (MINUTES_S + 1) * RATE))
    tone = judge(octets, hz * (1 + ppm * 1e-6))
    assert tone.rest_db.max() < CLICK_DB
    assert np.abs(tone.level_db).max() < 0.3
    assert tone.pace_ppm < PACE_PPM
    assert np.ptp(tone.delay_ms) < 10
    assert max(abs(delay - DELAY_MS) for delay in delays) < 10


def test_v23_modem_behind_a_far_clock_loses_no_character(host: VirtualEngine) -> None:
    characters = np.random.default_rng(23).integers(0, 256, 1200 * (MINUTES_S - 2) // 10)
    bits = np.ones((len(characters), 10), np.int8)
    bits[:, 0] = 0
    bits[:, 1:9] = characters[:, None] >> np.arange(8) & 1
    line = np.concatenate([np.ones(1500, np.int8), bits.ravel(), np.ones(2400, np.int8)])
    hz = np.where(line == 1, 1300.0, 2100.0)[np.arange(len(line) * RATE // 1200) * 1200 // RATE]
    sound = alaw.encode(np.rint(8000 * np.sin(2 * np.pi * np.cumsum(hz) / RATE)).astype(np.int16))
    octets, _ = heard(host, -100.0, sound.ljust((MINUTES_S + 1) * RATE, b"\xd5"))
    told = FskReceiver(Modem.V23).process(alaw.decode(octets).tobytes())
    assert [event.octet for event in told if event.kind is Kind.CHARACTER] == characters.tolist()
    assert all(event.kind is Kind.CHARACTER for event in told[: len(characters)])
