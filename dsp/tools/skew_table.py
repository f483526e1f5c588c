# SPDX-License-Identifier: GPL-2.0-only
"""Coefficients of the skew resampler: a windowed sinc at 65 places between two samples.

Law: every row adds up to 1, so that a steady level stays; the first row is one sample and nothing else.
"""

import math

from dsp.tools.ctable import float_literal, header, matrix

TAPS, PLACES, BETA = 32, 64, 6.0


def _bessel(x: float) -> float:
    """Modified Bessel function of the first kind, order 0."""
    term = total = 1.0
    for n in range(1, 40):
        term *= (x / 2 / n) ** 2
        total += term
    return total


def _coefficient(t: float) -> float:
    inside = 1 - (2 * t / TAPS) ** 2
    if inside <= 0 or (t == int(t) and t != 0):
        return 0.0
    sinc = math.sin(math.pi * t) / (math.pi * t) if t else 1.0
    return sinc * _bessel(BETA * math.sqrt(inside)) / _bessel(BETA)


def _row(place: int) -> list[float]:
    row = [_coefficient(tap - (TAPS // 2 - 1) - place / PLACES) for tap in range(TAPS)]
    total = math.fsum(row)
    return [value / total for value in row]


def render() -> str:
    """Text of dsp/tables/skew_table.h."""
    rows = [[float_literal(value) for value in _row(place)] for place in range(PLACES + 1)]
    return header(
        "skew_table", "skew_table", "Of each place between two samples the share of the samples around it.",
        [f"#define BL_SKEW_PLACES {PLACES}\n", matrix("float", "bl_skew_taps", rows, 7)],
    )  # fmt: skip
