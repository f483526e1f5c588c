# SPDX-License-Identifier: GPL-2.0-only
"""HDLC table: FCS-16, eight octets at a time.

Law: a cell is what the bit-by-bit division of ISO/IEC 13239 §4.2.5 gives.
"""

from dsp.tools.ctable import header, matrix

FCS_POLYNOMIAL = 0x8408  # x^16 + x^12 + x^5 + 1, least significant bit first
OCTETS = 8  # taken in one step


def fcs_cell(octet: int, behind: int) -> int:
    """FCS register after an octet and `behind` octets of zeros."""
    for _ in range(8 * (1 + behind)):
        octet = octet >> 1 ^ (FCS_POLYNOMIAL if octet & 1 else 0)
    return octet


def _cells(values: list[int]) -> list[str]:
    return [f"0x{value:04x}" for value in values]


def render() -> str:
    """Text of dsp/tables/hdlc_tables.h."""
    return header(
        "hdlc_tables",
        "hdlc_tables",
        "bl_hdlc_fcs[n][octet]: FCS-16 register after the octet and n octets of zeros.",
        [
            matrix(
                "uint16_t",
                "bl_hdlc_fcs",
                [_cells([fcs_cell(octet, behind) for octet in range(256)]) for behind in range(OCTETS)],
                14,
            ),
        ],
    )
