# SPDX-License-Identifier: GPL-2.0-only
"""Registers of the DS26521 framer and line interface: the addresses, names and bits that are used.

From memory of the data sheet (the DS26522, 24 and 28 have the same map a port). All of them are what Sangoma's drivers
(wanpipe) have for the same chip; Linux writes those marked L to a DS26522, pages of the data sheet have those marked D.
"""

from __future__ import annotations

import enum


class Register(enum.IntEnum):
    """By the data sheet's address and name."""

    E1RS1 = 0x040
    """Received CAS, 16 registers."""
    LCVCR1 = 0x050
    """Line code violations; the low octet follows, here and below."""
    PCVCR1 = 0x052
    """Path code violations: CRC-4, or CRC-6."""
    FOSCR1 = 0x054
    """Frames out of sync: alignment words in error."""
    E1EBCR1 = 0x056
    """E bits."""
    RMMR = 0x080  # L
    RCR1 = 0x081  # L
    RCR3 = 0x083  # L
    RIOCR = 0x084  # L
    RLS4 = 0x093  # D
    RRTS1 = 0x0B0  # D
    GLSRR = 0x0F5  # L
    GFSRR = 0x0F6  # L
    IDR = 0x0F8  # L
    TS1 = 0x140
    """CAS to be sent, 16 registers."""
    T1TFDL = 0x162
    """Sent on the data link of an ESF; as the Fs bits of a D4."""
    E1TAF = 0x164  # L
    E1TNAF = 0x165  # L
    TMMR = 0x180  # L
    TCR1 = 0x181  # L
    TCR2 = 0x182
    TCR3 = 0x183
    TIOCR = 0x184  # L
    LTRCR = 0x1000  # L
    LTITSR = 0x1001  # L
    LMCR = 0x1002  # L
    LRISMR = 0x1007  # L


RECEIVE_FRAMER = range(0xF0)
TRANSMIT_FRAMER = range(0x100, 0x1F0)
LINE_INTERFACE = range(0x1000, 0x1008)
BERT = range(0x1100, 0x1110)

# GLSRR, GFSRR
RESET = 0x01  # L
# RMMR, TMMR
FRM_EN = 0x80  # L
INIT_DONE = 0x40  # L
SFTRST = 0x02  # L
E1 = 0x01  # L
# RCR1 of an E1
RHDB3 = 0x40  # L
RSIGM = 0x20  # L: common channel signalling
RCRC4 = 0x08
# RCR1 of a T1
RB8ZS = 0x40  # L
RFM_D4 = 0x20
# RCR3
FLB = 0x01  # L: what would be sent comes back
PLB = 0x02  # what is received goes back, framed anew
# RIOCR, TIOCR
SCLKM_2048 = 0x10  # L: the backplane has 2.048 MHz
TSIO_OUT = 0x04  # L
# RLS4: a bit is cleared by writing 1 to it (D)
RSLIP = 0x20  # D
TIMER = 0x02  # D: a second's error counts are there
# RRTS1
RRAI = 0x08  # D, with the three below
RAIS = 0x04
RLOS = 0x02
RLOF = 0x01
# TCR1 of an E1
T16S = 0x40  # timeslot 16 comes from TS1 to TS16
THDB3 = 0x04  # L
TCRC4 = 0x01
# TCR1 of a T1
TB8ZS = 0x04  # L
TRAI = 0x01
# TCR2 of an E1
AEBE = 0x80  # E bits say which blocks came in error; else they say that all did
# TCR3 of a T1
TFM_D4 = 0x04
# T1TFDL
FLAG = 0x7E  # T1.403: an idle data link of ESF
FS_BITS = 0x1C  # 001110, D4's multiframe alignment; the chip does not know it by itself
# E1TAF, E1TNAF
FAS = 0x1B  # G.704 table 5A; the chip does not know it by itself
NFAS = 0x40
A_BIT = 0x20  # remote alarm indication
# TS1: frame 0 of the multiframe (G.704 §5.1.3.2.1): 0000 xyxx
CAS_MULTIFRAME = 0x0B
CAS_DISTANT_ALARM = 0x04
# LTRCR
T1 = 0x02  # L
# LTITSR, LRISMR: the line's impedance, in bits 5 and 4
OHM_75, OHM_100, OHM_120 = 0x00, 0x10, 0x30  # 75 and 100: L
# LRISMR
LONG_HAUL = 0x03  # L: greatest receive sensitivity
# LMCR
TE = 0x01  # L: the transmit driver is on
