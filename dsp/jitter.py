# SPDX-License-Identifier: GPL-2.0-only
"""Adaptive jitter buffer of one RTP stream. Law and figures: dsp/include/jitter.h."""

from dsp._core import ffi, lib

LAWS = {"A": 0, "µ": 1}


class JitterBuffer:
    """Octets in at their timestamps, out at a steady pace."""

    def __init__(self) -> None:
        self._state = ffi.new("struct bl_jitter *")
        lib.bl_jitter_init(self._state)

    def set(
        self,
        law: str = "A",
        *,
        vbd: bool = False,
        resampled: bool = False,
        start_samples: int = 320,
        min_samples: int = 80,
        max_samples: int = 1600,
    ) -> None:
        """Other settings, without a gap. `law`: A or µ. Raises: ValueError when the delays contradict."""
        values = (LAWS[law], vbd, resampled, start_samples, min_samples, max_samples)
        cfg = ffi.new("struct bl_jitter_cfg *", values)
        if lib.bl_jitter_set(self._state, cfg):
            raise ValueError(f"jitter: {min_samples} to {max_samples} samples, {start_samples} at first: up to 1600")

    @property
    def depth_samples(self) -> int:
        """Delay wanted beyond the quickest packet's."""
        return int(self._state.depth)

    @property
    def delay_samples(self) -> int:
        """Delay of the sound heard now beyond the quickest packet's."""
        return int(lib.bl_jitter_delay(self._state))

    @property
    def late(self) -> int:
        """Packets that came after their turn had begun."""
        return int(self._state.late)

    @property
    def resyncs(self) -> int:
        """Times it was laid out anew."""
        return int(self._state.resyncs)

    @property
    def joined(self) -> tuple[int, int]:
        """Samples said twice and samples left out."""
        return int(self._state.longer), int(self._state.shorter)

    @property
    def skew_ppm(self) -> float:
        """How much faster the far clock is than ours."""
        return float(lib.bl_jitter_skew_ppm(self._state))

    def put(self, timestamp: int, octets: bytes, waited: int = 0) -> bool:
        """Take a packet, or one that was held back for so many samples. False: too late, nothing of it will be heard.

        Raises:
            ValueError: not 1 to 480 octets.
        """
        packet = self._state, timestamp & 0xFFFFFFFF, octets, len(octets)
        error = int(lib.bl_jitter_put_held(*packet, waited) if waited else lib.bl_jitter_put(*packet))
        if error and not 1 <= len(octets) <= 480:
            raise ValueError(f"{len(octets)} octets: 1 to 480")
        return error == 0

    def get(self, octets: int) -> tuple[bytes, int]:
        """Give the next octets, 1 to 64, and a mask: bit i is set when octet i came. Raises: ValueError beyond."""
        out, present = bytearray(octets), ffi.new("uint64_t *")
        if lib.bl_jitter_get(self._state, ffi.from_buffer("uint8_t[]", out), octets, present) < 0:
            raise ValueError(f"{octets} octets: 1 to 64")
        return bytes(out), int(present[0])

    def take(self, octets: int) -> bytes:
        """Give the next octets; silence where nothing has come."""
        out = bytearray(octets)
        lib.bl_jitter_process(self._state, ffi.from_buffer("uint8_t[]", out), octets)
        return bytes(out)
