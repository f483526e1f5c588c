# SPDX-License-Identifier: GPL-2.0-only
"""FSK modem of 1200 bit/s, receiver and sender. Spec: Bell 202, V.23; see dsp/include/fsk.h for limits and delays."""

import errno
from array import array
from enum import IntEnum

import msgspec

from dsp._core import ffi, lib
from dsp.state import Samples, check, configure, new_state, samples

HOP: int = lib.BL_FSK_HOP
"""Samples between two decisions."""
OCTETS_MAX: int = lib.BL_FSK_OCTETS
"""Octets of one burst."""


class Modem(IntEnum):
    """Whose two tones."""

    BELL202 = 0
    V23 = 1


class Kind(IntEnum):
    """What the receiver tells."""

    CHARACTER = 0
    FRAMING = 1
    LOST = 2


class FskBusyError(Exception):
    """A burst is still being sent."""


class FskEvent(msgspec.Struct, frozen=True):
    """A character, one with a wrong stop bit, or the carrier's end; fields as in fsk.h."""

    kind: Kind
    octet: int
    at_sample: int
    mark_bits: int
    weak: int
    level_dbm0: float


class FskReceiver:
    """Linear sound in, characters out."""

    def __init__(self, modem: Modem = Modem.BELL202, *, min_level_dbm0: float = -40.0) -> None:
        """Raises: ValueError on a level below -48 or above 0 dBm0."""
        self._memory, self._rx = new_state("fsk_rx")
        cfg = configure("fsk_rx", modem=modem, min_level_dbm0=min_level_dbm0)
        check(lib.bl_fsk_rx_init(self._rx, cfg), f"fsk: least level {min_level_dbm0} dBm0, -48 to 0 are possible")

    def process(self, sound: Samples) -> list[FskEvent]:
        """Take any number of samples."""
        taken = samples(sound)
        room = len(taken) // HOP + 1
        events = ffi.new("struct bl_fsk_event[]", room)
        count = lib.bl_fsk_rx_process(self._rx, taken, len(taken), events, room)
        return [
            FskEvent(Kind(event.kind), event.octet, event.at_sample, event.mark_bits, event.weak, event.level_dbm0)
            for event in events[0:count]
        ]

    def reset(self) -> None:
        """Forget all sound; samples count from 0 again."""
        lib.bl_fsk_rx_reset(self._rx)


class FskSender:
    """Octets in, linear sound out."""

    def __init__(self, modem: Modem = Modem.BELL202, *, level_dbm0: float = -13.5) -> None:
        """Raises: ValueError on a level below -48 or above 0 dBm0."""
        self._memory, self._tx = new_state("fsk_tx")
        cfg = configure("fsk_tx", modem=modem, level_dbm0=level_dbm0)
        check(lib.bl_fsk_tx_init(self._tx, cfg), f"fsk: level {level_dbm0} dBm0, -48 to 0 are possible")

    def send(
        self, octets: bytes, *, seizure_bits: int = 300, mark_bits: int = 180, tail_bits: int = 10, stop_bits: int = 1
    ) -> None:
        """Begin a burst. Raises: ValueError when fsk.h does not allow it; FskBusyError."""
        values = {"seizure_bits": seizure_bits, "mark_bits": mark_bits, "tail_bits": tail_bits, "stop_bits": stop_bits}
        try:
            burst = ffi.new("struct bl_fsk_burst *", values)
        except OverflowError as error:
            raise ValueError(f"fsk: {error}") from error
        code = lib.bl_fsk_tx_send(self._tx, octets, len(octets), burst)
        if code == -errno.EBUSY:
            raise FskBusyError("fsk: a burst is being sent")
        check(code, f"fsk: {len(octets)} octets, {values}")

    def process(self, n: int) -> "tuple[array[int], int]":
        """The next n samples, and how many of them belong to a burst."""
        sound = array("h", bytes(2 * n))
        busy = lib.bl_fsk_tx_process(self._tx, ffi.from_buffer("int16_t[]", sound), n)
        return sound, int(busy)

    def reset(self) -> None:
        """Stop at once."""
        lib.bl_fsk_tx_reset(self._tx)
