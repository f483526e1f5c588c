# SPDX-License-Identifier: GPL-2.0-only
"""RFC 3550: header, sequence numbers, jitter."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsp.rtp import RtpPacket, RtpSource, parse, serialise

pytestmark = pytest.mark.unit

packets = st.builds(
    RtpPacket,
    st.integers(0, 0xFFFF),
    st.integers(0, 0xFFFFFFFF),
    st.integers(0, 0xFFFFFFFF),
    st.binary(max_size=200),
    st.integers(0, 127),
    st.booleans(),
)


@given(packets)
def test_rfc3550_5_1_what_is_written_is_read(packet: RtpPacket) -> None:
    assert parse(serialise(packet)) == packet


@given(st.binary(max_size=80))
def test_no_octets_break_the_parser(octets: bytes) -> None:
    packet = parse(octets)
    assert packet is None or (octets[0] >> 6 == 2 and len(packet.payload) <= len(octets) - 12)


def test_rfc3550_5_1_csrc_extension_and_padding_are_skipped() -> None:
    head = bytes([0x80 | 0x20 | 0x10 | 2, 8]) + bytes(10) + bytes(8)
    packet = parse(head + b"\xbe\xde\x00\x01" + bytes(4) + b"sound" + b"\x00\x00\x03")
    assert packet is not None
    assert packet.payload == b"sound"


def take(source: RtpSource, *sequences: int) -> None:
    for sequence in sequences:
        source.take(RtpPacket(sequence & 0xFFFF, sequence * 160, 1, b""), sequence * 160)


def test_rfc3550_a_3_loss_over_the_wrap() -> None:
    source = RtpSource()
    take(source, 65533, 65534, 65536, 65539)
    assert (source.received, source.lost, source.duplicates) == (4, 3, 0)
    take(source, 65535, 65538, 65538, 65536)
    assert (source.received, source.lost, source.duplicates) == (6, 1, 2)


def test_rfc3550_a_8_jitter_of_a_steady_stream_is_nothing_and_grows_with_delay() -> None:
    source = RtpSource()
    take(source, *range(50))
    assert source.jitter_samples == 0
    source.take(RtpPacket(50, 50 * 160, 1, b""), 50 * 160 + 160)
    assert source.jitter_samples == 10
