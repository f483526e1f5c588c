# SPDX-License-Identifier: GPL-2.0-only
"""RIFF WAVE of A-law, two channels, 8 kHz (format 6, RFC 2361 §A.7): caller left, agent right."""

import struct

ALAW = 6
CHANNELS = 2
RATE_HZ = 8000
SILENCE = 0xD5
"""A-law's smallest positive value, what an idle timeslot carries (G.711)."""

_HEAD = struct.Struct("<4sI4s4sIHHIIHHH4sII4sI")
HEAD_OCTETS = _HEAD.size


def head(samples: int) -> bytes:
    """What stands before the sound of `samples` a side. Raises ValueError beyond 4 GiB (74 hours)."""
    octets = samples * CHANNELS
    if octets + HEAD_OCTETS >= 1 << 32:
        raise ValueError(f"{samples} samples are more than a WAV file can hold")
    return _HEAD.pack(
        *(b"RIFF", HEAD_OCTETS - 8 + octets, b"WAVE"),
        *(b"fmt ", 18, ALAW, CHANNELS, RATE_HZ, RATE_HZ * CHANNELS, CHANNELS, 8, 0),
        *(b"fact", 4, samples),
        *(b"data", octets),
    )


def interleave(left: bytes, right: bytes) -> bytes:
    """One octet of each side in turn; both of one length."""
    both = bytearray(2 * len(left))
    both[0::2] = left
    both[1::2] = right
    return bytes(both)
