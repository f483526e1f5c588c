# SPDX-License-Identifier: GPL-2.0-only
"""Fixed gain, loss and mute of one direction. What it does is told in dsp/include/gain.h."""

from array import array

from dsp._core import ffi, lib
from dsp.state import Samples, check, new_state, samples

LEAST_DB, MOST_DB = lib.BL_GAIN_LEAST / 10, lib.BL_GAIN_MOST / 10
IDLE_ALAW, IDLE_ULAW = int(lib.BL_IDLE_ALAW), int(lib.BL_IDLE_ULAW)


class Gain:
    """Linear sound in, the same louder or softer out."""

    def __init__(self, db: float = 0.0) -> None:
        """Raises: ValueError when the gain is not -24 to +12 dB."""
        self._memory, self._gain = new_state("gain")
        self.set(db)

    def set(self, db: float) -> None:
        """From now on; tenths of a decibel count. Raises: ValueError out of range."""
        sentence = f"gain: {db} dB, {LEAST_DB} to {MOST_DB} are possible"
        check(-1 if not abs(db) < 1e6 else lib.bl_gain_set(self._gain, round(10 * db)), sentence)

    def mute(self, *, muted: bool) -> None:
        """Silence, or no longer."""
        lib.bl_gain_mute(self._gain, muted)

    def process(self, linear: Samples) -> "array[int]":
        """The same samples with this gain."""
        sound = samples(linear)
        out = array("h", bytes(2 * len(sound)))
        lib.bl_gain_process(self._gain, sound, ffi.from_buffer("int16_t[]", out), len(sound))
        return out
