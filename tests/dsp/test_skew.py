# SPDX-License-Identifier: GPL-2.0-only
"""The skew resampler: what comes out is what went in, seen by another clock."""

import numpy as np
import pytest
from numpy.typing import NDArray

from dsp.skew import DELAY_SAMPLES, Skew

pytestmark = pytest.mark.unit


def resampled(skew: Skew, sound: NDArray[np.int16], n: int = 40) -> NDArray[np.int16]:
    at, pieces = 0, []
    while at + (want := skew.want(n)) <= len(sound):
        pieces.append(np.array(skew.process(sound[at : at + want].tobytes(), n), dtype=np.int16))
        at += want
    return np.concatenate(pieces)


def sine(hz: float, seconds: float, rate: float = 8000.0) -> NDArray[np.float64]:
    wave: NDArray[np.float64] = 16000 * np.sin(2 * np.pi * hz * np.arange(int(seconds * 8000)) / rate)
    return wave


@pytest.mark.parametrize("ppm", [300.0, 100.0, -3.0, -300.0])
@pytest.mark.parametrize("hz", [300.0, 1004.0, 2100.0, 3000.0, 3400.0])
def test_what_is_wrong_lies_60_db_below_the_sound(hz: float, ppm: float) -> None:
    heard = resampled(Skew(ppm), np.round(sine(hz, 4)).astype(np.int16)).astype(float)[400:]
    n = np.arange(400, 400 + len(heard))
    phase = 2 * np.pi * hz * ((1 + round(ppm * 1e-6 * 2**32) / 2**32) * n - DELAY_SAMPLES) / 8000
    assert np.std(heard - 16000 * np.sin(phase)) <= 16000 / np.sqrt(2) * 10 ** (-60 / 20)


def test_with_0_ppm_from_the_start_samples_are_untouched() -> None:
    sound = np.random.default_rng(1).integers(-32768, 32768, 4000).astype(np.int16)
    heard = resampled(Skew(), sound)
    assert np.array_equal(heard[DELAY_SAMPLES:], sound[: len(heard) - DELAY_SAMPLES])


@pytest.mark.parametrize("n", [1, 7, 40, 160])
@pytest.mark.parametrize("ppm", [250.0, -250.0])
def test_any_number_of_samples_at_once_is_the_same_sound(ppm: float, n: int) -> None:
    sound = np.round(sine(800, 2)).astype(np.int16)
    one, other = resampled(Skew(ppm), sound, n), resampled(Skew(ppm), sound, 32)
    shared = min(len(one), len(other))
    assert shared > 15000
    assert np.abs(one[:shared].astype(int) - other[:shared]).max() <= 2


@pytest.mark.parametrize("ppm", [300.0, 37.5, -300.0])
def test_it_takes_as_many_samples_as_the_clocks_differ(ppm: float) -> None:
    skew, taken = Skew(ppm), 0
    for _ in range(200 * 60):
        want = skew.want(40)
        skew.process(bytes(2 * want), 40)
        taken += want
    assert taken - 40 * 200 * 60 == pytest.approx(480000 * ppm * 1e-6, abs=1)


def test_full_scale_is_cut_off_not_turned_over() -> None:
    square = np.where(np.arange(8000) // 8 % 2, 32767, -32768).astype(np.int16)
    heard = resampled(Skew(100), square).astype(int)
    assert np.abs(np.diff(heard)).max() <= 65535
    assert heard.max() == 32767
    assert np.mean(np.abs(heard) > 25000) > 0.85


def test_steered_while_it_runs_it_does_not_click() -> None:
    skew, at, heard, sound = Skew(), 0, [], np.round(sine(500, 3)).astype(np.int16)
    for tick in range(500):
        skew.set(300 if tick % 7 < 3 else -300)
        want = skew.want(40)
        heard.append(np.array(skew.process(sound[at : at + want].tobytes(), 40), dtype=np.int16))
        at += want
    fourth = [np.abs(np.diff(wave.astype(float), 4)).max() for wave in (np.concatenate(heard)[400:], sound)]
    assert fourth[0] <= fourth[1] + 40


def test_settings_and_lengths_out_of_range_are_refused() -> None:
    for ppm in (301, float("nan")):
        with pytest.raises(ValueError, match="ppm"):
            Skew(ppm)
    with pytest.raises(ValueError, match="41 samples for 40"):
        Skew().process(bytes(82), 40)
    for n in (0, 161):
        with pytest.raises(ValueError, match="1 to 160"):
            Skew().want(n)
