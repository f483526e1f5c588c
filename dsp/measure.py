# SPDX-License-Identifier: GPL-2.0-only
"""One look at every tick of a sound, for the blocks that judge it. See dsp/include/measure.h."""

from typing import Any

from dsp._core import ffi, lib
from dsp.state import Samples, check, samples

TICK = int(lib.BL_MEASURE_MOST)
BAND_UNIT = int(lib.BL_MEASURE_BAND)


def measures(linear: Samples, piece: int = TICK) -> Any:
    """A `struct bl_measure[]`, one for each whole piece of 8 to 40 samples.

    Raises: ValueError when the piece is not a multiple of 8 in that range.
    """
    sound = samples(linear)
    count = len(sound) // piece if piece > 0 else 0
    made = ffi.new("struct bl_measure[]", count)
    pieces = ffi.new("const int16_t *[]", [sound + piece * at for at in range(count)])
    check(
        lib.bl_measure_many(made, pieces, max(piece, 0), count), f"measure: {piece} samples: a multiple of 8 up to 40"
    )
    return made
