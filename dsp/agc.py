# SPDX-License-Identifier: GPL-2.0-only
"""Automatic gain. What it does is told in dsp/include/agc.h."""

from array import array

from dsp._core import ffi, lib
from dsp.measure import TICK, measures
from dsp.state import Samples, check, configure, new_state, samples
from dsp.vad import Vad

LIMIT = int(lib.BL_AGC_LIMIT)


class Agc:
    """Linear sound in, the same at its target level out; voice activity is its own."""

    def __init__(self, target_dbm0: float = -18.0, least_db: float = -12.0, most_db: float = 24.0) -> None:
        """Raises: ValueError when the target is not -40 to -3 dBm0, or the gain not within -24 to 30 dB around 0."""
        self._memory, self._agc = new_state("agc")
        self._vad = Vad()
        cfg = configure("agc", target_dbm0=target_dbm0, least_db=least_db, most_db=most_db)
        sentence = f"agc: target {target_dbm0} dBm0 (-40 to -3), gain {least_db} (-24 to 0) to {most_db} dB (0 to 30)"
        check(lib.bl_agc_init(self._agc, cfg), sentence)

    def process(self, linear: Samples) -> "array[int]":
        """Whole ticks of 40 samples; a rest is returned as it came."""
        active, seen = self._vad.process(linear), measures(linear)
        out = array("h", bytes(ffi.buffer(samples(linear))))
        sound = ffi.from_buffer("int16_t[]", out)
        for tick, speech in enumerate(active):
            lib.bl_agc_process(self._agc, seen + tick, speech, sound + TICK * tick, sound + TICK * tick)
        return out

    @property
    def gain_db(self) -> float:
        """Gain now, limiter included."""
        return float(lib.bl_agc_gain_db(self._agc))
