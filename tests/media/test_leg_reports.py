# SPDX-License-Identifier: GPL-2.0-only
"""What the engine says of a leg, against what was put into it: levels, noise, clipping, ERL; loss, jitter, MOS."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from appliance.media.engine import RTP_FIRST
from appliance.media.events import Client, PortStatus, Profile
from dsp.emodel import leg_quality
from dsp.rtcp import SECOND, Report, ReportBlock, VoipMetrics, parse, serialise
from tests.dsp.tone_sound import Sound, noise, silence, sine
from tests.media.hybrid import LEG, PARTY, HybridLine, hybrid_line
from tests.media.rtp_peer import OCTETS, RtpPacket, RtpPeer
from tests.media.virtual import TICK_SAMPLES, VirtualEngine, virtual_engine
from tests.sound import alaw

pytestmark = [pytest.mark.system, pytest.mark.timeout(30)]

PORT = RTP_FIRST
FULL_SCALE = 32256.0
SSRC = 0x1234


@pytest.fixture
def line() -> Iterator[HybridLine]:
    """One that ends in no hybrid: of what is sent nothing comes back."""
    with hybrid_line(24) as line:
        line.side.engine.disconnect(PARTY)
        line.side.engine.whisper(PARTY, None)
        yield line


def talk(line: HybridLine, said: Sound, sent: Sound | None = None) -> PortStatus:
    """Of the leg, after all of it."""
    line.say(said, PARTY)
    if sent is not None:
        line.say(sent, LEG)
    line.host.tick(len(said) // TICK_SAMPLES)
    return line.side.engine.port_status(LEG)


@pytest.mark.parametrize("level_dbm0", [-60, -50, -40, -30])
def test_white_noise_is_reported_at_its_level(line: HybridLine, level_dbm0: float) -> None:
    told = talk(line, noise(level_dbm0, 6000))
    assert told.noise_dbm0 == pytest.approx(level_dbm0, abs=1.5)
    assert told.rx_dbm0 == pytest.approx(level_dbm0, abs=0.7)


def test_noise_is_that_of_the_pauses_between_words(line: HybridLine) -> None:
    words = np.tile(np.concatenate([sine(500, -12, 700), silence(300)]), 6)
    told = talk(line, noise(-50, 6000) + words)
    assert told.noise_dbm0 == pytest.approx(-50, abs=1.5)
    assert told.rx_dbm0 == pytest.approx(-12 + 10 * np.log10(0.7), abs=0.3)


def test_levels_of_both_ways_are_those_that_were_said(line: HybridLine) -> None:
    told = talk(line, sine(1004, -7, 3000), sine(620, -21, 3000))
    assert (told.rx_dbm0, told.tx_dbm0) == pytest.approx((-7, -21), abs=0.1)


def test_g711_silence_has_the_level_of_its_code(line: HybridLine) -> None:
    told = talk(line, silence(6000))
    assert told.rx_dbm0 == told.noise_dbm0 == pytest.approx(alaw.level_dbm0(np.array([8.0])), abs=0.2)


@pytest.mark.parametrize("clipped", [0, 1, 137, 4000])
def test_samples_at_the_limit_of_the_code_are_counted(line: HybridLine, clipped: int) -> None:
    """Every second holds as many, so that it is all one where the seconds of the meter lie."""
    second = np.full(8000, 31232.0)  # the value below it
    second[np.arange(clipped) * 2] = FULL_SCALE
    second[np.arange(0, clipped, 2) * 2] = -FULL_SCALE
    assert talk(line, np.tile(second, 3)).clipped == clipped


@pytest.mark.parametrize("erl_db", [6.0, 12.0, 20.0])
def test_g168_return_loss_of_the_hybrid_and_what_is_taken_besides(erl_db: float) -> None:
    with hybrid_line(erl_db) as line:
        passed = line.passed(noise(-16, 5000), noise(-65, 5000))
        echo = line.side.engine.port_status(LEG).echo
        assert echo is not None
        assert echo.erl_db == pytest.approx(erl_db, abs=2)
        came = alaw.level_dbm0(passed.echoed[8000:])
        assert came == pytest.approx(-16 - erl_db, abs=0.5), "the hybrid is such"
        assert echo.erle_db > 20
        assert not echo.double_talk
        line.passed(noise(-16, 1000, 2), noise(-16, 1000, 3))
        talked = line.side.engine.port_status(LEG).echo
        assert talked is not None
        assert talked.double_talk


class Stream:
    """A phone's packets, which come when they are due, or later, or not at all."""

    def __init__(self, host: VirtualEngine, peer: RtpPeer) -> None:
        self.host, self.peer = host, peer
        self.engine = host.engine(Client.SIP)
        self.reports: list[Report] = []
        """That came on the port of RTP."""
        self.engine.open_rtp(PORT, peer.address)
        host.tick()

    def send(self, ticks: Sequence[int | None], sound: Sound | None = None) -> PortStatus:
        """Packet n comes with so many ticks past its time; None: it never does."""
        due = [(4 * n + late, n) for n, late in enumerate(ticks) if late is not None]
        said = silence(20 * len(ticks)) if sound is None else sound
        octets = alaw.encode(np.rint(said).astype(np.int16))
        for tick in range(max(at for at, _ in due) + 1):
            for n in [n for at, n in due if at == tick]:
                self.peer.send(RtpPacket(n, n * OCTETS, octets[n * OCTETS : (n + 1) * OCTETS], SSRC).encode())
            self.host.tick()
            self._hear()
        return self.engine.port_status(PORT)

    def _hear(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while octets := self.peer.socket.recv(2048):
                if 192 <= octets[1] <= 223:
                    report = parse(octets, SSRC)
                    assert report is not None
                    self.reports.append(report)


@pytest.fixture
def stream() -> Iterator[Stream]:
    with virtual_engine() as host, RtpPeer(host.rtp_base) as peer:
        yield Stream(host, peer)


def lost_at(positions: Sequence[int], packets: int) -> list[int | None]:
    return [None if n in positions else 0 for n in range(packets)]


def burst_ratio(missing: Sequence[bool]) -> float:
    """G.107 §7.5: mean length of runs by that of random loss, 1 / (1 − p)."""
    runs = [len(list(run)) for lost, run in itertools.groupby(missing) if lost]
    return max(1.0, float(np.mean(runs)) * (1 - sum(missing) / len(missing))) if runs else 1.0


LOSSES = {
    "none": [],
    "one in a hundred": [*range(50, 500, 100)],
    "one in ten": [*range(5, 500, 10)],
    "in runs of three": [start + n for start in range(40, 490, 50) for n in range(3)],
}


@pytest.mark.parametrize("name", LOSSES)
def test_rfc3550_loss_is_told_exactly_and_g107_mos_is_the_models(stream: Stream, name: str) -> None:
    packets = 500
    told = stream.send(lost_at(LOSSES[name], packets))
    assert (told.rtp.received, told.rtp.lost, told.rtp.late) == (packets - len(LOSSES[name]), len(LOSSES[name]), 0)
    percent = 100 * len(LOSSES[name]) / packets
    assert told.loss_percent == pytest.approx(percent, abs=1e-4)
    missing = [n in LOSSES[name] for n in range(packets)]
    model = leg_quality("G.711 PLC", loss_percent=percent, burst_r=burst_ratio(missing), delay_ms=20 + told.delay_ms)
    assert told.mos_lq == pytest.approx(model.mos_lq, abs=0.01)
    assert told.mos_cq == pytest.approx(model.mos_cq, abs=0.01)


def test_rfc3611_4_7_1_packets_out_of_order_that_are_heard_are_no_loss(stream: Stream) -> None:
    """Every fifth comes behind its follower, within what the buffer waits anyway."""
    told = stream.send([6 if n % 5 == 2 else 0 for n in range(500)])
    assert (told.rtp.received, told.rtp.lost, told.rtp.late) == (500, 0, 0)
    assert told.loss_percent == 0
    assert told.mos_lq == pytest.approx(4.41, abs=0.01)


def test_rfc3611_4_7_1_what_comes_too_late_to_be_heard_is_missing_for_the_ear_alone(stream: Stream) -> None:
    """The network has lost none of it. The buffer does not wait for data of one line in a hundred packets."""
    stream.engine.set_profile(PORT, Profile.VBD)
    late = [0] * 500
    for n in range(30, 500, 100):
        late[n] = 12  # 60 ms, and there are 40
    told = stream.send(late)
    assert (told.rtp.received, told.rtp.lost, told.rtp.late) == (500, 0, 5)
    assert told.loss_percent == pytest.approx(1, abs=1e-4)
    assert told.mos_lq == pytest.approx(leg_quality("G.711 PLC", loss_percent=1).mos_lq, abs=0.01)


def test_a_clean_leg_has_the_default_mos_and_delay_costs_conversation_alone(stream: Stream) -> None:
    told = stream.send([0] * 200)
    assert told.mos_lq == pytest.approx(4.41, abs=0.01), "G.107 with all defaults"
    assert told.jitter_ms == 0
    assert told.round_trip_ms is None


@pytest.mark.parametrize("most_ticks", [1, 3, 6])
def test_rfc3550_6_4_1_jitter_is_that_of_the_formula(stream: Stream, most_ticks: int) -> None:
    chance = np.random.default_rng(3550)
    late = chance.integers(0, most_ticks + 1, 600).tolist()
    jitter, transit = 0.0, None
    for at, _, now in sorted((4 * n + ticks, n, ticks) for n, ticks in enumerate(late)):
        del at
        if transit is not None:
            jitter += (abs(now - transit) * TICK_SAMPLES - jitter) / 16
        transit = now
    told = stream.send(late)
    assert told.rtp.lost == 0
    assert jitter > 10
    assert told.jitter_ms == pytest.approx(jitter / 8, abs=0.25)


def test_rtcp_reports_to_the_peer_what_the_status_says(stream: Stream) -> None:
    stream.peer.send(serialise(Report(ssrc=SSRC, cname=b"phone")))  # RFC 5761: on RTP's own port
    chance = np.random.default_rng(3611)
    ticks: list[int | None] = chance.integers(0, 3, 1000).tolist()
    for n in range(20, 1000, 25):
        ticks[n] = None
    told = stream.send(ticks, noise(-50, 20_000))
    report = stream.reports[-1]
    assert isinstance(report.block, ReportBlock)
    assert isinstance(report.voip, VoipMetrics)
    share = report.block.lost / (report.block.highest + 1)
    assert share == pytest.approx(1 / 25, abs=0.005)
    # Both are smoothed over 16 packets, at moments seconds apart.
    assert report.block.jitter == pytest.approx(told.jitter_ms * 8, abs=28)
    assert report.voip.loss_rate == pytest.approx(256 / 25, abs=1.5)
    assert report.voip.noise_dbm0 == pytest.approx(-50, abs=1.5 + 1)
    assert report.voip.signal_dbm0 == pytest.approx(-50, abs=1.5)
    assert report.voip.mos_lq / 10 == pytest.approx(told.mos_lq, abs=0.1)
    assert report.voip.r_factor == pytest.approx(leg_quality("G.711 PLC", loss_percent=4).r, abs=3)
    assert told.noise_dbm0 == pytest.approx(-50, abs=1.5)


def test_rfc3550_6_4_1_round_trip_is_what_the_peer_s_reports_make_of_it_and_half_of_it_is_delay(stream: Stream) -> None:
    stream.peer.send(serialise(Report(ssrc=SSRC, cname=b"phone")))
    before = stream.send([0] * 500)
    sender = stream.reports[-1].sender
    assert sender is not None
    asked = stream.engine.samples
    held_ms, way_ms = 1500, 300
    stream.host.tick((held_ms + way_ms) // 5)
    passed = stream.engine.samples - asked
    sent = sender.ntp * 8000 // SECOND
    dlsr = ((asked - sent) * 65536 + passed * 65536) // 8000 - way_ms * 65536 // 1000
    block = ReportBlock(stream.reports[-1].ssrc, 0, 0, 0, 0, sender.ntp >> 16 & 0xFFFFFFFF, dlsr)
    stream.peer.send(serialise(Report(ssrc=SSRC, cname=b"phone", block=block)))
    stream.host.tick()
    told = stream.engine.port_status(PORT)
    assert told.round_trip_ms == pytest.approx(way_ms, abs=6)
    delay_ms = 20 + told.delay_ms + way_ms / 2
    assert told.mos_cq == pytest.approx(leg_quality("G.711 PLC", delay_ms=delay_ms).mos_cq, abs=0.02)
    assert told.mos_cq < before.mos_cq
    assert told.mos_lq == pytest.approx(4.41, abs=0.01)
