# SPDX-License-Identifier: GPL-2.0-only
"""A reader of A-law WAV for the tests, written from RIFF's definition and not from the product's writer."""

import struct
from pathlib import Path
from typing import NamedTuple


class AlawWav(NamedTuple):
    """Both sides, one octet a sample."""

    left: bytes
    right: bytes


def read_wav(path: Path) -> AlawWav:
    """Every chunk is walked; what is not A-law stereo at 8 kHz fails the test."""
    octets = path.read_bytes()
    riff, size, wave = struct.unpack_from("<4sI4s", octets)
    assert (riff, size, wave) == (b"RIFF", len(octets) - 8, b"WAVE")
    chunks: dict[bytes, bytes] = {}
    at = 12
    while at < len(octets):
        name, length = struct.unpack_from("<4sI", octets, at)
        chunks[name] = octets[at + 8 : at + 8 + length]
        assert len(chunks[name]) == length
        at += 8 + length + length % 2
    assert struct.unpack_from("<HHIIHH", chunks[b"fmt "]) == (6, 2, 8000, 16000, 2, 8)
    data = chunks[b"data"]
    assert struct.unpack("<I", chunks[b"fact"]) == (len(data) // 2,)
    return AlawWav(data[0::2], data[1::2])
