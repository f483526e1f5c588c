# SPDX-License-Identifier: GPL-2.0-only
"""G.711 on whole buffers. Spec: ITU-T G.711; scale and choices are told in dsp/include/g711.h."""

from array import array
from collections.abc import Callable
from typing import Any

from dsp._core import ffi, lib
from dsp.state import Samples, samples

ALAW_IDLE = 0xD5
ULAW_IDLE = 0xFF


def _decode(decoder: Callable[[Any, Any, int], None], codes: bytes) -> "array[int]":
    linear = array("h", bytes(2 * len(codes)))
    decoder(ffi.from_buffer(codes), ffi.from_buffer("int16_t[]", linear), len(codes))
    return linear


def _encode(encoder: Callable[[Any, Any, int], None], linear: Samples) -> bytes:
    sound = samples(linear)
    codes = bytearray(len(sound))
    encoder(sound, ffi.from_buffer("uint8_t[]", codes), len(sound))
    return bytes(codes)


def _transcode(table: Callable[[Any, Any, int], None], codes: bytes) -> bytes:
    result = bytearray(len(codes))
    table(ffi.from_buffer(codes), ffi.from_buffer("uint8_t[]", result), len(codes))
    return bytes(result)


def alaw_decode(codes: bytes) -> "array[int]":
    """Linear int16 samples of A-law codes."""
    return _decode(lib.bl_alaw_decode, codes)


def alaw_encode(linear: Samples) -> bytes:
    """A-law codes of int16 samples. Raises: ValueError on half a sample."""
    return _encode(lib.bl_alaw_encode, linear)


def ulaw_decode(codes: bytes) -> "array[int]":
    """Linear int16 samples of mu-law codes."""
    return _decode(lib.bl_ulaw_decode, codes)


def ulaw_encode(linear: Samples) -> bytes:
    """Mu-law codes of int16 samples. Raises: ValueError on half a sample."""
    return _encode(lib.bl_ulaw_encode, linear)


def alaw_to_ulaw(codes: bytes) -> bytes:
    """Mu-law codes for A-law codes. Spec: G.711 table 4."""
    return _transcode(lib.bl_alaw_to_ulaw, codes)


def ulaw_to_alaw(codes: bytes) -> bytes:
    """A-law codes for mu-law codes. Spec: G.711 table 3."""
    return _transcode(lib.bl_ulaw_to_alaw, codes)
