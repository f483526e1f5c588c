# SPDX-License-Identifier: GPL-2.0-only
"""G.726 beside spandsp, FFmpeg and the clauses themselves, bit by bit.

The encoder is spandsp's everywhere, the decoder below overload. FFmpeg leaves the clauses in ways that g726_model.py
names; that these are all is shown by the model that leaves them the same way.
"""

from collections.abc import Iterator
from functools import cache

import numpy as np
import pytest

from dsp.g726 import BIT_RATES, Codec, Packing, decode_many, encode_many
from dsp.isa import Isa, at_most
from tests.dsp import codec_peers as peers
from tests.dsp.g726_model import FFMPEG, SPANDSP, Departure, Model
from tests.sound.alaw import Linear
from tests.sound.speech import speech

pytestmark = pytest.mark.unit

CHANNELS = 19
"""As many as make a whole group of lanes and one that is not full."""


@pytest.fixture(autouse=True, params=Isa, ids=str)
def form(request: pytest.FixtureRequest) -> Iterator[None]:
    """Every test of this file runs with the portable and with the vector form."""
    with at_most(request.param) as runs:
        assert runs == request.param, "this machine has no vector form"
        yield


def material(seconds: float, place: int = 0) -> Linear:
    """Speech, then noise from -66 to -14 dBFS: below overload."""
    random = np.random.default_rng(place)
    levels = np.repeat(32768 * 10 ** (np.linspace(-66, -14, 14) / 20), round(4000 * seconds) // 14)
    noise = random.standard_normal(len(levels)) * levels
    return np.concatenate([speech(seconds / 2, place=place), np.clip(noise, -28000, 28000).astype(np.int16)])


def overload(samples: int) -> Linear:
    """Full scale in every way: noise, squares, a sine."""
    random = np.random.default_rng(726)
    place = np.arange(samples)
    kinds = [
        random.integers(-32768, 32768, samples),
        *(np.where(place // half % 2, 32767, -32768) for half in (1, 7, 37)),
        32767 * np.sin(0.3 * place),
    ]
    return np.concatenate(kinds).astype(np.int16)


def codec(bits: int, packing: Packing = Packing.AAL2) -> Codec:
    return Codec(8000 * bits, packing)


def ours(sound: Linear, bits: int, packing: Packing = Packing.AAL2) -> bytes:
    """Encoded with others, of other rates, in the other places."""
    others = [Codec(BIT_RATES[place % 4], Packing(place % 2)) for place in range(CHANNELS)]
    whole = len(sound) // 8 * 8
    return encode_many([*others, codec(bits, packing)], [sound[:whole].tobytes()] * (CHANNELS + 1))[-1]


def heard(octets: bytes, bits: int, packing: Packing = Packing.AAL2) -> Linear:
    """Decoded with others of its rate."""
    decoded = decode_many([codec(bits, packing) for _ in range(CHANNELS)], [bytes(len(octets))] * 18 + [octets])
    return np.array(decoded[-1], np.int16)


def codes_of(octets: bytes, bits: int) -> list[int]:
    """Codes of AAL2's packing."""
    rows = np.unpackbits(np.frombuffer(octets, np.uint8))[: len(octets) * 8 // bits * bits].reshape(-1, bits)
    return [int(code) for code in rows @ (1 << np.arange(bits)[::-1])]


@cache
def coded(sound: bytes, bits: int, departs: Departure = Departure.NONE) -> list[int]:
    """By the model, once for both forms."""
    return Model(bits, departs).encode(np.frombuffer(sound, np.int16))


@cache
def modelled(octets: bytes, bits: int, departs: Departure = Departure.NONE) -> list[int]:
    """Decoded by the model, once for both forms."""
    return Model(bits, departs).decode(codes_of(octets, bits))


@pytest.mark.parametrize("packing", Packing)
@pytest.mark.parametrize("bits", [2, 3, 4, 5])
def test_g726_encoder_and_decoder_are_those_of_spandsp(bits: int, packing: Packing) -> None:
    sound = material(22, place=bits)
    octets = ours(sound, bits, packing)
    assert octets == peers.spandsp_g726_encode(sound[: len(octets) * 8 // bits], bits, aal2=bool(packing))
    assert np.array_equal(heard(octets, bits, packing), peers.spandsp_g726_decode(octets, bits, aal2=bool(packing)))


@pytest.mark.parametrize("bits", [2, 3, 4, 5])
def test_g726_4_2_overload_is_what_the_clauses_say(bits: int) -> None:
    sound = overload(400)
    octets = ours(sound, bits)
    assert octets == peers.spandsp_g726_encode(sound, bits, aal2=True)
    assert codes_of(octets, bits) == coded(sound.tobytes(), bits)
    assert heard(octets, bits).tolist() == modelled(octets, bits)


@pytest.mark.parametrize("bits", [2, 3, 4, 5])
def test_g726_decodes_any_octets_as_the_clauses_say(bits: int) -> None:
    octets = np.random.default_rng(bits).integers(0, 256, 160 * bits).astype(np.uint8).tobytes()
    assert heard(octets, bits).tolist() == modelled(octets, bits)


@pytest.mark.parametrize("bits", [2, 3, 4, 5])
def test_ffmpeg_and_spandsp_leave_the_clauses_where_the_model_says_and_nowhere_else(bits: int) -> None:
    sound = np.concatenate([speech(5)[36000:38000], overload(200)])
    octets = ours(sound, bits)
    assert codes_of(peers.ffmpeg_g726_encode(sound, bits, aal2=True), bits) == coded(sound.tobytes(), bits, FFMPEG)
    assert peers.ffmpeg_g726_decode(octets, bits, aal2=True).tolist() == modelled(octets, bits, FFMPEG)
    assert peers.spandsp_g726_decode(octets, bits, aal2=True).tolist() == modelled(octets, bits, SPANDSP)


@pytest.mark.parametrize("bits", [2, 3, 4, 5])
def test_any_pieces_of_whole_octets_give_the_same(bits: int) -> None:
    sound = speech(1.0)
    encoder, decoder, octets, at = codec(bits), codec(bits), b"", 0
    back: list[int] = []
    for samples in (8, 16, 40, 80, 88, 160, 1000, 6608):
        piece = encoder.encode(sound[at : at + samples].tobytes())
        octets, at = octets + piece, at + samples
        back += decoder.decode(piece)
    assert octets == codec(bits).encode(sound.tobytes())
    assert back == list(codec(bits).decode(octets))


def test_rfc_3551_and_i_366_2_pack_the_same_codes_from_the_two_ends() -> None:
    sound = speech(1.0)
    codes = codes_of(codec(3).encode(sound.tobytes()), 3)
    bits = [code >> place & 1 for code in codes for place in range(3)]
    assert np.packbits(bits, bitorder="little").tobytes() == codec(3, Packing.RFC3551).encode(sound.tobytes())


@pytest.mark.parametrize(("bits", "samples"), [(2, 6), (3, 4), (4, 1), (5, 12)])
def test_broken_octets_are_refused(bits: int, samples: int) -> None:
    with pytest.raises(ValueError, match="no whole octets"):
        codec(bits).encode(bytes(2 * samples))


def test_octets_that_end_within_a_code_are_refused() -> None:
    with pytest.raises(ValueError, match="no whole codes of 3 bits"):
        codec(3).decode(bytes(4))


def test_other_bit_rate_is_refused() -> None:
    with pytest.raises(ValueError, match="64000 bit/s"):
        Codec(64000)


def test_many_take_multiples_of_eight_of_one_length() -> None:
    with pytest.raises(ValueError, match="4 samples: a multiple of 8"):
        encode_many([codec(4)], [bytes(8)])
    with pytest.raises(ValueError, match="4 samples: a multiple of 8"):
        decode_many([codec(4)], [bytes(2)])
    with pytest.raises(ValueError, match=r"pieces of \[8, 16\] samples"):
        encode_many([codec(4), codec(4)], [bytes(16), bytes(32)])


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_g726_ten_minutes_are_bit_exact() -> None:
    sound = np.concatenate([material(100, place) for place in range(6)])
    for bits in (2, 3, 4, 5):
        octets = ours(sound, bits)
        assert octets == peers.spandsp_g726_encode(sound[: len(octets) * 8 // bits], bits, aal2=True)
        assert np.array_equal(heard(octets, bits), peers.spandsp_g726_decode(octets, bits, aal2=True))


@pytest.mark.soak
@pytest.mark.timeout(600)
@pytest.mark.parametrize("bits", [2, 3, 4, 5])
def test_ffmpeg_leaves_the_clauses_nowhere_else_in_a_minute(bits: int) -> None:
    sound = np.concatenate([material(40, place=7), overload(16000)])
    octets = peers.ffmpeg_g726_encode(sound, bits, aal2=True)
    assert codes_of(octets, bits)[: len(sound)] == coded(sound.tobytes(), bits, FFMPEG)
    assert peers.ffmpeg_g726_decode(octets, bits, aal2=True).tolist() == modelled(octets, bits, FFMPEG)
