# SPDX-License-Identifier: GPL-2.0-only
"""The level meter against G.711's own reference and against sines of known level."""

import numpy as np
import pytest

from dsp.g711 import alaw_decode, ulaw_decode
from dsp.level import LevelMeter
from tests.dsp.dtmf_sound import PEAK_0_DBM0, Sound, sine

pytestmark = pytest.mark.unit

ALAW_MILLIWATT = bytes.fromhex("34212134b4a1a1b4")  # G.711 table 5: 1 kHz at 0 dBm0
ULAW_MILLIWATT = bytes.fromhex("1e0b0b1e9e8b8b9e")  # G.711 table 6


def linear(sound: Sound) -> bytes:
    return np.clip(np.rint(sound), -32768, 32767).astype(np.int16).tobytes()


def test_g711_table_5_digital_milliwatt_is_0_dbm0() -> None:
    meter = LevelMeter(800)
    meter.process(alaw_decode(ALAW_MILLIWATT * 100))
    assert meter.read().rms_dbm0 == pytest.approx(0, abs=0.01)


def test_g711_table_6_digital_milliwatt_reads_low_by_the_scales_difference() -> None:
    meter = LevelMeter(800)
    meter.process(ulaw_decode(ULAW_MILLIWATT * 100))
    assert meter.read().rms_dbm0 == pytest.approx(20 * np.log10(32636 / 32768) - (3.17 - 3.14), abs=0.01)


@pytest.mark.parametrize("level", [3, 0, -16, -40, -55])
def test_sine_reads_its_level_as_rms_and_as_peak(level: float) -> None:
    meter = LevelMeter()
    meter.process(linear(sine(1004, level, 1000)))
    reading = meter.read()
    assert reading.rms_dbm0 == pytest.approx(level, abs=0.1)
    assert reading.peak_dbm0 == pytest.approx(level, abs=0.3)


def test_full_scale_square_wave_is_counted_as_clipped() -> None:
    meter = LevelMeter(1000)
    meter.process(np.tile(np.array([32767, -32768], np.int16), 500).tobytes())
    reading = meter.read()
    assert reading.clipped == 1000
    assert reading.rms_dbm0 == pytest.approx(20 * np.log10(32768 * np.sqrt(2) / PEAK_0_DBM0), abs=0.01)
    assert reading.peak_dbm0 == pytest.approx(3.14, abs=0.01)


def test_silence_and_nothing_read_minus_100() -> None:
    meter = LevelMeter(80)
    assert meter.read().windows == 0
    assert meter.read().rms_dbm0 == -100
    meter.process(bytes(160))
    assert meter.read().windows == 1
    assert (meter.read().rms_dbm0, meter.read().peak_dbm0) == (-100, -100)


@pytest.mark.parametrize("step", [1, 40, 999])
def test_reading_is_of_the_last_whole_window_in_whatever_pieces(step: int) -> None:
    sound = linear(np.concatenate([sine(1000, -10, 100), sine(1000, -30, 100), sine(1000, 0, 50)]))
    meter = LevelMeter(800)
    for at in range(0, len(sound), 2 * step):
        meter.process(sound[at : at + 2 * step])
    assert meter.read().windows == 2
    assert meter.read().rms_dbm0 == pytest.approx(-30, abs=0.05)


def test_window_out_of_range_is_refused() -> None:
    for samples in (0, 480001, 1 << 33):
        with pytest.raises(ValueError, match="level"):
            LevelMeter(samples)


def test_reset_forgets() -> None:
    meter = LevelMeter(80)
    meter.process(linear(sine(1000, 0, 15)))
    meter.reset()
    assert meter.read().windows == 0
    meter.process(linear(sine(1000, -20, 10)))
    assert meter.read().rms_dbm0 == pytest.approx(-20, abs=0.3)


def test_dc_offset_is_the_mean_sample() -> None:
    meter = LevelMeter(8000)
    meter.process(linear(sine(1000, -20, 1000) - 123))
    assert meter.read().dc_offset == pytest.approx(-123, abs=0.5)
    meter.process(np.full(8000, -32768, np.int16).tobytes())
    assert meter.read().dc_offset == -32768


def test_noise_floor_is_what_is_left_between_words() -> None:
    random = np.random.default_rng(1)
    noise = random.normal(0, PEAK_0_DBM0 / np.sqrt(2) * 10 ** (-55 / 20), 5 * 8000)
    words = np.tile(np.concatenate([sine(500, -12, 700), np.zeros(8 * 300)]), 5)
    meter = LevelMeter(8000)
    meter.process(linear(noise + words))
    reading = meter.read()
    assert reading.noise_dbm0 == pytest.approx(-55.5, abs=0.7)
    assert reading.rms_dbm0 > -15


def test_noise_floor_forgets_after_four_windows() -> None:
    meter = LevelMeter(800)
    meter.process(linear(sine(1000, -60, 100)))
    meter.process(linear(sine(1000, -30, 300)))
    assert meter.read().noise_dbm0 == pytest.approx(-60, abs=0.3)
    meter.process(linear(sine(1000, -30, 100)))
    assert meter.read().noise_dbm0 == pytest.approx(-30, abs=0.3)


def test_window_too_short_for_a_floor_has_none() -> None:
    meter = LevelMeter(100)
    meter.process(linear(sine(1000, -20, 500)))
    assert meter.read().noise_dbm0 == -100
