# SPDX-License-Identifier: GPL-2.0-only
"""HDLC tables: FCS-16 by octet, zero insertion and zero deletion by octet.

Law: a table cell is what the bit-by-bit rule of Q.921 §2.6 gives for eight bits and the ones that went before.
"""

from dsp.tools.ctable import array, header, matrix

FCS_POLYNOMIAL = 0x8408  # x^16 + x^12 + x^5 + 1, least significant bit first
SLOW = 1 << 15  # a run of six ones or more: flag or abort, taken bit by bit


def fcs_cell(octet: int) -> int:
    """FCS register after eight steps from `octet`."""
    for _ in range(8):
        octet = octet >> 1 ^ (FCS_POLYNOMIAL if octet & 1 else 0)
    return octet


def insert_cell(ones: int, octet: int) -> int:
    """Bits 0-9: the line's bits, first in bit 0; 10-11: how many over 8; 12-14: ones in a row at the end."""
    bits, count = 0, 0
    for at in range(8):
        bit = octet >> at & 1
        bits |= bit << count
        count += 1
        ones = ones + 1 if bit else 0
        if ones == 5:
            count += 1
            ones = 0
    return bits | (count - 8) << 10 | ones << 12


def delete_cell(ones: int, timeslot_octet: int) -> int:
    """Bits 0-7: data bits, first in bit 0; 8-11: how many; 12-14: ones in a row at the end; SLOW."""
    bits, count = 0, 0
    for at in range(7, -1, -1):
        if timeslot_octet >> at & 1:
            ones += 1
            if ones == 6:
                return SLOW
            bits |= 1 << count
            count += 1
        else:
            count += ones != 5
            ones = 0
    return bits | count << 8 | ones << 12


def _cells(values: list[int]) -> list[str]:
    return [f"0x{value:04x}" for value in values]


def render() -> str:
    """Text of dsp/tables/hdlc_tables.h."""
    octets = range(256)
    return header(
        "hdlc_tables",
        "hdlc_tables",
        "bl_hdlc_fcs: FCS-16 register by octet.\n"
        "bl_hdlc_insert[ones before][octet]: bits 0-9 line bits, first in bit 0; 10-11 how many over 8; 12-14 ones at\n"
        "the end. bl_hdlc_delete[ones before][timeslot octet]: bits 0-7 data bits, first in bit 0; 8-11 how many;\n"
        "12-14 ones at the end; 15 a flag or an abort is inside.",
        [
            array("uint16_t", "bl_hdlc_fcs", _cells([fcs_cell(octet) for octet in octets]), 14),
            matrix("uint16_t", "bl_hdlc_insert", [_cells([insert_cell(o, v) for v in octets]) for o in range(5)], 14),
            matrix("uint16_t", "bl_hdlc_delete", [_cells([delete_cell(o, v) for v in octets]) for o in range(6)], 14),
        ],
    )
