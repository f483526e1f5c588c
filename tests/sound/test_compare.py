# SPDX-License-Identifier: GPL-2.0-only
"""The measuring tools must see each fault that a line can have; a tool that cannot fail proves nothing."""

import numpy as np
import pytest

from tests.sound.alaw import FULL_SCALE, IDLE, Linear, decode, encode, ideal_pass, level_dbm0
from tests.sound.compare import aligned, compare, find_delay, judge, one_way_delay_ms, pesq_narrowband
from tests.sound.speech import speech

pytestmark = pytest.mark.unit

LEAD = bytes([IDLE]) * 1234


@pytest.fixture(scope="module")
def linear() -> Linear:
    return speech(6)


@pytest.fixture(scope="module")
def source(linear: Linear) -> bytes:
    return encode(linear)


def test_g711_table_1a_decision_values() -> None:
    assert decode(bytes([0xD5, 0x55, 0xAA, 0x2A])).tolist() == [8, -8, 32256, -32256]
    assert encode(decode(bytes(range(256)))) == bytes(range(256))
    around = np.array([0, 15, 16, -1, -16, -17, 16511, 16512, 32767, -32768], np.int16)  # 16,384 begins segment 7
    assert decode(encode(around)).tolist() == [8, 8, 24, -8, -8, -24, 16896, 16896, 32256, -32256]
    sine = FULL_SCALE * np.sin(2 * np.pi * np.arange(8000) / 8)
    assert level_dbm0(sine) == pytest.approx(3.14, abs=0.01)


def test_a_perfect_line_is_told_as_such(source: bytes) -> None:
    result = compare(source, LEAD + source + LEAD)
    assert (result.delay_samples, result.identical_share, result.slips) == (1234, 1.0, ())
    assert result.silent == 0
    assert result.level_db == pytest.approx(0)
    assert result.correlation == pytest.approx(1)
    assert 200 < result.blocks < 300  # the pauses of the speech do not count


def test_a_slip_of_one_frame_is_seen_with_its_place_and_sign(source: bytes) -> None:
    cut = 8000 * 3
    dropped = compare(source, LEAD + source[:cut] + source[cut + 1 :])
    repeated = compare(source, LEAD + source[:cut] + source[cut - 160 : cut] + source[cut:])
    assert [slip.shift for slip in dropped.slips] == [-1]
    assert [slip.shift for slip in repeated.slips] == [160]
    assert 0 <= dropped.slips[0].sample - cut < 4000
    assert dropped.identical >= dropped.blocks - 1


def test_a_gap_is_seen_and_is_no_slip(source: bytes) -> None:
    loud = _loud_place(source)
    holed = source[:loud] + bytes([IDLE]) * 800 + source[loud + 800 :]
    result = compare(source, LEAD + holed)
    assert result.slips == ()
    assert result.silent == 5
    assert result.identical == result.blocks - 5


def test_a_gain_change_is_seen_and_is_no_slip(source: bytes) -> None:
    quieter = encode((decode(source) / 2).astype(np.int16))
    result = compare(source, LEAD + quieter)
    assert result.level_db == pytest.approx(-6.02, abs=0.1)
    assert result.correlation > 0.99
    assert result.identical_share < 0.05
    assert result.slips == ()


def test_a_slip_of_changed_sound_is_seen(source: bytes) -> None:
    quieter = encode((decode(source) / 2).astype(np.int16))
    cut = _loud_place(source)
    result = compare(source, LEAD + quieter[:cut] + quieter[cut + 40 :])
    assert [slip.shift for slip in result.slips] == [-40]


def test_a_flipped_bit_spoils_one_block(source: bytes) -> None:
    damaged = bytearray(source)
    damaged[_loud_place(source) + 7] ^= 0x80
    result = compare(source, bytes(damaged))
    assert result.identical == result.blocks - 1


def test_sound_that_ends_early_is_not_identical(source: bytes) -> None:
    result = compare(source, source[: len(source) // 2])
    assert 0.3 < result.identical_share < 0.7


def test_silence_in_silence_is_no_proof() -> None:
    silence = bytes([IDLE]) * 8000
    assert compare(silence, silence).identical_share == 0.0
    with pytest.raises(ValueError, match="at least 160"):
        compare(silence, b"")


def test_another_voice_is_not_taken_for_the_source(source: bytes) -> None:
    result = compare(source, encode(speech(6, "agent")))
    assert result.identical_share == 0.0
    assert result.correlation < 0.3


def test_pesq_of_one_ideal_pass_and_of_a_lost_packet(linear: Linear, source: bytes) -> None:
    scores = judge(linear, LEAD + source)
    assert scores.against_decoded == pytest.approx(4.549, abs=0.001)
    assert scores.below_ideal == pytest.approx(0, abs=0.01)
    assert scores.ideal < 4.4  # why the linear source has a bar of its own
    loud = _loud_place(source)
    holed = source[:loud] + bytes([IDLE]) * 480 + source[loud + 480 :]
    assert judge(linear, holed).against_decoded < 4.4


def test_alignment_of_late_and_of_early_sound(linear: Linear) -> None:
    once = ideal_pass(linear)
    assert find_delay(once, once[500:]) == -500
    assert np.array_equal(aligned(once, once[500:])[500:], once[500:])
    assert pesq_narrowband(once, once[500:]) > 4


def test_one_way_delay_from_two_clock_readings(source: bytes) -> None:
    result = compare(source, LEAD + source)
    assert one_way_delay_ms(5_000_000_000, 4_900_000_000, result) == pytest.approx(-100 + 154.25)


def _loud_place(source: bytes) -> int:
    """A block-aligned place in the middle from which 800 samples are loud."""
    samples = decode(source)
    for start in range(160 * 100, len(samples) - 800, 160):
        blocks = (samples[at : at + 160] for at in range(start, start + 800, 160))
        if min(level_dbm0(block) for block in blocks) > -30:
            return start
    raise AssertionError("the speech has no loud place")
