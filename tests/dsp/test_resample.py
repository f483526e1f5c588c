# SPDX-License-Identifier: GPL-2.0-only
"""Sampling rate conversion: what passes, what does not, beside speexdsp's resampler."""

import ctypes
import itertools
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pytest

from dsp.isa import Isa, at_most
from dsp.resample import RATES_HZ, Resampler
from tests.sound.alaw import Linear
from tests.sound.speech import speech

pytestmark = pytest.mark.unit

PAIRS = [(a, b) for a, b in itertools.product(RATES_HZ, RATES_HZ) if a != b]
DELAY_MS = {(8000, 16000): 3.72, (16000, 48000): 1.86, (8000, 48000): 4.02}
"""Of either direction."""


@pytest.fixture(autouse=True, params=Isa, ids=str)
def form(request: pytest.FixtureRequest) -> Iterator[None]:
    """Every test of this file runs with the portable and with the vector form."""
    with at_most(request.param) as runs:
        assert runs == request.param, "this machine has no vector form"
        yield


def converted(sound: Linear, from_hz: int, to_hz: int) -> Linear:
    return np.array(Resampler(from_hz, to_hz).process(sound.tobytes()), np.int16)


def sine(hz: float, rate_hz: int, seconds: float = 0.5) -> Linear:
    """With noise of one step, so that what lies below a step is not rounded away."""
    place = np.arange(round(rate_hz * seconds))
    noise = np.random.default_rng(round(hz)).standard_normal(len(place))
    made: Linear = np.round(30000 * np.sin(2 * np.pi * hz * place / rate_hz + 0.3) + noise).astype(np.int16)
    return made


