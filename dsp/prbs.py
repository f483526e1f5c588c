# SPDX-License-Identifier: GPL-2.0-only
"""Test patterns and the counting of bit errors in them; see dsp/include/prbs.h.

Law: octets are those of one timeslot, first bit 0x80.
"""

from enum import IntEnum

import msgspec

from dsp._core import ffi, lib
from dsp.state import new_state

SLIP_MAX: int = lib.BL_PRBS_SLIP_MAX
"""Octets of the longest slip that is known as one."""


class Pattern(IntEnum):
    """By the length of its register."""

    PRBS11 = 0
    """2^11−1, O.152."""
    PRBS15 = 1
    """2^15−1, inverted, O.151."""
    QRSS20 = 2
    """2^20−1 with at most 14 zeros in a row, O.151."""


class PatternCounters(msgspec.Struct, frozen=True):
    """What a receiver has counted since it was made."""

    bits: int = 0
    """Received in synchronisation."""
    errors: int = 0
    unsynced: int = 0
    """Octets received while the pattern was being looked for."""
    losses: int = 0
    """Of synchronisation."""
    slips: int = 0
    slipped: int = 0
    """Octets that slips left out, less those that they said twice."""


class PatternTransmitter:
    """A pattern without end."""

    def __init__(self, pattern: Pattern) -> None:
        self._memory, self._tx = new_state("prbs_tx")
        lib.bl_prbs_tx_init(self._tx, pattern)

    def insert(self, errors: int) -> None:
        """Turn over one bit in each of the next octets. Raises: OverflowError."""
        lib.bl_prbs_tx_insert(self._tx, errors)

    def process(self, octets: int) -> bytes:
        """The next octets of the timeslot."""
        line = bytearray(octets)
        lib.bl_prbs_tx_process(self._tx, ffi.from_buffer("uint8_t[]", line), octets)
        return bytes(line)


class PatternReceiver:
    """Finds the pattern, and counts."""

    def __init__(self, pattern: Pattern) -> None:
        self._memory, self._rx = new_state("prbs_rx")
        lib.bl_prbs_rx_init(self._rx, pattern)

    @property
    def synced(self) -> bool:
        """It follows the pattern."""
        return bool(self._rx.synced)

    @property
    def counters(self) -> PatternCounters:
        """Since it was made."""
        seen = self._rx.counters
        return PatternCounters(**{name: int(getattr(seen, name)) for name in PatternCounters.__struct_fields__})

    def process(self, line: bytes) -> None:
        """Take octets of the timeslot."""
        lib.bl_prbs_rx_process(self._rx, ffi.from_buffer(line), len(line))
