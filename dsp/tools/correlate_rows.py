# SPDX - License - Identifier : GPL - 2.0 - only
"""Rows of dsp/include/correlate.h, for the tables of the tone receivers."""

import math
from collections.abc import Sequence

RATE_HZ = 8000
HOP = 40
PEAK = 3276


def row(hz: float) -> tuple[list[int], list[int]]:
    """Cosine and sine of half a hop, counted from its middle."""
    angles = [2 * math.pi * hz / RATE_HZ * (at + 0.5) for at in range(HOP // 2)]
    return [round(PEAK * math.cos(angle)) for angle in angles], [round(PEAK * math.sin(angle)) for angle in angles]


def rows(name: str, frequencies_hz: Sequence[float]) -> str:
    """`static const struct bl_row name[]` of these frequencies; the table's user includes correlate.h before it."""
    blocks = []
    for hz in frequencies_hz:
        halves = [", ".join(map(str, half)) for half in row(hz)]
        blocks.append(f"\t{{\n\t\t.cosine = {{{halves[0]}}},\n\t\t.sine = {{{halves[1]}}},\n\t}}, /* {hz:g} Hz */\n")
    return f"static const struct bl_row {name}[{len(blocks)}] = {{\n" + "".join(blocks) + "};\n"
