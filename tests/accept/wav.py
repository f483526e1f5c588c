# SPDX-License-Identifier: GPL-2.0-only
"""Reads a sealed recording as a stranger would: RIFF, format 6 (A-law), two channels, 8 kHz."""

import struct
from pathlib import Path

ALAW = 6


def read_alaw_stereo(path: Path) -> tuple[bytes, bytes]:
    """Left and right octets. Raises ValueError if it is not A-law stereo at 8 kHz."""
    octets = path.read_bytes()
    if octets[:4] != b"RIFF" or octets[8:12] != b"WAVE":
        raise ValueError(f"{path}: no WAV file")
    place, sound, shape = 12, b"", (0, 0, 0)
    while place + 8 <= len(octets):
        name, size = struct.unpack_from("<4sI", octets, place)
        body = octets[place + 8 : place + 8 + size]
        if name == b"fmt ":
            shape = struct.unpack_from("<HHI", body)
        elif name == b"data":
            if len(body) != size:
                raise ValueError(f"{path}: {size} octets of sound announced, {len(body)} there")
            sound = body
        place += 8 + size + size % 2
    if shape != (ALAW, 2, 8000):
        raise ValueError(f"{path}: format, channels, rate {shape}; {(ALAW, 2, 8000)} wanted")
    return sound[::2], sound[1::2]
