# SPDX-License-Identifier: GPL-2.0-only
"""Rows of the tone receivers' front, and what a hop's sums are multiplied by: turned back, made amplitudes.

Law: every row is a multiple of 5 Hz, so that after 40 hops all turns begin again.
"""

import math

from dsp.tools import correlate_rows
from dsp.tools.ctable import array, float_literal, header, matrix

MF_HZ = (700, 900, 1100, 1300, 1500, 1700)
R2_FORWARD_HZ = (1380, 1500, 1620, 1740, 1860, 1980)
R2_BACKWARD_HZ = (540, 660, 780, 900, 1020, 1140)
ROWS_HZ = (
    *MF_HZ, 2100, 950,
    *R2_FORWARD_HZ, 1800, 1400,
    *R2_BACKWARD_HZ, 1650, 1850,
    350, 400, 425, 450, 480, 500, 600, 1450,
)  # fmt: skip
HOPS_A_SECOND = 200
PERIOD = 40
SCALE = 1 / (10 * correlate_rows.PEAK)  # a sum of correlate.h to an amplitude


def turned(hz: int, hop: int) -> float:
    """Angle of a row in a hop, radians."""
    return 2 * math.pi * (hz * hop % HOPS_A_SECOND) / HOPS_A_SECOND


def render() -> str:
    """Text of dsp/tables/front_tables.h."""
    values = {
        name: [
            [float_literal((round(of(turned(hz, hop)), 9) + 0.0) * SCALE) for hz in ROWS_HZ] for hop in range(PERIOD)
        ]
        for name, of in (("bl_front_cos", math.cos), ("bl_front_sin", math.sin))
    }
    body = [
        f"#define BL_FRONT_PERIOD {PERIOD} /* hops */\n",
        array("uint16_t", "bl_front_hz", [str(hz) for hz in ROWS_HZ], 16),
        correlate_rows.rows("bl_front_rows", ROWS_HZ),
        *(matrix("float", name, rows, 6) for name, rows in values.items()),
    ]
    return header(
        "front_tables", "front_tables", "Rows of front.h and their turns. Include correlate.h before it.", body
    )
