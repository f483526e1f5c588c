# SPDX-License-Identifier: GPL-2.0-only
"""The eight bands of `measure`: an orthonormal cosine transform (DCT-II) of eight samples, 500 Hz a band.

Law: integers of Q.14, so that a coefficient of eight samples stays under 2^31 and both forms agree bit for bit. Row
2j of the text holds samples 2j and 2j + 1 side by side for every band, as a multiply-add of pairs wants them.
"""

import math

from dsp.tools.ctable import header, matrix

BANDS = 8
SCALE = 1 << 14


def coefficient(band: int, sample: int) -> int:
    """Weight of a sample in a band."""
    norm = math.sqrt((1 if band == 0 else 2) / BANDS)
    return round(SCALE * norm * math.cos(math.pi * (2 * sample + 1) * band / (2 * BANDS)))


def render() -> str:
    """Text of dsp/tables/band_tables.h: [pair of samples][band and sample of the pair]."""
    rows = [
        [str(coefficient(band, 2 * pair + side)) for band in range(BANDS) for side in range(2)]
        for pair in range(BANDS // 2)
    ]
    says = "Cosine transform of eight samples, Q.14: [pair of samples][2 * band + sample of the pair]."
    return header("band_tables", "band_tables", says, [matrix("int16_t", "bl_band_pairs", rows, 8)])
