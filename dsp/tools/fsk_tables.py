# SPDX-License-Identifier: GPL-2.0-only
"""FSK tables: the correlators of the receiver, the phase that three bits gain in the sender.

Law: a correlator is a window times its tone less its own mean under that window, so that it is deaf to direct current
and nearly so to mains hum; its output is the tone's amplitude. Three bits at 1200 bit/s are exactly twenty samples.
"""

import math

from dsp.tools.ctable import float_literal, header, matrix

RATE_HZ = 8000
MODEMS = {"bell202": (1200, 2200), "v23": (1300, 2100)}
"""Mark and space, Hz."""
SHARPNESS = {"bell202": 1.5, "v23": 1.0}
"""Power of the sine that is the window: the nearer tones of V.23 need the longer one."""
HALF = 5
"""Taps to either side of the middle: eleven samples, 1.65 bits, the window's effective length is about one bit."""
EDGE = 0.2
"""Of a sample that the window reaches beyond its outer taps."""
GROUP, GROUP_BITS, PAD = 20, 3, 4


def correlator(modem: str, hz: int) -> tuple[list[float], list[float]]:
    """In phase: the middle tap and those right of it (the left mirrors them); quadrature: those right of the middle."""
    length = 2 * HALF + 1 + 2 * EDGE
    window = [math.cos(math.pi * at / length) ** SHARPNESS[modem] for at in range(HALF + 1)]
    turn = [2 * math.pi * hz * at / RATE_HZ for at in range(HALF + 1)]
    weight = [1.0] + [2.0] * HALF
    mean = sum(weight[k] * window[k] * math.cos(turn[k]) for k in range(HALF + 1))
    mean /= sum(weight[k] * window[k] for k in range(HALF + 1))
    real = [window[k] * (math.cos(turn[k]) - mean) for k in range(HALF + 1)]
    imaginary = [window[k] * math.sin(turn[k]) for k in range(1, HALF + 1)]
    gain = sum(weight[k] * real[k] * math.cos(turn[k]) for k in range(HALF + 1))
    gain += sum(2 * imaginary[k - 1] * math.sin(turn[k]) for k in range(1, HALF + 1))
    return [2 * tap / gain for tap in real], [2 * tap / gain for tap in imaginary]


def _taps() -> list[list[str]]:
    rows = []
    for modem, tones in MODEMS.items():
        row: list[float] = []
        for hz in tones:
            real, imaginary = correlator(modem, hz)
            row += real + imaginary
        rows.append([float_literal(tap) for tap in row])
    return rows


def phase_of(modem: str, pattern: int, at: int) -> int:
    """Phase (2^32 is a turn) gained `at` samples after the start of three bits; the first is bit 0 of the pattern."""
    turns, sample, bit_samples = 0.0, float(at), GROUP / GROUP_BITS
    for bit in range(GROUP_BITS):
        share = min(max(sample - bit * bit_samples, 0.0), bit_samples)
        turns += share * MODEMS[modem][0 if pattern >> bit & 1 else 1] / RATE_HZ
    return round(turns * 2**32) % 2**32


def _phases(modem: str) -> list[list[str]]:
    rows = []
    for pattern in range(1 << GROUP_BITS):
        gained = [phase_of(modem, pattern, at) for at in range(GROUP)]
        rows.append([f"0x{phase:08x}" for phase in [0] * PAD + gained + [0] * PAD])
    return rows


def render() -> str:
    """Text of dsp/tables/fsk_tables.h."""
    patterns = range(1 << GROUP_BITS)
    ends = [[f"0x{phase_of(modem, pattern, GROUP):08x}" for pattern in patterns] for modem in MODEMS]
    return header(
        "fsk_tables",
        "fsk_tables",
        "Rows: Bell 202, V.23. bl_fsk_taps: mark in phase (middle first) and in quadrature, space likewise.\n"
        "bl_fsk_phase_<modem>[three bits, the first in bit 0]: phase of each of their 20 samples since the first, 4\n"
        "zeros around them. bl_fsk_turn: phase that all three gain.",
        [
            matrix("float", "bl_fsk_taps", _taps(), 6),
            *(matrix("uint32_t", f"bl_fsk_phase_{modem}", _phases(modem), 10) for modem in MODEMS),
            matrix("uint32_t", "bl_fsk_turn", ends, 8),
        ],
    )
