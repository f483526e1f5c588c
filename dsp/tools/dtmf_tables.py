# SPDX-License-Identifier: GPL-2.0-only
"""DTMF receiver tables: window, windowed rows of the eight tones and of the dial tone's band, phase advance of a hop.

Law: everything follows from Q.23's eight frequencies and the window and hop of dtmf.h. Rows are folded about the middle
of the window as those of correlate.h are about the middle of a hop, eight frequencies side by side.
"""

import cmath
import math
from collections.abc import Callable, Sequence

from dsp.tools import correlate_rows
from dsp.tools.ctable import array, float_literal, header, matrix

RATE_HZ = 8000
FREQUENCIES_HZ = (697, 770, 852, 941, 1209, 1336, 1477, 1633)
DIAL_HZ = tuple(range(200, 600, 50))
"""Bins of the window about the dial tones of E.180, 350 to 450 Hz: above them, a Hann window leaves -41 dB of one."""
LINES_HZ = tuple(range(600, 2200, 50))
"""Where a voice or music shows a line beside the tones."""
WINDOW = 160
HOP = 40
PEAK = 1638
"""Of a row: the products of a window, 80 by a mean weight of 1/2, stay below 2^31 for any sound."""


def hann() -> list[float]:
    """Window of a look; it starts and ends half a sample beside zero."""
    return [0.5 - 0.5 * math.cos(2 * math.pi * (at + 0.5) / WINDOW) for at in range(WINDOW)]


def _half(frequencies_hz: Sequence[int], wave: Callable[[float], float]) -> list[str]:
    """Pairs of samples outward from the middle, of each pair all eight frequencies."""
    window = hann()[WINDOW // 2 :]
    values: list[float] = []
    for pair in range(WINDOW // 4):
        for hz in frequencies_hz:
            angle = 2 * math.pi * hz / RATE_HZ
            values += [PEAK * window[at] * wave(angle * (at + 0.5)) for at in (2 * pair, 2 * pair + 1)]
    return [str(round(value)) for value in values]


def _rows(frequencies_hz: Sequence[int]) -> list[list[str]]:
    return [_half(frequencies_hz, math.cos), _half(frequencies_hz, math.sin)]


def render() -> str:
    """Text of dsp/tables/dtmf_tables.h."""
    window = hann()
    squares = [w * w for w in window]
    advance = [cmath.exp(2j * math.pi * hz * HOP / RATE_HZ) for hz in FREQUENCIES_HZ]
    lines = [row for at in range(0, len(LINES_HZ), 8) for row in _rows(LINES_HZ[at : at + 8])]
    return header(
        "dtmf_tables",
        "dtmf_tables",
        "The tones, a hop's phase advance of each, rows of a hop (correlate.h); the window and its square, each of\n"
        "sum 1; windowed rows of the tones, of the dial tone's band and of the lines, eight by eight: cosines,\n"
        "then sines, [40 pairs][8][2].",
        [
            array("float", "bl_dtmf_hz", [float_literal(hz) for hz in FREQUENCIES_HZ], 4),
            array("float", "bl_dtmf_advance_re", [float_literal(turn.real) for turn in advance], 4),
            array("float", "bl_dtmf_advance_im", [float_literal(turn.imag) for turn in advance], 4),
            correlate_rows.rows("bl_dtmf_hop_rows", FREQUENCIES_HZ),
            array("float", "bl_dtmf_window", [float_literal(w / sum(window)) for w in window], 6),
            array("float", "bl_dtmf_window_square", [float_literal(s / sum(squares)) for s in squares], 6),
            matrix("int16_t", "bl_dtmf_tone_rows", _rows(FREQUENCIES_HZ), 16),
            matrix("int16_t", "bl_dtmf_dial_rows", _rows(DIAL_HZ), 16),
            array("float", "bl_dtmf_line_hz", [float_literal(hz) for hz in LINES_HZ], 8),
            matrix("int16_t", "bl_dtmf_line_rows", lines, 16),
        ],
    )
