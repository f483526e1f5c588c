# SPDX-License-Identifier: GPL-2.0-only
"""G.726, ADPCM at 16 to 40 kbit/s. What it does is told in dsp/include/g726.h."""

import enum
from array import array
from collections.abc import Sequence

from dsp._core import ffi, lib
from dsp.state import Samples, check, configure, new_state, samples

BIT_RATES = (16000, 24000, 32000, 40000)


class Packing(enum.IntEnum):
    """Which end of an octet the first code lies at."""

    RFC3551 = 0
    AAL2 = 1


class Codec:
    """One direction: an encoder or a decoder. Spec: G.726 clause 4.2 and annex A."""

    def __init__(self, bit_rate: int = 32000, packing: Packing = Packing.RFC3551) -> None:
        """Raises: ValueError for another bit rate."""
        self._memory, self._codec = new_state("g726")
        self.bits = bit_rate // 8000
        code = lib.bl_g726_init(self._codec, configure("g726", bit_rate=bit_rate, packing=packing))
        check(code, f"g726: {bit_rate} bit/s, packing {packing}; {BIT_RATES} are possible")

    def encode(self, sound: Samples) -> bytes:
        """Codes of samples. Raises: ValueError when they do not fill whole octets."""
        source = samples(sound)
        octets = bytearray(len(source) * self.bits // 8)
        code = lib.bl_g726_encode(self._codec, source, ffi.from_buffer("uint8_t[]", octets), len(source))
        check(code, f"g726: {len(source)} samples of {self.bits} bits are no whole octets")
        return bytes(octets)

    def decode(self, octets: bytes) -> "array[int]":
        """Samples of codes. Raises: ValueError when the octets end within a code."""
        n = len(octets) * 8 // self.bits
        sound = array("h", bytes(2 * n))
        check(-(n * self.bits != 8 * len(octets)), f"g726: {len(octets)} octets are no whole codes of {self.bits} bits")
        lib.bl_g726_decode(self._codec, ffi.from_buffer(octets), ffi.from_buffer("int16_t[]", sound), n)
        return sound


def encode_many(codecs: Sequence[Codec], sounds: Sequence[Samples]) -> list[bytes]:
    """The codes of every channel, all sounds of one length; each codec stands once.

    Raises: ValueError for different lengths or one that is no multiple of 8.
    """
    inputs = [samples(sound) for sound in sounds]
    n = _length(codecs, [len(one) for one in inputs])
    made = [bytearray(n * codec.bits // 8) for codec in codecs]
    rooms = [ffi.from_buffer("uint8_t[]", room) for room in made]
    arrays = (ffi.new("int16_t *[]", inputs), ffi.new("uint8_t *[]", rooms))
    check(lib.bl_g726_encode_many(_states(codecs), *arrays, n, len(codecs)), f"g726: {n} samples: a multiple of 8")
    return [bytes(room) for room in made]


def decode_many(codecs: Sequence[Codec], pieces: Sequence[bytes]) -> "list[array[int]]":
    """The sound of every channel, all of one length; each codec stands once.

    Raises: ValueError for different lengths or one that is no multiple of 8.
    """
    n = _length(codecs, [len(piece) * 8 // codec.bits for piece, codec in zip(pieces, codecs, strict=True)])
    made = [array("h", bytes(2 * n)) for _ in codecs]
    rooms = [ffi.from_buffer("int16_t[]", room) for room in made]
    inputs = [ffi.from_buffer("uint8_t[]", piece) for piece in pieces]
    arrays = (ffi.new("uint8_t *[]", inputs), ffi.new("int16_t *[]", rooms))
    check(lib.bl_g726_decode_many(_states(codecs), *arrays, n, len(codecs)), f"g726: {n} samples: a multiple of 8")
    return made


def _states(codecs: Sequence[Codec]) -> object:
    return ffi.new("struct bl_g726 *[]", [codec._codec for codec in codecs])  # noqa: SLF001 its own module


def _length(codecs: Sequence[Codec], lengths: Sequence[int]) -> int:
    if len(codecs) != len(lengths) or len(set(lengths)) != 1:
        raise ValueError(f"g726: {len(codecs)} channels, pieces of {sorted(set(lengths))} samples")
    return lengths[0]
