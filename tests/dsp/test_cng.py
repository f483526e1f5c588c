# SPDX-License-Identifier: GPL-2.0-only
"""Comfort noise by the clauses of RFC 3389: octets, level, spectrum, payloads of any length."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import freqz, lfilter, welch

from dsp.cng import ORDER, ComfortNoise, NoiseListener
from dsp.isa import Isa, at_most

pytestmark = pytest.mark.unit

OVERLOAD = 32124.0
"""RMS of 0 dBov, §3.1: a square wave of 8031 in 14 bits."""
Wide = npt.NDArray[np.float64]


@pytest.fixture(autouse=True, params=Isa, ids=str)
def form(request: pytest.FixtureRequest) -> Iterator[None]:
    """Every test of this file runs with the portable and with the vector form."""
    with at_most(request.param) as runs:
        assert runs == request.param, "this machine has no vector form"
        yield


def made(payload: bytes, seconds: float = 2, seed: int = 1) -> Wide:
    noise = ComfortNoise(seed)
    noise.set(payload)
    return np.array(noise.process(round(8000 * seconds)), dtype=float)


def dbov(sound: Wide) -> float:
    return float(20 * np.log10(np.sqrt(np.mean(np.square(sound))) / OVERLOAD))


def listened(sound: Wide, order: int = ORDER) -> bytes:
    listener = NoiseListener()
    listener.process(np.clip(np.rint(sound), -32768, 32767).astype(np.int16).tobytes())
    return listener.descriptor(order)


def polynomial(payload: bytes) -> Wide:
    """A(z) of a descriptor's octets by §3.2 and the step-up recursion: the judge's own arithmetic."""
    a = np.array([1.0])
    for index in payload[1:]:
        k = 258 * (index - 127) / 32768
        a = np.append(a, 0) + k * np.append(a, 0)[::-1]
    return a


@pytest.mark.parametrize("level", [20, 35, 50, 60, 70, 80, 85])
@pytest.mark.parametrize("shape", [b"", bytes([30]), bytes([20, 200, 100, 140])])
def test_rfc3389_3_1_level_is_right_within_one_db(level: int, shape: bytes) -> None:
    assert dbov(made(bytes([level]) + shape)) == pytest.approx(-level, abs=1)


def test_rfc3389_3_1_level_alone_is_white() -> None:
    _, power = welch(made(bytes([40]), 10), nperseg=64)
    assert np.ptp(10 * np.log10(power[1:-1])) < 4


@pytest.mark.parametrize("shape", [[30], [220], [30, 180], [60, 200, 90, 150, 120, 130], [140, 230]])
def test_rfc3389_3_2_spectrum_follows_the_coefficients(shape: list[int]) -> None:
    payload = bytes([35, *shape])
    at, power = welch(made(payload, 10), 8000, nperseg=64)
    _, response = freqz([1], polynomial(payload), at, fs=8000)
    ratio = 10 * np.log10(power / np.abs(response) ** 2)[2:-2]
    assert np.std(ratio) < 2.5


@pytest.mark.parametrize("level", [25, 40, 55, 70])
@pytest.mark.parametrize("colour", [[1.0], [1, -0.9], [1, 0.7], [1, -1.2, 0.8]])
def test_descriptor_of_noise_has_its_level_and_gives_its_spectrum(level: int, colour: list[float]) -> None:
    noise = lfilter([1], colour, np.random.default_rng(1).standard_normal(16000))
    noise *= OVERLOAD * 10 ** (-level / 20) / np.sqrt(np.mean(np.square(noise)))
    payload = listened(noise)
    assert payload[0] == pytest.approx(level, abs=2)
    assert dbov(made(payload)) == pytest.approx(dbov(noise), abs=2)
    _, wanted = welch(noise, nperseg=32)
    _, got = welch(made(payload, 5), nperseg=32)
    assert np.std(10 * np.log10(got / wanted)[1:-1]) < 3


def test_rfc3389_3_2_sign_of_low_noise_is_that_of_the_peers() -> None:
    noise = lfilter([1], [1, -0.9], np.random.default_rng(1).standard_normal(16000)) * 300
    assert listened(noise, 1)[1] == pytest.approx(127 - 0.9 * 32768 / 258, abs=5)


# A steep low-pass is a slow wave: how loud half a second of it is varies by 2 dB.
@given(st.binary(min_size=1, max_size=300))
@settings(max_examples=40, deadline=None)
def test_rfc3389_3_any_octets_of_any_length_are_noise_that_does_not_run_away(payload: bytes) -> None:
    noise = ComfortNoise()
    noise.set(payload)
    sound = np.array(noise.process(4000), dtype=float)
    assert np.sqrt(np.mean(np.square(sound))) <= 1.26 * OVERLOAD * 10 ** (-(payload[0] & 0x7F) / 20) + 1


def test_rfc3389_3_coefficients_beyond_our_order_are_taken_as_zero() -> None:
    shape = bytes([30, 180, 100, 127, 127, 127, 127, 127, 127, 127, 127, 127])
    assert np.array_equal(made(bytes([40]) + shape), made(bytes([40]) + shape + bytes([250] * 20)))


def test_empty_payload_is_refused_and_the_noise_stays() -> None:
    noise = ComfortNoise()
    noise.set(bytes([40]))
    with pytest.raises(ValueError, match="one octet"):
        noise.set(b"")
    assert dbov(np.array(noise.process(8000), dtype=float)) == pytest.approx(-40, abs=1)


def test_before_a_descriptor_and_at_127_there_is_silence() -> None:
    assert not any(ComfortNoise().process(400))
    assert not made(bytes([127])).any()


def test_noise_does_not_repeat() -> None:
    sound = made(bytes([40]), 8)
    spectrum = np.abs(np.fft.rfft(sound, 1 << 17)) ** 2
    likeness = np.fft.irfft(spectrum)[400:60000] / np.sum(np.square(sound))
    assert np.abs(likeness).max() < 0.15


@pytest.mark.parametrize("piece", [1, 7, 40, 160, 163])
def test_any_pieces_give_the_same(piece: int) -> None:
    with at_most(Isa.PORTABLE):
        whole = list(made(bytes([40, 30]), 0.5))
    noise = ComfortNoise(1)
    noise.set(bytes([40, 30]))
    assert [x for _ in range(0, 4000, piece) for x in noise.process(piece)][:4000] == whole


def test_descriptor_of_nothing_and_of_a_wrong_order_is_refused() -> None:
    with pytest.raises(ValueError, match="no pause"):
        NoiseListener().descriptor()
    listener = NoiseListener()
    listener.process(bytes(800))
    assert listener.descriptor(3) == bytes([127, 127, 127, 127])
    for order in (-1, ORDER + 1):
        with pytest.raises(ValueError, match="order"):
            listener.descriptor(order)
