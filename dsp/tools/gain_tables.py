# SPDX-License-Identifier: GPL-2.0-only
"""Factors of the gain plan: -24.0 to +12.0 dB by tenths, Q.13.

Law: 0 dB is 8192 exactly, +12 dB is 32613 and fits 16 bits; the coarsest step, at -24 dB, is exact to 0.01 dB.
"""

from dsp.tools.ctable import array, header

LEAST_TENTHS, MOST_TENTHS = -240, 120
ONE = 1 << 13


def factor(tenths: int) -> int:
    """Q.13 factor of a gain in tenths of a decibel."""
    return round(ONE * 10 ** (tenths / 200))


def render() -> str:
    """Text of dsp/tables/gain_tables.h."""
    values = [str(factor(tenths)) for tenths in range(LEAST_TENTHS, MOST_TENTHS + 1)]
    says = "Gains of -24.0 to +12.0 dB by tenths of a decibel, Q.13."
    return header("gain_tables", "gain_tables", says, [array("int16_t", "bl_gain_factors", values, 15)])
