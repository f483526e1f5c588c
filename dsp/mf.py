# SPDX-License-Identifier: GPL-2.0-only
"""Bell MF sender. Spec: Q.320 to Q.323; see dsp/include/mf.h. The receiver is one of dsp/bank.py."""

from array import array

from dsp._core import ffi, lib
from dsp.state import check, configure, new_state

SIGNALS = "1234567890CA*B#"
"""In the order of their numbers: * is KP, # ST, A B C are ST', ST'' and ST'''."""
TX_QUEUE: int = lib.BL_MF_TX_QUEUE
"""Signals that may wait to be sent."""


class MfQueueFullError(Exception):
    """The sender has no room for these signals yet."""


class MfSender:
    """Signals in, linear sound out."""

    def __init__(self, *, level_dbm0: float = -7.0, on_ms: int = 68, kp_ms: int = 100, off_ms: int = 68) -> None:
        """Raises: ValueError on a setting out of its range (mf.h)."""
        self._memory, self._tx = new_state("mf_tx")
        cfg = configure("mf_tx", level_dbm0=level_dbm0, on_ms=on_ms, kp_ms=kp_ms, off_ms=off_ms)
        check(lib.bl_mf_tx_init(self._tx, cfg), "mf: a setting is out of its range, see dsp/include/mf.h")

    def send(self, signals: str) -> None:
        """Queue signals, all or none. Raises: ValueError on another character; MfQueueFullError."""
        if not set(signals) <= set(SIGNALS):
            raise ValueError(f"mf: a signal is one of {SIGNALS}")
        octets = signals.encode("ascii")
        if lib.bl_mf_tx_send(self._tx, octets, len(octets)) < 0:
            raise MfQueueFullError(f"mf: no room for {len(signals)} signals")

    def process(self, n: int) -> tuple["array[int]", int]:
        """The next n samples (silence where nothing is sent), and how many of them belong to signals and pauses."""
        sound = array("h", bytes(2 * n))
        busy = lib.bl_mf_tx_process(self._tx, ffi.from_buffer("int16_t[]", sound), n)
        return sound, int(busy)

    def reset(self) -> None:
        """Forget all signals at once."""
        lib.bl_mf_tx_reset(self._tx)
