# SPDX-License-Identifier: GPL-2.0-only
"""DTMF receiver tables: window, windowed tones, phase advance of a hop, dial tone filter.

Law: everything follows from Q.23's eight frequencies, the window and hop of dtmf.h and the filter's figures below; it
is an inverse Chebyshev high-pass (flat above, zeros on the unit circle below), by the bilinear transform.
"""

import cmath
import math

from dsp.tools.ctable import array, float_literal, header, matrix

RATE_HZ = 8000
FREQUENCIES_HZ = (697, 770, 852, 941, 1209, 1336, 1477, 1633)
WINDOW = 160
HOP = 40
STOP_HZ = 465  # dial tones lie below: 350, 425, 440, 450 (E.180) and 3 %
STOP_DB = 40  # dial tone of -10 dBm0 falls to -50
ORDER = 6


def hann() -> list[float]:
    """Window of a look; it starts and ends half a sample beside zero."""
    return [0.5 - 0.5 * math.cos(2 * math.pi * (at + 0.5) / WINDOW) for at in range(WINDOW)]


def sections() -> list[tuple[float, float, float, float, float]]:
    """Second-order sections b0 b1 b2 a1 a2 of the dial tone filter, gain 1 at half the sampling rate."""
    edge = math.tan(math.pi * STOP_HZ / RATE_HZ)
    bend = math.asinh(math.sqrt(10 ** (STOP_DB / 10) - 1)) / ORDER
    result = []
    for pair in range(ORDER // 2):
        angle = math.pi * (2 * pair + 1) / (2 * ORDER)
        zero = 1j * edge * math.cos(angle)
        pole = edge * complex(-math.sinh(bend) * math.sin(angle), math.cosh(bend) * math.cos(angle))
        z0, p0 = (1 + zero) / (1 - zero), (1 + pole) / (1 - pole)
        b1, b2, a1, a2 = -2 * z0.real, abs(z0) ** 2, -2 * p0.real, abs(p0) ** 2
        gain = (1 - a1 + a2) / (1 - b1 + b2)
        result.append((gain, gain * b1, gain * b2, a1, a2))
    return result


def filter_power(hz: float) -> float:
    """Power gain of the dial tone filter."""
    z = cmath.exp(-2j * math.pi * hz / RATE_HZ)
    gain = 1.0
    for b0, b1, b2, a1, a2 in sections():
        gain *= abs((b0 + b1 * z + b2 * z * z) / (1 + a1 * z + a2 * z * z)) ** 2
    return gain


def _tone_rows(part: int) -> list[list[str]]:
    """Windowed cosine (part 0) or minus sine (1) of each frequency; a sine of mean square m gives re² + im² = m."""
    window = hann()
    scale = math.sqrt(2) / sum(window)
    rows = []
    for hz in FREQUENCIES_HZ:
        turns = [cmath.exp(-2j * math.pi * hz * at / RATE_HZ) for at in range(WINDOW)]
        waves = [turn.imag if part else turn.real for turn in turns]
        rows.append([float_literal(scale * w * wave) for w, wave in zip(window, waves, strict=True)])
    return rows


def render() -> str:
    """Text of dsp/tables/dtmf_tables.h."""
    window = hann()
    advance = [cmath.exp(-2j * math.pi * hz * HOP / RATE_HZ) for hz in FREQUENCIES_HZ]
    return header(
        "dtmf_tables",
        "dtmf_tables",
        "Window (sum 1), windowed tones (a sine of mean square m gives re² + im² = m), the turn that takes back a\n"
        "hop's phase advance, what the dial tone filter takes from each tone's power (its reciprocal), and the\n"
        "filter's sections b0 b1 b2 a1 a2.",
        [
            array("float", "bl_dtmf_hz", [float_literal(hz) for hz in FREQUENCIES_HZ], 4),
            array("float", "bl_dtmf_window", [float_literal(w / sum(window)) for w in window], 6),
            matrix("float", "bl_dtmf_cos", _tone_rows(0), 6),
            matrix("float", "bl_dtmf_sin", _tone_rows(1), 6),
            array("float", "bl_dtmf_back_re", [float_literal(turn.real) for turn in advance], 4),
            array("float", "bl_dtmf_back_im", [float_literal(turn.imag) for turn in advance], 4),
            array("float", "bl_dtmf_gain", [float_literal(1 / filter_power(hz)) for hz in FREQUENCIES_HZ], 4),
            matrix("float", "bl_dtmf_filter", [[float_literal(c) for c in s] for s in sections()], 5),
        ],
    )
