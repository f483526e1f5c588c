# SPDX-License-Identifier: GPL-2.0-only
"""The jitter buffer, sample by sample and without a clock."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsp.jitter import JitterBuffer

pytestmark = pytest.mark.unit

SILENCE = b"\xd5"


def sound(packets: int) -> list[bytes]:
    return [bytes([n % 200 + 1]) * 160 for n in range(packets)]


def test_first_packet_is_heard_after_40_ms() -> None:
    buffer = JitterBuffer()
    assert buffer.take(160) == SILENCE * 160
    buffer.put(5, b"\x01" * 160)
    assert buffer.take(480) == SILENCE * 320 + b"\x01" * 160


@given(st.integers(0, 2**32 - 1), st.lists(st.integers(0, 3), min_size=20, max_size=20))
def test_any_order_within_the_depth_is_heard_in_order(start: int, delays: list[int]) -> None:
    buffer, heard, parts = JitterBuffer(), b"", sound(20)
    arrivals = sorted(range(1, 20), key=lambda n: 160 * n + 80 * delays[n])
    buffer.put(start, parts[0])
    now = 0
    for n in arrivals:
        due = 160 * n + 80 * delays[n]
        heard += buffer.take(due - now)
        now = due
        assert buffer.put(start + 160 * n, parts[n])
    heard += buffer.take(20 * 160 + 320 - now)
    assert heard == SILENCE * 320 + b"".join(parts)
    assert (buffer.late, buffer.resyncs) == (0, 0)


def test_a_lost_packet_is_silence_of_its_length() -> None:
    buffer, parts = JitterBuffer(), sound(3)
    buffer.put(0, parts[0])
    buffer.put(320, parts[2])
    assert buffer.take(800) == SILENCE * 320 + parts[0] + SILENCE * 160 + parts[2]


def test_a_late_packet_deepens_the_buffer_by_whole_ticks() -> None:
    buffer = JitterBuffer()
    buffer.put(0, b"\x01" * 160)
    buffer.take(520)
    assert buffer.put(160, b"\x02" * 160)
    assert (buffer.late, buffer.depth_samples) == (1, 320 + 40)
    assert buffer.take(160) == b"\x02" * 160


def test_a_packet_that_is_too_late_to_be_made_room_for_is_not_heard() -> None:
    buffer = JitterBuffer()
    buffer.put(0, b"\x01" * 160)
    buffer.take(1900)
    assert not buffer.put(160, b"\x02" * 160)
    assert buffer.depth_samples == 320


def test_a_pause_lays_it_out_anew() -> None:
    buffer = JitterBuffer()
    buffer.put(0, b"\x01" * 160)
    buffer.take(480 + 1600 + 40)
    buffer.put(2200, b"\x02" * 160)
    assert buffer.resyncs == 1
    assert buffer.take(480) == SILENCE * 320 + b"\x02" * 160


def test_a_stream_that_began_late_is_brought_nearer_after_a_second() -> None:
    buffer, n = JitterBuffer(), 0
    buffer.put(0, b"\x01" * 160)
    for n in range(1, 10):
        buffer.put(160 * n, b"\x01" * 160)
    for n in range(10, 110):
        buffer.take(160)
        buffer.put(160 * n, b"\x01" * 160)
    assert buffer.resyncs == 1
    assert buffer.take(320 + 160).strip(SILENCE) == b"\x01" * 480
    assert buffer.take(160) == SILENCE * 160


@given(st.lists(st.tuples(st.integers(0, 2**32 - 1), st.integers(1, 480), st.integers(0, 3)), max_size=60))
def test_no_timestamp_breaks_it(steps: list[tuple[int, int, int]]) -> None:
    buffer = JitterBuffer()
    for timestamp, octets, ticks in steps:
        buffer.put(timestamp, b"\x01" * octets)
        assert set(buffer.take(40 * ticks)) <= {0x01, 0xD5}
    assert buffer.depth_samples <= 1600


@pytest.mark.parametrize("octets", [0, 481])
def test_no_sound_is_longer_than_60_ms(octets: int) -> None:
    with pytest.raises(ValueError, match="octets"):
        JitterBuffer().put(0, bytes(octets))
