# SPDX-License-Identifier: GPL-2.0-only
"""Line echo canceller tables: turns of its transform of 80 samples, and a tick of 2100 Hz for the tone disabler."""

import math

from dsp.tools.ctable import array, float_literal, header

SPECTRUM = 80
BLOCK = 40
RATE_HZ = 8000
ANSWER_HZ = 2100  # V.25 answer tone


def render() -> str:
    """Text of dsp/tables/echo_tables.h."""
    turns = [2 * math.pi * k / SPECTRUM for k in range(SPECTRUM // 4 + 1)]
    tone = [2 * math.pi * ANSWER_HZ * n / RATE_HZ for n in range(BLOCK)]
    return header(
        "echo_tables",
        "echo_tables",
        "Cosine and sine of k / 80 turn; a tick of 2100 Hz.",
        [
            array("float", "bl_echo_cos", [float_literal(math.cos(a)) for a in turns], 7),
            array("float", "bl_echo_sin", [float_literal(math.sin(a)) for a in turns], 7),
            array("float", "bl_echo_tone_cos", [float_literal(math.cos(a)) for a in tone], 7),
            array("float", "bl_echo_tone_sin", [float_literal(math.sin(a)) for a in tone], 7),
        ],
    )
