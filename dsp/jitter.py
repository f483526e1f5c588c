# SPDX-License-Identifier: GPL-2.0-only
"""Jitter buffer of one A-law RTP stream. Law and figures: dsp/include/jitter.h."""

from dsp._core import ffi, lib

ALAW_SILENCE = 0xD5


class JitterBuffer:
    """Octets in at their timestamps, out at a steady pace."""

    def __init__(self) -> None:
        self._state = ffi.new("struct bl_jitter *")
        lib.bl_jitter_init(self._state)

    @property
    def depth_samples(self) -> int:
        """Time a packet is to wait."""
        return int(self._state.depth)

    @property
    def late(self) -> int:
        """Packets that came after their turn had begun."""
        return int(self._state.late)

    @property
    def resyncs(self) -> int:
        """Times it was laid out anew or brought nearer."""
        return int(self._state.resyncs)

    def put(self, timestamp: int, octets: bytes) -> bool:
        """Take a packet. False: too late, nothing of it will be heard.

        Raises:
            ValueError: not 1 to 480 octets.
        """
        error = int(lib.bl_jitter_put(self._state, timestamp & 0xFFFFFFFF, octets, len(octets)))
        if error and not 1 <= len(octets) <= 480:
            raise ValueError(f"{len(octets)} octets: 1 to 480")
        return error == 0

    def take(self, octets: int) -> bytes:
        """Give the next octets; silence (0xD5) where nothing has come."""
        out = bytearray(octets)
        lib.bl_jitter_process(self._state, ffi.from_buffer("uint8_t[]", out), octets)
        return bytes(out)