def level_db(sound: Linear, hz: float, rate_hz: int) -> float:
    """Of the sine of this frequency in the settled part of the sound, against `sine`."""
    settled = sound[len(sound) // 5 :].astype(np.float64) * np.hanning(len(sound) - len(sound) // 5) * 2
    turning = np.exp(-2j * np.pi * hz * np.arange(len(settled)) / rate_hz)
    return float(20 * np.log10(2 * abs(settled @ turning) / len(settled) / 30000 + 1e-9))


def speexdsp(sound: Linear, from_hz: int, to_hz: int, quality: int) -> Linear:
    library = ctypes.CDLL("libspeexdsp.so.1")
    library.speex_resampler_init.restype = ctypes.c_void_p
    state = ctypes.c_void_p(library.speex_resampler_init(1, from_hz, to_hz, quality, ctypes.byref(ctypes.c_int())))
    room: npt.NDArray[np.int16] = np.zeros(len(sound) * to_hz // from_hz + 8, np.int16)
    taken, given = ctypes.c_uint32(len(sound)), ctypes.c_uint32(len(room))
    data = [array.ctypes.data_as(ctypes.c_void_p) for array in (np.ascontiguousarray(sound), room)]
    library.speex_resampler_process_int(state, 0, data[0], ctypes.byref(taken), data[1], ctypes.byref(given))
    library.speex_resampler_destroy(state)
    return room[: given.value]


@pytest.mark.parametrize(("from_hz", "to_hz"), PAIRS)
def test_pass_band_is_flat_to_0_85_of_half_the_lower_rate(from_hz: int, to_hz: int) -> None:
    edge = 0.425 * min(from_hz, to_hz)
    for hz in np.linspace(200, edge, 12):
        assert abs(level_db(converted(sine(hz, from_hz), from_hz, to_hz), hz, to_hz)) < 0.03, hz


@pytest.mark.parametrize(("from_hz", "to_hz"), [pair for pair in PAIRS if pair[0] > pair[1]])
def test_nothing_folds_into_the_lower_band(from_hz: int, to_hz: int) -> None:
    worst = ours = -200.0
    for hz in np.linspace(to_hz / 2, from_hz / 2 - 100, 30):
        alias = abs(hz - to_hz * round(hz / to_hz))
        tone = sine(hz, from_hz)
        ours = max(ours, level_db(converted(tone, from_hz, to_hz), alias, to_hz))
        worst = max(worst, level_db(speexdsp(tone, from_hz, to_hz, 5), alias, to_hz))
    assert ours < -98.0
    assert ours < worst


@pytest.mark.parametrize(("from_hz", "to_hz"), [pair for pair in PAIRS if pair[0] < pair[1]])
def test_no_image_is_heard_in_the_upper_band(from_hz: int, to_hz: int) -> None:
    for hz in np.linspace(300, from_hz / 2 - 20, 12):
        made = converted(sine(hz, from_hz), from_hz, to_hz)
        for image in range(1, to_hz // from_hz):
            for side in (image * from_hz - hz, image * from_hz + hz):
                if side < to_hz / 2:
                    assert level_db(made, side, to_hz) < -98.0, (hz, side)


@pytest.mark.parametrize(("from_hz", "to_hz"), PAIRS)
def test_delay_is_what_the_header_says(from_hz: int, to_hz: int) -> None:
    """An impulse's centre: coefficients are even about it, so it is the mean place of their squares."""
    sound = np.zeros(from_hz // 10, np.int16)
    sound[:: len(sound)] = 30000
    made = converted(sound, from_hz, to_hz).astype(np.float64) ** 2
    centre_ms = float(made @ np.arange(len(made)) / made.sum()) / to_hz * 1000
    newest_ms = 1000 / to_hz - 1000 / from_hz if to_hz < from_hz else 0.0
    assert centre_ms + newest_ms == pytest.approx(DELAY_MS[min(from_hz, to_hz), max(from_hz, to_hz)], abs=0.07)


@pytest.mark.parametrize(("from_hz", "to_hz"), PAIRS)
def test_any_pieces_give_the_same(from_hz: int, to_hz: int) -> None:
    sound = np.resize(speech(1.0), 24000)
    whole, pieces, at = converted(sound, from_hz, to_hz), Resampler(from_hz, to_hz), 0
    made: list[int] = []
    for sixths in (1, 0, 2, 7, 40, 41, 80, 81, 160, 500, 3088):
        made += pieces.process(sound[at : at + 6 * sixths].tobytes())
        at += 6 * sixths
    assert made == whole.tolist()


def test_full_scale_is_cut_off_and_does_not_wrap() -> None:
    square = np.where(np.arange(8000) // 20 % 2, 32767, -32768).astype(np.int16)
    made = converted(square, 8000, 16000)
    assert [int(made.max()), int(made.min())] == [32767, -32768]
    assert np.abs(np.diff(made.astype(np.int32))).max() < 50000


def test_speech_comes_back_as_it_was() -> None:
    sound = speech(3.0)
    back = converted(converted(sound, 8000, 48000), 48000, 8000)
    delay = 64  # 2 * 4.02 ms
    was, came = (np.abs(np.fft.rfft(x.astype(np.float64))[:9775]) for x in (sound[:23000], back[delay:23064]))
    assert np.linalg.norm(was - came) < 0.01 * np.linalg.norm(was), "up to 3400 Hz"


def test_equal_rates_are_a_copy() -> None:
    assert np.array_equal(converted(speech(0.1), 16000, 16000), speech(0.1))


@pytest.mark.parametrize(("from_hz", "to_hz", "samples"), [(16000, 8000, 3), (48000, 16000, 40), (48000, 8000, 39)])
def test_broken_number_of_samples_is_refused(from_hz: int, to_hz: int, samples: int) -> None:
    with pytest.raises(ValueError, match=f"{samples} samples of {from_hz} Hz"):
        Resampler(from_hz, to_hz).process(bytes(2 * samples))


def test_other_rate_is_refused() -> None:
    with pytest.raises(ValueError, match="8000 to 11025 Hz"):
        Resampler(8000, 11025)
