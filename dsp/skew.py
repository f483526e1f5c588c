# SPDX-License-Identifier: GPL-2.0-only
"""Resampler between two clocks of nearly the same rate. Law and figures: dsp/include/skew.h."""

from array import array

from dsp._core import ffi, lib
from dsp.state import Samples, check, new_state, samples

DELAY_SAMPLES = 17


class Skew:
    """Sound of a far clock in, of ours out."""

    def __init__(self, ppm: float = 0.0) -> None:
        """Raises: ValueError beyond 300 ppm."""
        self._memory, self._skew = new_state("skew")
        lib.bl_skew_init(self._skew)
        self.set(ppm)

    def set(self, ppm: float) -> None:
        """How much faster the far clock is. Raises: ValueError beyond 300 ppm."""
        check(lib.bl_skew_set(self._skew, ppm), f"skew: {ppm} ppm, 300 at most")

    def want(self, n: int) -> int:
        """Samples that n outputs take. Raises: ValueError when n is not 1 to 160."""
        if not 1 <= n <= lib.BL_SKEW_MAX:
            raise ValueError(f"skew: {n} samples, 1 to {lib.BL_SKEW_MAX}")
        return int(lib.bl_skew_want(self._skew, n))

    def process(self, sound: Samples, n: int) -> "array[int]":
        """Outputs, n of want(n) samples. Raises: ValueError when they are not as many."""
        taken, out = samples(sound), array("h", bytes(2 * n))
        room = ffi.from_buffer("int16_t[]", out)
        check(lib.bl_skew_process(self._skew, taken, len(taken), room, n), f"skew: {len(taken)} samples for {n}")
        return out
