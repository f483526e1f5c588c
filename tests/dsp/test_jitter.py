# SPDX-License-Identifier: GPL-2.0-only
"""The jitter buffer, sample by sample and without a clock."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsp import g711
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


@pytest.mark.parametrize(("waited", "wanted"), [(240, 80), (0, 240)])
def test_what_was_held_back_tells_of_the_network_by_when_it_came(waited: int, wanted: int) -> None:
    """A network without jitter, behind which every eighth packet waits 30 ms: told, it costs no delay."""
    buffer = JitterBuffer()
    held: list[tuple[int, bytes]] = []
    for n in range(400):
        if n % 8 == 0:
            held.append((160 * n, b"\x01" * 160))
        else:
            assert buffer.put(160 * n, b"\x01" * 160)
        buffer.take(80)
        while held and held[0][0] <= 160 * n - 160:
            timestamp, octets = held.pop(0)
            assert buffer.put(timestamp, octets, waited)
        buffer.take(80)
    assert buffer.depth_samples == wanted


def test_a_lost_packet_is_silence_of_its_length() -> None:
    buffer, parts = JitterBuffer(), sound(3)
    buffer.put(0, parts[0])
    buffer.put(320, parts[2])
    assert buffer.take(800) == SILENCE * 320 + parts[0] + SILENCE * 160 + parts[2]


def test_a_packet_that_comes_while_it_waits_is_heard_whole_and_the_delay_has_grown() -> None:
    buffer = JitterBuffer()
    buffer.put(0, b"\x01" * 160)
    buffer.take(520)
    assert buffer.put(160, b"\x02" * 160)
    assert (buffer.late, buffer.delay_samples) == (1, 320 + 40)
    assert buffer.take(160) == b"\x02" * 160


def test_what_was_waited_stands_for_what_was_lost() -> None:
    buffer = JitterBuffer()
    buffer.put(0, b"\x01" * 160)
    assert buffer.take(320 + 160 + 120) == SILENCE * 320 + b"\x01" * 160 + SILENCE * 120
    buffer.put(320, b"\x03" * 160)
    assert buffer.take(40 + 160) == SILENCE * 40 + b"\x03" * 160
    assert (buffer.late, buffer.delay_samples) == (0, 320)


def test_delay_does_not_grow_beyond_its_limit() -> None:
    buffer = JitterBuffer()
    buffer.put(0, b"\x01" * 160)
    buffer.take(1880)
    assert buffer.put(160, b"\x02" * 160)
    assert buffer.delay_samples == 1600
    assert buffer.take(120) == b"\x02" * 40 + SILENCE * 80


def test_a_packet_that_was_passed_over_is_not_heard() -> None:
    buffer = JitterBuffer()
    buffer.put(0, b"\x01" * 160)
    buffer.put(480, b"\x02" * 160)
    buffer.take(320 + 360)
    assert not buffer.put(160, b"\x03" * 160)
    assert buffer.put(320, b"\x03" * 160)
    assert buffer.late == 2
    assert buffer.take(120) == b"\x03" * 120


def test_a_pause_lays_it_out_anew() -> None:
    buffer = JitterBuffer()
    buffer.put(0, b"\x01" * 160)
    buffer.take(480 + 1600 + 40)
    buffer.put(2200, b"\x02" * 160)
    assert buffer.resyncs == 1
    assert buffer.take(480) == SILENCE * 320 + b"\x02" * 160


@given(st.lists(st.tuples(st.integers(0, 2**32 - 1), st.integers(1, 480), st.integers(0, 3)), max_size=60))
def test_no_timestamp_breaks_it(steps: list[tuple[int, int, int]]) -> None:
    buffer = JitterBuffer()
    for timestamp, octets, ticks in steps:
        buffer.put(timestamp, b"\x01" * octets)
        assert set(buffer.take(40 * ticks)) <= {0x01, 0xD5}
        assert buffer.delay_samples <= 4096
    assert buffer.depth_samples <= 1600


@pytest.mark.parametrize("octets", [0, 481])
def test_no_sound_is_longer_than_60_ms(octets: int) -> None:
    with pytest.raises(ValueError, match="octets"):
        JitterBuffer().put(0, bytes(octets))


def talk(buffer: JitterBuffer, codes: bytes, packets: int, first: int = 0) -> None:
    for n in range(first, first + packets):
        buffer.put(160 * n, codes[160 * n : 160 * n + 160])
        buffer.take(160)


def test_v152_voice_turns_to_data_and_back_without_a_gap() -> None:
    sine = (8000 * np.sin(2 * np.pi * 400 * np.arange(160 * 600) / 8000)).astype(np.int16)
    buffer, codes = JitterBuffer(), bytes(g711.alaw_encode(sine.tobytes()))
    talk(buffer, codes, 100)
    buffer.set(vbd=True)
    before = buffer.delay_samples
    talk(buffer, codes, 400, 100)
    assert (buffer.joined, buffer.delay_samples, buffer.resyncs) == ((0, 0), before, 0)
    buffer.set()
    talk(buffer, codes, 40, 500)
    assert buffer.delay_samples < before - 100
    assert buffer.joined[1] == before - buffer.delay_samples


def test_settings_that_contradict_are_refused() -> None:
    for settings in ({"min_samples": 400, "max_samples": 300}, {"max_samples": 1601}):
        with pytest.raises(ValueError, match="jitter"):
            JitterBuffer().set(**settings)  # type: ignore[arg-type]


@pytest.mark.parametrize("law", ["A", "µ"])
def test_a_join_of_either_law_is_smooth_and_the_rest_is_untouched(law: str) -> None:
    encode, decode = (g711.alaw_encode, g711.alaw_decode) if law == "A" else (g711.ulaw_encode, g711.ulaw_decode)
    codes = bytes(encode((6000 * np.sin(2 * np.pi * 210 * np.arange(160 * 320) / 8000)).astype(np.int16).tobytes()))
    buffer, heard = JitterBuffer(), b""
    buffer.set(law)
    for n in range(320):
        buffer.put(160 * n, codes[160 * n : 160 * n + 160])
        heard += buffer.take(160)
    assert buffer.joined[1] > 150
    assert heard[320:32320] == codes[:32000]
    wave = np.array(decode(heard[400:]), dtype=float)
    assert np.abs(np.diff(wave)).max() <= 1.1 * np.abs(np.diff(np.array(decode(codes), dtype=float))).max()
