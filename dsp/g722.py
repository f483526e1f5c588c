# SPDX-License-Identifier: GPL-2.0-only
"""G.722, 7 kHz sound at 64 kbit/s. What it does is told in dsp/include/g722.h."""

from array import array
from collections.abc import Sequence

from dsp._core import ffi, lib
from dsp.state import Samples, check, configure, new_state, samples


class Encoder:
    """64 kbit/s. Spec: G.722 clause 3."""

    def __init__(self) -> None:
        self._memory, self._encoder = new_state("g722_enc")
        lib.bl_g722_enc_init(self._encoder)

    def process(self, sound: Samples) -> bytes:
        """One octet for two samples of 16 kHz. Raises: ValueError for an odd number of samples."""
        (octets,) = encode_many([self], [sound])
        return octets


class Decoder:
    """64, 56 or 48 kbit/s. Spec: G.722 clause 4."""

    def __init__(self, bit_rate: int = 64000) -> None:
        """Raises: ValueError for another bit rate."""
        self._memory, self._decoder = new_state("g722_dec")
        code = lib.bl_g722_dec_init(self._decoder, configure("g722_dec", bit_rate=bit_rate))
        check(code, f"g722: {bit_rate} bit/s; 64000, 56000 and 48000 are possible")

    def process(self, octets: bytes) -> "array[int]":
        """Two samples of 16 kHz for one octet."""
        (sound,) = decode_many([self], [octets])
        return sound


def encode_many(encoders: Sequence[Encoder], sounds: Sequence[Samples]) -> list[bytes]:
    """The octets of every channel, all sounds of one length; each encoder stands once.

    Raises: ValueError for an odd number of samples or different lengths.
    """
    inputs = [samples(sound) for sound in sounds]
    lengths = {len(one) for one in inputs}
    if len(encoders) != len(sounds) or len(lengths) != 1:
        raise ValueError(f"g722: {len(encoders)} encoders, sounds of {sorted(lengths)} samples")
    (n,) = lengths
    made = [bytearray(n // 2) for _ in encoders]
    rooms = [ffi.from_buffer("uint8_t[]", room) for room in made]
    states = ffi.new("struct bl_g722_enc *[]", [encoder._encoder for encoder in encoders])  # noqa: SLF001 its own module
    code = lib.bl_g722_enc_process_many(
        states, ffi.new("int16_t *[]", inputs), ffi.new("uint8_t *[]", rooms), n, len(encoders)
    )
    check(code, f"g722: {n} samples: an even number is needed")
    return [bytes(room) for room in made]


def decode_many(decoders: Sequence[Decoder], pieces: Sequence[bytes]) -> "list[array[int]]":
    """The sound of every channel, all pieces of one length; each decoder stands once.

    Raises: ValueError for different lengths.
    """
    lengths = {len(piece) for piece in pieces}
    if len(decoders) != len(pieces) or len(lengths) != 1:
        raise ValueError(f"g722: {len(decoders)} decoders, pieces of {sorted(lengths)} octets")
    (n,) = lengths
    made = [array("h", bytes(4 * n)) for _ in decoders]
    rooms = [ffi.from_buffer("int16_t[]", room) for room in made]
    inputs = [ffi.from_buffer("uint8_t[]", piece) for piece in pieces]
    states = ffi.new("struct bl_g722_dec *[]", [decoder._decoder for decoder in decoders])  # noqa: SLF001 its own module
    lib.bl_g722_dec_process_many(
        states, ffi.new("uint8_t *[]", inputs), ffi.new("int16_t *[]", rooms), n, len(decoders)
    )
    return made
