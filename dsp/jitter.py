# SPDX-License-Identifier: GPL-2.0-only
"""Adaptive jitter buffer of one RTP stream. Law and figures: dsp/include/jitter.h."""

from dsp._core import ffi, lib

ALAW_SILENCE = 0xD5
LAWS = {"A": 0, "µ": 1, "octets": 2}


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
        """Other settings, without a gap. `law`: A, µ or octets. Raises: ValueError when the delays contradict."""
        cfg = ffi.new("struct bl_jitter_cfg *", (LAWS[law], vbd, resampled, start_samples, min_samples, max_samples))
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

    @property
    def wish(self) -> int:
        """Samples that should be said twice; below 0: left out."""
        return int(lib.bl_jitter_wish(self._state))

    def scaled(self, samples: int) -> None:
        """The caller has said so many samples twice (below 0: left out) behind the buffer."""
        lib.bl_jitter_scaled(self._state, samples)

    def put(self, timestamp: int, octets: bytes) -> bool:
        """Take a packet. False: too late, nothing of it will be heard.

        Raises:
            ValueError: not 1 to 480 octets.
        """
        error = int(lib.bl_jitter_put(self._state, timestamp & 0xFFFFFFFF, octets, len(octets)))
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
