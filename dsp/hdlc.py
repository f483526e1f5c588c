# SPDX-License-Identifier: GPL-2.0-only
"""HDLC of a D-channel, both directions. Spec: Q.921 §2, ISO/IEC 13239; see dsp/include/hdlc.h.

Law: frames have neither flags nor FCS here; timeslot octets are as on the wire, first bit 0x80.
"""

from enum import IntEnum
from typing import Any

import msgspec

from dsp._core import ffi, lib
from dsp.state import check, configure, new_state

FRAME_MAX: int = lib.BL_HDLC_FRAME_MAX
"""Octets of the longest frame, FCS not counted."""
TX_QUEUE: int = lib.BL_HDLC_TX_QUEUE
"""Frames that may wait to be sent."""


class Fill(IntEnum):
    """What is sent between frames."""

    FLAGS = 0
    MARK = 1


class HdlcQueueFullError(Exception):
    """The transmitter holds TX_QUEUE frames already; send again when some have gone."""


class Counters(msgspec.Struct, frozen=True):
    """What a receiver has seen since it was made."""

    frames: int
    fcs_errors: int
    aborts: int
    short_frames: int
    long_frames: int
    non_aligned: int


@ffi.def_extern()  # type: ignore[untyped-decorator]  # cffi has no types for it
def bl_hdlc_frame_to_python(user: Any, frame: Any, length: int) -> None:
    """Collect one good frame in the list behind `user`."""
    ffi.from_handle(user).append(bytes(ffi.buffer(frame, length)))


class HdlcTransmitter:
    """Frames in, timeslot octets out."""

    def __init__(self, fill: Fill = Fill.FLAGS, min_flags: int = 1) -> None:
        """Raises: ValueError when min_flags is not 1 to 255."""
        self._memory, self._tx = new_state("hdlc_tx")
        code = lib.bl_hdlc_tx_init(self._tx, configure("hdlc_tx", fill=fill, min_flags=min_flags))
        check(code, f"hdlc: {min_flags} flags between frames, 1 to 255 are possible")

    @property
    def queued(self) -> int:
        """Frames not yet sent completely."""
        return int(self._tx.queued)

    def send(self, frame: bytes) -> None:
        """Queue one frame.

        Raises: ValueError when it has not 1 to FRAME_MAX octets; HdlcQueueFullError.
        """
        if not 0 < len(frame) <= FRAME_MAX:
            raise ValueError(f"hdlc: frame of {len(frame)} octets, 1 to {FRAME_MAX} are possible")
        if lib.bl_hdlc_tx_send(self._tx, frame, len(frame)) < 0:
            raise HdlcQueueFullError(f"hdlc: {self.queued} frames wait")

    def process(self, octets: int) -> bytes:
        """The next octets of the timeslot."""
        line = bytearray(octets)
        lib.bl_hdlc_tx_process(self._tx, ffi.from_buffer("uint8_t[]", line), octets)
        return bytes(line)

    def reset(self) -> None:
        """Forget all frames at once."""
        lib.bl_hdlc_tx_reset(self._tx)


class HdlcReceiver:
    """Timeslot octets in, good frames out."""

    def __init__(self, min_len: int = 3, max_len: int = FRAME_MAX) -> None:
        """Lengths without FCS. Raises: ValueError unless 1 ≤ min_len ≤ max_len ≤ FRAME_MAX."""
        self._memory, self._rx = new_state("hdlc_rx")
        code = lib.bl_hdlc_rx_init(self._rx, configure("hdlc_rx", min_len=min_len, max_len=max_len))
        check(code, f"hdlc: frames of {min_len} to {max_len} octets, 1 to {FRAME_MAX} are possible")

    @property
    def counters(self) -> Counters:
        """Counters since the receiver was made."""
        seen = self._rx.counters
        return Counters(**{name: int(getattr(seen, name)) for name in Counters.__struct_fields__})

    @property
    def synced(self) -> bool:
        """A flag has been seen, and no abort or overlong frame since."""
        return bool(self._rx.synced)

    def process(self, line: bytes) -> list[bytes]:
        """Good frames that end in these octets, oldest first."""
        frames: list[bytes] = []
        handle = ffi.new_handle(frames)
        lib.bl_hdlc_rx_process(self._rx, ffi.from_buffer(line), len(line), lib.bl_hdlc_frame_to_python, handle)
        return frames

    def reset(self) -> None:
        """Hunt for a flag again."""
        lib.bl_hdlc_rx_reset(self._rx)
