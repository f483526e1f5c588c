# SPDX-License-Identifier: GPL-2.0-only
"""Registers of the Si3050 and its line side (Si3019): the numbers, names and bits that are used.

From memory of the data sheet, with what drivers in the Linux world write to the same chip as a second opinion; to be
held against revision 1.31 or later before the first board is trusted.
"""

from __future__ import annotations

import enum


class Register(enum.IntEnum):
    """By the data sheet's number and title."""

    CONTROL_1 = 1
    CONTROL_2 = 2
    INTERRUPT_MASK = 3
    INTERRUPT_SOURCE = 4
    DAA_CONTROL_1 = 5
    DAA_CONTROL_2 = 6
    LINE_SIDE_STATUS = 12
    INTERNATIONAL_CONTROL_1 = 16
    RING_VALIDATION_3 = 24
    DC_TERMINATION = 26
    LOOP_CURRENT_STATUS = 28
    LINE_VOLTAGE_STATUS = 29
    AC_TERMINATION = 30
    DAA_CONTROL_3 = 31
    PCM_SPI_MODE = 33
    PCM_TX_START_LOW = 34
    PCM_TX_START_HIGH = 35
    PCM_RX_START_LOW = 36
    PCM_RX_START_HIGH = 37
    TX_GAIN_2 = 38
    RX_GAIN_2 = 39
    TX_GAIN_3 = 40
    RX_GAIN_3 = 41


# Control 1
SR = 0x80  # software reset; clears itself
# Control 2; reset value RXE | HBE
INTE = 0x80  # the AOUT/INT pin is the interrupt; INTP = 0: active low
HBE = 0x02  # the transmit signal is taken out of the receive path
RXE = 0x01
CONTROL_2_RESET = HBE | RXE
# Interrupt mask and source; a source is cleared by writing 0 to it
RDT_INTERRUPT = 0x80  # RDTM, RDTI: a burst of ringing begins (RDI = 0)
FDT_INTERRUPT = 0x20  # FDTM, FDTI: the isolation link has lost its frame
POL_INTERRUPT = 0x01  # POLM, POLI: the line's polarity has changed
# DAA Control 1
ONHM = 0x08  # on-hook line monitor; to be cleared before OH is set
RDTN, RDTP = 0x40, 0x20  # above the ring threshold now, each half of the wave; what Linux drivers time bursts by
RDT = 0x04  # ringing; falls 4.5 to 9 s after the last burst, or off hook
OH = 0x01
# DAA Control 2
PDL = 0x10  # power down the line side; the reset value
# Line-side device status
FDT = 0x40  # the isolation link has frame lock
# International Control 1
OHS = 0x40
RZ = 0x02  # synthesised ringer impedance
RT = 0x01  # ringer threshold 21.5 V instead of 15 V
# Ring Validation Control 3; reset value 0x19
RNGV = 0x80  # only a ring of a valid frequency and length is one
RAS_RESET = 0x19
# DC Termination Control
DCV = 6  # TIP/RING voltage adjust, two bits
MINI = 4  # minimum operational current, two bits
ILIM = 0x02  # the loop current is limited to 60 mA (TBR21)
# DAA Control 3
FOH_128_MS = 0x20  # off-hook counter; the reset value
FOH_8_MS = 0x60  # for pulses
OHS2 = 0x08
# PCM/SPI Mode Select
PCME = 0x20
PCMF_ALAW = 0x00
# Gain control: attenuation instead of gain
ATTENUATE = 0x10
