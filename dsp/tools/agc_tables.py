# SPDX-License-Identifier: GPL-2.0-only
"""Factors of the automatic gain: -24.0 to +30.0 dB by tenths, Q.10; 0 dB is 1024, +30 dB is 32382 and fits 16 bits."""

from dsp.tools.ctable import array, header

LEAST_TENTHS, MOST_TENTHS = -240, 300
ONE = 1 << 10


def render() -> str:
    """Text of dsp/tables/agc_tables.h."""
    values = [str(round(ONE * 10 ** (tenths / 200))) for tenths in range(LEAST_TENTHS, MOST_TENTHS + 1)]
    says = "Gains of -24.0 to +30.0 dB by tenths of a decibel, Q.10."
    return header("agc_tables", "agc_tables", says, [array("int16_t", "bl_agc_factors", values, 15)])
