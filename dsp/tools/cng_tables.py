# SPDX-License-Identifier: GPL-2.0-only
"""Weights of the joints of comfort noise, Q.15: squares of a pair add up to one, for two noises that do not agree.

Law: the way in is the way out backwards.
"""

import math

from dsp.tools.ctable import array, header

JOINT = 16
ONE = 32767


def render() -> str:
    """Text of dsp/tables/cng_tables.h: [2i] the way out, [2i + 1] the way in."""
    turns = [math.pi / 2 * (i + 0.5) / JOINT for i in range(JOINT)]
    values = [str(round(ONE * part)) for turn in turns for part in (math.cos(turn), math.sin(turn))]
    says = "Weights of a joint of 16 samples, Q.15: [2i] of the noise that goes, [2i + 1] of the one that comes."
    return header("cng_tables", "cng_tables", says, [array("int16_t", "bl_cng_joint", values, 8)])
