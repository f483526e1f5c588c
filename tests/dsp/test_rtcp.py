# SPDX-License-Identifier: GPL-2.0-only
"""RFC 3550 §6 and RFC 3611 §4.7: compounds, interval, round trip."""

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsp.rtcp import SECOND, Report, ReportBlock, Rtcp, SenderInfo, VoipMetrics, parse, serialise
from dsp.rtp import RtpPacket, RtpSource

pytestmark = pytest.mark.unit

U8, U16, U32 = st.integers(0, 255), st.integers(0, 0xFFFF), st.integers(0, 0xFFFFFFFF)
OURS, THEIRS = 0x11111111, 0x22222222

senders = st.builds(SenderInfo, st.integers(0, 2**64 - 1), U32, U32, U32)
blocks = st.builds(ReportBlock, st.just(OURS), U8, st.integers(-0x800000, 0x7FFFFF), U32, U32, U32, U32)
OCTETS = ("loss_rate", "discard_rate", "burst_density", "gap_density", "rerl_db", "gmin", "r_factor")
TIMES = ("burst_ms", "gap_ms", "round_trip_ms", "end_system_ms", "jitter_nominal_ms", "jitter_most_ms")
metrics = st.builds(
    VoipMetrics,
    ssrc=st.just(OURS),
    signal_dbm0=st.integers(-128, 127),
    **dict.fromkeys(OCTETS, U8),
    **dict.fromkeys(TIMES, U16),
)
compounds = st.builds(
    Report,
    ssrc=U32,
    sender=st.none() | senders,
    block=st.none() | blocks,
    voip=st.none() | metrics,
    cname=st.binary(max_size=255),
    bye=st.booleans(),
)


@given(compounds)
def test_what_is_written_is_read(report: Report) -> None:
    octets = serialise(report)
    assert len(octets) % 4 == 0
    assert parse(octets, OURS) == report


@given(st.binary(max_size=120))
def test_no_octets_break_the_reader(octets: bytes) -> None:
    parse(octets, OURS)


@given(compounds, st.integers(0, 419), st.integers(1, 255))
def test_no_damage_breaks_the_reader(report: Report, at: int, bits: int) -> None:
    octets = bytearray(serialise(report))
    octets[at % len(octets)] ^= bits
    parse(bytes(octets), OURS)


def whole() -> bytes:
    return serialise(Report(ssrc=THEIRS, sender=SenderInfo(1, 2, 3, 4), cname=b"a@b", bye=True))


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        whole()[:-4],
        whole() + b"\x80",
        b"\x40" + whole()[1:],
        whole()[28:],
        b"\xa0" + whole()[1:],
        b"\x81" + whole()[1:],
        whole()[:28] + b"\x81\xca\x00\x01" + struct.pack("!I", THEIRS),
    ],
    ids=["nothing", "cut", "more", "version", "SDES first", "first padded", "block missing", "chunk without end"],
)
def test_a_2_a_compound_is_believed_as_a_whole_or_not_at_all(octets: bytes) -> None:
    assert parse(octets, OURS) is None


def test_a_2_padding_is_for_the_last_packet() -> None:
    padded = b"\xa0\xcb\x00\x01\x00\x00\x00\x04"
    assert parse(whole() + padded, OURS) is not None
    assert parse(whole() + padded + padded, OURS) is None


def test_of_many_blocks_ours_is_taken() -> None:
    octets = b"\x82\xc9\x00\x0d" + struct.pack("!I", THEIRS)
    octets += struct.pack("!6I", 7, 0, 0, 0, 0, 0) + struct.pack("!6I", OURS, 0x40FFFFFE, 5, 6, 7, 8)
    report = parse(octets, OURS)
    assert report is not None
    assert report.block == ReportBlock(OURS, 0x40, -2, 5, 6, 7, 8)


def received(*sequences: int) -> RtpSource:
    source = RtpSource()
    for sequence in sequences:
        source.take(RtpPacket(sequence, sequence * 160, THEIRS, b""), sequence * 160)
    return source


def test_6_4_1_fraction_lost_is_since_the_last_report_and_lost_is_ever() -> None:
    rtcp, source = Rtcp(OURS, "a@b", 0), received(1, 2, 4, 5)
    first = parse(rtcp.build(0, source=source, remote=THEIRS), THEIRS)
    for sequence in (6, 7, 8, 9, 10):
        source.take(RtpPacket(sequence, sequence * 160, THEIRS, b""), sequence * 160)
    second = parse(rtcp.build(0, source=source, remote=THEIRS), THEIRS)
    assert first is not None
    assert second is not None
    assert first.block == ReportBlock(THEIRS, 256 // 5, 1, 5, 0, 0, 0)
    assert second.block == ReportBlock(THEIRS, 0, 1, 10, 0, 0, 0)


def test_6_4_an_rr_when_nothing_was_sent_since_the_last_but_one_report() -> None:
    rtcp = Rtcp(OURS, "a@b", 0)
    kinds = [rtcp.build(0, packets)[1] for packets in (0, 5, 5, 5, 6)]
    assert kinds == [201, 200, 200, 201, 200]


def test_6_4_1_round_trip_is_what_the_path_takes_twice() -> None:
    near, far = Rtcp(OURS, "a@b", 0), Rtcp(THEIRS, "c@d", 0)
    start, path, lay = 1000 * SECOND, SECOND // 40, 3 * SECOND
    assert near.round_trip_ms is None
    assert far.take(near.build(start, 1), start + path) is not None
    answer = far.build(start + path + lay, source=received(1), remote=OURS)
    assert near.take(answer, start + 2 * path + lay) is not None
    assert near.round_trip_ms == pytest.approx(50, abs=0.05)


def test_6_2_interval_of_two_members() -> None:
    intervals = []
    for seed in range(400):
        rtcp = Rtcp(OURS, "a@b", 0, seed=seed * 7919)
        first = rtcp.next / SECOND
        assert 1.25 / 1.21828 <= first <= 3.75 / 1.21828
        rtcp.build(rtcp.next)
        intervals.append(rtcp.next / SECOND - first)
    assert min(intervals) >= 2.5 / 1.21828
    assert max(intervals) <= 7.5 / 1.21828
    assert math.fsum(intervals) / 400 == pytest.approx(5 / 1.21828, rel=0.05)
    assert Rtcp(OURS, "a@b", 0, bandwidth_bps=1000).next > 10 * SECOND


def test_6_6_bye_is_heard_and_our_own_packets_are_not_believed() -> None:
    rtcp = Rtcp(OURS, "a@b", 0)
    assert rtcp.take(Rtcp(OURS, "a@b", 0).build(0), 0) is None
    assert rtcp.take(Rtcp(THEIRS, "a@b", 0).build(0, bye=True), 0) is not None
    assert rtcp.bye_came
    assert not rtcp.due(0)
    assert rtcp.due(rtcp.next)


@pytest.mark.parametrize("cname", ["", "x" * 64])
def test_rfc7022_a_cname_is_of_1_to_63_octets(cname: str) -> None:
    with pytest.raises(ValueError, match="CNAME"):
        Rtcp(OURS, cname, 0)
