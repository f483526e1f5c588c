# SPDX-License-Identifier: GPL-2.0-only
"""G.726 tables of the four rates, by the magnitude of the code.

Spec: G.726 clause 4.2, sub-blocks QUAN, RECONST, FUNCTW, FUNCTF.
"""

from dsp.tools.ctable import array, header, matrix

NONE = -2048  # the level of code 0 where it means no difference
DECISIONS = (
    (261,),
    (8, 218, 331),
    (-124, 80, 178, 246, 300, 349, 400),
    (-122, -16, 68, 139, 198, 250, 298, 339, 378, 413, 445, 475, 502, 528, 553),
)
LEVELS = (
    (116, 365),
    (NONE, 135, 273, 373),
    (NONE, 4, 135, 213, 273, 323, 373, 425),
    (NONE, -66, 28, 104, 169, 224, 274, 318, 358, 395, 429, 459, 488, 514, 539, 566),
)
STEPS = (
    (-22, 439),
    (-4, 30, 137, 582),
    (-12, 18, 41, 64, 112, 198, 355, 1122),
    (14, 14, 24, 39, 40, 41, 58, 100, 141, 179, 219, 280, 358, 440, 529, 696),
)
RATES = (
    (0, 7),
    (0, 1, 2, 7),
    (0, 0, 0, 1, 1, 1, 3, 7),
    (0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 3, 4, 5, 6, 6),
)


def _filled(rows: tuple[tuple[int, ...], ...], value: int = 0) -> list[list[str]]:
    return [[str(number) for number in (*row, *[value] * (16 - len(row)))] for row in rows]


def render() -> str:
    """Text of dsp/tables/g726_tables.h."""
    return header(
        "g726_tables",
        "g726_tables",
        "G.726: rows are 16, 24, 32 and 40 kbit/s. How many decision levels, and what they are (of the logarithm of a\n"
        "difference less the scale factor, 7 bits of fraction); by the code's magnitude the level it stands for, the\n"
        "scale factor's step W (4 bits of fraction) and F of the adaptation speed.",
        [
            array("uint8_t", "bl_g726_decisions", [str(len(row)) for row in DECISIONS], 4),
            matrix("int16_t", "bl_g726_decision", _filled(DECISIONS), 16),
            matrix("int16_t", "bl_g726_level", _filled(LEVELS), 16),
            matrix("int16_t", "bl_g726_step", _filled(STEPS), 16),
            matrix("int16_t", "bl_g726_rate", _filled(RATES), 16),
        ],
    )
