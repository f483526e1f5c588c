# SPDX-License-Identifier: GPL-2.0-only
"""Packet loss concealment. What it does is told in dsp/include/plc.h."""

from array import array

from dsp._core import ffi, lib
from dsp.state import Samples, new_state, samples

SILENT_SAMPLES = int(lib.BL_PLC_SILENT)


class Plc:
    """Pieces that came and pieces that did not, in order; whole sound out."""

    def __init__(self) -> None:
        self._memory, self._plc = new_state("plc")
        lib.bl_plc_init(self._plc)

    def good(self, linear: Samples) -> "array[int]":
        """What is to be played of a piece that came."""
        sound = samples(linear)
        out = array("h", bytes(ffi.buffer(sound)))
        lib.bl_plc_good(self._plc, ffi.from_buffer("int16_t[]", out), len(out))
        return out

    def lost(self, count: int) -> "array[int]":
        """So many samples in place of a piece that did not. Raises: ValueError for a negative number."""
        if count < 0:
            raise ValueError(f"plc: {count} samples are lost")
        out = array("h", bytes(2 * count))
        lib.bl_plc_lost(self._plc, ffi.from_buffer("int16_t[]", out), len(out))
        return out

    def reset(self) -> None:
        """Forget all."""
        lib.bl_plc_reset(self._plc)
