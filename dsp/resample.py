# SPDX-License-Identifier: GPL-2.0-only
"""Conversion between 8, 16 and 48 kHz. What it does is told in dsp/include/resample.h."""

from array import array

from dsp._core import ffi, lib
from dsp.state import Samples, check, configure, new_state, samples

RATES_HZ = (8000, 16000, 48000)


class Resampler:
    """From one rate to another, in pieces of any length."""

    def __init__(self, from_hz: int, to_hz: int) -> None:
        """Raises: ValueError for another rate."""
        self.from_hz, self.to_hz = from_hz, to_hz
        self._memory, self._resampler = new_state("resample")
        code = lib.bl_resample_init(self._resampler, configure("resample", from_hz=from_hz, to_hz=to_hz))
        check(code, f"resample: {from_hz} to {to_hz} Hz; {RATES_HZ} are possible")

    def process(self, sound: Samples) -> "array[int]":
        """Samples at the other rate. Raises: ValueError when the number there would not be whole."""
        source = samples(sound)
        made = array("h", bytes(2 * (len(source) * self.to_hz // self.from_hz)))
        room = ffi.from_buffer("int16_t[]", made)
        code = lib.bl_resample_process(self._resampler, source, room, len(source))
        check(code, f"resample: {len(source)} samples of {self.from_hz} Hz are no whole number at {self.to_hz} Hz")
        return made
