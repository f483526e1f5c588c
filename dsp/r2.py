# SPDX-License-Identifier: GPL-2.0-only
"""MFC-R2 sender. Spec: Q.440 to Q.458; see dsp/include/r2.h. The receivers are two of dsp/bank.py."""

from array import array

from dsp._core import ffi, lib
from dsp.state import check, configure, new_state


class R2Sender:
    """One signal at a time, held until another is sent."""

    def __init__(self, *, backward: bool = False, level_dbm0: float = -11.5) -> None:
        """Raises: ValueError on a level out of its range (r2.h)."""
        self._memory, self._tx = new_state("r2_tx")
        cfg = configure("r2_tx", level_dbm0=level_dbm0, backward=backward)
        check(lib.bl_r2_tx_init(self._tx, cfg), "r2: a setting is out of its range, see dsp/include/r2.h")

    def send(self, signal: int) -> None:
        """Hold this signal, 1 to 15, from the next sample on; 0: silence. Raises: ValueError on another."""
        if not 0 <= signal <= 15:
            raise ValueError(f"r2: signal {signal}, 1 to 15 and 0 for silence are possible")
        lib.bl_r2_tx_send(self._tx, signal)

    def process(self, n: int) -> "array[int]":
        """The next n samples."""
        sound = array("h", bytes(2 * n))
        lib.bl_r2_tx_process(self._tx, ffi.from_buffer("int16_t[]", sound), n)
        return sound
