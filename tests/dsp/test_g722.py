# SPDX-License-Identifier: GPL-2.0-only
"""G.722 beside spandsp, FFmpeg and the clauses themselves, bit by bit.

Below overload all agree. At overload spandsp 0.0.6 and FFmpeg leave out LIMIT behind the encoder's filter, and spandsp
the saturation behind the decoder's; there the model of the clauses judges.
"""

from collections.abc import Iterator
from functools import cache

import numpy as np
import pytest
from scipy.signal import resample_poly

from dsp.g722 import Decoder, Encoder, decode_many, encode_many
from dsp.isa import Isa, at_most
from tests.dsp import codec_peers as peers
from tests.dsp.g722_model import Coder
from tests.sound.alaw import Linear
from tests.sound.speech import speech

pytestmark = pytest.mark.unit

RATES = (64000, 56000, 48000)
CHANNELS = 19
"""As many as make a whole group of lanes and one that is not full."""


@pytest.fixture(autouse=True, params=Isa, ids=str)
def form(request: pytest.FixtureRequest) -> Iterator[None]:
    """Every test of this file runs with the portable and with the vector form."""
    with at_most(request.param) as runs:
        assert runs == request.param, "this machine has no vector form"
        yield


def wide_speech(seconds: float, place: int = 0) -> Linear:
    """Speech with something in both bands: its mirror image lies in the upper one."""
    narrow = resample_poly(speech(seconds, place=place).astype(np.float64), 2, 1)
    mirrored = narrow * np.tile((0.3, -0.3), len(narrow) // 2)
    both: Linear = np.clip(0.75 * (narrow + mirrored), -32768, 32767).astype(np.int16)
    return both


def material(seconds: float, place: int = 0) -> Linear:
    """Speech, then noise from -66 to -12 dBFS: below overload."""
    random = np.random.default_rng(place)
    levels = np.repeat(32768 * 10 ** (np.linspace(-66, -14, 14) / 20), round(8000 * seconds) // 14)
    noise = random.standard_normal(len(levels)) * levels
    return np.concatenate([wide_speech(seconds / 2, place), np.clip(noise, -25000, 25000).astype(np.int16)])


def ours(sound: Linear) -> bytes:
    """Encoded with others in the other lanes."""
    quiet = bytes(2 * len(sound))
    return encode_many([Encoder() for _ in range(CHANNELS)], [quiet] * (CHANNELS - 1) + [sound.tobytes()])[-1]


def heard(octets: bytes, bit_rate: int = 64000) -> Linear:
    """Decoded with others, of other bit rates, in the other lanes."""
    decoders = [Decoder(RATES[lane % 3]) for lane in range(CHANNELS - 1)]
    return np.array(decode_many([*decoders, Decoder(bit_rate)], [octets] * CHANNELS)[-1], np.int16)


def overload(samples: int) -> Linear:
    """Full scale in every way: noise, squares of all lengths, the sampling theorem's end."""
    random = np.random.default_rng(722)
    place = np.arange(samples)
    kinds = [
        random.integers(-32768, 32768, samples),
        *(np.where(place // half % 2, 32767, -32768) for half in (1, 2, 3, 8, 29, 61)),
        np.full(samples, -32768),
    ]
    return np.concatenate(kinds).astype(np.int16)


def test_g722_encoder_is_that_of_spandsp_and_ffmpeg() -> None:
    sound = material(20)
    octets = ours(sound)
    assert octets == peers.spandsp_g722_encode(sound)
    assert octets == peers.ffmpeg_g722_encode(sound)


@pytest.mark.parametrize("bit_rate", RATES)
def test_g722_decoder_of_every_mode_is_that_of_spandsp_and_ffmpeg(bit_rate: int) -> None:
    octets = peers.ffmpeg_g722_encode(material(10, place=2))
    sound = heard(octets, bit_rate)
    assert np.array_equal(sound, peers.spandsp_g722_decode(octets, bit_rate))
    assert np.array_equal(sound, peers.ffmpeg_g722_decode(octets, bit_rate))


@pytest.mark.parametrize("bit_rate", RATES)
def test_g722_decodes_octets_no_encoder_sends_as_ffmpeg_does(bit_rate: int) -> None:
    octets = np.random.default_rng(bit_rate).integers(0, 256, 40000).astype(np.uint8).tobytes()
    assert np.array_equal(heard(octets, bit_rate), peers.ffmpeg_g722_decode(octets, bit_rate))


@cache
def overloaded() -> tuple[Linear, bytes, list[int]]:
    """Sound, its octets and what they decode to by the model, once for both forms."""
    sound = overload(1200)
    octets = Coder().encode(sound)
    return sound, octets, Coder().decode(octets)


def test_g722_5_2_overload_is_limited_as_the_clauses_say() -> None:
    sound, octets, back = overloaded()
    assert ours(sound) == octets
    assert heard(octets).tolist() == back
    assert np.array_equal(heard(octets), peers.ffmpeg_g722_decode(octets))


def test_any_pieces_give_the_same() -> None:
    sound = wide_speech(1.0)[:16000]
    encoder, decoder, octets, at = Encoder(), Decoder(), b"", 0
    back: list[int] = []
    for pairs in (1, 7, 8, 40, 41, 80, 81, 160, 500, 7082):
        piece = encoder.process(sound[2 * at : 2 * (at + pairs)].tobytes())
        octets, at = octets + piece, at + pairs
        back += decoder.process(piece)
    assert octets == Encoder().process(sound.tobytes())
    assert back == list(Decoder().process(octets))


def test_delay_is_22_samples_and_the_level_stays() -> None:
    place = np.arange(16000)
    sine = np.round(8000 * np.sin(2 * np.pi * 1000 * place / 16000)).astype(np.int16)
    back = heard(ours(sine)).astype(np.float64)
    assert np.corrcoef(sine[1000:-22], back[1022:])[0, 1] > 0.9999
    assert abs(20 * np.log10(np.std(back[1022:]) / np.std(sine[1000:-22]))) < 0.05


def test_odd_number_of_samples_is_refused() -> None:
    with pytest.raises(ValueError, match="3 samples"):
        Encoder().process(bytes(6))


def test_other_bit_rate_is_refused() -> None:
    with pytest.raises(ValueError, match="32000 bit/s"):
        Decoder(32000)


def test_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\[2, 4\] samples"):
        encode_many([Encoder(), Encoder()], [bytes(4), bytes(8)])
    with pytest.raises(ValueError, match=r"\[2, 4\] octets"):
        decode_many([Decoder(), Decoder()], [bytes(2), bytes(4)])


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_g722_ten_minutes_are_bit_exact() -> None:
    sound = np.concatenate([material(100, place) for place in range(6)])
    octets = ours(sound)
    assert octets == peers.spandsp_g722_encode(sound)
    assert octets == peers.ffmpeg_g722_encode(sound)
    for bit_rate in RATES:
        back = heard(octets, bit_rate)
        assert np.array_equal(back, peers.spandsp_g722_decode(octets, bit_rate))
        assert np.array_equal(back, peers.ffmpeg_g722_decode(octets, bit_rate))
