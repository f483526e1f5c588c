# SPDX-License-Identifier: GPL-2.0-only
"""Level meter in dBm0. Scale: G.711, A-law full-scale sine is +3.14 dBm0."""

import msgspec

from dsp._core import ffi, lib
from dsp.state import Samples, check, configure, new_state, samples


class Reading(msgspec.Struct, frozen=True):
    """The last whole window; -100 dBm0 stands for silence."""

    windows: int
    rms_dbm0: float
    peak_dbm0: float
    clipped: int
    noise_dbm0: float
    dc_offset: float


class LevelMeter:
    """Linear sound in, levels out."""

    def __init__(self, window_samples: int = 8000) -> None:
        """Raises: ValueError when the window is not 1 to 480000 samples."""
        self._memory, self._level = new_state("level")
        code = lib.bl_level_init(self._level, configure("level", window_samples=window_samples))
        check(code, f"level: window of {window_samples} samples, 1 to 480000 are possible")

    def process(self, linear: Samples) -> None:
        """Measure these samples."""
        sound = samples(linear)
        lib.bl_level_process(self._level, sound, len(sound))

    def read(self) -> Reading:
        """What the last whole window had."""
        reading = ffi.new("struct bl_level_reading *")
        lib.bl_level_read(self._level, reading)
        levels = (reading.rms_dbm0, reading.peak_dbm0, reading.clipped, reading.noise_dbm0, reading.dc_offset)
        return Reading(reading.windows, *levels)

    def reset(self) -> None:
        """Forget all."""
        lib.bl_level_reset(self._level)
