# SPDX-License-Identifier: GPL-2.0-only
"""Lag window of the noise analysis: a Gaussian that widens every peak of the spectrum to 60 Hz at least."""

import math

from dsp.tools.ctable import array, float_literal, header

LAGS = 11
WIDTH_HZ = 60.0
RATE_HZ = 8000


def render() -> str:
    """Text of dsp/tables/sid_tables.h: weight of a lag."""
    values = [math.exp(-0.5 * (2 * math.pi * WIDTH_HZ * lag / RATE_HZ) ** 2) for lag in range(LAGS)]
    says = "Weights of the autocorrelation by lag: a spectrum blurred by 60 Hz."
    return header(
        "sid_tables",
        "sid_tables",
        says,
        [array("float", "bl_sid_window", [float_literal(value) for value in values], 6)],
    )
