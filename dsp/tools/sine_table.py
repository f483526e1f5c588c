# SPDX-License-Identifier: GPL-2.0-only
"""One turn of a sine for the tone generators, read with linear interpolation.

Law: 1024 steps leave the interpolation error under 5e-6 of full scale, -106 dB.
"""

import math

from dsp.tools.ctable import array, float_literal, header

STEPS = 1024


def render() -> str:
    """Text of dsp/tables/sine_table.h: STEPS + 1 values, so that the last step needs no wrap."""
    values = [math.sin(2 * math.pi * at / STEPS) if at % (STEPS // 2) else 0.0 for at in range(STEPS + 1)]
    return header(
        "sine_table", "sine_table", "One turn of a sine and its first value again.",
        [array("float", "bl_sine", [float_literal(value) for value in values], 7)],
    )  # fmt: skip
