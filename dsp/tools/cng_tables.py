# SPDX-License-Identifier: GPL-2.0-only
"""Weights of the joints of comfort noise, Q.15: squares of a pair add up to one, for two noises that do not agree.

Law: the way in is the way out backwards.
"""

import math

from dsp.tools.ctable import array, header

JOINT = 16
ONE = 32767


def render() -> str:
    """Text of dsp/tables/cng_tables.h: the pairs (way out, way in) of samples 0 to 3 and 8 to 11, and of the others."""
    pairs = [(math.cos(turn), math.sin(turn)) for turn in (math.pi / 2 * (i + 0.5) / JOINT for i in range(JOINT))]
    parts = {"low": pairs[:4] + pairs[8:12], "high": pairs[4:8] + pairs[12:]}
    says = (
        "Weights of a joint of 16 samples, Q.15: [2i] of the noise that goes, [2i + 1] of the one that comes.\n"
        "low holds samples 0 to 3 and 8 to 11, high the others, as the vector form reads them."
    )
    body = [
        array("int16_t", f"bl_cng_joint_{name}", [str(round(ONE * weight)) for pair in part for weight in pair], 8)
        for name, part in parts.items()
    ]
    return header("cng_tables", "cng_tables", says, body)
