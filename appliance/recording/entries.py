# SPDX-License-Identifier: GPL-2.0-only
"""Entries of the segment log: header with magic, kind, length and CRC-32, then the sound.

A log ends where the first entry does not check: a torn tail is what a crash in the middle of a write leaves.
"""

import enum
import struct
import zlib
from collections.abc import Iterator

import msgspec

_MAGIC = b"BLR1"
_HEADER = struct.Struct("<4sBxxxIQQ")  # magic, kind, payload octets, recording, sample
_CRC = struct.Struct("<I")
PAYLOAD_LIMIT = 1_048_576
OVERHEAD_OCTETS = _HEADER.size + _CRC.size


class Kind(enum.IntEnum):
    """What an entry says of its recording; `sample` is the first sample, of END the length."""

    BEGIN = 1
    SOUND = 2
    END = 3


class Entry(msgspec.Struct, frozen=True):
    """One entry. `sound` is the left side's octets, then as many of the right side."""

    kind: Kind
    recording: int
    sample: int
    sound: bytes = b""


def encode(entry: Entry) -> bytes:
    """Octets of one entry. Raises ValueError over PAYLOAD_LIMIT."""
    if len(entry.sound) > PAYLOAD_LIMIT:
        raise ValueError(f"{len(entry.sound)} octets of sound in one entry")
    header = _HEADER.pack(_MAGIC, entry.kind, len(entry.sound), entry.recording, entry.sample)
    return header + _CRC.pack(zlib.crc32(entry.sound, zlib.crc32(header))) + entry.sound


def scan(octets: bytes | memoryview) -> Iterator[tuple[int, Entry]]:
    """(offset, entry) of everything that checks, from the beginning; the last offset + its length is the good end."""
    offset = 0
    while offset + OVERHEAD_OCTETS <= len(octets):
        magic, kind, length, recording, sample = _HEADER.unpack_from(octets, offset)
        end = offset + OVERHEAD_OCTETS + length
        if magic != _MAGIC or kind not in list(Kind) or length > PAYLOAD_LIMIT or end > len(octets):
            return
        header = bytes(octets[offset : offset + _HEADER.size])
        sound = bytes(octets[offset + OVERHEAD_OCTETS : end])
        (crc,) = _CRC.unpack_from(octets, offset + _HEADER.size)
        if crc != zlib.crc32(sound, zlib.crc32(header)):
            return
        yield offset, Entry(Kind(kind), recording, sample, sound)
        offset = end
